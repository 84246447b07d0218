# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# With an OP-TEE built without virtualization, teegate.ko refuses to load and says so; and it refuses where the OP-TEE
# driver was first. (On a virtualized OP-TEE the driver alone would halt it: facts that this lab was built on.) The
# host's own TEE goes on working.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh

[ "$BOARD_OPTEE" = plain ] || skip "needs --optee plain"
need_file /lab/modules/teegate.ko

refused() # PATTERN: the load fails, with a line that says so
{
	dmesg -c >/dev/null
	load_teegate 2>/run/insmod.err && return 1
	dmesg | grep 'teegate: .*[a-z]' | grep -v taint | sed 's/^/    | /'
	dmesg | grep -qi "teegate: .*$1"
}

expect "refuses an OP-TEE without virtualization" refused 'cannot serve several VMs'
refute "leaves no device" test -e /dev/teegate
modprobe optee || fail "optee does not load"
expect "the host's own TEE works without teegate" wait_for 30 test -e /dev/tee0
expect "refuses where the driver was first" refused 'got hold of OP-TEE first'
start_supplicant
smoke() { xtest -l 0 -t regression regression_1001 >/run/xtest.out 2>&1; }
expect "the host's own TEE still works" smoke
