// SPDX-License-Identifier: BSD-2-Clause
/*
 * HPKE, RFC 9180, on OpenSSL 3.0, which does not have it yet (3.2 has). The
 * private half of a key pair is only ever handed to EVP_PKEY_derive(), so it
 * may live in a token.
 */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>

#include "seal.h"

#define MODE_BASE 0

#define TEXT(text) ((struct rpmb_span){ (text), sizeof(text) - 1 })

int hpke_kem_of(EVP_PKEY *key, enum rpmb_kem *ret_kem)
{
	char group[32];
	size_t bytes;

	if (EVP_PKEY_is_a(key, "X25519")) {
		*ret_kem = RPMB_KEM_X25519;
		return 0;
	}
	if (EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), &bytes) == 1 &&
	    (!strcmp(group, "prime256v1") || !strcmp(group, "P-256"))) {
		*ret_kem = RPMB_KEM_P256;
		return 0;
	}
	return -EINVAL;
}

size_t hpke_public_bytes(enum rpmb_kem kem)
{
	return kem == RPMB_KEM_X25519 ? 32 : 65;
}

/* A PEM may have stored the point compressed: put it together anew. */
static bool public_from_point(EVP_PKEY *key, uint8_t raw[65])
{
	BIGNUM *x = NULL, *y = NULL;
	bool ok;

	ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
	     EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
	     BN_bn2binpad(x, raw + 1, 32) == 32 &&
	     BN_bn2binpad(y, raw + 33, 32) == 32;
	raw[0] = POINT_CONVERSION_UNCOMPRESSED;
	BN_free(x);
	BN_free(y);
	return ok;
}

int hpke_public_get(EVP_PKEY *key, enum rpmb_kem kem,
		    struct hpke_public *ret_public)
{
	size_t wanted = hpke_public_bytes(kem);
	unsigned char *raw = NULL;
	size_t bytes;
	bool ok;

	bytes = EVP_PKEY_get1_encoded_public_key(key, &raw);
	ok = bytes == wanted && (kem == RPMB_KEM_X25519 ||
				 raw[0] == POINT_CONVERSION_UNCOMPRESSED);
	if (ok)
		memcpy(ret_public->raw, raw, wanted);
	else if (kem == RPMB_KEM_P256)
		ok = public_from_point(key, ret_public->raw);
	OPENSSL_free(raw);
	ret_public->bytes = wanted;
	return ok ? 0 : -EIO;
}

static EVP_PKEY *point_import(const struct hpke_public *public)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	uint8_t raw[HPKE_PUBLIC_BYTES_MAX];
	char group[] = "prime256v1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, raw,
						  public->bytes),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	memcpy(raw, public->raw, sizeof(raw));
	if (context && EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(context);
	return key;
}

EVP_PKEY *hpke_public_import(enum rpmb_kem kem,
			     const struct hpke_public *public)
{
	if (kem == RPMB_KEM_X25519)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL,
						   public->raw, public->bytes);
	/* RFC 9180 7.1.1: uncompressed only. */
	if (public->raw[0] != POINT_CONVERSION_UNCOMPRESSED)
		return NULL;
	return point_import(public);
}

EVP_PKEY *hpke_generate(enum rpmb_kem kem)
{
	if (kem == RPMB_KEM_X25519)
		return EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

/* The x coordinate, or X25519's output, which OpenSSL refuses if zero. */
static int diffie_hellman(EVP_PKEY *own, EVP_PKEY *peer,
			  uint8_t ret_dh[HPKE_SECRET_BYTES])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	size_t bytes = HPKE_SECRET_BYTES;
	bool ok;

	ok = context && EVP_PKEY_derive_init(context) == 1 &&
	     EVP_PKEY_derive_set_peer(context, peer) == 1 &&
	     EVP_PKEY_derive(context, ret_dh, &bytes) == 1 &&
	     bytes == HPKE_SECRET_BYTES;
	EVP_PKEY_CTX_free(context);
	return ok ? 0 : -EIO;
}

/* "KEM" and its id, or "HPKE" and all three ids: RFC 9180 4.1 and 5.1. */
struct suite {
	uint8_t id[10];
	size_t bytes;
};

static struct suite suite_of_kem(enum rpmb_kem kem)
{
	struct suite suite = { .id = "KEM", .bytes = 5 };

	rpmb_put16(suite.id + 3, (uint16_t)kem);
	return suite;
}

static struct suite suite_of_all(enum rpmb_kem kem)
{
	struct suite suite = { .id = "HPKE", .bytes = 10 };

	rpmb_put16(suite.id + 4, (uint16_t)kem);
	rpmb_put16(suite.id + 6, HPKE_KDF_HKDF_SHA256);
	rpmb_put16(suite.id + 8, HPKE_AEAD_AES_256_GCM);
	return suite;
}

/* RFC 9180 4, LabeledExtract(). An empty salt is the same as zeros. */
static int labeled_extract(const struct suite *suite, struct rpmb_span salt,
			   struct rpmb_span label, struct rpmb_span ikm,
			   uint8_t ret_prk[RPMB_HASH_BYTES])
{
	const struct rpmb_span spans[] = {
		TEXT("HPKE-v1"),
		{ suite->id, suite->bytes },
		label,
		ikm,
	};

	return rpmb_hmac_sha256(salt.at, salt.bytes, spans, 4, ret_prk);
}

/* RFC 9180 4, LabeledExpand(), for at most one hash's worth of bytes. */
static int labeled_expand(const struct suite *suite,
			  const uint8_t prk[RPMB_HASH_BYTES],
			  struct rpmb_span label, struct rpmb_span info,
			  uint8_t *ret_bytes, uint16_t bytes)
{
	static const uint8_t one[] = { 1 };
	uint8_t block[RPMB_HASH_BYTES], length[2];
	const struct rpmb_span spans[] = {
		RPMB_SPAN(length),
		TEXT("HPKE-v1"),
		{ suite->id, suite->bytes },
		label,
		info,
		RPMB_SPAN(one),
	};
	int rc;

	rpmb_put16(length, bytes);
	rc = rpmb_hmac_sha256(prk, RPMB_HASH_BYTES, spans, 6, block);
	if (!rc)
		memcpy(ret_bytes, block, bytes);
	rpmb_wipe(block, sizeof(block));
	return rc;
}

/* RFC 9180 4.1: ExtractAndExpand(dh, enc || recipient's public key). */
static int extract_and_expand(enum rpmb_kem kem, const struct hpke_public *enc,
			      const struct hpke_public *recipient,
			      struct hpke_secrets *secrets)
{
	uint8_t context[2 * HPKE_PUBLIC_BYTES_MAX];
	const struct rpmb_span empty = { NULL, 0 };
	struct suite suite = suite_of_kem(kem);
	int rc;

	memcpy(context, enc->raw, enc->bytes);
	memcpy(context + enc->bytes, recipient->raw, recipient->bytes);
	rc = labeled_extract(&suite, empty, TEXT("eae_prk"),
			     RPMB_SPAN(secrets->dh), secrets->prk);
	if (rc)
		return rc;
	return labeled_expand(
		&suite, secrets->prk, TEXT("shared_secret"),
		(struct rpmb_span){ context, enc->bytes + recipient->bytes },
		secrets->shared, HPKE_SECRET_BYTES);
}

/* RFC 9180 5.1, KeySchedule() of base mode: no PSK. */
static int key_schedule(enum rpmb_kem kem, struct rpmb_span info,
			struct hpke_secrets *secrets)
{
	const struct rpmb_span empty = { NULL, 0 };
	uint8_t context[1 + 2 * RPMB_HASH_BYTES];
	struct suite suite = suite_of_all(kem);
	int rc;

	context[0] = MODE_BASE;
	rc = labeled_extract(&suite, empty, TEXT("psk_id_hash"), empty,
			     context + 1);
	if (!rc)
		rc = labeled_extract(&suite, empty, TEXT("info_hash"), info,
				     context + 1 + RPMB_HASH_BYTES);
	if (!rc)
		rc = labeled_extract(&suite, RPMB_SPAN(secrets->shared),
				     TEXT("secret"), empty, secrets->prk);
	if (!rc)
		rc = labeled_expand(&suite, secrets->prk, TEXT("key"),
				    RPMB_SPAN(context), secrets->key,
				    HPKE_KEY_BYTES);
	if (!rc)
		rc = labeled_expand(&suite, secrets->prk, TEXT("base_nonce"),
				    RPMB_SPAN(context), secrets->nonce,
				    HPKE_NONCE_BYTES);
	return rc;
}

int hpke_agree(enum rpmb_kem kem, EVP_PKEY *own, EVP_PKEY *peer,
	       const struct hpke_public *enc,
	       const struct hpke_public *recipient, const void *info,
	       size_t info_bytes, struct hpke_secrets *secrets)
{
	int rc;

	rc = diffie_hellman(own, peer, secrets->dh);
	if (!rc)
		rc = extract_and_expand(kem, enc, recipient, secrets);
	if (!rc)
		rc = key_schedule(kem, (struct rpmb_span){ info, info_bytes },
				  secrets);
	return rc;
}

int hpke_encrypt(const struct hpke_secrets *secrets, const void *aad,
		 size_t aad_bytes, const void *plain, size_t bytes,
		 uint8_t *ret_sealed)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int some;
	bool ok;

	ok = context &&
	     EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, secrets->key,
				secrets->nonce) == 1 &&
	     EVP_EncryptUpdate(context, NULL, &some, aad, (int)aad_bytes) ==
		     1 &&
	     EVP_EncryptUpdate(context, ret_sealed, &some, plain, (int)bytes) ==
		     1 &&
	     EVP_EncryptFinal_ex(context, ret_sealed + some, &some) == 1 &&
	     EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, HPKE_TAG_BYTES,
				 ret_sealed + bytes) == 1;
	EVP_CIPHER_CTX_free(context);
	return ok ? 0 : -EIO;
}

int hpke_decrypt(const struct hpke_secrets *secrets, const void *aad,
		 size_t aad_bytes, const uint8_t *sealed, size_t bytes,
		 void *ret_plain)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t *plain = ret_plain;
	uint8_t tag[HPKE_TAG_BYTES];
	int some;
	bool ok;

	memcpy(tag, sealed + bytes, sizeof(tag));
	ok = context &&
	     EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, secrets->key,
				secrets->nonce) == 1 &&
	     EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof(tag),
				 tag) == 1 &&
	     EVP_DecryptUpdate(context, NULL, &some, aad, (int)aad_bytes) ==
		     1 &&
	     EVP_DecryptUpdate(context, plain, &some, sealed, (int)bytes) ==
		     1 &&
	     EVP_DecryptFinal_ex(context, plain + some, &some) == 1;
	EVP_CIPHER_CTX_free(context);
	if (!ok)
		rpmb_wipe(ret_plain, bytes);
	return ok ? 0 : -EBADMSG;
}
