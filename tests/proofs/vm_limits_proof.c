// SPDX-License-Identifier: BSD-2-Clause
/*
 * A VM's limits and the size of its table: whatever a VMM asks for and the
 * administrator allows below the hard limits of docs/limits.md, the result is
 * no more than is allowed, and the arithmetic holds.
 */
#define PROOF_OWN_LOCK
#include "proof.h"

#include "vm.c"

int main(void)
{
	struct tg_system sys = { 0 };
	struct tg_limits asked, got;
	const struct tg_limits *max = &sys.limits_max;
	uint32_t buckets;

	__CPROVER_havoc_object(&asked);
	__CPROVER_havoc_object(&sys);
	ASSUME(max->calls <= TG_CALLS_MAX);
	ASSUME(max->shm_buffers <= TG_SHM_MAX);
	ASSUME(max->rpc_buffers <= TG_RPC_BUFFERS_MAX);
	ASSUME(max->resume_budget <= TG_RESUME_BUDGET_MAX);
	ASSUME(max->pinned_bytes <= TG_PINNED_BYTES_MAX);
	got = limits_resolve(&sys, nondet_bool() ? &asked : NULL);
	PROVE(got.calls <= max->calls, "I8: calls");
	PROVE(got.shm_buffers <= max->shm_buffers, "I8: shared buffers");
	PROVE(got.rpc_buffers <= max->rpc_buffers, "I8: RPC buffers");
	PROVE(got.resume_budget <= max->resume_budget, "I8: the budget");
	PROVE(got.pinned_bytes <= max->pinned_bytes, "I8: pinned bytes");
	buckets = bucket_count(&got);
	PROVE(buckets && !(buckets & (buckets - 1)), "no power of two");
	PROVE(buckets >= got.shm_buffers + got.rpc_buffers, "long chains");
	PROVE(buckets <= 1u << 15, "more memory than needed");
	return 0;
}
