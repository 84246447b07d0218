/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two harnesses of RPCs share: one call with an argument buffer, and
 * stubs of the cookie table and of page lists that count.
 */
#ifndef PROOF_RPC_H
#define PROOF_RPC_H

#include "proof.h"

static struct {
	struct optee_msg_arg arg;
	struct optee_msg_param params[OPTEE_MSG_PARAMS_MAX];
} shadow;

static struct tg_vm vm;
static struct tg_call call;
static struct tg_shm buffer, spare, freed;
static struct tg_page list_page;
static unsigned int holds, spares, inserted, live, forgotten;

struct tg_shm *tg_shm_hold(struct tg_vm *v, struct tg_cookie cookie,
			   enum tg_shm_kind kind)
{
	(void)v;
	(void)cookie;
	PROVE(kind == TG_SHM_RPC_ARG, "I1: a buffer of another kind");
	if (nondet_bool())
		return NULL;
	holds++;
	return &buffer;
}

void tg_shm_drop(struct tg_vm *v, struct tg_shm *shm)
{
	(void)v;
	PROVE(shm == &buffer && holds, "dropped without being held");
	holds--;
}

struct tg_shm *tg_shm_create(struct tg_vm *v, enum tg_shm_kind kind,
			     enum tg_status *ret_why)
{
	(void)v;
	PROVE(!spares, "a second spare");
	*ret_why = TG_OK;
	if (nondet_bool()) {
		*ret_why = any_error();
		return NULL;
	}
	spares++;
	spare = (struct tg_shm){ .kind = kind };
	spare.shadow.pa = any_page_pa();
	return &spare;
}

void tg_shm_destroy(struct tg_vm *v, struct tg_shm *shm)
{
	(void)v;
	PROVE(shm == &spare && spares && !inserted, "destroyed in use");
	spares--;
}

enum tg_status tg_shm_insert(struct tg_vm *v, struct tg_shm *shm)
{
	(void)v;
	PROVE(shm == &spare && spares, "not a buffer");
	PROVE(shm->kind == TG_SHM_RPC_ARG || shm->list.count,
	      "I1: a name for what is not pinned");
	if (nondet_bool())
		return TG_GUEST_BAD_PARAM;
	inserted++;
	spares--;
	return TG_OK;
}

void tg_shm_make_live(struct tg_vm *v, struct tg_shm *shm)
{
	(void)v;
	PROVE(shm == &spare && inserted, "live without a name");
	live++;
}

struct tg_shm *tg_shm_detach(struct tg_vm *v, struct tg_cookie cookie,
			     enum tg_shm_kind kind)
{
	(void)v;
	(void)cookie;
	PROVE(kind == TG_SHM_RPC_ARG, "I1: a buffer of another kind");
	forgotten++;
	return nondet_bool() ? &freed : NULL;
}

void tg_shm_forget_cookie(struct tg_vm *v, struct tg_cookie cookie,
			  enum tg_shm_kind kind)
{
	(void)v;
	PROVE(kind == TG_SHM_RPC_PAYLOAD, "I1: a buffer of another kind");
	PROVE(cookie.v == shadow.params[0].u.value.b, "another buffer");
	forgotten++;
}

bool tg_pagelist_fits(struct tg_vm *v, uint64_t bytes)
{
	(void)v;
	(void)bytes;
	return nondet_bool();
}

enum tg_status tg_pagelist_pin(struct tg_vm *v, struct tg_pagelist *list,
			       const struct optee_msg_tmem *tmem,
			       bool noncontig)
{
	(void)v;
	(void)noncontig;
	*list = (struct tg_pagelist){ 0 };
	if (nondet_bool())
		return any_error();
	list->lists = &list_page;
	list->offset = (uint32_t)(tmem->buf_ptr & TG_PAGE_MASK);
	list->count = 1;
	return TG_OK;
}

enum tg_status tg_policy_rpc(const struct tg_vm *v, uint32_t cmd)
{
	(void)v;
	(void)cmd;
	return nondet_bool() ? TG_OK : any_error();
}

uint32_t tg_status_to_tee(enum tg_status status)
{
	PROVE(status > TG_OK && status < TG_STATUS_COUNT, "no error");
	return TEE_ERROR_GENERIC;
}

/* A call of which OP-TEE may have written anything. */
static inline void proof_rpc_init(void)
{
	__CPROVER_havoc_object(&shadow);
	list_page.pa = any_page_pa();
	buffer.kind = TG_SHM_RPC_ARG;
	buffer.shadow.va = &shadow;
	buffer.guest = tg_ipa(nondet_u64());
	buffer.guest_bytes = nondet_u32();
	/* issue_alloc() asked for no less and no more. */
	ASSUME(buffer.guest_bytes >= sizeof(struct optee_msg_arg) &&
	       buffer.guest_bytes <= TG_PAGE_BYTES);
	call.thread = nondet_u32();
	call.slot = nondet_u32();
	ASSUME(call.slot < TG_CALLS_MAX);
	call.temp_count = nondet_u32();
	ASSUME(call.temp_count <= TG_CALL_MEMREFS_MAX);
}

/* What OP-TEE gets of it is a resume of that thread, and nothing undefined. */
static inline void prove_resume(void)
{
	const uint64_t *x = call.resume.x;

	PROVE(x[0] == OPTEE_SMC_RETURN_FROM_RPC, "I9: another function");
	PROVE(x[3] == call.thread, "I7: another thread");
	PROVE(x[6] == 0 && x[7] == 0, "I9: registers of a guest");
	if (x[1] || x[2])
		PROVE(tg_pair(x[1], x[2]) == spare.shadow.pa.v && live == 1,
		      "I1: an address that is no shadow page");
	else
		PROVE(x[4] == 0 && x[5] == 0, "I9: registers of a guest");
}

#endif
