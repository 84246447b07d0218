// SPDX-License-Identifier: BSD-2-Clause
/*
 * libFuzzer's entry for the translation of messages: the input is what a
 * guest's memory holds, from IPA 0 on, where small numbers are addresses. A
 * short header says which registers the calls have and how RPCs are answered.
 * One virtual CPU; races are smc_fuzzer.c's.
 */
#include <string.h>

#include "guest.h"
#include "tee.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define CALLS 3u
#define STEPS 16u

/* What the input begins with; the rest is memory. */
struct header {
	uint16_t arg[CALLS]; /* where each call's message is */
	uint8_t limits;
	/* Steps after which a byte of memory changes, and how calls are made. */
	uint8_t flip_every;
	uint8_t answers[8]; /* to RPCs, in turn */
};

#define FLIP_MASK 0x3fu
#define WITH_ROOM 0x40u /* for RPCs behind the messages */
#define IN_BUFFER 0x80u /* all but the first, in the one that 7 names */

struct run {
	struct tg_guest *guest;
	struct header header;
	const uint8_t *memory;
	size_t bytes;
	uint32_t answered;
};

static uint8_t next_answer(struct run *run)
{
	return run->header
		.answers[run->answered++ % sizeof(run->header.answers)];
}

/* One byte of what the guest wrote becomes another. */
static void flip(struct run *run)
{
	uint8_t *low = sim_guest_at(run->guest, 0);
	uint8_t n = next_answer(run);

	low[n * 4 % TG_PAGE_BYTES] ^= next_answer(run);
}

static void on_event(const struct sim_event *event, void *arg)
{
	struct run *run = arg;
	uint32_t every = run->header.flip_every & FLIP_MASK;

	if (event->op == SIM_OP_COPY_IN && every &&
	    sim.ops[SIM_OP_COPY_IN] % every == 0)
		flip(run);
}

/* As the driver would, or with registers from the input. */
static void answer(struct run *run, struct tg_regs *regs)
{
	uint8_t how = next_answer(run);

	if (how & 1)
		sim_rpc_serve(run->guest, regs);
	if (how & 2)
		sim_pair_set(regs, 1, (uint64_t)next_answer(run) << (how >> 4));
	if (how & 4)
		sim_pair_set(regs, 4, next_answer(run));
	if (how & 8)
		regs->x[3] = next_answer(run);
	regs->x[0] = OPTEE_SMC_RETURN_FROM_RPC;
}

/* The registers of call @n, and where its RPCs would be. */
static void begin(struct run *run, unsigned int n, struct tg_regs *regs)
{
	const uint8_t how = run->header.flip_every;
	const uint16_t at = run->header.arg[n];

	*regs = (struct tg_regs){ .x = { OPTEE_SMC_CALL_WITH_ARG } };
	sim_pair_set(regs, 1, at);
	run->guest->rpc_ipa = 0;
	if (how & (WITH_ROOM | IN_BUFFER)) {
		regs->x[0] = OPTEE_SMC_CALL_WITH_RPC_ARG;
		run->guest->rpc_ipa = at + optee_msg_bytes(how & 3);
	}
	if (n && how & IN_BUFFER) {
		regs->x[0] = OPTEE_SMC_CALL_WITH_REGD_ARG;
		sim_pair_set(regs, 1, 7);
		regs->x[3] = at;
	}
}

static void play(struct run *run)
{
	for (unsigned int i = 0; i < CALLS; i++) {
		struct tg_regs regs;

		begin(run, i, &regs);
		sim_guest_smc(run->guest, &regs);
		for (unsigned int n = 0;
		     n < STEPS && optee_ret_is_rpc((uint32_t)regs.x[0]); n++) {
			answer(run, &regs);
			sim_guest_smc(run->guest, &regs);
		}
	}
}

/* Reads and writes both ends of every buffer, and asks for one. */
static uint32_t touch(struct tee_thread *thread, uint32_t func,
		      struct tee_param *params, uint32_t count)
{
	struct tee_mobj *payload = NULL;

	if (func & 1)
		payload = tee_rpc_alloc(thread, func >> 8);
	for (uint32_t i = 0; i < count; i++) {
		struct tee_param *p = &params[i];

		if (!(p->type & 4) || !p->mobj || !p->size)
			continue;
		++*tee_mobj_at(p->mobj, p->offs);
		++*tee_mobj_at(p->mobj, p->offs + p->size - 1);
	}
	if (func & 2)
		tee_rpc_cmd(thread, OPTEE_RPC_CMD_FS, count, params);
	if (payload)
		tee_rpc_free(thread, payload);
	return TEE_SUCCESS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct run run = { 0 };
	struct tg_limits limits;

	run.bytes = bytes < sizeof(run.header) ? bytes : sizeof(run.header);
	memcpy(&run.header, data, run.bytes);
	run.memory = data + run.bytes;
	run.bytes = bytes - run.bytes;
	if (run.bytes > SIM_LOW_PAGES * TG_PAGE_BYTES)
		run.bytes = SIM_LOW_PAGES * TG_PAGE_BYTES;
	limits = (struct tg_limits){
		.calls = 2,
		.shm_buffers = run.header.limits & 3,
		.rpc_buffers = run.header.limits >> 2 & 3,
		.pinned_bytes = (uint64_t)run.header.limits << 10,
	};
	sim_start();
	sim.guest_pages = 64;
	tee.invoke = touch;
	if (tg_system_init(&sim.sys) != TG_OK)
		sim_die("fuzz: no OP-TEE");
	run.guest = sim_guest_create(&limits);
	run.guest->hostile = true;
	/* What the input spells may look like an address of the host. */
	sim.scan_off = true;
	sim_guest_write(run.guest, 0, run.memory, run.bytes);
	sim_hook_set(on_event, &run);
	play(&run);
	sim_hook_set(NULL, NULL);
	sim_guest_destroy(run.guest);
	sim_stop();
	return 0;
}
