// SPDX-License-Identifier: BSD-2-Clause
/*
 * Looks into the port's own records of an open file. A file of its own, as
 * the port's struct tg_guest is another than the simulator's.
 */
#include "guest.h"

/* In order, aligned, without overlap, each slot once, nothing that wraps. */
static void check_regions(const struct region_table *table)
{
	if (table->count > table->capacity ||
	    table->capacity > TEEGATE_REGIONS_MAX)
		shim_die("%u regions in room for %u", table->count,
			 table->capacity);
	for (unsigned int i = 0; i < table->count; i++) {
		const struct teegate_region *r = &table->regions[i];

		if (!r->bytes || r->gpa + r->bytes < r->gpa ||
		    r->hva + r->bytes < r->hva ||
		    ((r->gpa | r->bytes | r->hva) & TG_PAGE_MASK))
			shim_die("region of slot %u is no region", r->slot);
		if (i && r[-1].gpa + r[-1].bytes > r->gpa)
			shim_die("regions of slots %u and %u overlap",
				 r[-1].slot, r->slot);
		for (unsigned int k = 0; k < i; k++)
			if (table->regions[k].slot == r->slot)
				shim_die("slot %u is there twice", r->slot);
	}
}

bool check_covers(const void *p, u64 hva, u64 bytes, bool write);

/* Whether the VMM said that this much memory is the guest's, or to write. */
bool check_covers(const void *p, u64 hva, u64 bytes, bool write)
{
	const struct region_table *table =
		&((const struct tg_guest *)p)->regions;

	for (unsigned int i = 0; i < table->count; i++) {
		const struct teegate_region *r = &table->regions[i];

		if (hva >= r->hva && hva - r->hva < r->bytes &&
		    bytes <= r->bytes - (hva - r->hva) &&
		    !(write && r->flags & TEEGATE_REGION_READONLY))
			return true;
	}
	return false;
}

void check_guest(const void *p);
void check_guest(const void *p)
{
	const struct tg_guest *guest = p;

	if (!guest->regions.lock.writing)
		check_regions(&guest->regions);
	if (atomic64_read(&guest->pinned) < 0 ||
	    atomic64_read(&guest->pinned) >
		    atomic64_read(&guest->mm->pinned_vm))
		shim_die("%lld pages pinned, %lld charged to the process",
			 atomic64_read(&guest->pinned),
			 atomic64_read(&guest->mm->pinned_vm));
}
