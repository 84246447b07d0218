# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the budget of re-entries does (docs/performance.md): how long a second of computation in OP-TEE takes, and how
# late the timers of whoever computes are meanwhile; on the host, and in guests with one CPU, for each way that their
# calls can take and each budget given. Leaves /lab/budget.tsv: who, what, three numbers (bench_budget.c), and for guests
# trips, how often all calls together came back to their guest. For lab/run --icount --smp 1.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-bench.sh
. /lab/board/lib-bench.sh

TABLE=/lab/budget.tsv
need_file /lab/bin/bench_budget

take() # WHO FILE
{
	tr -d '\r' <"$2" | awk -v who="$1" 'BEGIN { OFS = "\t" } /^[a-z-]+\t[0-9]/ { print who, $0; n++ } END { exit n != 4 }' |
		tee -a "$TABLE" || fail "$1: not the 4 rows that were expected"
}

resumes() { guest_stats "$(cat "$GUESTS/$1/pid")" | awk '$1 == "resumes" { print $2 }'; } # NAME

budget_measure() # ROUTE BUDGET
{
	local name=$1-$2 before
	guest_start_tee "$name" --resume-budget "$2"
	guest_wait_up "$name"
	guests_copy_stop
	before=$(resumes "$name")
	guest_run "$name" /given/bench_budget || {
		guest_out "$name"
		fail "the measurement with a budget of $2 failed"
	}
	guest_out "$name" >"$GUESTS/$name/rows"
	printf '%s\ttrips\t%s\n' "$name" $(($(resumes "$name") - before)) | tee -a "$TABLE"
	take "$name" "$GUESTS/$name/rows"
	expect "guest $name powers off" guest_stop "$name"
}

bench_begin
: >"$TABLE"
/lab/bin/bench_budget >/run/rows || fail "the measurement on the host failed"
take host /run/rows
guest_initrd_with /lab/bin/bench_budget
for route in $(routes); do
	route_take "$route"
	for budget in "$@"; do budget_measure "$route" "$budget"; done
done
expect "the modules unload" unload_host_tee
