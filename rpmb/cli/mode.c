// SPDX-License-Identifier: BSD-2-Clause
/*
 * The three modes, by the names that people in this field know: what each
 * allows. A rail against slips, not a lock: whoever may open the device may
 * name another mode. What needs a confirmation (--commit) needs it in each.
 */
#include <string.h>

#include "cli.h"

static const char *const names[] = {
	[CLI_MODE_DEVELOPMENT] = "development",
	[CLI_MODE_FACTORY] = "factory",
	[CLI_MODE_PRODUCTION] = "production",
};

static const struct {
	const char *what;
	enum cli_mode up_to; /* the strictest mode that allows it */
	const char *advice;
} actions[] = {
	[CLI_DO_GET_KEY] = { "handing out a key in clear", CLI_MODE_DEVELOPMENT,
			     "use --sealed, or in the factory --to-store; on a board that is yours to open, "
			     "--mode development" },
	[CLI_DO_STORE_KEY] = { "having a key from OP-TEE in clear",
			       CLI_MODE_FACTORY,
			       "use --sealed, or on the line say --mode factory" },
	[CLI_DO_PROGRAM] = { "programming a key", CLI_MODE_FACTORY,
			     "on the line, say --mode factory" },
	[CLI_DO_WRITE] = { "writing data", CLI_MODE_DEVELOPMENT,
			   "on a board that is yours to break, say --mode development" },
	[CLI_DO_WIPE] = { "wiping data", CLI_MODE_FACTORY,
			  "say --mode factory, or development" },
};

const char *cli_mode_name(enum cli_mode mode)
{
	return names[mode];
}

bool cli_mode_parse(const char *text, enum cli_mode *ret_mode)
{
	size_t n;

	for (n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		if (!strcmp(text, names[n])) {
			*ret_mode = (enum cli_mode)n;
			return true;
		}
	}
	return false;
}

int cli_mode_permit(struct cli *cli, enum cli_action action)
{
	if (cli->mode <= actions[action].up_to)
		return CLI_OK;
	return cli_fail(cli, CLI_KIND_REFUSED, actions[action].advice,
			"the mode is %s, which does not allow %s",
			names[cli->mode], actions[action].what);
}
