#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Holds what librpmb.so exports against its map and its public header: the
# three lists must be one. Usage: symbols.sh HEADER MAP LIBRARY [NM]
set -euo pipefail

header=$1 map=$2 library=$3 nm=${4:-nm}
declared=$(sed -E '/^typedef/d; /^ ?\*|^\/\*/d' "$header" | grep -oE '\brpmb_[a-z0-9_]+\(' | tr -d '(' | sort -u)
mapped=$(grep -oE '^	rpmb_[a-z0-9_]+;' "$map" | tr -d '\t;' | sort -u)
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
