// SPDX-License-Identifier: BSD-2-Clause
/*
 * Walking a guest's buffer of PAGES pages, contiguous or a list, with any
 * content of guest memory and with every call of the port failing or not. A
 * small core is used, whose list pages have three entries and a link; what
 * depends on the real sizes alone is proved in pagelist_count_proof.c, and
 * two of its functions are replaced here by what is proved there.
 *
 * Proved for every entry at once: one entry, any one, is followed from the
 * guest's address through the pin to OP-TEE's list and to the unpin.
 */
#include "proof.h"

#include "pagelist.c"

#define LISTS ((PAGES + OPTEE_PAGELIST_ENTRIES - 1) / OPTEE_PAGELIST_ENTRIES)

/* The port's memory: exactly what may be asked for. */
static struct chunk chunk_memory;
static struct tg_page lists_memory[LISTS];
static struct tg_pagelist_page pages_memory[LISTS];
static bool chunk_taken, lists_taken;
static uint64_t pages_taken, pages_live;

/* The entry that is followed. */
static uint64_t watched_list, watched_entry, watched;
static struct tg_pa watched_pa;
static struct tg_ipa watched_ipa;

static uint64_t fetched, pinned, unpinned;

/* Where the guest's pages are noted, if they are to be. */
static struct tg_ipa noted[TG_MSG_SHM_PAGES_MAX];
static bool noting;

/* Stands for list_pages(): ceiling of a division by a constant. */
uint64_t proof_list_pages(uint64_t count)
{
	uint64_t lists = 0;

	PROVE(count <= PAGES, "more entries than pages");
	while (lists * OPTEE_PAGELIST_ENTRIES < count)
		lists++;
	return lists;
}

/* Stands for tg_pagelist_pages(): this harness is about PAGES of them. */
uint64_t proof_pages(uint64_t offset, uint64_t bytes)
{
	PROVE(offset <= TG_PAGE_MASK, "an offset beyond the page");
	(void)bytes;
	return PAGES;
}

void *tg_port_alloc(size_t bytes)
{
	if (nondet_bool())
		return NULL;
	/* The scratch page comes first. */
	if (!chunk_taken && !lists_taken && bytes == sizeof(chunk_memory)) {
		chunk_taken = true;
		return &chunk_memory;
	}
	PROVE(!lists_taken && bytes == sizeof(lists_memory),
	      "memory of another size");
	lists_taken = true;
	return lists_memory;
}

void tg_port_free(void *p)
{
	if (p == &chunk_memory) {
		PROVE(chunk_taken, "freed twice");
		chunk_taken = false;
	} else if (p) {
		PROVE(p == lists_memory && lists_taken, "freed twice");
		lists_taken = false;
	}
}

bool tg_port_page_alloc(struct tg_page *ret_page)
{
	if (nondet_bool())
		return false;
	PROVE(pages_taken < LISTS, "more list pages than needed");
	ret_page->va = &pages_memory[pages_taken++];
	ret_page->pa = any_page_pa();
	pages_live++;
	return true;
}

void tg_port_page_free(struct tg_page page)
{
	(void)page;
	PROVE(pages_live, "freed twice");
	pages_live--;
}

enum tg_status tg_port_copy_in(struct tg_guest *guest, struct tg_ipa ipa,
			       void *dst, size_t bytes)
{
	struct chunk any;

	(void)guest;
	PROVE(!proof_locked, "guest memory is read under the lock");
	PROVE(dst == &chunk_memory && chunk_taken, "another destination");
	PROVE(bytes <= sizeof(any), "past the end of the scratch page");
	PROVE(!(ipa.v & TG_PAGE_MASK), "a list that is not a page");
	/* I3: each list page once, however the guest links them. */
	PROVE(fetched++ < LISTS, "fetched more often than there are lists");
	if (nondet_bool())
		return TG_GUEST_BAD_ADDRESS;
	chunk_memory = any;
	return TG_OK;
}

enum tg_status tg_port_pin(struct tg_guest *guest, const struct tg_ipa *ipas,
			   size_t count, struct tg_pa *ret_pas)
{
	const struct chunk *from = (const void *)ipas;
	struct tg_pagelist_page any, *to = (void *)ret_pas;
	uint64_t i = nondet_u64();

	(void)guest;
	PROVE(!proof_locked, "pages are pinned under the lock");
	PROVE(from == &chunk_memory, "IPAs from elsewhere");
	PROVE(count && count <= OPTEE_PAGELIST_ENTRIES, "entries of a page");
	PROVE(pages_live && to == &pages_memory[pages_taken - 1],
	      "PAs to elsewhere");
	ASSUME(i < count);
	PROVE(!(from->pages[i].v & TG_PAGE_MASK), "an IPA that is no page");
	if (nondet_bool())
		return any_error();
	*to = any;
	if (watched >= pinned && watched - pinned < count) {
		watched_ipa = from->pages[watched - pinned];
		to->pages[watched - pinned] = watched_pa;
	}
	pinned += count;
	return TG_OK;
}

void tg_port_unpin(struct tg_guest *guest, const struct tg_pa *pas,
		   size_t count)
{
	const struct tg_pagelist_page *from = (const void *)pas;

	(void)guest;
	PROVE(count && count <= OPTEE_PAGELIST_ENTRIES, "entries of a page");
	if (watched >= unpinned && watched - unpinned < count)
		PROVE(from->pages[watched - unpinned].v == watched_pa.v,
		      "what is unpinned is not what was pinned");
	unpinned += count;
}

/* What OP-TEE will read. */
static void prove_list(const struct tg_pagelist *list,
		       const struct optee_msg_tmem *tmem, bool noncontig)
{
	PROVE(list->count == PAGES && pinned == PAGES, "not every page");
	if (PAGES <= TG_MSG_SHM_PAGES_MAX && watched < PAGES)
		PROVE(!noting || noted[watched].v == watched_ipa.v,
		      "I3: a page is noted that was not pinned");
	PROVE(list->offset == (tmem->buf_ptr & TG_PAGE_MASK), "the offset");
	PROVE(tg_pagelist_address(list) & PA_MARK, "I1: an address of a guest");
	PROVE(list_page(list, watched_list)->pages[watched_entry].v ==
		      watched_pa.v,
	      "I1: an entry that the pin did not give");
	if (watched_list + 1 < LISTS)
		PROVE(list_page(list, watched_list)->next.v ==
			      list->lists[watched_list + 1].pa.v,
		      "I1: a link that is no list page");
	if (!noncontig) {
		uint64_t first = tmem->buf_ptr & ~(uint64_t)TG_PAGE_MASK;

		PROVE(watched_ipa.v == first + watched * TG_PAGE_BYTES,
		      "another page than the guest said");
		PROVE(watched_ipa.v >= first, "a range that wraps");
	}
}

int main(void)
{
	struct tg_vm vm = { 0 };
	struct tg_pagelist list = { 0 };
	struct optee_msg_tmem tmem = { nondet_u64(), nondet_u64(),
				       nondet_u64() };
	bool noncontig = nondet_bool();
	uint64_t before = nondet_u64();

	vm.pinned_pages = before;
	vm.limits.pinned_bytes = nondet_u64();
	ASSUME(before <= vm.limits.pinned_bytes >> TG_PAGE_SHIFT);
	watched_list = nondet_u64();
	watched_entry = nondet_u64();
	ASSUME(watched_list < LISTS && watched_entry < OPTEE_PAGELIST_ENTRIES);
	watched = watched_list * OPTEE_PAGELIST_ENTRIES + watched_entry;
	ASSUME(watched < PAGES);
	watched_pa = any_pa();

	noting = nondet_bool();
	if (tg_pagelist_pin(&vm, &list, &tmem, noncontig,
			    noting ? noted : NULL) == TG_OK) {
		prove_list(&list, &tmem, noncontig);
		PROVE(vm.pinned_pages == before + PAGES, "I8: a wrong sum");
		tg_pagelist_release(&vm, &list);
	}
	/* Nothing is left of it, whether it failed or was released. */
	PROVE(list.count == 0 && !list.lists, "a list is left");
	PROVE(pinned == unpinned, "pins are left");
	PROVE(!pages_live && !chunk_taken && !lists_taken, "memory is left");
	PROVE(vm.pinned_pages == before, "I8: quota is left");
	PROVE(!proof_locked, "the lock is kept");
	return 0;
}
