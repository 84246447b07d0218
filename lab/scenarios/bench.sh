# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What an operation with OP-TEE costs in instructions: on the host, directly on OP-TEE as VM 1, and in a guest for each
# way that the guest's calls can take; and in between, of a process that is a guest without KVM. bench_calls and
# bench_ioctl measure; xtest's own measurement of SHA is the one that other mediators are compared by. Leaves
# /lab/bench.tsv: route, row, median, least, most, waits. Compares the medians with lab/bench-baseline.tsv, unless
# --no-check is given. lab/bench runs this and draws the table. For lab/run --icount --smp 1, where a nanosecond is an
# instruction, and nothing happens beside what is measured.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-bench.sh
. /lab/board/lib-bench.sh

# As in the comparison with Xen (docs/performance.md).
XTEST_SHA='xtest --sha-perf -n 200 -s 1024'
ROWS=16 MEDIATOR_ROWS=6

# Every count within 5 % of the baseline's.
compare()
{
	local board=$BOARD_CPU
	[ "$BOARD_KERNEL" = 6.12 ] || board=$board/$BOARD_KERNEL
	awk -v board="$board" -v margin=5 -f /lab/board/bench-compare.awk /lab/board/bench-baseline.tsv "$RESULTS"
}

# The last of them counts: the catalogue's come first.
CHECK=1
for word in "$@"; do
	case $word in
	--check) CHECK=1 ;;
	--no-check) CHECK='' ;;
	*) fail "no option $word" ;;
	esac
done
need_file /lab/modules/bench_smc.ko
need_file /lab/guest-modules/bench_smc.ko
bench_begin
measure_here host $ROWS "insmod /given/bench_smc.ko vmid=1 && /given/bench_calls rows && $XTEST_SHA"
measure_here mediator $MEDIATOR_ROWS /given/bench_ioctl
guest_with_both_kinds
guest_initrd_with /lab/bin/bench_calls /lab/guest-modules/bench_smc.ko
# Linux switches huge pages off where it has less than 512 MiB.
for route in $(routes); do
	measure_guest "$route" $ROWS \
		"echo always >/sys/kernel/mm/transparent_hugepage/enabled && insmod /given/bench_smc.ko &&
			/given/bench_calls --node $SMALL_NODE rows && $XTEST_SHA"
done
[ -z "$CHECK" ] || compare || fail "counts have moved. If they should, \"lab/bench --accept\" makes them the baseline"
