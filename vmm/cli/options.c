// SPDX-License-Identifier: BSD-2-Clause
/*
 * Options: what is said of a wrong one, and the forms that `teegate` takes
 * numbers in. Parsing is the frame's, what an option does the verb's.
 */
#include "cli.h"

static int bad_option(const struct cli_parser *parser, const char *what)
{
	cli_say(parser->command, "%s %s; see teegate %s --help",
		parser->argv[optind - 1], what, parser->command->name);
	return CLI_BAD;
}

int cli_next(struct cli *cli)
{
	int option = cli_parser_next(&cli->parser);

	if (option == CLI_NO_ARGUMENT)
		return bad_option(&cli->parser, "needs an argument");
	if (option == CLI_UNKNOWN)
		return bad_option(&cli->parser, "is not an option here");
	return option;
}

bool cli_size_parse(const char *text, uint64_t *ret_bytes)
{
	return cli_number_parse(text, false, "KMGT", ret_bytes);
}

bool cli_count_parse(const char *text, uint32_t *ret_count)
{
	uint64_t value;

	if (!cli_number_parse(text, false, "", &value) || value > UINT32_MAX)
		return false;
	*ret_count = (uint32_t)value;
	return true;
}
