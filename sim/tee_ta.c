// SPDX-License-Identifier: BSD-2-Clause
/*
 * The built-in TA of the simulated OP-TEE: commands whose effect a test can
 * predict. A test that needs another sets tee.invoke.
 */
#include "tee.h"

static void touch_memref(struct tee_param *param)
{
	for (uint64_t i = 0; i < param->size && param->mobj; i++) {
		uint8_t *p = tee_mobj_at(param->mobj, param->offs + i);

		if (param->type == OPTEE_MSG_ATTR_RMEM_IN)
			param->a += *p;
		else if (param->type == OPTEE_MSG_ATTR_RMEM_OUT)
			*p = 0x5a;
		else
			++*p;
	}
}

/*
 * IN memrefs are summed up, OUT ones filled with 0x5a and halved, INOUT ones
 * incremented; the last value that goes out also tells the sum.
 */
static uint32_t touch(struct tee_param *params, uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (params[i].type & 4)
			touch_memref(&params[i]);
		if (params[i].type == OPTEE_MSG_ATTR_RMEM_IN)
			sum += params[i].a;
		if (params[i].type == OPTEE_MSG_ATTR_RMEM_OUT)
			params[i].size /= 2;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (params[i].type != OPTEE_MSG_ATTR_VALUE_OUT &&
		    params[i].type != OPTEE_MSG_ATTR_VALUE_INOUT)
			continue;
		params[i].a++;
		params[i].b = sum;
	}
	return TEE_SUCCESS;
}

static uint32_t time_of(struct tee_thread *thread, struct tee_param *out)
{
	struct tee_param ask = { .type = OPTEE_MSG_ATTR_VALUE_OUT };
	uint32_t ret = tee_rpc_cmd(thread, OPTEE_RPC_CMD_GET_TIME, 1, &ask);

	if (out) {
		out->a = ask.a;
		out->b = ask.b;
	}
	return ret;
}

/* Sends 6000 bytes to the normal world and reads them back. */
static uint32_t payload(struct tee_thread *thread)
{
	struct tee_mobj *mobj = tee_rpc_alloc(thread, 6000);
	struct tee_param ask[2] = {
		{ .type = OPTEE_MSG_ATTR_VALUE_IN, .a = 4 },
		{ .type = OPTEE_MSG_ATTR_RMEM_IN, .mobj = mobj, .size = 6000 },
	};
	uint32_t ret;

	if (!mobj)
		return TEE_ERROR_OUT_OF_MEMORY;
	for (uint64_t i = 0; i < 6000; i++)
		*tee_mobj_at(mobj, i) = (uint8_t)i;
	ret = tee_rpc_cmd(thread, OPTEE_RPC_CMD_FS, 2, ask);
	if (!ret) {
		ask[0].a = 3;
		ask[1].type = OPTEE_MSG_ATTR_RMEM_OUT;
		ret = tee_rpc_cmd(thread, OPTEE_RPC_CMD_FS, 2, ask);
	}
	for (uint64_t i = 0; i < 6000 && !ret; i++)
		if (*tee_mobj_at(mobj, i) != (uint8_t)(i + 1))
			ret = TEE_ERROR_GENERIC;
	if (!ret && ask[1].size != 3000)
		ret = TEE_ERROR_GENERIC;
	tee_rpc_free(thread, mobj);
	return ret;
}

static uint32_t one_rpc(struct tee_thread *thread, uint64_t kind,
			struct tee_param *out)
{
	struct tee_param wait = { .type = OPTEE_MSG_ATTR_VALUE_IN };

	switch (kind) {
	case TEE_RPC_INTERRUPT:
		tee_rpc_interrupt(thread);
		return TEE_SUCCESS;
	case TEE_RPC_TIME:
		return time_of(thread, out);
	case TEE_RPC_PAYLOAD:
		return payload(thread);
	case TEE_RPC_WAIT:
		return tee_rpc_cmd(thread, OPTEE_RPC_CMD_NOTIFICATION, 1,
				   &wait);
	default:
		return TEE_ERROR_BAD_PARAMETERS;
	}
}

uint32_t tee_ta_invoke(struct tee_thread *thread, uint32_t func,
		       struct tee_param *params, uint32_t count)
{
	uint32_t ret = TEE_SUCCESS;
	struct tee_param *out;

	switch (func) {
	case TEE_TA_NOP:
		return TEE_SUCCESS;
	case TEE_TA_TOUCH:
		return touch(params, count);
	case TEE_TA_RPC:
		if (!count)
			return TEE_ERROR_BAD_PARAMETERS;
		out = count > 1 ? &params[1] : NULL;
		for (uint64_t i = 0; i < params[0].b && !ret; i++)
			ret = one_rpc(thread, params[0].a, out);
		return ret;
	default:
		return TEE_ERROR_GENERIC;
	}
}
