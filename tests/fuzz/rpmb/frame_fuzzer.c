// SPDX-License-Identifier: BSD-2-Clause
/*
 * Responses of a hostile device: whatever frames come back, the library reads
 * nothing outside them, and believes them only if they are right. The input's
 * first byte says what was asked for, the second which key signs: the fuzzer
 * may have the right key, or none, and only then may a response pass.
 */
#include <stdlib.h>
#include <string.h>

#include "../../../rpmb/lib/internal.h"
#include "fuzz.h"

static struct rpmb_key *key;
static const uint8_t nonce[RPMB_NONCE_BYTES] = { 1, 2, 3, 4 };

/* What must hold of a response that was believed. */
static void check_believed(const struct rpmb_frame *frames, uint32_t count,
			   const struct rpmb_expected *expected, bool is_signed)
{
	const struct rpmb_frame *last = &frames[count - 1];

	FUZZ_ASSERT(rpmb_get16(last->type) == expected->type << 8);
	FUZZ_ASSERT(!(rpmb_get16(last->result) & 0xff7f));
	if (expected->nonce)
		FUZZ_ASSERT(!memcmp(last->nonce, nonce, sizeof(nonce)));
	if (expected->type == RPMB_WRITE || expected->type == RPMB_READ)
		FUZZ_ASSERT(rpmb_get16(last->address) == expected->address);
	if (expected->type == RPMB_WRITE)
		FUZZ_ASSERT(rpmb_get32(last->counter) == expected->counter);
	/* Nobody guesses a MAC. */
	if (expected->key)
		FUZZ_ASSERT(is_signed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct rpmb_frame frames[RPMB_FRAMES_MAX] = { 0 };
	struct rpmb_expected expected = { .doing = "a test",
					  .address = 7,
					  .counter = 9 };
	struct rpmb_error error;
	bool is_signed;
	uint32_t count;
	int rc;

	if (!key) {
		key = rpmb_secret_alloc(sizeof(*key));
		memset(key, 0x11, sizeof(*key));
	}
	if (bytes < 3)
		return 0;
	expected.type = data[0] % 8;
	expected.key = data[0] & 0x80 ? NULL : key;
	expected.nonce = data[0] & 0x40 ? NULL : nonce;
	is_signed = data[1] & 1;
	count = data[2] % RPMB_FRAMES_MAX + 1;
	data += 3;
	bytes -= 3;
	memcpy(frames, data, bytes < sizeof(frames) ? bytes : sizeof(frames));
	if (is_signed)
		rpmb_frames_mac(key, frames, count, frames[count - 1].mac);
	rc = rpmb_response_check(frames, count, &expected, &error);
	FUZZ_ASSERT(rc <= 0);
	if (rc) {
		FUZZ_ASSERT(error.err == rc);
		FUZZ_ASSERT(memchr(error.text, 0, sizeof(error.text)));
	} else {
		check_believed(frames, count, &expected, is_signed);
	}
	return 0;
}
