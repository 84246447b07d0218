/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What rpmb_pta_test.c asks OP-TEE's RPMB key PTA with, and what it compares
 * the answers with: the variants of OP-TEE, the four commands, and the same
 * keys and containers by OpenSSL. Tests are not here.
 */
#ifndef RPMB_PTA_CLIENT_H
#define RPMB_PTA_CLIENT_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/hpke.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>

#include "pta_rpmb_key.h"

#define HUK_SIZE 16
#define FINGERPRINT_SIZE 8
#define HEADER_SIZE 48
#define MAC_INVALID 0xffff3071

#define CID_PRV 9
#define CID_CRC 15

#define ALL_COMMANDS 0xf
#define NO_CLEAR_KEY (ALL_COMMANDS & ~(1 << PTA_RPMB_GET_KEY))

struct variant {
	const char *name;
	uint32_t source;
	uint32_t commands;
	uint32_t flags;
	uint8_t huk[HUK_SIZE];
};

/* As optee/lib.sh builds them. OP-TEE's stub for the HUK is all zeroes. */
static const struct variant variants[] = {
	{ .name = "rpmb-dev",
	  .source = PTA_RPMB_KEY_SOURCE_HUK,
	  .commands = ALL_COMMANDS,
	  .flags = PTA_RPMB_FLAG_INSECURE },
	{ .name = "rpmb-compat",
	  .source = PTA_RPMB_KEY_SOURCE_HUK_COMPAT,
	  .commands = ALL_COMMANDS,
	  .flags = PTA_RPMB_FLAG_INSECURE },
	{ .name = "rpmb-testkey",
	  .source = PTA_RPMB_KEY_SOURCE_TEST_KEY,
	  .commands = ALL_COMMANDS,
	  .flags = PTA_RPMB_FLAG_INSECURE },
	{ .name = "rpmb-writekey",
	  .source = PTA_RPMB_KEY_SOURCE_HUK,
	  .commands = ALL_COMMANDS,
	  .flags = PTA_RPMB_FLAG_INSECURE | PTA_RPMB_FLAG_WRITES_KEY },
	{ .name = "rpmb-prod",
	  .source = PTA_RPMB_KEY_SOURCE_HUK,
	  .commands = NO_CLEAR_KEY,
	  .huk = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } },
};

/* RFC 9180, vector A.1: the receiver's key pair. */
static const uint8_t private_key[32] = {
	0x46, 0x12, 0xc5, 0x50, 0x26, 0x3f, 0xc8, 0xad, 0x58, 0x37, 0x5d,
	0xf3, 0xf5, 0x57, 0xaa, 0xc5, 0x31, 0xd2, 0x68, 0x50, 0x90, 0x3e,
	0x55, 0xa9, 0xf2, 0x3f, 0x21, 0xd8, 0x53, 0x4e, 0x8a, 0xc8,
};

/* OP-TEE's key of CFG_RPMB_TESTKEY. */
static const uint8_t test_key[PTA_RPMB_KEY_SIZE] = {
	0xd3, 0xeb, 0x3e, 0xc3, 0x6e, 0x33, 0x4c, 0x9f, 0x98, 0x8c, 0xe2,
	0xc0, 0xb8, 0x59, 0x54, 0x61, 0x0d, 0x2b, 0xcf, 0x86, 0x64, 0x84,
	0x4d, 0xf2, 0xab, 0x56, 0xe6, 0xc6, 0x1b, 0xb7, 0x01, 0xe4,
};

static const struct variant *variant;
static TEEC_Session session;
static unsigned int checks;

static void __attribute__((format(printf, 1, 2), noreturn))
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("FAIL: ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	exit(1);
}

/* Each statement that must hold, counted. */
#define CHECK(condition)                                           \
	do {                                                       \
		if (!(condition))                                  \
			fail("line %d: %s", __LINE__, #condition); \
		checks++;                                          \
	} while (0)

#define CHECK_RESULT(call, want) check_result(__LINE__, #call, call, want)

static void check_result(int line, const char *what, TEEC_Result got,
			 TEEC_Result want)
{
	if (got != want)
		fail("line %d: %s is %#x, not %#x", line, what, got, want);
	checks++;
}

static bool has_command(uint32_t command)
{
	return variant->commands & (1U << command);
}

/* ---- the commands ---- */

static TEEC_Result invoke(uint32_t command, TEEC_Operation *op)
{
	uint32_t origin = 0;

	return TEEC_InvokeCommand(&session, command, op, &origin);
}

static void set_memref(TEEC_Operation *op, unsigned int n, const void *data,
		       size_t size)
{
	op->params[n].tmpref.buffer = (void *)data;
	op->params[n].tmpref.size = size;
}

/* cid may be NULL. A size of 0 makes the parameter an empty memref. */
static TEEC_Result verify(const uint8_t *key, size_t key_size,
			  const uint8_t *cid, size_t cid_size)
{
	TEEC_Operation op = { 0 };

	op.paramTypes =
		TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT,
				 cid ? TEEC_MEMREF_TEMP_INPUT : TEEC_NONE,
				 TEEC_NONE, TEEC_NONE);
	set_memref(&op, 0, key, key_size);
	set_memref(&op, 1, cid, cid_size);

	return invoke(PTA_RPMB_VERIFY_KEY, &op);
}

static TEEC_Result get_info(struct pta_rpmb_info *info, size_t *size,
			    const uint8_t *cid, size_t cid_size)
{
	TEEC_Operation op = { 0 };
	TEEC_Result res = TEEC_SUCCESS;

	op.paramTypes =
		TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT,
				 cid ? TEEC_MEMREF_TEMP_INPUT : TEEC_NONE,
				 TEEC_NONE, TEEC_NONE);
	set_memref(&op, 0, info, *size);
	set_memref(&op, 1, cid, cid_size);
	res = invoke(PTA_RPMB_GET_INFO, &op);
	*size = op.params[0].tmpref.size;

	return res;
}

static TEEC_Result get_key(uint8_t *key, size_t *size, const uint8_t *cid,
			   size_t cid_size)
{
	TEEC_Operation op = { 0 };
	TEEC_Result res = TEEC_SUCCESS;

	op.paramTypes =
		TEEC_PARAM_TYPES(cid ? TEEC_MEMREF_TEMP_INPUT : TEEC_NONE,
				 TEEC_MEMREF_TEMP_OUTPUT, TEEC_VALUE_OUTPUT,
				 TEEC_NONE);
	set_memref(&op, 0, cid, cid_size);
	set_memref(&op, 1, key, *size);
	op.params[2].value.a = 0xdead;
	op.params[2].value.b = 0xdead;
	res = invoke(PTA_RPMB_GET_KEY, &op);
	*size = op.params[1].tmpref.size;
	if (!res) {
		CHECK(op.params[2].value.a == variant->source);
		/* This platform has no opinion. */
		CHECK(op.params[2].value.b == 1);
	}

	return res;
}

static TEEC_Result get_sealed(uint8_t *sealed, size_t *size, const uint8_t *cid,
			      size_t cid_size)
{
	TEEC_Operation op = { 0 };
	TEEC_Result res = TEEC_SUCCESS;

	op.paramTypes =
		TEEC_PARAM_TYPES(cid ? TEEC_MEMREF_TEMP_INPUT : TEEC_NONE,
				 TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
	set_memref(&op, 0, cid, cid_size);
	set_memref(&op, 1, sealed, *size);
	res = invoke(PTA_RPMB_GET_KEY_SEALED, &op);
	*size = op.params[1].tmpref.size;

	return res;
}

/* ---- the same by other means ---- */

static void derive(const uint8_t *cid, uint8_t key[PTA_RPMB_KEY_SIZE])
{
	uint8_t message[4 + PTA_RPMB_CID_SIZE] = { 0 };
	uint8_t *masked = message + 4;
	unsigned int size = PTA_RPMB_KEY_SIZE;

	memcpy(masked, cid, PTA_RPMB_CID_SIZE);
	masked[CID_PRV] = 0;
	masked[CID_CRC] = 0;
	switch (variant->source) {
	case PTA_RPMB_KEY_SOURCE_TEST_KEY:
		memcpy(key, test_key, PTA_RPMB_KEY_SIZE);
		break;
	case PTA_RPMB_KEY_SOURCE_HUK_COMPAT:
		CHECK(HMAC(EVP_sha256(), variant->huk, HUK_SIZE, masked,
			   PTA_RPMB_CID_SIZE, key, &size));
		break;
	default:
		CHECK(HMAC(EVP_sha256(), variant->huk, HUK_SIZE, message,
			   sizeof(message), key, &size));
	}
}

static void short_sha256(const void *data, size_t data_size, uint8_t *hash,
			 size_t size)
{
	uint8_t full[EVP_MAX_MD_SIZE] = { 0 };

	CHECK(EVP_Digest(data, data_size, full, NULL, EVP_sha256(), NULL));
	memcpy(hash, full, size);
}

static EVP_PKEY *receiver(uint8_t public_key[32])
{
	size_t size = 32;
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(
		EVP_PKEY_X25519, NULL, private_key, sizeof(private_key));

	CHECK(pkey);
	CHECK(EVP_PKEY_get_raw_public_key(pkey, public_key, &size));

	return pkey;
}

static void recipient_id(uint8_t id[PTA_RPMB_RECIPIENT_ID_SIZE])
{
	uint8_t public_key[32] = { 0 };

	EVP_PKEY_free(receiver(public_key));
	short_sha256(public_key, sizeof(public_key), id,
		     PTA_RPMB_RECIPIENT_ID_SIZE);
}

static bool hpke_open(const uint8_t *sealed, uint8_t key[PTA_RPMB_KEY_SIZE])
{
	static const char info[] = "teegate rpmb key v1";
	OSSL_HPKE_SUITE suite = { OSSL_HPKE_KEM_ID_X25519,
				  OSSL_HPKE_KDF_ID_HKDF_SHA256,
				  OSSL_HPKE_AEAD_ID_AES_GCM_256 };
	const uint8_t *enc = sealed + HEADER_SIZE;
	uint8_t public_key[32] = { 0 };
	size_t size = PTA_RPMB_KEY_SIZE;
	EVP_PKEY *pkey = receiver(public_key);
	OSSL_HPKE_CTX *ctx =
		OSSL_HPKE_CTX_new(OSSL_HPKE_MODE_BASE, suite,
				  OSSL_HPKE_ROLE_RECEIVER, NULL, NULL);
	bool ok = false;

	CHECK(ctx);
	ok = OSSL_HPKE_decap(ctx, enc, 32, pkey, (const uint8_t *)info,
			     sizeof(info) - 1) == 1 &&
	     OSSL_HPKE_open(ctx, key, &size, sealed, HEADER_SIZE, enc + 32,
			    PTA_RPMB_KEY_SIZE + 16) == 1;
	OSSL_HPKE_CTX_free(ctx);
	EVP_PKEY_free(pkey);

	return ok && size == PTA_RPMB_KEY_SIZE;
}

#endif /* RPMB_PTA_CLIENT_H */
