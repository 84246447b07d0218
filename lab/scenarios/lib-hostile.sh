# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The hostile guest (guests/hostile) under minivmm: started, waited for, asked what it saw. STORAGE is an array, empty
# where the guest may be asked for files. What is tried with it is the scenarios' business.

# xtest's storage TA: what the hostile guest answers LOAD_TA with.
TA=b689f2a7-8adf-477a-9f99-32e90c0ad0a2

# Far from the board's RAM, so that no address of the host looks like one of the guest's; the ROM is any file.
hostile_start() # NAME OPTION... -- WORD...: in the background
{
	local d=$GUESTS/$1 options=()
	shift
	mkdir -p "$d"
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	# Before there is anybody to write to it.
	: >"$d/console"
	minivmm --kernel /lab/bin/hostile.bin --initrd "/usr/lib/optee_armtz/$TA.ta" --rom /lab/bin/uapi_test --smp 2 \
		--mem 16 --ram-base 0x5a80000000 --tee "${STORAGE[@]}" "${options[@]}" --cmdline "ta=$TA $*" \
		>"$d/console" 2>>"/lab/guest-${d##*/}.vmm" </dev/null &
	HOSTILE=$!
}

hostile_end() # NAME: its exit status
{
	local status=0
	wait "$HOSTILE" || status=$?
	guest_copy_out "$1"
	return "$status"
}

hostile_run()
{
	hostile_start "$@"
	hostile_end "$1"
}

hostile_said() # NAME WHAT: the number that the guest reported
{
	sed -n "s/\r//;s/^hostile: $2: //p" "$GUESTS/$1/console"
}

hostile_fail() # NAME TEXT
{
	grep -a 'VIOLATION\|FAILED\|threads at once' "$GUESTS/$1/console"
	tail -n 5 "$GUESTS/$1/console"
	fail "$2"
}

need_hostile()
{
	need_file /lab/bin/hostile.bin
	need_file /lab/bin/minivmm
}
