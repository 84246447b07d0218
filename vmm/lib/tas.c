// SPDX-License-Identifier: BSD-2-Clause
/*
 * Lists of trusted applications by UUID, as text and as the device takes
 * them. What a guest may use is decided in the kernel module.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "sys.h"

#define UUID_CHARS 36

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool uuid_parse(const char *text, size_t chars, uint8_t *ret_uuid)
{
	size_t at, byte = 0;

	if (chars != UUID_CHARS)
		return false;
	for (at = 0; at < UUID_CHARS; at += 2) {
		int upper, lower;

		if (at == 8 || at == 13 || at == 18 || at == 23) {
			if (text[at++] != '-')
				return false;
		}
		upper = hex_digit(text[at]);
		lower = hex_digit(text[at + 1]);
		if (upper < 0 || lower < 0)
			return false;
		ret_uuid[byte++] = (uint8_t)(upper << 4 | lower);
	}
	return true;
}

int teegate_tas_add(struct teegate_tas *tas, const char *text)
{
	struct teegate_tas all = *tas;

	for (;;) {
		size_t chars = strcspn(text, ",");

		if (all.count >= TEEGATE_TAS_MAX)
			return -ENOSPC;
		if (!uuid_parse(text, chars, all.uuids[all.count]))
			return -EINVAL;
		all.count++;
		if (!text[chars])
			break;
		text += chars + 1;
	}
	*tas = all;
	return 0;
}

int teegate_set_tas(struct teegate *guest, const struct teegate_tas *tas)
{
	struct teegate_tas copy = *tas;
	int ret = tg_sys_ioctl(guest->fd, TEEGATE_SET_TAS, &copy);

	return ret < 0 ? ret : 0;
}
