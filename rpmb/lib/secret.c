// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory for secrets: locked, left out of core dumps and of children, wiped
 * when freed, with a guard page on each side. What is done with the secrets
 * is not here.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "internal.h"

#define SECRET_BYTES_MAX (1024 * 1024)
#define SECRET_ALIGN 16
/* OpenSSL's copies of keys: HMAC contexts and X25519 halves, a few at a time. */
#define OPENSSL_HEAP_BYTES 16384
#define OPENSSL_HEAP_UNIT 32

/* Right before each secret. */
struct secret_header {
	void *mapping;
	size_t mapping_bytes;
};

_Static_assert(sizeof(struct secret_header) <= SECRET_ALIGN,
	       "a secret's header takes one unit of alignment");

int rpmb_secrets_init(void)
{
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0))
		return -errno;
	if (CRYPTO_secure_malloc_initialized())
		return 0;
	/* 2: there, but not locked. */
	if (CRYPTO_secure_malloc_init(OPENSSL_HEAP_BYTES, OPENSSL_HEAP_UNIT) !=
	    1)
		return -ENOMEM;
	return 0;
}

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Opens the pages between the guards; false: they cannot be protected. */
static bool secret_protect(uint8_t *inside, size_t bytes)
{
	return !mprotect(inside, bytes, PROT_READ | PROT_WRITE) &&
	       !mlock(inside, bytes) &&
	       !madvise(inside, bytes, MADV_DONTDUMP) &&
	       !madvise(inside, bytes, MADV_WIPEONFORK);
}

void *rpmb_secret_alloc(size_t bytes)
{
	size_t page = page_bytes();
	struct secret_header *header;
	size_t inside_bytes, rounded;
	uint8_t *mapping, *secret;

	if (!bytes || bytes > SECRET_BYTES_MAX) {
		errno = EINVAL;
		return NULL;
	}
	rounded = (bytes + SECRET_ALIGN - 1) / SECRET_ALIGN * SECRET_ALIGN;
	inside_bytes = (rounded + SECRET_ALIGN + page - 1) / page * page;
	mapping = mmap(NULL, inside_bytes + 2 * page, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapping == MAP_FAILED) {
		errno = ENOMEM;
		return NULL;
	}
	if (!secret_protect(mapping + page, inside_bytes)) {
		munmap(mapping, inside_bytes + 2 * page);
		errno = ENOMEM;
		return NULL;
	}
	/* At the end, so that running past it hits the guard at once. */
	secret = mapping + page + inside_bytes - rounded;
	header = (struct secret_header *)(secret - SECRET_ALIGN);
	header->mapping = mapping;
	header->mapping_bytes = inside_bytes + 2 * page;
	return secret;
}

void rpmb_secret_free(void *secret)
{
	size_t page = page_bytes();
	struct secret_header header;

	if (!secret)
		return;
	memcpy(&header, (uint8_t *)secret - SECRET_ALIGN, sizeof(header));
	/* A child after fork() sees zeros: there is nothing to wipe. */
	if (!header.mapping)
		return;
	rpmb_wipe((uint8_t *)header.mapping + page,
		  header.mapping_bytes - 2 * page);
	munmap(header.mapping, header.mapping_bytes);
}

void rpmb_wipe(void *memory, size_t bytes)
{
	OPENSSL_cleanse(memory, bytes);
}

bool rpmb_equal(const void *a, const void *b, size_t bytes)
{
	return CRYPTO_memcmp(a, b, bytes) == 0;
}
