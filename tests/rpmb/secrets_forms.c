// SPDX-License-Identifier: BSD-2-Clause
/*
 * A secret as it is, in halves (what a register spilled), as digits, as base64,
 * with its bytes in other orders (what a hash function works on), and under
 * the pads of HMAC.
 */
#include <stdlib.h>
#include <string.h>

#include "secrets_forms.h"

#define FORMS_MAX 128

static struct form forms[FORMS_MAX];
static size_t form_count;
/* Of the secret whose forms are being added. */
static bool adding_at_end;
/* Whether a form begins with these two bytes. */
static bool begins[65536];

static unsigned int first_two(const uint8_t *bytes)
{
	return bytes[0] | (unsigned int)bytes[1] << 8;
}

static void add(const char *name, const void *bytes, size_t length)
{
	struct form *form = &forms[form_count++];

	if (form_count > FORMS_MAX || length > FORM_BYTES_MAX)
		abort();
	form->name = name;
	form->length = length;
	form->at_end = adding_at_end;
	memcpy(form->bytes, bytes, length);
	begins[first_two(form->bytes)] = true;
}

static void add_digits(const char *name, const char *digits,
		       const uint8_t *part, size_t bytes)
{
	uint8_t text[FORM_BYTES_MAX];
	size_t n;

	for (n = 0; n < bytes; n++) {
		text[2 * n] = (uint8_t)digits[part[n] >> 4];
		text[2 * n + 1] = (uint8_t)digits[part[n] & 15];
	}
	add(name, text, 2 * bytes);
}

/* The order of bytes turned in each word of @word bytes. */
static void add_swapped(const char *name, const uint8_t *part, size_t bytes,
			size_t word)
{
	uint8_t swapped[FORM_BYTES_MAX];
	size_t n;

	for (n = 0; n < bytes; n++)
		swapped[n] = part[n / word * word + (word - 1 - n % word)];
	add(name, swapped, bytes);
}

static void add_masked(const char *name, const uint8_t *part, size_t bytes,
		       uint8_t mask)
{
	uint8_t masked[FORM_BYTES_MAX];
	size_t n;

	for (n = 0; n < bytes; n++)
		masked[n] = part[n] ^ mask;
	add(name, masked, bytes);
	add_swapped(name, masked, bytes, 4);
}

/* Without its end, which depends on what follows. */
static void add_base64(const uint8_t *part, size_t bytes)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t text[FORM_BYTES_MAX];
	size_t n, length = 0;
	uint32_t three;

	for (n = 0; n + 3 <= bytes; n += 3) {
		three = (uint32_t)part[n] << 16 | (uint32_t)part[n + 1] << 8 |
			part[n + 2];
		text[length++] = (uint8_t)letters[three >> 18];
		text[length++] = (uint8_t)letters[three >> 12 & 63];
		text[length++] = (uint8_t)letters[three >> 6 & 63];
		text[length++] = (uint8_t)letters[three & 63];
	}
	add("base64", text, length);
}

static void add_part(const uint8_t *part, size_t bytes)
{
	add("the secret itself", part, bytes);
	add_digits("hexadecimal digits", "0123456789abcdef", part, bytes);
	add_digits("upper-case digits", "0123456789ABCDEF", part, bytes);
	add_swapped("turned words of 4", part, bytes, 4);
	add_swapped("turned words of 8", part, bytes, 8);
	add_swapped("turned", part, bytes, bytes);
	add_masked("HMAC's inner pad", part, bytes, 0x36);
	add_masked("HMAC's outer pad", part, bytes, 0x5c);
	/* Wherever its groups of three begin. */
	add_base64(part, bytes);
	add_base64(part + 1, bytes - 1);
	add_base64(part + 2, bytes - 2);
}

void forms_add(const uint8_t *secret, size_t bytes, bool at_end)
{
	size_t half;

	adding_at_end = at_end;
	for (half = 0; half + 16 <= bytes; half += 16)
		add_part(secret + half, 16);
}

const struct form *forms_find(const uint8_t *data, size_t bytes, size_t *offset)
{
	size_t at, n;

	for (at = *offset; at + 8 <= bytes; at++) {
		if (!begins[first_two(data + at)])
			continue;
		for (n = 0; n < form_count; n++) {
			if (forms[n].length <= bytes - at &&
			    !memcmp(forms[n].bytes, data + at,
				    forms[n].length)) {
				*offset = at;
				return &forms[n];
			}
		}
	}
	return NULL;
}
