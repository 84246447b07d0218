/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of OP-TEE with NS virtualization as the normal world sees it: its
 * SMC interface, partitions, threads, sessions, shared memory and RPCs. It
 * believes addresses as the real one does, and checks what the real one
 * cannot: that each one is the mediator's shadow or a live pin of the calling
 * VM (I1), and that only live VMs call (I10). Cryptography, user space and
 * time are not modelled; what a TA does is a function of the test's choice.
 */
#ifndef SIM_TEE_H
#define SIM_TEE_H

#include "fiber.h"
#include "sim.h"

#define TEE_PARTITIONS_MAX 80u
#define TEE_THREADS_MAX 80u
#define TEE_SESSIONS_MAX 1280u /* more than the mediator lets a guest have */
#define TEE_PARAMS 4u
#define TEE_RPC_PARAMS 4u

#define TEE_API_REVISION_MAJOR 2u
#define TEE_OS_REVISION_MAJOR 4u
#define TEE_OS_REVISION_MINOR 10u
#define TEE_OS_BUILD 0x5eed0001u
#define TEE_OS_UUID_0 0x486178e0u
#define TEE_CALLS_COUNT 14u
#define TEE_ASYNC_VALUES 64u
#define TEE_NOTIF_MAX 68u /* the synchronous ones follow, one a thread */
#define TEE_NOT_SUPPORTED 0xffff000au
#define TEE_ITEM_NOT_FOUND 0xffff0008u
#define TEE_SECURITY 0xffff000fu
#define TEE_ORIGIN_TRUSTED_APP 4u
#define TEE_ORIGIN_TEE 3u

/* The upper half of the names that the mediator gives to its own pages. */
#define TEE_MEDIATORS_NAMES 0x7467746dull

enum tee_mobj_kind {
	TEE_MOBJ_ARG, /* a call's argument */
	TEE_MOBJ_LIST, /* a page of a page list, while it is read */
	TEE_MOBJ_REGISTERED,
	TEE_MOBJ_TEMP,
	TEE_MOBJ_RPC_ARG,
	TEE_MOBJ_SHADOW, /* a page for arguments that has a name */
	TEE_MOBJ_PAYLOAD,
};

struct tee_partition;

/* Memory of the normal world that OP-TEE has mapped. */
struct tee_mobj {
	struct tee_mobj *next;
	struct tee_partition *partition;
	enum tee_mobj_kind kind;
	uint64_t cookie;
	uint32_t refs;
	bool releasing; /* UNREGISTER_SHM waits for the last user */
	bool orphan; /* the normal world was told that it is free */
	uint32_t offset;
	uint64_t size;
	uint64_t count;
	uint64_t pages[];
};

enum tee_thread_state {
	TEE_THREAD_FREE,
	TEE_THREAD_ACTIVE,
	TEE_THREAD_SUSPENDED,
};

struct tee_thread {
	struct tee_partition *partition;
	enum tee_thread_state state;
	uint32_t rpc; /* that it waits for */
	struct sim_fiber fiber;
	struct tg_regs in;
	struct tg_regs out;
	struct tee_mobj *rpc_arg;
	/* Behind the call's argument, when it came with one for RPCs. */
	struct optee_msg_arg *given;
	struct tee_mobj *arg;
	uint64_t entries; /* start and resumes */
};

struct tee_partition {
	bool used;
	uint16_t id;
	struct tg_guest *guest;
	bool cache;
	bool notif_started;
	uint64_t notif_values; /* bit n: value n */
	uint64_t bottom_halves; /* that were done */
	struct tee_thread threads[TEE_THREADS_MAX];
	bool sessions[TEE_SESSIONS_MAX];
	uint32_t session_last;
	struct tee_mobj *mobjs;
};

/* A parameter as a TA or an RPC sees it; @type of OPTEE_MSG_ATTR_*. */
struct tee_param {
	uint32_t type; /* memrefs always as RMEM */
	uint64_t a;
	uint64_t b;
	uint64_t c;
	struct tee_mobj *mobj;
	uint64_t offs;
	uint64_t size;
};

/* A TA's command, running in a thread; may do RPCs. */
typedef uint32_t (*tee_invoke)(struct tee_thread *thread, uint32_t func,
			       struct tee_param *params, uint32_t count);

/* Called with a call's shadow argument just before OP-TEE returns. */
typedef void (*tee_scribble)(struct tee_thread *thread,
			     struct optee_msg_arg *arg);

/* Whether something happens to a thread at this moment; NULL: never. */
typedef bool (*tee_chance)(struct tee_thread *thread);

struct tee {
	/* What it is; a test may change it before tg_system_init(). */
	uint32_t partitions_max;
	uint32_t threads;
	uint32_t capabilities;
	uint32_t other_uid; /* bit n: word n of its UID is another */
	bool no_thread_count;
	uint32_t capabilities_ret;
	uint32_t fail_create; /* this many VM_CREATED fail */
	uint32_t fail_register; /* likewise */
	uint32_t fail_unregister;
	bool fail_enable; /* no ENABLE_ASYNC_NOTIF succeeds */
	uint32_t value_at_enable; /* sent from inside it; 0: none */
	uint32_t value_beyond; /* OP-TEE gives it again and again; 0: none */

	tee_invoke invoke; /* NULL: the commands below */
	tee_scribble scribble;
	tee_chance interrupt; /* the thread gives the CPU back for one */
	tee_chance disown; /* OP-TEE says that it does not know the thread */

	uint64_t smcs;
	uint64_t created;
	uint64_t destroyed;
	uint64_t interrupts; /* for notifications, raised */
	uint64_t gets; /* of their values */
	struct tg_regs last; /* what came in last */

	struct tee_partition partitions[TEE_PARTITIONS_MAX]; /* last */
};

extern struct tee tee;

/* Commands of the built-in TA. */
#define TEE_TA_NOP 0u
#define TEE_TA_TOUCH 1u /* changes all that is out, reads all that is in */
#define TEE_TA_RPC 2u /* p[0]: a = which of below, b = how often */
#define TEE_TA_FAIL 3u /* TEE_ERROR_GENERIC */

#define TEE_RPC_INTERRUPT 0u
#define TEE_RPC_TIME 1u
#define TEE_RPC_PAYLOAD 2u /* allocate, write, read, free */
#define TEE_RPC_WAIT 3u

/* tee.c */
void tee_reset(void);
void tee_smc(struct tg_regs *regs);
struct tee_partition *tee_partition_find(uint16_t id);
struct tee_partition *tee_partition_of(const struct tg_guest *guest);
uint32_t tee_partitions_used(void);

/* tee_shm.c */
struct tee_mobj *tee_mobj_new(struct tee_partition *partition,
			      enum tee_mobj_kind kind, const uint64_t *pages,
			      uint64_t count, uint32_t offset, uint64_t cookie);
struct tee_mobj *tee_mobj_from_list(struct tee_partition *partition,
				    enum tee_mobj_kind kind, uint64_t buf_ptr,
				    uint64_t size, uint64_t cookie);
struct tee_mobj *tee_mobj_shadow(struct tee_partition *partition,
				 uint64_t cookie);
struct tee_mobj *tee_mobj_find(struct tee_partition *partition,
			       uint64_t cookie);
void tee_mobj_put(struct tee_mobj *mobj);
void tee_mobj_orphan(struct tee_mobj *mobj);
void tee_mobj_drop_all(struct tee_partition *partition);
uint8_t *tee_mobj_at(const struct tee_mobj *mobj, uint64_t offs);
uint32_t tee_mobj_count(const struct tee_partition *partition);

/* tee_call.c */
void tee_call_start(struct tee_partition *partition, struct tg_regs *regs);
void tee_call_resume(struct tee_partition *partition, struct tg_regs *regs);
uint32_t tee_entry(struct tee_thread *thread, struct optee_msg_arg *arg);
struct tee_thread *tee_thread_suspended(struct tee_partition *partition);

/* On a thread: here other CPUs go on, and interrupts may come. */
void tee_point(struct tee_thread *thread);

/* tee_rpc.c: what a TA may ask the normal world for */
void tee_rpc(struct tee_thread *thread, uint32_t rpc, uint64_t pair);
uint32_t tee_rpc_cmd(struct tee_thread *thread, uint32_t cmd, uint32_t count,
		     struct tee_param *params);
struct optee_msg_arg *tee_rpc_message(struct tee_thread *thread);
struct tee_mobj *tee_rpc_alloc(struct tee_thread *thread, uint64_t size);
void tee_rpc_free(struct tee_thread *thread, struct tee_mobj *mobj);
void tee_rpc_interrupt(struct tee_thread *thread);
void tee_rpc_cache_clear(struct tee_thread *thread);

/* tee_notif.c */
void tee_notify(struct tee_partition *partition, uint32_t value);
void tee_notif_enable(struct tee_partition *partition, struct tg_regs *regs);
void tee_notif_get(struct tee_partition *partition, struct tg_regs *regs);
void tee_notif_message(struct tee_thread *thread,
		       const struct optee_msg_arg *arg);

/* tee_ta.c */
uint32_t tee_ta_invoke(struct tee_thread *thread, uint32_t func,
		       struct tee_param *params, uint32_t count);

#endif
