/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of the data area, for the verbs that read and write them.
 */
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include <rpmb.h>

#include "cli.h"

/* Between two looks at the progress; a multiple of every reliable write. */
#define DATA_STEP_BLOCKS 64

/* A number of blocks of an option, at least @least. CLI_OK or CLI_USAGE. */
int data_block_option(struct cli *cli, const char *text, uint32_t least,
		      uint32_t *ret_value);

/* CLI_OK if the device has all of these blocks; else CLI_USAGE, said. */
int data_check_range(struct cli *cli, const struct rpmb_info *info,
		     uint32_t first, uint32_t count);

/*
 * data_check_writable - whether the key is right and the counter suffices
 * @cost: counts of the write counter that will be used
 *
 * Puts "write_counter" and "counter_cost". CLI_OK or an exit code.
 */
int data_check_writable(struct cli *cli, struct rpmb_device *device,
			const struct rpmb_key *key, uint32_t cost);

/*
 * data_fail - reach_fail() for reading with a key that fitted the counter
 *
 * Such a key fits the data: if then a MAC does not fit, it is not the key
 * that is wrong (CLI_MISMATCH).
 */
int data_fail(struct cli *cli, const struct rpmb_error *error);

/*
 * data_write - writes with progress
 * @data: @count blocks; NULL: zeros
 *
 * Puts "blocks_written". CLI_OK or an exit code, with what was written said.
 */
int data_write(struct cli *cli, struct rpmb_device *device,
	       const struct rpmb_key *key, uint32_t first, uint32_t count,
	       const uint8_t *data);

#endif
