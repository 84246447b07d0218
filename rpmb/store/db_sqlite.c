// SPDX-License-Identifier: BSD-2-Clause
/*
 * The store in one file, with SQLite: write-ahead log, every commit on the
 * disk before it counts. Claims are locks on bytes of a second, empty file
 * beside it, because the kernel drops those when their owner dies. Not for
 * network file systems.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "db.h"

/* Well above what a hundred stations make the last one wait. */
#define BUSY_MS 20000

static int sqlite_fail(struct rpmb_store *store, int code)
{
	const char *text = sqlite3_errmsg(store->sqlite);

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return store_fail(store->error, -EAGAIN, "try again",
				  "the store %s is busy", store->place);
	case SQLITE_NOTADB:
		return store_fail(store->error, -EINVAL,
				  "make one with rpmbctl store init",
				  "%s is not a store", store->place);
	case SQLITE_CORRUPT:
		return store_fail(store->error, -EBADMSG,
				  "restore it from a copy",
				  "the store %s is damaged: %s", store->place,
				  text);
	case SQLITE_NOMEM:
		return store_fail(store->error, -ENOMEM, "", "out of memory");
	default:
		return store_fail(store->error, -EIO,
				  "look at the file's mode and at the disk",
				  "the store %s: %s", store->place, text);
	}
}

static int claims_open(struct rpmb_store *store)
{
	char *path;

	if (asprintf(&path, "%s-claims", store->place) < 0)
		return store_fail(store->error, -ENOMEM, "", "out of memory");
	store->claims_fd =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(path);
	if (store->claims_fd < 0)
		return store_fail(store->error, -EIO,
				  "the directory must be writable",
				  "cannot open %s-claims: %s", store->place,
				  strerror(errno));
	return 0;
}

int sqlite_open(struct rpmb_store *store, enum db_open_how how)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW;
	int err, fd;

	if (how == DB_OPEN_CREATE) {
		fd = open(store->place, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
			  0600);
		if (fd < 0)
			return store_fail(store->error, -EIO, "",
					  "cannot make %s: %s", store->place,
					  strerror(errno));
		close(fd);
	} else if (access(store->place, F_OK)) {
		return store_fail(store->error, -EIO,
				  "make one with rpmbctl store init",
				  "there is no store %s", store->place);
	}
	err = sqlite3_open_v2(store->place, &store->sqlite, flags, NULL);
	if (err)
		return sqlite_fail(store, err);
	store->session = 1;
	sqlite3_busy_timeout(store->sqlite, BUSY_MS);
	err = db_run(store, NULL, "PRAGMA foreign_keys = ON");
	if (!err) /* on the disk before a device is programmed */
		err = db_run(store, NULL, "PRAGMA synchronous = FULL");
	if (!err && how == DB_OPEN)
		err = claims_open(store);
	return db_final(err);
}

void sqlite_close(struct rpmb_store *store)
{
	sqlite3_close(store->sqlite);
	store->sqlite = NULL;
	if (store->claims_fd >= 0)
		close(store->claims_fd);
	store->claims_fd = -1;
}

static int row_take(struct db_rows *rows, sqlite3_stmt *statement)
{
	const unsigned char *text;
	int n, err;

	rows->columns = (size_t)sqlite3_column_count(statement);
	for (n = 0; n < sqlite3_column_count(statement); n++) {
		text = sqlite3_column_text(statement, n);
		err = db_rows_append(rows, text ? (const char *)text : "");
		if (err)
			return err;
	}
	rows->rows++;
	return 0;
}

/* Our own "$1" has the index that SQLite gave its name. */
static int values_bind(sqlite3_stmt *statement, const char *const *values,
		       size_t count)
{
	char name[24];
	size_t n;
	int index, err = SQLITE_OK;

	for (n = 1; n <= count && !err; n++) {
		snprintf(name, sizeof(name), "$%zu", n);
		index = sqlite3_bind_parameter_index(statement, name);
		err = sqlite3_bind_text(statement, index, values[n], -1,
					SQLITE_STATIC);
	}
	return err;
}

int sqlite_run(struct rpmb_store *store, struct db_rows *rows, const char *sql,
	       const char *const *values, size_t count)
{
	sqlite3_stmt *statement;
	int code, err = 0;

	code = sqlite3_prepare_v2(store->sqlite, sql, -1, &statement, NULL);
	if (code)
		return sqlite_fail(store, code);
	code = values_bind(statement, values, count);
	if (!code)
		code = sqlite3_step(statement);
	while (code == SQLITE_ROW && !err) {
		if (rows)
			err = row_take(rows, statement);
		code = sqlite3_step(statement);
	}
	if (err)
		store_fail(store->error, err, "", "out of memory");
	else if (code != SQLITE_DONE)
		err = sqlite_fail(store, code);
	sqlite3_finalize(statement);
	return err;
}

int sqlite_claim_lock(struct rpmb_store *store, uint64_t number, bool lock)
{
	struct flock range = {
		.l_type = lock ? F_WRLCK : F_UNLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)number,
		.l_len = 1,
	};

	if (!fcntl(store->claims_fd, F_OFD_SETLK, &range))
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return store_fail(store->error, -EBUSY, "",
				  "another station is working on this device");
	return store_fail(store->error, -EIO,
			  "keep the store on a local file system",
			  "cannot lock %s-claims: %s", store->place,
			  strerror(errno));
}
