// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl key verify`: whether a key is the device's, and whether it is
 * OP-TEE's. Changes nothing.
 */
#include <errno.h>

#include "keys.h"
#include "reach.h"
#include "tee.h"
#include "verbs.h"

enum {
	OPT_DEVICE = OPT_KEY_END,
	OPT_CID,
	OPT_TEE,
	OPT_TEE_ONLY,
};

static const struct cli_option options[] = {
	KEY_OPTIONS,
	[OPT_DEVICE] = { "device", "DEVICE", DEVICE_HELP },
	[OPT_CID] = { "cid", "CID",
		      "refuse a device with another CID; with --tee-only,\n"
		      "the device for which OP-TEE is asked" },
	[OPT_TEE] = { "tee", NULL, "ask OP-TEE as well" },
	[OPT_TEE_ONLY] = { "tee-only", NULL,
			   "ask OP-TEE and not the device, which may be absent" },
	{ NULL, NULL, NULL },
};

struct verify {
	struct key_source source;
	const char *device;
	struct rpmb_cid cid;
	bool has_cid;
	bool tee;
	bool tee_only;
};

static int parse(struct cli *cli, struct verify *verify)
{
	int option, code = CLI_OK;

	while (code == CLI_OK && (option = cli_next(cli)) >= 0) {
		switch (option) {
		case OPT_DEVICE:
			verify->device = optarg;
			break;
		case OPT_CID:
			verify->has_cid = true;
			code = cid_option(cli, optarg, &verify->cid);
			break;
		case OPT_TEE:
			verify->tee = true;
			break;
		case OPT_TEE_ONLY:
			verify->tee_only = true;
			break;
		default:
			code = key_source_option(cli, &verify->source, option);
		}
	}
	if (code != CLI_OK)
		return code;
	code = cli_end(cli, option, 0, 0);
	if (code < 0 && verify->tee_only && (verify->tee || verify->device))
		return cli_fail(cli, CLI_KIND_USAGE, "say one of them",
				"--tee-only asks no device");
	return code;
}

static int verify_tee(struct cli *cli, const struct rpmb_cid *cid,
		      const struct rpmb_key *key)
{
	struct tee_error error;
	struct tee *tee;
	int err;

	err = tee_open(&tee, &error);
	if (err == 0) {
		err = tee_verify_key(tee, cid, key, &error);
		tee_close(tee);
	}
	if (err == 0 || err == -EKEYREJECTED)
		cli_put(cli, "optee", "OP-TEE", err ? "differs" : "matches");
	return err == 0 ? CLI_OK : tee_fail(cli, &error);
}

static int verify_device(struct cli *cli, struct rpmb_device *device,
			 const struct rpmb_key *key)
{
	struct rpmb_error error;
	uint32_t counter;
	int err;

	err = rpmb_read_counter(device, key, &counter, &error);
	if (err == 0) {
		cli_put(cli, "device_key", "device's key", "matches");
		cli_put_number(cli, "write_counter", "write counter", counter);
		return CLI_OK;
	}
	if (err != -EBADMSG)
		return reach_fail(cli, &error);
	cli_put(cli, "device_key", "device's key", "differs");
	return cli_fail(
		cli, CLI_KIND_MISMATCH,
		"see whose the key is; rpmbctl key derive helps to compare",
		"the device has another key than this one");
}

static int verify_both(struct cli *cli, const struct verify *verify)
{
	const struct rpmb_cid *cid;
	struct rpmb_key *key = NULL;
	struct rpmb_device *device;
	int code, tee_code;

	code = reach_programmed(cli, verify->device, &device);
	if (code != CLI_OK)
		return code;
	cid = &rpmb_get_info(device)->cid;
	code = reach_check_cid(cli, device,
			       verify->has_cid ? &verify->cid : NULL, "cid");
	if (code == CLI_OK)
		code = key_load(cli, &verify->source, cid, &key);
	if (key) {
		code = verify_device(cli, device, key);
		tee_code = verify->tee ? verify_tee(cli, cid, key) : CLI_OK;
		code = code == CLI_OK ? tee_code : code;
	}
	rpmb_secret_free(key);
	rpmb_close(device);
	return code;
}

static int verify_run(struct cli *cli, int argc, char **argv)
{
	struct verify verify = { .source = KEY_SOURCE_NONE };
	const struct rpmb_cid *cid;
	struct rpmb_key *key;
	int code;

	(void)argc;
	(void)argv;
	code = parse(cli, &verify);
	if (code >= 0)
		return code;
	if (!verify.tee_only)
		return verify_both(cli, &verify);
	cid = verify.has_cid ? &verify.cid : NULL;
	code = key_load(cli, &verify.source, cid, &key);
	if (code == CLI_OK)
		code = verify_tee(cli, cid, key);
	rpmb_secret_free(key);
	return code;
}

const struct cli_command cmd_key_verify = {
	.name = "key verify",
	.synopsis = "KEY [--device DEVICE] [--cid CID] [--tee | --tee-only]",
	.summary = "Tells whether a key is the device's, and OP-TEE's",
	.description =
		"The device is asked for its write counter, whose MAC tells. Nothing is written.",
	.options = options,
	.run = verify_run,
};
