# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Which kernels the board's host can run, and what a board needs for each of them. How they are fetched or built is in
# kernels.sh, patched-kernel.sh and debug-kernel.sh.

# shellcheck source=lab/debug-kernel.sh
. "$(dirname "${BASH_SOURCE[0]}")/debug-kernel.sh"

HOST_KERNELS="6.12 newest patched debug"

host_kernel_check() # NAME: end here unless there is such a kernel
{
	case " $HOST_KERNELS " in
	*" $1 "*) ;;
	*) lab_die "no such kernel: $1 (${HOST_KERNELS// /, })" ;;
	esac
}

host_kernel_need() # NAME: have it
{
	case $1 in
	patched) patched_kernel_need ;;
	debug) debug_kernel_need ;;
	*) kernel_need "$1" ;;
	esac
}

# The board's memory in MiB. KASAN takes an eighth for its shadow and keeps freed memory back for a while.
host_kernel_memory() { if [ "$1" = debug ]; then echo 3072; else echo 2048; fi; }

# Words for the kernel's command line. Each bad access is worth a report, not only the first one.
host_kernel_bootargs() { if [ "$1" = debug ]; then printf '%s' "kasan_multi_shot page_poison=1"; fi; }
