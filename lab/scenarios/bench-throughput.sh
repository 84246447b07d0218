# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Calls a second of 1 to 4 guests with 1 to 4 threads each, a thread to a vCPU, beside those of the host alone, in one
# run: what counts are ratios. Seconds are the machine's, so this is not for --icount, and on a machine with two cores
# more than two guest CPUs can only share. Each guest's calls must be a fair part of all. Needs an OP-TEE with five
# partitions: lab/run --optee guests. --seconds N: for each measurement.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-bench.sh
. /lab/board/lib-bench.sh

GUEST_SMP=4
GUEST_MEM=384
FOUR=(one two three four)
TIME=5
[ "${1:-}" != --seconds ] || TIME=$2
# The share of a guest that gets least, of an even one, in percent.
FAIR=25

calls_of() # FILE: the last number of calls in it
{
	tr -d '\r' <"$1" | sed -n 's/^calls\t//p' | tail -n 1
}

# throughput GUESTS THREADS: prints each one's calls a second.
throughput()
{
	local g
	for g in "${FOUR[@]:0:$1}"; do guest_post "$g" "/given/bench_calls throughput $2 $TIME"; done
	for g in "${FOUR[@]:0:$1}"; do
		guest_verdict "$g" 300 >&2 || fail "guest $g: a measurement failed" >&2
		calls_of "$GUESTS/$g/out"
	done
}

need_teegate
need_file /lab/bin/bench_calls
[ "$BOARD_PARTITIONS" -eq 5 ] || skip "this OP-TEE has $BOARD_PARTITIONS partitions, not 5 (lab/run --optee guests)"
bench_begin
cp /lab/bin/bench_calls /run/
for threads in 1 2 3 4; do
	/run/bench_calls throughput "$threads" "$TIME" >/run/host.out || fail "a measurement on the host failed"
	printf 'host\t1\t%d\t%s\t%s\n' $threads "$(calls_of /run/host.out)" "$(calls_of /run/host.out)" >>"$RESULTS"
done
guest_initrd_with /lab/bin/bench_calls
for g in "${FOUR[@]}"; do guest_start_tee "$g"; done
for g in "${FOUR[@]}"; do guest_wait_up "$g"; done
for guests in 1 2 3 4; do
	for threads in 1 2 3 4; do
		throughput $guests $threads >/run/calls || fail "$guests guests with $threads threads"
		awk -v OFS='\t' -v guests=$guests -v threads=$threads '
			{ sum += $1; if (NR == 1 || $1 < least) least = $1; n++ }
			END { print "user", guests, threads, sum, least; exit n != guests }' /run/calls >>"$RESULTS" ||
			fail "$guests guests with $threads threads: not as many results"
		say "$guests guests with $threads threads: $(tr '\n' ' ' </run/calls)calls a second"
	done
done
for g in "${FOUR[@]}"; do expect "guest $g powers off" guest_stop "$g"; done
awk -F '\t' -v fair=$FAIR '
	$1 == "host" { host[$3] = $4; next }
	{ all[$2, $3] = $4 }
	100 * $5 * $2 < fair * $4 { printf "FAIL: %d guests, %d threads: the last gets %d of %d\n", $2, $3, $5, $4; bad = 1 }
	END {
		one = all[1, 1]
		print "calls a second, of those of one guest with one thread"
		for (t = 1; t <= 4; t++) {
			printf "%d threads: host %.2f", t, host[t] / one
			for (g = 1; g <= 4; g++) printf ", %d guest(s) %.2f", g, all[g, t] / one
			print ""
		}
		exit bad
	}' "$RESULTS" || fail "a guest gets less than $FAIR % of an even part"
