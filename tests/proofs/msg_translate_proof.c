// SPDX-License-Identifier: BSD-2-Clause
/*
 * Translating a message with any content, up to as many parameters as the
 * small core's page has: whatever OP-TEE is shown as an address was pinned for
 * this call, whatever it is shown as a name is held (I1), and on an error
 * nothing is kept but what the call has on record. Page lists and the cookie
 * table are stood for by what their own harnesses prove.
 */
#include "proof.h"

#include "msg.c"

static struct {
	struct optee_msg_arg arg;
	struct optee_msg_param params[OPTEE_MSG_PARAMS_MAX];
} shadow;

static struct tg_call call;
static struct tg_page list_page;
static struct tg_shm shm;
static unsigned int pins, held, created, claimed, inserted;
static uint64_t held_name;

enum tg_status tg_pagelist_pin(struct tg_vm *vm, struct tg_pagelist *list,
			       const struct optee_msg_tmem *tmem,
			       bool noncontig, struct tg_ipa *ret_ipas)
{
	(void)vm;
	(void)noncontig;
	PROVE(!ret_ipas || ret_ipas == shm.pages, "noted for another buffer");
	*list = (struct tg_pagelist){ 0 };
	if (nondet_bool())
		return any_error();
	list->lists = &list_page;
	list->offset = (uint32_t)(tmem->buf_ptr & TG_PAGE_MASK);
	list->count = nondet_u64();
	ASSUME(list->count);
	pins++;
	return TG_OK;
}

/* Any name but the mediator's own may be a buffer's. */
static bool is_name(uint64_t v)
{
	return v && (v & TG_TEMP_COOKIE_MASK) != TG_TEMP_COOKIE_BASE;
}

struct tg_shm *tg_shm_hold(struct tg_vm *vm, struct tg_cookie cookie,
			   enum tg_shm_kind kind)
{
	(void)vm;
	PROVE(kind == TG_SHM_REGISTERED, "I1: a buffer of another kind");
	if (!is_name(cookie.v) || nondet_bool())
		return NULL;
	held++;
	held_name = cookie.v;
	return &shm;
}

struct tg_shm *tg_shm_claim(struct tg_vm *vm, struct tg_cookie cookie,
			    enum tg_shm_kind kind, enum tg_status *ret_why)
{
	(void)vm;
	PROVE(kind == TG_SHM_REGISTERED, "I1: a buffer of another kind");
	*ret_why = TG_OK;
	if (!is_name(cookie.v) || nondet_bool()) {
		*ret_why = any_error();
		return NULL;
	}
	claimed++;
	held_name = cookie.v;
	return &shm;
}

struct tg_shm *tg_shm_create(struct tg_vm *vm, enum tg_shm_kind kind,
			     enum tg_status *ret_why)
{
	(void)vm;
	PROVE(kind == TG_SHM_REGISTERED, "a buffer of another kind");
	*ret_why = TG_OK;
	if (nondet_bool()) {
		*ret_why = any_error();
		return NULL;
	}
	created++;
	shm = (struct tg_shm){ .kind = kind };
	return &shm;
}

void tg_shm_destroy(struct tg_vm *vm, struct tg_shm *victim)
{
	(void)vm;
	PROVE(victim == &shm && created, "destroyed twice");
	PROVE(!inserted, "destroyed while it has a name");
	if (shm.list.count)
		pins--;
	created--;
}

enum tg_status tg_shm_insert(struct tg_vm *vm, struct tg_shm *entry)
{
	(void)vm;
	PROVE(entry->list.count, "I1: a name for what is not pinned");
	if (!is_name(entry->cookie.v) || nondet_bool())
		return TG_GUEST_BAD_PARAM;
	inserted++;
	return TG_OK;
}

enum tg_status tg_policy_session(const struct tg_vm *vm,
				 const struct optee_msg_param *destination)
{
	(void)vm;
	(void)destination;
	return nondet_bool() ? TG_OK : any_error();
}

static struct tg_session session;
static unsigned int sessions;

struct tg_session *tg_session_reserve(struct tg_vm *vm)
{
	(void)vm;
	PROVE(call.cmd == OPTEE_MSG_CMD_OPEN_SESSION, "another command");
	if (nondet_bool())
		return NULL;
	sessions++;
	return &session;
}

struct tg_session *tg_session_hold(struct tg_vm *vm, uint32_t id)
{
	(void)vm;
	PROVE(id == shadow.arg.session, "another session is held");
	if (nondet_bool())
		return NULL;
	sessions++;
	return &session;
}

enum tg_status tg_session_claim(struct tg_vm *vm, uint32_t id,
				struct tg_session **ret_session)
{
	(void)vm;
	PROVE(id == shadow.arg.session, "another session is closed");
	if (nondet_bool())
		return any_error();
	sessions++;
	*ret_session = &session;
	return TG_OK;
}

static unsigned int stops;

bool tg_notif_is_offered(const struct tg_vm *vm)
{
	(void)vm;
	return nondet_bool();
}

void tg_notif_stop(struct tg_vm *vm)
{
	(void)vm;
	PROVE(call.cmd == OPTEE_MSG_CMD_STOP_ASYNC_NOTIF, "another command");
	stops++;
}

/* I7: OP-TEE hears of no session that the guest does not have. */
static void prove_session(void)
{
	PROVE((call.session != NULL) == (call.cmd <= OPTEE_MSG_CMD_CANCEL),
	      "a session's command without a session");
}

/* A call with parameters, as OP-TEE will read parameter @i. */
static void prove_param(uint32_t i, const struct optee_msg_param *before)
{
	const struct optee_msg_param *param = &shadow.params[i];
	uint32_t type = (uint32_t)(param->attr & OPTEE_MSG_ATTR_TYPE_MASK);
	uint64_t flags = param->attr & ~OPTEE_MSG_ATTR_TYPE_MASK;

	PROVE(type == (before->attr & OPTEE_MSG_ATTR_TYPE_MASK), "the type");
	PROVE(call.types[i] == type, "I4: another type is noted");
	if (tg_attr_is_tmem(type) && !param->u.tmem.buf_ptr) {
		PROVE(!flags && !param->u.tmem.shm_ref, "a buffer of nothing");
	} else if (tg_attr_is_tmem(type)) {
		uint64_t n = param->u.tmem.shm_ref - tg_temp_cookie(&call, 0);

		PROVE(param->u.tmem.buf_ptr & PA_MARK, "I1: a guest's address");
		PROVE(flags == OPTEE_MSG_ATTR_NONCONTIG, "taken as contiguous");
		PROVE(n < call.temp_count, "I1: not a name of this call's");
		PROVE(call.temps[n].guest_ref == before->u.tmem.shm_ref,
		      "the guest's own name is lost");
		PROVE(param->u.tmem.size == before->u.tmem.size, "the size");
	} else if (tg_attr_is_rmem(type)) {
		PROVE(!flags && call.ref_count, "I1: a name that is not held");
	} else {
		PROVE(!(flags & ~OPTEE_MSG_ATTR_META), "unknown flags");
		PROVE(type <= OPTEE_MSG_ATTR_VALUE_INOUT, "an unknown type");
	}
}

static void prove_registration(void)
{
	const struct optee_msg_param *param = shadow.params;

	PROVE(call.num_params == 1, "not one parameter");
	PROVE(call.subject == &shm, "no record of it");
	if (call.cmd == OPTEE_MSG_CMD_UNREGISTER_SHM) {
		PROVE(claimed == 1 && param->attr == OPTEE_MSG_ATTR_RMEM_IN &&
			      param->u.rmem.shm_ref == held_name,
		      "I1: a buffer that calls may still name");
		return;
	}
	PROVE(param->u.tmem.buf_ptr & PA_MARK, "I1: an address of a guest");
	PROVE(param->attr ==
		      (OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG),
	      "taken for something else");
	PROVE(inserted == 1 && param->u.tmem.shm_ref == shm.cookie.v,
	      "I1: a name that is not in the table");
}

int main(void)
{
	struct tg_vm vm = { 0 };
	struct optee_msg_param before;
	uint32_t i = nondet_u32();
	enum tg_status status;

	list_page.pa = any_page_pa();
	call.shadow.va = &shadow;
	call.slot = nondet_u32();
	call.cmd = nondet_u32();
	call.num_params = nondet_u32();
	__CPROVER_havoc_object(&shadow);
	ASSUME(call.slot < TG_CALLS_MAX);
	ASSUME(call.num_params <= OPTEE_MSG_PARAMS_MAX);
	ASSUME(i < OPTEE_MSG_PARAMS_MAX);
	before = shadow.params[i];
	status = tg_msg_translate(&vm, &call);
	if (status == TG_OK) {
		if (call.cmd == OPTEE_MSG_CMD_REGISTER_SHM ||
		    call.cmd == OPTEE_MSG_CMD_UNREGISTER_SHM)
			prove_registration();
		else if (i < call.num_params)
			prove_param(i, &before);
		prove_session();
		PROVE(call.cmd <= OPTEE_MSG_CMD_STOP_ASYNC_NOTIF,
		      "the command");
		if (call.cmd > OPTEE_MSG_CMD_UNREGISTER_SHM)
			PROVE(!call.num_params, "I1: parameters of none");
	}
	/* Everything that was taken is on record, so that it can be let go. */
	PROVE(call.temp_count <= TG_CALL_MEMREFS_MAX, "too many memrefs");
	/* CBMC lets an index run past one array of a struct into the next. */
	PROVE(call.ref_count <= TG_CALL_MEMREFS_MAX, "too many names");
	PROVE(pins == call.temp_count + created, "pins without a record");
	PROVE(held == call.ref_count, "I1: held without a record");
	PROVE(sessions == !!call.session, "a session without record");
	PROVE(created + claimed == !!call.subject, "a subject without record");
	PROVE(!stops || status == TG_OK, "stopped by a refused message");
	return 0;
}
