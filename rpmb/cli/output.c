// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a verb says: results on standard output, as lines or as one JSON
 * object, errors and remarks on standard error. Nothing here ever sees a key.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "cli.h"

#define LABEL_WIDTH 18
#define LINE_MAX_BYTES 1024

static void put_error(struct cli *cli, enum cli_kind kind, const char *advice,
		      const char *message)
{
	struct json_object *error = json_object_new_object();

	json_object_object_add(error, "code",
			       json_object_new_int(cli_kind_exit(kind)));
	json_object_object_add(error, "kind",
			       json_object_new_string(cli_kind_name(kind)));
	json_object_object_add(error, "message",
			       json_object_new_string(message));
	if (advice)
		json_object_object_add(error, "advice",
				       json_object_new_string(advice));
	cli_put_json(cli, "error", error);
}

int cli_fail(struct cli *cli, enum cli_kind kind, const char *advice,
	     const char *format, ...)
{
	char message[LINE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (advice)
		cli_say(cli->parser.command, "%s. %c%s", message,
			toupper((unsigned char)advice[0]), advice + 1);
	else
		cli_say(cli->parser.command, "%s", message);
	put_error(cli, kind, advice, message);
	return cli_kind_exit(kind);
}

void cli_put_json(struct cli *cli, const char *name, struct json_object *value)
{
	if (cli->json)
		json_object_object_add(cli->result, name, value);
	else
		json_object_put(value);
}

static void put_line(const struct cli *cli, const char *label, const char *text)
{
	if (!cli->json && !cli->silent && label)
		printf("%-*s %s\n", LABEL_WIDTH, label, text);
}

void cli_put(struct cli *cli, const char *name, const char *label,
	     const char *format, ...)
{
	char text[LINE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (name)
		cli_put_json(cli, name, json_object_new_string(text));
	put_line(cli, label, text);
}

void cli_put_number(struct cli *cli, const char *name, const char *label,
		    uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	if (name)
		cli_put_json(cli, name, json_object_new_uint64(value));
	put_line(cli, label, text);
}

void cli_put_bool(struct cli *cli, const char *name, const char *label,
		  bool value)
{
	if (name)
		cli_put_json(cli, name, json_object_new_boolean(value));
	put_line(cli, label, value ? "yes" : "no");
}

static void hex_line(const uint8_t *data, size_t offset, size_t bytes)
{
	size_t n;

	printf("%08zx ", offset);
	for (n = 0; n < 16; n++) {
		if (n < bytes)
			printf(" %02x", data[n]);
		else
			printf("   ");
	}
	printf("  |");
	for (n = 0; n < bytes; n++)
		putchar(isprint(data[n]) && data[n] < 0x80 ? data[n] : '.');
	printf("|\n");
}

void cli_put_hex(struct cli *cli, const char *name, const char *label,
		 const void *data, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *at = data;
	char *text;
	size_t n;

	if (!cli->json) {
		if (label)
			printf("%s:\n", label);
		for (n = 0; n < bytes; n += 16)
			hex_line(at + n, n, bytes - n < 16 ? bytes - n : 16);
		return;
	}
	text = malloc(bytes * 2 + 1);
	if (!text)
		return;
	for (n = 0; n < bytes; n++) {
		text[2 * n] = digits[at[n] >> 4];
		text[2 * n + 1] = digits[at[n] & 15];
	}
	cli_put_json(cli, name,
		     json_object_new_string_len(text, (int)(bytes * 2)));
	free(text);
}
