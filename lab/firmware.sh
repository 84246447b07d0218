# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The board's flash image: TF-A from Debian's source package with Debian's prebuilt OP-TEE in it, under
# build/lab/firmware/VARIANT. Variants: "virt" (OP-TEE with virtualization, what teegate needs), "plain" (OP-TEE
# without it) and "none" (no OP-TEE at all); the last two exist to be refused. An absolute path is the directory of an
# OP-TEE built here, with the three tee-*_v2.bin in it (optee/check makes one).

# shellcheck source=lab/trees.sh
. "$(dirname "${BASH_SOURCE[0]}")/trees.sh"

FIRMWARE=$LAB_OUT/firmware
TFA_SOURCE=$LAB_OUT/src/arm-trusted-firmware

# Where the board expects what QEMU's loader devices put into its memory: see boot.sh.
BOARD_KERNEL_ADDR=0x60000000
# The RAM that QEMU keeps from the normal world, behind TF-A's own MiB.
BOARD_SECURE_RAM=0x0e100000

optee_build_dir() # VARIANT -> the directory of Debian's build of OP-TEE
{
	case $1 in
	virt) echo "$TREES/optee/usr/lib/optee/vexpress-qemu_armv8a-virtualized" ;;
	plain) echo "$TREES/optee/usr/lib/optee/vexpress-qemu_armv8a" ;;
	/*) echo "$1" ;;
	esac
}

# optee_conf VARIANT NAME: how an OP-TEE built here was configured; nothing for Debian's, which keep to the board's own
# 15 MiB of secure RAM and two partitions.
optee_conf()
{
	case $1 in
	/*) [ ! -r "$1/../conf.mk" ] || sed -n "s/^$2=//p" "$1/../conf.mk" ;;
	esac
}

# An OP-TEE of one's own changes with every build, so its contents are part of the name.
firmware_name() # VARIANT
{
	case $1 in
	/*) echo "own-$(cat "$1"/tee-*_v2.bin | sha256sum | cut -c1-16)" ;;
	*) echo "$1" ;;
	esac
}

tree_optee_build()
{
	local dir=$TREES/optee files
	apt_lists_need
	mkdir -p "$DEBS/optee"
	(cd "$DEBS/optee" && lab_apt apt-get -q -t trixie download optee-os:arm64)
	mapfile -t files < <(cd "$DEBS" && ls optee/optee-os_*.deb)
	rm -rf "$dir.new"
	apt_extract "$dir.new" "${files[@]}"
	apt_tree_commit "$dir"
}

tfa_source_fetch()
{
	local parent=$LAB_OUT/src
	apt_lists_need
	mkdir -p "$parent"
	rm -rf "$parent"/arm-trusted-firmware*
	# The signature on the index covers the hashes of these files; unpacking needs no dpkg-dev.
	(cd "$parent" && lab_apt apt-get -q --download-only source arm-trusted-firmware/trixie)
	mkdir -p "$TFA_SOURCE"
	tar -x -C "$TFA_SOURCE" --strip-components=1 -f "$(ls "$parent"/arm-trusted-firmware_*.orig.tar.*z)"
	tfa_source_patch "$parent"/arm-trusted-firmware_*.debian.tar.*z
}

tfa_source_patch()
{
	local p
	tar -x -C "$TFA_SOURCE" -f "$1"
	while read -r p; do
		case $p in '' | \#*) continue ;; esac
		"$LAB_TOP/lab/cross" patch -d "$TFA_SOURCE" -p1 -i "$TFA_SOURCE/debian/patches/$p"
	done <"$TFA_SOURCE/debian/patches/series"
}

# Is an OP-TEE for the secure RAM that the board has of itself?
optee_is_at_home() # VARIANT
{
	local start
	start=$(optee_conf "$1" CFG_TZDRAM_START)
	[ -z "$start" ] || [ $((start)) -eq $((BOARD_SECURE_RAM)) ]
}

# TF-A loads OP-TEE into the secure RAM that it knows of, and nowhere else. For an OP-TEE with another place for it that
# is told to a copy of the source, which shares all other files.
tfa_source() # VARIANT -> the directory of the source
{
	local start size copy
	if optee_is_at_home "$1"; then
		echo "$TFA_SOURCE"
		return
	fi
	start=$(optee_conf "$1" CFG_TZDRAM_START)
	size=$(optee_conf "$1" CFG_TZDRAM_SIZE)
	copy=$FIRMWARE/$(firmware_name "$1")/source
	cp -al "$TFA_SOURCE" "$copy"
	sed -i -e "s/^\(#define SEC_DRAM_BASE\).*/\1 $start/" -e "s/^\(#define SEC_DRAM_SIZE\).*/\1 $size/" \
		"$copy/plat/qemu/qemu/include/platform_def.h"
	echo "$copy"
}

tfa_make() # VARIANT
{
	local variant=$1 bl32 source options=()
	bl32=$(optee_build_dir "$variant")
	if [ -n "$bl32" ]; then
		options=(SPD=opteed "BL32=$bl32/tee-header_v2.bin" "BL32_EXTRA1=$bl32/tee-pager_v2.bin"
			"BL32_EXTRA2=$bl32/tee-pageable_v2.bin" BL32_RAM_LOCATION=tdram)
	fi
	source=$(tfa_source "$variant")
	"$LAB_TOP/lab/cross" make -C "$source" -j2 PLAT=qemu BUILD_BASE="$FIRMWARE/$(firmware_name "$variant")/tfa" \
		QEMU_USE_GIC_DRIVER=QEMU_GICV3 ARM_LINUX_KERNEL_AS_BL33=1 \
		PRELOADED_BL33_BASE=$BOARD_KERNEL_ADDR "${options[@]}" all fip
}

# Where OP-TEE is Debian's or in its place, TF-A is the same but for the images in its package.
firmware_is_repacked() { case $1 in virt | none) return 1 ;; *) optee_is_at_home "$1" ;; esac; } # VARIANT

tfa_repack() # VARIANT
{
	local bl32 out to
	bl32=$(optee_build_dir "$1")
	out=$FIRMWARE/virt/tfa/qemu/release to=$FIRMWARE/$(firmware_name "$1")/tfa/qemu/release
	mkdir -p "$to"
	cp "$out/bl1.bin" "$out/fip.bin" "$to"
	"$LAB_TOP/lab/cross" "$TFA_SOURCE/tools/fiptool/fiptool" update --tos-fw "$bl32/tee-header_v2.bin" \
		--tos-fw-extra1 "$bl32/tee-pager_v2.bin" --tos-fw-extra2 "$bl32/tee-pageable_v2.bin" "$to/fip.bin"
}

# bl1 is where the CPU starts, at 0; bl1 looks for the firmware image package at 256 KiB.
firmware_build() # VARIANT
{
	local variant=$1 dir out
	dir=$FIRMWARE/$(firmware_name "$1")
	rm -rf "$dir"
	mkdir -p "$dir"
	if firmware_is_repacked "$variant"; then tfa_repack "$variant"; else tfa_make "$variant"; fi
	out=$dir/tfa/qemu/release
	dd if="$out/bl1.bin" of="$dir/flash.new" bs=4096 conv=notrunc status=none
	dd if="$out/fip.bin" of="$dir/flash.new" bs=4096 seek=64 conv=notrunc status=none
	mv "$dir/flash.new" "$dir/flash.bin"
	rm -rf "$dir/source"
}

firmware_need() # VARIANT
{
	local variant=$1 name key
	case $variant in
	virt | plain | none) ;;
	/*) [ -r "$variant/tee-header_v2.bin" ] || lab_die "no OP-TEE in $variant: tee-header_v2.bin is missing" ;;
	*) lab_die "no such firmware: $variant (virt, plain, none, or the directory of an OP-TEE)" ;;
	esac
	! firmware_is_repacked "$variant" || firmware_need virt
	name=$(firmware_name "$variant")
	tree_cross_need
	lab_step tree-optee "OP-TEE of trixie" "$(step_key "$TREES" tree_optee_build)" tree_optee_build
	lab_step tfa-source "TF-A's source" "$(step_key "$TFA_SOURCE" tfa_source_fetch tfa_source_patch)" tfa_source_fetch
	key=$(step_key "$FIRMWARE" tfa_source tfa_make tfa_repack firmware_build optee_build_dir)-$(<"$LAB_OUT/stamps/tree-optee")
	lab_step "firmware-$name" "firmware ($name)" "$key" firmware_build "$variant"
}

firmware_flash() { printf '%s\n' "$FIRMWARE/$(firmware_name "$1")/flash.bin"; }
