#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the tests of the store share: a scratch directory, keys, emulated devices, counting, a PostgreSQL server of
# their own. Sourced by run, which sets RPMBCTL and BUILD. Nothing here tests anything.

PASSED=0 FAILED=0 SKIPPED=0
export RPMBCTL_MODE=factory

ok() { PASSED=$((PASSED + 1)); echo "ok   $*"; }
bad() { FAILED=$((FAILED + 1)); echo "FAIL $*"; }
skip() { SKIPPED=$((SKIPPED + 1)); echo "skip $*"; }

# check NAME COMMAND...: passes if the command succeeds; shows what it said if not.
check()
{
	local name=$1 rc
	shift
	# In a condition, bash would not stop at the first command that fails.
	set +e
	(
		set -e
		"$@"
	) >"$TMP/said" 2>&1
	rc=$?
	set -e
	if [ "$rc" -eq 0 ]; then
		ok "$name"
	else
		bad "$name"
		tail -n 20 "$TMP/said" | sed 's/^/     /'
	fi
}

# exits CODE COMMAND...: succeeds if the command ends with that exit code.
exits()
{
	local want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" -eq "$want" ] || { echo "exit code $got, not $want: $*"; return 1; }
}

keys_make()
{
	local name
	for name in "$@"; do
		(umask 077; openssl genpkey -algorithm X25519 -out "$TMP/$name.pem")
		openssl pkey -in "$TMP/$name.pem" -pubout -out "$TMP/$name.pub"
	done
}

# cid NUMBER: of an emulated device.
cid() { printf '150100544545474154%010x2900' "$1"; }
device_make() { "$RPMBCTL" emulate create --cid "$2" --size 128K "$1" >/dev/null; }

# devices_make DIRECTORY COUNT
devices_make()
{
	local n
	mkdir -p "$1"
	for ((n = 1; n <= $2; n++)); do
		device_make "$1/$(printf '%05d' "$n").rpmb" "$(cid "$n")"
	done
}

station() { "$RPMBCTL" station --store "$1" --station "$2" --once --commit-all "${@:3}"; }

# device_holds STORE DEVICE: the device answers with the key that the store has for it.
device_holds() { "$RPMBCTL" counter --device "file:$2" --key-store "$1,identity=$TMP/owner.pem" >/dev/null; }

audit() { "$RPMBCTL" store audit --store "$1" "${@:2}"; }
anchor() { audit "$1" | sed -n 's/^anchor *//p'; }

# log_count STORE ACTION RESULT: how many such entries there are; in all, and then the most of one CID.
log_count()
{
	local sql="SELECT coalesce(sum(n), 0), coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM log WHERE action = '$2' AND result = '$3' GROUP BY cid) AS counts"
	sql "$1" "$sql" | tr '|' ' '
}

sql()
{
	case $1 in
	postgresql:*) psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c "$2" ;;
	*) sqlite3 "${1#sqlite:}" "$2" ;;
	esac
}

# The server: as another user where this is root, because PostgreSQL refuses root; on a socket in $TMP/pg only.
pg_find()
{
	local bin
	for bin in /usr/lib/postgresql/*/bin; do
		[ -x "$bin/initdb" ] && PG_BIN=$bin
	done
	[ -n "${PG_BIN-}" ] || return 1
	PG_AS=()
	if [ "$(id -u)" -eq 0 ]; then
		id postgres >/dev/null 2>&1 || return 1
		PG_AS=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
	fi
}

pg_run() { (cd / && env -u RPMBCTL_MODE "${PG_AS[@]}" "$@"); }

pg_start()
{
	pg_run "$PG_BIN/pg_ctl" -s -w -t 60 -D "$TMP/pg/data" -l "$TMP/pg/log" \
		-o "-c listen_addresses='' -c unix_socket_directories='$TMP/pg' -c max_connections=150" start </dev/null
}

# pg_stop MODE: smart, fast, immediate (like a crash).
pg_stop() { pg_run "$PG_BIN/pg_ctl" -s -w -t 60 -D "$TMP/pg/data" -m "$1" stop; }

pg_init()
{
	install -d -m 755 "$TMP/pg"
	[ "$(id -u)" -ne 0 ] || chown postgres "$TMP/pg"
	pg_run "$PG_BIN/initdb" -A trust -U rpmb --no-locale -E UTF8 -D "$TMP/pg/data" >/dev/null && pg_start && PG_RUNS=1
}

# pg_store NAME: makes a store in a data base of its own; PG is its specification.
pg_store()
{
	PG="postgresql:///$1?host=$TMP/pg&user=rpmb"
	psql -X -q -d "postgresql:///postgres?host=$TMP/pg&user=rpmb" -c "CREATE DATABASE $1" &&
		"$RPMBCTL" store init --store "$PG" --recipient "$TMP/owner.pub" >/dev/null
}

setup()
{
	local where=${TMPDIR-/tmp}
	# Processes are killed here, not machines: memory will do, unless time is measured.
	[ -n "${ON_DISK-}" ] || [ ! -w /dev/shm ] || where=/dev/shm
	TMP=$(mktemp -d -p "$where")
	chmod 755 "$TMP"
	# bash runs it also when a signal ends it (TERM, INT, HUP), at once: a trap of their own would wait for a child.
	trap teardown EXIT
	keys_make owner other
}

teardown()
{
	# Once is enough, and nothing comes between.
	trap - EXIT
	trap '' TERM INT HUP
	# Also one that was still starting.
	if [ -n "${PG_RUNS-}" ] || [ -d "$TMP/pg/data" ]; then
		pg_stop immediate 2>/dev/null || true
	fi
	# What was cut off may still write for a moment.
	pkill -P $$ || true
	rm -rf "$TMP" 2>/dev/null || { sleep 1; rm -rf "$TMP"; }
}
