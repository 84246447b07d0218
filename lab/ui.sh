# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# How the lab talks and remembers: progress lines, logs, failures, and steps that are done once. Sourced by every
# program of the lab and usable by ./demo and ./check. What a step does is in trees.sh, kernels.sh, firmware.sh and
# initrd.sh, not here.

LAB_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LAB_BUILD=$LAB_TOP/build
LAB_OUT=$LAB_BUILD/lab
LAB_LOGS=$LAB_BUILD/logs

lab_note() { printf '==> %s\n' "$*" >&2; }

lab_die()
{
	printf 'lab: %s\n' "$*" >&2
	exit 1
}

# A waiting person wants to see that something moves; a log wants one line for a step.
ui_wait()
{
	local pid=$1 title=$2 start=$SECONDS
	if [ -t 2 ]; then
		while kill -0 "$pid" 2>/dev/null; do
			printf '\r\033[K==> %s … %d s' "$title" $((SECONDS - start)) >&2
			sleep 0.2
		done
		printf '\r\033[K' >&2
	fi
	local rc=0
	wait "$pid" || rc=$?
	if [ "$rc" -eq 0 ]; then
		lab_note "$title … ok ($((SECONDS - start)) s)"
	else
		lab_note "$title … FAILED ($((SECONDS - start)) s)"
	fi
	return "$rc"
}

ui_show_failure()
{
	local log=$1
	printf 'lab: see %s; its last lines:\n' "${log#"$LAB_TOP"/}" >&2
	tail -n 20 "$log" | sed 's/^/    | /' >&2
}

# ui_run NAME TITLE COMMAND...: run it with its output in build/logs/NAME.log and a progress line on stderr. Where the
# caller tests ui_run's status (if, &&, ||), bash ignores "set -e" in there as well: so the lab's own steps are called
# plainly all the way up, and a failure ends the program.
ui_run()
{
	local name=$1 title=$2 log rc=0
	shift 2
	mkdir -p "$LAB_LOGS"
	log=$LAB_LOGS/$name.log
	(
		set -euo pipefail
		"$@"
	) >"$log" 2>&1 </dev/null &
	ui_wait $! "$title" || rc=$?
	[ "$rc" -eq 0 ] || ui_show_failure "$log"
	return "$rc"
}

# step_key TEXT FUNCTION...: what a step's result depends on; the functions' own text is part of it, so that editing
# a recipe redoes its step and nothing else.
step_key()
{
	local text=$1
	shift
	{
		printf '%s\n' "$text"
		declare -f "$@"
	} | sha256sum | cut -c1-32
}

step_is_done() { [ -r "$LAB_OUT/stamps/$1" ] && [ "$(<"$LAB_OUT/stamps/$1")" = "$2" ]; }

# lab_step NAME TITLE KEY COMMAND...: run the command unless it was already done with this key. Several lab/run may
# start at once in one tree, so each step has a lock and looks again when it has it.
lab_step()
{
	local name=$1 title=$2 key=$3 lock
	shift 3
	step_is_done "$name" "$key" && return 0
	mkdir -p "$LAB_OUT/stamps" "$LAB_OUT/locks"
	exec {lock}>"$LAB_OUT/locks/$name"
	flock "$lock"
	if ! step_is_done "$name" "$key"; then
		rm -f "$LAB_OUT/stamps/$name"
		ui_run "$name" "$title" "$@"
		printf '%s\n' "$key" >"$LAB_OUT/stamps/$name"
	fi
	exec {lock}>&-
}
