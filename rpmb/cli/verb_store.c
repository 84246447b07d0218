// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl store init|add|get|audit|rekey`: the store of sealed keys. What
 * lists and exports is in verb_store_list.c, the line's loop in
 * verb_station.c, and the store itself in ../store.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "reach.h"
#include "verb_store.h"
#include "verbs.h"

static int recipient_option(struct cli *cli, struct store_args *args)
{
	if (args->recipient_count == RPMB_STORE_RECIPIENTS_MAX)
		return cli_fail(cli, CLI_KIND_USAGE, NULL,
				"a store has at most %d public keys",
				RPMB_STORE_RECIPIENTS_MAX);
	args->recipients[args->recipient_count++] = optarg;
	return CLI_OK;
}

static int text_option(struct store_args *args, const char *name)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {
		{ "store", &args->spec },
		{ "station", &args->station },
		{ "describe", &args->describe },
		{ "identity", &args->identity },
		{ "new-recipient", &args->new_recipient },
		{ "sealed-file", &args->sealed_file },
		{ "device", &args->device },
		{ "anchor", &args->anchor },
		{ "out-file", &args->sink.file },
	};
	size_t n;

	for (n = 0; n < sizeof(texts) / sizeof(texts[0]); n++) {
		if (!strcmp(name, texts[n].name)) {
			*texts[n].to = optarg;
			return CLI_OK;
		}
	}
	return -1;
}

static int key_option(struct cli *cli, struct store_args *args,
		      const char *name)
{
	if (!strcmp(name, "key-fd"))
		return key_source_option(cli, &args->key, OPT_KEY_FD);
	if (!strcmp(name, "key-file"))
		return key_source_option(cli, &args->key, OPT_KEY_FILE);
	return key_source_option(cli, &args->key, OPT_KEY_TEE);
}

static int named_option(struct cli *cli, struct store_args *args,
			const char *name)
{
	int code = text_option(args, name);

	if (code >= 0)
		return code;
	if (!strcmp(name, "recipient"))
		return recipient_option(cli, args);
	if (!strcmp(name, "out-fd"))
		return key_sink_fd(cli, &args->sink, optarg);
	if (!strcmp(name, "cid")) {
		args->has_cid = true;
		return cid_option(cli, optarg, &args->cid);
	}
	if (!strcmp(name, "csv"))
		args->csv = true;
	else if (!strcmp(name, "hex"))
		args->sink.hex = true;
	else if (!strcmp(name, "allow-weak-key"))
		args->allow_weak = true;
	else
		return key_option(cli, args, name);
	return CLI_OK;
}

int store_parse(struct cli *cli, struct store_args *args)
{
	int option, code = CLI_OK;

	memset(args, 0, sizeof(*args));
	args->key = KEY_SOURCE_NONE;
	args->sink = KEY_SINK_NONE;
	while (code == CLI_OK && (option = cli_next(cli)) >= 0)
		code = named_option(cli, args,
				    cli->parser.command->options[option].name);
	if (code != CLI_OK)
		return code;
	code = cli_end(cli, option, 0, 0);
	if (code >= 0)
		return code;
	if (!args->spec)
		return cli_fail(cli, CLI_KIND_USAGE,
				"say --store sqlite:PATH or postgresql://…",
				"which store?");
	return -1;
}

enum cli_kind store_kind(int err)
{
	switch (err) {
	case -EINVAL:
		return CLI_KIND_USAGE;
	case -ENOENT:
		return CLI_KIND_NOT_IN_STORE;
	case -EKEYREJECTED:
		return CLI_KIND_MISMATCH;
	case -EEXIST:
		return CLI_KIND_EXISTS;
	case -EPERM:
		return CLI_KIND_REFUSED;
	case -EBUSY:
		return CLI_KIND_BUSY;
	case -EIO:
		return CLI_KIND_STORE;
	case -EBADMSG:
		return CLI_KIND_TAMPERED;
	case -EOPNOTSUPP:
		return CLI_KIND_NO_BACKEND;
	case -ENODEV:
		return CLI_KIND_TRANSPORT;
	case -EREMOTEIO:
		return CLI_KIND_DEVICE;
	case -ENOMEM:
		return CLI_KIND_MEMORY;
	default:
		return CLI_KIND_OTHER;
	}
}

int store_fail_put(struct cli *cli, const struct rpmb_store_error *error)
{
	return cli_fail(cli, store_kind(error->err),
			error->advice[0] ? error->advice : NULL, "%s",
			error->message);
}

int store_open(struct cli *cli, const struct store_args *args,
	       struct rpmb_store_error *error, struct rpmb_store **ret_store)
{
	memset(error, 0, sizeof(*error));
	if (rpmb_store_open(args->spec, args->station, error, ret_store))
		return store_fail_put(cli, error);
	return CLI_OK;
}

static int init_run(struct cli *cli, int argc, char **argv)
{
	struct rpmb_store_error error = { 0 };
	struct store_args args;
	int code = store_parse(cli, &args);

	(void)argc;
	(void)argv;
	if (code >= 0)
		return code;
	if (!args.recipient_count)
		return cli_fail(cli, CLI_KIND_USAGE,
				"say --recipient PUBLIC.pem; openssl pkey"
				" -pubout makes one",
				"to which public key are keys sealed?");
	if (rpmb_store_init(args.spec, args.recipients, args.recipient_count,
			    &error))
		return store_fail_put(cli, &error);
	cli_put(cli, "store", "made", "%s", args.spec);
	return CLI_OK;
}

/* ---- add ---- */

static int sealed_read(struct cli *cli, const char *path,
		       struct rpmb_sealed *sealed)
{
	uint8_t blob[RPMB_SEALED_BYTES_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, blob, sizeof(blob));
	int err = errno;

	if (fd >= 0)
		close(fd);
	if (got < 0)
		return cli_fail(cli, CLI_KIND_IO, NULL, "cannot read %s: %s",
				path, strerror(err));
	if (got > RPMB_SEALED_BYTES_MAX)
		return cli_fail(cli, CLI_KIND_USAGE, NULL,
				"%s is too long for a sealed key", path);
	memcpy(sealed->blob, blob, (size_t)got);
	sealed->bytes = (size_t)got;
	return CLI_OK;
}

static int add_sealed(struct cli *cli, const struct store_args *args)
{
	struct rpmb_store_error error;
	struct rpmb_sealed sealed;
	struct rpmb_store *store;
	int code = sealed_read(cli, args->sealed_file, &sealed);

	if (code == CLI_OK)
		code = store_open(cli, args, &error, &store);
	if (code != CLI_OK)
		return code;
	if (rpmb_store_add_sealed(store, &sealed, args->describe))
		code = store_fail_put(cli, &error);
	else
		cli_put(cli, "result", "added", "as it is sealed");
	rpmb_store_close(store);
	return code;
}

/* With a device: it must hold the key, and says its CID itself. */
static int device_verify(struct cli *cli, struct store_args *args,
			 const struct rpmb_key *key)
{
	struct rpmb_device *device;
	struct rpmb_error error;
	uint32_t counter;
	int code = reach_programmed(cli, args->device, &device);

	if (code != CLI_OK)
		return code;
	code = reach_check_cid(cli, device, args->has_cid ? &args->cid : NULL,
			       "cid");
	args->cid = rpmb_get_info(device)->cid;
	if (code == CLI_OK && rpmb_read_counter(device, key, &counter, &error))
		code = reach_fail(cli, &error);
	rpmb_close(device);
	return code;
}

static int add_key(struct cli *cli, struct store_args *args)
{
	struct rpmb_store_error error;
	struct rpmb_store *store;
	struct rpmb_key *key;
	int code = key_load(cli, &args->key, args->has_cid ? &args->cid : NULL,
			    &key);

	if (code == CLI_OK && args->device)
		code = device_verify(cli, args, key);
	if (code == CLI_OK)
		code = store_open(cli, args, &error, &store);
	if (code != CLI_OK) {
		rpmb_secret_free(key);
		return code;
	}
	if (rpmb_store_add_key(store, &args->cid, key,
			       args->key.tee ? RPMB_SOURCE_TEE :
					       RPMB_SOURCE_OTHER,
			       args->describe, args->device, args->allow_weak))
		code = store_fail_put(cli, &error);
	else
		cli_put(cli, "result", "added",
			args->device ? "and verified" : "not verified");
	rpmb_store_close(store);
	rpmb_secret_free(key);
	return code;
}

static int add_run(struct cli *cli, int argc, char **argv)
{
	struct store_args args;
	int code = store_parse(cli, &args);

	(void)argc;
	(void)argv;
	if (code >= 0)
		return code;
	if (args.sealed_file && (key_source_given(&args.key) || args.device))
		return cli_fail(cli, CLI_KIND_USAGE, "say one of them",
				"a sealed key has its device in it and needs"
				" no other key");
	if (args.sealed_file)
		return add_sealed(cli, &args);
	if (!args.has_cid && !args.device)
		return cli_fail(cli, CLI_KIND_USAGE, "say --cid, or --device",
				"a key of which device?");
	if (args.allow_weak && cli->mode != CLI_MODE_DEVELOPMENT)
		return cli_fail(cli, CLI_KIND_REFUSED,
				"on a board that is yours to break, say --mode"
				" development",
				"the mode is %s, which does not allow weak"
				" keys",
				cli_mode_name(cli->mode));
	if (args.key.tee) {
		code = cli_mode_permit(cli, CLI_DO_STORE_KEY);
		if (code != CLI_OK)
			return code;
	}
	return add_key(cli, &args);
}

/* ---- get ---- */

static int get_key(struct cli *cli, const struct store_args *args,
		   struct rpmb_store *store,
		   const struct rpmb_store_error *error)
{
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	int code;

	if (!key)
		return cli_fail(cli, CLI_KIND_MEMORY,
				"raise the limit (ulimit -l)",
				"no memory can be locked for the key");
	if (rpmb_store_get_key(store, &args->cid, args->identity, key))
		code = store_fail_put(cli, error);
	else
		code = key_put_fingerprint(cli, key);
	if (code == CLI_OK)
		code = key_write(cli, &args->sink, key);
	rpmb_secret_free(key);
	return code;
}

static int get_sealed(struct cli *cli, const struct store_args *args,
		      struct rpmb_store *store,
		      const struct rpmb_store_error *error)
{
	char text[RPMB_FINGERPRINT_TEXT_BYTES];
	struct rpmb_store_record record;

	if (rpmb_store_get(store, &args->cid, &record))
		return store_fail_put(cli, error);
	cli_put(cli, "fingerprint", "fingerprint", "%s",
		rpmb_fingerprint_format(&record.fingerprint, text));
	cli_put(cli, "state", "state", "%s",
		rpmb_store_state_name(record.state));
	return sink_write(cli, &args->sink, record.sealed.blob,
			  record.sealed.bytes);
}

static int get_run(struct cli *cli, int argc, char **argv)
{
	struct rpmb_store_error error;
	struct rpmb_store *store;
	struct store_args args;
	int code = store_parse(cli, &args);

	(void)argc;
	(void)argv;
	if (code >= 0)
		return code;
	if (!args.has_cid)
		return cli_fail(cli, CLI_KIND_USAGE, "say --cid",
				"the key of which device?");
	if (!key_sink_given(&args.sink))
		return cli_fail(cli, CLI_KIND_USAGE,
				"say --out-file, or --out-fd",
				"where does it go?");
	code = store_open(cli, &args, &error, &store);
	if (code != CLI_OK)
		return code;
	code = args.identity ? get_key(cli, &args, store, &error) :
			       get_sealed(cli, &args, store, &error);
	rpmb_store_close(store);
	return code;
}

/* ---- audit, rekey ---- */

static int audit_store(struct cli *cli, const struct store_args *args,
		       const struct rpmb_store_anchor *anchor)
{
	char text[RPMB_STORE_ANCHOR_TEXT];
	struct rpmb_store_audit audit;
	struct rpmb_store_error error;
	struct rpmb_store *store;
	int code = store_open(cli, args, &error, &store);

	if (code != CLI_OK)
		return code;
	if (rpmb_store_audit(store, anchor, stderr, &audit))
		code = store_fail_put(cli, &error);
	rpmb_store_close(store);
	if (code != CLI_OK && error.err != -EBADMSG)
		return code;
	cli_put_number(cli, "entries", "log entries", audit.entries);
	cli_put_number(cli, "devices", "devices", audit.devices);
	cli_put_number(cli, "problems", "problems", audit.problems);
	if (code != CLI_OK)
		return code;
	rpmb_store_anchor_format(&audit.head, text);
	cli_put(cli, "anchor", "anchor", "%s", text);
	return code;
}

static int audit_run(struct cli *cli, int argc, char **argv)
{
	struct rpmb_store_anchor anchor;
	struct store_args args;
	int code = store_parse(cli, &args);

	(void)argc;
	(void)argv;
	if (code >= 0)
		return code;
	if (args.anchor && !rpmb_store_anchor_parse(args.anchor, &anchor))
		return cli_fail(cli, CLI_KIND_USAGE,
				"it is what an earlier audit has printed",
				"that is no anchor");
	return audit_store(cli, &args, args.anchor ? &anchor : NULL);
}

static int rekey_run(struct cli *cli, int argc, char **argv)
{
	struct rpmb_store_error error;
	struct rpmb_store *store;
	struct store_args args;
	uint64_t count = 0;
	int code = store_parse(cli, &args);

	(void)argc;
	(void)argv;
	if (code >= 0)
		return code;
	if (!args.identity || !args.new_recipient)
		return cli_fail(cli, CLI_KIND_USAGE,
				"say --identity OLD-PRIVATE and"
				" --new-recipient NEW-PUBLIC.pem",
				"from which key to which?");
	code = store_open(cli, &args, &error, &store);
	if (code != CLI_OK)
		return code;
	if (rpmb_store_rekey(store, args.identity, args.new_recipient, &count))
		code = store_fail_put(cli, &error);
	cli_put_number(cli, "resealed", "keys sealed anew", count);
	rpmb_store_close(store);
	return code;
}

/* ---- the table's rows ---- */

/* clang-format off */
#define CID_ROW { "cid", "CID", "of the device" }
#define IDENTITY_HELP "a PEM file of mode 0600, or a PKCS#11 URI"

const struct cli_command cmd_store_init = {
	.name = "store init",
	.synopsis = "--store STORE --recipient PUBLIC [--recipient PUBLIC…]",
	.summary = "Makes a store that seals to public keys",
	.options = (const struct cli_option[]){
		STORE_ROW,
		{ "recipient", "PUBLIC",
		  "a public key (PEM, X25519 or P-256), up to 8 times" },
		{ NULL, NULL, NULL },
	},
	.run = init_run,
};

const struct cli_command cmd_store_add = {
	.name = "store add",
	.synopsis = "--store STORE (KEY (--cid CID | --device DEVICE) | --sealed-file PATH)",
	.summary = "Adds the key of one device",
	.description =
		"With --device the device must hold the key: the record says verified then.",
	.options = (const struct cli_option[]){
		STORE_ROW,
		CID_ROW,
		{ "device", "DEVICE", "that holds the key; it is asked" },
		{ "key-fd", "N", "read the key from file descriptor N" },
		{ "key-file", "PATH", "read the key from a file of mode 0600" },
		{ "key-tee", NULL, "take the key from OP-TEE" },
		{ "sealed-file", "PATH", "a sealed key, as OP-TEE makes it" },
		{ "describe", "TEXT", "what the device is, for people" },
		{ "allow-weak-key", NULL, "in development: also a test key" },
		STATION_ROW,
		{ NULL, NULL, NULL },
	},
	.run = add_run,
};

const struct cli_command cmd_store_get = {
	.name = "store get",
	.synopsis = "--store STORE --cid CID [--identity PRIVATE] (--out-file PATH | --out-fd N)",
	.summary = "Gets the sealed key of one device, or with the private key the key",
	.options = (const struct cli_option[]){
		STORE_ROW,
		CID_ROW,
		{ "identity", "PRIVATE",
		  "open it with this private key:\n" IDENTITY_HELP },
		{ "out-fd", "N", OUT_FD_HELP },
		{ "out-file", "PATH", OUT_FILE_HELP },
		{ "hex", NULL, HEX_HELP },
		STATION_ROW,
		{ NULL, NULL, NULL },
	},
	.run = get_run,
};

const struct cli_command cmd_store_audit = {
	.name = "store audit",
	.synopsis = "--store STORE [--anchor ANCHOR]",
	.summary = "Checks the log, and all records against it; exit code 7 on tampering",
	.description =
		"Prints the anchor of the log's end. Keep it elsewhere: an audit that is given\n"
		"it finds out if the log was cut or written anew up to there.",
	.options = (const struct cli_option[]){
		STORE_ROW,
		{ "anchor", "ANCHOR", "of an earlier audit" },
		{ NULL, NULL, NULL },
	},
	.run = audit_run,
};

const struct cli_command cmd_store_rekey = {
	.name = "store rekey",
	.synopsis = "--store STORE --identity OLD-PRIVATE --new-recipient NEW-PUBLIC",
	.summary = "Seals all keys to another public key; can be repeated if cut off",
	.options = (const struct cli_option[]){
		STORE_ROW,
		{ "identity", "PRIVATE", "the old private key:\n" IDENTITY_HELP },
		{ "new-recipient", "PUBLIC", "the new public key (PEM)" },
		STATION_ROW,
		{ NULL, NULL, NULL },
	},
	.run = rekey_run,
};
/* clang-format on */
