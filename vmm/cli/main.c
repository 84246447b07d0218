// SPDX-License-Identifier: BSD-2-Clause
/*
 * `teegate`: lets KVM guests use OP-TEE, seen from the command line. Here is
 * the way to a verb; their table is in verbs.c and each has a file.
 *
 * Standard output carries data only, standard error everything said to the
 * person; exit codes are in ../../cli/frame.h.
 */
#include "cli.h"

int main(int argc, char **argv)
{
	const struct cli_command *command;
	int code = cli_before_verb(argc, argv), words;
	struct cli cli;

	if (code >= 0)
		return code;
	command = cli_command_find(argc - 1, argv + 1, &words);
	if (!command) {
		cli_say(NULL, "%s is not a verb; see teegate --help", argv[1]);
		return CLI_USAGE;
	}
	cli_parser_init(&cli.parser, command, argc - words, argv + words);
	return command->run(&cli, argc - words, argv + words);
}
