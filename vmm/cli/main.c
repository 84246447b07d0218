// SPDX-License-Identifier: BSD-2-Clause
/*
 * `teegate`: lets KVM guests use OP-TEE, seen from the command line. Here is
 * what holds for all verbs; their table is in verbs.c and each has a file.
 *
 * Standard output carries data only, standard error everything said to the
 * person; exit codes are in cli.h.
 */
#include <string.h>

#include <teegate.h>

#include "cli.h"

static void help(FILE *out)
{
	const struct cli_command *const *command;

	fprintf(out, "usage: teegate VERB [OPTION...]\n\n"
		     "Lets KVM guests on 64-bit Arm use OP-TEE.\n\nverbs:\n");
	for (command = cli_commands; *command; command++)
		fprintf(out, "  %-22s %s\n", (*command)->name,
			(*command)->summary);
	fprintf(out,
		"\noptions:\n"
		"  --help                 show this help; teegate VERB --help shows a verb's\n"
		"  --version              show the version\n"
		"\nenvironment:\n"
		"  TEEGATE_DEVICE         the device, instead of " TEEGATE_DEVICE_DEFAULT
		"\n"
		"\nexit codes:\n"
		"  0 ok, 1 other, 2 usage, 3 refused by policy or permission, 4 the device says no,\n"
		"  5 no way to the TEE, 6 store, 7 verification mismatch; teegate run ends with QEMU's own\n");
}

int main(int argc, char **argv)
{
	const struct cli_command *const *command;

	if (argc < 2) {
		help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		help(stdout);
		return CLI_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("teegate %s\n", teegate_version());
		return CLI_OK;
	}
	for (command = cli_commands; *command; command++) {
		if (!strcmp((*command)->name, argv[1]))
			return (*command)->run(*command, argc - 1, argv + 1);
	}
	cli_say(NULL, "%s is not a verb; see teegate --help", argv[1]);
	return CLI_USAGE;
}
