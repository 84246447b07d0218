// SPDX-License-Identifier: BSD-2-Clause
/*
 * OP-TEE's threads and what it does with a call's message: sessions, shared
 * memory and parameters. A thread is a fiber, so that it can stop in an RPC
 * (tee_rpc.c) anywhere; a TA's commands are in tee_ta.c.
 */
#include "tee.h"

#include <string.h>

#include "guest.h"
#include "vcpu.h"

void tee_point(struct tee_thread *thread)
{
	sim_vcpu_point(SIM_OP_INSIDE_TEE);
	while (tee.interrupt && tee.interrupt(thread))
		tee_rpc_interrupt(thread);
}

static bool is_memref(uint32_t type)
{
	return type & 4 || type & 8;
}

static uint32_t set_temp(struct tee_thread *thread,
			 const struct optee_msg_param *from,
			 struct tee_param *to)
{
	const struct optee_msg_tmem *tmem = &from->u.tmem;

	if (!tmem->buf_ptr)
		return TEE_SUCCESS; /* a NULL memref */
	/* This build has no reserved shared memory. */
	if (!(from->attr & OPTEE_MSG_ATTR_NONCONTIG))
		return TEE_ERROR_BAD_PARAMETERS;
	to->mobj = tee_mobj_from_list(thread->partition, TEE_MOBJ_TEMP,
				      tmem->buf_ptr, tmem->size, tmem->shm_ref);
	to->size = tmem->size;
	return TEE_SUCCESS;
}

static uint32_t set_registered(struct tee_thread *thread,
			       const struct optee_msg_param *from,
			       struct tee_param *to)
{
	const struct optee_msg_rmem *rmem = &from->u.rmem;
	struct tee_mobj *mobj;

	mobj = tee_mobj_find(thread->partition, rmem->shm_ref);
	if (!mobj)
		return TEE_ERROR_BAD_PARAMETERS;
	if (mobj->kind != TEE_MOBJ_REGISTERED)
		sim_die("sim: rmem 0x%llx names a buffer of kind %u",
			(unsigned long long)rmem->shm_ref,
			(unsigned int)mobj->kind);
	if (rmem->offs + rmem->size < rmem->size ||
	    rmem->offs + rmem->size > mobj->size)
		return TEE_SECURITY;
	mobj->refs++;
	to->mobj = mobj;
	to->offs = rmem->offs;
	to->size = rmem->size;
	return TEE_SUCCESS;
}

static uint32_t param_in(struct tee_thread *thread,
			 const struct optee_msg_param *from,
			 struct tee_param *to)
{
	uint32_t type = (uint32_t)(from->attr & OPTEE_MSG_ATTR_TYPE_MASK);

	if (from->attr & ~(OPTEE_MSG_ATTR_TYPE_MASK | OPTEE_MSG_ATTR_META |
			   OPTEE_MSG_ATTR_NONCONTIG))
		sim_die("sim: attribute 0x%llx reached OP-TEE",
			(unsigned long long)from->attr);
	if (from->attr & OPTEE_MSG_ATTR_META)
		return TEE_ERROR_BAD_PARAMETERS;
	to->type = type;
	switch (type) {
	case OPTEE_MSG_ATTR_NONE:
		return TEE_SUCCESS;
	case OPTEE_MSG_ATTR_VALUE_IN:
	case OPTEE_MSG_ATTR_VALUE_OUT:
	case OPTEE_MSG_ATTR_VALUE_INOUT:
		to->a = from->u.value.a;
		to->b = from->u.value.b;
		return TEE_SUCCESS;
	case OPTEE_MSG_ATTR_TMEM_IN:
	case OPTEE_MSG_ATTR_TMEM_OUT:
	case OPTEE_MSG_ATTR_TMEM_INOUT:
		to->type =
			type - OPTEE_MSG_ATTR_TMEM_IN + OPTEE_MSG_ATTR_RMEM_IN;
		return set_temp(thread, from, to);
	case OPTEE_MSG_ATTR_RMEM_IN:
	case OPTEE_MSG_ATTR_RMEM_OUT:
	case OPTEE_MSG_ATTR_RMEM_INOUT:
		return set_registered(thread, from, to);
	default:
		to->type = OPTEE_MSG_ATTR_NONE;
		return TEE_ERROR_BAD_PARAMETERS;
	}
}

static void params_out(const struct tee_param *params, uint32_t count,
		       struct optee_msg_param *to)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!(params[i].type & 2))
			continue;
		if (is_memref(params[i].type)) {
			to[i].u.rmem.size = params[i].size;
		} else {
			to[i].u.value.a = params[i].a;
			to[i].u.value.b = params[i].b;
		}
	}
}

/* Runs a TA's command on the message's parameters from @skip on. */
static uint32_t with_params(struct tee_thread *thread,
			    struct optee_msg_arg *arg, uint32_t skip)
{
	struct tee_param params[TEE_PARAMS] = { 0 };
	uint32_t count = arg->num_params - skip;
	uint32_t ret = TEE_SUCCESS;

	if (count > TEE_PARAMS)
		return TEE_ERROR_BAD_PARAMETERS;
	for (uint32_t i = 0; i < count && !ret; i++) {
		tee_point(thread);
		ret = param_in(thread, &arg->params[skip + i], &params[i]);
	}
	tee_point(thread);
	if (!ret) {
		arg->ret_origin = TEE_ORIGIN_TRUSTED_APP;
		ret = tee.invoke ?
			      tee.invoke(thread, arg->func, params, count) :
			      tee_ta_invoke(thread, arg->func, params, count);
		params_out(params, count, &arg->params[skip]);
	}
	for (uint32_t i = 0; i < count; i++)
		tee_mobj_put(params[i].mobj);
	return ret;
}

static uint32_t open_session(struct tee_thread *thread,
			     struct optee_msg_arg *arg)
{
	const uint64_t meta = OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;
	struct tee_partition *partition = thread->partition;
	uint32_t ret;

	arg->session = 0;
	if (arg->num_params < 2 || arg->params[0].attr != meta ||
	    arg->params[1].attr != meta)
		return TEE_ERROR_BAD_PARAMETERS;
	arg->func = TEE_TA_TOUCH;
	ret = with_params(thread, arg, 2);
	if (ret)
		return ret;
	for (uint32_t n = 0; n < TEE_SESSIONS_MAX; n++) {
		uint32_t id = partition->session_last++ % TEE_SESSIONS_MAX;

		if (partition->sessions[id])
			continue;
		partition->sessions[id] = true;
		arg->session = id + 1;
		return TEE_SUCCESS;
	}
	return TEE_ERROR_OUT_OF_MEMORY;
}

static bool session_is_open(const struct tee_thread *thread, uint32_t id)
{
	return id && id <= TEE_SESSIONS_MAX &&
	       thread->partition->sessions[id - 1];
}

/*
 * What OP-TEE 4.5 to 4.10 has in its list of sessions before it has given it
 * to anybody, it may free under whoever guesses its number. So no number may
 * get here but those that it gave.
 */
static void session_check(const struct tee_thread *thread,
			  const struct optee_msg_arg *arg)
{
	if (!session_is_open(thread, arg->session))
		sim_die("sim: command %u in session %u, which nobody was given",
			arg->cmd, arg->session);
}

static uint32_t session_only(struct tee_thread *thread,
			     const struct optee_msg_arg *arg, bool close)
{
	session_check(thread, arg);
	if (arg->num_params)
		return TEE_ERROR_BAD_PARAMETERS;
	if (close)
		thread->partition->sessions[arg->session - 1] = false;
	return TEE_SUCCESS;
}

static uint32_t register_shm(struct tee_thread *thread,
			     const struct optee_msg_arg *arg)
{
	const struct optee_msg_tmem *tmem = &arg->params[0].u.tmem;
	bool of_mediator = tmem->shm_ref >> 32 == TEE_MEDIATORS_NAMES;

	if (arg->num_params != 1 ||
	    arg->params[0].attr !=
		    (OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG))
		return TEE_ERROR_BAD_PARAMETERS;
	if (of_mediator && sim.frame)
		sim.frame->learns++;
	if (tee.fail_register) {
		tee.fail_register--;
		return TEE_ERROR_OUT_OF_MEMORY;
	}
	/* Guests cannot have such names: check_shadow() finds out. */
	tee_mobj_from_list(thread->partition,
			   of_mediator ? TEE_MOBJ_SHADOW : TEE_MOBJ_REGISTERED,
			   tmem->buf_ptr, tmem->size, tmem->shm_ref);
	return TEE_SUCCESS;
}

/* Waits in the normal world for the buffer's last user, if there is one. */
static uint32_t unregister_shm(struct tee_thread *thread,
			       const struct optee_msg_arg *arg)
{
	struct tee_param wait = { .type = OPTEE_MSG_ATTR_VALUE_IN };
	struct tee_mobj *mobj;

	if (arg->num_params != 1)
		return TEE_ERROR_BAD_PARAMETERS;
	if (tee.fail_unregister) {
		tee.fail_unregister--;
		return TEE_ERROR_BUSY;
	}
	mobj = tee_mobj_find(thread->partition, arg->params[0].u.rmem.shm_ref);
	if (!mobj || mobj->kind != TEE_MOBJ_REGISTERED || mobj->releasing)
		return TEE_ERROR_BAD_PARAMETERS;
	mobj->releasing = true;
	while (mobj->refs > 1)
		tee_rpc_cmd(thread, OPTEE_RPC_CMD_NOTIFICATION, 1, &wait);
	tee_mobj_put(mobj);
	return TEE_SUCCESS;
}

/* What x0 says at the end of a call; the rest is in the message. */
uint32_t tee_entry(struct tee_thread *thread, struct optee_msg_arg *arg)
{
	if (arg->num_params > OPTEE_MSG_PARAMS_MAX)
		sim_die("sim: a message of %u parameters reached OP-TEE",
			arg->num_params);
	arg->ret_origin = TEE_ORIGIN_TEE;
	switch (arg->cmd) {
	case OPTEE_MSG_CMD_OPEN_SESSION:
		arg->ret = open_session(thread, arg);
		return OPTEE_RET_OK;
	case OPTEE_MSG_CMD_INVOKE_COMMAND:
		session_check(thread, arg);
		arg->ret = with_params(thread, arg, 0);
		return OPTEE_RET_OK;
	case OPTEE_MSG_CMD_CLOSE_SESSION:
	case OPTEE_MSG_CMD_CANCEL:
		arg->ret = session_only(
			thread, arg, arg->cmd == OPTEE_MSG_CMD_CLOSE_SESSION);
		return OPTEE_RET_OK;
	case OPTEE_MSG_CMD_REGISTER_SHM:
		arg->ret = register_shm(thread, arg);
		return OPTEE_RET_OK;
	case OPTEE_MSG_CMD_UNREGISTER_SHM:
		arg->ret = unregister_shm(thread, arg);
		return OPTEE_RET_OK;
	case OPTEE_MSG_CMD_DO_BOTTOM_HALF:
	case OPTEE_MSG_CMD_STOP_ASYNC_NOTIF:
		tee_notif_message(thread, arg);
		return OPTEE_RET_OK;
	default:
		sim_die("sim: command %u reached OP-TEE", arg->cmd);
	}
}

/*
 * The room for RPCs that came with the call. A buffer for them that the thread
 * has from an earlier call is given back: it has no use for two.
 */
static void take_given(struct tee_thread *thread, struct optee_msg_arg *arg)
{
	size_t at = optee_msg_bytes(arg->num_params);

	if ((uint32_t)thread->in.x[0] == OPTEE_SMC_CALL_WITH_ARG)
		return;
	if (arg->num_params > OPTEE_MSG_PARAMS_MAX ||
	    at + optee_msg_bytes(TEE_RPC_PARAMS) > TG_PAGE_BYTES)
		sim_die("I1: no room for RPCs behind %u parameters",
			arg->num_params);
	tee_rpc_cache_clear(thread);
	thread->given = (void *)tee_mobj_at(thread->arg, at);
}

static void thread_main(void *p)
{
	struct tee_thread *thread = p;
	uint64_t at = sim_pair(thread->in.x[1], thread->in.x[2]);
	struct optee_msg_arg *arg;

	if ((uint32_t)thread->in.x[0] == OPTEE_SMC_CALL_WITH_REGD_ARG)
		thread->arg = tee_mobj_shadow(thread->partition, at);
	else
		thread->arg = tee_mobj_new(thread->partition, TEE_MOBJ_ARG, &at,
					   1, 0, 0);
	/* An offset in REGD_ARG; zero else, check_inputs() has looked. */
	arg = (void *)tee_mobj_at(thread->arg, thread->in.x[3]);
	take_given(thread, arg);
	tee_point(thread);
	thread->out = (struct tg_regs){ .x = { tee_entry(thread, arg) } };
	tee_point(thread);
	thread->given = NULL;
	if (!thread->partition->cache)
		tee_rpc_cache_clear(thread);
	if (tee.scribble)
		tee.scribble(thread, arg);
	tee_mobj_put(thread->arg);
	thread->out.x[0] = OPTEE_RET_OK;
}

/* It is told of a page of the mediator's. */
static bool is_learning(const struct tee_thread *thread)
{
	const struct optee_msg_arg *arg;

	if (!thread->arg)
		return false;
	arg = (void *)tee_mobj_at(thread->arg, 0);
	return arg->cmd == OPTEE_MSG_CMD_REGISTER_SHM && arg->num_params == 1 &&
	       arg->params[0].u.tmem.shm_ref >> 32 == TEE_MEDIATORS_NAMES;
}

/* Lets the thread go on until it stops in an RPC or is done. */
static void thread_run(struct tee_thread *thread, struct tg_regs *regs)
{
	if (thread->state == TEE_THREAD_SUSPENDED && sim.frame)
		sim.frame->learns += is_learning(thread);
	thread->state = TEE_THREAD_ACTIVE;
	thread->entries++;
	sim_fiber_run(&thread->fiber);
	for (unsigned int i = 0; i < 4; i++)
		regs->x[i] = thread->out.x[i];
	if (!thread->fiber.done) {
		thread->state = TEE_THREAD_SUSPENDED;
		regs->x[3] = (uint64_t)(thread - thread->partition->threads);
		return;
	}
	sim_fiber_fini(&thread->fiber);
	thread->state = TEE_THREAD_FREE;
}

void tee_call_start(struct tee_partition *partition, struct tg_regs *regs)
{
	for (uint32_t i = 0; i < tee.threads; i++) {
		struct tee_thread *thread = &partition->threads[i];

		if (thread->state != TEE_THREAD_FREE)
			continue;
		thread->partition = partition;
		thread->in = *regs;
		sim_fiber_init(&thread->fiber, thread_main, thread);
		thread_run(thread, regs);
		return;
	}
	regs->x[0] = OPTEE_RET_ETHREAD_LIMIT;
}

/* Only what the RPC asked for may come with its answer (I4, I9). */
static void check_answer(const struct tee_thread *thread,
			 const struct tg_regs *regs)
{
	if (thread->rpc == OPTEE_RPC_ALLOC)
		return;
	for (unsigned int i = 1; i < 6; i++)
		if (i != 3 && regs->x[i])
			sim_die("I4: x%u = 0x%llx answers RPC 0x%x", i,
				(unsigned long long)regs->x[i], thread->rpc);
}

void tee_call_resume(struct tee_partition *partition, struct tg_regs *regs)
{
	uint64_t n = regs->x[3];
	struct tee_thread *thread;

	if (n >= tee.threads ||
	    partition->threads[n].state != TEE_THREAD_SUSPENDED)
		sim_die("I7: thread %llu of VM %u is not to be resumed",
			(unsigned long long)n, partition->id);
	thread = &partition->threads[n];
	check_answer(thread, regs);
	if (tee.disown && tee.disown(thread)) {
		regs->x[0] = OPTEE_RET_ERESUME;
		return;
	}
	thread->in = *regs;
	thread_run(thread, regs);
}

/* Some thread that waits for the normal world, or NULL. */
struct tee_thread *tee_thread_suspended(struct tee_partition *partition)
{
	for (uint32_t i = 0; i < tee.threads; i++)
		if (partition->threads[i].state == TEE_THREAD_SUSPENDED)
			return &partition->threads[i];
	return NULL;
}
