# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The small guest kernel: Debian's linux-source-6.12 with little more than virtio, two serial consoles and OP-TEE, all
# built in, under build/lab/kernels/small. Takes minutes, so it is built only for runs that ask for it
# (--guest-kernel small). Stock kernels are in kernels.sh.

# shellcheck source=lab/kernels.sh
. "$(dirname "${BASH_SOURCE[0]}")/kernels.sh"

linux_source_unpack() # DIR: a fresh copy of Debian's linux-source-6.12
{
	local src=$1 file
	apt_lists_need
	mkdir -p "$DEBS/source"
	(cd "$DEBS/source" && lab_apt apt-get -q -t trixie download linux-source-6.12)
	file=$(ls "$DEBS/source"/linux-source-6.12_*.deb)
	rm -rf "$src" "$src.deb"
	mkdir -p "$src" "$src.deb"
	dpkg-deb -x "$file" "$src.deb"
	tar -x -C "$src" --strip-components=1 -f "$src.deb"/usr/src/linux-source-6.12.tar.xz
	rm -rf "$src.deb"
}

# kernel_config_check SOURCE NAME: what the kernel of the day does not know, or cannot have with what else is on, it drops
# without a word.
kernel_config_check()
{
	local line bad=''
	while read -r line; do
		grep -qxF -- "$line" "$1/.config" || bad="$bad $line"
	done < <(grep -E '^(CONFIG_|# CONFIG_.* is not set)' "$LAB_TOP/lab/$2-kernel.config")
	[ -z "$bad" ] || lab_die "this kernel's configuration did not take:$bad (lab/$2-kernel.config)"
}

# kernel_configure SOURCE NAME...: allnoconfig and lab/NAME-kernel.config, each on top of those before it.
kernel_configure()
{
	local src=$1 name targets=()
	shift
	for name in "$@"; do
		cp "$LAB_TOP/lab/$name-kernel.config" "$src/arch/arm64/configs/teegate_$name.config"
		targets+=("teegate_$name.config")
	done
	"$LAB_TOP/lab/cross" make -C "$src" ARCH=arm64 allnoconfig "${targets[@]}"
}

small_kernel_build()
{
	local src=$LAB_OUT/src/linux dir=$KERNELS/small
	mkdir -p "$dir.new"
	linux_source_unpack "$src"
	kernel_configure "$src" small reset
	kernel_config_check "$src" reset
	"$LAB_TOP/lab/cross" make -C "$src" ARCH=arm64 -j"$(nproc)" Image
	cp "$src/arch/arm64/boot/Image" "$dir.new/Image"
	"$LAB_TOP/lab/cross" make -s -C "$src" ARCH=arm64 kernelrelease >"$dir.new/release"
	rm -rf "$dir" "$src"
	mv "$dir.new" "$dir"
}

small_kernel_need()
{
	tree_cross_need
	lab_step kernel-small "small guest kernel, built from linux-source-6.12" \
		"$(step_key "$KERNELS $(cat "$LAB_TOP"/lab/{small,reset}-kernel.config | sha256sum)" small_kernel_build kernel_configure linux_source_unpack)" small_kernel_build
}
