# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The lab's trees of Debian packages under build/lab/trees: "cross" (trixie's compilers, used through lab/cross),
# "qemu" (the machine emulator outside) and "host" (the board's root file system, served over 9p). Kernels are in
# kernels.sh, firmware in firmware.sh.

# shellcheck source=lab/apt.sh
. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

TREES=$LAB_OUT/trees

CROSS_PACKAGES="gcc-aarch64-linux-gnu gcc make bash coreutils dash util-linux hostname findutils sed grep mawk
	diffutils patch tar gzip xz-utils zstd cpio bc bison flex perl-base kmod pkgconf sparse pahole device-tree-compiler
	libssl-dev libelf-dev libc6-dev libc6-dev:arm64 libfdt-dev:arm64 linux-libc-dev
	libssl-dev:arm64 libsqlite3-dev:arm64 libpq-dev:arm64 libjson-c-dev:arm64 optee-client-dev:arm64"
QEMU_PACKAGES="qemu-system-arm"
HOST_PACKAGES="busybox-static bash optee-test-qemu tee-supplicant optee-os-dev qemu-system-arm libfdt1 kmod
	libteec2 libssl3t64 libsqlite3-0 libpq5 libjson-c5 mmc-utils"

tree_cross_build()
{
	local dir=$TREES/cross
	# shellcheck disable=SC2086  # a list
	apt_tree "$dir" amd64 trixie $CROSS_PACKAGES
	# What the packages' own scripts would have arranged.
	ln -sf mawk "$dir.new/usr/bin/awk"
	ln -sf gcc "$dir.new/usr/bin/cc"
	[ -e "$dir.new/usr/bin/sh" ] || ln -s dash "$dir.new/usr/bin/sh"
	apt_tree_commit "$dir"
}

tree_qemu_build()
{
	local dir=$TREES/qemu
	# shellcheck disable=SC2086  # a list
	apt_tree "$dir" amd64 trixie-backports $QEMU_PACKAGES
	apt_tree_commit "$dir"
}

# The board's root: what packages leave to their scripts, the TAs that Debian ships for developers (pkcs11 and
# others), and nothing that a run would change: the board puts an overlay on it.
tree_host_build()
{
	local dir=$TREES/host
	# shellcheck disable=SC2086  # a list
	apt_tree "$dir" arm64 trixie $HOST_PACKAGES
	mkdir -p "$dir.new"/{proc,sys,dev,run,tmp,lab,data,root,home/user,var/lib/tee,etc,usr/lib/modules}
	[ -e "$dir.new/usr/bin/sh" ] || ln -s busybox "$dir.new/usr/bin/sh"
	mkdir -p "$dir.new/usr/lib/optee_armtz"
	cp -n "$dir.new/usr/lib/optee-os-dev/vexpress-qemu_armv8a-virtualized/ta"/*.ta "$dir.new/usr/lib/optee_armtz/"
	rm -rf "$dir.new/usr/lib/optee-os-dev"
	cat >"$dir.new/etc/passwd" <<-EOF
		root:x:0:0:root:/root:/bin/bash
		user:x:1000:1000:a user without rights:/home/user:/bin/bash
		nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
	EOF
	printf 'root:x:0:\nuser:x:1000:\ntee:x:900:\nnogroup:x:65534:\n' >"$dir.new/etc/group"
	printf '127.0.0.1 localhost board\n' >"$dir.new/etc/hosts"
	ln -sf /proc/mounts "$dir.new/etc/mtab"
	apt_tree_commit "$dir"
}

tree_need()
{
	local name=$1 title=$2 packages=$3
	lab_step "tree-$name" "$title" \
		"$(step_key "$packages $TREES" "tree_${name}_build" apt_tree apt_extract apt_plan)" "tree_${name}_build"
}

tree_cross_need() { tree_need cross "trixie's compilers" "$CROSS_PACKAGES"; }
tree_qemu_need() { tree_need qemu "QEMU of trixie-backports" "$QEMU_PACKAGES"; }
tree_host_need() { tree_need host "the board's root file system" "$HOST_PACKAGES"; }

# QEMU outside, run through its own loader so that any distribution will do.
qemu_outside()
{
	local t=$TREES/qemu
	exec "$t/usr/lib64/ld-linux-x86-64.so.2" --library-path "$t/usr/lib/x86_64-linux-gnu" \
		"$t/usr/bin/qemu-system-aarch64" -L "$t/usr/share/qemu" -L "$t/usr/share/seabios" "$@"
}
