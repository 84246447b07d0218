#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What must be installed on this machine itself: little, because compilers, emulator and kernels come as trees of their
# own. Run it, or source it and call lab_prereqs_install with further packages. What is fetched into build/ is in
# trees.sh, kernels.sh and firmware.sh.

# shellcheck source=lab/ui.sh
. "$(dirname "${BASH_SOURCE[0]}")/ui.sh"

# make is for ./demo and the others who drive the lab; everything else that it calls is in packages that Debian cannot be without (apt, dpkg, util-linux, …).
LAB_PREREQS="debian-archive-keyring make xz-utils zstd"

package_is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

prereqs_missing()
{
	local p
	for p in "$@"; do
		package_is_installed "$p" || printf '%s\n' "$p"
	done
}

host_is_supported()
{
	[ "$(uname -m)" = x86_64 ] && grep -qx 'ID=debian' /etc/os-release && grep -qxE 'VERSION_ID="?1[23]"?' /etc/os-release
}

# As root, or through sudo: silently where it needs no password, with its prompt only where a person can answer.
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif sudo -n true 2>/dev/null; then
		sudo -n "$@"
	elif [ -t 0 ] && command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "neither root nor able to use sudo here" >&2
		return 1
	fi
}

prereqs_apt()
{
	export DEBIAN_FRONTEND=noninteractive
	# The lists may be of yesterday, or not be there at all; without network an old list is better than none.
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q || true
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# lab_prereqs_install [PACKAGE...]: install what is missing of the lab's own and these. Needs no network when nothing is.
lab_prereqs_install()
{
	local missing
	if ! command -v dpkg-query >/dev/null; then
		lab_die "this is no Debian machine. Install the equivalents of: $LAB_PREREQS $* (and apt and dpkg)"
	fi
	# shellcheck disable=SC2086  # a list
	mapfile -t missing < <(prereqs_missing $LAB_PREREQS "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	if ! host_is_supported; then
		lab_die "this is not Debian 12 or 13 on amd64, so nothing is installed by itself. Please install: ${missing[*]}"
	fi
	as_root true || lab_die "please install as root: apt-get install ${missing[*]}"
	ui_run prereqs "installing ${missing[*]}" prereqs_apt "${missing[@]}" ||
		lab_die "please install by hand: ${missing[*]}"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	set -euo pipefail
	lab_prereqs_install "$@"
fi
