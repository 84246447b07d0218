// SPDX-License-Identifier: BSD-2-Clause
/*
 * OP-TEE's requests to the normal world: buffers for RPC arguments and their
 * cache, commands, shared payload memory. It trusts the answers as far as the
 * real one does, and its addresses not at all (I1).
 */
#include <string.h>

#include "guest.h"
#include "tee.h"

/* Stops the thread until the normal world has answered. */
void tee_rpc(struct tee_thread *thread, uint32_t rpc, uint64_t pair)
{
	thread->out = (struct tg_regs){ .x = { rpc } };
	sim_pair_set(&thread->out, 1, pair);
	if (rpc == OPTEE_RPC_ALLOC) {
		thread->out.x[1] = pair;
		thread->out.x[2] = 0;
	}
	thread->rpc = rpc;
	sim_fiber_stop(&thread->fiber);
	thread->rpc = 0;
}

void tee_rpc_interrupt(struct tee_thread *thread)
{
	tee_rpc(thread, OPTEE_RPC_FOREIGN_INTR, 0);
}

static void free_cookie(struct tee_thread *thread, uint64_t cookie)
{
	if (cookie)
		tee_rpc(thread, OPTEE_RPC_FREE, cookie);
}

/* Gives the buffer for RPC arguments back. */
void tee_rpc_cache_clear(struct tee_thread *thread)
{
	struct tee_mobj *mobj = thread->rpc_arg;

	if (!mobj)
		return;
	thread->rpc_arg = NULL;
	tee_mobj_orphan(mobj);
	free_cookie(thread, mobj->cookie);
	tee_mobj_put(mobj);
}

/* Where the thread has the messages of its RPCs, or NULL as yet. */
struct optee_msg_arg *tee_rpc_message(struct tee_thread *thread)
{
	if (thread->given)
		return thread->given;
	return thread->rpc_arg ? (void *)tee_mobj_at(thread->rpc_arg, 0) : NULL;
}

static struct optee_msg_arg *get_arg(struct tee_thread *thread)
{
	uint64_t cookie;
	uint64_t pa;

	if (tee_rpc_message(thread))
		return tee_rpc_message(thread);
	tee_rpc(thread, OPTEE_RPC_ALLOC, optee_msg_bytes(TEE_RPC_PARAMS));
	pa = sim_pair(thread->in.x[1], thread->in.x[2]);
	cookie = sim_pair(thread->in.x[4], thread->in.x[5]);
	if (!pa) {
		if (cookie)
			sim_die("I4: a cookie for no buffer");
		return NULL;
	}
	thread->rpc_arg = tee_mobj_new(thread->partition, TEE_MOBJ_RPC_ARG, &pa,
				       1, 0, cookie);
	return (void *)tee_mobj_at(thread->rpc_arg, 0);
}

static void set_param(struct optee_msg_param *to, const struct tee_param *from)
{
	to->attr = from->type;
	if (!(from->type & 4)) {
		to->u.value.a = from->a;
		to->u.value.b = from->b;
		to->u.value.c = from->c;
	} else if (from->mobj) {
		to->u.rmem.offs = from->offs;
		to->u.rmem.size = from->size;
		to->u.rmem.shm_ref = from->mobj->cookie;
	} else {
		to->attr = from->type - OPTEE_MSG_ATTR_RMEM_IN +
			   OPTEE_MSG_ATTR_TMEM_IN;
		to->u.tmem.size = from->size;
	}
}

static uint32_t get_results(const struct optee_msg_arg *arg, uint32_t count,
			    struct tee_param *params)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!(params[i].type & 2))
			continue;
		if (params[i].type & 4) {
			params[i].size = arg->params[i].u.rmem.size;
		} else {
			params[i].a = arg->params[i].u.value.a;
			params[i].b = arg->params[i].u.value.b;
			params[i].c = arg->params[i].u.value.c;
		}
	}
	return arg->ret;
}

/* As long as the longest message that is asked here. */
union tee_rpc_copy {
	struct optee_msg_arg arg;
	uint8_t bytes[sizeof(struct optee_msg_arg) +
		      TEE_RPC_PARAMS * sizeof(struct optee_msg_param)];
};

/* I4: an answer changes outputs and the result, and nothing else. */
static void check_reply(const struct optee_msg_arg *asked,
			const struct optee_msg_arg *arg)
{
	if (arg->cmd != asked->cmd || arg->func != asked->func ||
	    arg->session != asked->session ||
	    arg->cancel_id != asked->cancel_id ||
	    arg->num_params != asked->num_params)
		sim_die("I4: the answer to command %u changes the question",
			asked->cmd);
	for (uint32_t i = 0; i < asked->num_params; i++) {
		const struct optee_msg_param *was = &asked->params[i];
		struct optee_msg_param is = arg->params[i];

		if (asked->cmd == OPTEE_RPC_CMD_SHM_ALLOC &&
		    arg->ret == TEE_SUCCESS)
			continue;
		if (was->attr & 2 && was->attr & 12)
			is.u.tmem.size = was->u.tmem.size;
		else if (was->attr & 2)
			is.u.value = was->u.value;
		if (memcmp(&is, was, sizeof(is)))
			sim_die("I4: the answer to command %u changes parameter %u",
				asked->cmd, i);
	}
}

static struct optee_msg_arg *issue(struct tee_thread *thread, uint32_t cmd,
				   uint32_t count,
				   const struct tee_param *params)
{
	struct optee_msg_arg *arg = get_arg(thread);
	union tee_rpc_copy asked;

	if (!arg)
		return NULL;
	memset(arg, 0, optee_msg_bytes(count));
	arg->cmd = cmd;
	arg->num_params = count;
	arg->ret = TEE_ERROR_GENERIC;
	for (uint32_t i = 0; i < count; i++)
		set_param(&arg->params[i], &params[i]);
	if (count <= TEE_RPC_PARAMS)
		memcpy(asked.bytes, arg, optee_msg_bytes(count));
	/* What was given with the call has no name. */
	tee_rpc(thread, OPTEE_RPC_CMD,
		thread->given ? 0 : thread->rpc_arg->cookie);
	if (count <= TEE_RPC_PARAMS)
		check_reply(&asked.arg, arg);
	return arg;
}

uint32_t tee_rpc_cmd(struct tee_thread *thread, uint32_t cmd, uint32_t count,
		     struct tee_param *params)
{
	struct optee_msg_arg *arg = issue(thread, cmd, count, params);

	if (!arg)
		return TEE_ERROR_OUT_OF_MEMORY;
	return get_results(arg, count, params);
}

/* Shared memory of the guest's, or NULL. */
struct tee_mobj *tee_rpc_alloc(struct tee_thread *thread, uint64_t size)
{
	struct tee_param ask = { .type = OPTEE_MSG_ATTR_VALUE_IN,
				 .b = size,
				 .c = 8 };
	const struct optee_msg_param *param;
	struct optee_msg_arg *arg;

	arg = issue(thread, OPTEE_RPC_CMD_SHM_ALLOC, 1, &ask);
	if (!arg || arg->ret || arg->num_params != 1)
		return NULL;
	param = &arg->params[0];
	if (param->attr != (OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG))
		sim_die("I4: attribute 0x%llx answers SHM_ALLOC",
			(unsigned long long)param->attr);
	if (param->u.tmem.size < size)
		sim_die("I4: too small an answer to SHM_ALLOC");
	return tee_mobj_from_list(thread->partition, TEE_MOBJ_PAYLOAD,
				  param->u.tmem.buf_ptr, param->u.tmem.size,
				  param->u.tmem.shm_ref);
}

void tee_rpc_free(struct tee_thread *thread, struct tee_mobj *mobj)
{
	struct tee_param ask = { .type = OPTEE_MSG_ATTR_VALUE_IN };

	ask.b = mobj->cookie;
	tee_mobj_put(mobj);
	issue(thread, OPTEE_RPC_CMD_SHM_FREE, 1, &ask);
}
