# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# All of "xtest -l 0" in a guest: every case is run, none may fail. --with-host runs it on the host as VM 1 as well
# while the guest is up: after the guest's, or with --at-once at the same time; --host-only there alone; --guest-smp N
# sets the guest's CPUs.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh

WITH_GUEST=1 WITH_HOST='' AT_ONCE=''
while [ $# -gt 0 ]; do
	case $1 in
	--with-host) WITH_HOST=1 ;;
	--at-once) WITH_HOST=1 AT_ONCE=1 ;;
	--host-only) WITH_HOST=1 WITH_GUEST='' ;;
	--guest-smp) GUEST_SMP=$2; shift ;;
	*) fail "xtest-full has no argument $1" ;;
	esac
	shift
done

# To RAM first: see guest_copy_out in lib.sh.
host_xtest()
{
	xtest -l 0 >/run/xtest-host.out 2>&1
	cp /run/xtest-host.out /lab/xtest-host.out
	say "xtest on the host has ended"
}

guest_judge()
{
	guest_verdict tee 3400
	guest_out tee >/lab/xtest-tee.out
	xtest_judge "in the guest ($GUEST_SMP CPUs)" /lab/xtest-tee.out "$XTEST_FULL_SUBTESTS" "$XTEST_FULL_CASES"
}

need_teegate
load_host_tee
if [ -n "$WITH_GUEST" ]; then
	guest_start_tee tee
	guest_wait_up tee
	guest_post tee "xtest -l 0"
	[ -n "$AT_ONCE" ] || guest_judge
fi
[ -z "$WITH_HOST" ] || host_xtest
[ -z "$AT_ONCE" ] || guest_judge
[ -z "$WITH_HOST" ] || xtest_judge "on the host" /lab/xtest-host.out "$XTEST_FULL_SUBTESTS" "$XTEST_FULL_CASES"
[ -z "$WITH_GUEST" ] || expect "the guest powers off" guest_stop tee
