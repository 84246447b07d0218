// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Yielding calls: their slots and their life. A call begins with a message,
 * runs in OP-TEE, is suspended whenever OP-TEE wants something of the guest,
 * is resumed, and ends. What is asked of the guest, and what it may answer, is
 * rpc.c's business.
 *
 * The states and what leads from one to another are the table in call_state.h.
 * Only the thread that made a call RUNNING touches it (I7).
 */
#include "core.h"

/* A slot, and the place of the message that @regs names: that may fail. */
static struct tg_call *slot_take(struct tg_vm *vm, const struct tg_regs *regs,
				 enum tg_status *ret_status)
{
	struct tg_locked locked = tg_vm_lock(vm);
	struct tg_call *call = NULL;

	for (uint32_t i = 0; i < vm->limits.calls && !call; i++) {
		if (vm->calls[i].state != TG_CALL_FREE)
			continue;
		call = &vm->calls[i];
		call->slot = i;
		tg_call_step(locked, call, TG_CALL_EVENT_BEGIN);
	}
	if (call)
		*ret_status = tg_place_find(locked, regs, &call->arg);
	tg_vm_unlock(locked);
	return call;
}

static void step(struct tg_vm *vm, struct tg_call *call,
		 enum tg_call_event event)
{
	struct tg_locked locked = tg_vm_lock(vm);

	tg_call_step(locked, call, event);
	tg_vm_unlock(locked);
}

/* What became of the session that a call was to open or to close. */
static void settle_session(struct tg_vm *vm, struct tg_call *call, bool done)
{
	const struct optee_msg_arg *msg = call->shadow.va;
	bool opening = call->cmd == OPTEE_MSG_CMD_OPEN_SESSION;
	struct tg_session *session = call->session;

	if (!session || (!opening && call->cmd != OPTEE_MSG_CMD_CLOSE_SESSION))
		return;
	call->session = NULL;
	if (opening)
		tg_session_settle(vm, session, msg->session, done);
	else
		tg_session_settle(vm, session, session->id, !done);
}

/* Drops what a call holds of the guest's memory and names. */
static void release_memory(struct tg_vm *vm, struct tg_call *call)
{
	tg_rpc_drop(vm, call);
	while (call->temp_count)
		tg_pagelist_release(vm, &call->temps[--call->temp_count].list);
	while (call->ref_count)
		tg_shm_drop(vm, call->refs[--call->ref_count]);
	while (call->freed) {
		struct tg_shm *shm = call->freed;

		call->freed = shm->next;
		tg_shm_destroy(vm, shm);
	}
}

/*
 * Frees the slot of a call that holds no memory any more. A buffer it was
 * registering stays in the cookie table. The shadow page stays with the slot
 * for the next call.
 */
static void slot_free(struct tg_vm *vm, struct tg_call *call,
		      enum tg_call_event why)
{
	struct tg_locked locked;

	settle_session(vm, call, false);
	call->subject = NULL;
	locked = tg_vm_lock(vm);
	/* One that the call only used. */
	if (call->session)
		tg_session_drop(locked, call->session);
	call->session = NULL;
	tg_place_release(locked, &call->arg);
	tg_call_step(locked, call, why);
	tg_vm_unlock(locked);
}

static void release(struct tg_vm *vm, struct tg_call *call,
		    enum tg_call_event why)
{
	release_memory(vm, call);
	slot_free(vm, call, why);
}

/*
 * Ends a call that no thread works on, or none at all, because its partition
 * is gone: OP-TEE has let go of everything that the call holds.
 */
void tg_call_teardown(struct tg_vm *vm, struct tg_call *call)
{
	release(vm, call, TG_CALL_EVENT_TEARDOWN);
	tg_shadow_forget(call);
}

/* OP-TEE has decided about the buffer that a call was to make or end. */
static void settle_subject(struct tg_vm *vm, struct tg_call *call, bool done)
{
	bool registering = call->cmd == OPTEE_MSG_CMD_REGISTER_SHM;
	struct tg_shm *shm = call->subject;

	if (!shm)
		return;
	call->subject = NULL;
	if (done == registering)
		tg_shm_make_live(vm, shm);
	else
		tg_shm_forget(vm, shm);
}

static void give(struct tg_regs *regs, uint64_t x0)
{
	*regs = (struct tg_regs){ .x = { x0, 0, 0, 0, regs->x[4], regs->x[5],
					 regs->x[6], regs->x[7] } };
}

/*
 * OP-TEE returned for good. Everything it was lent for this call is taken
 * back before the guest hears of the end (I12).
 */
static enum tg_status finish(struct tg_vm *vm, struct tg_call *call,
			     uint32_t x0, struct tg_regs *regs)
{
	const struct optee_msg_arg *msg = call->shadow.va;
	enum tg_status status = TG_OK;

	if (x0 == OPTEE_RET_ERESUME) {
		/*
		 * OP-TEE does not know a thread that it named itself. What
		 * it may still use must not be unpinned while it lives.
		 */
		step(vm, call, TG_CALL_EVENT_DISOWN);
		return TG_GUEST_BAD_RESUME;
	}
	settle_subject(vm, call, x0 == OPTEE_RET_OK && msg->ret == TEE_SUCCESS);
	settle_session(vm, call, x0 == OPTEE_RET_OK && msg->ret == TEE_SUCCESS);
	release_memory(vm, call);
	if (x0 == OPTEE_RET_OK)
		status = tg_msg_return(vm, call);
	slot_free(vm, call, TG_CALL_EVENT_END);
	if (status != TG_OK)
		return status;
	/* OP-TEE's threads are all busy: said as for our own limit. */
	if (x0 == OPTEE_RET_ETHREAD_LIMIT)
		return TG_HOST_CALL_LIMIT;
	give(regs, x0);
	return TG_OK;
}

/*
 * Runs a call in OP-TEE until it ends or the guest is needed. What can be
 * answered without the guest is, up to a budget: beyond it, or when the
 * thread is wanted elsewhere, the guest is told of an interrupt and comes
 * back by itself, which lets it take its own interrupts and lets a VMM be
 * killed.
 */
static enum tg_status run(struct tg_vm *vm, struct tg_call *call,
			  struct tg_regs *regs)
{
	uint32_t left = vm->limits.resume_budget;

	for (;;) {
		struct tg_regs tee = call->resume;
		enum tg_rpc_next next;

		tg_vm_call_tee(vm, &tee);
		if (!optee_ret_is_rpc((uint32_t)tee.x[0]))
			return finish(vm, call, (uint32_t)tee.x[0], regs);
		call->thread = (uint32_t)tee.x[3];
		next = tg_rpc_issue(vm, call, &tee);
		if (next == TG_RPC_ANSWERED && left &&
		    !tg_port_should_yield(vm->guest)) {
			tg_count(&vm->stats.inner_resumes);
			left--;
			continue;
		}
		give(regs, next == TG_RPC_ASK_GUEST ? tee.x[0] :
						      OPTEE_RPC_FOREIGN_INTR);
		if (next == TG_RPC_ASK_GUEST) {
			regs->x[1] = tee.x[1];
			regs->x[2] = tee.x[2];
		}
		regs->x[3] = call->thread;
		/* Last: from here on another vCPU may resume it. */
		step(vm, call, TG_CALL_EVENT_SUSPEND);
		return TG_OK;
	}
}

/*
 * OP-TEE finds a name by looking at all buffers that came after it: calls that
 * make these many, or few, get along without, as those of a host do.
 */
static bool is_registration(uint32_t cmd)
{
	return cmd == OPTEE_MSG_CMD_REGISTER_SHM ||
	       cmd == OPTEE_MSG_CMD_UNREGISTER_SHM;
}

static enum tg_status prepare(struct tg_vm *vm, struct tg_call *call,
			      const struct tg_regs *regs)
{
	bool with_rpc = (uint32_t)regs->x[0] != OPTEE_SMC_CALL_WITH_ARG;
	enum tg_status status;

	if (!call->shadow.va && !tg_port_page_alloc(&call->shadow))
		return TG_HOST_NO_MEMORY;
	call->thread = 0;
	call->rpc_bytes = 0;
	call->resume = (struct tg_regs){ .x = { OPTEE_SMC_CALL_WITH_ARG } };
	/* I1: wherever the guest has its message, OP-TEE gets the shadow. */
	tg_pair_set(&call->resume, 1, call->shadow.pa.v);
	if (with_rpc) {
		call->rpc_bytes =
			(uint32_t)optee_msg_bytes(vm->sys->tee.rpc_params_max);
		call->resume.x[0] = OPTEE_SMC_CALL_WITH_RPC_ARG;
	}
	status = tg_msg_fetch(vm, call);
	if (status != TG_OK || !with_rpc || is_registration(call->cmd))
		return status;
	return tg_shadow_name(vm, call);
}

/*
 * CALL_WITH_ARG, CALL_WITH_RPC_ARG and CALL_WITH_REGD_ARG. A status other
 * than TG_OK is for x0; errors of parameters are answered in the message and
 * the SMC itself succeeds, as OP-TEE does.
 */
enum tg_status tg_call_begin(struct tg_vm *vm, struct tg_regs *regs)
{
	enum tg_status status = tg_vm_partition_get(vm);
	struct tg_call *call;

	if (status != TG_OK)
		return status;
	call = slot_take(vm, regs, &status);
	if (!call)
		return TG_HOST_CALL_LIMIT;
	tg_count(&vm->stats.yielding_calls);
	if (status == TG_OK)
		status = prepare(vm, call, regs);
	if (status == TG_GUEST_BAD_RESUME) {
		/* As in finish(): OP-TEE has a thread at work in this slot. */
		step(vm, call, TG_CALL_EVENT_DISOWN);
		return status;
	}
	if (status != TG_OK)
		goto release;
	status = tg_msg_translate(vm, call);
	if (status == TG_OK)
		return run(vm, call, regs);
	if (status != TG_GUEST_BAD_COMMAND && status != TG_HOST_CALL_LIMIT) {
		/* I12: the guest may take back what it named at once. */
		release_memory(vm, call);
		status = tg_msg_refuse(vm, call, status);
		if (status == TG_OK)
			give(regs, OPTEE_RET_OK);
	}
release:
	release(vm, call, TG_CALL_EVENT_END);
	return status;
}

/* I7: takes a suspended call away from all other vCPUs, or finds none. */
static struct tg_call *claim_suspended(struct tg_vm *vm, uint32_t thread)
{
	struct tg_locked locked = tg_vm_lock(vm);
	struct tg_call *call = NULL;

	for (uint32_t i = 0; i < vm->limits.calls && !call; i++)
		if (vm->calls[i].state == TG_CALL_SUSPENDED &&
		    vm->calls[i].thread == thread)
			call = &vm->calls[i];
	if (call)
		tg_call_step(locked, call, TG_CALL_EVENT_RESUME);
	tg_vm_unlock(locked);
	return call;
}

/* RETURN_FROM_RPC. An unknown or busy call costs OP-TEE nothing. */
enum tg_status tg_call_resume(struct tg_vm *vm, struct tg_regs *regs)
{
	struct tg_call *call = claim_suspended(vm, (uint32_t)regs->x[3]);

	if (!call)
		return TG_GUEST_BAD_RESUME;
	tg_count(&vm->stats.resumes);
	tg_rpc_reply(vm, call, regs);
	return run(vm, call, regs);
}
