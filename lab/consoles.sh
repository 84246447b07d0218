# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What on a console means that a run has failed, whatever its scenario says: a kernel that panicked, oopsed or
# warned, an OP-TEE core or firmware that panicked or asserted. Reading is all that happens here.

# Kernels, of the host and of guests. A stalled RCU alone is no failure: an emulated CPU may wait long for a real one.
CONSOLE_KERNEL='Kernel panic|BUG: |BUG at |Oops|Internal error: |WARNING: |\[ cut here \]|: possible (recursive|circular) locking|INFO: task .* blocked for more than|UBSAN: |KASAN: '
# What else only a kernel that watches itself says (--kernel debug): RCU, SLUB, freed pages, objects, leaks.
CONSOLE_KERNEL+='|INFO: suspicious RCU|INFO: trying to register non-static key|BUG [a-zA-Z0-9_.-]+ \(|pagealloc: (memory corruption|single bit error)|ODEBUG: |kmemleak: ([1-9][0-9]* new suspected|.* unknown object)'
# A guest that is told to panic (echo c >/proc/sysrq-trigger) does so, then starts anew. Nothing else in a guest is fine.
CONSOLE_GUEST_FINE='Kernel panic - not syncing: sysrq triggered crash'
# TF-A, which shares the host's console until Linux takes it.
CONSOLE_FIRMWARE='PANIC (in|at) EL3|Unhandled (Exception|Interrupt)|^ASSERT: |^BACKTRACE: START'
# OP-TEE's core. xtest makes TAs panic and abort on purpose; that is "TA panicked" and "User mode … abort".
CONSOLE_SECURE='E/TC:.*([Aa]ssert|Panic|panic|Core [a-z-]*abort|unhandled)'
CONSOLE_SECURE_FINE='TA panicked|[Uu]ser (mode|TA)|panicked with code'

# The reason of the one panic of the host's kernel that a run is about (lab/run --panic); empty: it must not panic.
CONSOLE_PANIC=''

# Without the first line of the panic that is wanted; reads and writes lines.
console_without_panic()
{
	awk -v want="Kernel panic - not syncing: $CONSOLE_PANIC" -v wanted="$CONSOLE_PANIC" '
		wanted != "" && !seen && index($0, want) { seen = 1; next }
		{ print }'
}

# console_panicked FILE: the host's kernel did so, where that is wanted.
console_panicked() { [ -z "$CONSOLE_PANIC" ] || grep -aqF "Kernel panic - not syncing: $CONSOLE_PANIC" "$1"; }

# console_bad FILE: print the lines that fail a run, with the file's name; status 0 if there is any.
console_bad()
{
	local file=$1 name
	name=$(basename "$file" .log)
	case $name in
	secure) grep -aE "$CONSOLE_SECURE" "$file" | grep -avE "$CONSOLE_SECURE_FINE" ;;
	guest-*) grep -aE "$CONSOLE_KERNEL|$CONSOLE_FIRMWARE" "$file" | grep -avF "$CONSOLE_GUEST_FINE" ;;
	host) grep -aE "$CONSOLE_KERNEL|$CONSOLE_FIRMWARE" "$file" | console_without_panic ;;
	*) return 1 ;;
	esac | head -n 20 | tr -d '\r' | sed "s/^/    $name: /" | grep .
}

# consoles_bad FILE...: the same for all of them. They are looked at every few seconds, and most often one program can say
# of all that there is nothing. Thousands of short-lived ones cost as much as a board, and bash has been seen to wait for
# ever for one of them when the machine's process ids were used up and began anew.
consoles_bad()
{
	local file rc=1
	grep -aqE "$CONSOLE_KERNEL|$CONSOLE_FIRMWARE|$CONSOLE_SECURE" "$@" 2>/dev/null || return 1
	for file in "$@"; do
		case $file in *.out.log) continue ;; esac
		[ -r "$file" ] && console_bad "$file" && rc=0
	done
	return "$rc"
}
