#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `rpmbctl` as a whole, on emulated devices: every verb's success, each refusal with its exit code, what is said where,
# and that a dry run changes nothing. The second program has an imitation of OP-TEE in it (cli_fake_tee.c).
# Usage: cli.sh RPMBCTL RPMBCTL-WITH-IMITATION
# shellcheck disable=SC2094  # files that are only read, twice
set -u

rpmbctl=$1
faked=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failures=0 skipped=0
unset RPMBCTL_MODE FAKE_TEE
umask 077
cd "$tmp" || exit 1

# verdict NAME [WHAT-IS-WRONG]
verdict()
{
	if [ -z "${2:-}" ]; then
		passed=$((passed + 1))
	else
		echo "FAIL $1: $2"
		failures=$((failures + 1))
	fi
}

# t NAME STATUS STDOUT-PATTERN STDERR-PATTERN COMMAND...; "" as a pattern: empty.
t()
{
	local name=$1 status=$2 out=$3 err=$4 got
	shift 4
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	if [ "$got" -ne "$status" ]; then
		verdict "$name" "status $got, not $status: $(cat "$tmp/err")"
	elif [ -z "$out" ] && [ -s "$tmp/out" ]; then
		verdict "$name" "output: $(cat "$tmp/out")"
	elif [ -z "$err" ] && [ -s "$tmp/err" ]; then
		verdict "$name" "message: $(cat "$tmp/err")"
	elif [ -n "$out" ] && ! grep -qE -- "$out" "$tmp/out"; then
		verdict "$name" "no \"$out\" in output: $(cat "$tmp/out")"
	elif [ -n "$err" ] && ! grep -qE -- "$err" "$tmp/err"; then
		verdict "$name" "no \"$err\" in message: $(cat "$tmp/err")"
	else
		verdict "$name"
	fi
}

# j NAME STATUS JQ-CONDITION COMMAND...: with --json, standard output is one object of which the condition holds.
j()
{
	local name=$1 status=$2 condition=$3 got
	shift 3
	"$@" --json >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	if [ "$got" -ne "$status" ]; then
		verdict "$name" "status $got, not $status: $(cat "$tmp/err")"
	elif ! jq -e -s "length == 1 and (.[0] | (.schema == 1 and ($condition)))" "$tmp/out" >"$tmp/jq" 2>&1; then
		verdict "$name" "not so: $condition: $(cat "$tmp/jq" "$tmp/out")"
	elif [ "$status" -ne 0 ] && ! jq -e ".error.code == $status and (.error.kind | test(\"^[a-z-]+$\")) and (.error.message | length > 0)" "$tmp/out" >/dev/null; then
		verdict "$name" "the error is not in the object: $(cat "$tmp/out")"
	else
		verdict "$name"
	fi
}

same() { verdict "$1" "$(cmp "$2" "$3" 2>&1)"; }
differs() { verdict "$1" "$(cmp -s "$2" "$3" && echo "$2 and $3 are the same")"; }

# key NAME HEX: a key file, raw, of mode 0600.
key()
{
	local n bytes=''
	for ((n = 0; n < ${#2}; n += 2)); do
		bytes+="\\x${2:n:2}"
	done
	printf '%b' "$bytes" >"$1"
}

CID_A=fe014e5447454d554c10aabbccdd1d01
CID_B=fe014e5447454d554c10aabbccde1d01
KEY=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff
TEST_KEY=d3eb3ec36e334c9f988ce2c0b85954610d2bcf8664844df2ab56e6c61bb701e4
key key "$KEY"
key other "ff${KEY:2}"
key test_key "$TEST_KEY"
key zero "$(printf '00%.0s' {1..32})"
key equal "$(printf '5a%.0s' {1..32})"
echo "$KEY" >key.hex
tr a-f A-F <key.hex >key.HEX
head -c 31 key >short
cat key key >long
: >empty
cp key open_to_all
chmod 644 open_to_all
mkfifo fifo

fresh() { rm -f "$1" && "$rpmbctl" emulate create --size 128K --cid "$2" "$1" >/dev/null; }
a=(--device file:a.img)
b=(--device file:b.img)
fresh a.img $CID_A
fresh b.img $CID_B
development=(--mode development)
factory=(--mode factory)
program=("$rpmbctl" key program "${factory[@]}" --no-tee-check)

help_and_usage()
{
	local name
	t help 0 'usage: rpmbctl VERB' '' "$rpmbctl" --help
	t version 0 '^rpmbctl [0-9.]+$' '' "$rpmbctl" --version
	t no-verb 2 '' 'usage' "$rpmbctl"
	t bad-verb 2 '' 'no such verb' "$rpmbctl" dance
	t half-a-verb 2 '' 'key what' "$rpmbctl" key
	t verb-is-not-echoed 2 '' 'no such verb' "$rpmbctl" "$KEY"
	grep -q "$KEY" err && verdict verb-is-not-echoed "a key that was mistyped is repeated"
	while read -r name; do
		# shellcheck disable=SC2086  # two words
		t "$name --help" 0 "usage: rpmbctl $name" '' "$rpmbctl" $name --help
		# shellcheck disable=SC2086
		t "$name --dance" 2 '' 'is not an option' "$rpmbctl" $name --dance
		# shellcheck disable=SC2086
		t "$name $KEY" 2 '' '.' "$rpmbctl" $name "$KEY" "$KEY"
		grep -qi "$KEY" err && verdict "$name $KEY" "a key that was mistyped is repeated"
		# shellcheck disable=SC2086
		j "$name --json --dance" 2 'has("error")' "$rpmbctl" $name --dance
	done < <("$rpmbctl" --help | sed -n '/^verbs:/,/^$/s/^  \([a-z]* \?[a-z]*\)  .*/\1/p' | sed 's/ *$//')
	t option-without-argument 2 '' '--device needs an argument' "$rpmbctl" status --device
	t no-mode 2 '' 'no such mode' "$rpmbctl" status --mode holiday
	t mode-of-environment 2 '' 'RPMBCTL_MODE' env RPMBCTL_MODE=holiday "$rpmbctl" status "${a[@]}"
	j mode-of-environment-is-used 0 '.mode == "factory"' env RPMBCTL_MODE=factory "$rpmbctl" status "${a[@]}"
	j option-beats-environment 0 '.mode == "development"' env RPMBCTL_MODE=factory "$rpmbctl" status "${a[@]}" "${development[@]}"
	j options-before-the-verb 0 '.mode == "factory"' "$rpmbctl" --mode factory status "${a[@]}"
	j mode-before-the-verb-with-equals 0 '.mode == "factory"' "$rpmbctl" --mode=factory status "${a[@]}"
	t json-before-the-verb 0 '"mode": "production"' '' "$rpmbctl" --json status "${a[@]}"
	t options-without-a-verb 2 '' 'no such verb' "$rpmbctl" --json --mode
	j default-mode 0 '.mode == "production"' "$rpmbctl" status "${a[@]}"
}

completion()
{
	t completion 0 'complete .*_rpmbctl rpmbctl' '' "$rpmbctl" completion bash
	t completion-shell 2 '' 'Known is: bash' "$rpmbctl" completion tcsh
	"$rpmbctl" completion bash >comp
	t completion-parses 0 '' '' bash -n comp
	# shellcheck disable=SC2016  # the inner shell's variables
	local try='. ./comp; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rpmbctl; echo "${COMPREPLY[*]}"'
	t completion-verbs 0 '^status key counter ' '' bash -c "$try" _ rpmbctl ''
	t completion-group 0 '^get derive verify program$' '' bash -c "$try" _ rpmbctl key ''
	t completion-option 0 '^--commit$' '' bash -c "$try" _ rpmbctl key program --comm
	t completion-option-of-one-word 0 '^--no-tee$' '' bash -c "$try" _ rpmbctl status --no
	t completion-file 0 '^key.hex$' '' bash -c "$try" _ rpmbctl counter --key-file key.h
	t completion-mode 0 '^factory$' '' bash -c "$try" _ rpmbctl status --mode f
}

emulate()
{
	t emulate-create 0 "CID +$CID_A" '' "$rpmbctl" emulate create --cid "$CID_A" c.img
	t emulate-create-again 3 '' 'there already' "$rpmbctl" emulate create c.img
	t emulate-create-new-cid 0 'CID +fe014e' '' "$rpmbctl" emulate create d.img
	t emulate-create-nowhere 1 '' 'nowhere' "$rpmbctl" emulate create nowhere/d.img
	t emulate-create-size 2 '' '.' "$rpmbctl" emulate create --size 100 e.img
	t emulate-create-cid 2 '' 'not a CID' "$rpmbctl" emulate create --cid 12 e.img
	t emulate-create-path 2 '' 'missing' "$rpmbctl" emulate create
	j emulate-info 0 ".cid == \"$CID_A\" and .size_bytes == 131072 and .programmed == false and .write_counter == 0" \
		"$rpmbctl" emulate info a.img
	t emulate-info-of-nothing 5 '' '.' "$rpmbctl" emulate info none.img
	# The CID's own check: CRC7 of a card with known values.
	t emulate-mode 0 'a.img' '' find . -name a.img -perm 600
	cp key not_a_device
	t emulate-info-of-another-file 5 '' '.' "$rpmbctl" emulate info not_a_device
}

status()
{
	t status 0 'key +not programmed' '' "$rpmbctl" status "${a[@]}"
	j status-json 0 ".cid == \"$CID_A\" and .programmed == false and .emulated and (has(\"write_counter\") | not)" \
		"$rpmbctl" status "${a[@]}"
	t status-no-device 5 'mode +production' 'none.img' "$rpmbctl" status --device file:none.img
	j status-no-device-json 5 '.mode == "production"' "$rpmbctl" status --device file:none.img
	t status-no-rpmb 5 'mode' '.' "$rpmbctl" status --device /dev/null
	t status-nvme 5 'mode' '.' "$rpmbctl" status --device nvme:/dev/nvme0
	t status-what 5 'mode' '.' "$rpmbctl" status --device a.img
	if compgen -G '/dev/mmcblk*rpmb' >/dev/null; then
		echo "skip status-none: there is a real /dev/mmcblkNrpmb here"
		skipped=$((skipped + 1))
	else
		t status-none 5 'mode' 'there is no /dev/mmcblkNrpmb' "$rpmbctl" status
	fi
}

unprogrammed()
{
	local verb
	for verb in counter read 'key verify'; do
		# shellcheck disable=SC2086  # two words
		t "$verb-unprogrammed" 4 'CID' 'no key is programmed' "$rpmbctl" $verb "${a[@]}" --key-file key
	done
	t write-unprogrammed 4 'CID' 'no key' "$rpmbctl" write "${a[@]}" "${development[@]}" --key-file key --in-file key
	t wipe-unprogrammed 4 'CID' 'no key' "$rpmbctl" wipe --data "${a[@]}" "${development[@]}" --key-file key
	t dump-unprogrammed 4 'CID' 'no key' "$rpmbctl" dump "${a[@]}" --out-file dumped
}

key_sources()
{
	local verify=("$rpmbctl" key derive --cid "$CID_A")
	t huk-short 2 'CID' 'are no HUK' "${verify[@]}" --huk-fd 3 3<empty
	t key-nowhere 1 'CID' 'cannot read the key from none' "${program[@]}" "${a[@]}" --key-file none
	t key-missing 2 '' 'which key' "${program[@]}" "${a[@]}"
	t key-twice 2 '' 'two sources' "${program[@]}" "${a[@]}" --key-file key --key-fd 0
	t key-open-to-all 3 'CID' 'open to others' "${program[@]}" "${a[@]}" --key-file open_to_all
	t key-fifo 3 'CID' 'not a regular file' "${program[@]}" "${a[@]}" --key-file fifo
	t key-directory 3 'CID' 'not a regular file' "${program[@]}" "${a[@]}" --key-file .
	t key-short 2 'CID' 'no key' "${program[@]}" "${a[@]}" --key-file short
	t key-long 2 'CID' 'no key' "${program[@]}" "${a[@]}" --key-file long
	t key-empty 2 'CID' 'no key' "${program[@]}" "${a[@]}" --key-file empty
	t key-device 3 'CID' 'not a regular file' "${program[@]}" "${a[@]}" --key-file /dev/zero
	t key-endless 2 'CID' 'more than 66 bytes' "${program[@]}" "${a[@]}" --key-fd 3 3</dev/zero
	t key-fd-closed 2 '' 'is not open' "${program[@]}" "${a[@]}" --key-fd 9
	t key-fd-number 2 '' 'not a file descriptor' "${program[@]}" "${a[@]}" --key-fd key
	t key-fd-write-only 1 'CID' 'cannot read the key' "${program[@]}" "${a[@]}" --key-fd 3 3>written
	t key-no-argv 2 '' 'is not an option' "${program[@]}" "${a[@]}" --key "$KEY"
	grep -q "$KEY" err && verdict key-no-argv "the key is repeated"
	if [ "$(id -u)" -eq 0 ]; then
		cp key theirs && chown 1 theirs
		t key-of-another 3 'CID' 'belongs to somebody else' "${program[@]}" "${a[@]}" --key-file theirs
	else
		echo "skip key-of-another: only root can give a file away"
		skipped=$((skipped + 1))
	fi
	t key-tee-absent 5 'CID' 'libteec|no TEE' "${program[@]}" "${a[@]}" --key-tee
}

program_refusals()
{
	local commit=(--commit "$CID_A") before=a.before weak
	cp a.img $before
	for weak in zero equal; do
		t "program-$weak" 3 'CID' 'worthless' "${program[@]}" "${a[@]}" --key-file $weak "${commit[@]}"
		t "program-$weak-development" 3 'CID' 'worthless' "$rpmbctl" key program "${development[@]}" --no-tee-check \
			--allow-test-key "${a[@]}" --key-file $weak "${commit[@]}"
	done
	t program-test-key 3 'CID' "OP-TEE's test key" "${program[@]}" "${a[@]}" --key-file test_key "${commit[@]}"
	t program-test-key-factory 3 'CID' "OP-TEE's test key" "${program[@]}" "${a[@]}" --key-file test_key --allow-test-key "${commit[@]}"
	t program-test-key-unsaid 3 'CID' 'say --allow-test-key|Say --allow-test-key' "$rpmbctl" key program "${development[@]}" \
		--no-tee-check "${a[@]}" --key-file test_key "${commit[@]}"
	t program-production 3 '' 'mode is production' "$rpmbctl" key program --no-tee-check "${a[@]}" --key-file key "${commit[@]}"
	t program-other-cid 7 'CID' "not the one that --commit names.*$CID_A" "${program[@]}" "${a[@]}" --key-file key --commit "$CID_B"
	t program-named-cid 7 'CID' 'not the one that --cid names' "${program[@]}" "${a[@]}" --key-file key --cid "$CID_B"
	t program-both-cids 7 'CID' 'not the one that --cid names' "${program[@]}" "${a[@]}" --key-file key --cid "$CID_B" "${commit[@]}"
	t program-no-cid 2 '' 'not a CID' "${program[@]}" "${a[@]}" --key-file key --commit yes
	t program-without-tee 5 'CID' 'does not confirm' "$rpmbctl" key program "${factory[@]}" "${a[@]}" --key-file key "${commit[@]}"
	j program-refusal-json 3 '.error.advice | length > 0' "${program[@]}" "${a[@]}" --key-file zero "${commit[@]}"
	t program-no-device 5 '' 'none' "${program[@]}" --device file:none.img --key-file key "${commit[@]}"
	same program-refusals-leave-it $before a.img
}

program_it()
{
	cp a.img a.before
	t program-dry-run 0 'dry run: nothing was programmed' '' "${program[@]}" "${a[@]}" --key-file key
	t program-dry-run-says 0 "repeat with --commit $CID_A" '' "${program[@]}" "${a[@]}" --key-file key
	t program-dry-run-shows 0 'fingerprint +[0-9a-f]{4}-' '' "${program[@]}" "${a[@]}" --key-file key
	t program-dry-run-source 0 'key from +file key.hex' '' "${program[@]}" "${a[@]}" --key-file key.hex
	j program-dry-run-json 0 '.dry_run and .programmed == false' "${program[@]}" "${a[@]}" --key-fd 3 3<key.HEX
	same program-dry-run-leaves-it a.before a.img
	j program 0 ".programmed and .dry_run == false and .cid == \"$CID_A\" and .key_source == \"file key\"" \
		"${program[@]}" "${a[@]}" --key-file key --cid "$CID_A" --commit "0x${CID_A^^}"
	differs program-programs a.before a.img
	cp a.img a.before
	t program-again 4 'CID' 'has a key already' "${program[@]}" "${a[@]}" --key-file key --commit "$CID_A"
	t program-again-dry 4 'CID' 'has a key already' "${program[@]}" "${a[@]}" --key-file other
	same program-again-leaves-it a.before a.img
	t program-test-key-development 0 'programmed' 'everybody has' "$rpmbctl" key program "${development[@]}" \
		--no-tee-check "${b[@]}" --key-file test_key --allow-test-key --commit "$CID_B"
}

verify()
{
	local source
	for source in key key.hex key.HEX; do
		j "verify-$source" 0 '.device_key == "matches" and .write_counter == 0' "$rpmbctl" key verify "${a[@]}" --key-file $source
	done
	j verify-fd 0 '.device_key == "matches"' "$rpmbctl" key verify "${a[@]}" --key-fd 4 4<key
	j verify-other 7 '.device_key == "differs"' "$rpmbctl" key verify "${a[@]}" --key-file other
	j verify-cid 7 '.device_key | not' "$rpmbctl" key verify "${a[@]}" --key-file key --cid "$CID_B"
	t verify-no-key 2 'CID' 'which key' "$rpmbctl" key verify "${a[@]}"
	t verify-tee-and-not 2 '' 'asks no device' "$rpmbctl" key verify "${a[@]}" --tee-only --key-file key
	j counter 0 '.write_counter == 0 and .authenticated == false' "$rpmbctl" counter "${a[@]}"
	j counter-with-key 0 '.write_counter == 0 and .authenticated and .expired == false' "$rpmbctl" counter "${a[@]}" --key-file key
	t counter-other-key 7 'CID' 'another key' "$rpmbctl" counter "${a[@]}" --key-file other
	j status-programmed 0 '.programmed and .write_counter == 0' "$rpmbctl" status "${a[@]}"
}

data()
{
	local read=("$rpmbctl" read "${a[@]}") write=("$rpmbctl" write "${a[@]}" "${development[@]}" --key-file key)
	local mode
	head -c 1024 /dev/urandom >data
	for mode in factory production; do
		t "write-$mode" 3 '' "mode is $mode" "$rpmbctl" write "${a[@]}" --mode $mode --key-file key --in-file data
	done
	j write 0 '.blocks_written == 4 and .counter_cost == 2' "${write[@]}" --in-file data --block 6
	j read 0 '.authenticated and .blocks == 4 and .write_counter == 2' "${read[@]}" --key-file key --block 6 --count 4 --out-file got
	same read-is-what-was-written data got
	t read-shows 0 '^00000000  ' '' "${read[@]}" --key-file key --block 6
	j read-json 0 ".data == \"$(head -c 256 data | od -An -v -tx1 | tr -d ' \n')\"" "${read[@]}" --block 6
	j read-without-key 0 '.authenticated == false' "${read[@]}"
	t read-other-key 7 'CID' 'another key' "${read[@]}" --key-file other
	t read-beyond 2 'CID' 'has blocks 0 to 511' "${read[@]}" --block 511 --count 2
	t read-far-beyond 2 'CID' 'has blocks 0 to 511' "${read[@]}" --block 4294967295 --count 4294967295
	t read-nothing 2 '' 'not a number of blocks' "${read[@]}" --count 0
	t read-into-something 3 '' 'there already' "${read[@]}" --out-file got
	t read-fd 0 'written' '' "${read[@]}" --key-file key --block 6 --count 4 --out-fd 3 3>got_fd
	"${read[@]}" --key-file key --block 6 --count 4 --out-fd 1 >got_stdout
	same read-stdout-is-data data got_stdout
	t read-stdout-and-json 2 '.' 'has standard output already' "${read[@]}" --json --out-fd 1
	t write-part 2 'CID' 'not a number of whole blocks' "${write[@]}" --in-file key
	t write-nothing 2 'CID' 'not a number of whole blocks' "${write[@]}" --in-file empty
	t write-padded 0 'blocks written +1' '' "${write[@]}" --pad --in-fd 3 3<key
	t write-too-much 2 'CID' 'more data than room' "${write[@]}" --block 511 --in-file data
	t write-beyond 2 'CID' 'has blocks' "${write[@]}" --block 512 --in-file data
	t write-no-data 2 '' 'which data' "${write[@]}"
	t write-other-key 7 'CID' 'another key' "$rpmbctl" write "${a[@]}" "${development[@]}" --key-file other --in-file data
	j dump 0 '.blocks == 512 and .authenticated' "$rpmbctl" dump "${a[@]}" --key-file key --out-file dumped
	tail -c +1537 dumped | head -c 1024 >part
	same dump-has-it data part
	t dump-nowhere 2 '' 'where to' "$rpmbctl" dump "${a[@]}"
	t dump-no-directory 1 '.' 'cannot make' "$rpmbctl" dump "${a[@]}" --out-file nowhere/dump
}

# The key is right, and yet an answer's MAC is wrong: somebody is between.
tampered()
{
	export FAKE_TAMPER=read
	j tampered-read 7 '(has("data") | not)' "$faked" read "${a[@]}" --key-file key
	t tampered-dump 7 'CID' 'not authentic' "$faked" dump "${a[@]}" --key-file key --out-file tampered
	t tampered-wipe 7 'CID' 'not authentic|MAC' "$faked" wipe "${a[@]}" "${factory[@]}" --key-file key --fat
	verdict tampered-nothing "$(ls tampered 2>/dev/null)"
	fresh t.img "$CID_A"
	FAKE_TAMPER=program
	t tampered-program 7 'CID' 'key is unknown' "$faked" key program "${factory[@]}" --no-tee-check --device file:t.img \
		--key-file key --commit "$CID_A"
	unset FAKE_TAMPER
}

# A write counter at its end.
expired()
{
	rm -f x.img
	"$rpmbctl" emulate create --size 128K --cid "$CID_A" --counter 0xfffffffe x.img >/dev/null
	"${program[@]}" --device file:x.img --key-file key --commit "$CID_A" >/dev/null
	local write=("$rpmbctl" write --device file:x.img "${development[@]}" --key-file key)
	t expired-too-dear 4 'CID' 'counts left' "${write[@]}" --in-file data --block 0
	head -c 256 data >block
	t expired-last 0 'written' '' "${write[@]}" --in-file block
	t expired-over 4 'CID' '0 counts left' "${write[@]}" --in-file block
	j expired-counter 0 '.expired and .write_counter == 4294967295' "$rpmbctl" counter --device file:x.img --key-file key
}

# le32 NUMBER: four bytes.
le32() { printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24)))"; }

# OP-TEE's file system as far as wipe looks at it: the header in block 0, a FAT of three entries from block 2 on, data.
optee_data()
{
	{
		le32 $((0x52504d42)); le32 2; le32 7; le32 512
		head -c 496 /dev/zero
		for flags in 1 1 2; do
			le32 4096; le32 100; le32 $flags; head -c 244 /dev/urandom
		done
		head -c 256 /dev/urandom
	} >fs
}

wipe()
{
	local wipe=("$rpmbctl" wipe "${a[@]}" --key-file key)
	"$rpmbctl" write "${a[@]}" "${development[@]}" --key-file key --in-file fs >/dev/null
	cp a.img a.before
	t wipe-production 3 '' 'mode is production' "${wipe[@]}" --data --commit "$CID_A"
	t wipe-what 2 '' 'what is to be wiped' "${wipe[@]}" "${factory[@]}"
	t wipe-both 2 '' 'what is to be wiped' "${wipe[@]}" "${factory[@]}" --data --fat
	t wipe-other-cid 7 'CID' 'not the one that --commit names' "${wipe[@]}" "${factory[@]}" --data --commit "$CID_B"
	t wipe-other-key 7 'CID' 'another key' "$rpmbctl" wipe "${a[@]}" --key-file other "${factory[@]}" --data --commit "$CID_A"
	t wipe-dry 0 'dry run: nothing was written' '' "${wipe[@]}" "${factory[@]}" --data
	t wipe-says 0 'the key stays, and the write counter can only go up: by 256' '' "${wipe[@]}" "${factory[@]}" --data
	j wipe-fat-dry 0 '.dry_run and .fat_entries == 3 and .blocks == 5' "${wipe[@]}" "${factory[@]}" --fat
	same wipe-dry-leaves-it a.before a.img
	j wipe-fat 0 '.dry_run == false and .blocks_written == 5' "${wipe[@]}" "${factory[@]}" --fat --commit "$CID_A"
	"$rpmbctl" read "${a[@]}" --key-file key --count 6 --out-fd 1 >after
	{ head -c 1280 /dev/zero; tail -c 256 fs; } >wanted
	same wipe-fat-and-no-more wanted after
	t wipe-fat-again 1 'CID' 'no file system' "${wipe[@]}" "${factory[@]}" --fat --commit "$CID_A"
	j wipe-data 0 '.blocks_written == 512' "${wipe[@]}" "${development[@]}" --data --commit "$CID_A"
	rm -f dumped && "$rpmbctl" dump "${a[@]}" --key-file key --out-file dumped >/dev/null
	head -c 131072 /dev/zero >zeros
	same wipe-data-all dumped zeros
	j wipe-keeps-the-key 0 '.device_key == "matches" and .write_counter > 256' "$rpmbctl" key verify "${a[@]}" --key-file key
}

# A FAT without an end, and one that begins nowhere: found, not followed.
wipe_damaged()
{
	local wipe=("$rpmbctl" wipe "${a[@]}" --key-file key "${factory[@]}" --fat)
	local write=("$rpmbctl" write "${a[@]}" "${development[@]}" --key-file key --pad)
	{ le32 $((0x52504d42)); le32 2; le32 7; le32 512; } >header
	"${write[@]}" --in-file header >/dev/null
	j wipe-fat-endless 0 '.dry_run and .blocks == 512' "${wipe[@]}"
	{ le32 $((0x52504d42)); le32 2; le32 7; le32 $((0xfffffe00)); } >header
	"${write[@]}" --in-file header >/dev/null
	t wipe-fat-nowhere 1 'CID' 'makes no sense' "${wipe[@]}"
}

derive()
{
	local derive=("$rpmbctl" key derive --cid "$CID_A")
	key huk 00112233445566778899aabbccddeeff
	# OP-TEE's own way, by hand: HMAC-SHA256(HUK, 0 as 32 bits, CID without its revision and CRC).
	local masked=${CID_A:0:18}00${CID_A:20:10}00
	key message "00000000$masked"
	openssl dgst -sha256 -mac HMAC -macopt hexkey:00112233445566778899aabbccddeeff -binary message >wanted
	t derive 0 'fingerprint' '' "${derive[@]}" --huk-file huk --out-file derived
	same derive-is-optees derived wanted
	key message "$masked"
	openssl dgst -sha256 -mac HMAC -macopt hexkey:00112233445566778899aabbccddeeff -binary message >wanted
	j derive-compat 0 '.derivation == "HUK, compat"' "${derive[@]}" --huk-fd 3 --compat --out-fd 4 3<huk 4>derived_compat
	same derive-compat-is-optees derived_compat wanted
	t derive-hex 0 'written' '' "${derive[@]}" --huk-file huk --hex --out-file derived.hex
	od -An -v -tx1 derived | tr -d ' \n' >wanted && echo >>wanted
	same derive-hex-is-hex derived.hex wanted
	t derive-private 0 'derived' '' find . -name derived -perm 600
	t derive-device 0 "$CID_A" '' "$rpmbctl" key derive "${a[@]}" --huk-file huk
	t derive-no-cid 2 '' 'for which device' "$rpmbctl" key derive --huk-file huk
	t derive-no-huk 2 '' 'from which HUK' "${derive[@]}"
	t derive-two-huks 2 '' 'from which HUK' "${derive[@]}" --huk-file huk --huk-fd 3 3<huk
	t derive-long-huk 2 'CID' 'more than 64 bytes' "${derive[@]}" --huk-fd 3 3</dev/zero
	t derive-open-huk 3 'CID' 'open to others' "${derive[@]}" --huk-file open_to_all
	t derive-into-something 3 '' 'there already' "${derive[@]}" --huk-file huk --out-file derived
	t derive-into-nowhere 1 'CID' 'cannot make' "${derive[@]}" --huk-file huk --out-file nowhere/key
	"${derive[@]}" --huk-file huk --out-fd 1 >piped
	same derive-stdout-is-the-key derived piped
	t derive-full-disk 1 'CID' 'cannot write' bash -c '"$@" 3>/dev/full' _ "${derive[@]}" --huk-file huk --out-fd 3
	if command -v script >/dev/null; then
		script -qec "$rpmbctl key derive --cid $CID_A --huk-file huk --out-fd 1" /dev/null </dev/null >typed 2>&1
		verdict derive-terminal "$(grep -q 'is a terminal' typed || od -c typed)"
	else
		echo "skip derive-terminal: script(1) is not installed"
		skipped=$((skipped + 1))
	fi
}

# fake NAME: makes the imitation's directory anew; CID_A's key is ours.
fake()
{
	rm -rf fake && mkdir fake
	cp key fake/key
	export FAKE_TEE=$tmp/fake
}

optee()
{
	fake
	fresh a.img $CID_A
	cp a.img a.before
	local get=("$faked" key get --cid "$CID_A") mode
	t tee-get 0 'fingerprint' '' "${get[@]}" "${development[@]}"
	t tee-get-factory 0 'fingerprint' '' "${get[@]}" "${factory[@]}"
	t tee-get-production 3 '' 'mode is production' "${get[@]}"
	for mode in factory production; do
		t "tee-get-clear-$mode" 3 '' "mode is $mode" "${get[@]}" --mode $mode --out-file from_tee
	done
	t tee-get-clear 0 'written to +from_tee' '' "${get[@]}" "${development[@]}" --out-file from_tee
	same tee-get-is-the-key key from_tee
	t tee-get-no-device 5 '' 'reaches no RPMB' "$faked" key get "${development[@]}"
	printf %s "$CID_A" >fake/cid
	j tee-get-present 0 ".cid == \"$CID_A\" and .key_ready" "$faked" key get "${development[@]}"
	t tee-verify 0 'OP-TEE +matches' '' "$faked" key verify --tee-only --key-file key
	j tee-verify-other 7 '.optee == "differs"' "$faked" key verify --tee-only --key-file other --cid "$CID_A"
	t tee-program-other 7 'CID' "OP-TEE's key is another" "$faked" key program "${factory[@]}" "${a[@]}" --key-file other --commit "$CID_A"
	same tee-program-refused a.before a.img
	echo 1 >fake/commands
	t tee-get-absent 5 'CID' 'built without' "$faked" key get "${development[@]}"
	t tee-program-unconfirmed 5 'CID' 'built without' "$faked" key program "${factory[@]}" "${a[@]}" --key-file key --commit "$CID_A"
	same tee-program-unconfirmed-leaves-it a.before a.img
	echo 5 >fake/commands
	j tee-program-own 0 '.dry_run and .optee == "confirms the key"' "$faked" key program "${factory[@]}" "${a[@]}" --key-tee
	rm fake/commands
	j tee-program 0 '.programmed and .optee == "confirms the key"' "$faked" key program "${factory[@]}" "${a[@]}" --key-file key --commit "$CID_A"
	j tee-verify-both 0 '.optee == "matches" and .device_key == "matches"' "$faked" key verify "${a[@]}" --tee --key-file key
	cp other fake/key
	j tee-verify-device-only 7 '.optee == "differs" and .device_key == "matches"' "$faked" key verify "${a[@]}" --tee --key-file key
	rm fake/key
	t tee-no-pta 5 'CID' 'no PTA' "$faked" key verify "${a[@]}" --tee --key-file key
	unset FAKE_TEE
	t tee-none 5 '' 'no TEE' "$faked" key get "${development[@]}"
}

sealed()
{
	fake
	openssl genpkey -algorithm X25519 -out private.pem 2>/dev/null
	openssl pkey -in private.pem -pubout -out fake/public.pem
	openssl genpkey -algorithm X25519 -out stranger.pem 2>/dev/null
	local unseal=("$rpmbctl" unseal --in-file blob)
	t sealed 0 'written to +blob' '' "$faked" key get --cid "$CID_A" --sealed --out-file blob
	t sealed-nowhere 2 '' 'where to' "$faked" key get --cid "$CID_A" --sealed
	t sealed-hex 2 '' 'sealed key is written as it is' "$faked" key get --cid "$CID_A" --sealed --hex --out-file blob2
	j unseal 0 ".cid == \"$CID_A\" and .authentic and .sealed_by == \"OP-TEE\"" "${unseal[@]}" --identity private.pem
	t unseal-out 0 'written' '' "${unseal[@]}" --identity private.pem --out-file unsealed
	same unseal-is-the-key key unsealed
	t unseal-cid 7 'CID' 'of another device' "${unseal[@]}" --identity private.pem --cid "$CID_B"
	t unseal-stranger 7 'CID' '.' "${unseal[@]}" --identity stranger.pem
	t unseal-no-identity 2 '' 'which private key' "${unseal[@]}"
	t unseal-nothing 2 '' 'which sealed key' "$rpmbctl" unseal --identity private.pem
	t unseal-no-file 1 '' 'cannot read none' "$rpmbctl" unseal --identity private.pem --in-file none
	t unseal-no-blob 7 '' '.' "$rpmbctl" unseal --identity private.pem --in-file key
	openssl pkey -in private.pem -aes128 -passout pass:word -out locked.pem
	t unseal-passphrase 2 'CID' 'has a passphrase' "${unseal[@]}" --identity locked.pem
	chmod 644 private.pem
	t unseal-open-identity 3 'CID' '.' "${unseal[@]}" --identity private.pem
	chmod 600 private.pem
	local at
	# A byte of the CID, of the encapsulated key, of the ciphertext, of the tag.
	for at in 25 60 90 120; do
		cp blob damaged
		printf 'X' | dd of=damaged bs=1 seek=$at conv=notrunc 2>/dev/null
		t "unseal-damaged-$at" 7 'CID' '.' "$rpmbctl" unseal --in-file damaged --identity private.pem --out-file leaked
		verdict "unseal-damaged-$at-nothing" "$(ls leaked 2>/dev/null)"
	done
	{ cat blob; printf X; } >damaged
	t unseal-longer 7 '' '.' "$rpmbctl" unseal --in-file damaged --identity private.pem
	touch fake/lies && echo 1 >fake/lies
	t sealed-for-another 7 'CID' 'for another device' "$faked" key get --cid "$CID_A" --sealed --out-file blob3
	unset FAKE_TEE
}

# The words that scripts may rely on, beside the exit codes.
kinds()
{
	local kind='.error.kind ==' counter=("$rpmbctl" counter --device)
	fake
	j kind-usage 2 "$kind \"usage\"" "$rpmbctl" status --dance
	j kind-refused 3 "$kind \"refused\"" "$rpmbctl" write --device file:a.img --key-file key --in-file data
	j kind-exists 3 "$kind \"exists\"" "$rpmbctl" emulate create a.img
	j kind-io 1 "$kind \"io\"" "$rpmbctl" key verify "${a[@]}" --key-file none
	j kind-no-device 5 "$kind \"no-device\"" "${counter[@]}" file:none.img
	j kind-not-programmed 4 "$kind \"not-programmed\"" "${counter[@]}" file:c.img
	j kind-programmed 4 "$kind \"programmed\"" "${program[@]}" --device file:a.img --key-file key
	j kind-mismatch 7 "$kind \"mismatch\"" "${counter[@]}" file:a.img --key-file other
	j kind-expired 4 "$kind \"expired\"" "$rpmbctl" write --device file:x.img "${development[@]}" --key-file key --in-file block
	FAKE_TAMPER="read" j kind-tampered 7 "$kind \"tampered\"" "$faked" read --device file:a.img --key-file key
	j kind-no-device-of-tee 5 "$kind \"no-device\"" "$faked" key get "${development[@]}"
	echo 1 >fake/commands
	j kind-no-command 5 "$kind \"no-command\"" "$faked" key get --cid "$CID_A" "${development[@]}"
	rm fake/commands fake/key
	j kind-no-pta 5 "$kind \"no-pta\"" "$faked" key verify --tee-only --key-file key --cid "$CID_A"
	unset FAKE_TEE
	j kind-no-tee 5 "$kind \"no-tee\"" "$faked" key get "${development[@]}"
	j kind-store 6 "$kind \"store\"" "$rpmbctl" store list --store sqlite:none.db
	openssl pkey -in stranger.pem -pubout -out stranger.pub
	"$rpmbctl" store init --store k.db --recipient stranger.pub >/dev/null
	j kind-not-in-store 6 "$kind \"not-in-store\"" "$rpmbctl" store get --store k.db --cid "$CID_B" --out-file never
	j kind-of-station 5 '.devices[0].kind == "transport"' "$rpmbctl" station --store k.db --station s --once "${factory[@]}" --device file:none.img
}

full_output()
{
	t full-output 1 '' 'cannot write to standard output' bash -c '"$@" >/dev/full' _ "$rpmbctl" status "${a[@]}"
	t full-output-json 1 '' 'cannot write to standard output' bash -c '"$@" >/dev/full' _ "$rpmbctl" status --json "${a[@]}"
}

no_memory()
{
	if [ "$(id -u)" -eq 0 ] && ! command -v setpriv >/dev/null; then
		echo "skip no-locked-memory: root may lock what it wants, and setpriv is not installed"
		skipped=$((skipped + 1))
		return
	fi
	local drop=()
	[ "$(id -u)" -ne 0 ] || drop=(setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock --reuid 1 --clear-groups)
	# As another user, for whom nothing here is readable: it fails before it looks.
	if ! "${drop[@]}" test -x "$rpmbctl"; then
		echo "skip no-locked-memory: another user cannot run $rpmbctl"
		skipped=$((skipped + 1))
		return
	fi
	t no-locked-memory 1 '' 'cannot keep keys out' bash -c 'ulimit -l 0 && exec "$@"' _ "${drop[@]}" "$rpmbctl" --help
}

for part in help_and_usage completion emulate status unprogrammed key_sources program_refusals program_it verify data \
	tampered expired optee_data wipe wipe_damaged derive optee sealed kinds full_output no_memory; do
	$part
done
echo "$passed passed, $failures failed, $skipped skipped"
[ "$failures" -eq 0 ]
