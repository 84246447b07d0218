// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The table of buffers that OP-TEE knows by a guest's cookie: registered
 * shared memory, payload buffers and argument buffers of RPCs. What a buffer
 * is made of belongs to pagelist.c; who may name it is decided by the callers.
 *
 * Why one table for all kinds: OP-TEE looks every buffer up by cookie alone.
 * Were a registered buffer and an RPC buffer called the same, a call that
 * names the one could hold on to the other, whose pages the mediator lets go
 * of at another moment (I1). So a cookie names one buffer from before OP-TEE
 * hears of it until after OP-TEE has forgotten it and no call can name it.
 */
#include "core.h"

static struct tg_shm **bucket(struct tg_vm *vm, struct tg_cookie cookie)
{
	/* Fibonacci hashing; a guest that wants collisions slows itself. */
	uint64_t h = cookie.v * 0x9e3779b97f4a7c15ull;

	return &vm->buckets[(h >> 32) & vm->bucket_mask];
}

static struct tg_shm *shm_find(struct tg_locked locked, struct tg_cookie cookie)
{
	struct tg_shm *shm = *bucket(locked.vm, cookie);

	while (shm && shm->cookie.v != cookie.v)
		shm = shm->next;
	return shm;
}

static void unlink_shm(struct tg_locked locked, struct tg_shm *shm)
{
	struct tg_shm **link = bucket(locked.vm, shm->cookie);

	while (*link != shm) {
		TG_ASSERT(*link);
		link = &(*link)->next;
	}
	*link = shm->next;
	shm->next = NULL;
}

/* Counts a buffer against its quota. */
static enum tg_status quota_take(struct tg_vm *vm, enum tg_shm_kind kind)
{
	struct tg_locked locked = tg_vm_lock(vm);
	enum tg_status status = TG_OK;

	if (kind == TG_SHM_RPC_ARG) {
		if (vm->rpc_count >= vm->limits.rpc_buffers)
			status = TG_HOST_RPC_LIMIT;
		else
			vm->rpc_count++;
	} else {
		if (vm->shm_count >= vm->limits.shm_buffers)
			status = TG_HOST_SHM_LIMIT;
		else
			vm->shm_count++;
	}
	tg_vm_unlock(locked);
	return status;
}

static void quota_return(struct tg_vm *vm, enum tg_shm_kind kind)
{
	struct tg_locked locked = tg_vm_lock(vm);

	if (kind == TG_SHM_RPC_ARG)
		vm->rpc_count--;
	else
		vm->shm_count--;
	tg_vm_unlock(locked);
}

/*
 * Makes a record for a buffer, counted against the quota of its kind but not
 * in the table yet. Returns NULL and says why when that is not possible.
 */
struct tg_shm *tg_shm_create(struct tg_vm *vm, enum tg_shm_kind kind,
			     enum tg_status *ret_why)
{
	struct tg_shm *shm;

	*ret_why = quota_take(vm, kind);
	if (*ret_why != TG_OK)
		return NULL;
	shm = tg_port_alloc(sizeof(*shm));
	if (!shm)
		goto no_memory;
	shm->kind = kind;
	if (kind == TG_SHM_RPC_ARG && !tg_port_page_alloc(&shm->shadow)) {
		tg_port_free(shm);
		goto no_memory;
	}
	return shm;

no_memory:
	quota_return(vm, kind);
	*ret_why = TG_HOST_NO_MEMORY;
	return NULL;
}

/* Frees a record that is not in the table, and the pins it stands for. */
void tg_shm_destroy(struct tg_vm *vm, struct tg_shm *shm)
{
	tg_pagelist_release(vm, &shm->list);
	if (shm->kind == TG_SHM_RPC_ARG)
		tg_port_page_free(shm->shadow);
	quota_return(vm, shm->kind);
	tg_port_free(shm);
}

/*
 * Enters a buffer under its cookie, as PENDING. TG_GUEST_BAD_PARAM for a
 * cookie in use, for 0 (OP-TEE maps arguments under that name) and for the
 * mediator's own names.
 */
enum tg_status tg_shm_insert(struct tg_vm *vm, struct tg_shm *shm)
{
	struct tg_locked locked;
	struct tg_shm **head;
	bool taken;

	if (!shm->cookie.v ||
	    (shm->cookie.v & TG_TEMP_COOKIE_MASK) == TG_TEMP_COOKIE_BASE)
		return TG_GUEST_BAD_PARAM;
	locked = tg_vm_lock(vm);
	taken = shm_find(locked, shm->cookie) != NULL;
	if (!taken) {
		head = bucket(vm, shm->cookie);
		shm->state = TG_SHM_PENDING;
		shm->next = *head;
		*head = shm;
	}
	tg_vm_unlock(locked);
	return taken ? TG_GUEST_BAD_PARAM : TG_OK;
}

/* OP-TEE knows the buffer now, or still does: calls may name it. */
void tg_shm_make_live(struct tg_vm *vm, struct tg_shm *shm)
{
	struct tg_locked locked = tg_vm_lock(vm);

	TG_ASSERT(shm->state == TG_SHM_PENDING || shm->state == TG_SHM_DYING);
	shm->state = TG_SHM_LIVE;
	tg_vm_unlock(locked);
}

/* Finds a live buffer of one kind for a call to use; NULL if there is none. */
struct tg_shm *tg_shm_hold(struct tg_vm *vm, struct tg_cookie cookie,
			   enum tg_shm_kind kind)
{
	struct tg_locked locked = tg_vm_lock(vm);
	struct tg_shm *shm = shm_find(locked, cookie);

	if (shm && shm->kind == kind && shm->state == TG_SHM_LIVE)
		shm->users++;
	else
		shm = NULL;
	tg_vm_unlock(locked);
	return shm;
}

/* Ends what tg_shm_hold() began. */
void tg_shm_drop(struct tg_vm *vm, struct tg_shm *shm)
{
	struct tg_locked locked = tg_vm_lock(vm);
	bool last;

	TG_ASSERT(shm->users > 0);
	shm->users--;
	last = shm->state == TG_SHM_GONE && shm->users == 0;
	if (last)
		unlink_shm(locked, shm);
	tg_vm_unlock(locked);
	if (last)
		tg_shm_destroy(vm, shm);
}

/*
 * Finds a live buffer that the guest registered and that is short enough for
 * messages; NULL if there is none. OP-TEE knows nothing of what lies in it, so
 * it is here that it stays registered until the call is done with it.
 */
struct tg_shm *tg_shm_hold_message(struct tg_locked locked,
				   struct tg_cookie cookie)
{
	struct tg_shm *shm = shm_find(locked, cookie);

	if (shm && shm->kind == TG_SHM_REGISTERED &&
	    shm->state == TG_SHM_LIVE &&
	    shm->list.count <= TG_MSG_SHM_PAGES_MAX)
		shm->messages++;
	else
		shm = NULL;
	return shm;
}

/* Ends what tg_shm_hold_message() began. */
void tg_shm_drop_message(struct tg_locked locked, struct tg_shm *shm)
{
	tg_port_vm_assert_locked(locked.vm->guest);
	TG_ASSERT(shm->messages > 0);
	shm->messages--;
}

/*
 * Finds a live buffer that OP-TEE is to let go of: from here on no call can
 * name it. Followed by forget or make_live. Else NULL and why:
 * TG_GUEST_BAD_PARAM if there is none, TG_HOST_CALL_LIMIT while messages lie
 * in it: the guest's driver repeats the call when another one has ended.
 */
struct tg_shm *tg_shm_claim(struct tg_vm *vm, struct tg_cookie cookie,
			    enum tg_shm_kind kind, enum tg_status *ret_why)
{
	struct tg_locked locked = tg_vm_lock(vm);
	struct tg_shm *shm = shm_find(locked, cookie);

	*ret_why = TG_OK;
	if (!shm || shm->kind != kind || shm->state != TG_SHM_LIVE)
		*ret_why = TG_GUEST_BAD_PARAM;
	else if (shm->messages)
		*ret_why = TG_HOST_CALL_LIMIT;
	else
		shm->state = TG_SHM_DYING;
	tg_vm_unlock(locked);
	return *ret_why == TG_OK ? shm : NULL;
}

/*
 * OP-TEE has let go of the buffer, or never had it: drops its pins and frees
 * its name. While calls are under way that were told they may use the name,
 * it stays reserved: one of them may not have reached OP-TEE yet.
 */
void tg_shm_forget(struct tg_vm *vm, struct tg_shm *shm)
{
	struct tg_pagelist list = { 0 };
	struct tg_locked locked = tg_vm_lock(vm);
	bool last = shm->users == 0;

	if (last) {
		unlink_shm(locked, shm);
	} else {
		shm->state = TG_SHM_GONE;
		list = shm->list;
		shm->list = (struct tg_pagelist){ 0 };
	}
	tg_vm_unlock(locked);
	if (last)
		tg_shm_destroy(vm, shm);
	else
		tg_pagelist_release(vm, &list);
}

/*
 * Frees the name of a live buffer at once and leaves the buffer itself, which
 * OP-TEE still has mapped, to the caller to destroy. NULL if there is none to
 * take: no such buffer, or its last user will destroy it.
 */
struct tg_shm *tg_shm_detach(struct tg_vm *vm, struct tg_cookie cookie,
			     enum tg_shm_kind kind)
{
	struct tg_locked locked = tg_vm_lock(vm);
	struct tg_shm *shm = shm_find(locked, cookie);

	if (shm && (shm->kind != kind || shm->state != TG_SHM_LIVE))
		shm = NULL;
	if (shm && shm->users) {
		shm->state = TG_SHM_GONE;
		shm = NULL;
	}
	if (shm)
		unlink_shm(locked, shm);
	tg_vm_unlock(locked);
	return shm;
}

/* Forgets a live buffer by its name; nothing if there is no such buffer. */
void tg_shm_forget_cookie(struct tg_vm *vm, struct tg_cookie cookie,
			  enum tg_shm_kind kind)
{
	enum tg_status why;
	struct tg_shm *shm = tg_shm_claim(vm, cookie, kind, &why);

	if (shm)
		tg_shm_forget(vm, shm);
}

/* Empties the table. Only when the partition is gone and nobody is inside. */
void tg_shm_forget_all(struct tg_vm *vm)
{
	for (uint32_t i = 0; i <= vm->bucket_mask; i++) {
		while (vm->buckets[i]) {
			struct tg_shm *shm = vm->buckets[i];

			TG_ASSERT(shm->users == 0 && shm->messages == 0);
			vm->buckets[i] = shm->next;
			tg_shm_destroy(vm, shm);
		}
	}
}
