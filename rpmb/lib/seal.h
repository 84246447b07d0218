/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HPKE (RFC 9180) as far as sealed keys need it: base mode, one message, two
 * KEMs with HKDF-SHA256, AES-256-GCM. hpke.c is checked against the RFC's
 * vectors through this; what is sealed how is seal.c.
 */
#ifndef RPMB_SEAL_H
#define RPMB_SEAL_H

#include <openssl/evp.h>

#include "internal.h"

#define HPKE_KDF_HKDF_SHA256 0x0001
#define HPKE_AEAD_AES_256_GCM 0x0002

#define HPKE_PUBLIC_BYTES_MAX 65
#define HPKE_SECRET_BYTES 32
#define HPKE_KEY_BYTES 32
#define HPKE_NONCE_BYTES 12
#define HPKE_TAG_BYTES 16

/* Raw: 32 bytes of X25519, or an uncompressed point of P-256. */
struct hpke_public {
	size_t bytes;
	uint8_t raw[HPKE_PUBLIC_BYTES_MAX];
};

/* Everything that must not leak; lives in secret memory. */
struct hpke_secrets {
	uint8_t dh[HPKE_SECRET_BYTES];
	uint8_t prk[HPKE_SECRET_BYTES];
	uint8_t shared[HPKE_SECRET_BYTES];
	uint8_t key[HPKE_KEY_BYTES];
	uint8_t nonce[HPKE_NONCE_BYTES];
};

/* Which KEM a key pair is for. -EINVAL: none that is known here. */
int hpke_kem_of(EVP_PKEY *key, enum rpmb_kem *ret_kem);
size_t hpke_public_bytes(enum rpmb_kem kem);

int hpke_public_get(EVP_PKEY *key, enum rpmb_kem kem,
		    struct hpke_public *ret_public);

/* NULL: the bytes are no public key. */
EVP_PKEY *hpke_public_import(enum rpmb_kem kem,
			     const struct hpke_public *public);

/* A new key pair; NULL: OpenSSL failed. */
EVP_PKEY *hpke_generate(enum rpmb_kem kem);

/*
 * hpke_agree - RFC 9180 4.1, Encap() and Decap(), and 5.1, KeySchedule()
 * @own: whose private half is used: the ephemeral pair, or the recipient's
 * @peer: the other's public key
 * @enc, @recipient: the two public keys, raw
 *
 * Fills all of @secrets. -EIO: the key agreement failed.
 */
int hpke_agree(enum rpmb_kem kem, EVP_PKEY *own, EVP_PKEY *peer,
	       const struct hpke_public *enc,
	       const struct hpke_public *recipient, const void *info,
	       size_t info_bytes, struct hpke_secrets *secrets);

/* RFC 9180 5.2, the first message. @sealed has @bytes, then the tag. */
int hpke_encrypt(const struct hpke_secrets *secrets, const void *aad,
		 size_t aad_bytes, const void *plain, size_t bytes,
		 uint8_t *ret_sealed);

/* -EBADMSG: not authentic; ret_plain is zeros then. */
int hpke_decrypt(const struct hpke_secrets *secrets, const void *aad,
		 size_t aad_bytes, const uint8_t *sealed, size_t bytes,
		 void *ret_plain);

#endif
