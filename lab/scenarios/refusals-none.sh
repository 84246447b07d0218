# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# On a machine whose firmware has no OP-TEE, teegate.ko refuses to load and says so, and "teegate run" says that there
# is no device.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh

[ "$BOARD_OPTEE" = none ] || skip "needs --optee none"
need_teegate

refute "teegate.ko refuses to load" load_teegate
dmesg | grep 'teegate: ' | sed 's/^/    | /'
expect "says that there is no OP-TEE" sh -c 'dmesg | grep -q "teegate: this machine has no OP-TEE"'
teegate run -- qemu-system-aarch64 -M virt -accel kvm -cpu host >/run/refusal 2>&1
status=$?
sed 's/^/    | /' /run/refusal
expect "teegate run exits with 5 (is $status)" test $status -eq 5
