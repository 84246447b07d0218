// SPDX-License-Identifier: BSD-2-Clause
/*
 * Numbers of the command line. What range makes sense is the verbs'.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

bool cli_number_parse(const char *text, bool hexadecimal, const char *units,
		      uint64_t *ret_value)
{
	bool prefix = text[0] == '0' && (text[1] | 0x20) == 'x';
	unsigned int shift = 0;
	const char *unit;
	uint64_t value;
	char *rest;

	/* Not what strtoull() takes besides: spaces, a sign. */
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &rest, hexadecimal && prefix ? 16 : 10);
	if (errno)
		return false;
	if (*rest) {
		unit = strchr(units, *rest);
		if (!unit || rest[1])
			return false;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (value > UINT64_MAX >> shift)
		return false;
	*ret_value = value << shift;
	return true;
}
