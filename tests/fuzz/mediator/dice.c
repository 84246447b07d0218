// SPDX-License-Identifier: BSD-2-Clause
/*
 * Decisions from a seed or from bytes. What they are about is soak.c's and
 * the guests' business.
 */
#include "dice.h"

#include "sim.h"

static struct {
	const uint8_t *data; /* NULL: the seed's */
	size_t left;
	uint64_t state;
	uint64_t word;
	unsigned int in_word;
	uint8_t *record;
	size_t recorded;
	size_t record_max;
} dice;

void dice_seed(uint64_t seed)
{
	dice.data = NULL;
	dice.record = NULL;
	dice.in_word = 0;
	/* splitmix64's step: neighbouring seeds have nothing in common. */
	seed += 0x9e3779b97f4a7c15ull;
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9ull;
	seed = (seed ^ seed >> 27) * 0x94d049bb133111ebull;
	dice.state = seed ^ seed >> 31;
	if (!dice.state)
		dice.state = 1;
}

void dice_bytes(const uint8_t *data, size_t bytes)
{
	static const uint8_t none;

	dice.data = data ? data : &none;
	dice.left = bytes;
	dice.record = NULL;
}

void dice_record(uint8_t *to, size_t bytes)
{
	dice.record = to;
	dice.record_max = bytes;
	dice.recorded = 0;
}

size_t dice_recorded(void)
{
	return dice.recorded;
}

bool dice_is_empty(void)
{
	return dice.data && !dice.left;
}

static uint8_t from_seed(void)
{
	uint8_t byte;

	if (!dice.in_word) {
		dice.state ^= dice.state >> 12;
		dice.state ^= dice.state << 25;
		dice.state ^= dice.state >> 27;
		dice.word = dice.state * 0x2545f4914f6cdd1dull;
		dice.in_word = 8;
	}
	dice.in_word--;
	byte = (uint8_t)(dice.word >> 56);
	dice.word <<= 8;
	if (dice.record && dice.recorded < dice.record_max)
		dice.record[dice.recorded++] = byte;
	return byte;
}

static uint32_t next_byte(void)
{
	if (!dice.data)
		return from_seed();
	if (!dice.left)
		return 0;
	dice.left--;
	return *dice.data++;
}

uint32_t dice_below(uint32_t n)
{
	uint32_t v = next_byte();

	if (n > 256)
		v |= next_byte() << 8;
	return v % n;
}

bool dice_one_in(uint32_t n)
{
	return dice_below(n) == n - 1 && !dice_is_empty();
}

uint32_t dice_u32(void)
{
	uint32_t v = 0;

	for (unsigned int i = 0; i < 4; i++)
		v |= next_byte() << 8 * i;
	return v;
}

uint64_t dice_u64(void)
{
	uint64_t v = dice_u32();

	v |= (uint64_t)dice_u32() << 32;
	return sim_looks_like_pa(v) ? 0 : v;
}
