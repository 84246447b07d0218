# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Each allocation that the kernel makes in a guest's life fails once (uapi_fail_test), on the debug kernel, which can make
# it fail and sees what comes of it.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
need_file /lab/modules/teegate.ko
need_file /lab/bin/uapi_fail_test
[ -e /sys/kernel/debug/failslab ] || skip "this kernel cannot make allocations fail (--kernel debug)"

# Those that may wait for memory fail too, of every size, and without a trace each.
for d in failslab fail_page_alloc; do
	echo N >/sys/kernel/debug/$d/ignore-gfp-wait
	echo 0 >/sys/kernel/debug/$d/verbose
done
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order

load_host_tee
expect "lives in which an allocation fails" /lab/bin/uapi_fail_test
expect "the host's TEE works" xtest -l 0 -t regression regression_1004
expect "the modules unload" unload_host_tee
