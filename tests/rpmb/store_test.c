// SPDX-License-Identifier: BSD-2-Clause
/*
 * Units of the store on SQLite and emulated devices, in one process: claims
 * that change hands at the worst moments, check values, migrations, texts.
 * Real processes, PostgreSQL and kill -9 are in store/.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <check.h>
#include <station.h>

#define DIRECTORY_MAX 64

struct fixture {
	char directory[DIRECTORY_MAX];
	char database[DIRECTORY_MAX + 16], device[DIRECTORY_MAX + 16];
	char spec[DIRECTORY_MAX + 32], public_key[DIRECTORY_MAX + 16];
	char private_key[DIRECTORY_MAX + 16];
	struct rpmb_store_error error;
	struct rpmb_store *a, *b; /* two stations */
	struct rpmb_cid cid;
};

/* Never asked here. */
int rpmb_station_tee_key(const struct rpmb_cid *cid, struct rpmb_key *ret_key,
			 struct rpmb_store_error *error)
{
	(void)cid;
	(void)ret_key;
	error->err = -EOPNOTSUPP;
	return -EOPNOTSUPP;
}

static void keys_write(struct fixture *f)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	FILE *file;

	assert_non_null(key);
	umask(077);
	file = fopen(f->private_key, "w");
	assert_true(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
	fclose(file);
	file = fopen(f->public_key, "w");
	assert_true(PEM_write_PUBKEY(file, key));
	fclose(file);
	EVP_PKEY_free(key);
}

static int setup(void **state)
{
	struct rpmb_emulate_options options = { .size_bytes = 131072 };
	struct fixture *f = calloc(1, sizeof(*f));
	const char *files[1];

	strcpy(f->directory, "/tmp/store_test.XXXXXX");
	assert_non_null(mkdtemp(f->directory));
#define PATH(member, name) \
	snprintf(f->member, sizeof(f->member), "%s/" name, f->directory)
	PATH(database, "s.db");
	PATH(device, "d.rpmb");
	PATH(public_key, "k.pub");
	PATH(private_key, "k.pem");
	snprintf(f->spec, sizeof(f->spec), "file:%s", f->device);
	keys_write(f);
	memset(f->cid.bytes, 0x42, sizeof(f->cid.bytes));
	options.cid = f->cid;
	assert_int_equal(rpmb_emulate_create(f->device, &options, NULL), 0);
	files[0] = f->public_key;
	assert_int_equal(rpmb_store_init(f->database, files, 1, &f->error), 0);
	assert_int_equal(rpmb_store_open(f->database, "A", &f->error, &f->a),
			 0);
	assert_int_equal(rpmb_store_open(f->database, "B", &f->error, &f->b),
			 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[DIRECTORY_MAX + 16];

	rpmb_store_close(f->a);
	rpmb_store_close(f->b);
	snprintf(command, sizeof(command), "rm -r %s", f->directory);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* As a station does it: a random key with its check value, stored. */
static struct rpmb_key *key_stored(struct rpmb_store *store,
				   struct store_claim *claim,
				   struct store_key_row *row)
{
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));

	assert_int_equal(rpmb_key_random(key), 0);
	memset(row, 0, sizeof(*row));
	row->source = RPMB_SOURCE_RANDOM;
	assert_int_equal(rpmb_key_fingerprint(key, &row->fingerprint), 0);
	assert_int_equal(check_make(key, row), 0);
	assert_int_equal(claim_store_key(store, claim, key, row), 0);
	return key;
}

static void program(struct fixture *f, const struct rpmb_key *key)
{
	struct rpmb_device *device;

	assert_int_equal(rpmb_open(f->spec, &device, NULL), 0);
	assert_int_equal(rpmb_program_key(device, key, 0, NULL), 0);
	rpmb_close(device);
}

static enum rpmb_station_outcome run(struct fixture *f,
				     struct rpmb_store *store,
				     struct rpmb_station_label *label)
{
	struct rpmb_station station = {
		.store = store,
		.error = &f->error,
		.source = { .kind = RPMB_SOURCE_RANDOM },
		.commit = true,
	};

	return rpmb_station_device(&station, f->spec, label);
}

static void audit_passes(struct fixture *f)
{
	struct rpmb_store_audit audit;

	assert_int_equal(rpmb_store_audit(f->a, NULL, stderr, &audit), 0);
	assert_int_equal(audit.problems, 0);
}

static void one_live_owner(void **state)
{
	struct fixture *f = *state;
	struct rpmb_store_record record;
	struct store_claim first, second;

	assert_int_equal(claim_take(f->a, &f->cid, "d", &first, &record), 0);
	assert_int_equal(claim_take(f->b, &f->cid, "d", &second, &record),
			 -EBUSY);
	/* The owner dies: nobody waits. */
	rpmb_store_close(f->a);
	f->a = NULL;
	assert_int_equal(claim_take(f->b, &f->cid, "d", &second, &record), 0);
	claim_drop(f->b, &second);
	assert_int_equal(rpmb_store_open(f->database, "A", &f->error, &f->a),
			 0);
	audit_passes(f);
}

/* A's connection was lost and B took over: A's next step tells it so. */
static void owner_comes_back(void **state)
{
	struct fixture *f = *state;
	struct rpmb_store_record record;
	struct store_claim first, second;
	struct store_key_row row;
	struct rpmb_key *key;

	assert_int_equal(claim_take(f->a, &f->cid, "d", &first, &record), 0);
	key = key_stored(f->a, &first, &row);
	db_claim_unlock(f->a, &f->cid);
	assert_int_equal(claim_take(f->b, &f->cid, "d", &second, &record), 0);
	assert_int_equal(claim_programming(f->a, &first, &row), -EBUSY);
	assert_int_equal(claim_store_key(f->a, &first, key, &row), -EBUSY);
	claim_drop(f->b, &second);
	rpmb_secret_free(key);
	audit_passes(f);
}

/* A was past its last check when B took over, and programs first. */
static void late_owner_programs(void **state)
{
	struct fixture *f = *state;
	struct store_key_row row_a, row_b;
	struct store_claim first, second;
	struct rpmb_key *key_a, *key_b, *opened;
	struct rpmb_store_record record;
	struct rpmb_station_label label;

	assert_int_equal(claim_take(f->a, &f->cid, "d", &first, &record), 0);
	key_a = key_stored(f->a, &first, &row_a);
	assert_int_equal(claim_programming(f->a, &first, &row_a), 0);
	db_claim_unlock(f->a, &f->cid);
	assert_int_equal(claim_take(f->b, &f->cid, "d", &second, &record), 0);
	key_b = key_stored(f->b, &second, &row_b);
	assert_int_equal(row_b.generation, 2);
	program(f, key_a);
	claim_drop(f->b, &second);
	/* B finds out which it is without either key. */
	assert_int_equal(run(f, f->b, &label), RPMB_STATION_DONE);
	assert_int_equal(label.generation, 1);
	assert_memory_equal(&label.fingerprint, &row_a.fingerprint,
			    sizeof(row_a.fingerprint));
	/* A has proved the same; another proof would be a contradiction. */
	assert_int_equal(claim_verified(f->a, &first, &row_a, "late"), 0);
	assert_int_equal(claim_verified(f->b, &second, &row_b, "no"), -EBUSY);
	opened = rpmb_secret_alloc(sizeof(*opened));
	assert_int_equal(
		rpmb_store_get_key(f->a, &f->cid, f->private_key, opened), 0);
	assert_memory_equal(opened, key_a, sizeof(*opened));
	assert_int_equal(run(f, f->a, &label), RPMB_STATION_ALREADY);
	rpmb_secret_free(opened);
	rpmb_secret_free(key_a);
	rpmb_secret_free(key_b);
	audit_passes(f);
}

static void check_value_tells(void **state)
{
	static const uint8_t data[RPMB_BLOCK_BYTES];
	struct fixture *f = *state;
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	struct rpmb_key *other = rpmb_secret_alloc(sizeof(*other));
	struct store_key_row mine = { 0 }, not_mine = { 0 }, none = { 0 };
	struct rpmb_device *device;
	bool holds;

	assert_int_equal(rpmb_key_random(key), 0);
	assert_int_equal(rpmb_key_random(other), 0);
	assert_int_equal(check_make(key, &mine), 0);
	assert_int_equal(check_make(other, &not_mine), 0);
	assert_int_equal(rpmb_open(f->spec, &device, NULL), 0);
	assert_int_equal(check_ask(device, &mine, &holds, NULL), 0);
	assert_false(holds); /* not programmed */
	assert_int_equal(rpmb_program_key(device, key, 0, NULL), 0);
	assert_int_equal(check_ask(device, &mine, &holds, NULL), 0);
	assert_true(holds);
	assert_int_equal(check_ask(device, &not_mine, &holds, NULL), 0);
	assert_false(holds);
	assert_int_equal(check_ask(device, &none, &holds, NULL), 0);
	assert_false(holds);
	/* Somebody with the key has written: the counter moved on. */
	assert_int_equal(rpmb_write(device, key, 0, 1, data, NULL, NULL), 0);
	assert_int_equal(check_ask(device, &mine, &holds, NULL), 0);
	assert_false(holds);
	rpmb_close(device);
	rpmb_secret_free(key);
	rpmb_secret_free(other);
}

/* A COMMIT whose answer was lost is repeated: nothing is there twice. */
static void steps_repeat(void **state)
{
	struct fixture *f = *state;
	struct rpmb_store_record record;
	struct rpmb_store_audit before, after;
	struct store_claim claim;
	struct store_key_row row;
	struct rpmb_key *key;

	assert_int_equal(claim_take(f->a, &f->cid, "d", &claim, &record), 0);
	key = key_stored(f->a, &claim, &row);
	assert_int_equal(claim_store_key(f->a, &claim, key, &row), 0);
	assert_int_equal(row.generation, 1);
	assert_int_equal(claim_verified(f->a, &claim, &row, "once"), 0);
	assert_int_equal(rpmb_store_audit(f->a, NULL, stderr, &before), 0);
	assert_int_equal(claim_verified(f->a, &claim, &row, "twice"), 0);
	assert_int_equal(rpmb_store_audit(f->a, NULL, stderr, &after), 0);
	assert_int_equal(before.entries, after.entries);
	claim_drop(f->a, &claim);
	rpmb_secret_free(key);
}

static void old_schema_is_raised(void **state)
{
	static const char *const undo[] = {
		"DROP INDEX log_by_cid",
		"DROP INDEX sealed_by_recipient",
		"DROP TRIGGER log_no_update",
		"DROP TRIGGER log_no_delete",
		"DROP TRIGGER device_no_delete",
		"DROP TRIGGER key_no_delete",
		"UPDATE store_meta SET value = '1'",
	};
	struct fixture *f = *state;
	struct rpmb_store *again;
	size_t n;

	for (n = 0; n < sizeof(undo) / sizeof(undo[0]); n++)
		assert_int_equal(db_run(f->a, NULL, undo[n]), 0);
	assert_int_equal(rpmb_store_open(f->database, "A", &f->error, &again),
			 0);
	assert_int_not_equal(db_run(again, NULL, "DELETE FROM log"), 0);
	rpmb_store_close(again);
	audit_passes(f);
	/* A store of the future is left alone. */
	assert_int_equal(db_run(f->a, NULL, "UPDATE store_meta SET value = $1",
				"99"),
			 0);
	assert_int_equal(rpmb_store_open(f->database, "A", &f->error, &again),
			 -EINVAL);
}

static void specifications(void **state)
{
	struct fixture *f = *state;
	struct rpmb_store *store;

	assert_int_equal(rpmb_store_open("", NULL, &f->error, &store), -EINVAL);
	assert_int_equal(rpmb_store_open("sqlite:/nowhere/s.db", NULL,
					 &f->error, &store),
			 -EIO);
	assert_int_equal(rpmb_store_open(f->public_key, NULL, &f->error,
					 &store),
			 -EINVAL);
#ifdef RPMB_HAVE_LIBPQ
	assert_int_equal(rpmb_store_open("postgresql://u:secret@h/d", NULL,
					 &f->error, &store),
			 -EPERM);
	assert_null(strstr(f->error.message, "secret"));
	assert_int_equal(rpmb_store_open("postgresql:///d?password=secret",
					 NULL, &f->error, &store),
			 -EPERM);
#else
	assert_int_equal(rpmb_store_open("postgresql:///d", NULL, &f->error,
					 &store),
			 -EOPNOTSUPP);
#endif
}

static void anchors(void **state)
{
	struct rpmb_store_anchor anchor = { .entry = UINT64_MAX }, again;
	char text[RPMB_STORE_ANCHOR_TEXT];

	(void)state;
	memset(anchor.hash, 0xa5, sizeof(anchor.hash));
	rpmb_store_anchor_format(&anchor, text);
	assert_true(rpmb_store_anchor_parse(text, &again));
	assert_int_equal(again.entry, UINT64_MAX);
	assert_memory_equal(again.hash, anchor.hash, sizeof(anchor.hash));
	assert_false(rpmb_store_anchor_parse("", &again));
	assert_false(rpmb_store_anchor_parse("0:00", &again));
	assert_false(rpmb_store_anchor_parse("-1:00", &again));
	text[strlen(text) - 1] = '\0';
	assert_false(rpmb_store_anchor_parse(text, &again));
	assert_false(
		rpmb_store_anchor_parse("99999999999999999999:00", &again));
}

static void texts(void **state)
{
	uint8_t bytes[2] = { 0 };
	char text[8];

	(void)state;
	store_text_copy(text, sizeof(text),
			"a\n\xc3\xa4\x7f"
			"bc,d");
	assert_string_equal(text, "a????bc");
	store_text_copy(text, sizeof(text), NULL);
	assert_string_equal(text, "");
	assert_string_equal(db_hex(text, "\x0a\xff", 2), "0aff");
	assert_true(db_unhex("0aff", bytes, 2));
	assert_int_equal(bytes[1], 0xff);
	assert_false(db_unhex("0aF0", bytes, 2));
	assert_false(db_unhex("0af", bytes, 2));
	assert_false(db_unhex("0aff0", bytes, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_STORE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		WITH_STORE(one_live_owner),
		WITH_STORE(owner_comes_back),
		WITH_STORE(late_owner_programs),
		WITH_STORE(check_value_tells),
		WITH_STORE(steps_repeat),
		WITH_STORE(old_schema_is_raised),
		WITH_STORE(specifications),
		cmocka_unit_test(anchors),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
