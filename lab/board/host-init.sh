#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# PID 1 of the board's host Linux: runs the scenario that lab/run left in /lab, leaves its output and exit status
# there, and powers the board off. Nothing of the verdict goes through the console, where a kernel message could
# garble or fake it.
export PATH=/usr/bin:/usr/sbin:/run/busybox:/lab/bin HOME=/root LANG=C TERM=${TERM:-linux}

/usr/bin/busybox mkdir -p /run/busybox
/usr/bin/busybox --install -s /run/busybox
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null
ln -s /proc/self/fd /dev/fd
hostname board
ip link set lo up
chown 1000:1000 /home/user
chmod 666 /dev/kvm 2>/dev/null

verdict()
{
	printf '%s\n' "$1" >/lab/verdict.new
	mv /lab/verdict.new /lab/verdict
}

cd /root || exit 1
printf 'lab: host is up, uptime %s\n' "$(cut -d' ' -f1 /proc/uptime)" >/dev/kmsg
if [ -e /lab/scenario.sh ]; then
	mapfile -t args </lab/args
	bash /lab/scenario.sh "${args[@]}" >>/lab/scenario.log 2>&1 </dev/null
	status=$?
	# shellcheck source=/dev/null
	if [ ! -e /lab/restart ]; then
		(. /lab/board/lib-kernel.sh && kernel_judge) >>/lab/scenario.log 2>&1 || [ $status -ne 0 ] || status=1
		verdict $status
	fi
else
	stty sane 2>/dev/null
	printf '\nThe board. /lab/board/lib.sh has the functions of the scenarios; "exit" powers off.\n\n'
	setsid cttyhack bash --rcfile /lab/board/lib.sh -i
	verdict 0
fi
# Nothing may still run: KVM warns when the machine goes down under a running guest.
kill -KILL -1
wait
sync
if [ -e /lab/restart ]; then
	rm /lab/restart
	exec reboot -f
fi
exec poweroff -f
