# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Four guests with 2 CPUs each and the host run xtest at the same time, all of it with --full, else a short choice;
# other arguments go to xtest in place of that. Meanwhile a fifth guest finds no partition: it is said what to do, and
# the guest boots without a TEE. Started again when one of the four has ended, it has one. Needs an OP-TEE with five
# partitions: lab/run --optee guests.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

GUEST_SMP=2
# Five of them at a time, beside the host and OP-TEE's secure RAM.
GUEST_MEM=384
# All boot at once.
GUEST_BOOT_TIMEOUT=600
FOUR=(one two three four)
FULL='' SECONDS_LEFT=1500
# Sessions and TAs, shared memory, storage through the supplicant.
XTEST=(-l 0 -t regression regression_1001 regression_1004 regression_1008 regression_6001)
# Wants a second of waiting to take less than two, which is no matter of isolation when ten guest CPUs share two of the
# board. (With --icount, which would help, so many that switch take hours.) So it has its turn alone.
XTEST_TIMED=regression_1006 XTEST_TIMED_SUBTESTS=10
if [ "${1:-}" = --full ]; then
	FULL=1 SECONDS_LEFT=12000
	XTEST=(-l 0 -x "$XTEST_TIMED")
elif [ $# -gt 0 ]; then
	XTEST=("$@")
fi

# To RAM first: see guest_copy_out in lib.sh.
host_xtest()
{
	xtest "${XTEST[@]}" >/run/xtest-host.out 2>&1
	cp /run/xtest-host.out /lab/xtest-host.out
	say "xtest on the host has ended"
}

judge() # WHO FILE
{
	local all=()
	[ -z "$FULL" ] || all=($((XTEST_FULL_SUBTESTS - XTEST_TIMED_SUBTESTS)) $((XTEST_FULL_CASES - 1)))
	xtest_judge "$1" "$2" "${all[@]}"
}

# One after another.
timed_alone()
{
	local g
	for g in "${FOUR[@]}"; do
		xtest_guest "$g" "in guest $g" 300 -l 0 -t regression "$XTEST_TIMED"
		xtest_judge "$XTEST_TIMED in guest $g" "/lab/xtest-$g.out"
	done
	xtest -l 0 -t regression "$XTEST_TIMED" >/run/xtest-timed.out 2>&1
	xtest_judge "$XTEST_TIMED on the host" /run/xtest-timed.out
}

vmm_said() { grep -q "$2" "/lab/guest-$1.vmm"; }

# The kernel's line, which names the processes of the guests that hold a partition.
log_line() { dmesg | grep 'teegate: OP-TEE has no partition left' | tail -n 1; }
log_said() { grep -q "$1" <<<"$(log_line)"; }
log_names() { log_said "processes:.* $(cat "$GUESTS/$1/pid")\b"; }

has_tee() { guest_run "$1" 'test -e /dev/tee0 && test -e /dev/teepriv0'; }
has_no_tee() { guest_run "$1" 'test ! -e /dev/tee0 && test ! -e /dev/teepriv0'; }

fifth_is_refused()
{
	local g GUEST_SMP=1
	guest_start_tee fifth
	guest_wait_up fifth
	expect "a fifth guest boots without a TEE" has_no_tee fifth
	expect "teegate run says why" vmm_said fifth 'OP-TEE has no partition free for this guest'
	expect "and what to do" vmm_said fifth 'stop another guest .* larger CFG_VIRT_GUEST_COUNT'
	expect "the kernel's log names the guest that got none" log_said "guest of process $(cat "$GUESTS/fifth/pid")\b"
	expect "and what to do" log_said 'Stop another guest, or build OP-TEE with a greater CFG_VIRT_GUEST_COUNT'
	for g in "${FOUR[@]}"; do expect "and guest $g among those that hold one" log_names "$g"; done
}

need_teegate
[ "$BOARD_PARTITIONS" -eq 5 ] || skip "this OP-TEE has $BOARD_PARTITIONS partitions, not 5 (lab/run --optee guests)"
# OP-TEE's RAM is ordinary DRAM here, so Linux must have been told.
expect "Linux keeps off OP-TEE's RAM" test -e /sys/firmware/devicetree/base/reserved-memory/optee_core@44000000/no-map
load_host_tee
for g in "${FOUR[@]}"; do guest_start_tee "$g"; done
for g in "${FOUR[@]}"; do
	guest_wait_up "$g"
	expect "guest $g has a TEE and $GUEST_SMP CPUs" \
		guest_run "$g" "test -e /dev/tee0 && test \$(grep -c ^processor /proc/cpuinfo) -eq $GUEST_SMP"
done

for g in "${FOUR[@]}"; do guest_post "$g" "xtest ${XTEST[*]}"; done
host_xtest &
HOST_XTEST=$!
say "xtest runs in four guests and on the host"
fifth_is_refused
for g in "${FOUR[@]}"; do
	guest_verdict "$g" "$SECONDS_LEFT"
	guest_out "$g" >"/lab/xtest-$g.out"
	judge "in guest $g" "/lab/xtest-$g.out"
done
wait "$HOST_XTEST"
judge "on the host" /lab/xtest-host.out
[ -z "$FULL" ] || timed_alone

expect "guest one powers off" guest_stop one
expect "the fifth guest powers off" guest_stop fifth
GUEST_SMP=1
guest_start_tee again
guest_wait_up again
expect "started again, the fifth guest has a TEE" has_tee again
xtest_guest again "in the fifth guest" 300 -l 0 -t regression regression_1004
xtest_judge "in the fifth guest" /lab/xtest-again.out
for g in two three four again; do expect "guest $g powers off" guest_stop "$g"; done
