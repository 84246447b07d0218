#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Looks for keys where they must not be: every verb of rpmbctl that handles one is run under secrets_watch, which scans
# all of its memory, argv and environment at every system call; what it wrote is searched afterwards, and it is killed
# half way to see that it leaves no core. First a command that leaks on purpose (secrets_leaky) shows that each leak is
# found. Not for a build with sanitizers. Usage: secrets.sh DIRECTORY-OF-TEST-PROGRAMS RPMBCTL
# shellcheck disable=SC2094  # files that are only read, twice
set -u

bin=$1
rpmbctl=$2
passed=0 failures=0 skipped=0

# The watched processes are not dumpable, so only root, or root of a user namespace, may look into them.
if [ "$(id -u)" -ne 0 ]; then
	if [ -z "${SECRETS_NAMESPACE:-}" ] && unshare --map-root-user true 2>/dev/null; then
		SECRETS_NAMESPACE=1 exec unshare --map-root-user "$0" "$@"
	fi
	echo "skip secrets: needs root, or user namespaces, to look into other processes"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
if nm -D "$rpmbctl" 2>/dev/null | grep -q __asan_init; then
	echo "skip secrets: $rpmbctl is built with AddressSanitizer, which copies what it sees"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
umask 077
cd "$tmp" || exit 1
unset RPMBCTL_MODE FAKE_TEE

verdict()
{
	if [ -z "${2:-}" ]; then
		passed=$((passed + 1))
	else
		echo "FAIL $1: $2"
		failures=$((failures + 1))
	fi
}

# The key in what was written, in forms that a person or a script would use.
in_output()
{
	local file hex
	hex=$(od -An -v -tx1 key | tr -d ' \n')
	for file in "$@"; do
		if grep -qaiF -e "${hex:0:24}" -e "${hex:40}" "$file" || grep -qaF -e "$(base64 -w0 key | cut -c1-30)" "$file" ||
			od -An -v -tx1 "$file" | tr -d ' \n' | grep -qF -e "${hex:0:32}" -e "${hex:32}"; then
			echo "the key is in $file"
		fi
	done
}

# watch NAME STATUS SECRET-FILES COMMAND...: no leak, and the secret was there.
watch()
{
	local name=$1 status=$2 secrets=$3 got bad
	shift 3
	# shellcheck disable=SC2086  # a list
	"$bin/secrets_watch" $secrets -- "$@" >out 2>err </dev/null
	got=$?
	bad=$(grep 'secrets_watch: leak' err | sort -u | head -n 5)
	if [ "$got" -ne 0 ]; then
		verdict "$name" "status $got: ${bad:-$(tail -n 3 err)}"
	elif ! grep -q "exit $status\$" err; then
		verdict "$name" "not exit $status: $(cat err)"
	else
		verdict "$name" "$(in_output out err)"
	fi
}

# Killed as soon as it has the key: no core.
abort_it()
{
	local name=$1 secrets=$2
	shift 2
	# shellcheck disable=SC2086  # a list
	"$bin/secrets_watch" --abort $secrets -- "$@" >out 2>err </dev/null || echo "status $?" >>err
	verdict "$name" "$(grep -v 'signal 6$' err)$(compgen -G 'core*')"
}

# A leak on purpose, and the words by which it is to be found.
leaky()
{
	local way=$1 words=$2 extra=${3:-}
	# shellcheck disable=SC2086  # an option or none
	"$bin/secrets_watch" $extra key -- "$bin/secrets_leaky" "$way" key >out 2>err </dev/null
	local got=$?
	cp err written
	in_output out written >>err
	rm -f core*
	if ! grep -qE "$words" err || { [[ $words == *leak* ]] && [ $got -ne 1 ]; }; then
		verdict "leaky-$way" "this leak is not found (status $got): $(cat err)"
	else
		verdict "leaky-$way"
	fi
}

the_watch_sees()
{
	verdict clean "$("$bin/secrets_watch" key -- "$bin/secrets_leaky" clean key 2>err || cat err)"
	leaky heap 'leak: the secret itself in memory .*heap'
	leaky half 'leak: the secret itself in memory .*stack'
	leaky unlocked 'leak: the secret itself in memory'
	leaky dumped 'leak: the secret itself in memory'
	leaky unwiped 'leak: .*not wiped.* the last'
	leaky environment 'leak: hexadecimal digits'
	leaky output 'the key is in out'
	leaky message 'the key is in written'
	leaky core 'leak: everything in a core' --abort
	local got=0
	"$bin/secrets_watch" key -- "$bin/secrets_leaky" clean other >out 2>err || got=$?
	[ $got -eq 3 ] && got=''
	verdict nothing-was-proved "$got"
	"$bin/secrets_watch" key -- true "$(od -An -v -tx1 key | tr -d ' \n')" >out 2>err
	verdict argv "$(grep -q 'leak: .* in cmdline' err || cat err)"
}

head -c 32 /dev/urandom >key
head -c 32 /dev/urandom >other
head -c 16 /dev/urandom >huk
od -An -v -tx1 key | tr -d ' \n' >key.hex
tr a-f A-F <key.hex >key.HEX
head -c 1024 /dev/urandom >data
openssl genpkey -algorithm X25519 -out private.pem 2>/dev/null
openssl pkey -in private.pem -pubout -out public.pem
openssl pkey -in private.pem -outform DER | tail -c 32 >private.raw
openssl genpkey -algorithm X25519 -out private2.pem 2>/dev/null
openssl pkey -in private2.pem -pubout -out public2.pem
openssl pkey -in private2.pem -outform DER | tail -c 32 >private2.raw
CID=fe014e5447454d554c10aabbccdd1d01
device=(--device file:e.img)
development=(--mode development)
"$rpmbctl" emulate create --size 128K --cid "$CID" e.img >/dev/null

verbs_with_a_key()
{
	local program=("$rpmbctl" key program "${device[@]}" "${development[@]}" --no-tee-check)
	watch program-dry-run 0 key "${program[@]}" --key-file key
	watch program 0 key "${program[@]}" --key-file key --commit $CID
	watch verify 0 key "$rpmbctl" key verify "${device[@]}" --key-file key
	watch verify-hex 0 key "$rpmbctl" key verify "${device[@]}" --key-file key.hex
	watch verify-HEX-json 0 key "$rpmbctl" key verify "${device[@]}" --json --key-file key.HEX
	watch verify-other 7 'key other' "$rpmbctl" key verify "${device[@]}" --key-file other
	watch counter 0 key "$rpmbctl" counter "${device[@]}" --key-fd 3 3<key
	watch write 0 key "$rpmbctl" write "${device[@]}" "${development[@]}" --key-file key --in-file data
	watch read 0 key "$rpmbctl" read "${device[@]}" --key-file key --count 4
	watch read-beyond 2 key "$rpmbctl" read "${device[@]}" --key-file key --count 4 --block 510
	watch read-wrong-output 1 key "$rpmbctl" read "${device[@]}" --key-file key --out-file nowhere/x
	watch dump 0 key "$rpmbctl" dump "${device[@]}" --key-file key --out-file dumped
	watch wipe-dry-run 0 key "$rpmbctl" wipe "${device[@]}" "${development[@]}" --data --key-file key
	watch wipe-fat 1 key "$rpmbctl" wipe "${device[@]}" "${development[@]}" --fat --key-file key --commit $CID
	watch wipe 0 key "$rpmbctl" wipe "${device[@]}" "${development[@]}" --data --key-file key --commit $CID
	# Only the emulated device itself has the key here.
	watch status 0 key "$rpmbctl" status "${device[@]}"
	watch emulate-info 0 key "$rpmbctl" emulate info e.img
}

derived()
{
	local derive=("$rpmbctl" key derive --cid "$CID" --huk-file huk)
	"${derive[@]}" --out-file derived >/dev/null
	watch derive 0 'huk derived' "${derive[@]}"
	watch derive-compat 0 huk "${derive[@]}" --compat
	watch derive-out 0 'huk derived' "${derive[@]}" --out-file derived2
	watch derive-hex 0 'huk derived' "${derive[@]}" --hex --out-file derived3
	watch derive-full 1 'huk derived' "${derive[@]}" --hex --out-fd 3 3>/dev/full
}

from_optee()
{
	mkdir -p fake
	cp key fake/key
	cp public.pem fake/
	echo -n $CID >fake/cid
	export FAKE_TEE=$tmp/fake
	local faked=$bin/rpmbctl-fake-tee
	watch get 0 key "$faked" key get "${development[@]}"
	watch get-out 0 key "$faked" key get "${development[@]}" --hex --out-file from_tee
	watch get-sealed 0 key "$faked" key get --sealed --out-file blob
	"$rpmbctl" store init --store store_tee.db --recipient public.pem >/dev/null
	watch get-to-store 0 key "$faked" key get --mode factory --to-store store_tee.db
	watch program-key-tee 4 key "$faked" key program "${device[@]}" --mode factory --key-tee
	watch verify-tee 0 key "$faked" key verify --tee-only --key-file key
	# OpenSSL 3.0 keeps the half that is a private key in ordinary memory, and wipes it.
	watch unseal 0 'key end:private.raw' "$rpmbctl" unseal --in-file blob --identity private.pem
	watch unseal-out 0 'key end:private.raw' "$rpmbctl" unseal --in-file blob --identity private.pem --out-file unsealed
	watch unseal-cid 7 '--unseen key' "$rpmbctl" unseal --in-file blob --identity private.pem --cid "${CID/fe/fd}"
	# Read, and refused: wiped all the same.
	head -c -20 private.pem >cut.pem
	watch unseal-cut-identity 2 'end:private.raw' "$rpmbctl" unseal --in-file blob --identity cut.pem
	unset FAKE_TEE
}

stores()
{
	local store=(--store store.db)
	"$rpmbctl" store init "${store[@]}" --recipient public.pem >/dev/null
	watch store-add 0 key "$rpmbctl" store add "${store[@]}" "${device[@]}" --key-file key
	watch store-get-sealed 0 '--unseen key' "$rpmbctl" store get "${store[@]}" --cid "$CID" --out-file sealed
	watch store-get 0 'key end:private.raw' "$rpmbctl" store get "${store[@]}" --cid "$CID" --identity private.pem --out-file got "${development[@]}"
	watch key-store 0 'key end:private.raw' "$rpmbctl" key verify "${device[@]}" --key-store store.db,identity=private.pem
	watch store-list 0 '--unseen key' "$rpmbctl" store list "${store[@]}"
	watch store-export 0 '--unseen key' "$rpmbctl" store export "${store[@]}"
	watch store-audit 0 '--unseen key' "$rpmbctl" store audit "${store[@]}"
	watch store-rekey 0 'key end:private.raw' "$rpmbctl" store rekey "${store[@]}" --identity private.pem --new-recipient public2.pem
	"$rpmbctl" emulate create --size 128K s.img >/dev/null
	local cid
	cid=$("$rpmbctl" emulate info s.img | sed -n 's/^CID *//p')
	"$rpmbctl" key derive --cid "$cid" --huk-file huk --out-file station_key >/dev/null
	watch station 0 'huk station_key' "$rpmbctl" station "${store[@]}" --station here --mode factory --once --commit-all \
		--source derive --huk-file huk --device file:s.img
	# What the data base keeps.
	verdict store-file "$(in_output store.db*)"
}

cores()
{
	abort_it abort-verify key "$rpmbctl" key verify "${device[@]}" --key-file key
	abort_it abort-program key "$rpmbctl" key program "${device[@]}" "${development[@]}" --no-tee-check --key-file key
	abort_it abort-derive huk "$rpmbctl" key derive --cid "$CID" --huk-file huk
	abort_it abort-unseal end:private.raw "$rpmbctl" unseal --in-file blob --identity private.pem
	abort_it abort-store-get end:private2.raw "$rpmbctl" store get --store store.db --cid "$CID" --identity private2.pem --out-file got2
}

for part in the_watch_sees verbs_with_a_key derived from_optee stores cores; do
	$part
done
echo "$passed passed, $failures failed, $skipped skipped"
[ "$failures" -eq 0 ]
