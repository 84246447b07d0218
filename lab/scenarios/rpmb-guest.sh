# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# RPMB in guests, with an OP-TEE that has the RPMB file system and programs its key itself: refused to a guest that
# does not own the RPMB, and so has no storage; refused to a second owner; and working
# for the owner. The owner's RPMB is the one that Debian's tee-supplicant emulates in the guest: the legacy route, as
# neither Debian's QEMU has an RPMB nor Debian's kernel CONFIG_RPMB. --short runs fewer tests.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

# Storage tests that run once for each storage that answers; RPMB is 0x80000100.
TESTS=(regression_6001 regression_6002 regression_6003 regression_6004 regression_6005 regression_6006 regression_6007
	regression_6008 regression_6009 regression_6010 regression_6012 regression_6013 regression_6018)
[ "${1:-}" != --short ] || TESTS=(regression_6001 regression_6005)

# And one that uses no storage and no TA from a file, and one that uses such a TA.
TESTS+=(regression_1001)
NEEDS_TA=regression_1004

rpmb_was_used() { grep -q 'Storage id: 80000100' "$1"; }
said_in_log() { dmesg | grep -q "teegate: VM [0-9]* (process [0-9]*): OP-TEE wants the RPMB"; }
run_rpmb() { teegate run --rpmb -- qemu-system-aarch64 -M virt -accel kvm -cpu host 2>/run/refusal; }

xtest_storage() # GUEST WHAT JUDGE
{
	xtest_guest "$1" "$2" 1500 -l 0 -t regression "${TESTS[@]}"
	"$3" "$2" "/lab/xtest-$1.out"
}

need_teegate
load_host_tee
refute "no guest may own the RPMB unless the administrator says so" run_rpmb
expect "with a reason" grep -q 'rpmb_guests=1' /run/refusal
guest_start_tee plain
guest_wait_up plain
xtest_storage plain "in a guest that does not own the RPMB" xtest_judge_no_storage
# OP-TEE keeps the least allowed versions of TAs in storage, which it anchors in the RPMB.
refute "nor can it load a TA whose version OP-TEE would look up" guest_run plain "xtest -l 0 -t regression $NEEDS_TA"
expect "the host's log says so, and what to do" said_in_log
expect "at a limited rate" test "$(dmesg | grep -c 'OP-TEE wants the RPMB')" -le 2
expect "the guest powers off" guest_stop plain

echo Y >/sys/module/teegate/parameters/rpmb_guests
guest_start_tee owner --rpmb
guest_wait_up owner
refute "a second owner is refused" run_rpmb
expect "with a reason" grep -q 'another guest owns the RPMB' /run/refusal
TESTS+=("$NEEDS_TA")
xtest_storage owner "in the owner" xtest_judge
expect "it had an RPMB" rpmb_was_used /lab/xtest-owner.out
expect "the guest powers off" guest_stop owner
