// SPDX-License-Identifier: BSD-2-Clause
/*
 * A key by itself: reading it, random ones, whether it is a weak one, and its
 * fingerprint. Where keys come from is derive.c, how they travel is seal.c.
 */
#include <errno.h>
#include <string.h>

#include <openssl/rand.h>

#include "internal.h"

/* Published in OP-TEE's source, core/tee/tee_rpmb_fs.c: no secret. */
static const uint8_t test_key[RPMB_KEY_BYTES] = {
	0xd3, 0xeb, 0x3e, 0xc3, 0x6e, 0x33, 0x4c, 0x9f, 0x98, 0x8c, 0xe2,
	0xc0, 0xb8, 0x59, 0x54, 0x61, 0x0d, 0x2b, 0xcf, 0x86, 0x64, 0x84,
	0x4d, 0xf2, 0xab, 0x56, 0xe6, 0xc6, 0x1b, 0xb7, 0x01, 0xe4,
};

int rpmb_key_random(struct rpmb_key *ret_key)
{
	if (RAND_priv_bytes(ret_key->bytes, sizeof(ret_key->bytes)) != 1)
		return -EIO;
	return 0;
}

int rpmb_key_parse(const void *text, size_t bytes, struct rpmb_key *ret_key)
{
	const char *digits = text;

	if (bytes == RPMB_KEY_BYTES) {
		memcpy(ret_key->bytes, text, RPMB_KEY_BYTES);
		return 0;
	}
	if (bytes > 2 * RPMB_KEY_BYTES && digits[bytes - 1] == '\n')
		bytes--;
	if (bytes > 2 * RPMB_KEY_BYTES && digits[bytes - 1] == '\r')
		bytes--;
	if (bytes != 2 * RPMB_KEY_BYTES ||
	    !rpmb_hex_read(digits, bytes, ret_key->bytes))
		return -EINVAL;
	return 0;
}

void rpmb_key_test(struct rpmb_key *ret_key)
{
	memcpy(ret_key->bytes, test_key, sizeof(test_key));
}

bool rpmb_is_test_key(const struct rpmb_key *key)
{
	return rpmb_equal(key->bytes, test_key, sizeof(test_key));
}

enum rpmb_key_weakness rpmb_key_check(const struct rpmb_key *key)
{
	uint8_t differences = 0;
	size_t n;

	for (n = 1; n < RPMB_KEY_BYTES; n++)
		differences |= key->bytes[n] ^ key->bytes[0];
	if (!differences)
		return key->bytes[0] ? RPMB_KEY_ALL_EQUAL : RPMB_KEY_ALL_ZERO;
	return rpmb_is_test_key(key) ? RPMB_KEY_TEST : RPMB_KEY_GOOD;
}

const char *rpmb_key_weakness_name(enum rpmb_key_weakness weakness)
{
	switch (weakness) {
	case RPMB_KEY_GOOD:
		return "good";
	case RPMB_KEY_ALL_ZERO:
		return "all zero";
	case RPMB_KEY_ALL_EQUAL:
		return "all bytes equal";
	case RPMB_KEY_TEST:
		return "OP-TEE's test key";
	}
	return "unknown";
}

int rpmb_key_fingerprint(const struct rpmb_key *key,
			 struct rpmb_fingerprint *ret_fingerprint)
{
	/* Its NUL is hashed too: no other label can be its beginning. */
	static const char label[] = "teegate rpmb key fingerprint v1";
	const struct rpmb_span spans[] = {
		RPMB_SPAN(label),
		RPMB_SPAN(key->bytes),
	};
	uint8_t hash[RPMB_HASH_BYTES];
	int rc;

	rc = rpmb_sha256(spans, 2, hash);
	if (rc)
		return rc;
	memcpy(ret_fingerprint->bytes, hash, RPMB_FINGERPRINT_BYTES);
	rpmb_wipe(hash, sizeof(hash));
	return 0;
}

char *rpmb_fingerprint_format(const struct rpmb_fingerprint *fingerprint,
			      char text[RPMB_FINGERPRINT_TEXT_BYTES])
{
	char digits[2 * RPMB_FINGERPRINT_BYTES + 1];
	char *at = text;
	size_t n;

	rpmb_hex_write(fingerprint->bytes, RPMB_FINGERPRINT_BYTES, digits);
	for (n = 0; n < 2 * RPMB_FINGERPRINT_BYTES; n++) {
		if (n && n % 4 == 0)
			*at++ = '-';
		*at++ = digits[n];
	}
	*at = '\0';
	return text;
}

int rpmb_fingerprint_parse(const char *text,
			   struct rpmb_fingerprint *ret_fingerprint)
{
	char digits[2 * RPMB_FINGERPRINT_BYTES];
	size_t bytes = strlen(text), n;

	if (bytes == sizeof(digits)) {
		memcpy(digits, text, bytes);
	} else if (bytes == RPMB_FINGERPRINT_TEXT_BYTES - 1) {
		for (n = 0; n < sizeof(digits); n++)
			digits[n] = text[n + n / 4];
		if (text[4] != '-' || text[9] != '-' || text[14] != '-')
			return -EINVAL;
	} else {
		return -EINVAL;
	}
	if (!rpmb_hex_read(digits, sizeof(digits), ret_fingerprint->bytes))
		return -EINVAL;
	return 0;
}
