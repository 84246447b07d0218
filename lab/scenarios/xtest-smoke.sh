# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The main job in short: a guest of an unmodified QEMU under "teegate run", its unmodified driver, tee-supplicant and
# xtest. --guest-smp N sets the guest's CPUs; other arguments go to xtest in place of the usual choice of tests.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

if [ "${1:-}" = --guest-smp ]; then
	GUEST_SMP=$2
	shift 2
fi
need_teegate
load_host_tee
guest_start_tee tee
guest_wait_up tee
expect "the guest has a TEE" guest_run tee 'test -e /dev/tee0 && test -e /dev/teepriv0'
if [ $# -eq 0 ]; then
	xtest_select_smoke
	set -- "${XTEST_SMOKE[@]}"
fi
expect "the guest has $GUEST_SMP CPUs" guest_run tee "test \$(grep -c ^processor /proc/cpuinfo) -eq $GUEST_SMP"
xtest_guest tee "in the guest" 900 "$@"
xtest_judge "in the guest" /lab/xtest-tee.out
expect "the guest powers off" guest_stop tee
