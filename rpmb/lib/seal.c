// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sealed keys: the container that rpmb.h describes, around an HPKE message
 * (hpke.c). Where sealed keys are kept is the store's.
 */
#include <errno.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "seal.h"

#define VERSION 1

static const char seal_info[] = "teegate rpmb key v1";
#define SEAL_INFO_BYTES (sizeof(seal_info) - 1)

struct wire_header {
	uint8_t magic[4];
	uint8_t version;
	uint8_t flags;
	uint8_t kem[2];
	uint8_t kdf[2];
	uint8_t aead[2];
	uint8_t recipient[RPMB_RECIPIENT_ID_BYTES];
	uint8_t cid[RPMB_CID_BYTES];
	uint8_t fingerprint[RPMB_FINGERPRINT_BYTES];
	uint8_t origin;
	uint8_t zero[3];
};
_Static_assert(sizeof(struct wire_header) == RPMB_SEALED_HEADER_BYTES,
	       "as rpmb.h has it");
_Static_assert(offsetof(struct wire_header, recipient) == 12, "rpmb.h");
_Static_assert(offsetof(struct wire_header, cid) == 20, "rpmb.h");
_Static_assert(offsetof(struct wire_header, fingerprint) == 36, "rpmb.h");
_Static_assert(offsetof(struct wire_header, origin) == 44, "rpmb.h");

static const uint8_t magic[4] = { 'T', 'G', 'R', 'K' };

static size_t sealed_bytes(enum rpmb_kem kem)
{
	return RPMB_SEALED_HEADER_BYTES + hpke_public_bytes(kem) +
	       RPMB_KEY_BYTES + HPKE_TAG_BYTES;
}

int rpmb_public_key_from_pem(const void *pem, size_t bytes,
			     struct evp_pkey_st **ret_public,
			     struct rpmb_error *error)
{
	BIO *bio = bytes <= INT32_MAX ? BIO_new_mem_buf(pem, (int)bytes) : NULL;
	EVP_PKEY *key = NULL;
	enum rpmb_kem kem;

	if (bio)
		key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (!key || hpke_kem_of(key, &kem)) {
		EVP_PKEY_free(key);
		ERR_clear_error();
		return rpmb_fail(error, -EINVAL,
				 "this is no PEM file with a public key of "
				 "X25519 or P-256");
	}
	*ret_public = key;
	return 0;
}

static int recipient_id(const struct hpke_public *public,
			uint8_t ret_id[RPMB_RECIPIENT_ID_BYTES])
{
	const struct rpmb_span span = { public->raw, public->bytes };
	uint8_t hash[RPMB_HASH_BYTES];
	int rc;

	rc = rpmb_sha256(&span, 1, hash);
	if (!rc)
		memcpy(ret_id, hash, RPMB_RECIPIENT_ID_BYTES);
	return rc;
}

int rpmb_recipient_id(struct evp_pkey_st *key,
		      uint8_t ret_id[RPMB_RECIPIENT_ID_BYTES])
{
	struct hpke_public public;
	enum rpmb_kem kem;
	int rc;

	rc = hpke_kem_of(key, &kem);
	if (!rc)
		rc = hpke_public_get(key, kem, &public);
	if (!rc)
		rc = recipient_id(&public, ret_id);
	return rc;
}

static int header_build(enum rpmb_kem kem, const struct hpke_public *recipient,
			const struct rpmb_cid *cid, const struct rpmb_key *key,
			enum rpmb_origin origin, struct wire_header *ret_header)
{
	struct rpmb_fingerprint fingerprint;
	int rc;

	memset(ret_header, 0, sizeof(*ret_header));
	memcpy(ret_header->magic, magic, sizeof(magic));
	ret_header->version = VERSION;
	rpmb_put16(ret_header->kem, (uint16_t)kem);
	rpmb_put16(ret_header->kdf, HPKE_KDF_HKDF_SHA256);
	rpmb_put16(ret_header->aead, HPKE_AEAD_AES_256_GCM);
	memcpy(ret_header->cid, cid->bytes, RPMB_CID_BYTES);
	ret_header->origin = (uint8_t)origin;
	rc = recipient_id(recipient, ret_header->recipient);
	if (!rc)
		rc = rpmb_key_fingerprint(key, &fingerprint);
	if (!rc)
		memcpy(ret_header->fingerprint, fingerprint.bytes,
		       RPMB_FINGERPRINT_BYTES);
	return rc;
}

/* Agrees on secrets by a new ephemeral pair, whose public half is @ret_enc. */
static int encapsulate(enum rpmb_kem kem, EVP_PKEY *recipient,
		       const struct hpke_public *recipient_raw,
		       struct hpke_public *ret_enc,
		       struct hpke_secrets *secrets)
{
	EVP_PKEY *ephemeral = hpke_generate(kem);
	int rc = -EIO;

	if (ephemeral)
		rc = hpke_public_get(ephemeral, kem, ret_enc);
	if (!rc)
		rc = hpke_agree(kem, ephemeral, recipient, ret_enc,
				recipient_raw, seal_info, SEAL_INFO_BYTES,
				secrets);
	EVP_PKEY_free(ephemeral);
	return rc;
}

int rpmb_seal(struct evp_pkey_st *recipient, const struct rpmb_cid *cid,
	      const struct rpmb_key *key, enum rpmb_origin origin,
	      struct rpmb_sealed *ret_sealed, struct rpmb_error *error)
{
	struct hpke_public recipient_raw, enc;
	struct hpke_secrets *secrets;
	struct wire_header header;
	struct rpmb_sealed sealed;
	enum rpmb_kem kem;
	uint8_t *at;
	int rc;

	if (hpke_kem_of(recipient, &kem))
		return rpmb_fail(error, -EINVAL,
				 "the recipient's key is neither X25519 nor "
				 "P-256");
	secrets = rpmb_secret_alloc(sizeof(*secrets));
	if (!secrets)
		return rpmb_fail(error, -ENOMEM,
				 "no lockable memory: see RLIMIT_MEMLOCK");
	rc = hpke_public_get(recipient, kem, &recipient_raw);
	if (!rc)
		rc = header_build(kem, &recipient_raw, cid, key, origin,
				  &header);
	if (!rc)
		rc = encapsulate(kem, recipient, &recipient_raw, &enc, secrets);
	if (!rc) {
		memset(&sealed, 0, sizeof(sealed));
		sealed.bytes = sealed_bytes(kem);
		memcpy(sealed.blob, &header, sizeof(header));
		at = sealed.blob + sizeof(header);
		memcpy(at, enc.raw, enc.bytes);
		at += enc.bytes;
		rc = hpke_encrypt(secrets, &header, sizeof(header), key->bytes,
				  RPMB_KEY_BYTES, at);
	}
	rpmb_secret_free(secrets);
	if (rc)
		return rpmb_fail(error, rc, "OpenSSL cannot seal the key");
	*ret_sealed = sealed;
	return 0;
}

static bool header_is_known(const struct wire_header *header, size_t bytes)
{
	static const uint8_t zero[3];
	uint16_t kem = rpmb_get16(header->kem);

	return header->version == VERSION && !header->flags &&
	       (kem == RPMB_KEM_X25519 || kem == RPMB_KEM_P256) &&
	       rpmb_get16(header->kdf) == HPKE_KDF_HKDF_SHA256 &&
	       rpmb_get16(header->aead) == HPKE_AEAD_AES_256_GCM &&
	       header->origin >= RPMB_ORIGIN_OPTEE &&
	       header->origin <= RPMB_ORIGIN_OTHER &&
	       !memcmp(header->zero, zero, sizeof(zero)) &&
	       bytes == sealed_bytes(kem);
}

int rpmb_sealed_parse(const void *blob, size_t bytes,
		      struct rpmb_sealed_header *ret_header,
		      struct rpmb_error *error)
{
	struct wire_header header;

	if (bytes < sizeof(header) || memcmp(blob, magic, sizeof(magic)))
		return rpmb_fail(error, -EINVAL, "this is not a sealed key");
	memcpy(&header, blob, sizeof(header));
	if (!header_is_known(&header, bytes))
		return rpmb_fail(error, -EINVAL,
				 "this sealed key (version %u, KEM 0x%04x, %zu "
				 "bytes) is damaged, or of a kind unknown here",
				 header.version, rpmb_get16(header.kem), bytes);
	ret_header->kem = rpmb_get16(header.kem);
	ret_header->origin = header.origin;
	memcpy(ret_header->recipient, header.recipient,
	       RPMB_RECIPIENT_ID_BYTES);
	memcpy(ret_header->cid.bytes, header.cid, RPMB_CID_BYTES);
	memcpy(ret_header->fingerprint.bytes, header.fingerprint,
	       RPMB_FINGERPRINT_BYTES);
	return 0;
}

/* Agrees on secrets by the recipient's private half. */
static int decapsulate(enum rpmb_kem kem, EVP_PKEY *recipient,
		       const struct hpke_public *recipient_raw,
		       const uint8_t *enc_at, struct hpke_secrets *secrets,
		       struct rpmb_error *error)
{
	struct hpke_public enc = { .bytes = hpke_public_bytes(kem) };
	EVP_PKEY *ephemeral;
	int rc;

	memcpy(enc.raw, enc_at, enc.bytes);
	ephemeral = hpke_public_import(kem, &enc);
	if (!ephemeral)
		return rpmb_fail(error, -EBADMSG,
				 "the sealed key is damaged: its ephemeral "
				 "public key is none");
	rc = hpke_agree(kem, recipient, ephemeral, &enc, recipient_raw,
			seal_info, SEAL_INFO_BYTES, secrets);
	EVP_PKEY_free(ephemeral);
	if (rc)
		rpmb_fail(error, rc,
			  "the private key agrees on no secret: is the token "
			  "logged in, and may the key derive?");
	return rc;
}

static int open_message(const struct hpke_secrets *secrets, const uint8_t *blob,
			const struct rpmb_sealed_header *header,
			struct rpmb_key *ret_key, struct rpmb_error *error)
{
	const uint8_t *message = blob + RPMB_SEALED_HEADER_BYTES +
				 hpke_public_bytes(header->kem);
	struct rpmb_fingerprint fingerprint;

	if (hpke_decrypt(secrets, blob, RPMB_SEALED_HEADER_BYTES, message,
			 RPMB_KEY_BYTES, ret_key->bytes))
		return rpmb_fail(error, -EBADMSG,
				 "the sealed key is not authentic: it was "
				 "changed after sealing");
	if (rpmb_key_fingerprint(ret_key, &fingerprint) ||
	    memcmp(fingerprint.bytes, header->fingerprint.bytes,
		   RPMB_FINGERPRINT_BYTES)) {
		rpmb_wipe(ret_key, sizeof(*ret_key));
		return rpmb_fail(error, -EBADMSG,
				 "the sealed key does not have the fingerprint "
				 "that stands beside it");
	}
	return 0;
}

int rpmb_unseal(struct evp_pkey_st *recipient, const void *blob, size_t bytes,
		struct rpmb_key *ret_key, struct rpmb_sealed_header *ret_header,
		struct rpmb_error *error)
{
	uint8_t id[RPMB_RECIPIENT_ID_BYTES];
	struct rpmb_sealed_header header;
	struct hpke_public recipient_raw;
	struct hpke_secrets *secrets;
	enum rpmb_kem kem;
	int rc;

	rc = rpmb_sealed_parse(blob, bytes, &header, error);
	if (rc)
		return rc;
	if (hpke_kem_of(recipient, &kem) || kem != header.kem ||
	    hpke_public_get(recipient, kem, &recipient_raw) ||
	    recipient_id(&recipient_raw, id) ||
	    memcmp(id, header.recipient, sizeof(id)))
		return rpmb_fail(error, -EKEYREJECTED,
				 "the key is sealed to another recipient");
	secrets = rpmb_secret_alloc(sizeof(*secrets));
	if (!secrets)
		return rpmb_fail(error, -ENOMEM,
				 "no lockable memory: see RLIMIT_MEMLOCK");
	rc = decapsulate(kem, recipient, &recipient_raw,
			 (const uint8_t *)blob + RPMB_SEALED_HEADER_BYTES,
			 secrets, error);
	if (!rc)
		rc = open_message(secrets, blob, &header, ret_key, error);
	rpmb_secret_free(secrets);
	ERR_clear_error();
	if (!rc && ret_header)
		*ret_header = header;
	return rc;
}
