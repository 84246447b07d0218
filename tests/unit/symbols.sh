#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Holds what a library of ours exports against its map and its public header: the
# three lists must be one. Usage: symbols.sh PREFIX HEADER MAP LIBRARY [NM]
set -euo pipefail

prefix=$1 header=$2 map=$3 library=$4 nm=${5:-nm}
declared=$(sed -E '/^typedef/d; /^ ?\*|^\/\*/d' "$header" | grep -oE "\b${prefix}_[a-z0-9_]+\(" | tr -d '(' | sort -u)
mapped=$(grep -oE "^	${prefix}_[a-z0-9_]+;" "$map" | tr -d '\t;' | sort -u)
exported=$("$nm" -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort -u)

status=0
for list in "$mapped" "$exported"; do
	if ! diff <(echo "$declared") <(echo "$list"); then
		echo "symbols: <: declared in $header; >: $([ "$list" = "$mapped" ] && echo "in $map" || echo "exported by $library")"
		status=1
	fi
done
[ $status -ne 0 ] || echo "symbols: $(echo "$declared" | wc -l) functions declared, mapped and exported alike"
exit $status
