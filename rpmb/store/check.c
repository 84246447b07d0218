// SPDX-License-Identifier: BSD-2-Clause
/*
 * Check values. A station stores a key so that it cannot read it back, then
 * programs it; if the power fails between the two, or after, it no longer has
 * the key to prove what the device holds. So it stores, with the sealed key,
 * one answer that only a device with this key can give: the MAC over the
 * response to a counter read with a nonce chosen beforehand, the counter
 * being 0. It is no secret: anybody who holds the device can ask it the same
 * question, and an HMAC under a 256-bit key tells nothing of the key.
 */
#include <errno.h>
#include <string.h>

#include <openssl/rand.h>

#include "../lib/internal.h"
#include "check.h"

_Static_assert(STORE_CHECK_NONCE_BYTES == RPMB_NONCE_BYTES, "one nonce");
_Static_assert(STORE_CHECK_MAC_BYTES == RPMB_MAC_BYTES, "one MAC");

int check_make(const struct rpmb_key *key, struct store_key_row *row)
{
	/* JEDEC 6.6.22.4.2: what is not named is 0, also the counter. */
	struct rpmb_frame response = { 0 };

	if (RAND_bytes(row->check_nonce, sizeof(row->check_nonce)) != 1)
		return -EIO;
	memcpy(response.nonce, row->check_nonce, sizeof(response.nonce));
	rpmb_put16(response.result, RPMB_RESULT_OK);
	rpmb_put16(response.type, RPMB_READ_COUNTER << 8);
	if (rpmb_frames_mac(key, &response, 1, row->check_mac))
		return -EIO;
	row->has_check = true;
	return 0;
}

int check_ask(struct rpmb_device *device, const struct store_key_row *row,
	      bool *ret_holds, struct rpmb_error *error)
{
	struct rpmb_frame request, response;
	int err;

	*ret_holds = false;
	if (!row->has_check)
		return 0;
	rpmb_request_init(&request, RPMB_READ_COUNTER, row->check_nonce);
	err = rpmb_transfer(device, &request, 1, false, &response, 1, error);
	if (err)
		return err;
	/* The MAC covers the nonce, the counter, the result and the type. */
	*ret_holds =
		!memcmp(response.nonce, row->check_nonce,
			sizeof(response.nonce)) &&
		rpmb_get32(response.counter) == 0 &&
		rpmb_get16(response.result) == RPMB_RESULT_OK &&
		rpmb_get16(response.type) == RPMB_READ_COUNTER << 8 &&
		rpmb_equal(response.mac, row->check_mac, sizeof(response.mac));
	return 0;
}
