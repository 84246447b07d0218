# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# OP-TEE OS from Debian's source package: getting it, applying our series of patches, building it for the lab's board,
# and the TA dev kits (exported headers) of before and after. Steps are done once and work offline afterwards. Sourced
# by optee/check, and usable by what needs an OP-TEE with other options: see optee_build.

# shellcheck source=tests/headers/trees.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/headers/trees.sh"

OPTEE_PATCHES=$LAB_TOP/optee/patches/headers
OPTEE_RPMB_PATCHES=$LAB_TOP/optee/patches/rpmb
OPTEE_GUESTS_PATCHES=$LAB_TOP/optee/patches/guests
OPTEE_PTA=$LAB_TOP/optee/pta
OPTEE_OUT=$LAB_BUILD/optee
# trixie's binary dev package: the key that the board's TAs are signed with, and the headers of 4.5.0.
OPTEE_DEV=$OPTEE_OUT/dev
OPTEE_PLATFORM_DIR=usr/lib/optee-os-dev/vexpress-qemu_armv8a-virtualized

# The versions that there is a series for, oldest first.
optee_versions() { find "$OPTEE_PATCHES" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort -V; }

optee_series() { find "$OPTEE_PATCHES/$1" -name '[0-9]*.patch' | sort; }

optee_series_key() { optee_series "$1" | xargs cat | sha256sum | cut -c1-16; }

# Sources come from more suites than the lab's packages, so they have an apt root of their own. sid's release file is
# served stale: its date is not checked, its signature is.
optee_apt_setup()
{
	APT_ROOT=$OPTEE_OUT/apt DEBS=$OPTEE_OUT/apt/archives
	apt_write_conf
	cat >"$APT_ROOT/etc/lab.sources" <<-END
		Types: deb-src
		URIs: $(apt_mirror)
		Suites: trixie sid
		Components: main
		Signed-By: $KEYRING
	END
	lab_apt apt-get update -q -o Acquire::Check-Valid-Until=false || true
}

optee_debian_versions() { lab_apt apt-cache showsrc optee-os 2>/dev/null | sed -n 's/^Version: //p' | sort -uV; }

# optee_source_try VERSION: leaves the source package in dl/, or the reason why not in not-served. Always succeeds.
optee_source_try()
{
	local version=$1 dir=$OPTEE_OUT/$1 v
	mkdir -p "$dir/dl"
	rm -f "$dir/not-served"
	optee_apt_setup
	optee_debian_versions | tail -n 1 >"$OPTEE_OUT/newest"
	v=$(optee_debian_versions | grep "^$version-" | tail -n 1) || v=''
	if [ -z "$v" ]; then
		echo "Debian's lists name no optee-os $version, or could not be fetched" >"$dir/not-served"
	elif ! (cd "$dir/dl" && lab_apt apt-get -q --download-only source "optee-os=$v"); then
		echo "the mirror does not serve the source of optee-os $v, or there is no network" >"$dir/not-served"
	fi
}

# optee_source_need VERSION: 0 = the source package is here, 77 = it cannot be had (optee_why says why). A "no" is
# believed for a day.
optee_source_need()
{
	local version=$1 dir=$OPTEE_OUT/$1
	if ! compgen -G "$dir/dl/*.orig.tar.*" >/dev/null || ! compgen -G "$dir/dl/*.debian.tar.*" >/dev/null; then
		lab_step "optee-source-$version" "source package optee-os $version" \
			"$(step_key "$(date +%G-%j) ${TEEGATE_MIRROR:-} $dir" optee_source_try)" optee_source_try "$version" || return 1
		[ ! -e "$dir/not-served" ] || return 77
	fi
}

optee_why() { cat "$OPTEE_OUT/$1/not-served"; }

# optee_unpack VERSION DIR: Debian's source as Debian builds it.
optee_unpack()
{
	local dl=$OPTEE_OUT/$1/dl dir=$2 p
	rm -rf "$dir"
	mkdir -p "$dir"
	tar -x -C "$dir" --strip-components=1 -f "$(compgen -G "$dl/*.orig.tar.*" | tail -n 1)"
	tar -x -C "$dir" -f "$(compgen -G "$dl/*.debian.tar.*" | tail -n 1)"
	while read -r p; do
		case $p in '' | \#*) continue ;; esac
		headers_cc patch -s -d "$dir" -p1 -i "$dir/debian/patches/$p"
	done <"$dir/debian/patches/series"
}

# git is strict about context where patch guesses; the ceiling hides our own repository from it.
optee_git_apply() { GIT_CEILING_DIRECTORIES=$(dirname "$1") git -C "$1" apply --whitespace=error-all "${@:2}"; }

# optee_git_apply_all DIR: the patches that stdin names, one a line.
optee_git_apply_all()
{
	local p
	while read -r p; do
		echo "applying ${p##*/}"
		optee_git_apply "$1" "$p" || return 1
	done
}

optee_make_trees()
{
	local version=$1 dir=$OPTEE_OUT/$1
	optee_unpack "$version" "$dir/pristine"
	rm -rf "$dir/patched"
	cp -a "$dir/pristine" "$dir/patched"
	optee_git_apply_all "$dir/patched" < <(optee_series "$version")
}

# optee_trees_need VERSION: pristine/ and patched/.
optee_trees_need()
{
	headers_cc_need &&
		lab_step "optee-trees-$1" "optee-os $1: applying the series" \
			"$(step_key "$OPTEE_OUT $1 $(optee_series_key "$1")" optee_unpack optee_make_trees)" optee_make_trees "$1"
}

optee_dev_build()
{
	local deb
	deb=$(compgen -G "$DEBS/optee-os-dev_*_arm64.deb" | sort -V | tail -n 1)
	rm -rf "$OPTEE_DEV"
	mkdir -p "$OPTEE_DEV"
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$OPTEE_DEV" --no-same-owner "./$OPTEE_PLATFORM_DIR"
	basename "$deb" | sed 's/^[^_]*_\([^-_]*\).*/\1/' >"$OPTEE_DEV/version"
}

# The dev package is one of those that the board's root file system is made of, which has fetched it.
optee_dev_need()
{
	tree_host_need &&
		lab_step optee-dev "trixie's TA dev kit" "$(step_key "$OPTEE_DEV" optee_dev_build)-$(<"$LAB_OUT/stamps/tree-host")" optee_dev_build
}

# optee_make SOURCE OUT [ARGUMENT...]: build for the lab's board, signing TAs with the key that Debian's are signed
# with (or not one of them would load); arguments go to make.
optee_make()
{
	local source=$1 out=$2
	shift 2
	headers_cc make -C "$source" -j"$(nproc)" O="$out" PLATFORM=vexpress-qemu_armv8a CROSS_COMPILE=aarch64-linux-gnu- \
		CFG_ARM64_core=y CFG_USER_TA_TARGETS=ta_arm64 CFG_ARM_GICV3=y CFG_NS_VIRTUALIZATION=y \
		CFG_TEE_CORE_LOG_LEVEL=3 CFG_TEE_BENCHMARK=n DEBUG=0 \
		TA_SIGN_KEY="$OPTEE_DEV/$OPTEE_PLATFORM_DIR/keys/default.pem" "$@"
}

# optee_build VERSION NAME [ARGUMENT...]: the patched source, built in build/optee/VERSION/NAME.
optee_build()
{
	local version=$1 name=$2
	shift 2
	optee_make "$OPTEE_OUT/$version/patched" "$OPTEE_OUT/$version/$name" "$@"
}

optee_build_need()
{
	local version=$1 name=$2
	shift 2
	optee_dev_need && optee_trees_need "$version" || return 1
	lab_step "optee-$name-$version" "optee-os $version: building ($name)" \
		"$(step_key "$*" optee_make optee_build)-$(<"$LAB_OUT/stamps/optee-trees-$version")" optee_build "$version" "$name" "$@"
}

# optee_prefixes_build VERSION: core (ldelf is in it) after each patch of the series but the last, as whoever bisects
# will build it; the whole series is optee_build's. In one directory, so that only what a patch changes is compiled again.
optee_prefixes_build()
{
	local version=$1 dir=$OPTEE_OUT/$1/prefixes p
	rm -rf "$dir"
	mkdir -p "$dir"
	cp -a "$OPTEE_OUT/$version/pristine" "$dir/source"
	while read -r p; do
		echo "building up to ${p##*/}"
		optee_git_apply "$dir/source" "$p"
		optee_make "$dir/source" "$dir/out" "$dir/out/core/tee.elf"
	done < <(optee_series "$version" | head -n -1)
}

optee_prefixes_need()
{
	optee_dev_need && optee_trees_need "$1" || return 1
	lab_step "optee-prefixes-$1" "optee-os $1: building after each patch" \
		"$(step_key "" optee_make optee_prefixes_build)-$(<"$LAB_OUT/stamps/optee-trees-$1")" optee_prefixes_build "$1"
}

# optee_core_dir VERSION NAME: what lab/run --optee wants.
optee_core_dir() { printf '%s\n' "$OPTEE_OUT/$1/$2/core"; }

# Headers that the series changes and the dev kit exports, by their path in the source.
optee_changed_headers() { optee_series "$1" | xargs sed -n 's,^+++ b/\(lib/[^/]*/.*include/.*\.h\)$,\1,p' | sort -u; }

# Those of them that the series creates. Nothing new is exported to hosts: their part of libutils is a list in ta/ta.mk.
optee_new_headers()
{
	optee_series "$1" | xargs sed -n '\,^--- /dev/null,{n;s,^+++ b/\(lib/[^/]*/.*include/.*\.h\)$,\1,p}' | sort -u
}

# optee_kit_from_source VERSION: kits/VERSION-{pristine,patched} of the variant that has one. The kit exports headers as
# they are, so the pristine one is the patched one with the old files in it.
optee_kit_from_source()
{
	local version=$1 kits=$OPTEE_OUT/kits f side
	rm -rf "$kits/$version"-*
	mkdir -p "$kits"
	cp -a "$OPTEE_OUT/$version/guests/export-ta_arm64" "$kits/$version-patched"
	cp -a "$kits/$version-patched" "$kits/$version-pristine"
	for f in $(optee_new_headers "$version"); do rm "$kits/$version-pristine/include/${f##*/include/}"; done
	for f in $(optee_changed_headers "$version"); do
		for side in include host_include; do
			[ ! -e "$kits/$version-pristine/$side/${f##*/include/}" ] ||
				cp "$OPTEE_OUT/$version/pristine/$f" "$kits/$version-pristine/$side/${f##*/include/}"
		done
	done
}

# optee_kit_from_package VERSION: the same of Debian's binary package, for a version whose source cannot be had: the
# parts of the series that are about exported headers are applied to the exported headers.
optee_kit_from_package()
{
	local version=$1 kits=$OPTEE_OUT/kits f p side files
	rm -rf "$kits/$version"-*
	mkdir -p "$kits"
	cp -a "$OPTEE_DEV/$OPTEE_PLATFORM_DIR" "$kits/$version-pristine"
	cp -a "$kits/$version-pristine" "$kits/$version-patched"
	for side in include host_include; do
		rm -rf "$kits/tmp"
		for f in $(optee_changed_headers "$version"); do
			[ -e "$kits/$version-pristine/$side/${f##*/include/}" ] || continue
			mkdir -p "$kits/tmp/${f%/*}"
			cp "$kits/$version-pristine/$side/${f##*/include/}" "$kits/tmp/$f"
		done
		files=$(cd "$kits/tmp" && find . -type f -printf '--include=%P ')
		[ $side = host_include ] || files="$files $(optee_new_headers "$version" | sed 's/^/--include=/' | paste -sd' ')"
		for p in $(optee_series "$version"); do
			# shellcheck disable=SC2086  # words
			optee_git_apply "$kits/tmp" $files "$p"
		done
		(cd "$kits/tmp" && find . -type f -printf '%P\n') | while read -r f; do
			cp "$kits/tmp/$f" "$kits/$version-patched/$side/${f##*/include/}"
		done
	done
	rm -rf "$kits/tmp"
}

# optee_kits_from_source_need VERSION: 77 = Debian's source cannot be had.
optee_kits_from_source_need()
{
	local rc=0
	optee_variant_need "$1" guests || rc=$?
	[ $rc -eq 0 ] || return $rc
	optee_trees_need "$1" || return 1
	lab_step "optee-kits-$1" "optee-os $1: TA dev kits" \
		"$(step_key "$OPTEE_OUT" optee_kit_from_source)-$(<"$LAB_OUT/stamps/optee-guests-$1")" optee_kit_from_source "$1"
}

optee_kits_from_package_need()
{
	optee_dev_need || return 1
	[ "$(<"$OPTEE_DEV/version")" = "$1" ] || return 77
	lab_step "optee-kits-$1" "optee-os $1: TA dev kits from Debian's optee-os-dev" \
		"$(step_key "$OPTEE_OUT $(optee_series_key "$1")" optee_kit_from_package)-$(<"$LAB_OUT/stamps/optee-dev")" optee_kit_from_package "$1"
}

# ---- variants: OP-TEE with other options, only what the board boots ----

# The key pair of RFC 9180's vector A.1 (the private one is 4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8),
# so what a lab's OP-TEE seals, anyone can open.
OPTEE_SEAL_PUBKEY=3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d
# The HUK of a build that has no stub for it: see optee/pta/lab_board.c. Elsewhere the board's HUK is 16 bytes of 0.
OPTEE_LAB_HUK=000102030405060708090a0b0c0d0e0f

optee_rpmb_series() { find "$OPTEE_RPMB_PATCHES/$1" -name '[0-9]*.patch' | sort; }

optee_rpmb_versions() { find "$OPTEE_RPMB_PATCHES" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort -V; }

optee_guests_series() { find "$OPTEE_GUESTS_PATCHES/$1" -name '[0-9]*.patch' | sort; }

optee_guests_versions() { find "$OPTEE_GUESTS_PATCHES" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort -V; }

# The secure RAM of the variant with many partitions: ordinary DRAM, since the board's own 15 MiB would leave 3 MiB for
# each, too little for xtest's TAs. QEMU lets both worlds at it, so nothing is protected: it is for tests. OP-TEE takes it
# out of what Linux may use by a node in the device tree. Below the kernel's Image, so that any --mem from 1024 has it.
OPTEE_GUESTS_COUNT=5
OPTEE_GUESTS_RAM_START=0x44000000
OPTEE_GUESTS_RAM_SIZE=0x0c000000

# optee_variant_options NAME: what make is told for a variant, one a line; fails if there is no such. The rpmb- ones are
# of Debian's source with our RPMB series and PTA, the others of the source with all our series.
#   guests          five partitions (the host and four guests) in 192 MiB of secure RAM, four threads in each; TA dev kit
#   notif           the same, and it says on its console what its test of notifications finds
#   rpmb-dev        all four commands; the key derived from the HUK
#   rpmb-compat     the same; derived as CFG_CORE_HUK_SUBKEY_COMPAT=y does (OP-TEE's default)
#   rpmb-testkey    the same; OP-TEE's test key
#   rpmb-writekey   as rpmb-dev, but OP-TEE programs its key by itself when storage is first used
#   rpmb-prod       as in a product: CFG_INSECURE=n, a HUK that is not 0, no GET_KEY
optee_variant_options()
{
	local common=(CFG_RPMB_FS=y CFG_RPMB_PTA=y CFG_RPMB_PTA_VERIFY_KEY=y CFG_RPMB_PTA_SEALED=y
		"CFG_RPMB_SEAL_PUBKEY=$OPTEE_SEAL_PUBKEY")
	local insecure=(CFG_INSECURE=y CFG_RPMB_KEY_PTA=y) level=2
	case $1 in
	guests | notif)
		# A line for each TA that is loaded, by five partitions at once, is more than the emulated UART takes: so "guests"
		# is silent, and the few lines of the test of notifications need a build of their own. And no ASLR: OP-TEE's code
		# above 1 GiB, mapped as it lies, and its random address can fill all three GiB of which TAs need one; then it
		# stops at boot (set_user_va_idx), one time in a dozen.
		[ "$1" = guests ] || level=3
		printf '%s\n' CFG_VIRT_GUEST_COUNT=$OPTEE_GUESTS_COUNT CFG_TZDRAM_START=$OPTEE_GUESTS_RAM_START \
			CFG_TZDRAM_SIZE=$OPTEE_GUESTS_RAM_SIZE CFG_NUM_THREADS=4 CFG_CORE_HEAP_SIZE=393216 \
			CFG_CORE_NEX_HEAP_SIZE=65536 CFG_TEE_CORE_LOG_LEVEL=$level CFG_CORE_ASLR=n
		;;
	rpmb-dev) printf '%s\n' "${common[@]}" "${insecure[@]}" CFG_CORE_HUK_SUBKEY_COMPAT=n ;;
	rpmb-compat) printf '%s\n' "${common[@]}" "${insecure[@]}" CFG_CORE_HUK_SUBKEY_COMPAT=y ;;
	rpmb-testkey) printf '%s\n' "${common[@]}" "${insecure[@]}" CFG_RPMB_TESTKEY=y ;;
	rpmb-writekey) printf '%s\n' "${common[@]}" "${insecure[@]}" CFG_CORE_HUK_SUBKEY_COMPAT=n CFG_RPMB_WRITE_KEY=y ;;
	rpmb-prod) printf '%s\n' "${common[@]}" CFG_INSECURE=n CFG_CORE_HUK_SUBKEY_COMPAT=n "CFG_TEEGATE_LAB_HUK=$OPTEE_LAB_HUK" ;;
	*) return 1 ;;
	esac
}

# A tree of its own: patches of headers and of the RPMB code do not touch the same files, and neither is rebuilt for
# the other's sake. Our PTA is source, not a patch.
optee_rpmb_tree_make()
{
	local version=$1 dir=$OPTEE_OUT/$1/rpmb-source
	optee_unpack "$version" "$dir"
	optee_git_apply_all "$dir" < <(optee_rpmb_series "$version")
	cp -r "$OPTEE_PTA" "$dir/core/pta/rpmb_key"
}

optee_rpmb_key() { { optee_rpmb_series "$1"; find "$OPTEE_PTA" -type f | sort; } | xargs sha256sum | sha256sum | cut -c1-16; }

optee_rpmb_tree_need()
{
	headers_cc_need &&
		lab_step "optee-rpmb-tree-$1" "optee-os $1: applying the RPMB series" \
			"$(step_key "$OPTEE_OUT $1 $(optee_rpmb_key "$1")" optee_unpack optee_rpmb_tree_make)" optee_rpmb_tree_make "$1"
}

# What there is for a version, in the order in which it is applied here.
optee_all_series() { optee_series "$1"; optee_rpmb_series "$1"; optee_guests_series "$1"; }

# All series in one tree, as those want it who want all: so the boards of this variant say that they go together.
optee_all_tree_make()
{
	local version=$1 dir=$OPTEE_OUT/$1/all-source
	optee_unpack "$version" "$dir"
	optee_git_apply_all "$dir" < <(optee_all_series "$version")
	cp -r "$OPTEE_PTA" "$dir/core/pta/rpmb_key"
}

optee_all_key() { { optee_all_series "$1"; find "$OPTEE_PTA" -type f | sort; } | xargs sha256sum | sha256sum | cut -c1-16; }

optee_all_tree_need()
{
	headers_cc_need &&
		lab_step "optee-all-tree-$1" "optee-os $1: applying all series" \
			"$(step_key "$OPTEE_OUT $1 $(optee_all_key "$1")" optee_unpack optee_all_tree_make)" optee_all_tree_make "$1"
}

# optee_variant_tree NAME: which of a version's source trees a variant is built from, DIRECTORY-source.
optee_variant_tree()
{
	case $1 in
	guests | notif) echo all ;;
	*) echo rpmb ;;
	esac
}

# Only what the board boots, no TA; the dev kit of one is that of the header tests. A variant starts afresh, since OP-TEE's
# makefiles do not see every change of an option.
optee_variant_build()
{
	local version=$1 name=$2 out=$OPTEE_OUT/$1/$2
	shift 2
	[ "$name" != guests ] || set -- "$@" ta_dev_kit
	rm -rf "$out"
	optee_make "$OPTEE_OUT/$version/$(optee_variant_tree "$name")-source" "$out" "$@" \
		"$out/core/tee-header_v2.bin" "$out/core/tee-pager_v2.bin" "$out/core/tee-pageable_v2.bin"
}

# optee_variant_need VERSION NAME: built, and then optee_core_dir says where; 77 = Debian's source cannot be had.
optee_variant_need()
{
	local version=$1 name=$2 options tree rc=0
	mapfile -t options < <(optee_variant_options "$name")
	tree=$(optee_variant_tree "$name")
	optee_source_need "$version" || rc=$?
	[ $rc -eq 0 ] || return $rc
	optee_dev_need || return 1
	case $tree in
	all) optee_all_tree_need "$version" ;;
	*) optee_rpmb_tree_need "$version" ;;
	esac || return 1
	lab_step "optee-$name-$version" "optee-os $version: building ($name)" \
		"$(step_key "${options[*]}" optee_make optee_variant_build)-$(<"$LAB_OUT/stamps/optee-$tree-tree-$version")" \
		optee_variant_build "$version" "$name" "${options[@]}"
}

# The TA that tries to call our PTA, where lab/run takes what the board gets in /lab/bin.
optee_caller_ta_build()
{
	local out=$OPTEE_OUT/caller-ta
	rm -rf "$out"
	mkdir -p "$LAB_BUILD/out/arm64"
	headers_cc make -C "$LAB_TOP/tests/optee/pta-caller" O="$out" CROSS_COMPILE=aarch64-linux-gnu- \
		TA_DEV_KIT_DIR="$OPTEE_DEV/$OPTEE_PLATFORM_DIR" TA_SIGN_KEY="$OPTEE_DEV/$OPTEE_PLATFORM_DIR/keys/default.pem"
	cp "$out"/*.ta "$LAB_BUILD/out/arm64/"
}

optee_caller_ta_need()
{
	optee_dev_need && headers_cc_need || return 1
	lab_step optee-caller-ta "the TA that tries to call the PTA" \
		"$(step_key "$LAB_BUILD $(cat "$LAB_TOP"/tests/optee/pta-caller/* "$OPTEE_PTA"/include/*)" optee_caller_ta_build)" \
		optee_caller_ta_build
	# The board's programs may have been removed meanwhile: they are quickly made again, and this is not one of make's.
	cp -u "$OPTEE_OUT"/caller-ta/*.ta "$LAB_BUILD/out/arm64/"
}
