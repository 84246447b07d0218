# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# /dev/teegate's calls (uapi_test), also while VMMs are killed and the host
# uses its own TEE, OP-TEE's notifications (uapi_notif_test), and calls that bring
# room for OP-TEE's requests. Nothing stays pinned, and the module can go.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
need_file /lab/modules/teegate.ko
need_file /lab/bin/uapi_test
need_file /lab/bin/uapi_rpc_arg_test

load_host_tee
expect "the calls" /lab/bin/uapi_test
expect "calls with room for requests" /lab/bin/uapi_rpc_arg_test
# The shell's own remarks on what was killed go too.
{
	for i in $(seq 20); do
		timeout -s KILL "0.$((RANDOM % 9 + 1))" /lab/bin/uapi_test >/dev/null
	done
} 2>/dev/null
say "ok: killed $i times"
expect "notifications" /lab/bin/uapi_notif_test
xtest 1001 >/run/xtest.log &
xtest=$!
expect "the calls, beside the host's own" /lab/bin/uapi_test
expect "the host's own" wait $xtest
expect "all is unpinned" wait_for 30 nothing_pinned
expect "the modules unload" unload_host_tee
