/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The mediator's core as its embedder sees it: one struct tg_system for the
 * machine's OP-TEE and one struct tg_vm for each guest. The embedder traps a
 * guest's SMC, calls tg_vm_smc() and gives the registers back to the guest.
 *
 * Any thread may call tg_vm_smc() for any vCPU of a VM at any time, also
 * concurrently. tg_vm_init() and tg_vm_fini() are the embedder's to serialize
 * against everything else on the same VM.
 */
#ifndef TG_MEDIATOR_H
#define TG_MEDIATOR_H

#include <tg/port.h>
#include <tg/types.h>

/* Hard limits of the core; docs/limits.md lists them with their reasons. */
#define TG_VMS_MAX 62u /* guests at once; ids 2 to 63 */
#define TG_CALLS_MAX 64u /* calls in flight for one guest */
#define TG_SHM_MAX 16384u /* shared buffers of one guest */
#define TG_SESSIONS_MAX 1024u /* sessions of one guest */
#define TG_RPC_BUFFERS_MAX 256u /* RPC argument buffers of one guest */
#define TG_PINNED_BYTES_MAX (1ull << 32) /* pinned for one guest */
#define TG_CALL_MEMREFS_MAX 8u /* temporary memrefs in one call */
#define TG_MSG_SHM_PAGES_MAX 16u /* a buffer with messages in it, registered */
#define TG_RESUME_BUDGET_MAX 1024u /* resumes inside one trap */
#define TG_TAS_MAX 64u /* trusted applications in one list */
#define TG_NOTIF_VALUES_MAX 64u /* asynchronous ones; as OP-TEE has it */

/* What one guest may use. A field of zero stands for the default. */
struct tg_limits {
	uint32_t calls;
	uint32_t shm_buffers;
	uint32_t rpc_buffers;
	uint32_t resume_budget; /* OP-TEE re-entered this often per trap */
	uint64_t pinned_bytes;
};

/* A TA's or PTA's name as RFC 4122 writes it, and as a message has it. */
struct tg_uuid {
	uint8_t bytes[16];
};

/* Trusted applications that may be used, and no other. */
struct tg_ta_list {
	uint32_t count; /* at most TG_TAS_MAX; 0: none may */
	struct tg_uuid uuids[TG_TAS_MAX];
};

/* RPC kinds for the counters. */
enum tg_rpc_kind {
	TG_RPC_ALLOC,
	TG_RPC_FREE,
	TG_RPC_FOREIGN_INTR,
	TG_RPC_CMD,
	TG_RPC_KIND_COUNT
};

#define TG_LATENCY_BUCKETS 16u

/* Counters of one VM since it was created; gauges are marked. */
struct tg_stats {
	uint64_t smcs;
	uint64_t fast_calls;
	uint64_t yielding_calls;
	uint64_t resumes; /* by the guest */
	uint64_t inner_resumes; /* by the mediator itself */
	uint64_t rpcs[TG_RPC_KIND_COUNT];
	uint64_t refused[TG_STATUS_COUNT];
	uint64_t partitions; /* created so far: 1 + resets */
	/* Trap-to-return time, bucket n: under 2^n microseconds. */
	uint64_t latency_us_log2[TG_LATENCY_BUCKETS];
	uint64_t pinned_bytes; /* gauge */
	uint32_t calls_in_flight; /* gauge */
	uint32_t shm_buffers; /* gauge */
	uint32_t rpc_buffers; /* gauge */
	uint16_t vmid; /* gauge; 0 while there is no partition */
};

struct tg_vm;

/* What OP-TEE says of itself, asked once as the hypervisor. */
struct tg_tee_info {
	uint32_t api_uid[4];
	uint32_t api_revision[2];
	uint32_t os_uuid[4];
	uint32_t os_revision[3];
	uint32_t calls_count;
	uint32_t capabilities; /* OPTEE_SMC_SEC_CAP_*, all of them */
	uint32_t rpc_params_max;
	uint32_t notif_values_max;
	uint32_t threads;
};

/* The machine's OP-TEE. The caller's storage; fields are the core's. */
struct tg_system {
	struct tg_tee_info tee;
	struct tg_limits limits_default;
	struct tg_limits limits_max;
	uint64_t vmids_used; /* bit n: id n is taken */
	uint16_t vmid_last;
	struct tg_guest *rpmb_owner; /* NULL: no guest */
	/*
	 * What all guests together may use, or NULL: everything but what
	 * policy.c keeps from guests. The embedder's, set before the first VM.
	 */
	const struct tg_ta_list *tas;
	/*
	 * Guests are not offered OPTEE_SMC_SEC_CAP_RPC_ARG. The embedder's,
	 * set after tg_system_init() and before the first VM.
	 */
	bool rpc_arg_denied;
};

/*
 * Asks OP-TEE what it is and removes partitions that a former life of this
 * host may have left. Errors: TG_HOST_NO_TEE, TG_HOST_NO_VIRT. On error
 * nothing was changed in OP-TEE.
 */
enum tg_status tg_system_init(struct tg_system *sys) TG_MUST_CHECK;

/*
 * Creates or destroys the host's own partition (VM 1) for an embedder whose
 * host kernel uses OP-TEE itself. Errors: TG_HOST_NO_PARTITION.
 */
enum tg_status tg_system_host_create(struct tg_system *sys) TG_MUST_CHECK;
void tg_system_host_destroy(struct tg_system *sys);

/*
 * Makes @guest the one that OP-TEE may ask for an RPMB, and that may open the
 * RPMB key PTA. One guest at a time: false while another one is. Comes before
 * the guest's first tg_vm_smc(); tg_system_rpmb_withdraw() comes after the
 * last, and is harmless for any guest. Whether a guest may
 * ever be given it is the embedder's to decide: such a guest can have OP-TEE
 * make frames with the key of whatever CID it names.
 */
bool tg_system_rpmb_grant(struct tg_system *sys,
			  struct tg_guest *guest) TG_MUST_CHECK;
void tg_system_rpmb_withdraw(struct tg_system *sys, struct tg_guest *guest);

/*
 * Whether a guest may open sessions to this trusted application: by policy.c
 * and the administrator's list. For the RPMB key PTA, the RPMB's owner may.
 */
bool tg_system_allows_ta(const struct tg_system *sys,
			 const struct tg_uuid *uuid);

/*
 * Makes a VM without a partition: that comes with the guest's first call that
 * needs one. @limits may be NULL; a field beyond @sys's maximum is lowered to
 * it. @tas: to which of the trusted applications that guests may use this one
 * may open sessions; NULL: to all of them. Returns NULL when out of memory.
 * @guest and @tas must outlive the VM, and @tas must not change.
 */
struct tg_vm *tg_vm_create(struct tg_system *sys, struct tg_guest *guest,
			   const struct tg_limits *limits,
			   const struct tg_ta_list *tas);

/*
 * OP-TEE gets no files from this guest for its storage (OPTEE_RPC_CMD_FS): it
 * hears TEE_ERROR_STORAGE_NOT_AVAILABLE, as where no supplicant runs. TAs that
 * the guest's supplicant loads are not concerned. Before the first
 * tg_vm_smc(); for good, resets included.
 */
void tg_vm_deny_storage(struct tg_vm *vm);

/*
 * The guest has an interrupt for asynchronous notifications, which
 * tg_port_interrupt() raises, and may so use them where OP-TEE offers them.
 * The embedder then calls tg_vm_notif_collect() whenever OP-TEE raises its
 * own. Before the first tg_vm_smc(); for good, resets included.
 */
void tg_vm_offer_notif(struct tg_vm *vm);

/*
 * OP-TEE's interrupt was raised, for whichever VM: takes what it has for this
 * one, and raises the guest's interrupt if that is something. Any thread at
 * any time until tg_vm_destroy(); sleeps as the VM's lock does. What OP-TEE
 * has to say later it says with another interrupt.
 */
void tg_vm_notif_collect(struct tg_vm *vm);

/*
 * Ends a VM: the partition goes first, then every pin and shadow page (I6).
 * No tg_vm_smc() may be running or start afterwards.
 */
void tg_vm_destroy(struct tg_vm *vm);

/*
 * Handles one SMC of a guest. @regs: x0 to x7 in, x0 to x3 out; never fails,
 * whatever went in. Sleeps as the port's functions do.
 */
void tg_vm_smc(struct tg_vm *vm, struct tg_regs *regs);

/*
 * Takes the VM back to its state after tg_vm_create(), for a guest that was
 * reset. TG_HOST_BUSY while calls are inside OP-TEE: from then on new calls
 * are refused, so repeating it ends. TG_OK when done.
 */
enum tg_status tg_vm_reset(struct tg_vm *vm) TG_MUST_CHECK;

/* Takes a snapshot of the counters. */
void tg_vm_stats_get(struct tg_vm *vm, struct tg_stats *ret_stats);

/* True from a refused partition (TG_HOST_NO_PARTITION) to the next reset. */
bool tg_vm_lacks_partition(struct tg_vm *vm);

/* A status's name, for logs: "no-partition". Never NULL. */
const char *tg_status_name(enum tg_status status);

#endif
