# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Guests' calls straight from KVM to teegate.ko (docs/routing.md): the kernel series' own selftest, and /dev/teegate's
# side of it (route_test); and the series' OP-TEE driver, which is VM 1 by itself, without teegate.ko and with it. The
# stock kernel gets the series by modules (tests/lab/route).
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh

need_teegate
need_file /lab/bin/route_test
for f in /lab/modules/route/teegate.ko /lab/modules/route/optee.ko /lab/bin/smccc_route; do
	[ -e $f ] || skip "$(basename $f) for the kernel series has not been built (make route)"
done

has_probe() { grep -q optee_smccc_smc /sys/kernel/debug/kprobes/list; }

TEEGATE_KO=/lab/modules/route/teegate.ko OPTEE_KO=/lab/modules/route/optee.ko
expect "the series' driver loads without teegate" load_optee
expect "and brings the host a TEE" start_supplicant
expect "which works" host_tee_works
expect "the driver unloads" stop_host_driver

expect "the series gets into the kernel" insmod /lab/modules/route/route_shim.ko
expect "the series' test handler" insmod /lab/modules/route/smccc_route_test.ko
expect "the series' selftest" /lab/bin/smccc_route
expect "the test handler goes" rmmod smccc_route_test

load_host_tee
refute "no kprobe tags the calls" has_probe
expect "the host's TEE works" host_tee_works
expect "the driver unloads" stop_host_driver
expect "it loads again" load_optee
expect "and brings the TEE back" start_supplicant
expect "which works" host_tee_works
expect "teegate info says which way" grep -q 'from KVM directly' <(teegate info)
expect "/dev/teegate by route" /lab/bin/route_test
expect "all is unpinned" wait_for 5 nothing_pinned

expect "the modules unload" unload_host_tee
