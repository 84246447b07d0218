/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds for all verbs of `teegate` beyond the frame that it shares with
 * rpmbctl (../../cli): what is said of a wrong option, sizes and counts. The
 * verbs themselves are elsewhere.
 */
#ifndef CLI_H
#define CLI_H

#include "../../cli/frame.h"

/* One run of one verb. */
struct cli {
	struct cli_parser parser;
};

/*
 * The next option's index, its argument in optarg; CLI_END: optind is the
 * first operand. CLI_BAD: said on standard error; CLI_HELP: help was printed.
 */
int cli_next(struct cli *cli);

/* 4096, 64K, 16M, 1G; false: not understood or too large. */
bool cli_size_parse(const char *text, uint64_t *ret_bytes);
bool cli_count_parse(const char *text, uint32_t *ret_count);

void cli_completion_bash(const struct cli_command *const *commands, FILE *out);

/* For their table in verbs.c. */
extern const struct cli_command cmd_run, cmd_info, cmd_completion;

#endif
