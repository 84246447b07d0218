# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# OP-TEE's PTA for RPMB keys, as clients on the host see it: the argument is the variant of OP-TEE that the board
# runs. The device is the one that tee-supplicant emulates; real eMMCs are rpmb-story's business.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
need_file /lab/modules/teegate.ko
need_file /lab/bin/rpmb_pta_test

variant=$1
# A TA that tries to call the PTA. OP-TEE keeps the versions of TAs in storage, so it starts none before that works.
caller=8ae91b19-5b13-4c1c-a9d5-bb80b4bf9a9a.ta
need_file /lab/bin/$caller
cp /lab/bin/$caller /usr/lib/optee_armtz/
storage_works() { xtest -l 0 -t regression regression_6001 >>/lab/xtest.out 2>&1; }

load_host_tee
expect "the PTA, with an unprogrammed device" /lab/bin/rpmb_pta_test "$variant" unprogrammed
if [ "$variant" = rpmb-writekey ]; then
	# Storage programs the key of such a build: after that, and not before.
	expect "storage works" storage_works
	expect "the PTA, with a device that has the key" /lab/bin/rpmb_pta_test "$variant" matches ta
	expect "storage still works" storage_works
fi
expect "the modules unload" unload_host_tee
