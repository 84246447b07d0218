/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RPMB that tee-supplicant emulates (RPMB_EMU=1), as the tests reach it.
 * None of librpmb's names: theirs are in the way, down to rpmb.h.
 */
#ifndef THEIRS_H
#define THEIRS_H

#include <stddef.h>
#include <stdint.h>

struct mmc_ioc_multi_cmd;

/* Results of libteec: TEE Client API 4.4.2. */
#define THEIRS_OK 0u
#define THEIRS_GENERIC 0xffff0000u
#define THEIRS_BAD_PARAMETERS 0xffff0006u

#define THEIRS_FRAMES_MAX 32

/* A device without a key, with zeros as data, whose counter is @counter. */
void theirs_reset(uint32_t counter);

/*
 * theirs_transfer - frames as OP-TEE's RPC brings them to tee-supplicant
 * @request, @ret_response: frames of 512 bytes, at most THEIRS_FRAMES_MAX
 *
 * Returns its result, THEIRS_OK or one of libteec's. The emulation answers in
 * place: what it does not set keeps its value in @ret_response.
 */
uint32_t theirs_transfer(const void *request, uint32_t request_count,
			 void *ret_response, uint32_t response_count);

/* The same, a level further down: as if by its ioctl(MMC_IOC_MULTI_CMD). */
int theirs_ioctl(struct mmc_ioc_multi_cmd *group);

/* What tee-supplicant says of its device, as OP-TEE asks it. */
struct theirs_info {
	uint8_t cid[16];
	uint8_t size_units;
	uint8_t reliable_write_sectors;
	uint8_t failed;
};
_Static_assert(sizeof(struct theirs_info) == 19, "OP-TEE's RPC");

uint32_t theirs_get_info(struct theirs_info *ret_info);

#endif
