// SPDX-License-Identifier: BSD-2-Clause
/*
 * The cookie table: one operation, any, on any table of up to two buffers that
 * is as the table should be, leaves it so. Then it is so after any number of
 * operations. As it should be: no name stands for two buffers (I1), a buffer
 * that calls hold is there and has its pins unless OP-TEE let go of it, pins go
 * exactly once, the quotas count what there is (I8), nothing is used after it
 * was freed.
 *
 * A table of one bucket: then every pair of cookies collides, and the hash,
 * which is a multiplication, is nothing to prove.
 */
#include "proof.h"

#include "cookie.c"

#define BUFFERS 3 /* two in the table, one more to make */

static struct tg_vm vm;
static struct tg_shm *bucket_memory;
/* One object each: a prover is quicker with these than with an array. */
static struct tg_shm first, second, third;
static bool taken[BUFFERS]; /* not freed yet */
static bool pinned[BUFFERS];

static uint32_t held[BUFFERS]; /* by calls */
static uint32_t messages[BUFFERS]; /* that lie there */

static unsigned int index_of(const struct tg_shm *shm)
{
	if (shm == &first)
		return 0;
	return shm == &second ? 1 : 2;
}

static struct tg_shm *buffer_at(unsigned int i)
{
	if (i == 0)
		return &first;
	return i == 1 ? &second : &third;
}

/* Stands for bucket(). */
struct tg_shm **proof_bucket(struct tg_vm *v, struct tg_cookie cookie)
{
	(void)v;
	(void)cookie;
	return &bucket_memory;
}

void *tg_port_alloc(size_t bytes)
{
	PROVE(bytes == sizeof(struct tg_shm), "another size");
	if (nondet_bool())
		return NULL;
	for (unsigned int i = 0; i < BUFFERS; i++) {
		if (taken[i])
			continue;
		taken[i] = true;
		*buffer_at(i) = (struct tg_shm){ 0 };
		return buffer_at(i);
	}
	return NULL;
}

void tg_port_free(void *p)
{
	unsigned int i = index_of(p);

	PROVE(taken[i], "freed twice");
	PROVE(!held[i], "I1: freed while a call holds it");
	PROVE(!messages[i], "I12: freed while a message lies in it");
	PROVE(!pinned[i], "freed with its pins");
	taken[i] = false;
}

bool tg_port_page_alloc(struct tg_page *ret_page)
{
	ret_page->va = NULL;
	ret_page->pa = any_page_pa();
	return nondet_bool();
}

void tg_port_page_free(struct tg_page page)
{
	PROVE(page.pa.v & PA_MARK, "no page");
}

void tg_pagelist_release(struct tg_vm *v, struct tg_pagelist *list)
{
	(void)v;
	PROVE(!proof_locked, "pins go under the lock");
	/* The harness notes in @offset whose pins these are. */
	if (!list->count)
		return;
	PROVE(pinned[list->offset], "unpinned twice");
	pinned[list->offset] = false;
	list->count = 0;
}

static void make(void)
{
	enum tg_shm_kind kind =
		nondet_bool() ? TG_SHM_REGISTERED : TG_SHM_RPC_ARG;
	enum tg_status why;
	struct tg_shm *shm = tg_shm_create(&vm, kind, &why);
	unsigned int i;

	if (!shm) {
		PROVE(why != TG_OK, "no reason is given");
		return;
	}
	i = index_of(shm);
	shm->cookie.v = nondet_u64();
	if (kind == TG_SHM_REGISTERED) {
		shm->list.count = 1;
		shm->list.offset = i;
		pinned[i] = true;
	}
	if (tg_shm_insert(&vm, shm) != TG_OK) {
		tg_shm_destroy(&vm, shm);
		return;
	}
	PROVE(shm->cookie.v, "0 is a name");
	if (nondet_bool())
		tg_shm_make_live(&vm, shm);
	else
		tg_shm_forget(&vm, shm);
}

static void hold(void)
{
	enum tg_shm_kind kind =
		nondet_bool() ? TG_SHM_REGISTERED : TG_SHM_RPC_ARG;
	struct tg_cookie cookie = { nondet_u64() };
	struct tg_shm *shm = tg_shm_hold(&vm, cookie, kind);

	if (!shm)
		return;
	PROVE(taken[index_of(shm)] && shm->cookie.v == cookie.v &&
		      shm->kind == kind,
	      "I1: another buffer");
	PROVE(kind != TG_SHM_REGISTERED || pinned[index_of(shm)],
	      "I1: a buffer without its pins");
	held[index_of(shm)]++;
}

static void drop(void)
{
	unsigned int i = nondet_u32();

	ASSUME(i < BUFFERS);
	if (!held[i])
		return;
	PROVE(taken[i], "I1: what a call holds is gone");
	held[i]--;
	tg_shm_drop(&vm, buffer_at(i));
}

/* OP-TEE was asked to let go, and did or did not. */
static void claim(void)
{
	struct tg_cookie cookie = { nondet_u64() };
	enum tg_status why;
	struct tg_shm *shm = tg_shm_claim(&vm, cookie, TG_SHM_REGISTERED, &why);

	PROVE((shm != NULL) == (why == TG_OK), "no reason");
	if (!shm)
		return;
	PROVE(shm->state == TG_SHM_DYING, "I1: calls can still name it");
	PROVE(!messages[index_of(shm)], "I12: a message lies in it");
	if (nondet_bool())
		tg_shm_make_live(&vm, shm);
	else
		tg_shm_forget(&vm, shm);
}

/* A call begins with its message in a buffer, or one ends. */
static void message(void)
{
	struct tg_cookie cookie = { nondet_u64() };
	struct tg_locked locked = tg_vm_lock(&vm);
	unsigned int i = nondet_u32();
	struct tg_shm *shm;

	ASSUME(i < BUFFERS);
	if (messages[i]) {
		messages[i]--;
		tg_shm_drop_message(locked, buffer_at(i));
	}
	shm = tg_shm_hold_message(locked, cookie);
	tg_vm_unlock(locked);
	if (!shm)
		return;
	PROVE(taken[index_of(shm)] && shm->cookie.v == cookie.v &&
		      shm->kind == TG_SHM_REGISTERED &&
		      shm->state == TG_SHM_LIVE,
	      "I1: a message in another buffer");
	PROVE(shm->list.count <= TG_MSG_SHM_PAGES_MAX, "pages without note");
	messages[index_of(shm)]++;
}

static void detach(void)
{
	struct tg_cookie cookie = { nondet_u64() };
	struct tg_shm *shm = tg_shm_detach(&vm, cookie, TG_SHM_RPC_ARG);

	for (struct tg_shm *s = bucket_memory; s; s = s->next)
		PROVE(s->cookie.v != cookie.v || s->kind != TG_SHM_RPC_ARG ||
			      s->state != TG_SHM_LIVE,
		      "I12: the name is not free");
	if (shm)
		tg_shm_destroy(&vm, shm);
}

/* What a buffer of the table is. */
static bool entry_is_valid(const struct tg_shm *shm)
{
	unsigned int i = index_of(shm);

	return taken[i] && shm->cookie.v && shm->users == held[i] &&
	       shm->messages == messages[i] &&
	       (!shm->messages || (shm->kind == TG_SHM_REGISTERED &&
				   shm->state == TG_SHM_LIVE)) &&
	       (shm->kind == TG_SHM_REGISTERED ||
		shm->kind == TG_SHM_RPC_ARG) &&
	       (shm->state == TG_SHM_LIVE || shm->state == TG_SHM_DYING ||
		(shm->state == TG_SHM_GONE && shm->users)) &&
	       (shm->list.count == 1) == pinned[i] && shm->list.count <= 1 &&
	       (shm->list.count == 0 || shm->list.offset == i) &&
	       pinned[i] == (shm->kind == TG_SHM_REGISTERED &&
			     shm->state != TG_SHM_GONE);
}

static void prove_table(void)
{
	uint32_t shms = 0, args = 0, linked = 0;

	for (struct tg_shm *s = bucket_memory; s; s = s->next) {
		PROVE(entry_is_valid(s), "an entry of the table");
		for (struct tg_shm *t = s->next; t; t = t->next)
			PROVE(t->cookie.v != s->cookie.v, "I1: one name, two");
		linked++;
	}
	for (unsigned int i = 0; i < BUFFERS; i++) {
		shms += taken[i] && buffer_at(i)->kind != TG_SHM_RPC_ARG;
		args += taken[i] && buffer_at(i)->kind == TG_SHM_RPC_ARG;
	}
	PROVE(linked == shms + args, "a buffer is lost");
	PROVE(vm.shm_count == shms && vm.rpc_count == args, "I8: the count");
	PROVE(shms <= vm.limits.shm_buffers, "I8: beyond the quota");
	PROVE(args <= vm.limits.rpc_buffers, "I8: beyond the quota");
	PROVE(!proof_locked, "the lock is kept");
}

void tg_port_vm_assert_locked(struct tg_guest *guest)
{
	(void)guest;
	PROVE(proof_locked, "without the lock");
}

/* Any table that is as it should be. */
static void any_table(void)
{
	unsigned int count = nondet_u32();

	ASSUME(count <= 2);
	vm.buckets = &bucket_memory;
	vm.limits.shm_buffers = nondet_u32();
	vm.limits.rpc_buffers = nondet_u32();
	bucket_memory = count ? buffer_at(0) : NULL;
	for (unsigned int i = 0; i < 2; i++) {
		struct tg_shm any;

		if (i >= count)
			break;
		*buffer_at(i) = any;
		buffer_at(i)->next = i + 1 < count ? buffer_at(i + 1) : NULL;
		buffer_at(i)->shadow.pa = any_page_pa();
		taken[i] = true;
		pinned[i] = nondet_bool();
		held[i] = buffer_at(i)->users;
		messages[i] = buffer_at(i)->messages;
		ASSUME(entry_is_valid(buffer_at(i)));
		ASSUME(held[i] < UINT32_MAX && messages[i] < UINT32_MAX);
		vm.shm_count += buffer_at(i)->kind != TG_SHM_RPC_ARG;
		vm.rpc_count += buffer_at(i)->kind == TG_SHM_RPC_ARG;
	}
	ASSUME(count < 2 || first.cookie.v != second.cookie.v);
	ASSUME(vm.shm_count <= vm.limits.shm_buffers);
	ASSUME(vm.rpc_count <= vm.limits.rpc_buffers);
}

int main(void)
{
	any_table();
	OPERATION();
	prove_table();
	return 0;
}
