// SPDX-License-Identifier: BSD-2-Clause
/*
 * Physical memory of the simulated machine: who owns which page. Pages are
 * handed out in a scattered order, so that neighbours in a guest are none
 * here. A free page is poisoned for the address sanitizer. Pins are counted
 * in port.c and OP-TEE's holds in tee_shm.c.
 */
#include <stdlib.h>
#include <string.h>

#include "guest.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_ASAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SIM_ASAN 1
#endif
#ifdef SIM_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(va, bytes) ((void)(va), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(va, bytes) ((void)(va), (void)(bytes))
#endif

#define ARENA_BYTES ((size_t)SIM_PAGES * TG_PAGE_BYTES)

/* An odd factor permutes a power of two. */
static uint32_t scatter(uint32_t n)
{
	return (n * 7919u + 4211u) % SIM_PAGES;
}

/* What is free is poisoned already, but for the first time. */
void sim_memory_reset(void)
{
	bool first = !sim.arena;

	if (first)
		sim.arena = aligned_alloc(TG_PAGE_BYTES, ARENA_BYTES);
	if (!sim.arena)
		sim_die("sim: no memory for the arena");
	if (first)
		ASAN_POISON_MEMORY_REGION(sim.arena, ARENA_BYTES);
	for (uint32_t i = 0; i < SIM_PAGES; i++)
		if (sim.pages[i].kind != SIM_PAGE_FREE)
			ASAN_POISON_MEMORY_REGION(sim_page_va(i),
						  TG_PAGE_BYTES);
	memset(sim.pages, 0, sizeof(sim.pages));
	sim.cursor = 0;
}

uint64_t sim_page_pa(uint32_t page)
{
	return SIM_PA_BASE + (uint64_t)page * TG_PAGE_BYTES;
}

void *sim_page_va(uint32_t page)
{
	return sim.arena + (size_t)page * TG_PAGE_BYTES;
}

/* Takes the free page that was given back longest ago, zeroed. */
uint32_t sim_page_take(enum sim_page_kind kind, struct tg_guest *owner)
{
	for (uint32_t n = 0; n < SIM_PAGES; n++) {
		uint32_t page = scatter(sim.cursor++ % SIM_PAGES);

		if (sim.pages[page].kind != SIM_PAGE_FREE)
			continue;
		sim.pages[page] =
			(struct sim_page){ .kind = kind, .owner = owner };
		ASAN_UNPOISON_MEMORY_REGION(sim_page_va(page), TG_PAGE_BYTES);
		memset(sim_page_va(page), 0, TG_PAGE_BYTES);
		return page;
	}
	return SIM_NO_PAGE;
}

void sim_page_give(uint32_t page)
{
	if (sim.pages[page].kind == SIM_PAGE_FREE)
		sim_die("sim: page %u is given back twice", page);
	if (sim.pages[page].pins)
		sim_die("sim: page %u goes while it is pinned", page);
	if (sim.pages[page].holds)
		sim_die("I1: page %u goes while OP-TEE holds it for VM %u",
			page, sim.pages[page].holder);
	sim.pages[page].kind = SIM_PAGE_FREE;
	memset(sim_page_va(page), 0xdd, TG_PAGE_BYTES);
	ASAN_POISON_MEMORY_REGION(sim_page_va(page), TG_PAGE_BYTES);
}

/* The page that an address lies in, or SIM_NO_PAGE. */
uint32_t sim_page_of_pa(uint64_t pa)
{
	uint64_t page = (pa - SIM_PA_BASE) / TG_PAGE_BYTES;

	if (pa < SIM_PA_BASE || page >= SIM_PAGES)
		return SIM_NO_PAGE;
	return (uint32_t)page;
}

/* A physical address, or a host pointer into physical memory. */
bool sim_looks_like_pa(uint64_t v)
{
	return sim_page_of_pa(v) != SIM_NO_PAGE ||
	       v - (uint64_t)(uintptr_t)sim.arena < ARENA_BYTES;
}

/* A number that another guest than the one that called made (sim_mark()). */
static bool is_foreign(uint64_t v)
{
	uint64_t serial = v >> 24 & 0xff;

	return v >> 32 == SIM_MARK_MAGIC &&
	       (v >> 16 & 0xff) == (serial ^ 0xff) && sim.frame &&
	       sim.frame->guest && serial != (sim.frame->guest->serial & 0xff);
}

/* A name that the mediator gives OP-TEE for a temporary memref (core.h). */
static bool is_mediators_name(uint64_t v)
{
	return v >> 16 == 0x7467746d0000 && sim.frame && sim.frame->guest &&
	       !sim.frame->guest->forges_names;
}

/*
 * I2: nothing that a guest gets to see may be an address of the host, nor
 * anything that is another guest's.
 */
void sim_scan(const char *what, const void *data, size_t bytes)
{
	const uint8_t *p = data;

	if (sim.scan_off)
		return;
	for (size_t i = 0; i + 8 <= bytes; i += 4) {
		uint64_t v;

		memcpy(&v, p + i, sizeof(v));
		if (sim_looks_like_pa(v))
			sim_die("I2: %s shows a guest 0x%llx at offset %zu",
				what, (unsigned long long)v, i);
		if (is_mediators_name(v))
			sim_die("I2: %s shows a guest the name 0x%llx", what,
				(unsigned long long)v);
		if (is_foreign(v))
			sim_die("I1: %s shows a guest what is another's: 0x%llx",
				what, (unsigned long long)v);
	}
}
