// SPDX-License-Identifier: BSD-2-Clause
/*
 * The RPMB key PTA as a client in normal world sees it, on the board's host
 * Linux, with an OP-TEE of a known variant (optee/lib.sh): every command, wrong
 * parameters, and keys and containers checked with OpenSSL in place of OP-TEE's
 * own code. What a real eMMC does is other scenarios' business: this needs
 * none, as keys are asked for by CID.
 *
 * usage: rpmb_pta_test VARIANT STATE [ta], STATE = what the device's key should
 * be: unprogrammed, matches or differs; ta: also from a TA, which is installed
 */
#include "rpmb_pta_client.h"

static void check_header(const uint8_t *sealed, const uint8_t *cid,
			 const uint8_t *key)
{
	static const char label[32] = "teegate rpmb key fingerprint v1";
	uint8_t want[HEADER_SIZE] = { 'T', 'G',	 'R', 'K', 1, 0,
				      0,   0x20, 0,   1,   0, 2 };
	uint8_t in[sizeof(label) + PTA_RPMB_KEY_SIZE] = { 0 };

	recipient_id(want + 12);
	memcpy(want + 20, cid, PTA_RPMB_CID_SIZE);
	memcpy(in, label, sizeof(label));
	memcpy(in + sizeof(label), key, PTA_RPMB_KEY_SIZE);
	short_sha256(in, sizeof(in), want + 36, FINGERPRINT_SIZE);
	want[44] = 1;
	CHECK(!memcmp(sealed, want, sizeof(want)));
}

static void test_sealed(const uint8_t *cid)
{
	uint8_t sealed[2][PTA_RPMB_SEALED_SIZE] = { 0 };
	uint8_t want[PTA_RPMB_KEY_SIZE] = { 0 };
	uint8_t key[PTA_RPMB_KEY_SIZE] = { 0 };
	size_t size = sizeof(sealed[0]);

	derive(cid, want);
	CHECK_RESULT(get_sealed(sealed[0], &size, cid, PTA_RPMB_CID_SIZE), 0);
	CHECK(size == sizeof(sealed[0]));
	check_header(sealed[0], cid, want);
	CHECK(hpke_open(sealed[0], key));
	CHECK(!memcmp(key, want, sizeof(key)));

	/* A new ephemeral key each time. */
	CHECK_RESULT(get_sealed(sealed[1], &size, cid, PTA_RPMB_CID_SIZE), 0);
	CHECK(memcmp(sealed[0] + HEADER_SIZE, sealed[1] + HEADER_SIZE, 32));
	CHECK(hpke_open(sealed[1], key));

	/* The header is authenticated, and so is the rest. */
	sealed[0][20] ^= 1;
	CHECK(!hpke_open(sealed[0], key));
	sealed[1][PTA_RPMB_SEALED_SIZE - 1] ^= 1;
	CHECK(!hpke_open(sealed[1], key));
}

static void test_get_key(const uint8_t *cid)
{
	uint8_t want[PTA_RPMB_KEY_SIZE] = { 0 };
	uint8_t key[PTA_RPMB_KEY_SIZE + 1] = { 0 };
	size_t size = sizeof(key);

	derive(cid, want);
	CHECK_RESULT(get_key(key, &size, cid, PTA_RPMB_CID_SIZE), 0);
	CHECK(size == PTA_RPMB_KEY_SIZE);
	CHECK(!memcmp(key, want, sizeof(want)));
	CHECK(key[PTA_RPMB_KEY_SIZE] == 0);
}

static void test_verify(const uint8_t *cid)
{
	uint8_t key[PTA_RPMB_KEY_SIZE] = { 0 };

	derive(cid, key);
	CHECK_RESULT(verify(key, sizeof(key), cid, PTA_RPMB_CID_SIZE), 0);
	/* A bit of each byte. */
	for (unsigned int n = 0; n < sizeof(key); n++) {
		key[n] ^= 1U << n % 8;
		CHECK_RESULT(verify(key, sizeof(key), cid, PTA_RPMB_CID_SIZE),
			     MAC_INVALID);
		key[n] ^= 1U << n % 8;
	}
}

static void test_cid(const uint8_t *cid)
{
	test_verify(cid);
	if (has_command(PTA_RPMB_GET_KEY))
		test_get_key(cid);
	test_sealed(cid);
}

/* CIDs of other devices, and one device with other PRV and CRC. */
static void test_cids(void)
{
	static const uint8_t qemu[PTA_RPMB_CID_SIZE] = {
		0xaa, 0x01, 0x58, 0x51, 0x45, 0x4d, 0x55, 0x21,
		0x21, 0x01, 0xde, 0xad, 0xbe, 0xef, 0x29, 0x00,
	};
	uint8_t key[PTA_RPMB_KEY_SIZE] = { 0 };
	uint8_t cid[PTA_RPMB_CID_SIZE] = { 0 };

	test_cid(cid);
	memset(cid, 0xff, sizeof(cid));
	test_cid(cid);
	test_cid(qemu);

	derive(qemu, key);
	for (unsigned int n = 0; n < sizeof(cid); n++) {
		bool same = n == CID_PRV || n == CID_CRC ||
			    variant->source == PTA_RPMB_KEY_SOURCE_TEST_KEY;

		memcpy(cid, qemu, sizeof(cid));
		cid[n] ^= 0x80;
		CHECK_RESULT(verify(key, sizeof(key), cid, sizeof(cid)),
			     same ? TEEC_SUCCESS : MAC_INVALID);
	}
}

/* Wrong sizes, with a CID that is right otherwise. */
static void test_sizes(void)
{
	uint8_t sealed[PTA_RPMB_SEALED_SIZE] = { 0 };
	uint8_t key[PTA_RPMB_KEY_SIZE + 1] = { 0 };
	uint8_t cid[PTA_RPMB_CID_SIZE + 1] = { 0 };
	struct pta_rpmb_info info = { 0 };
	size_t size = sizeof(info) - 1;

	CHECK_RESULT(get_info(&info, &size, NULL, 0), TEEC_ERROR_SHORT_BUFFER);
	CHECK(size == sizeof(info));
	size = 0;
	CHECK_RESULT(get_info(NULL, &size, NULL, 0), TEEC_ERROR_SHORT_BUFFER);
	CHECK(size == sizeof(info));
	CHECK_RESULT(get_info(&info, &size, cid, 15),
		     TEEC_ERROR_BAD_PARAMETERS);

	for (size_t n = 0; n <= sizeof(key); n++)
		if (n != PTA_RPMB_KEY_SIZE)
			CHECK_RESULT(verify(key, n, cid, PTA_RPMB_CID_SIZE),
				     TEEC_ERROR_BAD_PARAMETERS);
	for (size_t n = 1; n <= sizeof(cid); n++)
		if (n != PTA_RPMB_CID_SIZE)
			CHECK_RESULT(verify(key, PTA_RPMB_KEY_SIZE, cid, n),
				     TEEC_ERROR_BAD_PARAMETERS);

	size = sizeof(sealed) - 1;
	CHECK_RESULT(get_sealed(sealed, &size, cid, PTA_RPMB_CID_SIZE),
		     TEEC_ERROR_SHORT_BUFFER);
	CHECK(size == sizeof(sealed));
	CHECK_RESULT(get_sealed(sealed, &size, cid, 17),
		     TEEC_ERROR_BAD_PARAMETERS);
	if (!has_command(PTA_RPMB_GET_KEY))
		return;
	size = PTA_RPMB_KEY_SIZE - 1;
	CHECK_RESULT(get_key(key, &size, cid, PTA_RPMB_CID_SIZE),
		     TEEC_ERROR_SHORT_BUFFER);
	CHECK(size == PTA_RPMB_KEY_SIZE);
	CHECK_RESULT(get_key(key, &size, cid, 1), TEEC_ERROR_BAD_PARAMETERS);
}

/* A command's own parameter types, and which of them may be missing. */
struct command_types {
	uint32_t types[3];
	unsigned int cid_index;
};

static const struct command_types command_types[] = {
	[PTA_RPMB_GET_INFO] = { { TEEC_MEMREF_TEMP_OUTPUT,
				  TEEC_MEMREF_TEMP_INPUT, TEEC_NONE },
				1 },
	[PTA_RPMB_VERIFY_KEY] = { { TEEC_MEMREF_TEMP_INPUT,
				    TEEC_MEMREF_TEMP_INPUT, TEEC_NONE },
				  1 },
	[PTA_RPMB_GET_KEY] = { { TEEC_MEMREF_TEMP_INPUT,
				 TEEC_MEMREF_TEMP_OUTPUT, TEEC_VALUE_OUTPUT },
			       0 },
	[PTA_RPMB_GET_KEY_SEALED] = { { TEEC_MEMREF_TEMP_INPUT,
					TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE },
				      0 },
};

static bool types_allowed(uint32_t command, const uint32_t types[3])
{
	const struct command_types *own = &command_types[command];

	for (unsigned int n = 0; n < 3; n++)
		if (types[n] != own->types[n] &&
		    !(types[n] == TEEC_NONE && n == own->cid_index))
			return false;

	return true;
}

/* Big enough for everything, so that nothing but the types is wrong. */
static TEEC_Result invoke_types(uint32_t command, const uint32_t types[3],
				uint32_t last)
{
	uint8_t buffers[3][PTA_RPMB_SEALED_SIZE] = { 0 };
	TEEC_Operation op = { 0 };

	op.paramTypes = TEEC_PARAM_TYPES(types[0], types[1], types[2], last);
	for (unsigned int n = 0; n < 3; n++) {
		size_t size = PTA_RPMB_SEALED_SIZE;

		if (types[n] < TEEC_MEMREF_TEMP_INPUT)
			continue;
		if (n == command_types[command].cid_index)
			size = PTA_RPMB_CID_SIZE;
		else if (command == PTA_RPMB_VERIFY_KEY)
			size = PTA_RPMB_KEY_SIZE;
		set_memref(&op, n, buffers[n], size);
	}

	return invoke(command, &op);
}

/* All combinations of types but a command's own are refused. */
static void test_types(void)
{
	static const uint32_t all[] = { TEEC_NONE,
					TEEC_VALUE_INPUT,
					TEEC_VALUE_OUTPUT,
					TEEC_MEMREF_TEMP_INPUT,
					TEEC_MEMREF_TEMP_OUTPUT,
					TEEC_MEMREF_TEMP_INOUT };
	const unsigned int count = sizeof(all) / sizeof(all[0]);

	for (uint32_t command = 0; command < 4; command++) {
		TEEC_Result want = has_command(command) ?
					   TEEC_ERROR_BAD_PARAMETERS :
					   TEEC_ERROR_NOT_SUPPORTED;

		for (unsigned int n = 0; n < count * count * count; n++) {
			const uint32_t types[3] = { all[n % count],
						    all[n / count % count],
						    all[n / count / count] };

			if (!types_allowed(command, types))
				CHECK_RESULT(invoke_types(command, types,
							  TEEC_NONE),
					     want);
		}
		CHECK_RESULT(invoke_types(command, command_types[command].types,
					  TEEC_VALUE_INPUT),
			     want);
	}
}

static void test_unknown_commands(void)
{
	static const uint32_t unknown[] = { 4, 5, 0x100, 0x7fffffff,
					    0xffffffff };
	uint8_t key[PTA_RPMB_KEY_SIZE] = { 0 };
	uint8_t cid[PTA_RPMB_CID_SIZE] = { 0 };
	size_t size = sizeof(key);

	for (size_t n = 0; n < sizeof(unknown) / sizeof(unknown[0]); n++) {
		TEEC_Operation op = { 0 };

		CHECK_RESULT(invoke(unknown[n], &op), TEEC_ERROR_NOT_SUPPORTED);
	}
	if (has_command(PTA_RPMB_GET_KEY))
		return;
	CHECK_RESULT(get_key(key, &size, cid, sizeof(cid)),
		     TEEC_ERROR_NOT_SUPPORTED);
	for (size_t n = 0; n < sizeof(key); n++)
		CHECK(key[n] == 0);
}

/* ---- the present device ---- */

static uint32_t state_of(const char *name)
{
	if (!strcmp(name, "unprogrammed"))
		return PTA_RPMB_KEY_STATE_UNPROGRAMMED;
	if (!strcmp(name, "matches"))
		return PTA_RPMB_KEY_STATE_MATCHES;
	if (!strcmp(name, "differs"))
		return PTA_RPMB_KEY_STATE_DIFFERS;
	fail("no such state: %s", name);
}

static void print_info(const struct pta_rpmb_info *info)
{
	printf("commands %#x flags %#x source %u state %u routing %u result "
	       "%#x\n",
	       info->commands, info->flags, info->key_source, info->key_state,
	       info->routing, info->device_result);
	printf("size %u x 128 KiB, reliable write %u sectors, counter %u, "
	       "devices %u, legacy id %u, cid ",
	       info->size_units, info->reliable_write_sectors,
	       info->write_counter, info->device_count, info->legacy_device_id);
	for (unsigned int n = 0; n < PTA_RPMB_CID_SIZE; n++)
		printf("%02x", info->cid[n]);
	printf("\n");
}

static void check_info(const struct pta_rpmb_info *info, uint32_t state)
{
	uint8_t id[PTA_RPMB_RECIPIENT_ID_SIZE] = { 0 };

	recipient_id(id);
	CHECK(info->version == PTA_RPMB_INFO_VERSION);
	CHECK(info->commands == variant->commands);
	CHECK(info->flags == (variant->flags | PTA_RPMB_FLAG_KEY_READY |
			      PTA_RPMB_FLAG_DEVICE));
	CHECK(info->key_source == variant->source);
	CHECK(info->key_state == state);
	CHECK(info->routing == PTA_RPMB_ROUTING_LEGACY ||
	      info->routing == PTA_RPMB_ROUTING_KERNEL);
	CHECK(info->device_result == 0);
	CHECK(info->size_units > 0);
	CHECK(info->device_count == 1);
	CHECK(!memcmp(info->recipient_id, id, sizeof(id)));
	if (state != PTA_RPMB_KEY_STATE_MATCHES)
		CHECK(info->write_counter == 0);
}

/* Asking must not change the answer: OP-TEE might have programmed its key. */
static void test_device(uint32_t state)
{
	struct pta_rpmb_info info = { 0 };
	struct pta_rpmb_info again = { 0 };
	uint8_t sealed[PTA_RPMB_SEALED_SIZE] = { 0 };
	uint8_t key[PTA_RPMB_KEY_SIZE] = { 0 };
	size_t size = sizeof(info);
	uint8_t other_cid[PTA_RPMB_CID_SIZE] = { 0 };

	CHECK_RESULT(get_info(&info, &size, NULL, 0), 0);
	CHECK(size == sizeof(info));
	print_info(&info);
	check_info(&info, state);
	CHECK_RESULT(get_info(&again, &size, info.cid, sizeof(info.cid)), 0);
	CHECK(!memcmp(&info, &again, sizeof(info)));

	/* Without a CID it is the device's. */
	derive(info.cid, key);
	CHECK_RESULT(verify(key, sizeof(key), NULL, 0), 0);
	CHECK_RESULT(verify(key, sizeof(key), info.cid, 0), 0);
	key[0] ^= 1;
	CHECK_RESULT(verify(key, sizeof(key), NULL, 0), MAC_INVALID);
	key[0] ^= 1;
	size = sizeof(sealed);
	CHECK_RESULT(get_sealed(sealed, &size, NULL, 0), 0);
	check_header(sealed, info.cid, key);
	if (has_command(PTA_RPMB_GET_KEY)) {
		uint8_t got[PTA_RPMB_KEY_SIZE] = { 0 };

		size = sizeof(got);
		CHECK_RESULT(get_key(got, &size, NULL, 0), 0);
		CHECK(!memcmp(got, key, sizeof(key)));
	}

	/* A device that is not there. */
	memcpy(other_cid, info.cid, sizeof(other_cid));
	other_cid[0] ^= 1;
	size = sizeof(again);
	CHECK_RESULT(get_info(&again, &size, other_cid, sizeof(other_cid)), 0);
	CHECK(!(again.flags & PTA_RPMB_FLAG_DEVICE));
	CHECK(again.device_result != 0);
	CHECK(again.key_state == PTA_RPMB_KEY_STATE_UNKNOWN);

	CHECK_RESULT(get_info(&again, &size, NULL, 0), 0);
	CHECK(!memcmp(&info, &again, sizeof(info)));
}

/* ---- a TA as the caller ---- */

/* tests/optee/pta-caller: what the PTA told it, and what another did. */
static void test_from_ta(TEEC_Context *context)
{
	static const TEEC_UUID uuid = { 0x8ae91b19,
					0x5b13,
					0x4c1c,
					{ 0xa9, 0xd5, 0xbb, 0x80, 0xb4, 0xbf,
					  0x9a, 0x9a } };
	TEEC_Operation op = { 0 };
	TEEC_Session ta = { 0 };
	uint32_t origin = 0;

	CHECK_RESULT(TEEC_OpenSession(context, &ta, &uuid, TEEC_LOGIN_PUBLIC,
				      NULL, NULL, &origin),
		     0);
	op.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_NONE,
					 TEEC_NONE, TEEC_NONE);
	CHECK_RESULT(TEEC_InvokeCommand(&ta, 0, &op, &origin), 0);
	CHECK_RESULT(op.params[0].value.a, TEEC_ERROR_ACCESS_DENIED);
	CHECK_RESULT(op.params[0].value.b, 0);
	TEEC_CloseSession(&ta);
}

int main(int argc, char **argv)
{
	static const TEEC_UUID uuid = PTA_RPMB_KEY_UUID;
	TEEC_Context context = { 0 };
	uint32_t origin = 0;
	TEEC_Result res = TEEC_SUCCESS;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3)
		fail("usage: rpmb_pta_test VARIANT STATE [ta]");
	for (size_t n = 0; n < sizeof(variants) / sizeof(variants[0]); n++)
		if (!strcmp(argv[1], variants[n].name))
			variant = &variants[n];
	if (!variant)
		fail("no such variant: %s", argv[1]);

	res = TEEC_InitializeContext(NULL, &context);
	if (res)
		fail("no TEE: %#x", res);
	res = TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC,
			       NULL, NULL, &origin);
	if (res)
		fail("no session with the PTA: %#x, origin %u", res, origin);
	test_device(state_of(argv[2]));
	test_cids();
	test_sizes();
	test_types();
	test_unknown_commands();
	TEEC_CloseSession(&session);
	if (argc > 3)
		test_from_ta(&context);
	TEEC_FinalizeContext(&context);
	printf("%u checks passed\n", checks);

	return 0;
}
