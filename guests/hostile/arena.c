// SPDX-License-Identifier: BSD-2-Clause
/*
 * The guest's memory by use. From the start of RAM: this program, a copy of
 * the TA, calm pages with a guard page before and after each, and to the end
 * of RAM rough memory: payloads and the pool that both vCPUs write and name as
 * they like. Rough memory comes last, so that a range that is too long runs
 * off the end of RAM and not into what is guarded.
 *
 * Guard pages and the TA's copy are never named to OP-TEE, so nothing but this
 * file ever writes them; start and end of what was is checked, too.
 */
#include "hostile.h"

#define GUARD_PATTERN 0x6a09e667f3bcc908ull
#define TA_BYTES_MAX (2ull << 20)

#define SPACED_PAGES (MACHINE_CPUS * CALM_PAGES + RPC_PAGES)

static uint64_t spaced; /* the first guard page */
static uint64_t rough;
static uint64_t rough_pages;
static uint8_t *ta;
static uint64_t ta_bytes;
static uint64_t ta_sum;
static uint64_t rom_sum;

static uint64_t sum(const uint64_t *words, uint64_t count)
{
	uint64_t total = count;

	while (count--)
		total = (total ^ *words++) * 0x100000001b3ull;
	return total;
}

static uint64_t spaced_page(uint32_t n)
{
	return spaced + (2 * n + 1) * PAGE_BYTES;
}

static uint64_t guard_page(uint32_t n)
{
	return spaced + 2 * n * PAGE_BYTES;
}

static bool ta_copy(void)
{
	ta_bytes = machine.initrd_bytes;
	if (ta_bytes > TA_BYTES_MAX)
		return false;
	memset(ta, 0, (ta_bytes + 7) & ~7ull);
	memcpy(ta, at(machine.initrd), ta_bytes);
	ta_sum = sum((uint64_t *)ta, (ta_bytes + 7) / 8);
	return true;
}

bool arena_init(void)
{
	uint64_t end = machine.ram + machine.ram_bytes;
	uint64_t p =
		(address_of(__image_end) + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);

	ta = at(p);
	spaced = p + TA_BYTES_MAX;
	rough = guard_page(SPACED_PAGES) + PAGE_BYTES;
	rough_pages = ROUGH_PAGES + PAYLOADS * PAYLOAD_PAGES;
	if (rough + rough_pages * PAGE_BYTES > end ||
	    (machine.initrd && machine.initrd < spaced) || !ta_copy())
		return false;
	rough = end - rough_pages * PAGE_BYTES;
	for (uint32_t n = 0; n <= SPACED_PAGES; n++)
		arena_fill(guard_page(n), GUARD_PATTERN + n);
	rom_sum = sum(at(0), machine.rom_bytes / 8);
	return true;
}

uint64_t arena_calm(const struct cpu *cpu, uint32_t n)
{
	return spaced_page(cpu->index * CALM_PAGES + n);
}

uint64_t arena_honest(const struct cpu *cpu, uint32_t n)
{
	return arena_calm(cpu, CALM_PAGES - HONEST_PAGES + n);
}

uint64_t arena_rpc(uint32_t n)
{
	return spaced_page(MACHINE_CPUS * CALM_PAGES + n);
}

uint64_t arena_rough(uint32_t n)
{
	return rough + (PAYLOADS * PAYLOAD_PAGES + n) * PAGE_BYTES;
}

uint64_t arena_payload(uint32_t n)
{
	return rough + n * PAYLOAD_PAGES * PAGE_BYTES;
}

void arena_fill(uint64_t page, uint64_t pattern)
{
	uint64_t *words = at(page);

	for (uint32_t i = 0; i < PAGE_BYTES / 8; i++)
		words[i] = pattern ^ i * 0x9e3779b97f4a7c15ull;
}

/* Whether a page has its pattern still, from byte @from on. */
bool arena_is_filled(uint64_t page, uint64_t pattern, uint32_t from)
{
	const volatile uint64_t *words = at(page);
	const volatile uint8_t *bytes = at(page);
	uint32_t i = (from + 7) / 8;
	uint64_t word;

	for (; from < i * 8; from++) {
		word = pattern ^ (i - 1) * 0x9e3779b97f4a7c15ull;
		if (bytes[from] != (uint8_t)(word >> from % 8 * 8))
			return false;
	}
	for (; i < PAGE_BYTES / 8; i++)
		if (words[i] != (pattern ^ i * 0x9e3779b97f4a7c15ull))
			return false;
	return true;
}

void arena_guards_check(struct cpu *cpu)
{
	for (uint32_t n = 0; n <= SPACED_PAGES; n++)
		if (!arena_is_filled(guard_page(n), GUARD_PATTERN + n, 0)) {
			judge_fail(cpu, "a guard page has changed", n,
				   guard_page(n));
			arena_fill(guard_page(n), GUARD_PATTERN + n);
		}
	if (sum((uint64_t *)ta, (ta_bytes + 7) / 8) != ta_sum) {
		judge_fail(cpu, "the TA, never shared, has changed", 0, 0);
		ta_sum = sum((uint64_t *)ta, (ta_bytes + 7) / 8);
	}
	if (sum(at(0), machine.rom_bytes / 8) != rom_sum)
		judge_fail(cpu, "read-only memory has changed", 0, 0);
	cpu->counts.of[COUNT_CHECKED_GUARDS] += SPACED_PAGES + 1;
}

void arena_break_a_guard(void)
{
	*(uint8_t *)at(guard_page(7) + 123) ^= 1;
}

const uint8_t *arena_ta(void)
{
	return ta;
}

uint32_t arena_ta_bytes(void)
{
	return (uint32_t)ta_bytes;
}
