/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the store share above the data base: the log, rows as
 * structures, recipients, private keys, and a station's steps on a device.
 */
#ifndef RPMB_STORE_INTERNAL_H
#define RPMB_STORE_INTERNAL_H

#include "db.h"

#define STORE_TIME_TEXT 32
#define STORE_CHECK_NONCE_BYTES 16
#define STORE_CHECK_MAC_BYTES 32

/* UTC, ISO 8601, microseconds. */
const char *store_now(char text[STORE_TIME_TEXT]);
/* Copies what is printable ASCII, and '?' for the rest; cuts at @room. */
void store_text_copy(char *to, size_t room, const char *from);

/* ---- log.c ---- */

struct log_entry {
	const char *action;
	const struct rpmb_cid *cid; /* NULL: the store as a whole */
	uint64_t generation;
	const struct rpmb_fingerprint *fingerprint; /* may be NULL */
	const char *result;
	const char *detail; /* may be NULL */
	/* The entry changed the device, or the recipients without a CID. */
	bool changed;
};

/* Appends, in the open writing transaction. */
int log_append(struct rpmb_store *store, const struct log_entry *entry);
/* Appends in a transaction of its own. */
int log_alone(struct rpmb_store *store, const struct log_entry *entry);
/*
 * Logs that @action failed with store->error and returns @err; the failure
 * to log is worse and would be returned instead.
 */
int log_failure(struct rpmb_store *store, const char *action,
		const struct rpmb_cid *cid, int err);

/* ---- digest.c: what the log vouches for ---- */

struct digest; /* SHA-256 over texts, each with its length before it */
int digest_create(const char *purpose, struct digest **ret_digest);
void digest_text(struct digest *digest, const char *text);
/* Frees @digest; NULL @hash: gives up. */
int digest_finish(struct digest *digest, char hash[DB_HASH_TEXT]);
/* Of all rows that belong to a CID, or of the recipients: empty @cid. */
int digest_rows(struct rpmb_store *store, const char *cid,
		char hash[DB_HASH_TEXT]);

/* ---- record.c ---- */

struct store_key_row {
	uint32_t generation;
	struct rpmb_fingerprint fingerprint;
	enum rpmb_store_source source;
	/* What a device that holds the key answers, see claim.c. */
	bool has_check;
	uint8_t check_nonce[STORE_CHECK_NONCE_BYTES];
	uint8_t check_mac[STORE_CHECK_MAC_BYTES];
};

enum rpmb_store_source store_source_parse(const char *name);
enum rpmb_store_state store_state_parse(const char *name);

/* In the open transaction. -ENOENT, without a word, if there is none. */
int device_read(struct rpmb_store *store, const struct rpmb_cid *cid,
		bool with_sealed, struct rpmb_store_record *ret_record);
int device_insert(struct rpmb_store *store, const struct rpmb_cid *cid,
		  const char *claim, const char *description);
/* Inserts a key as generation @row->generation, with its sealed forms. */
int key_insert(struct rpmb_store *store, const struct rpmb_cid *cid,
	       const struct store_key_row *row,
	       const struct rpmb_sealed *sealed, unsigned int count);
/*
 * Seals and inserts in one transaction, so that a rekey, which changes the
 * recipients in one of its own, cannot come between.
 */
int key_seal_insert(struct rpmb_store *store, const struct rpmb_cid *cid,
		    const struct store_key_row *row, const struct rpmb_key *key,
		    enum rpmb_origin origin);
/* Sets the state and the current generation of a device. */
int device_update(struct rpmb_store *store, const struct rpmb_cid *cid,
		  enum rpmb_store_state state, uint32_t generation);

/* ---- recipient.c ---- */

struct recipients {
	unsigned int count;
	struct evp_pkey_st *keys[RPMB_STORE_RECIPIENTS_MAX];
	char ids[RPMB_STORE_RECIPIENTS_MAX][DB_RECIPIENT_TEXT];
};

/* The active ones; freed by recipients_free(). */
int recipients_read(struct rpmb_store *store, struct recipients *ret);
void recipients_free(struct recipients *recipients);
int recipient_insert(struct rpmb_store *store, const char *id, const char *pem);
/* Reads a PEM file of a public key. @ret_pem is freed by free(). */
int public_key_load(const char *path, struct rpmb_store_error *error,
		    struct evp_pkey_st **ret_key,
		    char ret_id[DB_RECIPIENT_TEXT], char **ret_pem);
/* Seals to all of @recipients; @sealed has room for all. */
int recipients_seal(struct rpmb_store *store,
		    const struct recipients *recipients,
		    const struct rpmb_cid *cid, const struct rpmb_key *key,
		    enum rpmb_origin origin, struct rpmb_sealed *sealed);

/* ---- identity.c, pkcs11.c ---- */

/*
 * pem_private_decode - the DER of the first private key in a PEM file
 * @ret_der: secret memory, with room for @bytes; may be written on error
 *
 * Takes PKCS#8 (RFC 5958) and SEC1 (RFC 5915). -EINVAL: there is none, or it
 * is not whole; -ENOKEY: it has a passphrase, of the new or the old kind.
 */
int pem_private_decode(const char *pem, size_t bytes, uint8_t *ret_der,
		       size_t *ret_bytes);

/* A private key: a PEM file or a PKCS#11 URI. */
struct identity;
int identity_open(const char *name, struct rpmb_store_error *error,
		  struct identity **ret_identity);
void identity_close(struct identity *identity);
struct evp_pkey_st *identity_key(const struct identity *identity);
/* Opens a sealed key and says in the store's words what is wrong with it. */
int identity_unseal(const struct identity *identity,
		    const struct rpmb_sealed *sealed,
		    struct rpmb_store_error *error, struct rpmb_key *ret_key);
/*
 * The whole of a file that only its owner, who is the caller, can read.
 * -EINVAL: it has more than @room bytes, or cannot be opened; -EPERM: it is
 * somebody else's, open to others or no regular file.
 */
int private_file_read(const char *path, size_t room, void *data,
		      struct rpmb_store_error *error, size_t *ret_bytes);

struct pkcs11;
int pkcs11_open(const char *uri, struct rpmb_store_error *error,
		struct pkcs11 **ret_token, struct evp_pkey_st **ret_key);
void pkcs11_close(struct pkcs11 *token);

/* ---- claim.c: a station's steps ---- */

struct store_claim {
	struct rpmb_cid cid;
	char token[33];
	uint64_t session; /* in which the lock was taken */
};

/*
 * Takes a device up: exactly one live station has it. -EBUSY: another one.
 * A device that is verified is not claimed: look at @ret_record's state.
 */
int claim_take(struct rpmb_store *store, const struct rpmb_cid *cid,
	       const char *description, struct store_claim *ret_claim,
	       struct rpmb_store_record *ret_record);
void claim_drop(struct rpmb_store *store, struct store_claim *claim);

/* All keys of the device, the newest first; freed by free(). */
int claim_keys(struct rpmb_store *store, const struct rpmb_cid *cid,
	       struct store_key_row **ret_rows, size_t *ret_count);

/* Stores a new key as the next generation: durable when it returns 0. */
int claim_store_key(struct rpmb_store *store, struct store_claim *claim,
		    const struct rpmb_key *key, struct store_key_row *row);
/* The key of @generation is going to be programmed now. */
int claim_programming(struct rpmb_store *store, struct store_claim *claim,
		      const struct store_key_row *row);
/* It was proved that the device holds it. */
int claim_verified(struct rpmb_store *store, struct store_claim *claim,
		   const struct store_key_row *row, const char *how);

#endif
