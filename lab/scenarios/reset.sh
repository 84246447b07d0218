# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Guests that are reset and go on in the same VMM. First on /dev/teegate itself, with every kind of thing left behind
# (reset_test). Then one QEMU whose Linux is reset by QEMU, by itself, by a panic and by kexec, with sessions, buffers
# and calls of that life in OP-TEE each time (reset_guest): the same process must go on with a partition of a new
# number, nothing pinned but what the new life has, and OP-TEE must work. kexec is the exception: nobody but the guest
# knows of it, so its partition stays, with all that the former kernel had; the next reset ends that.
#
# --resets N of QEMU's guest, by --kinds WORD,… in turn; --device-resets N by reset_test; --contexts N for how many TAs
# may be open at a reset in each of both parts, as OP-TEE loses something each time (docs/reliability.md); --guest-smp N
# CPUs; --seed N for the moments of "early".
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

RESETS=3 KINDS=busy,kexec,panic DEVICE_RESETS=40 CONTEXTS=8 NAME=reset
while [ $# -gt 0 ]; do
	case $1 in
	--resets) RESETS=$2 ;;
	--kinds) KINDS=$2 ;;
	--device-resets) DEVICE_RESETS=$2 ;;
	--contexts) CONTEXTS=$2 ;;
	--guest-smp) GUEST_SMP=$2 ;;
	--seed) RANDOM=$2 ;;
	*) fail "no option $1" ;;
	esac
	shift 2
done
IFS=, read -r -a KINDS <<<"$KINDS"

# Room for an initial RAM disk that stays there, a kernel, and both again while kexec puts them in place.
GUEST_MEM=768
# A guest is reset by work of its own, and boots some times more often here than elsewhere: a machine may be busy once.
RESET_TIMEOUT=300
[ "$GUEST_BOOT_TIMEOUT" -ge 600 ] || GUEST_BOOT_TIMEOUT=600

# ---- the guest ----

reset_guest_start()
{
	local d=$GUESTS/$NAME
	rm -rf "$d"
	mkdir -p "$d"
	mkfifo "$d/qmp.in" "$d/qmp.out"
	cat "$d/qmp.out" >"/lab/guest-$NAME.qmp" &
	# What stands last is what QEMU goes by. What kexec starts is the same kernel with the same RAM disk, which Linux shows
	# as /sys/firmware/initrd when it is told to keep it.
	GUEST_EXTRA=(-append "$(guest_append teegate.ctl=virtio retain_initrd)" -action reboot=reset
		-chardev "pipe,id=qmp,path=$d/qmp" -mon "qmp,mode=control")
	guest_start_tee "$NAME"
	guest_wait_up "$NAME"
	qmp qmp_capabilities
	[ "$GUEST_SMP" = 1 ] || expect "the guest has $GUEST_SMP CPUs" guest_run "$NAME" "[ \$(nproc) = $GUEST_SMP ]"
}

qmp() { echo "{\"execute\": \"$1\"}" >"$GUESTS/$NAME/qmp.in"; }

# How often QEMU says that it has reset the machine, whoever asked for it.
qmp_resets() { grep -c '"event": "RESET"' "/lab/guest-$NAME.qmp"; }
qmp_has_reset() { [ "$(qmp_resets)" -ge "$1" ]; }

# stats_read: the guest's counters, as guest_stats prints them, to the array STATS, and all pinned pages.
stats_read()
{
	local text name value
	text=$(guest_stats "$(cat "$GUESTS/$NAME/pid")" 2>&1) || fail "no counters of the VMM's guest: $text"
	while read -r name value; do STATS[$name]=$value; done <<<"$text"
	STATS[pins]=$(pins)
}
declare -A STATS BEFORE

# ---- what OP-TEE holds when the reset comes ----

# has pta|ta|busy: in the background, until it is so.
has()
{
	local words="hold $1"
	[ "$1" != busy ] || words=busy
	guest_run "$NAME" "mkfifo /run/held
		/given/reset_guest $words >/run/held 2>&1 &
		read -r line </run/held
		echo \"\$line\"
		[ \"\$line\" = held ]" ||
		fail "the guest cannot use OP-TEE: $(guest_out "$NAME" | tail -n 1)"
}

# By itself, by QEMU, in its panic, or not to be noticed. reset_KIND brings it about and returns at once.
reset_idle() { qmp system_reset; }
reset_busy() { has busy && qmp system_reset; }
reset_ta() { has ta && qmp system_reset; }
reset_reboot() { has pta && guest_post "$NAME" reboot -f; }
reset_panic() { has pta && guest_post "$NAME" "echo c >/proc/sysrq-trigger"; }
reset_kexec() { has pta && guest_post "$NAME" /given/reset_kexec /given/Image /sys/firmware/initrd; }

# Once more at some moment of its boot, which may be before it has asked for OP-TEE.
reset_early()
{
	qmp system_reset
	wait_for "$RESET_TIMEOUT" qmp_has_reset "$((QMP_RESETS + 1))" || fail "QEMU does not reset"
	QMP_RESETS=$((QMP_RESETS + 1))
	sleep "$((RANDOM % 8)).$((RANDOM % 10))"
	qmp system_reset
}

# ---- and what is left ----

# Lines of the life before: once QEMU has reset the machine there are no more of them.
control_drain()
{
	local fd
	fd=$(cat "$GUESTS/$NAME/fd")
	while read -r -t 0.1 -u "$fd" _; do :; done
}

# A guest under another kernel, in the partition of the former one, which has left what it had.
life_after_kexec()
{
	qmp_has_reset $((QMP_RESETS + 1)) && fail "kexec: QEMU has reset the machine"
	[ "${STATS[vmid]} ${STATS[partitions]}" = "${BEFORE[vmid]} ${BEFORE[partitions]}" ] ||
		fail "kexec: another partition, ${STATS[vmid]} after ${BEFORE[vmid]}"
	[ "${STATS[shm_buffers]}" -gt "${BEFORE[shm_buffers]}" ] ||
		fail "kexec: ${STATS[shm_buffers]} buffers, none of them the former kernel's"
}

life_after_reset() # KIND
{
	local n=$((STATS[partitions] - BEFORE[partitions]))
	[ "${STATS[vmid]}" -ne "${BEFORE[vmid]}" ] || fail "$1: the partition is the former one, ${STATS[vmid]}"
	[ "$n" -eq 1 ] || { [ "$1" = early ] && [ "$n" -eq 2 ]; } || fail "$1: $n new partitions"
}

# What may be pinned is what this guest has shared in this life, page by page. What it does by itself, and each CPU's part
# of the kernel's counters, come to rest within a second.
life_is_settled()
{
	stats_read
	[ "${STATS[calls_in_flight]}" -eq 0 ] && [ "${STATS[pins]}" -eq $((STATS[pinned_bytes] / 4096)) ]
}

life_judge() # KIND
{
	local pages
	wait_for 5 life_is_settled || true
	pages=$((STATS[pinned_bytes] / 4096))
	if [ "$1" = kexec ]; then life_after_kexec; else life_after_reset "$1"; fi
	[ "${STATS[calls_in_flight]}" -eq 0 ] || fail "$1: ${STATS[calls_in_flight]} calls in flight in a guest that is idle"
	[ "${STATS[pins]}" -eq "$pages" ] || fail "$1: ${STATS[pins]} pages pinned, the guest has shared $pages"
}

reset_one() # NUMBER KIND
{
	local kind=$2 name
	stats_read
	for name in "${!STATS[@]}"; do BEFORE[$name]=${STATS[$name]}; done
	QMP_RESETS=$(qmp_resets)
	"reset_$kind"
	if [ "$kind" != kexec ]; then
		wait_for "$RESET_TIMEOUT" qmp_has_reset "$((QMP_RESETS + 1))" || fail "$kind: QEMU has not reset the machine"
		control_drain
	fi
	guest_wait_up "$NAME"
	xtest_guest "$NAME" "after $kind" 300 -l 0 -t regression regression_1004 || true
	xtest_judge "after $kind" "/lab/xtest-$NAME.out"
	life_judge "$kind"
	say "ok: reset $1, $kind: partition ${STATS[vmid]} after ${BEFORE[vmid]}, ${STATS[shm_buffers]} buffers," \
		"${STATS[pins]} pages pinned"
}

# reset_many N: one QEMU from start to end.
reset_many()
{
	local i kind tas=$CONTEXTS
	reset_guest_start
	for i in $(seq "$1"); do
		kind=${KINDS[$(((i - 1) % ${#KINDS[@]}))]}
		if [ "$kind" = ta ]; then
			if [ "$tas" -eq 0 ]; then kind=busy; else tas=$((tas - 1)); fi
		fi
		reset_one "$i" "$kind"
	done
	refute "the VMM had to say something" grep -a teegate: "/lab/guest-$NAME.vmm"
	expect "the guest powers off" guest_stop "$NAME"
	expect "all is unpinned" wait_for 30 nothing_pinned
}

need_teegate
need_file /lab/bin/reset_test
need_file /lab/bin/guest_stats
guest_initrd_with /lab/bin/reset_guest /lab/bin/reset_kexec /lab/guest/Image
load_host_tee
expect "resets on /dev/teegate" /lab/bin/reset_test --resets "$DEVICE_RESETS" --contexts "$CONTEXTS"
reset_many "$RESETS"
expect "the host's own TEE" xtest -l 0 -t regression regression_1001
expect "the modules unload" unload_host_tee
