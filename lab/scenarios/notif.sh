# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# OP-TEE's own test of asynchronous notifications (core/tests/notif_test_wd.c) in the host and in guests at once: for
# each VM that has enabled them a timer in OP-TEE sends value 0 once a second, and counts what was not answered by
# DO_BOTTOM_HALF before the next. What it counts is on OP-TEE's console; the other end is /proc/interrupts of each VM.
# As many guests as there are partitions, two at most under QEMU; then one of minivmm in place of one that has ended.
# With the host's driver gone, the interrupt is teegate.ko's own. --counts N: so many notifications of each at least.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh

COUNTS=8
# Two boot at once, or one on a machine with much else to do.
GUEST_BOOT_TIMEOUT=$((GUEST_BOOT_TIMEOUT * 3))
while [ $# -gt 0 ]; do
	case $1 in
	--counts) COUNTS=$2; shift ;;
	*) fail "no such argument: $1" ;;
	esac
	shift
done
CONSOLE=/lab/secure.log
# Under an emulated CPU, and beside others.
SECONDS_MAX=$((120 + 20 * COUNTS))

need_teegate
need_file $CONSOLE

# interrupts: how often a VM's OP-TEE driver was interrupted. For guests as text, since their shell runs it.
INTERRUPTS="awk '/optee_notification/ { n = 0; for (i = 2; i <= NF && \$i ~ /^[0-9]+\$/; i++) n += \$i; print n }' /proc/interrupts"
host_interrupts() { sh -c "$INTERRUPTS" | grep . || echo 0; }

guest_interrupts() # NAME: the last number that the guest said
{
	guest_run "$1" "$INTERRUPTS" && guest_out "$1" | grep -E '^[0-9]+$' | tail -n 1
}

host_has() { [ "$(host_interrupts)" -ge "$1" ]; }
guest_has() { [ "$(guest_interrupts "$1")" -ge "$2" ]; }

# What OP-TEE's test says of VM $1: "CALLS TIMEOUTS" of its last line, which it writes for the first nine calls, for
# each sixtieth and whenever one was not answered.
watchdog() { tr -d '\r' <$CONSOLE | sed -n "s/.*WD $1 call_count \([0-9]*\), timeout_count \([0-9]*\).*/\1 \2/p" | tail -n 1; }

watchdog_calls() { [ "$(watchdog "$1" | cut -d' ' -f1)" -ge "$2" ] 2>/dev/null; }

# Timers of an emulated CPU that shares a machine run late; so a VM may be late once in a while, but not for ever.
watchdog_judge() # WHO VM
{
	local calls late
	wait_for $SECONDS_MAX watchdog_calls "$2" "$COUNTS" || fail "$1: OP-TEE's test has not called $COUNTS times: $(watchdog "$2")"
	read -r calls late < <(watchdog "$2")
	say "$1 (VM $2): $calls notifications by OP-TEE's test, $late not answered in time"
	[ $((late * 4)) -le "$calls" ] || fail "$1 does not answer OP-TEE's notifications"
}

# The guests' partitions, by the tracepoint of each one's first call.
vmids() { sed -n 's/.*partition: vm=\([0-9]*\) created.*/\1/p' /sys/kernel/tracing/trace; }

COUNTS=$((COUNTS > 9 ? 60 : COUNTS))
load_host_tee
echo 1 >/sys/kernel/tracing/events/teegate/partition/enable
echo 1 >/sys/kernel/tracing/events/teegate/notif/enable
expect "the host's driver has notifications" eval "dmesg | grep -q 'optee: Asynchronous notifications enabled'"

expect "/dev/teegate's calls" /lab/bin/uapi_notif_test

GUESTS_ALL=(one)
[ "$BOARD_PARTITIONS" -le 2 ] || GUESTS_ALL+=(two)
echo >/sys/kernel/tracing/trace
for g in "${GUESTS_ALL[@]}"; do guest_start_tee "$g"; done
for g in "${GUESTS_ALL[@]}"; do
	guest_wait_up "$g"
	expect "guest $g: its driver has notifications" guest_run "$g" 'dmesg | grep "optee: Asynchronous notifications enabled"'
done
mapfile -t VMS < <(vmids)
[ ${#VMS[@]} -eq ${#GUESTS_ALL[@]} ] || fail "${#VMS[@]} partitions for ${#GUESTS_ALL[@]} guests"

# ---- all at once ----
before=$(host_interrupts)
expect "the host is notified" wait_for $SECONDS_MAX host_has $((before + COUNTS))
for g in "${GUESTS_ALL[@]}"; do
	expect "guest $g is interrupted" wait_for $SECONDS_MAX guest_has "$g" "$COUNTS"
done
watchdog_judge "the host" 1
for n in "${VMS[@]}"; do watchdog_judge "a guest" "$n"; done

# ---- the host's driver goes, and comes again ----
own_interrupt() { grep -q ' teegate$' /proc/interrupts; }
refute "teegate.ko has not requested the interrupt" own_interrupt
kill "$SUPPLICANT"
expect "the host's driver goes" wait_for 30 rmmod optee
expect "the interrupt is teegate.ko's now" own_interrupt
for g in "${GUESTS_ALL[@]}"; do
	before=$(guest_interrupts "$g")
	expect "guest $g is interrupted all the same" wait_for $SECONDS_MAX guest_has "$g" $((before + 3))
done
modprobe optee
wait_for 30 test -e /dev/tee0 || fail "no /dev/tee0 on the host: $(dmesg | grep -i optee | tail -n 3)"
start_supplicant || fail "no /dev/teepriv0 on the host"
refute "the interrupt is the driver's again" own_interrupt
expect "the host is notified again" wait_for $SECONDS_MAX host_has 3
for g in "${GUESTS_ALL[@]}"; do
	before=$(guest_interrupts "$g")
	expect "guest $g is, too" wait_for $SECONDS_MAX guest_has "$g" $((before + 3))
done

# ---- guests end: the others go on ----
expect "guest one powers off" guest_stop one
before=$(host_interrupts)
expect "the host is notified without it" wait_for $SECONDS_MAX host_has $((before + 3))
if [ ${#GUESTS_ALL[@]} -gt 1 ]; then
	before=$(guest_interrupts two)
	expect "guest two is, too" wait_for $SECONDS_MAX guest_has two $((before + 3))
fi

# minivmm: the same before and after a reset of the guest, which has a fresh partition then.
RESTARTS=/proc/device-tree/chosen/minivmm,restarts
expect "a guest of minivmm is notified, also after a reset" minivmm_run mini \
	"dmesg | grep 'optee: Asynchronous notifications enabled' || exit 1
	n=0; while [ \$($INTERRUPTS) -lt 3 ]; do n=\$((n + 1)); [ \$n -lt 600 ] || exit 2; sleep 1; done
	[ \$(od -An -tu1 -j3 -N1 $RESTARTS) -eq 1 ] || reboot -f" --tee --on-reset restart

guest_start_tee three --no-notif
guest_wait_up three
refute "a guest with --no-notif has no notifications" guest_run three 'dmesg | grep "optee: Asynchronous notifications enabled"'
expect "but OP-TEE" guest_run three 'test -e /dev/tee0'
expect "guest three powers off" guest_stop three
for g in "${GUESTS_ALL[@]:1}"; do expect "guest $g powers off" guest_stop "$g"; done

say "traced: $(grep -c 'notif: vm=' /sys/kernel/tracing/trace) times that a guest was interrupted"
expect "nothing is pinned" wait_for 30 nothing_pinned
expect "the modules unload" unload_host_tee
