// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a guest's OP-TEE driver sends: messages, page lists, calls. It does
 * nothing wrong by itself; a test that wants something wrong changes the
 * message or the registers. RPCs are answered in supplicant.c.
 */
#include <string.h>

#include "guest.h"
#include "tee.h"

/* Writes a list of @pages pages that follow each other from @ipa on. */
void sim_pagelist_fill(struct tg_guest *guest, uint64_t list, uint64_t ipa,
		       uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t *entries =
			sim_guest_at(guest, list + i / OPTEE_PAGELIST_ENTRIES *
							    TG_PAGE_BYTES);
		uint64_t n = i % OPTEE_PAGELIST_ENTRIES;

		entries[n] =
			(ipa & ~(uint64_t)TG_PAGE_MASK) + i * TG_PAGE_BYTES;
		if (n == OPTEE_PAGELIST_ENTRIES - 1 && i + 1 < pages)
			entries[n + 1] = list + (i / OPTEE_PAGELIST_ENTRIES +
						 1) * TG_PAGE_BYTES;
	}
}

/* The same in memory of its own. */
uint64_t sim_pagelist(struct tg_guest *guest, uint64_t ipa, uint64_t pages)
{
	uint64_t count =
		(pages + OPTEE_PAGELIST_ENTRIES - 1) / OPTEE_PAGELIST_ENTRIES;
	uint64_t list =
		sim_guest_alloc(guest, (count ? count : 1) * TG_PAGE_BYTES);

	sim_pagelist_fill(guest, list, ipa, pages);
	return list;
}

void sim_msg_init(struct sim_msg *msg, uint32_t cmd, uint32_t session,
		  uint32_t func)
{
	memset(msg, 0, sizeof(*msg));
	msg->cmd = cmd;
	msg->session = session;
	msg->func = func;
	msg->ret = 0xdeadbeef;
	msg->ret_origin = 0xdeadbeef;
}

static struct optee_msg_param *next_param(struct sim_msg *msg, uint64_t attr)
{
	struct optee_msg_param *param = &msg->params[msg->num_params++];

	param->attr = attr;
	return param;
}

struct optee_msg_param *sim_msg_value(struct sim_msg *msg, uint64_t attr,
				      uint64_t a, uint64_t b)
{
	struct optee_msg_param *param = next_param(msg, attr);

	param->u.value.a = a;
	param->u.value.b = b;
	return param;
}

struct optee_msg_param *sim_msg_rmem(struct sim_msg *msg, uint64_t attr,
				     uint64_t cookie, uint64_t offs,
				     uint64_t size)
{
	struct optee_msg_param *param = next_param(msg, attr);

	param->u.rmem.shm_ref = cookie;
	param->u.rmem.offs = offs;
	param->u.rmem.size = size;
	return param;
}

struct optee_msg_param *sim_msg_tmem(struct sim_msg *msg, uint64_t attr,
				     uint64_t buf_ptr, uint64_t size,
				     uint64_t shm_ref)
{
	struct optee_msg_param *param = next_param(msg, attr);

	param->u.tmem.buf_ptr = buf_ptr;
	param->u.tmem.size = size;
	param->u.tmem.shm_ref = shm_ref;
	return param;
}

/* A temporary memref to @size bytes at @ipa, by a page list. */
struct optee_msg_param *sim_msg_temp(struct tg_guest *guest,
				     struct sim_msg *msg, uint64_t attr,
				     uint64_t ipa, uint64_t size)
{
	uint64_t offset = ipa & TG_PAGE_MASK;
	uint64_t pages = (offset + size + TG_PAGE_MASK) / TG_PAGE_BYTES;

	return sim_msg_tmem(msg, attr | OPTEE_MSG_ATTR_NONCONTIG,
			    sim_pagelist(guest, ipa, pages) | offset, size,
			    0x7e3f0000 + ipa);
}

static uint64_t msg_put(struct tg_guest *guest, uint64_t ipa,
			const struct sim_msg *msg)
{
	uint32_t n = msg->num_params;

	if (n > OPTEE_MSG_PARAMS_MAX)
		n = OPTEE_MSG_PARAMS_MAX;
	sim_guest_write(guest, ipa, msg, optee_msg_bytes(n));
	return ipa;
}

static void msg_get(struct tg_guest *guest, uint64_t ipa, struct sim_msg *msg)
{
	uint32_t n = msg->num_params;

	if (n > OPTEE_MSG_PARAMS_MAX)
		n = OPTEE_MSG_PARAMS_MAX;
	sim_guest_read(guest, ipa, msg, optee_msg_bytes(n));
}

uint32_t sim_call_send(struct sim_call *call, struct tg_guest *guest,
		       uint64_t ipa, const struct sim_msg *msg,
		       const struct tg_regs *regs)
{
	msg_put(guest, ipa, msg);
	*call = (struct sim_call){ .guest = guest, .ipa = ipa, .regs = *regs };
	if (regs->x[0] != OPTEE_SMC_CALL_WITH_ARG)
		call->rpc_ipa = ipa + optee_msg_bytes(msg->num_params);
	sim_guest_smc(guest, &call->regs);
	return (uint32_t)call->regs.x[0];
}

/* As Linux does: messages in pages that it has registered once for all. */
#define ARGS_SLOT_BYTES 512u

static bool is_registration(const struct sim_msg *msg)
{
	return msg->cmd == OPTEE_MSG_CMD_REGISTER_SHM ||
	       msg->cmd == OPTEE_MSG_CMD_UNREGISTER_SHM;
}

static bool is_in_args(const struct tg_guest *guest, uint64_t ipa)
{
	return guest->args_ipa && ipa - guest->args_ipa < TG_PAGE_BYTES;
}

/* Where a new message goes. A registration cannot need what it makes. */
static uint64_t msg_alloc(struct tg_guest *guest, const struct sim_msg *msg)
{
	size_t bytes = optee_msg_bytes(msg->num_params % TG_PAGE_BYTES) +
		       optee_msg_bytes(TEE_RPC_PARAMS);
	uint64_t ipa;

	if (guest->call_with != OPTEE_SMC_CALL_WITH_REGD_ARG ||
	    is_registration(msg) || bytes > ARGS_SLOT_BYTES)
		return sim_guest_alloc(guest, sizeof(*msg));
	if (!guest->args_ipa) {
		ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);
		if (sim_register(guest, SIM_ARGS_COOKIE, ipa, TG_PAGE_BYTES))
			sim_die("sim: no buffer for messages");
		guest->args_ipa = ipa;
	}
	return guest->args_ipa +
	       guest->args_next++ * ARGS_SLOT_BYTES % TG_PAGE_BYTES;
}

/* The call with the message at @ipa, by the function that the driver uses. */
static uint32_t start_at(struct sim_call *call, struct tg_guest *guest,
			 uint64_t ipa, const struct sim_msg *msg)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_ARG } };

	if (guest->call_with && guest->call_with != OPTEE_SMC_CALL_WITH_ARG)
		regs.x[0] = OPTEE_SMC_CALL_WITH_RPC_ARG;
	sim_pair_set(&regs, 1, ipa);
	if (guest->call_with == OPTEE_SMC_CALL_WITH_REGD_ARG &&
	    is_in_args(guest, ipa) && !is_registration(msg)) {
		regs.x[0] = OPTEE_SMC_CALL_WITH_REGD_ARG;
		sim_pair_set(&regs, 1, SIM_ARGS_COOKIE);
		regs.x[3] = ipa - guest->args_ipa;
	}
	return sim_call_send(call, guest, ipa, msg, &regs);
}

/* Sends a message and returns at the first RPC, or at the end. */
uint32_t sim_call_start(struct sim_call *call, struct tg_guest *guest,
			const struct sim_msg *msg)
{
	return start_at(call, guest, msg_alloc(guest, msg), msg);
}

uint32_t sim_call_resume(struct sim_call *call)
{
	struct tg_regs regs = call->regs;

	/* Another vCPU may be at the same call meanwhile. */
	regs.x[0] = OPTEE_SMC_RETURN_FROM_RPC;
	sim_guest_smc(call->guest, &regs);
	call->regs = regs;
	return (uint32_t)call->regs.x[0];
}

uint32_t sim_call_step(struct sim_call *call)
{
	call->guest->rpc_ipa = call->rpc_ipa;
	sim_rpc_serve(call->guest, &call->regs);
	call->guest->rpc_ipa = 0;
	return sim_call_resume(call);
}

uint32_t sim_call_finish(struct sim_call *call, struct sim_msg *msg)
{
	uint32_t x0 = (uint32_t)call->regs.x[0];

	for (unsigned int n = 0; optee_ret_is_rpc(x0); n++) {
		if (n > 100000)
			sim_die("sim: the call does not end");
		x0 = sim_call_step(call);
	}
	if (msg)
		msg_get(call->guest, call->ipa, msg);
	return x0;
}

bool sim_call_is_suspended(const struct sim_call *call)
{
	return call->guest && optee_ret_is_rpc((uint32_t)call->regs.x[0]);
}

struct sim_call *sim_call_pick(struct sim_call *calls, uint32_t count,
			       uint32_t first, bool suspended)
{
	for (uint32_t i = 0; i < count; i++) {
		struct sim_call *call = &calls[(first + i) % count];

		if (sim_call_is_suspended(call) == suspended)
			return call;
	}
	return &calls[first];
}

uint32_t sim_call_at(struct tg_guest *guest, uint64_t ipa, struct sim_msg *msg)
{
	struct sim_call call;

	start_at(&call, guest, ipa, msg);
	return sim_call_finish(&call, msg);
}

uint32_t sim_call(struct tg_guest *guest, struct sim_msg *msg)
{
	return sim_call_at(guest, msg_alloc(guest, msg), msg);
}

uint32_t sim_open(struct tg_guest *guest)
{
	struct sim_msg msg;
	uint32_t x0;

	sim_msg_init(&msg, OPTEE_MSG_CMD_OPEN_SESSION, 0, 0);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN,
		      0x1122334455667788, 0x99aabbccddeeff00);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN, 0,
		      0);
	x0 = sim_call(guest, &msg);
	if (x0 || msg.ret)
		sim_die("sim: no session: x0 0x%x, ret 0x%x", x0, msg.ret);
	return msg.session;
}

uint32_t sim_close(struct tg_guest *guest, uint32_t session)
{
	struct sim_msg msg;
	uint32_t x0;

	sim_msg_init(&msg, OPTEE_MSG_CMD_CLOSE_SESSION, session, 0);
	x0 = sim_call(guest, &msg);
	return x0 ? x0 : msg.ret;
}

/* What went wrong: x0, or the message's result. */
uint32_t sim_register(struct tg_guest *guest, uint64_t cookie, uint64_t ipa,
		      uint64_t size)
{
	struct sim_msg msg;
	uint32_t x0;

	sim_msg_init(&msg, OPTEE_MSG_CMD_REGISTER_SHM, 0, 0);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_OUT, ipa, size)
		->u.tmem.shm_ref = cookie;
	x0 = sim_call(guest, &msg);
	return x0 ? x0 : msg.ret;
}

uint32_t sim_unregister(struct tg_guest *guest, uint64_t cookie)
{
	struct sim_msg msg;
	uint32_t x0;

	sim_msg_init(&msg, OPTEE_MSG_CMD_UNREGISTER_SHM, 0, 0);
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_IN, cookie, 0, 0);
	x0 = sim_call(guest, &msg);
	return x0 ? x0 : msg.ret;
}
