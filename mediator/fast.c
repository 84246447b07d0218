// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Fast calls: the ones that never suspend. They are answered from what OP-TEE
 * said at the start, emulated, or forwarded without arguments, as policy.c
 * decides. Nothing here reads guest memory. Those about notifications are
 * notif.c's.
 */
#include "core.h"

/* Gives a guest @count words and zeroes the other results (I9). */
static void answer(struct tg_regs *regs, const uint32_t *words,
		   unsigned int count)
{
	for (unsigned int i = 0; i < 4; i++)
		regs->x[i] = i < count ? words[i] : 0;
}

static enum tg_status answer_cached(const struct tg_tee_info *tee, uint32_t id,
				    struct tg_regs *regs)
{
	switch (id) {
	case OPTEE_SMC_CALLS_COUNT:
		answer(regs, &tee->calls_count, 1);
		return TG_OK;
	case OPTEE_SMC_CALLS_UID:
		answer(regs, tee->api_uid, 4);
		return TG_OK;
	case OPTEE_SMC_CALLS_REVISION:
		answer(regs, tee->api_revision, 2);
		return TG_OK;
	case OPTEE_SMC_GET_OS_UUID:
		answer(regs, tee->os_uuid, 4);
		return TG_OK;
	case OPTEE_SMC_GET_OS_REVISION:
		answer(regs, tee->os_revision, 3);
		return TG_OK;
	default:
		return TG_GUEST_UNKNOWN_FUNCTION;
	}
}

/* A guest's first question; also where it hears that there is no room. */
static enum tg_status exchange_capabilities(struct tg_vm *vm,
					    struct tg_regs *regs)
{
	uint32_t words[4] = { OPTEE_RET_OK };
	enum tg_status status;

	if ((uint32_t)regs->x[1] & ~OPTEE_NSEC_CAP_UNIPROCESSOR) {
		words[0] = OPTEE_RET_ENOTAVAIL;
		answer(regs, words, 1);
		return TG_OK;
	}
	status = tg_vm_partition_get(vm);
	if (status != TG_OK)
		return status;
	words[1] = tg_policy_capabilities(vm, vm->sys->tee.capabilities);
	if (words[1] & OPTEE_SEC_CAP_ASYNC_NOTIF)
		words[2] = vm->sys->tee.notif_values_max;
	/* Of no meaning without it, and 0 then. */
	if (words[1] & OPTEE_SEC_CAP_RPC_ARG)
		words[3] = vm->sys->tee.rpc_params_max;
	answer(regs, words, 4);
	return TG_OK;
}

static enum tg_status emulate(struct tg_vm *vm, uint32_t id,
			      struct tg_regs *regs)
{
	uint32_t words[2] = { OPTEE_RET_OK, vm->sys->tee.threads };

	switch (id) {
	case OPTEE_SMC_EXCHANGE_CAPS:
		return exchange_capabilities(vm, regs);
	case OPTEE_SMC_GET_THREAD_COUNT:
		if (words[1] > vm->limits.calls)
			words[1] = vm->limits.calls;
		answer(regs, words, 2);
		return TG_OK;
	default:
		return TG_GUEST_UNKNOWN_FUNCTION;
	}
}

static enum tg_status forward(struct tg_vm *vm, uint32_t id,
			      struct tg_regs *regs)
{
	struct tg_regs tee = { .x = { id } };
	enum tg_status status = tg_vm_partition_get(vm);
	uint32_t words[3];

	if (status != TG_OK)
		return status;
	tg_vm_call_tee(vm, &tee);
	words[0] = (uint32_t)tee.x[0];
	words[1] = (uint32_t)tee.x[1];
	words[2] = (uint32_t)tee.x[2];
	if (id == OPTEE_SMC_DISABLE_SHM_CACHE && words[0] == OPTEE_RET_OK) {
		/* I12: forgotten before the guest hears that it may reuse it. */
		tg_shm_forget_cookie(vm, tg_cookie(tg_pair(words[1], words[2])),
				     TG_SHM_RPC_ARG);
		answer(regs, words, 3);
	} else {
		answer(regs, words, 1);
	}
	return TG_OK;
}

/*
 * Answers one fast call of a guest into @regs. On a status other than TG_OK
 * @regs is as it was and the caller says so in the protocol.
 */
enum tg_status tg_fast_call(struct tg_vm *vm, enum tg_policy policy,
			    struct tg_regs *regs)
{
	uint32_t id = (uint32_t)regs->x[0];
	enum tg_status status;
	uint32_t words[3];

	switch (policy) {
	case TG_POLICY_CACHED:
		return answer_cached(&vm->sys->tee, id, regs);
	case TG_POLICY_EMULATE:
		return emulate(vm, id, regs);
	case TG_POLICY_FORWARD:
		return forward(vm, id, regs);
	case TG_POLICY_NOTIF:
		status = tg_notif_call(vm, id, words);
		if (status == TG_OK)
			answer(regs, words, 3);
		return status;
	default:
		return TG_GUEST_UNKNOWN_FUNCTION;
	}
}
