# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# How what teegate adds to a call grows: with the pages that are shared it must grow in proportion, with the cookies
# that are open not at all. What it adds is the guest's count less the host's, as OP-TEE itself looks for a cookie in a
# list, for guests and the host alike. For lab/run --icount --smp 1. Leaves /lab/bench.tsv as bench.sh does.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-bench.sh
. /lab/board/lib-bench.sh

# bench_calls cost: 7 sizes, and 2 prices for 5 numbers of cookies.
ROWS=17
# How far a point may be from the line, and the dearest from the cheapest, in percent.
LINEAR=10
CONSTANT=5

judge() # WHAT ROUTE MARGIN
{
	awk -v what="$1" -v route="$2" -v margin="$3" -f /lab/board/bench-cost.awk "$RESULTS"
}

bench_begin
measure_here host $ROWS "/given/bench_calls cost"
guest_with_both_kinds
guest_initrd_with /lab/bin/bench_calls
for route in $(routes); do
	measure_guest "$route" $ROWS "/given/bench_calls --node $SMALL_NODE cost"
	expect "route $route: the cost is linear in the pages shared" judge pages "$route" $LINEAR
	expect "route $route: the cost does not depend on the cookies open" judge cookies "$route" $CONSTANT
done
