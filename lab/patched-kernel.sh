# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The host kernel with what Debian's have not: linux/patches/6.12, by which KVM hands a guest's calls to teegate.ko and
# OP-TEE's driver is a VM by itself, and CONFIG_RPMB, by which that driver routes RPMB frames. Debian's linux-source-6.12
# otherwise, under build/lab/kernels/patched, in the shape of the stock ones in kernels.sh (Image, modules, what module
# builds need), and kselftest/smccc_route, the series' own test. Takes ten minutes and more, so it is built only for runs
# that ask for it (--kernel patched).

# shellcheck source=lab/small-kernel.sh
. "$(dirname "${BASH_SOURCE[0]}")/small-kernel.sh"
# shellcheck source=lab/series.sh
. "$(dirname "${BASH_SOURCE[0]}")/series.sh"

# What modules are built against stays, in place of Debian's headers package: all of the tree but sources and objects.
own_kernel_headers()
{
	local src=$1
	find "$src" -path "$src/scripts" -prune -o -path "$src/tools" -prune -o -type f \
		\( -name '*.[coSa]' -o -name '*.dts*' -o -name '*.cmd' -o -name '*.rst' -o -name '*.ko' -o -name 'vmlinux*' \) \
		-exec rm -f {} +
	rm -rf "$src/Documentation" "$src/drivers" "$src/sound" "$src/tools/testing" "$src/arch/arm64/boot"
	find "$src/arch" -mindepth 1 -maxdepth 1 -type d ! -name arm64 -exec rm -rf {} +
}

# KVM's own headers first: the test is about what no header of Debian's has. "make headers" would make a thousand.
patched_kernel_selftest() # SOURCE DIR
{
	local src=$1 dir=$2 usr=$1/usr/include
	mkdir -p "$dir" "$usr/linux" "$usr/asm"
	"$LAB_TOP/lab/cross" make -C "$src" ARCH=arm64 scripts_unifdef
	(
		cd "$src"
		"$LAB_TOP/lab/cross" scripts/headers_install.sh include/uapi/linux/kvm.h "$usr/linux/kvm.h"
		"$LAB_TOP/lab/cross" scripts/headers_install.sh arch/arm64/include/uapi/asm/kvm.h "$usr/asm/kvm.h"
	)
	"$LAB_TOP/lab/cross" make -C "$src/tools/testing/selftests/kvm" ARCH=arm64 OUTPUT="$dir" "$dir/aarch64/smccc_route"
}

patched_kernel_build()
{
	local dir=$KERNELS/patched src=$LAB_OUT/src/linux-patched test=$LAB_OUT/src/linux-patched-test
	rm -rf "$dir.new" "$test"
	linux_source_unpack "$src"
	series_apply "$src" 6.12
	kernel_configure "$src" small patched
	kernel_config_check "$src" patched
	patched_kernel_selftest "$src" "$test"
	"$LAB_TOP/lab/cross" make -C "$src" ARCH=arm64 -j"$(nproc)" Image modules
	own_kernel_install "$src" "$dir.new"
	install -D "$test/aarch64/smccc_route" "$dir.new/kselftest/smccc_route"
	rm -rf "$dir" "$test"
	mv "$dir.new" "$dir"
}

own_kernel_install() # SOURCE DIR
{
	local src=$1 dir=$2 rel
	rel=$("$LAB_TOP/lab/cross" make -s -C "$src" ARCH=arm64 kernelrelease)
	mkdir -p "$dir/root/usr/lib" "$dir/root/usr/src"
	ln -s usr/lib "$dir/root/lib"
	"$LAB_TOP/lab/cross" make -C "$src" ARCH=arm64 INSTALL_MOD_PATH="$dir/root/usr" modules_install
	rm -f "$dir/root/usr/lib/modules/$rel/build"
	cp "$src/arch/arm64/boot/Image" "$dir/Image"
	printf '%s\n' "$rel" >"$dir/release"
	own_kernel_headers "$src"
	mv "$src" "$dir/root/usr/src/linux-headers-$rel"
}

patched_kernel_need()
{
	local patches
	mapfile -t patches < <(series_patches 6.12)
	tree_cross_need
	lab_step kernel-patched "host kernel with linux/patches and CONFIG_RPMB, built from linux-source-6.12" \
		"$(step_key "$KERNELS $(cat "$LAB_TOP"/lab/{small,patched}-kernel.config "${patches[@]}" | sha256sum)" \
			patched_kernel_build kernel_configure patched_kernel_selftest own_kernel_headers own_kernel_install linux_source_unpack)" \
		patched_kernel_build
}
