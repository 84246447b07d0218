// SPDX-License-Identifier: BSD-2-Clause
/*
 * An emulated device to try things on, for all tests in this folder.
 */
#include "test.h"

struct rpmb_key *key_new(uint8_t first)
{
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	uint8_t n;

	assert_non_null(key);
	for (n = 0; n < RPMB_KEY_BYTES; n++)
		key->bytes[n] = (uint8_t)(first + n);
	return key;
}

size_t from_hex(const char *text, uint8_t *bytes)
{
	assert_true(rpmb_hex_read(text, strlen(text), bytes));
	return strlen(text) / 2;
}

void bench_open(struct bench *bench, const struct rpmb_emulate_options *options)
{
	struct rpmb_emulate_options plain = {
		.size_bytes = RPMB_SIZE_UNIT_BYTES,
	};
	const char *tmp = getenv("TMPDIR");

	assert_int_equal(rpmb_cid_parse(QEMU_CID, &plain.cid), 0);
	snprintf(bench->directory, sizeof(bench->directory), "%s/rpmb-XXXXXX",
		 tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	assert_non_null(mkdtemp(bench->directory));
	snprintf(bench->path, sizeof(bench->path), "%s/device",
		 bench->directory);
	snprintf(bench->spec, sizeof(bench->spec), "file:%s", bench->path);
	assert_int_equal(rpmb_emulate_create(bench->path,
					     options ? options : &plain, NULL),
			 0);
	assert_int_equal(rpmb_open(bench->spec, &bench->device, NULL), 0);
	bench->key = key_new(1);
}

void bench_close(struct bench *bench)
{
	rpmb_close(bench->device);
	rpmb_secret_free(bench->key);
	unlink(bench->path);
	rmdir(bench->directory);
}
