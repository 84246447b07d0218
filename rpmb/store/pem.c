// SPDX-License-Identifier: BSD-2-Clause
/*
 * The text of a PEM file (RFC 7468) back to its bytes, in memory that the
 * caller has locked. OpenSSL's own reader leaves the text, which is the
 * private key as much as the bytes are, in ordinary memory. What the bytes
 * mean is identity.c's.
 *
 * Stricter than OpenSSL: a key that was cut off, or put together of two, is
 * refused, not read as far as it goes.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

struct line {
	const char *text;
	size_t bytes; /* without its end */
};

/* Where a text stands: the next line, and the text's end. */
struct lines {
	const char *at, *end;
};

/* What is decoded so far. */
struct body {
	uint8_t *der;
	size_t bytes, letters, padding;
	uint32_t group; /* of letters; part of the key */
};

static bool line_next(struct lines *lines, struct line *ret_line)
{
	size_t left = (size_t)(lines->end - lines->at);
	const char *end;

	if (!left)
		return false;
	end = memchr(lines->at, '\n', left);
	ret_line->text = lines->at;
	ret_line->bytes = end ? (size_t)(end - lines->at) : left;
	lines->at = end ? end + 1 : lines->end;
	if (ret_line->bytes && ret_line->text[ret_line->bytes - 1] == '\r')
		ret_line->bytes--;
	return true;
}

static bool line_is(const struct line *line, const char *text)
{
	return line->bytes == strlen(text) &&
	       !memcmp(line->text, text, line->bytes);
}

/* The header that OpenSSL wrote for a passphrase before there was PKCS#8. */
static bool line_is_header(const struct line *line)
{
	static const char word[] = "Proc-Type:";

	return line->bytes >= sizeof(word) - 1 &&
	       !memcmp(line->text, word, sizeof(word) - 1);
}

/* What a letter of base64 stands for; -1: it is none. */
static int letter_value(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	if (letter == '+')
		return 62;
	return letter == '/' ? 63 : -1;
}

/* Each letter but the first of four ends a byte. */
static int body_add(struct body *body, const struct line *line)
{
	size_t n, within;
	int value;

	for (n = 0; n < line->bytes; n++) {
		if (line->text[n] == '=') {
			body->padding++;
			continue;
		}
		value = letter_value(line->text[n]);
		if (value < 0 || body->padding)
			return -EINVAL;
		body->group = body->group << 6 | (uint32_t)value;
		within = body->letters++ % 4;
		if (within)
			body->der[body->bytes++] =
				(uint8_t)(body->group >> (6 - 2 * within));
	}
	return 0;
}

/* Whole groups of four, and no bits behind the last byte. */
static bool body_is_whole(const struct body *body)
{
	uint32_t rest = body->letters % 4 == 2 ? 0xf :
			body->letters % 4 == 3 ? 0x3 :
						 0;

	return body->bytes && body->padding <= 2 &&
	       (body->letters + body->padding) % 4 == 0 &&
	       !(body->group & rest);
}

static int body_read(struct lines *lines, const char *last, struct body *body)
{
	struct line line;
	int err;

	while (line_next(lines, &line)) {
		if (line_is(&line, last))
			return body_is_whole(body) ? 0 : -EINVAL;
		if (line_is_header(&line))
			return -ENOKEY;
		err = body_add(body, &line);
		if (err)
			return err;
	}
	return -EINVAL;
}

int pem_private_decode(const char *pem, size_t bytes, uint8_t *ret_der,
		       size_t *ret_bytes)
{
	struct lines lines = { .at = pem, .end = pem + bytes };
	struct body body = { .der = ret_der };
	const char *last = NULL;
	struct line line;
	int err;

	while (!last && line_next(&lines, &line)) {
		if (line_is(&line, "-----BEGIN ENCRYPTED PRIVATE KEY-----"))
			return -ENOKEY;
		if (line_is(&line, "-----BEGIN PRIVATE KEY-----"))
			last = "-----END PRIVATE KEY-----";
		else if (line_is(&line, "-----BEGIN EC PRIVATE KEY-----"))
			last = "-----END EC PRIVATE KEY-----";
	}
	if (!last)
		return -EINVAL;
	err = body_read(&lines, last, &body);
	if (!err)
		*ret_bytes = body.bytes;
	rpmb_wipe(&body, sizeof(body));
	return err;
}
