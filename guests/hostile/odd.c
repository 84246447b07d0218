// SPDX-License-Identifier: BSD-2-Clause
/*
 * Addresses, sizes, attributes, page lists and whole messages that are often
 * almost right, since what is far off is refused at once. Everything here is
 * in rough memory: calm and guard pages are never named.
 */
#include "hostile.h"

/* Mutexes, lock order, speed of AES: pta_invoke_tests.h. */
#define TESTS_SLOW_FIRST 7u
#define TESTS_SLOW_LAST 9u

static uint64_t rough_page(struct cpu *cpu)
{
	/* A few pages are taken often, so that the vCPUs meet there. */
	if (dice_one_in(&cpu->dice, 2))
		return arena_rough(dice_below(&cpu->dice, 12));
	return arena_rough(dice_below(&cpu->dice, ROUGH_PAGES));
}

uint64_t odd_address(struct cpu *cpu)
{
	struct dice *dice = &cpu->dice;
	const uint64_t end = machine.ram + machine.ram_bytes;
	const uint64_t odd[] = {
		0,
		8,
		machine.rom_bytes / 2 & ~0xfffull,
		machine.rom_bytes,
		GIC_BASE,
		UART_BASE,
		EXIT_BASE,
		machine.ram - PAGE_BYTES,
		machine.ram - 8,
		end - PAGE_BYTES,
		end - 32,
		end - 8,
		end,
		end + PAGE_BYTES,
		0x0e000000, /* the board's secure RAM */
		0x8000000000000000,
		0xfffffffffffff000,
		0xffffffffffffffe8,
		0xffff000000000000,
	};

	switch (dice_below(dice, 8)) {
	case 0:
	case 1:
		return odd[dice_below(dice, ROWS(odd))];
	case 2:
		return rough_page(cpu) + dice_below(dice, PAGE_BYTES);
	case 3:
		return dice_u64(dice);
	default:
		return rough_page(cpu);
	}
}

uint64_t odd_size(struct cpu *cpu)
{
	static const uint64_t odd[] = {
		0,
		1,
		4095,
		4096,
		4097,
		1ull << 32,
		UINT64_MAX - 4096,
		UINT64_MAX - 4095,
		UINT64_MAX,
		510 * PAGE_BYTES,
		511 * PAGE_BYTES,
		512 * PAGE_BYTES,
	};

	/* The whole quota of pins takes the host a while. */
	if (dice_one_in(&cpu->dice, 20000))
		return 1ull << 28;
	if (dice_one_in(&cpu->dice, 8))
		return odd[dice_below(&cpu->dice, ROWS(odd))];
	return dice_below(&cpu->dice, 5 * PAGE_BYTES);
}

uint64_t odd_attr(struct cpu *cpu)
{
	static const uint64_t flags[] = { 1ull << 8,  1ull << 9,  7ull << 16,
					  1ull << 10, 1ull << 32, 1ull << 63 };
	static const uint8_t usual[] = { 0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 11, 7 };
	struct dice *dice = &cpu->dice;
	uint64_t attr = dice_one_in(dice, 24) ?
				dice_below(dice, 16) :
				usual[dice_below(dice, ROWS(usual))];

	if (attr >= OPTEE_MSG_ATTR_TMEM_IN && !dice_one_in(dice, 3))
		attr |= OPTEE_MSG_ATTR_NONCONTIG;
	if (dice_one_in(dice, 24))
		attr ^= flags[dice_below(dice, ROWS(flags))];
	return attr;
}

/* Makes a rough page a list whose links go anywhere, also to itself. */
uint64_t odd_list(struct cpu *cpu)
{
	struct dice *dice = &cpu->dice;
	uint64_t list = rough_page(cpu);
	volatile uint64_t *entries = at(list);
	uint32_t count = dice_one_in(dice, 8) ? OPTEE_PAGELIST_ENTRIES : 6;
	uint64_t good = rough_page(cpu);

	for (uint32_t i = 0; i < count; i++)
		entries[i] = i < 4 && dice_one_in(dice, 24) ? odd_address(cpu) :
							      good;
	switch (dice_below(dice, 4)) {
	case 0:
		entries[OPTEE_PAGELIST_ENTRIES] = list;
		break;
	case 1:
		entries[OPTEE_PAGELIST_ENTRIES] = odd_address(cpu);
		break;
	default:
		entries[OPTEE_PAGELIST_ENTRIES] = rough_page(cpu);
		break;
	}
	cpu->list = list;
	return list;
}

static void odd_param(struct cpu *cpu, struct message *message)
{
	struct dice *dice = &cpu->dice;
	uint64_t attr = odd_attr(cpu);
	uint64_t address;

	switch (attr & 0xc) {
	case 0:
		message_value(message, attr, dice_below(dice, 8),
			      dice_one_in(dice, 8) ? dice_u64(dice) :
						     dice_below(dice, 8));
		break;
	case 4:
		message_memory(message, attr,
			       dice_one_in(dice, 4) ? odd_size(cpu) : 0,
			       odd_size(cpu), name_any(cpu));
		break;
	default:
		address =
			dice_one_in(dice, 4) ? odd_address(cpu) : odd_list(cpu);
		if (dice_one_in(dice, 3))
			address |= dice_below(dice, PAGE_BYTES);
		message_memory(message, attr, address, odd_size(cpu),
			       name_any(cpu));
		break;
	}
}

static uint32_t odd_command(struct cpu *cpu)
{
	static const uint32_t usual[] = {
		OPTEE_MSG_CMD_INVOKE_COMMAND, OPTEE_MSG_CMD_INVOKE_COMMAND,
		OPTEE_MSG_CMD_INVOKE_COMMAND, OPTEE_MSG_CMD_REGISTER_SHM,
		OPTEE_MSG_CMD_REGISTER_SHM,   OPTEE_MSG_CMD_UNREGISTER_SHM,
		OPTEE_MSG_CMD_OPEN_SESSION,   OPTEE_MSG_CMD_CLOSE_SESSION,
	};

	if (dice_one_in(&cpu->dice, 16))
		return dice_below(&cpu->dice, 2) ?
			       (uint32_t)dice_u64(&cpu->dice) :
			       dice_below(&cpu->dice, 13);
	return usual[dice_below(&cpu->dice, ROWS(usual))];
}

/* What each command needs to get any further than its first check. */
static void sensible(struct cpu *cpu, struct message *message, uint32_t cmd)
{
	struct dice *dice = &cpu->dice;
	switch (cmd) {
	case OPTEE_MSG_CMD_OPEN_SESSION:
		message_open(message,
			     (enum target)dice_below(dice, TARGET_COUNT));
		break;
	case OPTEE_MSG_CMD_REGISTER_SHM:
		message_init(message, cmd);
		message_memory(message,
			       OPTEE_MSG_ATTR_TMEM_OUT |
				       OPTEE_MSG_ATTR_NONCONTIG,
			       odd_list(cpu),
			       dice_one_in(dice, 8) ?
				       odd_size(cpu) :
				       1 + dice_below(dice, 6 * PAGE_BYTES),
			       name_any(cpu));
		break;
	case OPTEE_MSG_CMD_UNREGISTER_SHM:
		message_init(message, cmd);
		message_memory(message, OPTEE_MSG_ATTR_RMEM_IN, 0, 0,
			       name_any(cpu));
		break;
	default:
		message_init(message, cmd);
		message->head.session = session_any(cpu);
	}
}

/* As many good buffers as there can be in a call, and more. */
static void many_buffers(struct cpu *cpu, struct message *message)
{
	uint32_t count = 7 + dice_below(&cpu->dice, 6);
	bool temporary = dice_below(&cpu->dice, 2);
	uint64_t list = odd_list(cpu);
	uint64_t name = name_any(cpu);

	sensible(cpu, message, OPTEE_MSG_CMD_INVOKE_COMMAND);
	while (message->head.num_params < count)
		message_memory(message,
			       temporary ? OPTEE_MSG_ATTR_TMEM_INOUT |
						   OPTEE_MSG_ATTR_NONCONTIG :
					   OPTEE_MSG_ATTR_RMEM_IN,
			       temporary ? list : 0, 100, name);
}

/*
 * Commands of the PTAs and of xtest's storage TA, but for those of OP-TEE's
 * tests that take as long as their arguments say: they would never end.
 */
static uint32_t odd_function(struct cpu *cpu)
{
	uint32_t func = dice_below(&cpu->dice, 27);

	return func >= TESTS_SLOW_FIRST && func <= TESTS_SLOW_LAST ? 0 : func;
}

void odd_message(struct cpu *cpu, struct message *message)
{
	struct dice *dice = &cpu->dice;
	uint32_t cmd = odd_command(cpu);
	uint32_t count = dice_below(dice, dice_one_in(dice, 24) ? 13 : 5);

	if (dice_one_in(dice, 48)) {
		many_buffers(cpu, message);
		return;
	}
	sensible(cpu, message, cmd);
	if (cmd == OPTEE_MSG_CMD_REGISTER_SHM ||
	    cmd == OPTEE_MSG_CMD_UNREGISTER_SHM)
		count = dice_one_in(dice, 6) ? 1 : 0;
	while (count--)
		odd_param(cpu, message);
	message->head.func = odd_function(cpu);
	message->head.cancel_id = dice_below(dice, 4);
	message->head.pad = dice_below(dice, 2);
	if (dice_one_in(dice, 6))
		odd_mutate(cpu, message);
}

/* One field of a good message becomes another. */
void odd_mutate(struct cpu *cpu, struct message *message)
{
	struct dice *dice = &cpu->dice;
	uint32_t n =
		dice_below(dice, message->head.num_params + 1) % MESSAGE_PARAMS;
	struct optee_msg_param *param = &message->params[n];

	switch (dice_below(dice, 8)) {
	case 0:
		message->head.num_params = dice_below(dice, 2) ?
						   (uint32_t)dice_u64(dice) :
						   120 + dice_below(dice, 16);
		break;
	case 1:
		message->head.cmd = odd_command(cpu);
		break;
	case 2:
		message->head.session = session_any(cpu);
		break;
	case 3:
		param->attr = odd_attr(cpu);
		break;
	case 4:
		param->u.tmem.shm_ref = name_any(cpu);
		break;
	case 5:
		param->u.tmem.size = odd_size(cpu);
		break;
	default:
		param->u.tmem.buf_ptr = odd_address(cpu);
		break;
	}
}
