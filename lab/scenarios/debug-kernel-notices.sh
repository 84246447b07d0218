# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The debug kernel sees what a module does wrong: kernel_faults.ko makes each kind of mistake, and the kernel's log must
# have the report of it. On a silent console, since such a line there fails the run, which is what "aloud KIND" is for
# (lab/selftest.sh --long): it makes one mistake for the console to show.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-kernel.sh
. /lab/board/lib-kernel.sh

[ "$BOARD_KERNEL" = debug ] || skip "only the debug kernel notices (--kernel debug)"
need_file /lab/modules/kernel_faults.ko

# A kind of mistake and the report that it must give. Lockdep stops at KASAN's first report and at its own, which is not
# here, as it makes the console speak again: "aloud locks" has it.
faults_with_lockdep()
{
	cat <<-'EOT'
		rcu|WARNING: suspicious RCU usage
		atomic|BUG: sleeping function called from invalid context at .*kernel_faults
		list|list_add double add
		timer|ODEBUG: free active
		shift|UBSAN: shift-out-of-bounds in .*kernel_faults
		index|UBSAN: array-index-out-of-bounds in .*kernel_faults
	EOT
}
faults()
{
	cat <<-'EOT'
		heap|BUG: KASAN: slab-out-of-bounds in fault_heap
		freed|BUG: KASAN: slab-use-after-free in fault_freed
		stack|BUG: KASAN: stack-out-of-bounds in fault_stack
		global|BUG: KASAN: global-out-of-bounds in fault_global_read
		page|pagealloc: memory corruption
		leak|kmemleak: [1-9][0-9]* new suspected memory leaks
	EOT
}

# make_fault KIND: the module stays loaded for a leak's sake: its code has a name then.
make_fault()
{
	insmod /lab/modules/kernel_faults.ko "kind=$1" || fail "kernel_faults.ko does not load: $(dmesg | tail -n 1)"
	[ "$1" != leak ] || kmemleak_scan
	rmmod kernel_faults
}

notices() # KIND REPORT
{
	dmesg -c >/dev/null
	make_fault "$1"
	dmesg >"/lab/fault-$1.out"
	grep -E "$2" "/lab/fault-$1.out"
}

# What comes is meant: the run's end has nothing to say to it.
touch /run/kernel-not-judged
if [ "${1:-}" = aloud ]; then
	make_fault "$2"
	exit 0
fi
grep -qw kmemleak=on /proc/cmdline || fail "needs kmemleak=on on the kernel's command line (--append)"
dmesg -n 1
while IFS='|' read -r kind report; do
	expect "$kind: \"$report\"" notices "$kind" "$report"
done < <(faults_with_lockdep)
refute "lockdep has stopped" lockdep_has_stopped
while IFS='|' read -r kind report; do
	expect "$kind: \"$report\"" notices "$kind" "$report"
	expect "lockdep has stopped" lockdep_has_stopped
done < <(faults)
