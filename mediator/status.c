// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What each status of the core is called and how it is said in OP-TEE's
 * protocol: as an SMC's return code, or as the result inside a message. The
 * Linux port has the table for errno. No decisions are made here.
 */
#include "core.h"

struct tg_status_row {
	const char *name;
	uint32_t smc;
	uint32_t tee;
};

static const struct tg_status_row rows[TG_STATUS_COUNT] = {
	[TG_OK] = { "ok", OPTEE_RET_OK, TEE_SUCCESS },
	[TG_GUEST_BAD_ADDRESS] = { "bad-address", OPTEE_RET_EBADADDR,
				   TEE_ERROR_BAD_PARAMETERS },
	[TG_GUEST_BAD_COMMAND] = { "bad-command", OPTEE_RET_EBADCMD,
				   TEE_ERROR_BAD_PARAMETERS },
	[TG_GUEST_BAD_PARAM] = { "bad-parameter", OPTEE_RET_EBADCMD,
				 TEE_ERROR_BAD_PARAMETERS },
	[TG_GUEST_BAD_RESUME] = { "bad-resume", OPTEE_RET_ERESUME,
				  TEE_ERROR_BAD_PARAMETERS },
	[TG_GUEST_UNKNOWN_FUNCTION] = { "unknown-function",
					OPTEE_RET_UNKNOWN_FUNCTION,
					TEE_ERROR_BAD_PARAMETERS },
	[TG_HOST_NO_MEMORY] = { "no-memory", OPTEE_RET_ENOMEM,
				TEE_ERROR_OUT_OF_MEMORY },
	[TG_HOST_NO_PARTITION] = { "no-partition", OPTEE_RET_ENOTAVAIL,
				   TEE_ERROR_COMMUNICATION },
	[TG_HOST_CALL_LIMIT] = { "call-limit", OPTEE_RET_ETHREAD_LIMIT,
				 TEE_ERROR_BUSY },
	[TG_HOST_SHM_LIMIT] = { "shm-limit", OPTEE_RET_ENOMEM,
				TEE_ERROR_OUT_OF_MEMORY },
	[TG_HOST_PIN_LIMIT] = { "pin-limit", OPTEE_RET_ENOMEM,
				TEE_ERROR_OUT_OF_MEMORY },
	[TG_HOST_RPC_LIMIT] = { "rpc-limit", OPTEE_RET_ENOMEM,
				TEE_ERROR_OUT_OF_MEMORY },
	[TG_HOST_BUSY] = { "busy", OPTEE_RET_EBUSY, TEE_ERROR_BUSY },
	[TG_HOST_NO_TEE] = { "no-tee", OPTEE_RET_UNKNOWN_FUNCTION,
			     TEE_ERROR_COMMUNICATION },
	[TG_HOST_NO_VIRT] = { "no-virtualization", OPTEE_RET_UNKNOWN_FUNCTION,
			      TEE_ERROR_COMMUNICATION },
	[TG_HOST_SESSION_LIMIT] = { "session-limit", OPTEE_RET_ENOMEM,
				    TEE_ERROR_OUT_OF_MEMORY },
	[TG_DENIED_RPMB] = { "rpmb-denied", OPTEE_RET_ENOTAVAIL,
			     TEE_ERROR_STORAGE_NOT_AVAILABLE },
	[TG_DENIED_TA] = { "ta-denied", OPTEE_RET_ENOTAVAIL,
			   TEE_ERROR_ACCESS_DENIED },
	[TG_DENIED_STORAGE] = { "storage-denied", OPTEE_RET_ENOTAVAIL,
				TEE_ERROR_STORAGE_NOT_AVAILABLE },
};

const char *tg_status_name(enum tg_status status)
{
	if ((unsigned int)status >= TG_STATUS_COUNT)
		return "unknown";
	return rows[status].name;
}

/* The code for x0 that tells a guest of @status. */
uint32_t tg_status_to_smc(enum tg_status status)
{
	TG_ASSERT((unsigned int)status < TG_STATUS_COUNT);
	return rows[status].smc;
}

/* The result for a message that tells of @status. */
uint32_t tg_status_to_tee(enum tg_status status)
{
	TG_ASSERT((unsigned int)status < TG_STATUS_COUNT);
	return rows[status].tee;
}
