// SPDX-License-Identifier: BSD-2-Clause
/*
 * PTA_RPMB_VERIFY_KEY: compare a key that the caller has with the one that
 * OP-TEE uses. Fit for production builds: a caller learns whether the key it
 * already has is right, and guessing one of 256 bits is out of reach.
 */

#include <string.h>
#include <string_ext.h>
#include <tee/tee_rpmb_key.h>

#include "rpmb_key.h"

TEE_Result rpmb_key_verify(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	uint8_t candidate[PTA_RPMB_KEY_SIZE] = {};
	uint8_t key[PTA_RPMB_KEY_SIZE] = {};
	uint8_t cid[PTA_RPMB_CID_SIZE] = {};
	TEE_Result res = TEE_SUCCESS;

	if (!rpmb_key_types_ok(types,
			       TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT,
					       TEE_PARAM_TYPE_MEMREF_INPUT,
					       TEE_PARAM_TYPE_NONE,
					       TEE_PARAM_TYPE_NONE),
			       1))
		return TEE_ERROR_BAD_PARAMETERS;
	if (params[0].memref.size != sizeof(candidate) ||
	    !params[0].memref.buffer)
		return TEE_ERROR_BAD_PARAMETERS;
	res = rpmb_key_cid(&params[1], cid);
	if (res)
		return res;

	res = tee_rpmb_key_derive(cid, key);
	if (!res) {
		memcpy(candidate, params[0].memref.buffer, sizeof(candidate));
		if (consttime_memcmp(candidate, key, sizeof(key)))
			res = TEE_ERROR_MAC_INVALID;
	}
	memzero_explicit(key, sizeof(key));
	memzero_explicit(candidate, sizeof(candidate));

	return res;
}
