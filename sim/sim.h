/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated machine in which the mediator's core is tested: physical
 * memory, the port of the core to it, failure injection and hooks. The model
 * of OP-TEE is in tee.h and that of a guest's driver in guest.h. Everything
 * runs in one host thread and nothing depends on time or addresses of the
 * host, so that a run can be repeated exactly.
 *
 * What no test may ever see (an address that OP-TEE must not get, one that a
 * guest must not get, a lock taken twice) ends the process through sim_die().
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tg/mediator.h>
#include <tg/optee_abi.h>

/* No guest has RAM at these numbers, so a leaked PA shows. */
#define SIM_PA_BASE 0xb57e40000000ull
#define SIM_PAGES 16384u
#define SIM_NO_PAGE UINT32_MAX

enum sim_page_kind {
	SIM_PAGE_FREE,
	SIM_PAGE_GUEST, /* a guest's RAM */
	SIM_PAGE_SHADOW, /* the mediator's */
};

struct sim_page {
	enum sim_page_kind kind;
	struct tg_guest *owner; /* whose RAM, or for whom it is a shadow */
	uint32_t pins;
	uint32_t holds; /* OP-TEE has it mapped this often */
	uint16_t holder; /* and for this VM */
};

/* Port calls that may fail, and that hooks see. */
enum sim_op {
	SIM_OP_COPY_IN,
	SIM_OP_COPY_OUT,
	SIM_OP_PIN,
	SIM_OP_PAGE_ALLOC,
	SIM_OP_ALLOC,
	SIM_OP_COUNT,

	/* These cannot fail. */
	SIM_OP_UNPIN = SIM_OP_COUNT,
	SIM_OP_PAGE_FREE,
	SIM_OP_SMC_ENTER,
	SIM_OP_SMC_LEAVE,

	/* No hook is told of these; another virtual CPU may go on here. */
	SIM_OP_LOCK,
	SIM_OP_UNLOCK,
	SIM_OP_INSIDE_TEE,
	SIM_OP_SMC_DONE, /* the guest has its registers */
	SIM_OP_ALL,
};

/* What a hook is told. @regs: SMC_ENTER and SMC_LEAVE only. */
struct sim_event {
	enum sim_op op;
	struct tg_guest *guest;
	uint64_t address; /* IPA of a copy, the first of a pin, PA of an unpin */
	size_t bytes;
	const struct tg_regs *regs;
};

/*
 * Called before the operation is done (SMC_LEAVE: after OP-TEE has answered).
 * It may do what another vCPU could do in that moment, also enter the core:
 * hooks are off meanwhile. Never called with a lock held.
 */
typedef void (*sim_hook)(const struct sim_event *event, void *arg);

struct sim_vcpu;

/* Whether another virtual CPU goes on before @op is done (vcpu.h). */
typedef bool (*sim_switch)(struct sim_vcpu *vcpu, enum sim_op op);

/* Told of every event that the core tells its port of. */
typedef void (*sim_observer)(struct tg_guest *guest, enum tg_trace_event event,
			     uint64_t a, uint64_t b);

struct sim_trace_entry {
	struct tg_vmid id;
	enum tg_trace_event event;
	uint64_t a;
	uint64_t b;
};

#define SIM_TRACE_MAX 1024u
#define SIM_FETCH_MAX 256u

struct sim_fetch {
	uint64_t ipa;
	uint64_t bytes;
};

/* One SMC of a guest in progress; nested ones are other vCPUs'. */
struct sim_frame {
	struct sim_frame *outer;
	struct tg_guest *guest; /* NULL: none, the embedder is at work */
	uint32_t smcs; /* for the test to count */
	uint32_t learns; /* of its SMCs, those that tell OP-TEE of a page */
	bool gets; /* its SMC is for a notification's value */
	bool wanted; /* the port asked for the thread back */
	uint32_t fetches;
	struct sim_fetch fetched[SIM_FETCH_MAX];
};

struct sim {
	struct tg_system sys;
	struct sim_page pages[SIM_PAGES];
	uint8_t *arena;
	uint32_t cursor;
	bool system_locked;
	struct sim_vcpu *system_locker;
	struct sim_frame *frame;
	struct sim_vcpu *vcpu; /* that runs; NULL: none is simulated */
	sim_switch switch_here;
	sim_observer observer;

	/* Fails the operation that counts @fail_in down to zero; 0: none. */
	uint32_t fail_in;
	uint32_t fail_mask; /* of 1 << enum sim_op; 0: all */
	struct tg_guest *fail_guest; /* only for its SMCs; NULL: all */
	enum tg_status fail_pin_with; /* what a pin then says */
	bool failed;

	sim_hook hook;
	void *hook_arg;
	bool in_hook;

	uint32_t guest_pages; /* of a new guest's RAM; 0: SIM_RAM_PAGES */
	const struct tg_ta_list *guest_tas; /* of a new guest; NULL: all */
	bool refetch_allowed; /* the same guest memory twice in one SMC */
	bool scan_off; /* a guest put numbers that look like PAs itself */

	uint64_t ops[SIM_OP_ALL];
	uint32_t shadows; /* alive */
	uint32_t allocs; /* alive */
	uint64_t pins; /* alive */
	uint64_t now_ns;
	uint64_t random;
	uint64_t seed; /* for sim_die() to tell; 0: none */
	uint64_t step;
	bool verbose; /* tells of every step on standard output */

	struct sim_trace_entry trace[SIM_TRACE_MAX];
	uint32_t trace_count;
	uint64_t trace_counts[TG_TRACE_COUNT];
};

extern struct sim sim;

/* Ends the process with a message: an invariant is broken. */
void sim_die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* Tells of a step, for who reads a run. */
#define sim_note(...)                         \
	do {                                  \
		if (sim.verbose)              \
			sim_say(__VA_ARGS__); \
	} while (0)

void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* sim.c: the machine as a whole */
void sim_start(void); /* memory, OP-TEE; tg_system_init() is the test's */
void sim_stop(void); /* dies on any leak */
uint32_t sim_random(void);
void sim_hook_set(sim_hook hook, void *arg);
void sim_hook_run(const struct sim_event *event);
void sim_frame_enter(struct sim_frame *frame, struct tg_guest *guest);
void sim_frame_leave(struct sim_frame *frame);

/* memory.c */
void sim_memory_reset(void);
uint32_t sim_page_take(enum sim_page_kind kind, struct tg_guest *owner);
void sim_page_give(uint32_t page);
uint32_t sim_page_of_pa(uint64_t pa);
uint64_t sim_page_pa(uint32_t page);
void *sim_page_va(uint32_t page);
bool sim_looks_like_pa(uint64_t v);
void sim_scan(const char *what, const void *data, size_t bytes);

/* port.c */
bool sim_fails(enum sim_op op);

#endif
