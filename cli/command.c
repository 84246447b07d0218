// SPDX-License-Identifier: BSD-2-Clause
/*
 * From the command line's first words to a verb, by the tool's table. Running
 * it is the tool's.
 */
#include <string.h>

#include "frame.h"

static size_t first_word(const char *name)
{
	return strcspn(name, " ");
}

bool cli_command_same_group(const struct cli_command *a,
			    const struct cli_command *b)
{
	size_t length = first_word(a->name);

	return first_word(b->name) == length &&
	       !strncmp(a->name, b->name, length);
}

/* "key program" is two words of argv, "status" one. */
static int words_match(const char *name, int argc, char **argv)
{
	size_t first = first_word(name);

	if (argc < 1 || strlen(argv[0]) != first ||
	    strncmp(name, argv[0], first) != 0)
		return 0;
	if (!name[first])
		return 1;
	return argc >= 2 && !strcmp(name + first + 1, argv[1]) ? 2 : 0;
}

const struct cli_command *cli_command_find(int argc, char **argv,
					   int *ret_words)
{
	const struct cli_command *const *command;
	int words;

	for (command = cli_commands; *command; command++) {
		words = words_match((*command)->name, argc, argv);
		if (words > 0) {
			*ret_words = words;
			return *command;
		}
	}
	return NULL;
}

int cli_before_verb(int argc, char **argv)
{
	if (argc < 2) {
		cli_help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		cli_help(stdout);
		return CLI_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("%s %s\n", cli_tool.name, cli_tool.version);
		return CLI_OK;
	}
	return -1;
}
