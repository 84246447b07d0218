# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Pressure on the board's memory: cgroups for VMMs, swap on zram, pages merged and moved by force, and a guest's balloon
# through QEMU's monitor. Each kind leaves numbers behind by which a scenario judges that it was there. Who is put under
# it, and what must hold meanwhile, is the scenario's business.

CGROUPS=/sys/fs/cgroup
KSM=/sys/kernel/mm/ksm
HUGE=/sys/kernel/mm/hugepages/hugepages-32768kB/nr_hugepages
MIB=1048576

# ---- cgroups ----

cgroup_make() # NAME...
{
	local name
	echo +memory >$CGROUPS/cgroup.subtree_control || fail "this kernel has no memory controller"
	for name in "$@"; do mkdir -p "$CGROUPS/$name"; done
}

# in_cgroup NAME COMMAND...: become the command there, so only in a shell of its own.
in_cgroup()
{
	local dir=$CGROUPS/$1
	shift
	echo $BASHPID >"$dir/cgroup.procs" || exit 1
	exec "$@"
}

cgroup_set() { echo "$3" >"$CGROUPS/$1/memory.$2" || fail "memory.$2 of $1 does not take $3"; }
cgroup_current() { cat "$CGROUPS/$1/memory.current"; }
cgroup_number() { awk -v word="$3" '$1 == word { print $2 }' "$CGROUPS/$1/memory.$2"; } # NAME FILE WORD
cgroup_was_oom_killed() { [ "$(cgroup_number "$1" events oom_kill)" -gt 0 ]; }

# ---- swap ----

zram_on()
{
	modprobe zram num_devices=1 && wait_for 30 test -b /dev/zram0 && echo 1G >/sys/block/zram0/disksize &&
		mkswap /dev/zram0 >/dev/null && swapon /dev/zram0
}

# How many times as much as it takes, zram holds.
zram_said() { awk '{ printf "%d KiB in %d KiB", $1 / 1024, $3 / 1024 }' /sys/block/zram0/mm_stat; }

# ---- all of it, in the background ----

# Merging, and moving, and time for others in between: compaction alone may find nothing to do, while pages of 32 MiB can only be made by moving all that
# is in their place. And each cgroup named loses some pages, whatever it needs.
pressure_loop() # CGROUP...
{
	local n=0 name
	while :; do
		n=$((n % 16 + 4))
		echo 1 >/proc/sys/vm/compact_memory
		echo $n >$HUGE
		echo 0 >$HUGE
		# Fails where not so much is to be had, which is fine.
		for name in "$@"; do echo 8M >"$CGROUPS/$name/memory.reclaim"; done
		sleep 2
	done 2>/dev/null
}

pressure_start() # CGROUP...
{
	echo 50 >$KSM/sleep_millisecs
	echo 200 >$KSM/pages_to_scan
	echo 1 >$KSM/run
	pressure_loop "$@" &
	PRESSURE=$!
}

pressure_stop()
{
	kill "$PRESSURE"
	wait "$PRESSURE" 2>/dev/null
	echo 0 >$HUGE
}

# ---- what the kernel counts ----

vmstat_number() { awk -v word="$1" '$1 == word { print $2 }' /proc/vmstat; }

PRESSURE_COUNTERS=(pswpout pswpin pgmigrate_success compact_migrate_scanned compact_success ksm_swpin_copy)
declare -A PRESSURE_BEFORE
pressure_note()
{
	local word
	for word in "${PRESSURE_COUNTERS[@]}"; do PRESSURE_BEFORE[$word]=$(vmstat_number "$word"); done
}

# pressure_grown WORD: by how much since it was noted.
pressure_grown() { echo $(($(vmstat_number "$1") - PRESSURE_BEFORE[$1])); }

pressure_say()
{
	local word
	for word in "${PRESSURE_COUNTERS[@]}"; do printf '%s +%s, ' "$word" "$(pressure_grown "$word")"; done
	printf 'pages_sharing %s; zram holds %s\n' "$(cat $KSM/pages_sharing)" "$(zram_said)"
}

# pressure_was WHAT NUMBER LEAST: a scenario without that pressure has shown nothing.
pressure_was() { [ "$2" -ge "$3" ] || fail "no pressure: $1 is $2, want $3 at least"; }

# ---- a VMM that watches what it has shared with OP-TEE: uapi_pressure_test ----

# Of 48 MiB, and some for the program: part of it can only be on zram, and part is there to be moved.
PINS_ROOM=40M

pins_start()
{
	cgroup_make pins
	cgroup_set pins max $PINS_ROOM
	rm -f /run/pins-end
	in_cgroup pins /lab/bin/uapi_pressure_test pinned /run/pins-end >/run/pins.out 2>&1 &
	PINS=$!
	wait_for 120 grep -q 'pages of .* shared' /run/pins.out || fail "nothing is shared: $(tail -n 3 /run/pins.out)"
	say "$(tail -n 1 /run/pins.out), in a cgroup of $PINS_ROOM"
}

pins_have_ended() { ! kill -0 "$PINS" 2>/dev/null; }

# It goes on until it has seen enough.
pins_end()
{
	local status=0
	touch /run/pins-end
	until wait_for 30 pins_have_ended; do say "$(tail -n 1 /run/pins.out)"; done
	wait "$PINS" || status=$?
	tail -n 3 /run/pins.out
	[ $status -eq 0 ] || fail "uapi_pressure_test ended with $status: $(grep FAIL /run/pins.out | head -n 3)"
	grep -q '^ *[1-9][0-9]* looks at' /run/pins.out || fail "nobody looked at shared pages"
	say "ok: no page moved that was shared with OP-TEE"
}

# A VMM that is killed for want of memory, in the middle of pinning it.
pinning_runs_over()
{
	local status=0
	cgroup_make over
	cgroup_set over max 16M
	cgroup_set over swap.max 0
	(in_cgroup over /lab/bin/uapi_pressure_test over) >/run/over.out 2>&1 || status=$?
	[ $status -eq 137 ] || fail "uapi_pressure_test over ended with $status: $(tail -n 2 /run/over.out)"
	expect "killed for want of memory while it pins" cgroup_was_oom_killed over
}

# A VMM's cgroup pays for what the module keeps for its guest.
charged()
{
	cgroup_make charged
	expect "the VMM's cgroup pays for what the module keeps" \
		in_shell in_cgroup charged /lab/bin/uapi_pressure_test charged $CGROUPS/charged
}

in_shell() { ("$@"); }

# ---- a guest's balloon ----

# The guest and its VMM wait for pages at every step.
BALLOON_SECONDS=600

# Call before guest_start: its options are added to GUEST_EXTRA.
balloon_device() # NAME
{
	local d=$GUESTS/$1
	mkdir -p "$d"
	mkfifo "$d/qmp.in" "$d/qmp.out"
	GUEST_EXTRA+=(-device virtio-balloon-pci -chardev "pipe,id=qmp,path=$d/qmp" -mon "chardev=qmp,mode=control")
}

# qmp NAME SECONDS JSON: the monitor's answer in QMP_LINE. Events that come in between are not for us.
qmp()
{
	local d=$GUESTS/$1 n
	[ -n "${QMP_FD:-}" ] || exec {QMP_FD}<>"$d/qmp.out"
	echo "$3" >"$d/qmp.in"
	for n in $(seq 20); do
		read -r -t "$2" -u "$QMP_FD" QMP_LINE || return 1
		case $QMP_LINE in
		*'"return"'*) return 0 ;;
		*'"error"'*) echo "$QMP_LINE"; return 1 ;;
		esac
	done
	return 1
}

balloon_actual() # NAME: in MiB
{
	qmp "$1" $BALLOON_SECONDS '{"execute": "query-balloon"}' || return 1
	QMP_LINE=${QMP_LINE##*\"actual\": }
	echo $((${QMP_LINE%%[^0-9]*} / MIB))
}

# balloon_to NAME MIB SECONDS: the memory that the guest is to have; waits until it has.
balloon_to()
{
	local end=$((SECONDS + $3))
	qmp "$1" $BALLOON_SECONDS "{\"execute\": \"balloon\", \"arguments\": {\"value\": $(($2 * MIB))}}" || return 1
	while [ "$(balloon_actual "$1")" -ne "$2" ]; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

# A line in /run/balloon for each time that it was full and empty again.
balloon_loop() # NAME MIB-LEAST MIB-MOST
{
	: >/run/balloon
	qmp "$1" $BALLOON_SECONDS '{"execute": "qmp_capabilities"}' || return 1
	while balloon_to "$1" "$2" $BALLOON_SECONDS && balloon_to "$1" "$3" $BALLOON_SECONDS; do
		echo "$2 $3" >>/run/balloon
		sleep 2
	done
	say "the balloon stays at $(balloon_actual "$1") MiB"
}

balloon_cycles() { wc -l </run/balloon; }
