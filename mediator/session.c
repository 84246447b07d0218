// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sessions that OP-TEE has given to a guest, by their numbers. A guest may
 * name only these: OP-TEE (4.5 to 4.10) enters a session in its own list
 * before the TA is loaded and frees it when that fails, without a look at who
 * waits for it by then. A guest that guesses the number of a session which is
 * only being opened would have OP-TEE use freed memory.
 *
 * A number means a session from the end of its OPEN_SESSION to the beginning of
 * its CLOSE_SESSION. A call holds it until the call ends, since nothing tells
 * when OP-TEE has looked it up; so a session that a call holds is not closed,
 * and its number not given to another one before.
 */
#include "core.h"

/* A free one, and one that is being opened, has number 0. */
static struct tg_session *session_find(struct tg_locked locked, uint32_t id,
				       enum tg_session_state state)
{
	for (uint32_t i = 0; i < TG_SESSIONS_MAX; i++) {
		struct tg_session *session = &locked.vm->sessions[i];

		if (session->state == state && session->id == id)
			return session;
	}
	return NULL;
}

/* Room for a session that is to be opened, or NULL. Followed by settle. */
struct tg_session *tg_session_reserve(struct tg_vm *vm)
{
	struct tg_locked locked = tg_vm_lock(vm);
	struct tg_session *session = session_find(locked, 0, TG_SESSION_FREE);

	if (session)
		session->state = TG_SESSION_OPENING;
	tg_vm_unlock(locked);
	return session;
}

/* A session for a call to use; NULL if this guest has no such one. */
struct tg_session *tg_session_hold(struct tg_vm *vm, uint32_t id)
{
	struct tg_locked locked = tg_vm_lock(vm);
	struct tg_session *session = session_find(locked, id, TG_SESSION_LIVE);

	if (session)
		session->users++;
	tg_vm_unlock(locked);
	return session;
}

/* Ends what tg_session_hold() began. */
void tg_session_drop(struct tg_locked locked, struct tg_session *session)
{
	tg_port_vm_assert_locked(locked.vm->guest);
	TG_ASSERT(session->users > 0);
	session->users--;
}

/*
 * Takes a session away from all calls, to be closed. TG_HOST_CALL_LIMIT while
 * one holds it: the guest's driver repeats the call when another one has
 * ended. Followed by settle.
 */
enum tg_status tg_session_claim(struct tg_vm *vm, uint32_t id,
				struct tg_session **ret_session)
{
	struct tg_locked locked = tg_vm_lock(vm);
	struct tg_session *session = session_find(locked, id, TG_SESSION_LIVE);
	enum tg_status status = TG_GUEST_BAD_PARAM;

	if (session && session->users) {
		status = TG_HOST_CALL_LIMIT;
	} else if (session) {
		session->state = TG_SESSION_CLOSING;
		*ret_session = session;
		status = TG_OK;
	}
	tg_vm_unlock(locked);
	return status;
}

/* What was reserved or claimed is now session @id, or none. */
void tg_session_settle(struct tg_vm *vm, struct tg_session *session,
		       uint32_t id, bool live)
{
	struct tg_locked locked = tg_vm_lock(vm);

	TG_ASSERT(session->state == TG_SESSION_OPENING ||
		  session->state == TG_SESSION_CLOSING);
	session->id = live ? id : 0;
	session->state = live ? TG_SESSION_LIVE : TG_SESSION_FREE;
	tg_vm_unlock(locked);
}

/* Only when the partition is gone and nobody is inside. */
void tg_session_forget_all(struct tg_vm *vm)
{
	for (uint32_t i = 0; i < TG_SESSIONS_MAX; i++) {
		TG_ASSERT(vm->sessions[i].users == 0);
		vm->sessions[i] = (struct tg_session){ 0 };
	}
}
