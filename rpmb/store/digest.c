// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hashes that make tampering show: SHA-256 over a list of texts, each
 * with its length before it, so that no two lists look the same; and that of
 * all rows of a device, which the log repeats after every change of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "internal.h"

struct digest {
	EVP_MD_CTX *context;
	bool failed;
};

int digest_create(const char *purpose, struct digest **ret_digest)
{
	struct digest *digest = calloc(1, sizeof(*digest));

	if (!digest)
		return -ENOMEM;
	digest->context = EVP_MD_CTX_new();
	if (!digest->context ||
	    !EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL)) {
		digest_finish(digest, NULL);
		return -ENOMEM;
	}
	digest_text(digest, purpose);
	*ret_digest = digest;
	return 0;
}

void digest_text(struct digest *digest, const char *text)
{
	size_t bytes = strlen(text);
	uint8_t length[4] = { (uint8_t)(bytes >> 24), (uint8_t)(bytes >> 16),
			      (uint8_t)(bytes >> 8), (uint8_t)bytes };

	if (!EVP_DigestUpdate(digest->context, length, sizeof(length)) ||
	    !EVP_DigestUpdate(digest->context, text, bytes))
		digest->failed = true;
}

int digest_finish(struct digest *digest, char hash[DB_HASH_TEXT])
{
	uint8_t bytes[EVP_MAX_MD_SIZE];
	bool failed = digest->failed;

	if (hash) {
		if (!EVP_DigestFinal_ex(digest->context, bytes, NULL))
			failed = true;
		else
			db_hex(hash, bytes, 32);
	}
	EVP_MD_CTX_free(digest->context);
	free(digest);
	return failed ? -ENOMEM : 0;
}

static void digest_all(struct digest *digest, const struct db_rows *rows)
{
	char number[DB_NUMBER_TEXT];
	size_t row, column;

	/* Else rows of one table could pass as rows of the next. */
	digest_text(digest, db_number(number, rows->rows));
	for (row = 0; row < rows->rows; row++)
		for (column = 0; column < rows->columns; column++)
			digest_text(digest, db_cell(rows, row, column));
}

#define DEVICE_ROW                                                    \
	"SELECT cid, state, generation, claim, station, description," \
	" created, changed FROM device WHERE cid = $1"
#define KEY_ROWS                                                          \
	"SELECT generation, fingerprint, source, check_nonce, check_mac," \
	" created FROM device_key WHERE cid = $1 ORDER BY generation"
#define SEALED_ROWS                                            \
	"SELECT generation, recipient, sealed FROM sealed_key" \
	" WHERE cid = $1 ORDER BY generation, recipient"
#define RECIPIENT_ROWS \
	"SELECT id, pem, state, created FROM recipient ORDER BY id"

int digest_rows(struct rpmb_store *store, const char *cid,
		char hash[DB_HASH_TEXT])
{
	static const char *const tables[] = { DEVICE_ROW, KEY_ROWS,
					      SEALED_ROWS };
	struct digest *digest;
	struct db_rows rows;
	size_t n;
	int err;

	if (digest_create("teegate store rows v1", &digest))
		return store_fail(store->error, -ENOMEM, "", "out of memory");
	for (n = 0, err = 0; n < 3 && !err && *cid; n++) {
		err = db_run(store, &rows, tables[n], cid);
		if (err)
			break;
		digest_all(digest, &rows);
		db_rows_free(&rows);
	}
	if (!*cid) {
		err = db_run(store, &rows, RECIPIENT_ROWS);
		if (!err) {
			digest_all(digest, &rows);
			db_rows_free(&rows);
		}
	}
	if (err) {
		digest_finish(digest, NULL);
		return err;
	}
	err = digest_finish(digest, hash);
	return err ? store_fail(store->error, err, "", "out of memory") : 0;
}
