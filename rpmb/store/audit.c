// SPDX-License-Identifier: BSD-2-Clause
/*
 * The audit: every entry of the log is hashed anew and must follow from the
 * one before it, the head and an anchor kept elsewhere must fit, and the rows
 * of every device must be what its last entry says. It reads one snapshot, in
 * pages, and changes nothing. What it cannot find is in docs/rpmb-store.md.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define PAGE "500"

struct audit {
	struct rpmb_store *store;
	const struct rpmb_store_anchor *anchor;
	FILE *out;
	struct rpmb_store_audit *result;
	char hash[DB_HASH_TEXT]; /* of the entry before */
	bool anchor_seen;
};

static const char *const page_sql =
	"SELECT entry, time, who, host, station, action, cid, generation,"
	" fingerprint, result, detail, digest, previous, hash FROM log"
	" WHERE entry > $1 ORDER BY entry LIMIT " PAGE;

void rpmb_store_anchor_format(const struct rpmb_store_anchor *anchor,
			      char text[RPMB_STORE_ANCHOR_TEXT])
{
	int used = snprintf(text, RPMB_STORE_ANCHOR_TEXT,
			    "%llu:", (unsigned long long)anchor->entry);

	db_hex(text + used, anchor->hash, sizeof(anchor->hash));
}

bool rpmb_store_anchor_parse(const char *text, struct rpmb_store_anchor *ret)
{
	struct rpmb_store_anchor anchor;
	char *end;

	if (*text < '1' || *text > '9')
		return false;
	errno = 0;
	anchor.entry = strtoull(text, &end, 10);
	if (errno || *end != ':' ||
	    !db_unhex(end + 1, anchor.hash, sizeof(anchor.hash)))
		return false;
	*ret = anchor;
	return true;
}

__attribute__((format(printf, 2, 3))) static void
problem(struct audit *audit, const char *format, ...)
{
	va_list args;

	audit->result->problems++;
	if (!audit->out)
		return;
	va_start(args, format);
	vfprintf(audit->out, format, args);
	va_end(args);
	fputc('\n', audit->out);
}

static void anchor_check(struct audit *audit, const char *hash)
{
	char want[DB_HASH_TEXT];

	audit->anchor_seen = true;
	db_hex(want, audit->anchor->hash, sizeof(audit->anchor->hash));
	if (strcmp(want, hash))
		problem(audit,
			"entry %llu is not the one that the anchor names",
			(unsigned long long)audit->anchor->entry);
}

static int entry_check(struct audit *audit, const struct db_rows *rows,
		       size_t row)
{
	const char *const *fields =
		(const char *const *)&rows->cells[row * rows->columns];
	uint64_t entry = db_cell_number(rows, row, LOG_ENTRY);
	uint64_t want = audit->result->head.entry + 1;
	char hash[DB_HASH_TEXT];

	if (log_hash(fields, hash))
		return store_fail(audit->store->error, -ENOMEM, "",
				  "out of memory");
	/* SQLite would take any text for a number. */
	if (entry < want)
		return store_fail(audit->store->error, -EBADMSG,
				  "compare the store with a copy",
				  "an entry after %llu has no number",
				  (unsigned long long)want - 1);
	if (entry == want + 1)
		problem(audit, "entry %llu is missing",
			(unsigned long long)want);
	else if (entry != want)
		problem(audit, "entries %llu to %llu are missing",
			(unsigned long long)want,
			(unsigned long long)entry - 1);
	if (strcmp(fields[LOG_PREVIOUS], audit->hash))
		problem(audit, "entry %llu does not follow the one before it",
			(unsigned long long)entry);
	if (strcmp(fields[LOG_HASH], hash))
		problem(audit, "entry %llu (%s %s) has been changed",
			(unsigned long long)entry, fields[LOG_ACTION],
			fields[LOG_CID]);
	/* Go on from what stands there, so that one change is one problem. */
	snprintf(audit->hash, sizeof(audit->hash), "%s", fields[LOG_HASH]);
	audit->result->head.entry = entry;
	audit->result->entries++;
	if (audit->anchor && audit->anchor->entry == entry)
		anchor_check(audit, hash);
	return 0;
}

static int head_check(struct audit *audit)
{
	struct db_rows rows;
	int err =
		db_run(audit->store, &rows, "SELECT entry, hash FROM log_head");

	if (err)
		return err;
	if (rows.rows != 1 ||
	    db_cell_number(&rows, 0, 0) != audit->result->head.entry ||
	    strcmp(db_cell(&rows, 0, 1), audit->hash))
		problem(audit,
			"the log ends at entry %llu, but its head says %s",
			(unsigned long long)audit->result->head.entry,
			db_cell(&rows, 0, 0));
	db_rows_free(&rows);
	if (audit->anchor && !audit->anchor_seen)
		problem(audit, "entry %llu, which the anchor names, is missing",
			(unsigned long long)audit->anchor->entry);
	if (!db_unhex(audit->hash, audit->result->head.hash,
		      sizeof(audit->result->head.hash)))
		problem(audit, "the hash of the last entry is none");
	return 0;
}

static int log_check(struct audit *audit)
{
	char after[DB_NUMBER_TEXT];
	struct db_rows rows;
	size_t row, count;
	int err;

	memset(audit->hash, '0', DB_HASH_TEXT - 1);
	audit->hash[DB_HASH_TEXT - 1] = '\0';
	do {
		db_number(after, audit->result->head.entry);
		err = db_run(audit->store, &rows, page_sql, after);
		if (err)
			return err;
		count = rows.rows;
		for (row = 0; row < count && !err; row++)
			err = entry_check(audit, &rows, row);
		db_rows_free(&rows);
	} while (!err && count);
	return err ? err : head_check(audit);
}

/* Compares the rows of @cid ("": recipients) with what the log says. */
static int rows_check(struct audit *audit, const char *cid)
{
	char hash[DB_HASH_TEXT];
	struct db_rows rows;
	const char *name = *cid ? cid : "the recipients";
	int err = digest_rows(audit->store, cid, hash);

	if (err)
		return err;
	err = db_run(audit->store, &rows,
		     "SELECT digest FROM log WHERE cid = $1 AND digest <> ''"
		     " ORDER BY entry DESC LIMIT 1",
		     cid);
	if (err)
		return err;
	if (!rows.rows)
		problem(audit, "%s: the log knows nothing of it", name);
	else if (strcmp(db_cell(&rows, 0, 0), hash))
		problem(audit, "%s: not what the log says", name);
	db_rows_free(&rows);
	return 0;
}

static int devices_check(struct audit *audit)
{
	char after[RPMB_CID_TEXT_BYTES] = "";
	struct db_rows rows;
	size_t row, count;
	int err;

	do {
		err = db_run(audit->store, &rows,
			     "SELECT cid FROM device WHERE cid > $1"
			     " ORDER BY cid LIMIT " PAGE,
			     after);
		if (err)
			return err;
		count = rows.rows;
		audit->result->devices += count;
		for (row = 0; row < count && !err; row++)
			err = rows_check(audit, db_cell(&rows, row, 0));
		if (count)
			snprintf(after, sizeof(after), "%s",
				 db_cell(&rows, count - 1, 0));
		db_rows_free(&rows);
	} while (!err && count);
	return err;
}

/* What the log knows and the tables do not, or belongs to no device. */
static int strays_check(struct audit *audit)
{
	static const char *const sql[] = {
		"SELECT DISTINCT cid FROM log WHERE digest <> '' AND cid <> ''"
		" AND cid NOT IN (SELECT cid FROM device)",
		"SELECT DISTINCT cid FROM device_key"
		" WHERE cid NOT IN (SELECT cid FROM device)",
		"SELECT DISTINCT cid FROM sealed_key"
		" WHERE cid NOT IN (SELECT cid FROM device)",
	};
	static const char *const words[] = { "is in the log, but gone",
					     "has a key, but is gone",
					     "has a sealed key, but is gone" };
	struct db_rows rows;
	size_t n, row;
	int err;

	for (n = 0; n < 3; n++) {
		err = db_run(audit->store, &rows, sql[n]);
		if (err)
			return err;
		for (row = 0; row < rows.rows; row++)
			problem(audit, "%s %s", db_cell(&rows, row, 0),
				words[n]);
		db_rows_free(&rows);
	}
	return 0;
}

int rpmb_store_audit(struct rpmb_store *store,
		     const struct rpmb_store_anchor *anchor, FILE *out,
		     struct rpmb_store_audit *ret_audit)
{
	struct audit audit = {
		.store = store,
		.anchor = anchor,
		.out = out,
		.result = ret_audit,
	};
	int err;

	memset(ret_audit, 0, sizeof(*ret_audit));
	err = db_begin_read(store);
	if (!err)
		err = log_check(&audit);
	if (!err)
		err = rows_check(&audit, "");
	if (!err)
		err = devices_check(&audit);
	if (!err)
		err = strays_check(&audit);
	err = db_final(db_end(store, err));
	if (err)
		return err;
	if (ret_audit->problems)
		return store_fail(store->error, -EBADMSG,
				  "keep the store as it is and compare it with"
				  " a copy and with anchors",
				  "the audit of %s found %llu problems",
				  store->place,
				  (unsigned long long)ret_audit->problems);
	return 0;
}
