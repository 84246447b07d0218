/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame of the `rpmbctl` command: verbs and options as tables, from which
 * parsing, help and completion are made; results and errors, as text or as
 * JSON; exit codes; modes. The verbs themselves are in verb_*.c.
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <getopt.h>

struct json_object;

/* The same in all of teegate's tools; rpmbctl(1). */
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

/*
 * What went wrong, finer than the exit code that it has: the member "kind" of
 * a JSON error, by the words of failure.c. Words are never changed.
 */
enum cli_kind {
	CLI_KIND_OTHER,
	CLI_KIND_MEMORY, /* cannot be had, or not be locked */
	CLI_KIND_IO, /* of a file that is neither device nor store */
	CLI_KIND_USAGE,
	CLI_KIND_REFUSED,
	CLI_KIND_PERMISSION, /* the system's */
	CLI_KIND_EXISTS, /* and is left as it is */
	CLI_KIND_NOT_PROGRAMMED,
	CLI_KIND_PROGRAMMED,
	CLI_KIND_CHANGED, /* its counter, by somebody else */
	CLI_KIND_EXPIRED, /* the write counter */
	CLI_KIND_DEVICE, /* another result of the device */
	CLI_KIND_NO_DEVICE,
	CLI_KIND_TRANSPORT,
	CLI_KIND_NO_LIBRARY, /* of OP-TEE */
	CLI_KIND_NO_TEE,
	CLI_KIND_NO_PTA,
	CLI_KIND_NO_COMMAND, /* of the PTA */
	CLI_KIND_TEE,
	CLI_KIND_STORE,
	CLI_KIND_BUSY, /* the store's lock on a device */
	CLI_KIND_NOT_IN_STORE,
	CLI_KIND_NO_BACKEND, /* for this store, or for tokens */
	CLI_KIND_MISMATCH, /* of a key, a CID or a request's MAC */
	CLI_KIND_TAMPERED, /* what ought to be authentic is not */
};

enum cli_exit cli_kind_exit(enum cli_kind kind);
const char *cli_kind_name(enum cli_kind kind);

/* What a person in this field expects to be allowed; see mode.c. */
enum cli_mode {
	CLI_MODE_DEVELOPMENT,
	CLI_MODE_FACTORY,
	CLI_MODE_PRODUCTION,
};

/* The last row of a table has a NULL name. */
struct cli_option {
	const char *name;
	const char *argument; /* its name in the help; NULL: takes none */
	const char *help; /* lines separated by \n */
};

struct cli;

struct cli_command {
	const char *name; /* with its group: "key program" */
	const char *synopsis; /* after the name */
	const char *summary;
	const char *description; /* may be NULL */
	/* The verb's own; --json, --mode and --help are everyone's. */
	const struct cli_option *options;
	/* Words that the first operand may be, for completion; may be NULL. */
	const char *const *words;
	int (*run)(struct cli *cli, int argc, char **argv);
};

/* One run of one verb. */
struct cli {
	const struct cli_command *command;
	bool json;
	bool silent; /* standard output is taken by data */
	enum cli_mode mode;
	struct json_object *result; /* the object for standard output */
	/* Parser. */
	int argc;
	char **argv;
	struct option longs[32 + 4];
};

#define CLI_OPTIONS_MAX 32

/* What cli_next() returns besides an index into the options. */
enum {
	CLI_END = -1,
	CLI_BAD = -2,
	CLI_HELP = -3,
};

/* Raised when a member changes its meaning; new members do not count. */
#define CLI_JSON_SCHEMA 1

/*
 * cli_start - prepares @cli, whose command is set, for cli_next()
 *
 * CLI_OK or an exit code; @cli->result is there either way.
 */
int cli_start(struct cli *cli, int argc, char **argv);

/*
 * cli_next - the next of the verb's own options
 *
 * Its index, with its argument in optarg; CLI_END: optind is the first
 * operand. CLI_BAD: said on standard error; CLI_HELP: help was printed.
 */
int cli_next(struct cli *cli);

/* Exit code for a parser that ended with CLI_BAD or CLI_HELP. */
int cli_parse_exit(int ended);

/*
 * cli_operands - CLI_OK if at least @least and at most @most operands are
 * left from optind on; else said, and CLI_USAGE
 */
int cli_operands(struct cli *cli, int least, int most);

/*
 * cli_end - ends the options: cli_parse_exit() and cli_operands() in one
 * @option: what cli_next() returned last
 *
 * -1 if the verb is to go on, else the exit code that it is to end with.
 */
int cli_end(struct cli *cli, int option, int least, int most);

/*
 * cli_fail - ends a verb badly
 * @kind: its exit code is returned
 * @advice: what to do next, a sentence without its full stop; NULL: none
 * @format: what happened, to what
 *
 * One line on standard error; with --json also the member "error": code,
 * kind, message, and advice if there is some.
 */
__attribute__((format(printf, 4, 5))) int cli_fail(struct cli *cli,
						   enum cli_kind kind,
						   const char *advice,
						   const char *format, ...);

/* A remark for the person, on standard error. */
__attribute__((format(printf, 2, 3))) void cli_note(const struct cli *cli,
						    const char *format, ...);

/*
 * The results: with --json a member @name, else a line "@label  value".
 * A NULL label leaves the line out.
 */
__attribute__((format(printf, 4, 5))) void cli_put(struct cli *cli,
						   const char *name,
						   const char *label,
						   const char *format, ...);
void cli_put_number(struct cli *cli, const char *name, const char *label,
		    uint64_t value);
void cli_put_bool(struct cli *cli, const char *name, const char *label,
		  bool value);
/* JSON only, takes the reference of @value; dropped without --json. */
void cli_put_json(struct cli *cli, const char *name, struct json_object *value);

/* Data, never a key: one string in JSON, a dump of lines of 16 bytes as text. */
void cli_put_hex(struct cli *cli, const char *name, const char *label,
		 const void *data, size_t bytes);

/* Numbers: 4096, 0x1000, with @sizes also 64K, 16M, 1G. */
bool cli_number_parse(const char *text, bool sizes, uint64_t *ret_value);

/* mode.c: what a mode allows. */
enum cli_action {
	CLI_DO_GET_KEY, /* OP-TEE's, handed out in clear */
	CLI_DO_STORE_KEY, /* OP-TEE's, in clear only on its way into a store */
	CLI_DO_PROGRAM,
	CLI_DO_WRITE,
	CLI_DO_WIPE,
};

const char *cli_mode_name(enum cli_mode mode);
bool cli_mode_parse(const char *text, enum cli_mode *ret_mode);
/* CLI_OK, or CLI_REFUSED with the reason said. */
int cli_mode_permit(struct cli *cli, enum cli_action action);

void cli_command_help(const struct cli_command *command, FILE *out);
void cli_help(FILE *out);
void cli_completion_bash(const struct cli_command *const *commands, FILE *out);

/* Finds the verb, consumes its words of argv, runs it, prints the result. */
int cli_main(int argc, char **argv);

/* All verbs, ended by NULL (verbs.c). */
extern const struct cli_command *const cli_commands[];

#endif
