# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Getting Debian packages without touching the machine's own package state: a private apt root under build/lab/apt
# that knows trixie and trixie-backports for amd64 and arm64, checks Debian's signatures, and unpacks packages into
# trees. Which packages make which tree is in trees.sh and kernels.sh.

# shellcheck source=lab/ui.sh
. "$(dirname "${BASH_SOURCE[0]}")/ui.sh"

APT_ROOT=$LAB_OUT/apt
DEBS=$APT_ROOT/archives
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The mirror is the machine's own choice: what it installs its packages from serves the other suites as well.
apt_mirror()
{
	local codename uri
	if [ -n "${TEEGATE_MIRROR:-}" ]; then
		printf '%s\n' "$TEEGATE_MIRROR"
		return
	fi
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# shellcheck disable=SC2016  # apt expands these itself
	uri=$(apt-get indextargets --no-release-info --format '$(COMPONENT) $(RELEASE) $(REPO_URI)' 2>/dev/null |
		awk -v c="$codename" '$1 == "main" && ($2 == c || $2 ~ /^(old)?stable$/) && $3 ~ /debian\/?$/ { print $3; exit }')
	[ -n "$uri" ] || lab_die "no Debian mirror in this machine's apt configuration: set TEEGATE_MIRROR=URI"
	printf '%s\n' "${uri%/}"
}

apt_write_conf()
{
	# No package is installed here; apt keeps its lock beside this file, so /dev/null would not do.
	mkdir -p "$APT_ROOT/state"
	: >"$APT_ROOT/state/status"
	mkdir -p "$APT_ROOT"/{lists/partial,archives/partial,etc/apt.conf.d,etc/preferences.d,state,cache}
	{
		# The machine's proxies and certificates are needed here as well.
		apt-config dump | grep -E '^Acquire::' | grep -v 'IndexTargets' || true
		cat <<-EOF
			Dir "$APT_ROOT";
			Dir::State "$APT_ROOT/state";
			Dir::State::Lists "$APT_ROOT/lists";
			Dir::State::status "$APT_ROOT/state/status";
			Dir::Cache "$APT_ROOT/cache";
			Dir::Cache::archives "$DEBS";
			Dir::Etc "$APT_ROOT/etc";
			Dir::Etc::sourcelist "$APT_ROOT/etc/lab.sources";
			Dir::Etc::sourceparts "/dev/null";
			Dir::Etc::trusted "/dev/null";
			Dir::Etc::trustedparts "/dev/null";
			APT::Architecture "amd64";
			APT::Architectures { "amd64"; "arm64"; };
			APT::Sandbox::User "root";
			APT::Install-Recommends "false";
			APT::Keep-Downloaded-Packages "true";
			Acquire::Languages "none";
			Acquire::Retries "3";
		EOF
	} >"$APT_ROOT/apt.conf"
}

apt_write_sources()
{
	local mirror
	mirror=$(apt_mirror)
	cat >"$APT_ROOT/etc/lab.sources" <<-EOF
		Types: deb deb-src
		URIs: $mirror
		Suites: trixie
		Components: main
		Signed-By: $KEYRING

		Types: deb
		URIs: $mirror
		Suites: trixie-backports
		Components: main
		Signed-By: $KEYRING
	EOF
}

# Commands of apt's family on the private root.
# One at a time: apt gives up at once where another apt is at work in the same root.
lab_apt()
{
	mkdir -p "$APT_ROOT"
	flock "$APT_ROOT/one-at-a-time" env APT_CONFIG="$APT_ROOT/apt.conf" "$@"
}

apt_update()
{
	[ -r "$KEYRING" ] || lab_die "$KEYRING is missing: install debian-archive-keyring"
	apt_write_conf
	apt_write_sources
	lab_apt apt-get update -q --error-on=any
}

# Package lists are only needed while something is missing, and a list of last week names packages that are gone.
apt_lists_need()
{
	local key
	key=$(step_key "$(date +%G-%j) ${TEEGATE_MIRROR:-}" apt_update apt_write_conf apt_write_sources)
	lab_step apt-lists "package lists of trixie and trixie-backports" "$key" apt_update
}

# apt_plan ARCH SUITE PACKAGE...: the file names of these packages and all that they depend on.
apt_plan()
{
	local arch=$1 suite=$2
	shift 2
	lab_apt apt-get -s -q -y -o APT::Architecture="$arch" "$(apt_foreign "$arch")" -t "$suite" install "$@" |
		sed -n 's/^Inst \([^ :]*\)[^ ]* (\([^ ]*\) .*\[\([a-z0-9]*\)\]).*/\1_\2_\3.deb/p' | sed 's/:/%3a/'
}

# The cross tree is amd64 with some arm64 libraries; the board's own trees know nothing but arm64.
apt_foreign()
{
	if [ "$1" = amd64 ]; then
		echo "-oAPT::Architectures=amd64,arm64"
	else
		echo "-oAPT::Architectures=$1"
	fi
}

# apt_fetch ARCH SUITE PACKAGE...: download them with their dependencies; prints nothing but apt's talk.
apt_fetch()
{
	local arch=$1 suite=$2 lock
	shift 2
	# apt locks its archive directory, and refuses instead of waiting.
	exec {lock}>"$APT_ROOT/fetch.lock"
	flock "$lock"
	lab_apt apt-get -q -y -d -o APT::Architecture="$arch" "$(apt_foreign "$arch")" -t "$suite" install "$@"
	exec {lock}>&-
}

# What no tree of the lab ever reads, and what makes half of its files.
LAB_TAR_EXCLUDES=(--exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale
	--exclude=./usr/share/info --exclude=./usr/share/lintian --exclude=./usr/share/bash-completion)

# apt_extract DIR FILE...: unpack packages; no maintainer script runs.
apt_extract()
{
	local dir=$1
	shift
	mkdir -p "$dir"/usr/{bin,sbin,lib,lib64}
	local d
	for d in bin sbin lib lib64; do
		[ -e "$dir/$d" ] || ln -s "usr/$d" "$dir/$d"
	done
	export LAB_EXTRACT_DIR=$dir LAB_EXTRACT_FROM=$DEBS LAB_EXTRACT_OPTS="${LAB_TAR_EXCLUDES[*]}"
	# shellcheck disable=SC2016  # the inner shell's variables
	printf '%s\n' "$@" | xargs -P 2 -n 4 bash -ec 'set -o pipefail; for f in "$@"; do
		dpkg-deb --fsys-tarfile "$LAB_EXTRACT_FROM/$f" |
			tar -x -C "$LAB_EXTRACT_DIR" --keep-directory-symlink --no-same-owner $LAB_EXTRACT_OPTS
	done' extract
}

# apt_tree DIR ARCH SUITE PACKAGE...: a fresh tree of these packages; replaces DIR only when complete.
apt_tree()
{
	local dir=$1 arch=$2 suite=$3 files
	shift 3
	apt_lists_need
	apt_fetch "$arch" "$suite" "$@"
	mapfile -t files < <(apt_plan "$arch" "$suite" "$@")
	[ "${#files[@]}" -gt 0 ] || lab_die "apt planned nothing for: $*"
	rm -rf "$dir.new"
	apt_extract "$dir.new" "${files[@]}"
	printf '%s\n' "${files[@]}" >"$dir.new/.packages"
}

# The last act of a tree's recipe, after its own finishing touches to DIR.new.
apt_tree_commit()
{
	rm -rf "$1"
	mv "$1.new" "$1"
}
