/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the core's files share among themselves: the structures behind struct
 * tg_vm and the functions of each noun. Nothing outside mediator/ includes it.
 *
 * Locking: a VM's lock protects the state of its call slots, its cookie table,
 * its sessions, its quotas and its phase. Whoever holds it has a struct
 * tg_locked, and a function that needs it takes one. Without it are read, by
 * every SMC and atomically: who is inside and in which phase (vm.c), and
 * whether there is a partition, which lasts while somebody is inside. A call that is RUNNING belongs to the
 * thread that made it so: its other fields need no lock.
 */
#ifndef TG_CORE_H
#define TG_CORE_H

#include <tg/mediator.h>
#include <tg/optee_abi.h>

#define TG_ASSERT(cond)                                              \
	do {                                                         \
		if (!(cond))                                         \
			tg_port_panic("mediator: not true: " #cond); \
	} while (0)

/*
 * The mediator's own names: for temporary memrefs, and for shadow pages. OP-TEE
 * finds any buffer by its cookie, also a temporary one; so no cookie of a guest
 * may equal one.
 */
#define TG_TEMP_COOKIE_BASE 0x7467746d00000000ull
#define TG_TEMP_COOKIE_MASK 0xffffffff00000000ull

#define TG_RPC_PARAMS_MAX 8u /* OP-TEE uses four */

/* Proof that a VM's lock is held. Made by tg_vm_lock() only. */
struct tg_locked {
	struct tg_vm *vm;
};

/* A page of a shadow page list as OP-TEE reads it. */
struct tg_pagelist_page {
	struct tg_pa pages[OPTEE_PAGELIST_ENTRIES];
	struct tg_pa next;
};

_Static_assert(sizeof(struct tg_pagelist_page) == TG_PAGE_BYTES,
	       "a page list's page");

/*
 * Pinned guest pages together with the list that tells OP-TEE of them. The
 * list doubles as the record of what to unpin. Empty: @count is 0.
 */
struct tg_pagelist {
	struct tg_page *lists;
	uint64_t count; /* pinned pages */
	uint32_t offset; /* of the buffer in its first page */
};

enum tg_shm_kind {
	TG_SHM_REGISTERED, /* by the guest's REGISTER_SHM */
	TG_SHM_RPC_PAYLOAD, /* by the guest's answer to RPC SHM_ALLOC */
	TG_SHM_RPC_ARG, /* by the guest's answer to RPC ALLOC */
};

enum tg_shm_state {
	TG_SHM_PENDING, /* OP-TEE is being told */
	TG_SHM_LIVE,
	TG_SHM_DYING, /* OP-TEE is being asked to let go */
	TG_SHM_GONE, /* OP-TEE let go; a call still knows the name */
};

/*
 * A buffer that OP-TEE knows by a cookie. One table for all kinds, since
 * OP-TEE looks all of them up by the same cookie.
 */
struct tg_shm {
	struct tg_shm *next; /* in its hash bucket */
	struct tg_cookie cookie;
	enum tg_shm_kind kind;
	enum tg_shm_state state;
	uint32_t users; /* calls under way that name it */
	uint32_t messages; /* REGISTERED: calls whose message lies in it */
	struct tg_pagelist list; /* all kinds but RPC_ARG */
	/* REGISTERED, unless it is longer: where the guest has its pages. */
	struct tg_ipa pages[TG_MSG_SHM_PAGES_MAX];
	struct tg_page shadow; /* RPC_ARG: what OP-TEE writes */
	struct tg_ipa guest; /* RPC_ARG: what the guest reads */
	uint32_t guest_bytes; /* RPC_ARG */
};

/*
 * Where a guest has a message: at @ipa, or @offset bytes from the start of the
 * first page of a buffer that it registered and that is held meanwhile.
 */
struct tg_place {
	struct tg_shm *shm; /* NULL: at @ipa */
	struct tg_ipa ipa;
	uint64_t offset;
};

/* Four parameters, a session's number and the outcome, each in one page. */
#define TG_OUTBOX_PIECES 6u

/* Copies to the guest that are to be made together. Empty: @count is 0. */
struct tg_outbox {
	size_t count;
	struct tg_piece pieces[TG_OUTBOX_PIECES];
};

enum tg_session_state {
	TG_SESSION_FREE,
	TG_SESSION_OPENING, /* OP-TEE is being asked for it */
	TG_SESSION_LIVE,
	TG_SESSION_CLOSING, /* OP-TEE is being asked to end it */
};

/* A session that OP-TEE has given, by OP-TEE's number for it. */
struct tg_session {
	enum tg_session_state state;
	uint32_t id;
	uint32_t users; /* calls under way that name it */
};

/* Which state follows which event is the table of call_state.h. */
enum tg_call_state {
	TG_CALL_FREE,
	TG_CALL_RUNNING, /* one thread works on it or is inside OP-TEE */
	TG_CALL_SUSPENDED, /* the guest has an RPC to answer */
	TG_CALL_LOST, /* OP-TEE disowned it; kept until the partition goes */
	TG_CALL_STATE_COUNT
};

enum tg_call_event {
	TG_CALL_EVENT_BEGIN, /* a guest's new call takes a slot */
	TG_CALL_EVENT_SUSPEND, /* the guest is asked something */
	TG_CALL_EVENT_RESUME, /* the guest answers */
	TG_CALL_EVENT_END, /* OP-TEE is done with it, or never saw it */
	TG_CALL_EVENT_DISOWN, /* OP-TEE does not know its own thread */
	TG_CALL_EVENT_TEARDOWN, /* its partition is gone */
	TG_CALL_EVENT_COUNT
};

/* A temporary memref of a call: pinned while the call lasts. */
struct tg_temp {
	struct tg_pagelist list;
	uint64_t guest_ref; /* the guest's name for it */
};

/* What is expected of the guest while a call is suspended (I4). */
struct tg_rpc {
	bool begun; /* else all of this is zero */
	uint32_t func; /* OPTEE_RPC_*: what the guest was asked */
	uint32_t cmd;
	uint32_t num_params;
	uint8_t types[TG_RPC_PARAMS_MAX];
	uint64_t alloc_bytes;
	struct tg_shm *buffer; /* holds the RPC argument; one user is ours */
	struct tg_shm *spare; /* for what the guest will allocate */
};

/* What OP-TEE knows of a call's shadow page, in this partition. */
enum tg_shadow_state {
	TG_SHADOW_UNKNOWN, /* nothing yet */
	TG_SHADOW_NAMED, /* its name */
	TG_SHADOW_NAMELESS, /* it had no memory to learn it */
	TG_SHADOW_LOST, /* it disowned the thread that was to learn it */
};

/* What OP-TEE reads when it is told of a shadow page. None: no @list. */
struct tg_letter {
	struct tg_page list; /* one entry */
	struct tg_page message;
};

struct tg_call {
	enum tg_call_state state;
	uint32_t thread; /* OP-TEE's name for it once it was suspended */
	uint32_t slot;
	struct tg_page shadow; /* the argument that OP-TEE works on */
	enum tg_shadow_state shadow_state;
	struct tg_letter letter;
	struct tg_place arg; /* where the guest has its argument */
	uint32_t cmd;
	uint32_t num_params;
	uint32_t rpc_bytes; /* room for RPCs behind the argument, or none */
	uint32_t temp_count;
	uint32_t ref_count;
	struct tg_shm *subject; /* being registered or unregistered */
	struct tg_session *session; /* opened, used or closed, as @cmd says */
	struct tg_shm *freed; /* OP-TEE gives them up once it is resumed */
	struct tg_temp temps[TG_CALL_MEMREFS_MAX];
	struct tg_shm *refs[TG_CALL_MEMREFS_MAX];
	struct tg_rpc rpc;
	struct tg_regs resume; /* what OP-TEE gets next */
	struct tg_outbox outbox; /* results on their way to the guest */
	uint8_t types[OPTEE_MSG_PARAMS_MAX];
};

/* The name of a call's temporary memref @n, for OP-TEE alone. */
static inline uint64_t tg_temp_cookie(const struct tg_call *call, uint32_t n)
{
	return TG_TEMP_COOKIE_BASE | call->slot << 8 | (n + 1);
}

/* The name of a call's shadow page, for OP-TEE alone. */
static inline uint64_t tg_shadow_cookie(const struct tg_call *call)
{
	return TG_TEMP_COOKIE_BASE | call->slot << 8;
}

enum tg_vm_phase {
	TG_VM_OPEN,
	TG_VM_QUIESCING, /* calls run out, new ones are refused */
	TG_VM_RESETTING, /* nobody is inside but the one who resets */
};

/* Asynchronous notifications: notif.c. */
struct tg_notif {
	bool offered; /* set before the first call only */
	bool enabled; /* by the guest, in this partition */
	uint64_t pending; /* bit n: the guest is to get value n */
};

struct tg_vm {
	struct tg_system *sys;
	struct tg_guest *guest;
	struct tg_limits limits;
	const struct tg_ta_list *tas; /* NULL: all that guests may use */
	uint32_t phase; /* enum tg_vm_phase; sparse has no atomic enums */
	struct tg_vmid id; /* 0: no partition */
	bool lacks_partition;
	bool storage_denied; /* set before the first call only */
	uint32_t inside; /* tg_vm_smc() at work */
	struct tg_notif notif;
	struct tg_call *calls; /* limits.calls of them */
	struct tg_session *sessions; /* TG_SESSIONS_MAX of them */
	struct tg_shm **buckets;
	uint32_t bucket_mask;
	uint32_t shm_count;
	uint32_t rpc_count;
	uint64_t pinned_pages;
	struct tg_stats stats;
};

/* vm.c */
struct tg_locked tg_vm_lock(struct tg_vm *vm) TG_MUST_CHECK;
void tg_vm_unlock(struct tg_locked locked);
enum tg_status tg_vm_partition_get(struct tg_vm *vm) TG_MUST_CHECK;
void tg_vm_call_tee(struct tg_vm *vm, struct tg_regs *regs);

/* Other guests are granted and withdrawn meanwhile; this one is not. */
static inline bool tg_vm_owns_rpmb(const struct tg_vm *vm)
{
	return __atomic_load_n(&vm->sys->rpmb_owner, __ATOMIC_RELAXED) ==
	       vm->guest;
}

/* One step of a counter that several vCPUs share. */
static inline void tg_count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* system.c */
enum tg_status tg_system_partition_create(struct tg_system *sys,
					  struct tg_vmid *ret_id) TG_MUST_CHECK;
void tg_system_partition_destroy(struct tg_system *sys, struct tg_vmid id);

/* policy.c */
enum tg_policy {
	TG_POLICY_REFUSE, /* as if OP-TEE did not know it */
	TG_POLICY_CACHED, /* answered with what OP-TEE said at the start */
	TG_POLICY_EMULATE, /* answered by the mediator */
	TG_POLICY_FORWARD, /* OP-TEE answers, without arguments */
	TG_POLICY_NOTIF, /* for guests that get notifications: notif.c */
	TG_POLICY_CALL, /* a yielding call */
	TG_POLICY_CALL_RPC_ARG, /* one, for guests that are offered RPC_ARG */
};

enum tg_policy tg_policy_function(const struct tg_vm *vm, uint32_t id);
uint32_t tg_policy_capabilities(const struct tg_vm *vm, uint32_t offered);
enum tg_status tg_policy_rpc(const struct tg_vm *vm,
			     uint32_t cmd) TG_MUST_CHECK;
enum tg_status
tg_policy_session(const struct tg_vm *vm,
		  const struct optee_msg_param *destination) TG_MUST_CHECK;

/* notif.c */
bool tg_notif_is_offered(const struct tg_vm *vm);
enum tg_status tg_notif_call(struct tg_vm *vm, uint32_t id,
			     uint32_t words[3]) TG_MUST_CHECK;
void tg_notif_stop(struct tg_vm *vm);
void tg_notif_forget_all(struct tg_vm *vm);

/* fast.c */
enum tg_status tg_fast_call(struct tg_vm *vm, enum tg_policy policy,
			    struct tg_regs *regs) TG_MUST_CHECK;

/* call_state.c */
bool tg_call_state_next(enum tg_call_state state, enum tg_call_event event,
			enum tg_call_state *ret_next) TG_MUST_CHECK;
void tg_call_step(struct tg_locked locked, struct tg_call *call,
		  enum tg_call_event event);

/* call.c */
enum tg_status tg_call_begin(struct tg_vm *vm,
			     struct tg_regs *regs) TG_MUST_CHECK;
enum tg_status tg_call_resume(struct tg_vm *vm,
			      struct tg_regs *regs) TG_MUST_CHECK;
void tg_call_teardown(struct tg_vm *vm, struct tg_call *call);

/* shadow.c */
enum tg_status tg_shadow_name(struct tg_vm *vm,
			      struct tg_call *call) TG_MUST_CHECK;
void tg_shadow_forget(struct tg_call *call);

/* place.c */
enum tg_status tg_place_find(struct tg_locked locked,
			     const struct tg_regs *regs,
			     struct tg_place *ret_place) TG_MUST_CHECK;
void tg_place_release(struct tg_locked locked, struct tg_place *place);
bool tg_place_is_aligned(const struct tg_place *place);
bool tg_place_has(const struct tg_place *place, uint64_t bytes);
size_t tg_place_page_room(const struct tg_place *place);
enum tg_status tg_place_copy_in(struct tg_vm *vm, const struct tg_place *place,
				uint64_t at, void *dst,
				size_t bytes) TG_MUST_CHECK;
enum tg_status tg_place_copy_out(struct tg_vm *vm, const struct tg_place *place,
				 uint64_t at, const void *src,
				 size_t bytes) TG_MUST_CHECK;
enum tg_status tg_outbox_put(struct tg_vm *vm, struct tg_outbox *box,
			     const struct tg_place *place, uint64_t at,
			     const void *src, size_t bytes) TG_MUST_CHECK;
enum tg_status tg_outbox_send(struct tg_vm *vm,
			      struct tg_outbox *box) TG_MUST_CHECK;

/* msg.c */
enum tg_status tg_msg_fetch(struct tg_vm *vm,
			    struct tg_call *call) TG_MUST_CHECK;
enum tg_status tg_msg_translate(struct tg_vm *vm,
				struct tg_call *call) TG_MUST_CHECK;
enum tg_status tg_msg_refuse(struct tg_vm *vm, struct tg_call *call,
			     enum tg_status why) TG_MUST_CHECK;
enum tg_status tg_msg_return(struct tg_vm *vm,
			     struct tg_call *call) TG_MUST_CHECK;

static inline bool tg_attr_is_value(uint32_t type)
{
	return type >= OPTEE_MSG_ATTR_VALUE_IN &&
	       type <= OPTEE_MSG_ATTR_VALUE_INOUT;
}

static inline bool tg_attr_is_rmem(uint32_t type)
{
	return type >= OPTEE_MSG_ATTR_RMEM_IN &&
	       type <= OPTEE_MSG_ATTR_RMEM_INOUT;
}

static inline bool tg_attr_is_tmem(uint32_t type)
{
	return type >= OPTEE_MSG_ATTR_TMEM_IN &&
	       type <= OPTEE_MSG_ATTR_TMEM_INOUT;
}

/* Bit 1 of a type says that the other side writes it, for each kind. */
static inline bool tg_attr_is_out(uint32_t type)
{
	return (type & 2u) != 0;
}

/* rpc.c */
enum tg_rpc_next {
	TG_RPC_ASK_GUEST, /* @regs is what the guest gets */
	TG_RPC_ANSWERED, /* call->resume is what OP-TEE gets */
};

enum tg_rpc_next tg_rpc_issue(struct tg_vm *vm, struct tg_call *call,
			      struct tg_regs *regs) TG_MUST_CHECK;
void tg_rpc_reply(struct tg_vm *vm, struct tg_call *call,
		  const struct tg_regs *regs);
void tg_rpc_drop(struct tg_vm *vm, struct tg_call *call);

/* pagelist.c */
enum tg_status tg_pagelist_pin(struct tg_vm *vm, struct tg_pagelist *list,
			       const struct optee_msg_tmem *tmem,
			       bool noncontig,
			       struct tg_ipa *ret_ipas) TG_MUST_CHECK;
void tg_pagelist_release(struct tg_vm *vm, struct tg_pagelist *list);
uint64_t tg_pagelist_pages(uint64_t offset, uint64_t bytes);
bool tg_pagelist_fits(struct tg_vm *vm, uint64_t bytes);

/* The address that a parameter carries: the list, and the page offset. */
static inline uint64_t tg_pagelist_address(const struct tg_pagelist *list)
{
	return list->lists[0].pa.v | list->offset;
}

/* cookie.c */
struct tg_shm *tg_shm_create(struct tg_vm *vm, enum tg_shm_kind kind,
			     enum tg_status *ret_why) TG_MUST_CHECK;
void tg_shm_destroy(struct tg_vm *vm, struct tg_shm *shm);
enum tg_status tg_shm_insert(struct tg_vm *vm,
			     struct tg_shm *shm) TG_MUST_CHECK;
void tg_shm_make_live(struct tg_vm *vm, struct tg_shm *shm);
struct tg_shm *tg_shm_hold(struct tg_vm *vm, struct tg_cookie cookie,
			   enum tg_shm_kind kind) TG_MUST_CHECK;
void tg_shm_drop(struct tg_vm *vm, struct tg_shm *shm);
struct tg_shm *tg_shm_hold_message(struct tg_locked locked,
				   struct tg_cookie cookie) TG_MUST_CHECK;
void tg_shm_drop_message(struct tg_locked locked, struct tg_shm *shm);
struct tg_shm *tg_shm_claim(struct tg_vm *vm, struct tg_cookie cookie,
			    enum tg_shm_kind kind,
			    enum tg_status *ret_why) TG_MUST_CHECK;
void tg_shm_forget(struct tg_vm *vm, struct tg_shm *shm);
struct tg_shm *tg_shm_detach(struct tg_vm *vm, struct tg_cookie cookie,
			     enum tg_shm_kind kind) TG_MUST_CHECK;
void tg_shm_forget_cookie(struct tg_vm *vm, struct tg_cookie cookie,
			  enum tg_shm_kind kind);
void tg_shm_forget_all(struct tg_vm *vm);

/* session.c */
struct tg_session *tg_session_reserve(struct tg_vm *vm) TG_MUST_CHECK;
struct tg_session *tg_session_hold(struct tg_vm *vm, uint32_t id) TG_MUST_CHECK;
void tg_session_drop(struct tg_locked locked, struct tg_session *session);
enum tg_status tg_session_claim(struct tg_vm *vm, uint32_t id,
				struct tg_session **ret_session) TG_MUST_CHECK;
void tg_session_settle(struct tg_vm *vm, struct tg_session *session,
		       uint32_t id, bool live);
void tg_session_forget_all(struct tg_vm *vm);

/* status.c */
uint32_t tg_status_to_smc(enum tg_status status);
uint32_t tg_status_to_tee(enum tg_status status);

/* Two 32-bit registers, upper half first, as the protocol passes 64 bits. */
static inline uint64_t tg_pair(uint64_t upper, uint64_t lower)
{
	return (uint64_t)(uint32_t)upper << 32 | (uint32_t)lower;
}

static inline void tg_pair_set(struct tg_regs *regs, unsigned int n, uint64_t v)
{
	regs->x[n] = v >> 32;
	regs->x[n + 1] = (uint32_t)v;
}

#endif
