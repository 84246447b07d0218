# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Calls with room for OP-TEE's requests (RPC_ARG): a program that is the guest, then an unmodified Linux guest, each with
# and without (rpc_arg=0). What OP-TEE asks the guest for is counted for each row, and printed as a table of RPCs by
# kind. Arguments: the xtest cases to count (default: 1001 1004 1006 1013 6001).
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

# A guest boots in seconds, on a machine that has other work in minutes.
GUEST_BOOT_TIMEOUT=900
CASES=("$@")
[ $# -gt 0 ] || CASES=(1001 1004 1006 1013 6001)

# The counters of the guest's VMM as numbers: SMCs, calls, ALLOC, FREE, interrupts, commands, buffers shared, RPC buffers.
counters()
{
	guest_stats "$(cat "$GUESTS/$1/pid")" | awk '{ n[$1] = $2 }
		END { print n["smcs"], n["calls"], n["alloc"], n["free"], n["interrupts"], n["commands"], n["shm_buffers"], n["rpc_buffers"] }'
}

# row NAME WHAT BEFORE: what was counted since.
row()
{
	local name=$1 what=$2 i now=() was=()
	read -r -a was <<<"$3"
	read -r -a now < <(counters "$name")
	for i in 0 1 2 3 4 5; do was[i]=$((now[i] - ${was[i]:-0})); done
	say "rpcs $name: $what: SMCs ${was[0]}, calls ${was[1]}, ALLOC ${was[2]}, FREE ${was[3]}, interrupts ${was[4]}," \
		"commands ${was[5]}; now ${now[6]} buffers shared, ${now[7]} for RPCs"
	ALLOCS=$((ALLOCS + was[2])) FREES=$((FREES + was[3]))
}

# A Linux guest's rows, from its start on. Without room OP-TEE keeps a buffer for each of its threads, as Linux asks it to.
guest_rows()
{
	local name=$1 n before
	ALLOCS=0 FREES=0
	guest_start_tee "$name"
	guest_wait_up "$name"
	expect "$name: the guest has a TEE" guest_run "$name" 'test -e /dev/tee0 && test -e /dev/teepriv0'
	row "$name" "boot" ""
	for n in "${CASES[@]}"; do
		before=$(counters "$name")
		xtest_guest "$name" "$name, $n" 900 -l 0 -t regression "regression_$n"
		xtest_judge "$name, $n" "/lab/xtest-$name.out"
		row "$name" "regression_$n" "$before"
	done
	# Again: what the first time had to load, share and ask for is there.
	before=$(counters "$name")
	xtest_guest "$name" "$name, again" 900 -l 0 -t regression "regression_${CASES[0]}"
	row "$name" "regression_${CASES[0]} again" "$before"
}

need_teegate
need_file /lab/bin/guest_stats
need_file /lab/bin/uapi_rpc_arg_test
load_host_tee
expect "a program that is the guest" /lab/bin/uapi_rpc_arg_test
guest_rows with
[ $((ALLOCS + FREES)) -eq 0 ] || fail "with room OP-TEE had to ask for $ALLOCS buffers, and gave $FREES back"
expect "it powers off" guest_stop with
expect "the modules unload" unload_host_tee

TEEGATE_PARAMETERS=(rpc_arg=0)
load_host_tee
expect "the same, denied" /lab/bin/uapi_rpc_arg_test denied
guest_rows without
[ "$ALLOCS" -gt 0 ] || fail "without room OP-TEE asked for no buffer: nothing was compared"
expect "it powers off" guest_stop without
expect "all is unpinned" wait_for 30 nothing_pinned
expect "the modules unload again" unload_host_tee
