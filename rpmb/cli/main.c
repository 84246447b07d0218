// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl`: RPMB partitions and their keys from the command line. Here is
 * the way to a verb; their table is in verbs.c and each has a file.
 *
 * Standard output carries results only, standard error everything said to the
 * person; exit codes are in ../../cli/frame.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <rpmb.h>

#include "cli.h"

static bool is_group(const char *word)
{
	const struct cli_command *const *command;
	size_t length = strlen(word);

	for (command = cli_commands; *command; command++) {
		if (!strncmp((*command)->name, word, length) &&
		    (*command)->name[length] == ' ')
			return true;
	}
	return false;
}

/* A JSON reader gets its one object whatever happened. */
static int finish(struct cli *cli, int code)
{
	if (cli->json)
		printf("%s\n", json_object_to_json_string_ext(
				       cli->result,
				       JSON_C_TO_STRING_PRETTY |
					       JSON_C_TO_STRING_SPACED |
					       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(cli->result);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	cli_say(NULL, "cannot write to standard output: %s", strerror(errno));
	return code == CLI_OK ? CLI_OTHER : code;
}

static int command_run(const struct cli_command *command, int argc, char **argv)
{
	struct cli cli = { 0 };
	int code;

	code = cli_start(&cli, command, argc, argv);
	if (code == CLI_OK)
		code = command->run(&cli, argc, argv);
	return finish(&cli, code);
}

static int unknown_verb(int argc, char **argv)
{
	if (is_group(argv[0]) && argc < 2)
		cli_say(NULL, "%s what? See the verbs of rpmbctl --help",
			argv[0]);
	else
		cli_say(NULL, "there is no such verb; see rpmbctl --help");
	return CLI_USAGE;
}

/* --json and --mode may stand before the verb as well. */
static int leading_options(int argc, char **argv)
{
	int n = 0;

	while (n < argc) {
		if (!strcmp(argv[n], "--mode"))
			n += 2;
		else if (!strcmp(argv[n], "--json") ||
			 !strncmp(argv[n], "--mode=", 7))
			n++;
		else
			break;
	}
	return n < argc ? n : argc;
}

/* Puts them behind everything else, where the verb's parser finds them. */
static char **verb_first(int argc, char **argv)
{
	int leading = leading_options(argc, argv);
	char **sorted = calloc((size_t)argc + 1, sizeof(*sorted));

	if (!sorted)
		return NULL;
	memcpy(sorted, argv + leading,
	       (size_t)(argc - leading) * sizeof(*sorted));
	memcpy(sorted + argc - leading, argv,
	       (size_t)leading * sizeof(*sorted));
	return sorted;
}

static int verb_run(int argc, char **argv)
{
	const struct cli_command *command;
	int words;

	command = cli_command_find(argc, argv, &words);
	if (!command)
		return unknown_verb(argc, argv);
	return command_run(command, argc - words + 1, argv + words - 1);
}

int cli_main(int argc, char **argv)
{
	char **sorted = verb_first(argc, argv);
	int code;

	if (!sorted) {
		cli_say(NULL, "out of memory");
		return CLI_OTHER;
	}
	code = verb_run(argc, sorted);
	free(sorted);
	return code;
}

int main(int argc, char **argv)
{
	int err = rpmb_secrets_init(), code;

	if (err < 0) {
		cli_say(NULL,
			"cannot keep keys out of core dumps: %s. Nothing was done",
			strerror(-err));
		return CLI_OTHER;
	}
	code = cli_before_verb(argc, argv);
	if (code >= 0)
		return code;
	return cli_main(argc - 1, argv + 1);
}
