/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the library's files share: filling in errors, hashing, and the device
 * that the operations talk to. Nothing of this is exported (librpmb.map).
 */
#ifndef RPMB_INTERNAL_H
#define RPMB_INTERNAL_H

#include <rpmb.h>

#include "frame.h"

#define RPMB_HASH_BYTES 32

/* Memory to hash, in order. */
struct rpmb_span {
	const void *at;
	size_t bytes;
};

#define RPMB_SPAN(memory) ((struct rpmb_span){ (memory), sizeof(memory) })

/*
 * rpmb_fail - fills @error, which may be NULL
 * @err: negative errno
 *
 * Returns @err.
 */
__attribute__((format(printf, 3, 4))) int
rpmb_fail(struct rpmb_error *error, int err, const char *format, ...);

/*
 * rpmb_fail_result - fills @error for what a device reported
 * @result: as in the frame, not OK
 * @doing: what was asked for, to go into the text: "write"
 *
 * Returns the errno that rpmb.h gives to @result.
 */
int rpmb_fail_result(struct rpmb_error *error, uint16_t result,
		     const char *doing);

/* -EIO: OpenSSL failed. */
int rpmb_hmac_sha256(const void *key, size_t key_bytes,
		     const struct rpmb_span *spans, size_t count,
		     uint8_t ret_mac[RPMB_HASH_BYTES]);
int rpmb_sha256(const struct rpmb_span *spans, size_t count,
		uint8_t ret_hash[RPMB_HASH_BYTES]);

/* @digits hexadecimal digits into bytes; false: one of them is none. */
bool rpmb_hex_read(const char *text, size_t digits, uint8_t *ret_bytes);
/* Two lower-case digits a byte, and a NUL. */
void rpmb_hex_write(const uint8_t *bytes, size_t count, char *text);

struct rpmb_emulated;

struct rpmb_device {
	struct rpmb_info info;
	/* RPMB_BACKEND_EMMC */
	int fd;
	/* RPMB_BACKEND_EMULATED */
	struct rpmb_emulated *emulated;
};

/*
 * rpmb_transfer - sends a request and fetches the response, as one
 * @request: @request_count frames of one request
 * @with_result: the request is a write, whose response only a result read
 *	request brings
 *
 * 0 says that frames have come back, not what is in them.
 */
int rpmb_transfer(struct rpmb_device *device, const struct rpmb_frame *request,
		  uint32_t request_count, bool with_result,
		  struct rpmb_frame *ret_response, uint32_t response_count,
		  struct rpmb_error *error);

#endif
