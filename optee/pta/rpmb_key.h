/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the RPMB key PTA share. Each command with a switch of its
 * own has a file of its own, so that a build without the switch does not
 * contain the code. Clients see include/pta_rpmb_key.h, not this.
 */
#ifndef __RPMB_KEY_H
#define __RPMB_KEY_H

#include <pta_rpmb_key.h>
#include <stdbool.h>
#include <stdint.h>
#include <tee_api_types.h>

/*
 * Are @types these @want-ed ones, but that parameter @cid_index may also be of
 * type none? See "[in] cid" in pta_rpmb_key.h.
 */
bool rpmb_key_types_ok(uint32_t types, uint32_t want, unsigned int cid_index);

/*
 * Copy the CID that is meant to @cid: the one in @param, or, if it has none,
 * that of the present device.
 *
 * Returns TEE_SUCCESS, TEE_ERROR_BAD_PARAMETERS if it has a wrong size, or
 * TEE_ERROR_STORAGE_NOT_AVAILABLE if it has none and no device answers.
 */
TEE_Result rpmb_key_cid(const TEE_Param *param, uint8_t cid[PTA_RPMB_CID_SIZE]);

/*
 * Check that output @param has room for @size bytes. Otherwise returns
 * TEE_ERROR_SHORT_BUFFER and leaves the size that is needed in it.
 */
TEE_Result rpmb_key_room(TEE_Param *param, size_t size);

/* The enum pta_rpmb_key_source of this build. */
uint32_t rpmb_key_source(void);

/* rpmb_key_verify.c, CFG_RPMB_PTA_VERIFY_KEY=y: PTA_RPMB_VERIFY_KEY */
TEE_Result rpmb_key_verify(uint32_t types, TEE_Param params[TEE_NUM_PARAMS]);

/* rpmb_key_clear.c, CFG_RPMB_KEY_PTA=y: PTA_RPMB_GET_KEY */
TEE_Result rpmb_key_get_clear(uint32_t types, TEE_Param params[TEE_NUM_PARAMS]);

/* rpmb_key_sealed.c, CFG_RPMB_PTA_SEALED=y: PTA_RPMB_GET_KEY_SEALED */
TEE_Result rpmb_key_get_sealed(uint32_t types,
			       TEE_Param params[TEE_NUM_PARAMS]);

/* rpmb_key_sealed.c: the id of the public key of CFG_RPMB_SEAL_PUBKEY. */
TEE_Result rpmb_key_recipient_id(uint8_t id[PTA_RPMB_RECIPIENT_ID_SIZE]);

#endif /* __RPMB_KEY_H */
