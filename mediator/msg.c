// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The message of a yielding call: fetched once into a shadow page, its
 * parameters translated there for OP-TEE, its results taken back to the guest.
 * Messages of RPCs are rpc.c's; when and whether a message goes to OP-TEE is
 * call.c's.
 *
 * OP-TEE works on the shadow only. What comes back to the guest is the result
 * and those parameters that the guest itself declared as outputs, and of a
 * memref its size alone: no address can slip through (I2).
 */
#include "core.h"

#define ATTR_KNOWN                                        \
	(OPTEE_MSG_ATTR_TYPE_MASK | OPTEE_MSG_ATTR_META | \
	 OPTEE_MSG_ATTR_NONCONTIG | OPTEE_MSG_ATTR_CACHE_MASK)

static struct optee_msg_arg *shadow_msg(struct tg_call *call)
{
	return call->shadow.va;
}

/* As many as fit the shadow page together with the room for RPCs. */
static uint32_t params_max(const struct tg_call *call)
{
	uint32_t bytes = TG_PAGE_BYTES -
			 (uint32_t)sizeof(struct optee_msg_arg) -
			 call->rpc_bytes;

	return bytes / (uint32_t)sizeof(struct optee_msg_param);
}

/* Fetched with the header, whatever it says: an invocation's parameters. */
#define FETCH_PARAMS 4u

/*
 * How much to fetch first: the header, and what of those parameters is in the
 * same page, and so is there if the header is.
 */
static size_t fetch_first(const struct tg_call *call)
{
	size_t room = tg_place_page_room(&call->arg);
	size_t bytes = optee_msg_bytes(FETCH_PARAMS);

	if (room < bytes)
		bytes = room;
	return bytes < sizeof(struct optee_msg_arg) ?
		       sizeof(struct optee_msg_arg) :
		       bytes;
}

/*
 * Fetches the guest's message at call->arg: the header, and as many parameters
 * as it says, no byte twice (I3). The room for RPCs behind it need not be
 * fetched, since OP-TEE writes there before it reads; but it has to be there,
 * and in the same shadow page.
 */
enum tg_status tg_msg_fetch(struct tg_vm *vm, struct tg_call *call)
{
	struct optee_msg_arg *msg = shadow_msg(call);
	size_t first = fetch_first(call);
	enum tg_status status;
	uint64_t bytes;

	if (!tg_place_is_aligned(&call->arg) ||
	    !tg_place_has(&call->arg, first))
		return TG_GUEST_BAD_ADDRESS;
	status = tg_place_copy_in(vm, &call->arg, 0, msg, first);
	if (status != TG_OK)
		return status;
	if (msg->num_params > params_max(call))
		return TG_GUEST_BAD_COMMAND;
	call->cmd = msg->cmd;
	call->num_params = msg->num_params;
	bytes = optee_msg_bytes(call->num_params) + call->rpc_bytes;
	if (!tg_place_has(&call->arg, bytes))
		return TG_GUEST_BAD_ADDRESS;
	bytes = optee_msg_bytes(call->num_params);
	if (bytes <= first)
		return TG_OK;
	return tg_place_copy_in(vm, &call->arg, first, (uint8_t *)msg + first,
				bytes - first);
}

/*
 * A buffer that the guest registered. The name is held for the whole call, so
 * that it cannot come to mean something else before OP-TEE looks it up.
 * Whether offset and size fit the buffer OP-TEE checks itself.
 */
static enum tg_status translate_rmem(struct tg_vm *vm, struct tg_call *call,
				     const struct optee_msg_rmem *rmem)
{
	struct tg_shm *shm;

	if (call->ref_count >= TG_CALL_MEMREFS_MAX)
		return TG_GUEST_BAD_PARAM;
	shm = tg_shm_hold(vm, tg_cookie(rmem->shm_ref), TG_SHM_REGISTERED);
	if (!shm)
		return TG_GUEST_BAD_PARAM;
	call->refs[call->ref_count++] = shm;
	return TG_OK;
}

/* OP-TEE takes an address of 0 for the absence of a buffer. */
static void set_null(struct optee_msg_param *param, uint64_t size)
{
	param->u.tmem = (struct optee_msg_tmem){ .size = size };
}

static enum tg_status translate_tmem(struct tg_vm *vm, struct tg_call *call,
				     struct optee_msg_param *param,
				     bool noncontig)
{
	struct optee_msg_tmem *tmem = &param->u.tmem;
	struct tg_temp *temp;
	enum tg_status status;

	/* RAM may be at IPA 0, but then the buffer has a name. */
	if (!noncontig && !tmem->buf_ptr && !tmem->shm_ref) {
		set_null(param, tmem->size);
		return TG_OK;
	}
	if (!noncontig && !tmem->size) {
		set_null(param, 0);
		return TG_OK;
	}
	if (call->temp_count >= TG_CALL_MEMREFS_MAX)
		return TG_GUEST_BAD_PARAM;
	temp = &call->temps[call->temp_count];
	status = tg_pagelist_pin(vm, &temp->list, tmem, noncontig, NULL);
	if (status != TG_OK)
		return status;
	temp->guest_ref = tmem->shm_ref;
	tmem->buf_ptr = tg_pagelist_address(&temp->list);
	tmem->shm_ref = tg_temp_cookie(call, call->temp_count);
	param->attr |= OPTEE_MSG_ATTR_NONCONTIG;
	call->temp_count++;
	return TG_OK;
}

/* No memory and no flag, as most parameters: nothing is to be translated. */
static bool is_plain(uint64_t attr)
{
	return attr <= OPTEE_MSG_ATTR_VALUE_INOUT;
}

/* Translates one parameter in the shadow and notes its type (I4). */
static enum tg_status translate_param(struct tg_vm *vm, struct tg_call *call,
				      uint32_t i)
{
	struct optee_msg_param *param = &shadow_msg(call)->params[i];
	uint32_t type = (uint32_t)(param->attr & OPTEE_MSG_ATTR_TYPE_MASK);
	bool noncontig = param->attr & OPTEE_MSG_ATTR_NONCONTIG;
	uint64_t meta = param->attr & OPTEE_MSG_ATTR_META;

	if (is_plain(param->attr)) {
		call->types[i] = (uint8_t)type;
		if (type == OPTEE_MSG_ATTR_NONE)
			param->u.value = (struct optee_msg_value){ 0 };
		return TG_OK;
	}
	if (param->attr & ~ATTR_KNOWN)
		return TG_GUEST_BAD_PARAM;
	if ((meta && !tg_attr_is_value(type)) ||
	    (noncontig && !tg_attr_is_tmem(type)))
		return TG_GUEST_BAD_PARAM;
	call->types[i] = (uint8_t)type;
	param->attr = type | meta;
	if (tg_attr_is_value(type))
		return TG_OK;
	if (tg_attr_is_rmem(type))
		return translate_rmem(vm, call, &param->u.rmem);
	if (tg_attr_is_tmem(type))
		return translate_tmem(vm, call, param, noncontig);
	if (type != OPTEE_MSG_ATTR_NONE)
		return TG_GUEST_BAD_PARAM;
	param->u.value = (struct optee_msg_value){ 0 };
	return TG_OK;
}

static enum tg_status translate_params(struct tg_vm *vm, struct tg_call *call)
{
	for (uint32_t i = 0; i < call->num_params; i++) {
		enum tg_status status = translate_param(vm, call, i);

		if (status != TG_OK)
			return status;
	}
	return TG_OK;
}

/* I3: policy looks at what OP-TEE will get, not at the guest's memory. */
static enum tg_status translate_open(struct tg_vm *vm, struct tg_call *call)
{
	enum tg_status status = translate_params(vm, call);

	if (status == TG_OK && call->num_params)
		status = tg_policy_session(vm, shadow_msg(call)->params);
	if (status != TG_OK)
		return status;
	call->session = tg_session_reserve(vm);
	return call->session ? TG_OK : TG_HOST_SESSION_LIMIT;
}

/* INVOKE_COMMAND and CANCEL: of a session that this guest has. */
static enum tg_status translate_use(struct tg_vm *vm, struct tg_call *call)
{
	call->session = tg_session_hold(vm, shadow_msg(call)->session);
	return call->session ? translate_params(vm, call) : TG_GUEST_BAD_PARAM;
}

static enum tg_status translate_close(struct tg_vm *vm, struct tg_call *call)
{
	enum tg_status status = translate_params(vm, call);

	return status == TG_OK ? tg_session_claim(vm, shadow_msg(call)->session,
						  &call->session) :
				 status;
}

/*
 * REGISTER_SHM: the pages are pinned and the cookie is taken before OP-TEE
 * hears of either. The guest may give a list or a contiguous range; OP-TEE
 * gets a list.
 */
static enum tg_status translate_register(struct tg_vm *vm, struct tg_call *call)
{
	struct optee_msg_param *param = shadow_msg(call)->params;
	enum tg_status status;
	struct tg_shm *shm;

	if (call->num_params != 1 || (param->attr & ~ATTR_KNOWN) ||
	    (param->attr & OPTEE_MSG_ATTR_META) ||
	    !tg_attr_is_tmem(param->attr & OPTEE_MSG_ATTR_TYPE_MASK))
		return TG_GUEST_BAD_PARAM;
	shm = tg_shm_create(vm, TG_SHM_REGISTERED, &status);
	if (!shm)
		return status;
	shm->cookie = tg_cookie(param->u.tmem.shm_ref);
	status = tg_pagelist_pin(vm, &shm->list, &param->u.tmem,
				 param->attr & OPTEE_MSG_ATTR_NONCONTIG,
				 shm->pages);
	if (status == TG_OK)
		status = tg_shm_insert(vm, shm);
	if (status != TG_OK) {
		tg_shm_destroy(vm, shm);
		return status;
	}
	call->subject = shm;
	call->types[0] = OPTEE_MSG_ATTR_NONE;
	param->attr = OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG;
	param->u.tmem.buf_ptr = tg_pagelist_address(&shm->list);
	return TG_OK;
}

/* UNREGISTER_SHM: from here on no call can name the buffer. */
static enum tg_status translate_unregister(struct tg_vm *vm,
					   struct tg_call *call)
{
	struct optee_msg_param *param = shadow_msg(call)->params;
	enum tg_status why;

	if (call->num_params != 1 || !tg_attr_is_rmem((uint32_t)param->attr) ||
	    (param->attr & ~OPTEE_MSG_ATTR_TYPE_MASK))
		return TG_GUEST_BAD_PARAM;
	call->subject = tg_shm_claim(vm, tg_cookie(param->u.rmem.shm_ref),
				     TG_SHM_REGISTERED, &why);
	if (!call->subject)
		return why;
	call->types[0] = OPTEE_MSG_ATTR_NONE;
	param->attr = OPTEE_MSG_ATTR_RMEM_IN;
	return TG_OK;
}

/* About asynchronous notifications; neither has a parameter (I1). */
static enum tg_status translate_notif(struct tg_vm *vm, struct tg_call *call)
{
	if (!tg_notif_is_offered(vm))
		return TG_GUEST_BAD_COMMAND;
	if (call->num_params)
		return TG_GUEST_BAD_PARAM;
	if (call->cmd == OPTEE_MSG_CMD_STOP_ASYNC_NOTIF)
		tg_notif_stop(vm);
	return TG_OK;
}

/*
 * Makes the shadow fit for OP-TEE. TG_GUEST_BAD_COMMAND for a command that
 * guests have no use of; any other error belongs into the message. What was
 * pinned or held so far is the call's, also on error.
 */
enum tg_status tg_msg_translate(struct tg_vm *vm, struct tg_call *call)
{
	shadow_msg(call)->pad = 0;
	switch (call->cmd) {
	case OPTEE_MSG_CMD_OPEN_SESSION:
		return translate_open(vm, call);
	case OPTEE_MSG_CMD_INVOKE_COMMAND:
	case OPTEE_MSG_CMD_CANCEL:
		return translate_use(vm, call);
	case OPTEE_MSG_CMD_CLOSE_SESSION:
		return translate_close(vm, call);
	case OPTEE_MSG_CMD_REGISTER_SHM:
		return translate_register(vm, call);
	case OPTEE_MSG_CMD_UNREGISTER_SHM:
		return translate_unregister(vm, call);
	case OPTEE_MSG_CMD_DO_BOTTOM_HALF:
	case OPTEE_MSG_CMD_STOP_ASYNC_NOTIF:
		return translate_notif(vm, call);
	default:
		/* Protected memory. */
		return TG_GUEST_BAD_COMMAND;
	}
}

/* What a message ends with: the two words of the outcome. */
#define RESULT_BYTES 8u

_Static_assert(offsetof(struct optee_msg_arg, ret_origin) ==
		       offsetof(struct optee_msg_arg, ret) + RESULT_BYTES / 2,
	       "the outcome is in one piece");

/* Answers a message that OP-TEE never saw. */
enum tg_status tg_msg_refuse(struct tg_vm *vm, struct tg_call *call,
			     enum tg_status why)
{
	const uint32_t result[] = { tg_status_to_tee(why), TEE_ORIGIN_COMMS };

	tg_count(&vm->stats.refused[why]);
	tg_port_trace(vm->guest, vm->id, TG_TRACE_REFUSED, why, call->cmd);
	return tg_place_copy_out(vm, &call->arg,
				 offsetof(struct optee_msg_arg, ret), result,
				 RESULT_BYTES);
}

/* Has what stands at @src in the shadow take its place in the guest's message. */
static enum tg_status put(struct tg_vm *vm, struct tg_call *call,
			  const void *src, size_t bytes)
{
	uint64_t at = (uint64_t)((const uint8_t *)src -
				 (const uint8_t *)call->shadow.va);

	return tg_outbox_put(vm, &call->outbox, &call->arg, at, src, bytes);
}

static enum tg_status return_param(struct tg_vm *vm, struct tg_call *call,
				   uint32_t i)
{
	const struct optee_msg_param *param = &shadow_msg(call)->params[i];

	if (tg_attr_is_value(call->types[i]))
		return put(vm, call, &param->u.value, sizeof(param->u.value));
	return put(vm, call, &param->u.tmem.size, sizeof(param->u.tmem.size));
}

/* Takes OP-TEE's results to the guest, the outcome last. */
enum tg_status tg_msg_return(struct tg_vm *vm, struct tg_call *call)
{
	const struct optee_msg_arg *msg = shadow_msg(call);
	enum tg_status status = TG_OK;

	for (uint32_t i = 0; i < call->num_params && status == TG_OK; i++)
		if (tg_attr_is_out(call->types[i]))
			status = return_param(vm, call, i);
	if (status == TG_OK && call->cmd == OPTEE_MSG_CMD_OPEN_SESSION)
		status = put(vm, call, &msg->session, sizeof(msg->session));
	if (status == TG_OK)
		status = put(vm, call, &msg->ret, RESULT_BYTES);
	return status == TG_OK ? tg_outbox_send(vm, &call->outbox) : status;
}
