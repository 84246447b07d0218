// SPDX-License-Identifier: BSD-2-Clause
/*
 * Lists of words, and QEMU's way to write properties in one word. Used to
 * take QEMU's command line apart and to make another; no meaning here.
 */
#include <stdlib.h>
#include <string.h>

#include "qemu_args.h"

bool words_add(struct words *words, const char *word)
{
	size_t capacity = words->capacity ? words->capacity * 2 : 16;
	char **grown;

	/* One place more, for the NULL at the end. */
	if (words->count + 1 >= words->capacity) {
		grown = realloc(words->word, capacity * sizeof(*grown));
		if (!grown)
			return false;
		words->word = grown;
		words->capacity = capacity;
	}
	words->word[words->count] = strdup(word);
	if (!words->word[words->count])
		return false;
	words->word[++words->count] = NULL;
	return true;
}

void words_fini(struct words *words)
{
	while (words->count)
		free(words->word[--words->count]);
	free(words->word);
	memset(words, 0, sizeof(*words));
}

/* Where the property that starts at @text ends: at a single comma. */
static const char *property_end(const char *text)
{
	for (; *text; text++) {
		if (*text != ',')
			continue;
		if (text[1] != ',')
			break;
		text++;
	}
	return text;
}

static char *unescape(const char *text, const char *end)
{
	char *out = malloc((size_t)(end - text) + 1);
	size_t n = 0;

	if (!out)
		return NULL;
	for (; text < end; text++) {
		out[n++] = *text;
		if (*text == ',')
			text++;
	}
	out[n] = '\0';
	return out;
}

char *qemu_property(const char *value, const char *key, const char *implied)
{
	const char *end, *equals;
	size_t key_bytes = strlen(key);
	char *found = NULL;
	bool first = true;

	for (; *value; value = *end ? end + 1 : end, first = false) {
		end = property_end(value);
		equals = memchr(value, '=', (size_t)(end - value));
		if (equals && (size_t)(equals - value) == key_bytes &&
		    !strncmp(value, key, key_bytes))
			equals++;
		else if (!equals && first && implied && !strcmp(implied, key))
			equals = value;
		else
			continue;
		/* Like in QEMU, the last one counts. */
		free(found);
		found = unescape(equals, end);
	}
	return found;
}
