#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The long run: 1,000 emulated devices, 8 stations at once on PostgreSQL, killed and started again, the server stopped
# and crashed in between; and how many devices a second there are. Figures are printed, none is judged.

LONG_DEVICES=${LONG_DEVICES-1000} LONG_STATIONS=8

# One station that is started again until its run ends by itself; each run but the last dies at a random moment.
station_stubborn()
{
	local kills=0 rc pid
	while :; do
		rc=0
		station "$2" "line-$1" --devices "$3/*.rpmb" >>"$TMP/labels.$1" 2>>"$TMP/errors.$1" &
		pid=$!
		# Half a second to three and a half; SIGKILL, if it still runs.
		sleep "$((RANDOM % 3)).$((RANDOM % 10))5"
		if [ "$kills" -lt 12 ] && kill -KILL "$pid" 2>/dev/null; then kills=$((kills + 1)); fi
		wait "$pid" 2>/dev/null || rc=$?
		[ "$rc" -ne 0 ] || break
	done
	echo "$kills" >"$TMP/kills.$1"
}

server_troubles()
{
	local n mode
	for ((n = 0; n < 6; n++)); do
		sleep 4
		mode=fast
		[ $((n % 2)) -eq 0 ] || mode=immediate
		pg_stop "$mode"
		pg_start
	done
	echo 6 >"$TMP/restarts"
}

long()
{
	local n begin end pids=() troubles
	if [ -z "${PG_RUNS-}" ]; then
		skip 'long: no PostgreSQL server'
		return 0
	fi
	pg_store long
	devices_make "$TMP/long" "$LONG_DEVICES"
	begin=$(date +%s)
	for ((n = 1; n <= LONG_STATIONS; n++)); do
		station_stubborn "$n" "$PG" "$TMP/long" &
		pids+=($!)
	done
	server_troubles &
	troubles=$!
	wait "${pids[@]}"
	end=$(date +%s)
	wait "$troubles"
	check "long: $LONG_DEVICES devices, $LONG_STATIONS stations, kill -9 and server restarts: none lost, none twice" \
		all_done "$PG" "$TMP/long" "$LONG_DEVICES"
	echo "     $((end - begin)) s, kill -9: $(cat "$TMP"/kills.* | paste -sd+ | bc) times, server restarts: $(cat "$TMP/restarts")"
	echo "     log: $(sql "$PG" "SELECT string_agg(action || ' ' || result || ' ' || n, ', ') FROM (SELECT action, result, count(*) AS n FROM log GROUP BY 1, 2 ORDER BY 1, 2) AS counts")"
	cat "$TMP"/errors.* | cut -c 1-160 | sort | uniq -c | sort -rn | sed 's/^/     /' | head -n 8
}

# Devices a second, with one station and with 8; the devices are files, so this is the store's own limit.
bench()
{
	local s=$1 b=$2 n begin end
	for n in 1 8; do
		devices_make "$TMP/bench-$b-$n" 200
		# Each set has CIDs of its own.
		[ "$n" -eq 1 ] || { rm -r "$TMP/bench-$b-$n"; bench_devices "$TMP/bench-$b-$n" 200; }
		begin=$(date +%s%N)
		stations_run "$n" "$s" "$TMP/bench-$b-$n"
		end=$(date +%s%N)
		echo "     $b: 200 devices, $n stations: $((200 * 1000000000 / (end - begin))) devices/s"
	done
}

bench_devices()
{
	local n
	mkdir -p "$1"
	for ((n = 1; n <= $2; n++)); do
		device_make "$1/$n.rpmb" "$(cid $((90000 + n)))"
	done
}
