// SPDX-License-Identifier: BSD-2-Clause
/*
 * Progress of long operations; nothing is known here of what they do.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

/* What ends within this time is not worth a word. */
#define QUIET_MS 2000
#define TERMINAL_INTERVAL_MS 200
#define LOG_INTERVAL_MS 10000

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_start(struct progress *progress, const char *what, uint64_t total)
{
	*progress = (struct progress){
		.what = what,
		.total = total ?: 1,
		.started_ms = now_ms(),
		.terminal = isatty(STDERR_FILENO),
	};
}

void progress_update(struct progress *progress, uint64_t done)
{
	int64_t now = now_ms();
	int percent = (int)(done * 100 / progress->total);

	if (now - progress->started_ms < QUIET_MS)
		return;
	if (progress->shown &&
	    now - progress->shown_ms < (progress->terminal ?
						TERMINAL_INTERVAL_MS :
						LOG_INTERVAL_MS))
		return;
	progress->shown = true;
	progress->shown_ms = now;
	if (progress->terminal)
		fprintf(stderr, "\r\033[K%s: %d %%", progress->what, percent);
	else
		fprintf(stderr, "%s: %d %%\n", progress->what, percent);
}

void progress_end(struct progress *progress)
{
	if (progress->shown && progress->terminal)
		fprintf(stderr, "\r\033[K");
}
