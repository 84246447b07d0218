// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shell completion, from the frame's parts and what is `rpmbctl`'s own: verbs
 * in groups, and modes.
 */
#include <string.h>

#include "verbs.h"

static void groups_print(const struct cli_command *const *commands, FILE *out)
{
	const struct cli_command *const *command;
	const char *end = "";
	size_t length;

	for (command = commands; *command; command++) {
		length = strcspn((*command)->name, " ");
		if (!(*command)->name[length])
			continue;
		if (command == commands ||
		    !cli_command_same_group(command[-1], *command)) {
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

	cli_completion_begin("", out);
	cli_completion_files(commands, out);
	fprintf(out,
		"\t--mode)\n"
		"\t\tCOMPREPLY=($(compgen -W 'development factory production' -- \"$cur\"))\n"
		"\t\treturn 0\n\t\t;;\n");
	cli_completion_first(commands, out);
	fprintf(out, "\telif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
		     "\t\tcase ${COMP_WORDS[1]} in\n");
	groups_print(commands, out);
	fprintf(out,
		"\t\tesac\n\tfi\n"
		"\tif [ \"$COMP_CWORD\" -ge 2 ] && [ -z \"$words\" ]; then\n"
		"\t\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
	for (command = commands; *command; command++) {
		fprintf(out, "\t\t\"%s%s\"*)\n", (*command)->name,
			strchr((*command)->name, ' ') ? "" : " ");
		cli_completion_words(*command, out);
	}
	cli_completion_end(out);
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
