// SPDX-License-Identifier: BSD-2-Clause
/*
 * State coverage: which events happened to a guest while one of its calls was
 * in which state. The only file of the soak test that looks into the core.
 */
#include <stdio.h>

#include "core.h"
#include "soak.h"

enum cover_state {
	STATE_IDLE, /* no call at all */
	STATE_RUNNING,
	STATE_ASKED_ALLOC,
	STATE_ASKED_FREE,
	STATE_ASKED_CMD,
	STATE_INTERRUPTED,
	STATE_LOST,
	STATES,
};

static const char *const state_names[STATES] = {
	"idle", "running", "alloc", "free", "cmd", "intr", "lost",
};

static const char *const event_names[COVER_EVENTS] = {
	[COVER_BEGIN] = "guest: call",
	[COVER_RESUME] = "guest: resume",
	[COVER_FAST] = "guest: fast call",
	[COVER_OTHER_SMC] = "guest: refused function",
	[COVER_TEE_DONE] = "OP-TEE: done",
	[COVER_TEE_ALLOC] = "OP-TEE: RPC alloc",
	[COVER_TEE_FREE] = "OP-TEE: RPC free",
	[COVER_TEE_CMD] = "OP-TEE: RPC command",
	[COVER_TEE_INTERRUPT] = "OP-TEE: interrupt",
	[COVER_TEE_THREAD_LIMIT] = "OP-TEE: no thread",
	[COVER_TEE_LOST] = "OP-TEE: unknown thread",
	[COVER_REFUSED] = "mediator: refuses",
	[COVER_RESET_BUSY] = "reset: not yet",
	[COVER_RESET_DONE] = "reset: done",
	[COVER_SCRIBBLE] = "guest: memory changes",
	[COVER_FAILURE] = "host: short of something",
	[COVER_SWITCH + SIM_OP_COPY_IN] = "switch: copy in",
	[COVER_SWITCH + SIM_OP_COPY_OUT] = "switch: copy out",
	[COVER_SWITCH + SIM_OP_PIN] = "switch: pin",
	[COVER_SWITCH + SIM_OP_PAGE_ALLOC] = "switch: page alloc",
	[COVER_SWITCH + SIM_OP_ALLOC] = "switch: alloc",
	[COVER_SWITCH + SIM_OP_UNPIN] = "switch: unpin",
	[COVER_SWITCH + SIM_OP_SMC_ENTER] = "switch: before OP-TEE",
	[COVER_SWITCH + SIM_OP_SMC_LEAVE] = "switch: after OP-TEE",
	[COVER_SWITCH + SIM_OP_LOCK] = "switch: lock",
	[COVER_SWITCH + SIM_OP_UNLOCK] = "switch: unlock",
	[COVER_SWITCH + SIM_OP_INSIDE_TEE] = "switch: inside OP-TEE",
	[COVER_SWITCH + SIM_OP_SMC_DONE] = "switch: between SMCs",
};

static uint64_t seen[COVER_EVENTS][STATES];

static enum cover_state suspended_state(const struct tg_call *call)
{
	switch (call->rpc.func) {
	case OPTEE_RPC_ALLOC:
		return STATE_ASKED_ALLOC;
	case OPTEE_RPC_FREE:
		return STATE_ASKED_FREE;
	case OPTEE_RPC_CMD:
		return STATE_ASKED_CMD;
	default:
		return STATE_INTERRUPTED;
	}
}

static enum cover_state state_of(const struct tg_call *call)
{
	switch (call->state) {
	case TG_CALL_RUNNING:
		return STATE_RUNNING;
	case TG_CALL_SUSPENDED:
		return suspended_state(call);
	case TG_CALL_LOST:
		return STATE_LOST;
	default:
		return STATE_IDLE;
	}
}

/* What @event meets: every state that a call of the guest is in. */
void cover_note(const struct tg_guest *guest, enum cover_event event)
{
	const struct tg_vm *vm = guest ? guest->vm : NULL;
	unsigned int states = 0;

	if (!vm)
		return;
	for (uint32_t i = 0; i < vm->limits.calls; i++)
		states |= 1u << state_of(&vm->calls[i]);
	if (states != 1u << STATE_IDLE)
		states &= ~(1u << STATE_IDLE);
	for (unsigned int s = 0; s < STATES; s++)
		if (states & 1u << s)
			seen[event][s]++;
}

static void note_smc(const struct tg_guest *guest, uint64_t id)
{
	switch (id) {
	case OPTEE_SMC_CALL_WITH_ARG:
	case OPTEE_SMC_CALL_WITH_RPC_ARG:
	case OPTEE_SMC_CALL_WITH_REGD_ARG:
		cover_note(guest, COVER_BEGIN);
		break;
	case OPTEE_SMC_RETURN_FROM_RPC:
		cover_note(guest, COVER_RESUME);
		break;
	default:
		cover_note(guest, tg_policy_function(guest->vm, (uint32_t)id) ==
						  TG_POLICY_REFUSE ?
					  COVER_OTHER_SMC :
					  COVER_FAST);
		break;
	}
}

static void note_answer(const struct tg_guest *guest, uint64_t id, uint64_t x0)
{
	if (id != OPTEE_SMC_CALL_WITH_ARG &&
	    id != OPTEE_SMC_CALL_WITH_RPC_ARG &&
	    id != OPTEE_SMC_RETURN_FROM_RPC)
		return;
	switch (x0) {
	case OPTEE_RPC_ALLOC:
		cover_note(guest, COVER_TEE_ALLOC);
		break;
	case OPTEE_RPC_FREE:
		cover_note(guest, COVER_TEE_FREE);
		break;
	case OPTEE_RPC_CMD:
		cover_note(guest, COVER_TEE_CMD);
		break;
	case OPTEE_RPC_FOREIGN_INTR:
		cover_note(guest, COVER_TEE_INTERRUPT);
		break;
	case OPTEE_RET_ETHREAD_LIMIT:
		cover_note(guest, COVER_TEE_THREAD_LIMIT);
		break;
	case OPTEE_RET_ERESUME:
		cover_note(guest, COVER_TEE_LOST);
		break;
	default:
		cover_note(guest, COVER_TEE_DONE);
		break;
	}
}

/* The RPMB's frames are for its owner alone. */
static void check_command(const struct tg_guest *guest, uint64_t cmd)
{
	if (cmd != OPTEE_RPC_CMD_RPMB && cmd != OPTEE_RPC_CMD_RPMB_FRAMES)
		return;
	if (sim.sys.rpmb_owner != guest)
		sim_die("policy: a guest that does not own the RPMB is asked for command %u",
			(unsigned int)cmd);
}

static void observe(struct tg_guest *guest, enum tg_trace_event event,
		    uint64_t a, uint64_t b)
{
	if (event == TG_TRACE_SMC_IN)
		note_smc(guest, a);
	else if (event == TG_TRACE_TEE_OUT)
		note_answer(guest, a, b);
	else if (event == TG_TRACE_REFUSED)
		cover_note(guest, COVER_REFUSED);
	else if (event == TG_TRACE_RPC_CMD)
		check_command(guest, a);
}

/* After sim_start(). What was seen before stays. */
void cover_start(void)
{
	sim.observer = observe;
}

uint32_t cover_pairs(void)
{
	uint32_t pairs = 0;

	for (unsigned int e = 0; e < COVER_EVENTS; e++)
		for (unsigned int s = 0; s < STATES; s++)
			pairs += seen[e][s] > 0;
	return pairs;
}

void cover_print(void)
{
	uint32_t all = 0;

	printf("%-26s", "event while a call is");
	for (unsigned int s = 0; s < STATES; s++)
		printf(" %10s", state_names[s]);
	putchar('\n');
	for (unsigned int e = 0; e < COVER_EVENTS; e++) {
		if (!event_names[e])
			continue;
		all += STATES;
		printf("%-26s", event_names[e]);
		for (unsigned int s = 0; s < STATES; s++)
			printf(" %10llu", (unsigned long long)seen[e][s]);
		putchar('\n');
	}
	printf("%u of %u pairs of event and state\n", cover_pairs(), all);
}
