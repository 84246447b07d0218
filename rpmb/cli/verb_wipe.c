// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl wipe`: zeros over the data area, or over as much of it as makes
 * OP-TEE start its file system anew. The key stays whatever is done here, and
 * the write counter only ever goes up.
 *
 * OP-TEE's layout (core/tee/tee_rpmb_fs.c): at address 0 a header of four
 * little-endian numbers: magic, version, write counter, address of the FAT.
 * The FAT is a row of entries of one block each, up to the one that is marked
 * as the last. A header without its magic makes OP-TEE write a new one with
 * an empty FAT.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "data.h"
#include "keys.h"
#include "reach.h"
#include "verbs.h"

#define FS_MAGIC 0x52504d42
#define ENTRY_FLAGS_OFFSET 8
#define ENTRY_LAST 0x2

struct fs_header {
	uint32_t magic;
	uint32_t version;
	uint32_t write_counter;
	uint32_t fat_address;
};

_Static_assert(sizeof(struct fs_header) == 16, "OP-TEE's layout");

enum {
	OPT_DEVICE = OPT_KEY_END,
	OPT_DATA,
	OPT_FAT,
	OPT_COMMIT,
};

static const struct cli_option options[] = {
	KEY_OPTIONS,
	[OPT_DEVICE] = { "device", "DEVICE", DEVICE_HELP },
	[OPT_DATA] = { "data", NULL, "wipe the whole data area" },
	[OPT_FAT] = { "fat", NULL,
		      "wipe the header and the FAT of OP-TEE's file system" },
	[OPT_COMMIT] = { "commit", "CID",
			 "wipe the device that has this CID;\n"
			 "without, nothing is written (a dry run)" },
	{ NULL, NULL, NULL },
};

struct wipe {
	struct key_source source;
	const char *device;
	bool data;
	bool fat;
	struct rpmb_cid commit;
	bool has_commit;
};

/* -1: go on. */
static int parse(struct cli *cli, struct wipe *wipe)
{
	int option, code = CLI_OK;

	while (code == CLI_OK && (option = cli_next(cli)) >= 0) {
		switch (option) {
		case OPT_DEVICE:
			wipe->device = optarg;
			break;
		case OPT_DATA:
			wipe->data = true;
			break;
		case OPT_FAT:
			wipe->fat = true;
			break;
		case OPT_COMMIT:
			wipe->has_commit = true;
			code = cid_option(cli, optarg, &wipe->commit);
			break;
		default:
			code = key_source_option(cli, &wipe->source, option);
		}
	}
	if (code != CLI_OK)
		return code;
	code = cli_end(cli, option, 0, 0);
	if (code >= 0)
		return code;
	if (wipe->data == wipe->fat)
		return cli_fail(cli, CLI_KIND_USAGE, "say --data, or --fat",
				"what is to be wiped?");
	return -1;
}

static int fat_length(struct cli *cli, struct rpmb_device *device,
		      const struct rpmb_key *key, uint32_t first,
		      uint32_t *ret_entries)
{
	uint32_t end = rpmb_get_info(device)->block_count, block, flags;
	uint8_t entry[RPMB_BLOCK_BYTES];
	struct rpmb_error error;

	for (block = first; block < end; block++) {
		if (rpmb_read(device, key, block, 1, entry, &error) < 0)
			return data_fail(cli, &error);
		memcpy(&flags, entry + ENTRY_FLAGS_OFFSET, sizeof(flags));
		if (le32toh(flags) & ENTRY_LAST)
			break;
	}
	*ret_entries = block < end ? block - first + 1 : end - first;
	return CLI_OK;
}

/* How many blocks from 0 on the header and the FAT take. */
static int fat_blocks(struct cli *cli, struct rpmb_device *device,
		      const struct rpmb_key *key, uint32_t *ret_count)
{
	uint8_t block[RPMB_BLOCK_BYTES];
	uint32_t first, entries = 0;
	struct fs_header header;
	struct rpmb_error error;
	int code;

	if (rpmb_read(device, key, 0, 1, block, &error) < 0)
		return data_fail(cli, &error);
	memcpy(&header, block, sizeof(header));
	if (le32toh(header.magic) != FS_MAGIC)
		return cli_fail(
			cli, CLI_KIND_OTHER,
			"nothing needs wiping for OP-TEE; --data wipes all the same",
			"there is no file system of OP-TEE in it");
	first = le32toh(header.fat_address) / RPMB_BLOCK_BYTES;
	if (first == 0 || first >= rpmb_get_info(device)->block_count)
		return cli_fail(
			cli, CLI_KIND_OTHER, "use --data",
			"the header of OP-TEE's file system makes no sense");
	code = fat_length(cli, device, key, first, &entries);
	if (code != CLI_OK)
		return code;
	cli_put_number(cli, "fs_version", NULL, le32toh(header.version));
	cli_put_number(cli, "fat_entries", "FAT entries", entries);
	*ret_count = first + entries;
	return CLI_OK;
}

static int wipe_range(struct cli *cli, const struct wipe *wipe,
		      struct rpmb_device *device, const struct rpmb_key *key,
		      uint32_t *ret_count)
{
	struct rpmb_error error;

	/* Whether it is the right key must be known before the FAT is read. */
	if (rpmb_read_counter(device, key, &(uint32_t){ 0 }, &error) < 0)
		return reach_fail(cli, &error);
	if (wipe->fat)
		return fat_blocks(cli, device, key, ret_count);
	*ret_count = rpmb_get_info(device)->block_count;
	return CLI_OK;
}

static int wipe_device(struct cli *cli, const struct wipe *wipe,
		       struct rpmb_device *device, const struct rpmb_key *key)
{
	char cid[RPMB_CID_TEXT_BYTES];
	uint32_t count = 0, cost;
	int code;

	code = wipe_range(cli, wipe, device, key, &count);
	if (code != CLI_OK)
		return code;
	cost = rpmb_write_cost(device, 0, count);
	code = data_check_writable(cli, device, key, cost);
	if (code != CLI_OK)
		return code;
	cli_put_bool(cli, "dry_run", NULL, !wipe->has_commit);
	cli_put_number(cli, "blocks", "blocks to wipe", count);
	cli_put(cli, NULL, "",
		"the key stays, and the write counter can only go up: by %u",
		cost);
	if (!wipe->has_commit) {
		cli_put(cli, NULL, "result",
			"dry run: nothing was written; to do it, repeat with --commit %s",
			rpmb_cid_format(&rpmb_get_info(device)->cid, cid));
		return CLI_OK;
	}
	if (!cli->json)
		fflush(stdout);
	return data_write(cli, device, key, 0, count, NULL);
}

static int wipe_run(struct cli *cli, int argc, char **argv)
{
	struct wipe wipe = { .source = KEY_SOURCE_NONE };
	struct rpmb_device *device;
	struct rpmb_key *key = NULL;
	int code;

	(void)argc;
	(void)argv;
	code = parse(cli, &wipe);
	if (code >= 0)
		return code;
	code = cli_mode_permit(cli, CLI_DO_WIPE);
	if (code != CLI_OK)
		return code;
	code = reach_programmed(cli, wipe.device, &device);
	if (code != CLI_OK)
		return code;
	code = reach_check_cid(cli, device,
			       wipe.has_commit ? &wipe.commit : NULL, "commit");
	if (code == CLI_OK)
		code = key_load(cli, &wipe.source, &rpmb_get_info(device)->cid,
				&key);
	if (code == CLI_OK)
		code = wipe_device(cli, &wipe, device, key);
	rpmb_secret_free(key);
	rpmb_close(device);
	return code;
}

const struct cli_command cmd_wipe = {
	.name = "wipe",
	.synopsis = "KEY (--data | --fat) [--device DEVICE] [--commit CID]",
	.summary =
		"Writes zeros over the data, or over OP-TEE's FAT; a dry run without --commit",
	.description =
		"The key cannot be changed by this, nor by anything else, and the write counter\n"
		"cannot be set back: each write makes it go up.",
	.options = options,
	.run = wipe_run,
};
