// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the emulated board lacks for a build with CFG_INSECURE=n, where OP-TEE
 * leaves out its stubs: a hardware unique key (HUK), which is
 * CFG_TEEGATE_LAB_HUK here, and entropy. So that a production build can be
 * tried there; nothing for a real device, as neither is secret.
 */

#include <assert.h>
#include <kernel/tee_common_otp.h>
#include <tee/tee_cryp_utl.h>
#include <util.h>

#ifndef PLATFORM_FLAVOR_qemu_armv8a
#error "CFG_TEEGATE_LAB_HUK is for the emulated board only"
#endif

static const char huk_hex[] = TO_STR(CFG_TEEGATE_LAB_HUK);
static_assert(sizeof(huk_hex) == 2 * HW_UNIQUE_KEY_LENGTH + 1);

static uint8_t hex_digit(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

TEE_Result tee_otp_get_hw_unique_key(struct tee_hw_unique_key *huk)
{
	size_t n = 0;

	for (n = 0; n < sizeof(huk->data); n++)
		huk->data[n] = hex_digit(huk_hex[2 * n]) << 4 |
			       hex_digit(huk_hex[2 * n + 1]);

	return TEE_SUCCESS;
}

#ifndef CFG_INSECURE
void plat_rng_init(void)
{
	__plat_rng_init();
}
#endif
