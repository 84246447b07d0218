# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What a guest that never stops calling leaves to another guest, to the host's calls and to the host's timers
# (fairness_test, which gets the arguments). In units of the board's instructions: lab/run --icount.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
need_teegate
need_file /lab/bin/fairness_test
[ "$BOARD_PARTITIONS" -ge 3 ] || skip "this OP-TEE has $BOARD_PARTITIONS partitions, not 3 (lab/run --optee guests)"
load_host_tee
expect "nobody starves" /lab/bin/fairness_test "$@"
expect "the host's own TEE" xtest -l 0 -t regression regression_1001
expect "all is unpinned" wait_for 30 nothing_pinned
expect "the modules unload" unload_host_tee
