# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The part of optee/check that is about many and hostile guests: the series in optee/patches/guests/ applies, also on top
# of the others, and compiles patch by patch; the variant with many partitions builds with it, its secure RAM
# is where the board has room for it and is large enough, and optee/build refuses what it does not know. That guests work
# on it and OP-TEE survives hostile ones is the lab's business: scenarios many-xtest and hostile. Sourced by optee/check.

# shellcheck source=lab/firmware.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/firmware.sh"

OPTEE_GUESTS_SCRATCH=$OPTEE_OUT/guests-scratch

# Debian's own build has 7.5 MiB for each of two, with which all of xtest passes.
GUESTS_PARTITION_MIB=32

guests_conf() { optee_conf "$(optee_core_dir "$1" guests)" "$2"; } # VERSION NAME

# guests_load_address VERSION: where TF-A is to load it, by the header's first image: bytes 12 to 15 are the upper half.
guests_load_address()
{
	local hi lo
	read -r hi lo < <(od -An -tu4 -j12 -N8 "$(optee_core_dir "$1" guests)/tee-header_v2.bin")
	echo $((hi << 32 | lo))
}

guests_is_loaded_there() { [ "$(guests_load_address "$1")" -eq $((OPTEE_GUESTS_RAM_START)) ]; }

# The device tree (a MiB) and OP-TEE's shared memory lie below it, what lab/run loads for Linux above.
guests_ram_is_free() # VERSION
{
	local start=$((OPTEE_GUESTS_RAM_START)) shm shm_size
	shm=$(guests_conf "$1" CFG_SHMEM_START)
	shm_size=$(guests_conf "$1" CFG_SHMEM_SIZE)
	[ "$start" -ge $((shm + shm_size)) ] && [ $((start + OPTEE_GUESTS_RAM_SIZE)) -le $((BOARD_KERNEL_ADDR)) ]
}

# Of the whole, OP-TEE leaves two MiB out before it divides.
guests_ram_is_enough() # VERSION
{
	local n size
	n=$(guests_conf "$1" CFG_VIRT_GUEST_COUNT)
	size=$(guests_conf "$1" CFG_TZDRAM_SIZE)
	[ "$n" -eq 5 ] && [ $(((size / 1024 / 1024 - 2) / n)) -ge $GUESTS_PARTITION_MIB ]
}

# Above 1 GiB a random address can leave no room for TAs, and OP-TEE stops at boot now and then.
guests_address_is_fixed() { [ "$(guests_conf "$1" CFG_CORE_ASLR)" = n ]; }

# refuses MESSAGE COMMAND...: it fails, and says so.
refuses()
{
	local message=$1 said
	shift
	said=$("$@" 2>&1) && return 1
	grep -qF "$message" <<<"$said"
}

# The object files of the sources that a version's series changes, in a build directory.
guests_objects() # VERSION OUT
{
	optee_guests_series "$1" | xargs sed -n "s,^+++ b/\(core/.*\)\.c\$,$2/\1.o,p" | sort -u
}

# Only what the series changes is compiled, after each patch.
guests_prefixes_compile() # VERSION
{
	local dir=$OPTEE_GUESTS_SCRATCH/source out=$OPTEE_GUESTS_SCRATCH/out objects p
	rm -rf "$OPTEE_GUESTS_SCRATCH"
	mapfile -t objects < <(guests_objects "$1" "$out")
	if [ ${#objects[@]} -eq 0 ]; then
		echo "no patch for $1 changes a source file in core/: there is nothing to compile" >&2
		return 1
	fi
	optee_unpack "$1" "$dir"
	while read -r p; do
		echo "== ${p##*/}"
		optee_git_apply "$dir" "$p" || return 1
		optee_make "$dir" "$out" "${objects[@]}" || return 1
	done < <(optee_guests_series "$1")
}

guests_applies() # VERSION
{
	rm -rf "$OPTEE_GUESTS_SCRATCH"
	optee_unpack "$1" "$OPTEE_GUESTS_SCRATCH/pristine"
	optee_guests_series "$1" | optee_git_apply_all "$OPTEE_GUESTS_SCRATCH/pristine" >/dev/null
}

check_guests_series() # VERSION
{
	local v=$1 rc=0 what
	optee_source_need "$v" || rc=$?
	if [ $rc -ne 0 ]; then
		for what in "applies to Debian's source" "applies on top of the others" "compiles patch by patch"; do
			skipped "optee-os $v: the series against hostile guests $what ($(optee_why "$v"))"
		done
		return 0
	fi
	judge "optee-os $v: the series against hostile guests applies to Debian's source" guests_applies "$v" || return 0
	judge "optee-os $v: the series against hostile guests applies on top of the others" optee_all_tree_need "$v" || true
	judge "optee-os $v: the series against hostile guests compiles patch by patch" \
		ui_run "optee-guests-prefixes-$v" "optee-os $v: the series against hostile guests, patch by patch" \
		guests_prefixes_compile "$v" || true
	rm -rf "$OPTEE_GUESTS_SCRATCH"
}

check_guests() # VERSION
{
	local v=$1 rc=0 build=$LAB_TOP/optee/build
	judge "optee/build refuses a variant that there is not" refuses "no variant of OP-TEE called guest (there is: guests" "$build" guest || true
	judge "optee/build refuses a version that there is not" refuses "no series for 0.1 (there is: " "$build" guests 0.1 || true
	judge "lab/run refuses a variant that there is not" \
		refuses "no variant of OP-TEE called guest (there is: guests" "$LAB_TOP/lab/run" --prepare --optee guest || true
	optee_source_need "$v" || rc=$?
	if [ $rc -ne 0 ]; then
		skipped "optee-os $v: the variant with room for four guests ($(optee_why "$v"))"
		return 0
	fi
	judge "optee-os $v: guests builds" optee_variant_need "$v" guests || return 0
	judge "optee-os $v: guests is loaded into its own RAM" guests_is_loaded_there "$v" || true
	judge "optee-os $v: that RAM is nobody else's" guests_ram_is_free "$v" || true
	judge "optee-os $v: it leaves TAs their GiB at each boot" guests_address_is_fixed "$v" || true
	judge "optee-os $v: it is enough for the host and four guests" guests_ram_is_enough "$v" || true
}
