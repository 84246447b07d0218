# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the host's kernel is asked at the end of each run (lab/board/host-init.sh), if it is one that watches itself: was
# memory leaked, and was anybody still watching? A leak may be of what teegate only holds, so any leak counts. What such
# a kernel reports by itself is on its console, which lab/consoles.sh reads.

KMEMLEAK=/sys/kernel/debug/kmemleak

# kmemleak_watches: the search for leaks is there and on (kmemleak=on).
kmemleak_watches() { [ -e $KMEMLEAK ] && echo scan >$KMEMLEAK; } 2>/dev/null

# kmemleak_scan: look for leaks; new ones are on the console now. What is younger than five seconds is no leak yet, and
# what changed since the scan before is looked at again: so a pause, and twice.
kmemleak_scan()
{
	sleep 6
	echo scan >$KMEMLEAK && echo scan >$KMEMLEAK
}

# lockdep stops for good at its first report, at a table that is full and at some ways of tainting the kernel.
lockdep_has_stopped() { grep -q 'debug_locks: *0$' /proc/lockdep_stats; } 2>/dev/null

# The words kmemleak=on mean nothing to other kernels, so a catalogue line for several may have them.
kernel_judge()
{
	local bad=0
	[ ! -e /run/kernel-not-judged ] || return 0
	if lockdep_has_stopped; then
		echo "FAIL: lockdep no longer watches: see the host's console"
		bad=1
	fi
	# Its line on the console would end the run before the report is written.
	dmesg -n 1
	if kmemleak_watches; then
		kmemleak_scan
		cat $KMEMLEAK >/lab/kmemleak.out
		if grep -q '^unreferenced object' /lab/kmemleak.out; then
			head -n 60 /lab/kmemleak.out
			echo "FAIL: kmemleak suspects $(grep -c '^unreferenced object' /lab/kmemleak.out) leaks on the host (kmemleak.out)"
			bad=1
		else
			echo "kmemleak: no leak on the host"
		fi
	elif [ -e /proc/lockdep_stats ] && grep -qw kmemleak=on /proc/cmdline; then
		echo "FAIL: kmemleak=on, but the kernel does not look for leaks"
		bad=1
	fi
	dmesg -n 7
	return $bad
}
