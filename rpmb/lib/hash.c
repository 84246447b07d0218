// SPDX-License-Identifier: BSD-2-Clause
/*
 * HMAC-SHA256 and SHA-256 over pieces of memory, by OpenSSL 3, and
 * hexadecimal text. What is hashed and why is the callers'.
 */
#include <errno.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "internal.h"

int rpmb_hmac_sha256(const void *key, size_t key_bytes,
		     const struct rpmb_span *spans, size_t count,
		     uint8_t ret_mac[RPMB_HASH_BYTES])
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest,
						 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
	/* An empty key, as HPKE's empty salt, may not be NULL for OpenSSL. */
	const void *key_at = key_bytes ? key : "";
	size_t bytes, n;
	int ok;

	ok = context && EVP_MAC_init(context, key_at, key_bytes, params) == 1;
	for (n = 0; ok && n < count; n++)
		ok = EVP_MAC_update(context, spans[n].at, spans[n].bytes) == 1;
	ok = ok &&
	     EVP_MAC_final(context, ret_mac, &bytes, RPMB_HASH_BYTES) == 1 &&
	     bytes == RPMB_HASH_BYTES;
	EVP_MAC_CTX_free(context);
	EVP_MAC_free(mac);
	return ok ? 0 : -EIO;
}

int rpmb_sha256(const struct rpmb_span *spans, size_t count,
		uint8_t ret_hash[RPMB_HASH_BYTES])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t n;
	int ok;

	ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
	for (n = 0; ok && n < count; n++)
		ok = EVP_DigestUpdate(context, spans[n].at, spans[n].bytes) ==
		     1;
	ok = ok && EVP_DigestFinal_ex(context, ret_hash, NULL) == 1;
	EVP_MD_CTX_free(context);
	return ok ? 0 : -EIO;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool rpmb_hex_read(const char *text, size_t digits, uint8_t *ret_bytes)
{
	size_t n;

	for (n = 0; n < digits; n++)
		if (hex_digit(text[n]) < 0)
			return false;
	for (n = 0; n < digits / 2; n++)
		ret_bytes[n] = (uint8_t)(hex_digit(text[2 * n]) << 4 |
					 hex_digit(text[2 * n + 1]));
	return true;
}

void rpmb_hex_write(const uint8_t *bytes, size_t count, char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t n;

	for (n = 0; n < count; n++) {
		text[2 * n] = digits[bytes[n] >> 4];
		text[2 * n + 1] = digits[bytes[n] & 15];
	}
	text[2 * count] = '\0';
}
