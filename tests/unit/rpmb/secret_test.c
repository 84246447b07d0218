// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory for secrets: locked, guarded, wiped; and that the library leaves no
 * copy of a key anywhere else. Linked with munmap() wrapped, to look at what
 * is given back.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <openssl/evp.h>

#include "test.h"

#ifdef __has_feature
#define SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

int __real_munmap(void *at, size_t bytes);
int __wrap_munmap(void *at, size_t bytes);

/* The page in the middle of the mapping that is watched, or NULL. */
static const uint8_t *watched;
static unsigned int watched_count, watched_dirty;

int __wrap_munmap(void *at, size_t bytes)
{
	const uint8_t *middle = (const uint8_t *)at + 4096;
	size_t n;

	if (watched && watched > (uint8_t *)at &&
	    watched < (uint8_t *)at + bytes) {
		watched_count++;
		for (n = 0; n < bytes - 2 * 4096; n++)
			watched_dirty += middle[n] != 0;
	}
	return __real_munmap(at, bytes);
}

static void what_is_freed_is_zero(void **state)
{
	static const size_t sizes[] = { 1, 32, 4096, 5000, 65536 };
	uint8_t *secret;
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(sizes); n++) {
		secret = rpmb_secret_alloc(sizes[n]);
		assert_non_null(secret);
		assert_int_equal(secret[0], 0);
		memset(secret, 0xa5, sizes[n]);
		watched = secret;
		watched_count = watched_dirty = 0;
		rpmb_secret_free(secret);
		watched = NULL;
		assert_int_equal(watched_count, 1);
		assert_int_equal(watched_dirty, 0);
	}
	rpmb_secret_free(NULL);
	errno = 0;
	assert_null(rpmb_secret_alloc(0));
	assert_int_equal(errno, EINVAL);
	assert_null(rpmb_secret_alloc((size_t)1 << 40));
	assert_int_equal(errno, EINVAL);
}

/* The VmFlags that /proc/self/smaps has for the mapping of @at. */
static bool mapping_has_flag(const void *at, const char *flag)
{
	unsigned long start = 0, end = 0, wanted = (unsigned long)at;
	unsigned long low, high;
	FILE *smaps = fopen("/proc/self/smaps", "r");
	bool found = false;
	char line[512];

	assert_non_null(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		/* Other lines may begin with what looks like a digit. */
		if (sscanf(line, "%lx-%lx ", &low, &high) == 2) {
			start = low;
			end = high;
		}
		if (wanted >= start && wanted < end &&
		    !strncmp(line, "VmFlags:", 8))
			found = strstr(line, flag) != NULL;
	}
	fclose(smaps);
	return found;
}

static void a_secret_is_locked_and_not_dumped(void **state)
{
	uint8_t *secret = rpmb_secret_alloc(32);

	(void)state;
	/* AddressSanitizer makes mlock() do nothing. */
	if (SANITIZED)
		print_message("whether a secret is locked was not checked: "
			      "AddressSanitizer leaves mlock() out\n");
	else
		assert_true(mapping_has_flag(secret, " lo"));
	assert_true(mapping_has_flag(secret, " dd"));
	assert_true(mapping_has_flag(secret, " wf"));
	assert_false(mapping_has_flag(secret, " zz"));
	rpmb_secret_free(secret);
}

/* Whether a child that touches @at dies of it. */
static bool touching_kills(volatile uint8_t *at)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		*at = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static void guards_are_on_both_sides(void **state)
{
	uint8_t *secret = rpmb_secret_alloc(32);

	(void)state;
	assert_false(touching_kills(secret + 31));
	assert_true(touching_kills(secret + 32));
	assert_true(touching_kills(secret - 4096));
	rpmb_secret_free(secret);
}

static void a_child_sees_zeros(void **state)
{
	uint8_t *secret = rpmb_secret_alloc(32);
	int status;
	pid_t child;

	(void)state;
	memset(secret, 0xa5, 32);
	child = fork();
	if (!child) {
		bool zero = secret[0] == 0 && secret[31] == 0;

		rpmb_secret_free(secret);
		_exit(zero ? 0 : 1);
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(secret[31], 0xa5);
	rpmb_secret_free(secret);
}

static void init_turns_core_dumps_off(void **state)
{
	struct rlimit limit;
	int status;
	pid_t child = fork();

	(void)state;
	if (!child) {
		int rc = rpmb_secrets_init();

		if (rc || rpmb_secrets_init())
			_exit(2);
		getrlimit(RLIMIT_CORE, &limit);
		if (limit.rlim_cur || limit.rlim_max)
			_exit(3);
		_exit(prctl(PR_GET_DUMPABLE) ? 4 : 0);
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void comparing_and_wiping_work(void **state)
{
	uint8_t a[3] = { 1, 2, 3 }, b[3] = { 1, 2, 3 };

	(void)state;
	assert_true(rpmb_equal(a, b, 3));
	b[2] = 4;
	assert_false(rpmb_equal(a, b, 3));
	assert_true(rpmb_equal(a, b, 2));
	rpmb_wipe(a, 2);
	assert_int_equal(a[0] + a[1], 0);
	assert_int_equal(a[2], 3);
}

/* The key that is looked for, which nothing holds: each byte with 0x5a. */
static uint8_t masked[RPMB_KEY_BYTES];

static unsigned int count_in(int memory, unsigned long start, unsigned long end)
{
	static uint8_t page[65536 + RPMB_KEY_BYTES];
	unsigned int found = 0;
	unsigned long at;
	ssize_t bytes, n;
	size_t k;

	for (at = start; at < end; at += 65536) {
		size_t want = end - at < sizeof(page) ? end - at : sizeof(page);

		bytes = pread(memory, page, want, (off_t)at);
		for (n = 0; n + RPMB_KEY_BYTES <= bytes; n++) {
			for (k = 0; k < 16; k++)
				if ((page[n + (ssize_t)k] ^ 0x5a) != masked[k])
					break;
			found += k == 16;
		}
	}
	memset(page, 0, sizeof(page));
	return found;
}

/* How often the first half of the key stands in writable memory. */
static unsigned int copies_in_memory(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int memory = open("/proc/self/mem", O_RDONLY);
	unsigned long start, end;
	unsigned int found = 0;
	char line[512], mode[8];

	assert_non_null(maps);
	assert_true(memory >= 0);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %7s", &start, &end, mode) == 3 &&
		    mode[0] == 'r' && mode[1] == 'w' && end - start < 1ul << 30)
			found += count_in(memory, start, end);
	fclose(maps);
	close(memory);
	return found;
}

/* Does everything that a key goes through. */
static void use_key(struct bench *bench, struct rpmb_key *key)
{
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	struct rpmb_key *again = rpmb_secret_alloc(sizeof(*again));
	uint8_t data[3 * RPMB_BLOCK_BYTES] = { 1 };
	struct rpmb_sealed sealed;
	uint32_t counter;

	assert_int_equal(rpmb_program_key(bench->device, key, 0, NULL), 0);
	assert_int_equal(rpmb_write(bench->device, key, 1, 3, data, NULL, NULL),
			 0);
	assert_int_equal(rpmb_read(bench->device, key, 1, 3, data, NULL), 0);
	assert_int_equal(rpmb_read_counter(bench->device, key, &counter, NULL),
			 0);
	assert_int_equal(rpmb_seal(pair, &bench->device->info.cid, key,
				   RPMB_ORIGIN_STATION, &sealed, NULL),
			 0);
	assert_int_equal(rpmb_unseal(pair, sealed.blob, sealed.bytes, again,
				     NULL, NULL),
			 0);
	assert_memory_equal(key, again, sizeof(*key));
	rpmb_secret_free(again);
	EVP_PKEY_free(pair);
}

static void no_copy_of_a_key_is_left(void **state)
{
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	struct bench bench;
	size_t n;

	(void)state;
	bench_open(&bench, NULL);
	assert_int_equal(rpmb_key_random(key), 0);
	for (n = 0; n < RPMB_KEY_BYTES; n++)
		masked[n] = key->bytes[n] ^ 0x5a;
	/* The search finds what is there: here, then in the device's state. */
	assert_int_equal(copies_in_memory(), 1);
	use_key(&bench, key);
	assert_true(copies_in_memory() > 1);
	rpmb_close(bench.device);
	bench.device = NULL;
	assert_int_equal(copies_in_memory(), 1);
	rpmb_secret_free(key);
	assert_int_equal(copies_in_memory(), 0);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_freed_is_zero),
		cmocka_unit_test(a_secret_is_locked_and_not_dumped),
		cmocka_unit_test(guards_are_on_both_sides),
		cmocka_unit_test(a_child_sees_zeros),
		cmocka_unit_test(init_turns_core_dumps_off),
		cmocka_unit_test(comparing_and_wiping_work),
		cmocka_unit_test(no_copy_of_a_key_is_left),
	};

	return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
