// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl key get`: OP-TEE's key for a device, in clear from a development
 * build, or sealed from any build that was given a public key; to a file, a
 * descriptor or a store, or nowhere, for its fingerprint alone.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "keys.h"
#include "reach.h"
#include "tee.h"
#include "verb_store.h"
#include "verbs.h"

enum {
	OPT_CID,
	OPT_SEALED,
	OPT_TO_STORE,
	OPT_OUT_FD,
	OPT_OUT_FILE,
	OPT_HEX,
};

static const struct cli_option options[] = {
	[OPT_CID] = { "cid", "CID",
		      "of the device (default: the one that OP-TEE reaches)" },
	[OPT_SEALED] = { "sealed", NULL,
			 "get it encrypted to the public key in OP-TEE's build" },
	[OPT_TO_STORE] = { "to-store", "STORE", "add it to a store" },
	[OPT_OUT_FD] = { "out-fd", "N", OUT_FD_HELP },
	[OPT_OUT_FILE] = { "out-file", "PATH", OUT_FILE_HELP },
	[OPT_HEX] = { "hex", NULL, HEX_HELP },
	{ NULL, NULL, NULL },
};

struct get {
	struct rpmb_cid cid;
	bool has_cid;
	bool sealed;
	const char *store;
	struct key_sink sink;
};

static int get_option(struct cli *cli, struct get *get, int option)
{
	switch (option) {
	case OPT_CID:
		get->has_cid = true;
		return cid_option(cli, optarg, &get->cid);
	case OPT_SEALED:
		get->sealed = true;
		return CLI_OK;
	case OPT_TO_STORE:
		get->store = optarg;
		return CLI_OK;
	case OPT_OUT_FD:
		return key_sink_fd(cli, &get->sink, optarg);
	case OPT_OUT_FILE:
		get->sink.file = optarg;
		return CLI_OK;
	default:
		get->sink.hex = true;
		return CLI_OK;
	}
}

static int parse(struct cli *cli, struct get *get)
{
	int option, code = CLI_OK;

	while (code == CLI_OK && (option = cli_next(cli)) >= 0)
		code = get_option(cli, get, option);
	if (code != CLI_OK)
		return code;
	code = cli_end(cli, option, 0, 0);
	if (code >= 0)
		return code;
	if (get->store && key_sink_given(&get->sink))
		return cli_fail(cli, CLI_KIND_USAGE, "say one of them",
				"both a store and a file were named");
	if (get->sealed && get->sink.hex)
		return cli_fail(cli, CLI_KIND_USAGE, "leave --hex out",
				"a sealed key is written as it is");
	if (get->sealed && !get->store && !key_sink_given(&get->sink))
		return cli_fail(cli, CLI_KIND_USAGE,
				"say --out-file, --out-fd or --to-store",
				"where to with the sealed key?");
	return -1;
}

static int permit(struct cli *cli, const struct get *get)
{
	if (get->sealed)
		return CLI_OK;
	if (key_sink_given(&get->sink))
		return cli_mode_permit(cli, CLI_DO_GET_KEY);
	return cli_mode_permit(cli, CLI_DO_STORE_KEY);
}

/* Which device it is must be known before its key is put into a store. */
static int find_cid(struct cli *cli, struct tee *tee, struct get *get)
{
	char text[RPMB_CID_TEXT_BYTES];
	struct pta_rpmb_info info;
	struct tee_error error;

	if (!get->has_cid) {
		if (tee_get_info(tee, NULL, &info, &error) < 0)
			return tee_fail(cli, &error);
		if (!(info.flags & PTA_RPMB_FLAG_DEVICE)) {
			tee_error_set(&error, -ENXIO, info.device_result);
			return tee_fail(cli, &error);
		}
		memcpy(get->cid.bytes, info.cid, sizeof(get->cid.bytes));
		get->has_cid = true;
	}
	cli_put(cli, "cid", "CID", "%s", rpmb_cid_format(&get->cid, text));
	return CLI_OK;
}

/* One of @key and @sealed is there. */
static int to_store(struct cli *cli, const struct get *get,
		    const struct rpmb_key *key,
		    const struct rpmb_sealed *sealed)
{
	struct rpmb_store_error error = { 0 };
	struct rpmb_store *store;
	int err;

	if (rpmb_store_open(get->store, NULL, &error, &store) < 0)
		return store_fail_put(cli, &error);
	if (sealed)
		err = rpmb_store_add_sealed(store, sealed, "");
	else
		err = rpmb_store_add_key(store, &get->cid, key, RPMB_SOURCE_TEE,
					 "", false, false);
	rpmb_store_close(store);
	if (err < 0)
		return store_fail_put(cli, &error);
	cli_put_bool(cli, "stored", "stored", true);
	return CLI_OK;
}

static int get_clear(struct cli *cli, const struct get *get, struct tee *tee)
{
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	struct tee_key_info info;
	struct tee_error error;
	int code;

	if (!key)
		return cli_fail(cli, CLI_KIND_MEMORY,
				"raise the limit (ulimit -l)",
				"no memory can be locked for the key");
	if (tee_get_key(tee, &get->cid, key, &info, &error) < 0) {
		code = tee_fail(cli, &error);
	} else {
		cli_put(cli, "key_source", "key from", "OP-TEE, %s",
			tee_key_source_name(info.source));
		cli_put_bool(cli, "key_ready", "key is final", info.ready);
		code = key_put_fingerprint(cli, key);
	}
	if (code == CLI_OK && get->store)
		code = to_store(cli, get, key, NULL);
	if (code == CLI_OK && key_sink_given(&get->sink))
		code = key_write(cli, &get->sink, key);
	rpmb_secret_free(key);
	return code;
}

static int get_sealed(struct cli *cli, const struct get *get, struct tee *tee)
{
	char text[RPMB_FINGERPRINT_TEXT_BYTES];
	struct rpmb_sealed_header header;
	struct rpmb_error parse_error;
	struct rpmb_sealed sealed;
	struct tee_error error;

	if (tee_get_sealed(tee, &get->cid, &sealed, &error) < 0)
		return tee_fail(cli, &error);
	if (rpmb_sealed_parse(sealed.blob, sealed.bytes, &header,
			      &parse_error) < 0)
		return cli_fail(cli, CLI_KIND_TAMPERED, NULL,
				"OP-TEE's answer is no sealed key: %s",
				parse_error.text);
	if (memcmp(&header.cid, &get->cid, sizeof(header.cid)) != 0)
		return cli_fail(cli, CLI_KIND_TAMPERED, NULL,
				"OP-TEE's answer is for another device");
	cli_put(cli, "fingerprint", "fingerprint", "%s",
		rpmb_fingerprint_format(&header.fingerprint, text));
	if (get->store)
		return to_store(cli, get, NULL, &sealed);
	return sink_write(cli, &get->sink, sealed.blob, sealed.bytes);
}

static int get_run(struct cli *cli, int argc, char **argv)
{
	struct get get = { .sink = KEY_SINK_NONE };
	struct tee_error error;
	struct tee *tee;
	int code;

	(void)argc;
	(void)argv;
	code = parse(cli, &get);
	if (code >= 0)
		return code;
	code = permit(cli, &get);
	if (code == CLI_OK)
		code = sink_check(cli, &get.sink);
	if (code != CLI_OK)
		return code;
	if (tee_open(&tee, &error) < 0)
		return tee_fail(cli, &error);
	code = find_cid(cli, tee, &get);
	if (code == CLI_OK)
		code = get.sealed ? get_sealed(cli, &get, tee) :
				    get_clear(cli, &get, tee);
	tee_close(tee);
	return code;
}

const struct cli_command cmd_key_get = {
	.name = "key get",
	.synopsis =
		"[--cid CID] [--sealed] [--out-file PATH | --out-fd N | --to-store STORE]",
	.summary = "Gets the key that OP-TEE uses, or its fingerprint",
	.description =
		"In clear only an OP-TEE that was built for it gives its key away (CFG_INSECURE=y and\n"
		"CFG_RPMB_KEY_PTA=y); sealed, one with CFG_RPMB_PTA_SEALED=y.",
	.options = options,
	.run = get_run,
};
