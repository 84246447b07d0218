# SPDX-License-Identifier: BSD-2-Clause
#
# What lab/bench prints, from the lines of a run (route, row, median, least, most, waits): -v as=table, json or svg;
# -v about= says which board it was. The rows' titles and order, the routes' names and colours are here; what the
# numbers are is in tests/lab/bench_calls.c.

function row_define(id, title) { row_id[++rows] = id; row_title[id] = title }

function route_define(id, title, colour) { route_id[++routes] = id; route_title[id] = title; route_colour[id] = colour }

BEGIN {
	FS = "\t"
	route_define("host", "host, VM 1", "#8b929c")
	route_define("user", "guest, user space", "#2f6db3")
	route_define("kernel", "guest, in kernel", "#3c9a5f")
	row_define("fast-call", "fast call (CALLS_UID)")
	row_define("session-pta", "open + close session, PTA")
	row_define("session-ta", "open + close session, TA")
	row_define("invoke-none", "invoke, no memory")
	row_define("invoke-1k", "invoke, memref of 1 KiB")
	row_define("invoke-64k", "invoke, memref of 64 KiB")
	row_define("invoke-1m", "invoke, memref of 1 MiB")
	row_define("shm-4k", "register + unregister 4 KiB")
	row_define("shm-4k-thp", "register + unregister 4 KiB, THP")
	row_define("shm-1m", "register + unregister 1 MiB")
	row_define("shm-1m-thp", "register + unregister 1 MiB, THP")
	row_define("shm-16m", "register + unregister 16 MiB")
	row_define("shm-16m-thp", "register + unregister 16 MiB, THP")
	row_define("rpc-kernel", "invoke, an RPC to the kernel")
	row_define("rpc-supplicant", "invoke, an RPC to tee-supplicant")
	row_define("xtest-sha", "xtest --sha-perf -n 200 -s 1024")
}

/^#/ || NF < 5 { next }
$1 == "mediator" { process[$2] = $3; smcs[$2] = $6; next }
!($1 in route_title) || !($2 in row_title) { print "bench: no such line: " $0 > "/dev/stderr"; failed = 1; exit 1 }
{ median[$1, $2] = $3; least[$1, $2] = $4; most[$1, $2] = $5; seen[$1] = 1; lines++ }

# 1234567 -> 1,234,567
function commas(n, s, sign, out)
{
	sign = n < 0 ? "-" : ""
	s = sprintf("%d", n < 0 ? -n : n)
	while (length(s) > 3) {
		out = "," substr(s, length(s) - 2) out
		s = substr(s, 1, length(s) - 3)
	}
	return sign s out
}

function signed(n) { return (n < 0 ? "" : "+") commas(n) }

function added(route, id) { return median[route, id] - median["host", id] }

function factor(route, id) { return median[route, id] / median["host", id] }

function table(r, i, id, route)
{
	printf "%-34s", "instructions"
	for (r = 1; r <= routes; r++) {
		if (!((route = route_id[r]) in seen)) continue
		if (route == "host") printf " %14s", route_title[route]
		else printf "  %18s %12s %7s", route_title[route], "overhead", "factor"
	}
	print ""
	for (i = 1; i <= rows; i++) {
		id = row_id[i]
		printf "%-34s", row_title[id]
		for (r = 1; r <= routes; r++) {
			if (!((route = route_id[r]) in seen)) continue
			if (route == "host") printf " %14s", commas(median[route, id])
			else printf "  %18s %12s %7.2f", commas(median[route, id]), signed(added(route, id)), factor(route, id)
		}
		print ""
	}
}

# The last number of these is how many SMCs an operation takes.
function mediator(i, id)
{
	if (!("fast-call" in process)) return
	printf "\n%-34s %14s  %18s %12s\n", "a process as the guest, no KVM", "host, VM 1", "by TEEGATE_SMC", "SMCs"
	for (i = 1; i <= rows; i++) {
		id = row_id[i]
		if (id in process)
			printf "%-34s %14s  %18s %12d\n", row_title[id], commas(median["host", id]), commas(process[id]), smcs[id]
	}
}

function json(r, i, id, route, between, comma)
{
	printf "{\n  \"schema\": 1,\n  \"unit\": \"instructions\",\n  \"about\": \"%s\",\n  \"rows\": [", about
	for (i = 1; i <= rows; i++) {
		id = row_id[i]
		printf "%s\n    { \"name\": \"%s\", \"routes\": {", comma, id
		comma = ","
		between = ""
		for (r = 1; r <= routes; r++) {
			if (!((route = route_id[r]) in seen)) continue
			printf "%s\n      \"%s\": { \"median\": %d, \"least\": %d, \"most\": %d", between, route, median[route, id],
				least[route, id], most[route, id]
			if (route != "host") printf ", \"overhead\": %d", added(route, id)
			printf " }"
			between = ","
		}
		if (id in process)
			printf ",\n      \"mediator\": { \"median\": %d, \"smcs\": %d }", process[id], smcs[id]
		printf " } }"
	}
	print "\n  ]\n}"
}

# ---- the chart: a group of bars for each row, on a logarithmic scale from 1,000 on ----

function log10(x) { return log(x) / log(10) }

function bar_width(n) { return n <= 1000 ? 1 : (log10(n) - 3) * decade }

function svg_text(x, y, anchor, style, text)
{
	gsub(/&/, "\\&amp;", text)
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" %s>%s</text>\n", x, y, anchor, style, text
}

function svg_grid(top, bottom, e, x)
{
	for (e = 3; e <= decades; e++) {
		x = left + (e - 3) * decade
		printf "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#d9dce1\"/>\n", x, top, x, bottom
		svg_text(x, bottom + 16, "middle", "class=\"axis\"", commas(10 ^ e))
	}
}

function svg_legend(y, r, x, route)
{
	x = left
	for (r = 1; r <= routes; r++) {
		if (!((route = route_id[r]) in seen)) continue
		printf "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x, y - 10, route_colour[route]
		svg_text(x + 18, y, "start", "", route_title[route])
		x += 150
	}
}

function svg_group(id, y, r, route, width, text)
{
	svg_text(left - 10, y + shown * bar / 2 + 4, "end", "", row_title[id])
	for (r = 1; r <= routes; r++) {
		if (!((route = route_id[r]) in seen)) continue
		width = bar_width(median[route, id])
		printf "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", left, y, width, bar - 1,
			route_colour[route]
		text = commas(median[route, id])
		if (route != "host") text = text "  (+" commas(added(route, id)) ")"
		svg_text(left + width + 6, y + bar - 3, "start", "class=\"count\"", text)
		y += bar
	}
}

function svg(i, height, top, route)
{
	left = 250; bar = 13; top = 76
	for (route in seen) shown++
	for (i in most) if (most[i] > greatest) greatest = most[i]
	decades = 4
	while (10 ^ decades < greatest) decades++
	decade = 560 / (decades - 3)
	height = top + rows * (shown * bar + 9) + 34
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1000\" height=\"%d\" ", height
	printf "viewBox=\"0 0 1000 %d\">\n", height
	print "<style>text{font:13px sans-serif;fill:#23272e}.axis{font-size:11px;fill:#5c6470}.count{font-size:11px}</style>"
	print "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
	svg_text(left, 26, "start", "style=\"font-weight:bold\"", "Instructions for one operation with OP-TEE (logarithmic)")
	svg_text(left, 44, "start", "class=\"axis\"", about)
	svg_legend(64)
	svg_grid(top, height - 30)
	for (i = 1; i <= rows; i++) svg_group(row_id[i], top + 6 + (i - 1) * (shown * bar + 9))
	print "</svg>"
}

END {
	if (failed) exit 1
	if (!("host" in seen)) { print "bench: no results" > "/dev/stderr"; exit 1 }
	if (as == "json") json()
	else if (as == "svg") svg()
	else { table(); mediator() }
}
