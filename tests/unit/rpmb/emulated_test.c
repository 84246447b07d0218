// SPDX-License-Identifier: BSD-2-Clause
/*
 * The emulated device keeps JEDEC's rules: one row per way to be refused, in
 * the order in which a device checks. Operations on it are in ops_test.c.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "test.h"

static struct bench bench;

static int setup(void **state)
{
	(void)state;
	bench_open(&bench, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bench_close(&bench);
	return 0;
}

static int setup_programmed(void **state)
{
	setup(state);
	return rpmb_program_key(bench.device, bench.key, 0, NULL);
}

/* Sends @count frames and returns the response's type and result. */
static uint32_t send(const struct rpmb_frame *request, uint32_t count,
		     bool with_result, struct rpmb_frame *ret_response)
{
	assert_int_equal(rpmb_transfer(bench.device, request, count,
				       with_result, ret_response, 1, NULL),
			 0);
	return (uint32_t)rpmb_get16(ret_response->type) << 16 |
	       rpmb_get16(ret_response->result);
}

static void without_a_key_everything_says_so(void **state)
{
	struct rpmb_frame request, response;
	uint16_t type;

	(void)state;
	for (type = 2; type < 9; type++) {
		rpmb_request_init(&request, type, NULL);
		assert_int_equal(send(&request, 1, type == 3 || type == 6,
				      &response),
				 (uint32_t)type << 24 | 7);
	}
}

static void a_key_is_programmed_once(void **state)
{
	struct rpmb_frame request, response;
	struct rpmb_key *other = key_new(7);
	enum rpmb_key_state key_state;
	uint32_t counter = 1;

	(void)state;
	assert_int_equal(
		rpmb_probe_state(bench.device, &key_state, &counter, NULL), 0);
	assert_int_equal(key_state, RPMB_KEY_UNPROGRAMMED);
	assert_int_equal(counter, 0);
	rpmb_request_init(&request, RPMB_PROGRAM_KEY, NULL);
	memcpy(request.mac, bench.key, 32);
	/* Two frames, or no reliable write: refused, nothing programmed. */
	assert_int_equal(send(&request, 1, false, &response), 0x01000001);
	assert_int_equal(send(&request, 1, true, &response), 0x01000000);
	memcpy(request.mac, other, 32);
	assert_int_equal(send(&request, 1, true, &response), 0x01000005);
	assert_int_equal(
		rpmb_read_counter(bench.device, bench.key, &counter, NULL), 0);
	assert_int_equal(rpmb_read_counter(bench.device, other, &counter, NULL),
			 -EBADMSG);
	rpmb_secret_free(other);
}

/* Every way to spoil a write of two blocks, and what the device says. */
static void a_spoilt_write_is_refused_and_changes_nothing(void **state)
{
	static const struct {
		size_t frame, at;
		uint8_t value;
		/* Computed anew after the change: an honest but wrong host. */
		bool sign;
		uint16_t result;
	} rows[] = {
		{ 0, 228, 0xee, false, 2 }, { 1, 228, 0xee, false, 2 },
		{ 1, 196, 0xee, false, 2 }, { 1, 227, 0xee, false, 2 },
		{ 0, 503, 1, false, 1 },    { 0, 503, 1, true, 1 },
		{ 0, 505, 1, true, 1 },	    { 0, 507, 1, true, 1 },
		{ 1, 507, 1, true, 1 },	    { 1, 511, 4, true, 1 },
		{ 0, 484, 1, true, 1 },
	};
	uint8_t data[2 * RPMB_BLOCK_BYTES], read[2 * RPMB_BLOCK_BYTES];
	struct rpmb_frame request[2], response;
	uint8_t *raw;
	size_t n;

	(void)state;
	memset(data, 0x77, sizeof(data));
	for (n = 0; n < ARRAY_COUNT(rows); n++) {
		rpmb_request_write(request, 2, RPMB_WRITE, bench.key, 0, 0,
				   data);
		raw = (uint8_t *)&request[rows[n].frame];
		assert_int_not_equal(raw[rows[n].at], rows[n].value);
		raw[rows[n].at] = rows[n].value;
		if (rows[n].sign)
			rpmb_frames_mac(bench.key, request, 2, request[1].mac);
		assert_int_equal(send(request, 2, true, &response),
				 0x03000000u | rows[n].result);
		assert_int_equal(rpmb_get32(response.counter), 0);
		assert_int_equal(rpmb_read(bench.device, bench.key, 0, 2, read,
					   NULL),
				 0);
		assert_int_equal(read[0] | read[300], 0);
	}
	rpmb_request_write(request, 2, RPMB_WRITE, bench.key, 0, 0, data);
	assert_int_equal(send(request, 2, true, &response), 0x03000000);
	assert_int_equal(rpmb_get32(response.counter), 1);
	/* The very same again is a replay. */
	assert_int_equal(send(request, 2, true, &response), 0x03000003);
	assert_int_equal(rpmb_get32(response.counter), 1);
}

/* Signed by the right key: only the field in question is wrong. */
static void address_comes_before_mac_before_counter(void **state)
{
	struct rpmb_key *other = key_new(9);
	const struct {
		uint32_t address, counter, count;
		const struct rpmb_key *key;
		uint16_t result;
	} rows[] = {
		{ 512, 5, 1, other, 4 },     { 511, 5, 2, other, 4 },
		{ 0xffff, 0, 1, other, 4 },  { 511, 5, 1, other, 2 },
		{ 511, 5, 1, bench.key, 3 }, { 511, 0, 1, bench.key, 0 },
		{ 0, 1, 2, bench.key, 0 },   { 0, 2, 3, bench.key, 1 },
		{ 0, 2, 32, bench.key, 1 },
	};
	static uint8_t data[32 * RPMB_BLOCK_BYTES];
	static struct rpmb_frame request[32];
	struct rpmb_frame response;
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(rows); n++) {
		rpmb_request_write(request, rows[n].count, RPMB_WRITE,
				   rows[n].key, rows[n].counter,
				   (uint16_t)rows[n].address, data);
		assert_int_equal(send(request, rows[n].count, true, &response),
				 0x03000000u | rows[n].result);
	}
	/* Not as a reliable write: refused before anything is looked at. */
	rpmb_request_write(request, 1, RPMB_WRITE, bench.key, 2, 0, data);
	rpmb_transfer(bench.device, request, 1, false, &response, 1, NULL);
	assert_int_equal(rpmb_get16(response.result), 1);
	rpmb_secret_free(other);
}

static void a_response_needs_its_request(void **state)
{
	struct rpmb_emulated *emulated = bench.device->emulated;
	struct rpmb_frame request, response;

	(void)state;
	assert_int_equal(rpmb_state_lock(&emulated->file, NULL), 0);
	memset(&emulated->answer, 0, sizeof(emulated->answer));
	rpmb_emulated_command_read(emulated, &response, 1);
	assert_int_equal(rpmb_get16(response.result), 1);
	assert_int_equal(rpmb_get16(response.type), 0);
	/* A write's result is there for who asks for it only. */
	rpmb_request_init(&request, RPMB_WRITE, NULL);
	rpmb_emulated_command_write(emulated, &request, 1, true);
	rpmb_emulated_command_read(emulated, &response, 1);
	assert_int_equal(rpmb_get16(response.result), 1);
	rpmb_request_init(&request, RPMB_READ_RESULT, NULL);
	rpmb_emulated_command_write(emulated, &request, 1, false);
	rpmb_emulated_command_read(emulated, &response, 1);
	assert_int_equal(rpmb_get16(response.type), 0x0300);
	/* And a result without a write is none. */
	rpmb_request_init(&request, RPMB_READ_COUNTER, NULL);
	rpmb_emulated_command_write(emulated, &request, 1, false);
	rpmb_request_init(&request, RPMB_READ_RESULT, NULL);
	rpmb_emulated_command_write(emulated, &request, 1, false);
	rpmb_emulated_command_read(emulated, &response, 1);
	assert_int_equal(rpmb_get16(response.type), 0x0500);
	assert_int_equal(rpmb_get16(response.result), 1);
	rpmb_state_unlock(&emulated->file);
}

static void unknown_requests_are_general_failures(void **state)
{
	static const uint16_t types[] = { 5, 8, 0x0100, 0x0300, 0xffff };
	struct rpmb_frame request, response;
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(types); n++) {
		rpmb_request_init(&request, types[n], NULL);
		assert_int_equal(send(&request, 1, false, &response) & 0xffff,
				 1);
	}
}

static void a_file_is_made_once_and_private(void **state)
{
	struct rpmb_emulate_options options = { .size_bytes = 1 };
	struct rpmb_device *device;
	struct rpmb_error error;
	struct stat status;
	int fd;

	(void)state;
	assert_int_equal(stat(bench.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(rpmb_emulate_create(bench.path, &options, &error),
			 -EINVAL);
	options.size_bytes = 129 * RPMB_SIZE_UNIT_BYTES;
	assert_int_equal(rpmb_emulate_create(bench.path, &options, &error),
			 -EINVAL);
	options.size_bytes = 128 * RPMB_SIZE_UNIT_BYTES;
	options.reliable_write_sectors = 256;
	assert_int_equal(rpmb_emulate_create(bench.path, &options, &error),
			 -EINVAL);
	options.reliable_write_sectors = 255;
	assert_int_equal(rpmb_emulate_create(bench.path, &options, &error),
			 -EEXIST);
	assert_int_equal(error.err, -EEXIST);
	assert_non_null(strstr(error.text, bench.path));
	/* Still the device that it was. */
	assert_int_equal(rpmb_open(bench.spec, &device, NULL), 0);
	assert_int_equal(rpmb_get_info(device)->block_count, 512);
	assert_int_equal(rpmb_get_info(device)->backend, RPMB_BACKEND_EMULATED);
	assert_int_equal(rpmb_get_info(device)->size_units, 1);
	rpmb_close(device);
	fd = open(bench.path, O_RDWR);
	assert_int_equal(pwrite(fd, "x", 1, 3), 1);
	close(fd);
	assert_int_equal(rpmb_open(bench.spec, &device, NULL), -ENODEV);
}

/* Each byte that means something, one at a time. */
static void a_damaged_file_is_noticed(void **state)
{
	int fd = open(bench.path, O_RDWR);
	struct rpmb_device *device;
	uint8_t byte, bad;
	uint32_t counter;
	off_t at;
	int rc;

	(void)state;
	for (at = 0; at < (off_t)sizeof(struct rpmb_state_identity); at++) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		bad = byte ^ 0x10;
		pwrite(fd, &bad, 1, at);
		rc = rpmb_open(bench.spec, &device, NULL);
		assert_true(rc == -ENODEV || rc == -ENOTSUP || rc == -EIO);
		pwrite(fd, &byte, 1, at);
	}
	/* The one slot in use: the other has never been written. */
	at = RPMB_STATE_SLOTS_AT + RPMB_STATE_SLOT_BYTES;
	for (; at < RPMB_STATE_SLOTS_AT + RPMB_STATE_SLOT_BYTES + 512; at++) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		bad = byte ^ 0x10;
		pwrite(fd, &bad, 1, at);
		assert_int_equal(rpmb_open(bench.spec, &device, NULL), 0);
		assert_int_equal(
			rpmb_read_counter(device, NULL, &counter, NULL), -EIO);
		rpmb_close(device);
		pwrite(fd, &byte, 1, at);
	}
	assert_int_equal(ftruncate(fd, RPMB_STATE_DATA_AT), 0);
	assert_int_equal(rpmb_open(bench.spec, &device, NULL), -EIO);
	close(fd);
}

int main(void)
{
#define PROGRAMMED(test) \
	cmocka_unit_test_setup_teardown(test, setup_programmed, teardown)
#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		FRESH(without_a_key_everything_says_so),
		FRESH(a_key_is_programmed_once),
		PROGRAMMED(a_spoilt_write_is_refused_and_changes_nothing),
		PROGRAMMED(address_comes_before_mac_before_counter),
		PROGRAMMED(a_response_needs_its_request),
		PROGRAMMED(unknown_requests_are_general_failures),
		FRESH(a_file_is_made_once_and_private),
		FRESH(a_damaged_file_is_noticed),
	};

	return cmocka_run_group_tests_name("emulated device", tests, NULL,
					   NULL);
}
