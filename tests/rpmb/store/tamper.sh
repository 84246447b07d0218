#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What somebody who can write the data base might do to it, and that the audit sees it: exit code 7. The triggers are
# taken away first, as such a person would; before that they must refuse.

# trigger_refuses STORE SQL
trigger_refuses() { ! sql "$1" "$2" && audit "$1"; }

triggers_drop()
{
	case $1 in
	postgresql:*) sql "$1" 'DROP FUNCTION rpmb_refuse() CASCADE' ;;
	*) sql "$1" 'DROP TRIGGER log_no_update; DROP TRIGGER log_no_delete; DROP TRIGGER device_no_delete; DROP TRIGGER key_no_delete; PRAGMA foreign_keys = OFF' ;;
	esac
}

# tampered STORE SQL: the audit finds it; the store is put back.
tampered()
{
	copy_take "$1"
	triggers_drop "$COPY"
	sql "$COPY" "$2"
	exits 7 audit "$COPY" "${@:3}"
}

# COPY is a copy of the store, to spoil.
copy_take()
{
	COPIES=$BASHPID
	case $1 in
	postgresql:*)
		local name=${1#postgresql:///}
		name=${name%%\?*}
		COPY=${1/$name/${name}_$COPIES}
		psql -X -q -d "${1/$name/postgres}" -c "CREATE DATABASE ${name}_$COPIES TEMPLATE $name"
		;;
	*)
		COPY="$1.copy$COPIES"
		sqlite3 "$1" ".backup $COPY"
		;;
	esac
}

# An attacker who knows the format can write the whole log anew: only an anchor kept elsewhere shows that.
tail_cut()
{
	copy_take "$1"
	triggers_drop "$COPY"
	# The last entry is a get, which changed no record: head and all fit, and nobody can know.
	sql "$COPY" "DELETE FROM log WHERE entry = (SELECT max(entry) FROM log);
		UPDATE log_head SET entry = entry - 1, hash = (SELECT hash FROM log ORDER BY entry DESC LIMIT 1)"
	audit "$COPY" || return 1
	exits 7 audit "$COPY" --anchor "$2"
}

tamper()
{
	local s=$1 b=$2 n now later
	for n in 1 2 3 4; do add_random "$s" "$n" 0 >/dev/null; done
	now=$(anchor "$s")
	check "$b: the log refuses UPDATE" trigger_refuses "$s" "UPDATE log SET who = 'nobody' WHERE entry = 2"
	check "$b: the log refuses DELETE" trigger_refuses "$s" 'DELETE FROM log WHERE entry = 2'
	check "$b: devices refuse DELETE" trigger_refuses "$s" "DELETE FROM device WHERE cid = '$(cid 2)'"
	check "$b: keys refuse DELETE" trigger_refuses "$s" "DELETE FROM device_key WHERE cid = '$(cid 2)'"
	case $s in postgresql:*) check "$b: the log refuses TRUNCATE" trigger_refuses "$s" 'TRUNCATE log' ;; esac
	check "$b: an anchor of now fits" audit "$s" --anchor "$now"
	check "$b: seen: an entry changed" tampered "$s" "UPDATE log SET who = 'nobody' WHERE entry = 2"
	check "$b: seen: an entry deleted" tampered "$s" 'DELETE FROM log WHERE entry = 2'
	check "$b: seen: the first entry deleted" tampered "$s" 'DELETE FROM log WHERE entry = 1'
	check "$b: seen: two entries exchanged" tampered "$s" 'UPDATE log SET entry = 1002 WHERE entry = 2; UPDATE log SET entry = 2 WHERE entry = 3; UPDATE log SET entry = 3 WHERE entry = 1002'
	check "$b: seen: the tail cut" tampered "$s" 'DELETE FROM log WHERE entry > 3'
	check "$b: seen: the tail cut, head made to fit" tampered "$s" 'DELETE FROM log WHERE entry > 3; UPDATE log_head SET entry = 3, hash = (SELECT hash FROM log WHERE entry = 3)'
	check "$b: seen: the log emptied" tampered "$s" "DELETE FROM log; UPDATE log_head SET entry = 0, hash = '$(printf '%064d' 0)'"
	check "$b: seen: the head changed" tampered "$s" 'UPDATE log_head SET entry = entry + 1'
	check "$b: seen: a state changed" tampered "$s" "UPDATE device SET state = 'verified' WHERE cid = '$(cid 2)'"
	check "$b: seen: a sealed key changed" tampered "$s" "UPDATE sealed_key SET sealed = replace(sealed, '5', '6') WHERE cid = '$(cid 2)'"
	check "$b: seen: sealed keys exchanged" tampered "$s" "UPDATE sealed_key SET sealed = (SELECT sealed FROM sealed_key WHERE cid = '$(cid 1)') WHERE cid = '$(cid 2)'"
	check "$b: seen: a fingerprint changed" tampered "$s" "UPDATE device_key SET fingerprint = '0000-0000-0000-0001' WHERE cid = '$(cid 3)'"
	check "$b: seen: a device deleted" tampered "$s" "DELETE FROM sealed_key WHERE cid = '$(cid 4)'; DELETE FROM device_key WHERE cid = '$(cid 4)'; DELETE FROM device WHERE cid = '$(cid 4)'"
	check "$b: seen: a device slipped in" tampered "$s" "INSERT INTO device SELECT 'ffffffffffffffffffffffffffffffff', state, generation, claim, station, description, created, changed FROM device WHERE cid = '$(cid 4)'"
	check "$b: seen: a public key exchanged" tampered "$s" "UPDATE recipient SET pem = 'other'"
	"$RPMBCTL" store get --store "$s" --cid "$(cid 1)" --out-file "$TMP/$b.tamper" >/dev/null
	later=$(anchor "$s")
	check "$b: an older anchor still fits" audit "$s" --anchor "$now"
	check "$b: a get cut off the end: not seen without an anchor, seen with it" tail_cut "$s" "$later"
	check "$b: an anchor of another log" exits 7 audit "$s" --anchor "${now%?}$([ "${now: -1}" = 0 ] && echo 1 || echo 0)"
	check "$b: no anchor at all" exits 2 audit "$s" --anchor 12:xyz
	check "$b: a swapped sealed key is not given out" swapped_get "$s" "$b"
}

swapped_get()
{
	copy_take "$1"
	sql "$COPY" "UPDATE sealed_key SET sealed = (SELECT sealed FROM sealed_key WHERE cid = '$(cid 1)') WHERE cid = '$(cid 2)'"
	exits 7 "$RPMBCTL" store get --store "$COPY" --cid "$(cid 2)" --identity "$TMP/owner.pem" --out-file "$TMP/$2.never"
	[ ! -e "$TMP/$2.never" ]
}
