/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far a long operation is, on standard error: a line that is rewritten on
 * a terminal, a few plain lines elsewhere, nothing for what ends soon.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;
	uint64_t total;
	int64_t started_ms;
	int64_t shown_ms;
	bool terminal;
	bool shown;
};

/* @what: "reading"; @total: how many steps there are. */
void progress_start(struct progress *progress, const char *what,
		    uint64_t total);
void progress_update(struct progress *progress, uint64_t done);
void progress_end(struct progress *progress);

#endif
