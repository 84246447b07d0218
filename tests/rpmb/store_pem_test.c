// SPDX-License-Identifier: BSD-2-Clause
/*
 * Files with private keys, whole and broken: which are taken, which are
 * refused and with which words, and that what was read of them is wiped.
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

#include <internal.h>
#include <station.h>

#define X25519 "X25519"
#define P256 "P-256"
#define TEXT_MAX 8192

/* Of RFC 8410's form; the key is 32 bytes of 0x55. */
#define BEGIN "-----BEGIN PRIVATE KEY-----\n"
#define END "-----END PRIVATE KEY-----\n"
#define HEAD "MC4CAQAwBQYDK2VuBCIEI"
#define KEY_55 "FVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVV"

static char path[64];

/* Never asked here. */
int rpmb_station_tee_key(const struct rpmb_cid *cid, struct rpmb_key *ret_key,
			 struct rpmb_store_error *error)
{
	(void)cid;
	(void)ret_key;
	error->err = -EOPNOTSUPP;
	return -EOPNOTSUPP;
}

static void file_write(const void *text, size_t bytes)
{
	FILE *file;

	unlink(path);
	umask(077);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
}

/* @kind: 0 PKCS#8, 1 SEC1, 2 with a passphrase, 3 with one of the old kind. */
static size_t pem_make(EVP_PKEY *key, int kind, char *text)
{
	char word[] = "word";
	BIO *bio = BIO_new(BIO_s_mem());
	const EVP_CIPHER *cipher = kind >= 2 ? EVP_aes_128_cbc() : NULL;
	int bytes, ok;

	assert_non_null(bio);
	if (kind == 1 || kind == 3)
		ok = PEM_write_bio_PrivateKey_traditional(
			bio, key, cipher, NULL, 0, NULL, cipher ? word : NULL);
	else
		ok = PEM_write_bio_PrivateKey(bio, key, cipher, NULL, 0, NULL,
					      cipher ? word : NULL);
	assert_int_equal(ok, 1);
	bytes = BIO_read(bio, text, TEXT_MAX);
	assert_in_range(bytes, 1, TEXT_MAX - 1);
	BIO_free(bio);
	return (size_t)bytes;
}

static EVP_PKEY *key_make(const char *type)
{
	EVP_PKEY *key = !strcmp(type, P256) ?
				EVP_PKEY_Q_keygen(NULL, NULL, "EC", type) :
				EVP_PKEY_Q_keygen(NULL, NULL, type);

	assert_non_null(key);
	return key;
}

static void taken(const char *type, int kind, bool carriage_returns)
{
	char text[TEXT_MAX], turned[2 * TEXT_MAX];
	EVP_PKEY *key = key_make(type);
	struct rpmb_store_error error;
	struct identity *identity;
	size_t bytes = pem_make(key, kind, text), n, count = 0;

	for (n = 0; n < bytes; n++) {
		if (carriage_returns && text[n] == '\n')
			turned[count++] = '\r';
		turned[count++] = text[n];
	}
	file_write(turned, count);
	assert_int_equal(identity_open(path, &error, &identity), 0);
	assert_int_equal(EVP_PKEY_eq(identity_key(identity), key), 1);
	identity_close(identity);
	/* The last line may be without its end. */
	file_write(turned, count - 1);
	assert_int_equal(identity_open(path, &error, &identity), 0);
	identity_close(identity);
	EVP_PKEY_free(key);
}

static void whole_keys_are_taken(void **state)
{
	(void)state;
	taken(X25519, 0, false);
	taken(X25519, 0, true);
	taken(P256, 0, false);
	taken(P256, 1, false);
	taken(P256, 1, true);
}

static void refused(const void *text, size_t bytes, const char *message)
{
	struct rpmb_store_error error = { 0 };
	struct identity *identity = NULL;

	file_write(text, bytes);
	assert_int_equal(identity_open(path, &error, &identity), -EINVAL);
	assert_int_equal(error.err, -EINVAL);
	if (!strstr(error.message, message))
		fail_msg("no \"%s\" in \"%s\"", message, error.message);
	assert_null(identity);
}

static void a_passphrase_is_refused(void **state)
{
	EVP_PKEY *x25519 = key_make(X25519), *p256 = key_make(P256);
	char text[TEXT_MAX];

	(void)state;
	refused(text, pem_make(x25519, 2, text), "has a passphrase");
	refused(text, pem_make(p256, 2, text), "has a passphrase");
	refused(text, pem_make(p256, 3, text), "has a passphrase");
	EVP_PKEY_free(x25519);
	EVP_PKEY_free(p256);
}

static void every_cut_is_refused(void **state)
{
	static const char *const types[] = { X25519, P256, P256 };
	char text[TEXT_MAX];
	size_t bytes, n, kind;
	EVP_PKEY *key;

	(void)state;
	for (kind = 0; kind < 3; kind++) {
		key = key_make(types[kind]);
		bytes = pem_make(key, kind == 2, text);
		/* Without the last line's end it is whole. */
		for (n = 0; n < bytes - 1; n++)
			refused(text, n, "no private key");
		EVP_PKEY_free(key);
	}
}

static const struct {
	const char *what, *text;
} broken[] = {
	{ "no text", "" },
	{ "lines alone", "\n\n\r\n" },
	{ "no begin", HEAD KEY_55 "\n" END },
	{ "no body", BEGIN END },
	{ "no end", BEGIN HEAD KEY_55 "\n" },
	{ "another end", BEGIN HEAD KEY_55 "\n-----END EC PRIVATE KEY-----\n" },
	{ "an end within a line", BEGIN HEAD KEY_55 END },
	{ "a dash for an end", BEGIN HEAD KEY_55 "\n-\n" },
	{ "text before the begin", "x" BEGIN HEAD KEY_55 "\n" END },
	{ "text behind the begin",
	  "-----BEGIN PRIVATE KEY-----x\n" HEAD KEY_55 "\n" END },
	{ "a begin that is its own end", "-----BEGIN PRIVATE KEY-----" },
	{ "another's begin", "-----BEGIN OPENSSH PRIVATE KEY-----\n" HEAD KEY_55
			     "\n-----END OPENSSH PRIVATE KEY-----\n" },
	{ "a public key's begin", "-----BEGIN PUBLIC KEY-----\n" HEAD KEY_55
				  "\n-----END PUBLIC KEY-----\n" },
	{ "a space", BEGIN " " HEAD KEY_55 "\n" END },
	{ "a letter that is none", BEGIN HEAD "*" KEY_55 "\n" END },
	{ "a byte above ASCII", BEGIN HEAD "\xff" KEY_55 "\n" END },
	{ "a header", BEGIN "Comment: x\n\n" HEAD KEY_55 "\n" END },
	{ "one letter less", BEGIN "C4CAQAwBQYDK2VuBCIEI" KEY_55 "\n" END },
	{ "one letter more", BEGIN HEAD KEY_55 "A\n" END },
	{ "one byte less", BEGIN "AC4CAQAwBQYDK2VuBCIEIFVV\n" END },
	{ "a byte behind the key", BEGIN HEAD KEY_55 "AA==\n" END },
	{ "padding alone", BEGIN "====\n" END },
	{ "padding that is too long", BEGIN HEAD KEY_55 "====\n" END },
	{ "padding in between", BEGIN HEAD "==" KEY_55 "\n" END },
	{ "bits behind the last byte", BEGIN "AB==\n" END },
	{ "not DER", BEGIN "VVVVVVVVVVVVVVVV\n" END },
	{ "two bodies", BEGIN HEAD KEY_55 HEAD KEY_55 "\n" END },
	{ "another algorithm (Ed448)",
	  BEGIN "MC4CAQAwBQYDK2VxBCIEI" KEY_55 "\n" END },
	{ "a length beyond the end",
	  BEGIN "MH4CAQAwBQYDK2VuBCIEI" KEY_55 "\n" END },
};

static void broken_files_are_refused(void **state)
{
	struct rpmb_store_error error;
	struct identity *identity;
	size_t n;

	(void)state;
	/* What they are made from is fine. */
	file_write(BEGIN HEAD KEY_55 "\n" END,
		   strlen(BEGIN HEAD KEY_55 "\n" END));
	assert_int_equal(identity_open(path, &error, &identity), 0);
	identity_close(identity);
	for (n = 0; n < sizeof(broken) / sizeof(broken[0]); n++) {
		print_message("%s\n", broken[n].what);
		refused(broken[n].text, strlen(broken[n].text),
			"no private key");
	}
}

static void zero_bytes_are_refused(void **state)
{
	static const char text[] = BEGIN HEAD "\0" KEY_55 "\n" END;

	(void)state;
	refused(text, sizeof(text) - 1, "no private key");
}

static void a_public_key_is_refused(void **state)
{
	char text[TEXT_MAX], body[TEXT_MAX];
	EVP_PKEY *key = key_make(P256);
	BIO *bio = BIO_new(BIO_s_mem());
	const char *first;
	int bytes;

	(void)state;
	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	bytes = BIO_read(bio, text, sizeof(text) - 1);
	assert_in_range(bytes, 1, sizeof(text) - 1);
	text[bytes] = '\0';
	refused(text, (size_t)bytes, "no private key");
	/* Nor if it says that it is a private one. */
	first = strchr(text, '\n') + 1;
	snprintf(body, sizeof(body), BEGIN "%.*s" END,
		 (int)(strstr(first, "-----END") - first), first);
	refused(body, strlen(body), "no private key");
	BIO_free(bio);
	EVP_PKEY_free(key);
}

static void long_files_are_refused(void **state)
{
	static const char key[] = BEGIN HEAD KEY_55 "\n" END;
	static char text[TEXT_MAX + 1];
	struct rpmb_store_error error;
	struct identity *identity;

	(void)state;
	memset(text, '\n', sizeof(text));
	memcpy(text, key, sizeof(key) - 1);
	file_write(text, TEXT_MAX);
	assert_int_equal(identity_open(path, &error, &identity), 0);
	identity_close(identity);
	refused(text, TEXT_MAX + 1, "too long");
}

static void other_files_are_refused(void **state)
{
	struct rpmb_store_error error = { 0 };
	struct identity *identity;

	(void)state;
	file_write("", 0);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(identity_open(path, &error, &identity), -EPERM);
	unlink(path);
	assert_int_equal(identity_open(path, &error, &identity), -EINVAL);
	/* Nobody waits for who would write into it. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(identity_open(path, &error, &identity), -EPERM);
	unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(identity_open(path, &error, &identity), -EINVAL);
	unlink(path);
}

/* The decoder itself: what room it needs, and that it writes no further. */
static void the_decoder_keeps_to_its_room(void **state)
{
	static const char text[] = BEGIN HEAD KEY_55 "\n" END;
	uint8_t *der = rpmb_secret_alloc(sizeof(text) - 1);
	size_t bytes = 0, n;

	(void)state;
	assert_non_null(der);
	assert_int_equal(
		pem_private_decode(text, sizeof(text) - 1, der, &bytes), 0);
	assert_int_equal(bytes, 48);
	for (n = 16; n < 48; n++)
		assert_int_equal(der[n], 0x55);
	rpmb_secret_free(der);
}

/* What DER would hide: padding, and bits behind the last byte. */
static void base64_is_strict(void **state)
{
	static const struct {
		const char *body;
		size_t bytes; /* 0: refused */
	} rows[] = {
		{ "AAAA", 3 },	 { "AAA=", 2 },	 { "AA==", 1 },
		{ "AA=", 0 },	 { "AA", 0 },	 { "AAA", 0 },
		{ "A===", 0 },	 { "A", 0 },	 { "AAAA=", 0 },
		{ "AAAA==", 0 }, { "AAA==", 0 }, { "AB==", 0 },
		{ "AAB=", 0 },	 { "AA=A", 0 },	 { "AAAAAA==", 4 },
	};
	uint8_t *der = rpmb_secret_alloc(TEXT_MAX);
	char text[TEXT_MAX];
	size_t n, bytes;
	int err;

	(void)state;
	assert_non_null(der);
	for (n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		snprintf(text, sizeof(text), BEGIN "%s\n" END, rows[n].body);
		bytes = 0;
		err = pem_private_decode(text, strlen(text), der, &bytes);
		assert_int_equal(err, rows[n].bytes ? 0 : -EINVAL);
		assert_int_equal(bytes, rows[n].bytes);
	}
	rpmb_secret_free(der);
}

static int directory_make(void **state)
{
	static char directory[] = "/tmp/rpmb-pem-XXXXXX";

	if (rpmb_secrets_init() || !mkdtemp(directory))
		return -1;
	*state = directory;
	snprintf(path, sizeof(path), "%s/key.pem", directory);
	return 0;
}

static int directory_remove(void **state)
{
	unlink(path);
	return rmdir(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_keys_are_taken),
		cmocka_unit_test(a_passphrase_is_refused),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(broken_files_are_refused),
		cmocka_unit_test(zero_bytes_are_refused),
		cmocka_unit_test(a_public_key_is_refused),
		cmocka_unit_test(long_files_are_refused),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(the_decoder_keeps_to_its_room),
		cmocka_unit_test(base64_is_strict),
	};

	return cmocka_run_group_tests(tests, directory_make, directory_remove);
}
