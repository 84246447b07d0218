// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shell completion, written from the table of verbs, so that it cannot fall
 * behind. Only bash so far.
 */
#include <string.h>

#include "verbs.h"

static size_t first_word(const char *name)
{
	return strcspn(name, " ");
}

/* Verbs of one group stand together in the table. */
static bool same_group(const struct cli_command *a, const struct cli_command *b)
{
	size_t length = first_word(a->name);

	return first_word(b->name) == length &&
	       !strncmp(a->name, b->name, length);
}

static void options_print(const struct cli_command *command, FILE *out)
{
	const struct cli_option *option = command->options;
	size_t n;

	for (; option && option->name; option++)
		fprintf(out, "--%s ", option->name);
	fprintf(out, "--json --mode --help");
	for (n = 0; command->words && command->words[n]; n++)
		fprintf(out, " %s", command->words[n]);
}

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

static void first_words_print(const struct cli_command *const *commands,
			      FILE *out)
{
	const struct cli_command *const *command;

	for (command = commands; *command; command++) {
		if (command == commands || !same_group(command[-1], *command))
			fprintf(out, "%.*s ", (int)first_word((*command)->name),
				(*command)->name);
	}
}

static void groups_print(const struct cli_command *const *commands, FILE *out)
{
	const struct cli_command *const *command;
	const char *end = "";
	size_t length;

	for (command = commands; *command; command++) {
		length = first_word((*command)->name);
		if (!(*command)->name[length])
			continue;
		if (command == commands || !same_group(command[-1], *command)) {
			fprintf(out, "%s\t\t%.*s)\n\t\t\twords='", end,
				(int)length, (*command)->name);
			end = "'\n\t\t\t;;\n";
		}
		fprintf(out, "%s ", (*command)->name + length + 1);
	}
	fputs(end, out);
}

void cli_completion_bash(const struct cli_command *const *commands, FILE *out)
{
	const struct cli_command *const *command;

	fprintf(out,
		"# bash completion for rpmbctl, made by: rpmbctl completion bash\n"
		"_rpmbctl()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
		"\tCOMPREPLY=()\n"
		"\tcase $prev in\n\t");
	path_options_print(commands, out);
	fprintf(out,
		")\n\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\t\treturn 0\n\t\t;;\n"
		"\t--mode)\n"
		"\t\tCOMPREPLY=($(compgen -W 'development factory production' -- \"$cur\"))\n"
		"\t\treturn 0\n\t\t;;\n\tesac\n"
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords='");
	first_words_print(commands, out);
	fprintf(out, "--help --version'\n"
		     "\telif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
		     "\t\tcase ${COMP_WORDS[1]} in\n");
	groups_print(commands, out);
	fprintf(out,
		"\t\tesac\n\tfi\n"
		"\tif [ \"$COMP_CWORD\" -ge 2 ] && [ -z \"$words\" ]; then\n"
		"\t\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
	for (command = commands; *command; command++) {
		fprintf(out, "\t\t\"%s%s\"*)\n\t\t\twords='", (*command)->name,
			strchr((*command)->name, ' ') ? "" : " ");
		options_print(*command, out);
		fprintf(out, "'\n\t\t\t;;\n");
	}
	fprintf(out, "\t\tesac\n\tfi\n"
		     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		     "}\n"
		     "complete -o default -F _rpmbctl rpmbctl\n");
}

static int completion_run(struct cli *cli, int argc, char **argv)
{
	int code;

	(void)argc;
	code = cli_end(cli, cli_next(cli), 1, 1);
	if (code >= 0)
		return code;
	if (strcmp(argv[optind], "bash") != 0)
		return cli_fail(cli, CLI_KIND_USAGE, "known is: bash",
				"which shell?");
	cli->silent = true;
	cli->json = false;
	cli_completion_bash(cli_commands, stdout);
	return CLI_OK;
}

static const char *const shells[] = { "bash", NULL };

const struct cli_command cmd_completion = {
	.name = "completion",
	.synopsis = "bash",
	.summary = "Prints shell completion for this command",
	.description = "To use it now: . <(rpmbctl completion bash)",
	.words = shells,
	.run = completion_run,
};
