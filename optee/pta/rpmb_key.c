// SPDX-License-Identifier: BSD-2-Clause
/*
 * A PTA that tells normal world about the RPMB key: who may call, which command
 * goes where, and PTA_RPMB_GET_INFO. The commands that have a switch of their
 * own are in rpmb_key_*.c; how a key is derived and a device is asked is
 * tee_rpmb_fs.c's business.
 *
 * Parameters of normal world are memory that it can change at any time: inputs
 * are copied before they are looked at, outputs are written once, complete.
 */

#include <assert.h>
#include <config.h>
#include <kernel/pseudo_ta.h>
#include <kernel/ts_manager.h>
#include <kernel/virtualization.h>
#include <string.h>
#include <tee/tee_fs.h>
#include <tee/tee_rpmb_key.h>
#include <util.h>

#include "rpmb_key.h"

#define PTA_NAME "rpmb_key.pta"

/*
 * The partition that may call: the host's. Hypervisors number VMs from 1, and
 * the first is the one that owns the machine (Xen's Dom0, teegate's host).
 */
#define RPMB_KEY_PARTITION 1

static_assert(sizeof(struct pta_rpmb_info) == 72);
static_assert(offsetof(struct pta_rpmb_info, cid) == 48);
static_assert(PTA_RPMB_CID_SIZE == TEE_RPMB_CID_SIZE);
static_assert(PTA_RPMB_KEY_SIZE == TEE_RPMB_KEY_SIZE);

bool rpmb_key_types_ok(uint32_t types, uint32_t want, unsigned int cid_index)
{
	if (TEE_PARAM_TYPE_GET(types, cid_index) == TEE_PARAM_TYPE_NONE)
		types |= TEE_PARAM_TYPE_SET(TEE_PARAM_TYPE_MEMREF_INPUT,
					    cid_index);

	return types == want;
}

TEE_Result rpmb_key_cid(const TEE_Param *param, uint8_t cid[PTA_RPMB_CID_SIZE])
{
	struct tee_rpmb_dev_state state = {};
	TEE_Result res = TEE_SUCCESS;

	/* A parameter of type none is all zeroes here. */
	if (!param->memref.size) {
		res = tee_rpmb_get_dev_state(NULL, &state);
		if (res) {
			DMSG("No RPMB device: %#" PRIx32, res);
			return TEE_ERROR_STORAGE_NOT_AVAILABLE;
		}
		memcpy(cid, state.cid, PTA_RPMB_CID_SIZE);
		return TEE_SUCCESS;
	}

	if (param->memref.size != PTA_RPMB_CID_SIZE || !param->memref.buffer)
		return TEE_ERROR_BAD_PARAMETERS;
	memcpy(cid, param->memref.buffer, PTA_RPMB_CID_SIZE);

	return TEE_SUCCESS;
}

TEE_Result rpmb_key_room(TEE_Param *param, size_t size)
{
	size_t given = param->memref.size;

	param->memref.size = size;
	if (given < size || !param->memref.buffer)
		return TEE_ERROR_SHORT_BUFFER;

	return TEE_SUCCESS;
}

uint32_t rpmb_key_source(void)
{
	switch (tee_rpmb_key_source()) {
	case TEE_RPMB_KEY_SOURCE_TESTKEY:
		return PTA_RPMB_KEY_SOURCE_TEST_KEY;
	case TEE_RPMB_KEY_SOURCE_HUK:
		return PTA_RPMB_KEY_SOURCE_HUK;
	case TEE_RPMB_KEY_SOURCE_HUK_COMPAT:
		return PTA_RPMB_KEY_SOURCE_HUK_COMPAT;
	default:
		return PTA_RPMB_KEY_SOURCE_PLATFORM;
	}
}

static uint32_t commands(void)
{
	uint32_t mask = BIT32(PTA_RPMB_GET_INFO);

	if (IS_ENABLED(CFG_RPMB_PTA_VERIFY_KEY))
		mask |= BIT32(PTA_RPMB_VERIFY_KEY);
	if (IS_ENABLED(CFG_RPMB_KEY_PTA))
		mask |= BIT32(PTA_RPMB_GET_KEY);
	if (IS_ENABLED(CFG_RPMB_PTA_SEALED))
		mask |= BIT32(PTA_RPMB_GET_KEY_SEALED);

	return mask;
}

static uint32_t build_flags(void)
{
	uint32_t flags = 0;

	if (plat_rpmb_key_is_ready())
		flags |= PTA_RPMB_FLAG_KEY_READY;
	if (IS_ENABLED(CFG_RPMB_WRITE_KEY))
		flags |= PTA_RPMB_FLAG_WRITES_KEY;
	if (IS_ENABLED(CFG_INSECURE))
		flags |= PTA_RPMB_FLAG_INSECURE;

	return flags;
}

static uint32_t key_state(const struct tee_rpmb_dev_state *state)
{
	switch (state->key_state) {
	case TEE_RPMB_KEY_STATE_UNPROGRAMMED:
		return PTA_RPMB_KEY_STATE_UNPROGRAMMED;
	case TEE_RPMB_KEY_STATE_MATCHES:
		return PTA_RPMB_KEY_STATE_MATCHES;
	case TEE_RPMB_KEY_STATE_DIFFERS:
		return PTA_RPMB_KEY_STATE_DIFFERS;
	default:
		return PTA_RPMB_KEY_STATE_UNKNOWN;
	}
}

/* What is about the device stays 0 if there is none. */
static void fill_device(struct pta_rpmb_info *info, const uint8_t *cid)
{
	struct tee_rpmb_dev_state state = {};

	tee_rpmb_get_dev_state(cid, &state);
	info->device_result = state.res;
	info->device_count = state.dev_count;
	if (!state.found)
		return;

	info->flags |= PTA_RPMB_FLAG_DEVICE;
	info->key_state = key_state(&state);
	info->routing = state.legacy ? PTA_RPMB_ROUTING_LEGACY :
				       PTA_RPMB_ROUTING_KERNEL;
	info->size_units = state.size_mult;
	info->reliable_write_sectors = state.rel_wr_sec_c;
	info->write_counter = state.wr_cnt;
	memcpy(info->cid, state.cid, sizeof(info->cid));
}

static TEE_Result get_info(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	struct pta_rpmb_info info = {
		.version = PTA_RPMB_INFO_VERSION,
		.commands = commands(),
		.flags = build_flags(),
		.key_source = rpmb_key_source(),
		.legacy_device_id = CFG_RPMB_FS_DEV_ID,
	};
	uint8_t cid[PTA_RPMB_CID_SIZE] = {};
	bool any_device = !params[1].memref.size;
	TEE_Result res = TEE_SUCCESS;

	if (!rpmb_key_types_ok(types,
			       TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_OUTPUT,
					       TEE_PARAM_TYPE_MEMREF_INPUT,
					       TEE_PARAM_TYPE_NONE,
					       TEE_PARAM_TYPE_NONE),
			       1))
		return TEE_ERROR_BAD_PARAMETERS;
	res = rpmb_key_room(&params[0], sizeof(info));
	if (res)
		return res;
	if (!any_device) {
		res = rpmb_key_cid(&params[1], cid);
		if (res)
			return res;
	}
	if (IS_ENABLED(CFG_RPMB_PTA_SEALED)) {
		res = rpmb_key_recipient_id(info.recipient_id);
		if (res)
			return res;
	}

	fill_device(&info, any_device ? NULL : cid);
	memcpy(params[0].memref.buffer, &info, sizeof(info));

	return TEE_SUCCESS;
}

/*
 * Login types are not looked at: OP-TEE has the word of normal world's kernel
 * for all of them, and whoever has the kernel has every login.
 */
static TEE_Result open_session(uint32_t types __unused,
			       TEE_Param params[TEE_NUM_PARAMS] __unused,
			       void **session __unused)
{
	/* A TA has no business with this key, and may leak what it gets. */
	if (ts_get_calling_session())
		return TEE_ERROR_ACCESS_DENIED;

	if (IS_ENABLED(CFG_NS_VIRTUALIZATION) &&
	    virt_get_current_guest_id() != RPMB_KEY_PARTITION)
		return TEE_ERROR_ACCESS_DENIED;

	return TEE_SUCCESS;
}

static TEE_Result invoke_command(void *session __unused, uint32_t command,
				 uint32_t types,
				 TEE_Param params[TEE_NUM_PARAMS])
{
	switch (command) {
	case PTA_RPMB_GET_INFO:
		return get_info(types, params);
	case PTA_RPMB_VERIFY_KEY:
		if (IS_ENABLED(CFG_RPMB_PTA_VERIFY_KEY))
			return rpmb_key_verify(types, params);
		break;
	case PTA_RPMB_GET_KEY:
		if (IS_ENABLED(CFG_RPMB_KEY_PTA))
			return rpmb_key_get_clear(types, params);
		break;
	case PTA_RPMB_GET_KEY_SEALED:
		if (IS_ENABLED(CFG_RPMB_PTA_SEALED))
			return rpmb_key_get_sealed(types, params);
		break;
	default:
		break;
	}

	return TEE_ERROR_NOT_SUPPORTED;
}

pseudo_ta_register(.uuid = PTA_RPMB_KEY_UUID, .name = PTA_NAME,
		   .flags = PTA_DEFAULT_FLAGS,
		   .open_session_entry_point = open_session,
		   .invoke_command_entry_point = invoke_command);
