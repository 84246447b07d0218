# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What happens to a host while guests use OP-TEE: a VMM is stopped and goes on; the machine is suspended to idle; CPUs
# go and, where the firmware lets them, come back; vCPU threads move between CPUs. The guests are two of host_calls_test, which call without
# an end and answer each of OP-TEE's questions from another CPU than the one it came to, and for the suspend one whose
# call is in OP-TEE. Afterwards all results are right, nothing is pinned and the modules can go. Needs lab/run --optee
# guests --suspend. --rounds N: how often each CPU goes, how often the machine is suspended and the VMM stopped.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

ROUNDS=1
[ "${1:-}" != --rounds ] || ROUNDS=$2
CPUS=/sys/devices/system/cpu
RTC=/sys/class/rtc/rtc0
XTEST=(-l 0 -t regression regression_1001 regression_1004 regression_6001)

# ---- who uses OP-TEE meanwhile ----

declare -A CALLS
calls_start() # NAME
{
	/lab/bin/host_calls_test >"/run/calls-$1" 2>&1 &
	CALLS[$1]=$!
	wait_for 120 calls_go_on "$1" 0 || fail "the calls of guest $1 do not begin: $(cat "/run/calls-$1")"
}

calls_lives() { grep -c '^life ' "/run/calls-$1"; }
calls_go_on() { [ "$(calls_lives "$1")" -gt "$2" ]; }

# calls_expect WHAT NAME...: some calls of these guests began and ended after this was called.
calls_expect()
{
	local what=$1 name had
	shift
	for name in "$@"; do
		had=$(calls_lives "$name")
		expect "$what: calls of guest $name go on" wait_for 120 calls_go_on "$name" "$((had + 1))"
	done
}

calls_end() # NAME
{
	local status=0
	kill -TERM "${CALLS[$1]}"
	wait "${CALLS[$1]}" || status=$?
	tail -n 2 "/run/calls-$1"
	[ "$status" -eq 0 ] || fail "guest $1 ended with $status: $(grep -m 3 FAIL "/run/calls-$1")"
	say "ok: all calls of guest $1 ended as they should"
}

# ---- CPUs ----

# Firmware may keep it: TF-A on a cortex-a76 does, without OP-TEE and teegate, too. On a cortex-a57 it comes back.
cpu_comes_back() # CPU
{
	echo 1 >"$CPUS/cpu$1/online" 2>/dev/null && return
	say "SKIP: CPU $1 does not come back: $(dmesg | grep "CPU$1" | tail -n 1)"
	return 1
}

# Each but the last one, which would have to run all that is to be seen.
cpus_go()
{
	local n cpu
	for n in $(seq "$ROUNDS"); do
		for ((cpu = BOARD_SMP - 1; cpu > 0; cpu--)); do
			echo 0 >"$CPUS/cpu$cpu/online" || fail "CPU $cpu does not go"
			calls_expect "CPU $cpu is gone" one two
			cpu_comes_back "$cpu" || return 0
			calls_expect "CPU $cpu is back" one
		done
	done
}

# ---- suspend to idle ----

suspends() { cat /sys/power/suspend_stats/success; }

suspend_once() # SECONDS
{
	local had
	had=$(suspends)
	echo 0 >"$RTC/wakealarm"
	echo "+$1" >"$RTC/wakealarm" || fail "the clock cannot wake the machine"
	echo freeze >/sys/power/state || fail "the machine is not suspended: $(dmesg | tail -n 5)"
	[ "$(suspends)" -eq $((had + 1)) ] || fail "the machine was suspended $had times before, $(suspends) after"
	say "ok: suspended to idle and woken by the clock"
}

is_held() { grep -qs '^held' /run/held; }

# Beside a guest whose call is in OP-TEE for minutes: it must come out for the machine to sleep.
suspend()
{
	local n holder
	/lab/bin/host_hold_test hold /run/frames "in OP-TEE" >/run/held 2>&1 &
	holder=$!
	wait_for 60 is_held || fail "no call stays in OP-TEE: $(cat /run/held)"
	for n in $(seq "$ROUNDS"); do
		suspend_once 3
		calls_expect "awake" one two
	done
	kill -0 "$holder" || fail "the call in OP-TEE ended: $(cat /run/held)"
	kill -KILL "$holder"
	wait "$holder" 2>/dev/null
	xtest_host "${XTEST[@]}"
}

# ---- a VMM that is stopped ----

vmm_is_stopped() { grep -q '^State:.*stopped' "/proc/${CALLS[one]}/status"; }

stop_and_go_on()
{
	local n lives
	for n in $(seq "$ROUNDS"); do
		kill -STOP "${CALLS[one]}"
		wait_for 30 vmm_is_stopped || fail "the VMM does not stop: $(grep State "/proc/${CALLS[one]}/status")"
		lives=$(calls_lives one)
		calls_expect "a VMM is stopped" two
		xtest_host "${XTEST[@]}"
		vmm_is_stopped || fail "the VMM was not stopped meanwhile"
		[ "$(calls_lives one)" -eq "$lives" ] || fail "a stopped VMM makes calls"
		kill -CONT "${CALLS[one]}"
		calls_expect "the VMM goes on" one
	done
}

need_teegate
need_file /lab/bin/host_calls_test
[ "$BOARD_PARTITIONS" -ge 4 ] || skip "this OP-TEE has no partitions for three guests (lab/run --optee guests)"
load_host_tee
calls_start one
calls_start two
stop_and_go_on
suspend
cpus_go
xtest_host "${XTEST[@]}"
calls_end one
calls_end two
expect "all is unpinned" wait_for 30 nothing_pinned
expect "the modules unload" unload_host_tee
