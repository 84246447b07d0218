# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The provers: CBMC and spin of Debian 13, unpacked under build/lab/trees/proofs and run with the loader and the
# libraries that came with them, so that any distribution will do. They preprocess, and spin's checkers are compiled,
# with the machine's own gcc. What is proved with them is not this file's business.

# shellcheck source=lab/trees.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lab/trees.sh"

PROOFS_TREE=$TREES/proofs
# Of all that these depend on, what their programs load.
PROOFS_PACKAGES="cbmc spin"
PROOFS_UNPACKED="cbmc|spin|minisat|libc6|libgcc-s1|libstdc\+\+6"

tree_proofs_build()
{
	local dir=$PROOFS_TREE files
	apt_lists_need
	# shellcheck disable=SC2086  # a list
	apt_fetch amd64 trixie $PROOFS_PACKAGES
	# shellcheck disable=SC2086
	mapfile -t files < <(apt_plan amd64 trixie $PROOFS_PACKAGES | grep -E "^($PROOFS_UNPACKED)_")
	[ "${#files[@]}" -eq 6 ] || lab_die "Debian has other packages than: $PROOFS_UNPACKED"
	rm -rf "$dir.new"
	apt_extract "$dir.new" "${files[@]}"
	printf '%s\n' "${files[@]}" >"$dir.new/.packages"
	apt_tree_commit "$dir"
}

tree_proofs_need()
{
	lab_step tree-proofs "CBMC and spin of trixie" \
		"$(step_key "$PROOFS_PACKAGES $PROOFS_UNPACKED $TREES" tree_proofs_build apt_extract apt_plan)" tree_proofs_build
}

# proofs_tool NAME ARGUMENT...
proofs_tool()
{
	local t=$PROOFS_TREE name=$1
	shift
	"$t/usr/lib64/ld-linux-x86-64.so.2" --library-path "$t/usr/lib/x86_64-linux-gnu:$t/usr/lib" \
		"$t/usr/bin/$name" "$@"
}
