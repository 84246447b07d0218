// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl key derive`: which key OP-TEE derives from a HUK for a device,
 * without either of them. The way itself is librpmb's.
 */
#include <errno.h>

#include "keys.h"
#include "reach.h"
#include "verbs.h"

enum {
	OPT_CID,
	OPT_DEVICE,
	OPT_HUK_FD,
	OPT_HUK_FILE,
	OPT_COMPAT,
	OPT_OUT_FD,
	OPT_OUT_FILE,
	OPT_HEX,
};

static const struct cli_option options[] = {
	[OPT_CID] = { "cid", "CID", "of the device" },
	[OPT_DEVICE] = { "device", "DEVICE", "take the CID from this device" },
	[OPT_HUK_FD] = { "huk-fd", "N",
			 "read the HUK (16 to 64 bytes) from file descriptor N" },
	[OPT_HUK_FILE] = { "huk-file", "PATH",
			   "read the HUK from a file of mode 0600" },
	[OPT_COMPAT] = { "compat", NULL,
			 "as with CFG_CORE_HUK_SUBKEY_COMPAT=y" },
	[OPT_OUT_FD] = { "out-fd", "N", OUT_FD_HELP },
	[OPT_OUT_FILE] = { "out-file", "PATH", OUT_FILE_HELP },
	[OPT_HEX] = { "hex", NULL, HEX_HELP },
	{ NULL, NULL, NULL },
};

struct derive {
	const char *device;
	const char *huk_file;
	int huk_fd;
	struct rpmb_cid cid;
	bool has_cid;
	bool compat;
	struct key_sink sink;
};

static int derive_option(struct cli *cli, struct derive *derive, int option)
{
	switch (option) {
	case OPT_CID:
		derive->has_cid = true;
		return cid_option(cli, optarg, &derive->cid);
	case OPT_DEVICE:
		derive->device = optarg;
		return CLI_OK;
	case OPT_HUK_FD:
		return fd_option(cli, optarg, &derive->huk_fd);
	case OPT_HUK_FILE:
		derive->huk_file = optarg;
		return CLI_OK;
	case OPT_COMPAT:
		derive->compat = true;
		return CLI_OK;
	case OPT_OUT_FD:
		return key_sink_fd(cli, &derive->sink, optarg);
	case OPT_OUT_FILE:
		derive->sink.file = optarg;
		return CLI_OK;
	default:
		derive->sink.hex = true;
		return CLI_OK;
	}
}

static int parse(struct cli *cli, struct derive *derive)
{
	int option, code = CLI_OK;

	while (code == CLI_OK && (option = cli_next(cli)) >= 0)
		code = derive_option(cli, derive, option);
	if (code != CLI_OK)
		return code;
	code = cli_end(cli, option, 0, 0);
	if (code >= 0)
		return code;
	if (!derive->has_cid == !derive->device)
		return cli_fail(cli, CLI_KIND_USAGE, "say --cid, or --device",
				"for which device?");
	if ((derive->huk_fd < 0) == !derive->huk_file)
		return cli_fail(cli, CLI_KIND_USAGE,
				"say --huk-file, or --huk-fd",
				"from which HUK?");
	return -1;
}

static int derive_cid(struct cli *cli, struct derive *derive)
{
	char text[RPMB_CID_TEXT_BYTES];
	struct rpmb_device *device;
	int code;

	if (derive->has_cid) {
		cli_put(cli, "cid", "CID", "%s",
			rpmb_cid_format(&derive->cid, text));
		return CLI_OK;
	}
	code = reach_device(cli, derive->device, &device);
	if (code != CLI_OK)
		return code;
	derive->cid = rpmb_get_info(device)->cid;
	rpmb_close(device);
	return CLI_OK;
}

static int derive_key(struct cli *cli, const struct derive *derive,
		      const void *huk, size_t bytes)
{
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	int err, code;

	if (!key)
		return cli_fail(cli, CLI_KIND_MEMORY,
				"raise the limit (ulimit -l)",
				"no memory can be locked for the key");
	err = rpmb_derive_key(huk, bytes, &derive->cid,
			      derive->compat ? RPMB_DERIVE_COMPAT : 0, key);
	if (err == -EINVAL)
		code = cli_fail(cli, CLI_KIND_USAGE,
				"give it raw, in 16 to 64 bytes",
				"%zu bytes are no HUK", bytes);
	else if (err < 0)
		code = cli_fail(cli, CLI_KIND_OTHER, NULL,
				"OpenSSL cannot compute the key");
	else
		code = key_put_fingerprint(cli, key);
	if (code == CLI_OK)
		cli_put(cli, "derivation", "derivation",
			derive->compat ? "HUK, compat" : "HUK");
	if (code == CLI_OK && key_sink_given(&derive->sink))
		code = key_write(cli, &derive->sink, key);
	rpmb_secret_free(key);
	return code;
}

static int derive_run(struct cli *cli, int argc, char **argv)
{
	struct derive derive = { .huk_fd = -1, .sink = KEY_SINK_NONE };
	size_t bytes;
	void *huk;
	int code;

	(void)argc;
	(void)argv;
	code = parse(cli, &derive);
	if (code >= 0)
		return code;
	code = sink_check(cli, &derive.sink);
	if (code == CLI_OK)
		code = derive_cid(cli, &derive);
	if (code != CLI_OK)
		return code;
	if (derive.huk_file)
		code = secret_read_file(cli, derive.huk_file, "HUK",
					RPMB_HUK_BYTES_MAX, &huk, &bytes);
	else
		code = secret_read_fd(cli, derive.huk_fd, "HUK",
				      RPMB_HUK_BYTES_MAX, &huk, &bytes);
	if (code != CLI_OK)
		return code;
	code = derive_key(cli, &derive, huk, bytes);
	rpmb_secret_free(huk);
	return code;
}

const struct cli_command cmd_key_derive = {
	.name = "key derive",
	.synopsis =
		"(--huk-fd N | --huk-file PATH) (--cid CID | --device DEVICE) [--compat] [--out-file PATH | --out-fd N]",
	.summary =
		"Computes the key that OP-TEE derives from a HUK, for comparison",
	.description =
		"Without --out-file and --out-fd only the fingerprint is shown. A platform that\n"
		"derives keys in its own way has another key than this.",
	.options = options,
	.run = derive_run,
};
