// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl read` and `rpmbctl dump`: the data area, or a part of it. Nothing is
 * written to the device. Data is no key: it may be shown.
 */
#include <stdlib.h>

#include "data.h"
#include "keys.h"
#include "progress.h"
#include "reach.h"
#include "verbs.h"

struct read {
	struct key_source source;
	const char *device;
	uint32_t first;
	uint32_t count; /* 0: all */
	struct key_sink sink;
};

static int read_blocks(struct cli *cli, struct rpmb_device *device,
		       const struct rpmb_key *key, const struct read *read,
		       uint8_t *data)
{
	struct progress progress;
	struct rpmb_error error;
	uint32_t done, step;
	int err = 0;

	progress_start(&progress, "reading", read->count);
	for (done = 0; err == 0 && done < read->count; done += step) {
		step = read->count - done < DATA_STEP_BLOCKS ?
			       read->count - done :
			       DATA_STEP_BLOCKS;
		err = rpmb_read(device, key, read->first + done, step,
				data + (size_t)done * RPMB_BLOCK_BYTES, &error);
		progress_update(&progress, done + step);
	}
	progress_end(&progress);
	return err < 0 ? data_fail(cli, &error) : CLI_OK;
}

/* What was read in steps is of one moment only if nobody wrote meanwhile. */
static int read_whole(struct cli *cli, struct rpmb_device *device,
		      const struct rpmb_key *key, const struct read *read,
		      uint8_t *data)
{
	struct rpmb_error error;
	uint32_t before, after;
	int code;

	if (rpmb_read_counter(device, key, &before, &error) < 0)
		return reach_fail(cli, &error);
	code = read_blocks(cli, device, key, read, data);
	if (code != CLI_OK)
		return code;
	if (rpmb_read_counter(device, key, &after, &error) < 0)
		return data_fail(cli, &error);
	if (before != after)
		return cli_fail(cli, CLI_KIND_CHANGED, "repeat",
				"somebody wrote while it was read");
	cli_put_number(cli, "write_counter", "write counter", after);
	return CLI_OK;
}

static int read_and_write(struct cli *cli, struct rpmb_device *device,
			  const struct rpmb_key *key, const struct read *read)
{
	size_t bytes = (size_t)read->count * RPMB_BLOCK_BYTES;
	uint8_t *data = malloc(bytes);
	int code;

	if (!data)
		return cli_fail(cli, CLI_KIND_MEMORY, NULL, "out of memory");
	code = read_whole(cli, device, key, read, data);
	if (code == CLI_OK) {
		cli_put_number(cli, "first_block", "first block", read->first);
		cli_put_number(cli, "blocks", "blocks", read->count);
		cli_put_bool(cli, "authenticated", "authenticated",
			     key != NULL);
		if (key_sink_given(&read->sink))
			code = sink_write(cli, &read->sink, data, bytes);
		else
			cli_put_hex(cli, "data", "data", data, bytes);
	}
	free(data);
	return code;
}

static int read_device(struct cli *cli, struct read *read)
{
	const struct rpmb_info *info;
	struct rpmb_device *device;
	struct rpmb_key *key = NULL;
	int code;

	code = sink_check(cli, &read->sink);
	if (code != CLI_OK)
		return code;
	code = reach_programmed(cli, read->device, &device);
	if (code != CLI_OK)
		return code;
	info = rpmb_get_info(device);
	if (!read->count)
		read->count = info->block_count;
	code = data_check_range(cli, info, read->first, read->count);
	if (code == CLI_OK)
		code = key_load_optional(cli, &read->source, &info->cid, &key);
	if (code == CLI_OK)
		code = read_and_write(cli, device, key, read);
	rpmb_secret_free(key);
	rpmb_close(device);
	return code;
}

enum {
	OPT_DEVICE = OPT_KEY_END,
	OPT_OUT_FD,
	OPT_OUT_FILE,
	/* Of read alone. */
	OPT_BLOCK,
	OPT_COUNT,
};

static int read_option(struct cli *cli, struct read *read, int option)
{
	switch (option) {
	case OPT_DEVICE:
		read->device = optarg;
		return CLI_OK;
	case OPT_OUT_FD:
		return key_sink_fd(cli, &read->sink, optarg);
	case OPT_OUT_FILE:
		read->sink.file = optarg;
		return CLI_OK;
	case OPT_BLOCK:
		return data_block_option(cli, optarg, 0, &read->first);
	case OPT_COUNT:
		return data_block_option(cli, optarg, 1, &read->count);
	default:
		return key_source_option(cli, &read->source, option);
	}
}

/* -1: go on. */
static int parse(struct cli *cli, struct read *read)
{
	int option, code = CLI_OK;

	while (code == CLI_OK && (option = cli_next(cli)) >= 0)
		code = read_option(cli, read, option);
	return code != CLI_OK ? code : cli_end(cli, option, 0, 0);
}

static const struct cli_option read_options[] = {
	KEY_OPTIONS,
	[OPT_DEVICE] = { "device", "DEVICE", DEVICE_HELP },
	[OPT_OUT_FD] = { "out-fd", "N", OUT_FD_HELP },
	[OPT_OUT_FILE] = { "out-file", "PATH", OUT_FILE_HELP },
	[OPT_BLOCK] = { "block", "N",
			"the first block of 256 bytes (default: 0)" },
	[OPT_COUNT] = { "count", "N", "how many (default: 1)" },
	{ NULL, NULL, NULL },
};

static int read_run(struct cli *cli, int argc, char **argv)
{
	struct read read = { .source = KEY_SOURCE_NONE,
			     .count = 1,
			     .sink = KEY_SINK_NONE };
	int code = parse(cli, &read);

	(void)argc;
	(void)argv;
	return code >= 0 ? code : read_device(cli, &read);
}

const struct cli_command cmd_read = {
	.name = "read",
	.synopsis =
		"[--device DEVICE] [KEY] [--block N] [--count N] [--out-file PATH | --out-fd N]",
	.summary =
		"Reads blocks of 256 bytes; with a key, checks that they are authentic",
	.options = read_options,
	.run = read_run,
};

static const struct cli_option dump_options[] = {
	KEY_OPTIONS,
	[OPT_DEVICE] = { "device", "DEVICE", DEVICE_HELP },
	[OPT_OUT_FD] = { "out-fd", "N", OUT_FD_HELP },
	[OPT_OUT_FILE] = { "out-file", "PATH", OUT_FILE_HELP },
	{ NULL, NULL, NULL },
};

static int dump_run(struct cli *cli, int argc, char **argv)
{
	struct read read = { .source = KEY_SOURCE_NONE, .sink = KEY_SINK_NONE };
	int code = parse(cli, &read);

	(void)argc;
	(void)argv;
	if (code >= 0)
		return code;
	if (!key_sink_given(&read.sink))
		return cli_fail(cli, CLI_KIND_USAGE,
				"say --out-file, or --out-fd",
				"where to with the data?");
	return read_device(cli, &read);
}

const struct cli_command cmd_dump = {
	.name = "dump",
	.synopsis = "[--device DEVICE] [KEY] (--out-file PATH | --out-fd N)",
	.summary = "Reads the whole data area",
	.description =
		"Fails if somebody wrote meanwhile, so that what is read is of one moment.",
	.options = dump_options,
	.run = dump_run,
};
