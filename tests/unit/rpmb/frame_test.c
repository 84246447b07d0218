// SPDX-License-Identifier: BSD-2-Clause
/*
 * Frames: what requests look like on the wire, and that a response which is
 * not the device's answer to this very request is refused, whatever differs.
 */
#include "test.h"

#define FRAMES 3

static struct rpmb_key *key, *other_key;
static uint8_t nonce[RPMB_NONCE_BYTES];
static struct rpmb_frame frames[FRAMES];
static struct rpmb_expected expected;

/* A right response to a read of three blocks from block 0x0102 on. */
static int setup(void **state)
{
	uint32_t n;

	(void)state;
	key = key_new(1);
	other_key = key_new(2);
	memset(nonce, 0x5a, sizeof(nonce));
	memset(frames, 0, sizeof(frames));
	for (n = 0; n < FRAMES; n++) {
		memset(frames[n].data, (int)(0x10 + n), RPMB_BLOCK_BYTES);
		memcpy(frames[n].nonce, nonce, sizeof(nonce));
		rpmb_put16(frames[n].address, 0x0102);
		rpmb_put16(frames[n].block_count, FRAMES);
		rpmb_put16(frames[n].type, 0x0400);
	}
	rpmb_frames_mac(key, frames, FRAMES, frames[FRAMES - 1].mac);
	expected = (struct rpmb_expected){
		.type = RPMB_READ,
		.doing = "a read",
		.key = key,
		.nonce = nonce,
		.address = 0x0102,
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rpmb_secret_free(key);
	rpmb_secret_free(other_key);
	return 0;
}

static int check(void)
{
	return rpmb_response_check(frames, FRAMES, &expected, NULL);
}

static void a_write_request_is_laid_out_as_jedec_says(void **state)
{
	uint8_t data[2 * RPMB_BLOCK_BYTES];
	struct rpmb_frame request[2];
	const uint8_t *raw = (const uint8_t *)request;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(data); n++)
		data[n] = (uint8_t)n;
	memset(request, 0xff, sizeof(request));
	assert_int_equal(rpmb_request_write(request, 2, RPMB_WRITE, key,
					    0x11223344, 0x5566, data),
			 0);
	assert_memory_equal(raw + 228, data, 256);
	assert_memory_equal(raw + 512 + 228, data + 256, 256);
	/* Stuff and MAC of all but the last frame, and the nonce, are zero. */
	for (n = 0; n < 228; n++)
		assert_int_equal(raw[n], 0);
	for (n = 484; n < 500; n++)
		assert_int_equal(raw[n], 0);
	for (n = 0; n < 2; n++)
		assert_memory_equal(raw + n * 512 + 500,
				    "\x11\x22\x33\x44\x55\x66\0\2\0\0\0\3", 12);
}

/* HMAC-SHA256 over bytes 228 to 511 of both frames, by Python's hmac. */
static void the_mac_is_known(void **state)
{
	uint8_t data[2 * RPMB_BLOCK_BYTES], mac[RPMB_MAC_BYTES];
	struct rpmb_frame request[2];
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(data); n++)
		data[n] = (uint8_t)n;
	rpmb_request_write(request, 2, RPMB_WRITE, key, 0x11223344, 0x5566,
			   data);
	from_hex("edd482b5014b55bf7a77be14c7cdb7af"
		 "bd36b72f64c3574c0002e5f9b9d7e190",
		 mac);
	assert_memory_equal(request[1].mac, mac, sizeof(mac));
}

static void a_right_response_passes(void **state)
{
	(void)state;
	assert_int_equal(check(), 0);
	expected.key = NULL;
	assert_int_equal(check(), 0);
}

/* Every byte that is covered, and every byte of the MAC itself. */
static void every_changed_byte_is_refused(void **state)
{
	uint8_t *raw = (uint8_t *)frames;
	unsigned int refused = 0;
	size_t n, at;

	(void)state;
	for (n = 0; n < sizeof(frames); n++) {
		at = n % RPMB_FRAME_BYTES;
		/* Stuff, and the MAC field of all but the last frame. */
		if (at < 196 || (at < 228 && n < 2 * RPMB_FRAME_BYTES))
			continue;
		raw[n] ^= 0x80;
		assert_true(check() < 0);
		raw[n] ^= 0x80;
		refused++;
	}
	assert_int_equal(refused, 3 * 284 + 32);
	assert_int_equal(check(), 0);
}

static void frames_in_another_order_are_refused(void **state)
{
	struct rpmb_frame first = frames[0];

	(void)state;
	frames[0] = frames[1];
	frames[1] = first;
	assert_int_equal(check(), -EBADMSG);
}

static void another_key_is_refused(void **state)
{
	(void)state;
	expected.key = other_key;
	assert_int_equal(check(), -EBADMSG);
}

static void a_replayed_response_is_refused_without_a_key_too(void **state)
{
	uint8_t fresh[RPMB_NONCE_BYTES] = { 1 };

	(void)state;
	expected.nonce = fresh;
	assert_int_equal(check(), -EPROTO);
	expected.key = NULL;
	assert_int_equal(check(), -EPROTO);
}

/* These have a right MAC: an honest device's answer to something else. */
static void an_answer_to_something_else_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value[2];
	} rows[] = {
		{ offsetof(struct rpmb_frame, address), { 1, 3 } },
		{ offsetof(struct rpmb_frame, block_count), { 0, 2 } },
		{ offsetof(struct rpmb_frame, type), { 2, 0 } },
		{ offsetof(struct rpmb_frame, type), { 0, 4 } },
	};
	uint8_t *last = (uint8_t *)&frames[FRAMES - 1];
	size_t n;

	for (n = 0; n < ARRAY_COUNT(rows); n++) {
		setup(state);
		memcpy(last + rows[n].at, rows[n].value, 2);
		rpmb_frames_mac(key, frames, FRAMES, frames[FRAMES - 1].mac);
		assert_int_equal(check(), -EPROTO);
		if (n + 1 < ARRAY_COUNT(rows))
			teardown(state);
	}
}

static void a_write_must_move_the_counter_by_one(void **state)
{
	static const uint32_t wrong[] = { 7, 9, 0, 0xffffffff };
	struct rpmb_error error;
	size_t n;

	(void)state;
	expected.type = RPMB_WRITE;
	expected.nonce = NULL;
	expected.counter = 8;
	rpmb_put16(frames->type, 0x0300);
	rpmb_put32(frames->counter, 8);
	rpmb_frames_mac(key, frames, 1, frames->mac);
	assert_int_equal(rpmb_response_check(frames, 1, &expected, &error), 0);
	for (n = 0; n < ARRAY_COUNT(wrong); n++) {
		rpmb_put32(frames->counter, wrong[n]);
		rpmb_frames_mac(key, frames, 1, frames->mac);
		assert_int_equal(rpmb_response_check(frames, 1, &expected,
						     &error),
				 -EPROTO);
		assert_int_equal(error.err, -EPROTO);
		assert_int_equal(error.result, RPMB_RESULT_NONE);
	}
}

static void every_result_has_its_error(void **state)
{
	static const struct {
		uint16_t result;
		int err;
		const char *name;
	} rows[] = {
		{ 0x0000, 0, "success" },
		{ 0x0001, -EREMOTEIO, "general failure" },
		{ 0x0002, -EKEYREJECTED, "authentication failure" },
		{ 0x0003, -EAGAIN, "counter failure" },
		{ 0x0004, -ERANGE, "address failure" },
		{ 0x0005, -EROFS, "write failure" },
		{ 0x0006, -EREMOTEIO, "read failure" },
		{ 0x0007, -ENOKEY, "key not programmed" },
		{ 0x0080, 0, "success" },
		{ 0x0082, -EKEYREJECTED, "authentication failure" },
		{ 0x0085, -EOVERFLOW, "write failure" },
		{ 0x0087, -ENOKEY, "key not programmed" },
		{ 0x0008, -EPROTO, "unknown result" },
		{ 0x007f, -EPROTO, "unknown result" },
		{ 0x0100, -EPROTO, "unknown result" },
		{ 0xffff, -EPROTO, "unknown result" },
	};
	struct rpmb_error error;
	size_t n;
	int rc;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(rows); n++) {
		rpmb_put16(frames[FRAMES - 1].result, rows[n].result);
		rpmb_frames_mac(key, frames, FRAMES, frames[FRAMES - 1].mac);
		rc = rpmb_response_check(frames, FRAMES, &expected, &error);
		assert_int_equal(rc, rows[n].err);
		assert_string_equal(rpmb_result_name(rows[n].result),
				    rows[n].name);
		if (!rc)
			continue;
		assert_int_equal(error.result, rows[n].result);
		assert_non_null(strstr(error.text, rows[n].name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_write_request_is_laid_out_as_jedec_says, setup,
			teardown),
		cmocka_unit_test_setup_teardown(the_mac_is_known, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_right_response_passes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(every_changed_byte_is_refused,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			frames_in_another_order_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(another_key_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_replayed_response_is_refused_without_a_key_too, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_to_something_else_is_refused, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_write_must_move_the_counter_by_one, setup, teardown),
		cmocka_unit_test_setup_teardown(every_result_has_its_error,
						setup, teardown),
	};

	return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
