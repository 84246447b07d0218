/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two halves of the test: frames (supplicant_test.c, whose main() runs
 * both) and librpmb's operations (operations.c).
 */
#ifndef SUPPLICANT_TEST_H
#define SUPPLICANT_TEST_H

#include "../../unit/rpmb/test.h"

#define STORIES_MAX 16

/* Returns how many of them failed. */
int operations_run(size_t *ret_count);

/*
 * The frames of a request as librpmb tells an eMMC's driver, which is their
 * device here. 0, or what rpmb_transfer() returns.
 */
int operations_transfer(const struct rpmb_frame *request, uint32_t count,
			bool with_result, struct rpmb_frame *ret_response,
			uint32_t response_count);

#endif
