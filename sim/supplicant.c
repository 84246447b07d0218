// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a guest's driver and supplicant answer to OP-TEE's RPCs. An honest
 * guest: a test that wants another answer sets guest->rpc_hook.
 */
#include <string.h>

#include "guest.h"
#include "tee.h"

struct sim_buffer *sim_buffer_find(struct tg_guest *guest, uint64_t cookie)
{
	for (unsigned int i = 0; i < SIM_BUFFERS_MAX && cookie; i++)
		if (guest->buffers[i].cookie == cookie)
			return &guest->buffers[i];
	return NULL;
}

struct sim_buffer *sim_buffer_new(struct tg_guest *guest, uint64_t bytes,
				  bool is_arg)
{
	for (unsigned int i = 0; i < SIM_BUFFERS_MAX; i++) {
		struct sim_buffer *buffer = &guest->buffers[i];

		if (buffer->cookie)
			continue;
		if (!buffer->ipa || buffer->bytes < bytes) {
			buffer->ipa = sim_guest_alloc(guest, bytes);
			buffer->bytes = bytes;
			buffer->list = 0;
		}
		buffer->cookie = guest->reuse_cookies ? 0x5000 + i :
							guest->cookie_next++;
		buffer->is_arg = is_arg;
		return buffer;
	}
	sim_die("sim: the driver has no room for one more buffer");
}

static void serve_alloc(struct tg_guest *guest, struct tg_regs *regs)
{
	struct sim_buffer *buffer = sim_buffer_new(guest, regs->x[1], true);

	sim_pair_set(regs, 1, buffer->ipa);
	sim_pair_set(regs, 4, buffer->cookie);
}

static void buffer_free(struct tg_guest *guest, uint64_t cookie, bool is_arg)
{
	struct sim_buffer *buffer = sim_buffer_find(guest, cookie);

	if (buffer && buffer->is_arg == is_arg)
		buffer->cookie = 0;
	else
		guest->unknown_frees++;
}

static void shm_alloc(struct tg_guest *guest, struct sim_msg *msg)
{
	struct optee_msg_param *param = &msg->params[0];
	uint64_t size = param->u.value.b;
	struct sim_buffer *buffer;
	uint64_t ipa;

	if (guest->hostile && size > 16 * TG_PAGE_BYTES)
		return;
	buffer = sim_buffer_new(guest, size + guest->payload_shift, false);
	ipa = buffer->ipa + guest->payload_shift;
	param->u.tmem.size = size;
	param->u.tmem.shm_ref = buffer->cookie;
	if (guest->contiguous_payload) {
		param->attr = OPTEE_MSG_ATTR_TMEM_OUT;
		param->u.tmem.buf_ptr = ipa;
	} else {
		uint64_t pages = (guest->payload_shift + size + TG_PAGE_MASK) /
				 TG_PAGE_BYTES;

		param->attr =
			OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG;
		if (buffer->list)
			sim_pagelist_fill(guest, buffer->list, ipa, pages);
		else
			buffer->list = sim_pagelist(guest, ipa, pages);
		param->u.tmem.buf_ptr = buffer->list | guest->payload_shift;
	}
	msg->ret = TEE_SUCCESS;
}

static void get_time(struct sim_msg *msg)
{
	msg->params[0].u.value.a = 1795435200;
	msg->params[0].u.value.b = 12345678;
	msg->ret = TEE_SUCCESS;
}

/* Stores what it is sent and reads it back plus one. */
static void file_system(struct tg_guest *guest, struct sim_msg *msg)
{
	struct optee_msg_param *param = &msg->params[1];
	struct sim_buffer *buffer;
	uint64_t ipa;

	msg->ret = TEE_ERROR_BAD_PARAMETERS;
	if (msg->num_params < 2)
		return;
	buffer = sim_buffer_find(guest, param->u.rmem.shm_ref);
	if (!buffer || param->u.rmem.offs + param->u.rmem.size > buffer->bytes)
		return;
	ipa = buffer->ipa + guest->payload_shift + param->u.rmem.offs;
	if (param->attr == OPTEE_MSG_ATTR_RMEM_OUT) {
		for (uint64_t i = 0; i < param->u.rmem.size; i++)
			++*(uint8_t *)sim_guest_at(guest, ipa + i);
		param->u.rmem.size /= 2;
	}
	msg->ret = TEE_SUCCESS;
}

/*
 * Where the message of an RPC_CMD is and how long it may be; 0 where a guest
 * cannot know. With room for it behind the call's message OP-TEE names none.
 */
uint64_t sim_rpc_ipa(struct tg_guest *guest, const struct tg_regs *regs,
		     uint64_t *ret_bytes)
{
	uint64_t cookie = sim_pair(regs->x[1], regs->x[2]);
	struct sim_buffer *buffer = sim_buffer_find(guest, cookie);

	*ret_bytes = optee_msg_bytes(TEE_RPC_PARAMS);
	/* A hostile one may have taken the RPC of one call for another's. */
	if (guest->rpc_ipa && !(cookie && guest->hostile)) {
		uint64_t last = guest->rpc_ipa + *ret_bytes - 1;

		if (cookie)
			sim_die("sim: an RPC in a buffer, and the call has room");
		/* A hostile one need not have the memory that it says. */
		return sim_guest_page(guest, guest->rpc_ipa, true) ==
					       SIM_NO_PAGE ||
				       sim_guest_page(guest, last, true) ==
					       SIM_NO_PAGE ?
			       0 :
			       guest->rpc_ipa;
	}
	if (!buffer || !buffer->is_arg)
		return 0;
	*ret_bytes = buffer->bytes;
	return buffer->ipa;
}

static void serve_cmd(struct tg_guest *guest, struct tg_regs *regs)
{
	struct sim_msg msg;
	uint64_t room, ipa;
	size_t bytes;

	ipa = sim_rpc_ipa(guest, regs, &room);
	if (!ipa) {
		if (guest->hostile)
			return;
		sim_die("sim: an RPC in a buffer that the guest never gave");
	}
	sim_guest_read(guest, ipa, &msg, 32);
	bytes = optee_msg_bytes(msg.num_params);
	if (bytes > room) {
		if (guest->hostile)
			return;
		sim_die("sim: an RPC larger than its buffer");
	}
	sim_guest_read(guest, ipa, &msg, bytes);
	guest->rpc_cmds[msg.cmd & 15]++;
	switch (msg.cmd) {
	case OPTEE_RPC_CMD_SHM_ALLOC:
		shm_alloc(guest, &msg);
		break;
	case OPTEE_RPC_CMD_SHM_FREE:
		buffer_free(guest, msg.params[0].u.value.b, false);
		msg.ret = TEE_SUCCESS;
		break;
	case OPTEE_RPC_CMD_GET_TIME:
		get_time(&msg);
		break;
	case OPTEE_RPC_CMD_FS:
		file_system(guest, &msg);
		break;
	case OPTEE_RPC_CMD_NOTIFICATION:
	case OPTEE_RPC_CMD_SUSPEND:
		msg.ret = TEE_SUCCESS;
		break;
	default:
		msg.ret = TEE_NOT_SUPPORTED;
		break;
	}
	sim_guest_write(guest, ipa, &msg, bytes);
}

/* Prepares @regs for RETURN_FROM_RPC; x0 is the caller's. */
void sim_rpc_serve(struct tg_guest *guest, struct tg_regs *regs)
{
	if (guest->rpc_hook &&
	    guest->rpc_hook(guest, regs, guest->rpc_hook_arg))
		return;
	switch ((uint32_t)regs->x[0]) {
	case OPTEE_RPC_ALLOC:
		guest->rpcs[TG_RPC_ALLOC]++;
		serve_alloc(guest, regs);
		break;
	case OPTEE_RPC_FREE:
		guest->rpcs[TG_RPC_FREE]++;
		buffer_free(guest, sim_pair(regs->x[1], regs->x[2]), true);
		break;
	case OPTEE_RPC_FOREIGN_INTR:
		guest->rpcs[TG_RPC_FOREIGN_INTR]++;
		break;
	case OPTEE_RPC_CMD:
		guest->rpcs[TG_RPC_CMD]++;
		serve_cmd(guest, regs);
		break;
	default:
		sim_die("sim: an RPC that does not exist: 0x%x",
			(uint32_t)regs->x[0]);
	}
}
