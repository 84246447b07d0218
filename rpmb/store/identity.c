// SPDX-License-Identifier: BSD-2-Clause
/*
 * Private keys that open sealed ones: a PEM file that only its owner can
 * read, or a PKCS#11 URI (pkcs11.c). Everything from opening such a file to
 * saying why a sealed key does not open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/decoder.h>
#include <openssl/evp.h>

#include "internal.h"

#define PEM_BYTES_MAX 8192
#define X25519_BYTES 32

struct identity {
	struct evp_pkey_st *key;
	struct pkcs11 *token; /* NULL: a file's key */
};

static int private_file_check(int fd, const char *path, size_t room,
			      struct rpmb_store_error *error)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return store_fail(error, -EIO, "", "%s: %s", path,
				  strerror(errno));
	if (!S_ISREG(stat.st_mode))
		return store_fail(error, -EPERM, "name a regular file",
				  "%s is no regular file", path);
	if (stat.st_uid != geteuid())
		return store_fail(error, -EPERM, "it must be yours",
				  "%s belongs to another user", path);
	if (stat.st_mode & 0177)
		return store_fail(error, -EPERM, "chmod 600 it",
				  "%s has mode %04o: others may read it", path,
				  (unsigned int)stat.st_mode & 07777);
	/* The first part of a key would be another key, or none. */
	if ((uint64_t)stat.st_size > room)
		return store_fail(error, -EINVAL, "name the right file",
				  "%s is too long: more than %zu bytes", path,
				  room);
	return 0;
}

int private_file_read(const char *path, size_t room, void *data,
		      struct rpmb_store_error *error, size_t *ret_bytes)
{
	/* Not blocking: it may be a FIFO, and is refused then. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY |
				    O_NONBLOCK);
	ssize_t got = 0;
	size_t used = 0;
	int err;

	if (fd < 0)
		return store_fail(error, -EINVAL, "", "cannot open %s: %s",
				  path, strerror(errno));
	err = private_file_check(fd, path, room, error);
	while (!err && used < room &&
	       (got = read(fd, (char *)data + used, room - used)) > 0)
		used += (size_t)got;
	if (!err && got < 0)
		err = store_fail(error, -EIO, "", "cannot read %s: %s", path,
				 strerror(errno));
	close(fd);
	if (!err)
		*ret_bytes = used;
	return err;
}

/*
 * OpenSSL's decoders leave copies of the key in the heap, so the common form
 * of an X25519 key (RFC 8410: 16 bytes that are always the same, then the key)
 * is read without them. P-256 keys, which are for tokens, are not.
 */
static struct evp_pkey_st *der_key(const uint8_t *der, size_t bytes)
{
	static const uint8_t x25519[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30,
					  0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e,
					  0x04, 0x22, 0x04, 0x20 };
	struct evp_pkey_st *key = NULL;
	OSSL_DECODER_CTX *decoder;

	if (bytes == sizeof(x25519) + X25519_BYTES &&
	    !memcmp(der, x25519, sizeof(x25519)))
		return EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL,
						    der + sizeof(x25519),
						    X25519_BYTES);
	decoder = OSSL_DECODER_CTX_new_for_pkey(&key, "DER", NULL, NULL,
						EVP_PKEY_KEYPAIR, NULL, NULL);
	if (decoder)
		(void)OSSL_DECODER_from_data(decoder, &der, &bytes);
	OSSL_DECODER_CTX_free(decoder);
	/* The whole of it must be the key. */
	if (key && bytes) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

/* @read: what pem_private_decode() said. */
static int pem_fail(const char *path, int read, struct rpmb_store_error *error)
{
	if (read == -ENOKEY)
		return store_fail(error, -EINVAL,
				  "openssl pkey writes it without one; a key"
				  " that needs one belongs into a token",
				  "the private key in %s has a passphrase",
				  path);
	return store_fail(error, -EINVAL,
			  "it must be PEM: PKCS#8, or SEC1 for P-256",
			  "%s holds no private key that can be read", path);
}

/* A key with a passphrase belongs into a token: nobody is asked for one. */
static int pem_key(const char *path, struct rpmb_store_error *error,
		   struct evp_pkey_st **ret_key)
{
	char *pem = rpmb_secret_alloc(PEM_BYTES_MAX);
	uint8_t *der = rpmb_secret_alloc(PEM_BYTES_MAX);
	size_t bytes;
	int err;

	if (!pem || !der) {
		rpmb_secret_free(pem);
		rpmb_secret_free(der);
		return store_fail(error, -ENOMEM, "raise RLIMIT_MEMLOCK",
				  "memory cannot be locked");
	}
	err = private_file_read(path, PEM_BYTES_MAX, pem, error, &bytes);
	if (!err) {
		err = pem_private_decode(pem, bytes, der, &bytes);
		*ret_key = err ? NULL : der_key(der, bytes);
		if (!*ret_key)
			err = pem_fail(path, err, error);
	}
	rpmb_secret_free(der);
	rpmb_secret_free(pem);
	return err;
}

int identity_open(const char *name, struct rpmb_store_error *error,
		  struct identity **ret_identity)
{
	struct identity *identity = calloc(1, sizeof(*identity));
	int err;

	if (!identity)
		return store_fail(error, -ENOMEM, "", "out of memory");
	if (!strncmp(name, "pkcs11:", 7))
		err = pkcs11_open(name, error, &identity->token,
				  &identity->key);
	else
		err = pem_key(name, error, &identity->key);
	if (err)
		free(identity);
	else
		*ret_identity = identity;
	return err;
}

void identity_close(struct identity *identity)
{
	if (!identity)
		return;
	EVP_PKEY_free(identity->key);
	pkcs11_close(identity->token);
	free(identity);
}

struct evp_pkey_st *identity_key(const struct identity *identity)
{
	return identity->key;
}

int identity_unseal(const struct identity *identity,
		    const struct rpmb_sealed *sealed,
		    struct rpmb_store_error *error, struct rpmb_key *ret_key)
{
	struct rpmb_error lib_error;
	int err = rpmb_unseal(identity->key, sealed->blob, sealed->bytes,
			      ret_key, NULL, &lib_error);

	switch (err) {
	case 0:
		return 0;
	case -EKEYREJECTED:
		return store_fail(error, err,
				  "use the private key that belongs"
				  " to the store's public one",
				  "the key is sealed to another recipient");
	case -EBADMSG:
		return store_fail(error, err,
				  "run rpmbctl store audit; use a copy",
				  "the sealed key was changed or damaged");
	case -EINVAL:
		return store_fail(error, -EBADMSG,
				  "run rpmbctl store audit; use a copy", "%s",
				  lib_error.text);
	default:
		return store_fail(error, -EIO, "", "cannot open the key: %s",
				  lib_error.text);
	}
}

int rpmb_store_unseal(const char *identity, const uint8_t *sealed, size_t bytes,
		      struct rpmb_store_error *error, struct rpmb_key *ret_key)
{
	struct rpmb_sealed copy = { .bytes = bytes };
	struct identity *own;
	int err;

	if (bytes > sizeof(copy.blob))
		return store_fail(error, -EINVAL, "",
				  "%zu bytes are too many for a sealed key",
				  bytes);
	memcpy(copy.blob, sealed, bytes);
	err = identity_open(identity, error, &own);
	if (err)
		return err;
	err = identity_unseal(own, &copy, error, ret_key);
	identity_close(own);
	return err;
}
