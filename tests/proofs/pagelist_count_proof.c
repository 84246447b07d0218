// SPDX-License-Identifier: BSD-2-Clause
/*
 * The arithmetic of page lists and of the quota of pins, for all 64-bit
 * values and with the real size of a page.
 */
#include "proof.h"

#include "pagelist.c"

typedef unsigned __int128 wide;

/* As many pages as the buffer touches, or 0: for any offset and size. */
static void pages_of_a_buffer(void)
{
	uint64_t offset = nondet_u64(), bytes = nondet_u64();
	uint64_t pages = tg_pagelist_pages(offset, bytes);
	wide end = (wide)offset + bytes;

	if (pages) {
		PROVE((wide)pages * TG_PAGE_BYTES >= end, "too few pages");
		PROVE((wide)(pages - 1) * TG_PAGE_BYTES < end,
		      "too many pages");
		PROVE(pages <= 1ull << 52, "more pages than there are");
	} else {
		PROVE(!bytes || end + TG_PAGE_MASK > UINT64_MAX,
		      "a buffer that is fine counts as none");
	}
}

/* List pages for @count entries, and entries on each. */
static void lists_of_a_buffer(void)
{
	uint64_t count = nondet_u64(), n = nondet_u64();
	uint64_t lists, entries;

	ASSUME(count && count <= TG_PINNED_BYTES_MAX >> TG_PAGE_SHIFT);
	lists = list_pages(count);
	PROVE(lists * OPTEE_PAGELIST_ENTRIES >= count, "too few lists");
	PROVE((lists - 1) * OPTEE_PAGELIST_ENTRIES < count, "too many lists");
	ASSUME(n < lists);
	entries = entries_on(count, n);
	PROVE(entries && entries <= OPTEE_PAGELIST_ENTRIES,
	      "entries of a page");
	PROVE(n * OPTEE_PAGELIST_ENTRIES + entries <= count, "past the buffer");
	PROVE(n + 1 == lists || (n + 1) * OPTEE_PAGELIST_ENTRIES ==
					n * OPTEE_PAGELIST_ENTRIES + entries,
	      "a page that is not the last is not full");
}

/* I8: never beyond the quota, whatever is asked; a refusal takes nothing. */
static void quota_of_pins(void)
{
	struct tg_vm vm = { 0 };
	uint64_t pages = nondet_u64(), before, max;
	enum tg_status status;

	vm.limits.pinned_bytes = nondet_u64();
	vm.pinned_pages = before = nondet_u64();
	max = vm.limits.pinned_bytes >> TG_PAGE_SHIFT;
	ASSUME(before <= max);
	status = pages_take(&vm, pages);
	if (status == TG_OK) {
		PROVE((wide)before + pages <= max, "beyond the quota");
		PROVE(vm.pinned_pages == before + pages, "a wrong sum");
		pages_return(&vm, pages);
	} else {
		PROVE((wide)before + pages > max, "refused within the quota");
	}
	PROVE(vm.pinned_pages == before, "the quota is not given back");
	PROVE(!proof_locked, "the lock is kept");
}

static void a_payload_that_fits(void)
{
	struct tg_vm vm = { 0 };
	uint64_t bytes = nondet_u64(), max;

	vm.limits.pinned_bytes = nondet_u64();
	vm.pinned_pages = nondet_u64();
	max = vm.limits.pinned_bytes >> TG_PAGE_SHIFT;
	ASSUME(vm.pinned_pages <= max);
	if (tg_pagelist_fits(&vm, bytes))
		PROVE(vm.pinned_pages + tg_pagelist_pages(0, bytes) <= max,
		      "what fits is beyond the quota");
}

int main(void)
{
	pages_of_a_buffer();
	lists_of_a_buffer();
	quota_of_pins();
	a_payload_that_fits();
	return 0;
}
