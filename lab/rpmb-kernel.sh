# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The host kernel that routes RPMB frames itself: Debian's linux-source-6.12 with CONFIG_RPMB=y, which no kernel of
# Debian's has, under build/lab/kernels/rpmb, in the shape of the stock ones in kernels.sh (Image, modules, what
# module builds need). Takes ten minutes and more, so it is built only for runs that ask for it (--kernel rpmb).

# shellcheck source=lab/small-kernel.sh
. "$(dirname "${BASH_SOURCE[0]}")/small-kernel.sh"

# What modules are built against stays, in place of Debian's headers package: all of the tree but sources and objects.
rpmb_kernel_headers()
{
	local src=$1
	find "$src" -path "$src/scripts" -prune -o -path "$src/tools" -prune -o -type f \
		\( -name '*.[coSa]' -o -name '*.dts*' -o -name '*.cmd' -o -name '*.rst' -o -name '*.ko' -o -name 'vmlinux*' \) \
		-exec rm -f {} +
	rm -rf "$src/Documentation" "$src/drivers" "$src/sound" "$src/tools/testing" "$src/arch/arm64/boot"
	find "$src/arch" -mindepth 1 -maxdepth 1 -type d ! -name arm64 -exec rm -rf {} +
}

rpmb_kernel_build()
{
	local dir=$KERNELS/rpmb src=$LAB_OUT/src/linux-rpmb rel
	rm -rf "$dir.new"
	linux_source_unpack "$src"
	cp "$LAB_TOP/lab/small-kernel.config" "$src/arch/arm64/configs/teegate_small.config"
	cp "$LAB_TOP/lab/rpmb-kernel.config" "$src/arch/arm64/configs/teegate_rpmb.config"
	"$LAB_TOP/lab/cross" make -C "$src" ARCH=arm64 allnoconfig teegate_small.config teegate_rpmb.config
	"$LAB_TOP/lab/cross" make -C "$src" ARCH=arm64 -j"$(nproc)" Image modules
	rpmb_kernel_install "$src" "$dir.new"
	rm -rf "$dir"
	mv "$dir.new" "$dir"
}

rpmb_kernel_install() # SOURCE DIR
{
	local src=$1 dir=$2 rel
	rel=$("$LAB_TOP/lab/cross" make -s -C "$src" ARCH=arm64 kernelrelease)
	mkdir -p "$dir/root/usr/lib" "$dir/root/usr/src"
	ln -s usr/lib "$dir/root/lib"
	"$LAB_TOP/lab/cross" make -C "$src" ARCH=arm64 INSTALL_MOD_PATH="$dir/root/usr" modules_install
	rm -f "$dir/root/usr/lib/modules/$rel/build"
	cp "$src/arch/arm64/boot/Image" "$dir/Image"
	printf '%s\n' "$rel" >"$dir/release"
	rpmb_kernel_headers "$src"
	mv "$src" "$dir/root/usr/src/linux-headers-$rel"
}

rpmb_kernel_need()
{
	tree_cross_need
	lab_step kernel-rpmb "host kernel with CONFIG_RPMB, built from linux-source-6.12" \
		"$(step_key "$KERNELS $(cat "$LAB_TOP/lab/small-kernel.config" "$LAB_TOP/lab/rpmb-kernel.config" | sha256sum)" \
			rpmb_kernel_build rpmb_kernel_headers rpmb_kernel_install linux_source_unpack)" rpmb_kernel_build
}
