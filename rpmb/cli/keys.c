// SPDX-License-Identifier: BSD-2-Clause
/*
 * Keys and other secrets on their way in: from descriptors and files straight
 * into locked memory, from the store, from OP-TEE. The way out is sink.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys.h"
#include "tee.h"
#include "verb_store.h"

/* 64 digits and a line end; CR LF at most. */
#define KEY_TEXT_MAX 66

int fd_option(struct cli *cli, const char *text, int *ret_fd)
{
	uint64_t value;

	if (!cli_number_parse(text, true, "", &value) || value > 65535)
		return cli_fail(cli, CLI_KIND_USAGE,
				"give the number of an open one, as in 3<FILE",
				"that is not a file descriptor");
	if (fcntl((int)value, F_GETFD) < 0)
		return cli_fail(cli, CLI_KIND_USAGE,
				"open it first, as in 3<FILE",
				"file descriptor %d is not open", (int)value);
	*ret_fd = (int)value;
	return CLI_OK;
}

int key_source_option(struct cli *cli, struct key_source *source, int option)
{
	if (key_source_given(source))
		return cli_fail(cli, CLI_KIND_USAGE, "name one source",
				"two sources of a key were given");
	switch (option) {
	case OPT_KEY_FD:
		return fd_option(cli, optarg, &source->fd);
	case OPT_KEY_FILE:
		source->file = optarg;
		return CLI_OK;
	case OPT_KEY_STORE:
		source->store = optarg;
		return CLI_OK;
	default:
		source->tee = true;
		return CLI_OK;
	}
}

bool key_source_given(const struct key_source *source)
{
	return source->fd >= 0 || source->file || source->store || source->tee;
}

int secret_read_fd(struct cli *cli, int fd, const char *what, size_t max,
		   void **ret_secret, size_t *ret_bytes)
{
	/* One more, to see that there is more. */
	uint8_t *secret = rpmb_secret_alloc(max + 1);
	size_t bytes = 0;
	ssize_t got;

	if (!secret)
		return cli_fail(cli, CLI_KIND_MEMORY,
				"raise the limit (ulimit -l)",
				"no memory can be locked for the %s", what);
	do {
		got = read(fd, secret + bytes, max + 1 - bytes);
		if (got > 0)
			bytes += (size_t)got;
	} while (bytes <= max && (got > 0 || (got < 0 && errno == EINTR)));
	if (got < 0) {
		rpmb_secret_free(secret);
		return cli_fail(cli, CLI_KIND_IO, NULL,
				"cannot read the %s: %s", what,
				strerror(errno));
	}
	if (bytes > max) {
		rpmb_secret_free(secret);
		return cli_fail(
			cli, CLI_KIND_USAGE, NULL,
			"there are more than %zu bytes where the %s should be",
			max, what);
	}
	*ret_secret = secret;
	*ret_bytes = bytes;
	return CLI_OK;
}

/* What is wrong with a file as a place for a secret; NULL: nothing. */
static const char *file_fault(const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		return "is not a regular file";
	if (status->st_uid != geteuid())
		return "belongs to somebody else";
	if (status->st_mode & 077)
		return "is open to others";
	return NULL;
}

int secret_read_file(struct cli *cli, const char *path, const char *what,
		     size_t max, void **ret_secret, size_t *ret_bytes)
{
	struct stat status;
	const char *fault;
	int fd, code;

	/* Not blocking: it may be a FIFO, and is refused then. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) < 0) {
		code = cli_fail(cli, CLI_KIND_IO, NULL,
				"cannot read the %s from %s: %s", what, path,
				strerror(errno));
		if (fd >= 0)
			close(fd);
		return code;
	}
	fault = file_fault(&status);
	if (fault)
		code = cli_fail(
			cli, CLI_KIND_REFUSED,
			"a secret's file is a regular one, your own and of mode 0600",
			"%s %s", path, fault);
	else
		code = secret_read_fd(cli, fd, what, max, ret_secret,
				      ret_bytes);
	close(fd);
	return code;
}

static int parse_key(struct cli *cli, void *text, size_t bytes,
		     struct rpmb_key *key)
{
	int err = rpmb_key_parse(text, bytes, key);

	rpmb_secret_free(text);
	if (err == 0)
		return CLI_OK;
	return cli_fail(cli, CLI_KIND_USAGE,
			"a key is 32 bytes, or 64 hexadecimal digits",
			"%zu bytes were read, and they are no key", bytes);
}

static int load_from_fd(struct cli *cli, const struct key_source *source,
			struct rpmb_key *key)
{
	size_t bytes;
	void *text;
	int code;

	code = secret_read_fd(cli, source->fd, "key", KEY_TEXT_MAX, &text,
			      &bytes);
	if (code != CLI_OK)
		return code;
	cli_put(cli, "key_source", "key from", "file descriptor %d",
		source->fd);
	return parse_key(cli, text, bytes, key);
}

static int load_from_file(struct cli *cli, const struct key_source *source,
			  struct rpmb_key *key)
{
	size_t bytes;
	void *text;
	int code;

	code = secret_read_file(cli, source->file, "key", KEY_TEXT_MAX, &text,
				&bytes);
	if (code != CLI_OK)
		return code;
	cli_put(cli, "key_source", "key from", "file %s", source->file);
	return parse_key(cli, text, bytes, key);
}

static int load_from_store(struct cli *cli, const struct key_source *source,
			   const struct rpmb_cid *cid, struct rpmb_key *key)
{
	struct rpmb_store_error error = { 0 };
	int err;

	if (!cid)
		return cli_fail(cli, CLI_KIND_USAGE, "say --device or --cid",
				"a store has keys of many devices");
	err = rpmb_store_key_from_argument(source->store, cid, &error, key);
	if (err < 0)
		return store_fail_put(cli, &error);
	/* Behind the comma is where the private key is. */
	cli_put(cli, "key_source", "key from", "store %.*s",
		(int)strcspn(source->store, ","), source->store);
	return CLI_OK;
}

static int load_from_tee(struct cli *cli, const struct rpmb_cid *cid,
			 struct rpmb_key *key)
{
	struct tee_key_info info;
	struct tee_error error;
	struct tee *tee;
	int err;

	err = tee_open(&tee, &error);
	if (err == 0) {
		err = tee_get_key(tee, cid, key, &info, &error);
		tee_close(tee);
	}
	if (err < 0)
		return tee_fail(cli, &error);
	cli_put(cli, "key_source", "key from", "OP-TEE, %s%s",
		tee_key_source_name(info.source),
		info.ready ? "" : " (the platform says it may still change)");
	return CLI_OK;
}

static int load(struct cli *cli, const struct key_source *source,
		const struct rpmb_cid *cid, struct rpmb_key *key)
{
	if (source->fd >= 0)
		return load_from_fd(cli, source, key);
	if (source->file)
		return load_from_file(cli, source, key);
	if (source->store)
		return load_from_store(cli, source, cid, key);
	return load_from_tee(cli, cid, key);
}

int key_put_fingerprint(struct cli *cli, const struct rpmb_key *key)
{
	char text[RPMB_FINGERPRINT_TEXT_BYTES];
	struct rpmb_fingerprint fingerprint;

	if (rpmb_key_fingerprint(key, &fingerprint) < 0)
		return cli_fail(cli, CLI_KIND_OTHER, NULL,
				"OpenSSL cannot compute the fingerprint");
	cli_put(cli, "fingerprint", "fingerprint", "%s",
		rpmb_fingerprint_format(&fingerprint, text));
	return CLI_OK;
}

int key_load(struct cli *cli, const struct key_source *source,
	     const struct rpmb_cid *cid, struct rpmb_key **ret_key)
{
	struct rpmb_key *key;
	int code;

	*ret_key = NULL;
	if (!key_source_given(source))
		return cli_fail(
			cli, CLI_KIND_USAGE,
			"say --key-file, --key-fd, --key-store or --key-tee",
			"which key?");
	key = rpmb_secret_alloc(sizeof(*key));
	if (!key)
		return cli_fail(cli, CLI_KIND_MEMORY,
				"raise the limit (ulimit -l)",
				"no memory can be locked for the key");
	code = load(cli, source, cid, key);
	if (code == CLI_OK)
		code = key_put_fingerprint(cli, key);
	if (code != CLI_OK)
		rpmb_secret_free(key);
	else
		*ret_key = key;
	return code;
}

int key_load_optional(struct cli *cli, const struct key_source *source,
		      const struct rpmb_cid *cid, struct rpmb_key **ret_key)
{
	*ret_key = NULL;
	if (!key_source_given(source))
		return CLI_OK;
	return key_load(cli, source, cid, ret_key);
}
