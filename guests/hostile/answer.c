// SPDX-License-Identifier: BSD-2-Clause
/*
 * What OP-TEE is told when it asks in the middle of a call: as Linux and
 * tee-supplicant would, with one TA, or in any other way.
 */
#include "hostile.h"

#define TEE_ERROR_NOT_SUPPORTED 0xffff000au

static uint32_t payload_next;

/* A contiguous range; what uses it at the same time is not looked at. */
static uint64_t payload_take(void)
{
	uint32_t n = __atomic_fetch_add(&payload_next, 1, __ATOMIC_RELAXED);

	return arena_payload(n % PAYLOADS);
}

static void alloc(struct cpu *cpu, struct smc *regs, uint64_t name)
{
	struct buffer buffer = { .name = name, .bytes = PAGE_BYTES };
	uint32_t page;

	if (buffer_page_take(&page)) {
		buffer.page = page + 1;
		buffer.address = arena_rpc(page);
		arena_fill(buffer.address, buffer.address);
	} else {
		buffer.address =
			arena_rough(dice_below(&cpu->dice, ROUGH_PAGES));
	}
	if (!buffer_add(&buffer))
		buffer.address = 0;
	pair_set(regs, 1, buffer.address);
	pair_set(regs, 4, name);
}

static void shm_alloc(struct cpu *cpu, struct message *message)
{
	struct optee_msg_param *param = &message->params[0];
	uint64_t bytes = param->u.value.b;
	struct buffer buffer = { .name = name_new(cpu),
				 .address = payload_take(),
				 .bytes = bytes };
	uint64_t list = arena_calm(cpu, CALM_MESSAGES);
	uint64_t pages[PAYLOAD_PAGES];

	if (bytes > PAYLOAD_PAGES * PAGE_BYTES || !buffer_add(&buffer)) {
		message->head.ret = TEE_ERROR_OUT_OF_MEMORY;
		return;
	}
	param->attr = OPTEE_MSG_ATTR_TMEM_OUT;
	param->u.tmem =
		(struct optee_msg_tmem){ buffer.address, bytes, buffer.name };
	if (dice_below(&cpu->dice, 2))
		return;
	for (uint32_t i = 0; i < PAYLOAD_PAGES; i++)
		pages[i] = buffer.address + i * PAGE_BYTES;
	param->attr |= OPTEE_MSG_ATTR_NONCONTIG;
	param->u.tmem.buf_ptr = list_write(list, pages, PAYLOAD_PAGES);
}

/* First the size is asked for, then the TA itself. */
static void load_ta(struct message *message)
{
	struct optee_msg_param *param = &message->params[1];
	uint64_t room = param->u.rmem.size, offset = param->u.rmem.offs;
	struct buffer buffer;

	if (!arena_ta_bytes() ||
	    memcmp(&message->params[0].u.value, options.ta, 16)) {
		message->head.ret = TEE_ERROR_ITEM_NOT_FOUND;
		return;
	}
	param->u.rmem.size = arena_ta_bytes();
	if (param->attr != OPTEE_MSG_ATTR_RMEM_OUT || room < arena_ta_bytes() ||
	    !buffer_find(param->u.rmem.shm_ref, &buffer) ||
	    offset > buffer.bytes || buffer.bytes - offset < arena_ta_bytes())
		return;
	memcpy(at(buffer.address + offset), arena_ta(), arena_ta_bytes());
}

static void serve(struct cpu *cpu, struct message *message)
{
	message->head.ret = TEE_SUCCESS;
	switch (message->head.cmd) {
	case OPTEE_RPC_CMD_LOAD_TA:
		load_ta(message);
		break;
	case OPTEE_RPC_CMD_SHM_ALLOC:
		shm_alloc(cpu, message);
		break;
	case OPTEE_RPC_CMD_SHM_FREE:
		buffer_remove(message->params[0].u.value.b);
		break;
	case OPTEE_RPC_CMD_GET_TIME:
		message->params[0].u.value.a = 1000000000 + cpu->step;
		message->params[0].u.value.b = 0;
		break;
	case OPTEE_RPC_CMD_NOTIFICATION:
	case OPTEE_RPC_CMD_SUSPEND:
		break;
	case OPTEE_RPC_CMD_FS:
		message->head.ret = files_serve(message);
		break;
	default:
		message->head.ret = TEE_ERROR_NOT_SUPPORTED;
		break;
	}
}

static void count_cmd(struct cpu *cpu, uint32_t cmd)
{
	cpu->counts.rpc_cmds[cmd < RPC_CMDS ? cmd : RPC_CMDS - 1]++;
}

/*
 * The message of an RPC_CMD, or NULL where this guest cannot know. *@ret_page:
 * the page of its own that it has, or 0.
 */
static struct message *rpc_message(const struct call *call, uint64_t *ret_page)
{
	uint64_t name = pair(&call->regs, 1);
	struct buffer buffer;

	*ret_page = 0;
	if (!name)
		return call->room ? at(call->room) : NULL;
	if (!buffer_find(name, &buffer))
		return NULL;
	*ret_page = buffer.page ? buffer.address : 0;
	return at(buffer.address);
}

void answer_right(struct cpu *cpu, struct call *call, bool is_alone)
{
	struct smc *regs = &call->regs;
	uint32_t func = (uint32_t)regs->x[0];
	struct message *message;
	uint64_t page;

	if (func == OPTEE_RPC_ALLOC) {
		alloc(cpu, regs, name_new(cpu));
		return;
	}
	if (func == OPTEE_RPC_FREE)
		buffer_remove(pair(regs, 1));
	message = func == OPTEE_RPC_CMD ? rpc_message(call, &page) : NULL;
	if (message) {
		if (is_alone && (page || (call->room && call->calm)))
			judge_rpc(cpu, message, page);
		count_cmd(cpu, message->head.cmd);
		serve(cpu, message);
	}
	pair_set(regs, 1, 0);
}

/* Success or failure, with contents of which nothing fits anything. */
static void serve_wrong(struct cpu *cpu, struct message *message)
{
	static const uint32_t results[] = {
		TEE_SUCCESS,
		TEE_SUCCESS,
		TEE_SUCCESS,
		TEE_ERROR_ITEM_NOT_FOUND,
		TEE_ERROR_OUT_OF_MEMORY,
		TEE_ERROR_GENERIC,
		TEE_ERROR_SHORT_BUFFER,
		0x12345678,
	};
	struct dice *dice = &cpu->dice;
	struct optee_msg_param *param = &message->params[dice_below(dice, 4)];

	message->head.ret = results[dice_below(dice, ROWS(results))];
	switch (dice_below(dice, 6)) {
	case 0:
		param->u.tmem.size = odd_size(cpu);
		break;
	case 1:
		param->u.value.a = dice_below(dice, 2) ? dice_below(dice, 9) :
							 dice_u64(dice);
		param->u.value.b = dice_below(dice, 9);
		break;
	case 2:
		param->attr = odd_attr(cpu);
		break;
	case 3:
		message->head.cmd = dice_below(dice, RPC_CMDS);
		message->head.num_params = dice_below(dice, 9);
		break;
	case 4:
		param->u.tmem.buf_ptr = odd_address(cpu);
		break;
	default:
		param->u.tmem.shm_ref = name_any(cpu);
		break;
	}
}

/* SHM_ALLOC answered with a buffer that is too small, torn or not one. */
static void shm_alloc_wrong(struct cpu *cpu, struct message *message)
{
	struct dice *dice = &cpu->dice;
	struct optee_msg_param *param = &message->params[0];
	uint64_t bytes = param->u.value.b;

	message->head.ret = TEE_SUCCESS;
	param->attr = OPTEE_MSG_ATTR_TMEM_OUT;
	if (!dice_one_in(dice, 3))
		param->attr |= OPTEE_MSG_ATTR_NONCONTIG;
	param->u.tmem.buf_ptr =
		dice_below(dice, 2) ? odd_list(cpu) : odd_address(cpu);
	param->u.tmem.size = dice_below(dice, 2) ? bytes : odd_size(cpu);
	param->u.tmem.shm_ref =
		dice_below(dice, 2) ? name_new(cpu) : name_any(cpu);
}

/* The RPC's arguments in memory that the sibling rewrites. */
static void alloc_wrong(struct cpu *cpu, struct smc *regs)
{
	struct buffer buffer = {
		.name = name_any(cpu),
		.address = dice_one_in(&cpu->dice, 3) ?
				   odd_address(cpu) :
				   arena_rough(dice_below(&cpu->dice, 12)),
		.bytes = PAGE_BYTES,
	};
	uint64_t end = machine.ram + machine.ram_bytes - 2 * PAGE_BYTES;

	/* Others' answers are written there, too. */
	if (buffer.address >= arena_payload(0) && buffer.address < end &&
	    !(buffer.address & 7))
		buffer_add(&buffer);
	pair_set(regs, 1, buffer.address);
	pair_set(regs, 4, buffer.name);
}

static void cmd_wrong(struct cpu *cpu, const struct call *call)
{
	struct message *message;
	uint64_t page;

	message = rpc_message(call, &page);
	if (!message)
		return;
	count_cmd(cpu, message->head.cmd);
	if (message->head.cmd == OPTEE_RPC_CMD_SHM_ALLOC &&
	    dice_below(&cpu->dice, 2)) {
		shm_alloc_wrong(cpu, message);
		return;
	}
	if (dice_below(&cpu->dice, 2))
		serve(cpu, message);
	serve_wrong(cpu, message);
}

void answer_wrong(struct cpu *cpu, struct call *call)
{
	struct dice *dice = &cpu->dice;
	struct smc *regs = &call->regs;

	switch ((uint32_t)regs->x[0]) {
	case OPTEE_RPC_ALLOC:
		alloc_wrong(cpu, regs);
		break;
	case OPTEE_RPC_CMD:
		cmd_wrong(cpu, call);
		break;
	case OPTEE_RPC_FREE:
		buffer_remove(pair(regs, 1));
		break;
	}
	if (dice_one_in(dice, 4))
		pair_set(regs, 1, odd_address(cpu));
	if (dice_one_in(dice, 4))
		pair_set(regs, 4, name_any(cpu));
	if (dice_one_in(dice, 12))
		regs->x[3] = dice_below(dice, 8);
}
