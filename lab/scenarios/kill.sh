# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# VMMs killed in each state of a call, then guests made and ended, and a comparison of the machine before and after
# (kill_test, which gets the arguments). The host's TEE works afterwards, nothing is pinned, the module can go. With
# --oom first, it is the kernel that kills them, each in a cgroup whose limit becomes too low for it.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-pressure.sh
. /lab/board/lib-pressure.sh
need_file /lab/modules/teegate.ko
need_file /lab/bin/kill_test

# They explain refusals that this scenario causes on purpose, in their thousands.
dmesg -n 5
if [ "${1:-}" = --oom ]; then
	shift
	cgroup_make oom
	# Of each kill, one line is enough; no page may go elsewhere.
	echo 0 >/proc/sys/vm/oom_dump_tasks
	set -- --oom "$CGROUPS/oom" "$@"
fi
load_host_tee
expect "kills and cycles" /lab/bin/kill_test "$@"
expect "the host's own TEE" xtest -l 0 -t regression regression_1001
expect "all is unpinned" wait_for 30 nothing_pinned
expect "the modules unload" unload_host_tee
