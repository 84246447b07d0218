// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl emulate create` and `rpmbctl emulate info`: devices in files, for
 * dry runs of a line and for tests. How they behave is librpmb's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "reach.h"
#include "verbs.h"

#define SIZE_DEFAULT (4 * 1024 * 1024)

enum {
	OPT_SIZE,
	OPT_CID,
	OPT_RELIABLE_WRITE,
	OPT_ENHANCED,
	OPT_COUNTER,
};

static const struct cli_option create_options[] = {
	[OPT_SIZE] = { "size", "SIZE",
		       "of the data area, in units of 128K (default: 4M)" },
	[OPT_CID] = { "cid", "CID", "the device's (default: a new one)" },
	[OPT_RELIABLE_WRITE] = { "reliable-write", "N",
				 "sectors in a reliable write (default: 1)" },
	[OPT_ENHANCED] = { "enhanced", NULL,
			   "take writes of 32 blocks at once" },
	[OPT_COUNTER] = { "counter", "N",
			  "where the write counter starts (default: 0)" },
	{ NULL, NULL, NULL },
};

/* JEDEC 7.2.9: CRC7 of the first 15 bytes, above a bit that is always 1. */
static uint8_t cid_crc(const uint8_t *bytes)
{
	unsigned int crc = 0, n, bit;

	for (n = 0; n < RPMB_CID_CRC_OFFSET; n++) {
		crc ^= bytes[n];
		for (bit = 0; bit < 8; bit++)
			crc = crc & 0x80 ? (crc << 1) ^ (0x09 << 1) : crc << 1;
	}
	return (uint8_t)((crc & 0xfe) | 1);
}

/* Another serial number every time, so that emulated devices are as many. */
static int cid_make(struct cli *cli, struct rpmb_cid *ret_cid)
{
	static const struct rpmb_cid model = { { 0xfe, 0x01, 0x4e, 'T', 'G',
						 'E', 'M', 'U', 'L', 0x10, 0, 0,
						 0, 0, 0x1d } };

	*ret_cid = model;
	if (getrandom(ret_cid->bytes + 10, 4, 0) != 4)
		return cli_fail(cli, CLI_KIND_OTHER, "say --cid",
				"there are no random numbers for a CID");
	ret_cid->bytes[RPMB_CID_CRC_OFFSET] = cid_crc(ret_cid->bytes);
	return CLI_OK;
}

static int number_option(struct cli *cli, bool sizes, uint32_t *ret_value)
{
	uint64_t value;

	if (!cli_number_parse(optarg, true, sizes ? "KMG" : "", &value) ||
	    value > UINT32_MAX)
		return cli_fail(cli, CLI_KIND_USAGE,
				sizes ? "give a size as 131072, 128K or 4M" :
					NULL,
				"that is not a number that fits");
	*ret_value = (uint32_t)value;
	return CLI_OK;
}

static int create_parse(struct cli *cli, struct rpmb_emulate_options *emulate,
			bool *ret_has_cid)
{
	int option, code = CLI_OK;

	while (code == CLI_OK && (option = cli_next(cli)) >= 0) {
		switch (option) {
		case OPT_SIZE:
			code = number_option(cli, true, &emulate->size_bytes);
			break;
		case OPT_CID:
			*ret_has_cid = true;
			code = cid_option(cli, optarg, &emulate->cid);
			break;
		case OPT_RELIABLE_WRITE:
			code = number_option(cli, false,
					     &emulate->reliable_write_sectors);
			break;
		case OPT_ENHANCED:
			emulate->enhanced_writes = true;
			break;
		default:
			code = number_option(cli, false,
					     &emulate->write_counter);
		}
	}
	return code != CLI_OK ? code : cli_end(cli, option, 1, 1);
}

static int create_fail(struct cli *cli, const char *path,
		       const struct rpmb_error *error)
{
	if (error->err == -EEXIST)
		return cli_fail(cli, CLI_KIND_EXISTS,
				"name a file that does not exist",
				"%s is there already and was left as it is",
				path);
	if (error->err == -EINVAL)
		return cli_fail(cli, CLI_KIND_USAGE,
				"see rpmbctl emulate create --help", "%s",
				error->text);
	return cli_fail(cli, CLI_KIND_IO, NULL, "%s", error->text);
}

static int create_run(struct cli *cli, int argc, char **argv)
{
	struct rpmb_emulate_options emulate = { .size_bytes = SIZE_DEFAULT };
	char cid[RPMB_CID_TEXT_BYTES];
	struct rpmb_error error;
	bool has_cid = false;
	const char *path;
	int code;

	(void)argc;
	code = create_parse(cli, &emulate, &has_cid);
	if (code >= 0)
		return code;
	path = argv[optind];
	if (!has_cid) {
		code = cid_make(cli, &emulate.cid);
		if (code != CLI_OK)
			return code;
	}
	if (rpmb_emulate_create(path, &emulate, &error) < 0)
		return create_fail(cli, path, &error);
	cli_put(cli, "device", "device", "file:%s", path);
	cli_put(cli, "cid", "CID", "%s", rpmb_cid_format(&emulate.cid, cid));
	cli_put_number(cli, "size_bytes", "bytes", emulate.size_bytes);
	return CLI_OK;
}

const struct cli_command cmd_emulate_create = {
	.name = "emulate create",
	.synopsis =
		"[--size SIZE] [--cid CID] [--reliable-write N] [--enhanced] [--counter N] PATH",
	.summary = "Makes an emulated device without a key",
	.description =
		"It is used as --device file:PATH. Once programmed the file holds the key in clear:\n"
		"it is a device, not a safe.",
	.options = create_options,
	.run = create_run,
};

static const struct cli_option info_options[] = { { NULL, NULL, NULL } };

static int info_put(struct cli *cli, struct rpmb_device *device)
{
	const struct rpmb_info *info = rpmb_get_info(device);
	enum rpmb_key_state state;
	struct rpmb_error error;
	uint32_t counter;

	if (rpmb_probe_state(device, &state, &counter, &error) < 0)
		return reach_fail(cli, &error);
	cli_put_number(cli, "size_bytes", "bytes", info->size_bytes);
	cli_put_number(cli, "blocks", "blocks", info->block_count);
	cli_put_number(cli, "reliable_write_sectors", "reliable write",
		       info->reliable_write_sectors);
	cli_put_number(cli, "write_blocks_max", "blocks at once",
		       info->write_blocks_max);
	cli_put_bool(cli, "programmed", "programmed",
		     state == RPMB_KEY_PROGRAMMED);
	cli_put_number(cli, "write_counter", "write counter", counter);
	return CLI_OK;
}

static int info_run(struct cli *cli, int argc, char **argv)
{
	struct rpmb_device *device;
	char spec[4200];
	int code;

	(void)argc;
	code = cli_end(cli, cli_next(cli), 1, 1);
	if (code >= 0)
		return code;
	snprintf(spec, sizeof(spec), "file:%s", argv[optind]);
	code = reach_device(cli, spec, &device);
	if (code != CLI_OK)
		return code;
	code = info_put(cli, device);
	rpmb_close(device);
	return code;
}

const struct cli_command cmd_emulate_info = {
	.name = "emulate info",
	.synopsis = "PATH",
	.summary = "Shows what an emulated device is and how it stands",
	.options = info_options,
	.run = info_run,
};
