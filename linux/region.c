// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's memory map, kept as an array sorted by guest physical address:
 * every copy looks an address up, and the map changes a few dozen times in a
 * guest's life. What is done with the memory lives in port.c and pin.c. Here
 * too: every check of what a VMM says about its memory.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <tg/types.h>

#include "region.h"

#define REGION_FLAGS_KNOWN TEEGATE_REGION_READONLY

/* A PC-like guest has about ten; the array doubles from here. */
#define REGIONS_INITIAL 16u

void region_table_init(struct region_table *table)
{
	init_rwsem(&table->lock);
	table->regions = NULL;
	table->count = 0;
	table->capacity = 0;
	table->last = 0;
}

void region_table_fini(struct region_table *table)
{
	kvfree(table->regions);
	table->regions = NULL;
	table->count = 0;
	table->capacity = 0;
}

/* The number of regions that start at or below @gpa. */
static unsigned int region_rank(const struct region_table *table, u64 gpa)
{
	unsigned int low = 0;
	unsigned int high = table->count;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (table->regions[mid].gpa <= gpa)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool region_has(const struct teegate_region *region, u64 gpa)
{
	/* Below it the difference wraps, and is too large then, too. */
	return gpa - region->gpa < region->bytes;
}

const struct teegate_region *region_table_find(struct region_table *table,
					       u64 gpa, bool write)
{
	const struct teegate_region *region;
	unsigned int i = READ_ONCE(table->last);

	lockdep_assert_held(&table->lock);

	/* Most of a guest's messages are in the same memory. */
	if (i >= table->count || !region_has(&table->regions[i], gpa)) {
		i = region_rank(table, gpa);
		if (i == 0 || !region_has(&table->regions[--i], gpa))
			return NULL;
		WRITE_ONCE(table->last, i);
	}
	region = &table->regions[i];
	if (write && (region->flags & TEEGATE_REGION_READONLY))
		return NULL;
	return region;
}

/* Returns @table->count when there is no such slot. */
static unsigned int region_slot_index(const struct region_table *table,
				      u32 slot)
{
	unsigned int i;

	for (i = 0; i < table->count; i++)
		if (table->regions[i].slot == slot)
			break;
	return i;
}

static bool region_overlaps(const struct region_table *table,
			    const struct teegate_region *region)
{
	unsigned int i;

	for (i = 0; i < table->count; i++) {
		const struct teegate_region *other = &table->regions[i];

		if (other->slot == region->slot)
			continue;
		/* Neither sum wraps: region_check() saw to it. */
		if (other->gpa < region->gpa + region->bytes &&
		    region->gpa < other->gpa + other->bytes)
			return true;
	}
	return false;
}

static int region_check(const struct teegate_region *region)
{
	u64 end;

	if (region->flags & ~REGION_FLAGS_KNOWN)
		return -EINVAL;
	if (region->bytes == 0)
		return 0;
	if ((region->gpa | region->bytes | region->hva) & TG_PAGE_MASK)
		return -EINVAL;
	if (region->hva != untagged_addr(region->hva))
		return -EINVAL;
	/* An end of exactly 2^64 counts as a wrap: lookups rely on that. */
	if (check_add_overflow(region->gpa, region->bytes, &end) ||
	    check_add_overflow(region->hva, region->bytes, &end))
		return -EINVAL;
	if (!access_ok(u64_to_user_ptr(region->hva), region->bytes))
		return -EFAULT;
	return 0;
}

/*
 * A VMM that passes a device through has the device's registers among its
 * guest's memory. They are no memory to copy from on a guest's word: an access
 * that the device does not answer is fatal to the kernel, not to the process.
 * What the VMM maps there later is its own doing, as with any system call.
 */
static int region_check_memory(const struct teegate_region *region)
{
	struct mm_struct *mm = current->mm;
	u64 end = region->hva + region->bytes;
	struct vm_area_struct *vma;
	int ret = 0;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	for (vma = find_vma(mm, region->hva); vma && vma->vm_start < end;
	     vma = find_vma(mm, vma->vm_end)) {
		if (vma->vm_flags & (VM_IO | VM_PFNMAP)) {
			ret = -EACCES;
			break;
		}
	}
	mmap_read_unlock(mm);
	return ret;
}

static int region_table_grow(struct region_table *table)
{
	struct teegate_region *regions;
	unsigned int capacity;

	if (table->count < table->capacity)
		return 0;
	if (table->count >= TEEGATE_REGIONS_MAX)
		return -ENOSPC;

	capacity = table->capacity ? table->capacity * 2 : REGIONS_INITIAL;
	capacity = min_t(unsigned int, capacity, TEEGATE_REGIONS_MAX);
	regions = kvcalloc(capacity, sizeof(*regions), GFP_KERNEL_ACCOUNT);
	if (!regions)
		return -ENOMEM;
	if (table->count)
		memcpy(regions, table->regions,
		       table->count * sizeof(*regions));
	kvfree(table->regions);
	table->regions = regions;
	table->capacity = capacity;
	return 0;
}

static void region_remove_at(struct region_table *table, unsigned int index)
{
	struct teegate_region *at = &table->regions[index];

	table->count--;
	memmove(at, at + 1, (table->count - index) * sizeof(*at));
}

static void region_insert(struct region_table *table,
			  const struct teegate_region *region)
{
	unsigned int index = region_rank(table, region->gpa);
	struct teegate_region *at = &table->regions[index];

	memmove(at + 1, at, (table->count - index) * sizeof(*at));
	*at = *region;
	table->count++;
}

static int region_table_set_locked(struct region_table *table,
				   const struct teegate_region *region)
{
	unsigned int index = region_slot_index(table, region->slot);
	bool known = index < table->count;
	int ret;

	if (region->bytes == 0) {
		if (!known)
			return -ENOENT;
		region_remove_at(table, index);
		return 0;
	}
	if (region_overlaps(table, region))
		return -EEXIST;
	if (!known) {
		ret = region_table_grow(table);
		if (ret)
			return ret;
	} else {
		region_remove_at(table, index);
	}
	region_insert(table, region);
	return 0;
}

int region_table_set(struct region_table *table,
		     const struct teegate_region *region)
{
	int ret = region_check(region);

	if (!ret && region->bytes)
		ret = region_check_memory(region);
	if (ret)
		return ret;
	/* Readers may wait for a page that only this process can provide. */
	if (down_write_killable(&table->lock))
		return -EINTR;
	ret = region_table_set_locked(table, region);
	up_write(&table->lock);
	return ret;
}
