/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store of RPMB keys: one record for each device (by CID), each key
 * sealed to the store's public keys, an append-only log of every attempt.
 * This header is all that a command needs; docs/rpmb-store.md describes the
 * tables, the log and what an audit can and cannot find. The loop of a
 * production line that uses it is in station.h.
 *
 * A handle belongs to one thread of one process; it must not be used after
 * fork(). Many processes may use one store at the same time.
 */
#ifndef RPMB_STORE_H
#define RPMB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rpmb.h>

struct rpmb_store;

/*
 * What went wrong: the caller's, given to rpmb_store_open() and written by
 * every call on that store that fails, so it must live as long as the store.
 * Both texts are sentences without an end; neither ever holds key material.
 */
struct rpmb_store_error {
	int err; /* the negative errno that was returned */
	char message[384];
	char advice[256]; /* may be empty */
};

/*
 * What the calls return, beside 0 and -ENOMEM:
 *
 *   -EINVAL	 a specification, file or value is no valid one
 *   -ENOENT	 the CID is not in the store
 *   -EKEYREJECTED  the private key does not open the record; the station: the
 *		 device or OP-TEE has another key
 *   -EEXIST	 the CID has another key already; the store exists
 *   -EPERM	 refused: a URI with a password, a weak key, file mode
 *   -EBUSY	 another live station has claimed the device
 *   -EIO	 the data base cannot be reached or used
 *   -EBADMSG	 tampering: the log's chain or a sealed key is broken
 *   -EOPNOTSUPP  this build or this machine lacks a library
 *   -ENODEV	 the station: the device or OP-TEE cannot be reached
 *   -EREMOTEIO	 the station: the device refuses
 */

/*
 * Opens the store @spec: "sqlite:PATH", a plain PATH, or a URI of libpq
 * ("postgresql://…") without a password in it (libpq finds it in ~/.pgpass, a
 * service file, …). @station is the name written to the log, at most 64
 * bytes; NULL: none. The schema is brought up to date if it is older.
 * The store must have been made by rpmb_store_init().
 */
int rpmb_store_open(const char *spec, const char *station,
		    struct rpmb_store_error *error,
		    struct rpmb_store **ret_store);
void rpmb_store_close(struct rpmb_store *store);

/* The most public keys that a store may seal to. */
#define RPMB_STORE_RECIPIENTS_MAX 8

/*
 * Makes the store @spec, which seals each key to @count public keys (PEM
 * files, X25519 or P-256). A SQLite file is created with mode 0600. An
 * existing store is left as it is: -EEXIST.
 */
int rpmb_store_init(const char *spec, const char *const *public_key_files,
		    unsigned int count, struct rpmb_store_error *error);

/*
 * From now on, keys are only sealed if the store's active public keys are
 * among those in these PEM files: who can write the store could put in a key
 * of their own. -EPERM from what seals, later.
 */
int rpmb_store_pin_recipients(struct rpmb_store *store,
			      const char *const *public_key_files,
			      unsigned int count);

/* Where a key came from, as the store remembers it. */
enum rpmb_store_source {
	RPMB_SOURCE_OTHER = 1, /* an operator gave it */
	RPMB_SOURCE_RANDOM = 2, /* a station made it; it cannot be had again */
	RPMB_SOURCE_DERIVED = 3, /* from HUK and CID */
	RPMB_SOURCE_TEE = 4, /* from OP-TEE; also sealed by it */
};

/* How far a device has come. A device never goes back. */
enum rpmb_store_state {
	RPMB_STATE_CLAIMED = 1, /* a station has taken it up: no key yet */
	RPMB_STATE_STORED = 2, /* a key is stored, none programmed knowingly */
	RPMB_STATE_PROGRAMMING = 3, /* may hold a stored key */
	RPMB_STATE_VERIFIED = 4, /* holds the current key: that was proved */
};

const char *rpmb_store_source_name(enum rpmb_store_source source);
const char *rpmb_store_state_name(enum rpmb_store_state state);

#define RPMB_STORE_TEXT_MAX 128 /* bytes of a description, with its NUL */

struct rpmb_store_record {
	struct rpmb_cid cid;
	enum rpmb_store_state state;
	uint32_t generation; /* of the current key, from 1; 0: no key yet */
	struct rpmb_fingerprint fingerprint; /* zero without a key */
	enum rpmb_store_source source; /* 0 without a key */
	char description[RPMB_STORE_TEXT_MAX];
	char station[RPMB_STORE_TEXT_MAX]; /* that has last worked on it */
	char changed[32]; /* UTC, ISO 8601 */
	/* By rpmb_store_get() and rpmb_store_list() on demand; else 0 bytes. */
	struct rpmb_sealed sealed;
};

/*
 * Adds @key for @cid: seals it to the store's public keys. The same key again
 * is no error and changes nothing. -EEXIST: the CID has another key. -EPERM:
 * rpmb_key_check() refuses the key, and @allow_weak is false.
 * @verified: the caller has just proved that the device holds this key.
 */
int rpmb_store_add_key(struct rpmb_store *store, const struct rpmb_cid *cid,
		       const struct rpmb_key *key,
		       enum rpmb_store_source source, const char *description,
		       bool verified, bool allow_weak);

/*
 * Adds a sealed key as it is, as OP-TEE makes them. Its header says for which
 * device; its recipient must be the store's only active one (-EINVAL). What
 * is inside cannot be checked here: the first who opens it does.
 */
int rpmb_store_add_sealed(struct rpmb_store *store,
			  const struct rpmb_sealed *sealed,
			  const char *description);

/* The record of @cid with its sealed key. Logged. */
int rpmb_store_get(struct rpmb_store *store, const struct rpmb_cid *cid,
		   struct rpmb_store_record *ret_record);

/*
 * The key of @cid, opened with the private key @identity: a PEM file (mode
 * 0600 or 0400, the caller's own) or a PKCS#11 URI (RFC 7512, with
 * module-path and pin-source, see docs/rpmb-store.md). @ret_key must be
 * memory of rpmb_secret_alloc(). Logged, also when it fails. This is what
 * --key-store does.
 */
int rpmb_store_get_key(struct rpmb_store *store, const struct rpmb_cid *cid,
		       const char *identity, struct rpmb_key *ret_key);

/*
 * For --key-store SPEC[,identity=IDENTITY]: opens the store, gets the key of
 * @cid and closes it. Without an identity in @argument: -EINVAL.
 */
int rpmb_store_key_from_argument(const char *argument,
				 const struct rpmb_cid *cid,
				 struct rpmb_store_error *error,
				 struct rpmb_key *ret_key);

/*
 * Opens one sealed key with @identity (as above), without a store. For
 * `rpmbctl unseal`. -EKEYREJECTED: sealed to another; -EBADMSG: tampered with.
 */
int rpmb_store_unseal(const char *identity, const uint8_t *sealed, size_t bytes,
		      struct rpmb_store_error *error, struct rpmb_key *ret_key);

/*
 * Walks over all devices in the order of their CIDs. @after: the last one
 * that was seen, NULL for the first. Fills up to @max records and says how
 * many; fewer than @max: that was the end. @with_sealed: with sealed keys.
 */
int rpmb_store_list(struct rpmb_store *store, const struct rpmb_cid *after,
		    bool with_sealed, struct rpmb_store_record *records,
		    size_t max, size_t *ret_count);

/* Logs that everything was read out; to be called before an export. */
int rpmb_store_log_export(struct rpmb_store *store);

/* The log's end: printed, kept elsewhere, and given to a later audit. */
struct rpmb_store_anchor {
	uint64_t entry; /* number of the entry, from 1 */
	uint8_t hash[32];
};

#define RPMB_STORE_ANCHOR_TEXT 90 /* "ENTRY:64 hex digits" and its NUL */

void rpmb_store_anchor_format(const struct rpmb_store_anchor *anchor,
			      char text[RPMB_STORE_ANCHOR_TEXT]);
bool rpmb_store_anchor_parse(const char *text, struct rpmb_store_anchor *ret);

struct rpmb_store_audit {
	uint64_t entries, devices, problems;
	struct rpmb_store_anchor head;
};

/*
 * Checks the whole log: numbering, every hash, the head, @anchor (may be
 * NULL), and that the devices, keys and recipients are what the log says.
 * Each problem is one line on @out (may be NULL). -EBADMSG: there was one.
 */
int rpmb_store_audit(struct rpmb_store *store,
		     const struct rpmb_store_anchor *anchor, FILE *out,
		     struct rpmb_store_audit *ret_audit);

/*
 * Seals every key, also superseded ones, to the public key in @new_public
 * instead of the one that belongs to the private key @old_identity. Each
 * device is one transaction: an interrupted run is repeated with the same
 * arguments and goes on where it was. New keys go to the new public key
 * from the start. @ret_count: how many keys this run has sealed anew.
 */
int rpmb_store_rekey(struct rpmb_store *store, const char *old_identity,
		     const char *new_public, uint64_t *ret_count);

#endif
