// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl store list` and `store export`: what the store has, as lines, as
 * CSV (RFC 4180) or as JSON. An export has the sealed keys in it, and is
 * logged; neither ever has a key in clear.
 */
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "verb_store.h"
#include "verbs.h"

#define PAGE 256

enum form {
	FORM_LINES,
	FORM_CSV,
	FORM_JSON,
};

struct texts {
	char cid[RPMB_CID_TEXT_BYTES];
	char fingerprint[RPMB_FINGERPRINT_TEXT_BYTES];
	char sealed[2 * RPMB_SEALED_BYTES_MAX + 1];
};

static void texts_fill(struct texts *texts,
		       const struct rpmb_store_record *record)
{
	size_t n;

	rpmb_cid_format(&record->cid, texts->cid);
	texts->fingerprint[0] = '\0';
	if (record->generation)
		rpmb_fingerprint_format(&record->fingerprint,
					texts->fingerprint);
	texts->sealed[0] = '\0';
	for (n = 0; n < record->sealed.bytes; n++)
		sprintf(texts->sealed + 2 * n, "%02x", record->sealed.blob[n]);
}

/* A field of CSV that people have written. */
static void csv_quote(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

static void csv_put(const struct rpmb_store_record *record, bool sealed)
{
	struct texts texts;

	texts_fill(&texts, record);
	printf("%s,%s,%u,%s,%s,", texts.cid,
	       rpmb_store_state_name(record->state), record->generation,
	       texts.fingerprint, rpmb_store_source_name(record->source));
	csv_quote(record->description);
	putchar(',');
	csv_quote(record->station);
	printf(",%s", record->changed);
	if (sealed)
		printf(",%s", texts.sealed);
	/* RFC 4180 wants CR LF. */
	printf("\r\n");
}

static void line_put(const struct rpmb_store_record *record)
{
	struct texts texts;

	texts_fill(&texts, record);
	printf("%s  %-11s  %-19s  %-7s  %s  %s\n", texts.cid,
	       rpmb_store_state_name(record->state), texts.fingerprint,
	       rpmb_store_source_name(record->source), record->changed,
	       record->station);
}

static struct json_object *record_json(const struct rpmb_store_record *record,
				       bool sealed)
{
	struct json_object *object = json_object_new_object();
	struct texts texts;

	texts_fill(&texts, record);
#define ADD(name, text) \
	json_object_object_add(object, name, json_object_new_string(text))
	ADD("cid", texts.cid);
	ADD("state", rpmb_store_state_name(record->state));
	json_object_object_add(object, "generation",
			       json_object_new_int64(record->generation));
	ADD("fingerprint", texts.fingerprint);
	ADD("source", rpmb_store_source_name(record->source));
	ADD("description", record->description);
	ADD("station", record->station);
	ADD("changed", record->changed);
	if (sealed)
		ADD("sealed", texts.sealed);
#undef ADD
	return object;
}

static void record_put(const struct rpmb_store_record *record, enum form form,
		       bool sealed, struct json_object *array)
{
	switch (form) {
	case FORM_JSON:
		json_object_array_add(array, record_json(record, sealed));
		break;
	case FORM_CSV:
		csv_put(record, sealed);
		break;
	case FORM_LINES:
		line_put(record);
	}
}

static int all_put(struct cli *cli, struct rpmb_store *store,
		   const struct rpmb_store_error *error, enum form form,
		   bool sealed)
{
	struct rpmb_store_record *records = calloc(PAGE, sizeof(*records));
	struct json_object *array = json_object_new_array();
	struct rpmb_cid last;
	size_t count, n, all = 0;
	int err = 0;

	if (!records) {
		json_object_put(array);
		return cli_fail(cli, CLI_KIND_MEMORY, NULL, "out of memory");
	}
	if (form == FORM_CSV)
		printf("cid,state,generation,fingerprint,source,description,"
		       "station,changed%s\r\n",
		       sealed ? ",sealed" : "");
	do {
		err = rpmb_store_list(store, all ? &last : NULL, sealed,
				      records, PAGE, &count);
		if (err)
			break;
		for (n = 0; n < count; n++)
			record_put(&records[n], form, sealed, array);
		if (count)
			last = records[count - 1].cid;
		all += count;
	} while (count == PAGE);
	cli_put_json(cli, "devices", array);
	free(records);
	return err ? store_fail_put(cli, error) : CLI_OK;
}

static int list(struct cli *cli, bool sealed)
{
	struct rpmb_store_error error;
	struct rpmb_store *store;
	struct store_args args;
	enum form form = cli->json ? FORM_JSON : FORM_LINES;
	int code = store_parse(cli, &args);

	if (code >= 0)
		return code;
	if (args.csv && cli->json)
		return cli_fail(cli, CLI_KIND_USAGE, "say one of them",
				"--csv and --json are two forms");
	/* Lines have no room for a sealed key. */
	if (args.csv || (sealed && !cli->json))
		form = FORM_CSV;
	code = store_open(cli, &args, &error, &store);
	if (code != CLI_OK)
		return code;
	if (sealed && rpmb_store_log_export(store))
		code = store_fail_put(cli, &error);
	if (code == CLI_OK)
		code = all_put(cli, store, &error, form, sealed);
	rpmb_store_close(store);
	return code;
}

static int list_run(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return list(cli, false);
}

static int export_run(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return list(cli, true);
}

/* clang-format off */
const struct cli_command cmd_store_list = {
	.name = "store list",
	.synopsis = "--store STORE [--csv]",
	.summary = "Lists the devices of a store",
	.options = (const struct cli_option[]){
		STORE_ROW,
		{ "csv", NULL, "as CSV" },
		{ NULL, NULL, NULL },
	},
	.run = list_run,
};

const struct cli_command cmd_store_export = {
	.name = "store export",
	.synopsis = "--store STORE [--csv]",
	.summary = "Exports all devices with their sealed keys, as CSV or JSON",
	.options = (const struct cli_option[]){
		STORE_ROW,
		{ "csv", NULL, "as CSV (so it is without --json)" },
		STATION_ROW,
		{ NULL, NULL, NULL },
	},
	.run = export_run,
};
/* clang-format on */
