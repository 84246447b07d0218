// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl key program`: sets a device's key, which nobody can undo. All that
 * can be wrong is looked for before the frame that does it, and that frame is
 * sent only when --commit names the very device.
 */
#include <errno.h>
#include <stdio.h>

#include "keys.h"
#include "reach.h"
#include "tee.h"
#include "verbs.h"

enum {
	OPT_DEVICE = OPT_KEY_END,
	OPT_CID,
	OPT_COMMIT,
	OPT_ALLOW_TEST_KEY,
	OPT_NO_TEE_CHECK,
};

static const struct cli_option options[] = {
	KEY_OPTIONS,
	[OPT_DEVICE] = { "device", "DEVICE", DEVICE_HELP },
	[OPT_CID] = { "cid", "CID", "refuse a device with another CID" },
	[OPT_COMMIT] = { "commit", "CID",
			 "program the device that has this CID;\n"
			 "without, everything else is done (a dry run)" },
	[OPT_ALLOW_TEST_KEY] = { "allow-test-key", NULL,
				 "let OP-TEE's test key pass, in development" },
	[OPT_NO_TEE_CHECK] = { "no-tee-check", NULL,
			       "do not ask OP-TEE whether the key is its own" },
	{ NULL, NULL, NULL },
};

struct program {
	struct key_source source;
	const char *device;
	struct rpmb_cid cid, commit;
	bool has_cid, has_commit;
	bool allow_test_key;
	bool no_tee_check;
};

static int parse(struct cli *cli, struct program *program)
{
	int option, code = CLI_OK;

	while (code == CLI_OK && (option = cli_next(cli)) >= 0) {
		switch (option) {
		case OPT_DEVICE:
			program->device = optarg;
			break;
		case OPT_CID:
			program->has_cid = true;
			code = cid_option(cli, optarg, &program->cid);
			break;
		case OPT_COMMIT:
			program->has_commit = true;
			code = cid_option(cli, optarg, &program->commit);
			break;
		case OPT_ALLOW_TEST_KEY:
			program->allow_test_key = true;
			break;
		case OPT_NO_TEE_CHECK:
			program->no_tee_check = true;
			break;
		default:
			code = key_source_option(cli, &program->source, option);
		}
	}
	return code != CLI_OK ? code : cli_end(cli, option, 0, 0);
}

static int check_device(struct cli *cli, const struct program *program,
			struct rpmb_device *device)
{
	enum rpmb_key_state state;
	struct rpmb_error error;
	int code;

	code = reach_check_cid(cli, device,
			       program->has_cid ? &program->cid : NULL, "cid");
	if (code == CLI_OK)
		code = reach_check_cid(cli, device,
				       program->has_commit ? &program->commit :
							     NULL,
				       "commit");
	if (code != CLI_OK)
		return code;
	if (rpmb_probe_state(device, &state, NULL, &error) < 0)
		return reach_fail(cli, &error);
	if (state == RPMB_KEY_UNPROGRAMMED)
		return CLI_OK;
	return cli_fail(cli, CLI_KIND_PROGRAMMED,
			"see with rpmbctl key verify whether it is this one",
			"the device has a key already, for ever");
}

static int check_weakness(struct cli *cli, const struct program *program,
			  const struct rpmb_key *key)
{
	enum rpmb_key_weakness weakness = rpmb_key_check(key);

	if (weakness == RPMB_KEY_GOOD)
		return CLI_OK;
	if (weakness != RPMB_KEY_TEST)
		return cli_fail(cli, CLI_KIND_REFUSED, "get the real one",
				"this key is worthless: %s",
				rpmb_key_weakness_name(weakness));
	if (cli->mode != CLI_MODE_DEVELOPMENT)
		return cli_fail(
			cli, CLI_KIND_REFUSED,
			"build OP-TEE without CFG_RPMB_TESTKEY=y, and get its key again",
			"this is OP-TEE's test key, which everybody has");
	if (!program->allow_test_key)
		return cli_fail(
			cli, CLI_KIND_REFUSED,
			"say --allow-test-key if this board will never be a product",
			"this is OP-TEE's test key, which everybody has");
	cli_say(cli->parser.command,
		"this is OP-TEE's test key, which everybody has");
	return CLI_OK;
}

/*
 * A device whose key OP-TEE does not derive is lost to OP-TEE. A key that
 * comes from OP-TEE is its own, also where it was built without the command
 * that compares.
 */
static int check_tee(struct cli *cli, const struct program *program,
		     const struct rpmb_cid *cid, const struct rpmb_key *key)
{
	struct tee_error error;
	struct tee *tee;
	int err;

	if (program->no_tee_check) {
		cli_put(cli, "optee", "OP-TEE", "not asked");
		return CLI_OK;
	}
	err = tee_open(&tee, &error);
	if (err == 0) {
		err = tee_verify_key(tee, cid, key, &error);
		tee_close(tee);
	}
	if (err == -ENOSYS && program->source.tee)
		err = 0;
	if (err == 0) {
		cli_put(cli, "optee", "OP-TEE", "confirms the key");
		return CLI_OK;
	}
	if (err != -EKEYREJECTED)
		cli_say(cli->parser.command,
			"OP-TEE does not confirm the key; --no-tee-check goes on without");
	return tee_fail(cli, &error);
}

static int fail_programming(struct cli *cli, const struct rpmb_error *error)
{
	if (error->err == -EBADMSG)
		return cli_fail(
			cli, CLI_KIND_TAMPERED,
			"keep this device from the line: its key is unknown",
			"%s", error->text);
	return reach_fail(cli, error);
}

static int program_device(struct cli *cli, const struct program *program,
			  struct rpmb_device *device,
			  const struct rpmb_key *key)
{
	unsigned int flags = program->has_commit ? 0 : RPMB_PROGRAM_DRY_RUN;
	char cid[RPMB_CID_TEXT_BYTES];
	struct rpmb_error error;

	if (program->has_commit && !cli->json)
		fflush(stdout);
	if (rpmb_program_key(device, key, flags, &error) < 0)
		return fail_programming(cli, &error);
	cli_put_bool(cli, "dry_run", NULL, !program->has_commit);
	cli_put_bool(cli, "programmed", NULL, program->has_commit);
	if (program->has_commit) {
		cli_put(cli, NULL, "result",
			"programmed; the device has answered with this key");
		return CLI_OK;
	}
	cli_put(cli, NULL, "result",
		"dry run: nothing was programmed, all that could be checked is fine");
	cli_put(cli, NULL, "",
		"programming cannot be undone; to do it, repeat with --commit %s",
		rpmb_cid_format(&rpmb_get_info(device)->cid, cid));
	return CLI_OK;
}

static int check_and_program(struct cli *cli, const struct program *program,
			     struct rpmb_device *device)
{
	const struct rpmb_cid *cid = &rpmb_get_info(device)->cid;
	struct rpmb_key *key;
	int code;

	code = check_device(cli, program, device);
	if (code != CLI_OK)
		return code;
	code = key_load(cli, &program->source, cid, &key);
	if (code == CLI_OK)
		code = check_weakness(cli, program, key);
	if (code == CLI_OK)
		code = check_tee(cli, program, cid, key);
	if (code == CLI_OK)
		code = program_device(cli, program, device, key);
	rpmb_secret_free(key);
	return code;
}

static int program_run(struct cli *cli, int argc, char **argv)
{
	struct program program = { .source = KEY_SOURCE_NONE };
	struct rpmb_device *device;
	int code;

	(void)argc;
	(void)argv;
	code = parse(cli, &program);
	if (code >= 0)
		return code;
	code = cli_mode_permit(cli, CLI_DO_PROGRAM);
	if (code != CLI_OK)
		return code;
	if (!key_source_given(&program.source))
		return key_load(cli, &program.source, NULL,
				&(struct rpmb_key *){ NULL });
	code = reach_device(cli, program.device, &device);
	if (code != CLI_OK)
		return code;
	code = check_and_program(cli, &program, device);
	rpmb_close(device);
	return code;
}

const struct cli_command cmd_key_program = {
	.name = "key program",
	.synopsis =
		"KEY [--device DEVICE] [--cid CID] [--commit CID] [--no-tee-check] [--allow-test-key]",
	.summary =
		"Sets a device's key, once and for ever; a dry run without --commit",
	.description =
		"Refused: a device that has a key, or another CID than the one named; a key that\n"
		"is all zero, all equal, OP-TEE's test key, or not the one that OP-TEE has.",
	.options = options,
	.run = program_run,
};
