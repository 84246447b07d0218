// SPDX-License-Identifier: BSD-2-Clause
/*
 * The public keys that a store seals to: read from PEM files, kept in the
 * store, used. The private halves are never here (identity.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "internal.h"

/* An SPKI of P-256 or X25519 in PEM has below 200 bytes. */
#define PEM_BYTES_MAX 4096

static int file_read(const char *path, char *data, size_t room,
		     size_t *ret_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, data, room);
	int err = errno;

	if (fd >= 0)
		close(fd);
	if (got < 0)
		return -err;
	*ret_bytes = (size_t)got;
	return 0;
}

/* What a recipient is, out of a PEM text. */
static int pem_parse(const char *pem, size_t bytes, const char *where,
		     struct rpmb_store_error *error,
		     struct evp_pkey_st **ret_key,
		     char ret_id[DB_RECIPIENT_TEXT])
{
	uint8_t id[RPMB_RECIPIENT_ID_BYTES];
	struct rpmb_error lib_error;
	struct evp_pkey_st *key;

	if (rpmb_public_key_from_pem(pem, bytes, &key, &lib_error))
		return store_fail(error, -EINVAL,
				  "openssl genpkey and openssl pkey -pubout"
				  " make one",
				  "%s: %s", where, lib_error.text);
	if (rpmb_recipient_id(key, id)) {
		EVP_PKEY_free(key);
		return store_fail(error, -EINVAL, "",
				  "%s: the public key cannot be used", where);
	}
	db_hex(ret_id, id, sizeof(id));
	*ret_key = key;
	return 0;
}

int public_key_load(const char *path, struct rpmb_store_error *error,
		    struct evp_pkey_st **ret_key,
		    char ret_id[DB_RECIPIENT_TEXT], char **ret_pem)
{
	char pem[PEM_BYTES_MAX + 1];
	size_t bytes = 0;
	int err = file_read(path, pem, PEM_BYTES_MAX, &bytes);

	if (err)
		return store_fail(error, -EINVAL, "", "cannot read %s: %s",
				  path, strerror(-err));
	pem[bytes] = '\0';
	/* What goes into the store is text, and public. */
	if (strlen(pem) != bytes || strstr(pem, "PRIVATE"))
		return store_fail(error, -EINVAL,
				  "openssl pkey -pubout makes a public one",
				  "%s is not a file with a public key alone",
				  path);
	err = pem_parse(pem, bytes, path, error, ret_key, ret_id);
	if (err)
		return err;
	*ret_pem = strdup(pem);
	if (*ret_pem)
		return 0;
	EVP_PKEY_free(*ret_key);
	return store_fail(error, -ENOMEM, "", "out of memory");
}

int recipient_insert(struct rpmb_store *store, const char *id, const char *pem)
{
	char now[STORE_TIME_TEXT];

	return db_run(store, NULL,
		      "INSERT INTO recipient VALUES ($1, $2, 'active', $3)"
		      " ON CONFLICT (id) DO NOTHING",
		      id, pem, store_now(now));
}

int rpmb_store_pin_recipients(struct rpmb_store *store,
			      const char *const *public_key_files,
			      unsigned int count)
{
	struct evp_pkey_st *key;
	unsigned int n;
	char *pem;
	int err;

	if (!count || count > RPMB_STORE_RECIPIENTS_MAX)
		return store_fail(store->error, -EINVAL, "",
				  "1 to %u public keys can be named",
				  RPMB_STORE_RECIPIENTS_MAX);
	for (n = 0; n < count; n++) {
		err = public_key_load(public_key_files[n], store->error, &key,
				      store->pinned[n], &pem);
		if (err)
			return err;
		EVP_PKEY_free(key);
		free(pem);
	}
	store->pinned_count = count;
	return 0;
}

static int pinned_check(struct rpmb_store *store, const char *id)
{
	unsigned int n;

	for (n = 0; n < store->pinned_count; n++)
		if (!strcmp(store->pinned[n], id))
			return 0;
	if (!store->pinned_count)
		return 0;
	return store_fail(store->error, -EPERM,
			  "find out who has changed the store's public keys",
			  "the store wants keys to be sealed to %s, which was"
			  " not named here",
			  id);
}

int recipients_read(struct rpmb_store *store, struct recipients *ret)
{
	struct recipients recipients = { 0 };
	struct db_rows rows;
	const char *pem;
	size_t n;
	int err = db_run(store, &rows,
			 "SELECT id, pem FROM recipient"
			 " WHERE state = 'active' ORDER BY id");

	if (err)
		return err;
	if (!rows.rows || rows.rows > RPMB_STORE_RECIPIENTS_MAX)
		err = store_fail(store->error, -EBADMSG,
				 "run rpmbctl store audit",
				 "the store has %zu active public keys",
				 rows.rows);
	for (n = 0; n < rows.rows && !err; n++) {
		pem = db_cell(&rows, n, 1);
		err = pem_parse(pem, strlen(pem), "the store", store->error,
				&recipients.keys[n], recipients.ids[n]);
		if (err)
			break;
		recipients.count++;
		err = pinned_check(store, recipients.ids[n]);
		if (!err && strcmp(recipients.ids[n], db_cell(&rows, n, 0)))
			err = store_fail(store->error, -EBADMSG,
					 "run rpmbctl store audit",
					 "public key %s is not what its"
					 " number says",
					 db_cell(&rows, n, 0));
	}
	db_rows_free(&rows);
	if (err)
		recipients_free(&recipients);
	else
		*ret = recipients;
	return err;
}

void recipients_free(struct recipients *recipients)
{
	unsigned int n;

	for (n = 0; n < recipients->count; n++)
		EVP_PKEY_free(recipients->keys[n]);
	recipients->count = 0;
}

int recipients_seal(struct rpmb_store *store,
		    const struct recipients *recipients,
		    const struct rpmb_cid *cid, const struct rpmb_key *key,
		    enum rpmb_origin origin, struct rpmb_sealed *sealed)
{
	struct rpmb_error lib_error;
	unsigned int n;
	int err;

	for (n = 0; n < recipients->count; n++) {
		err = rpmb_seal(recipients->keys[n], cid, key, origin,
				&sealed[n], &lib_error);
		if (err)
			return store_fail(store->error, -EIO, "",
					  "cannot seal the key: %s",
					  lib_error.text);
	}
	return 0;
}
