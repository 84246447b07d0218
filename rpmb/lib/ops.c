// SPDX-License-Identifier: BSD-2-Clause
/*
 * What one does with an RPMB: JEDEC JESD84-B51 6.6.22.4. Each operation builds
 * its request, transfers it and believes nothing that rpmb_response_check()
 * has not passed. Which operation is wise, is the caller's decision.
 */
#include <errno.h>
#include <string.h>

#include <openssl/rand.h>

#include "internal.h"

#define COUNTER_EXPIRED 0xffffffffu

/* Starts a request of one frame with a fresh nonce. */
static int request_with_nonce(struct rpmb_frame *frame, enum rpmb_request type,
			      struct rpmb_error *error)
{
	uint8_t nonce[RPMB_NONCE_BYTES];

	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return rpmb_fail(error, -EIO,
				 "no random numbers for a nonce: OpenSSL says "
				 "no");
	rpmb_request_init(frame, type, nonce);
	return 0;
}

static int read_counter(struct rpmb_device *device, const struct rpmb_key *key,
			uint32_t *ret_counter, struct rpmb_error *error)
{
	struct rpmb_frame request, response;
	struct rpmb_expected expected = {
		.type = RPMB_READ_COUNTER,
		.doing = "a counter read",
		.key = key,
		.nonce = request.nonce,
	};
	int rc;

	rc = request_with_nonce(&request, RPMB_READ_COUNTER, error);
	if (!rc)
		rc = rpmb_transfer(device, &request, 1, false, &response, 1,
				   error);
	if (!rc)
		rc = rpmb_response_check(&response, 1, &expected, error);
	if (!rc)
		*ret_counter = rpmb_get32(response.counter);
	return rc;
}

int rpmb_read_counter(struct rpmb_device *device, const struct rpmb_key *key,
		      uint32_t *ret_counter, struct rpmb_error *error)
{
	return read_counter(device, key, ret_counter, error);
}

int rpmb_probe_state(struct rpmb_device *device, enum rpmb_key_state *ret_state,
		     uint32_t *ret_counter, struct rpmb_error *error)
{
	uint32_t counter = 0;
	int rc;

	rc = read_counter(device, NULL, &counter, error);
	if (rc && rc != -ENOKEY)
		return rc;
	*ret_state = rc ? RPMB_KEY_UNPROGRAMMED : RPMB_KEY_PROGRAMMED;
	if (ret_counter)
		*ret_counter = counter;
	return 0;
}

/* Sends the frame that cannot be taken back. */
static int program_commit(struct rpmb_device *device,
			  const struct rpmb_frame *request,
			  struct rpmb_error *error)
{
	const struct rpmb_expected expected = {
		.type = RPMB_PROGRAM_KEY,
		.doing = "key programming",
	};
	struct rpmb_frame response;
	int rc;

	rc = rpmb_transfer(device, request, 1, true, &response, 1, error);
	if (rc)
		return rc;
	return rpmb_response_check(&response, 1, &expected, error);
}

int rpmb_program_key(struct rpmb_device *device, const struct rpmb_key *key,
		     unsigned int flags, struct rpmb_error *error)
{
	enum rpmb_key_state state;
	struct rpmb_frame *request;
	uint32_t counter;
	int rc;

	if (flags & ~(unsigned int)RPMB_PROGRAM_DRY_RUN)
		return rpmb_fail(error, -EINVAL, "unknown flags 0x%x", flags);
	rc = rpmb_probe_state(device, &state, NULL, error);
	if (rc)
		return rc;
	if (state == RPMB_KEY_PROGRAMMED)
		return rpmb_fail(error, -EEXIST,
				 "the device has a key already; it is "
				 "programmed once and for ever");
	/* It holds the key in clear. */
	request = rpmb_secret_alloc(sizeof(*request));
	if (!request)
		return rpmb_fail(error, -ENOMEM,
				 "no lockable memory for the key: see "
				 "RLIMIT_MEMLOCK");
	rpmb_request_init(request, RPMB_PROGRAM_KEY, NULL);
	memcpy(request->mac, key->bytes, RPMB_KEY_BYTES);
	if (!(flags & RPMB_PROGRAM_DRY_RUN))
		rc = program_commit(device, request, error);
	rpmb_secret_free(request);
	if (rc || flags & RPMB_PROGRAM_DRY_RUN)
		return rc;
	return read_counter(device, key, &counter, error);
}

/* Whether blocks are inside the RPMB; 16 bits address them. */
static int check_range(const struct rpmb_device *device, uint32_t first,
		       uint32_t count, struct rpmb_error *error)
{
	uint32_t blocks = device->info.block_count;

	if (!count)
		return rpmb_fail(error, -EINVAL, "no blocks were asked for");
	if (first < blocks && count <= blocks - first)
		return 0;
	return rpmb_fail(error, -ERANGE,
			 "%u blocks from %u on are not inside the RPMB, which "
			 "has %u",
			 count, first, blocks);
}

static int read_some(struct rpmb_device *device, const struct rpmb_key *key,
		     uint16_t first, uint32_t count, uint8_t *ret_data,
		     struct rpmb_error *error)
{
	struct rpmb_frame request, response[RPMB_FRAMES_MAX];
	struct rpmb_expected expected = {
		.type = RPMB_READ,
		.doing = "a read",
		.key = key,
		.nonce = request.nonce,
		.address = first,
	};
	uint32_t n;
	int rc;

	rc = request_with_nonce(&request, RPMB_READ, error);
	if (rc)
		return rc;
	/* How many blocks, the transfer says: an eMMC wants 0 in the frame. */
	rpmb_put16(request.address, first);
	rc = rpmb_transfer(device, &request, 1, false, response, count, error);
	if (!rc)
		rc = rpmb_response_check(response, count, &expected, error);
	for (n = 0; !rc && n < count; n++)
		memcpy(ret_data + n * RPMB_BLOCK_BYTES, response[n].data,
		       RPMB_BLOCK_BYTES);
	return rc;
}

int rpmb_read(struct rpmb_device *device, const struct rpmb_key *key,
	      uint32_t first, uint32_t count, void *ret_data,
	      struct rpmb_error *error)
{
	uint8_t *at = ret_data;
	uint32_t done, some;
	int rc;

	rc = check_range(device, first, count, error);
	if (rc)
		return rc;
	for (done = 0; !rc && done < count; done += some) {
		some = count - done;
		if (some > RPMB_FRAMES_MAX)
			some = RPMB_FRAMES_MAX;
		rc = read_some(device, key, (uint16_t)(first + done), some,
			       at + (size_t)done * RPMB_BLOCK_BYTES, error);
	}
	if (rc)
		memset(ret_data, 0, (size_t)count * RPMB_BLOCK_BYTES);
	return rc;
}

/* Blocks of the next write that the device does as a whole. */
static uint32_t write_size(const struct rpmb_device *device, uint32_t first,
			   uint32_t left)
{
	static const uint32_t sizes[] = { 32, 2 };
	size_t n;

	for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++)
		if (sizes[n] <= device->info.write_blocks_max &&
		    sizes[n] <= left && first % sizes[n] == 0)
			return sizes[n];
	return 1;
}

uint32_t rpmb_write_cost(const struct rpmb_device *device, uint32_t first,
			 uint32_t count)
{
	uint32_t cost = 0, some;

	for (; count; count -= some, first += some, cost++)
		some = write_size(device, first, count);
	return cost;
}

/* One authenticated write, data or configuration; *counter moves on. */
static int write_once(struct rpmb_device *device, const struct rpmb_key *key,
		      enum rpmb_request type, uint16_t address, uint32_t count,
		      const void *data, uint32_t *counter,
		      struct rpmb_error *error)
{
	struct rpmb_frame request[RPMB_FRAMES_MAX], response;
	struct rpmb_expected expected = {
		.type = type,
		.doing = type == RPMB_WRITE ? "a write" :
					      "a configuration write",
		.key = key,
		.address = address,
		.counter = *counter + 1,
	};
	int rc;

	if (*counter == COUNTER_EXPIRED)
		return rpmb_fail(error, -EOVERFLOW,
				 "the write counter has expired: the device "
				 "can never be written again");
	rc = rpmb_request_write(request, count, type, key, *counter, address,
				data);
	if (rc)
		return rpmb_fail(error, rc, "OpenSSL cannot compute a MAC");
	rc = rpmb_transfer(device, request, count, true, &response, 1, error);
	if (!rc)
		rc = rpmb_response_check(&response, 1, &expected, error);
	if (!rc)
		++*counter;
	return rc;
}

int rpmb_write(struct rpmb_device *device, const struct rpmb_key *key,
	       uint32_t first, uint32_t count, const void *data,
	       uint32_t *ret_written, struct rpmb_error *error)
{
	const uint8_t *at = data;
	uint32_t done = 0, counter, some;
	int rc;

	if (ret_written)
		*ret_written = 0;
	rc = check_range(device, first, count, error);
	if (!rc)
		rc = read_counter(device, key, &counter, error);
	while (!rc && done < count) {
		some = write_size(device, first + done, count - done);
		rc = write_once(device, key, RPMB_WRITE,
				(uint16_t)(first + done), some,
				at + (size_t)done * RPMB_BLOCK_BYTES, &counter,
				error);
		/*
		 * QEMU's eMMC takes no more than one block, whatever its
		 * REL_WR_SEC_C says, and refuses in either of two ways. The
		 * counter was right with this key, so the key is not at fault.
		 */
		if (some > 1 && (rc == -EREMOTEIO || rc == -EKEYREJECTED)) {
			device->info.write_blocks_max = 1;
			rc = 0;
			continue;
		}
		if (!rc)
			done += some;
	}
	if (ret_written)
		*ret_written = done;
	return rc;
}

int rpmb_config_read(struct rpmb_device *device, const struct rpmb_key *key,
		     struct rpmb_config *ret_config, struct rpmb_error *error)
{
	struct rpmb_frame request, response;
	struct rpmb_expected expected = {
		.type = RPMB_READ_CONFIG,
		.doing = "a configuration read",
		.key = key,
		.nonce = request.nonce,
	};
	int rc;

	rc = request_with_nonce(&request, RPMB_READ_CONFIG, error);
	if (!rc)
		rc = rpmb_transfer(device, &request, 1, false, &response, 1,
				   error);
	if (!rc)
		rc = rpmb_response_check(&response, 1, &expected, error);
	if (rc)
		return rc;
	ret_config->secure_wp_enable = response.data[RPMB_CONFIG_ENABLE_AT] & 1;
	ret_config->secure_wp_mask = response.data[RPMB_CONFIG_MASK_AT] & 1;
	return 0;
}

int rpmb_config_write(struct rpmb_device *device, const struct rpmb_key *key,
		      enum rpmb_config_register config_register, bool value,
		      struct rpmb_error *error)
{
	uint8_t data[RPMB_BLOCK_BYTES] = { 0 };
	uint32_t counter;
	int rc;

	if (config_register != RPMB_SECURE_WP_MODE_ENABLE &&
	    config_register != RPMB_SECURE_WP_MODE_CONFIG)
		return rpmb_fail(error, -EINVAL,
				 "there is no configuration register %d",
				 (int)config_register);
	rc = read_counter(device, key, &counter, error);
	if (rc)
		return rc;
	/* The area's first byte, whichever register is addressed. */
	data[RPMB_CONFIG_ENABLE_AT] = value;
	return write_once(device, key, RPMB_WRITE_CONFIG,
			  (uint16_t)config_register, 1, data, &counter, error);
}
