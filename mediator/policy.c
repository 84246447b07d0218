// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What passes, what is emulated, what is refused: one row for each function
 * id and each capability bit of OP-TEE's SMC interface, and what is not in
 * these tables is refused. Then what only some guests may do: RPCs that OP-TEE
 * makes for them, and trusted applications that they may use; what is not in
 * those tables passes. This is the file to read, and to change, for policy;
 * the code that carries it out is in fast.c, call.c, rpc.c and msg.c.
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

/* For which guests something is. */
enum tg_audience {
	TG_NOBODY,
	TG_EVERYBODY,
	TG_RPMB_OWNER, /* tg_system_rpmb_grant() */
};

struct tg_capability_row {
	uint32_t bit;
	enum tg_audience audience; /* where OP-TEE offers it */
};

static const struct tg_capability_row capabilities[] = {
	{ OPTEE_SEC_CAP_DYNAMIC_SHM, TG_EVERYBODY },
	{ OPTEE_SEC_CAP_MEMREF_NULL, TG_EVERYBODY },
	{ OPTEE_SEC_CAP_UNREGISTERED_SHM, TG_EVERYBODY },
	/* Static memory is one physical range for everybody. */
	{ OPTEE_SEC_CAP_HAVE_RESERVED_SHM, TG_NOBODY },
	/* A guest is no hypervisor. */
	{ OPTEE_SEC_CAP_VIRTUALIZATION, TG_NOBODY },
	{ OPTEE_SEC_CAP_ASYNC_NOTIF, TG_NOBODY },
	{ OPTEE_SEC_CAP_RPC_ARG, TG_NOBODY },
	{ OPTEE_SEC_CAP_RPMB_PROBE, TG_RPMB_OWNER },
	/* Memory lent to the secure world would have to be the guest's. */
	{ OPTEE_SEC_CAP_PROTMEM, TG_NOBODY },
	{ OPTEE_SEC_CAP_DYNAMIC_PROTMEM, TG_NOBODY },
};

struct tg_rpc_row {
	uint32_t cmd;
	enum tg_audience audience;
	enum tg_status otherwise;
};

/*
 * OP-TEE makes the frames for an RPMB with a key that follows from the CID
 * which the normal world names. Asked for the CID of the host's device, it
 * would give a guest frames that this device believes.
 */
static const struct tg_rpc_row rpcs[] = {
	{ OPTEE_RPC_CMD_RPMB, TG_RPMB_OWNER, TG_DENIED_RPMB },
	{ OPTEE_RPC_CMD_RPMB_PROBE_RESET, TG_RPMB_OWNER, TG_DENIED_RPMB },
	{ OPTEE_RPC_CMD_RPMB_PROBE_NEXT, TG_RPMB_OWNER, TG_DENIED_RPMB },
	{ OPTEE_RPC_CMD_RPMB_FRAMES, TG_RPMB_OWNER, TG_DENIED_RPMB },
};

struct tg_ta_row {
	uint8_t uuid[16]; /* as RFC 4122 writes it, and as a message has it */
	enum tg_audience audience;
};

static const struct tg_ta_row tas[] = {
	/* PTA_RPMB_KEY_UUID: the RPMB's key, where OP-TEE was built with it. */
	{ { 0xda, 0x6e, 0xd2, 0x8c, 0x0d, 0x65, 0x44, 0x06, 0x89, 0x1f, 0xe8,
	    0x42, 0x2f, 0x57, 0xc2, 0x02 },
	  TG_RPMB_OWNER },
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

static bool is_for(const struct tg_vm *vm, enum tg_audience audience)
{
	return audience == TG_EVERYBODY ||
	       (audience == TG_RPMB_OWNER && tg_vm_owns_rpmb(vm));
}

/* Which of the capabilities that OP-TEE offers a guest gets to see. */
uint32_t tg_policy_capabilities(const struct tg_vm *vm, uint32_t offered)
{
	uint32_t visible = 0;

	for (size_t i = 0; i < ROWS(capabilities); i++)
		if (is_for(vm, capabilities[i].audience))
			visible |= capabilities[i].bit;
	return offered & visible;
}

/* TG_OK if OP-TEE may ask this guest for @cmd, or why not. */
enum tg_status tg_policy_rpc(const struct tg_vm *vm, uint32_t cmd)
{
	for (size_t i = 0; i < ROWS(rpcs); i++)
		if (rpcs[i].cmd == cmd)
			return is_for(vm, rpcs[i].audience) ? TG_OK :
							      rpcs[i].otherwise;
	return TG_OK;
}

static bool uuid_equals(const uint8_t *a, const uint8_t *b)
{
	uint8_t differ = 0;

	for (size_t i = 0; i < 16; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

/*
 * TG_OK if this guest may open a session, or TG_DENIED_TA. @destination: the
 * message's first parameter as OP-TEE will read it; one that names no trusted
 * application is OP-TEE's to refuse.
 */
enum tg_status tg_policy_session(const struct tg_vm *vm,
				 const struct optee_msg_param *destination)
{
	const uint8_t *uuid = (const uint8_t *)&destination->u.value;

	if (destination->attr !=
	    (OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN))
		return TG_OK;
	for (size_t i = 0; i < ROWS(tas); i++)
		if (uuid_equals(uuid, tas[i].uuid))
			return is_for(vm, tas[i].audience) ? TG_OK :
							     TG_DENIED_TA;
	return TG_OK;
}
