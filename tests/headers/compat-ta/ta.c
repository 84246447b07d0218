/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TA that was written when compiler.h still defined fallthrough, barrier()
 * and __data, or, with CONVERTED defined, one that was changed since. Both use
 * __unused and __used, which TAs keep. Only whether it builds is looked at.
 */
#include <compiler.h>
#include <tee_internal_api.h>

#ifdef CONVERTED
#define fallthrough __fallthrough
#define barrier() __compiler_barrier()
#define __data __section(".data")
#endif

static uint32_t calls __data = 1;
static const char version[] __used = "1";

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

TEE_Result TA_InvokeCommandEntryPoint(void *session __unused, uint32_t command,
				      uint32_t types __unused,
				      TEE_Param params[4] __unused)
{
	switch (command) {
	case 0:
		calls++;
		barrier();
		fallthrough;
	case 1:
		return calls ? TEE_SUCCESS : TEE_ERROR_GENERIC;
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
}
