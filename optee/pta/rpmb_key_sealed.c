// SPDX-License-Identifier: BSD-2-Clause
/*
 * PTA_RPMB_GET_KEY_SEALED: the key in a container that only the owner of the
 * private key to CFG_RPMB_SEAL_PUBKEY can open. The container's layout is the
 * one of rpmbctl's stores; the encryption is rpmb_hpke.c's.
 */

#include <assert.h>
#include <compiler.h>
#include <string.h>
#include <string_ext.h>
#include <tee/tee_cryp_utl.h>
#include <tee/tee_rpmb_key.h>
#include <utee_defines.h>
#include <util.h>

#include "rpmb_hpke.h"
#include "rpmb_key.h"

#define FINGERPRINT_SIZE 8
/* Who encrypted: OP-TEE. */
#define ORIGIN_OPTEE 1

/* 64 hexadecimal digits, as the makefile has checked. */
static const char public_key_hex[] = TO_STR(CFG_RPMB_SEAL_PUBKEY);
static_assert(sizeof(public_key_hex) == 2 * RPMB_HPKE_PUBLIC_KEY_SIZE + 1);

static const char info[] = "teegate rpmb key v1";
static const char fingerprint_label[] = "teegate rpmb key fingerprint v1";

/* Numbers are big endian. */
struct sealed_header {
	uint8_t magic[4];
	uint8_t version;
	uint8_t flags;
	uint8_t kem[2];
	uint8_t kdf[2];
	uint8_t aead[2];
	uint8_t recipient_id[PTA_RPMB_RECIPIENT_ID_SIZE];
	uint8_t cid[PTA_RPMB_CID_SIZE];
	uint8_t fingerprint[FINGERPRINT_SIZE];
	uint8_t origin;
	uint8_t reserved[3];
};

struct sealed_key {
	struct sealed_header header;
	uint8_t enc[RPMB_HPKE_PUBLIC_KEY_SIZE];
	uint8_t ciphertext[PTA_RPMB_KEY_SIZE + RPMB_HPKE_TAG_SIZE];
};

static_assert(sizeof(struct sealed_header) == 48);
static_assert(offsetof(struct sealed_header, recipient_id) == 12);
static_assert(offsetof(struct sealed_header, cid) == 20);
static_assert(offsetof(struct sealed_header, fingerprint) == 36);
static_assert(offsetof(struct sealed_header, origin) == 44);
static_assert(sizeof(struct sealed_key) == PTA_RPMB_SEALED_SIZE);

static uint8_t hex_digit(char c)
{
	if (c >= 'a')
		return c - 'a' + 10;
	if (c >= 'A')
		return c - 'A' + 10;
	return c - '0';
}

static void public_key(uint8_t ret_key[RPMB_HPKE_PUBLIC_KEY_SIZE])
{
	size_t n = 0;

	for (n = 0; n < RPMB_HPKE_PUBLIC_KEY_SIZE; n++)
		ret_key[n] = hex_digit(public_key_hex[2 * n]) << 4 |
			     hex_digit(public_key_hex[2 * n + 1]);
}

/* The first @size bytes of a SHA-256. */
static TEE_Result short_hash(const void *data, size_t data_size, uint8_t *hash,
			     size_t size)
{
	uint8_t full[TEE_SHA256_HASH_SIZE] = {};
	TEE_Result res = TEE_SUCCESS;

	res = tee_hash_createdigest(TEE_ALG_SHA256, data, data_size, full,
				    sizeof(full));
	if (!res)
		memcpy(hash, full, size);

	return res;
}

TEE_Result rpmb_key_recipient_id(uint8_t id[PTA_RPMB_RECIPIENT_ID_SIZE])
{
	uint8_t recipient[RPMB_HPKE_PUBLIC_KEY_SIZE] = {};

	public_key(recipient);

	return short_hash(recipient, sizeof(recipient), id,
			  PTA_RPMB_RECIPIENT_ID_SIZE);
}

static TEE_Result fingerprint(const uint8_t key[PTA_RPMB_KEY_SIZE],
			      uint8_t ret_fingerprint[FINGERPRINT_SIZE])
{
	struct {
		char label[sizeof(fingerprint_label)];
		uint8_t key[PTA_RPMB_KEY_SIZE];
	} in = {};
	TEE_Result res = TEE_SUCCESS;

	memcpy(in.label, fingerprint_label, sizeof(in.label));
	memcpy(in.key, key, sizeof(in.key));
	res = short_hash(&in, sizeof(in), ret_fingerprint, FINGERPRINT_SIZE);
	memzero_explicit(&in, sizeof(in));

	return res;
}

static TEE_Result seal(const uint8_t key[PTA_RPMB_KEY_SIZE],
		       const uint8_t cid[PTA_RPMB_CID_SIZE],
		       struct sealed_key *sealed)
{
	const struct rpmb_hpke_message message = {
		.info = info,
		.info_size = sizeof(info) - 1,
		.aad = &sealed->header,
		.aad_size = sizeof(sealed->header),
		.text = key,
		.text_size = PTA_RPMB_KEY_SIZE,
	};
	uint8_t recipient[RPMB_HPKE_PUBLIC_KEY_SIZE] = {};
	TEE_Result res = TEE_SUCCESS;

	sealed->header = (struct sealed_header){
		.magic = { 'T', 'G', 'R', 'K' },
		.version = 1,
		.kem = { 0, RPMB_HPKE_KEM },
		.kdf = { 0, RPMB_HPKE_KDF },
		.aead = { 0, RPMB_HPKE_AEAD },
		.origin = ORIGIN_OPTEE,
	};
	memcpy(sealed->header.cid, cid, PTA_RPMB_CID_SIZE);
	res = rpmb_key_recipient_id(sealed->header.recipient_id);
	if (!res)
		res = fingerprint(key, sealed->header.fingerprint);
	if (res)
		return res;

	public_key(recipient);

	return rpmb_hpke_seal(recipient, &message, sealed->enc,
			      sealed->ciphertext);
}

TEE_Result rpmb_key_get_sealed(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	uint8_t key[PTA_RPMB_KEY_SIZE] = {};
	uint8_t cid[PTA_RPMB_CID_SIZE] = {};
	struct sealed_key sealed = {};
	TEE_Result res = TEE_SUCCESS;

	if (!rpmb_key_types_ok(types,
			       TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT,
					       TEE_PARAM_TYPE_MEMREF_OUTPUT,
					       TEE_PARAM_TYPE_NONE,
					       TEE_PARAM_TYPE_NONE),
			       0))
		return TEE_ERROR_BAD_PARAMETERS;
	res = rpmb_key_room(&params[1], sizeof(sealed));
	if (res)
		return res;
	res = rpmb_key_cid(&params[0], cid);
	if (res)
		return res;

	/* Nothing but the complete container ever is in shared memory. */
	res = tee_rpmb_key_derive(cid, key);
	if (!res)
		res = seal(key, cid, &sealed);
	memzero_explicit(key, sizeof(key));
	if (!res)
		memcpy(params[1].memref.buffer, &sealed, sizeof(sealed));

	return res;
}
