// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows of devices and keys as structures: reading, inserting, listing. And
 * what an operator does with one record: add it, get it. The steps of a
 * station are in claim.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define RECORD_COLUMNS                                                   \
	"SELECT d.cid, d.state, d.generation, d.description, d.station," \
	" d.changed, coalesce(k.fingerprint, ''), coalesce(k.source, '')"
#define RECORD_TABLES                                            \
	" FROM device d LEFT JOIN device_key k ON k.cid = d.cid" \
	" AND k.generation = d.generation"

enum record_column {
	RECORD_CID,
	RECORD_STATE,
	RECORD_GENERATION,
	RECORD_DESCRIPTION,
	RECORD_STATION,
	RECORD_CHANGED,
	RECORD_FINGERPRINT,
	RECORD_SOURCE,
};

/* Any one of the sealed forms; that of an active recipient if there is one. */
static const char *const sealed_sql =
	"SELECT s.sealed FROM sealed_key s JOIN recipient r"
	" ON r.id = s.recipient WHERE s.cid = $1 AND s.generation = $2"
	" ORDER BY r.state, r.id";

static int malformed(struct rpmb_store *store, const char *cid)
{
	return store_fail(store->error, -EBADMSG, "run rpmbctl store audit",
			  "the record of %s makes no sense", cid);
}

static bool sealed_parse(const char *text, struct rpmb_sealed *ret_sealed)
{
	size_t bytes = strlen(text) / 2;

	if (bytes > sizeof(ret_sealed->blob) ||
	    !db_unhex(text, ret_sealed->blob, bytes))
		return false;
	ret_sealed->bytes = bytes;
	return true;
}

static int sealed_read(struct rpmb_store *store,
		       struct rpmb_store_record *record)
{
	char cid[RPMB_CID_TEXT_BYTES], generation[DB_NUMBER_TEXT];
	struct db_rows rows;
	int err;

	if (!record->generation)
		return 0;
	rpmb_cid_format(&record->cid, cid);
	err = db_run(store, &rows, sealed_sql, cid,
		     db_number(generation, record->generation));
	if (err)
		return err;
	if (!rows.rows || !sealed_parse(db_cell(&rows, 0, 0), &record->sealed))
		err = malformed(store, cid);
	db_rows_free(&rows);
	return err;
}

static int record_parse(struct rpmb_store *store, const struct db_rows *rows,
			size_t row, struct rpmb_store_record *record)
{
	const char *cid = db_cell(rows, row, RECORD_CID);
	const char *fingerprint = db_cell(rows, row, RECORD_FINGERPRINT);

	memset(record, 0, sizeof(*record));
	record->state = store_state_parse(db_cell(rows, row, RECORD_STATE));
	record->source = store_source_parse(db_cell(rows, row, RECORD_SOURCE));
	record->generation =
		(uint32_t)db_cell_number(rows, row, RECORD_GENERATION);
	store_text_copy(record->description, sizeof(record->description),
			db_cell(rows, row, RECORD_DESCRIPTION));
	store_text_copy(record->station, sizeof(record->station),
			db_cell(rows, row, RECORD_STATION));
	store_text_copy(record->changed, sizeof(record->changed),
			db_cell(rows, row, RECORD_CHANGED));
	if (rpmb_cid_parse(cid, &record->cid) || !record->state)
		return malformed(store, cid);
	if (record->generation &&
	    (!record->source ||
	     rpmb_fingerprint_parse(fingerprint, &record->fingerprint)))
		return malformed(store, cid);
	return 0;
}

int device_read(struct rpmb_store *store, const struct rpmb_cid *cid,
		bool with_sealed, struct rpmb_store_record *ret_record)
{
	char text[RPMB_CID_TEXT_BYTES];
	struct rpmb_store_record record;
	struct db_rows rows;
	int err = db_run(store, &rows,
			 RECORD_COLUMNS RECORD_TABLES " WHERE d.cid = $1",
			 rpmb_cid_format(cid, text));

	if (err)
		return err;
	if (rows.rows)
		err = record_parse(store, &rows, 0, &record);
	else
		err = -ENOENT;
	db_rows_free(&rows);
	if (!err && with_sealed)
		err = sealed_read(store, &record);
	if (!err)
		*ret_record = record;
	return err;
}

int device_insert(struct rpmb_store *store, const struct rpmb_cid *cid,
		  const char *claim, const char *description)
{
	char text[RPMB_CID_TEXT_BYTES], now[STORE_TIME_TEXT];
	char clean[RPMB_STORE_TEXT_MAX];

	store_text_copy(clean, sizeof(clean), description);
	return db_run(store, NULL,
		      "INSERT INTO device VALUES"
		      " ($1, 'claimed', 0, $2, $3, $4, $5, $5)",
		      rpmb_cid_format(cid, text), claim, store->station, clean,
		      store_now(now));
}

int device_update(struct rpmb_store *store, const struct rpmb_cid *cid,
		  enum rpmb_store_state state, uint32_t generation)
{
	char text[RPMB_CID_TEXT_BYTES], now[STORE_TIME_TEXT];
	char number[DB_NUMBER_TEXT];

	return db_run(store, NULL,
		      "UPDATE device SET state = $1, generation = $2,"
		      " station = $3, changed = $4 WHERE cid = $5",
		      rpmb_store_state_name(state),
		      db_number(number, generation), store->station,
		      store_now(now), rpmb_cid_format(cid, text));
}

static int sealed_insert(struct rpmb_store *store, const char *cid,
			 const char *generation,
			 const struct rpmb_sealed *sealed)
{
	char recipient[DB_RECIPIENT_TEXT];
	char text[2 * RPMB_SEALED_BYTES_MAX + 1];
	struct rpmb_sealed_header header;

	if (rpmb_sealed_parse(sealed->blob, sealed->bytes, &header, NULL))
		return store_fail(store->error, -EINVAL, "",
				  "this is no sealed key");
	return db_run(
		store, NULL, "INSERT INTO sealed_key VALUES ($1, $2, $3, $4)",
		cid, generation,
		db_hex(recipient, header.recipient, sizeof(header.recipient)),
		db_hex(text, sealed->blob, sealed->bytes));
}

int key_insert(struct rpmb_store *store, const struct rpmb_cid *cid,
	       const struct store_key_row *row,
	       const struct rpmb_sealed *sealed, unsigned int count)
{
	char nonce[2 * STORE_CHECK_NONCE_BYTES + 1] = "";
	char mac[2 * STORE_CHECK_MAC_BYTES + 1] = "";
	char fingerprint[RPMB_FINGERPRINT_TEXT_BYTES];
	char text[RPMB_CID_TEXT_BYTES], generation[DB_NUMBER_TEXT];
	char now[STORE_TIME_TEXT];
	unsigned int n;
	int err;

	if (row->has_check) {
		db_hex(nonce, row->check_nonce, sizeof(row->check_nonce));
		db_hex(mac, row->check_mac, sizeof(row->check_mac));
	}
	rpmb_cid_format(cid, text);
	db_number(generation, row->generation);
	err = db_run(store, NULL,
		     "INSERT INTO device_key VALUES"
		     " ($1, $2, $3, $4, $5, $6, $7)",
		     text, generation,
		     rpmb_fingerprint_format(&row->fingerprint, fingerprint),
		     rpmb_store_source_name(row->source), nonce, mac,
		     store_now(now));
	for (n = 0; n < count && !err; n++)
		err = sealed_insert(store, text, generation, &sealed[n]);
	return err;
}

int key_seal_insert(struct rpmb_store *store, const struct rpmb_cid *cid,
		    const struct store_key_row *row, const struct rpmb_key *key,
		    enum rpmb_origin origin)
{
	struct rpmb_sealed sealed[RPMB_STORE_RECIPIENTS_MAX];
	struct recipients recipients;
	int err = recipients_read(store, &recipients);

	if (err)
		return err;
	err = recipients_seal(store, &recipients, cid, key, origin, sealed);
	if (!err)
		err = key_insert(store, cid, row, sealed, recipients.count);
	recipients_free(&recipients);
	return err;
}

/* What rpmb_store_add_…() adds: a key, or a sealed one. */
struct addition {
	const struct rpmb_cid *cid;
	const char *description;
	struct store_key_row row;
	const struct rpmb_key *key;
	const struct rpmb_sealed *sealed;
	bool verified;
};

static int insert_sealed(struct rpmb_store *store,
			 const struct addition *addition)
{
	char recipient[DB_RECIPIENT_TEXT];
	struct rpmb_sealed_header header;
	struct recipients recipients;
	bool ours;
	int err;

	rpmb_sealed_parse(addition->sealed->blob, addition->sealed->bytes,
			  &header, NULL);
	db_hex(recipient, header.recipient, sizeof(header.recipient));
	err = recipients_read(store, &recipients);
	if (err)
		return err;
	/* With two, one of them would never be able to open it. */
	ours = recipients.count == 1 && !strcmp(recipients.ids[0], recipient);
	recipients_free(&recipients);
	if (!ours)
		return store_fail(store->error, -EINVAL,
				  "make a store of its own for that public key",
				  "it is sealed to %s, which is not this"
				  " store's only public key",
				  recipient);
	return key_insert(store, addition->cid, &addition->row,
			  addition->sealed, 1);
}

static int add_new(struct rpmb_store *store, const struct addition *addition)
{
	int err =
		device_insert(store, addition->cid, "", addition->description);

	if (err)
		return err;
	if (addition->sealed)
		return insert_sealed(store, addition);
	return key_seal_insert(store, addition->cid, &addition->row,
			       addition->key, RPMB_ORIGIN_OTHER);
}

static int add_within(struct rpmb_store *store, const struct addition *addition)
{
	enum rpmb_store_state state =
		addition->verified ? RPMB_STATE_VERIFIED : RPMB_STATE_STORED;
	struct log_entry entry = {
		.action = "add",
		.cid = addition->cid,
		.generation = 1,
		.fingerprint = &addition->row.fingerprint,
		.result = addition->verified ? "verified" : "ok",
		.detail = rpmb_store_source_name(addition->row.source),
		.changed = true,
	};
	struct rpmb_store_record record;
	int err = device_read(store, addition->cid, false, &record);

	if (err == -ENOENT) {
		err = add_new(store, addition);
	} else if (!err) {
		/* Also how a COMMIT whose answer was lost is found out. */
		if (!record.generation)
			return store_fail(store->error, -EEXIST,
					  "see rpmbctl store list",
					  "a station has claimed the device");
		if (memcmp(&record.fingerprint, &addition->row.fingerprint,
			   sizeof(record.fingerprint)))
			return store_fail(store->error, -EEXIST,
					  "see rpmbctl store list; nothing was"
					  " changed",
					  "the device has another key in the"
					  " store");
		if (record.state >= state)
			return 0;
		entry.generation = record.generation;
	}
	if (!err)
		err = device_update(store, addition->cid, state,
				    (uint32_t)entry.generation);
	return err ? err : log_append(store, &entry);
}

static int add(struct rpmb_store *store, struct addition *addition)
{
	struct db_retry retry = { 0 };
	int err;

	addition->row.generation = 1;
	do {
		err = db_begin_write(store);
		if (!err)
			err = add_within(store, addition);
		err = db_end(store, err);
	} while (db_again(store, &retry, err));
	err = db_final(err);
	return err ? log_failure(store, "add", addition->cid, err) : 0;
}

int rpmb_store_add_key(struct rpmb_store *store, const struct rpmb_cid *cid,
		       const struct rpmb_key *key,
		       enum rpmb_store_source source, const char *description,
		       bool verified, bool allow_weak)
{
	struct addition addition = {
		.cid = cid,
		.description = description,
		.row = { .source = source },
		.key = key,
		.verified = verified,
	};
	enum rpmb_key_weakness weakness = rpmb_key_check(key);
	int err;

	if (weakness != RPMB_KEY_GOOD && !allow_weak) {
		err = store_fail(store->error, -EPERM,
				 "make a random one, or allow it if this is"
				 " for development",
				 "this key is %s",
				 rpmb_key_weakness_name(weakness));
		return log_failure(store, "add", cid, err);
	}
	if (rpmb_key_fingerprint(key, &addition.row.fingerprint))
		return store_fail(store->error, -EIO, "",
				  "cannot hash the key");
	return add(store, &addition);
}

int rpmb_store_add_sealed(struct rpmb_store *store,
			  const struct rpmb_sealed *sealed,
			  const char *description)
{
	struct addition addition = {
		.description = description,
		.sealed = sealed,
	};
	struct rpmb_sealed_header header;
	struct rpmb_error lib_error;

	if (rpmb_sealed_parse(sealed->blob, sealed->bytes, &header, &lib_error))
		return store_fail(store->error, -EINVAL, "", "%s",
				  lib_error.text);
	addition.cid = &header.cid;
	addition.row.source = header.origin == RPMB_ORIGIN_OPTEE ?
				      RPMB_SOURCE_TEE :
				      RPMB_SOURCE_OTHER;
	addition.row.fingerprint = header.fingerprint;
	return add(store, &addition);
}

/* Reads and logs in one transaction, so that nothing is read unlogged. */
static int get_within(struct rpmb_store *store, const struct rpmb_cid *cid,
		      struct rpmb_store_record *record)
{
	struct log_entry entry = {
		.action = "get",
		.cid = cid,
		.result = "ok",
	};
	char text[RPMB_CID_TEXT_BYTES];
	int err = device_read(store, cid, true, record);

	if (err == -ENOENT || (!err && !record->generation))
		return store_fail(store->error, -ENOENT,
				  "see rpmbctl store list",
				  "there is no key of %s in the store",
				  rpmb_cid_format(cid, text));
	if (err)
		return err;
	entry.generation = record->generation;
	entry.fingerprint = &record->fingerprint;
	return log_append(store, &entry);
}

int rpmb_store_get(struct rpmb_store *store, const struct rpmb_cid *cid,
		   struct rpmb_store_record *ret_record)
{
	struct rpmb_store_record record;
	struct db_retry retry = { 0 };
	int err;

	do {
		err = db_begin_write(store);
		if (!err)
			err = get_within(store, cid, &record);
		err = db_end(store, err);
	} while (db_again(store, &retry, err));
	err = db_final(err);
	if (err)
		return log_failure(store, "get", cid, err);
	*ret_record = record;
	return 0;
}

int rpmb_store_list(struct rpmb_store *store, const struct rpmb_cid *after,
		    bool with_sealed, struct rpmb_store_record *records,
		    size_t max, size_t *ret_count)
{
	char text[RPMB_CID_TEXT_BYTES] = "", limit[DB_NUMBER_TEXT];
	struct db_rows rows;
	size_t n;
	int err;

	if (after)
		rpmb_cid_format(after, text);
	err = db_run(store, &rows,
		     RECORD_COLUMNS RECORD_TABLES
		     " WHERE d.cid > $1 ORDER BY d.cid LIMIT $2",
		     text, db_number(limit, max));
	if (err)
		return db_final(err);
	for (n = 0; n < rows.rows && n < max && !err; n++) {
		err = record_parse(store, &rows, n, &records[n]);
		if (!err && with_sealed)
			err = sealed_read(store, &records[n]);
	}
	*ret_count = n;
	db_rows_free(&rows);
	return db_final(err);
}

int rpmb_store_log_export(struct rpmb_store *store)
{
	struct log_entry entry = { .action = "export", .result = "ok" };

	return log_alone(store, &entry);
}
