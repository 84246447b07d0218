// SPDX-License-Identifier: BSD-2-Clause
/*
 * Options: parsed with getopt_long() from a verb's table, and described from
 * the same table. Numbers and sizes too. What an option does is the verb's.
 *
 * A word that is not understood is not repeated: somebody may have typed a key
 * where none belongs, and messages are kept in logs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "cli.h"

enum {
	INDEX_JSON = 1000,
	INDEX_MODE,
	INDEX_HELP,
};

static const struct cli_option common[] = {
	{ "json", NULL, "print the result as one JSON object" },
	{ "mode", "MODE",
	  "development, factory or production: what is allowed\n"
	  "(default: $RPMBCTL_MODE, or production)" },
	{ "help", NULL, "show this help" },
	{ NULL, NULL, NULL },
};

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

int cli_start(struct cli *cli, int argc, char **argv)
{
	const struct cli_option *option = cli->command->options;
	const char *mode = getenv("RPMBCTL_MODE");
	size_t n;

	cli->argc = argc;
	cli->argv = argv;
	cli->json = wants_json(argc, argv);
	cli->result = json_object_new_object();
	cli_put_number(cli, "schema", NULL, CLI_JSON_SCHEMA);
	for (n = 0; option && option[n].name && n < CLI_OPTIONS_MAX; n++) {
		cli->longs[n].name = option[n].name;
		cli->longs[n].has_arg =
			option[n].argument ? required_argument : no_argument;
		cli->longs[n].val = (int)n;
	}
	cli->longs[n++] = (struct option){ .name = "json", .val = INDEX_JSON };
	cli->longs[n++] = (struct option){ .name = "mode",
					   .has_arg = required_argument,
					   .val = INDEX_MODE };
	cli->longs[n] = (struct option){ .name = "help", .val = INDEX_HELP };
	optind = 0;
	opterr = 0;
	cli->mode = CLI_MODE_PRODUCTION;
	if (mode && *mode && !cli_mode_parse(mode, &cli->mode))
		return cli_fail(cli, CLI_KIND_USAGE,
				"set it to development, factory or production",
				"RPMBCTL_MODE names no mode");
	return CLI_OK;
}

static int bad_option(struct cli *cli, int how)
{
	char see[96];

	snprintf(see, sizeof(see), "see rpmbctl %s --help", cli->command->name);
	if (how == ':')
		cli_fail(cli, CLI_KIND_USAGE, see, "%s needs an argument",
			 cli->argv[optind - 1]);
	else
		cli_fail(cli, CLI_KIND_USAGE, see,
			 "word %d after the verb is not an option here",
			 optind - 1);
	return CLI_BAD;
}

static int help_wanted(struct cli *cli)
{
	cli->json = false;
	cli_command_help(cli->command, stdout);
	return CLI_HELP;
}

int cli_next(struct cli *cli)
{
	int c;

	for (;;) {
		c = getopt_long(cli->argc, cli->argv, ":h", cli->longs, NULL);
		if (c == '?' || c == ':')
			return bad_option(cli, c);
		if (c == INDEX_HELP || c == 'h')
			return help_wanted(cli);
		if (c == -1)
			return CLI_END;
		if (c == INDEX_MODE) {
			if (cli_mode_parse(optarg, &cli->mode))
				continue;
			cli_fail(
				cli, CLI_KIND_USAGE,
				"say --mode development, factory or production",
				"there is no such mode");
			return CLI_BAD;
		}
		if (c != INDEX_JSON)
			return c;
	}
}

int cli_parse_exit(int ended)
{
	return ended == CLI_HELP ? CLI_OK : CLI_USAGE;
}

int cli_operands(struct cli *cli, int least, int most)
{
	int count = cli->argc - optind;
	char see[96];

	if (count >= least && count <= most)
		return CLI_OK;
	snprintf(see, sizeof(see), "see rpmbctl %s --help", cli->command->name);
	if (count < least)
		return cli_fail(cli, CLI_KIND_USAGE, see,
				"something is missing: %s",
				cli->command->synopsis);
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
		return cli_parse_exit(option);
	code = cli_operands(cli, least, most);
	return code == CLI_OK ? -1 : code;
}

static void option_help(const struct cli_option *option, FILE *out)
{
	const char *line = option->help, *end;
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", option->name,
		 option->argument ? " " : "", option->argument ?: "");
	while (*line) {
		end = strchrnul(line, '\n');
		fprintf(out, "  %-24s %.*s\n", left, (int)(end - line), line);
		left[0] = '\0';
		line = *end ? end + 1 : end;
	}
}

void cli_command_help(const struct cli_command *command, FILE *out)
{
	const struct cli_option *option;

	fprintf(out, "usage: rpmbctl %s%s%s\n\n%s.\n", command->name,
		*command->synopsis ? " " : "", command->synopsis,
		command->summary);
	if (command->description)
		fprintf(out, "\n%s\n", command->description);
	fprintf(out, "\noptions:\n");
	for (option = command->options; option && option->name; option++)
		option_help(option, out);
	for (option = common; option->name; option++)
		option_help(option, out);
}

bool cli_number_parse(const char *text, bool sizes, uint64_t *ret_value)
{
	static const char units[] = "KMG";
	unsigned int shift = 0;
	const char *unit;
	uint64_t value;
	char *rest;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &rest,
			 text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	if (errno)
		return false;
	if (*rest && sizes) {
		unit = strchr(units, *rest);
		if (!unit)
			return false;
		shift = 10 * (unsigned int)(unit - units + 1);
		rest++;
	}
	if (*rest || value > UINT64_MAX >> shift)
		return false;
	*ret_value = value << shift;
	return true;
}
