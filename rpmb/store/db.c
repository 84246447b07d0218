// SPDX-License-Identifier: BSD-2-Clause
/*
 * What both back ends share: results, transactions, when to try again, and
 * which back end a specification means. No SQL of the store's own tables but
 * the log's end, which every writer locks first.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "db.h"

#define RETRY_MS (60 * 1000)
#define PAUSE_MS_MAX 500

int store_fail(struct rpmb_store_error *error, int err, const char *advice,
	       const char *format, ...)
{
	va_list args;

	error->err = err;
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	snprintf(error->advice, sizeof(error->advice), "%s", advice);
	return err;
}

const char *db_cell(const struct db_rows *rows, size_t row, size_t column)
{
	return row < rows->rows && column < rows->columns ?
		       rows->cells[row * rows->columns + column] :
		       "";
}

uint64_t db_cell_number(const struct db_rows *rows, size_t row, size_t column)
{
	return strtoull(db_cell(rows, row, column), NULL, 10);
}

int db_rows_append(struct db_rows *rows, const char *text)
{
	size_t used = rows->rows * rows->columns;
	char **cells;

	/* A row under way is counted in by its back end when it is whole. */
	while (used < rows->room && rows->cells[used])
		used++;
	if (used == rows->room) {
		cells = reallocarray(rows->cells, rows->room * 2 + 16,
				     sizeof(*cells));
		if (!cells)
			return -ENOMEM;
		memset(cells + rows->room, 0,
		       (rows->room + 16) * sizeof(*cells));
		rows->cells = cells;
		rows->room = rows->room * 2 + 16;
	}
	rows->cells[used] = strdup(text);
	return rows->cells[used] ? 0 : -ENOMEM;
}

void db_rows_free(struct db_rows *rows)
{
	size_t n;

	for (n = 0; n < rows->room; n++)
		free(rows->cells[n]);
	free(rows->cells);
	memset(rows, 0, sizeof(*rows));
}

const char *db_number(char text[DB_NUMBER_TEXT], uint64_t value)
{
	snprintf(text, DB_NUMBER_TEXT, "%llu", (unsigned long long)value);
	return text;
}

char *db_hex(char *text, const void *data, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = data;
	size_t n;

	for (n = 0; n < bytes; n++) {
		text[2 * n] = digits[from[n] >> 4];
		text[2 * n + 1] = digits[from[n] & 0xf];
	}
	text[2 * bytes] = '\0';
	return text;
}

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

bool db_unhex(const char *text, void *data, size_t bytes)
{
	uint8_t *to = data;
	size_t n;

	if (strlen(text) != 2 * bytes)
		return false;
	for (n = 0; n < bytes; n++) {
		int high = digit_value(text[2 * n]);
		int low = digit_value(text[2 * n + 1]);

		if (high < 0 || low < 0)
			return false;
		to[n] = (uint8_t)(high << 4 | low);
	}
	return true;
}

const char *db_sqlite_path(const char *spec)
{
	if (!strncmp(spec, "postgresql://", 13) ||
	    !strncmp(spec, "postgres://", 11))
		return NULL;
	return strncmp(spec, "sqlite:", 7) ? spec : spec + 7;
}

int db_open(struct rpmb_store *store, const char *spec, enum db_open_how how)
{
	const char *path = db_sqlite_path(spec);

	store->claims_fd = -1;
	store->kind = path ? DB_SQLITE : DB_POSTGRES;
	store->place = strdup(path ? path : spec);
	if (!store->place)
		return store_fail(store->error, -ENOMEM, "", "out of memory");
	if (!*store->place)
		return store_fail(store->error, -EINVAL,
				  "say sqlite:PATH or postgresql://…",
				  "the store's specification is empty");
	if (path)
		return sqlite_open(store, how);
	return postgres_open(store);
}

void db_close(struct rpmb_store *store)
{
	if (store->kind == DB_SQLITE)
		sqlite_close(store);
	else
		postgres_close(store);
	free(store->place);
	store->place = NULL;
}

int db_run_bound(struct rpmb_store *store, struct db_rows *rows,
		 const char *sql, const char *const *values, size_t count)
{
	int err;

	if (rows)
		memset(rows, 0, sizeof(*rows));
	err = store->kind == DB_SQLITE ?
		      sqlite_run(store, rows, sql, values, count) :
		      postgres_run(store, rows, sql, values, count);
	if (err && rows)
		db_rows_free(rows);
	return err;
}

static int head_lock(struct rpmb_store *store)
{
	struct db_rows rows;
	int err = db_run(store, &rows,
			 store->kind == DB_SQLITE ?
				 "SELECT entry, hash FROM log_head" :
				 "SELECT entry, hash FROM log_head FOR UPDATE");

	if (err)
		return err;
	if (rows.rows != 1 || strlen(db_cell(&rows, 0, 1)) != 64) {
		db_rows_free(&rows);
		return store_fail(store->error, -EBADMSG,
				  "restore the store from a copy",
				  "the log of %s has no end", store->place);
	}
	store->head_entry = db_cell_number(&rows, 0, 0);
	memcpy(store->head_hash, db_cell(&rows, 0, 1), DB_HASH_TEXT);
	db_rows_free(&rows);
	return 0;
}

int db_begin_write(struct rpmb_store *store)
{
	int err = db_run(store, NULL,
			 store->kind == DB_SQLITE ?
				 "BEGIN IMMEDIATE" :
				 "BEGIN ISOLATION LEVEL READ COMMITTED");

	if (!err)
		err = head_lock(store);
	return err;
}

int db_begin_read(struct rpmb_store *store)
{
	return db_run(
		store, NULL,
		store->kind == DB_SQLITE ?
			"BEGIN" :
			"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

int db_end(struct rpmb_store *store, int err)
{
	struct rpmb_store_error kept;

	if (!err) {
		err = db_run(store, NULL, "COMMIT");
		if (!err)
			return 0;
	}
	if (store->lost)
		return err;
	/* There may be no transaction; what went wrong has been said. */
	kept = *store->error;
	db_run(store, NULL, "ROLLBACK");
	*store->error = kept;
	return err;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Ever longer, and not the same for everybody. */
static void pause_before(unsigned int count)
{
	uint32_t random = 0, most = 1u << (count < 9 ? count : 9);

	RAND_bytes((unsigned char *)&random, sizeof(random));
	usleep(1000 *
	       (1 + random % (most < PAUSE_MS_MAX ? most : PAUSE_MS_MAX)));
}

bool db_again(struct rpmb_store *store, struct db_retry *retry, int err)
{
	if (err != -EAGAIN)
		return false;
	if (!retry->count)
		retry->deadline_ms = now_ms() + RETRY_MS;
	do {
		if (now_ms() > retry->deadline_ms)
			return false;
		pause_before(retry->count++);
	} while (store->lost && postgres_reconnect(store));
	return true;
}

int db_final(int err)
{
	return err == -EAGAIN ? -EIO : err;
}

/* Any number will do that hardly two devices on one line share. */
static uint64_t claim_number(const struct rpmb_cid *cid)
{
	uint8_t hash[EVP_MAX_MD_SIZE] = { 0 };
	uint64_t number = 0;
	int n;

	EVP_Digest(cid->bytes, sizeof(cid->bytes), hash, NULL, EVP_sha256(),
		   NULL);
	for (n = 0; n < 8; n++)
		number = number << 8 | hash[n];
	return number >> 2;
}

int db_claim_lock(struct rpmb_store *store, const struct rpmb_cid *cid)
{
	return store->kind == DB_SQLITE ?
		       sqlite_claim_lock(store, claim_number(cid), true) :
		       postgres_claim_lock(store, claim_number(cid), true);
}

void db_claim_unlock(struct rpmb_store *store, const struct rpmb_cid *cid)
{
	if (store->kind == DB_SQLITE)
		sqlite_claim_lock(store, claim_number(cid), false);
	else if (!store->lost)
		postgres_claim_lock(store, claim_number(cid), false);
}
