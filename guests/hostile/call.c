// SPDX-License-Identifier: BSD-2-Clause
/*
 * Yielding calls: begun, resumed, ended, and the end of all that are
 * suspended. Which answer a resume carries is answer.c's; who sends what,
 * honest.c's and hostile.c's.
 */
#include "hostile.h"

/* More threads than any OP-TEE here has. */
#define DRAIN_THREADS 16u
#define DRAIN_ROUNDS 300u

static uint32_t alone; /* the vCPU that is, plus 1 */
static uint32_t resuming; /* vCPUs inside a resume */

bool resuming_begin(void)
{
	__atomic_fetch_add(&resuming, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&alone, __ATOMIC_SEQ_CST))
		return true;
	resuming_end();
	return false;
}

void resuming_end(void)
{
	__atomic_fetch_sub(&resuming, 1, __ATOMIC_SEQ_CST);
}

bool alone_begin(struct cpu *cpu)
{
	uint32_t nobody = 0;

	if (!__atomic_compare_exchange_n(&alone, &nobody, cpu->index + 1, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	/* That of one SMC. */
	while (__atomic_load_n(&resuming, __ATOMIC_SEQ_CST))
		;
	return true;
}

void alone_end(void)
{
	__atomic_store_n(&alone, 0, __ATOMIC_SEQ_CST);
}

uint32_t call_index(const struct cpu *cpu, const struct call *call)
{
	return (uint32_t)(call - cpu->calls);
}

struct call *call_pick(struct cpu *cpu, bool suspended)
{
	uint32_t first = dice_below(&cpu->dice, CALLS_PER_CPU);

	for (uint32_t i = 0; i < CALLS_PER_CPU; i++) {
		struct call *call = &cpu->calls[(first + i) % CALLS_PER_CPU];

		if (call->suspended == suspended)
			return call;
	}
	return NULL;
}

/* What came back decides whether there is something to answer. */
static void settle(struct cpu *cpu, struct call *call)
{
	const struct message *message = at(call->arg);
	uint32_t x0 = (uint32_t)call->regs.x[0];

	call->suspended = optee_ret_is_rpc(x0);
	if (call->suspended) {
		cpu->counts.of[COUNT_SUSPENDED]++;
		return;
	}
	if (call->calm)
		judge_message(cpu, call->arg, &call->sent,
			      call->room ?
				      (uint32_t)optee_msg_bytes(ROOM_PARAMS) :
				      0);
	/* Ended by another one, or only busy: its results may come later. */
	call->unsure |= call->calm && x0 == OPTEE_RET_ERESUME;
	if (x0 != OPTEE_RET_OK)
		return;
	cpu->counts.of[COUNT_ENDED]++;
	cpu->counts.of[COUNT_WITH_ROOM] += call->room != 0;
	cpu->counts.of[COUNT_IN_BUFFER] +=
		call->with == OPTEE_SMC_CALL_WITH_REGD_ARG;
	/* Elsewhere the sibling may have written, or there is no memory. */
	if (!call->calm)
		return;
	counts_message(cpu, call->sent.head.cmd, message->head.ret);
	if (call->sent.head.cmd == OPTEE_MSG_CMD_OPEN_SESSION &&
	    message->head.ret == TEE_SUCCESS)
		session_add(message->head.session);
}

/* Registrations are not in the buffer, as in Linux: it may not be there yet. */
void call_way(struct cpu *cpu, struct call *call, uint32_t cmd)
{
	struct dice *dice = &cpu->dice;

	call->with = OPTEE_SMC_CALL_WITH_ARG;
	if (dice_one_in(dice, 3))
		return;
	call->with = OPTEE_SMC_CALL_WITH_RPC_ARG;
	if (cmd != OPTEE_MSG_CMD_REGISTER_SHM &&
	    cmd != OPTEE_MSG_CMD_UNREGISTER_SHM &&
	    (!call->calm || cpu->messages_shared) && dice_below(dice, 2))
		call->with = OPTEE_SMC_CALL_WITH_REGD_ARG;
}

/* Where the message is, and the room behind it, if this guest can know. */
static void place(struct cpu *cpu, struct call *call)
{
	struct smc *regs = &call->regs;
	const struct message *message;
	uint32_t count = MESSAGE_PARAMS + 1;

	pair_set(regs, 1, call->arg);
	if (call->with == OPTEE_SMC_CALL_WITH_REGD_ARG && call->calm) {
		pair_set(regs, 1, name_of_messages(cpu));
		regs->x[3] = call_index(cpu, call) * PAGE_BYTES;
	} else if (call->with == OPTEE_SMC_CALL_WITH_REGD_ARG) {
		pair_set(regs, 1, name_any(cpu));
		regs->x[3] = dice_below(&cpu->dice, 4) * PAGE_BYTES;
		if (dice_one_in(&cpu->dice, 8))
			regs->x[3] = odd_size(cpu);
	}
	call->room = 0;
	if (call->with == OPTEE_SMC_CALL_WITH_ARG)
		return;
	if (call->calm) {
		count = call->sent.head.num_params;
	} else if (call->arg == cpu->message) {
		message = at(call->arg);
		count = message->head.num_params;
	}
	if (count <= MESSAGE_PARAMS)
		call->room = call->arg + optee_msg_bytes(count);
}

/*
 * What stands in x4 and x5 may become the answer to an ALLOC: when the sibling
 * has resumed this call's thread, and that asks for another thing by the time
 * this vCPU answers. So that is a name of this guest's, below any other bits.
 */
void call_begin(struct cpu *cpu, struct call *call)
{
	const uint64_t upper = 0xffffffffull << 32;
	uint64_t name = name_any(cpu);

	call->regs.x[0] = call->with;
	for (uint32_t i = 3; i < 7; i++)
		call->regs.x[i] = dice_u64(&cpu->dice);
	call->regs.x[4] = (call->regs.x[4] & upper) | name >> 32;
	call->regs.x[5] = (call->regs.x[5] & upper) | (uint32_t)name;
	place(cpu, call);
	call->resumes = 0;
	cpu->counts.of[COUNT_BEGUN]++;
	issue(cpu, &call->regs);
	settle(cpu, call);
}

void call_resume(struct cpu *cpu, struct call *call)
{
	call->regs.x[0] = OPTEE_SMC_RETURN_FROM_RPC;
	call->resumes++;
	issue(cpu, &call->regs);
	settle(cpu, call);
}

/* Tells a thread that there is nothing of what it asks. False: it is gone. */
static bool drain_step(struct cpu *cpu, struct smc *regs, uint32_t thread)
{
	struct message *message;
	struct buffer buffer;

	regs->x[0] = OPTEE_SMC_RETURN_FROM_RPC;
	for (uint32_t n = 1; n < 7; n++)
		regs->x[n] = n == 3 ? thread : 0;
	issue(cpu, regs);
	switch ((uint32_t)regs->x[0]) {
	case OPTEE_RPC_CMD:
		if (!buffer_find(pair(regs, 1), &buffer))
			break;
		message = at(buffer.address);
		message->head.ret = TEE_ERROR_OUT_OF_MEMORY;
		break;
	case OPTEE_RPC_FREE:
		buffer_remove(pair(regs, 1));
		break;
	}
	return optee_ret_is_rpc((uint32_t)regs->x[0]);
}

/*
 * In turn, since one thread may wait for what another one holds. False: some
 * wait still, maybe for what the sibling has begun meanwhile.
 */
bool call_drain(struct cpu *cpu)
{
	bool active[DRAIN_THREADS];
	uint32_t left = DRAIN_THREADS;
	struct smc regs;

	cpu->counts.of[COUNT_DRAINS]++;
	memset(active, true, sizeof(active));
	for (uint32_t round = 0; left && round < DRAIN_ROUNDS; round++)
		for (uint32_t i = 0; i < DRAIN_THREADS; i++) {
			if (!active[i])
				continue;
			active[i] = drain_step(cpu, &regs, i);
			left -= !active[i];
		}
	cpu->counts.of[COUNT_STUCK] += left;
	for (uint32_t i = 0; i < CALLS_PER_CPU; i++) {
		struct call *call = &cpu->calls[i];

		call->unsure = left && (call->unsure ||
					(call->suspended && call->calm));
		call->suspended = false;
	}
	return !left;
}

struct call *call_pick_calm(struct cpu *cpu)
{
	for (uint32_t tries = 0; tries < 2; tries++) {
		for (uint32_t i = 0; i < CALLS_PER_CPU; i++)
			if (!cpu->calls[i].suspended && !cpu->calls[i].unsure)
				return &cpu->calls[i];
		call_drain(cpu);
	}
	return NULL;
}
