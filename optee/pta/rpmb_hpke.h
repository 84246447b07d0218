/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HPKE (RFC 9180), as much as it takes to encrypt one short message to a public
 * key: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM,
 * encryption only. What is encrypted and to whom is its caller's business.
 */
#ifndef __RPMB_HPKE_H
#define __RPMB_HPKE_H

#include <stddef.h>
#include <stdint.h>
#include <tee_api_types.h>

/* RFC 9180, section 7: identifiers of the algorithms, and sizes in bytes. */
#define RPMB_HPKE_KEM 0x0020
#define RPMB_HPKE_KDF 0x0001
#define RPMB_HPKE_AEAD 0x0002
#define RPMB_HPKE_PUBLIC_KEY_SIZE 32
#define RPMB_HPKE_TAG_SIZE 16

struct rpmb_hpke_message {
	/* The sender's and receiver's agreement on what this is for. */
	const void *info;
	size_t info_size;
	/* Authenticated, not encrypted. */
	const void *aad;
	size_t aad_size;
	const void *text;
	size_t text_size;
};

/*
 * SealBase of RFC 9180, section 6.1: encrypt @message to @public_key with an
 * ephemeral key that is made, used and wiped here.
 *
 * @ret_enc gets RPMB_HPKE_PUBLIC_KEY_SIZE bytes, @ret_ciphertext
 * text_size + RPMB_HPKE_TAG_SIZE. Written only on success.
 *
 * Returns TEE_ERROR_SECURITY for a public key of low order, and what OP-TEE's
 * cryptography returns.
 */
TEE_Result rpmb_hpke_seal(const uint8_t public_key[RPMB_HPKE_PUBLIC_KEY_SIZE],
			  const struct rpmb_hpke_message *message,
			  uint8_t *ret_enc, uint8_t *ret_ciphertext);

#endif /* __RPMB_HPKE_H */
