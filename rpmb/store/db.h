/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The data base below the store: statements, transactions, retries and the
 * locks of claims, the same for SQLite and PostgreSQL. All values are text
 * (numbers in decimal, bytes in hexadecimal) and always bound, never part of
 * a statement. What the statements mean is in the files that use this.
 */
#ifndef RPMB_STORE_DB_H
#define RPMB_STORE_DB_H

#include "store.h"

enum db_kind {
	DB_SQLITE,
	DB_POSTGRES,
};

#define DB_WHO_MAX 65 /* of a user, host or station, with the NUL */
#define DB_HASH_TEXT 65 /* SHA-256 in hexadecimal, with the NUL */
#define DB_RECIPIENT_TEXT (2 * RPMB_RECIPIENT_ID_BYTES + 1)
#define DB_NUMBER_TEXT 21

struct rpmb_store {
	enum db_kind kind;
	struct sqlite3 *sqlite;
	struct pg_conn *postgres;
	char *place; /* path or URI */
	int claims_fd; /* SQLite: the file that claims are locks in */
	struct rpmb_store_error *error;
	/* The connection broke; db_again() makes a new one. */
	bool lost;
	/* Counts connections: a claim's lock lives as long as its own. */
	uint64_t session;
	/* Who writes the log. */
	char user[DB_WHO_MAX], host[DB_WHO_MAX], station[DB_WHO_MAX];
	/* Keys are sealed to these only; none: to whatever is active. */
	unsigned int pinned_count;
	char pinned[RPMB_STORE_RECIPIENTS_MAX][DB_RECIPIENT_TEXT];
	/* The end of the log, locked, while a writing transaction is open. */
	uint64_t head_entry;
	char head_hash[DB_HASH_TEXT];
};

/* The result of a query: @rows times @columns texts. */
struct db_rows {
	size_t rows, columns, room;
	char **cells;
};

const char *db_cell(const struct db_rows *rows, size_t row, size_t column);
uint64_t db_cell_number(const struct db_rows *rows, size_t row, size_t column);
/* For a back end: appends a copy of @text. -ENOMEM. */
int db_rows_append(struct db_rows *rows, const char *text);
void db_rows_free(struct db_rows *rows);
const char *db_number(char text[DB_NUMBER_TEXT], uint64_t value);
/* 2 * @bytes digits and a NUL at @text, which is returned. */
char *db_hex(char *text, const void *data, size_t bytes);
/* Reads exactly @bytes bytes; false: @text is something else. */
bool db_unhex(const char *text, void *data, size_t bytes);

/* Fills the caller's error; returns @err. An empty @advice is none. */
__attribute__((format(printf, 4, 5))) int
store_fail(struct rpmb_store_error *error, int err, const char *advice,
	   const char *format, ...);

/*
 * One statement; $1 … are the texts after it. @rows may be NULL, and must be
 * freed otherwise. -EAGAIN: the transaction is to be tried again.
 */
#define db_run(store, rows, sql, ...)                                       \
	db_run_bound(store, rows, sql,                                      \
		     (const char *const[]){ NULL, ##__VA_ARGS__ },          \
		     sizeof((const char *const[]){ NULL, ##__VA_ARGS__ }) / \
				     sizeof(char *) -                       \
			     1)
int db_run_bound(struct rpmb_store *store, struct db_rows *rows,
		 const char *sql, const char *const *values, size_t count);

/* How a data base is opened. */
enum db_open_how {
	DB_OPEN,
	DB_OPEN_CREATE, /* SQLite: the file must not exist */
};

/* Fills @store, which is zeroed but for its error. */
int db_open(struct rpmb_store *store, const char *spec, enum db_open_how how);
void db_close(struct rpmb_store *store);
/* A path as SQLite's specification says it; NULL: it is PostgreSQL's. */
const char *db_sqlite_path(const char *spec);

/*
 * A writing transaction has the log's end locked from its start, so that
 * writers of one store run one after the other and cannot lock each other
 * out. A reading one sees one state of everything.
 */
int db_begin_write(struct rpmb_store *store);
int db_begin_read(struct rpmb_store *store);
/* Commits if @err is 0, else rolls back and returns @err. */
int db_end(struct rpmb_store *store, int err);

struct db_retry {
	unsigned int count;
	uint64_t deadline_ms;
};

/*
 * Whether a transaction that ended with @err is to be run again: after a
 * collision, or a lost connection, which is made anew here, for up to a
 * minute. A transaction whose COMMIT was lost may have happened: each one
 * must find out for itself. The last failure becomes -EIO by db_final().
 */
bool db_again(struct rpmb_store *store, struct db_retry *retry, int err);
int db_final(int err);

/*
 * The lock that says "its owner is alive": gone when the process or its
 * connection is. Not blocking. -EBUSY: somebody else has it.
 */
int db_claim_lock(struct rpmb_store *store, const struct rpmb_cid *cid);
void db_claim_unlock(struct rpmb_store *store, const struct rpmb_cid *cid);

/* The back ends; only db.c calls these. */
int sqlite_open(struct rpmb_store *store, enum db_open_how how);
void sqlite_close(struct rpmb_store *store);
int sqlite_run(struct rpmb_store *store, struct db_rows *rows, const char *sql,
	       const char *const *values, size_t count);
int sqlite_claim_lock(struct rpmb_store *store, uint64_t number, bool lock);

int postgres_open(struct rpmb_store *store);
void postgres_close(struct rpmb_store *store);
int postgres_run(struct rpmb_store *store, struct db_rows *rows,
		 const char *sql, const char *const *values, size_t count);
/* A new connection; -EAGAIN: the server is not there (yet). */
int postgres_reconnect(struct rpmb_store *store);
int postgres_claim_lock(struct rpmb_store *store, uint64_t number, bool lock);

/* schema.c */
#define SCHEMA_VERSION 2
/* Runs, in the open transaction, the migrations after @version. */
int schema_migrate(struct rpmb_store *store, unsigned int version);

#endif
