// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl counter`: the write counter, on its own or vouched for by the key.
 */
#include "keys.h"
#include "reach.h"
#include "verbs.h"

enum {
	OPT_DEVICE = OPT_KEY_END,
};

static const struct cli_option options[] = {
	KEY_OPTIONS,
	[OPT_DEVICE] = { "device", "DEVICE", DEVICE_HELP },
	{ NULL, NULL, NULL },
};

static int counter_put(struct cli *cli, struct rpmb_device *device,
		       const struct rpmb_key *key)
{
	struct rpmb_error error;
	uint32_t counter;

	if (rpmb_read_counter(device, key, &counter, &error) < 0)
		return reach_fail(cli, &error);
	cli_put_number(cli, "write_counter", "write counter", counter);
	cli_put_bool(cli, "authenticated", "authenticated", key != NULL);
	cli_put_bool(cli, "expired", "expired", counter == UINT32_MAX);
	return CLI_OK;
}

static int counter_run(struct cli *cli, int argc, char **argv)
{
	struct key_source source = KEY_SOURCE_NONE;
	struct rpmb_key *key = NULL;
	struct rpmb_device *device;
	const char *spec = NULL;
	int option, code;

	(void)argc;
	(void)argv;
	while ((option = cli_next(cli)) >= 0) {
		if (option == OPT_DEVICE) {
			spec = optarg;
			continue;
		}
		code = key_source_option(cli, &source, option);
		if (code != CLI_OK)
			return code;
	}
	code = cli_end(cli, option, 0, 0);
	if (code >= 0)
		return code;
	code = reach_programmed(cli, spec, &device);
	if (code != CLI_OK)
		return code;
	code = key_load_optional(cli, &source, &rpmb_get_info(device)->cid,
				 &key);
	if (code == CLI_OK)
		code = counter_put(cli, device, key);
	rpmb_secret_free(key);
	rpmb_close(device);
	return code;
}

const struct cli_command cmd_counter = {
	.name = "counter",
	.synopsis = "[--device DEVICE] [KEY]",
	.summary =
		"Reads the write counter; with a key, checks that it is authentic",
	.options = options,
	.run = counter_run,
};
