# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# OP-TEE's PTA for RPMB keys, as clients on the host see it: the argument is the variant of OP-TEE that the board
# runs. The device is the one that tee-supplicant emulates; real eMMCs are rpmb-story's business.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
need_file /lab/modules/teegate.ko
need_file /lab/bin/rpmb_pta_test

variant=$1
# A TA that tries to call the PTA. OP-TEE keeps the versions of TAs in storage, so it starts none before that works.
caller=8ae91b19-5b13-4c1c-a9d5-bb80b4bf9a9a.ta
need_file /lab/bin/$caller
cp /lab/bin/$caller /usr/lib/optee_armtz/

# offline_key COUNTER-BYTE CID: what rpmbctl derives from a HUK for this variant; the board's with byte 00. The HUK of
# rpmb-prod counts upwards, those of the others are zeros (optee/lib.sh).
offline_key()
{
	local huk="\\x$1" n compat=()
	for n in $(seq 15); do
		if [ "$variant" = rpmb-prod ]; then huk+=$(printf '\\x%02x' "$n"); else huk+='\x00'; fi
	done
	[ "$variant" != rpmb-compat ] || compat=(--compat)
	rm -f /run/huk /run/offline
	(umask 077 && printf '%b' "$huk" >/run/huk)
	rpmbctl key derive --mode development --huk-file /run/huk --cid "$2" "${compat[@]}" --out-file /run/offline
}

# OP-TEE is asked by VERIFY_KEY, which every variant has, a production build too.
verify_offline_key() { offline_key "$1" "$2" && rpmbctl key verify --tee-only --cid "$2" --key-file /run/offline; }

derivations_agree()
{
	local n cid
	for n in $(seq 32); do
		cid=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')
		verify_offline_key 00 "$cid" >>/lab/derivations.out || return 1
	done
	verify_offline_key 01 "$cid" >>/lab/derivations.out
	[ $? -eq 7 ]
}

storage_works() { xtest -l 0 -t regression regression_6001 >>/lab/xtest.out 2>&1; }

load_host_tee
expect "the PTA, with an unprogrammed device" /lab/bin/rpmb_pta_test "$variant" unprogrammed
# The test key has no HUK in it.
[ "$variant" = rpmb-testkey ] ||
	expect "the same keys offline for 32 CIDs, and not from another HUK" derivations_agree
if [ "$variant" = rpmb-writekey ]; then
	# Storage programs the key of such a build: after that, and not before.
	expect "storage works" storage_works
	expect "the PTA, with a device that has the key" /lab/bin/rpmb_pta_test "$variant" matches ta
	expect "storage still works" storage_works
fi
expect "the modules unload" unload_host_tee
