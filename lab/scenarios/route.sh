# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Guests' calls straight from KVM to teegate.ko (docs/routing.md): the kernel series' own selftest, and /dev/teegate's
# side of it (route_test). The stock kernel gets the series by a module (tests/lab/route).
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh

need_teegate
need_file /lab/bin/route_test
for f in /lab/modules/route/teegate.ko /lab/bin/smccc_route; do
	[ -e $f ] || skip "$(basename $f) for the kernel series has not been built (make route)"
done

expect "the series gets into the kernel" insmod /lab/modules/route/route_shim.ko
expect "the series' test handler" insmod /lab/modules/route/smccc_route_test.ko
expect "the series' selftest" /lab/bin/smccc_route
expect "the test handler goes" rmmod smccc_route_test

TEEGATE_KO=/lab/modules/route/teegate.ko
load_host_tee
expect "teegate info says which way" grep -q 'from KVM directly' <(teegate info)
expect "/dev/teegate by route" /lab/bin/route_test
expect "all is unpinned" wait_for 5 nothing_pinned

expect "the modules unload" unload_host_tee
