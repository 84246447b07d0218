// SPDX-License-Identifier: BSD-2-Clause
/*
 * The emulated device: the rules of JEDEC JESD84-B51 6.6.22.4, in its order of
 * checks. For dry runs of a production line and for tests; no safe place for a
 * key. How its state is kept is state.c.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "emulated.h"

#define COUNTER_EXPIRED 0xffffffffu

static bool is_write(uint16_t type)
{
	return type == RPMB_PROGRAM_KEY || type == RPMB_WRITE ||
	       type == RPMB_WRITE_CONFIG;
}

/* Frames of one request have all but data and MAC in common. */
static bool frames_agree(const struct rpmb_frame *frames, uint32_t count)
{
	const size_t at = offsetof(struct rpmb_frame, nonce);
	uint32_t n;

	for (n = 1; n < count; n++)
		if (memcmp(frames[n].nonce, frames[0].nonce,
			   RPMB_FRAME_BYTES - at))
			return false;
	return true;
}

static bool count_is_taken(const struct rpmb_emulate_options *identity,
			   uint32_t count)
{
	return count == 1 || count == 2 ||
	       (count == 32 && identity->enhanced_writes);
}

static uint16_t program_key(struct rpmb_state_file *file,
			    const struct rpmb_frame *frames, uint32_t count)
{
	if (count != 1)
		return RPMB_RESULT_GENERAL_FAILURE;
	if (file->state.key_set)
		return RPMB_RESULT_WRITE_FAILURE;
	file->next = file->state;
	memcpy(file->next.key.bytes, frames->mac, RPMB_KEY_BYTES);
	file->next.key_set = true;
	if (rpmb_state_commit(file, 0, 0, NULL))
		return RPMB_RESULT_WRITE_FAILURE;
	return RPMB_RESULT_OK;
}

/* What both authenticated writes have in common, in JEDEC's order. */
static uint16_t authenticate(const struct rpmb_state *state,
			     const struct rpmb_frame *frames, uint32_t count,
			     bool address_is_good)
{
	uint8_t mac[RPMB_MAC_BYTES];

	if (state->counter == COUNTER_EXPIRED)
		return RPMB_RESULT_WRITE_FAILURE;
	if (!address_is_good)
		return RPMB_RESULT_ADDRESS_FAILURE;
	if (rpmb_frames_mac(&state->key, frames, count, mac))
		return RPMB_RESULT_GENERAL_FAILURE;
	if (!rpmb_equal(mac, frames[count - 1].mac, sizeof(mac)))
		return RPMB_RESULT_AUTHENTICATION_FAILURE;
	if (rpmb_get32(frames->counter) != state->counter)
		return RPMB_RESULT_COUNTER_FAILURE;
	return RPMB_RESULT_OK;
}

/* Commits file->next with the counter moved on. */
static uint16_t commit_write(struct rpmb_state_file *file, uint16_t address,
			     uint32_t count, const void *data)
{
	file->next.counter = file->state.counter + 1;
	if (rpmb_state_commit(file, address, count, data))
		return RPMB_RESULT_WRITE_FAILURE;
	return RPMB_RESULT_OK;
}

static uint16_t write_data(struct rpmb_state_file *file,
			   const struct rpmb_frame *frames, uint32_t count)
{
	uint32_t blocks = file->identity.size_bytes / RPMB_BLOCK_BYTES;
	uint16_t address = rpmb_get16(frames->address);
	uint8_t data[RPMB_FRAMES_MAX * RPMB_BLOCK_BYTES];
	uint16_t result;
	uint32_t n;

	if (!count_is_taken(&file->identity, count) ||
	    rpmb_get16(frames->block_count) != count)
		return RPMB_RESULT_GENERAL_FAILURE;
	result = authenticate(&file->state, frames, count,
			      address + count <= blocks);
	if (result)
		return result;
	for (n = 0; n < count; n++)
		memcpy(data + n * RPMB_BLOCK_BYTES, frames[n].data,
		       RPMB_BLOCK_BYTES);
	file->next = file->state;
	return commit_write(file, address, count, data);
}

static uint16_t write_config(struct rpmb_state_file *file,
			     const struct rpmb_frame *frames, uint32_t count)
{
	uint16_t address = rpmb_get16(frames->address);
	bool value = frames->data[RPMB_CONFIG_ENABLE_AT] & 1;
	uint16_t result;

	if (count != 1 || rpmb_get16(frames->block_count) != 1)
		return RPMB_RESULT_GENERAL_FAILURE;
	result = authenticate(&file->state, frames, count,
			      address == RPMB_SECURE_WP_MODE_ENABLE ||
				      address == RPMB_SECURE_WP_MODE_CONFIG);
	if (result)
		return result;
	file->next = file->state;
	if (address == RPMB_SECURE_WP_MODE_ENABLE)
		file->next.secure_wp_enable = value;
	else
		file->next.secure_wp_mask = value;
	return commit_write(file, 0, 0, NULL);
}

static uint16_t execute(struct rpmb_state_file *file,
			const struct rpmb_frame *frames, uint32_t count,
			bool reliable)
{
	uint16_t type = rpmb_get16(frames->type);

	if (!file->state.key_set && type != RPMB_PROGRAM_KEY)
		return RPMB_RESULT_KEY_NOT_PROGRAMMED;
	/* JEDEC 6.6.22.4: writes are reliable writes, others are not. */
	if (is_write(type) != reliable || !frames_agree(frames, count) ||
	    (!is_write(type) && count != 1))
		return RPMB_RESULT_GENERAL_FAILURE;
	switch (type) {
	case RPMB_PROGRAM_KEY:
		return program_key(file, frames, count);
	case RPMB_WRITE:
		return write_data(file, frames, count);
	case RPMB_WRITE_CONFIG:
		return write_config(file, frames, count);
	case RPMB_READ_COUNTER:
	case RPMB_READ:
	case RPMB_READ_CONFIG:
		return RPMB_RESULT_OK;
	}
	return RPMB_RESULT_GENERAL_FAILURE;
}

void rpmb_emulated_command_write(struct rpmb_emulated *emulated,
				 const struct rpmb_frame *frames,
				 uint32_t count, bool reliable)
{
	struct rpmb_register *answer = &emulated->answer;
	uint16_t type = rpmb_get16(frames->type);

	if (type == RPMB_READ_RESULT && is_write(answer->type)) {
		answer->result_requested = true;
		return;
	}
	memset(answer, 0, sizeof(*answer));
	answer->type = type;
	answer->address = rpmb_get16(frames->address);
	answer->block_count = rpmb_get16(frames->block_count);
	if (!is_write(type))
		memcpy(answer->nonce, frames->nonce, RPMB_NONCE_BYTES);
	if (count > RPMB_FRAMES_MAX)
		answer->result = RPMB_RESULT_GENERAL_FAILURE;
	else
		answer->result =
			execute(&emulated->file, frames, count, reliable);
}

/* Fetches data; JEDEC 6.6.22.4.4: the address is checked here. */
static uint16_t read_data(struct rpmb_state_file *file, uint32_t first,
			  struct rpmb_frame *ret_frames, uint32_t count)
{
	uint32_t blocks = file->identity.size_bytes / RPMB_BLOCK_BYTES;
	uint32_t n;

	if (first >= blocks || count > blocks - first)
		return RPMB_RESULT_ADDRESS_FAILURE;
	for (n = 0; n < count; n++)
		if (rpmb_state_read(file, first + n, 1, ret_frames[n].data))
			return RPMB_RESULT_READ_FAILURE;
	return RPMB_RESULT_OK;
}

/* The result of the request so far, and its data if it has any. */
static uint16_t answer_data(struct rpmb_emulated *emulated,
			    struct rpmb_frame *ret_frames, uint32_t count)
{
	const struct rpmb_register *answer = &emulated->answer;
	const struct rpmb_state *state = &emulated->file.state;

	if (is_write(answer->type) && !answer->result_requested)
		return RPMB_RESULT_GENERAL_FAILURE;
	if (answer->result)
		return answer->result;
	if (answer->type == RPMB_READ)
		return read_data(&emulated->file, answer->address, ret_frames,
				 count);
	if (count != 1)
		return RPMB_RESULT_GENERAL_FAILURE;
	if (answer->type == RPMB_READ_CONFIG) {
		ret_frames->data[RPMB_CONFIG_ENABLE_AT] =
			state->secure_wp_enable;
		ret_frames->data[RPMB_CONFIG_MASK_AT] = state->secure_wp_mask;
	}
	return RPMB_RESULT_OK;
}

void rpmb_emulated_command_read(struct rpmb_emulated *emulated,
				struct rpmb_frame *ret_frames, uint32_t count)
{
	const struct rpmb_register *answer = &emulated->answer;
	const struct rpmb_state *state = &emulated->file.state;
	uint16_t result = RPMB_RESULT_GENERAL_FAILURE;
	uint32_t n;

	memset(ret_frames, 0, count * sizeof(*ret_frames));
	if (count <= RPMB_FRAMES_MAX && answer->type)
		result = answer_data(emulated, ret_frames, count);
	if (state->key_set && state->counter == COUNTER_EXPIRED)
		result |= RPMB_RESULT_COUNTER_EXPIRED;
	for (n = 0; n < count; n++) {
		struct rpmb_frame *frame = &ret_frames[n];

		memcpy(frame->nonce, answer->nonce, RPMB_NONCE_BYTES);
		rpmb_put16(frame->type, (uint16_t)(answer->type << 8));
		rpmb_put16(frame->result, result);
		rpmb_put16(frame->address, answer->address);
		rpmb_put16(frame->block_count, answer->type == RPMB_READ ?
						       (uint16_t)count :
						       answer->block_count);
		if (answer->type == RPMB_READ_COUNTER || is_write(answer->type))
			rpmb_put32(frame->counter, state->counter);
	}
	/* There is no key to vouch with, or its programming is reported. */
	if (!state->key_set || answer->type == RPMB_PROGRAM_KEY ||
	    count > RPMB_FRAMES_MAX)
		return;
	if (rpmb_frames_mac(&state->key, ret_frames, count,
			    ret_frames[count - 1].mac))
		memset(ret_frames, 0, count * sizeof(*ret_frames));
}

int rpmb_emulated_transfer(struct rpmb_emulated *emulated,
			   const struct rpmb_frame *request,
			   uint32_t request_count, bool with_result,
			   struct rpmb_frame *ret_response,
			   uint32_t response_count, struct rpmb_error *error)
{
	struct rpmb_frame result;
	int rc;

	rc = rpmb_state_lock(&emulated->file, error);
	if (rc)
		return rc;
	rpmb_emulated_command_write(emulated, request, request_count,
				    with_result);
	if (with_result) {
		rpmb_request_init(&result, RPMB_READ_RESULT, NULL);
		rpmb_emulated_command_write(emulated, &result, 1, false);
	}
	rpmb_emulated_command_read(emulated, ret_response, response_count);
	rpmb_state_unlock(&emulated->file);
	return 0;
}

int rpmb_emulated_open(const char *path, struct rpmb_emulated **ret_emulated,
		       struct rpmb_info *ret_info, struct rpmb_error *error)
{
	struct rpmb_emulated *emulated = rpmb_secret_alloc(sizeof(*emulated));
	struct rpmb_emulate_options *identity;
	int rc;

	if (!emulated)
		return rpmb_fail(error, -ENOMEM,
				 "no lockable memory: see RLIMIT_MEMLOCK");
	identity = &emulated->file.identity;
	rc = rpmb_state_open(&emulated->file, path, error);
	if (rc) {
		rpmb_secret_free(emulated);
		return rc;
	}
	*ret_info = (struct rpmb_info){
		.backend = RPMB_BACKEND_EMULATED,
		.cid = identity->cid,
		.size_units = identity->size_bytes / RPMB_SIZE_UNIT_BYTES,
		.size_bytes = identity->size_bytes,
		.block_count = identity->size_bytes / RPMB_BLOCK_BYTES,
		.reliable_write_sectors = identity->reliable_write_sectors,
		.write_blocks_max = identity->enhanced_writes ? 32 : 2,
		.name = "emulated",
	};
	*ret_emulated = emulated;
	return 0;
}

void rpmb_emulated_close(struct rpmb_emulated *emulated)
{
	close(emulated->file.fd);
	rpmb_secret_free(emulated);
}
