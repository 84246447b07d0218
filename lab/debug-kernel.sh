# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The host kernel that watches itself and its modules: Debian's linux-source-6.12 with KASAN, lockdep, UBSAN, kmemleak
# and more (debug-kernel.config), under build/lab/kernels/debug, in the shape of the stock ones in kernels.sh. Takes
# a quarter of an hour on two cores, so it is built only for runs that ask for it (--kernel debug). What a report of it
# looks like on a console is in consoles.sh, what is asked of it at a run's end in lab/scenarios/lib-kernel.sh.

# shellcheck source=lab/patched-kernel.sh
. "$(dirname "${BASH_SOURCE[0]}")/patched-kernel.sh"

# Each on top of those before it.
DEBUG_KERNEL_CONFIGS="small patched debug"

debug_kernel_build()
{
	local dir=$KERNELS/debug src=$LAB_OUT/src/linux-debug
	rm -rf "$dir.new"
	linux_source_unpack "$src"
	# shellcheck disable=SC2086  # words
	kernel_configure "$src" $DEBUG_KERNEL_CONFIGS
	kernel_config_check "$src" debug
	"$LAB_TOP/lab/cross" make -C "$src" ARCH=arm64 -j"$(nproc)" Image modules
	own_kernel_install "$src" "$dir.new"
	rm -rf "$dir"
	mv "$dir.new" "$dir"
}

debug_kernel_need()
{
	local name configs=()
	for name in $DEBUG_KERNEL_CONFIGS; do configs+=("$LAB_TOP/lab/$name-kernel.config"); done
	tree_cross_need
	lab_step kernel-debug "host kernel with KASAN, lockdep, UBSAN and kmemleak, built from linux-source-6.12" \
		"$(step_key "$KERNELS $(cat "${configs[@]}" | sha256sum)" \
			debug_kernel_build kernel_configure own_kernel_headers own_kernel_install linux_source_unpack)" debug_kernel_build
}
