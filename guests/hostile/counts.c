// SPDX-License-Identifier: BSD-2-Clause
/*
 * What was sent and what came back, counted by vCPU and printed at the end as
 * the sum of both.
 */
#include "hostile.h"

static const char *const function_names[FUNCTION_COUNT] = {
	"calls",	"RETURN_FROM_RPC", "cached",
	"caps/threads", "shm cache",	   "notifications",
	"refused",	"unknown",	   "others' (KVM)",
};

static const char *const result_names[RESULT_COUNT] = {
	"ok",	      "rpc",	  "thread-limit", "busy",
	"bad-resume", "bad-addr", "bad-cmd",	  "no-mem",
	"not-avail",  "unknown",  "other",
};

static const char *const message_names[MESSAGE_CMDS] = {
	"open", "invoke", "close", "cancel", "register", "unregister", "other",
};

static const struct {
	uint32_t ret;
	const char *name;
} message_results[MESSAGE_RESULTS] = {
	{ TEE_SUCCESS, "success" },
	{ TEE_ERROR_BAD_PARAMETERS, "bad-parameters" },
	{ TEE_ERROR_OUT_OF_MEMORY, "out-of-memory" },
	{ TEE_ERROR_ITEM_NOT_FOUND, "not-found" },
	{ TEE_ERROR_ACCESS_DENIED, "denied" },
	{ TEE_ERROR_BUSY, "busy" },
	{ 0xffff3024u, "target-dead" },
	{ 0, "other" },
};

static const char *const count_names[COUNT_ALL] = {
	"steps",
	"SMCs",
	"HVCs",
	"calls begun",
	"calls ended",
	"calls suspended",
	"calls with room",
	"calls in a buffer",
	"forged resumes",
	"scribbles",
	"words hammered",
	"drains",
	"drains given up",
	"honest steps",
	"honest successes",
	"TAs opened",
	"buffers shared",
	"checked registers",
	"checked messages",
	"checked RPCs",
	"checked guard pages",
	"checked resting pages",
	"checked results",
	"violations",
};

enum function_class counts_function(uint32_t id)
{
	switch (id) {
	case OPTEE_SMC_CALL_WITH_ARG:
	case OPTEE_SMC_CALL_WITH_RPC_ARG:
	case OPTEE_SMC_CALL_WITH_REGD_ARG:
		return FUNCTION_CALL;
	case OPTEE_SMC_RETURN_FROM_RPC:
		return FUNCTION_RESUME;
	case OPTEE_SMC_CALLS_COUNT:
	case OPTEE_SMC_CALLS_UID:
	case OPTEE_SMC_CALLS_REVISION:
	case OPTEE_SMC_GET_OS_UUID:
	case OPTEE_SMC_GET_OS_REVISION:
		return FUNCTION_CACHED;
	case OPTEE_SMC_EXCHANGE_CAPS:
	case OPTEE_SMC_GET_THREAD_COUNT:
		return FUNCTION_CAPS;
	case OPTEE_SMC_ENABLE_SHM_CACHE:
	case OPTEE_SMC_DISABLE_SHM_CACHE:
		return FUNCTION_SHM_CACHE;
	case OPTEE_SMC_ENABLE_ASYNC_NOTIF:
	case OPTEE_SMC_GET_ASYNC_NOTIF_VALUE:
		return FUNCTION_NOTIF;
	case OPTEE_SMC_BOOT_SECONDARY:
	case OPTEE_SMC_VM_CREATED:
	case OPTEE_SMC_VM_DESTROYED:
	case OPTEE_SMC_GET_SHM_CONFIG:
	case OPTEE_SMC_GET_PROTMEM_CONFIG:
	case OPTEE_SMC_L2CC_MUTEX:
		return FUNCTION_REFUSED;
	}
	/* What libteegate takes from KVM. */
	if (id - OPTEE_SMC_FAST(0) < 0x10000 ||
	    id - OPTEE_SMC_YIELD(0) < 0x10000 || id - 0xbf00ff00u < 0x100)
		return FUNCTION_UNKNOWN;
	return FUNCTION_FOREIGN;
}

enum result_class counts_result(uint32_t x0)
{
	if (optee_ret_is_rpc(x0))
		return RESULT_RPC;
	switch (x0) {
	case OPTEE_RET_OK:
		return RESULT_OK;
	case OPTEE_RET_ETHREAD_LIMIT:
		return RESULT_THREAD_LIMIT;
	case OPTEE_RET_EBUSY:
		return RESULT_BUSY;
	case OPTEE_RET_ERESUME:
		return RESULT_RESUME;
	case OPTEE_RET_EBADADDR:
		return RESULT_BAD_ADDRESS;
	case OPTEE_RET_EBADCMD:
		return RESULT_BAD_COMMAND;
	case OPTEE_RET_ENOMEM:
		return RESULT_NO_MEMORY;
	case OPTEE_RET_ENOTAVAIL:
		return RESULT_NOT_AVAILABLE;
	case OPTEE_RET_UNKNOWN_FUNCTION:
		return RESULT_UNKNOWN;
	}
	return RESULT_OTHER;
}

void counts_smc(struct cpu *cpu, uint32_t id, uint32_t x0)
{
	static const uint32_t kinds[RPC_KINDS] = { OPTEE_RPC_ALLOC,
						   OPTEE_RPC_FREE,
						   OPTEE_RPC_FOREIGN_INTR,
						   OPTEE_RPC_CMD };
	enum function_class class = counts_function(id);
	enum result_class result = counts_result(x0);

	/* x0 is a number there, not a result. */
	if (class == FUNCTION_CACHED && result != RESULT_UNKNOWN)
		result = RESULT_OK;
	cpu->counts.of[COUNT_SMCS]++;
	cpu->counts.smcs[class][result]++;
	for (uint32_t i = 0; i < RPC_KINDS && result == RESULT_RPC; i++)
		cpu->counts.rpcs[i] += kinds[i] == x0;
}

void counts_message(struct cpu *cpu, uint32_t cmd, uint32_t ret)
{
	uint32_t n = 0;

	if (cmd >= MESSAGE_CMDS)
		cmd = MESSAGE_CMDS - 1;
	while (n < MESSAGE_RESULTS - 1 && message_results[n].ret != ret)
		n++;
	cpu->counts.messages[cmd][n]++;
}

uint64_t counts_total(enum count count)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < MACHINE_CPUS; i++)
		total += cpus[i].counts.of[count];
	return total;
}

/* What both counted, if anything. */
static void line(const char *of, const char *what, uint64_t a, uint64_t b)
{
	if (a + b)
		say("hostile: %s: %s: %lu", of, what, a + b);
}

void counts_report(void)
{
	static const char *const kinds[RPC_KINDS] = { "ALLOC", "FREE",
						      "FOREIGN_INTR", "CMD" };
	const struct counts *a = &cpus[0].counts, *b = &cpus[1].counts;

	for (uint32_t i = 0; i < FUNCTION_COUNT; i++)
		for (uint32_t n = 0; n < RESULT_COUNT; n++)
			line(function_names[i], result_names[n], a->smcs[i][n],
			     b->smcs[i][n]);
	for (uint32_t i = 0; i < MESSAGE_CMDS; i++)
		for (uint32_t n = 0; n < MESSAGE_RESULTS; n++)
			line(message_names[i], message_results[n].name,
			     a->messages[i][n], b->messages[i][n]);
	for (uint32_t i = 0; i < RPC_KINDS; i++)
		line("RPC", kinds[i], a->rpcs[i], b->rpcs[i]);
	for (uint32_t i = 0; i < RPC_CMDS; i++)
		if (a->rpc_cmds[i] + b->rpc_cmds[i])
			say("hostile: RPC command %u: %lu", i,
			    a->rpc_cmds[i] + b->rpc_cmds[i]);
	for (uint32_t i = 0; i < COUNT_ALL; i++)
		say("hostile: %s: %lu", count_names[i],
		    counts_total((enum count)i));
}
