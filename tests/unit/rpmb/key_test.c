// SPDX-License-Identifier: BSD-2-Clause
/*
 * Keys, fingerprints, CIDs and OP-TEE's derivation.
 */
#include "test.h"

static void a_key_file_is_raw_or_hexadecimal(void **state)
{
	static const char hex[] = "000102030405060708090A0B0C0D0E0F"
				  "101112131415161718191a1b1c1d1e1f\r\n";
	struct rpmb_key *key = key_new(0), *read = key_new(9);
	char text[sizeof(hex)];
	size_t n;

	(void)state;
	assert_int_equal(rpmb_key_parse(key->bytes, 32, read), 0);
	assert_memory_equal(read, key, 32);
	memset(read, 0, 32);
	/* 64 digits, and with either line end. */
	assert_int_equal(rpmb_key_parse(hex, 64, read), 0);
	assert_memory_equal(read, key, 32);
	assert_int_equal(rpmb_key_parse(hex, 66, read), 0);
	memcpy(text, hex, 64);
	text[64] = '\n';
	assert_int_equal(rpmb_key_parse(text, 65, read), 0);
	for (n = 0; n < 80; n++)
		if (n != 32 && n != 64 && n != 65 && n != 66)
			assert_int_equal(rpmb_key_parse(hex, n < 66 ? n : 63,
							read),
					 -EINVAL);
	for (n = 0; n < 64; n++) {
		memcpy(text, hex, 64);
		text[n] = 'g';
		assert_int_equal(rpmb_key_parse(text, 64, read), -EINVAL);
	}
	rpmb_secret_free(key);
	rpmb_secret_free(read);
}

static void weak_keys_are_known(void **state)
{
	struct rpmb_key *key = key_new(0);

	(void)state;
	assert_int_equal(rpmb_key_check(key), RPMB_KEY_GOOD);
	memset(key, 0, sizeof(*key));
	assert_int_equal(rpmb_key_check(key), RPMB_KEY_ALL_ZERO);
	memset(key, 0xff, sizeof(*key));
	assert_int_equal(rpmb_key_check(key), RPMB_KEY_ALL_EQUAL);
	key->bytes[31] = 0xfe;
	assert_int_equal(rpmb_key_check(key), RPMB_KEY_GOOD);
	rpmb_key_test(key);
	assert_int_equal(key->bytes[0], 0xd3);
	assert_int_equal(key->bytes[31], 0xe4);
	assert_int_equal(rpmb_key_check(key), RPMB_KEY_TEST);
	assert_true(rpmb_is_test_key(key));
	key->bytes[31] ^= 1;
	assert_false(rpmb_is_test_key(key));
	rpmb_secret_free(key);
}

static void random_keys_differ(void **state)
{
	struct rpmb_key *a = key_new(0), *b = key_new(0);

	(void)state;
	assert_int_equal(rpmb_key_random(a), 0);
	assert_int_equal(rpmb_key_random(b), 0);
	assert_memory_not_equal(a, b, sizeof(*a));
	assert_int_equal(rpmb_key_check(a), RPMB_KEY_GOOD);
	rpmb_secret_free(a);
	rpmb_secret_free(b);
}

/* By Python: sha256(b"teegate rpmb key fingerprint v1\0" + bytes(range(32))) */
static void a_fingerprint_is_known_and_read_back(void **state)
{
	static const char *const bad[] = {
		"",
		"1234",
		"a61522268bbd871e0",
		"a61522268bbd871g",
		"a615:2226-8bbd-871e",
	};
	struct rpmb_fingerprint fingerprint, read;
	char text[RPMB_FINGERPRINT_TEXT_BYTES];
	struct rpmb_key *key = key_new(0);
	size_t n;

	(void)state;
	assert_int_equal(rpmb_key_fingerprint(key, &fingerprint), 0);
	assert_string_equal(rpmb_fingerprint_format(&fingerprint, text),
			    "a615-2226-8bbd-871e");
	assert_int_equal(rpmb_fingerprint_parse(text, &read), 0);
	assert_memory_equal(&read, &fingerprint, sizeof(read));
	assert_int_equal(rpmb_fingerprint_parse("a61522268bbd871e", &read), 0);
	assert_memory_equal(&read, &fingerprint, sizeof(read));
	for (n = 0; n < ARRAY_COUNT(bad); n++)
		assert_int_equal(rpmb_fingerprint_parse(bad[n], &read),
				 -EINVAL);
	rpmb_secret_free(key);
}

static void a_cid_is_read_as_sysfs_writes_it(void **state)
{
	static const char *const good[] = {
		QEMU_CID,
		(QEMU_CID "\n"),
		("0x" QEMU_CID),
		"AA015851454D55212101DEADBEEF2900",
	};
	static const char *const bad[] = {
		"",
		"0x",
		"aa",
		(QEMU_CID "0"),
		(QEMU_CID "\n\n"),
		"aa015851454d55212101deadbeef290g",
		" aa015851454d55212101deadbeef290",
	};
	char text[RPMB_CID_TEXT_BYTES];
	struct rpmb_cid cid;
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(good); n++) {
		assert_int_equal(rpmb_cid_parse(good[n], &cid), 0);
		assert_string_equal(rpmb_cid_format(&cid, text), QEMU_CID);
	}
	for (n = 0; n < ARRAY_COUNT(bad); n++)
		assert_int_equal(rpmb_cid_parse(bad[n], &cid), -EINVAL);
}

static void a_cid_has_fields(void **state)
{
	struct rpmb_cid_fields fields;
	struct rpmb_cid cid;

	(void)state;
	rpmb_cid_parse("1501fe4d4d4307384721deadbeefc59b", &cid);
	rpmb_cid_decode(&cid, &fields);
	assert_int_equal(fields.manufacturer, 0x15);
	assert_int_equal(fields.oem, 0xfe);
	assert_string_equal(fields.product, "MMC?8G");
	assert_int_equal(fields.revision_major, 2);
	assert_int_equal(fields.revision_minor, 1);
	assert_int_equal(fields.serial, 0xdeadbeef);
	assert_int_equal(fields.month, 12);
	assert_int_equal(fields.year_code, 5);
	cid.bytes[14] = 0xd5;
	rpmb_cid_decode(&cid, &fields);
	assert_int_equal(fields.month, 0);
}

static void only_revision_and_crc_may_differ(void **state)
{
	struct rpmb_cid cid, other;
	size_t n;

	(void)state;
	rpmb_cid_parse(QEMU_CID, &cid);
	for (n = 0; n < RPMB_CID_BYTES; n++) {
		other = cid;
		other.bytes[n] ^= 1;
		assert_int_equal(rpmb_cid_same_device(&cid, &other),
				 n == 9 || n == 15);
	}
}

/* By Python's hmac, from the reading of OP-TEE's source in derive.c. */
static void keys_are_derived_as_op_tee_does(void **state)
{
	static const struct {
		const char *huk;
		const char *cid;
		const char *key;
		const char *compat;
	} rows[] = {
		{ "00000000000000000000000000000000",
		  "aa015851454d55212101deadbeef2900",
		  "9c5eb2b77cdd95e55b38f1eabe0a99829b30052d2bcdb0d0569a30d91c75340e",
		  "d418724ec59c71ebc4f70716725cb24c3e17e24f9a59622028f7792bb50a251d" },
		{ "000102030405060708090a0b0c0d0e0f",
		  "150100384742453451011a2b3c4d5e6f",
		  "5c3871828859cccd7e6fe3644835edb7d1694a5e596e57cc131a256fb54db9f5",
		  "ca532bfb3a43f2d7fc8d434c2be81722b798ab490e796a9d7b0d2890969ee22f" },
		{ "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0",
		  "fe014e4d4d43303847ff00c0ffee1299",
		  "1f64a29f2a06bf6284e7fe4e30c3a1a8b6e9a38099e51741727faa57767835cb",
		  "78a11e072ed9cf5a014f88672a5319e0f8bc0f20230e46a873b0b4ed649d2d78" },
	};
	struct rpmb_key *key = key_new(0);
	uint8_t huk[64], wanted[32];
	struct rpmb_cid cid;
	size_t n, bytes;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(rows); n++) {
		bytes = from_hex(rows[n].huk, huk);
		assert_int_equal(rpmb_cid_parse(rows[n].cid, &cid), 0);
		assert_int_equal(rpmb_derive_key(huk, bytes, &cid, 0, key), 0);
		from_hex(rows[n].key, wanted);
		assert_memory_equal(key, wanted, 32);
		/* A firmware update of the eMMC changes neither. */
		cid.bytes[9] ^= 0xff;
		cid.bytes[15] ^= 0xff;
		assert_int_equal(rpmb_derive_key(huk, bytes, &cid,
						 RPMB_DERIVE_COMPAT, key),
				 0);
		from_hex(rows[n].compat, wanted);
		assert_memory_equal(key, wanted, 32);
	}
	assert_int_equal(rpmb_derive_key(huk, 15, &cid, 0, key), -EINVAL);
	assert_int_equal(rpmb_derive_key(huk, 65, &cid, 0, key), -EINVAL);
	assert_int_equal(rpmb_derive_key(huk, 16, &cid, 2, key), -EINVAL);
	rpmb_secret_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_file_is_raw_or_hexadecimal),
		cmocka_unit_test(weak_keys_are_known),
		cmocka_unit_test(random_keys_differ),
		cmocka_unit_test(a_fingerprint_is_known_and_read_back),
		cmocka_unit_test(a_cid_is_read_as_sysfs_writes_it),
		cmocka_unit_test(a_cid_has_fields),
		cmocka_unit_test(only_revision_and_crc_may_differ),
		cmocka_unit_test(keys_are_derived_as_op_tee_does),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
