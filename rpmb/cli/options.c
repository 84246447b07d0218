// SPDX-License-Identifier: BSD-2-Clause
/*
 * Options: what --json and --mode do, which every verb takes, and what is said
 * of a wrong one. Parsing is the frame's, what another option does the verb's.
 *
 * A word that is not understood is not repeated: somebody may have typed a key
 * where none belongs, and messages are kept in logs.
 */
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "cli.h"

/*
 * --json and --mode hold wherever they stand, also for what goes wrong before
 * the parser comes to them.
 */
static bool wants_json(int argc, char **argv)
{
	for (int n = 1; n < argc; n++) {
		if (!strcmp(argv[n], "--"))
			break;
		if (!strcmp(argv[n], "--json"))
			return true;
	}
	return false;
}

int cli_start(struct cli *cli, const struct cli_command *command, int argc,
	      char **argv)
{
	const char *mode = getenv("RPMBCTL_MODE");

	cli_parser_init(&cli->parser, command, argc, argv);
	cli->json = wants_json(argc, argv);
	cli->result = json_object_new_object();
	cli_put_number(cli, "schema", NULL, CLI_JSON_SCHEMA);
	cli->mode = CLI_MODE_PRODUCTION;
	if (mode && *mode && !cli_mode_parse(mode, &cli->mode))
		return cli_fail(cli, CLI_KIND_USAGE,
				"set it to development, factory or production",
				"RPMBCTL_MODE names no mode");
	return CLI_OK;
}

static int bad_option(struct cli *cli, int how)
{
	const struct cli_parser *parser = &cli->parser;
	char see[96];

	snprintf(see, sizeof(see), "see rpmbctl %s --help",
		 parser->command->name);
	if (how == CLI_NO_ARGUMENT)
		cli_fail(cli, CLI_KIND_USAGE, see, "%s needs an argument",
			 parser->argv[optind - 1]);
	else
		cli_fail(cli, CLI_KIND_USAGE, see,
			 "word %d after the verb is not an option here",
			 optind - 1);
	return CLI_BAD;
}

static bool mode_option(struct cli *cli)
{
	if (cli_mode_parse(optarg, &cli->mode))
		return true;
	cli_fail(cli, CLI_KIND_USAGE,
		 "say --mode development, factory or production",
		 "there is no such mode");
	return false;
}

int cli_next(struct cli *cli)
{
	int option;

	for (;;) {
		option = cli_parser_next(&cli->parser);
		switch (option) {
		case CLI_UNKNOWN:
		case CLI_NO_ARGUMENT:
			return bad_option(cli, option);
		case CLI_HELP:
			/* Is all of the output then. */
			cli->json = false;
			return CLI_HELP;
		case CLI_COMMON + COMMON_JSON:
			break;
		case CLI_COMMON + COMMON_MODE:
			if (!mode_option(cli))
				return CLI_BAD;
			break;
		default:
			return option;
		}
	}
}

int cli_operands(struct cli *cli, int least, int most)
{
	int count = cli->parser.argc - optind;
	char see[96];

	if (count >= least && count <= most)
		return CLI_OK;
	snprintf(see, sizeof(see), "see rpmbctl %s --help",
		 cli->parser.command->name);
	if (count < least)
		return cli_fail(cli, CLI_KIND_USAGE, see,
				"something is missing: %s",
				cli->parser.command->synopsis);
	return cli_fail(
		cli, CLI_KIND_USAGE, see,
		most ? "%d words too many" :
		       "this verb takes options only, and %d words too many were given",
		count - most);
}

int cli_end(struct cli *cli, int option, int least, int most)
{
	int code;

	if (option != CLI_END)
		return cli_parser_exit(option);
	code = cli_operands(cli, least, most);
	return code == CLI_OK ? -1 : code;
}
