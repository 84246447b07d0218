# SPDX-License-Identifier: BSD-2-Clause
#
# How what a route adds to the host's count grows: awk -v what=pages|cookies -v route=ROUTE -v margin=PERCENT -f
# bench-cost.awk RESULTS. Prints the points; exit status 1 if a point is further than the margin from a line through
# them ("pages"), or the dearest further above the cheapest ("cookies"). By the least of each count: medians have parts of
# the kernel's timer in them, which is a tenth of what is added to an invocation.

BEGIN { FS = "\t" }
$1 == "host" { host[$2] = $4 }
$1 == route { guest[$2] = $4 }

function fail(text) { print "FAIL: " text; bad = 1; exit 1 }

function added(key) { return guest[key] - host[key] }

# Each point has the weight of its own size, so that the smallest counts as much as the greatest.
function line_fit(n, key, y, w, s, sx, sy, sxx, sxy)
{
	for (n = 1; n <= 4096; n *= 4) {
		key = "pages-" n
		if (!(key in guest) || !(key in host)) continue
		y = added(key)
		if (y <= 0) fail(n " pages: nothing is added")
		w = 1 / (y * y)
		s += w; sx += w * n; sy += w * y; sxx += w * n * n; sxy += w * n * y
		points++
	}
	if (points < 5) fail(points + 0 " points only")
	slope = (s * sxy - sx * sy) / (s * sxx - sx * sx)
	start = (sy - slope * sx) / s
}

function pages(n, key, off)
{
	line_fit()
	for (n = 1; n <= 4096; n *= 4) {
		key = "pages-" n
		if (!(key in guest)) continue
		off = 100 * (start + slope * n - added(key)) / added(key)
		printf "%5d pages: host %9d, guest %9d, added %9d, the line is %+.1f %% off\n", n, host[key], guest[key],
			added(key), off
		if (off > margin || off < -margin) bad = 1
	}
	printf "added: %.0f, and %.1f for each page\n", start, slope
	if (slope <= 0) bad = 1
}

function cookies(op, n, key, y, least, most, seen)
{
	for (n = 1; n <= 256; n *= 4) {
		key = "cookies-" op "-" n
		if (!(key in guest) || !(key in host)) continue
		y = added(key)
		printf "%-6s with %3d cookies open: host %7d, guest %7d, added %7d\n", op, n, host[key], guest[key], y
		if (!seen++ || y < least) least = y
		if (seen == 1 || y > most) most = y
	}
	if (seen < 4) fail(seen + 0 " points only")
	if (least <= 0) fail("nothing is added")
	printf "%s: the dearest is %.1f %% above the cheapest\n", op, 100 * (most - least) / least
	if (100 * (most - least) > margin * least) bad = 1
}

END {
	if (bad) exit 1
	if (what == "pages") pages()
	else { cookies("invoke"); cookies("share") }
	exit bad
}
