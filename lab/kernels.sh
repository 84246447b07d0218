# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Debian's stock arm64 kernels, with modules and what module builds need, under build/lab/kernels/NAME: "6.12" is
# trixie's, "newest" is trixie-backports'. The small guest kernel that we build ourselves is in small-kernel.sh.

# shellcheck source=lab/trees.sh
. "$(dirname "${BASH_SOURCE[0]}")/trees.sh"

KERNELS=$LAB_OUT/kernels

kernel_suite()
{
	case $1 in
	6.12) echo trixie ;;
	newest) echo trixie-backports ;;
	*) lab_die "no such kernel: $1 (6.12, newest)" ;;
	esac
}

# The metapackage says which release is current in the suite.
kernel_resolve()
{
	apt_plan arm64 "$1" linux-image-arm64 | sed -n 's/^linux-image-\([0-9][^_]*\)_.*/\1/p' | head -n 1
}

# kernel_packages SUITE RELEASE: image, modules and headers of one release. Backports splits its image package.
kernel_packages()
{
	local suite=$1 rel=$2
	printf '%s\n' "linux-headers-$rel:arm64" "linux-headers-${rel%-arm64}-common" \
		"linux-kbuild-${rel%-arm64}:amd64"
	if [ "$suite" = trixie ]; then
		printf '%s\n' "linux-image-$rel:arm64"
	else
		printf '%s\n' "linux-binary-$rel:arm64" "linux-modules-$rel:arm64" "linux-base-$rel:arm64"
	fi
}

# Debian's headers name each other by absolute paths under /usr; ours stay under build/.
kernel_relocate()
{
	local root=$1 new=$2 link target
	find "$root/usr/src" "$root/usr/lib" -type l -lname '/usr/*' | while read -r link; do
		target=$(readlink "$link")
		ln -sfn "$new$target" "$link"
	done
	grep -rlI --include=Makefile --include=.kernelvariables --include='*.mk' '/usr/\(src\|lib\)/linux-' "$root/usr/src"/linux-headers-*-arm64 |
		xargs -r sed -i "s,/usr/\\(src\\|lib\\)/linux-,$new/usr/\\1/linux-,g"
}

kernel_unpack()
{
	local name=$1 rel=$2 dir=$KERNELS/$1 suite packages files
	suite=$(kernel_suite "$name")
	mapfile -t packages < <(kernel_packages "$suite" "$rel")
	rm -rf "$dir.new"
	# apt downloads into the current directory; the files' names tell what it found.
	mkdir -p "$DEBS/$rel"
	(cd "$DEBS/$rel" && lab_apt apt-get -q download "${packages[@]}")
	mapfile -t files < <(cd "$DEBS" && ls "$rel"/*.deb)
	apt_extract "$dir.new/root" "${files[@]}"
}

kernel_build()
{
	local name=$1 dir=$KERNELS/$1 rel
	apt_lists_need
	rel=$(kernel_resolve "$(kernel_suite "$name")")
	[ -n "$rel" ] || lab_die "linux-image-arm64 could not be resolved in $(kernel_suite "$name")"
	kernel_unpack "$name" "$rel"
	kernel_relocate "$dir.new/root" "$dir/root"
	printf '%s\n' "$rel" >"$dir.new/release"
	find "$dir.new/root" \( -name "vmlinuz-$rel" -o -path "*/modules/$rel/vmlinuz" \) -exec ln -f {} "$dir.new/Image" \;
	[ -s "$dir.new/Image" ] || lab_die "no vmlinuz in the packages of $rel"
	"$LAB_TOP/lab/cross" depmod -b "$dir.new/root" "$rel"
	rm -rf "$dir"
	mv "$dir.new" "$dir"
}

kernel_need()
{
	local name=$1
	tree_cross_need
	lab_step "kernel-$name" "Debian's kernel $name with headers" \
		"$(step_key "$KERNELS $(kernel_suite "$name")" kernel_build kernel_unpack kernel_relocate kernel_packages)" \
		kernel_build "$name"
}

kernel_release() { cat "$KERNELS/$1/release"; }
kernel_image() { printf '%s\n' "$KERNELS/$1/Image"; }
kernel_modules() { printf '%s\n' "$KERNELS/$1/root/usr/lib/modules/$(kernel_release "$1")"; }
kernel_headers() { printf '%s\n' "$KERNELS/$1/root/usr/src/linux-headers-$(kernel_release "$1")"; }
