// SPDX-License-Identifier: BSD-2-Clause
/*
 * The key that OP-TEE derives from a device's hardware unique key and its
 * eMMC's CID: for comparing, never for anything that OP-TEE can say itself.
 * Follows OP-TEE's core/tee/tee_rpmb_fs.c and core/kernel/huk_subkey.c.
 */
#include <errno.h>

#include "internal.h"

int rpmb_derive_key(const void *huk, size_t huk_bytes,
		    const struct rpmb_cid *cid, unsigned int flags,
		    struct rpmb_key *ret_key)
{
	/* HUK_SUBKEY_RPMB, a 32-bit number: zero in either byte order. */
	static const uint8_t usage[4];
	struct rpmb_cid masked = *cid;
	/* The compat derivation has no usage in front. */
	const struct rpmb_span spans[] = {
		{ usage, flags & RPMB_DERIVE_COMPAT ? 0 : sizeof(usage) },
		{ masked.bytes, sizeof(masked.bytes) },
	};

	if (huk_bytes < RPMB_HUK_BYTES_MIN || huk_bytes > RPMB_HUK_BYTES_MAX ||
	    flags & ~(unsigned int)RPMB_DERIVE_COMPAT)
		return -EINVAL;
	masked.bytes[RPMB_CID_PRV_OFFSET] = 0;
	masked.bytes[RPMB_CID_CRC_OFFSET] = 0;
	return rpmb_hmac_sha256(huk, huk_bytes, spans, 2, ret_key->bytes);
}
