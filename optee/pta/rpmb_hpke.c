// SPDX-License-Identifier: BSD-2-Clause
/*
 * HPKE's encryption (RFC 9180) with OP-TEE's own X25519, HMAC-SHA256 and
 * AES-GCM: see rpmb_hpke.h. There is no decryption here, and no choice of
 * algorithms.
 */

#include <assert.h>
#include <crypto/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <string_ext.h>
#include <utee_defines.h>
#include <util.h>

#include "rpmb_hpke.h"

#if !defined(CFG_CRYPTO_X25519) || !defined(CFG_CRYPTO_GCM)
#error "CFG_RPMB_PTA_SEALED needs CFG_CRYPTO_X25519=y and CFG_CRYPTO_GCM=y"
#endif

#define HASH_SIZE TEE_SHA256_HASH_SIZE
#define X25519_BITS 256
#define AES_KEY_SIZE 32
#define NONCE_SIZE 12
#define MODE_BASE 0

struct bytes {
	const void *data;
	size_t size;
};

#define BYTES(array) ((struct bytes){ (array), sizeof(array) })
#define TEXT(literal) ((struct bytes){ (literal), sizeof(literal) - 1 })

/* RFC 9180, sections 4.1 and 5.1: what goes into every derivation. */
static const uint8_t suite_kem[] = { 'K', 'E', 'M', 0, RPMB_HPKE_KEM };
static const uint8_t suite_hpke[] = { 'H', 'P',		  'K', 'E',
				      0,   RPMB_HPKE_KEM, 0,   RPMB_HPKE_KDF,
				      0,   RPMB_HPKE_AEAD };

/* In HMAC an empty key and one of all zeroes are the same key. */
static const uint8_t no_salt[HASH_SIZE];

struct message_keys {
	uint8_t key[AES_KEY_SIZE];
	uint8_t nonce[NONCE_SIZE];
};

static TEE_Result hmac_sha256(const uint8_t key[HASH_SIZE],
			      const struct bytes *parts, size_t part_count,
			      uint8_t ret_mac[HASH_SIZE])
{
	TEE_Result res = TEE_SUCCESS;
	void *ctx = NULL;
	size_t n = 0;

	res = crypto_mac_alloc_ctx(&ctx, TEE_ALG_HMAC_SHA256);
	if (res)
		return res;
	res = crypto_mac_init(ctx, key, HASH_SIZE);
	for (n = 0; !res && n < part_count; n++)
		if (parts[n].size)
			res = crypto_mac_update(ctx, parts[n].data,
						parts[n].size);
	if (!res)
		res = crypto_mac_final(ctx, ret_mac, HASH_SIZE);
	crypto_mac_free_ctx(ctx);

	return res;
}

/* LabeledExtract of RFC 9180, section 4. */
static TEE_Result labeled_extract(struct bytes suite, const uint8_t *salt,
				  struct bytes label, struct bytes secret,
				  uint8_t ret_key[HASH_SIZE])
{
	const struct bytes parts[] = { TEXT("HPKE-v1"), suite, label, secret };

	return hmac_sha256(salt, parts, ARRAY_SIZE(parts), ret_key);
}

/* LabeledExpand of RFC 9180, section 4, up to one block of HKDF. */
static TEE_Result labeled_expand(struct bytes suite, const uint8_t *key,
				 struct bytes label, struct bytes context,
				 uint8_t *ret_data, uint8_t size)
{
	const uint8_t length[] = { 0, size };
	const uint8_t block = 1;
	const struct bytes parts[] = {
		BYTES(length), TEXT("HPKE-v1"), suite,
		label,	       context,		{ &block, sizeof(block) },
	};
	uint8_t mac[HASH_SIZE] = {};
	TEE_Result res = TEE_SUCCESS;

	assert(size <= sizeof(mac));
	res = hmac_sha256(key, parts, ARRAY_SIZE(parts), mac);
	if (!res)
		memcpy(ret_data, mac, size);
	memzero_explicit(mac, sizeof(mac));

	return res;
}

/* An ephemeral key pair's public half, and what its private one agrees on. */
static TEE_Result agree(const uint8_t *public_key, uint8_t *ret_enc,
			uint8_t *ret_secret)
{
	uint8_t peer[RPMB_HPKE_PUBLIC_KEY_SIZE] = {};
	struct montgomery_keypair pair = {};
	unsigned long size = RPMB_HPKE_PUBLIC_KEY_SIZE;
	TEE_Result res = TEE_SUCCESS;

	memcpy(peer, public_key, sizeof(peer));
	res = crypto_acipher_alloc_x25519_keypair(&pair, X25519_BITS);
	if (res)
		return res;
	res = crypto_acipher_gen_x25519_key(&pair, X25519_BITS);
	/* Refuses a result of all zeroes, which low-order keys give. */
	if (!res)
		res = crypto_acipher_x25519_shared_secret(&pair, peer,
							  ret_secret, &size);
	if (!res)
		memcpy(ret_enc, pair.pub, RPMB_HPKE_PUBLIC_KEY_SIZE);
	memzero_explicit(pair.priv, RPMB_HPKE_PUBLIC_KEY_SIZE);
	free(pair.priv);
	free(pair.pub);

	return res;
}

/* Encap of RFC 9180, section 4.1. */
static TEE_Result encapsulate(const uint8_t *public_key, uint8_t *ret_enc,
			      uint8_t ret_shared[HASH_SIZE])
{
	uint8_t context[2 * RPMB_HPKE_PUBLIC_KEY_SIZE] = {};
	uint8_t secret[RPMB_HPKE_PUBLIC_KEY_SIZE] = {};
	uint8_t prk[HASH_SIZE] = {};
	TEE_Result res = TEE_SUCCESS;

	res = agree(public_key, ret_enc, secret);
	if (!res)
		res = labeled_extract(BYTES(suite_kem), no_salt,
				      TEXT("eae_prk"), BYTES(secret), prk);
	if (!res) {
		memcpy(context, ret_enc, RPMB_HPKE_PUBLIC_KEY_SIZE);
		memcpy(context + RPMB_HPKE_PUBLIC_KEY_SIZE, public_key,
		       RPMB_HPKE_PUBLIC_KEY_SIZE);
		res = labeled_expand(BYTES(suite_kem), prk,
				     TEXT("shared_secret"), BYTES(context),
				     ret_shared, HASH_SIZE);
	}
	memzero_explicit(secret, sizeof(secret));
	memzero_explicit(prk, sizeof(prk));

	return res;
}

/* KeySchedule of RFC 9180, section 5.1, without a pre-shared key. */
static TEE_Result key_schedule(const uint8_t shared[HASH_SIZE],
			       struct bytes info, struct message_keys *ret_keys)
{
	const struct bytes suite = BYTES(suite_hpke);
	const struct bytes nothing = {};
	uint8_t context[1 + 2 * HASH_SIZE] = { MODE_BASE };
	uint8_t secret[HASH_SIZE] = {};
	TEE_Result res = TEE_SUCCESS;

	res = labeled_extract(suite, no_salt, TEXT("psk_id_hash"), nothing,
			      context + 1);
	if (!res)
		res = labeled_extract(suite, no_salt, TEXT("info_hash"), info,
				      context + 1 + HASH_SIZE);
	if (!res)
		res = labeled_extract(suite, shared, TEXT("secret"), nothing,
				      secret);
	if (!res)
		res = labeled_expand(suite, secret, TEXT("key"), BYTES(context),
				     ret_keys->key, sizeof(ret_keys->key));
	if (!res)
		res = labeled_expand(suite, secret, TEXT("base_nonce"),
				     BYTES(context), ret_keys->nonce,
				     sizeof(ret_keys->nonce));
	memzero_explicit(secret, sizeof(secret));

	return res;
}

/*
 * The first message of a context, whose nonce is the base nonce: every call
 * has a context of its own.
 */
static TEE_Result encrypt(const struct message_keys *keys,
			  const struct rpmb_hpke_message *message,
			  uint8_t *ret_ciphertext)
{
	size_t size = message->text_size;
	size_t tag_size = RPMB_HPKE_TAG_SIZE;
	TEE_Result res = TEE_SUCCESS;
	void *ctx = NULL;

	res = crypto_authenc_alloc_ctx(&ctx, TEE_ALG_AES_GCM);
	if (res)
		return res;
	res = crypto_authenc_init(ctx, TEE_MODE_ENCRYPT, keys->key,
				  sizeof(keys->key), keys->nonce,
				  sizeof(keys->nonce), RPMB_HPKE_TAG_SIZE,
				  message->aad_size, message->text_size);
	if (res)
		goto out;
	res = crypto_authenc_update_aad(ctx, TEE_MODE_ENCRYPT, message->aad,
					message->aad_size);
	if (!res)
		res = crypto_authenc_enc_final(
			ctx, message->text, message->text_size, ret_ciphertext,
			&size, ret_ciphertext + size, &tag_size);
	crypto_authenc_final(ctx);
out:
	crypto_authenc_free_ctx(ctx);

	return res;
}

TEE_Result rpmb_hpke_seal(const uint8_t public_key[RPMB_HPKE_PUBLIC_KEY_SIZE],
			  const struct rpmb_hpke_message *message,
			  uint8_t *ret_enc, uint8_t *ret_ciphertext)
{
	const struct bytes info = { message->info, message->info_size };
	uint8_t enc[RPMB_HPKE_PUBLIC_KEY_SIZE] = {};
	uint8_t shared[HASH_SIZE] = {};
	struct message_keys keys = {};
	TEE_Result res = TEE_SUCCESS;

	res = encapsulate(public_key, enc, shared);
	if (!res)
		res = key_schedule(shared, info, &keys);
	if (!res)
		res = encrypt(&keys, message, ret_ciphertext);
	if (!res)
		memcpy(ret_enc, enc, sizeof(enc));
	memzero_explicit(shared, sizeof(shared));
	memzero_explicit(&keys, sizeof(keys));

	return res;
}
