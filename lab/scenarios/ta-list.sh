# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Trusted applications by UUID: the administrator's list (teegate.ko's parameter tas), a guest's own (teegate run --ta),
# and what each says when it refuses.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

# Where a guest's driver asks for devices behind OP-TEE; what regression_1001 opens (a pseudo TA of OP-TEE's tests) and
# regression_1004 (a TA from the file system); and one that no guest gets unless it is named.
DEVICES=7011a688-ddde-4053-a5a9-7b3c4ddf13b8
INVOKE_TESTS=d96a5b40-c3e5-21e3-8794-1002a5d5c61b
CRYPT=cb3e5ba0-adf1-11e0-998b-0002a5d5c51b
CLOCK=f389f8c8-845f-496c-8bbe-d64bd24c92fd

run_with_ta() { teegate run --ta "$1" -- qemu-system-aarch64 -M virt -accel kvm -cpu host 2>/run/refusal; }
said() { grep -q -- "$1" /run/refusal; }
denials() { dmesg | grep -c "the guest may not use trusted application $1: refused"; }

need_teegate
refute "the module does not take what is no UUID" insmod /lab/modules/teegate.ko "tas=$CRYPT,nonsense"
expect "with a reason" test "$(dmesg | grep -c "tas: 'nonsense' is not a UUID")" -eq 1
load_host_tee
run_with_ta "$CLOCK"
status=$?
expect "the clock is not for guests: refused (status $status)" test $status -eq 3
expect "with a reason, and what to do" said "--ta $CLOCK: not for guests here.*parameter tas"

guest_start_tee one --ta "$INVOKE_TESTS,$DEVICES"
guest_wait_up one
xtest_guest one "of what is on its list" 600 -l 0 -t regression regression_1001
xtest_judge "of what is on its list" /lab/xtest-one.out
expect "nobody was refused anything" test "$(denials '.*')" -eq 0
refute "nothing else" guest_run one "xtest -l 0 -t regression regression_1004"
guest_out one >/lab/xtest-one.out
expect "access is denied, by the mediator" grep -q '0xffff0001' /lab/xtest-one.out
expect "the host's log says so" test "$(denials $CRYPT)" -ge 1
expect "at a limited rate" test "$(denials '.*')" -le 2
expect "the guest powers off" guest_stop one

unload_host_tee || fail "the modules do not unload"
TEEGATE_PARAMETERS=("tas=$CRYPT,$CLOCK,$DEVICES")
load_host_tee
run_with_ta "$INVOKE_TESTS"
expect "what the administrator does not list is refused" said "--ta $INVOKE_TESTS: not for guests here"
guest_start_tee two
guest_wait_up two
xtest_guest two "of what the administrator lists" 600 -l 0 -t regression regression_1004
xtest_judge "of what the administrator lists" /lab/xtest-two.out
refute "nothing else" guest_run two "xtest -l 0 -t regression regression_1001"
expect "the host is not a guest" test "$(xtest -l 0 -t regression regression_1001 >/run/host.log; echo $?)" -eq 0
expect "the guest powers off" guest_stop two
