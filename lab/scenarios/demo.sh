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

xtest_in_guest()
{
	local counts rc=0
	xtest_guest tee "in the guest" 300 "$@" || rc=$?
	counts=$(xtest_summary /lab/xtest-tee.out) && say "subtests, failed, cases, failed: $counts"
	return "$rc"
}

xtest_on_host() { xtest "$@" >/lab/xtest-host.out 2>&1; }

stop_both() { guest_stop tee && guest_stop plain; }

need_teegate
step "teegate.ko, host's OP-TEE driver as VM 1" "host (VM 1)" load_host_tee
# Both at once: most of a boot is emulation, and the machine outside has two CPUs or more.
guest_start tee teegate run --
guest_start plain
step "xtest: sessions, parameters (1004)" "host (VM 1)" xtest_on_host -l 0 -t regression regression_1004
step "QEMU under teegate run, Linux boots" "guest (VM 2)" guest_wait_up tee
step "optee driver and tee-supplicant are up" "guest (VM 2)" guest_run tee 'test -e /dev/tee0 && pidof tee-supplicant'
step "xtest: sessions, shared memory (1001-1004)" "guest (VM 2)" \
	xtest_in_guest -l 0 -t regression regression_1001 regression_1002 regression_1003 regression_1004
step "xtest: secure storage (6001-6003)" "guest (VM 2)" \
	xtest_in_guest -l 0 -t regression regression_6001 regression_6002 regression_6003
step "QEMU without teegate, Linux boots" "guest without a TEE" guest_wait_up plain
step "no /dev/tee0 there" "guest without a TEE" guest_run plain 'test ! -e /dev/tee0'
step "both guests power off" "guests" stop_both
exit $FAILED
