// SPDX-License-Identifier: BSD-2-Clause
/*
 * The table of verbs, in the order of the help. Nothing else.
 */
#include "cli.h"

const struct cli_command *const cli_commands[] = {
	&cmd_run,
	&cmd_info,
	&cmd_completion,
	NULL,
};
