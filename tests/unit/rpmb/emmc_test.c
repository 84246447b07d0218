// SPDX-License-Identifier: BSD-2-Clause
/*
 * The back end for a real eMMC, with ioctl() wrapped: a stand-in for Linux's
 * driver checks the commands as the kernel and a card would and hands them to
 * an emulated device. Also a stand-in for QEMU's eMMC, which writes single
 * blocks only. What sysfs says is read from a folder made here.
 */
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <linux/mmc/ioctl.h>

#include "../../../rpmb/lib/emmc.h"
#include "test.h"

int __wrap_ioctl(int fd, unsigned long request, ...);

#define DRIVER_FD 1234

static struct bench bench;
/* An eMMC device whose driver is the stand-in. */
static struct rpmb_device device;
static unsigned int calls, commands_seen;
static bool single_blocks_only;
static int fail_with;

static int setup(void **state)
{
	struct rpmb_emulate_options options = {
		.size_bytes = RPMB_SIZE_UNIT_BYTES,
		.enhanced_writes = true,
	};

	(void)state;
	bench_open(&bench, &options);
	device = (struct rpmb_device){ .info = bench.device->info,
				       .fd = DRIVER_FD };
	device.info.backend = RPMB_BACKEND_EMMC;
	calls = commands_seen = 0;
	single_blocks_only = false;
	fail_with = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bench_close(&bench);
	return 0;
}

/* How QEMU answers a write of several blocks: it takes each for one. */
static void spoil(struct rpmb_frame *frames)
{
	memset(frames->mac, 0, sizeof(frames->mac));
}

static void run_command(const struct mmc_ioc_cmd *command)
{
	struct rpmb_emulated *emulated = bench.device->emulated;
	struct rpmb_frame *frames = (void *)(uintptr_t)command->data_ptr;
	struct rpmb_frame copy[RPMB_FRAMES_MAX];

	assert_int_equal(command->is_acmd, 0);
	assert_int_equal(command->arg, 0);
	/* MMC_RSP_SPI_R1 | MMC_RSP_R1 | MMC_CMD_ADTC, as mmc-utils sends it. */
	assert_int_equal(command->flags, 0xb5);
	assert_int_equal(command->blksz, 512);
	assert_in_range(command->blocks, 1, RPMB_FRAMES_MAX);
	assert_int_equal(command->postsleep_min_us, 0);
	assert_int_equal(command->postsleep_max_us, 0);
	assert_int_equal(command->data_timeout_ns, 0);
	assert_int_equal(command->cmd_timeout_ms, 0);
	if (command->opcode == 18) {
		assert_int_equal(command->write_flag, 0);
		rpmb_emulated_command_read(emulated, frames, command->blocks);
		return;
	}
	assert_int_equal(command->opcode, 25);
	assert_int_equal(command->write_flag & 0x7fffffff, 1);
	memcpy(copy, frames, command->blocks * sizeof(*frames));
	if (single_blocks_only && command->blocks > 1)
		spoil(&copy[command->blocks - 1]);
	rpmb_emulated_command_write(emulated, copy, command->blocks,
				    command->write_flag < 0);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	const struct mmc_ioc_multi_cmd *multi;
	va_list args;
	uint64_t n;

	va_start(args, request);
	multi = va_arg(args, const struct mmc_ioc_multi_cmd *);
	va_end(args);
	assert_int_equal(fd, DRIVER_FD);
	assert_int_equal(request, MMC_IOC_MULTI_CMD);
	assert_in_range(multi->num_of_cmds, 2, 3);
	calls++;
	if (fail_with) {
		errno = fail_with;
		return -1;
	}
	assert_int_equal(rpmb_state_lock(&bench.device->emulated->file, NULL),
			 0);
	for (n = 0; n < multi->num_of_cmds; n++)
		run_command(&multi->cmds[n]);
	commands_seen += (unsigned int)multi->num_of_cmds;
	rpmb_state_unlock(&bench.device->emulated->file);
	return 0;
}

static void everything_works_by_way_of_the_driver(void **state)
{
	static uint8_t data[70 * RPMB_BLOCK_BYTES], read[sizeof(data)];
	struct rpmb_config config;
	uint32_t counter, written;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(data); n++)
		data[n] = (uint8_t)(n % 251);
	assert_int_equal(rpmb_program_key(&device, bench.key, 0, NULL), 0);
	/* Two reads of the counter, and a write with its result. */
	assert_int_equal(calls, 3);
	assert_int_equal(commands_seen, 2 + 3 + 2);
	assert_int_equal(
		rpmb_write(&device, bench.key, 1, 70, data, &written, NULL), 0);
	assert_int_equal(written, 70);
	assert_int_equal(rpmb_read(&device, bench.key, 1, 70, read, NULL), 0);
	assert_memory_equal(read, data, sizeof(data));
	assert_int_equal(rpmb_config_write(&device, bench.key,
					   RPMB_SECURE_WP_MODE_ENABLE, true,
					   NULL),
			 0);
	assert_int_equal(rpmb_config_read(&device, bench.key, &config, NULL),
			 0);
	assert_true(config.secure_wp_enable);
	assert_int_equal(rpmb_read_counter(&device, bench.key, &counter, NULL),
			 0);
	assert_int_equal(counter, rpmb_write_cost(&device, 1, 70) + 1);
}

static void a_card_of_single_blocks_is_written_in_single_blocks(void **state)
{
	uint8_t data[5 * RPMB_BLOCK_BYTES], read[sizeof(data)];
	uint32_t counter, written;

	(void)state;
	memset(data, 0x3c, sizeof(data));
	single_blocks_only = true;
	assert_int_equal(rpmb_program_key(&device, bench.key, 0, NULL), 0);
	assert_int_equal(
		rpmb_write(&device, bench.key, 0, 5, data, &written, NULL), 0);
	assert_int_equal(written, 5);
	assert_int_equal(device.info.write_blocks_max, 1);
	assert_int_equal(rpmb_read(&device, bench.key, 0, 5, read, NULL), 0);
	assert_memory_equal(read, data, sizeof(data));
	rpmb_read_counter(&device, bench.key, &counter, NULL);
	assert_int_equal(counter, 5);
}

static void a_failing_driver_is_reported(void **state)
{
	struct rpmb_error error;
	uint32_t counter;

	(void)state;
	fail_with = ETIMEDOUT;
	assert_int_equal(rpmb_read_counter(&device, NULL, &counter, &error),
			 -ETIMEDOUT);
	assert_non_null(strstr(error.text, strerror(ETIMEDOUT)));
}

static char root[64];

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/card/%s", root, name);
	unlink(path);
	if (!text)
		return;
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void sysfs_make(void)
{
	char path[96];

	strcpy(root, "/tmp/rpmb-XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/card", root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/card/mmcblk0rpmb", root);
	assert_int_equal(mkdir(path, 0700), 0);
	put("cid", QEMU_CID "\n");
	put("name", "QEMU!!\n");
	put("raw_rpmb_size_mult", "0x20\n");
	put("rel_sectors", "0x1\n");
	put("enhanced_rpmb_supported", "0x1\n");
}

static void sysfs_remove(void)
{
	static const char *const names[] = {
		"cid",
		"name",
		"rel_sectors",
		"raw_rpmb_size_mult",
		"enhanced_rpmb_supported",
	};
	char path[96];
	size_t n;

	for (n = 0; n < ARRAY_COUNT(names); n++)
		put(names[n], NULL);
	snprintf(path, sizeof(path), "%s/card/mmcblk0rpmb", root);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/card", root);
	rmdir(path);
	assert_int_equal(rmdir(root), 0);
}

static void sysfs_describes_the_card(void **state)
{
	char directory[96], text[RPMB_CID_TEXT_BYTES];
	struct rpmb_info info;
	struct rpmb_error error;

	(void)state;
	sysfs_make();
	snprintf(directory, sizeof(directory), "%s/card/mmcblk0rpmb", root);
	assert_int_equal(rpmb_emmc_describe(directory, &info, &error), 0);
	assert_string_equal(rpmb_cid_format(&info.cid, text), QEMU_CID);
	assert_int_equal(info.backend, RPMB_BACKEND_EMMC);
	assert_int_equal(info.size_units, 32);
	assert_int_equal(info.size_bytes, 4 << 20);
	assert_int_equal(info.block_count, 16384);
	assert_int_equal(info.reliable_write_sectors, 1);
	assert_int_equal(info.write_blocks_max, 32);
	assert_string_equal(info.name, "QEMU!!");
	put("enhanced_rpmb_supported", "0\n");
	assert_int_equal(rpmb_emmc_describe(directory, &info, NULL), 0);
	assert_int_equal(info.write_blocks_max, 2);
	put("enhanced_rpmb_supported", NULL);
	put("rel_sectors", NULL);
	put("name", "a\x1b[31mb\n");
	assert_int_equal(rpmb_emmc_describe(directory, &info, NULL), 0);
	assert_int_equal(info.write_blocks_max, 1);
	assert_string_equal(info.name, "a?[31mb");
	put("raw_rpmb_size_mult", "0x0\n");
	assert_int_equal(rpmb_emmc_describe(directory, &info, &error), -ENODEV);
	put("raw_rpmb_size_mult", "0x81\n");
	assert_int_equal(rpmb_emmc_describe(directory, &info, &error), -ENODEV);
	put("raw_rpmb_size_mult", "1 \n");
	assert_int_equal(rpmb_emmc_describe(directory, &info, &error), -ENODEV);
	put("raw_rpmb_size_mult", "1\n");
	put("cid", "no\n");
	assert_int_equal(rpmb_emmc_describe(directory, &info, &error), -ENODEV);
	put("cid", NULL);
	assert_int_equal(rpmb_emmc_describe(directory, &info, &error), -ENODEV);
	sysfs_remove();
	assert_int_equal(rpmb_emmc_describe("/nonexistent", &info, &error),
			 -ENODEV);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(everything_works_by_way_of_the_driver),
		TEST(a_card_of_single_blocks_is_written_in_single_blocks),
		TEST(a_failing_driver_is_reported),
		cmocka_unit_test(sysfs_describes_the_card),
	};

	return cmocka_run_group_tests_name("eMMC", tests, NULL, NULL);
}
