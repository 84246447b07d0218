# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Which memory guests may share with OP-TEE: each kind that they may (uapi_memory_test), each that they may not
# (uapi_refused_test), and what the VMM (uapi_change_test) and the kernel (uapi_move_test) do with it meanwhile.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
need_file /lab/modules/teegate.ko
need_file /lab/bin/uapi_memory_test

# A file system on a block device: it writes files back to its disk. ext4's driver mounts ext2, which busybox can make.
disk_mount()
{
	truncate -s 8M /run/disk.img
	mke2fs -F /run/disk.img >/dev/null
	modprobe loop
	modprobe ext4
	mkdir -p /run/disk
	mount -o loop /run/disk.img /run/disk
}

load_host_tee
expect "a disk" disk_mount
expect "memory that may be shared" /lab/bin/uapi_memory_test /run/disk
expect "memory that may not" /lab/bin/uapi_refused_test /run/disk/shared
expect "memory that the VMM changes" /lab/bin/uapi_change_test
expect "memory that the kernel would move" /lab/bin/uapi_move_test
expect "all is unpinned" wait_for 30 nothing_pinned
expect "the disk can go" umount /run/disk
expect "the modules unload" unload_host_tee
