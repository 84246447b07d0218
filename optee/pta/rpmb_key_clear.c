// SPDX-License-Identifier: BSD-2-Clause
/*
 * PTA_RPMB_GET_KEY: the key in clear, for development boards and factory
 * images. Whoever can open the TEE device gets it, so a product must not
 * contain this file.
 */

#include <string.h>
#include <string_ext.h>
#include <tee/tee_fs.h>
#include <tee/tee_rpmb_key.h>

#include "rpmb_key.h"

#if !defined(CFG_RPMB_KEY_PTA) || !defined(CFG_INSECURE)
#error "The RPMB key in clear: only with CFG_RPMB_KEY_PTA=y and CFG_INSECURE=y"
#endif

TEE_Result rpmb_key_get_clear(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	uint8_t key[PTA_RPMB_KEY_SIZE] = {};
	uint8_t cid[PTA_RPMB_CID_SIZE] = {};
	TEE_Result res = TEE_SUCCESS;

	if (!rpmb_key_types_ok(types,
			       TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT,
					       TEE_PARAM_TYPE_MEMREF_OUTPUT,
					       TEE_PARAM_TYPE_VALUE_OUTPUT,
					       TEE_PARAM_TYPE_NONE),
			       0))
		return TEE_ERROR_BAD_PARAMETERS;
	res = rpmb_key_room(&params[1], sizeof(key));
	if (res)
		return res;
	res = rpmb_key_cid(&params[0], cid);
	if (res)
		return res;

	res = tee_rpmb_key_derive(cid, key);
	if (!res) {
		memcpy(params[1].memref.buffer, key, sizeof(key));
		params[2].value.a = rpmb_key_source();
		/*
		 * Not obeyed: an open device is where this is for. The key of
		 * one may be another than after it is closed, so say so.
		 */
		params[2].value.b = plat_rpmb_key_is_ready();
	}
	memzero_explicit(key, sizeof(key));

	return res;
}
