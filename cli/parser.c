// SPDX-License-Identifier: BSD-2-Clause
/*
 * Options, parsed with getopt_long() from a verb's table and the tool's common
 * one. What an option does is the verb's, what is said of a bad one the tool's.
 */
#include <string.h>

#include "frame.h"

#define HELP_INDEX (CLI_COMMON + CLI_COMMON_MAX)

/* Fills @longs from a table of at most @most; returns how many there are. */
static size_t longs_fill(struct option *longs, const struct cli_option *options,
			 size_t most, int first_index)
{
	size_t n;

	for (n = 0; options && options[n].name && n < most; n++) {
		longs[n].name = options[n].name;
		longs[n].has_arg =
			options[n].argument ? required_argument : no_argument;
		longs[n].val = first_index + (int)n;
	}
	return n;
}

void cli_parser_init(struct cli_parser *parser,
		     const struct cli_command *command, int argc, char **argv)
{
	struct option *end = parser->longs;

	memset(parser, 0, sizeof(*parser));
	parser->command = command;
	parser->argc = argc;
	parser->argv = argv;
	end += longs_fill(end, command->options, CLI_OPTIONS_MAX, 0);
	end += longs_fill(end, cli_tool.common, CLI_COMMON_MAX, CLI_COMMON);
	*end = (struct option){ .name = "help", .val = HELP_INDEX };
	optind = 0;
	opterr = 0;
}

int cli_parser_next(struct cli_parser *parser)
{
	int c = getopt_long(parser->argc, parser->argv,
			    cli_tool.operands_last ? "+:h" : ":h",
			    parser->longs, NULL);

	switch (c) {
	case -1:
		return CLI_END;
	case '?':
		return CLI_UNKNOWN;
	case ':':
		return CLI_NO_ARGUMENT;
	case 'h':
	case HELP_INDEX:
		cli_command_help(parser->command, stdout);
		return CLI_HELP;
	default:
		return c;
	}
}

int cli_parser_exit(int ended)
{
	return ended == CLI_HELP ? CLI_OK : CLI_USAGE;
}
