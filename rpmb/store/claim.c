// SPDX-License-Identifier: BSD-2-Clause
/*
 * A station's steps on one device, each one transaction: take it up, store a
 * key, say that it is being programmed, say that it was proved. What is done
 * to the device in between is in station.c.
 *
 * Two things keep stations apart. A lock that lives as long as the process
 * or its connection says that the claim's owner is alive: nobody waits for
 * time-outs, and whoever finds a device without an owner may go on with it.
 * The claim's token in the row is another one then, and an owner who comes
 * back after it lost its connection finds out at its next step.
 *
 * No key is ever forgotten. Should two stations get past all that, the device
 * takes one key only, that key is stored, and the check value (station.c)
 * tells which it is: the proof decides, not who came last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "internal.h"

/* Again after the connection was lost: somebody may have been quicker. */
static int claim_hold(struct rpmb_store *store, struct store_claim *claim)
{
	int err;

	if (claim->session == store->session)
		return 0;
	err = db_claim_lock(store, &claim->cid);
	if (!err)
		claim->session = store->session;
	return err;
}

/* In the open transaction: whether the device is still ours. */
static int claim_check(struct rpmb_store *store,
		       const struct store_claim *claim)
{
	char text[RPMB_CID_TEXT_BYTES];
	struct db_rows rows;
	int err =
		db_run(store, &rows, "SELECT claim FROM device WHERE cid = $1",
		       rpmb_cid_format(&claim->cid, text));

	if (err)
		return err;
	if (strcmp(db_cell(&rows, 0, 0), claim->token))
		err = store_fail(store->error, -EBUSY, "",
				 "another station has taken the device over");
	db_rows_free(&rows);
	return err;
}

static int take_within(struct rpmb_store *store, struct store_claim *claim,
		       const char *description,
		       struct rpmb_store_record *record)
{
	struct log_entry entry = {
		.action = "claim",
		.cid = &claim->cid,
		.result = "ok",
		.changed = true,
	};
	char text[RPMB_CID_TEXT_BYTES], detail[RPMB_STORE_TEXT_MAX + 32];
	int err = device_read(store, &claim->cid, false, record);

	if (!err && record->state == RPMB_STATE_VERIFIED)
		return 0;
	if (err == -ENOENT) {
		err = device_insert(store, &claim->cid, claim->token,
				    description);
	} else if (!err) {
		snprintf(detail, sizeof(detail), "was %s by '%s'",
			 rpmb_store_state_name(record->state), record->station);
		entry.detail = detail;
		entry.generation = record->generation;
		entry.result = "resumed";
		err = db_run(store, NULL,
			     "UPDATE device SET claim = $1 WHERE cid = $2",
			     claim->token, rpmb_cid_format(&claim->cid, text));
		if (!err)
			err = device_update(store, &claim->cid, record->state,
					    record->generation);
	}
	if (!err)
		err = log_append(store, &entry);
	if (!err)
		err = device_read(store, &claim->cid, false, record);
	return err;
}

int claim_take(struct rpmb_store *store, const struct rpmb_cid *cid,
	       const char *description, struct store_claim *ret_claim,
	       struct rpmb_store_record *ret_record)
{
	struct store_claim claim = { .cid = *cid };
	struct db_retry retry = { 0 };
	uint8_t token[16];
	int err;

	/* Most of what a station sees in a dry run is done: no lock for that. */
	do {
		err = device_read(store, cid, false, ret_record);
	} while (db_again(store, &retry, err));
	if (!err && ret_record->state == RPMB_STATE_VERIFIED)
		return 0;
	if (RAND_bytes(token, sizeof(token)) != 1)
		return store_fail(store->error, -EIO, "", "no random numbers");
	db_hex(claim.token, token, sizeof(token));
	memset(&retry, 0, sizeof(retry));
	do {
		err = claim_hold(store, &claim);
		if (err)
			continue;
		err = db_begin_write(store);
		if (!err)
			err = take_within(store, &claim, description,
					  ret_record);
		err = db_end(store, err);
	} while (db_again(store, &retry, err));
	if (err || ret_record->state == RPMB_STATE_VERIFIED)
		claim_drop(store, &claim);
	if (err)
		return db_final(err);
	*ret_claim = claim;
	return 0;
}

void claim_drop(struct rpmb_store *store, struct store_claim *claim)
{
	if (claim->session && claim->session == store->session)
		db_claim_unlock(store, &claim->cid);
	claim->session = 0;
}

static bool key_row_parse(const struct db_rows *rows, size_t row,
			  struct store_key_row *key)
{
	memset(key, 0, sizeof(*key));
	key->generation = (uint32_t)db_cell_number(rows, row, 0);
	key->source = store_source_parse(db_cell(rows, row, 2));
	if (!key->generation || !key->source ||
	    rpmb_fingerprint_parse(db_cell(rows, row, 1), &key->fingerprint))
		return false;
	key->has_check = *db_cell(rows, row, 3);
	return !key->has_check ||
	       (db_unhex(db_cell(rows, row, 3), key->check_nonce,
			 sizeof(key->check_nonce)) &&
		db_unhex(db_cell(rows, row, 4), key->check_mac,
			 sizeof(key->check_mac)));
}

int claim_keys(struct rpmb_store *store, const struct rpmb_cid *cid,
	       struct store_key_row **ret_rows, size_t *ret_count)
{
	char text[RPMB_CID_TEXT_BYTES];
	struct store_key_row *keys;
	struct db_retry retry = { 0 };
	struct db_rows rows;
	size_t n;
	int err;

	rpmb_cid_format(cid, text);
	do {
		err = db_run(store, &rows,
			     "SELECT generation, fingerprint, source,"
			     " check_nonce, check_mac FROM device_key"
			     " WHERE cid = $1 ORDER BY generation DESC",
			     text);
	} while (db_again(store, &retry, err));
	if (err)
		return db_final(err);
	keys = calloc(rows.rows + 1, sizeof(*keys));
	if (!keys)
		err = store_fail(store->error, -ENOMEM, "", "out of memory");
	for (n = 0; n < rows.rows && !err; n++)
		if (!key_row_parse(&rows, n, &keys[n]))
			err = store_fail(store->error, -EBADMSG,
					 "run rpmbctl store audit",
					 "a key of %s makes no sense", text);
	*ret_count = rows.rows;
	db_rows_free(&rows);
	if (err)
		free(keys);
	else
		*ret_rows = keys;
	return err;
}

/* A key that was stored already, by a COMMIT whose answer was lost. */
static int stored_find(struct rpmb_store *store, const struct rpmb_cid *cid,
		       const struct rpmb_fingerprint *fingerprint,
		       uint32_t *ret_last, bool *ret_found)
{
	char text[RPMB_CID_TEXT_BYTES];
	char wanted[RPMB_FINGERPRINT_TEXT_BYTES];
	struct db_rows rows;
	int err = db_run(store, &rows,
			 "SELECT coalesce(max(generation), 0), coalesce(max("
			 "CASE WHEN fingerprint = $1 THEN generation ELSE 0 END"
			 "), 0) FROM device_key WHERE cid = $2",
			 rpmb_fingerprint_format(fingerprint, wanted),
			 rpmb_cid_format(cid, text));

	if (err)
		return err;
	*ret_last = (uint32_t)db_cell_number(&rows, 0, 0);
	*ret_found = db_cell_number(&rows, 0, 1) != 0;
	if (*ret_found)
		*ret_last = (uint32_t)db_cell_number(&rows, 0, 1);
	db_rows_free(&rows);
	return 0;
}

static int store_within(struct rpmb_store *store, struct store_claim *claim,
			const struct rpmb_key *key, struct store_key_row *row)
{
	struct log_entry entry = {
		.action = "store",
		.cid = &claim->cid,
		.fingerprint = &row->fingerprint,
		.result = "ok",
		.changed = true,
	};
	char detail[96];
	uint32_t last;
	bool found;
	int err = claim_check(store, claim);

	if (!err)
		err = stored_find(store, &claim->cid, &row->fingerprint, &last,
				  &found);
	if (err)
		return err;
	row->generation = found ? last : last + 1;
	if (found)
		return 0;
	entry.generation = row->generation;
	snprintf(detail, sizeof(detail), "%s%s",
		 rpmb_store_source_name(row->source),
		 last ? ", replaces one that the device does not hold" : "");
	entry.detail = detail;
	err = key_seal_insert(store, &claim->cid, row, key,
			      RPMB_ORIGIN_STATION);
	if (!err)
		err = device_update(store, &claim->cid, RPMB_STATE_STORED,
				    row->generation);
	return err ? err : log_append(store, &entry);
}

int claim_store_key(struct rpmb_store *store, struct store_claim *claim,
		    const struct rpmb_key *key, struct store_key_row *row)
{
	struct db_retry retry = { 0 };
	int err;

	do {
		err = claim_hold(store, claim);
		if (err)
			continue;
		err = db_begin_write(store);
		if (!err)
			err = store_within(store, claim, key, row);
		err = db_end(store, err);
	} while (db_again(store, &retry, err));
	return db_final(err);
}

/* Moves a device on, once. */
static int step_within(struct rpmb_store *store, struct store_claim *claim,
		       const struct store_key_row *row,
		       enum rpmb_store_state state,
		       const struct log_entry *entry)
{
	struct rpmb_store_record record;
	int err = device_read(store, &claim->cid, false, &record);

	if (err)
		return err;
	if (record.state == RPMB_STATE_VERIFIED) {
		/* By ourselves, or by who took over: the same proof. */
		if (state == RPMB_STATE_VERIFIED &&
		    record.generation == row->generation)
			return 0;
		return store_fail(store->error, -EBUSY, "",
				  "another station has finished the device");
	}
	/* A proof counts whoever has the claim by now. */
	if (state != RPMB_STATE_VERIFIED)
		err = claim_check(store, claim);
	if (!err)
		err = device_update(store, &claim->cid, state, row->generation);
	return err ? err : log_append(store, entry);
}

static int step(struct rpmb_store *store, struct store_claim *claim,
		const struct store_key_row *row, enum rpmb_store_state state,
		const char *action, const char *detail)
{
	struct log_entry entry = {
		.action = action,
		.cid = &claim->cid,
		.generation = row->generation,
		.fingerprint = &row->fingerprint,
		.result = state == RPMB_STATE_VERIFIED ? "ok" : "begin",
		.detail = detail,
		.changed = true,
	};
	struct db_retry retry = { 0 };
	int err;

	do {
		err = state == RPMB_STATE_VERIFIED ? 0 :
						     claim_hold(store, claim);
		if (err)
			continue;
		err = db_begin_write(store);
		if (!err)
			err = step_within(store, claim, row, state, &entry);
		err = db_end(store, err);
	} while (db_again(store, &retry, err));
	return db_final(err);
}

int claim_programming(struct rpmb_store *store, struct store_claim *claim,
		      const struct store_key_row *row)
{
	return step(store, claim, row, RPMB_STATE_PROGRAMMING, "program", NULL);
}

int claim_verified(struct rpmb_store *store, struct store_claim *claim,
		   const struct store_key_row *row, const char *how)
{
	return step(store, claim, row, RPMB_STATE_VERIFIED, "verify", how);
}
