# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The kernel series in linux/patches/VERSION: its patches in order, and how they get into a tree of sources.

# shellcheck source=lab/ui.sh
. "$(dirname "${BASH_SOURCE[0]}")/ui.sh"

series_patches() { printf '%s\n' "$LAB_TOP/linux/patches/$1"/[0-9]*.patch; } # VERSION

# git is strict about context where patch guesses; the ceiling hides our own repository from it.
series_patch_apply() # SOURCE PATCH
{
	(cd "$1" && GIT_CEILING_DIRECTORIES=$(dirname "$1") git apply "$2")
}

series_apply() # SOURCE VERSION
{
	local p
	while read -r p; do series_patch_apply "$1" "$p"; done < <(series_patches "$2")
}
