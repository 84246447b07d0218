# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The main job in short: a guest of an unmodified QEMU under "teegate run", its unmodified driver, tee-supplicant and
# xtest. Arguments, if any, go to xtest in place of the usual choice of tests.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

need_teegate
load_host_tee
guest_start_tee tee
guest_wait_up tee
expect "the guest has a TEE" guest_run tee 'test -e /dev/tee0 && test -e /dev/teepriv0'
if [ $# -eq 0 ]; then
	xtest_select_smoke
	set -- "${XTEST_SMOKE[@]}"
fi
xtest_guest tee "in the guest" 900 "$@"
xtest_judge "in the guest" /lab/xtest-tee.out
expect "the guest powers off" guest_stop tee
