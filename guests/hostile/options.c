// SPDX-License-Identifier: BSD-2-Clause
/*
 * The guest's command line, words like "seed=7". See the Makefile's help.
 */
#include "hostile.h"

struct options options = {
	.seed = 1,
	.smcs = 50000,
};

static const char *number(const char *text, uint64_t *ret)
{
	*ret = 0;
	while (*text >= '0' && *text <= '9')
		*ret = *ret * 10 + (uint64_t)(*text++ - '0');
	return text;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As RFC 4122 writes one, which is the order in a message. */
static const char *uuid(const char *text, uint8_t *ret)
{
	uint32_t n = 0;

	for (; n < 32 && (*text == '-' || hex(*text) >= 0); text++) {
		if (*text == '-')
			continue;
		ret[n / 2] = (uint8_t)(ret[n / 2] << 4 | hex(*text));
		n++;
	}
	return text;
}

static const char *word(const char *text, char *to, uint32_t bytes)
{
	uint32_t n = 0;

	while (*text && *text != ' ') {
		if (n < bytes - 1)
			to[n++] = *text;
		text++;
	}
	to[n] = 0;
	return text;
}

static const char *option(const char *text)
{
	uint64_t v;

	if (text_begins(text, "seed="))
		return number(text + 5, &options.seed);
	if (text_begins(text, "smcs="))
		return number(text + 5, &options.smcs);
	if (text_begins(text, "reset-after="))
		return number(text + 12, &options.reset_after);
	if (text_begins(text, "resets=")) {
		text = number(text + 7, &v);
		options.resets = (uint32_t)v;
		return text;
	}
	if (text_begins(text, "full-one-in=")) {
		text = number(text + 12, &v);
		options.full_one_in = (uint32_t)v;
		return text;
	}
	if (text_begins(text, "ta="))
		return uuid(text + 3, options.ta);
	if (text_begins(text, "judge-test="))
		return word(text + 11, options.judge_test,
			    sizeof(options.judge_test));
	return text;
}

bool options_read(const char *text)
{
	const char *begin;

	for (;;) {
		while (*text == ' ')
			text++;
		if (!*text)
			return true;
		begin = text;
		text = option(text);
		if (text == begin || (*text && *text != ' ')) {
			say("hostile: cannot read \"%s\": seed=N smcs=N reset-after=N resets=N full-one-in=N ta=UUID judge-test=registers|guard|rest|result",
			    begin);
			return false;
		}
	}
}

bool judge_test_is(const char *what)
{
	return text_begins(options.judge_test, what);
}
