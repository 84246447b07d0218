# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The whole story of an RPMB key on a fresh board with OP-TEE's real storage: refused, key got, programmed, storage
# works, restart, still there, wiped, storage starts afresh. Argument: how this OP-TEE derives the key (huk, compat,
# testkey); then "short" for fewer of xtest's tests. Needs lab/run --emmc 128 --reboot --kernel patched.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh
# shellcheck source=lab/scenarios/lib-rpmb.sh
. /lab/board/lib-rpmb.sh

DERIVATION=${1:-huk}
RPMB_CIDS=100
if [ "${2:-}" = short ]; then
	RPMB_TESTS=(regression_6001 regression_6003 regression_6005)
	RPMB_CIDS=16
fi
KEY=$RPMB_KEEP/key
DEV=(--mode development)
LINE=(--mode factory)
ALLOW=()
if [ "$DERIVATION" = testkey ]; then
	LINE=(--mode development)
	ALLOW=(--allow-test-key)
fi

first_boot()
{
	expect "the kernel routes RPMB frames" test "$(rpmb_routing)" = kernel
	rpmb_expect 0 "a fresh device" status
	tee_object 4 "OP-TEE has no storage" rpmb create first
	rpmb_xtest --no-storage regression_6001
	rpmb_expect 4 "the counter of a device without a key" counter

	rpmb_expect 3 "OP-TEE's key is not for every mode" key get --out-file "$KEY"
	rpmb_expect 0 "OP-TEE's key" key get "${DEV[@]}" --out-file "$KEY"
	expect "nobody else can read it" test "$(stat -c '%a %s' "$KEY")" = "600 32"
	if [ "$DERIVATION" != testkey ]; then derive; fi
	program
	# xtest first: its tests of enumeration want no other objects of this TA.
	rpmb_xtest
	expect "OP-TEE's RPMB storage works: xtest used it" rpmb_xtest_used
	tee_object 0 "an object to be kept" rpmb create kept
	tee_object 0 "and one in files, which are anchored in the RPMB" ree create kept
	rpmb_expect 0 "the device answers with the key" key verify --key-file "$KEY" --tee
	rpmb_expect 0 "its counter" counter --key-file "$KEY"
}

# QEMU's HUK is 16 zeros (CFG_INSECURE=y).
derive()
{
	local compat=() n cid
	[ "$DERIVATION" != compat ] || compat=(--compat)
	head -c 16 /dev/zero >/run/huk
	chmod 600 /run/huk
	rpmb_expect 0 "the same key offline" key derive "${DEV[@]}" --huk-file /run/huk --device "$RPMB_DEVICE" \
		"${compat[@]}" --out-file /run/derived
	expect "they are equal" cmp "$KEY" /run/derived
	for n in $(seq $RPMB_CIDS); do
		cid=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')
		rm -f /run/a /run/b
		rpmbctl key get "${DEV[@]}" --cid "$cid" --out-file /run/a >/dev/null || fail "key get --cid $cid"
		rpmbctl key derive "${DEV[@]}" --huk-file /run/huk --cid "$cid" "${compat[@]}" --out-file /run/b \
			>/dev/null || fail "key derive --cid $cid"
		cmp -s /run/a /run/b || fail "OP-TEE and rpmbctl differ about CID $cid"
	done
	say "ok: OP-TEE and rpmbctl derive the same key for $n CIDs"
}

program()
{
	if [ "$DERIVATION" = testkey ]; then
		rpmb_expect 3 "the test key is refused" key program --mode factory --key-file "$KEY"
	fi
	rpmb_expect 3 "not in a product" key program --key-file "$KEY"
	rpmb_expect 0 "a dry run" key program "${LINE[@]}" "${ALLOW[@]}" --key-file "$KEY"
	rpmb_expect 4 "nothing was programmed" counter
	rpmb_expect 7 "another device's CID" key program "${LINE[@]}" "${ALLOW[@]}" --key-file "$KEY" \
		--commit 00112233445566778899aabbccddeeff
	rpmb_expect 0 "the key is programmed" key program "${LINE[@]}" "${ALLOW[@]}" --key-file "$KEY" --commit "$RPMB_CID"
	rpmb_expect 4 "never again" key program "${LINE[@]}" "${ALLOW[@]}" --key-file "$KEY" --commit "$RPMB_CID"
}

second_boot()
{
	tee_object 0 "the object is still there" rpmb check kept
	tee_object 0 "and so is the other" ree check kept
	rpmb_expect 0 "OP-TEE confirms the key" status
	expect "mmc-utils reads with rpmbctl's key" mmc rpmb read-block "$RPMB_DEVICE" 0 2 /run/mmc.blocks "$KEY"
	rpmb_expect 0 "the same blocks" read --key-file "$KEY" --block 0 --count 2 --out-file /run/our.blocks
	expect "are the same" cmp /run/mmc.blocks /run/our.blocks
	rpmb_expect 0 "what would be wiped" wipe --fat "${LINE[@]}" --key-file "$KEY"
	tee_object 0 "a dry run wipes nothing" rpmb check kept
	rpmb_expect 0 "the FAT is wiped" wipe --fat "${LINE[@]}" --key-file "$KEY" --commit "$RPMB_CID"
}

third_boot()
{
	tee_object 1 "OP-TEE starts afresh, without the object" rpmb check kept
	# OP-TEE 4.10.0 does not miss the anchor: who wipes the RPMB removes tee-supplicant's files too, as a product would.
	tee_object 0 "files are believed without their anchor" ree check kept
	tee_object 0 "and stay usable" ree remove kept
	rpmb_xtest regression_6001 regression_6009
	expect "and works: xtest used it" rpmb_xtest_used
	rpmb_expect 0 "all is wiped" wipe --data "${LINE[@]}" --key-file "$KEY" --commit "$RPMB_CID"
	rpmb_expect 0 "key and counter stay" counter --key-file "$KEY"
}

need_emmc
need_file /lab/bin/tee_object_test
load_host_tee
case $(board_boot) in
1) first_boot ;;
2) second_boot ;;
3) third_boot ;;
esac
if [ "$(board_boot)" -lt 3 ]; then
	rpmb_keep
	board_restart
fi
