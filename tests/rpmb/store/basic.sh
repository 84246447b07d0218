#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The verbs of `rpmbctl store` on one back end: init, add, get, list, export, rekey, what is refused; and PKCS#11.

# basic STORE: on an empty store.
basic()
{
	local s=$1 b=$2 key="$TMP/$2.key" out="$TMP/$2.out"
	(umask 077; openssl rand 32 >"$key")
	check "$b: an empty store has nothing wrong" audit "$s"
	check "$b: a second init is refused" exits 3 "$RPMBCTL" store init --store "$s" --recipient "$TMP/owner.pub"
	check "$b: add" "$RPMBCTL" store add --store "$s" --cid "$(cid 1)" --key-file "$key" --describe 'a "first", one'
	check "$b: adding the same again is no error" "$RPMBCTL" store add --store "$s" --cid "$(cid 1)" --key-file "$key"
	check "$b: another key for the device is refused" add_random "$s" 1 3
	check "$b: a weak key is refused" add_weak "$s"
	check "$b: get with the private key" get_is "$s" "$key" "$out"
	check "$b: get with another private key" exits 7 "$RPMBCTL" store get --store "$s" --cid "$(cid 1)" --identity "$TMP/other.pem" --out-file "$out.5"
	check "$b: get of an unknown device" exits 6 "$RPMBCTL" store get --store "$s" --cid "$(cid 77)" --out-file "$out.3"
	check "$b: no file is left of a failed get" none_exists "$out.5" "$out.3"
	check "$b: the sealed key can be added elsewhere" add_sealed "$s" "$b"
	check "$b: a private key open to others is refused" refuse_mode "$s"
	check "$b: list and export" list_export "$s"
	check "$b: add with a device that holds the key" add_device "$s" "$b"
	check "$b: every attempt is in the log" attempts_logged "$s"
	check "$b: nothing in the store is a key" no_key_in "$s" "$key"
	check "$b: rekey, cut off and repeated" rekey "$s" "$b" "$key"
	check "$b: the audit passes after all that" audit "$s"
}

none_exists()
{
	local path
	for path in "$@"; do [ ! -e "$path" ]; done
}

add_random()
{
	(umask 077; openssl rand 32 >"$TMP/random.key")
	exits "$3" "$RPMBCTL" store add --store "$1" --cid "$(cid "$2")" --key-file "$TMP/random.key"
}

add_weak()
{
	(umask 077; head -c 32 /dev/zero >"$TMP/zero.key")
	exits 3 "$RPMBCTL" store add --store "$1" --cid "$(cid 9)" --key-file "$TMP/zero.key"
}

get_is()
{
	rm -f "$3"
	"$RPMBCTL" store get --store "$1" --cid "$(cid 1)" --identity "${4-$TMP/owner.pem}" --out-file "$3" && cmp "$2" "$3"
}

add_sealed()
{
	local blob="$TMP/$2.sealed" other="$TMP/$2-other.db"
	"$RPMBCTL" store get --store "$1" --cid "$(cid 1)" --out-file "$blob"
	[ "$(stat -c %s "$blob")" -eq 128 ]
	"$RPMBCTL" store init --store "$other" --recipient "$TMP/owner.pub"
	"$RPMBCTL" store add --store "$other" --sealed-file "$blob"
	get_is "$other" "$TMP/$2.key" "$TMP/$2.again"
	# Not to a store that could not open it.
	"$RPMBCTL" store init --store "$other.2" --recipient "$TMP/other.pub"
	exits 2 "$RPMBCTL" store add --store "$other.2" --sealed-file "$blob"
}

refuse_mode()
{
	cp "$TMP/owner.pem" "$TMP/open.pem"
	chmod 644 "$TMP/open.pem"
	exits 3 "$RPMBCTL" store get --store "$1" --cid "$(cid 1)" --identity "$TMP/open.pem" --out-file "$TMP/never"
}

list_export()
{
	local fields='"description": "a \"first\", one"'
	"$RPMBCTL" store list --store "$1" | grep "^$(cid 1)  stored "
	"$RPMBCTL" store list --store "$1" --csv | grep '"a ""first"", one"'
	"$RPMBCTL" store list --store "$1" --json | grep -F "$fields"
	if "$RPMBCTL" store list --store "$1" --json | grep '"sealed"'; then return 1; fi
	"$RPMBCTL" store export --store "$1" --json | grep -E '"sealed": "5447524b01[0-9a-f]{246}"'
	"$RPMBCTL" store export --store "$1" | grep -E ',5447524b01[0-9a-f]{246}'
}

add_device()
{
	local device="$TMP/$2.rpmb"
	device_make "$device" "$(cid 50)"
	exits 4 "$RPMBCTL" store add --store "$1" --device "file:$device" --key-file "$TMP/$2.key"
	"$RPMBCTL" key program --device "file:$device" --key-file "$TMP/$2.key" --no-tee-check --commit "$(cid 50)"
	exits 7 "$RPMBCTL" store add --store "$1" --device "file:$device" --key-file "$TMP/random.key"
	"$RPMBCTL" store add --store "$1" --device "file:$device" --key-file "$TMP/$2.key"
	"$RPMBCTL" store list --store "$1" | grep "^$(cid 50)  verified "
	device_holds "$1" "$device"
}

attempts_logged()
{
	local want='add failed|add ok|add verified|export ok|get failed|get ok|init ok|open failed'
	[ "$(sql "$1" "SELECT DISTINCT action || ' ' || result FROM log ORDER BY 1" | paste -sd'|')" = "$want" ]
}

no_key_in()
{
	local hex
	hex=$(od -An -v -tx1 "$2" | tr -d ' \n')
	case $1 in
	postgresql:*) pg_run "$PG_BIN/pg_dump" "$1" >"$TMP/dump" ;;
	*) cat "$1"* >"$TMP/dump" ;;
	esac
	[ -s "$TMP/dump" ]
	# In hexadecimal, or as it is.
	if grep -iF "$hex" "$TMP/dump" || od -An -v -tx1 "$TMP/dump" | tr -d ' \n' | grep -F "$hex" >/dev/null; then return 1; fi
}

# Half of the keys are done, and then the process dies: the second run does the rest.
rekey()
{
	local n at=50
	# A transaction on a server is few calls.
	case $1 in postgresql:*) at=30 ;; esac
	keys_make "$2-new"
	for n in 11 12 13 14; do add_random "$1" "$n" 0; done
	KILLER_AT=$at LD_PRELOAD="$BUILD/killer.so" "$RPMBCTL" store rekey --store "$1" --identity "$TMP/owner.pem" --new-recipient "$TMP/$2-new.pub" || [ $? -eq 137 ]
	[ "$(sql "$1" 'SELECT count(DISTINCT recipient) FROM sealed_key')" -eq 2 ]
	"$RPMBCTL" store rekey --store "$1" --identity "$TMP/owner.pem" --new-recipient "$TMP/$2-new.pub"
	[ "$(sql "$1" 'SELECT count(DISTINCT recipient) FROM sealed_key')" -eq 1 ]
	get_is "$1" "$3" "$TMP/$2.renewed" "$TMP/$2-new.pem"
	exits 7 "$RPMBCTL" store get --store "$1" --cid "$(cid 1)" --identity "$TMP/owner.pem" --out-file "$TMP/never"
	# New ones go to the new key; a third run has nothing to do.
	add_random "$1" 15 0
	"$RPMBCTL" store get --store "$1" --cid "$(cid 15)" --identity "$TMP/$2-new.pem" --out-file "$TMP/$2.15"
	"$RPMBCTL" store rekey --store "$1" --identity "$TMP/owner.pem" --new-recipient "$TMP/$2-new.pub" | grep 'anew *0$'
	exits 7 "$RPMBCTL" store rekey --store "$1" --identity "$TMP/other.pem" --new-recipient "$TMP/owner.pub"
}

pkcs11()
{
	local module store="$TMP/p11.db" uri
	module=$(find /usr/lib -name libsofthsm2.so 2>/dev/null | head -n 1)
	if [ -z "$module" ] || ! command -v pkcs11-tool >/dev/null || ! "$RPMBCTL" --version | grep 'PKCS#11: built in'; then
		skip "pkcs11: softhsm2, opensc or p11-kit's header is not installed"
		return 0
	fi
	mkdir "$TMP/tokens"
	printf 'directories.tokendir = %s\n' "$TMP/tokens" >"$TMP/softhsm2.conf"
	export SOFTHSM2_CONF="$TMP/softhsm2.conf"
	(umask 077; echo 4711 >"$TMP/pin"; echo 1234 >"$TMP/wrong-pin"; openssl rand 32 >"$TMP/p11.key")
	uri="pkcs11:token=escrow;object=rpmb%20key?module-path=$module&pin-source=file:$TMP/pin"
	check 'pkcs11: a P-256 key pair in SoftHSM' token_make "$module"
	check 'pkcs11: a store for it' "$RPMBCTL" store init --store "$store" --recipient "$TMP/p11.pub"
	check 'pkcs11: add' "$RPMBCTL" store add --store "$store" --cid "$(cid 1)" --key-file "$TMP/p11.key"
	check 'pkcs11: the token opens it' get_is "$store" "$TMP/p11.key" "$TMP/p11.out" "$uri"
	check 'pkcs11: a wrong PIN' exits 3 "$RPMBCTL" store get --store "$store" --cid "$(cid 1)" --identity "${uri/%pin/wrong-pin}" --out-file "$TMP/never"
	check 'pkcs11: a PIN in the URI is refused' exits 3 "$RPMBCTL" store get --store "$store" --cid "$(cid 1)" --identity "$uri&pin-value=4711" --out-file "$TMP/never"
	check 'pkcs11: an unknown key' exits 2 "$RPMBCTL" store get --store "$store" --cid "$(cid 1)" --identity "${uri/rpmb%20key/other}" --out-file "$TMP/never"
	check 'pkcs11: rekey from the token to a file' p11_rekey "$store" "$uri"
	check 'pkcs11: the audit passes' audit "$store"
}

token_make()
{
	softhsm2-util --init-token --free --label escrow --pin 4711 --so-pin 4711
	pkcs11-tool --module "$1" --token-label escrow --login --pin 4711 --keypairgen --key-type EC:prime256v1 --id 01 --label 'rpmb key' --usage-derive
	pkcs11-tool --module "$1" --token-label escrow --read-object --type pubkey --id 01 -o "$TMP/p11.der"
	openssl pkey -pubin -inform DER -in "$TMP/p11.der" -out "$TMP/p11.pub"
}

p11_rekey()
{
	"$RPMBCTL" store rekey --store "$1" --identity "$2" --new-recipient "$TMP/owner.pub"
	get_is "$1" "$TMP/p11.key" "$TMP/p11.renewed"
}
