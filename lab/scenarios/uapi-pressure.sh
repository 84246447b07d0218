# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A VMM short of memory (uapi_pressure_test): no page moves that it has shared with OP-TEE while those beside are swapped
# to zram, moved and merged; killed for want of memory while it pins, it leaves nothing behind; its cgroup pays for what
# the module keeps for its guest. With guests of QEMU: pressure.sh. Arguments name the parts, all without: pins, over,
# charged.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-pressure.sh
. /lab/board/lib-pressure.sh
need_file /lab/modules/teegate.ko
need_file /lab/bin/uapi_pressure_test

# uapi_pressure_test itself wants its pages swapped, moved and merged; this is the rest of the board.
part_pins()
{
	pressure_note
	pressure_start pins
	pins_start
	pins_end
	pressure_stop
	say "$(pressure_say)"
	pressure_was "pages swapped out" "$(pressure_grown pswpout)" 5000
	pressure_was "pages swapped in" "$(pressure_grown pswpin)" 2000
	pressure_was "pages moved" "$(pressure_grown pgmigrate_success)" 2000
}

part_over() { pinning_runs_over; }
part_charged() { charged; }

[ $# -gt 0 ] || set -- pins over charged
load_host_tee
expect "swap on zram" zram_on
for part in "$@"; do
	"part_$part"
	expect "all is unpinned" wait_for 30 nothing_pinned
done
expect "the host's own TEE" xtest -l 0 -t regression regression_1001
expect "the modules unload" unload_host_tee
