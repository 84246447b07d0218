# SPDX-License-Identifier: BSD-2-Clause
#
# Are a run's counts those of the baseline? awk -v board=CPU[/KERNEL] -v margin=PERCENT -f bench-compare.awk BASELINE RESULTS, with
# lab/bench-baseline.tsv and a run's bench.tsv. Says which are not, and which are missing on either side; exit status 1
# then. In-kernel routing is measured only where the board's kernel has it.

BEGIN { FS = "\t" }
FNR == NR { if ($1 == board) want[$2 "\t" $3] = $4; next }
{ have[$1 "\t" $2] = $3 }

function name(key) { sub("\t", " ", key); return key }

function fail(key, text) { printf "FAIL: %s: %s\n", name(key), text; bad = 1 }

END {
	for (k in have) {
		if (!(k in want)) { fail(k, "not in the baseline"); continue }
		percent = 100 * (have[k] - want[k]) / want[k]
		if (percent > margin || percent < -margin)
			fail(k, sprintf("%d instructions, the baseline has %d (%+.1f %%)", have[k], want[k], percent))
		n++
	}
	for (k in want)
		if (!(k in have) && k !~ /^kernel\t/) fail(k, "was not measured")
	if (!n) { print "FAIL: nothing to compare"; bad = 1 }
	if (bad) exit 1
	printf "%d counts are within %d %% of the baseline\n", n, margin
}
