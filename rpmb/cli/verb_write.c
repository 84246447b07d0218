// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl write`: blocks into the data area, for boards under development.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data.h"
#include "keys.h"
#include "reach.h"
#include "verbs.h"

enum {
	OPT_DEVICE = OPT_KEY_END,
	OPT_BLOCK,
	OPT_IN_FD,
	OPT_IN_FILE,
	OPT_PAD,
};

static const struct cli_option options[] = {
	KEY_OPTIONS,
	[OPT_DEVICE] = { "device", "DEVICE", DEVICE_HELP },
	[OPT_BLOCK] = { "block", "N",
			"the first block of 256 bytes (default: 0)" },
	[OPT_IN_FD] = { "in-fd", "N", "read the data from file descriptor N" },
	[OPT_IN_FILE] = { "in-file", "PATH", "read the data from a file" },
	[OPT_PAD] = { "pad", NULL, "fill the last block up with zeros" },
	{ NULL, NULL, NULL },
};

struct write {
	struct key_source source;
	const char *device;
	uint32_t first;
	int in_fd;
	const char *in_file;
	bool pad;
};

static int write_option(struct cli *cli, struct write *write, int option)
{
	switch (option) {
	case OPT_DEVICE:
		write->device = optarg;
		return CLI_OK;
	case OPT_BLOCK:
		return data_block_option(cli, optarg, 0, &write->first);
	case OPT_IN_FD:
		return fd_option(cli, optarg, &write->in_fd);
	case OPT_IN_FILE:
		write->in_file = optarg;
		return CLI_OK;
	case OPT_PAD:
		write->pad = true;
		return CLI_OK;
	default:
		return key_source_option(cli, &write->source, option);
	}
}

/* -1: go on. */
static int parse(struct cli *cli, struct write *write)
{
	int option, code = CLI_OK;

	while (code == CLI_OK && (option = cli_next(cli)) >= 0)
		code = write_option(cli, write, option);
	if (code != CLI_OK)
		return code;
	code = cli_end(cli, option, 0, 0);
	if (code >= 0)
		return code;
	if ((write->in_fd < 0) == !write->in_file)
		return cli_fail(cli, CLI_KIND_USAGE,
				"say --in-file, or --in-fd", "which data?");
	return -1;
}

/* At most as much as the device has room for; @ret_data is zero behind it. */
static int read_input(struct cli *cli, int fd, size_t max, uint8_t **ret_data,
		      size_t *ret_bytes)
{
	uint8_t *data = calloc(1, max + 1);
	size_t bytes = 0;
	ssize_t got;

	if (!data)
		return cli_fail(cli, CLI_KIND_MEMORY, NULL, "out of memory");
	do {
		got = read(fd, data + bytes, max + 1 - bytes);
		if (got > 0)
			bytes += (size_t)got;
	} while (bytes <= max && (got > 0 || (got < 0 && errno == EINTR)));
	if (got < 0 || bytes > max) {
		free(data);
		if (got < 0)
			return cli_fail(cli, CLI_KIND_IO, NULL,
					"cannot read the data: %s",
					strerror(errno));
		return cli_fail(cli, CLI_KIND_USAGE, "nothing was written",
				"there is more data than room: %zu bytes", max);
	}
	*ret_data = data;
	*ret_bytes = bytes;
	return CLI_OK;
}

static int load_input(struct cli *cli, const struct write *write, size_t max,
		      uint8_t **ret_data, uint32_t *ret_count)
{
	size_t bytes = 0;
	int fd = write->in_fd, code;

	if (write->in_file)
		fd = open(write->in_file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cli_fail(cli, CLI_KIND_IO, NULL, "cannot read %s: %s",
				write->in_file, strerror(errno));
	code = read_input(cli, fd, max, ret_data, &bytes);
	if (write->in_file)
		close(fd);
	if (code != CLI_OK)
		return code;
	*ret_count =
		(uint32_t)((bytes + RPMB_BLOCK_BYTES - 1) / RPMB_BLOCK_BYTES);
	if (bytes > 0 && (bytes % RPMB_BLOCK_BYTES == 0 || write->pad))
		return CLI_OK;
	free(*ret_data);
	return cli_fail(cli, CLI_KIND_USAGE,
			bytes ? "say --pad to fill the last one with zeros" :
				"nothing was written",
			"%zu bytes are not a number of whole blocks", bytes);
}

static int write_data(struct cli *cli, struct rpmb_device *device,
		      const struct rpmb_key *key, const struct write *write)
{
	const struct rpmb_info *info = rpmb_get_info(device);
	uint8_t *data = NULL;
	uint32_t count = 0;
	int code;

	code = data_check_range(cli, info, write->first, 1);
	if (code != CLI_OK)
		return code;
	code = load_input(cli, write,
			  (size_t)(info->block_count - write->first) *
				  RPMB_BLOCK_BYTES,
			  &data, &count);
	if (code != CLI_OK)
		return code;
	code = data_check_writable(
		cli, device, key, rpmb_write_cost(device, write->first, count));
	if (code == CLI_OK)
		code = data_write(cli, device, key, write->first, count, data);
	free(data);
	return code;
}

static int write_run(struct cli *cli, int argc, char **argv)
{
	struct write write = { .source = KEY_SOURCE_NONE, .in_fd = -1 };
	struct rpmb_device *device;
	struct rpmb_key *key;
	int code;

	(void)argc;
	(void)argv;
	code = parse(cli, &write);
	if (code >= 0)
		return code;
	code = cli_mode_permit(cli, CLI_DO_WRITE);
	if (code != CLI_OK)
		return code;
	code = reach_programmed(cli, write.device, &device);
	if (code != CLI_OK)
		return code;
	code = key_load(cli, &write.source, &rpmb_get_info(device)->cid, &key);
	if (code == CLI_OK)
		code = write_data(cli, device, key, &write);
	rpmb_secret_free(key);
	rpmb_close(device);
	return code;
}

const struct cli_command cmd_write = {
	.name = "write",
	.synopsis =
		"KEY [--device DEVICE] [--block N] [--pad] (--in-file PATH | --in-fd N)",
	.summary = "Writes blocks of 256 bytes",
	.options = options,
	.run = write_run,
};
