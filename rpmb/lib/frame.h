/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RPMB data frames: JEDEC JESD84-B51 6.6.22.2 and 6.6.22.3. Building requests,
 * checking responses; both sides' MAC. Sending them is device.c, what to send
 * is ops.c.
 */
#ifndef RPMB_FRAME_H
#define RPMB_FRAME_H

#include <rpmb.h>

#define RPMB_FRAME_BYTES 512
#define RPMB_NONCE_BYTES 16
#define RPMB_MAC_BYTES 32

/* Frames in the largest transfer either way: an 8 KiB write. */
#define RPMB_FRAMES_MAX 32

/* The response to a request has its number shifted left by 8. */
enum rpmb_request {
	RPMB_PROGRAM_KEY = 1,
	RPMB_READ_COUNTER = 2,
	RPMB_WRITE = 3,
	RPMB_READ = 4,
	RPMB_READ_RESULT = 5,
	RPMB_WRITE_CONFIG = 6,
	RPMB_READ_CONFIG = 7,
};

/* Integers are big endian; see rpmb_get16() and the like. */
struct rpmb_frame {
	uint8_t stuff[196];
	/* The key itself when it is programmed, otherwise the MAC. */
	uint8_t mac[RPMB_MAC_BYTES];
	uint8_t data[RPMB_BLOCK_BYTES];
	uint8_t nonce[RPMB_NONCE_BYTES];
	uint8_t counter[4];
	uint8_t address[2];
	uint8_t block_count[2];
	uint8_t result[2];
	uint8_t type[2];
};

#define RPMB_FRAME_AT(member, offset)                                   \
	_Static_assert(offsetof(struct rpmb_frame, member) == (offset), \
		       "JEDEC 6.6.22.2")
RPMB_FRAME_AT(mac, 196);
RPMB_FRAME_AT(data, 228);
RPMB_FRAME_AT(nonce, 484);
RPMB_FRAME_AT(counter, 500);
RPMB_FRAME_AT(address, 504);
RPMB_FRAME_AT(block_count, 506);
RPMB_FRAME_AT(result, 508);
RPMB_FRAME_AT(type, 510);
_Static_assert(sizeof(struct rpmb_frame) == RPMB_FRAME_BYTES,
	       "a frame is a sector");

/* The MAC covers each frame from its data to its end. */
#define RPMB_MACED_BYTES 284
_Static_assert(RPMB_FRAME_BYTES - offsetof(struct rpmb_frame, data) ==
		       RPMB_MACED_BYTES,
	       "bytes 228 to 511");

/*
 * Where a device configuration frame has its registers: JEDEC counts a
 * frame's bytes from its end, and the area begins at its byte 28.
 */
#define RPMB_CONFIG_ENABLE_AT 255
#define RPMB_CONFIG_MASK_AT 254

uint16_t rpmb_get16(const uint8_t at[2]);
uint32_t rpmb_get32(const uint8_t at[4]);
void rpmb_put16(uint8_t at[2], uint16_t value);
void rpmb_put32(uint8_t at[4], uint32_t value);

/* The MAC of a transfer of @count frames, 1 to RPMB_FRAMES_MAX. -EIO. */
int rpmb_frames_mac(const struct rpmb_key *key, const struct rpmb_frame *frames,
		    uint32_t count, uint8_t ret_mac[RPMB_MAC_BYTES]);

/*
 * rpmb_request_init - makes a request of one frame
 * @nonce: NULL for a request that has none
 */
void rpmb_request_init(struct rpmb_frame *frame, enum rpmb_request type,
		       const uint8_t nonce[RPMB_NONCE_BYTES]);

/*
 * rpmb_request_write - makes the frames of an authenticated write
 * @frames: @count of them, 1 to RPMB_FRAMES_MAX
 * @type: RPMB_WRITE or RPMB_WRITE_CONFIG
 * @data: @count blocks
 */
int rpmb_request_write(struct rpmb_frame *frames, uint32_t count,
		       enum rpmb_request type, const struct rpmb_key *key,
		       uint32_t counter, uint16_t address, const void *data);

/* What a response must say to be the one to our request. */
struct rpmb_expected {
	/* What was asked for, by the request's number. */
	enum rpmb_request type;
	/* For error texts: "read". */
	const char *doing;
	/* NULL: there is no MAC, or nobody checks it. */
	const struct rpmb_key *key;
	/* NULL: the response repeats none. */
	const uint8_t *nonce;
	/* Checked for writes and reads of data only. */
	uint16_t address;
	/* Of a write: what the counter must be now. */
	uint32_t counter;
};

/*
 * rpmb_response_check - checks the @count frames of a response
 *
 * 0: a success, of the device with this key, in answer to this request. The
 * errors are those of rpmb.h: the result's own, -EPROTO, -EBADMSG.
 */
int rpmb_response_check(const struct rpmb_frame *frames, uint32_t count,
			const struct rpmb_expected *expected,
			struct rpmb_error *error);

#endif
