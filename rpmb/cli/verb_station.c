// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl station`: the loop of a place on a production line. Waits for
 * devices by looking which ones there are, has each of them done once
 * (../store/station.c) and prints a line for its label.
 */
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include <station.h>

#include "reach.h"
#include "tee.h"
#include "verb_store.h"
#include "verbs.h"

#define DEVICES_DEFAULT "/dev/mmcblk*rpmb"
#define POLL_MS 200
#define DEVICES_MAX 16

enum {
	OPT_STORE,
	OPT_STATION,
	OPT_DEVICE,
	OPT_DEVICES,
	OPT_SOURCE,
	OPT_HUK_FD,
	OPT_HUK_FILE,
	OPT_COMPAT,
	OPT_RECIPIENT,
	OPT_ONCE,
	OPT_COUNT,
	OPT_COMMIT_ALL,
};

/* clang-format off */
static const struct cli_option options[] = {
	[OPT_STORE] = STORE_ROW,
	[OPT_STATION] = { "station", "NAME", "this place's name, for the log" },
	[OPT_DEVICE] = { "device", "DEVICE",
		"this one; up to 16 times (default: any\n" DEVICES_DEFAULT ")" },
	[OPT_DEVICES] = { "devices", "PATTERN",
		"the emulated devices of these paths, for dry runs" },
	[OPT_SOURCE] = { "source", "SOURCE",
		"where keys come from: random (default), derive,\n"
		"tee, or tee-sealed (escrow only)" },
	[OPT_HUK_FD] = { "huk-fd", "N",
		"derive: read the HUK from file descriptor N" },
	[OPT_HUK_FILE] = { "huk-file", "PATH",
		"derive: read the HUK from a file of mode 0600" },
	[OPT_COMPAT] = { "compat", NULL,
		"derive: as with CFG_CORE_HUK_SUBKEY_COMPAT=y" },
	[OPT_RECIPIENT] = { "recipient", "PUBLIC",
		"refuse a store that seals to a public key that\n"
		"is not named here; up to 8 times" },
	[OPT_ONCE] = { "once", NULL,
		"end when all devices that are there are done" },
	[OPT_COUNT] = { "count", "N", "end after N devices" },
	[OPT_COMMIT_ALL] = { "commit-all", NULL,
		"program every device that comes; without, all but\n"
		"the last frame is done (a dry run)" },
	{ NULL, NULL, NULL },
};
/* clang-format on */

enum source {
	SOURCE_RANDOM,
	SOURCE_DERIVE,
	SOURCE_TEE,
	SOURCE_TEE_SEALED,
};

static const char *const source_names[] = {
	[SOURCE_RANDOM] = "random",
	[SOURCE_DERIVE] = "derive",
	[SOURCE_TEE] = "tee",
	[SOURCE_TEE_SEALED] = "tee-sealed",
};

struct line {
	struct cli *cli;
	struct store_args args; /* spec, station, recipients */
	const char *devices[DEVICES_MAX];
	size_t device_count;
	const char *pattern, *huk_file;
	int huk_fd;
	enum source source;
	bool compat, once, commit;
	uint64_t count; /* 0: no end */

	struct rpmb_station station;
	struct rpmb_store_error error;
	void *huk;
	struct json_object *labels;
	/* What was done, until it goes away. */
	char **seen;
	size_t seen_count;
	uint64_t done, failed;
	enum cli_kind kind; /* of the last that failed */
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* After the device that is under way. */
static void signals_catch(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int source_option(struct line *line)
{
	size_t n;

	for (n = 0; n < sizeof(source_names) / sizeof(source_names[0]); n++) {
		if (!strcmp(optarg, source_names[n])) {
			line->source = (enum source)n;
			return CLI_OK;
		}
	}
	return cli_fail(line->cli, CLI_KIND_USAGE,
			"random, derive, tee and tee-sealed are",
			"that is no source of keys");
}

static int list_option(struct line *line, int option)
{
	struct store_args *args = &line->args;

	if (option == OPT_DEVICE && line->device_count < DEVICES_MAX)
		line->devices[line->device_count++] = optarg;
	else if (option == OPT_RECIPIENT &&
		 args->recipient_count < RPMB_STORE_RECIPIENTS_MAX)
		args->recipients[args->recipient_count++] = optarg;
	else
		return cli_fail(line->cli, CLI_KIND_USAGE, NULL,
				"--%s was given too often",
				options[option].name);
	return CLI_OK;
}

static int line_option(struct line *line, int option)
{
	switch (option) {
	case OPT_STORE:
		line->args.spec = optarg;
		break;
	case OPT_STATION:
		line->args.station = optarg;
		break;
	case OPT_DEVICE:
	case OPT_RECIPIENT:
		return list_option(line, option);
	case OPT_DEVICES:
		line->pattern = optarg;
		break;
	case OPT_SOURCE:
		return source_option(line);
	case OPT_HUK_FD:
		return fd_option(line->cli, optarg, &line->huk_fd);
	case OPT_HUK_FILE:
		line->huk_file = optarg;
		break;
	case OPT_COMPAT:
		line->compat = true;
		break;
	case OPT_ONCE:
		line->once = true;
		break;
	case OPT_COUNT:
		if (cli_number_parse(optarg, true, "", &line->count) &&
		    line->count)
			break;
		return cli_fail(line->cli, CLI_KIND_USAGE, NULL,
				"--count takes a number above 0");
	default:
		line->commit = true;
	}
	return CLI_OK;
}

/* -1: go on. */
static int parse(struct line *line)
{
	bool huk;
	int option, code = CLI_OK;

	while (code == CLI_OK && (option = cli_next(line->cli)) >= 0)
		code = line_option(line, option);
	if (code != CLI_OK)
		return code;
	code = cli_end(line->cli, option, 0, 0);
	if (code >= 0)
		return code;
	huk = line->huk_fd >= 0 || line->huk_file;
	if (!line->args.spec || !line->args.station)
		return cli_fail(line->cli, CLI_KIND_USAGE,
				"say --store STORE --station NAME",
				"into which store, and who is this?");
	if (huk != (line->source == SOURCE_DERIVE))
		return cli_fail(line->cli, CLI_KIND_USAGE,
				"say --source derive with --huk-file or"
				" --huk-fd",
				"a HUK is for deriving, and deriving needs"
				" one");
	if (line->pattern && line->device_count)
		return cli_fail(line->cli, CLI_KIND_USAGE, "say one of them",
				"both --device and --devices were given");
	if (line->cli->json && !line->once && !line->count)
		return cli_fail(line->cli, CLI_KIND_USAGE,
				"say --once or --count",
				"--json is one object at the end, but there is"
				" no end");
	return -1;
}

/* ---- OP-TEE as a source ---- */

static int tee_say(const struct tee_error *error,
		   struct rpmb_store_error *ret_error)
{
	const char *advice = NULL;

	tee_error_format(error, ret_error->message, sizeof(ret_error->message),
			 &advice);
	snprintf(ret_error->advice, sizeof(ret_error->advice), "%s",
		 advice ? advice : "");
	ret_error->err = error->err == -EKEYREJECTED ? error->err : -ENODEV;
	return ret_error->err;
}

int rpmb_station_tee_key(const struct rpmb_cid *cid, struct rpmb_key *ret_key,
			 struct rpmb_store_error *error)
{
	struct tee_key_info info;
	struct tee_error tee_error;
	struct tee *tee;
	int err = tee_open(&tee, &tee_error);

	if (err)
		return tee_say(&tee_error, error);
	err = tee_get_key(tee, cid, ret_key, &info, &tee_error);
	tee_close(tee);
	return err ? tee_say(&tee_error, error) : 0;
}

/* The key of a closed device, which normal world never sees. */
static enum rpmb_station_outcome escrow(struct line *line, const char *spec,
					struct rpmb_station_label *label)
{
	struct rpmb_sealed_header header;
	struct tee_error tee_error;
	struct rpmb_device *device;
	struct rpmb_sealed sealed;
	struct rpmb_error error;
	struct tee *tee;
	int err;

	memset(label, 0, sizeof(*label));
	if (rpmb_open(spec, &device, &error)) {
		line->error = (struct rpmb_store_error){ .err = -ENODEV };
		snprintf(line->error.message, sizeof(line->error.message), "%s",
			 error.text);
		return RPMB_STATION_FAILED;
	}
	label->cid = rpmb_get_info(device)->cid;
	rpmb_close(device);
	err = tee_open(&tee, &tee_error);
	if (!err) {
		err = tee_get_sealed(tee, &label->cid, &sealed, &tee_error);
		tee_close(tee);
	}
	if (err) {
		tee_say(&tee_error, &line->error);
		return RPMB_STATION_FAILED;
	}
	if (rpmb_store_add_sealed(line->station.store, &sealed, NULL))
		return RPMB_STATION_FAILED;
	if (!rpmb_sealed_parse(sealed.blob, sealed.bytes, &header, NULL))
		label->fingerprint = header.fingerprint;
	return RPMB_STATION_DONE;
}

/* ---- labels ---- */

/* @kind: of a failure, NULL: none. */
static void label_put(struct line *line, const struct rpmb_station_label *label,
		      const char *result, const char *kind)
{
	char fingerprint[RPMB_FINGERPRINT_TEXT_BYTES] = "-";
	static const struct rpmb_fingerprint none;
	char cid[RPMB_CID_TEXT_BYTES];
	struct json_object *object;

	rpmb_cid_format(&label->cid, cid);
	if (memcmp(&label->fingerprint, &none, sizeof(none)))
		rpmb_fingerprint_format(&label->fingerprint, fingerprint);
	if (!line->cli->json) {
		printf("%s %s %s\n", cid, fingerprint, result);
		fflush(stdout);
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "cid", json_object_new_string(cid));
	json_object_object_add(object, "fingerprint",
			       json_object_new_string(fingerprint));
	json_object_object_add(object, "result",
			       json_object_new_string(result));
	if (kind)
		json_object_object_add(object, "kind",
				       json_object_new_string(kind));
	json_object_array_add(line->labels, object);
}

static void outcome_put(struct line *line, const char *spec,
			const struct rpmb_station_label *label,
			enum rpmb_station_outcome outcome)
{
	switch (outcome) {
	case RPMB_STATION_DONE:
		line->done++;
		label_put(line, label,
			  line->source == SOURCE_TEE_SEALED ? "escrowed" : "ok",
			  NULL);
		break;
	case RPMB_STATION_DRY_RUN:
		line->done++;
		label_put(line, label, "dry-run", NULL);
		break;
	case RPMB_STATION_ALREADY:
		/* So many in a dry run of many stations: no news. */
		if (!line->pattern)
			label_put(line, label, "ok-already", NULL);
		break;
	case RPMB_STATION_FAILED:
		line->failed++;
		line->kind = store_kind(line->error.err);
		cli_say(line->cli->parser.command, "%s: %s%s%s", spec,
			line->error.message,
			line->error.advice[0] ? ". Advice: " : "",
			line->error.advice);
		label_put(line, label, "FAILED", cli_kind_name(line->kind));
		break;
	case RPMB_STATION_BUSY:
		break;
	}
}

/* ---- the loop ---- */

static bool is_seen(const struct line *line, const char *spec)
{
	size_t n;

	for (n = 0; n < line->seen_count; n++)
		if (!strcmp(line->seen[n], spec))
			return true;
	return false;
}

static void seen_add(struct line *line, const char *spec)
{
	char **seen =
		reallocarray(line->seen, line->seen_count + 1, sizeof(*seen));

	/* Forgotten, it is looked at again: the store knows better. */
	if (!seen)
		return;
	line->seen = seen;
	seen[line->seen_count] = strdup(spec);
	if (seen[line->seen_count])
		line->seen_count++;
}

/* What went away may come back as another device. */
static void seen_drop(struct line *line, char *const *specs, size_t count)
{
	size_t n, kept = 0, i;

	for (n = 0; n < line->seen_count; n++) {
		for (i = 0; i < count; i++)
			if (!strcmp(specs[i], line->seen[n]))
				break;
		if (i < count)
			line->seen[kept++] = line->seen[n];
		else
			free(line->seen[n]);
	}
	line->seen_count = kept;
}

/* Which devices there are, as specifications; freed by specs_free(). */
static char **specs_find(const struct line *line, size_t *ret_count)
{
	const char *pattern = line->pattern ? line->pattern : DEVICES_DEFAULT;
	char **specs;
	glob_t found = { 0 };
	size_t n, count = line->device_count;

	if (!count && glob(pattern, 0, NULL, &found) == 0)
		count = found.gl_pathc;
	specs = calloc(count + 1, sizeof(*specs));
	*ret_count = 0;
	for (n = 0; specs && n < count; n++) {
		if (line->device_count)
			specs[n] = strdup(line->devices[n]);
		else if (asprintf(&specs[n], "%s%s",
				  line->pattern ? "file:" : "",
				  found.gl_pathv[n]) < 0)
			specs[n] = NULL;
		if (!specs[n])
			break;
		*ret_count = n + 1;
	}
	globfree(&found);
	return specs;
}

static void specs_free(char **specs, size_t count)
{
	size_t n;

	for (n = 0; n < count; n++)
		free(specs[n]);
	free(specs);
}

static bool line_ends(const struct line *line)
{
	return stop || (line->count && line->done >= line->count);
}

/* Looks at all devices once; how many are left for later. */
static size_t line_pass(struct line *line)
{
	enum rpmb_station_outcome outcome;
	struct rpmb_station_label label;
	size_t count, n, left = 0;
	char **specs = specs_find(line, &count);

	seen_drop(line, specs, count);
	for (n = 0; n < count && !line_ends(line); n++) {
		if (is_seen(line, specs[n]))
			continue;
		outcome = line->source == SOURCE_TEE_SEALED ?
				  escrow(line, specs[n], &label) :
				  rpmb_station_device(&line->station, specs[n],
						      &label);
		if (outcome == RPMB_STATION_BUSY)
			left++;
		else
			seen_add(line, specs[n]);
		outcome_put(line, specs[n], &label, outcome);
	}
	specs_free(specs, count);
	return left;
}

static void line_run(struct line *line)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	size_t left;

	signals_catch();
	do {
		left = line_pass(line);
		if (line_ends(line) || (line->once && !left))
			return;
		nanosleep(&pause, NULL);
	} while (!stop);
}

static int huk_load(struct line *line)
{
	struct rpmb_station_source *source = &line->station.source;

	if (line->source != SOURCE_DERIVE)
		return CLI_OK;
	source->derive_flags = line->compat ? RPMB_DERIVE_COMPAT : 0;
	if (line->huk_file)
		return secret_read_file(line->cli, line->huk_file, "HUK",
					RPMB_HUK_BYTES_MAX, &line->huk,
					&source->huk_bytes);
	return secret_read_fd(line->cli, line->huk_fd, "HUK",
			      RPMB_HUK_BYTES_MAX, &line->huk,
			      &source->huk_bytes);
}

static int line_start(struct line *line)
{
	static const enum rpmb_store_source kinds[] = {
		[SOURCE_RANDOM] = RPMB_SOURCE_RANDOM,
		[SOURCE_DERIVE] = RPMB_SOURCE_DERIVED,
		[SOURCE_TEE] = RPMB_SOURCE_TEE,
		[SOURCE_TEE_SEALED] = RPMB_SOURCE_TEE,
	};
	int code = huk_load(line);

	if (code != CLI_OK)
		return code;
	line->station.source.kind = kinds[line->source];
	line->station.source.huk = line->huk;
	line->station.commit = line->commit;
	line->station.error = &line->error;
	code = store_open(line->cli, &line->args, &line->error,
			  &line->station.store);
	if (code != CLI_OK)
		return code;
	if (line->args.recipient_count &&
	    rpmb_store_pin_recipients(line->station.store,
				      line->args.recipients,
				      line->args.recipient_count))
		return store_fail_put(line->cli, &line->error);
	if (!line->commit && line->source != SOURCE_TEE_SEALED)
		cli_say(line->cli->parser.command,
			"dry run: keys are made and stored, but no"
			" device is programmed (--commit-all)");
	return CLI_OK;
}

static int permit(struct line *line)
{
	int code = CLI_OK;

	if (line->source == SOURCE_TEE)
		code = cli_mode_permit(line->cli, CLI_DO_STORE_KEY);
	if (code == CLI_OK && line->source != SOURCE_TEE_SEALED)
		code = cli_mode_permit(line->cli, CLI_DO_PROGRAM);
	return code;
}

static int station_run(struct cli *cli, int argc, char **argv)
{
	struct line line = { .cli = cli, .huk_fd = -1 };
	int code = parse(&line);

	(void)argc;
	(void)argv;
	if (code >= 0)
		return code;
	code = permit(&line);
	if (code == CLI_OK)
		code = line_start(&line);
	line.labels = json_object_new_array();
	if (code == CLI_OK) {
		line_run(&line);
		if (line.failed)
			code = cli_fail(cli, line.kind, NULL,
					"%llu of the devices failed",
					(unsigned long long)line.failed);
	}
	cli_put_json(cli, "devices", line.labels);
	cli_put_number(cli, "done", NULL, line.done);
	cli_put_number(cli, "failed", NULL, line.failed);
	specs_free(line.seen, line.seen_count);
	rpmb_store_close(line.station.store);
	rpmb_secret_free(line.huk);
	return code;
}

const struct cli_command cmd_station = {
	.name = "station",
	.synopsis =
		"--store STORE --station NAME [--device DEVICE… | --devices PATTERN] [--source SOURCE] [--commit-all]",
	.summary =
		"The loop of a line: claims, stores, programs and proves each device, once",
	.description =
		"Prints a line for each device: CID, fingerprint, and ok, ok-already, dry-run,\n"
		"escrowed or FAILED. Can be cut off anywhere; on the next run a device goes on\n"
		"where it was, and is never programmed twice.",
	.options = options,
	.run = station_run,
};
