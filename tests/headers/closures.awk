# SPDX-License-Identifier: BSD-2-Clause
#
# Reads all headers of a directory and prints, for each, itself and all files of the directory that it may include,
# directly or not: "HEADER FILE FILE…". Conditions are not looked at, so the list may be too long, never too short
# (but for a name that is a macro). Names are relative to the directory, which is the variable dir.
FNR == 1 { file = substr(FILENAME, length(dir) + 2); files[file] = 1 }

# To ask whether a header is there is to depend on it.
match($0, /^[ \t]*#[ \t]*include(_next)?[ \t]*[<"][^>"]*[>"]/) || match($0, /__has_include\([<"][^>"]*[>"]/) {
	name = substr($0, RSTART, RLENGTH)
	sub(/^[^<"]*[<"]/, "", name)
	sub(/[>"]$/, "", name)
	includes[file] = includes[file] " " name
}

function resolve(from, name,    d) {
	d = from
	if (sub(/\/[^\/]*$/, "/", d) && (d name) in files) return d name
	return name in files ? name : ""
}

function visit(file,    n, i, list, to) {
	if (file in seen) return
	seen[file] = 1
	out = out " " file
	n = split(includes[file], list, " ")
	for (i = 1; i <= n; i++) if ((to = resolve(file, list[i])) != "") visit(to)
}

END {
	for (f in files) {
		split("", seen)
		out = f
		visit(f)
		print out
	}
}
