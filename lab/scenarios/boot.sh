# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The host comes up, and KVM with it. Nothing of teegate is needed.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh

printf 'Linux %s, up after %s s\n' "$(uname -r)" "$(uptime_s)"
[ -c /dev/kvm ] || fail "no /dev/kvm: KVM did not initialise"
dmesg | grep -E 'kvm \[1\]: .*(VHE|nVHE|Hyp) mode'
