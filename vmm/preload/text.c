// SPDX-License-Identifier: BSD-2-Clause
/*
 * The text that the preload reads and writes: limits from the environment,
 * the LD_PRELOAD list, lines on standard error. No state.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload.h"

#define LINE_BYTES_MAX 512
#define SPIS 988 /* of Arm's GIC */
#define OWN_NAME "libteegate-preload.so"

void tgp_say(const char *format, ...)
{
	char line[LINE_BYTES_MAX];
	size_t used = 0;
	va_list args;
	int n;

	used += (size_t)snprintf(line, sizeof(line), "teegate: ");
	va_start(args, format);
	n = vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	used = strlen(line);
	line[used++] = '\n';
	/* One write: lines of several threads do not mix. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}

static bool limit_parse(const char *name, size_t name_bytes, uint64_t value,
			struct teegate_limits *limits)
{
	static const char *const names[] = { "calls", "shm", "rpc", "budget",
					     "pinned" };
	uint32_t *counts[] = { &limits->calls, &limits->shm_buffers,
			       &limits->rpc_buffers, &limits->resume_budget };
	size_t n;

	for (n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		if (strlen(names[n]) == name_bytes &&
		    !strncmp(names[n], name, name_bytes))
			break;
	}
	if (n == 4)
		limits->pinned_bytes = value;
	else if (n < 4 && value <= UINT32_MAX)
		*counts[n] = (uint32_t)value;
	else
		return false;
	return true;
}

bool tgp_limits_parse(const char *text, struct teegate_limits *ret_limits)
{
	struct teegate_limits limits = { 0 };
	const char *equals;
	uint64_t value;
	char *end;

	while (*text) {
		equals = strchr(text, '=');
		if (!equals || equals[1] < '0' || equals[1] > '9')
			return false;
		errno = 0;
		value = strtoull(equals + 1, &end, 10);
		if (errno || (*end && *end != ',') ||
		    !limit_parse(text, (size_t)(equals - text), value, &limits))
			return false;
		text = *end ? end + 1 : end;
	}
	*ret_limits = limits;
	return true;
}

bool tgp_spi_parse(const char *text, uint32_t *ret_spi)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value >= SPIS)
		return false;
	*ret_spi = (uint32_t)value;
	return true;
}

static bool is_own(const char *path, size_t bytes)
{
	size_t own = strlen(OWN_NAME);

	if (bytes < own || strncmp(path + bytes - own, OWN_NAME, own) != 0)
		return false;
	return bytes == own || path[bytes - own - 1] == '/';
}

void tgp_preload_list_strip(char *list)
{
	const char *start = list;
	char *out = list;
	size_t bytes;

	while (*list) {
		bytes = strcspn(list, ": ");
		if (bytes && !is_own(list, bytes)) {
			if (out != start)
				*out++ = ':';
			memmove(out, list, bytes);
			out += bytes;
		}
		list += bytes;
		list += strspn(list, ": ");
	}
	*out = '\0';
}
