// SPDX-License-Identifier: BSD-2-Clause
/*
 * What needs the private key: getting one key out of the store, and rekey,
 * which seals all of them to another public key.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "internal.h"

static int identity_id(const struct identity *identity,
		       struct rpmb_store_error *error,
		       char text[DB_RECIPIENT_TEXT])
{
	uint8_t id[RPMB_RECIPIENT_ID_BYTES];

	if (rpmb_recipient_id(identity_key(identity), id))
		return store_fail(error, -EINVAL, "it must be X25519 or P-256",
				  "the private key cannot be used");
	db_hex(text, id, sizeof(id));
	return 0;
}

/* The form of the current key that is sealed to @id. */
static int sealed_find(struct rpmb_store *store, const struct rpmb_cid *cid,
		       const char *id, const struct rpmb_store_record *record,
		       struct rpmb_sealed *sealed)
{
	char text[RPMB_CID_TEXT_BYTES], generation[DB_NUMBER_TEXT];
	struct db_rows rows;
	int err = db_run(store, &rows,
			 "SELECT sealed FROM sealed_key WHERE cid = $1"
			 " AND generation = $2 AND recipient = $3",
			 rpmb_cid_format(cid, text),
			 db_number(generation, record->generation), id);

	if (err)
		return err;
	sealed->bytes = strlen(db_cell(&rows, 0, 0)) / 2;
	if (!rows.rows)
		err = store_fail(store->error, -EKEYREJECTED,
				 "use the private key that belongs to the"
				 " store's public one",
				 "the key is not sealed to %s", id);
	else if (sealed->bytes > sizeof(sealed->blob) ||
		 !db_unhex(db_cell(&rows, 0, 0), sealed->blob, sealed->bytes))
		err = store_fail(store->error, -EBADMSG,
				 "run rpmbctl store audit",
				 "the record of %s makes no sense", text);
	db_rows_free(&rows);
	return err;
}

/* The row says which key it is, the sealed key's header too: one device. */
static int header_check(struct rpmb_store *store, const struct rpmb_cid *cid,
			const struct rpmb_fingerprint *fingerprint,
			const struct rpmb_sealed *sealed)
{
	struct rpmb_sealed_header header;

	if (!rpmb_sealed_parse(sealed->blob, sealed->bytes, &header, NULL) &&
	    !memcmp(&header.cid, cid, sizeof(*cid)) &&
	    !memcmp(&header.fingerprint, fingerprint, sizeof(*fingerprint)))
		return 0;
	return store_fail(store->error, -EBADMSG, "run rpmbctl store audit",
			  "the sealed key is not of this device and key");
}

static int get_key(struct rpmb_store *store, const struct rpmb_cid *cid,
		   const struct identity *identity, struct rpmb_key *ret_key)
{
	struct rpmb_store_record record;
	struct rpmb_sealed sealed;
	char id[DB_RECIPIENT_TEXT];
	int err;

	err = identity_id(identity, store->error, id);
	if (err)
		return err;
	/* Logs that the key is being read, before it is. */
	err = rpmb_store_get(store, cid, &record);
	if (err)
		return err;
	err = db_final(sealed_find(store, cid, id, &record, &sealed));
	if (!err)
		err = header_check(store, cid, &record.fingerprint, &sealed);
	if (!err)
		err = identity_unseal(identity, &sealed, store->error, ret_key);
	return err ? log_failure(store, "open", cid, err) : 0;
}

int rpmb_store_get_key(struct rpmb_store *store, const struct rpmb_cid *cid,
		       const char *identity, struct rpmb_key *ret_key)
{
	struct identity *own;
	int err = identity_open(identity, store->error, &own);

	if (err)
		return log_failure(store, "open", cid, err);
	err = get_key(store, cid, own, ret_key);
	identity_close(own);
	return err;
}

int rpmb_store_key_from_argument(const char *argument,
				 const struct rpmb_cid *cid,
				 struct rpmb_store_error *error,
				 struct rpmb_key *ret_key)
{
	static const char word[] = ",identity=";
	const char *found = strstr(argument, word);
	struct rpmb_store *store;
	char *spec;
	int err;

	if (!found || !found[sizeof(word) - 1])
		return store_fail(error, -EINVAL,
				  "say SPEC,identity=PRIVATE-KEY",
				  "no private key is named to open the store's"
				  " keys with");
	spec = strndup(argument, (size_t)(found - argument));
	if (!spec)
		return store_fail(error, -ENOMEM, "", "out of memory");
	err = rpmb_store_open(spec, NULL, error, &store);
	free(spec);
	if (err)
		return err;
	err = rpmb_store_get_key(store, cid, found + sizeof(word) - 1, ret_key);
	rpmb_store_close(store);
	return err;
}

/* ---- rekey ---- */

struct rekey {
	struct rpmb_store *store;
	struct identity *old;
	char old_id[DB_RECIPIENT_TEXT];
	struct evp_pkey_st *new_key;
	char new_id[DB_RECIPIENT_TEXT], *new_pem;
	struct rpmb_key *key; /* locked memory for one key at a time */
	uint64_t count;
};

/* Seals one row anew, in the open transaction. */
static int rekey_row(struct rekey *rekey, const struct rpmb_cid *cid,
		     const char *generation, const char *old_text)
{
	struct rpmb_sealed sealed = { .bytes = strlen(old_text) / 2 }, renewed;
	char text[RPMB_CID_TEXT_BYTES], hex[2 * RPMB_SEALED_BYTES_MAX + 1];
	struct rpmb_store *store = rekey->store;
	struct rpmb_sealed_header header;
	struct rpmb_error lib_error;
	int err;

	rpmb_cid_format(cid, text);
	if (sealed.bytes > sizeof(sealed.blob) ||
	    !db_unhex(old_text, sealed.blob, sealed.bytes) ||
	    rpmb_sealed_parse(sealed.blob, sealed.bytes, &header, NULL))
		return store_fail(store->error, -EBADMSG,
				  "run rpmbctl store audit",
				  "a key of %s makes no sense", text);
	err = header_check(store, cid, &header.fingerprint, &sealed);
	if (!err)
		err = identity_unseal(rekey->old, &sealed, store->error,
				      rekey->key);
	if (err)
		return err;
	if (rpmb_seal(rekey->new_key, cid, rekey->key, header.origin, &renewed,
		      &lib_error))
		return store_fail(store->error, -EIO, "", "%s", lib_error.text);
	err = db_run(store, NULL,
		     "DELETE FROM sealed_key WHERE cid = $1 AND"
		     " generation = $2 AND recipient = $3",
		     text, generation, rekey->old_id);
	/* Both were active for a while: then there is one already. */
	if (!err)
		err = db_run(store, NULL,
			     "INSERT INTO sealed_key VALUES ($1, $2, $3, $4)"
			     " ON CONFLICT (cid, generation, recipient)"
			     " DO NOTHING",
			     text, generation, rekey->new_id,
			     db_hex(hex, renewed.blob, renewed.bytes));
	return err;
}

/* All keys of one device. */
static int rekey_within(struct rekey *rekey, const char *text, size_t *ret_rows)
{
	struct rpmb_store *store = rekey->store;
	struct log_entry entry = {
		.action = "rekey",
		.result = "ok",
		.detail = rekey->new_id,
		.changed = true,
	};
	struct rpmb_cid cid;
	struct db_rows rows;
	size_t row;
	int err;

	if (rpmb_cid_parse(text, &cid))
		return store_fail(store->error, -EBADMSG,
				  "run rpmbctl store audit", "%s is no CID",
				  text);
	entry.cid = &cid;
	err = db_run(store, &rows,
		     "SELECT generation, sealed FROM sealed_key"
		     " WHERE cid = $1 AND recipient = $2",
		     text, rekey->old_id);
	if (err)
		return err;
	for (row = 0; row < rows.rows && !err; row++)
		err = rekey_row(rekey, &cid, db_cell(&rows, row, 0),
				db_cell(&rows, row, 1));
	*ret_rows = rows.rows;
	if (!err && rows.rows)
		err = log_append(store, &entry);
	db_rows_free(&rows);
	return err;
}

static int rekey_device(struct rekey *rekey, const char *text)
{
	struct db_retry retry = { 0 };
	size_t rows = 0;
	int err;

	do {
		err = db_begin_write(rekey->store);
		if (!err)
			err = rekey_within(rekey, text, &rows);
		err = db_end(rekey->store, err);
	} while (db_again(rekey->store, &retry, err));
	if (!err)
		rekey->count += rows;
	return db_final(err);
}

static int recipient_is(struct rpmb_store *store, const char *id,
			const char *state, bool *ret_is)
{
	struct db_rows rows;
	int err = db_run(store, &rows,
			 "SELECT 1 FROM recipient WHERE id = $1 AND state = $2",
			 id, state);

	if (err)
		return err;
	*ret_is = rows.rows > 0;
	db_rows_free(&rows);
	return 0;
}

/* Moves the old recipient on; new keys go to the new one from the start. */
static int recipients_within(struct rekey *rekey, const char *state)
{
	struct log_entry entry = {
		.action = "recipients",
		.result = state,
		.detail = rekey->new_id,
		.changed = true,
	};
	bool done, retired, active = true;
	int err;

	err = recipient_is(rekey->store, rekey->old_id, state, &done);
	if (!err)
		err = recipient_is(rekey->store, rekey->old_id, "retired",
				   &retired);
	if (!err && !done && !retired)
		err = recipient_is(rekey->store, rekey->old_id,
				   strcmp(state, "retired") ? "active" :
							      "leaving",
				   &active);
	if (err || done || retired)
		return err;
	if (!active)
		return store_fail(rekey->store->error, -EKEYREJECTED,
				  "see rpmbctl store list for what is sealed"
				  " to which key",
				  "the store does not seal to the public key"
				  " of this private key (%s)",
				  rekey->old_id);
	err = recipient_insert(rekey->store, rekey->new_id, rekey->new_pem);
	if (!err)
		err = db_run(rekey->store, NULL,
			     "UPDATE recipient SET state = $1 WHERE id = $2",
			     state, rekey->old_id);
	return err ? err : log_append(rekey->store, &entry);
}

static int recipients_move(struct rekey *rekey, const char *state)
{
	struct db_retry retry = { 0 };
	int err;

	do {
		err = db_begin_write(rekey->store);
		if (!err)
			err = recipients_within(rekey, state);
		err = db_end(rekey->store, err);
	} while (db_again(rekey->store, &retry, err));
	return db_final(err);
}

static int rekey_all(struct rekey *rekey)
{
	char after[RPMB_CID_TEXT_BYTES] = "";
	struct db_rows rows;
	size_t row, count = 1;
	int err = recipients_move(rekey, "leaving");

	while (!err && count) {
		err = db_final(db_run(
			rekey->store, &rows,
			"SELECT DISTINCT cid FROM sealed_key WHERE"
			" recipient = $1 AND cid > $2 ORDER BY cid LIMIT 500",
			rekey->old_id, after));
		if (err)
			break;
		count = rows.rows;
		for (row = 0; row < count && !err; row++)
			err = rekey_device(rekey, db_cell(&rows, row, 0));
		if (count)
			snprintf(after, sizeof(after), "%s",
				 db_cell(&rows, count - 1, 0));
		db_rows_free(&rows);
	}
	return err ? err : recipients_move(rekey, "retired");
}

int rpmb_store_rekey(struct rpmb_store *store, const char *old_identity,
		     const char *new_public, uint64_t *ret_count)
{
	struct rekey rekey = { .store = store };
	int err = public_key_load(new_public, store->error, &rekey.new_key,
				  rekey.new_id, &rekey.new_pem);

	if (!err)
		err = identity_open(old_identity, store->error, &rekey.old);
	if (!err)
		err = identity_id(rekey.old, store->error, rekey.old_id);
	if (!err && !strcmp(rekey.old_id, rekey.new_id))
		err = store_fail(store->error, -EINVAL,
				 "name another public key",
				 "the old and the new key are the same");
	if (!err) {
		rekey.key = rpmb_secret_alloc(sizeof(*rekey.key));
		if (!rekey.key)
			err = store_fail(store->error, -ENOMEM,
					 "raise RLIMIT_MEMLOCK",
					 "memory cannot be locked");
	}
	if (!err)
		err = rekey_all(&rekey);
	if (err)
		err = log_failure(store, "rekey", NULL, err);
	*ret_count = rekey.count;
	rpmb_secret_free(rekey.key);
	identity_close(rekey.old);
	EVP_PKEY_free(rekey.new_key);
	free(rekey.new_pem);
	return err;
}
