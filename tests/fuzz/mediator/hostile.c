// SPDX-License-Identifier: BSD-2-Clause
/*
 * A hostile virtual CPU: any message, any register, any answer, in any order,
 * with memory that its siblings change between any two reads. What it sends is
 * often almost right, since what is far off is refused at once. Nothing is
 * expected of its results.
 */
#include <string.h>

#include "soak.h"

/* More than any call may have buffers. */
#define MANY_PARAMS 12u

static uint64_t pool_page(const struct soak_vm *vm)
{
	return vm->pool + dice_below(SOAK_POOL_PAGES) * TG_PAGE_BYTES;
}

static uint64_t any_address(const struct soak_vm *vm)
{
	const uint64_t end =
		SIM_RAM_IPA +
		(uint64_t)vm->guest->regions[0].count * TG_PAGE_BYTES;
	const uint64_t odd[] = {
		0,
		8,
		SIM_ROM_IPA,
		SIM_HIGH_IPA,
		SIM_RAM_IPA - TG_PAGE_BYTES,
		SIM_RAM_IPA - 8,
		end - TG_PAGE_BYTES,
		end - 32,
		end,
		0x30000000,
		0x8000000000000000,
		0xfffffffffffff000,
		0xffffffffffffffe8,
	};

	switch (dice_below(8)) {
	case 0:
	case 1:
		return odd[dice_below(ROWS(odd))];
	case 2:
		return pool_page(vm) + dice_below(TG_PAGE_BYTES);
	case 3:
		return dice_u64();
	default:
		return pool_page(vm);
	}
}

static uint64_t any_size(void)
{
	static const uint64_t odd[] = {
		0,
		1,
		4095,
		4096,
		4097,
		8192,
		1ull << 32,
		UINT64_MAX - 4095,
		UINT64_MAX,
		UINT64_MAX - 4096,
		511 * 4096ul,
		512 * 4096ul,
	};

	if (dice_one_in(4))
		return odd[dice_below(ROWS(odd))];
	return dice_below(5 * TG_PAGE_BYTES);
}

static uint64_t any_cookie(const struct soak_vm *vm)
{
	switch (dice_below(8)) {
	case 0:
		return 0;
	case 1: /* the mediator's own names, or beside them */
		return (vm->guest->forges_names ? 0x7467746d00000000ull :
						  0x7467746d00010000ull) |
		       dice_below(3) << 8 | dice_below(4);
	case 2:
	case 3:
		return vm->guest->buffers[dice_below(8)].cookie;
	default:
		return 1 + dice_below(6);
	}
}

static uint64_t any_attr(void)
{
	static const uint64_t flags[] = { 1ull << 8,  1ull << 9,  7ull << 16,
					  1ull << 10, 1ull << 32, 1ull << 63 };
	static const uint8_t usual[] = { 0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 11, 7 };
	uint64_t attr = dice_one_in(24) ? dice_below(16) :
					  usual[dice_below(ROWS(usual))];

	if (attr >= OPTEE_MSG_ATTR_TMEM_IN && !dice_one_in(3))
		attr |= OPTEE_MSG_ATTR_NONCONTIG;
	if (dice_one_in(24))
		attr ^= flags[dice_below(ROWS(flags))];
	return attr;
}

/* Makes a page a list whose links go anywhere, also to itself. */
static uint64_t any_list(struct soak_vm *vm)
{
	uint64_t list = pool_page(vm);
	uint64_t *entries = sim_guest_at(vm->guest, list);
	uint32_t count = dice_one_in(8) ? OPTEE_PAGELIST_ENTRIES : 6;
	uint64_t good = pool_page(vm);

	for (uint32_t i = 0; i < count; i++)
		entries[i] = i < 4 && dice_one_in(24) ? any_address(vm) : good;
	switch (dice_below(4)) {
	case 0:
		entries[OPTEE_PAGELIST_ENTRIES] = list;
		break;
	case 1:
		entries[OPTEE_PAGELIST_ENTRIES] = any_address(vm);
		break;
	default:
		entries[OPTEE_PAGELIST_ENTRIES] = pool_page(vm);
		break;
	}
	return list;
}

static void any_param(struct soak_vm *vm, struct optee_msg_param *param)
{
	param->attr = any_attr();
	switch (param->attr & 0xc) {
	case 0:
		param->u.value.a = dice_below(8);
		param->u.value.b =
			dice_one_in(8) ? dice_u64() : sim_mark(vm->guest, 2);
		break;
	case 4:
		param->u.rmem.shm_ref = any_cookie(vm);
		param->u.rmem.offs = dice_one_in(4) ? any_size() : 0;
		param->u.rmem.size = any_size();
		break;
	default:
		param->u.tmem.shm_ref = any_cookie(vm);
		param->u.tmem.size = any_size();
		param->u.tmem.buf_ptr =
			dice_one_in(4) ? any_address(vm) : any_list(vm);
		if (dice_one_in(3))
			param->u.tmem.buf_ptr |= dice_below(TG_PAGE_BYTES);
		break;
	}
}

static uint32_t any_command(void)
{
	static const uint32_t usual[] = {
		OPTEE_MSG_CMD_INVOKE_COMMAND, OPTEE_MSG_CMD_INVOKE_COMMAND,
		OPTEE_MSG_CMD_INVOKE_COMMAND, OPTEE_MSG_CMD_INVOKE_COMMAND,
		OPTEE_MSG_CMD_REGISTER_SHM,   OPTEE_MSG_CMD_REGISTER_SHM,
		OPTEE_MSG_CMD_UNREGISTER_SHM, OPTEE_MSG_CMD_OPEN_SESSION,
	};

	if (dice_one_in(16))
		return dice_below(2) ? dice_u32() : dice_below(13);
	return usual[dice_below(ROWS(usual))];
}

/* What makes the message one that OP-TEE would do something about. */
static uint32_t make_sense(struct soak_vm *vm, struct sim_msg *msg,
			   uint32_t count)
{
	struct optee_msg_param *param = msg->params;

	switch (msg->cmd) {
	case OPTEE_MSG_CMD_OPEN_SESSION:
		for (unsigned int i = 0; i < 2; i++)
			param[i].attr =
				OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;
		if (dice_below(4) == 3) {
			param->u.value.a = SOAK_KEY_PTA_A;
			param->u.value.b = SOAK_KEY_PTA_B;
		}
		return count < 2 ? 2 : count;
	case OPTEE_MSG_CMD_REGISTER_SHM:
		param->attr =
			OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG;
		param->u.tmem.buf_ptr = any_list(vm);
		param->u.tmem.size = dice_one_in(8) ?
					     any_size() :
					     1 + dice_below(6 * TG_PAGE_BYTES);
		param->u.tmem.shm_ref = any_cookie(vm);
		return 1;
	case OPTEE_MSG_CMD_UNREGISTER_SHM:
		param->attr = OPTEE_MSG_ATTR_RMEM_IN;
		param->u.rmem.shm_ref = any_cookie(vm);
		return 1;
	default:
		return count;
	}
}

/* As many good buffers as there can be, and more. */
static uint32_t many_buffers(struct soak_vm *vm, struct sim_msg *msg)
{
	uint32_t count = 7 + dice_below(MANY_PARAMS - 6);
	bool temporary = dice_below(2);
	uint64_t list = any_list(vm);
	uint64_t cookie = any_cookie(vm);

	msg->cmd = OPTEE_MSG_CMD_INVOKE_COMMAND;
	for (uint32_t i = 0; i < count; i++) {
		struct optee_msg_param *param = &msg->params[i];

		param->attr = temporary ? OPTEE_MSG_ATTR_TMEM_INOUT |
						  OPTEE_MSG_ATTR_NONCONTIG :
					  OPTEE_MSG_ATTR_RMEM_IN;
		param->u.tmem.buf_ptr = temporary ? list : 0;
		param->u.tmem.size = 100;
		param->u.tmem.shm_ref = cookie;
	}
	return count;
}

static void any_message(struct soak_vm *vm, struct sim_msg *msg)
{
	uint32_t count = dice_below(dice_one_in(24) ? MANY_PARAMS + 1 : 5);

	memset(msg, 0, optee_msg_bytes(MANY_PARAMS));
	msg->cmd = any_command();
	msg->session = 1 + dice_below(4);
	msg->func = dice_below(3);
	msg->pad = dice_below(2);
	for (uint32_t i = 0; i < count; i++)
		any_param(vm, &msg->params[i]);
	if (!dice_one_in(6))
		count = make_sense(vm, msg, count);
	if (dice_one_in(48))
		count = many_buffers(vm, msg);
	msg->num_params = count;
	if (dice_one_in(40))
		msg->num_params =
			dice_below(2) ? dice_u32() : 120 + dice_below(16);
}

/* Garbage where the calling convention says that nobody looks. */
static void upper_halves(struct tg_regs *regs)
{
	uint64_t garbage;

	if (!dice_one_in(4))
		return;
	garbage = dice_u64() << 32;
	for (unsigned int i = 0; i < 8; i++)
		regs->x[i] |= garbage;
}

static void smc(struct soak_vm *vm, struct tg_regs *regs)
{
	upper_halves(regs);
	sim_guest_smc(vm->guest, regs);
}

static struct sim_call *pick(struct soak_vm *vm, bool suspended)
{
	return sim_call_pick(vm->calls, SOAK_CALLS, dice_below(SOAK_CALLS),
			     suspended);
}

/* Room for RPCs behind the message, or in what may be a registered buffer. */
static void with_room(struct soak_vm *vm, struct tg_regs *regs)
{
	regs->x[0] = OPTEE_SMC_CALL_WITH_RPC_ARG;
	regs->x[3] = dice_u32();
	if (dice_below(2))
		return;
	regs->x[0] = OPTEE_SMC_CALL_WITH_REGD_ARG;
	sim_pair_set(regs, 1, any_cookie(vm));
	switch (dice_below(8)) {
	case 0:
		regs->x[3] = any_size();
		break;
	case 1:
		regs->x[3] = dice_below(6) * TG_PAGE_BYTES - dice_below(64) * 8;
		break;
	default:
		regs->x[3] = dice_below(4) * TG_PAGE_BYTES;
		break;
	}
}

static void start(struct soak_vm *vm)
{
	struct sim_call *call = pick(vm, false);
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_ARG } };
	uint64_t at = pool_page(vm);
	struct sim_msg msg;

	any_message(vm, &msg);
	sim_guest_write(vm->guest, at, &msg, optee_msg_bytes(MANY_PARAMS));
	if (dice_one_in(30))
		at = dice_below(2) ? any_address(vm) : at + dice_below(64);
	vm->message = at;
	sim_pair_set(&regs, 1, at);
	if (dice_below(2))
		with_room(vm, &regs);
	*call = (struct sim_call){ .guest = vm->guest, .ipa = at };
	if (regs.x[0] != OPTEE_SMC_CALL_WITH_ARG)
		call->rpc_ipa = (at & ~7ull) +
				optee_msg_bytes(msg.num_params % MANY_PARAMS);
	smc(vm, &regs);
	call->regs = regs;
}

static void forge(struct soak_vm *vm, struct tg_regs *regs)
{
	if (dice_one_in(4))
		sim_pair_set(regs, 1, any_address(vm));
	if (dice_one_in(4))
		sim_pair_set(regs, 4, any_cookie(vm));
	if (dice_one_in(12))
		regs->x[3] = dice_below(8);
}

/* Changes a word of the RPC's message: its question or its answer. */
static void forge_message(struct soak_vm *vm, const struct tg_regs *regs)
{
	uint64_t v = dice_below(2) ? dice_below(16) : any_address(vm);
	uint64_t bytes, at;

	if ((uint32_t)regs->x[0] != OPTEE_RPC_CMD)
		return;
	at = sim_rpc_ipa(vm->guest, regs, &bytes);
	if (at)
		sim_guest_write(vm->guest, at + dice_below(20) * 8, &v,
				sizeof(v));
}

/* Answers a call that waits, and keeps the answer to give it again. */
static void answer(struct soak_vm *vm)
{
	struct sim_call *call = pick(vm, true);
	struct tg_regs regs;

	if (!sim_call_is_suspended(call))
		return;
	regs = call->regs;
	vm->guest->rpc_ipa = call->rpc_ipa;
	sim_rpc_serve(vm->guest, &regs);
	if (dice_one_in(4))
		forge_message(vm, &regs);
	vm->guest->rpc_ipa = 0;
	forge(vm, &regs);
	regs.x[0] = OPTEE_SMC_RETURN_FROM_RPC;
	vm->replies[vm->reply++ % SOAK_CALLS] = regs;
	/* Siblings may answer it as well, meanwhile. */
	smc(vm, &regs);
	call->regs = regs;
}

static void answer_again(struct soak_vm *vm)
{
	struct tg_regs regs = vm->replies[dice_below(SOAK_CALLS)];

	regs.x[0] = OPTEE_SMC_RETURN_FROM_RPC;
	forge(vm, &regs);
	smc(vm, &regs);
}

static void any_smc(struct soak_vm *vm)
{
	static const uint32_t ids[] = {
		OPTEE_SMC_CALLS_UID,	      OPTEE_SMC_EXCHANGE_CAPS,
		OPTEE_SMC_ENABLE_SHM_CACHE,   OPTEE_SMC_DISABLE_SHM_CACHE,
		OPTEE_SMC_GET_THREAD_COUNT,   OPTEE_SMC_RETURN_FROM_RPC,
		OPTEE_SMC_CALL_WITH_ARG,      OPTEE_SMC_CALL_WITH_RPC_ARG,
		OPTEE_SMC_VM_DESTROYED,	      OPTEE_SMC_ENABLE_ASYNC_NOTIF,
		OPTEE_SMC_ENABLE_ASYNC_NOTIF, OPTEE_SMC_GET_ASYNC_NOTIF_VALUE,
		OPTEE_SMC_CALL_WITH_REGD_ARG,
	};
	struct tg_regs regs;

	for (unsigned int i = 0; i < 8; i++)
		regs.x[i] = dice_below(2) ? dice_below(8) : dice_u64();
	regs.x[0] = ids[dice_below(ROWS(ids))];
	if (dice_one_in(4))
		regs.x[0] = dice_below(2) ? OPTEE_SMC_FAST(dice_below(32)) :
					    OPTEE_SMC_YIELD(dice_below(32));
	smc(vm, &regs);
}

/* Memory changes under whoever reads it. */
static void scribble(struct soak_vm *vm)
{
	uint64_t at = pool_page(vm) + dice_below(8) * 8;
	uint64_t v = dice_below(2) ? dice_below(16) : any_address(vm);

	switch (dice_below(4)) {
	case 0:
		if (vm->guest->buffers[0].ipa)
			at = vm->guest->buffers[dice_below(2)].ipa +
			     dice_below(20) * 8;
		break;
	case 1:
		at = pool_page(vm) + OPTEE_PAGELIST_ENTRIES * 8;
		break;
	case 2:
		at = vm->message + dice_below(28) * 8;
		break;
	default:
		break;
	}
	at &= ~7ull;
	if (sim_guest_page(vm->guest, at, true) == SIM_NO_PAGE)
		return;
	cover_note(vm->guest, COVER_SCRIBBLE);
	sim_note("  mark %u: memory at 0x%llx becomes 0x%llx\n",
		 vm->guest->serial, (unsigned long long)at,
		 (unsigned long long)v);
	sim_guest_write(vm->guest, at, &v, sizeof(v));
}

/* Another thread of its VMM resets it, maybe while one does already. */
static void reset(struct soak_vm *vm)
{
	if (sim_guest_reset(vm->guest) == TG_OK)
		memset(vm->calls, 0, sizeof(vm->calls));
}

/* Its driver's allocations: memory is used again, names as well. */
static void wrap(struct soak_vm *vm)
{
	if (vm->guest->heap > vm->heap + 200 * TG_PAGE_BYTES)
		vm->guest->heap = vm->heap;
	if (vm->guest->cookie_next > 12)
		vm->guest->cookie_next = 1 + dice_below(4);
}

void hostile_prepare(struct soak_vm *vm)
{
	struct tg_guest *guest = vm->guest;

	guest->hostile = true;
	guest->forges_names = dice_below(2);
	guest->cookie_next = 1 + dice_below(4);
	vm->pool = sim_guest_alloc(guest, SOAK_POOL_PAGES * TG_PAGE_BYTES);
	vm->heap = guest->heap;
	vm->message = vm->pool;
}

void hostile_body(void *vcpu)
{
	struct soak_vcpu *v = vcpu;
	struct soak_vm *vm = v->vm;

	while (!soak.ending && !vm->stopping) {
		uint32_t dice = dice_below(32);

		wrap(vm);
		if (dice_one_in(8))
			vm->guest->yields = dice_below(4);
		if (dice < 8)
			start(vm);
		else if (dice < 22)
			answer(vm);
		else if (dice < 24)
			answer_again(vm);
		else if (dice < 25 && dice_one_in(32))
			reset(vm);
		else if (dice < 26)
			any_smc(vm);
		else
			scribble(vm);
		/* What it did may have had no SMC in it. */
		sim_vcpu_point(SIM_OP_LOCK);
	}
}
