// SPDX-License-Identifier: BSD-2-Clause
/*
 * Options: parsed with getopt_long() from a verb's table, and described from
 * the same table. Numbers and sizes too. What an option does is the verb's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define HELP_INDEX 1000

void cli_parser_init(struct cli_parser *parser,
		     const struct cli_command *command, int argc, char **argv)
{
	const struct cli_option *option = command->options;
	size_t n;

	memset(parser, 0, sizeof(*parser));
	parser->command = command;
	parser->argc = argc;
	parser->argv = argv;
	for (n = 0; option && option[n].name && n < CLI_OPTIONS_MAX; n++) {
		parser->longs[n].name = option[n].name;
		parser->longs[n].has_arg =
			option[n].argument ? required_argument : no_argument;
		parser->longs[n].val = (int)n;
	}
	parser->longs[n] = (struct option){ .name = "help", .val = HELP_INDEX };
	optind = 0;
	opterr = 0;
}

static int bad_option(const struct cli_parser *parser, int how)
{
	const char *word = parser->argv[optind - 1];

	if (how == ':')
		cli_say(parser->command,
			"%s needs an argument; see teegate %s --help", word,
			parser->command->name);
	else
		cli_say(parser->command,
			"%s is not an option here; see teegate %s --help", word,
			parser->command->name);
	return CLI_BAD;
}

int cli_parser_next(struct cli_parser *parser)
{
	/* "+": operands may be another program's options. */
	int c = getopt_long(parser->argc, parser->argv, "+:h", parser->longs,
			    NULL);

	if (c == '?' || c == ':')
		return bad_option(parser, c);
	if (c == HELP_INDEX || c == 'h') {
		cli_command_help(parser->command, stdout);
		return CLI_HELP;
	}
	return c == -1 ? CLI_END : c;
}

int cli_parser_exit(int ended)
{
	return ended == CLI_HELP ? CLI_OK : CLI_USAGE;
}

static void option_help(const struct cli_option *option, FILE *out)
{
	const char *line = option->help, *end;
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", option->name,
		 option->argument ? " " : "", option->argument ?: "");
	while (*line) {
		end = strchrnul(line, '\n');
		fprintf(out, "  %-22s %.*s\n", left, (int)(end - line), line);
		left[0] = '\0';
		line = *end ? end + 1 : end;
	}
}

void cli_command_help(const struct cli_command *command, FILE *out)
{
	static const struct cli_option help = { "help", NULL,
						"show this help" };
	const struct cli_option *option = command->options;

	fprintf(out, "usage: teegate %s%s%s\n\n%s.\n", command->name,
		*command->synopsis ? " " : "", command->synopsis,
		command->summary);
	if (command->description)
		fprintf(out, "\n%s\n", command->description);
	fprintf(out, "\noptions:\n");
	for (; option && option->name; option++)
		option_help(option, out);
	option_help(&help, out);
}

void cli_say(const struct cli_command *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "teegate%s%s: ", command ? " " : "",
		command ? command->name : "");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static bool number_parse(const char *text, uint64_t *ret_value,
			 const char **ret_rest)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	*ret_rest = end;
	return errno == 0;
}

bool cli_size_parse(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "KMGT";
	const char *rest, *unit;
	unsigned int shift = 0;
	uint64_t value;

	if (!number_parse(text, &value, &rest))
		return false;
	if (*rest) {
		unit = strchr(units, *rest);
		if (!unit || rest[1])
			return false;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (value > UINT64_MAX >> shift)
		return false;
	*ret_bytes = value << shift;
	return true;
}

bool cli_count_parse(const char *text, uint32_t *ret_count)
{
	const char *rest;
	uint64_t value;

	if (!number_parse(text, &value, &rest) || *rest || value > UINT32_MAX)
		return false;
	*ret_count = (uint32_t)value;
	return true;
}
