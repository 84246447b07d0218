// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sealed keys from anywhere: parsing reads nothing outside the bytes and takes
 * only what writing them anew would give; opening gives a key only for the one
 * message that the right sender made. The first byte says whether the input
 * stands for itself or is laid over a right message.
 */
#include <string.h>

#include "../../../rpmb/lib/seal.h"
#include "fuzz.h"

static EVP_PKEY *pairs[2];
static struct rpmb_sealed sealed[2];
static struct rpmb_key *key, *opened;

static void prepare(void)
{
	struct rpmb_cid cid = { { 1, 2, 3 } };
	unsigned int n;

	key = rpmb_secret_alloc(sizeof(*key));
	opened = rpmb_secret_alloc(sizeof(*opened));
	memset(key, 0x22, sizeof(*key));
	for (n = 0; n < 2; n++) {
		pairs[n] = hpke_generate(n ? RPMB_KEM_P256 : RPMB_KEM_X25519);
		FUZZ_ASSERT(!rpmb_seal(pairs[n], &cid, key, RPMB_ORIGIN_OTHER,
				       &sealed[n], NULL));
	}
}

static void check(unsigned int pair, const uint8_t *blob, size_t bytes)
{
	bool same = bytes == sealed[pair].bytes &&
		    !memcmp(blob, sealed[pair].blob, bytes);
	struct rpmb_sealed_header header, again;
	struct rpmb_error error;
	int parsed, rc;

	parsed = rpmb_sealed_parse(blob, bytes, &header, &error);
	FUZZ_ASSERT(parsed == 0 || parsed == -22);
	if (!parsed)
		FUZZ_ASSERT(bytes == (header.kem == RPMB_KEM_X25519 ?
					      RPMB_SEALED_X25519_BYTES :
					      RPMB_SEALED_P256_BYTES));
	memset(opened, 0, sizeof(*opened));
	rc = rpmb_unseal(pairs[pair], blob, bytes, opened, &again, &error);
	FUZZ_ASSERT(!rc == same);
	FUZZ_ASSERT(!memcmp(opened, key, sizeof(*key)) == same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint8_t blob[RPMB_SEALED_BYTES_MAX];
	unsigned int pair;
	size_t at, n;

	if (!key)
		prepare();
	if (bytes < 2)
		return 0;
	pair = data[0] & 1;
	at = data[1];
	if (!(data[0] & 2)) {
		check(pair, data + 1, bytes - 1);
		return 0;
	}
	/* The rest is xor-ed to a right message from some byte on. */
	memcpy(blob, sealed[pair].blob, sizeof(blob));
	for (n = 2; n < bytes && at < sealed[pair].bytes; n++, at++)
		blob[at] ^= data[n];
	check(pair, blob, sealed[pair].bytes);
	return 0;
}
