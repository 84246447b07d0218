// SPDX-License-Identifier: BSD-2-Clause
/*
 * Operations as programs call them, on the emulated device: programming,
 * splitting by reliable writes, expiry, configuration, two processes at once.
 */
#include <sys/wait.h>

#include "test.h"

static struct bench bench;

static int setup(void **state)
{
	(void)state;
	bench_open(&bench, NULL);
	return rpmb_program_key(bench.device, bench.key, 0, NULL);
}

static int teardown(void **state)
{
	(void)state;
	bench_close(&bench);
	return 0;
}

/* Replaces the device by one with @options and a key. */
static void reopen(const struct rpmb_emulate_options *options)
{
	bench_close(&bench);
	bench_open(&bench, options);
	assert_int_equal(rpmb_program_key(bench.device, bench.key, 0, NULL), 0);
}

static uint32_t counter_now(void)
{
	uint32_t counter;

	assert_int_equal(
		rpmb_read_counter(bench.device, bench.key, &counter, NULL), 0);
	return counter;
}

static void programming_is_dry_until_told_otherwise(void **state)
{
	enum rpmb_key_state key_state;
	struct rpmb_error error;

	(void)state;
	assert_int_equal(rpmb_program_key(bench.device, bench.key, 0, &error),
			 -EEXIST);
	bench_close(&bench);
	bench_open(&bench, NULL);
	assert_int_equal(rpmb_program_key(bench.device, bench.key, 2, NULL),
			 -EINVAL);
	assert_int_equal(rpmb_program_key(bench.device, bench.key,
					  RPMB_PROGRAM_DRY_RUN, NULL),
			 0);
	rpmb_probe_state(bench.device, &key_state, NULL, NULL);
	assert_int_equal(key_state, RPMB_KEY_UNPROGRAMMED);
	assert_int_equal(rpmb_read_counter(bench.device, bench.key,
					   &(uint32_t){ 0 }, &error),
			 -ENOKEY);
	assert_int_equal(error.result, RPMB_RESULT_KEY_NOT_PROGRAMMED);
	assert_int_equal(rpmb_program_key(bench.device, bench.key, 0, NULL), 0);
	rpmb_probe_state(bench.device, &key_state, NULL, NULL);
	assert_int_equal(key_state, RPMB_KEY_PROGRAMMED);
	assert_int_equal(rpmb_program_key(bench.device, bench.key,
					  RPMB_PROGRAM_DRY_RUN, NULL),
			 -EEXIST);
}

static void writes_are_split_by_what_the_device_does_as_a_whole(void **state)
{
	static const struct {
		bool enhanced;
		uint32_t first, count, cost;
	} rows[] = {
		{ false, 0, 1, 1 },  { false, 0, 2, 1 },   { false, 1, 2, 2 },
		{ false, 1, 5, 3 },  { false, 0, 32, 16 }, { false, 511, 1, 1 },
		{ true, 0, 32, 1 },  { true, 0, 64, 2 },   { true, 32, 33, 2 },
		{ true, 1, 32, 17 }, { true, 31, 34, 3 },  { true, 0, 512, 16 },
		{ true, 508, 4, 2 },
	};
	static uint8_t data[512 * RPMB_BLOCK_BYTES], read[sizeof(data)];
	struct rpmb_emulate_options options = {
		.size_bytes = RPMB_SIZE_UNIT_BYTES,
		.reliable_write_sectors = 1,
	};
	uint32_t before, written;
	size_t n, bytes;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(rows); n++) {
		options.enhanced_writes = rows[n].enhanced;
		reopen(&options);
		bytes = rows[n].count * RPMB_BLOCK_BYTES;
		for (before = 0; before < bytes; before++)
			data[before] = (uint8_t)(before * 7 + n + before / 256);
		before = counter_now();
		assert_int_equal(rpmb_write_cost(bench.device, rows[n].first,
						 rows[n].count),
				 rows[n].cost);
		assert_int_equal(rpmb_write(bench.device, bench.key,
					    rows[n].first, rows[n].count, data,
					    &written, NULL),
				 0);
		assert_int_equal(written, rows[n].count);
		assert_int_equal(counter_now() - before, rows[n].cost);
		assert_int_equal(rpmb_read(bench.device, bench.key,
					   rows[n].first, rows[n].count, read,
					   NULL),
				 0);
		assert_memory_equal(read, data, bytes);
		/* Without a key the same data come, unvouched for. */
		assert_int_equal(rpmb_read(bench.device, NULL, rows[n].first,
					   rows[n].count, read, NULL),
				 0);
		assert_memory_equal(read, data, bytes);
	}
}

static void ranges_are_checked_before_anything_is_sent(void **state)
{
	static const struct {
		uint32_t first, count;
		int err;
	} rows[] = {
		{ 0, 0, -EINVAL },	    { 512, 1, -ERANGE },
		{ 511, 2, -ERANGE },	    { 0, 513, -ERANGE },
		{ 0xffffffff, 1, -ERANGE }, { 1, 0xffffffff, -ERANGE },
		{ 0x10000, 1, -ERANGE },
	};
	uint8_t data[RPMB_BLOCK_BYTES] = { 0 };
	struct rpmb_error error;
	uint32_t written = 9;
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(rows); n++) {
		assert_int_equal(rpmb_read(bench.device, bench.key,
					   rows[n].first, rows[n].count, data,
					   &error),
				 rows[n].err);
		assert_int_equal(rpmb_write(bench.device, bench.key,
					    rows[n].first, rows[n].count, data,
					    &written, &error),
				 rows[n].err);
		assert_int_equal(written, 0);
		assert_int_equal(error.result, RPMB_RESULT_NONE);
	}
	assert_int_equal(counter_now(), 0);
}

static void the_counter_expires(void **state)
{
	struct rpmb_emulate_options options = {
		.size_bytes = RPMB_SIZE_UNIT_BYTES,
		.write_counter = 0xfffffffd,
	};
	uint8_t data[3 * RPMB_BLOCK_BYTES], read[sizeof(data)];
	struct rpmb_frame request, response;
	struct rpmb_error error;
	uint32_t written;

	(void)state;
	memset(data, 0x42, sizeof(data));
	reopen(&options);
	/* Blocks 1, 2, 3: two counts, and the third is not to be had. */
	assert_int_equal(rpmb_write(bench.device, bench.key, 1, 3, data,
				    &written, NULL),
			 0);
	assert_int_equal(written, 3);
	assert_int_equal(counter_now(), 0xffffffff);
	assert_int_equal(rpmb_write(bench.device, bench.key, 1, 1, data,
				    &written, &error),
			 -EOVERFLOW);
	assert_int_equal(written, 0);
	/* A host that does not look first hears 0x85. */
	rpmb_request_write(&request, 1, RPMB_WRITE, bench.key, 0xffffffff, 1,
			   data);
	assert_int_equal(rpmb_transfer(bench.device, &request, 1, true,
				       &response, 1, NULL),
			 0);
	assert_int_equal(rpmb_get16(response.result), 0x0085);
	assert_int_equal(rpmb_config_write(bench.device, bench.key,
					   RPMB_SECURE_WP_MODE_ENABLE, true,
					   NULL),
			 -EOVERFLOW);
	/* Reading goes on. */
	assert_int_equal(rpmb_read(bench.device, bench.key, 1, 3, read, NULL),
			 0);
	assert_memory_equal(read, data, sizeof(data));
}

static void the_wrong_key_is_noticed_everywhere(void **state)
{
	struct rpmb_key *other = key_new(3);
	uint8_t data[RPMB_BLOCK_BYTES];
	struct rpmb_config config;
	uint32_t written, n;

	(void)state;
	assert_int_equal(rpmb_read_counter(bench.device, other, &written, NULL),
			 -EBADMSG);
	memset(data, 0x99, sizeof(data));
	assert_int_equal(rpmb_read(bench.device, other, 0, 1, data, NULL),
			 -EBADMSG);
	for (n = 0; n < sizeof(data); n++)
		assert_int_equal(data[n], 0);
	assert_int_equal(rpmb_write(bench.device, other, 0, 1, data, &written,
				    NULL),
			 -EBADMSG);
	assert_int_equal(rpmb_config_read(bench.device, other, &config, NULL),
			 -EBADMSG);
	assert_int_equal(rpmb_config_write(bench.device, other,
					   RPMB_SECURE_WP_MODE_CONFIG, true,
					   NULL),
			 -EBADMSG);
	assert_int_equal(counter_now(), 0);
	rpmb_secret_free(other);
}

static void the_configuration_has_two_registers(void **state)
{
	struct rpmb_config config = { true, true };

	(void)state;
	assert_int_equal(
		rpmb_config_read(bench.device, bench.key, &config, NULL), 0);
	assert_false(config.secure_wp_enable || config.secure_wp_mask);
	assert_int_equal(rpmb_config_write(bench.device, bench.key,
					   RPMB_SECURE_WP_MODE_CONFIG, true,
					   NULL),
			 0);
	rpmb_config_read(bench.device, NULL, &config, NULL);
	assert_true(!config.secure_wp_enable && config.secure_wp_mask);
	assert_int_equal(rpmb_config_write(bench.device, bench.key,
					   RPMB_SECURE_WP_MODE_ENABLE, true,
					   NULL),
			 0);
	assert_int_equal(rpmb_config_write(bench.device, bench.key,
					   RPMB_SECURE_WP_MODE_CONFIG, false,
					   NULL),
			 0);
	rpmb_config_read(bench.device, bench.key, &config, NULL);
	assert_true(config.secure_wp_enable && !config.secure_wp_mask);
	assert_int_equal(counter_now(), 3);
	assert_int_equal(rpmb_config_write(bench.device, bench.key, 3, true,
					   NULL),
			 -EINVAL);
}

/* Writes block @index 20 times; another process' write in between is no loss. */
static int write_many(uint32_t index)
{
	struct rpmb_key *key = key_new(1);
	struct rpmb_device *device;
	uint8_t data[RPMB_BLOCK_BYTES];
	unsigned int done = 0;
	int rc;

	if (rpmb_open(bench.spec, &device, NULL))
		return 1;
	while (done < 20) {
		memset(data, (int)(done + 1), sizeof(data));
		rc = rpmb_write(device, key, index, 1, data, NULL, NULL);
		if (rc && rc != -EAGAIN)
			return 2;
		done += !rc;
	}
	rpmb_close(device);
	rpmb_secret_free(key);
	return 0;
}

static void processes_share_a_device(void **state)
{
	uint8_t data[4 * RPMB_BLOCK_BYTES];
	pid_t children[4];
	uint32_t n;
	int status;

	(void)state;
	for (n = 0; n < 4; n++) {
		children[n] = fork();
		if (!children[n])
			_exit(write_many(n));
	}
	for (n = 0; n < 4; n++) {
		assert_int_equal(waitpid(children[n], &status, 0), children[n]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	assert_int_equal(counter_now(), 80);
	assert_int_equal(rpmb_read(bench.device, bench.key, 0, 4, data, NULL),
			 0);
	for (n = 0; n < sizeof(data); n++)
		assert_int_equal(data[n], 20);
}

static void names_lead_to_back_ends(void **state)
{
	static const struct {
		const char *spec;
		int err;
	} rows[] = {
		{ "", -ENODEV },
		{ "mmcblk0rpmb", -ENODEV },
		{ "nvme:/dev/nvme0", -ENOTSUP },
		{ "file:", -ENOENT },
		{ "file:/nonexistent/file", -ENOENT },
		{ "/dev/nonexistent", -ENOENT },
		{ "/dev/null", -ENODEV },
		{ "file:/dev/null", -ENODEV },
	};
	struct rpmb_device *device = (void *)1;
	struct rpmb_error error;
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(rows); n++) {
		assert_int_equal(rpmb_open(rows[n].spec, &device, &error),
				 rows[n].err);
		assert_int_equal(error.err, rows[n].err);
		assert_ptr_equal(device, (void *)1);
	}
	rpmb_close(NULL);
	assert_string_equal(rpmb_version(), RPMB_VERSION);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(programming_is_dry_until_told_otherwise),
		TEST(writes_are_split_by_what_the_device_does_as_a_whole),
		TEST(ranges_are_checked_before_anything_is_sent),
		TEST(the_counter_expires),
		TEST(the_wrong_key_is_noticed_everywhere),
		TEST(the_configuration_has_two_registers),
		TEST(processes_share_a_device),
		TEST(names_lead_to_back_ends),
	};

	return cmocka_run_group_tests_name("operations", tests, NULL, NULL);
}
