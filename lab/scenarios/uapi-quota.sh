# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A guest's quotas (uapi_quota_test): what its VMM asks for, what the administrator allows at most, and quotas of two
# guests where the host leaves OP-TEE's second partition to them.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
need_file /lab/modules/teegate.ko
need_file /lab/bin/uapi_quota_test

load_host_tee
expect "quotas that a VMM asked for" /lab/bin/uapi_quota_test
expect "the modules unload" unload_host_tee

TEEGATE_PARAMETERS=(max_calls=2 max_shm_buffers=5 max_pinned_bytes=40960 host_vm=N)
expect "teegate.ko loads with low maxima" load_teegate
expect "quotas that the administrator set" /lab/bin/uapi_quota_test lowered
expect "the module unloads" rmmod teegate

TEEGATE_PARAMETERS=(max_rpc_buffers=1)
expect "teegate.ko loads with one RPC buffer a guest" load_teegate
expect "a quota that the administrator set" /lab/bin/uapi_quota_test lowered-rpc
expect "the module unloads" rmmod teegate

for parameter in max_calls=65 max_shm_buffers=16385 max_rpc_buffers=257 max_resume_budget=1025 \
	max_pinned_bytes=4294967297; do
	TEEGATE_PARAMETERS=("$parameter")
	refute "teegate.ko with $parameter" load_teegate
	grep -q "teegate: ${parameter%=*}=.*give at most" <<<"$(dmesg | tail -n 3)" ||
		fail "no line says why: $(dmesg | tail -n 3)"
done
