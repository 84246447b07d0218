// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The shadow page of a call by a name of the mediator's own: OP-TEE is told of
 * the page once in a partition's life, as of a registered buffer, and has it
 * mapped in less time than a page that comes by its address with each call
 * (docs/performance.md). What stands in the page is msg.c's and rpc.c's.
 *
 * The name is one that no guest's buffer can have (TG_TEMP_COOKIE_BASE), and
 * what a guest names is looked up among its own buffers first: so none can
 * have OP-TEE use this page for anything else.
 */
#include "core.h"

static bool letter_alloc(struct tg_letter *letter)
{
	if (!tg_port_page_alloc(&letter->list))
		return false;
	if (tg_port_page_alloc(&letter->message))
		return true;
	tg_port_page_free(letter->list);
	*letter = (struct tg_letter){ 0 };
	return false;
}

static void letter_write(const struct tg_letter *letter,
			 const struct tg_call *call)
{
	struct tg_pagelist_page *list = letter->list.va;
	struct optee_msg_arg *msg = letter->message.va;

	list->pages[0] = call->shadow.pa;
	msg->cmd = OPTEE_MSG_CMD_REGISTER_SHM;
	msg->num_params = 1;
	msg->params[0].attr =
		OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG;
	msg->params[0].u.tmem = (struct optee_msg_tmem){
		.buf_ptr = letter->list.pa.v,
		.size = TG_PAGE_BYTES,
		.shm_ref = tg_shadow_cookie(call),
	};
}

static void letter_free(struct tg_letter *letter)
{
	if (!letter->list.va)
		return;
	tg_port_page_free(letter->message);
	tg_port_page_free(letter->list);
	*letter = (struct tg_letter){ 0 };
}

/*
 * Until OP-TEE is done, however often it is interrupted: left in the middle it
 * would have one thread more at work for the guest than the guest has calls
 * (I8). It is some thousand instructions, and it asks for nothing here that
 * nothing would not answer.
 */
static uint32_t letter_send(struct tg_vm *vm, const struct tg_letter *letter)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_ARG } };

	tg_pair_set(&regs, 1, letter->message.pa.v);
	tg_vm_call_tee(vm, &regs);
	while (optee_ret_is_rpc((uint32_t)regs.x[0])) {
		regs = (struct tg_regs){ .x = { OPTEE_SMC_RETURN_FROM_RPC, 0, 0,
						regs.x[3] } };
		tg_vm_call_tee(vm, &regs);
	}
	return (uint32_t)regs.x[0];
}

static enum tg_shadow_state tell(struct tg_vm *vm, struct tg_call *call)
{
	struct tg_letter *letter = &call->letter;
	const struct optee_msg_arg *msg;
	bool learnt;
	uint32_t x0;

	if (!letter_alloc(letter))
		return TG_SHADOW_UNKNOWN;
	letter_write(letter, call);
	x0 = letter_send(vm, letter);
	/*
	 * OP-TEE does not know a thread that it named itself (see call.c): what
	 * that may still read stays until the partition goes.
	 */
	if (x0 == OPTEE_RET_ERESUME)
		return TG_SHADOW_LOST;
	msg = letter->message.va;
	learnt = x0 == OPTEE_RET_OK && msg->ret == TEE_SUCCESS;
	letter_free(letter);
	/* All of its threads are busy: with another call, then. */
	if (x0 == OPTEE_RET_ETHREAD_LIMIT)
		return TG_SHADOW_UNKNOWN;
	return learnt ? TG_SHADOW_NAMED : TG_SHADOW_NAMELESS;
}

/*
 * Makes @call->resume name the shadow page: by its name where OP-TEE knows
 * that, or can be told of it; by its address else (I1). TG_GUEST_BAD_RESUME
 * if OP-TEE has lost a thread over it: then the slot is lost as well (I8).
 */
enum tg_status tg_shadow_name(struct tg_vm *vm, struct tg_call *call)
{
	if (call->shadow_state == TG_SHADOW_UNKNOWN)
		call->shadow_state = tell(vm, call);
	if (call->shadow_state == TG_SHADOW_NAMED) {
		call->resume.x[0] = OPTEE_SMC_CALL_WITH_REGD_ARG;
		tg_pair_set(&call->resume, 1, tg_shadow_cookie(call));
	}
	return call->shadow_state == TG_SHADOW_LOST ? TG_GUEST_BAD_RESUME :
						      TG_OK;
}

/* The partition is gone, and with it all that OP-TEE knew. */
void tg_shadow_forget(struct tg_call *call)
{
	letter_free(&call->letter);
	call->shadow_state = TG_SHADOW_UNKNOWN;
}
