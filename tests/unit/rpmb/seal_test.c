// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sealed keys: RFC 9180's vectors, the container byte by byte, and refusal of
 * everything that was changed or is for somebody else.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include "../../../rpmb/lib/seal.h"
#include "test.h"

static struct rpmb_key *key, *opened;
static struct rpmb_cid cid;
static EVP_PKEY *pairs[2], *strangers[2];

static int setup(void **state)
{
	(void)state;
	key = key_new(0);
	opened = key_new(0x80);
	rpmb_cid_parse(QEMU_CID, &cid);
	pairs[0] = hpke_generate(RPMB_KEM_X25519);
	pairs[1] = hpke_generate(RPMB_KEM_P256);
	strangers[0] = hpke_generate(RPMB_KEM_X25519);
	strangers[1] = hpke_generate(RPMB_KEM_P256);
	return 0;
}

static int teardown(void **state)
{
	size_t n;

	(void)state;
	rpmb_secret_free(key);
	rpmb_secret_free(opened);
	for (n = 0; n < 2; n++) {
		EVP_PKEY_free(pairs[n]);
		EVP_PKEY_free(strangers[n]);
	}
	return 0;
}

/* A pair from its private half, and for P-256 its public one. */
static EVP_PKEY *pair_import(enum rpmb_kem kem, const char *private,
			     const char *public)
{
	uint8_t raw[32], point[65], native[32];
	char group[] = "prime256v1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						  point, sizeof(point)),
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native,
					sizeof(native)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *context;
	EVP_PKEY *pair = NULL;
	BIGNUM *number;

	from_hex(private, raw);
	if (kem == RPMB_KEM_X25519)
		return EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, raw,
						    sizeof(raw));
	from_hex(public, point);
	number = BN_bin2bn(raw, sizeof(raw), NULL);
	BN_bn2nativepad(number, native, sizeof(native));
	BN_free(number);
	context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY_fromdata_init(context);
	EVP_PKEY_fromdata(context, &pair, EVP_PKEY_KEYPAIR, params);
	EVP_PKEY_CTX_free(context);
	return pair;
}

/*
 * Key pairs, info, shared secret: RFC 9180 A.1.1 and A.3.1. Those have
 * AES-128-GCM, so the ciphertexts (first message, aad "Count-0") are what
 * OpenSSL 3.5's OSSL_HPKE makes of the same pairs with AES-256-GCM; with
 * AES-128-GCM it makes the RFC's.
 */
static const struct vector {
	enum rpmb_kem kem;
	const char *ephemeral, *enc, *recipient, *recipient_public;
	const char *shared, *sealed;
} vectors[] = {
	{ RPMB_KEM_X25519,
	  "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
	  "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
	  "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
	  "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
	  "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc",
	  "090b7dc225419f7da9e8b460becfbb96a26c7964d79b8010d397fa83"
	  "8530a32a397b14f5776db19ff5e57734e0" },
	{ RPMB_KEM_P256,
	  "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb",
	  "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9"
	  "8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4",
	  "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2",
	  "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a82"
	  "6a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0",
	  "c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8",
	  "518c46e6810fbc55362f7d5995b0f54339d93664ca44e5c74d0f289c"
	  "4f7983b4781b193de04ad3319f177244de" },
};

static void check_vector(const struct vector *vector)
{
	static const char plain[] = "Beauty is truth, truth beauty";
	static const char aad[] = "Count-0";
	static const char info[] = "Ode on a Grecian Urn";
	struct hpke_secrets *secrets = rpmb_secret_alloc(sizeof(*secrets));
	uint8_t sealed[45], wanted[65], read[29];
	struct hpke_public enc, recipient;
	EVP_PKEY *own, *peer;

	own = pair_import(vector->kem, vector->ephemeral, vector->enc);
	peer = pair_import(vector->kem, vector->recipient,
			   vector->recipient_public);
	assert_int_equal(hpke_public_get(own, vector->kem, &enc), 0);
	assert_int_equal(enc.bytes, from_hex(vector->enc, wanted));
	assert_memory_equal(enc.raw, wanted, enc.bytes);
	assert_int_equal(hpke_public_get(peer, vector->kem, &recipient), 0);
	assert_int_equal(hpke_agree(vector->kem, own, peer, &enc, &recipient,
				    info, sizeof(info) - 1, secrets),
			 0);
	from_hex(vector->shared, wanted);
	assert_memory_equal(secrets->shared, wanted, 32);
	assert_int_equal(hpke_encrypt(secrets, aad, 7, plain, 29, sealed), 0);
	from_hex(vector->sealed, wanted);
	assert_memory_equal(sealed, wanted, sizeof(sealed));
	/* The other side, with the roles of the keys turned round. */
	memset(secrets, 0, sizeof(*secrets));
	assert_int_equal(hpke_agree(vector->kem, peer, own, &enc, &recipient,
				    info, sizeof(info) - 1, secrets),
			 0);
	assert_int_equal(hpke_decrypt(secrets, aad, 7, sealed, 29, read), 0);
	assert_memory_equal(read, plain, 29);
	sealed[44] ^= 1;
	assert_int_equal(hpke_decrypt(secrets, aad, 7, sealed, 29, read),
			 -EBADMSG);
	assert_int_equal(read[0] | read[28], 0);
	EVP_PKEY_free(own);
	EVP_PKEY_free(peer);
	rpmb_secret_free(secrets);
}

static void hpke_agrees_with_the_rfc(void **state)
{
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(vectors); n++)
		check_vector(&vectors[n]);
}

static void what_is_sealed_is_opened(void **state)
{
	static const size_t sizes[] = { 128, 161 };
	struct rpmb_sealed sealed, again;
	struct rpmb_sealed_header header;
	struct rpmb_fingerprint fingerprint;
	uint8_t id[8];
	size_t n;

	(void)state;
	for (n = 0; n < 2; n++) {
		memset(opened, 0, sizeof(*opened));
		assert_int_equal(rpmb_seal(pairs[n], &cid, key,
					   RPMB_ORIGIN_STATION, &sealed, NULL),
				 0);
		assert_int_equal(sealed.bytes, sizes[n]);
		assert_int_equal(rpmb_unseal(pairs[n], sealed.blob,
					     sealed.bytes, opened, &header,
					     NULL),
				 0);
		assert_memory_equal(opened, key, sizeof(*key));
		assert_int_equal(header.kem,
				 n ? RPMB_KEM_P256 : RPMB_KEM_X25519);
		assert_int_equal(header.origin, RPMB_ORIGIN_STATION);
		assert_memory_equal(&header.cid, &cid, sizeof(cid));
		rpmb_key_fingerprint(key, &fingerprint);
		assert_memory_equal(&header.fingerprint, &fingerprint, 8);
		assert_int_equal(rpmb_recipient_id(pairs[n], id), 0);
		assert_memory_equal(header.recipient, id, 8);
		/* Never twice the same: the ephemeral pair is new. */
		rpmb_seal(pairs[n], &cid, key, RPMB_ORIGIN_STATION, &again,
			  NULL);
		assert_memory_not_equal(sealed.blob + 48, again.blob + 48, 32);
	}
}

static void the_header_is_laid_out_as_documented(void **state)
{
	static const uint8_t front[] = { 'T', 'G',  'R', 'K', 1, 0,
					 0,   0x20, 0,	 1,   0, 2 };
	struct rpmb_fingerprint fingerprint;
	struct rpmb_sealed sealed;
	uint8_t id[8];

	(void)state;
	assert_int_equal(rpmb_seal(pairs[0], &cid, key, RPMB_ORIGIN_OPTEE,
				   &sealed, NULL),
			 0);
	assert_memory_equal(sealed.blob, front, sizeof(front));
	rpmb_recipient_id(pairs[0], id);
	assert_memory_equal(sealed.blob + 12, id, 8);
	assert_memory_equal(sealed.blob + 20, &cid, 16);
	rpmb_key_fingerprint(key, &fingerprint);
	assert_memory_equal(sealed.blob + 36, &fingerprint, 8);
	assert_memory_equal(sealed.blob + 44, "\1\0\0\0", 4);
}

static void every_changed_bit_is_refused(void **state)
{
	struct rpmb_sealed_header header = { 0 };
	struct rpmb_sealed sealed;
	size_t n, at, bit;
	int rc;

	(void)state;
	for (n = 0; n < 2; n++) {
		rpmb_seal(pairs[n], &cid, key, RPMB_ORIGIN_OTHER, &sealed,
			  NULL);
		for (at = 0; at < sealed.bytes; at++)
			for (bit = 0; bit < 8; bit += at < 48 ? 1 : 7) {
				memset(opened, 0x80, sizeof(*opened));
				sealed.blob[at] ^= 1 << bit;
				rc = rpmb_unseal(pairs[n], sealed.blob,
						 sealed.bytes, opened, &header,
						 NULL);
				assert_true(rc < 0);
				assert_memory_not_equal(opened, key, 32);
				sealed.blob[at] ^= 1 << bit;
			}
		assert_int_equal(header.kem, 0);
		for (at = 0; at < sealed.bytes; at++)
			assert_int_equal(rpmb_unseal(pairs[n], sealed.blob, at,
						     opened, NULL, NULL),
					 -EINVAL);
		assert_int_equal(rpmb_unseal(pairs[n], sealed.blob,
					     sealed.bytes, opened, NULL, NULL),
				 0);
	}
}

static void only_the_recipient_opens(void **state)
{
	struct rpmb_sealed sealed;
	size_t n;

	(void)state;
	for (n = 0; n < 2; n++) {
		rpmb_seal(pairs[n], &cid, key, RPMB_ORIGIN_OTHER, &sealed,
			  NULL);
		assert_int_equal(rpmb_unseal(strangers[n], sealed.blob,
					     sealed.bytes, opened, NULL, NULL),
				 -EKEYREJECTED);
		assert_int_equal(rpmb_unseal(pairs[!n], sealed.blob,
					     sealed.bytes, opened, NULL, NULL),
				 -EKEYREJECTED);
		/* Who claims to be the recipient still has not the secret. */
		rpmb_recipient_id(strangers[n], sealed.blob + 12);
		assert_int_equal(rpmb_unseal(strangers[n], sealed.blob,
					     sealed.bytes, opened, NULL, NULL),
				 -EBADMSG);
	}
}

/* RFC 9180 7.1.4: a zero shared secret, or no point, must be refused. */
static void bad_ephemeral_keys_are_refused(void **state)
{
	struct rpmb_sealed sealed;

	(void)state;
	rpmb_seal(pairs[0], &cid, key, RPMB_ORIGIN_OTHER, &sealed, NULL);
	memset(sealed.blob + 48, 0, 32);
	assert_int_equal(rpmb_unseal(pairs[0], sealed.blob, sealed.bytes,
				     opened, NULL, NULL),
			 -EIO);
	rpmb_seal(pairs[1], &cid, key, RPMB_ORIGIN_OTHER, &sealed, NULL);
	memset(sealed.blob + 49, 1, 64);
	assert_int_equal(rpmb_unseal(pairs[1], sealed.blob, sealed.bytes,
				     opened, NULL, NULL),
			 -EBADMSG);
	sealed.blob[48] = 0;
	assert_int_equal(rpmb_unseal(pairs[1], sealed.blob, sealed.bytes,
				     opened, NULL, NULL),
			 -EBADMSG);
}

/* A right message whose header tells another key's fingerprint. */
static void a_lying_fingerprint_is_refused(void **state)
{
	struct hpke_secrets *secrets = rpmb_secret_alloc(sizeof(*secrets));
	struct hpke_public enc, recipient;
	struct rpmb_sealed sealed;
	EVP_PKEY *ephemeral = hpke_generate(RPMB_KEM_X25519);

	(void)state;
	rpmb_seal(pairs[0], &cid, key, RPMB_ORIGIN_OTHER, &sealed, NULL);
	sealed.blob[36] ^= 1;
	hpke_public_get(ephemeral, RPMB_KEM_X25519, &enc);
	hpke_public_get(pairs[0], RPMB_KEM_X25519, &recipient);
	hpke_agree(RPMB_KEM_X25519, ephemeral, pairs[0], &enc, &recipient,
		   "teegate rpmb key v1", 19, secrets);
	memcpy(sealed.blob + 48, enc.raw, 32);
	hpke_encrypt(secrets, sealed.blob, 48, key, 32, sealed.blob + 80);
	assert_int_equal(rpmb_unseal(pairs[0], sealed.blob, sealed.bytes,
				     opened, NULL, NULL),
			 -EBADMSG);
	assert_int_equal(opened->bytes[0] | opened->bytes[31], 0);
	sealed.blob[36] ^= 1;
	hpke_encrypt(secrets, sealed.blob, 48, key, 32, sealed.blob + 80);
	assert_int_equal(rpmb_unseal(pairs[0], sealed.blob, sealed.bytes,
				     opened, NULL, NULL),
			 0);
	EVP_PKEY_free(ephemeral);
	rpmb_secret_free(secrets);
}

static size_t to_pem(EVP_PKEY *pair, char *text, size_t room)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int bytes;

	PEM_write_bio_PUBKEY(bio, pair);
	bytes = BIO_read(bio, text, (int)room);
	BIO_free(bio);
	return (size_t)bytes;
}

static void public_keys_come_as_pem(void **state)
{
	char text[1024];
	struct rpmb_sealed sealed;
	EVP_PKEY *public, *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_PKEY *wide = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	uint8_t id[8], wanted[8];
	size_t n, bytes;

	(void)state;
	/* A compressed point is the same recipient. */
	EVP_PKEY_set_utf8_string_param(
		pairs[1], OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
		"compressed");
	for (n = 0; n < 2; n++) {
		bytes = to_pem(pairs[n], text, sizeof(text));
		assert_int_equal(rpmb_public_key_from_pem(text, bytes, &public,
							  NULL),
				 0);
		rpmb_recipient_id(public, id);
		rpmb_recipient_id(pairs[n], wanted);
		assert_memory_equal(id, wanted, 8);
		assert_int_equal(rpmb_seal(public, &cid, key, RPMB_ORIGIN_OTHER,
					   &sealed, NULL),
				 0);
		assert_int_equal(rpmb_unseal(pairs[n], sealed.blob,
					     sealed.bytes, opened, NULL, NULL),
				 0);
		/* The public half opens nothing. */
		assert_true(rpmb_unseal(public, sealed.blob, sealed.bytes,
					opened, NULL, NULL) < 0);
		EVP_PKEY_free(public);
		assert_int_equal(rpmb_public_key_from_pem(text, bytes / 2,
							  &public, NULL),
				 -EINVAL);
	}
	bytes = to_pem(other, text, sizeof(text));
	assert_int_equal(rpmb_public_key_from_pem(text, bytes, &public, NULL),
			 -EINVAL);
	bytes = to_pem(wide, text, sizeof(text));
	assert_int_equal(rpmb_public_key_from_pem(text, bytes, &public, NULL),
			 -EINVAL);
	assert_int_equal(rpmb_seal(other, &cid, key, RPMB_ORIGIN_OTHER, &sealed,
				   NULL),
			 -EINVAL);
	EVP_PKEY_free(other);
	EVP_PKEY_free(wide);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hpke_agrees_with_the_rfc),
		TEST(what_is_sealed_is_opened),
		TEST(the_header_is_laid_out_as_documented),
		TEST(every_changed_bit_is_refused),
		TEST(only_the_recipient_opens),
		TEST(bad_ephemeral_keys_are_refused),
		TEST(a_lying_fingerprint_is_refused),
		TEST(public_keys_come_as_pem),
	};

	return cmocka_run_group_tests_name("sealed keys", tests, NULL, NULL);
}
