# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A device with a key that is not OP-TEE's, programmed by mmc-utils: rpmbctl and mmc-utils understand each other's
# frames, and OP-TEE's and rpmbctl's messages say what is wrong. Needs lab/run --emmc 128 --kernel patched.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
# shellcheck source=lab/scenarios/lib-xtest.sh
. /lab/board/lib-xtest.sh
# shellcheck source=lab/scenarios/lib-rpmb.sh
. /lab/board/lib-rpmb.sh

KEY=/run/key

counter_by_mmc() { printf '%d\n' "$(mmc rpmb read-counter "$RPMB_DEVICE" | sed -n 's/.*: //p')"; }
counter_by_us()
{
	rpmbctl counter --json --key-file "$KEY" | tr -d ' \n' | sed -n 's/.*counter":\([0-9]*\).*/\1/p'
}

# What one writes the other reads. mmc-utils writes one block at a time and adds to its output file.
interoperate()
{
	head -c 256 /dev/urandom >/run/theirs
	head -c 1280 /dev/urandom >/run/ours
	expect "mmc-utils writes a block" mmc rpmb write-block "$RPMB_DEVICE" 7 /run/theirs "$KEY"
	rpmb_expect 0 "rpmbctl reads it" read --key-file "$KEY" --block 7 --count 1 --out-file /run/theirs.read
	expect "unchanged" cmp /run/theirs /run/theirs.read
	rpmb_expect 0 "rpmbctl writes five blocks" write --mode development --key-file "$KEY" --block 100 \
		--in-file /run/ours
	expect "mmc-utils reads them" mmc rpmb read-block "$RPMB_DEVICE" 100 5 /run/ours.read "$KEY"
	expect "unchanged" cmp /run/ours /run/ours.read
	expect "the counters are the same and count each" test "$(counter_by_us):$(counter_by_mmc)" = 6:6
	rpmb_expect 7 "another key does not fit" read --key-file /run/other --block 7 --count 1 --out-file /run/none
}

need_emmc
head -c 32 /dev/urandom >"$KEY"
head -c 32 /dev/urandom >/run/other
chmod 600 "$KEY" /run/other
expect "mmc-utils programs a key" mmc rpmb write-key "$RPMB_DEVICE" "$KEY"
interoperate
need_file /lab/bin/rpmb_speed_test
expect "50 of each, mean of the emulated device" rpmb_speed_test "$RPMB_DEVICE" "$KEY" 50

load_host_tee
expect "the kernel routes RPMB frames" test "$(rpmb_routing)" = kernel
tee_object 4 "OP-TEE has no storage" rpmb create first
rpmb_expect 0 "how things stand" status
expect "the device's key is not OP-TEE's" rpmbctl_says "the device's (key )?differs"
rpmb_expect 7 "nor is the known key" key verify --key-file "$KEY" --tee
rpmb_expect 4 "no key can be programmed any more" key program --mode factory --key-file "$KEY" --commit "$RPMB_CID"
