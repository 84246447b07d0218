// SPDX-License-Identifier: BSD-2-Clause
/*
 * Blocks of the data area: ranges, what a write costs, and writing itself with
 * progress. Which blocks and why is the verbs'.
 */
#include <errno.h>

#include "data.h"
#include "progress.h"
#include "reach.h"

int data_block_option(struct cli *cli, const char *text, uint32_t least,
		      uint32_t *ret_value)
{
	uint64_t value;

	if (!cli_number_parse(text, true, "", &value) || value < least ||
	    value > UINT32_MAX)
		return cli_fail(cli, CLI_KIND_USAGE,
				"blocks have 256 bytes and are counted from 0",
				"that is not a number of blocks");
	*ret_value = (uint32_t)value;
	return CLI_OK;
}

int data_check_range(struct cli *cli, const struct rpmb_info *info,
		     uint32_t first, uint32_t count)
{
	if (first < info->block_count && count <= info->block_count - first)
		return CLI_OK;
	return cli_fail(cli, CLI_KIND_USAGE, "stay within them",
			"the device has blocks 0 to %u, not %u from %u on",
			info->block_count - 1, count, first);
}

int data_check_writable(struct cli *cli, struct rpmb_device *device,
			const struct rpmb_key *key, uint32_t cost)
{
	struct rpmb_error error;
	uint32_t counter;

	if (rpmb_read_counter(device, key, &counter, &error) < 0)
		return reach_fail(cli, &error);
	cli_put_number(cli, "write_counter", "write counter", counter);
	cli_put_number(cli, "counter_cost", NULL, cost);
	if (cost <= UINT32_MAX - counter)
		return CLI_OK;
	return cli_fail(
		cli, CLI_KIND_EXPIRED, "nothing was written",
		"the write counter has %u counts left, and %u are needed",
		UINT32_MAX - counter, cost);
}

int data_fail(struct cli *cli, const struct rpmb_error *error)
{
	if (error->err == -EBADMSG)
		return cli_fail(
			cli, CLI_KIND_TAMPERED, "trust nothing of it",
			"the key is right, yet what was read is not authentic");
	return reach_fail(cli, error);
}

int data_write(struct cli *cli, struct rpmb_device *device,
	       const struct rpmb_key *key, uint32_t first, uint32_t count,
	       const uint8_t *data)
{
	static const uint8_t zeros[DATA_STEP_BLOCKS * RPMB_BLOCK_BYTES];
	uint32_t done = 0, step, written = 0;
	struct progress progress;
	struct rpmb_error error;
	int err = 0;

	progress_start(&progress, "writing", count);
	while (err == 0 && done < count) {
		/* Steps end where the device's own largest writes end. */
		step = DATA_STEP_BLOCKS - (first + done) % DATA_STEP_BLOCKS;
		if (step > count - done)
			step = count - done;
		err = rpmb_write(device, key, first + done, step,
				 data ? data + (size_t)done * RPMB_BLOCK_BYTES :
					zeros,
				 &written, &error);
		done += written;
		progress_update(&progress, done);
	}
	progress_end(&progress);
	cli_put_number(cli, "blocks_written", "blocks written", done);
	return err < 0 ? reach_fail(cli, &error) : CLI_OK;
}
