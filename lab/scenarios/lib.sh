# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What scenarios share, on the board's host Linux: the host's own TEE as VM 1, guests under QEMU or minivmm, and the
# words for passing, failing and skipping. Sourced by every scenario; lab/run puts it at /lab/board/lib.sh. The
# guest's side of the conversation is lab/board/guest-init.sh.

# shellcheck source=/dev/null
. /lab/board/env

GUESTS=/run/guests
GUEST_MEM=512
GUEST_SMP=1
GUEST_INITRD=/lab/guest/initrd
# Under an emulated CPU a guest boots in seconds, and much slower when two boards share a machine.
GUEST_BOOT_TIMEOUT=300
# Slower still under a kernel that watches each access to its memory.
[ "$BOARD_KERNEL" != debug ] || GUEST_BOOT_TIMEOUT=900

uptime_s() { cut -d' ' -f1 /proc/uptime; }
say() { printf '%8s  %s\n' "$(uptime_s)" "$*"; }

fail()
{
	printf 'FAIL: %s\n' "$*"
	exit 1
}

skip()
{
	printf 'SKIP: %s\n' "$*"
	exit 77
}

# expect DESCRIPTION COMMAND...: the command succeeds. refute: it does not.
expect()
{
	local what=$1
	shift
	"$@" || fail "$what: \"$*\" failed with $?"
	say "ok: $what"
}

refute()
{
	local what=$1
	shift
	if "$@"; then fail "$what: \"$*\" succeeded"; fi
	say "ok: $what"
}

need_file() { [ -e "$1" ] || skip "$(basename "$1") has not been built (make arm64, make module KERNEL=…)"; }
need_teegate()
{
	need_file /lab/modules/teegate.ko
	need_file /lab/bin/teegate
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for()
{
	local n=$(($1 * 10))
	shift
	while ! "$@"; do
		n=$((n - 1))
		[ $n -gt 0 ] || return 1
		sleep 0.1
	done
}

# Pins that were made and not undone, of the whole machine.
pins() { awk '$1 == "nr_foll_pin_acquired" { n += $2 } $1 == "nr_foll_pin_released" { n -= $2 } END { print n }' /proc/vmstat; }
nothing_pinned() { [ "$(pins)" -eq 0 ]; }

# ---- restarts of the board ----

# Which boot of the board this is: 1 for the first. A scenario that restarts the board runs again from its beginning.
board_boot() { cat /lab/boot 2>/dev/null || echo 1; }

# Count a boot before it is made, by whatever means.
board_boot_next() { echo $(($(board_boot) + 1)) >/lab/boot; }

# Restart the board; what the scenario says from now on does not matter. Needs lab/run --reboot.
board_restart()
{
	say "restarting the board"
	board_boot_next
	touch /lab/restart
	exit 0
}

# ---- the host's own TEE ----

# Which teegate.ko, and parameters for it, NAME=VALUE each.
TEEGATE_KO=/lab/modules/teegate.ko
TEEGATE_PARAMETERS=()
load_teegate() { insmod "$TEEGATE_KO" "${TEEGATE_PARAMETERS[@]}"; }

start_supplicant()
{
	wait_for 30 test -e /dev/teepriv0 || return 1
	mkdir -p /var/lib/tee
	tee-supplicant >>/lab/supplicant.log 2>&1 &
	SUPPLICANT=$!
}

# Which optee.ko, in place of the kernel's own.
OPTEE_KO=
load_optee()
{
	if [ -n "$OPTEE_KO" ]; then
		modprobe tee && insmod "$OPTEE_KO"
	else
		modprobe optee
	fi
}

# The driver must come up after teegate has made the host VM 1.
load_host_tee()
{
	load_teegate || fail "teegate.ko does not load: $(dmesg | tail -n 3)"
	load_optee || fail "optee does not load"
	wait_for 30 test -e /dev/tee0 || fail "no /dev/tee0 on the host: $(dmesg | grep -i optee | tail -n 3)"
	start_supplicant || fail "no /dev/teepriv0 on the host"
	say "the host has a TEE, as VM 1"
}

host_tee_works() { xtest 1001 >/run/xtest.log && grep -q '^[1-9][0-9]* test cases\? of which 0 failed' /run/xtest.log; }

stop_host_driver()
{
	[ -z "${SUPPLICANT:-}" ] || kill "$SUPPLICANT"
	SUPPLICANT=
	# The last one says why.
	wait_for 30 rmmod optee 2>/dev/null || rmmod optee
}

unload_host_tee()
{
	stop_host_driver || return 1
	rmmod teegate
}

# What guests still had to say when the scenario ended.
lib_exit()
{
	local d
	[ -z "${GUESTS_COPIER:-}" ] || kill "$GUESTS_COPIER"
	for d in "$GUESTS"/*/; do
		[ ! -d "$d" ] || guest_copy_out "$(basename "$d")"
	done
}
trap lib_exit EXIT

# ---- guests under QEMU ----

# guest_append WORD...: one kernel command line for all guests. loglevel keeps a slow emulated console short.
guest_append() { printf '%s' "console=ttyAMA0 panic=-1 loglevel=6 printk.time=1 printk.devkmsg=on watchdog_thresh=60 $*"; }

guest_qemu_args() # NAME
{
	local d=$GUESTS/$1
	printf '%s\n' -nodefaults -no-reboot -display none -accel kvm -machine virt,gic-version=3 -cpu host \
		-smp "$GUEST_SMP" -m "$GUEST_MEM" -kernel /lab/guest/Image -initrd "$GUEST_INITRD" \
		-append "$(guest_append teegate.ctl=virtio)" -serial "file:$d/console" \
		-device virtio-serial-pci -chardev "pipe,id=ctl,path=$d/ctl" -device virtserialport,chardev=ctl,nr=1,name=ctl \
		-chardev "file,id=out,path=$d/out" -device virtserialport,chardev=out,nr=2,name=out
}

# guest_initrd_with FILE...: guests that start from now on have these files in /given; a packed module (*.ko.xz) is
# unpacked, and their init loads it.
guest_initrd_with()
{
	local dir=$GUESTS.given f
	mkdir -p "$dir/given" "$dir/modules"
	for f in "$@"; do
		case $f in
		*.ko.xz) xz -dc "$f" >"$dir/modules/90-$(basename "$f" .xz)" ;;
		*) cp -L "$f" "$dir/given/" ;;
		esac || fail "no $f for a guest"
	done
	# The kernel unpacks one archive after the other.
	(cat "$GUEST_INITRD" && cd "$dir" && find given modules | cpio -o -H newc) >"$dir/initrd" 2>"$dir/said" ||
		fail "no initial RAM disk with $*: $(cat "$dir/said")"
	GUEST_INITRD=$dir/initrd
}

# guests_copy_stop: what they say is copied out at the end only, so that nobody disturbs a measurement.
guests_copy_stop()
{
	kill "$GUESTS_COPIER" && wait "$GUESTS_COPIER"
	GUESTS_COPIER=''
}

# QEMU writes a console character by character, and on the shared folder each would be a message to the machine outside
# (1 ms): so consoles go to RAM, and what is new is copied out twice a second.
guest_copy_out() # NAME
{
	file_copy_new "$GUESTS/$1/console" "/lab/guest-$1.log"
	file_copy_new "$GUESTS/$1/out" "/lab/guest-$1.out.log"
}

file_copy_new() # FROM TO: append what FROM has and TO has not
{
	local size=0 had=0
	# Another shell may have ended the guest and removed its files.
	size=$(stat -c %s "$1" 2>/dev/null) || return 0
	had=$(stat -c %s "$2" 2>/dev/null) || had=0
	[ "$size" -eq "$had" ] || tail -c "+$((had + 1))" "$1" >>"$2" 2>/dev/null
}

guests_copy_loop()
{
	local d
	while sleep 0.5; do
		for d in "$GUESTS"/*/; do guest_copy_out "$(basename "$d")"; done
	done
}

# guest_start NAME [WRAPPER...]: start QEMU, with the wrapper ("teegate run --") in front of it, and return at once.
# GUEST_EXTRA is an array of more options for QEMU.
GUEST_EXTRA=()
guest_start()
{
	local name=$1 d=$GUESTS/$1 args
	shift
	mkdir -p "$d"
	mkfifo "$d/ctl.in" "$d/ctl.out"
	[ -n "${GUESTS_COPIER:-}" ] || {
		guests_copy_loop &
		GUESTS_COPIER=$!
	}
	mapfile -t args < <(guest_qemu_args "$name")
	"$@" qemu-system-aarch64 "${args[@]}" "${GUEST_EXTRA[@]}" >"/lab/guest-$name.vmm" 2>&1 </dev/null &
	echo $! >"$d/pid"
	# Held open for as long as this shell lives: a FIFO whose last reader leaves loses what is in it.
	exec {GUEST_FD}<>"$d/ctl.out"
	echo "$GUEST_FD" >"$d/fd"
	echo 0 >"$d/commands"
	say "guest $name started: $*"
}

guest_start_tee()
{
	local name=$1
	shift
	guest_start "$name" teegate run "$@" --
}

guest_is_running() { kill -0 "$(cat "$GUESTS/$1/pid")" 2>/dev/null; }

guest_show_failure()
{
	echo "guest $1: last lines of its console and of its VMM:"
	tail -n 8 "$GUESTS/$1/console" 2>/dev/null | sed 's/^/    | /'
	tail -n 8 "/lab/guest-$1.vmm" 2>/dev/null | sed 's/^/    | /'
}

# guest_read NAME SECONDS: the next line from the guest's control port, while the guest lives.
guest_read()
{
	local name=$1 end=$((SECONDS + $2)) fd piece
	fd=$(cat "$GUESTS/$name/fd")
	GUEST_LINE=
	while [ $SECONDS -lt "$end" ]; do
		# A slow guest's line may come in pieces: what a read had when its second was over is the line's beginning. A
		# piece may begin or end with a space.
		if IFS='' read -r -t 1 -u "$fd" piece; then
			GUEST_LINE+=$piece
			return 0
		fi
		GUEST_LINE+=$piece
		guest_is_running "$name" || break
	done
	guest_show_failure "$name"
	return 1
}

guest_wait_up()
{
	guest_read "$1" "$GUEST_BOOT_TIMEOUT" || fail "guest $1 did not come up"
	case $GUEST_LINE in
	READY) ;;
	"VERDICT "*) fail "guest $1 was to start anew, and what it was told to do ended: $(guest_out "$1" | tail -n 1)" ;;
	*) fail "guest $1 came up with \"$GUEST_LINE\"" ;;
	esac
	say "guest $1 is up: $(grep -ao 'lab: guest is up.*' "$GUESTS/$1/console" | tail -n 1 | tr -d '\r')"
}

# guest_post NAME COMMAND: have the guest run a shell command; do not wait. guest_verdict collects its exit status.
guest_post()
{
	local name=$1 d=$GUESTS/$1 id
	shift
	id=$(($(cat "$d/commands") + 1))
	echo "$id" >"$d/commands"
	echo "RUN $id $(printf '%s\n' "$*" | base64 -w 0)" >"$d/ctl.in"
}

# guest_verdict NAME [SECONDS]: the exit status of the last command; 125 if the guest does not answer.
guest_verdict()
{
	local name=$1 id
	id=$(cat "$GUESTS/$name/commands")
	guest_read "$name" "${2:-600}" || return 125
	case $GUEST_LINE in
	"VERDICT $id "*) return "${GUEST_LINE##* }" ;;
	esac
	echo "guest $name answered \"$GUEST_LINE\" to command $id"
	return 125
}

# guest_run NAME COMMAND: both. Its output is added to guest_out.
guest_run()
{
	guest_post "$@"
	guest_verdict "$1"
}

# guest_out NAME: what the guest's commands have said so far.
guest_out() { tr -d '\r' <"$GUESTS/$1/out"; }

# guest_stop NAME: an orderly end; the VMM's exit status is ours.
guest_stop()
{
	local name=$1 pid
	pid=$(cat "$GUESTS/$name/pid")
	echo OFF >"$GUESTS/$name/ctl.in"
	wait_for 30 guest_has_ended "$name" || {
		kill -KILL "$pid"
		fail "guest $name did not power off"
	}
	wait "$pid"
}

guest_has_ended() { ! guest_is_running "$1"; }

guest_kill()
{
	local pid
	pid=$(cat "$GUESTS/$1/pid")
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	return 0
}

# ---- guests under minivmm ----

# minivmm_run NAME COMMAND [OPTION...]: boot a guest, run the command in it, return its exit status; 125 without one.
minivmm_run()
{
	local name=$1 command=$2 d=$GUESTS/$1 verdict
	shift 2
	mkdir -p "$d"
	timeout $((GUEST_BOOT_TIMEOUT + 180)) minivmm --kernel /lab/guest/Image --initrd /lab/guest/initrd \
		--mem "$GUEST_MEM" --smp "$GUEST_SMP" --cmdline "$(guest_append console=ttyS0 "teegate.cmd=$(printf '%s\n' "$command" | base64 -w 0)")" "$@" \
		>"$d/console" 2>"/lab/guest-$name.vmm" </dev/null || {
		guest_copy_out "$name"
		guest_show_failure "$name"
		return 125
	}
	guest_copy_out "$name"
	verdict=$(tr -d '\r' <"$d/console" | sed -n 's/^TEEGATE-VERDICT \([0-9]*\)$/\1/p' | tail -n 1)
	return "${verdict:-125}"
}
