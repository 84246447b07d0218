# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A user without rights to /dev/teegate is refused before any guest starts, with a sentence and exit code 3; the same
# user's guests without a TEE boot as before.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh

need_teegate
load_host_tee
wait_for 30 test -c /dev/teegate || fail "no /dev/teegate"
say "$(ls -l /dev/teegate)"

# as_user COMMAND...: as a user who may use KVM and nothing else.
# shellcheck disable=SC2016  # the user's shell expands these
as_user() { su user -s /bin/bash -c '"$0" "$@"' -- "$@"; }

# shellcheck disable=SC2016
expect "the user is not root" as_user sh -c 'test "$(id -u)" = 1000'
as_user teegate run -- qemu-system-aarch64 -M virt -accel kvm -cpu host >/run/refusal 2>&1
status=$?
sed 's/^/    | /' /run/refusal
expect "teegate run exits with 3 (is $status)" test $status -eq 3
expect "it says why" grep -q 'no permission' /run/refusal
expect "it names the device" grep -q '/dev/teegate' /run/refusal
