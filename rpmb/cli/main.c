// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl`: RPMB partitions and their keys from the command line. Here is
 * what holds for all verbs; their table is in verbs.c and each has a file.
 *
 * Standard output carries results only, standard error everything said to the
 * person; exit codes are in cli.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <rpmb.h>

#include "cli.h"

/* "key program" is two words of argv, "status" one. */
static int words_match(const char *name, int argc, char **argv)
{
	const char *space = strchrnul(name, ' ');
	size_t first = (size_t)(space - name);

	if (argc < 1 || strlen(argv[0]) != first ||
	    strncmp(name, argv[0], first) != 0)
		return 0;
	if (!*space)
		return 1;
	return argc >= 2 && !strcmp(space + 1, argv[1]) ? 2 : 0;
}

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

void cli_help(FILE *out)
{
	const struct cli_command *const *command;

	fprintf(out,
		"usage: rpmbctl VERB [OPTION...]\n\n"
		"Takes the RPMB partition of an eMMC, and its key, through production.\n\nverbs:\n");
	for (command = cli_commands; *command; command++)
		fprintf(out, "  %-22s %s\n", (*command)->name,
			(*command)->summary);
	fprintf(out,
		"\noptions:\n"
		"  --help                 show this help; rpmbctl VERB --help shows a verb's\n"
		"  --version              show the version and what was built in\n"
		"\nenvironment:\n"
		"  RPMBCTL_MODE           the mode where --mode is not given (else production)\n"
		"\nexit codes:\n"
		"  0 ok, 1 other, 2 usage, 3 refused by policy or not confirmed, 4 the device says no,\n"
		"  5 device or TEE not reached, 6 store, 7 not what it should be (key, CID, MAC, log, sealed key)\n");
}

static void version(void)
{
	printf("rpmbctl %s\n", RPMB_VERSION);
#ifdef RPMB_HAVE_LIBTEEC
	printf("OP-TEE: built in (libteec)\n");
#else
	printf("OP-TEE: left out (built without libteec)\n");
#endif
#ifdef RPMB_HAVE_LIBPQ
	printf("PostgreSQL: built in (libpq)\n");
#else
	printf("PostgreSQL: left out (built without libpq)\n");
#endif
#ifdef RPMB_HAVE_P11KIT
	printf("PKCS#11: built in\n");
#else
	printf("PKCS#11: left out (built without p11-kit's header)\n");
#endif
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
	fprintf(stderr, "rpmbctl: cannot write to standard output: %s\n",
		strerror(errno));
	return code == CLI_OK ? CLI_OTHER : code;
}

static int command_run(const struct cli_command *command, int argc, char **argv)
{
	struct cli cli = { .command = command };
	int code;

	code = cli_start(&cli, argc, argv);
	if (code == CLI_OK)
		code = command->run(&cli, argc, argv);
	return finish(&cli, code);
}

static int unknown_verb(int argc, char **argv)
{
	if (is_group(argv[0]) && argc < 2)
		fprintf(stderr,
			"rpmbctl: %s what? See the verbs of rpmbctl --help\n",
			argv[0]);
	else
		fprintf(stderr,
			"rpmbctl: there is no such verb; see rpmbctl --help\n");
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
	const struct cli_command *const *command;
	int words;

	for (command = cli_commands; *command; command++) {
		words = words_match((*command)->name, argc, argv);
		if (words > 0)
			return command_run(*command, argc - words + 1,
					   argv + words - 1);
	}
	return unknown_verb(argc, argv);
}

int cli_main(int argc, char **argv)
{
	char **sorted = verb_first(argc, argv);
	int code;

	if (!sorted) {
		fprintf(stderr, "rpmbctl: out of memory\n");
		return CLI_OTHER;
	}
	code = verb_run(argc, sorted);
	free(sorted);
	return code;
}

int main(int argc, char **argv)
{
	int err = rpmb_secrets_init();

	if (err < 0) {
		fprintf(stderr,
			"rpmbctl: cannot keep keys out of core dumps: %s. Nothing was done\n",
			strerror(-err));
		return CLI_OTHER;
	}
	if (argc < 2) {
		cli_help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		cli_help(stdout);
		return CLI_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		version();
		return CLI_OK;
	}
	return cli_main(argc - 1, argv + 1);
}
