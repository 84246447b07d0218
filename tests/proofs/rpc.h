/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two harnesses of RPCs share: one call with an argument buffer, and
 * stubs of the cookie table and of page lists that count.
 */
#ifndef PROOF_RPC_H
#define PROOF_RPC_H

#include "proof.h"

/* An RPC's message, behind one of a call that has no parameters. */
static struct {
	struct optee_msg_arg call;
	struct {
		struct optee_msg_arg arg;
		struct optee_msg_param params[OPTEE_MSG_PARAMS_MAX];
	} rpc;
} page;

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
	PROVE(cookie.v == page.rpc.params[0].u.value.b, "another buffer");
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
			       bool noncontig, struct tg_ipa *ret_ipas)
{
	(void)v;
	(void)noncontig;
	PROVE(!ret_ipas, "noted for no use");
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
	__CPROVER_havoc_object(&page);
	list_page.pa = any_page_pa();
	buffer.kind = TG_SHM_RPC_ARG;
	buffer.shadow.va = &page.rpc;
	buffer.guest = tg_ipa(nondet_u64());
	buffer.guest_bytes = nondet_u32();
	/* issue_alloc() asked for no less and no more. */
	ASSUME(buffer.guest_bytes >= sizeof(struct optee_msg_arg) &&
	       buffer.guest_bytes <= TG_PAGE_BYTES);
	/* As tg_msg_fetch() leaves them: msg_fetch_proof.c. */
	call.shadow.va = &page;
	call.rpc_bytes = nondet_bool() ? nondet_u32() : 0;
	ASSUME(call.rpc_bytes <= sizeof(page.rpc));
	call.arg.ipa = tg_ipa(nondet_u64());
	call.arg.offset = nondet_u64();
	call.thread = nondet_u32();
	call.slot = nondet_u32();
	ASSUME(call.slot < TG_CALLS_MAX);
	call.temp_count = nondet_u32();
	ASSUME(call.temp_count <= TG_CALL_MEMREFS_MAX);
}

/* What is copied is the RPC's message, in the one place that it has. */
static inline void prove_place(const struct tg_place *place, uint64_t at,
			       size_t bytes)
{
	if (call.rpc_bytes) {
		PROVE(place->ipa.v == call.arg.ipa.v &&
			      place->offset == call.arg.offset &&
			      at == sizeof(page.call),
		      "not behind the call's message");
		PROVE(bytes <= call.rpc_bytes, "past the end of the room");
	} else {
		PROVE(place->ipa.v == buffer.guest.v && !place->shm &&
			      !place->offset && !at &&
			      bytes <= buffer.guest_bytes,
		      "outside of the guest's buffer");
	}
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
