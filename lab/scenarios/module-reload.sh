# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# teegate.ko loads, unloads and loads again, and the host's TEE works each time; it cannot be unloaded under a guest.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh

need_teegate
smoke() { xtest -l 0 -t regression regression_1001 regression_1004 >/run/xtest.out 2>&1; }

for n in 1 2 3; do
	load_host_tee
	expect "round $n: the host's TEE works" smoke
	expect "round $n: unloads" unload_host_tee
	refute "round $n: leaves no device" test -e /dev/teegate
done

load_host_tee
guest_start_tee tee
guest_wait_up tee
refute "is not unloaded under a guest" rmmod teegate
expect "the guest's TEE works" guest_run tee 'xtest -l 0 -t regression regression_1001'
expect "the guest powers off" guest_stop tee
expect "the host's TEE works" smoke
expect "unloads after the guest" unload_host_tee
