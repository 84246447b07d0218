# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Pressure on the board's memory: cgroups for VMMs. Who is put under it, and what must hold meanwhile, is the scenario's
# business.

CGROUPS=/sys/fs/cgroup

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
