// SPDX-License-Identifier: BSD-2-Clause
/*
 * librpmb's operations on tee-supplicant's device. ioctl() is wrapped: what
 * librpmb would tell Linux's eMMC driver goes to tee-supplicant, either as
 * the RPC that OP-TEE would send, or as the commands that they are. Where
 * tee-supplicant's device is not as JEDEC has it, librpmb must say so.
 */
#include <sys/ioctl.h>

#include <linux/mmc/ioctl.h>

#include "../../../rpmb/lib/emmc.h"
#include "supplicant_test.h"
#include "theirs.h"

int __wrap_ioctl(int fd, unsigned long request, ...);

#define DRIVER_FD 1234

static struct rpmb_device device;
static struct rpmb_key *key, *other_key;
/* By the RPC, not by its commands. */
static bool by_rpc;
/* The block count that it swaps, put right and vouched for again. */
static bool repaired;
static uint32_t refusal;

static int setup(void **state)
{
	struct theirs_info info;

	(void)state;
	theirs_reset(0);
	assert_int_equal(theirs_get_info(&info), THEIRS_OK);
	device = (struct rpmb_device){ .fd = DRIVER_FD };
	device.info.backend = RPMB_BACKEND_EMMC;
	device.info.size_units = info.size_units;
	device.info.size_bytes = info.size_units * RPMB_SIZE_UNIT_BYTES;
	device.info.block_count = device.info.size_bytes / RPMB_BLOCK_BYTES;
	device.info.write_blocks_max = 1;
	memcpy(device.info.cid.bytes, info.cid, RPMB_CID_BYTES);
	key = key_new(1);
	other_key = key_new(101);
	by_rpc = repaired = true;
	refusal = THEIRS_OK;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rpmb_secret_free(key);
	rpmb_secret_free(other_key);
	return 0;
}

static struct rpmb_frame *frames_of(const struct mmc_ioc_cmd *command)
{
	return (void *)(uintptr_t)command->data_ptr;
}

static void read_repair(const struct mmc_ioc_cmd *answer)
{
	struct rpmb_frame *frames = frames_of(answer);
	struct rpmb_frame *last = &frames[answer->blocks - 1];
	uint8_t mac[RPMB_MAC_BYTES];
	uint32_t n;

	/* Over several frames too, the MAC is what librpmb computes. */
	assert_int_equal(rpmb_frames_mac(key, frames, answer->blocks, mac), 0);
	assert_memory_equal(mac, last->mac, sizeof(mac));
	for (n = 0; n < answer->blocks; n++) {
		assert_int_equal(rpmb_get16(frames[n].block_count),
				 answer->blocks << 8);
		rpmb_put16(frames[n].block_count, (uint16_t)answer->blocks);
	}
	rpmb_frames_mac(key, frames, answer->blocks, last->mac);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct mmc_ioc_multi_cmd *multi;
	const struct mmc_ioc_cmd *answer;
	uint16_t type;
	va_list args;
	int rc = 0;

	va_start(args, request);
	multi = va_arg(args, struct mmc_ioc_multi_cmd *);
	va_end(args);
	assert_int_equal(fd, DRIVER_FD);
	assert_int_equal(request, MMC_IOC_MULTI_CMD);
	answer = &multi->cmds[multi->num_of_cmds - 1];
	type = rpmb_get16(frames_of(multi->cmds)->type);
	if (by_rpc)
		refusal = theirs_transfer(frames_of(multi->cmds),
					  multi->cmds[0].blocks,
					  frames_of(answer), answer->blocks);
	else
		rc = theirs_ioctl(multi);
	if (refusal || rc) {
		errno = EIO;
		return -1;
	}
	if (type == RPMB_READ && repaired && !frames_of(answer)->result[1])
		read_repair(answer);
	return 0;
}

static uint32_t counter_now(void)
{
	uint32_t counter;

	assert_int_equal(rpmb_read_counter(&device, key, &counter, NULL), 0);
	return counter;
}

static void it_tells_who_it_is(void **state)
{
	struct rpmb_cid_fields fields;

	(void)state;
	rpmb_cid_decode(&device.info.cid, &fields);
	assert_int_equal(fields.manufacturer, 0xfe);
	assert_string_equal(fields.product, "MMC04G");
	/* The stories have a device of this size. */
	assert_int_equal(device.info.size_units, 2);
}

static void a_key_is_programmed_once(void **state)
{
	enum rpmb_key_state key_state;
	uint32_t counter;

	(void)state;
	assert_int_equal(rpmb_probe_state(&device, &key_state, NULL, NULL), 0);
	assert_int_equal(key_state, RPMB_KEY_UNPROGRAMMED);
	assert_int_equal(rpmb_read_counter(&device, key, &counter, NULL),
			 -ENOKEY);
	assert_int_equal(
		rpmb_program_key(&device, key, RPMB_PROGRAM_DRY_RUN, NULL), 0);
	assert_int_equal(rpmb_read_counter(&device, key, &counter, NULL),
			 -ENOKEY);
	assert_int_equal(rpmb_program_key(&device, key, 0, NULL), 0);
	assert_int_equal(rpmb_probe_state(&device, &key_state, &counter, NULL),
			 0);
	assert_int_equal(key_state, RPMB_KEY_PROGRAMMED);
	assert_int_equal(counter, 0);
	assert_int_equal(rpmb_program_key(&device, other_key, 0, NULL),
			 -EEXIST);
	assert_int_equal(rpmb_read_counter(&device, other_key, &counter, NULL),
			 -EBADMSG);
	assert_int_equal(counter_now(), 0);
}

static void blocks_are_written_and_read(void **state)
{
	static uint8_t data[70 * RPMB_BLOCK_BYTES], read[sizeof(data)];
	struct rpmb_error error;
	uint32_t written;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(data); n++)
		data[n] = (uint8_t)(n % 251);
	assert_int_equal(rpmb_program_key(&device, key, 0, NULL), 0);
	assert_int_equal(rpmb_write(&device, key, 1, 70, data, &written, NULL),
			 0);
	assert_int_equal(written, 70);
	assert_int_equal(counter_now(), 70);
	assert_int_equal(rpmb_read(&device, key, 1, 70, read, NULL), 0);
	assert_memory_equal(read, data, sizeof(data));
	repaired = false;
	assert_int_equal(rpmb_read(&device, key, 1, 1, read, &error), -EPROTO);
	assert_non_null(strstr(error.text, "of 256 blocks, not 1"));
	/* Nor by its commands, where nothing of tee-supplicant's is between. */
	by_rpc = false;
	assert_int_equal(rpmb_read(&device, key, 1, 1, read, &error), -EPROTO);
	assert_int_equal(rpmb_write(&device, key, 0, 1, data, NULL, NULL), 0);
	assert_int_equal(counter_now(), 71);
}

static void a_write_of_several_blocks_is_noticed(void **state)
{
	uint8_t data[2 * RPMB_BLOCK_BYTES] = { 1 };
	struct rpmb_error error;
	uint32_t written;

	(void)state;
	device.info.write_blocks_max = 2;
	assert_int_equal(rpmb_program_key(&device, key, 0, NULL), 0);
	assert_int_equal(rpmb_write(&device, key, 0, 2, data, &written, NULL),
			 -EIO);
	assert_int_equal(refusal, THEIRS_BAD_PARAMETERS);
	assert_int_equal(written, 0);
	assert_int_equal(counter_now(), 0);
	/* Its device takes them, and counts blocks instead of writes. */
	by_rpc = false;
	refusal = THEIRS_OK;
	assert_int_equal(rpmb_write(&device, key, 0, 2, data, &written, &error),
			 -EPROTO);
	assert_non_null(strstr(error.text, "write counter 2, not 1"));
}

static void addresses_outside_are_refused(void **state)
{
	uint8_t data[RPMB_BLOCK_BYTES] = { 1 };
	uint32_t blocks = device.info.block_count;

	(void)state;
	assert_int_equal(rpmb_program_key(&device, key, 0, NULL), 0);
	/* Let the device be asked at all. */
	device.info.block_count = blocks + 1;
	assert_int_equal(rpmb_write(&device, key, blocks, 1, data, NULL, NULL),
			 -ERANGE);
	/* It answers such a read with the frame that was there before. */
	repaired = false;
	assert_int_equal(rpmb_read(&device, key, blocks, 1, data, NULL),
			 -EPROTO);
	assert_int_equal(counter_now(), 0);
}

static void there_is_no_configuration(void **state)
{
	struct rpmb_config config;

	(void)state;
	assert_int_equal(rpmb_program_key(&device, key, 0, NULL), 0);
	assert_int_equal(rpmb_config_read(&device, key, &config, NULL), -EIO);
	assert_int_equal(refusal, THEIRS_GENERIC);
	by_rpc = false;
	refusal = THEIRS_OK;
	/* Its device answers what was asked last, the counter. */
	assert_int_equal(rpmb_config_read(&device, key, &config, NULL),
			 -EPROTO);
}

int operations_transfer(const struct rpmb_frame *request, uint32_t count,
			bool with_result, struct rpmb_frame *ret_response,
			uint32_t response_count)
{
	by_rpc = repaired = false;
	return rpmb_emmc_transfer(DRIVER_FD, request, count, with_result,
				  ret_response, response_count, NULL);
}

int operations_run(size_t *ret_count)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_tells_who_it_is),
		TEST(a_key_is_programmed_once),
		TEST(blocks_are_written_and_read),
		TEST(a_write_of_several_blocks_is_noticed),
		TEST(addresses_outside_are_refused),
		TEST(there_is_no_configuration),
	};

	*ret_count = ARRAY_COUNT(tests);
	return cmocka_run_group_tests_name("librpmb on tee-supplicant's device",
					   tests, NULL, NULL);
}
