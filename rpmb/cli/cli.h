/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds for all verbs of `rpmbctl` beyond the frame that it shares with
 * `teegate` (../../cli): results and errors, as text or as JSON; modes; the
 * options that all verbs take. The verbs themselves are in verb_*.c.
 */
#ifndef CLI_H
#define CLI_H

#include "../../cli/frame.h"

struct json_object;

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

/* One run of one verb. */
struct cli {
	struct cli_parser parser;
	bool json;
	bool silent; /* standard output is taken by data */
	enum cli_mode mode;
	struct json_object *result; /* the object for standard output */
};

/* Raised when a member changes its meaning; new members do not count. */
#define CLI_JSON_SCHEMA 1

/*
 * cli_start - prepares @cli for cli_next()
 *
 * CLI_OK or an exit code; @cli->result is there either way.
 */
int cli_start(struct cli *cli, const struct cli_command *command, int argc,
	      char **argv);

/*
 * cli_next - the next of the verb's own options
 *
 * Its index, with its argument in optarg; CLI_END: optind is the first
 * operand. CLI_BAD: said on standard error; CLI_HELP: help was printed.
 */
int cli_next(struct cli *cli);

/*
 * cli_operands - CLI_OK if at least @least and at most @most operands are
 * left from optind on; else said, and CLI_USAGE
 */
int cli_operands(struct cli *cli, int least, int most);

/*
 * cli_end - ends the options: cli_parser_exit() and cli_operands() in one
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

void cli_completion_bash(const struct cli_command *const *commands, FILE *out);

/* Finds the verb, consumes its words of argv, runs it, prints the result. */
int cli_main(int argc, char **argv);

/* What every verb takes besides --help (verbs.c), as indices of that table. */
enum {
	COMMON_JSON,
	COMMON_MODE,
};

#endif
