/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a verb's key comes from and where it goes to: descriptors, files,
 * the store, OP-TEE; never argv, never the environment. Secrets live in
 * memory of rpmb_secret_alloc() only.
 */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include <rpmb.h>

#include "cli.h"

/* A verb that takes a key starts its table with KEY_OPTIONS. */
enum {
	OPT_KEY_FD,
	OPT_KEY_FILE,
	OPT_KEY_STORE,
	OPT_KEY_TEE,
	OPT_KEY_END,
};

/* clang-format off */
#define KEY_OPTIONS                                                                \
	[OPT_KEY_FD] = { "key-fd", "N",                                            \
			 "read the key from file descriptor N, to its end" },      \
	[OPT_KEY_FILE] = { "key-file", "PATH",                                     \
			   "read the key from a file of mode 0600 (32 bytes, or\n" \
			   "64 hexadecimal digits)" },                             \
	[OPT_KEY_STORE] = { "key-store", "STORE",                                  \
			    "take the key from a store: SPEC,identity=PRIVATE" },  \
	[OPT_KEY_TEE] = { "key-tee", NULL,                                         \
			  "take the key from OP-TEE (a development build's)" }
/* clang-format on */

/* At most one source; zeroed by KEY_SOURCE_NONE. */
struct key_source {
	int fd; /* -1: not given */
	const char *file;
	const char *store;
	bool tee;
};

#define KEY_SOURCE_NONE ((struct key_source){ .fd = -1 })

/* Takes one of the OPT_KEY_ options, whose argument is in optarg. */
int key_source_option(struct cli *cli, struct key_source *source, int option);

bool key_source_given(const struct key_source *source);

/*
 * key_load - gets the key
 * @cid: of the device that it is for; NULL where no device is known
 * @ret_key: to be freed by rpmb_secret_free(); NULL on failure
 *
 * CLI_OK, with the results "key_source" and "fingerprint" put; or an exit
 * code with the reason said. No source given is CLI_USAGE.
 */
int key_load(struct cli *cli, const struct key_source *source,
	     const struct rpmb_cid *cid, struct rpmb_key **ret_key);

/* As key_load(), but CLI_OK and NULL where no source was given. */
int key_load_optional(struct cli *cli, const struct key_source *source,
		      const struct rpmb_cid *cid, struct rpmb_key **ret_key);

/* Puts the key's fingerprint. CLI_OK or an exit code. */
int key_put_fingerprint(struct cli *cli, const struct rpmb_key *key);

/*
 * secret_read_file, secret_read_fd - reads at most @max bytes of a secret
 * @path: a regular file, the caller's own, open to nobody else
 * @what: for messages: "key", "HUK"
 * @ret_secret: @max bytes, to be freed by rpmb_secret_free()
 *
 * CLI_OK or an exit code with the reason said; more than @max bytes is
 * CLI_USAGE.
 */
int secret_read_file(struct cli *cli, const char *path, const char *what,
		     size_t max, void **ret_secret, size_t *ret_bytes);
int secret_read_fd(struct cli *cli, int fd, const char *what, size_t max,
		   void **ret_secret, size_t *ret_bytes);

/* A descriptor's number from an option's argument: 0 or above, open. */
int fd_option(struct cli *cli, const char *text, int *ret_fd);

/* Where output that is not for everybody goes. */
struct key_sink {
	int fd; /* -1: not given */
	const char *file;
	bool hex;
};

#define KEY_SINK_NONE ((struct key_sink){ .fd = -1 })

/* Of the options --out-fd, --out-file and --hex. */
#define OUT_FD_HELP "write it to file descriptor N"
#define OUT_FILE_HELP "write it to a new file of mode 0600"
#define HEX_HELP "write the key as 64 hexadecimal digits"

int key_sink_fd(struct cli *cli, struct key_sink *sink, const char *text);
bool key_sink_given(const struct key_sink *sink);

/*
 * CLI_OK unless there is such a file already: to be called before long work,
 * of which nothing should be lost.
 */
int sink_check(struct cli *cli, const struct key_sink *sink);

/*
 * sink_write - writes all of it, and to a file until it is on the disk
 *
 * The file is new, of mode 0600. One that could not be finished is removed. The results are not shown if
 * @sink is standard output.
 */
int sink_write(struct cli *cli, const struct key_sink *sink, const void *data,
	       size_t bytes);

/* The key as 32 bytes, or as 64 digits and a line end with @sink->hex. */
int key_write(struct cli *cli, const struct key_sink *sink,
	      const struct rpmb_key *key);

#endif
