// SPDX-License-Identifier: BSD-2-Clause
/*
 * What is said to the person: help, written from the tables, and messages.
 * What they say is the tool's and its verbs'.
 */
#include <stdarg.h>
#include <string.h>

#include "frame.h"

/* What stands left of an explanation, and fits all verbs and options. */
#define LEFT_WIDTH 22

static void help_line(const char *left, const char *text, int bytes, FILE *out)
{
	fprintf(out, "  %-*s %.*s\n", LEFT_WIDTH, left, bytes, text);
}

static void option_help(const struct cli_option *option, FILE *out)
{
	const char *line = option->help, *end;
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", option->name,
		 option->argument ? " " : "", option->argument ?: "");
	while (*line) {
		end = strchrnul(line, '\n');
		help_line(left, line, (int)(end - line), out);
		left[0] = '\0';
		line = *end ? end + 1 : end;
	}
}

static void options_help(const struct cli_option *option, FILE *out)
{
	for (; option && option->name; option++)
		option_help(option, out);
}

void cli_help(FILE *out)
{
	const struct cli_command *const *command;

	fprintf(out, "usage: %s VERB [OPTION...]\n\n%s\n\nverbs:\n",
		cli_tool.name, cli_tool.purpose);
	for (command = cli_commands; *command; command++)
		help_line((*command)->name, (*command)->summary, -1, out);
	fprintf(out,
		"\noptions:\n  %-*s show this help; %s VERB --help shows a verb's\n",
		LEFT_WIDTH, "--help", cli_tool.name);
	help_line("--version", cli_tool.version_help, -1, out);
	fprintf(out, "\n%s", cli_tool.notes);
}

void cli_command_help(const struct cli_command *command, FILE *out)
{
	static const struct cli_option help = { "help", NULL,
						"show this help" };

	fprintf(out, "usage: %s %s%s%s\n\n%s.\n", cli_tool.name, command->name,
		*command->synopsis ? " " : "", command->synopsis,
		command->summary);
	if (command->description)
		fprintf(out, "\n%s\n", command->description);
	fprintf(out, "\noptions:\n");
	options_help(command->options, out);
	options_help(cli_tool.common, out);
	option_help(&help, out);
}

void cli_say(const struct cli_command *command, const char *format, ...)
{
	va_list args;

	/* Results that are there already come first. */
	fflush(stdout);
	fprintf(stderr, "%s%s%s: ", cli_tool.name, command ? " " : "",
		command ? command->name : "");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}
