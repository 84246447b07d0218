// SPDX-License-Identifier: BSD-2-Clause
/*
 * The emulated device fed with arbitrary frames in arbitrary order, against a
 * model of what must hold: a key that is set never changes; the counter never
 * goes down, and moves by one with each accepted write; data change only by a
 * write whose MAC and counter are right; nothing is signed for who has no key.
 *
 * The input is a program: an opcode byte, then its operands. Frames are made
 * from meaning (type, address, count, counter near the right one, who signs),
 * so that the fuzzer gets past the MAC; one opcode sends raw bytes.
 */
#include <string.h>
#include <unistd.h>

#include "../../../rpmb/lib/emulated.h"
#include "fuzz.h"

#define BLOCKS (RPMB_SIZE_UNIT_BYTES / RPMB_BLOCK_BYTES)
#define STEPS_MAX 64

/* What the device must hold. */
static struct model {
	bool key_set;
	struct rpmb_key key;
	uint32_t counter;
	uint8_t data[RPMB_SIZE_UNIT_BYTES];
} model;

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t take(struct input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->at++;
}

static uint16_t take16(struct input *input)
{
	uint8_t high = take(input);

	return (uint16_t)(high << 8 | take(input));
}

/* The key with which @who signs: the device's, or another's. */
static void key_of(uint8_t who, struct rpmb_key *ret_key)
{
	if (who & 1 && model.key_set)
		*ret_key = model.key;
	else
		memset(ret_key, who | 2, sizeof(*ret_key));
}

static uint32_t make_frames(struct input *input, struct rpmb_frame *frames)
{
	static const uint16_t counts[] = { 1, 2, 32, 3 };
	uint16_t type = take(input) % 10;
	uint8_t shape = take(input);
	uint32_t count = counts[shape & 3], n;
	uint16_t address = take16(input);
	uint32_t counter = model.counter + (shape >> 2 & 3) / 3;
	struct rpmb_key key;

	if (shape & 0x10)
		address %= BLOCKS;
	key_of(take(input), &key);
	memset(frames, take(input), count * sizeof(*frames));
	for (n = 0; n < count; n++) {
		memset(frames[n].nonce, shape, RPMB_NONCE_BYTES);
		rpmb_put16(frames[n].type, type);
		rpmb_put16(frames[n].address, address);
		rpmb_put16(frames[n].block_count,
			   (uint16_t)(count + (shape >> 5 == 7)));
		rpmb_put32(frames[n].counter, counter);
	}
	if (type == RPMB_PROGRAM_KEY)
		memcpy(frames->mac, &key, sizeof(key));
	else
		rpmb_frames_mac(&key, frames, count, frames[count - 1].mac);
	return count;
}

/* Raw bytes over the frames, which then are signed by nobody. */
static uint32_t take_raw(struct input *input, struct rpmb_frame *frames)
{
	uint32_t count = take(input) % RPMB_FRAMES_MAX + 1;
	size_t bytes = count * sizeof(*frames), n;

	memset(frames, 0, bytes);
	for (n = 0; n < bytes && input->left; n++)
		((uint8_t *)frames)[n] = take(input);
	return count;
}

/* Whether these frames are a write that the model's device must accept. */
static bool is_right_write(const struct rpmb_frame *frames, uint32_t count,
			   uint16_t type)
{
	uint8_t mac[RPMB_MAC_BYTES];

	return model.key_set && rpmb_get16(frames->type) == type &&
	       model.counter != 0xffffffff &&
	       rpmb_get32(frames->counter) == model.counter &&
	       !rpmb_frames_mac(&model.key, frames, count, mac) &&
	       !memcmp(mac, frames[count - 1].mac, sizeof(mac));
}

/* Holds the device against the model, which the frames may have moved. */
static void check_state(struct rpmb_emulated *emulated,
			const struct rpmb_frame *frames, uint32_t count)
{
	const struct rpmb_state *state = &emulated->file.state;
	static uint8_t data[RPMB_SIZE_UNIT_BYTES];
	uint32_t address = rpmb_get16(frames->address), n;

	if (!model.key_set && state->key_set) {
		FUZZ_ASSERT(rpmb_get16(frames->type) == RPMB_PROGRAM_KEY);
		FUZZ_ASSERT(!memcmp(&state->key, frames->mac, 32));
		model.key = state->key;
		model.key_set = true;
		FUZZ_ASSERT(state->counter == model.counter);
	} else if (state->counter != model.counter) {
		FUZZ_ASSERT(state->counter == model.counter + 1);
		FUZZ_ASSERT(is_right_write(frames, count, RPMB_WRITE) ||
			    is_right_write(frames, count, RPMB_WRITE_CONFIG));
		if (rpmb_get16(frames->type) == RPMB_WRITE) {
			FUZZ_ASSERT(address + count <= BLOCKS);
			for (n = 0; n < count; n++)
				memcpy(model.data + (address + n) * 256,
				       frames[n].data, 256);
		}
		model.counter++;
	}
	FUZZ_ASSERT(state->key_set == model.key_set);
	FUZZ_ASSERT(!model.key_set ||
		    !memcmp(&state->key, &model.key, sizeof(model.key)));
	FUZZ_ASSERT(!rpmb_state_read(&emulated->file, 0, BLOCKS, data));
	FUZZ_ASSERT(!memcmp(data, model.data, sizeof(data)));
}

static void read_response(struct rpmb_emulated *emulated, uint32_t count)
{
	static struct rpmb_frame response[RPMB_FRAMES_MAX + 1];
	uint8_t mac[RPMB_MAC_BYTES];
	uint16_t result;
	uint32_t n;

	rpmb_emulated_command_read(emulated, response, count);
	result = rpmb_get16(response[count - 1].result);
	/* Nothing but zeros comes from a device without a key. */
	if (!model.key_set) {
		for (n = 0; n < sizeof(mac); n++)
			FUZZ_ASSERT(!response[count - 1].mac[n]);
		FUZZ_ASSERT(result);
		return;
	}
	FUZZ_ASSERT(!!(result & 0x80) == (model.counter == 0xffffffff));
	if (rpmb_get16(response->type) != 0x0400 || result & 0x7f)
		return;
	rpmb_frames_mac(&model.key, response, count, mac);
	FUZZ_ASSERT(!memcmp(mac, response[count - 1].mac, sizeof(mac)));
	for (n = 0; n < count; n++)
		FUZZ_ASSERT(!memcmp(
			response[n].data,
			model.data + (rpmb_get16(response->address) + n) * 256,
			256));
}

static void step(struct rpmb_emulated *emulated, struct input *input)
{
	static struct rpmb_frame frames[RPMB_FRAMES_MAX];
	uint8_t opcode = take(input);
	uint32_t count;

	FUZZ_ASSERT(!rpmb_state_lock(&emulated->file, NULL));
	switch (opcode & 3) {
	case 0:
		count = take(input) % (RPMB_FRAMES_MAX + 1) + 1;
		read_response(emulated, count);
		break;
	case 1:
		count = take_raw(input, frames);
		rpmb_emulated_command_write(emulated, frames, count,
					    opcode & 4);
		check_state(emulated, frames, count);
		break;
	default:
		count = make_frames(input, frames);
		rpmb_emulated_command_write(emulated, frames, count,
					    !(opcode & 4));
		check_state(emulated, frames, count);
		break;
	}
	/* As after a power cut: nothing seen is remembered. */
	if (opcode & 0x80)
		emulated->file.seen_valid = false;
	rpmb_state_unlock(&emulated->file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct input input = { data, bytes };
	struct rpmb_emulated *emulated;
	struct rpmb_info info;
	unsigned int steps;
	const char *path;

	memset(&model, 0, sizeof(model));
	if (take(&input) & 1)
		model.counter = 0xfffffffe;
	path = fuzz_device_path(model.counter);
	FUZZ_ASSERT(!rpmb_emulated_open(path, &emulated, &info, NULL));
	for (steps = 0; input.left && steps < STEPS_MAX; steps++)
		step(emulated, &input);
	rpmb_emulated_close(emulated);
	unlink(path);
	return 0;
}
