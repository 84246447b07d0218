#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Shows that the lab can say no: a scenario that fails, that skips, that never ends, and consoles with a panic on them.
# Most of it boots the board; what a console line means is also tried on lines alone. With --long, one mistake of each
# kind in a module on the debug kernel too (the module by "make module KERNEL=debug"). Prints "N passed, N failed".
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lab/consoles.sh
. "$HERE/consoles.sh"

DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
PASSED=0 FAILED=0

check() # DESCRIPTION COMMAND...
{
	local what=$1
	shift
	if "$@"; then
		PASSED=$((PASSED + 1))
		echo "ok: $what"
	else
		FAILED=$((FAILED + 1))
		echo "FAILED: $what"
	fi
}

# run_gives STATUS NAME SCRIPT [OPTION...]: a scenario of this text ends with this status.
run_gives()
{
	local want=$1 name=$2 script=$3 rc=0
	shift 3
	printf '%s\n' "$script" >"$DIR/selftest-$name.sh"
	"$HERE/run" "$DIR/selftest-$name.sh" "$@" >"$DIR/out" 2>&1 </dev/null || rc=$?
	[ "$rc" -eq "$want" ] || {
		sed 's/^/    | /' "$DIR/out"
		echo "    wanted $want, got $rc"
		return 1
	}
}

# line_is good|bad CONSOLE LINE
line_is()
{
	local rc=0
	printf '%s\r\n' "$3" >"$DIR/$2.log"
	console_bad "$DIR/$2.log" >/dev/null || rc=1
	rm "$DIR/$2.log"
	if [ "$1" = bad ]; then [ $rc -eq 0 ]; else [ $rc -eq 1 ]; fi
}

check_lines()
{
	local verdict console line
	while IFS='|' read -r verdict console line; do
		check "$console console: \"$line\" is $verdict" line_is "$verdict" "$console" "$line"
	done <<-'EOF'
		bad|host|[    3.382102] Kernel panic - not syncing: Attempted to kill init!
		bad|host|[   12.000000] BUG: scheduling while atomic: sh/77/0x00000002
		bad|host|[   12.000000] Internal error: Oops: 0000000096000004 [#1] SMP
		bad|host|[   25.149455] WARNING: CPU: 1 PID: 189 at arch/arm64/kvm/vgic/vgic-v3.c:743 vgic_v3_load+0x88/0xa0
		bad|host|[   12.000000] WARNING: possible circular locking dependency detected
		bad|host|[   12.000000] BUG: KASAN: slab-out-of-bounds in fault_heap+0x64/0x98 [kernel_faults]
		bad|host|[   12.000000] UBSAN: shift-out-of-bounds in kernel_faults.c:88:24
		bad|host|[   12.000000] WARNING: suspicious RCU usage
		bad|host|[   12.000000] INFO: suspicious RCU usage.
		bad|host|[   12.000000] INFO: trying to register non-static key.
		bad|host|[   12.000000] BUG: sleeping function called from invalid context at kernel/locking/mutex.c:283
		bad|host|[   12.000000] BUG: MAX_LOCKDEP_CHAINS too low!
		bad|host|[   12.000000] BUG kmalloc-64 (Tainted: G           O      ): Redzone overwritten
		bad|host|[   12.000000] pagealloc: memory corruption
		bad|host|[   12.000000] ODEBUG: free active (active state 0) object: 0000000000000000 object type: timer_list
		bad|host|[   12.000000] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
		bad|host|PANIC in EL3.
		bad|guest-tee|[    9.100000] Unable to handle kernel paging request: Internal error: Oops
		bad|guest-tee|[    9.100000] Kernel panic - not syncing: Attempted to kill init!
		bad|guest-tee|[    9.100000] WARNING: CPU: 0 PID: 1 at kernel/panic.c:1 after a sysrq triggered crash
		bad|host|[    9.100000] Kernel panic - not syncing: sysrq triggered crash
		bad|secure|E/TC:0 0 Panic at core/kernel/notif.c:99 <get_notif_data>
		bad|secure|E/TC:0 0 assertion 'prtn' failed at core/kernel/notif.c:50 <get_notif_data>
		bad|secure|E/TC:1 0 Core data-abort at address 0x0 (translation fault)
		good|secure|E/TC:? 0 TA panicked with code 0x1234
		good|secure|E/TC:? 0 User mode data-abort at address 0x0 (translation fault)
		good|secure|I/TC: WARNING (insecure configuration): Failed to get monotonic counter for REE FS, using 0
		good|host|[    0.701317] kvm [1]: Hyp nVHE mode initialized successfully
		good|host|[    1.402211] kmemleak: Kernel memory leak detector initialized (mem pool available: 15000)
		good|guest-tee|[    9.100000] Kernel panic - not syncing: sysrq triggered crash
		good|guest-tee|[    9.200000] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---
		good|guest-tee|[    0.000000] random: crng init done
	EOF
}

# bench_lines ROUTE PERCENT: lines of a run, so many percent of the first one's.
bench_lines()
{
	awk -v OFS='\t' -v r="$1" -v p="$2" \
		'BEGIN { print r, "invoke-none", 1000 * p, 0, 0, 0; print r, "shm-4k", 2000 * p, 0, 0, 0 }'
}

# bench_compares STATUS LINES: a run with these lines, against a baseline of 100 %.
bench_compares()
{
	local rc=0
	{ bench_lines host 100; bench_lines user 100; bench_lines kernel 100; } | sed 's/^/cpu\t/' >"$DIR/baseline.tsv"
	printf '%s\n' "$2" >"$DIR/bench.tsv"
	awk -v board=cpu -v margin=5 -f "$HERE/bench-compare.awk" "$DIR/baseline.tsv" "$DIR/bench.tsv" >"$DIR/out" || rc=$?
	[ "$rc" -eq "$1" ]
}

# bench_cost_is STATUS WHAT EXPRESSION: what a guest adds for n pages or cookies is the expression; a median says nothing.
bench_cost_is()
{
	local rc=0
	awk -v OFS='\t' "BEGIN { for (n = 1; n <= 4096; n *= 4) {
			print \"host\", \"pages-\" n, 1, 500 * n; print \"user\", \"pages-\" n, n * n, 500 * n + ($3)
			split(\"invoke share\", op, \" \")
			for (i in op) { k = \"cookies-\" op[i] \"-\" n; print \"host\", k, 1, 90 + n; print \"user\", k, n * n, 90 + n + ($3) }
		} }" >"$DIR/bench.tsv"
	awk -v what="$2" -v route=user -v margin=5 -f "$HERE/bench-cost.awk" "$DIR/bench.tsv" >"$DIR/out" || rc=$?
	[ "$rc" -eq "$1" ]
}

# The judges of lab/bench, on made-up runs.
check_bench()
{
	local host
	host=$(bench_lines host 100)
	check "lab/bench: 4 % more or less is no move" bench_compares 0 "$(bench_lines host 96; bench_lines user 104)"
	check "lab/bench: 6 % more is one" bench_compares 1 "$(bench_lines user 106)
$host"
	check "lab/bench: 6 % less is one" bench_compares 1 "$(bench_lines user 94)
$host"
	check "lab/bench: a missing route is found" bench_compares 1 "$host"
	check "lab/bench: no result is no success" bench_compares 1 ''
	check "lab/bench: in proportion to pages" bench_cost_is 0 pages '40000 + 120 * n'
	check "lab/bench: out of proportion" bench_cost_is 1 pages '40000 + 20 * n + n * n'
	check "lab/bench: no part for each page" bench_cost_is 1 pages '40000'
	check "lab/bench: constant in cookies" bench_cost_is 0 cookies '40000 + n % 7'
	check "lab/bench: not constant" bench_cost_is 1 cookies '40000 + 20 * n'
}

# A guest's line in three pieces, with a space at the beginning of two, is the line that it sent.
guest_line_is_whole()
{
	# shellcheck disable=SC2034  # the function's
	local GUESTS=$DIR GUEST_LINE='' fd
	mkdir "$DIR/slow"
	mkfifo "$DIR/slow/ctl"
	exec {fd}<>"$DIR/slow/ctl"
	echo "$fd" >"$DIR/slow/fd"
	# The scenarios' library runs on the board only; this is all of it that is needed.
	eval "$(sed -n '/^guest_read()/,/^}/p' "$HERE/scenarios/lib.sh")"
	# shellcheck disable=SC2317  # it does
	guest_is_running() { :; }
	{ printf VERDICT && sleep 1.5 && printf ' 24' && sleep 1.5 && printf ' 0\n'; } >"$DIR/slow/ctl" &
	guest_read slow 60
	wait $!
	exec {fd}<&-
	[ "$GUEST_LINE" = "VERDICT 24 0" ] || { echo "    got \"$GUEST_LINE\""; return 1; }
}

# A run that is about a panic (lab/run --panic): that one, once, and no other.
check_panic_lines()
{
	local CONSOLE_PANIC=sysrq panic="[    3.382102] Kernel panic - not syncing:"
	check "a wanted panic is good" line_is good host "$panic sysrq triggered crash"
	check "another panic is bad" line_is bad host "$panic Attempted to kill init!"
	check "the same panic twice is bad" line_is bad host "$panic sysrq triggered crash
$panic sysrq triggered crash"
	CONSOLE_PANIC=Oops
	check "one that is wanted of the host is bad in a guest" line_is bad guest-tee "$panic Oops"
	CONSOLE_PANIC=''
	check "it is bad where none is wanted" line_is bad host "$panic sysrq triggered crash"
}

# What the debug kernel says of a module's mistake fails a run whose scenario says 0.
check_debug_kernel()
{
	local kind
	for kind in heap shift locks atomic rcu page leak; do
		check "a module's mistake ($kind) on the debug kernel fails a run" debug_kernel_fails "$kind"
	done
}

debug_kernel_fails() # KIND
{
	local rc=0
	"$HERE/run" debug-kernel-notices aloud "$1" >"$DIR/out" 2>&1 </dev/null || rc=$?
	if [ "$rc" -ne 1 ] || ! grep -q 'FAILED by what a console says' "$DIR/out"; then
		sed 's/^/    | /' "$DIR/out"
		return 1
	fi
}

# group_says PASSED-FAILED-SKIPPED RUN...: the last line of a group none of whose runs may begin any more. Each run that
# is left out is named.
group_says()
{
	local want=$1
	shift
	"$HERE/run" --group check --until 1 "$@" >"$DIR/out" 2>&1 </dev/null || true
	[ "$(tail -n 1 "$DIR/out")" = "0 passed, 0 failed, $want skipped" ] &&
		[ "$(grep -c '^skip: .* on .*: the time for this group was up$' "$DIR/out")" -eq "$want" ]
}

# Half of the group is taken before a second one comes.
group_is_shared()
{
	local stock
	mkdir "$DIR/share"
	"$HERE/run" --group check --until 1 --only stock --share "$DIR/share" >"$DIR/stock" 2>&1 </dev/null || true
	stock=$(sed -n 's/.* \([0-9]*\) skipped$/\1/p' "$DIR/stock")
	[ "$stock" -gt 0 ] && group_says $(($(group_size) - stock)) --share "$DIR/share" && group_says 0 --share "$DIR/share"
}

# Each line of the group "check" names one CPU and one kernel.
group_size() { sed -e '/^#/d' -e 's/ *| */|/g' "$HERE/catalogue" | awk -F '|' '$2 == "check"' | wc -l; }

check_lines
check_bench
check "a group's runs that would begin too late are named and skipped" group_says "$(group_size)"
check "two that share a group have each of its runs once" group_is_shared
check_panic_lines
check "a guest's line that comes in pieces is whole" guest_line_is_whole
[ "${1:-}" != --long ] || check_debug_kernel
check "a scenario's exit status comes back" run_gives 3 three 'exit 3'
check "a skip is 77 and nothing else" run_gives 77 skip 'echo "no reason"; exit 77'
check "a kernel's BUG line fails a run whose scenario says 0" \
	run_gives 1 bug 'echo "BUG: this is the self-test" >/dev/kmsg; sleep 1; exit 0'
check "a panic fails a run" run_gives 1 panic 'echo c >/proc/sysrq-trigger; sleep 30'
check "a wanted panic that does not come fails a run" run_gives 1 calm 'exit 0' --panic sysrq
check "a scenario that never ends is stopped" run_gives 124 hang 'sleep 1000' --timeout 20
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]
