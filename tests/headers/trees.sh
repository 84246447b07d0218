# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the header tests and OP-TEE itself are compiled with: a tree of trixie's compilers for arm64 (gcc 14 and clang
# 19, C and C++; Python for OP-TEE's scripts), and one of header files of libraries in Debian. Unpacked packages under
# build/lab/trees, nothing installed; the lab's apt.sh checks the signatures. Which library is tested for what is in
# libraries.list.

# shellcheck source=lab/trees.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lab/trees.sh"

HEADERS_CC_PACKAGES="gcc-aarch64-linux-gnu g++-aarch64-linux-gnu clang gcc libc6-dev bash coreutils dash findutils sed grep
	mawk diffutils patch make hostname libc-bin python3 python3-pyelftools python3-cryptography device-tree-compiler"

# Headers alone, without the packages that these depend on: most of that nothing here would read.
HEADERS_LIB_PACKAGES="libfmt-dev libabsl-dev nlohmann-json3-dev libboost1.83-dev qt6-base-dev libxxhash-dev libglib2.0-dev
	libgio-2.0-dev libprotobuf-dev libcli11-dev libsimde-dev libcgal-dev libseqan3-dev libc++-19-dev libtinycbor-dev
	libcjson-dev libcbor-dev libsodium-dev libnanopb-dev libprotobuf-c-dev zlib1g-dev liblz4-dev libzstd-dev libssl-dev
	libbsd-dev libcmocka-dev libtomcrypt-dev libjson-c-dev libjansson-dev liburcu-dev libwolfssl-dev
	musl-dev"

HEADERS_CC=$TREES/headers-cc
HEADERS_LIBS=$TREES/headers-libs
# For this and other packages of which nothing but the file is wanted.
HEADERS_DEBS=$DEBS/headers

tree_headers_cc_build()
{
	local dir=$HEADERS_CC
	# shellcheck disable=SC2086  # a list
	apt_tree "$dir" amd64 trixie $HEADERS_CC_PACKAGES
	# What the packages' own scripts would have arranged.
	ln -sf mawk "$dir.new/usr/bin/awk"
	[ -e "$dir.new/usr/bin/sh" ] || ln -s dash "$dir.new/usr/bin/sh"
	apt_tree_commit "$dir"
}

# A library that Debian drops one day is a case less, not a broken test: run says what it could not test.
headers_fetch_libs()
{
	local p
	mkdir -p "$HEADERS_DEBS"
	cd "$HEADERS_DEBS"
	for p in $HEADERS_LIB_PACKAGES; do
		lab_apt apt-get -q "$(apt_foreign arm64)" -o APT::Architecture=arm64 -t trixie download "$p" ||
			echo "not served: $p"
	done
}

tree_headers_libs_build()
{
	local dir=$HEADERS_LIBS p deb
	apt_lists_need
	(headers_fetch_libs)
	rm -rf "$dir.new"
	mkdir -p "$dir.new"
	for p in $HEADERS_LIB_PACKAGES; do
		for deb in "$HEADERS_DEBS/$p"_*.deb; do
			[ -f "$deb" ] || continue
			# Headers, and what pkg-config would have said about them.
			dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir.new" --no-same-owner --no-wildcards-match-slash \
				--wildcards './usr/include' './usr/lib/*/glib-2.0/include' './usr/lib/llvm-19/include' './usr/lib/llvm-19/share' \
				2>/dev/null || true
		done
	done
	apt_tree_commit "$dir"
}

headers_cc_need()
{
	lab_step tree-headers-cc "trixie's compilers for the header tests" \
		"$(step_key "$HEADERS_CC_PACKAGES $TREES" tree_headers_cc_build apt_tree apt_extract apt_plan)" tree_headers_cc_build
}

headers_libs_need()
{
	lab_step tree-headers-libs "headers of libraries" \
		"$(step_key "$HEADERS_LIB_PACKAGES $TREES" tree_headers_libs_build headers_fetch_libs)" tree_headers_libs_build
}

# headers_cc COMMAND...: run it where /usr is the tree of compilers.
headers_cc() { LAB_CROSS_TREE=headers-cc "$LAB_TOP/lab/cross" "$@"; }
