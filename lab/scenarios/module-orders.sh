# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# teegate.ko comes and goes, and the host's own OP-TEE driver with it as VM 1:
# in every order that is allowed, and refused with a reason in the others.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
need_file /lab/modules/teegate.ko

load() { insmod /lab/modules/teegate.ko "$@"; }
says() { dmesg | grep 'teegate: ' | tail -n 1 | grep -q "$1"; }

# The order of every day, and the driver alone a second time: its partition is made anew.
load_host_tee
expect "the host has a TEE" host_tee_works
expect "only root may open /dev/teegate" test "$(stat -c %a:%U /dev/teegate)" = 600:root
refute "teegate stays while the driver needs it" rmmod teegate
expect "the driver unloads" stop_host_driver
modprobe optee
start_supplicant || fail "the driver does not come back"
expect "the host has a TEE again" host_tee_works
expect "the driver unloads" stop_host_driver
expect "teegate unloads" rmmod teegate

# Without a partition of its own the host keeps its hands off OP-TEE.
expect "teegate loads with host_vm=0" load host_vm=0
refute "the driver does not load" modprobe optee
expect "and teegate says why" says host_vm=0
expect "teegate unloads" rmmod teegate

refute "more calls than the core can do" load max_calls=65
expect "and teegate says how many" says 'at most 64'

# A driver that is in memory and not bound is tagged before it binds.
echo 0 >/sys/bus/platform/drivers_autoprobe
modprobe optee
refute "host_vm=0 with the driver in memory" load host_vm=0
expect "and teegate says what to do" says "modprobe -r optee"
expect "teegate loads" load host_vm=1
refute "teegate stays while the driver needs it" rmmod teegate
echo firmware:optee >/sys/bus/platform/drivers/optee/bind
expect "the driver is bound" wait_for 30 test -e /dev/tee0
start_supplicant
expect "the host has a TEE" host_tee_works
expect "the driver unloads" stop_host_driver
expect "teegate unloads" rmmod teegate
echo 1 >/sys/bus/platform/drivers_autoprobe

# Probes that are switched off would let the driver's calls through untagged.
[ -e /sys/kernel/debug/kprobes ] || mount -t debugfs none /sys/kernel/debug
load host_vm=1
echo 0 >/sys/kernel/debug/kprobes/enabled
refute "the driver does not load without probes" modprobe optee
expect "and teegate says why" says 'cannot be tagged'
echo 1 >/sys/kernel/debug/kprobes/enabled
expect "with them it does" modprobe optee
expect "the driver unloads" stop_host_driver
expect "teegate unloads" rmmod teegate

for i in $(seq 10); do
	{ load host_vm=1 && modprobe optee && rmmod optee && rmmod teegate; } || fail "round $i"
done
say "ok: ten rounds of loading and unloading"
