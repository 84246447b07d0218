# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A guest of an unmodified QEMU without teegate boots as ever and sees no TEE.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh

guest_start plain
guest_wait_up plain
expect "the guest runs commands" guest_run plain 'uname -r'
guest_run plain 'exit 5'
expect "a command's exit status comes back" test $? -eq 5
expect "the guest has no TEE" guest_run plain 'test ! -e /dev/tee0 && test ! -e /dev/teepriv0'
expect "the guest powers off" guest_stop plain
