// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * RPCs: what OP-TEE asks of a guest in the middle of a call, and what the
 * guest answers. An RPC's message lives twice: OP-TEE writes a shadow page,
 * the guest gets a copy in its own memory. Both have it in a buffer that
 * OP-TEE asked the guest for, or behind the message of the call, if the guest
 * left room for it there. What an answer may contain follows
 * from what was asked, which is noted here when it is asked; the guest's copy
 * of the question is never read back (I4).
 *
 * Nothing here fails towards the guest. What cannot be asked or was answered
 * wrongly becomes an error in OP-TEE's message, so that no thread of OP-TEE
 * is left behind.
 */
#include "core.h"

/* An RPC's message outside of any guest's reach, short enough for a stack. */
union rpc_msg {
	struct optee_msg_arg arg;
	uint8_t bytes[sizeof(struct optee_msg_arg) +
		      TG_RPC_PARAMS_MAX * sizeof(struct optee_msg_param)];
};

/* An RPC's message: what OP-TEE works on, and where the guest has its copy. */
struct rpc_copies {
	struct optee_msg_arg *msg;
	struct tg_place place;
	uint64_t at; /* from @place on */
	uint64_t bytes; /* that either has room for */
};

static struct rpc_copies rpc_copies(const struct tg_call *call)
{
	const struct tg_shm *buffer = call->rpc.buffer;
	uint64_t at = optee_msg_bytes(call->num_params);

	if (buffer)
		return (struct rpc_copies){ .msg = buffer->shadow.va,
					    .place = { .ipa = buffer->guest },
					    .bytes = buffer->guest_bytes };
	return (struct rpc_copies){
		.msg = (void *)((uint8_t *)call->shadow.va + at),
		.place = call->arg,
		.at = at,
		.bytes = call->rpc_bytes,
	};
}

/* Sets what OP-TEE gets next: a resume without news but for what follows. */
static void set_resume(struct tg_call *call)
{
	call->resume = (struct tg_regs){ .x = { OPTEE_SMC_RETURN_FROM_RPC, 0, 0,
						call->thread } };
}

/* Ends the guest's part in an RPC, whatever of it was prepared. */
void tg_rpc_drop(struct tg_vm *vm, struct tg_call *call)
{
	if (!call->rpc.begun)
		return;
	if (call->rpc.spare)
		tg_shm_destroy(vm, call->rpc.spare);
	if (call->rpc.buffer)
		tg_shm_drop(vm, call->rpc.buffer);
	call->rpc = (struct tg_rpc){ 0 };
}

static void answer_error(struct optee_msg_arg *msg, uint32_t ret)
{
	msg->ret = ret;
	msg->ret_origin = TEE_ORIGIN_COMMS;
}

/*
 * OP-TEE wants memory for an RPC message. It will get a shadow page; the
 * guest's own memory is where the guest will see the message. The page is
 * there before the guest is asked, so that its answer needs nothing more.
 */
static enum tg_rpc_next issue_alloc(struct tg_vm *vm, struct tg_call *call,
				    struct tg_regs *regs)
{
	uint64_t bytes = regs->x[1];
	enum tg_status why;

	if (bytes < sizeof(struct optee_msg_arg) || bytes > TG_PAGE_BYTES)
		return TG_RPC_ANSWERED;
	call->rpc.spare = tg_shm_create(vm, TG_SHM_RPC_ARG, &why);
	if (!call->rpc.spare) {
		tg_count(&vm->stats.refused[why]);
		return TG_RPC_ANSWERED;
	}
	call->rpc.alloc_bytes = bytes;
	regs->x[2] = 0;
	return TG_RPC_ASK_GUEST;
}

/* The guest said where its memory is and how it calls it. */
static void reply_alloc(struct tg_vm *vm, struct tg_call *call,
			const struct tg_regs *regs)
{
	uint64_t ipa = tg_pair(regs->x[1], regs->x[2]);
	struct tg_shm *shm = call->rpc.spare;

	/* No memory, by the protocol; or memory that cannot be meant. */
	if (!ipa || (ipa & 7))
		return;
	shm->cookie = tg_cookie(tg_pair(regs->x[4], regs->x[5]));
	shm->guest = tg_ipa(ipa);
	shm->guest_bytes = (uint32_t)call->rpc.alloc_bytes;
	if (tg_shm_insert(vm, shm) != TG_OK)
		return;
	call->rpc.spare = NULL;
	tg_shm_make_live(vm, shm);
	tg_pair_set(&call->resume, 1, shm->shadow.pa.v);
	tg_pair_set(&call->resume, 4, shm->cookie.v);
}

/*
 * OP-TEE has no more use for an argument buffer. I12: its name is free here
 * before the guest hears so. I1: OP-TEE unmaps the shadow page only when it is
 * resumed, so the page itself stays until the call ends.
 */
static void issue_free(struct tg_vm *vm, struct tg_call *call,
		       const struct tg_regs *regs)
{
	struct tg_cookie cookie = tg_cookie(tg_pair(regs->x[1], regs->x[2]));
	struct tg_shm *shm = tg_shm_detach(vm, cookie, TG_SHM_RPC_ARG);

	if (!shm)
		return;
	shm->next = call->freed;
	call->freed = shm;
}

/* Notes what OP-TEE asks, before anything of it is shown (I4). */
static enum tg_status note_request(struct tg_call *call,
				   const struct rpc_copies *copies)
{
	const struct optee_msg_arg *msg = copies->msg;
	struct tg_rpc *rpc = &call->rpc;

	rpc->cmd = msg->cmd;
	rpc->num_params = msg->num_params;
	if (rpc->num_params > TG_RPC_PARAMS_MAX ||
	    optee_msg_bytes(rpc->num_params) > copies->bytes)
		return TG_GUEST_BAD_PARAM;
	for (uint32_t i = 0; i < rpc->num_params; i++)
		rpc->types[i] = (uint8_t)msg->params[i].attr;
	return TG_OK;
}

/* What the mediator has to do itself before the guest is asked. */
static enum tg_status prepare_request(struct tg_vm *vm, struct tg_call *call,
				      const struct optee_msg_arg *msg)
{
	struct tg_rpc *rpc = &call->rpc;
	enum tg_status status = TG_OK;
	struct tg_cookie cookie;

	if (rpc->cmd != OPTEE_RPC_CMD_SHM_ALLOC &&
	    rpc->cmd != OPTEE_RPC_CMD_SHM_FREE)
		return TG_OK;
	if (rpc->num_params != 1 || rpc->types[0] != OPTEE_MSG_ATTR_VALUE_IN)
		return TG_GUEST_BAD_PARAM;
	if (rpc->cmd == OPTEE_RPC_CMD_SHM_ALLOC) {
		rpc->alloc_bytes = msg->params[0].u.value.b;
		/*
		 * What the guest allocates and the mediator then refuses, the
		 * guest never hears that it may free.
		 */
		if (!tg_pagelist_fits(vm, rpc->alloc_bytes))
			return TG_HOST_PIN_LIMIT;
		rpc->spare = tg_shm_create(vm, TG_SHM_RPC_PAYLOAD, &status);
		return status;
	}
	/* I12: OP-TEE unmapped it; forget it before the guest frees it. */
	cookie = tg_cookie(msg->params[0].u.value.b);
	tg_shm_forget_cookie(vm, cookie, TG_SHM_RPC_PAYLOAD);
	return TG_OK;
}

/* The guest's own name where OP-TEE uses one of the mediator's. */
static uint64_t guest_ref(const struct tg_call *call, uint64_t shm_ref)
{
	uint64_t n = shm_ref - tg_temp_cookie(call, 0);

	return n < call->temp_count ? call->temps[n].guest_ref : shm_ref;
}

/* One parameter as the guest may see it: values, names, sizes (I2). */
static enum tg_status show_param(const struct tg_call *call, uint32_t type,
				 const struct optee_msg_param *from,
				 struct optee_msg_param *to)
{
	*to = (struct optee_msg_param){ .attr = type };
	if (type == OPTEE_MSG_ATTR_NONE)
		return TG_OK;
	if (tg_attr_is_value(type)) {
		if (type != OPTEE_MSG_ATTR_VALUE_OUT)
			to->u.value = from->u.value;
		return TG_OK;
	}
	if (tg_attr_is_rmem(type)) {
		to->u.rmem = from->u.rmem;
		to->u.rmem.shm_ref = guest_ref(call, from->u.rmem.shm_ref);
		return TG_OK;
	}
	/* OP-TEE has no memory to name by address but none at all. */
	if (!tg_attr_is_tmem(type) || from->u.tmem.buf_ptr)
		return TG_GUEST_BAD_PARAM;
	to->u.tmem.size = from->u.tmem.size;
	return TG_OK;
}

static enum tg_status show_request(struct tg_vm *vm, struct tg_call *call,
				   const struct rpc_copies *copies)
{
	const struct tg_rpc *rpc = &call->rpc;
	union rpc_msg copy = { 0 };

	copy.arg.cmd = rpc->cmd;
	copy.arg.num_params = rpc->num_params;
	answer_error(&copy.arg, TEE_ERROR_GENERIC);
	for (uint32_t i = 0; i < rpc->num_params; i++) {
		enum tg_status status =
			show_param(call, rpc->types[i], &copies->msg->params[i],
				   &copy.arg.params[i]);

		if (status != TG_OK)
			return status;
	}
	return tg_place_copy_out(vm, &copies->place, copies->at, copy.bytes,
				 optee_msg_bytes(rpc->num_params));
}

/*
 * Finds the message of the RPC. With room for it behind the call's message
 * OP-TEE uses that and names no buffer; the guest knows as well.
 */
static bool find_request(struct tg_vm *vm, struct tg_call *call,
			 struct tg_regs *regs)
{
	struct tg_cookie cookie = tg_cookie(tg_pair(regs->x[1], regs->x[2]));

	if (call->rpc_bytes) {
		tg_pair_set(regs, 1, 0);
		return true;
	}
	call->rpc.buffer = tg_shm_hold(vm, cookie, TG_SHM_RPC_ARG);
	return call->rpc.buffer != NULL;
}

static enum tg_rpc_next issue_cmd(struct tg_vm *vm, struct tg_call *call,
				  struct tg_regs *regs)
{
	struct rpc_copies copies;
	enum tg_status status;

	if (!find_request(vm, call, regs))
		return TG_RPC_ANSWERED;
	copies = rpc_copies(call);
	status = note_request(call, &copies);
	if (status == TG_OK)
		status = tg_policy_rpc(vm, call->rpc.cmd);
	if (status == TG_OK)
		status = prepare_request(vm, call, copies.msg);
	if (status == TG_OK)
		status = show_request(vm, call, &copies);
	if (status == TG_OK) {
		tg_port_trace(vm->guest, vm->id, TG_TRACE_RPC_CMD,
			      call->rpc.cmd, call->rpc.num_params);
		return TG_RPC_ASK_GUEST;
	}
	tg_count(&vm->stats.refused[status]);
	tg_port_trace(vm->guest, vm->id, TG_TRACE_REFUSED, status,
		      call->rpc.cmd);
	answer_error(copies.msg, tg_status_to_tee(status));
	return TG_RPC_ANSWERED;
}

/*
 * The guest says which buffer it allocated. Its list of pages becomes a
 * shadow list of pinned ones.
 */
static enum tg_status accept_payload(struct tg_vm *vm, struct tg_call *call,
				     const struct optee_msg_param *from,
				     struct optee_msg_param *to)
{
	const uint64_t list =
		OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG;
	struct tg_shm *shm = call->rpc.spare;
	enum tg_status status;

	if (from->attr != OPTEE_MSG_ATTR_TMEM_OUT && from->attr != list)
		return TG_GUEST_BAD_PARAM;
	if (from->u.tmem.size < call->rpc.alloc_bytes)
		return TG_GUEST_BAD_PARAM;
	shm->cookie = tg_cookie(from->u.tmem.shm_ref);
	status = tg_pagelist_pin(vm, &shm->list, &from->u.tmem,
				 from->attr == list, NULL);
	if (status == TG_OK)
		status = tg_shm_insert(vm, shm);
	if (status != TG_OK)
		return status;
	call->rpc.spare = NULL;
	tg_shm_make_live(vm, shm);
	to->attr = list;
	to->u.tmem.buf_ptr = tg_pagelist_address(&shm->list);
	to->u.tmem.size = from->u.tmem.size;
	to->u.tmem.shm_ref = shm->cookie.v;
	return TG_OK;
}

/* Takes over the outputs that were asked for, and nothing else (I4). */
static void accept_params(const struct tg_rpc *rpc,
			  const struct optee_msg_arg *from,
			  struct optee_msg_arg *to)
{
	for (uint32_t i = 0; i < rpc->num_params; i++) {
		if (!tg_attr_is_out(rpc->types[i]))
			continue;
		if (tg_attr_is_value(rpc->types[i]))
			to->params[i].u.value = from->params[i].u.value;
		else
			to->params[i].u.tmem.size = from->params[i].u.tmem.size;
	}
}

static void reply_cmd(struct tg_vm *vm, struct tg_call *call)
{
	struct rpc_copies copies = rpc_copies(call);
	struct optee_msg_arg *msg = copies.msg;
	union rpc_msg copy = { 0 };
	enum tg_status status;

	/* I3: one fetch; everything below works on the copy. */
	status = tg_place_copy_in(vm, &copies.place, copies.at, copy.bytes,
				  optee_msg_bytes(call->rpc.num_params));
	if (status == TG_OK && call->rpc.cmd == OPTEE_RPC_CMD_SHM_ALLOC &&
	    copy.arg.ret == TEE_SUCCESS)
		status = accept_payload(vm, call, copy.arg.params, msg->params);
	if (status != TG_OK) {
		tg_count(&vm->stats.refused[status]);
		answer_error(msg, tg_status_to_tee(status));
		return;
	}
	if (call->rpc.cmd != OPTEE_RPC_CMD_SHM_ALLOC)
		accept_params(&call->rpc, &copy.arg, msg);
	msg->ret = copy.arg.ret;
	msg->ret_origin = copy.arg.ret_origin;
}

static void count_rpc(struct tg_vm *vm, enum tg_rpc_kind kind)
{
	tg_count(&vm->stats.rpcs[kind]);
}

/*
 * OP-TEE suspended @call with @regs. Either @regs is made what the guest gets,
 * with x0 to x2 defined, or the RPC is over and call->resume is its answer.
 */
enum tg_rpc_next tg_rpc_issue(struct tg_vm *vm, struct tg_call *call,
			      struct tg_regs *regs)
{
	enum tg_rpc_next next = TG_RPC_ANSWERED;

	call->rpc.begun = true;
	set_resume(call);
	switch ((uint32_t)regs->x[0]) {
	case OPTEE_RPC_ALLOC:
		count_rpc(vm, TG_RPC_ALLOC);
		next = issue_alloc(vm, call, regs);
		break;
	case OPTEE_RPC_FREE:
		count_rpc(vm, TG_RPC_FREE);
		issue_free(vm, call, regs);
		next = TG_RPC_ASK_GUEST;
		break;
	case OPTEE_RPC_CMD:
		count_rpc(vm, TG_RPC_CMD);
		next = issue_cmd(vm, call, regs);
		break;
	default:
		/* A foreign interrupt: the host took it on the way here. */
		count_rpc(vm, TG_RPC_FOREIGN_INTR);
		break;
	}
	if (next == TG_RPC_ANSWERED)
		tg_rpc_drop(vm, call);
	else
		call->rpc.func = (uint32_t)regs->x[0];
	return next;
}

/*
 * The guest answered what @call was suspended for, with @regs. Makes
 * call->resume what OP-TEE gets. After a mere interrupt that is ready already.
 */
void tg_rpc_reply(struct tg_vm *vm, struct tg_call *call,
		  const struct tg_regs *regs)
{
	switch (call->rpc.func) {
	case OPTEE_RPC_ALLOC:
		reply_alloc(vm, call, regs);
		break;
	case OPTEE_RPC_CMD:
		reply_cmd(vm, call);
		break;
	default:
		break;
	}
	tg_rpc_drop(vm, call);
}
