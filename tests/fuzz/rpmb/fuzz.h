/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzzers in this folder share: an assertion that stays in whatever
 * the build's flags are, and a file in memory for the emulated device.
 */
#ifndef RPMB_FUZZ_H
#define RPMB_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FUZZ_ASSERT(truth)                                            \
	do {                                                          \
		if (!(truth)) {                                       \
			fprintf(stderr, "%s:%d: does not hold: %s\n", \
				__FILE__, __LINE__, #truth);          \
			abort();                                      \
		}                                                     \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/*
 * fuzz_device_path - a new emulated device in memory
 * @counter: where its write counter starts
 *
 * Returns a path that lasts until the next call.
 */
const char *fuzz_device_path(uint32_t counter);

#endif
