# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The host as VM 1: its own stock driver, supplicant and xtest work on the virtualized OP-TEE. Arguments, if any, go
# to xtest in place of a short choice of tests; all of them are xtest-full's business.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

need_file /lab/modules/teegate.ko
load_host_tee
if [ $# -eq 0 ]; then
	set -- -l 0 -t regression
	for n in 1001 1002 1004 1006 1007 1008 6001 6002 6003 6004 6005 6010; do set -- "$@" "regression_$n"; done
fi
# To RAM first: see guest_copy_out in lib.sh.
xtest "$@" >/run/xtest.out 2>&1
cp /run/xtest.out /lab/xtest-host.out
xtest_judge "on the host" /run/xtest.out
