#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# First program on the board: mounts the host's root file system (9p, read-only, with a RAM overlay so that every run
# starts from the same files) and the run's shared folder, then hands over to host-init.sh in that folder.
B=/usr/bin/busybox
export PATH=/usr/bin:/usr/sbin

$B mount -t proc proc /proc
$B mount -t sysfs sys /sys
$B mount -t devtmpfs dev /dev
for m in /modules/*.ko; do $B insmod "$m" || $B echo "lab: $m does not load"; done

$B mkdir -p /lower /rw
$B mount -t tmpfs -o mode=755 rw /rw
$B mkdir -p /rw/up /rw/work /new
# What never changes during a run is cached; the run's folder is read and written by the other side all the time.
$B mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=524288,cache=loose root /lower
$B mount -t overlay -o lowerdir=/lower,upperdir=/rw/up,workdir=/rw/work overlay /new
$B mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,access=any lab /new/lab
$B mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=524288,cache=loose modules /new/usr/lib/modules
$B mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=524288,cache=loose guest /new/lab/guest
for m in proc sys dev; do $B mount --move "/$m" "/new/$m"; done
$B mount -t tmpfs -o mode=755 run /new/run
$B mount -t tmpfs -o mode=1777 tmp /new/tmp
exec $B switch_root /new /lab/board/host-init.sh
