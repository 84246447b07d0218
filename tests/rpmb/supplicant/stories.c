// SPDX-License-Identifier: BSD-2-Clause
/*
 * The stories, and the differences that there may be. Who finds a new one
 * decides who is right and writes it down here.
 */
#include "stories.h"

#include "theirs.h"

/* Blocks of either device: 256 KiB. */
#define BLOCKS 1024

/* In the order of enum known. */
const struct difference differences[KNOWN_COUNT] = {
	{ "a write's result tells no block count",
	  "either: neither librpmb nor OP-TEE reads it there",
	  FIELD_BLOCK_COUNT },
	{ "a read's block count has its two bytes swapped",
	  "ours: fields are big endian", FIELD_BLOCK_COUNT },
	{ "without a key a read succeeds", "ours: result 7", FIELD_RESULT },
	{ "without a key a write's MAC is wrong", "ours: result 7",
	  FIELD_RESULT },
	{ "a second key is a general failure",
	  "ours: result 5, the programming failed", FIELD_RESULT },
	{ "the counter of a write is not compared: replays are taken",
	  "ours: result 3", FIELD_RESULT | FIELD_COUNTER },
	{ "the counter's last value goes with no bit 7",
	  "ours: bit 7 with all results from then on", FIELD_RESULT },
	{ "the counter does not expire, it starts again at 0", "ours: result 5",
	  FIELD_RESULT | FIELD_COUNTER },
	{ "the block count in a write's frame is not compared",
	  "ours: a general failure", FIELD_RESULT | FIELD_COUNTER },
	{ "a read outside is answered by nothing at all", "ours: result 4",
	  FIELD_TYPE | FIELD_RESULT | FIELD_ADDRESS | FIELD_BLOCK_COUNT |
		  FIELD_NONCE },
	{ "a write of several frames is refused: it compares a big endian "
	  "type with a little endian one",
	  "ours: its own REL_WR_SEC_C, 1, allows two", 0 },
	{ "a counter in two frames is refused before the device sees it",
	  "either: there is no such request", 0 },
	{ "the device configuration is unknown",
	  "ours as of eMMC 5.1, theirs before it", 0 },
	{ "a programming's result tells no counter",
	  "either: it is 0 on a real device", FIELD_COUNTER },
	{ "the counter counts the blocks of a write", "ours: it counts writes",
	  FIELD_COUNTER },
};

/* Differences that come with every write or read. */
#define WRITTEN .type = RPMB_WRITE, .known = WRITE_WITHOUT_COUNT
#define WRITTEN_BUT(more) \
	.type = RPMB_WRITE, .known = WRITE_WITHOUT_COUNT | (more)
#define READ .type = RPMB_READ, .known = READ_COUNT_SWAPPED

#define KEY                                                         \
	{                                                           \
		.what = "program the key", .type = RPMB_PROGRAM_KEY \
	}
#define COUNTER                                                       \
	{                                                             \
		.what = "read the counter", .type = RPMB_READ_COUNTER \
	}
/* Of a device that has counted before it had a key, as only these have. */
#define KEY_LATE                                                     \
	{                                                            \
		.what = "program the key", .type = RPMB_PROGRAM_KEY, \
		.known = PROGRAMMING_UNCOUNTED                       \
	}

const struct story stories[] = {
	{ "no key",
	  0,
	  {
		  { .what = "read the counter",
		    .type = RPMB_READ_COUNTER,
		    .result = 7 },
		  { .what = "read",
		    .type = RPMB_READ,
		    .result = 7,
		    .their_result = 0,
		    .known = READ_COUNT_SWAPPED | READ_WITHOUT_KEY },
		  { .what = "write",
		    WRITTEN_BUT(WRITE_WITHOUT_KEY),
		    .result = 7,
		    .their_result = 2 },
		  { .what = "read the counter again",
		    .type = RPMB_READ_COUNTER,
		    .result = 7 },
	  } },
	{ "a key, once",
	  0,
	  {
		  KEY,
		  COUNTER,
		  { .what = "program another key",
		    .type = RPMB_PROGRAM_KEY,
		    .other_key = true,
		    .result = 5,
		    .their_result = 1,
		    .known = SECOND_KEY },
		  COUNTER,
		  { .what = "program the same key",
		    .type = RPMB_PROGRAM_KEY,
		    .result = 5,
		    .their_result = 1,
		    .known = SECOND_KEY },
	  } },
	{ "blocks written and read",
	  0x01020304,
	  {
		  KEY_LATE,
		  COUNTER,
		  { .what = "write", WRITTEN, .address = 5, .fill = 0x11 },
		  { .what = "write its neighbour",
		    WRITTEN,
		    .address = 6,
		    .fill = 0x22 },
		  { .what = "write it again",
		    WRITTEN,
		    .address = 5,
		    .fill = 0x33 },
		  { .what = "read one", READ, .address = 5 },
		  { .what = "read eight",
		    READ,
		    .response_count = 8,
		    .address = 0 },
		  { .what = "write the last block",
		    WRITTEN,
		    .address = BLOCKS - 1,
		    .fill = 0x44 },
		  { .what = "read to the end",
		    READ,
		    .response_count = 32,
		    .address = BLOCKS - 32 },
		  COUNTER,
	  } },
	{ "a wrong MAC",
	  0,
	  {
		  KEY,
		  { .what = "write", WRITTEN, .address = 3, .fill = 0x55 },
		  { .what = "write with another key",
		    WRITTEN,
		    .address = 3,
		    .fill = 0x66,
		    .other_key = true,
		    .result = 2 },
		  { .what = "read", READ, .address = 3 },
		  COUNTER,
		  { .what = "a wrong MAC and a wrong counter",
		    WRITTEN,
		    .counter_off = 1,
		    .other_key = true,
		    .result = 2 },
	  } },
	/* Theirs has written what ours has not, so each is the last. */
	{ "a counter too high",
	  7,
	  {
		  KEY_LATE,
		  { .what = "write",
		    WRITTEN_BUT(COUNTER_IGNORED),
		    .counter_off = 1,
		    .result = 3,
		    .their_result = 0 },
	  } },
	{ "a replay",
	  7,
	  {
		  KEY_LATE,
		  { .what = "write", WRITTEN, .fill = 0x77 },
		  { .what = "the same again",
		    WRITTEN_BUT(COUNTER_IGNORED),
		    .fill = 0x77,
		    .counter_off = -1,
		    .result = 3,
		    .their_result = 0 },
	  } },
	{ "an expiring counter",
	  0xfffffffe,
	  {
		  KEY_LATE,
		  COUNTER,
		  { .what = "the last write",
		    WRITTEN_BUT(EXPIRY_UNTOLD),
		    .result = 0x80,
		    .their_result = 0 },
		  { .what = "one more",
		    WRITTEN_BUT(EXPIRY_IGNORED),
		    .result = 0x85,
		    .their_result = 0 },
	  } },
	{ "an address outside",
	  0,
	  {
		  KEY,
		  { .what = "write behind the end",
		    WRITTEN,
		    .address = BLOCKS,
		    .result = 4 },
		  { .what = "write far outside with a wrong MAC",
		    WRITTEN,
		    .address = 0xffff,
		    .other_key = true,
		    .result = 4 },
		  COUNTER,
		  { .what = "read behind the end",
		    .type = RPMB_READ,
		    .address = BLOCKS,
		    .result = 4,
		    .their_result = 0,
		    .known = READ_OUTSIDE },
		  { .what = "read across the end",
		    .type = RPMB_READ,
		    .response_count = 2,
		    .address = BLOCKS - 1,
		    .result = 4,
		    .their_result = 0,
		    .known = READ_OUTSIDE },
	  } },
	{ "another block count than frames",
	  0,
	  {
		  KEY,
		  { .what = "write",
		    WRITTEN_BUT(COUNT_IGNORED),
		    .claimed_count = 2,
		    .result = 1,
		    .their_result = 0 },
	  } },
	{ "two blocks in one write",
	  0,
	  {
		  KEY,
		  { .what = "write",
		    .type = RPMB_WRITE,
		    .count = 2,
		    .refusal = THEIRS_BAD_PARAMETERS,
		    .known = SEVERAL_REFUSED },
	  } },
	{ "two blocks in one write, by commands",
	  0,
	  {
		  KEY,
		  { .what = "write by commands",
		    WRITTEN_BUT(BLOCKS_COUNTED),
		    .count = 2,
		    .address = 8,
		    .fill = 0x88,
		    .by_commands = true },
		  { .what = "read", READ, .response_count = 4, .address = 7 },
	  } },
	{ "requests unknown to one",
	  0,
	  {
		  KEY,
		  { .what = "the counter in two frames",
		    .type = RPMB_READ_COUNTER,
		    .response_count = 2,
		    .result = 1,
		    .refusal = THEIRS_BAD_PARAMETERS,
		    .known = COUNTER_FRAMES },
		  { .what = "read the configuration",
		    .type = RPMB_READ_CONFIG,
		    .refusal = THEIRS_GENERIC,
		    .known = TYPE_UNKNOWN },
		  COUNTER,
		  { .what = "write the configuration",
		    .type = RPMB_WRITE_CONFIG,
		    .address = RPMB_SECURE_WP_MODE_ENABLE,
		    .refusal = THEIRS_GENERIC,
		    .known = TYPE_UNKNOWN },
	  } },
};
const size_t story_count = ARRAY_COUNT(stories);
