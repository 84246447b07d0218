// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shell completion, from the frame's parts and what is `teegate`'s own: each
 * verb is one word, and what stands behind -- is another program's.
 */
#include <string.h>

#include "cli.h"

void cli_completion_bash(const struct cli_command *const *commands, FILE *out)
{
	const struct cli_command *const *command;

	cli_completion_begin(" n", out);
	fprintf(out, "\tfor ((n = 1; n < COMP_CWORD; n++)); do\n"
		     "\t\t[ \"${COMP_WORDS[n]}\" != -- ] || return 0\n"
		     "\tdone\n");
	cli_completion_files(commands, out);
	cli_completion_first(commands, out);
	fprintf(out, "\telse\n\t\tcase ${COMP_WORDS[1]} in\n");
	for (command = commands; *command; command++) {
		fprintf(out, "\t\t%s)\n", (*command)->name);
		cli_completion_words(*command, out);
	}
	cli_completion_end(out);
}

static int completion_run(struct cli *cli, int argc, char **argv)
{
	int option = cli_next(cli);

	if (option != CLI_END)
		return cli_parser_exit(option);
	if (argc - optind != 1 || strcmp(argv[optind], "bash") != 0) {
		cli_say(cli->parser.command, "which shell? Known is: bash");
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
