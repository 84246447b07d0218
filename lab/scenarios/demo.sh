# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What ./demo shows: the host as VM 1, a guest with a TEE whose unmodified software uses it, and a guest without.
# Each step leaves a line "what|where|result|seconds" in /lab/results, from which ./demo makes its table.
# shellcheck disable=SC2317  # functions are called through step
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

FAILED=0

# step WHAT WHERE COMMAND...: run it, time it by the board's clock, write its line.
step()
{
	local what=$1 where=$2 result=ok start
	shift 2
	start=$(cut -d. -f1 /proc/uptime)
	"$@" || { result=FAILED; FAILED=1; }
	printf '%s|%s|%s|%s\n' "$what" "$where" "$result" $(($(cut -d. -f1 /proc/uptime) - start)) >>/lab/results
	say "$what ($where): $result"
}

guest_up() # NAME WRAPPER...
{
	guest_start "$@"
	guest_wait_up "$1"
}

xtest_in_guest()
{
	local counts rc=0
	xtest_guest tee "in the guest" 300 "$@" || rc=$?
	counts=$(xtest_summary /lab/xtest-tee.out) && say "subtests, failed, cases, failed: $counts"
	return "$rc"
}

xtest_on_host() { xtest "$@" >/lab/xtest-host.out 2>&1; }

need_teegate
GUEST_SMP=2
step "teegate.ko, host's OP-TEE driver as VM 1" "host (VM 1)" load_host_tee
step "xtest: sessions, parameters (1004)" "host (VM 1)" xtest_on_host -l 0 -t regression regression_1004
step "QEMU under teegate run, Linux boots" "guest (VM 2)" guest_up tee teegate run --
step "optee driver and tee-supplicant are up" "guest (VM 2)" guest_run tee 'test -e /dev/tee0 && pidof tee-supplicant'
step "xtest: shared memory, sessions (1001-1006)" "guest (VM 2)" \
	xtest_in_guest -l 0 -t regression regression_1001 regression_1002 regression_1004 regression_1006
step "xtest: secure storage (6001-6005)" "guest (VM 2)" \
	xtest_in_guest -l 0 -t regression regression_6001 regression_6002 regression_6003 regression_6004 regression_6005
step "the guest powers off" "guest (VM 2)" guest_stop tee
step "QEMU without teegate, Linux boots" "guest without a TEE" guest_up plain
step "no /dev/tee0 there" "guest without a TEE" guest_run plain 'test ! -e /dev/tee0'
step "the guest powers off" "guest without a TEE" guest_stop plain
exit $FAILED
