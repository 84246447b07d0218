/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same requests for two emulated devices, as data: what is asked for, what
 * ours says, and in which known ways tee-supplicant's answers otherwise.
 */
#ifndef STORIES_H
#define STORIES_H

#include "../../unit/rpmb/test.h"

/* Fields of a response. The MAC is no field: it vouches for the others. */
enum field {
	FIELD_DATA = 1 << 0,
	FIELD_NONCE = 1 << 1,
	FIELD_COUNTER = 1 << 2,
	FIELD_ADDRESS = 1 << 3,
	FIELD_BLOCK_COUNT = 1 << 4,
	FIELD_RESULT = 1 << 5,
	FIELD_TYPE = 1 << 6,
	FIELD_STUFF = 1 << 7,
};

/* Bits of a step's @known; their meaning is differences[]. */
enum known {
	WRITE_WITHOUT_COUNT = 1 << 0,
	READ_COUNT_SWAPPED = 1 << 1,
	READ_WITHOUT_KEY = 1 << 2,
	WRITE_WITHOUT_KEY = 1 << 3,
	SECOND_KEY = 1 << 4,
	COUNTER_IGNORED = 1 << 5,
	EXPIRY_UNTOLD = 1 << 6,
	EXPIRY_IGNORED = 1 << 7,
	COUNT_IGNORED = 1 << 8,
	READ_OUTSIDE = 1 << 9,
	SEVERAL_REFUSED = 1 << 10,
	COUNTER_FRAMES = 1 << 11,
	TYPE_UNKNOWN = 1 << 12,
	PROGRAMMING_UNCOUNTED = 1 << 13,
	BLOCKS_COUNTED = 1 << 14,
};
#define KNOWN_COUNT 15

struct difference {
	const char *what;
	/* Which of the two does as JEDEC JESD84-B51 6.6.22 says, and why. */
	const char *judged;
	/* What of a response differs; 0: there is none, it refuses the RPC. */
	unsigned int fields;
};

extern const struct difference differences[KNOWN_COUNT];

struct step {
	const char *what;
	enum rpmb_request type;
	/* 0: 1. Frames of the request, and of the response. */
	uint32_t count;
	uint32_t response_count;
	uint16_t address;
	/* 0: @count. What the frames say. */
	uint16_t claimed_count;
	/* On top of what our device's counter is. */
	int counter_off;
	/* Another key: the MAC is wrong, or a second one is programmed. */
	bool other_key;
	/* What the data begin with. */
	uint8_t fill;
	/* Past tee-supplicant's own checks, to its device. */
	bool by_commands;
	uint16_t result;
	/* Where @known has it that the results differ. */
	uint16_t their_result;
	/* tee-supplicant's refusal instead of frames; THEIRS_OK: none. */
	uint32_t refusal;
	unsigned int known;
};

#define STEPS_MAX 10

struct story {
	const char *name;
	/* Where both counters start. */
	uint32_t counter;
	/* Up to the first that is not called anything. */
	struct step steps[STEPS_MAX];
};

extern const struct story stories[];
extern const size_t story_count;

#endif
