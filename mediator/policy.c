// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What passes, what is emulated, what is refused: one row for each function
 * id and each capability bit of OP-TEE's SMC interface, and what is not in
 * these tables is refused. Then what only some guests may do: RPCs that OP-TEE
 * makes for them, and trusted applications that they may use; what is not in
 * those tables passes. This is the file to read, and to change, for policy;
 * the code that carries it out is in fast.c, call.c, rpc.c and msg.c. Which
 * trusted applications are used is also up to two lists, the administrator's
 * and that of the guest's VMM.
 */
#include "core.h"

struct tg_policy_row {
	uint32_t id;
	enum tg_policy policy;
};

/* The first are looked for most. */
static const struct tg_policy_row functions[] = {
	/* OP-TEE gets a shadow page in either: shadow.c. */
	{ OPTEE_SMC_CALL_WITH_RPC_ARG, TG_POLICY_CALL_RPC_ARG },
	{ OPTEE_SMC_CALL_WITH_REGD_ARG, TG_POLICY_CALL_RPC_ARG },
	{ OPTEE_SMC_CALL_WITH_ARG, TG_POLICY_CALL },
	{ OPTEE_SMC_RETURN_FROM_RPC, TG_POLICY_CALL },
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
	/* One physical interrupt serves all VMs: shared out by notif.c. */
	{ OPTEE_SMC_ENABLE_ASYNC_NOTIF, TG_POLICY_NOTIF },
	{ OPTEE_SMC_GET_ASYNC_NOTIF_VALUE, TG_POLICY_NOTIF },
};

/* For which guests something is. */
enum tg_audience {
	TG_NOBODY,
	TG_EVERYBODY,
	TG_RPMB_OWNER, /* tg_system_rpmb_grant() */
	TG_STORAGE_USER, /* all but those of tg_vm_deny_storage() */
	TG_NOTIF_USER, /* tg_vm_offer_notif() */
	TG_RPC_ARG_USER, /* all, unless the embedder will not have it */
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
	/* A driver that sees it insists on an interrupt to go with it. */
	{ OPTEE_SEC_CAP_ASYNC_NOTIF, TG_NOTIF_USER },
	{ OPTEE_SEC_CAP_RPC_ARG, TG_RPC_ARG_USER },
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
 * would give a guest frames that this device believes. Storage in files is the
 * guest's own, but what a hostile guest answers there has made OP-TEE panic.
 */
static const struct tg_rpc_row rpcs[] = {
	{ OPTEE_RPC_CMD_RPMB, TG_RPMB_OWNER, TG_DENIED_RPMB },
	{ OPTEE_RPC_CMD_RPMB_PROBE_RESET, TG_RPMB_OWNER, TG_DENIED_RPMB },
	{ OPTEE_RPC_CMD_RPMB_PROBE_NEXT, TG_RPMB_OWNER, TG_DENIED_RPMB },
	{ OPTEE_RPC_CMD_RPMB_FRAMES, TG_RPMB_OWNER, TG_DENIED_RPMB },
	{ OPTEE_RPC_CMD_FS, TG_STORAGE_USER, TG_DENIED_STORAGE },
};

/* Whom a trusted application serves where no list says otherwise. */
enum tg_ta_rule {
	TG_TA_IF_LISTED, /* only if the administrator's list names it */
	TG_TA_RPMB_OWNER,
};

struct tg_ta_row {
	struct tg_uuid uuid;
	enum tg_ta_rule rule;
};

#define BYTE(v, shift) (uint8_t)(((v) >> (shift)) & 0xff)
#define BYTES2(v) BYTE(v, 8), BYTE(v, 0)
#define BYTES4(v) BYTES2((v) >> 16), BYTES2(v)
#define UUID(a, b, c, d, e)                                         \
	{                                                           \
		{                                                   \
			BYTES4(a), BYTES2(b), BYTES2(c), BYTES2(d), \
				BYTES2((e) >> 32), BYTES4(e)        \
		}                                                   \
	}

/*
 * Pseudo TAs of OP-TEE 4.10.0 that act on the machine and not on what is in
 * the caller's partition: fuses, clocks, pins, the secure element. Those that
 * serve only other TAs need no row. What is not here is for every guest.
 */
static const struct tg_ta_row ta_rows[] = {
	/* PTA_RPMB_KEY_UUID: the RPMB's key, where OP-TEE was built with it. */
	{ UUID(0xda6ed28c, 0x0d65, 0x4406, 0x891f, 0xe8422f57c202),
	  TG_TA_RPMB_OWNER },
	/* The real-time clock, which it can set. */
	{ UUID(0xf389f8c8, 0x845f, 0x496c, 0x8bbe, 0xd64bd24c92fd),
	  TG_TA_IF_LISTED },
	/* SCMI: clocks, resets, voltages and power domains. */
	{ UUID(0xa8cfe406, 0xd4f5, 0x4a2e, 0x9f8d, 0xa25dc754c099),
	  TG_TA_IF_LISTED },
	/* The secure element: APDUs to it, and its keys (SCP03). */
	{ UUID(0x3f3eb880, 0x3639, 0x11ec, 0x9b9d, 0x0f3fc9468f50),
	  TG_TA_IF_LISTED },
	{ UUID(0xbe0e5821, 0xe718, 0x4f77, 0xab3e, 0x8e6c73a9c735),
	  TG_TA_IF_LISTED },
	/* i.MX: fuses, and the keys of secure boot and of manufacturing. */
	{ UUID(0x9abdf255, 0xd8fa, 0x40de, 0x8f60, 0x4d0b27927b7d),
	  TG_TA_IF_LISTED },
	{ UUID(0xef477737, 0x0db1, 0x4a9d, 0x8437, 0xf2f535c0bd92),
	  TG_TA_IF_LISTED },
	{ UUID(0x83268b7c, 0x85e3, 0x11e8, 0xadc0, 0xfa7ae01bbebc),
	  TG_TA_IF_LISTED },
	/* STM32MP: fuses, debug access, firmware of the coprocessor. */
	{ UUID(0x94cf71ad, 0x80e6, 0x40b5, 0xa7c6, 0x3dc501eb2803),
	  TG_TA_IF_LISTED },
	{ UUID(0xdd05bc8b, 0x9f3b, 0x49f0, 0xb649, 0x01aa10c1c210),
	  TG_TA_IF_LISTED },
	{ UUID(0x80a4c275, 0x0a47, 0x4905, 0x8285, 0x1486a9771a08),
	  TG_TA_IF_LISTED },
	/* Rockchip and TI K3: what secure boot trusts, and fuses. */
	{ UUID(0x5cfa57f6, 0x1a4c, 0x407f, 0x94a7, 0xa56c8c47019d),
	  TG_TA_IF_LISTED },
	{ UUID(0xacc50f40, 0x0613, 0x4abd, 0x8dfe, 0xa964cb74eb69),
	  TG_TA_IF_LISTED },
	/* Broadcom: fuses, pins, firmware of the network card, logs, watchdog. */
	{ UUID(0x6272636d, 0x2018, 0x1101, 0x4243, 0x4d5f534f5450),
	  TG_TA_IF_LISTED },
	{ UUID(0x6272636d, 0x2018, 0x1101, 0x4243, 0x4d5f4750494f),
	  TG_TA_IF_LISTED },
	{ UUID(0x6272636d, 0x2019, 0x0716, 0x4243, 0x4d5f53434849),
	  TG_TA_IF_LISTED },
	{ UUID(0x6272636d, 0x2019, 0x0701, 0x4243, 0x4d5f454c4f47),
	  TG_TA_IF_LISTED },
	{ UUID(0x6272636d, 0x2019, 0x0801, 0x4243, 0x4d5f57445430),
	  TG_TA_IF_LISTED },
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/*
 * Whether messages of RPCs may lie behind those of calls: they are as long as
 * OP-TEE says, and the mediator takes them only so long.
 */
static bool rpc_arg_is_offered(const struct tg_system *sys)
{
	return !sys->rpc_arg_denied &&
	       sys->tee.capabilities & OPTEE_SEC_CAP_RPC_ARG &&
	       sys->tee.rpc_params_max &&
	       sys->tee.rpc_params_max <= TG_RPC_PARAMS_MAX;
}

static bool is_for(const struct tg_vm *vm, enum tg_audience audience)
{
	return audience == TG_EVERYBODY ||
	       (audience == TG_RPMB_OWNER && tg_vm_owns_rpmb(vm)) ||
	       (audience == TG_STORAGE_USER && !vm->storage_denied) ||
	       (audience == TG_NOTIF_USER && tg_notif_is_offered(vm)) ||
	       (audience == TG_RPC_ARG_USER && rpc_arg_is_offered(vm->sys));
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

static enum tg_policy policy_of(uint32_t id)
{
	for (size_t i = 0; i < ROWS(functions); i++)
		if (functions[i].id == id)
			return functions[i].policy;
	return TG_POLICY_REFUSE;
}

/* What to do about function @id; refusal for every id that has no row. */
enum tg_policy tg_policy_function(const struct tg_vm *vm, uint32_t id)
{
	enum tg_policy policy = policy_of(id);

	if (policy != TG_POLICY_CALL_RPC_ARG)
		return policy;
	return rpc_arg_is_offered(vm->sys) ? TG_POLICY_CALL : TG_POLICY_REFUSE;
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

static bool uuid_equals(const struct tg_uuid *a, const struct tg_uuid *b)
{
	uint8_t differ = 0;

	for (size_t i = 0; i < sizeof(a->bytes); i++)
		differ |= a->bytes[i] ^ b->bytes[i];
	return !differ;
}

/* No list names everything. */
static bool list_names(const struct tg_ta_list *list,
		       const struct tg_uuid *uuid)
{
	if (!list)
		return true;
	for (uint32_t i = 0; i < list->count; i++)
		if (uuid_equals(&list->uuids[i], uuid))
			return true;
	return false;
}

/* By the table and the administrator's list; the VMM's comes on top. */
static bool is_for_guests(const struct tg_system *sys,
			  const struct tg_uuid *uuid, bool rpmb_owner)
{
	if (!list_names(sys->tas, uuid))
		return false;
	for (size_t i = 0; i < ROWS(ta_rows); i++)
		if (uuid_equals(&ta_rows[i].uuid, uuid))
			return ta_rows[i].rule == TG_TA_RPMB_OWNER ?
				       rpmb_owner :
				       sys->tas != NULL;
	return true;
}

bool tg_system_allows_ta(const struct tg_system *sys,
			 const struct tg_uuid *uuid)
{
	return is_for_guests(sys, uuid, true);
}

static uint64_t uuid_half(const uint8_t *bytes)
{
	uint64_t half = 0;

	for (unsigned int i = 0; i < 8; i++)
		half = half << 8 | bytes[i];
	return half;
}

/*
 * TG_OK if this guest may open a session, or TG_DENIED_TA. @destination: the
 * message's first parameter as OP-TEE will read it; one that names no trusted
 * application is OP-TEE's to refuse.
 */
enum tg_status tg_policy_session(const struct tg_vm *vm,
				 const struct optee_msg_param *destination)
{
	struct tg_uuid uuid;

	if (destination->attr !=
	    (OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN))
		return TG_OK;
	memcpy(&uuid, &destination->u.value, sizeof(uuid));
	if (is_for_guests(vm->sys, &uuid, tg_vm_owns_rpmb(vm)) &&
	    list_names(vm->tas, &uuid))
		return TG_OK;
	tg_port_trace(vm->guest, vm->id, TG_TRACE_TA_DENIED,
		      uuid_half(uuid.bytes), uuid_half(uuid.bytes + 8));
	return TG_DENIED_TA;
}
