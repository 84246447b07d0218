// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl unseal`: opens a sealed key with the private key, far from any
 * line. Its format is in rpmb.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "keys.h"
#include "reach.h"
#include "verb_store.h"
#include "verbs.h"

enum {
	OPT_IN_FD,
	OPT_IN_FILE,
	OPT_IDENTITY,
	OPT_CID,
	OPT_OUT_FD,
	OPT_OUT_FILE,
	OPT_HEX,
};

static const struct cli_option options[] = {
	[OPT_IN_FD] = { "in-fd", "N",
			"read the sealed key from file descriptor N" },
	[OPT_IN_FILE] = { "in-file", "PATH",
			  "read the sealed key from a file" },
	[OPT_IDENTITY] = { "identity", "PRIVATE",
			   "the private key: a PEM file of mode 0600, or a\n"
			   "PKCS#11 URI" },
	[OPT_CID] = { "cid", "CID", "refuse the key of another device" },
	[OPT_OUT_FD] = { "out-fd", "N", OUT_FD_HELP },
	[OPT_OUT_FILE] = { "out-file", "PATH", OUT_FILE_HELP },
	[OPT_HEX] = { "hex", NULL, HEX_HELP },
	{ NULL, NULL, NULL },
};

struct unseal {
	int in_fd;
	const char *in_file;
	const char *identity;
	struct rpmb_cid cid;
	bool has_cid;
	struct key_sink sink;
};

static int unseal_option(struct cli *cli, struct unseal *unseal, int option)
{
	switch (option) {
	case OPT_IN_FD:
		return fd_option(cli, optarg, &unseal->in_fd);
	case OPT_IN_FILE:
		unseal->in_file = optarg;
		return CLI_OK;
	case OPT_IDENTITY:
		unseal->identity = optarg;
		return CLI_OK;
	case OPT_CID:
		unseal->has_cid = true;
		return cid_option(cli, optarg, &unseal->cid);
	case OPT_OUT_FD:
		return key_sink_fd(cli, &unseal->sink, optarg);
	case OPT_OUT_FILE:
		unseal->sink.file = optarg;
		return CLI_OK;
	default:
		unseal->sink.hex = true;
		return CLI_OK;
	}
}

/* -1: go on. */
static int parse(struct cli *cli, struct unseal *unseal)
{
	int option, code = CLI_OK;

	while (code == CLI_OK && (option = cli_next(cli)) >= 0)
		code = unseal_option(cli, unseal, option);
	if (code != CLI_OK)
		return code;
	code = cli_end(cli, option, 0, 0);
	if (code >= 0)
		return code;
	if ((unseal->in_fd < 0) == !unseal->in_file)
		return cli_fail(cli, CLI_KIND_USAGE,
				"say --in-file, or --in-fd",
				"which sealed key?");
	if (!unseal->identity)
		return cli_fail(cli, CLI_KIND_USAGE,
				"say --identity, a PEM file or a PKCS#11 URI",
				"with which private key?");
	return -1;
}

static int read_blob(struct cli *cli, const struct unseal *unseal,
		     uint8_t *blob, size_t *bytes)
{
	size_t max = *bytes;
	int fd = unseal->in_fd;
	ssize_t got;

	if (unseal->in_file)
		fd = open(unseal->in_file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cli_fail(cli, CLI_KIND_IO, NULL, "cannot read %s: %s",
				unseal->in_file, strerror(errno));
	*bytes = 0;
	do {
		got = read(fd, blob + *bytes, max - *bytes);
		if (got > 0)
			*bytes += (size_t)got;
	} while ((got > 0 && *bytes < max) || (got < 0 && errno == EINTR));
	if (unseal->in_file)
		close(fd);
	if (got >= 0)
		return CLI_OK;
	return cli_fail(cli, CLI_KIND_IO, NULL,
			"cannot read the sealed key: %s", strerror(errno));
}

static int put_header(struct cli *cli, const struct unseal *unseal,
		      const uint8_t *blob, size_t bytes)
{
	static const char *const origins[] = {
		[RPMB_ORIGIN_OPTEE] = "OP-TEE",
		[RPMB_ORIGIN_STATION] = "station",
		[RPMB_ORIGIN_OTHER] = "other",
	};
	char fingerprint[RPMB_FINGERPRINT_TEXT_BYTES];
	struct rpmb_sealed_header header;
	char cid[RPMB_CID_TEXT_BYTES];
	struct rpmb_error error;

	if (rpmb_sealed_parse(blob, bytes, &header, &error) < 0)
		return cli_fail(cli, CLI_KIND_TAMPERED,
				"see where it comes from", "%s", error.text);
	cli_put(cli, "cid", "CID", "%s", rpmb_cid_format(&header.cid, cid));
	cli_put(cli, "fingerprint", "fingerprint", "%s",
		rpmb_fingerprint_format(&header.fingerprint, fingerprint));
	cli_put(cli, "sealed_by", "sealed by", "%s", origins[header.origin]);
	if (unseal->has_cid &&
	    memcmp(&unseal->cid, &header.cid, sizeof(header.cid)) != 0)
		return cli_fail(cli, CLI_KIND_MISMATCH,
				"name the one that is meant",
				"the sealed key is of another device");
	return CLI_OK;
}

static int open_blob(struct cli *cli, const struct unseal *unseal,
		     const uint8_t *blob, size_t bytes)
{
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	struct rpmb_store_error error = { 0 };
	int err, code = CLI_OK;

	if (!key)
		return cli_fail(cli, CLI_KIND_MEMORY,
				"raise the limit (ulimit -l)",
				"no memory can be locked for the key");
	err = rpmb_store_unseal(unseal->identity, blob, bytes, &error, key);
	if (err < 0)
		code = store_fail_put(cli, &error);
	else
		cli_put_bool(cli, "authentic", "authentic", true);
	if (code == CLI_OK && key_sink_given(&unseal->sink))
		code = key_write(cli, &unseal->sink, key);
	rpmb_secret_free(key);
	return code;
}

static int unseal_run(struct cli *cli, int argc, char **argv)
{
	struct unseal unseal = { .in_fd = -1, .sink = KEY_SINK_NONE };
	/* One more, so that what is too long is seen as that. */
	uint8_t blob[RPMB_SEALED_BYTES_MAX + 1];
	size_t bytes = sizeof(blob);
	int code;

	(void)argc;
	(void)argv;
	code = parse(cli, &unseal);
	if (code >= 0)
		return code;
	code = sink_check(cli, &unseal.sink);
	if (code == CLI_OK)
		code = read_blob(cli, &unseal, blob, &bytes);
	if (code == CLI_OK)
		code = put_header(cli, &unseal, blob, bytes);
	if (code == CLI_OK)
		code = open_blob(cli, &unseal, blob, bytes);
	return code;
}

const struct cli_command cmd_unseal = {
	.name = "unseal",
	.synopsis =
		"(--in-file PATH | --in-fd N) --identity PRIVATE [--cid CID] [--out-file PATH | --out-fd N]",
	.summary = "Opens a sealed key with the private key",
	.description =
		"Without --out-file and --out-fd it is only checked that the key can be had.",
	.options = options,
	.run = unseal_run,
};
