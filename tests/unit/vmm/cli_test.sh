#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `teegate` as a whole, on a machine without the device: exit codes, where
# output goes, refusals, the dry run. Usage: cli_test.sh TEEGATE
set -u

teegate=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failures=0
unset LD_PRELOAD TEEGATE_DEVICE
touch "$tmp/preload.so"

# t NAME STATUS STDOUT-PATTERN STDERR-PATTERN COMMAND...; "" as a pattern: empty.
t()
{
	local name=$1 status=$2 out=$3 err=$4 got
	shift 4
	"$@" >"$tmp/out" 2>"$tmp/err"
	got=$?
	if [ "$got" -ne "$status" ]; then
		echo "FAIL $name: status $got, not $status"
	elif [ -z "$out" ] && [ -s "$tmp/out" ]; then
		echo "FAIL $name: output: $(cat "$tmp/out")"
	elif [ -z "$err" ] && [ -s "$tmp/err" ]; then
		echo "FAIL $name: message: $(cat "$tmp/err")"
	elif ! grep -qE -- "$out" "$tmp/out" && [ -n "$out" ]; then
		echo "FAIL $name: no \"$out\" in output: $(cat "$tmp/out")"
	elif ! grep -qE -- "$err" "$tmp/err" && [ -n "$err" ]; then
		echo "FAIL $name: no \"$err\" in message: $(cat "$tmp/err")"
	else
		echo "ok   $name"
		return
	fi
	failures=$((failures + 1))
}

run=("$teegate" run --preload "$tmp/preload.so" --device "$tmp/none")
qemu=(qemu-system-aarch64 -M virt -accel kvm)

t help 0 'usage: teegate VERB' '' "$teegate" --help
t version 0 '^teegate [0-9.]+$' '' "$teegate" --version
t no-verb 2 '' 'usage' "$teegate"
t bad-verb 2 '' 'is not a verb' "$teegate" dance
for verb in run info completion; do
	t "$verb-help" 0 "usage: teegate $verb" '' "$teegate" $verb --help
	t "$verb-bad-option" 2 '' '--dance is not an option' "$teegate" $verb --dance
done
t completion 0 'complete .*_teegate teegate' '' "$teegate" completion bash
t help-abbreviated 0 'usage: teegate run' '' "$teegate" run --hel
t completion-shell 2 '' 'Known is: bash' "$teegate" completion tcsh
"$teegate" completion bash >"$tmp/completion"
t completion-parses 0 '' '' bash -n "$tmp/completion"
# shellcheck disable=SC2016  # the inner shell's variables
t completion-works 0 '^--pinned$' '' bash -c '. "$0"; COMP_WORDS=(teegate run --pi); COMP_CWORD=2; _teegate; echo "${COMPREPLY[*]}"' \
	"$tmp/completion"

t info-no-device 5 '' "there is no $tmp/none.*modprobe" "$teegate" info --device "$tmp/none"
t info-environment 5 '' "there is no $tmp/none" env TEEGATE_DEVICE="$tmp/none" "$teegate" info --json
t info-other-device 5 '' "does not speak" "$teegate" info --device /dev/null
t info-operand 2 '' 'is too much' "$teegate" info more

t run-nothing 2 '' 'which QEMU' "${run[@]}"
t run-no-device 5 '' "there is no $tmp/none" "${run[@]}" -- "${qemu[@]}"
t run-tcg 2 '' 'add -accel kvm' "${run[@]}" -- qemu-system-aarch64 -M virt
t run-tcg-named 2 '' 'accelerator tcg' "${run[@]}" -- qemu-system-aarch64 -M virt,accel=tcg:kvm
t run-no-machine 2 '' 'add -machine virt' "${run[@]}" -- qemu-system-aarch64 -accel kvm
t run-machine 2 '' 'sbsa-ref does not' "${run[@]}" -- qemu-system-aarch64 -accel kvm -M sbsa-ref
t run-incoming 3 '' 'cannot be migrated' "${run[@]}" -- "${qemu[@]}" -incoming defer
t run-unseen 2 '' 'tpm-tis-device changes the device tree' "${run[@]}" -- "${qemu[@]}" -device tpm-tis-device
t run-unseen-dtb 5 '' 'there is no' "${run[@]}" -- "${qemu[@]}" -device tpm-tis-device -dtb x
t run-bad-number 2 '' '--calls x is not a number' "${run[@]}" --calls x -- "${qemu[@]}"
t run-hexadecimal 2 '' '--calls 0x10 is not a number' "${run[@]}" --calls 0x10 -- "${qemu[@]}"
t run-no-budget 2 '' '--resume-budget 0 is not a number above zero' "${run[@]}" --resume-budget 0 -- "${qemu[@]}"
t run-not-a-size 2 '' '--calls 1K is not a number' "${run[@]}" --calls 1K -- "${qemu[@]}"
t run-no-argument 2 '' '--calls needs an argument; see teegate run --help' "${run[@]}" --calls
t run-own-options-first 0 ' taskset --help 1 qemu' . "${run[@]}" --print taskset --help 1 "${qemu[@]}"
t run-bad-preload 1 '' 'cannot read' "$teegate" run --preload "$tmp/nowhere" -- "${qemu[@]}"
# shellcheck disable=SC2016  # the inner shell's variables
t run-preload-space 1 '' 'no path with a space' \
	bash -c 'mkdir "$1/a b"; cp "$1/preload.so" "$1/a b"; "$0" run --preload "$1/a b/preload.so" -- "${@:2}"' \
	"$teegate" "$tmp" "${qemu[@]}"
t run-firmware 5 '' 'acpi=off' "${run[@]}" -- "${qemu[@]}" -bios edk2.fd
t run-print 0 "^TEEGATE_DEVICE=$tmp/none TEEGATE_LIMITS=calls=3,shm=0,rpc=5,budget=9,pinned=1048576 LD_PRELOAD=$tmp/preload.so .*-append 'a b' -dtb DTB$" \
	'dumpdtb=DTB' "${run[@]}" --print --calls 3 --rpc-buffers 5 --resume-budget 9 --pinned 1M -- "${qemu[@]}" -append 'a b'
t run-print-rpmb 0 'TEEGATE_RPMB=own LD_PRELOAD=' . "${run[@]}" --print --rpmb -- "${qemu[@]}"
t run-print-no-storage 0 'TEEGATE_STORAGE=none LD_PRELOAD=' . "${run[@]}" --print --no-storage -- "${qemu[@]}"
a=8aaaf200-2450-11e4-abe2-0002a5d5c51b b=F157CDA0-550C-11E5-A6FA-0002A5D5C51B
t run-print-ta 0 "TEEGATE_TAS=$a,${b,,},$a LD_PRELOAD=" . "${run[@]}" --print --ta "$a,$b" --ta "$a" -- "${qemu[@]}"
t run-bad-ta 2 '' '--ta 8aaaf200 is not a list of UUIDs' "${run[@]}" --ta 8aaaf200 -- "${qemu[@]}"
t run-many-tas 2 '' 'with room in it' "${run[@]}" --ta "$(yes "$a" | head -n 65 | paste -sd,)" -- "${qemu[@]}"
t run-print-no-node 0 "kvm\$" '' "${run[@]}" --print --no-tee-node -- "${qemu[@]}"
t run-print-others 0 "LD_PRELOAD=$tmp/preload.so:/x.so" . env LD_PRELOAD=/x.so "${run[@]}" --print -- "${qemu[@]}"

[ "$failures" -eq 0 ] || echo "$failures failed"
[ "$failures" -eq 0 ]
