/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame that the commands share: verbs and options as tables, from which
 * parsing, help and completion are made; exit codes; numbers; what is said to
 * the person. What only one of them needs, the verbs above all, is with it, in
 * ../vmm/cli (`teegate`) and ../rpmb/cli (`rpmbctl`); their cli.h includes
 * this file.
 *
 * No word of a command line is repeated here: somebody may have typed a key
 * where none belongs, and rpmbctl's messages are kept in logs.
 */
#ifndef CLI_FRAME_H
#define CLI_FRAME_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The same in all of the project's tools; documented in teegate(1), rpmbctl(1). */
enum cli_exit {
	CLI_OK = 0,
	CLI_OTHER = 1,
	CLI_USAGE = 2,
	CLI_REFUSED = 3, /* by policy, permission or a missing confirmation */
	CLI_DEVICE = 4, /* the device says no */
	CLI_TRANSPORT = 5, /* no way to the device or the TEE; no such one */
	CLI_STORE = 6,
	CLI_MISMATCH = 7, /* what was to be verified is not so */
};

/* The last row of a table has a NULL name. */
struct cli_option {
	const char *name;
	const char *argument; /* its name in the help; NULL: takes none */
	const char *help; /* lines separated by \n */
};

/* One run of one verb, as the tool defines it in its cli.h. */
struct cli;

struct cli_command {
	const char *name; /* one word, or its group's and its own: "key get" */
	const char *synopsis; /* after the name */
	const char *summary;
	const char *description; /* may be NULL */
	/* The verb's own; the tool's common ones and --help are everyone's. */
	const struct cli_option *options;
	/* Words that the first operand may be, for completion; may be NULL. */
	const char *const *words;
	int (*run)(struct cli *cli, int argc, char **argv);
};

/* What differs between the tools in what the frame does for them. */
struct cli_tool {
	const char *name;
	const char *version; /* may go on with lines of what was built in */
	const char *version_help; /* what --version shows */
	const char *purpose; /* one sentence */
	const char *notes; /* ends the help: environment, exit codes */
	const struct cli_option *common; /* every verb's; NULL: only --help */
	/* Options end at the first operand: what follows may be another program's. */
	bool operands_last;
};

/* Each tool's own (verbs.c). All verbs, in the order of the help, those of one group together, ended by NULL. */
extern const struct cli_tool cli_tool;
extern const struct cli_command *const cli_commands[];

/*
 * cli_before_verb - answers a command line that has no verb
 *
 * Nothing at all (help on standard error), --help, -h and --version. -1: there
 * is a word that ought to be a verb; else the exit code to end with.
 */
int cli_before_verb(int argc, char **argv);

/*
 * cli_command_find - the verb that the words from argv[0] on name
 * @ret_words: how many words that took, 1 or 2
 *
 * NULL: none.
 */
const struct cli_command *cli_command_find(int argc, char **argv,
					   int *ret_words);

/* Whether both belong to one group, or are the same verb. */
bool cli_command_same_group(const struct cli_command *a,
			    const struct cli_command *b);

/* Limits of a verb's own options, and of those common to all but --help. */
#define CLI_OPTIONS_MAX 32
#define CLI_COMMON_MAX 2

struct cli_parser {
	const struct cli_command *command;
	int argc;
	char **argv;
	struct option longs[CLI_OPTIONS_MAX + CLI_COMMON_MAX + 2];
};

/* What cli_parser_next() returns besides an index into the verb's options. */
enum {
	CLI_END = -1, /* optind is the first operand */
	CLI_BAD = -2, /* what the tools' cli_next() makes of the last two */
	CLI_HELP = -3, /* help was printed */
	CLI_UNKNOWN = -4, /* argv[optind - 1] is, or has, no option of these */
	CLI_NO_ARGUMENT = -5, /* argv[optind - 1] needs one */
};

/* And from here on, an index into the tool's common options. */
#define CLI_COMMON 1000

/* @argv[0] is the verb's last word. getopt_long() keeps one state for all. */
void cli_parser_init(struct cli_parser *parser,
		     const struct cli_command *command, int argc, char **argv);

/* The next option, its argument in optarg. Nothing is said of a bad one. */
int cli_parser_next(struct cli_parser *parser);

/* Exit code for a parser that ended with anything but CLI_END. */
int cli_parser_exit(int ended);

void cli_help(FILE *out);
void cli_command_help(const struct cli_command *command, FILE *out);

/* "TOOL VERB: …" on standard error, one line; without a verb if that is NULL. */
__attribute__((format(printf, 2, 3))) void
cli_say(const struct cli_command *command, const char *format, ...);

/*
 * cli_number_parse - a whole number without a sign
 * @hexadecimal: 0x1000 is understood too
 * @units: the letters that may end it, the first being 1024, each next one
 *	1024 times the one before; "": none
 *
 * false: not understood or too large; @ret_value is not written then.
 */
bool cli_number_parse(const char *text, bool hexadecimal, const char *units,
		      uint64_t *ret_value);

/*
 * The parts of a bash completion that all tools have, in this order. Between
 * them stands what is the tool's own (its completion.c).
 *
 * begin: the function's head. @locals: more local variables, "" or " n".
 * files: starts the cases of the word before, with options that take a path.
 * first: ends those cases, starts those of how far the words go with a verb.
 * words: what may follow a verb, below a pattern that the tool has written.
 * end: ends the cases of verbs and all.
 */
void cli_completion_begin(const char *locals, FILE *out);
void cli_completion_files(const struct cli_command *const *commands, FILE *out);
void cli_completion_first(const struct cli_command *const *commands, FILE *out);
void cli_completion_words(const struct cli_command *command, FILE *out);
void cli_completion_end(FILE *out);

#endif
