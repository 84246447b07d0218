// SPDX-License-Identifier: BSD-2-Clause
/*
 * tee-supplicant's rpmb.c, whose emulation is all static, with a way in. That
 * file is Debian's (optee-client) and found by the include path; it is not in
 * this repository. Here too: what it wants of the rest of tee-supplicant.
 */
#include <rpmb.c>

#include "theirs.h"

_Static_assert(sizeof(struct rpmb_data_frame) == 512, "a frame is a sector");
_Static_assert(sizeof(struct rpmb_dev_info) == sizeof(struct theirs_info),
	       "OP-TEE's RPC");

void tee_supp_mutex_lock(pthread_mutex_t *mutex)
{
	pthread_mutex_lock(mutex);
}

void tee_supp_mutex_unlock(pthread_mutex_t *mutex)
{
	pthread_mutex_unlock(mutex);
}

/* Its log: each refusal that the tests ask for would be in there. */
void _dprintf(const char *function, int line, int level, const char *prefix,
	      const char *format, ...)
{
	(void)function;
	(void)line;
	(void)level;
	(void)prefix;
	(void)format;
}

void dump_buffer(const char *name, const uint8_t *buffer, size_t bytes)
{
	(void)name;
	(void)buffer;
	(void)bytes;
}

void theirs_reset(uint32_t counter)
{
	memset(&rpmb_emu, 0, sizeof(rpmb_emu));
	rpmb_emu.size = EMU_RPMB_SIZE_BYTES;
	rpmb_emu.write_counter = counter;
}

uint32_t theirs_transfer(const void *request, uint32_t request_count,
			 void *ret_response, uint32_t response_count)
{
	/* Its header has 6 bytes; so the frames after it are aligned. */
	static struct {
		uint8_t unused[2] __attribute__((aligned(8)));
		struct rpmb_req header;
		struct rpmb_data_frame frames[THEIRS_FRAMES_MAX];
	} rpc;
	size_t bytes = request_count * sizeof(rpc.frames[0]);

	if (request_count > THEIRS_FRAMES_MAX)
		return THEIRS_BAD_PARAMETERS;
	memset(&rpc, 0, sizeof(rpc));
	rpc.header.cmd = RPMB_CMD_DATA_REQ;
	rpc.header.block_count = (uint16_t)response_count;
	memcpy(rpc.frames, request, bytes);
	return rpmb_process_request(&rpc.header, sizeof(rpc.header) + bytes,
				    ret_response,
				    response_count * sizeof(rpc.frames[0]));
}

int theirs_ioctl(struct mmc_ioc_multi_cmd *group)
{
	return ioctl_emu(0, MMC_IOC_MULTI_CMD, group);
}

uint32_t theirs_get_info(struct theirs_info *ret_info)
{
	struct rpmb_req request = { .cmd = RPMB_CMD_GET_DEV_INFO };

	return rpmb_process_request(&request, sizeof(request), ret_info,
				    sizeof(*ret_info));
}
