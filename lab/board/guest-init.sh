#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# PID 1 of a guest. With a control port (virtio-serial port 1) it runs the commands that come in there, with output
# to port 2, and answers with their exit status. Without one (a VMM with nothing but a serial console) it runs the
# command of "teegate.cmd=BASE64" on the kernel's command line and says "TEEGATE-VERDICT STATUS" as its last line.
export PATH=/usr/bin:/usr/sbin:/run/busybox HOME=/root
B=/usr/bin/busybox

$B mount -t proc proc /proc
$B mount -t sysfs sys /sys
$B mount -t devtmpfs dev /dev
$B mount -t tmpfs -o mode=755 run /run
$B mkdir -p /run/busybox
$B --install -s /run/busybox
echo 1 >/proc/sys/kernel/printk_devkmsg 2>/dev/null
ip link set lo up
for m in /modules/*.ko; do
	[ -e "$m" ] && { insmod "$m" || echo "lab: $m does not load"; }
done

# TAs and storage are served by the supplicant; a guest without a TEE has no such device.
if [ -e /dev/teepriv0 ]; then
	tee-supplicant >/dev/console 2>&1 &
fi

word() # NAME: the value of NAME=… on the kernel's command line
{
	tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p" | head -n 1
}

# serve CONTROL OUTPUT: "RUN ID BASE64" -> "VERDICT ID STATUS"; "OFF" ends.
serve()
{
	exec 3<>"$1"
	echo READY >&3
	while read -r verb id command <&3; do
		case $verb in
		RUN)
			echo "$command" | base64 -d >/run/command
			sh /run/command >"$2" 2>&1 </dev/null 3<&-
			echo "VERDICT $id $?" >&3
			;;
		OFF) return ;;
		esac
	done
}

# A control port appears when its driver has bound, which may be after this program has started.
control=
if [ "$(word teegate.ctl)" = virtio ]; then
	n=0
	while [ ! -e /dev/vport0p2 ] && [ $n -lt 100 ]; do
		n=$((n + 1))
		usleep 50000
	done
	control=/dev/vport0p1
fi

echo "lab: guest is up, uptime $(cut -d' ' -f1 /proc/uptime), tee: $(cd /dev && echo tee*)"
if [ -n "$control" ]; then
	serve $control /dev/vport0p2
else
	word teegate.cmd | base64 -d >/run/command
	sh /run/command </dev/null
	echo "TEEGATE-VERDICT $?"
fi
poweroff -f
