// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shell completion, written from the table of verbs, so that it cannot fall
 * behind. Only bash so far.
 */
#include <string.h>

#include "cli.h"

static void options_print(const struct cli_command *command, FILE *out)
{
	const struct cli_option *option = command->options;
	size_t n;

	for (; option && option->name; option++)
		fprintf(out, "--%s ", option->name);
	fprintf(out, "--help");
	for (n = 0; command->words && command->words[n]; n++)
		fprintf(out, " %s", command->words[n]);
}

static void path_options_print(const struct cli_command *const *commands,
			       FILE *out)
{
	const struct cli_option *option;
	const char *separator = "";

	for (; *commands; commands++) {
		for (option = (*commands)->options; option && option->name;
		     option++) {
			if (!option->argument ||
			    strcmp(option->argument, "PATH") != 0)
				continue;
			fprintf(out, "%s--%s", separator, option->name);
			separator = "|";
		}
	}
}

void cli_completion_bash(const struct cli_command *const *commands, FILE *out)
{
	const struct cli_command *const *command;

	fprintf(out,
		"# bash completion for teegate, made by: teegate completion bash\n"
		"_teegate()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words= n\n"
		"\tCOMPREPLY=()\n"
		"\tfor ((n = 1; n < COMP_CWORD; n++)); do\n"
		"\t\t[ \"${COMP_WORDS[n]}\" != -- ] || return 0\n"
		"\tdone\n"
		"\tcase $prev in\n\t");
	path_options_print(commands, out);
	fprintf(out,
		")\n\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\t\treturn 0\n\t\t;;\n\tesac\n"
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords='");
	for (command = commands; *command; command++)
		fprintf(out, "%s ", (*command)->name);
	fprintf(out,
		"--help --version'\n\telse\n\t\tcase ${COMP_WORDS[1]} in\n");
	for (command = commands; *command; command++) {
		fprintf(out, "\t\t%s)\n\t\t\twords='", (*command)->name);
		options_print(*command, out);
		fprintf(out, "'\n\t\t\t;;\n");
	}
	fprintf(out, "\t\tesac\n\tfi\n"
		     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		     "}\n"
		     "complete -o default -F _teegate teegate\n");
}

static int completion_run(const struct cli_command *command, int argc,
			  char **argv)
{
	struct cli_parser parser;
	int option;

	cli_parser_init(&parser, command, argc, argv);
	option = cli_parser_next(&parser);
	if (option != CLI_END)
		return cli_parser_exit(option);
	if (argc - optind != 1 || strcmp(argv[optind], "bash") != 0) {
		cli_say(command, "which shell? Known is: bash");
		return CLI_USAGE;
	}
	cli_completion_bash(cli_commands, stdout);
	return CLI_OK;
}

static const char *const shells[] = { "bash", NULL };

const struct cli_command cmd_completion = {
	.name = "completion",
	.synopsis = "bash",
	.summary = "Prints shell completion for this command",
	.description = "To use it now: . <(teegate completion bash)",
	.words = shells,
	.run = completion_run,
};
