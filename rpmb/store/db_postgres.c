// SPDX-License-Identifier: BSD-2-Clause
/*
 * The store on a PostgreSQL server, through libpq. Claims are advisory locks
 * of the session (so a pooler between must not share sessions). Passwords are
 * libpq's business (~/.pgpass, a service, a certificate): a URI with one is
 * refused, because everybody can read command lines.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"

#ifdef RPMB_HAVE_LIBPQ
#include <libpq-fe.h>

/* libpq ends its messages with a line end, some have several lines. */
static void first_line(const char *text, char *line, size_t room)
{
	snprintf(line, room, "%s", text);
	line[strcspn(line, "\n")] = '\0';
}

static int connection_fail(struct rpmb_store *store, int err)
{
	char line[256];

	first_line(PQerrorMessage(store->postgres), line, sizeof(line));
	return store_fail(store->error, err,
			  "look whether the server runs and lets you in",
			  "PostgreSQL: %s", line);
}

static bool has_password(const char *uri)
{
	PQconninfoOption *options = PQconninfoParse(uri, NULL), *option;
	bool found = false;

	for (option = options; option && option->keyword; option++)
		if (!strcmp(option->keyword, "password") && option->val)
			found = true;
	PQconninfoFree(options);
	return found;
}

/* What was committed must survive a power cut, whatever the defaults are. */
static int durability_check(struct rpmb_store *store)
{
	struct db_rows rows;
	bool off;
	int err;

	err = db_run(store, NULL,
		     "SELECT set_config('synchronous_commit', 'on', false)"
		     " WHERE current_setting('synchronous_commit') = 'off'");
	if (!err)
		err = db_run(store, &rows, "SELECT current_setting('fsync')");
	if (err)
		return err;
	off = strcmp(db_cell(&rows, 0, 0), "on");
	db_rows_free(&rows);
	if (off)
		return store_fail(store->error, -EPERM,
				  "set fsync = on in postgresql.conf",
				  "the server runs with fsync off: a power cut"
				  " would lose keys");
	return 0;
}

/* libpq would print them; what matters comes as an error, too. */
static void notice_ignore(void *context, const char *message)
{
	(void)context;
	(void)message;
}

static int postgres_connect(struct rpmb_store *store)
{
	const char *const names[] = { "dbname", "client_encoding",
				      "fallback_application_name",
				      "connect_timeout", NULL };
	const char *const values[] = { store->place, "UTF8", "rpmbctl", "10",
				       NULL };

	PQfinish(store->postgres);
	/* The URI comes first so that it may overrule what follows it. */
	store->postgres = PQconnectdbParams(names, values, 1);
	if (PQstatus(store->postgres) != CONNECTION_OK)
		return connection_fail(store, -EIO);
	PQsetNoticeProcessor(store->postgres, notice_ignore, NULL);
	store->lost = false;
	store->session++;
	return durability_check(store);
}

int postgres_open(struct rpmb_store *store)
{
	if (has_password(store->place))
		return store_fail(store->error, -EPERM,
				  "put it into ~/.pgpass or a service file",
				  "the store's URI has a password in it");
	return db_final(postgres_connect(store));
}

int postgres_reconnect(struct rpmb_store *store)
{
	return postgres_connect(store);
}

void postgres_close(struct rpmb_store *store)
{
	PQfinish(store->postgres);
	store->postgres = NULL;
}

/* Appendix A of PostgreSQL's manual lists the codes. */
static int result_fail(struct rpmb_store *store, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	char line[256];

	if (PQstatus(store->postgres) == CONNECTION_BAD) {
		store->lost = true;
		return connection_fail(store, -EAGAIN);
	}
	first_line(PQresultErrorMessage(result), line, sizeof(line));
	state = state ? state : "";
	if (!strcmp(state, "40001") || !strcmp(state, "40P01"))
		return store_fail(store->error, -EAGAIN, "try again",
				  "PostgreSQL: %s", line);
	/* The server is going down, or was just started. */
	if (!strncmp(state, "57P0", 4)) {
		store->lost = true;
		return store_fail(store->error, -EAGAIN, "try again",
				  "PostgreSQL: %s", line);
	}
	if (!strcmp(state, "42P01"))
		return store_fail(store->error, -EIO,
				  "make one with rpmbctl store init",
				  "the data base holds no store: %s", line);
	if (!strcmp(state, "42501"))
		return store_fail(store->error, -EPERM,
				  "see docs/rpmb-store.md for roles",
				  "PostgreSQL: %s", line);
	return store_fail(store->error, -EIO, "", "PostgreSQL: %s", line);
}

static int rows_take(struct db_rows *rows, const PGresult *result)
{
	int row, column, err;

	rows->columns = (size_t)PQnfields(result);
	for (row = 0; row < PQntuples(result); row++) {
		for (column = 0; column < PQnfields(result); column++) {
			err = db_rows_append(rows,
					     PQgetvalue(result, row, column));
			if (err)
				return err;
		}
		rows->rows++;
	}
	return 0;
}

int postgres_run(struct rpmb_store *store, struct db_rows *rows,
		 const char *sql, const char *const *values, size_t count)
{
	ExecStatusType status;
	PGresult *result;
	int err = 0;

	if (store->lost)
		return -EAGAIN;
	result = PQexecParams(store->postgres, sql, (int)count, NULL,
			      values + 1, NULL, NULL, 0);
	status = PQresultStatus(result);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		err = result_fail(store, result);
	else if (rows)
		err = rows_take(rows, result);
	if (err == -ENOMEM)
		store_fail(store->error, err, "", "out of memory");
	PQclear(result);
	return err;
}

int postgres_claim_lock(struct rpmb_store *store, uint64_t number, bool lock)
{
	char text[DB_NUMBER_TEXT];
	struct db_rows rows;
	bool done;
	int err;

	db_number(text, number);
	err = lock ? db_run(store, &rows,
			    "SELECT pg_try_advisory_lock($1::bigint)", text) :
		     db_run(store, &rows,
			    "SELECT pg_advisory_unlock($1::bigint)", text);
	if (err)
		return err;
	done = !strcmp(db_cell(&rows, 0, 0), "t");
	db_rows_free(&rows);
	if (done || !lock)
		return 0;
	return store_fail(store->error, -EBUSY, "",
			  "another station is working on this device");
}

#else /* without libpq */

int postgres_open(struct rpmb_store *store)
{
	return store_fail(store->error, -EOPNOTSUPP,
			  "use SQLite, or build rpmbctl with libpq",
			  "this rpmbctl was built without PostgreSQL");
}

int postgres_reconnect(struct rpmb_store *store)
{
	return postgres_open(store);
}

void postgres_close(struct rpmb_store *store)
{
	(void)store;
}

int postgres_run(struct rpmb_store *store, struct db_rows *rows,
		 const char *sql, const char *const *values, size_t count)
{
	(void)rows;
	(void)sql;
	(void)values;
	(void)count;
	return postgres_open(store);
}

int postgres_claim_lock(struct rpmb_store *store, uint64_t number, bool lock)
{
	(void)number;
	(void)lock;
	return postgres_open(store);
}
#endif
