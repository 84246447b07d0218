// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What passes, what is emulated, what is refused: one row for each function
 * id and each capability bit of OP-TEE's SMC interface. What is not in the
 * tables is refused. This is the file to read, and to change, for policy; the
 * code that carries it out is in fast.c and call.c.
 */
#include "core.h"

struct tg_policy_row {
	uint32_t id;
	enum tg_policy policy;
};

static const struct tg_policy_row functions[] = {
	{ OPTEE_SMC_CALLS_COUNT, TG_POLICY_CACHED },
	{ OPTEE_SMC_CALLS_UID, TG_POLICY_CACHED },
	{ OPTEE_SMC_CALLS_REVISION, TG_POLICY_CACHED },
	{ OPTEE_SMC_GET_OS_UUID, TG_POLICY_CACHED },
	{ OPTEE_SMC_GET_OS_REVISION, TG_POLICY_CACHED },
	/* Both depend on what this guest may see or use. */
	{ OPTEE_SMC_EXCHANGE_CAPS, TG_POLICY_EMULATE },
	{ OPTEE_SMC_GET_THREAD_COUNT, TG_POLICY_EMULATE },
	/* Per partition in OP-TEE, and without an address in either. */
	{ OPTEE_SMC_ENABLE_SHM_CACHE, TG_POLICY_FORWARD },
	{ OPTEE_SMC_DISABLE_SHM_CACHE, TG_POLICY_FORWARD },
	{ OPTEE_SMC_CALL_WITH_ARG, TG_POLICY_CALL },
	{ OPTEE_SMC_RETURN_FROM_RPC, TG_POLICY_CALL },
	/* RPC_ARG is not offered, so nobody has a reason to use these. */
	{ OPTEE_SMC_CALL_WITH_RPC_ARG, TG_POLICY_REFUSE },
	{ OPTEE_SMC_CALL_WITH_REGD_ARG, TG_POLICY_REFUSE },
	/* Would replace or start secure-world code. */
	{ OPTEE_SMC_LOAD_IMAGE, TG_POLICY_REFUSE },
	{ OPTEE_SMC_BOOT_SECONDARY, TG_POLICY_REFUSE },
	/* The hypervisor's own. */
	{ OPTEE_SMC_VM_CREATED, TG_POLICY_REFUSE },
	{ OPTEE_SMC_VM_DESTROYED, TG_POLICY_REFUSE },
	/* Would give or take physical addresses (I1, I2). */
	{ OPTEE_SMC_GET_SHM_CONFIG, TG_POLICY_REFUSE },
	{ OPTEE_SMC_GET_PROTMEM_CONFIG, TG_POLICY_REFUSE },
	{ OPTEE_SMC_L2CC_MUTEX, TG_POLICY_REFUSE },
	/* One physical interrupt serves all: not before it is shared out. */
	{ OPTEE_SMC_ENABLE_ASYNC_NOTIF, TG_POLICY_REFUSE },
	{ OPTEE_SMC_GET_ASYNC_NOTIF_VALUE, TG_POLICY_REFUSE },
};

struct tg_capability_row {
	uint32_t bit;
	bool visible; /* to a guest, where OP-TEE offers it */
};

static const struct tg_capability_row capabilities[] = {
	{ OPTEE_SEC_CAP_DYNAMIC_SHM, true },
	{ OPTEE_SEC_CAP_MEMREF_NULL, true },
	{ OPTEE_SEC_CAP_UNREGISTERED_SHM, true },
	/* Static memory is one physical range for everybody. */
	{ OPTEE_SEC_CAP_HAVE_RESERVED_SHM, false },
	/* A guest is no hypervisor. */
	{ OPTEE_SEC_CAP_VIRTUALIZATION, false },
	{ OPTEE_SEC_CAP_ASYNC_NOTIF, false },
	{ OPTEE_SEC_CAP_RPC_ARG, false },
	/* The RPMB belongs to the host. */
	{ OPTEE_SEC_CAP_RPMB_PROBE, false },
	/* Memory lent to the secure world would have to be the guest's. */
	{ OPTEE_SEC_CAP_PROTMEM, false },
	{ OPTEE_SEC_CAP_DYNAMIC_PROTMEM, false },
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* What to do about function @id; refusal for every id that has no row. */
enum tg_policy tg_policy_function(uint32_t id)
{
	for (size_t i = 0; i < ROWS(functions); i++)
		if (functions[i].id == id)
			return functions[i].policy;
	return TG_POLICY_REFUSE;
}

/* Which of the capabilities that OP-TEE offers a guest gets to see. */
uint32_t tg_policy_capabilities(uint32_t offered)
{
	uint32_t visible = 0;

	for (size_t i = 0; i < ROWS(capabilities); i++)
		if (capabilities[i].visible)
			visible |= capabilities[i].bit;
	return offered & visible;
}
