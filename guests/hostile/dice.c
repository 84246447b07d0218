// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where choices come from: SplitMix64 (Steele, Lea, Flood: "Fast splittable
 * pseudorandom number generators", 2014), begun anew at every step, so that
 * what happened in earlier steps changes no later choice.
 */
#include "hostile.h"

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

void dice_seed(struct dice *dice, uint64_t seed, uint32_t cpu, uint64_t step)
{
	dice->state = mix(mix(mix(seed) + cpu) + step);
}

uint64_t dice_u64(struct dice *dice)
{
	dice->state += 0x9e3779b97f4a7c15ull;
	return mix(dice->state);
}

uint32_t dice_below(struct dice *dice, uint32_t n)
{
	return (uint32_t)((dice_u64(dice) >> 32) * n >> 32);
}

bool dice_one_in(struct dice *dice, uint32_t n)
{
	return dice_below(dice, n) == 0;
}
