# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The host's kernel is replaced while guests hold partitions of OP-TEE, which goes on in the secure world and is not
# told: first by kexec, then by a crash. Each new kernel loads teegate.ko, which must sweep what it finds. Then the host
# must have its TEE with asynchronous notifications, and guests all partitions there are, no more and no less. After the
# crash the old kernel's memory is left alone, so what OP-TEE still writes there would be seen. Needs lab/run --append
# crashkernel=SIZE --panic sysrq.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

HOLD=/lab/bin/host_hold_test
# Outlasts a kernel: where the dead guest's buffer is in memory.
FRAMES=/lab/frames.out
GUESTS_MAX=$((BOARD_PARTITIONS - 1))
# As many as there are partitions, the first ones first.
STATES=(buffer "in OP-TEE" "RPC CMD FS" "all of OP-TEE's threads in RPCs")
XTEST=(-l 0 -t regression regression_1001 regression_1004 regression_6001)

is_held() { grep -qs '^held' /run/held; }

one_is_free() { "$HOLD" free 1 >/run/free 2>&1; }

# Guests, each in a state of its own, until there is no host.
hold()
{
	"$HOLD" hold "$FRAMES" "${STATES[@]:0:GUESTS_MAX}" >/run/held 2>&1 &
	wait_for 120 is_held || fail "the guests do not come up: $(cat /run/held)"
	say "ok: $GUESTS_MAX partitions are held: $(sed -n 's/: there//p' /run/held | paste -sd ';')"
	refute "none is left for another guest" one_is_free
}

notifications_are_on() { dmesg | grep -q 'optee: Asynchronous notifications enabled'; }

tee_is_whole() # WHAT
{
	load_host_tee
	expect "$1: the host has asynchronous notifications" notifications_are_on
	expect "$1: guests get all $GUESTS_MAX partitions and no more" "$HOLD" free "$GUESTS_MAX"
	xtest_host "${XTEST[@]}"
	expect "$1: nothing is pinned" wait_for 30 nothing_pinned
}

by_kexec()
{
	say "kexec, with $GUESTS_MAX guests"
	board_boot_next
	/lab/bin/reset_kexec /lab/guest/host-Image /lab/guest/host-initrd
	fail "no kexec"
}

by_crash()
{
	expect "a kernel for the crash is loaded" /lab/bin/reset_kexec --crash /lab/guest/host-Image /lab/guest/host-initrd
	say "crash"
	board_boot_next
	sync
	echo c >/proc/sysrq-trigger
	fail "no crash"
}

first_boot()
{
	[ -e /sys/kernel/kexec_crash_size ] || skip "this kernel has no kexec"
	[ "$(cat /sys/kernel/kexec_crash_size)" -gt 0 ] || fail "no memory is set aside (--append crashkernel=SIZE)"
	tee_is_whole "at first"
	hold
	by_kexec
}

second_boot()
{
	tee_is_whole "after kexec"
	hold
	by_crash
}

third_boot()
{
	expect "the dead guest's memory is there" "$HOLD" look "$FRAMES" /run/before
	tee_is_whole "after a crash"
	expect "OP-TEE has not written to the dead guest's memory" "$HOLD" look "$FRAMES" /run/before
	expect "all is unpinned" wait_for 30 nothing_pinned
	expect "the modules unload" unload_host_tee
}

need_teegate
need_file "$HOLD"
[ "$GUESTS_MAX" -ge 1 ] || skip "this OP-TEE has no partition for guests"
case $(board_boot) in
1) first_boot ;;
2) second_boot ;;
3) third_boot ;;
*) fail "boot $(board_boot)" ;;
esac
