// SPDX-License-Identifier: BSD-2-Clause
/*
 * The tables: numbered migrations, the one place for both back ends. A
 * migration that was released is never changed; a new one is added after it.
 * The SQL is what SQLite and PostgreSQL both understand; where they differ
 * (triggers), a statement says whose it is.
 */
#include "db.h"

enum schema_for {
	FOR_BOTH,
	FOR_SQLITE,
	FOR_POSTGRES,
};

struct schema_step {
	unsigned int version;
	enum schema_for whose;
	const char *sql;
};

#define REFUSE_SQLITE(name, event, table, why)                         \
	"CREATE TRIGGER " name " BEFORE " event " ON " table " BEGIN " \
	"SELECT RAISE(ABORT, '" why "'); END"
#define REFUSE_POSTGRES(name, events, table)                  \
	"CREATE TRIGGER " name " BEFORE " events " ON " table \
	" FOR EACH STATEMENT EXECUTE FUNCTION rpmb_refuse()"

static const struct schema_step steps[] = {
	{ 1, FOR_BOTH,
	  "CREATE TABLE store_meta (name TEXT PRIMARY KEY,"
	  " value TEXT NOT NULL)" },
	{ 1, FOR_BOTH,
	  "INSERT INTO store_meta VALUES ('schema_version', '0')" },
	/* The public keys that new keys are sealed to. */
	{ 1, FOR_BOTH,
	  "CREATE TABLE recipient (id TEXT PRIMARY KEY, pem TEXT NOT NULL,"
	  " state TEXT NOT NULL CHECK (state IN"
	  " ('active', 'leaving', 'retired')), created TEXT NOT NULL)" },
	{ 1, FOR_BOTH,
	  "CREATE TABLE device (cid TEXT PRIMARY KEY"
	  " CHECK (length(cid) = 32), state TEXT NOT NULL CHECK (state IN"
	  " ('claimed', 'stored', 'programming', 'verified')),"
	  " generation BIGINT NOT NULL, claim TEXT NOT NULL,"
	  " station TEXT NOT NULL, description TEXT NOT NULL,"
	  " created TEXT NOT NULL, changed TEXT NOT NULL)" },
	/* Every key that a device may hold; the right one is device.generation.
	 * check_nonce and check_mac: see claim.c. */
	{ 1, FOR_BOTH,
	  "CREATE TABLE device_key (cid TEXT NOT NULL REFERENCES device (cid),"
	  " generation BIGINT NOT NULL, fingerprint TEXT NOT NULL,"
	  " source TEXT NOT NULL, check_nonce TEXT NOT NULL,"
	  " check_mac TEXT NOT NULL, created TEXT NOT NULL,"
	  " PRIMARY KEY (cid, generation))" },
	{ 1, FOR_BOTH,
	  "CREATE TABLE sealed_key (cid TEXT NOT NULL,"
	  " generation BIGINT NOT NULL,"
	  " recipient TEXT NOT NULL REFERENCES recipient (id),"
	  " sealed TEXT NOT NULL, PRIMARY KEY (cid, generation, recipient),"
	  " FOREIGN KEY (cid, generation) REFERENCES"
	  " device_key (cid, generation))" },
	{ 1, FOR_BOTH,
	  "CREATE TABLE log (entry BIGINT PRIMARY KEY, time TEXT NOT NULL,"
	  " who TEXT NOT NULL, host TEXT NOT NULL, station TEXT NOT NULL,"
	  " action TEXT NOT NULL, cid TEXT NOT NULL,"
	  " generation BIGINT NOT NULL, fingerprint TEXT NOT NULL,"
	  " result TEXT NOT NULL, detail TEXT NOT NULL,"
	  " digest TEXT NOT NULL, previous TEXT NOT NULL,"
	  " hash TEXT NOT NULL)" },
	{ 1, FOR_BOTH,
	  "CREATE TABLE log_head (one BIGINT PRIMARY KEY CHECK (one = 1),"
	  " entry BIGINT NOT NULL, hash TEXT NOT NULL)" },
	{ 1, FOR_BOTH,
	  "INSERT INTO log_head VALUES (1, 0, '00000000000000000000000000000000"
	  "00000000000000000000000000000000')" },

	/* The audit asks for the last entry of each device. */
	{ 2, FOR_BOTH, "CREATE INDEX log_by_cid ON log (cid, entry)" },
	{ 2, FOR_BOTH,
	  "CREATE INDEX sealed_by_recipient ON"
	  " sealed_key (recipient)" },
	{ 2, FOR_SQLITE,
	  REFUSE_SQLITE("log_no_update", "UPDATE", "log",
			"the log is only ever added to") },
	{ 2, FOR_SQLITE,
	  REFUSE_SQLITE("log_no_delete", "DELETE", "log",
			"the log is only ever added to") },
	{ 2, FOR_SQLITE,
	  REFUSE_SQLITE("device_no_delete", "DELETE", "device",
			"devices are never deleted") },
	{ 2, FOR_SQLITE,
	  REFUSE_SQLITE("key_no_delete", "DELETE", "device_key",
			"keys are never deleted") },
	{ 2, FOR_POSTGRES,
	  "CREATE FUNCTION rpmb_refuse() RETURNS trigger LANGUAGE plpgsql AS"
	  " 'BEGIN RAISE EXCEPTION ''% of % is refused: its rows are only ever"
	  " added'', TG_OP, TG_TABLE_NAME; END'" },
	{ 2, FOR_POSTGRES,
	  REFUSE_POSTGRES("log_append_only", "UPDATE OR DELETE OR TRUNCATE",
			  "log") },
	{ 2, FOR_POSTGRES,
	  REFUSE_POSTGRES("device_no_delete", "DELETE OR TRUNCATE", "device") },
	{ 2, FOR_POSTGRES,
	  REFUSE_POSTGRES("key_no_delete", "DELETE OR TRUNCATE",
			  "device_key") },
};

int schema_migrate(struct rpmb_store *store, unsigned int version)
{
	enum schema_for mine =
		store->kind == DB_SQLITE ? FOR_SQLITE : FOR_POSTGRES;
	char number[DB_NUMBER_TEXT];
	size_t n;
	int err;

	for (n = 0; n < sizeof(steps) / sizeof(steps[0]); n++) {
		if (steps[n].version <= version)
			continue;
		if (steps[n].whose != FOR_BOTH && steps[n].whose != mine)
			continue;
		err = db_run(store, NULL, steps[n].sql);
		if (err)
			return err;
	}
	return db_run(store, NULL,
		      "UPDATE store_meta SET value = $1"
		      " WHERE name = 'schema_version'",
		      db_number(number, SCHEMA_VERSION));
}
