/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame of the `teegate` command: verbs and options as tables, from which
 * parsing, help and completion are made, and the exit codes, which are the
 * same in all of the project's tools. The verbs themselves are elsewhere.
 */
#ifndef CLI_H
#define CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum cli_exit {
	CLI_OK = 0,
	CLI_OTHER = 1,
	CLI_USAGE = 2,
	CLI_REFUSED = 3, /* by policy, permission or a missing confirmation */
	CLI_DEVICE = 4, /* the device says no */
	CLI_TRANSPORT = 5, /* no way to the TEE */
	CLI_STORE = 6,
	CLI_MISMATCH = 7,
};

/* The last row of a table has a NULL name. */
struct cli_option {
	const char *name;
	const char *argument; /* its name in the help; NULL: takes none */
	const char *help; /* lines separated by \n */
};

struct cli_command {
	const char *name;
	const char *synopsis; /* after the verb */
	const char *summary;
	const char *description; /* may be NULL */
	const struct cli_option *options;
	/* Words that the first operand may be, for completion; may be NULL. */
	const char *const *words;
	int (*run)(const struct cli_command *command, int argc, char **argv);
};

#define CLI_OPTIONS_MAX 24

struct cli_parser {
	const struct cli_command *command;
	int argc;
	char **argv;
	struct option longs[CLI_OPTIONS_MAX + 2];
};

/* What cli_parser_next() returns besides an index into the options. */
enum {
	CLI_END = -1,
	CLI_BAD = -2,
	CLI_HELP = -3
};

void cli_parser_init(struct cli_parser *parser,
		     const struct cli_command *command, int argc, char **argv);

/*
 * The next option's index, its argument in optarg; CLI_END: optind is the
 * first operand. CLI_BAD: said on standard error; CLI_HELP: help was printed.
 */
int cli_parser_next(struct cli_parser *parser);

/* Exit code for a parser that ended with CLI_BAD or CLI_HELP. */
int cli_parser_exit(int ended);

void cli_command_help(const struct cli_command *command, FILE *out);
void cli_completion_bash(const struct cli_command *const *commands, FILE *out);

/* "teegate VERB: …" on standard error, one line. */
__attribute__((format(printf, 2, 3))) void
cli_say(const struct cli_command *command, const char *format, ...);

/* 4096, 64K, 16M, 1G; false: not understood or too large. */
bool cli_size_parse(const char *text, uint64_t *ret_bytes);
bool cli_count_parse(const char *text, uint32_t *ret_count);

/* All verbs, ended by NULL (verbs.c). */
extern const struct cli_command *const cli_commands[];
extern const struct cli_command cmd_run, cmd_info, cmd_completion;

#endif
