// SPDX-License-Identifier: BSD-2-Clause
/*
 * RPMB data frames, as frame.h describes them. Pure: no device, no state.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

uint16_t rpmb_get16(const uint8_t at[2])
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t rpmb_get32(const uint8_t at[4])
{
	return (uint32_t)rpmb_get16(at) << 16 | rpmb_get16(at + 2);
}

void rpmb_put16(uint8_t at[2], uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

void rpmb_put32(uint8_t at[4], uint32_t value)
{
	rpmb_put16(at, (uint16_t)(value >> 16));
	rpmb_put16(at + 2, (uint16_t)value);
}

int rpmb_frames_mac(const struct rpmb_key *key, const struct rpmb_frame *frames,
		    uint32_t count, uint8_t ret_mac[RPMB_MAC_BYTES])
{
	struct rpmb_span spans[RPMB_FRAMES_MAX];
	uint32_t n;

	if (!count || count > RPMB_FRAMES_MAX)
		return -EINVAL;
	for (n = 0; n < count; n++)
		spans[n] =
			(struct rpmb_span){ frames[n].data, RPMB_MACED_BYTES };
	return rpmb_hmac_sha256(key->bytes, RPMB_KEY_BYTES, spans, count,
				ret_mac);
}

void rpmb_request_init(struct rpmb_frame *frame, enum rpmb_request type,
		       const uint8_t nonce[RPMB_NONCE_BYTES])
{
	memset(frame, 0, sizeof(*frame));
	rpmb_put16(frame->type, (uint16_t)type);
	if (nonce)
		memcpy(frame->nonce, nonce, RPMB_NONCE_BYTES);
}

int rpmb_request_write(struct rpmb_frame *frames, uint32_t count,
		       enum rpmb_request type, const struct rpmb_key *key,
		       uint32_t counter, uint16_t address, const void *data)
{
	const uint8_t *at = data;
	uint32_t n;

	/* JEDEC 6.6.22.2: every frame has the first block's address. */
	for (n = 0; n < count; n++) {
		rpmb_request_init(&frames[n], type, NULL);
		rpmb_put32(frames[n].counter, counter);
		rpmb_put16(frames[n].address, address);
		rpmb_put16(frames[n].block_count, (uint16_t)count);
		memcpy(frames[n].data, at + n * RPMB_BLOCK_BYTES,
		       RPMB_BLOCK_BYTES);
	}
	return rpmb_frames_mac(key, frames, count, frames[count - 1].mac);
}

/* The fields that the MAC, where there is one, vouches for. */
static int response_check_fields(const struct rpmb_frame *last, uint32_t count,
				 const struct rpmb_expected *expected,
				 struct rpmb_error *error)
{
	bool write = expected->type == RPMB_WRITE ||
		     expected->type == RPMB_WRITE_CONFIG;
	uint16_t blocks = rpmb_get16(last->block_count);

	if (expected->nonce &&
	    !rpmb_equal(last->nonce, expected->nonce, RPMB_NONCE_BYTES))
		return rpmb_fail(error, -EPROTO,
				 "the response to %s has another nonce: it is "
				 "not the answer to this request",
				 expected->doing);
	if ((expected->type == RPMB_WRITE || expected->type == RPMB_READ) &&
	    rpmb_get16(last->address) != expected->address)
		return rpmb_fail(error, -EPROTO,
				 "the response to %s is for block %u, not %u",
				 expected->doing, rpmb_get16(last->address),
				 expected->address);
	/* Some devices leave it out; the MAC covers all frames anyway. */
	if (expected->type == RPMB_READ && blocks && blocks != count)
		return rpmb_fail(error, -EPROTO,
				 "the response to %s is of %u blocks, not %u",
				 expected->doing, blocks, count);
	if (write && rpmb_get32(last->counter) != expected->counter)
		return rpmb_fail(error, -EPROTO,
				 "the response to %s has write counter %u, not "
				 "%u",
				 expected->doing, rpmb_get32(last->counter),
				 expected->counter);
	return 0;
}

int rpmb_response_check(const struct rpmb_frame *frames, uint32_t count,
			const struct rpmb_expected *expected,
			struct rpmb_error *error)
{
	const struct rpmb_frame *last = &frames[count - 1];
	uint16_t result = rpmb_get16(last->result);
	uint8_t mac[RPMB_MAC_BYTES];
	int rc;

	if (rpmb_get16(last->type) != expected->type << 8)
		return rpmb_fail(error, -EPROTO,
				 "the response to %s is of type 0x%04x, not "
				 "0x%04x",
				 expected->doing, rpmb_get16(last->type),
				 expected->type << 8);
	/* A failure is believed without a MAC: a device may have no key. */
	if (result & ~RPMB_RESULT_COUNTER_EXPIRED)
		return rpmb_fail_result(error, result, expected->doing);
	rc = response_check_fields(last, count, expected, error);
	if (rc || !expected->key)
		return rc;
	rc = rpmb_frames_mac(expected->key, frames, count, mac);
	if (rc)
		return rpmb_fail(error, rc, "OpenSSL cannot compute a MAC");
	if (!rpmb_equal(mac, last->mac, sizeof(mac)))
		rc = rpmb_fail(error, -EBADMSG,
			       "the MAC of the response to %s is wrong: the "
			       "device has another key, or somebody changed "
			       "the response",
			       expected->doing);
	rpmb_wipe(mac, sizeof(mac));
	return rc;
}
