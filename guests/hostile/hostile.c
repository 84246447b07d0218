// SPDX-License-Identifier: BSD-2-Clause
/*
 * Steps of a guest that means harm: calls that are wrong somewhere, answers to
 * what was not asked, any registers at all, and memory that changes while the
 * sibling's call is under way. Nothing is expected of results here but what
 * judge.c says of every one.
 */
#include "hostile.h"

/* So long at a time that the sibling's SMC is likely to fall into it. */
#define HAMMER_MIN 200u
#define HAMMER_MORE 4000u

/* Functions of the standard secure services and the hypervisor: PSCI's. */
#define OWNER(id) ((id) >> 24 & 0x3f)
#define OWNER_FIRST 4u
#define OWNER_LAST 6u

static struct cpu *sibling(const struct cpu *cpu)
{
	return &cpus[cpu->index ^ 1];
}

/* In memory that the sibling rewrites, or somewhere that is no place for it. */
static void put_rough(struct cpu *cpu, struct call *call,
		      const struct message *message)
{
	struct dice *dice = &cpu->dice;
	uint64_t page = arena_rough(dice_below(dice, 12));

	memcpy(at(page), message, sizeof(*message));
	cpu->message = page;
	call->arg = page;
	if (dice_one_in(dice, 30))
		call->arg = dice_below(dice, 2) ? odd_address(cpu) :
						  page + dice_below(dice, 64);
}

/* Takes away, or tries to, the buffer that one vCPU has its messages in. */
static void end_of_messages(struct cpu *cpu, struct message *message)
{
	const struct cpu *whose =
		dice_below(&cpu->dice, 2) ? cpu : sibling(cpu);

	message_init(message, OPTEE_MSG_CMD_UNREGISTER_SHM);
	message_memory(message, OPTEE_MSG_ATTR_RMEM_IN, 0, 0,
		       name_of_messages(whose));
}

static void begin(struct cpu *cpu)
{
	struct call *call = call_pick(cpu, false);
	struct message message;

	if (!call)
		return;
	odd_message(cpu, &message);
	if (dice_one_in(&cpu->dice, 48))
		end_of_messages(cpu, &message);
	call->calm = dice_one_in(&cpu->dice, 3) && !call->unsure;
	if (call->calm) {
		call->sent = message;
		call->arg = message_put(arena_calm(cpu, call_index(cpu, call)),
					&message);
	} else {
		put_rough(cpu, call, &message);
	}
	call_way(cpu, call, message.head.cmd);
	call_begin(cpu, call);
	if (message.head.cmd == OPTEE_MSG_CMD_CLOSE_SESSION)
		session_remove(message.head.session);
}

static void answer(struct cpu *cpu)
{
	struct call *call = call_pick(cpu, true);

	if (!call || !resuming_begin()) {
		begin(cpu);
		return;
	}
	if (dice_below(&cpu->dice, 8) < 5)
		answer_right(cpu, call, false);
	else
		answer_wrong(cpu, call);
	call_resume(cpu, call);
	resuming_end();
}

/*
 * Resumes what the sibling waits for, or nothing that there is. A call that
 * goes on from here is this vCPU's from now on, or it would be nobody's.
 */
static void forge(struct cpu *cpu)
{
	struct dice *dice = &cpu->dice;
	struct call *call = call_pick(cpu, false);
	struct call *other =
		&sibling(cpu)->calls[dice_below(dice, CALLS_PER_CPU)];

	if (!call || !resuming_begin())
		return;
	call->calm = false;
	call->arg = arena_rough(0);
	call->with = OPTEE_SMC_CALL_WITH_ARG;
	call->room = 0;
	call->resumes = 0;
	call->regs = other->regs;
	if (dice_one_in(dice, 3))
		call->regs.x[3] = dice_below(dice, 2) ? dice_below(dice, 8) :
							dice_u64(dice);
	pair_set(&call->regs, 1, odd_address(cpu));
	pair_set(&call->regs, 4, name_any(cpu));
	call_resume(cpu, call);
	cpu->counts.of[COUNT_FORGED_RESUMES]++;
	resuming_end();
}

static uint32_t any_id(struct cpu *cpu)
{
	static const uint32_t known[] = {
		OPTEE_SMC_CALLS_COUNT,	      OPTEE_SMC_CALLS_UID,
		OPTEE_SMC_CALLS_REVISION,     OPTEE_SMC_GET_OS_UUID,
		OPTEE_SMC_GET_OS_REVISION,    OPTEE_SMC_EXCHANGE_CAPS,
		OPTEE_SMC_ENABLE_SHM_CACHE,   OPTEE_SMC_DISABLE_SHM_CACHE,
		OPTEE_SMC_GET_THREAD_COUNT,   OPTEE_SMC_VM_CREATED,
		OPTEE_SMC_VM_DESTROYED,	      OPTEE_SMC_ENABLE_ASYNC_NOTIF,
		OPTEE_SMC_LOAD_IMAGE,	      OPTEE_SMC_BOOT_SECONDARY,
		OPTEE_SMC_L2CC_MUTEX,	      OPTEE_SMC_GET_SHM_CONFIG,
		OPTEE_SMC_GET_PROTMEM_CONFIG, OPTEE_SMC_GET_ASYNC_NOTIF_VALUE,
	};
	struct dice *dice = &cpu->dice;
	uint32_t id;

	switch (dice_below(dice, 8)) {
	case 0:
		return OPTEE_SMC_FAST(dice_below(dice, 32));
	case 1:
		id = OPTEE_SMC_YIELD(dice_below(dice, 32));
		break;
	case 2:
		return OPTEE_SMC_FAST(dice_below(dice, 0x10000));
	case 3:
		return 0xbf00ff00u + dice_below(dice, 0x100);
	case 4:
		id = (uint32_t)dice_u64(dice);
		break;
	default:
		return known[dice_below(dice, ROWS(known))];
	}
	/* Those are sent elsewhere, or would switch the machine off. */
	if (id == OPTEE_SMC_RETURN_FROM_RPC || id == OPTEE_SMC_CALL_WITH_ARG ||
	    id == OPTEE_SMC_CALL_WITH_RPC_ARG ||
	    id == OPTEE_SMC_CALL_WITH_REGD_ARG ||
	    (OWNER(id) >= OWNER_FIRST && OWNER(id) <= OWNER_LAST))
		return OPTEE_SMC_YIELD(0);
	return id;
}

static void any_smc(struct cpu *cpu)
{
	struct dice *dice = &cpu->dice;
	struct smc smc;
	uint64_t name;

	for (uint32_t i = 0; i < REGISTERS; i++)
		smc.x[i] = dice_below(dice, 2) ? dice_below(dice, 8) :
						 dice_u64(dice);
	smc.x[0] = any_id(cpu);
	if (dice_one_in(dice, 8)) {
		issue_hvc(cpu, &smc);
		return;
	}
	issue(cpu, &smc);
	name = pair(&smc, 1);
	if (smc.x[0] == OPTEE_RET_OK && name && name_is_ours(name))
		buffer_remove(name);
}

/* Where the sibling's call has something that it could be reading now. */
static uint64_t target(struct cpu *cpu)
{
	struct dice *dice = &cpu->dice;
	const struct cpu *other = sibling(cpu);

	switch (dice_below(dice, 4)) {
	case 0:
		return other->list + dice_below(dice, 6) * 8;
	case 1:
		return other->list + OPTEE_PAGELIST_ENTRIES * 8;
	case 2:
		return other->message + dice_below(dice, 28) * 8;
	default:
		return arena_rough(dice_below(dice, 12)) +
		       dice_below(dice, 28) * 8;
	}
}

static uint64_t new_word(struct cpu *cpu)
{
	return dice_below(&cpu->dice, 2) ? dice_below(&cpu->dice, 16) :
					   odd_address(cpu);
}

static void scribble(struct cpu *cpu)
{
	volatile uint64_t *word = at(target(cpu));

	*word = new_word(cpu);
	cpu->counts.of[COUNT_SCRIBBLES]++;
}

/* One word is now this, now that, many times during one call. */
static void hammer(struct cpu *cpu)
{
	uint32_t times = HAMMER_MIN + dice_below(&cpu->dice, HAMMER_MORE);
	volatile uint64_t *word = at(target(cpu));
	uint64_t first = *word, second = new_word(cpu);

	for (uint32_t i = 0; i < times; i++)
		*word = i & 1 ? first : second;
	cpu->counts.of[COUNT_HAMMERED] += times;
}

void hostile_step(struct cpu *cpu)
{
	uint32_t dice = dice_below(&cpu->dice, 64);

	if (dice < 20)
		begin(cpu);
	else if (dice < 42)
		answer(cpu);
	else if (dice < 47)
		forge(cpu);
	else if (dice < 53)
		any_smc(cpu);
	else if (dice < 59)
		scribble(cpu);
	else
		hammer(cpu);
}

/* The mediator refuses it, unless the sibling makes it good meanwhile. */
static void begin_refused(struct cpu *cpu)
{
	struct call *call = call_pick(cpu, false);
	struct dice *dice = &cpu->dice;
	struct message message;

	if (!call) {
		any_smc(cpu);
		return;
	}
	odd_message(cpu, &message);
	switch (dice_below(dice, 4)) {
	case 0:
		message.head.cmd = MESSAGE_CMDS + dice_below(dice, 64);
		break;
	case 1:
		message.head.num_params = 17 + (uint32_t)dice_u64(dice) / 2;
		break;
	case 2:
		message_init(&message, OPTEE_MSG_CMD_INVOKE_COMMAND);
		message.head.session = (uint32_t)dice_u64(dice) | 1u << 31;
		break;
	default:
		message_init(&message, OPTEE_MSG_CMD_REGISTER_SHM);
		message_memory(&message, odd_attr(cpu) | 1ull << 40,
			       odd_address(cpu), odd_size(cpu), name_any(cpu));
		break;
	}
	call->calm = false;
	put_rough(cpu, call, &message);
	call_way(cpu, call, message.head.cmd);
	call_begin(cpu, call);
}

void quick_step(struct cpu *cpu)
{
	uint32_t dice = dice_below(&cpu->dice, 16);

	if (dice < 6)
		any_smc(cpu);
	else if (dice < 12)
		begin_refused(cpu);
	else if (dice < 14)
		forge(cpu);
	else
		scribble(cpu);
}
