# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Guests' calls straight from KVM to teegate.ko (docs/routing.md): the kernel series' own selftest, /dev/teegate's side of
# it (route_test), and guests of an unmodified QEMU, of whose calls none comes to the VMM, or with route=0 all of them;
# and the series' OP-TEE driver, which is VM 1 by itself, without teegate.ko and with it. With "device" only route_test.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh
# shellcheck source=lab/scenarios/lib-route.sh
. /lab/board/lib-route.sh

XTEST=(-l 0 -t regression regression_1001 regression_1004 regression_1013)
GUEST_BOOT_TIMEOUT=600

has_probe() { grep -q optee_smccc_smc /sys/kernel/debug/kprobes/list 2>/dev/null; }

counter() { guest_stats "$(cat "$GUESTS/$1/pid")" | awk -v name="$2" '$1 == name { print $2 }'; } # NAME COUNTER

# guest_by ROUTE: xtest in a guest of QEMU, and which way its calls have come.
guest_by()
{
	local name=by-$1 smcs routed
	route_offer "$1"
	guest_start_tee "$name"
	guest_wait_up "$name"
	xtest_guest "$name" "in the guest, route=$1" 900 "${XTEST[@]}"
	xtest_judge "in the guest, route=$1" "/lab/xtest-$name.out"
	smcs=$(counter "$name" smcs) routed=$(counter "$name" routed)
	say "route=$1: $smcs calls, $routed of them by KVM alone"
	expect "the guest has called" test "$smcs" -gt 100
	expect "all by one way" test "$routed" -eq $(($1 * smcs))
	expect "the guest powers off" guest_stop "$name"
}

driver_without_teegate()
{
	expect "the series' driver loads without teegate" load_optee
	expect "and brings the host a TEE" start_supplicant
	expect "which works" host_tee_works
	expect "the driver unloads" stop_host_driver
}

selftest()
{
	expect "the series' test handler" route_test_handler_load
	expect "the series' selftest" /lab/bin/smccc_route
	expect "the test handler goes" rmmod smccc_route_test
}

driver_with_teegate()
{
	refute "no kprobe tags the calls" has_probe
	expect "the host's TEE works" host_tee_works
	expect "the driver unloads" stop_host_driver
	expect "it loads again" load_optee
	expect "and brings the TEE back" start_supplicant
	expect "which works" host_tee_works
	expect "teegate info says which way" grep -q 'from KVM directly' <(teegate info)
}

if_all() { [ "$WHAT" != all ] || "$@"; }

WHAT=${1:-all}
need_teegate
need_file /lab/bin/route_test
need_file /lab/bin/guest_stats
route_need
[ -e /lab/bin/smccc_route ] || [ "$WHAT" != all ] || skip "the series' selftest has not been built (make route)"

route_modules_take
if_all driver_without_teegate
route_into_kernel
if_all selftest

load_host_tee
if_all driver_with_teegate
expect "/dev/teegate by route" /lab/bin/route_test
expect "all is unpinned" wait_for 30 nothing_pinned

if_all guest_by 1
if_all guest_by 0
expect "all is unpinned" wait_for 30 nothing_pinned
expect "the modules unload" unload_host_tee
