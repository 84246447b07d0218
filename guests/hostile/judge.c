// SPDX-License-Identifier: BSD-2-Clause
/*
 * What must hold whatever was sent, as far as it shows on this side. Nothing
 * is assumed of whether a call succeeds. Each check is of memory or registers
 * that no sibling writes at that moment, so none can be wrong by a race.
 */
#include "hostile.h"

#define SAID_MAX 20u
/* Threads are numbered from 0 in each partition of OP-TEE. */
#define THREADS_MAX 1024u
#define THREADS_OF_A_GUEST_MAX 64u
#define SHM_ALLOC_MAX (64ull << 20)
#define CAPS_VISIBLE                                              \
	(OPTEE_SEC_CAP_DYNAMIC_SHM | OPTEE_SEC_CAP_MEMREF_NULL |  \
	 OPTEE_SEC_CAP_UNREGISTERED_SHM | OPTEE_SEC_CAP_RPC_ARG | \
	 OPTEE_SEC_CAP_ASYNC_NOTIF)
/* OP-TEE's asynchronous values, and with them those that are waited for. */
#define NOTIF_VALUES_ASYNC 64u
#define NOTIF_VALUES_MAX 1024u

/*
 * The board's DRAM. This guest's own addresses are far from it when minivmm
 * was told so (--ram-base), and nothing here makes such numbers.
 */
#define HOST_DRAM 0x40000000ull
#define HOST_DRAM_END 0x100000000ull

void judge_fail(struct cpu *cpu, const char *what, uint64_t a, uint64_t b)
{
	if (cpu->counts.of[COUNT_VIOLATIONS]++ >= SAID_MAX)
		return;
	say("hostile: VIOLATION on vCPU %u in step %lu of seed %lu: %s (0x%lx, 0x%lx)",
	    cpu->index, cpu->step, options.seed, what, a, b);
}

static bool is_host_address(uint64_t v)
{
	return v >= HOST_DRAM && v < HOST_DRAM_END;
}

static void preserved(struct cpu *cpu, const struct smc *before,
		      const struct smc *after)
{
	for (uint32_t i = 4; i < REGISTERS; i++)
		if (before->x[i] != after->x[i])
			judge_fail(cpu, "a register was not preserved", i,
				   after->x[i]);
}

/* x1 to x3 of an RPC that a call returned with. */
static void rpc_registers(struct cpu *cpu, const struct smc *after)
{
	uint32_t func = (uint32_t)after->x[0];

	if (after->x[3] >= THREADS_MAX)
		judge_fail(cpu, "no thread's name", after->x[3], func);
	if ((after->x[1] | after->x[2]) >> 32)
		judge_fail(cpu, "upper halves", after->x[1], after->x[2]);
	switch (func) {
	case OPTEE_RPC_ALLOC:
		if (!after->x[1] || after->x[1] > PAGE_BYTES || after->x[2])
			judge_fail(cpu, "an odd ALLOC", after->x[1],
				   after->x[2]);
		break;
	case OPTEE_RPC_FOREIGN_INTR:
		if (after->x[1] || after->x[2])
			judge_fail(cpu, "an interrupt with arguments",
				   after->x[1], after->x[2]);
		break;
	case OPTEE_RPC_CMD:
		/* The message is behind that of the call, and has no name. */
		if (!pair(after, 1))
			break;
		/* fallthrough */
	case OPTEE_RPC_FREE:
		if (!name_is_ours(pair(after, 1)))
			judge_fail(cpu, "a name that is not this guest's",
				   pair(after, 1), func);
		break;
	default:
		judge_fail(cpu, "no RPC that there is", func, 0);
	}
}

static void zero_from(struct cpu *cpu, const struct smc *after,
		      unsigned int first)
{
	for (unsigned int i = first; i < 4; i++)
		if (after->x[i])
			judge_fail(cpu, "a result that should be 0", i,
				   after->x[i]);
}

static void call_registers(struct cpu *cpu, const struct smc *before,
			   const struct smc *after)
{
	switch (counts_result((uint32_t)after->x[0])) {
	case RESULT_RPC:
		rpc_registers(cpu, after);
		break;
	case RESULT_THREAD_LIMIT: /* to be repeated with the same arguments */
		for (unsigned int i = 1; i < 4; i++)
			if (after->x[i] != before->x[i])
				judge_fail(cpu, "an argument was lost", i,
					   after->x[i]);
		break;
	case RESULT_OTHER:
		judge_fail(cpu, "a result that there is not", after->x[0], 0);
		break;
	default:
		zero_from(cpu, after, 1);
	}
}

/* How many values and how long RPCs are, for those that may know. */
static void capabilities(struct cpu *cpu, const struct smc *after)
{
	uint64_t caps = after->x[1], values = after->x[2], room = after->x[3];

	if (caps & ~(uint64_t)CAPS_VISIBLE)
		judge_fail(cpu, "capabilities that guests do not have", caps,
			   0);
	if (after->x[0] != OPTEE_RET_OK) {
		zero_from(cpu, after, 1);
		return;
	}
	if (caps & OPTEE_SEC_CAP_ASYNC_NOTIF ?
		    values < NOTIF_VALUES_ASYNC || values > NOTIF_VALUES_MAX :
		    values != 0)
		judge_fail(cpu, "an odd number of notifications", values, caps);
	if (room != (caps & OPTEE_SEC_CAP_RPC_ARG ? ROOM_PARAMS : 0))
		judge_fail(cpu, "another length of RPCs", room, caps);
}

/* One value and whether there are more, or none at all. */
static void notif_value(struct cpu *cpu, const struct smc *after)
{
	if (!(after->x[2] & OPTEE_ASYNC_NOTIF_VALID)) {
		zero_from(cpu, after, 1);
		return;
	}
	if (after->x[0] != OPTEE_RET_OK || after->x[1] >= NOTIF_VALUES_ASYNC ||
	    after->x[2] & ~(uint64_t)(OPTEE_ASYNC_NOTIF_VALID |
				      OPTEE_ASYNC_NOTIF_PENDING))
		judge_fail(cpu, "an odd notification", after->x[1],
			   after->x[2]);
	zero_from(cpu, after, 3);
}

/* EXCHANGE_CAPS and GET_THREAD_COUNT, the caches, and what is refused. */
static void fast_registers(struct cpu *cpu, const struct smc *after,
			   uint32_t id)
{
	bool ok = after->x[0] == OPTEE_RET_OK;

	switch (id) {
	case OPTEE_SMC_EXCHANGE_CAPS:
		capabilities(cpu, after);
		break;
	case OPTEE_SMC_GET_ASYNC_NOTIF_VALUE:
		notif_value(cpu, after);
		break;
	case OPTEE_SMC_ENABLE_ASYNC_NOTIF:
		zero_from(cpu, after, 1);
		break;
	case OPTEE_SMC_GET_THREAD_COUNT:
		if (after->x[1] > THREADS_OF_A_GUEST_MAX)
			judge_fail(cpu, "too many threads", after->x[1], 0);
		zero_from(cpu, after, 2);
		break;
	case OPTEE_SMC_DISABLE_SHM_CACHE:
		if (ok && !name_is_ours(pair(after, 1)))
			judge_fail(cpu, "the cache had somebody else's name",
				   pair(after, 1), 0);
		zero_from(cpu, after, ok ? 3 : 1);
		break;
	case OPTEE_SMC_ENABLE_SHM_CACHE:
		zero_from(cpu, after, 1);
		break;
	default:
		for (unsigned int i = 0; i < 4; i++)
			if (after->x[i] >> 32)
				judge_fail(cpu, "an upper half", i,
					   after->x[i]);
	}
}

/* I9 and I2, for one SMC. */
void judge_registers(struct cpu *cpu, const struct smc *before,
		     const struct smc *after)
{
	uint32_t id = (uint32_t)before->x[0];
	enum function_class class = counts_function(id);

	cpu->counts.of[COUNT_CHECKED_REGISTERS]++;
	preserved(cpu, before, after);
	if (class == FUNCTION_FOREIGN)
		return;
	if (after->x[0] >> 32)
		judge_fail(cpu, "x0 has an upper half", after->x[0], id);
	if (class == FUNCTION_CALL || class == FUNCTION_RESUME) {
		call_registers(cpu, before, after);
	} else if (class == FUNCTION_REFUSED || class == FUNCTION_UNKNOWN) {
		if (after->x[0] != OPTEE_RET_UNKNOWN_FUNCTION)
			judge_fail(cpu, "a refused function was answered", id,
				   after->x[0]);
		zero_from(cpu, after, 1);
	} else {
		fast_registers(cpu, after, id);
	}
}

static bool is_memory(uint64_t attr)
{
	return (attr & 0xff) >= OPTEE_MSG_ATTR_RMEM_IN &&
	       (attr & 0xff) <= OPTEE_MSG_ATTR_TMEM_INOUT;
}

/*
 * One parameter as it is in a calm page, and as it was sent: of an output
 * value everything may have changed, of an output buffer its size.
 */
static bool param_is_fine(const struct optee_msg_param *now,
			  const struct optee_msg_param *sent)
{
	bool out = sent->attr & 2;
	bool same_size = now->u.tmem.size == sent->u.tmem.size;

	if (now->attr != sent->attr)
		return false;
	if (out && !is_memory(sent->attr))
		return true;
	return now->u.tmem.buf_ptr == sent->u.tmem.buf_ptr &&
	       now->u.tmem.shm_ref == sent->u.tmem.shm_ref &&
	       (same_size || (out && !is_host_address(now->u.tmem.size)));
}

/*
 * A message in a page that no sibling writes or names, after its call or in
 * the middle: only results and declared outputs are new. Behind the message
 * the page has its pattern, which is its address, but for the room of RPCs.
 */
void judge_message(struct cpu *cpu, uint64_t page, const struct message *sent,
		   uint32_t room)
{
	const struct message *now = at(page);
	uint32_t count = sent->head.num_params;

	if (count > MESSAGE_PARAMS)
		count = MESSAGE_PARAMS;
	if (now->head.cmd != sent->head.cmd ||
	    now->head.func != sent->head.func ||
	    now->head.cancel_id != sent->head.cancel_id ||
	    now->head.pad != sent->head.pad ||
	    now->head.num_params != sent->head.num_params)
		judge_fail(cpu, "a message's head has changed", page, 0);
	if (now->head.session != sent->head.session &&
	    sent->head.cmd != OPTEE_MSG_CMD_OPEN_SESSION)
		judge_fail(cpu, "a message's session has changed", page,
			   now->head.session);
	for (uint32_t i = 0; i < count; i++)
		if (!param_is_fine(&now->params[i], &sent->params[i]))
			judge_fail(cpu, "a parameter has changed", page, i);
	if (!arena_is_filled(page, page,
			     (uint32_t)optee_msg_bytes(count) + room))
		judge_fail(cpu, "memory behind a message has changed", page,
			   count);
	cpu->counts.of[COUNT_CHECKED_MESSAGES]++;
}

static void rpc_param(struct cpu *cpu, uint32_t cmd,
		      const struct optee_msg_param *param)
{
	bool names = cmd == OPTEE_RPC_CMD_SHM_FREE;
	const struct optee_msg_value *value = &param->u.value;

	switch (param->attr) {
	case OPTEE_MSG_ATTR_NONE:
	case OPTEE_MSG_ATTR_VALUE_OUT:
		if (value->a | value->b | value->c)
			judge_fail(cpu, "an output parameter with content",
				   value->a, value->b);
		break;
	case OPTEE_MSG_ATTR_VALUE_IN:
	case OPTEE_MSG_ATTR_VALUE_INOUT:
		if (names && !name_is_ours(value->b))
			judge_fail(cpu, "SHM_FREE of somebody else's name",
				   value->b, 0);
		if (cmd == OPTEE_RPC_CMD_SHM_ALLOC && value->b > SHM_ALLOC_MAX)
			judge_fail(cpu, "SHM_ALLOC of an odd size", value->b,
				   0);
		break;
	case OPTEE_MSG_ATTR_RMEM_IN:
	case OPTEE_MSG_ATTR_RMEM_OUT:
	case OPTEE_MSG_ATTR_RMEM_INOUT:
		if (!name_is_ours(param->u.rmem.shm_ref) ||
		    param->u.rmem.offs > SHM_ALLOC_MAX)
			judge_fail(cpu, "an RPC's buffer is not this guest's",
				   param->u.rmem.shm_ref, param->u.rmem.offs);
		break;
	default: /* temporary ones can only be absent */
		if (param->u.tmem.buf_ptr || param->u.tmem.shm_ref)
			judge_fail(cpu, "an address in an RPC",
				   param->u.tmem.buf_ptr,
				   param->u.tmem.shm_ref);
	}
}

/* An RPC's message where no sibling writes, as the mediator left it. */
void judge_rpc(struct cpu *cpu, const struct message *message, uint64_t page)
{
	uint32_t count = message->head.num_params;

	cpu->counts.of[COUNT_CHECKED_RPCS]++;
	if (count > 8 || message->head.func || message->head.session ||
	    message->head.cancel_id || message->head.pad) {
		judge_fail(cpu, "an RPC's head", address_of(message), count);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		rpc_param(cpu, message->head.cmd, &message->params[i]);
	/* Between the message and there are the parameters of earlier ones. */
	if (page && !arena_is_filled(page, page, (uint32_t)optee_msg_bytes(8)))
		judge_fail(cpu, "memory behind an RPC's message has changed",
			   page, count);
}
