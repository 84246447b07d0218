# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The emulated board: which parts it is made of, how QEMU is started with them, and how a run is watched until it has
# a verdict. Options and the catalogue are read by lab/run; what a console line means is in consoles.sh.

# shellcheck source=lab/initrd.sh
. "$(dirname "${BASH_SOURCE[0]}")/initrd.sh"
# shellcheck source=lab/firmware.sh
. "$(dirname "${BASH_SOURCE[0]}")/firmware.sh"
# shellcheck source=lab/host-kernels.sh
. "$(dirname "${BASH_SOURCE[0]}")/host-kernels.sh"
# shellcheck source=lab/consoles.sh
. "$(dirname "${BASH_SOURCE[0]}")/consoles.sh"

BOARD_INITRD_ADDR=0x70000000

# What is under test: arm64/ with programs and libraries, KERNEL/ with modules.
RUN_PRODUCTS=${TEEGATE_OUT:-$LAB_BUILD/out}

# The run being made; lab/run sets these from its options and the catalogue.
RUN_CPU=cortex-a57 RUN_KERNEL=6.12 RUN_GUEST_KERNEL=stock RUN_OPTEE=virt RUN_SMP=2
# The memory in MiB; if neither of them says, board_memory does.
RUN_MEM=''
RUN_ICOUNT=() RUN_TIMEOUT=120 RUN_APPEND='' RUN_DIR=''
# The RPMB partition's size in KiB of an eMMC, none without; whether the scenario may restart or suspend the board.
RUN_EMMC='' RUN_REBOOT='' RUN_SUSPEND=''
# Whether QEMU counts instructions by where they are: profile/plugin.c, which leaves files in RUN_DIR.
RUN_PROFILE=''

guest_kernel_check() # NAME: end here unless there is such a kernel for guests
{
	case $1 in
	stock | small | patched) ;;
	*) lab_die "no such kernel for guests: $1 (stock, small, patched)" ;;
	esac
}

# The guest's stock kernel is trixie's, whatever the host runs.
board_guest_kernel() { if [ "$RUN_GUEST_KERNEL" = stock ]; then echo 6.12; else echo "$RUN_GUEST_KERNEL"; fi; }

# How many OP-TEE has partitions for: guests, and the host.
board_partitions()
{
	local n
	n=$(optee_conf "$RUN_OPTEE" CFG_VIRT_GUEST_COUNT)
	echo "${n:-2}"
}

# The board's memory in MiB if nobody says: what the host's kernel needs, and more for more guests than one.
board_memory()
{
	local more=0
	[ "$(board_partitions)" -le 2 ] || more=1024
	echo $(($(host_kernel_memory "$RUN_KERNEL") + more))
}

# What the repository makes for the board, unless TEEGATE_OUT names another place. What is there is not made again: a change
# under work waits for "make arm64" and "make module KERNEL=…", whatever boards run meanwhile.
programs_need()
{
	local program=$RUN_PRODUCTS/arm64/teegate module=$RUN_PRODUCTS/$RUN_KERNEL/teegate.ko lock
	[ -z "${TEEGATE_OUT:-}" ] || return 0
	mkdir -p "$LAB_OUT/locks"
	exec {lock}>"$LAB_OUT/locks/programs"
	flock "$lock"
	[ -e "$program" ] || ui_run programs "teegate for the board" make -s -C "$LAB_TOP" arm64
	[ -e "$module" ] ||
		ui_run "module-$RUN_KERNEL" "teegate.ko for Linux $RUN_KERNEL" make -s -C "$LAB_TOP" module KERNEL="$RUN_KERNEL"
	exec {lock}>&-
}

board_need()
{
	tree_cross_need
	tree_qemu_need
	tree_host_need
	[ -z "$RUN_PROFILE" ] || profile_plugin_need
	kernel_need 6.12
	host_kernel_need "$RUN_KERNEL"
	firmware_need "$RUN_OPTEE"
	initrd_need host "$RUN_KERNEL"
	case $RUN_GUEST_KERNEL in
	small) small_kernel_need ;;
	patched) patched_kernel_need ;;
	esac
	initrd_need guest "$(board_guest_kernel)"
	programs_need
}

PROFILE_PLUGIN=$LAB_OUT/profile/plugin.so
profile_plugin_build()
{
	mkdir -p "${PROFILE_PLUGIN%/*}"
	"${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -fPIC -shared -fvisibility=hidden -o "$PROFILE_PLUGIN" \
		"$LAB_TOP/lab/profile/plugin.c"
}

profile_plugin_need()
{
	lab_step profile-plugin "the plugin that counts instructions" \
		"$(step_key "$PROFILE_PLUGIN $(sha256sum <"$LAB_TOP/lab/profile/plugin.c")" profile_plugin_build)" \
		profile_plugin_build
}

# The folder that the board sees as /lab. Big files are linked, not copied: runs are many.
board_share() # SCENARIO-FILE ARGUMENT...
{
	local share=$RUN_DIR/share scenario=$1 gk f
	shift
	gk=$(board_guest_kernel)
	mkdir -p "$share"/{board,bin,guest,modules,guest-modules}
	install -m 755 "$LAB_TOP/lab/board/host-init.sh" "$share/board/"
	install -m 644 "$LAB_TOP"/lab/scenarios/lib*.sh "$share/board/"
	install -m 644 "$LAB_TOP"/lab/bench-*.{awk,tsv} "$share/board/"
	[ -z "$scenario" ] || install -m 644 "$scenario" "$share/scenario.sh"
	# OP-TEE's console, for scenarios that ask what OP-TEE says: the file that QEMU writes, by another name.
	: >"$RUN_DIR/secure.log"
	ln "$RUN_DIR/secure.log" "$share/"
	: >"$share/args"
	[ $# -eq 0 ] || printf '%s\n' "$@" >"$share/args"
	mkdir -p "$RUN_DIR/guest"
	ln "$(kernel_image "$gk")" "$RUN_DIR/guest/Image"
	ln "$INITRD/guest-$gk" "$RUN_DIR/guest/initrd"
	# The host's own, for what starts it anew (kexec).
	ln "$(kernel_image "$RUN_KERNEL")" "$RUN_DIR/guest/host-Image"
	ln "$INITRD/host-$RUN_KERNEL" "$RUN_DIR/guest/host-initrd"
	printf '%s\n' "GUEST_KERNEL=$RUN_GUEST_KERNEL BOARD_KERNEL=$RUN_KERNEL BOARD_CPU=$RUN_CPU BOARD_OPTEE=$RUN_OPTEE BOARD_SMP=$RUN_SMP BOARD_EMMC=$RUN_EMMC BOARD_PROFILE=$RUN_PROFILE BOARD_PARTITIONS=$(board_partitions)" |
		tr ' ' '\n' >"$share/board/env"
	# A module for both sides, if each side's kernel has been built for.
	find "$RUN_PRODUCTS/$gk" -maxdepth 1 -name 'bench_*.ko' -exec cp {} "$share/guest-modules/" \; 2>/dev/null || true
	mkdir -p "$share/modules/route"
	for f in "$RUN_PRODUCTS/$RUN_KERNEL"/route/*.ko; do [ ! -f "$f" ] || cp "$f" "$share/modules/route/"; done
	for f in "$RUN_PRODUCTS"/arm64/* "$RUN_PRODUCTS/$RUN_KERNEL"/*.ko; do
		[ -f "$f" ] || continue
		case $f in
		*.ko) cp "$f" "$share/modules/" ;;
		*) cp "$f" "$share/bin/" ;;
		esac
	done
	# The kernel's own tests, if it is one that we have built.
	for f in "$KERNELS/$RUN_KERNEL"/kselftest/*; do [ ! -f "$f" ] || cp "$f" "$share/bin/"; done
}

board_bootargs()
{
	printf '%s' "console=ttyAMA0 panic=-1 printk.devkmsg=on watchdog_thresh=60"
	printf ' %s' "initrd=$BOARD_INITRD_ADDR,$(stat -c %s "$INITRD/host-$RUN_KERNEL")" \
		"$(host_kernel_bootargs "$RUN_KERNEL")" "$RUN_APPEND"
}

# The eMMC: 8 MiB for files and, behind them in the same file, the RPMB partition's data. Its key and write counter live
# in QEMU's memory: they outlast a restart of the board, not QEMU's end.
BOARD_EMMC_MIB=8
board_emmc_create() { truncate -s $((BOARD_EMMC_MIB * 1024 + RUN_EMMC))K "$RUN_DIR/emmc"; }

# What some runs have and others not, one word a line.
board_extras()
{
	[ -n "$RUN_REBOOT" ] || printf '%s\n' -no-reboot
	[ -z "$RUN_PROFILE" ] || printf '%s\n' -plugin "$PROFILE_PLUGIN,to=$RUN_DIR"
	[ -z "$RUN_EMMC" ] || printf '%s\n' -device sdhci-pci -drive "if=none,id=emmc,format=raw,file=$RUN_DIR/emmc" \
		-device "emmc,drive=emmc,rpmb-partition-size=$((RUN_EMMC * 1024))"
}

# The board's shared folders, one word a line. Linux resets a virtio device when the machine wakes up, which its 9p does
# not survive, unless the device says that it keeps its state: it must be behind a port of its own for that.
board_folders()
{
	local n=0 tag options
	while read -r tag options; do
		n=$((n + 1))
		printf '%s\n' -fsdev "local,id=$tag,security_model=none,$options"
		if [ -n "$RUN_SUSPEND" ]; then
			printf '%s\n' -device "pcie-root-port,id=port$n,chassis=$n" \
				-device "virtio-9p-pci,fsdev=$tag,mount_tag=$tag,bus=port$n,x-pcie-pm-no-soft-reset=on"
		else
			printf '%s\n' -device "virtio-9p-pci,fsdev=$tag,mount_tag=$tag"
		fi
	done <<-EOF
		root path=$TREES/host,readonly=on,multidevs=remap
		modules path=$KERNELS/$RUN_KERNEL/root/usr/lib/modules,readonly=on
		guest path=$RUN_DIR/guest,readonly=on
		lab path=$RUN_DIR/share
	EOF
}

# board_qemu SERIAL-OPTION...: become the machine. The kernel is given twice: -kernel makes QEMU write the bootargs
# into the device tree, the loader puts the Image where the firmware jumps to.
board_qemu()
{
	local image extras folders
	image=$(kernel_image "$RUN_KERNEL")
	mapfile -t extras < <(board_extras)
	mapfile -t folders < <(board_folders)
	[ -z "$RUN_EMMC" ] || board_emmc_create
	qemu_outside -nodefaults -display none "${extras[@]}" \
		-machine virt,secure=on,virtualization=on,gic-version=3 -cpu "$RUN_CPU" -smp "$RUN_SMP" -m "$RUN_MEM" \
		"${RUN_ICOUNT[@]}" -bios "$(firmware_flash "$RUN_OPTEE")" \
		-kernel "$image" -append "$(board_bootargs)" \
		-device "loader,file=$image,addr=$BOARD_KERNEL_ADDR,force-raw=on" \
		-device "loader,file=$INITRD/host-$RUN_KERNEL,addr=$BOARD_INITRD_ADDR,force-raw=on" \
		"${folders[@]}" \
		"$@" -serial "file:$RUN_DIR/secure.log"
}

# What the scenario has said since the last look, without starting a program: see consoles.sh for why.
board_show_new()
{
	local log=$RUN_DIR/share/scenario.log line=''
	if [ -z "$RUN_LOG" ]; then
		[ -r "$log" ] || return 0
		exec {RUN_LOG}<"$log"
	fi
	while IFS='' read -r -u "$RUN_LOG" line; do printf '%s\n' "$line"; done
	printf '%s' "$line"
}

# Consoles of guests are written inside the board; they belong beside the others.
board_consoles_bad() { consoles_bad "$RUN_DIR"/*.log "$RUN_DIR"/share/guest-*.log; }

# Where the first of the bad lines stands: a warning without its trace says little, and where the run was made, its
# consoles may be gone.
board_show_around_bad()
{
	local name line file
	IFS=: read -r name line <"$RUN_DIR/bad-lines"
	name=${name// /}
	for file in "$RUN_DIR/$name.log" "$RUN_DIR/share/$name.log"; do
		[ -r "$file" ] || continue
		echo "lab: around it:"
		tr -d '\r' <"$file" | grep -aF -m 1 -B 3 -A 16 -e "${line# }" | sed 's/^/    | /'
		return 0
	done
}

board_is_over()
{
	[ -e "$RUN_DIR/share/verdict" ] && return 0
	kill -0 "$RUN_QEMU" 2>/dev/null || return 0
	[ $SECONDS -ge "$RUN_NEXT_LOOK" ] || return 1
	RUN_NEXT_LOOK=$((SECONDS + 3))
	# A dead kernel or secure world rarely says so in another way than by never finishing.
	board_consoles_bad >/dev/null
}

board_watch()
{
	local end=$((SECONDS + RUN_TIMEOUT)) nothing
	RUN_LOG='' RUN_NEXT_LOOK=0
	# Nothing ever comes here: a pause that starts no program.
	exec {nothing}<> <(:)
	while ! board_is_over; do
		board_show_new
		if [ $SECONDS -ge $end ]; then
			RUN_TIMED_OUT=1
			break
		fi
		read -r -t 0.3 -u "$nothing" || true
	done
	exec {nothing}<&-
	board_show_new
}

# Let the board power off by itself, so that what happens on the way out is seen, but not for ever.
board_stop()
{
	local n=0
	while kill -0 "$RUN_QEMU" 2>/dev/null && [ $n -lt "$1" ]; do
		sleep 0.1
		n=$((n + 1))
	done
	kill -KILL "$RUN_QEMU" 2>/dev/null || true
	wait "$RUN_QEMU" 2>/dev/null || true
}

# The run's exit status: what the scenario said, unless a console, the clock or a missing verdict says worse.
board_judge()
{
	local status
	if board_consoles_bad >"$RUN_DIR/bad-lines"; then
		echo "lab: FAILED by what a console says:"
		cat "$RUN_DIR/bad-lines"
		board_show_around_bad
		return 1
	fi
	if [ -n "$RUN_TIMED_OUT" ]; then
		echo "lab: FAILED: no verdict after $RUN_TIMEOUT s (--timeout); the board was stopped"
		return 124
	fi
	if ! console_panicked "$RUN_DIR/host.log"; then
		echo "lab: FAILED: the host's kernel did not panic with \"$CONSOLE_PANIC\""
		return 1
	fi
	if [ ! -e "$RUN_DIR/share/verdict" ]; then
		echo "lab: FAILED: the board stopped without a verdict; last lines of its console:"
		tail -n 15 "$RUN_DIR/host.log" | sed 's/^/    | /'
		return 1
	fi
	status=$(<"$RUN_DIR/share/verdict")
	return "$status"
}

# board_run SCENARIO-FILE ARGUMENT...: one run from start to verdict.
board_run()
{
	local rc=0
	RUN_TIMED_OUT=
	board_share "$@"
	(board_qemu -serial "file:$RUN_DIR/host.log") >"$RUN_DIR/qemu.log" 2>&1 </dev/null &
	RUN_QEMU=$!
	trap 'kill -KILL $RUN_QEMU 2>/dev/null; exit 130' INT TERM
	board_watch
	if [ -n "$RUN_TIMED_OUT" ]; then board_stop 0; else board_stop 50; fi
	board_judge || rc=$?
	# What the scenario and its guests left, beside the consoles; share/ keeps what the board was given.
	find "$RUN_DIR/share" -maxdepth 1 -type f ! -name scenario.sh ! -name args ! -name secure.log -exec mv {} "$RUN_DIR/" \;
	return "$rc"
}

board_shell()
{
	board_share ""
	board_qemu -chardev "stdio,id=con,mux=on,signal=off,logfile=$RUN_DIR/host.log" -serial chardev:con -mon con
}
