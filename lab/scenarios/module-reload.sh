# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# teegate.ko loads, unloads and loads again, and the host's TEE works each time. It cannot be unloaded under a guest,
# whatever that does: tried without the host's own driver as well, which would hold the module by itself. When the guest
# was killed the module unloads, loads again and serves the next one.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh

HOLD=/lab/bin/host_hold_test
# Of a guest, as host_hold_test knows them: without a partition, with one, its call in OP-TEE and suspended.
STATES=("device opened" "memory shared" "in OP-TEE" "RPC CMD GET_TIME")

smoke() { xtest -l 0 -t regression regression_1001 regression_1004 >/run/xtest.out 2>&1; }
module_unloads() { wait_for 30 rmmod teegate 2>/dev/null; }
is_held() { grep -qs '^held' /run/held; }

# A guest is the module's only user.
state_refuses() # STATE
{
	local holder
	rm -f /run/held
	load_teegate || fail "it does not load"
	"$HOLD" hold /run/frames "$1" >/run/held 2>&1 &
	holder=$!
	wait_for 60 is_held || fail "the state \"$1\" is not reached: $(cat /run/held)"
	refute "is not unloaded under a guest alone: $1" rmmod teegate
	kill -KILL "$holder"
	wait "$holder" 2>/dev/null
	expect "and is when that guest was killed" module_unloads
}

need_teegate
need_file "$HOLD"
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

for state in "${STATES[@]}"; do state_refuses "$state"; done
load_teegate || fail "it does not load"
expect "the next guest has all that it needs" "$HOLD" free $((BOARD_PARTITIONS - 1))
expect "all is unpinned" wait_for 30 nothing_pinned
expect "unloads" module_unloads
