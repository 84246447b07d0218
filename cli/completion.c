// SPDX-License-Identifier: BSD-2-Clause
/*
 * The parts of shell completion that the tools share, written from their
 * tables, so that it cannot fall behind. Only bash so far.
 */
#include <string.h>

#include "frame.h"

/* By the names that arguments have in the tools' help. */
static bool is_path(const char *argument)
{
	return !strcmp(argument, "PATH") || !strcmp(argument, "DEVICE") ||
	       !strcmp(argument, "STORE") || !strcmp(argument, "PRIVATE");
}

static void path_options_print(const struct cli_command *const *commands,
			       FILE *out)
{
	const struct cli_option *option;
	const char *separator = "";

	for (; *commands; commands++) {
		for (option = (*commands)->options; option && option->name;
		     option++) {
			if (!option->argument || !is_path(option->argument))
				continue;
			fprintf(out, "%s--%s", separator, option->name);
			separator = "|";
		}
	}
}

static void options_print(const struct cli_option *option, FILE *out)
{
	for (; option && option->name; option++)
		fprintf(out, "--%s ", option->name);
}

void cli_completion_begin(const char *locals, FILE *out)
{
	fprintf(out,
		"# bash completion for %s, made by: %s completion bash\n"
		"_%s()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=%s\n"
		"\tCOMPREPLY=()\n",
		cli_tool.name, cli_tool.name, cli_tool.name, locals);
}

void cli_completion_files(const struct cli_command *const *commands, FILE *out)
{
	fprintf(out, "\tcase $prev in\n\t");
	path_options_print(commands, out);
	fprintf(out, ")\n\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
		     "\t\treturn 0\n\t\t;;\n");
}

void cli_completion_first(const struct cli_command *const *commands, FILE *out)
{
	const struct cli_command *const *command;

	fprintf(out, "\tesac\n"
		     "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords='");
	for (command = commands; *command; command++) {
		if (command == commands ||
		    !cli_command_same_group(command[-1], *command))
			fprintf(out, "%.*s ",
				(int)strcspn((*command)->name, " "),
				(*command)->name);
	}
	fprintf(out, "--help --version'\n");
}

void cli_completion_words(const struct cli_command *command, FILE *out)
{
	size_t n;

	fprintf(out, "\t\t\twords='");
	options_print(command->options, out);
	options_print(cli_tool.common, out);
	fprintf(out, "--help");
	for (n = 0; command->words && command->words[n]; n++)
		fprintf(out, " %s", command->words[n]);
	fprintf(out, "'\n\t\t\t;;\n");
}

void cli_completion_end(FILE *out)
{
	fprintf(out,
		"\t\tesac\n\tfi\n"
		"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		"}\n"
		"complete -o default -F _%s %s\n",
		cli_tool.name, cli_tool.name);
}
