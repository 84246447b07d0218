# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the scenarios with a real RPMB share: the board's emulated eMMC, rpmbctl with the exit status that is expected,
# OP-TEE's storage as a whole. The device is QEMU's: one frame at a time, always the same CID.

RPMB_DEVICE=/dev/mmcblk0rpmb
RPMB_CID_FILE=/sys/block/mmcblk0/device/cid
# What survives a restart of the board: the files that tee-supplicant keeps for OP-TEE, as on a real board, and the key
# files of these tests. If those files were missing where the RPMB has their hash, OP-TEE would call it an attack.
RPMB_KEEP=/lab/keep
RPMB_TEE_FILES=/var/lib/optee-client/data/tee

need_emmc()
{
	need_file /lab/modules/teegate.ko
	need_file /lab/bin/rpmbctl
	[ -n "${BOARD_EMMC:-}" ] || skip "no eMMC: lab/run --emmc KIB"
	modprobe sdhci-pci 2>/dev/null
	wait_for 30 test -e "$RPMB_DEVICE" || fail "no $RPMB_DEVICE: $(dmesg | grep mmc | tail -n 3)"
	RPMB_CID=$(cat "$RPMB_CID_FILE")
	mkdir -p "$RPMB_KEEP/tee" "$RPMB_TEE_FILES"
	cp -a "$RPMB_KEEP/tee/." "$RPMB_TEE_FILES/"
	say "eMMC $RPMB_CID with an RPMB of $BOARD_EMMC KiB"
}

# To be called before board_restart: power is cut, the flash keeps what it has.
rpmb_keep()
{
	rm -rf "$RPMB_KEEP/tee"
	cp -a "$RPMB_TEE_FILES" "$RPMB_KEEP/tee"
}

# rpmb_expect STATUS DESCRIPTION ARGUMENT...: rpmbctl ends with this exit status; what it said is shown.
rpmb_expect()
{
	local want=$1 what=$2 rc=0
	shift 2
	echo "\$ rpmbctl $*"
	rpmbctl "$@" >/run/rpmbctl.out 2>/run/rpmbctl.err || rc=$?
	sed 's/^/    /' /run/rpmbctl.out /run/rpmbctl.err
	[ "$rc" -eq "$want" ] || fail "$what: rpmbctl ended with $rc instead of $want"
	say "ok: $what (exit status $rc)"
}

rpmbctl_says() { grep -qiE -e "$1" /run/rpmbctl.out /run/rpmbctl.err; }

# tee_object STATUS DESCRIPTION rpmb|ree create|check|remove NAME: see tests/lab/tee_object_test.c.
tee_object()
{
	local want=$1 what=$2 rc=0 said
	shift 2
	said=$(/lab/bin/tee_object_test "$@") || rc=$?
	[ "$rc" -eq "$want" ] || fail "$what: tee_object_test $*: $said (status $rc instead of $want)"
	say "ok: $what ($said)"
}

# The storage tests of xtest that run once for each storage that answers; it finds out by itself which do.
RPMB_TESTS=(regression_6001 regression_6002 regression_6003 regression_6004 regression_6005 regression_6006
	regression_6007 regression_6008 regression_6009 regression_6010 regression_6012 regression_6013 regression_6018
	regression_6019)
rpmb_xtest_used() { grep -q 'Storage id: 80000100' /lab/xtest-rpmb.out; }
rpmb_xtest() # [--no-storage] [TEST...]
{
	local judge=xtest_judge
	[ "${1:-}" != --no-storage ] || {
		judge=xtest_judge_no_storage
		shift
	}
	[ $# -gt 0 ] || set -- "${RPMB_TESTS[@]}"
	xtest -l 0 -t regression "$@" >/run/xtest-rpmb.out 2>&1
	cp /run/xtest-rpmb.out /lab/xtest-rpmb.out
	"$judge" "on the host" /lab/xtest-rpmb.out
}

rpmb_routing() { cat /sys/class/tee/tee0/rpmb_routing_model 2>/dev/null || echo none; }
