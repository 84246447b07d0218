# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A board short of memory: guests of QEMU in a cgroup that has no room for them, swap on zram, pages merged and moved by
# force, and a balloon that goes up and down in the first guest. Meanwhile xtest passes in the guests and on the host,
# and no page moves that a third VMM has shared with OP-TEE (uapi_pressure_test). Then a guest's VMM runs over its
# cgroup's limit without swap, in the middle of calls, and is killed: nothing is left of it, its neighbours do not
# notice, the next guest has a TEE. Each kind of pressure must have been there, or the run fails.
#
# --guests N: how many of QEMU's, 1 without. --rounds N: of xtest, 1 without. Other arguments are xtest's.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh
# shellcheck source=lab/scenarios/lib-pressure.sh
. /lab/board/lib-pressure.sh

GUEST_COUNT=1 ROUNDS=1
# Everything waits for pages.
GUEST_BOOT_TIMEOUT=600 SECONDS_LEFT=1500
# Sessions, shared memory, concurrency, storage.
XTEST=(-l 0 -t regression regression_1001 regression_1004 regression_1008 regression_6001)
while [ $# -gt 0 ]; do
	case $1 in
	--guests) GUEST_COUNT=$2 && shift ;;
	--rounds) ROUNDS=$2 && shift ;;
	*) break ;;
	esac
	shift
done
[ $# -eq 0 ] || XTEST=("$@")
# A guest's memory, and with its balloon full.
GUEST_MEM=384
BALLOON_FULL=$((GUEST_MEM - 48))
NAMES=()
for n in $(seq "$GUEST_COUNT"); do NAMES+=("guest$n"); done
GUEST=${NAMES[0]}

vmm_pid() { cat "$GUESTS/$1/pid"; }
vmm_status() { awk -v word="$2:" '$1 == word { print $2 }' "/proc/$(vmm_pid "$1")/status"; } # NAME WORD: in KiB
vmm_merged() { cat "/proc/$(vmm_pid "$1")/ksm_merging_pages"; }
module_users() { cat /sys/module/teegate/refcnt; }
module_users_are() { [ "$(module_users)" -eq "$1" ]; }

# ---- the guests ----

guests_start()
{
	local g
	need_file /usr/lib/modules/*/kernel/drivers/virtio/virtio_balloon.ko.xz
	guest_initrd_with /usr/lib/modules/*/kernel/drivers/virtio/virtio_balloon.ko.xz /lab/modules/shared_balloon.ko
	for g in "${NAMES[@]}"; do
		cgroup_make "$g"
		GUEST_EXTRA=()
		[ "$g" != "$GUEST" ] || balloon_device "$g"
		guest_start "$g" in_cgroup "$g" teegate run --
	done
	for g in "${NAMES[@]}"; do
		guest_wait_up "$g"
		expect "$g has a TEE" guest_run "$g" 'test -e /dev/tee0'
	done
	expect "$GUEST has a balloon" guest_run "$GUEST" 'test -e /sys/bus/virtio/drivers/virtio_balloon/virtio*'
}

# Three quarters of what it has taken: the rest can only be on zram. At the first limit its VMM is slowed down as well.
guests_squeeze()
{
	local g current
	for g in "${NAMES[@]}"; do
		current=$(cgroup_current "$g")
		cgroup_set "$g" high $((current * 3 / 4))
		cgroup_set "$g" max $((current * 4 / 5))
		say "$g: $((current / MIB)) MiB, and room for $((current * 3 / 4 / MIB)) now"
	done
}

# guest_counts NAME: what its VMM's cgroup and the kernel's merging have counted: pages that had to be read, pages that
# came back from swap, MiB in swap, merged pages.
guest_counts()
{
	echo "$(cgroup_number "$1" stat pgmajfault) $(cgroup_number "$1" stat workingset_refault_anon)" \
		"$(($(cat "$CGROUPS/$1/memory.swap.current") / MIB)) $(vmm_merged "$1")"
}
GUEST_COUNTS_LEAST=(1000 20 16 1)

guest_pressure() # NAME
{
	local faults refaults swapped merged least=("${GUEST_COUNTS_LEAST[@]}")
	read -r faults refaults swapped merged < <(guest_counts "$1")
	say "$1: $swapped MiB swapped out, $faults major faults, $refaults pages swapped in again, $merged merged," \
		"$(vmm_status "$1" VmPin) KiB shared with OP-TEE"
	pressure_was "major faults of $1" "$faults" "${least[0]}"
	pressure_was "swapped in again of $1" "$refaults" "${least[1]}"
	pressure_was "swapped out of $1 in MiB" "$swapped" "${least[2]}"
	pressure_was "merged in $1" "$merged" "${least[3]}"
}

# ---- xtest ----

# To RAM first: see guest_copy_out in lib.sh.
host_xtest()
{
	xtest "${XTEST[@]}" >/run/xtest-host.out 2>&1
	cp /run/xtest-host.out /lab/xtest-host.out
}

# Seen once in two dozen rounds: the storage TA did not open, or made no object, and xtest gave up the case before its first
# subtest. Why is not known; so what teegate has refused is shown. Such a round does not count, and a second one is a failure.
ROUNDS_GIVEN_UP=0
round_gave_up() # WHO FILE
{
	local line
	line=$(xtest_gave_up "$2") || return 1
	ROUNDS_GIVEN_UP=$((ROUNDS_GIVEN_UP + 1))
	cp "$2" "/lab/gave-up-$ROUNDS_GIVEN_UP.out"
	say "xtest $1 gave up a case: $line; refused by teegate: $(refusals)"
	[ $ROUNDS_GIVEN_UP -le 1 ] || fail "xtest gave up a case twice"
}

TRACING=/sys/kernel/tracing
refusals()
{
	sed -n 's/.* refused: \(vm=[0-9]*\) \(reason=[^ ]*\) .*/\1 \2/p' $TRACING/trace | sort | uniq -c | awk '{ $1 = $1 "x"; print }' |
		paste -sd, | grep . || echo nothing
}

# 1: a case was given up.
xtest_round()
{
	local g host rc=0
	host_xtest &
	host=$!
	for g in "${NAMES[@]}"; do guest_post "$g" "xtest ${XTEST[*]}"; done
	for g in "${NAMES[@]}"; do
		guest_verdict "$g" $SECONDS_LEFT
		guest_out "$g" >"/lab/xtest-$g.out"
		if round_gave_up "in $g" "/lab/xtest-$g.out"; then rc=1; else xtest_judge "in $g" "/lab/xtest-$g.out"; fi
	done
	wait $host
	xtest_judge "on the host" /lab/xtest-host.out
	return $rc
}

# A guest that gives its balloon pages which OP-TEE has at that moment. It harms itself alone.
balloon_takes_shared()
{
	# shellcheck disable=SC2016  # the guest's shell
	guest_run "$GUEST" 'rmmod virtio_balloon && insmod /given/shared_balloon.ko; r=$?; dmesg | grep shared_balloon:; exit $r' || {
		guest_out "$GUEST" | tail -n 12
		fail "a balloon over pages that are shared with OP-TEE"
	}
	guest_out "$GUEST" | sed -n 's/.*shared_balloon: /    /p'
	say "ok: the balloon took pages that were shared with OP-TEE"
}

# What comes in its own time has come.
pressure_seen()
{
	local g i counts
	[ "$(balloon_cycles)" -ge 1 ] || return 1
	for g in "${NAMES[@]}"; do
		read -r -a counts < <(guest_counts "$g")
		for i in "${!GUEST_COUNTS_LEAST[@]}"; do [ "${counts[i]}" -ge "${GUEST_COUNTS_LEAST[i]}" ] || return 1; done
	done
}

# xtest as often as it takes to see all of the pressure while it runs, and as often as asked.
under_pressure()
{
	local n=0 g
	pressure_note
	pressure_start "${NAMES[@]}"
	balloon_loop "$GUEST" $BALLOON_FULL $GUEST_MEM &
	BALLOON=$!
	while [ $n -lt "$ROUNDS" ] || { [ $n -lt $((ROUNDS + 3)) ] && ! pressure_seen; }; do
		xtest_round || continue
		n=$((n + 1))
		say "round $n: the balloon was full and empty $(balloon_cycles) times, $(vmm_merged "$GUEST") pages merged in $GUEST"
	done
	for g in "${NAMES[@]}"; do guest_pressure "$g"; done
	kill -0 $BALLOON || fail "the balloon does not move any more"
	kill $BALLOON
	balloon_takes_shared
	pressure_stop
	say "ok: xtest passed $n times; the balloon was full at $BALLOON_FULL of $GUEST_MEM MiB $(balloon_cycles) times;" \
		"$(pressure_say)"
	pressure_was "the balloon's way down and up" "$(balloon_cycles)" 1
	pressure_was "pages swapped out" "$(pressure_grown pswpout)" 5000
	pressure_was "pages swapped in" "$(pressure_grown pswpin)" 2000
	pressure_was "pages moved" "$(pressure_grown pgmigrate_success)" 2000
	pressure_was "pages looked at by compaction" "$(pressure_grown compact_migrate_scanned)" 2000
	pressure_was "merged pages" "$(cat $KSM/pages_sharing)" 100
}

# ---- killed for want of memory ----

# The guest calls OP-TEE without a pause and takes more and more memory. Once it has some shared, its VMM's cgroup has only
# half of the room that it needs: a limit just too low only makes the VMM's own program come and go, for ever.
guest_runs_over()
{
	local d=$CGROUPS/$GUEST pinned=0 kib status=0 low=''
	cgroup_set "$GUEST" high max
	cgroup_set "$GUEST" swap.max 0
	cgroup_set "$GUEST" max max
	guest_post "$GUEST" 'xtest --sha-perf -n 1000000 -s 65536 >/dev/null & sleep 1; dd if=/dev/zero of=/tmp/over bs=1M'
	while guest_is_running "$GUEST"; do
		kib=$(vmm_status "$GUEST" VmPin 2>/dev/null)
		[ -z "$kib" ] || [ "$kib" -eq 0 ] || pinned=$kib
		if [ "$pinned" -ge 64 ] && [ -z "$low" ]; then
			low=$(($(cgroup_current "$GUEST") / 2))
			cgroup_set "$GUEST" max $low
		fi
		[ $SECONDS -lt "$OVER_END" ] || fail "$GUEST is not killed: $(cat "$d/memory.current") of $(cat "$d/memory.max")"
		sleep 0.1
	done
	wait "$(vmm_pid "$GUEST")" || status=$?
	[ $status -eq 137 ] || fail "$GUEST's VMM ended with $status, not killed"
	expect "the kernel killed $GUEST's VMM for want of memory" cgroup_was_oom_killed "$GUEST"
	pressure_was "$GUEST's memory shared with OP-TEE, in KiB" "$pinned" 64
	say "ok: it had shared $pinned KiB a moment before"
}

killed_for_memory()
{
	local users kernel
	users=$(module_users)
	kernel=$(cgroup_number "$GUEST" stat kernel)
	OVER_END=$((SECONDS + 900))
	guest_runs_over
	expect "the module has one user less" wait_for 30 module_users_are $((users - 1))
	expect "the kernel memory that its cgroup paid for is paid back" wait_for 30 kernel_memory_is_back "$GUEST"
	say "of kernel memory, $((kernel / 1024)) KiB before and $(($(cgroup_number "$GUEST" stat kernel) / 1024)) KiB now;" \
		"and $(($(cgroup_number "$GUEST" stat anon) / 1024)) KiB that another VMM has still"
	NAMES=("${NAMES[@]:1}")
	xtest_round || xtest_round
}

kernel_memory_is_back() { [ "$(cgroup_number "$1" stat kernel)" -lt $MIB ]; }

# Once all VMMs are gone: a page that several had, merged, is paid for by the cgroup that had it first, also in swap and
# when that VMM has ended. Memory of files stays the cgroup's until somebody else wants it.
cgroup_is_empty()
{
	echo 1G >"$CGROUPS/$1/memory.reclaim" 2>/dev/null
	[ "$(cgroup_number "$1" stat anon)" -eq 0 ] && kernel_memory_is_back "$1"
}

next_guest()
{
	GUEST_EXTRA=()
	guest_start next teegate run --
	guest_wait_up next
	expect "the next guest has a TEE" guest_run next 'test -e /dev/tee0 && test -e /dev/teepriv0'
	xtest_guest next "in the next guest" 600 "${XTEST[@]}"
	xtest_judge "in the next guest" /lab/xtest-next.out
	expect "the next guest powers off" guest_stop next
}

need_teegate
need_file /lab/modules/shared_balloon.ko
[ "$BOARD_PARTITIONS" -gt $((GUEST_COUNT + 2)) ] || skip "this OP-TEE has $BOARD_PARTITIONS partitions (lab/run --optee guests)"
load_host_tee
echo 1 >$TRACING/events/teegate/refused/enable
expect "swap on zram" zram_on
guests_start
guests_squeeze
pins_start
under_pressure
killed_for_memory
pins_end
pinning_runs_over
for g in "${NAMES[@]}"; do expect "$g powers off" guest_stop "$g"; done
expect "all is unpinned" wait_for 30 nothing_pinned
for g in "$GUEST" "${NAMES[@]}"; do expect "all that $g's cgroup paid for is paid back" wait_for 30 cgroup_is_empty "$g"; done
charged
[ "$ROUNDS" -eq 1 ] || next_guest
expect "all is unpinned" wait_for 30 nothing_pinned
expect "the modules unload" unload_host_tee
