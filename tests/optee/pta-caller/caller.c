// SPDX-License-Identifier: BSD-2-Clause
/*
 * A TA that tries to open a session with the RPMB key PTA, which must refuse
 * it, and with a PTA that is there for TAs, which shows that it can. The
 * program that asks it to is tests/lab/rpmb_pta_test.c.
 */
#include <pta_rpmb_key.h>
#include <pta_system.h>
#include <tee_internal_api.h>

TEE_Result TA_CreateEntryPoint(void)
{
	return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types __unused,
				    TEE_Param params[4] __unused,
				    void **session __unused)
{
	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *session __unused)
{
}

static TEE_Result try_open(const TEE_UUID *uuid)
{
	TEE_TASessionHandle session = TEE_HANDLE_NULL;
	TEE_Param params[TEE_NUM_PARAMS] = { 0 };
	uint32_t origin = 0;
	TEE_Result res = TEE_SUCCESS;

	res = TEE_OpenTASession(uuid, TEE_TIMEOUT_INFINITE, 0, params, &session,
				&origin);
	if (!res)
		TEE_CloseTASession(session);

	return res;
}

/* value[0].a: the RPMB key PTA's answer, value[0].b: the system PTA's. */
TEE_Result TA_InvokeCommandEntryPoint(void *session __unused,
				      uint32_t command __unused, uint32_t types,
				      TEE_Param params[4])
{
	static const TEE_UUID rpmb_key = PTA_RPMB_KEY_UUID;
	static const TEE_UUID system_pta = PTA_SYSTEM_UUID;

	if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT,
				     TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE,
				     TEE_PARAM_TYPE_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	params[0].value.a = try_open(&rpmb_key);
	params[0].value.b = try_open(&system_pta);

	return TEE_SUCCESS;
}
