// SPDX-License-Identifier: BSD-2-Clause
/*
 * The names (cookies) that this guest gives to memory, and what it gave OP-TEE
 * in answer to RPCs. A name's low 16 bits are a hash of the others: what comes
 * back as a name and does not fit was never this guest's, and could be an
 * address (I2). The table of buffers is both vCPUs'; forged answers make it
 * wrong at times, which only makes answers worse.
 */
#include "hostile.h"

#define BUFFERS 64u

/* The mediator's own: refused, so they never come back. */
#define MEDIATOR_NAMES 0x7467746d00000000ull

static const uint64_t special[] = { 1, 2, 8, 0x1000, UINT64_MAX };

static struct buffer buffers[BUFFERS];
static bool pages_used[RPC_PAGES];
static char lock;

static void table_lock(void)
{
	while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE))
		;
}

static void table_unlock(void)
{
	__atomic_clear(&lock, __ATOMIC_RELEASE);
}

uint64_t name_make(uint64_t v)
{
	uint64_t hash = (v & 0xffffffffffffull) * 0x9e3779b97f4a7c15ull;

	return v << 16 | hash >> 48;
}

bool name_is_ours(uint64_t name)
{
	for (uint32_t i = 0; i < ROWS(special); i++)
		if (special[i] == name)
			return true;
	return name_make(name >> 16) == name;
}

uint64_t name_new(struct cpu *cpu)
{
	return name_make(0x10000000ull * (cpu->index + 1) + cpu->name_next++);
}

/* Never any other's: what is named so is written by its owner alone. */
uint64_t name_of_messages(const struct cpu *cpu)
{
	return name_make(0x40000000ull + cpu->index);
}

uint64_t name_any(struct cpu *cpu)
{
	struct dice *dice = &cpu->dice;
	uint64_t name;

	switch (dice_below(dice, 8)) {
	case 0:
		return 0;
	case 1:
		return special[dice_below(dice, ROWS(special))];
	case 2:
		return MEDIATOR_NAMES | dice_below(dice, 3) << 8 |
		       dice_below(dice, 4);
	case 3:
		/* Bounded: what is never taken back would fill OP-TEE. */
		return name_make(0x77000000000000ull >> dice_below(dice, 40));
	case 4:
		name = buffers[dice_below(dice, BUFFERS)].name;
		return name ? name : name_make(7);
	default: /* few, so that they meet */
		return name_make(1 + dice_below(dice, 24));
	}
}

/* When the table is full, one of the forged ones goes. */
bool buffer_add(const struct buffer *buffer)
{
	static uint32_t oldest;
	struct buffer *place = NULL;

	table_lock();
	for (uint32_t i = 0; i < BUFFERS; i++)
		if (!buffers[i].name || buffers[i].name == buffer->name)
			place = &buffers[i];
	for (uint32_t i = 0; i < BUFFERS && !place; i++)
		if (!buffers[oldest++ % BUFFERS].page)
			place = &buffers[(oldest - 1) % BUFFERS];
	if (place)
		*place = *buffer;
	else if (buffer->page)
		pages_used[buffer->page - 1] = false;
	table_unlock();
	return place;
}

bool buffer_find(uint64_t name, struct buffer *ret_buffer)
{
	bool found = false;

	table_lock();
	for (uint32_t i = 0; i < BUFFERS && name && !found; i++) {
		found = buffers[i].name == name;
		if (found)
			*ret_buffer = buffers[i];
	}
	table_unlock();
	return found;
}

void buffer_remove(uint64_t name)
{
	table_lock();
	for (uint32_t i = 0; i < BUFFERS && name; i++) {
		if (buffers[i].name != name)
			continue;
		if (buffers[i].page)
			pages_used[buffers[i].page - 1] = false;
		buffers[i].name = 0;
	}
	table_unlock();
}

bool buffer_page_take(uint32_t *ret_page)
{
	bool found = false;

	table_lock();
	for (uint32_t i = 0; i < RPC_PAGES && !found; i++) {
		found = !pages_used[i];
		if (found) {
			pages_used[i] = true;
			*ret_page = i;
		}
	}
	table_unlock();
	return found;
}
