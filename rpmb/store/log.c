// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writing the log of every attempt: each entry carries the hash of the one
 * before it, and the digest of the rows that it changed. It is checked in
 * audit.c, which must hash an entry as it is done here.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "log.h"

const char *store_now(char text[STORE_TIME_TEXT])
{
	struct timespec now;
	struct tm parts;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	used = strftime(text, STORE_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + used, STORE_TIME_TEXT - used, ".%06uZ",
		 (unsigned int)(now.tv_nsec / 1000) % 1000000);
	return text;
}

void store_text_copy(char *to, size_t room, const char *from)
{
	size_t n;

	for (n = 0; n + 1 < room && from && from[n]; n++)
		to[n] = from[n] >= ' ' && from[n] <= '~' ? from[n] : '?';
	to[n] = '\0';
}

int log_hash(const char *const fields[LOG_FIELDS], char hash[DB_HASH_TEXT])
{
	struct digest *digest;
	size_t n;

	if (digest_create("teegate store log v1", &digest))
		return -ENOMEM;
	for (n = 0; n < LOG_HASH; n++)
		digest_text(digest, fields[n]);
	return digest_finish(digest, hash);
}

static int head_move(struct rpmb_store *store, const char *entry,
		     const char *hash)
{
	int err =
		db_run(store, NULL, "UPDATE log_head SET entry = $1, hash = $2",
		       entry, hash);

	if (err)
		return err;
	store->head_entry++;
	memcpy(store->head_hash, hash, DB_HASH_TEXT);
	return 0;
}

int log_append(struct rpmb_store *store, const struct log_entry *entry)
{
	char number[DB_NUMBER_TEXT], generation[DB_NUMBER_TEXT];
	char time[STORE_TIME_TEXT], cid[RPMB_CID_TEXT_BYTES] = "";
	char fingerprint[RPMB_FINGERPRINT_TEXT_BYTES] = "";
	char detail[RPMB_STORE_TEXT_MAX * 2], digest[DB_HASH_TEXT] = "";
	char hash[DB_HASH_TEXT];
	/* Values of a statement are counted from 1. */
	const char *fields[1 + LOG_FIELDS] = {
		NULL,
		number,
		store_now(time),
		store->user,
		store->host,
		store->station,
		entry->action,
		cid,
		generation,
		fingerprint,
		entry->result,
		detail,
		digest,
		store->head_hash,
		hash,
	};
	int err = 0;

	if (entry->cid)
		rpmb_cid_format(entry->cid, cid);
	if (entry->fingerprint)
		rpmb_fingerprint_format(entry->fingerprint, fingerprint);
	store_text_copy(detail, sizeof(detail), entry->detail);
	db_number(number, store->head_entry + 1);
	db_number(generation, entry->generation);
	if (entry->changed)
		err = digest_rows(store, cid, digest);
	if (err)
		return err;
	if (log_hash(fields + 1, hash))
		return store_fail(store->error, -ENOMEM, "", "out of memory");
	err = db_run_bound(store, NULL,
			   "INSERT INTO log VALUES ($1, $2, $3, $4, $5, $6, $7,"
			   " $8, $9, $10, $11, $12, $13, $14)",
			   fields, LOG_FIELDS);
	return err ? err : head_move(store, number, hash);
}

int log_alone(struct rpmb_store *store, const struct log_entry *entry)
{
	struct db_retry retry = { 0 };
	int err;

	do {
		err = db_begin_write(store);
		if (!err)
			err = log_append(store, entry);
		err = db_end(store, err);
	} while (db_again(store, &retry, err));
	return db_final(err);
}

int log_failure(struct rpmb_store *store, const char *action,
		const struct rpmb_cid *cid, int err)
{
	struct rpmb_store_error kept = *store->error;
	struct log_entry entry = {
		.action = action,
		.cid = cid,
		.result = "failed",
		.detail = kept.message,
	};
	int log_err;

	/* Who cannot reach the store cannot log that. */
	if (err == -EIO && store->lost)
		return err;
	log_err = log_alone(store, &entry);
	if (log_err)
		return log_err;
	*store->error = kept;
	return err;
}
