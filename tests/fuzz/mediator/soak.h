/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine with several VMs of several virtual CPUs each, some well-behaved
 * and some hostile, that use OP-TEE through the mediator at the same time.
 * Every decision is the dice's: who runs when, what each does, when interrupts
 * come, when the host runs short, when a VM is reset or ends. What must hold
 * is checked by the simulator at every step and, for well-behaved guests, by
 * the guests themselves: their results are right whatever the others do.
 */
#ifndef SOAK_H
#define SOAK_H

#include "dice.h"
#include "guest.h"
#include "tee.h"
#include "vcpu.h"

#define SOAK_VMS_MAX 4u
#define SOAK_VCPUS_MAX 4u
#define SOAK_CALLS 6u /* that a hostile guest keeps in mind */
#define SOAK_POOL_PAGES 24u /* of a hostile guest's messages and data */
#define SOAK_DATA_PAGES 4u /* of a well-behaved virtual CPU */

/* A list of so many pages has two pages itself. */
#define SOAK_LONG_LIST 515u

/* PTA_RPMB_KEY_UUID as a message has it: for the owner of the RPMB alone. */
#define SOAK_KEY_PTA_A 0x0644650d8cd26edaull
#define SOAK_KEY_PTA_B 0x02c2572f42e81f89ull

/* The value that OP-TEE has for a guest, and no other. */
static inline uint32_t soak_value(const struct tg_guest *guest)
{
	return 1 + guest->serial % (TEE_ASYNC_VALUES - 1);
}

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

struct soak_vm;

struct soak_vcpu {
	struct sim_vcpu cpu;
	struct soak_vm *vm;
	/* A well-behaved one: memory that no other virtual CPU uses. */
	uint64_t message;
	uint64_t list;
	uint64_t data;
	uint64_t cookie;
	uint32_t session;
	uint32_t call_with; /* function id of its calls */
	bool message_shared; /* the message is in a registered buffer */
	uint8_t pattern;
};

/* What the VMM does about its VM. */
enum soak_task {
	SOAK_MAKE,
	SOAK_RESET,
	SOAK_COLLECT, /* OP-TEE's interrupt; the host's thread, not a VMM's */
	SOAK_END, /* another VM will take its place */
};

struct soak_vm {
	struct tg_guest *guest;
	bool hostile;
	bool owns_rpmb;
	struct soak_vcpu vcpus[SOAK_VCPUS_MAX];
	uint32_t vcpu_count;
	struct sim_vcpu vmm;
	enum soak_task task;
	bool stopping; /* virtual CPUs end after their SMC */
	struct tg_limits limits;

	/* A hostile one: shared by its virtual CPUs, as nothing is safe. */
	uint64_t pool;
	uint64_t heap;
	uint64_t message; /* that was sent last */
	struct sim_call calls[SOAK_CALLS];
	struct tg_regs replies[SOAK_CALLS]; /* to give once more */
	uint32_t reply;
};

struct soak {
	struct soak_vm vms[SOAK_VMS_MAX];
	uint32_t vm_count;
	uint64_t smcs; /* that came back */
	uint64_t smcs_max;
	uint64_t switches;
	uint32_t slice; /* points up to the next switch, at most */
	uint32_t until_switch;
	uint32_t until_interrupt;
	uint32_t serial;
	bool ending;
};

extern struct soak soak;

/* soak.c: one run on a fresh machine, until @smcs or the dice are used up. */
void soak_play(uint64_t smcs);

/* honest.c */
void honest_body(void *vcpu);

/* hostile.c */
void hostile_body(void *vcpu);
void hostile_prepare(struct soak_vm *vm);

/* ta.c: the TA that all talk to */
uint32_t soak_invoke(struct tee_thread *thread, uint32_t func,
		     struct tee_param *params, uint32_t count);
void soak_scribble(struct tee_thread *thread, struct optee_msg_arg *arg);

/* cover.c: which events met which states of a call */
enum cover_event {
	COVER_BEGIN,
	COVER_RESUME,
	COVER_FAST,
	COVER_OTHER_SMC,
	COVER_TEE_DONE,
	COVER_TEE_ALLOC,
	COVER_TEE_FREE,
	COVER_TEE_CMD,
	COVER_TEE_INTERRUPT,
	COVER_TEE_THREAD_LIMIT,
	COVER_TEE_LOST,
	COVER_REFUSED,
	COVER_RESET_BUSY,
	COVER_RESET_DONE,
	COVER_SCRIBBLE,
	COVER_FAILURE,
	COVER_SWITCH, /* before port operation n: COVER_SWITCH + n */
	COVER_EVENTS = COVER_SWITCH + SIM_OP_ALL,
};

void cover_start(void);
void cover_note(const struct tg_guest *guest, enum cover_event event);
void cover_print(void);
uint32_t cover_pairs(void);

#endif
