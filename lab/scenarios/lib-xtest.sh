# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Judging xtest, OP-TEE's test program, wherever it ran: how many subtests and cases it counted, and which failed.
# Starting guests is lib.sh's business.

# shellcheck disable=SC2034  # the scenarios' numbers
# What xtest of Debian 13 counts at level 0 on this board: exactly so many cases, and at least so many subtests. The
# socket tests (regression_2001 to 2004) count each piece that TCP delivers, so they differ by a few from run to run.
XTEST_FULL_SUBTESTS=39255 XTEST_FULL_CASES=139

# The driver's basics, TA loading, sessions, shared memory, concurrency, and secure storage through the supplicant.
xtest_select_smoke()
{
	local n
	XTEST_SMOKE=(-l 0 -t regression)
	for n in $(seq 1001 1013) $(seq 6001 6020); do XTEST_SMOKE+=("regression_$n"); done
}

# xtest_summary FILE: "SUBTESTS SUBTESTS-FAILED CASES CASES-FAILED" of the last run in it.
xtest_summary()
{
	tr -d '\r' <"$1" | awk '
		/^[0-9]+ subtests? of which [0-9]+ failed/ { s = $1; sf = $5 }
		/^[0-9]+ test cases? of which [0-9]+ failed/ { c = $1; cf = $6 }
		END { if (c == "") exit 1; print s, sf, c, cf }'
}

xtest_failures() { tr -d '\r' <"$1" | grep -aE '(^  ?[a-z_]+[0-9.]* FAIL|FAIL$|FAILED|^[^ ]*:[0-9]+:)' | head -n 20; }

# What xtest says when it gives up a case that it then calls passed.
xtest_gave_up() { grep -m 1 -F 'init_storage_info() failed' "$1"; } # FILE

# xtest_counts WHO FILE [SUBTESTS CASES]: say the counts; fail unless nothing failed and, if given, all cases and at least
# so many subtests were run.
xtest_counts()
{
	local who=$1 file=$2 s sf c cf
	read -r s sf c cf < <(xtest_summary "$file") || {
		tail -n 5 "$file"
		fail "xtest $who left no summary"
	}
	say "xtest $who: $s subtests of which $sf failed, $c cases of which $cf failed"
	if [ "$sf" -ne 0 ] || [ "$cf" -ne 0 ]; then
		xtest_failures "$file"
		fail "xtest $who has failures"
	fi
	[ $# -le 2 ] || { [ "$s" -ge "$3" ] && [ "$c" -eq "$4" ]; } || fail "xtest $who ran $s of $3 subtests, $c of $4 cases"
}

# xtest_judge WHO FILE [SUBTESTS CASES]: the counts, and that no case was given up.
xtest_judge()
{
	xtest_counts "$@"
	! xtest_gave_up "$2" >/dev/null || fail "xtest $1 gave up a case: $(xtest_gave_up "$2")"
}

# xtest_judge_no_storage WHO FILE: the counts of a run with storage cases where no storage answers, all of them given up.
xtest_judge_no_storage()
{
	xtest_counts "$@"
	expect "xtest $1 found no storage" xtest_gave_up "$2"
	refute "of any kind" grep -q 'Storage id: ' "$2"
}

# xtest_host ARGUMENT...: run it on the host, and judge it.
xtest_host()
{
	xtest "$@" >/run/xtest-host.out 2>&1 || true
	xtest_judge "on the host" /run/xtest-host.out
}

# xtest_guest NAME WHAT SECONDS ARGUMENT...: run it in a guest; leave its output in /lab/xtest-NAME.out.
xtest_guest()
{
	local name=$1 what=$2 seconds=$3 rc=0
	shift 3
	# The guest's init already put lo up, which regression_2001 and the like need; pkcs11_1028 starts another xtest
	# through the shell, so both must be found in PATH.
	guest_post "$name" "xtest $*"
	guest_verdict "$name" "$seconds" || rc=$?
	guest_out "$name" >"/lab/xtest-$name.out"
	[ "$rc" -ne 125 ] || fail "xtest $what gave no verdict in $seconds s"
	return "$rc"
}
