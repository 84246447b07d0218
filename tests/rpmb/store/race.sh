#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Many stations that all see the same devices: each device is claimed, stored, programmed and proved by exactly one.

# all_done STORE DIRECTORY COUNT: every device once, none twice, and each holds the key of its record.
all_done()
{
	local counts paths
	counts=$(log_count "$1" verify ok)
	[ "$counts" = "$3 1" ] || { echo "verified in all, and most of one device: $counts"; return 1; }
	[ "$(sql "$1" "SELECT count(*) FROM device WHERE state = 'verified'")" -eq "$3" ]
	paths=("$2"/*.rpmb)
	"$BUILD/store_holds" "$1" "$TMP/owner.pem" "${paths[@]/#/file:}"
	audit "$1"
}

# stations_run COUNT STORE DIRECTORY: at once; their labels go to $TMP/labels.
stations_run()
{
	local n pids=() rc=0
	for ((n = 1; n <= $1; n++)); do
		station "$2" "station-$n" --devices "$3/*.rpmb" >"$TMP/labels.$n" 2>"$TMP/errors.$n" &
		pids+=($!)
	done
	for n in "${!pids[@]}"; do
		wait "${pids[$n]}" || { rc=1; tail -n 3 "$TMP/errors.$((n + 1))"; }
	done
	cat "$TMP"/labels.* >"$TMP/labels"
	rm "$TMP"/labels.* "$TMP"/errors.*
	return $rc
}

# A label for each device, by one station only.
labels_once() { [ "$(wc -l <"$TMP/labels")" -eq "$1" ] && [ "$(cut -d' ' -f1 "$TMP/labels" | sort -u | wc -l)" -eq "$1" ]; }

race()
{
	local s=$1 b=$2 stations=$3 devices=$4
	devices_make "$TMP/race-$b" "$devices"
	check "$b: $stations stations race for $devices devices" stations_run "$stations" "$s" "$TMP/race-$b"
	check "$b: one label for each device" labels_once "$devices"
	check "$b: each is programmed once, with the key of its record" all_done "$s" "$TMP/race-$b" "$devices"
}

# What a station refuses.
refusals()
{
	local s=$1 b=$2 d="$TMP/$2-refuse"
	mkdir "$d"
	(umask 077; openssl rand 32 >"$TMP/random.key")
	device_make "$d/foreign.rpmb" "$(cid 301)"
	"$RPMBCTL" key program --device "file:$d/foreign.rpmb" --key-file "$TMP/random.key" --no-tee-check --commit "$(cid 301)" >/dev/null
	check "$b: a device with a key that is not in the store" exits 3 station "$s" A --device "file:$d/foreign.rpmb"
	device_make "$d/one.rpmb" "$(cid 302)"
	check "$b: nothing is programmed without --commit-all" dry_run "$s" "$d/one.rpmb"
	check "$b: nor in the mode production" exits 3 "$RPMBCTL" station --store "$s" --station A --device "file:$d/one.rpmb" --once --commit-all --mode production
	check "$b: a store that seals to another key than named" exits 3 station "$s" A --device "file:$d/one.rpmb" --recipient "$TMP/other.pub"
	check "$b: with the right one named" station "$s" A --device "file:$d/one.rpmb" --recipient "$TMP/other.pub" --recipient "$TMP/owner.pub"
	check "$b: a second device of the same CID" clone_refused "$s" "$d/clone.rpmb"
	check "$b: a device that the store has a key for by other hands" by_hand "$s" "$d/hand.rpmb"
	check "$b: a derived key: again, and with another HUK" derived "$s" "$d"
	case $s in postgresql:*) check "$b: a role with the rights that the manual names is enough" role "$s" "$d/role.rpmb" ;; esac
	check "$b: audit" audit "$s"
}

# docs/rpmb-store.md says which rights a station needs.
role()
{
	local as=${1/user=rpmb/user=line}
	sql "$1" 'CREATE ROLE line LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO line;
		GRANT INSERT ON device, device_key, sealed_key, log TO line; GRANT UPDATE ON device, log_head TO line'
	device_make "$2" "$(cid 310)"
	station "$as" A --device "file:$2"
	device_holds "$1" "$2"
	# No more than that.
	if sql "$as" "UPDATE recipient SET state = 'retired'"; then return 1; fi
	if sql "$as" 'DELETE FROM log'; then return 1; fi
	if sql "$as" 'ALTER TABLE log DISABLE TRIGGER ALL'; then return 1; fi
}

dry_run()
{
	"$RPMBCTL" station --store "$1" --station A --device "file:$2" --once | grep ' dry-run$'
	exits 4 "$RPMBCTL" counter --device "file:$2"
}

clone_refused()
{
	device_make "$2" "$(cid 302)"
	exits 3 station "$1" A --device "file:$2"
	exits 4 "$RPMBCTL" counter --device "file:$2"
}

by_hand()
{
	device_make "$2" "$(cid 303)"
	add_random "$1" 303 0
	exits 3 station "$1" A --device "file:$2"
	exits 4 "$RPMBCTL" counter --device "file:$2"
}

derived()
{
	(umask 077; openssl rand 16 >"$2/huk"; openssl rand 16 >"$2/other-huk")
	device_make "$2/derived.rpmb" "$(cid 304)"
	# Stored, and then not programmed: the same key again is the same record.
	"$RPMBCTL" station --store "$1" --station A --device "file:$2/derived.rpmb" --once --source derive --huk-file "$2/huk"
	exits 3 station "$1" A --device "file:$2/derived.rpmb" --source derive --huk-file "$2/other-huk"
	exits 4 "$RPMBCTL" counter --device "file:$2/derived.rpmb"
	station "$1" A --device "file:$2/derived.rpmb" --source derive --huk-file "$2/huk"
	[ "$(sql "$1" "SELECT generation FROM device WHERE cid = '$(cid 304)'")" -eq 1 ]
	device_holds "$1" "$2/derived.rpmb"
	# Programmed by an OP-TEE before, and not in the store yet: stored and proved.
	device_make "$2/before.rpmb" "$(cid 305)"
	"$RPMBCTL" key derive --cid "$(cid 305)" --huk-file "$2/huk" --out-file "$2/before.key"
	"$RPMBCTL" key program --device "file:$2/before.rpmb" --key-file "$2/before.key" --no-tee-check --commit "$(cid 305)"
	exits 7 station "$1" A --device "file:$2/before.rpmb" --source derive --huk-file "$2/other-huk"
	station "$1" A --device "file:$2/before.rpmb" --source derive --huk-file "$2/huk"
	device_holds "$1" "$2/before.rpmb"
}
