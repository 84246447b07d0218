/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all tests in this folder include: cmocka and what it needs before it,
 * the library's inside, and an emulated device to try things on.
 */
#ifndef RPMB_TEST_H
#define RPMB_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../rpmb/lib/emulated.h"

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define QEMU_CID "aa015851454d55212101deadbeef2900"

/* A file of an emulated device in a directory of its own. */
struct bench {
	char directory[64];
	char path[96];
	char spec[112];
	struct rpmb_device *device;
	/* In secret memory; not programmed yet. */
	struct rpmb_key *key;
};

/* Makes and opens a device of 128 KiB; NULL: REL_WR_SEC_C 1, counter 0. */
void bench_open(struct bench *bench,
		const struct rpmb_emulate_options *options);
void bench_close(struct bench *bench);

/* A key that is not a weak one: 1, 2, 3… */
struct rpmb_key *key_new(uint8_t first);

/* @text as bytes; returns how many. */
size_t from_hex(const char *text, uint8_t *bytes);

#endif
