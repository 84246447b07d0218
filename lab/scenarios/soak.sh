# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Mixed load that comes and goes at random for --minutes N: the host's xtest; two places for guests that run xtest,
# under QEMU (powered off, killed, reset by QEMU's monitor) or under minivmm (reset themselves, then killed); a hostile
# guest (killed, resetting itself, or to its end); and a program on /dev/teegate (soak_test: killed in any state of a
# call, reset). Each place has a partition of OP-TEE: lab/run --optee guests, for the host and four guests. Every
# failure ends the run. Now and then all of them end and the machine is measured; what is used may not grow from the
# end of the first round to the last. --seed N: what happens is chosen by it, not when; it is printed. Nothing is
# judged by how long it takes.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh
# shellcheck source=lab/scenarios/lib-hostile.sh
. /lab/board/lib-hostile.sh

MINUTES=3 SEED=$((RANDOM * 32768 + RANDOM))
while [ $# -gt 0 ]; do
	case $1 in
	--minutes) MINUTES=$2 && shift ;;
	--seed) SEED=$2 && shift ;;
	*) fail "no option $1" ;;
	esac
	shift
done

# A round of the mixed load, then a measurement: at least three of them.
ROUNDS_LEAST=3
ROUND_SECONDS=$((MINUTES * 60 / ROUNDS_LEAST))
[ "$ROUND_SECONDS" -le 600 ] || ROUND_SECONDS=600
SOAK=/run/soak
PLACES=(host linux1 linux2 hostile program)
GUEST_MEM=384
# With so many others a guest gets little of the board, and the board little of the machine. No judgement.
GUEST_BOOT_TIMEOUT=1800 XTEST_TIMEOUT=1800
# The driver's basics, sessions, TAs, shared memory, storage; none that compares times or takes long.
XTEST_CHOICE=(1001 1002 1004 1005 1008 6001 6003)
STORAGE=()

stopping() { [ -e "$SOAK/stop" ]; }
# event WHAT: counted, and shown each minute.
event() { printf '%s\n' "$*" >>"$SOAK/events"; }
events() { grep -c "$1" "$SOAK/events" 2>/dev/null; }

one_in() { [ $((RANDOM % $1)) -eq 0 ]; }

# rest SECONDS: up to so long, in pieces, until the round ends.
rest()
{
	local tenths=$((RANDOM % ($1 * 10)))
	while [ $tenths -gt 0 ] && ! stopping; do
		sleep 0.2
		tenths=$((tenths - 2))
	done
}

xtest_choose() # two or three cases into XTEST
{
	local n
	XTEST=(-l 0 -t regression)
	for n in 1 2 3; do
		[ $n -eq 3 ] && one_in 2 || XTEST+=("regression_${XTEST_CHOICE[RANDOM % ${#XTEST_CHOICE[@]}]}")
	done
}

# ---- the host's own xtest ----

place_host()
{
	local status
	while ! stopping; do
		xtest_choose
		status=0
		xtest "${XTEST[@]}" >"$SOAK/xtest" 2>&1 || status=$?
		xtest_judge "on the host" "$SOAK/xtest"
		[ $status -eq 0 ] || fail "xtest on the host ended with $status"
		event xtest on the host
		rest 10
	done
}

# What OP-TEE keeps for the host from the first time on is there before anything is measured: some case may have its
# first turn late.
host_warm()
{
	xtest -l 0 -t regression "${XTEST_CHOICE[@]/#/regression_}" >"$SOAK/xtest" 2>&1 || true
	xtest_judge "on the host, each case once" "$SOAK/xtest"
}

# ---- guests with Linux ----

# All that is left of a guest that has ended well.
guest_forget() # NAME
{
	local fd
	if [ -e "$GUESTS/$1/fd" ]; then
		fd=$(cat "$GUESTS/$1/fd")
		exec {fd}<&-
	fi
	rm -rf "${GUESTS:?}/$1"
	rm -f /lab/guest-"$1".* /lab/xtest-"$1".out
}

qemu_xtest() # NAME
{
	local status=0
	xtest_choose
	xtest_guest "$1" "in $1" $XTEST_TIMEOUT "${XTEST[@]}" || status=$?
	xtest_judge "in $1" "/lab/xtest-$1.out"
	[ $status -eq 0 ] || fail "xtest in $1 ended with $status"
	event xtest in a guest
}

# How often the guest has come up in its life. QEMU makes the console's file when it gets there.
qemu_boots() # NAME
{
	local n
	n=$(grep -ac 'lab: guest is up' "$GUESTS/$1/console" 2>/dev/null) || true
	echo "${n:-0}"
}

# For the guest's boot NUMBER of its life; 1 if the round ends before.
qemu_wait_up() # NAME NUMBER
{
	while [ "$(qemu_boots "$1")" -lt "$2" ]; do
		! stopping || return 1
		guest_is_running "$1" || { guest_show_failure "$1"; fail "$1 ended by itself"; }
		sleep 0.5
	done
}

# In the middle of its xtest; what that said is lost. Its answer may have come before the reset.
qemu_reset() # NAME
{
	xtest_choose
	guest_post "$1" "xtest ${XTEST[*]}"
	rest 5
	BOOTS=$((BOOTS + 1))
	echo system_reset >"$GUESTS/$1/monitor.in"
	qemu_wait_up "$1" $BOOTS || return 0
	guest_read "$1" "$GUEST_BOOT_TIMEOUT" || fail "$1 did not come up again"
	[[ $GUEST_LINE != VERDICT* ]] || guest_read "$1" "$GUEST_BOOT_TIMEOUT" || fail "$1 did not come up again"
	[ "$GUEST_LINE" = READY ] || fail "$1 came up again with \"$GUEST_LINE\""
	event reset by QEMU
	qemu_xtest "$1"
}

qemu_kill() # NAME STATE
{
	guest_kill "$1"
	event "killed QEMU, $2"
}

qemu_end() # NAME
{
	if one_in 3; then
		guest_stop "$1" || fail "$1 ended with $?"
		event powered off
		return
	fi
	xtest_choose
	guest_post "$1" "xtest ${XTEST[*]}"
	rest 8
	qemu_kill "$1" "xtest in it"
}

life_qemu() # NAME
{
	local d=$GUESTS/$1 GUEST_EXTRA GUEST_SMP=$((1 + RANDOM % 2)) BOOTS=1 n
	mkdir -p "$d"
	mkfifo "$d/monitor.in" "$d/monitor.out"
	GUEST_EXTRA=(-action reboot=reset -chardev "pipe,id=monitor,path=$d/monitor" -mon chardev=monitor)
	guest_start_tee "$1"
	if one_in 5; then rest 30; else qemu_wait_up "$1" $BOOTS; fi
	if [ "$(qemu_boots "$1")" -eq 0 ]; then
		qemu_kill "$1" "booting"
		return
	fi
	guest_wait_up "$1"
	for ((n = 1 + RANDOM % 4; n > 0; n--)); do
		stopping || qemu_xtest "$1"
		stopping || one_in 2 || qemu_reset "$1"
	done
	if stopping; then qemu_kill "$1" "at the round's end"; else qemu_end "$1"; fi
}

# Boots, runs xtest, resets itself, and so on; killed after some of these, at any moment.
life_minivmm() # NAME
{
	local d=$GUESTS/$1 lives=$((1 + RANDOM % 3)) vmm had=0 bad
	xtest_choose
	mkdir -p "$d"
	# Before there is anybody to write to it.
	: >"$d/console"
	minivmm --kernel /lab/guest/Image --initrd /lab/guest/initrd --mem $GUEST_MEM --smp $((1 + RANDOM % 2)) --tee \
		--on-reset restart --cmdline "$(guest_append console=ttyS0 \
			"teegate.cmd=$(echo "xtest ${XTEST[*]}; echo SOAK-XTEST \$?; reboot -f" | base64 -w 0)")" \
		>"$d/console" 2>"/lab/guest-$1.vmm" </dev/null &
	vmm=$!
	# Not by time: a guest that hangs is seen by there being no end, and the run's time is up.
	while [ "$had" -lt "$lives" ] && ! stopping && kill -0 $vmm; do
		sleep 0.5
		had=$(grep -ac '^SOAK-XTEST' "$d/console")
	done
	rest 5
	kill -KILL $vmm || fail "minivmm of $1 ended by itself with $(wait $vmm; echo $?)"
	wait $vmm 2>/dev/null
	bad=$(tr -d '\r' <"$d/console" | grep -a '^SOAK-XTEST' | grep -avc ' 0$')
	[ "$bad" -eq 0 ] || { xtest_failures "$d/console"; fail "xtest in $1 failed $bad times"; }
	for ((; had > 0; had--)); do event "xtest in a guest, which reset itself"; done
	event "killed minivmm"
}

place_linux() # NAME
{
	local n=0 name
	while ! stopping; do
		n=$((n + 1))
		name=$1-$ROUND-$n
		if one_in 3; then life_minivmm "$name"; else life_qemu "$name"; fi
		guest_forget "$name"
		rest 10
	done
}

# ---- a hostile guest ----

life_hostile() # NAME
{
	local status=0
	case $((RANDOM % 4)) in
	0)
		hostile_run "$1" -- seed=$RANDOM smcs=$((200 + RANDOM % 800)) || status=$?
		[ $status -eq 0 ] || hostile_fail "$1" "the hostile guest ended with $status"
		event hostile to its end
		;;
	1)
		hostile_run "$1" --on-reset restart -- seed=$RANDOM smcs=400 reset-after=$((100 + RANDOM % 200)) resets=2 ||
			status=$?
		[ $status -eq 0 ] || hostile_fail "$1" "the hostile guest that resets itself ended with $status"
		grep -aq 'restart 2' "$GUESTS/$1/console" || hostile_fail "$1" "the hostile guest was not reset"
		event "hostile, reset itself"
		event "hostile, reset itself"
		;;
	*)
		hostile_start "$1" -- seed=$RANDOM smcs=1000000000
		rest 6
		kill -KILL "$HOSTILE" || hostile_fail "$1" "the hostile guest ended by itself"
		wait "$HOSTILE" 2>/dev/null
		! grep -aq VIOLATION "$GUESTS/$1/console" || hostile_fail "$1" "the hostile guest saw a violation"
		event "killed minivmm, hostile"
		;;
	esac
}

place_hostile()
{
	local n=0 name
	while ! stopping; do
		n=$((n + 1))
		name=hostile-$ROUND-$n
		life_hostile "$name"
		guest_forget "$name"
		rest 12
	done
}

# ---- /dev/teegate ----

place_program()
{
	while ! stopping; do
		/lab/bin/soak_test --lives --until "$SOAK/stop" --seed $RANDOM --most $((1 + RANDOM % 8)) >"$SOAK/lives" ||
			{ cat "$SOAK/lives"; fail "soak_test failed"; }
		grep 'killed in\|reset' "$SOAK/lives" | sed 's/^/program, /' >>"$SOAK/events"
		rest 2
	done
}

# ---- rounds ----

place_run() # NUMBER
{
	RANDOM=$(((SEED + ROUND * ${#PLACES[@]} + $1) % 32768))
	case ${PLACES[$1]} in
	linux*) place_linux "${PLACES[$1]}" ;;
	*) "place_${PLACES[$1]}" ;;
	esac
	# lib.sh's fail ends the place with 1.
	exit 0
}

progress()
{
	say "round $ROUND: $(events xtest) times xtest, $(events killed) kills ($(events 'killed QEMU') of QEMU," \
		"$(events 'killed minivmm') of minivmm), $(events reset) resets ($(events 'reset by QEMU') by QEMU)," \
		"$(events .) events; free $(awk '/^MemAvailable/ { print $2 }' /proc/meminfo) KiB," \
		"slabs $(awk '/^SUnreclaim/ { print $2 }' /proc/meminfo) KiB, $(pins) pins"
}

place_failed() # NUMBER STATUS
{
	tail -n 30 "/lab/soak-${PLACES[$1]}.log"
	fail "${PLACES[$1]} ended with $2 (seed $SEED, round $ROUND)"
}

# Those that have ended before they were told to.
places_look()
{
	local i
	for i in "${!PLACES[@]}"; do
		kill -0 "${PLACE_PIDS[$i]}" 2>/dev/null || {
			wait "${PLACE_PIDS[$i]}"
			place_failed "$i" $?
		}
	done
}

round_run()
{
	local i end=$((SECONDS + ROUND_SECONDS)) shown=$SECONDS status
	rm -f "$SOAK/stop"
	for i in "${!PLACES[@]}"; do
		place_run "$i" >>"/lab/soak-${PLACES[$i]}.log" 2>&1 &
		PLACE_PIDS[i]=$!
	done
	while [ $SECONDS -lt $end ]; do
		sleep 2
		places_look
		if [ $((SECONDS - shown)) -ge 60 ]; then
			shown=$SECONDS
			progress
		fi
	done
	touch "$SOAK/stop"
	for i in "${!PLACES[@]}"; do
		status=0
		wait "${PLACE_PIDS[$i]}" || status=$?
		[ $status -eq 0 ] || place_failed "$i" $status
	done
	progress
}

# Nobody but us: nothing pinned, then a sample. The first round is what allocates once. The copier of consoles starts
# processes, which the kernel's counters would show, so it pauses.
round_measure()
{
	wait_for 60 nothing_pinned || fail "$(pins) pages stay pinned after round $ROUND (seed $SEED)"
	kill -STOP "$GUESTS_COPIER"
	sleep 1
	/lab/bin/soak_test --sample "$SOAK/samples" >"$SOAK/sample" ||
		{ cat "$SOAK/sample"; fail "measuring after round $ROUND (seed $SEED)"; }
	kill -CONT "$GUESTS_COPIER"
	say "round $ROUND: nothing is pinned; $(head -n 1 "$SOAK/sample")"
}

need_teegate
need_hostile
need_file /lab/bin/soak_test
[ "$BOARD_PARTITIONS" -eq 5 ] || skip "this OP-TEE has $BOARD_PARTITIONS partitions, not 5 (lab/run --optee guests)"
# They explain refusals that this scenario causes on purpose, in their thousands.
dmesg -n 5
mkdir -p "$SOAK" "$GUESTS"
load_host_tee
guests_copy_loop &
GUESTS_COPIER=$!
host_warm
say "seed $SEED: $MINUTES minutes in rounds of $ROUND_SECONDS s"
ROUND=0 PLACE_PIDS=()
END=$((SECONDS + MINUTES * 60))
while [ $SECONDS -lt $END ] || [ $ROUND -lt $ROUNDS_LEAST ]; do
	ROUND=$((ROUND + 1))
	round_run
	round_measure
done
guests_copy_stop
say "what happened (seed $SEED):"
sort "$SOAK/events" | uniq -c
WANTED=(xtest killed reset)
# Where in so much time no guest with Linux has come as far, the machine was too busy for the run to mean what it should.
[ "$MINUTES" -lt 60 ] || WANTED+=("xtest in a guest" "reset by QEMU")
for what in "${WANTED[@]}"; do [ "$(events "$what")" -gt 0 ] || fail "nothing like \"$what\" has happened (seed $SEED)"; done
cp "$SOAK/samples" /lab/soak-samples
expect "memory is flat from the end of round 1 to the end of round $ROUND" /lab/bin/soak_test --judge "$SOAK/samples"
expect "every VM id has been given back" /lab/bin/kill_test --only "device opened" --kills 1 --cycles 70
expect "the host's own TEE" xtest -l 0 -t regression regression_1001
expect "all is unpinned" wait_for 30 nothing_pinned
expect "the modules unload" unload_host_tee
