# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the measuring scenarios share: the ways that a guest's calls can take, a guest whose memory is of a known kind,
# and the lines of results that bench_calls leaves. What is measured and judged is in bench.sh, bench-cost.sh and
# bench-throughput.sh; lib.sh comes first.
# shellcheck source=lab/scenarios/lib-route.sh
. /lab/board/lib-route.sh

# shellcheck disable=SC2034  # what lib.sh and the scenarios use
RESULTS=/lab/bench.tsv SMALL_NODE=1
# Under --icount a guest has no seconds of the machine outside.
# shellcheck disable=SC2034
GUEST_BOOT_TIMEOUT=600

# Which ways a guest's calls can take on this board. Each is a word for route_take, in this order.
routes()
{
	echo user
	if route_is_here; then
		echo kernel
	else
		say "in-kernel routing is not measured: no $(route_missing)(make route, or lab/run --kernel patched)" >&2
	fi
}

# From here on guests' calls take this way. The stock teegate.ko, which is loaded first, knows user space only.
route_take() # ROUTE
{
	if route_is_builtin; then
		route_offer "$([ "$1" = user ] && echo 0 || echo 1)"
	elif [ "$1" = kernel ]; then
		expect "the modules unload" unload_host_tee
		route_into_kernel
		route_modules_take
		load_host_tee
	fi
	[ "$1" = user ] || expect "teegate info says which way" grep -q 'from KVM directly' <(teegate info)
}

# A guest with memory of both kinds: node 0 is in huge pages of the VMM, node 1 (shared memory) in pages of 4 KiB.
guest_with_both_kinds()
{
	# shellcheck disable=SC2034,SC2054  # for lib.sh; QEMU's commas
	GUEST_EXTRA=(-object memory-backend-ram,id=big,size=384M -numa node,nodeid=0,cpus=0,memdev=big
		-object memory-backend-memfd,id=small,size=128M -numa node,nodeid=1,memdev=small)
	# shellcheck disable=SC2034
	GUEST_MEM=512
}

# The VMM's memory is what it is to be: what is touched of node 0 in huge pages, and of node 1, which is used, nothing.
vmm_memory_is_right() # NAME
{
	awk '/^[0-9a-f]+-[0-9a-f]+ / { small = /memfd:/ }
		$1 == "AnonHugePages:" { huge += $2 }
		$1 == "Rss:" { if (small) rss_small += $2; else if ($2 > rss_big) rss_big = $2 }
		$1 == "ShmemPmdMapped:" { huge_small += $2 }
		END {
			printf "in huge pages: %d of %d KiB of node 0, %d of %d KiB of node 1\n", huge, rss_big, huge_small,
				rss_small
			exit !(rss_small >= 16384 && huge_small == 0 && huge >= 0.9 * rss_big)
		}' "/proc/$(cat "$GUESTS/$1/pid")/smaps"
}

# TAs and storage in RAM, as a guest has them: what is read through a folder of the machine outside, if only to find
# that it is not there, is waited for.
tee_files_to_ram()
{
	mkdir -p /run/tas
	cp /usr/lib/optee_armtz/* /run/tas/
	mount --bind /run/tas /usr/lib/optee_armtz
	mount -t tmpfs storage /var/lib/tee
}

# record ROUTE FILE COUNT: bench_calls' lines, and the mean that xtest tells in microseconds; so many there must be.
record()
{
	tr -d '\r' <"$2" | awk -v route="$1" -v want="$3" '
		BEGIN { OFS = "\t" }
		/^[a-z0-9-]+\t[0-9]/ { print route, $0; n++ }
		match($0, /mean=[0-9.e+]+us/) {
			ns = sprintf("%.0f", 1000 * substr($0, RSTART + 5, RLENGTH - 7))
			print route, "xtest-sha", ns, ns, ns, "0.0"
			n++
		}
		END { exit n != want }' >>"$RESULTS" || {
		tail -n 5 "$2"
		fail "$1: not the $3 rows that were expected"
	}
}

# For lab/bench --profile: what is where. A guest says, in lines that begin with a plus, where its kernel and its driver
# are; the rest of its kernel is the host's, elsewhere.
symbols_here() # ROUTE
{
	[ -n "$BOARD_PROFILE" ] || return 0
	awk '($2 ~ /^[tTwW]$/ && $3 !~ /^\$/) || $3 == "_etext" { print $1, $2, $3, $4 }' /proc/kallsyms | sort >"/lab/symbols-host-$1"
}

symbols_of_guest() # ROUTE
{
	[ -n "$BOARD_PROFILE" ] || return 0
	expect "guest $1 says where its kernel is" guest_run "$1" \
		"grep -E ' (_stext|_etext)$| [tTwW] [^$].*\[(optee|tee)\]' /proc/kallsyms | sort | sed s/^/+/"
	guest_out "$1" | sed -n 's/^+//p' >"/lab/symbols-guest-$1"
}

# In RAM, since /lab is a folder of the machine outside.
measure_here() # ROUTE COUNT COMMAND
{
	local out=/run/$1.out
	mkdir -p /given
	cp /lab/bin/bench_* /lab/modules/bench_* /given/
	bash -c "$3" >"$out" 2>&1 || {
		cat "$out"
		fail "the measurement $1 failed"
	}
	record "$1" "$out" "$2"
	symbols_here "$1"
	say "measured: $1"
}

measure_guest() # ROUTE COUNT COMMAND
{
	local name=$1
	route_take "$1"
	guest_start_tee "$name"
	guest_wait_up "$name"
	expect "guest $name has a TEE" guest_run "$name" 'test -e /dev/tee0 && test -e /dev/teepriv0'
	guests_copy_stop
	guest_run "$name" "$3" || {
		guest_out "$name"
		fail "the measurement in guest $name failed"
	}
	expect "the VMM's memory is of both kinds" vmm_memory_is_right "$name"
	guest_out "$name" >"$GUESTS/$name/rows"
	record "$1" "$GUESTS/$name/rows" "$2"
	say "measured: $1"
	symbols_here "$1"
	symbols_of_guest "$1"
	expect "guest $name powers off" guest_stop "$name"
}

bench_begin()
{
	need_teegate
	need_file /lab/bin/bench_calls
	: >"$RESULTS"
	tee_files_to_ram
	load_host_tee
}
