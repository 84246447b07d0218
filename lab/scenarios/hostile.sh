# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The hostile guest (guests/hostile) on the real stack, beside a neighbour that runs xtest all the while: a guest of
# QEMU, or with --host the host itself, where OP-TEE has room for one guest only. Then the same guest killed and reset
# in the middle. OP-TEE must not assert and the host not warn (lab/run watches both), the neighbour must pass, nothing
# may stay pinned, and another guest must get all of OP-TEE's threads. --smcs N: by each of two vCPUs, for each of
# --seeds N seeds, from --first N on. --kills N: how often it is killed. --storage: OP-TEE asks the hostile guest for
# files, too; an OP-TEE with optee/patches/guests stands what it answers, Debian's 4.5.0 does not. --full-one-in N: all
# steps of the seeds but one in N are quick, refused before OP-TEE.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh
# shellcheck source=lab/scenarios/lib-hostile.sh
. /lab/board/lib-hostile.sh

NEIGHBOUR=guest SMCS=10000 SEEDS=1 FIRST=1 KILLS=5
STORAGE=(--no-storage) FULL=1
while [ $# -gt 0 ]; do
	case $1 in
	--host) NEIGHBOUR=host ;;
	--storage) STORAGE=() ;;
	--full-one-in) FULL=$2 && shift ;;
	--smcs) SMCS=$2 && shift ;;
	--seeds) SEEDS=$2 && shift ;;
	--first) FIRST=$2 && shift ;;
	--kills) KILLS=$2 && shift ;;
	*) fail "no option $1" ;;
	esac
	shift
done

# Two hostile vCPUs and a kernel that watches itself leave a guest little of the board.
GUEST_BOOT_TIMEOUT=600
XTEST=(-l 0 -t regression)
for n in 1001 1002 1004 6001; do XTEST+=("regression_$n"); done

# What the guest checks it must also find: with each wrong thing it says so.
judge_tests()
{
	local what status
	for what in registers guard rest result; do
		status=0
		hostile_run "judge-$what" -- seed=5 smcs=600 "judge-test=$what" || status=$?
		if [ "$status" -ne 1 ] || ! grep -aq VIOLATION "$GUESTS/judge-$what/console"; then
			hostile_fail "judge-$what" "wrong $what on purpose: the guest ended with $status, not with 1 and a violation"
		fi
	done
	say "ok: the guest finds wrong registers, guards, resting pages and results"
}

neighbour_start()
{
	[ "$NEIGHBOUR" = guest ] || return 0
	guest_start_tee neighbour
	guest_wait_up neighbour
}

# One run of xtest by the neighbour, which must pass whole.
neighbour_xtest()
{
	local out=/lab/xtest-neighbour.out
	if [ "$NEIGHBOUR" = host ]; then
		xtest "${XTEST[@]}" >"$out" 2>&1 || true
	else
		xtest_guest neighbour "of the neighbour" 900 "${XTEST[@]}" || true
	fi
	xtest_judge "of the neighbour ($NEIGHBOUR)" "$out"
}

# A seed from its start to its end, and the neighbour as often as it takes, at least once.
seed_run() # SEED
{
	local name=seed-$1 start=$SECONDS status=0
	hostile_start "$name" -- "seed=$1" "smcs=$SMCS" "full-one-in=$FULL"
	neighbour_xtest
	while kill -0 "$HOSTILE" 2>/dev/null; do neighbour_xtest; done
	hostile_end "$name" || status=$?
	[ "$status" -eq 0 ] || hostile_fail "$name" "seed $1: the hostile guest ended with $status"
	say "ok: seed $1: $(hostile_said "$name" SMCs) SMCs in $((SECONDS - start)) s, $(hostile_said "$name" 'calls ended')" \
		"calls ended, $(hostile_said "$name" 'honest successes') honest steps worked," \
		"$(hostile_said "$name" 'TAs opened') TAs opened, $(hostile_said "$name" violations) violations"
}

# Killed at any moment, its calls inside OP-TEE, its memory shared.
kills()
{
	local i
	for i in $(seq "$KILLS"); do
		hostile_start killed -- "seed=$((1000 + i))" smcs=1000000000
		sleep "$((RANDOM % 4)).$((RANDOM % 10))"
		kill -KILL "$HOSTILE" || fail "the hostile guest ended by itself"
		wait "$HOSTILE" 2>/dev/null
	done
	say "ok: killed $KILLS times"
}

resets()
{
	hostile_run reset --on-reset restart -- seed=7 smcs=800 reset-after=500 resets=3 ||
		hostile_fail reset "the guest that resets itself ended with $?"
	expect "reset 3 times, and the last life is a good one" grep -aq 'restart 3' "$GUESTS/reset/console"
}

# With storage the guest must be asked for files, or nothing of it was tried. Without, a message of its own may still
# look so: it is hostile to itself as well.
storage_judge() # NAME
{
	local asked
	asked=$(hostile_said "$1" 'RPC command 2')
	if [ ${#STORAGE[@]} -eq 0 ]; then
		[ -n "$asked" ] || fail "OP-TEE never asked the guest for files"
		say "ok: OP-TEE asked the hostile guest $asked times for files"
	fi
}

need_hostile
need_teegate
load_host_tee
judge_tests
neighbour_start
for seed in $(seq "$FIRST" $((FIRST + SEEDS - 1))); do
	seed_run "$seed"
	storage_judge "seed-$seed"
done
kills
resets
neighbour_xtest
hostile_run after -- seed=99 smcs=500 || hostile_fail after "a guest after all these ended with $?"
say "ok: the next guest has all that it needs: $(sed -n 's/^hostile: \(.* threads at once\).*/\1/p' "$GUESTS/after/console")"
[ "$NEIGHBOUR" = host ] || expect "the neighbour powers off" guest_stop neighbour
expect "all is unpinned" wait_for 30 nothing_pinned
expect "the modules unload" unload_host_tee
