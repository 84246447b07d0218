// SPDX-License-Identifier: BSD-2-Clause
/*
 * The card identification register (CID): text, fields, and which of its
 * bytes tell one device from another. JEDEC 7.2.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

int rpmb_cid_parse(const char *text, struct rpmb_cid *ret_cid)
{
	size_t bytes;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	bytes = strlen(text);
	if (bytes == 2 * RPMB_CID_BYTES + 1 && text[bytes - 1] == '\n')
		bytes--;
	if (bytes != 2 * RPMB_CID_BYTES ||
	    !rpmb_hex_read(text, bytes, ret_cid->bytes))
		return -EINVAL;
	return 0;
}

char *rpmb_cid_format(const struct rpmb_cid *cid,
		      char text[RPMB_CID_TEXT_BYTES])
{
	rpmb_hex_write(cid->bytes, RPMB_CID_BYTES, text);
	return text;
}

void rpmb_cid_decode(const struct rpmb_cid *cid,
		     struct rpmb_cid_fields *ret_fields)
{
	const uint8_t *at = cid->bytes;
	uint8_t month = at[14] >> 4;
	size_t n;

	ret_fields->manufacturer = at[0];
	/* Two bits of byte 1 say card or soldered; the OEM's id follows. */
	ret_fields->oem = at[2];
	for (n = 0; n < 6; n++) {
		bool printable = at[3 + n] >= 0x20 && at[3 + n] < 0x7f;

		ret_fields->product[n] = (char)(printable ? at[3 + n] : '?');
	}
	ret_fields->product[6] = '\0';
	ret_fields->revision_major = at[RPMB_CID_PRV_OFFSET] >> 4;
	ret_fields->revision_minor = at[RPMB_CID_PRV_OFFSET] & 15;
	ret_fields->serial = (uint32_t)at[10] << 24 | (uint32_t)at[11] << 16 |
			     (uint32_t)at[12] << 8 | at[13];
	ret_fields->month = month <= 12 ? month : 0;
	ret_fields->year_code = at[14] & 15;
}

bool rpmb_cid_same_device(const struct rpmb_cid *a, const struct rpmb_cid *b)
{
	return !memcmp(a->bytes, b->bytes, RPMB_CID_PRV_OFFSET) &&
	       !memcmp(a->bytes + RPMB_CID_PRV_OFFSET + 1,
		       b->bytes + RPMB_CID_PRV_OFFSET + 1,
		       RPMB_CID_CRC_OFFSET - RPMB_CID_PRV_OFFSET - 1);
}
