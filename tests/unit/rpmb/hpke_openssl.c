// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sealed keys against another HPKE: what the library seals, OpenSSL's own
 * OSSL_HPKE opens, and the other way round. That is in OpenSSL 3.2 and later,
 * so this is a program of its own, without cmocka, for Debian 13's compilers:
 * lab/cross make -C rpmb check-hpke
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hpke.h>

#include <rpmb.h>

#define ROUNDS 20
#define CHECK(truth)                                                   \
	do {                                                           \
		if (!(truth)) {                                        \
			fprintf(stderr, "hpke_openssl: line %d: %s\n", \
				__LINE__, #truth);                     \
			exit(1);                                       \
		}                                                      \
	} while (0)

static const unsigned char info[] = "teegate rpmb key v1";
#define INFO_BYTES 19

static OSSL_HPKE_CTX *context_new(const uint8_t *blob, int role)
{
	const OSSL_HPKE_SUITE suite = {
		.kem_id = (uint16_t)(blob[6] << 8 | blob[7]),
		.kdf_id = (uint16_t)(blob[8] << 8 | blob[9]),
		.aead_id = (uint16_t)(blob[10] << 8 | blob[11]),
	};
	OSSL_HPKE_CTX *context;

	context =
		OSSL_HPKE_CTX_new(OSSL_HPKE_MODE_BASE, suite, role, NULL, NULL);
	CHECK(context);
	return context;
}

/* Ours is opened by OpenSSL. */
static void ours_to_openssl(EVP_PKEY *pair, const struct rpmb_key *key,
			    const struct rpmb_sealed *sealed)
{
	OSSL_HPKE_CTX *context =
		context_new(sealed->blob, OSSL_HPKE_ROLE_RECEIVER);
	size_t enc_bytes = sealed->bytes - 96, bytes = 32;
	uint8_t plain[32];

	CHECK(OSSL_HPKE_decap(context, sealed->blob + 48, enc_bytes, pair, info,
			      INFO_BYTES) == 1);
	CHECK(OSSL_HPKE_open(context, plain, &bytes, sealed->blob, 48,
			     sealed->blob + 48 + enc_bytes, 48) == 1);
	CHECK(bytes == 32 && !memcmp(plain, key, 32));
	OSSL_HPKE_CTX_free(context);
}

/* OpenSSL's, under the same header, is opened by ours. */
static void openssl_to_ours(EVP_PKEY *pair, const struct rpmb_key *key,
			    const struct rpmb_sealed *sealed)
{
	OSSL_HPKE_CTX *context =
		context_new(sealed->blob, OSSL_HPKE_ROLE_SENDER);
	size_t enc_bytes = sealed->bytes - 96, bytes = 48, public_bytes;
	struct rpmb_key *opened = rpmb_secret_alloc(sizeof(*opened));
	uint8_t blob[RPMB_SEALED_BYTES_MAX];
	unsigned char *public = NULL;

	memcpy(blob, sealed->blob, 48);
	public_bytes = EVP_PKEY_get1_encoded_public_key(pair, &public);
	CHECK(OSSL_HPKE_encap(context, blob + 48, &enc_bytes, public,
			      public_bytes, info, INFO_BYTES) == 1);
	CHECK(OSSL_HPKE_seal(context, blob + 48 + enc_bytes, &bytes, blob, 48,
			     key->bytes, 32) == 1);
	CHECK(48 + enc_bytes + bytes == sealed->bytes);
	CHECK(!rpmb_unseal(pair, blob, sealed->bytes, opened, NULL, NULL));
	CHECK(!memcmp(opened, key, sizeof(*key)));
	OPENSSL_free(public);
	OSSL_HPKE_CTX_free(context);
	rpmb_secret_free(opened);
}

int main(void)
{
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	struct rpmb_cid cid = { { 0xaa, 1, 2, 3 } };
	struct rpmb_sealed sealed;
	EVP_PKEY *pair;
	int n;

	for (n = 0; n < 2 * ROUNDS; n++) {
		pair = n & 1 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256") :
			       EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
		CHECK(!rpmb_key_random(key));
		CHECK(!rpmb_seal(pair, &cid, key, RPMB_ORIGIN_STATION, &sealed,
				 NULL));
		ours_to_openssl(pair, key, &sealed);
		openssl_to_ours(pair, key, &sealed);
		EVP_PKEY_free(pair);
	}
	rpmb_secret_free(key);
	printf("hpke_openssl: %d messages each way, X25519 and P-256: agreed "
	       "with %s\n",
	       2 * ROUNDS, OpenSSL_version(OPENSSL_VERSION));
	return 0;
}
