#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Power loss: a station is killed at its first, second, third … system call that leaves something behind, until it
# survives; each time it is started again, and the device must hold the key of its record, programmed once.

# killed_at N HOW STORE DEVICE: 0 if it died, 1 if it got through.
killed_at()
{
	local rc=0
	KILLER_AT=$1 KILLER_HOW=$2 LD_PRELOAD="$BUILD/killer.so" \
		"$RPMBCTL" station --store "$3" --station first --once --commit-all --device "file:$4" >/dev/null 2>"$TMP/killed" || rc=$?
	case $rc in
	0) return 1 ;;
	137) return 0 ;;
	*) echo "killed at $1 ($2): exit code $rc"; cat "$TMP/killed"; return 1 ;;
	esac
}

# The other station goes on where the first one died; the first one, started again, finds it done.
goes_on()
{
	station "$1" second --device "file:$2" >"$TMP/label" 2>&1 || { cat "$TMP/label"; return 1; }
	grep -E "^$3 [0-9a-f-]{19} ok(-already)?\$" "$TMP/label" >/dev/null || { cat "$TMP/label"; return 1; }
	device_holds "$1" "$2" || { echo "the device does not hold the key of its record"; return 1; }
}

# power_sqlite HOW: a new store and device each time.
power_sqlite()
{
	local n=0 store="$TMP/power.db" device="$TMP/power.rpmb"
	"$RPMBCTL" store init --store "$TMP/empty.db" --recipient "$TMP/owner.pub" >/dev/null
	while :; do
		n=$((n + 1))
		rm -f "$store"* "$device"*
		cp "$TMP/empty.db" "$store"
		device_make "$device" "$(cid "$n")"
		killed_at "$n" "$1" "$store" "$device" || break
		goes_on "$store" "$device" "$(cid "$n")" || { echo "after death at call $n"; return 1; }
		[ "$(log_count "$store" verify ok)" = '1 1' ] || { echo "verified more than once: call $n"; return 1; }
		audit "$store" >/dev/null || { echo "after death at call $n"; return 1; }
	done
	rm -f "$TMP/empty.db"
	echo "$n" >"$TMP/power.calls"
	# Far fewer would mean that the calls are not seen.
	[ "$n" -gt 50 ] && all_verified "$store"
}

# On a server one store does for all: a device each time.
power_postgres()
{
	local n=0 device="$TMP/power.rpmb"
	while :; do
		n=$((n + 1))
		rm -f "$device"*
		device_make "$device" "$(cid $((5000 + n)))"
		killed_at "$n" "$2" "$1" "$device" || break
		goes_on "$1" "$device" "$(cid $((5000 + n)))" || { echo "after death at call $n"; return 1; }
	done
	echo "$n" >"$TMP/power.calls"
	[ "$n" -gt 20 ] && [ "$(log_count "$1" verify ok | cut -d' ' -f2)" -eq 1 ] && all_verified "$1"
}

all_verified() { [ "$(sql "$1" "SELECT count(*) FROM device WHERE state <> 'verified'")" -eq 0 ] && audit "$1"; }

# The key is on the disk before the device gets it: the last write to the store before the first to the device was
# synchronised.
stored_first()
{
	local store="$TMP/order.db" device="$TMP/order.rpmb"
	"$RPMBCTL" store init --store "$store" --recipient "$TMP/owner.pub"
	device_make "$device" "$(cid 1)"
	KILLER_TRACE="$TMP/trace" LD_PRELOAD="$BUILD/killer.so" station "$store" A --device "file:$device"
	awk -v device="$device" '
		index($2, device) == 1 && /^p?write/ { seen = 1; exit }
		/order.db-wal$/ { last = $1; n++ }
		END { exit !(seen && n > 3 && last == "fdatasync") }' "$TMP/trace"
}

power()
{
	check 'sqlite: the key is on the disk before the device is programmed' stored_first
	check 'sqlite: killed after each call, the next station goes on' power_sqlite after
	echo "     ($(cat "$TMP/power.calls") calls)"
	check 'sqlite: killed in the middle of each write, the next station goes on' power_sqlite torn
	[ -n "${PG_RUNS-}" ] || return 0
	pg_store power
	check 'postgresql: killed after each call, the next station goes on' power_postgres "$PG" after
	echo "     ($(cat "$TMP/power.calls") calls)"
}
