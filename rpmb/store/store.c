// SPDX-License-Identifier: BSD-2-Clause
/*
 * Making, opening and closing a store, who the log's entries are by, and the
 * words for what it keeps. What is in it is in the other files.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "internal.h"

static const char *const source_names[] = {
	[RPMB_SOURCE_OTHER] = "other",
	[RPMB_SOURCE_RANDOM] = "random",
	[RPMB_SOURCE_DERIVED] = "derived",
	[RPMB_SOURCE_TEE] = "tee",
};

static const char *const state_names[] = {
	[RPMB_STATE_CLAIMED] = "claimed",
	[RPMB_STATE_STORED] = "stored",
	[RPMB_STATE_PROGRAMMING] = "programming",
	[RPMB_STATE_VERIFIED] = "verified",
};

const char *rpmb_store_source_name(enum rpmb_store_source source)
{
	return source >= RPMB_SOURCE_OTHER && source <= RPMB_SOURCE_TEE ?
		       source_names[source] :
		       "";
}

const char *rpmb_store_state_name(enum rpmb_store_state state)
{
	return state >= RPMB_STATE_CLAIMED && state <= RPMB_STATE_VERIFIED ?
		       state_names[state] :
		       "";
}

enum rpmb_store_source store_source_parse(const char *name)
{
	int n;

	for (n = RPMB_SOURCE_OTHER; n <= RPMB_SOURCE_TEE; n++)
		if (!strcmp(name, source_names[n]))
			return (enum rpmb_store_source)n;
	return 0;
}

enum rpmb_store_state store_state_parse(const char *name)
{
	int n;

	for (n = RPMB_STATE_CLAIMED; n <= RPMB_STATE_VERIFIED; n++)
		if (!strcmp(name, state_names[n]))
			return (enum rpmb_store_state)n;
	return 0;
}

/* As the machine says it: whoever can write the store can claim another. */
static void who_fill(struct rpmb_store *store, const char *station)
{
	struct passwd entry, *found = NULL;
	char buffer[4096], name[DB_WHO_MAX];

	if (!getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found) &&
	    found)
		store_text_copy(store->user, sizeof(store->user),
				found->pw_name);
	else
		snprintf(store->user, sizeof(store->user), "uid %u",
			 (unsigned int)geteuid());
	if (gethostname(name, sizeof(name)))
		name[0] = '\0';
	name[sizeof(name) - 1] = '\0';
	store_text_copy(store->host, sizeof(store->host), name);
	store_text_copy(store->station, sizeof(store->station), station);
}

static struct rpmb_store *store_alloc(const char *station,
				      struct rpmb_store_error *error)
{
	struct rpmb_store *store = calloc(1, sizeof(*store));

	if (!store) {
		store_fail(error, -ENOMEM, "", "out of memory");
		return NULL;
	}
	store->error = error;
	who_fill(store, station);
	return store;
}

static int version_read(struct rpmb_store *store, unsigned int *ret_version)
{
	struct db_rows rows;
	int err = db_run(store, &rows,
			 "SELECT value FROM store_meta"
			 " WHERE name = 'schema_version'");

	if (err)
		return err;
	*ret_version = (unsigned int)db_cell_number(&rows, 0, 0);
	db_rows_free(&rows);
	return 0;
}

static int version_raise(struct rpmb_store *store)
{
	struct log_entry entry = {
		.action = "migrate",
		.result = "ok",
	};
	unsigned int version;
	int err;

	err = version_read(store, &version);
	if (err || version == SCHEMA_VERSION)
		return err;
	if (version > SCHEMA_VERSION)
		return store_fail(store->error, -EINVAL,
				  "use the rpmbctl that made it, or a newer",
				  "the store has schema %u, this rpmbctl knows"
				  " up to %u",
				  version, SCHEMA_VERSION);
	/* With the log's end locked: one process does it. */
	err = db_begin_write(store);
	if (!err)
		err = version_read(store, &version);
	if (!err && version < SCHEMA_VERSION) {
		err = schema_migrate(store, version);
		if (!err)
			err = log_append(store, &entry);
	}
	return db_end(store, err);
}

int rpmb_store_open(const char *spec, const char *station,
		    struct rpmb_store_error *error,
		    struct rpmb_store **ret_store)
{
	struct rpmb_store *store = store_alloc(station, error);
	struct db_retry retry = { 0 };
	int err;

	if (!store)
		return -ENOMEM;
	err = db_open(store, spec, DB_OPEN);
	if (!err) {
		do {
			err = version_raise(store);
		} while (db_again(store, &retry, err));
		err = db_final(err);
	}
	/* A SQLite file without our tables. */
	if (err == -EIO && store->kind == DB_SQLITE &&
	    strstr(error->message, "no such table"))
		store_fail(error, err, "make one with rpmbctl store init",
			   "%s is not a store", store->place);
	if (err) {
		rpmb_store_close(store);
		return err;
	}
	*ret_store = store;
	return 0;
}

void rpmb_store_close(struct rpmb_store *store)
{
	if (!store)
		return;
	db_close(store);
	free(store);
}

/* In the open transaction: tables, recipients, the log's first entry. */
static int init_fill(struct rpmb_store *store, const char *const *files,
		     unsigned int count)
{
	char id[DB_RECIPIENT_TEXT], *pem, text[33];
	struct log_entry entry = { .action = "init",
				   .result = "ok",
				   .detail = text,
				   .changed = true };
	struct evp_pkey_st *key;
	uint8_t random[16];
	unsigned int n;
	int err;

	err = schema_migrate(store, 0);
	for (n = 0; n < count && !err; n++) {
		err = public_key_load(files[n], store->error, &key, id, &pem);
		if (err)
			break;
		EVP_PKEY_free(key);
		err = recipient_insert(store, id, pem);
		free(pem);
	}
	/* Makes the first hash, and so all of them, this store's own. */
	if (!err && RAND_bytes(random, sizeof(random)) != 1)
		err = store_fail(store->error, -EIO, "", "no random numbers");
	if (err)
		return err;
	db_hex(text, random, sizeof(random));
	store->head_entry = 0;
	memset(store->head_hash, '0', DB_HASH_TEXT - 1);
	return log_append(store, &entry);
}

/* Built beside and then given its name: a store is whole or not there. */
static int init_sqlite(struct rpmb_store *store, const char *const *files,
		       unsigned int count, const char *path)
{
	char *draft;
	int err;

	if (!access(path, F_OK))
		return store_fail(store->error, -EEXIST,
				  "choose another path; nothing was changed",
				  "%s is there already", path);
	if (asprintf(&draft, "sqlite:%s.new-%ld", path, (long)getpid()) < 0)
		return store_fail(store->error, -ENOMEM, "", "out of memory");
	err = db_open(store, draft, DB_OPEN_CREATE);
	if (!err)
		err = db_run(store, NULL, "BEGIN IMMEDIATE");
	if (!err)
		err = db_end(store, init_fill(store, files, count));
	if (!err)
		err = db_run(store, NULL, "PRAGMA journal_mode = WAL");
	db_close(store);
	if (!err && link(draft + 7, path))
		err = store_fail(store->error, errno == EEXIST ? -EEXIST : -EIO,
				 "", "cannot make %s: %s", path,
				 strerror(errno));
	unlink(draft + 7);
	free(draft);
	return db_final(err);
}

static int init_postgres(struct rpmb_store *store, const char *const *files,
			 unsigned int count, const char *spec)
{
	struct db_rows rows;
	int err = db_open(store, spec, DB_OPEN);

	if (!err)
		err = db_run(store, NULL, "BEGIN");
	/* Two that make it at once: the second one waits, and finds it. */
	if (!err)
		err = db_run(store, NULL,
			     "SELECT pg_advisory_xact_lock($1::bigint)",
			     "6072344826173522");
	if (!err)
		err = db_run(store, &rows,
			     "SELECT 1 FROM pg_tables WHERE tablename ="
			     " 'store_meta' AND schemaname = current_schema()");
	if (!err) {
		if (rows.rows)
			err = store_fail(store->error, -EEXIST,
					 "use another data base or schema;"
					 " nothing was changed",
					 "the data base holds a store already");
		db_rows_free(&rows);
	}
	if (!err)
		err = init_fill(store, files, count);
	err = db_end(store, err);
	db_close(store);
	return db_final(err);
}

int rpmb_store_init(const char *spec, const char *const *public_key_files,
		    unsigned int count, struct rpmb_store_error *error)
{
	const char *path = db_sqlite_path(spec);
	struct rpmb_store *store;
	int err;

	if (!count || count > RPMB_STORE_RECIPIENTS_MAX)
		return store_fail(error, -EINVAL, "name the PEM files",
				  "a store needs 1 to %u public keys",
				  RPMB_STORE_RECIPIENTS_MAX);
	store = store_alloc(NULL, error);
	if (!store)
		return -ENOMEM;
	err = path ? init_sqlite(store, public_key_files, count, path) :
		     init_postgres(store, public_key_files, count, spec);
	free(store);
	return err;
}
