# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A VMM that is not QEMU: minivmm, on libteegate. It has a serial console and nothing else, so this guest's command
# comes on the kernel's command line and its verdict as its last line. Once without a TEE, once with.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh

need_file /lab/bin/minivmm
minivmm_run plain 'test ! -e /dev/tee0 && exit 5'
status=$?
expect "a guest without a TEE boots and its command's exit status (5, is $status) comes back" test $status -eq 5

need_teegate
load_host_tee
minivmm_run tee 'test -e /dev/tee0 && xtest -l 0 -t regression regression_1001 regression_1004' --tee ||
	fail "a guest of minivmm with a TEE: status $?"
say "ok: xtest works in a guest of minivmm: $(grep -a 'subtests of which' "$GUESTS/tee/console" | tr -d '\r')"
