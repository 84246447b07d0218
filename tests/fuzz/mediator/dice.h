/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the soak test's decisions come from: a seed, or the bytes that a
 * fuzzer gives. Either way every decision is one or two bytes, so that a run
 * from a seed can be written down as bytes and a fuzzer can go on from there.
 */
#ifndef DICE_H
#define DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void dice_seed(uint64_t seed);
void dice_bytes(const uint8_t *data, size_t bytes);

/* From here on keeps the bytes of a seed's run; at most @bytes. */
void dice_record(uint8_t *to, size_t bytes);
size_t dice_recorded(void);

/* The bytes are used up: from here on everything is 0. Never with a seed. */
bool dice_is_empty(void);

/* 0 to @n - 1; @n up to 65536. */
uint32_t dice_below(uint32_t n);

/* True once in @n times, and never when the bytes are used up. */
bool dice_one_in(uint32_t n);

/* Any number, but none that could be taken for an address of the host. */
uint64_t dice_u64(void);
uint32_t dice_u32(void);

#endif
