/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's memory map: which of the VMM's own addresses each guest physical
 * address is. Copying and pinning are in port.c and pin.c.
 */
#ifndef TEEGATE_REGION_H
#define TEEGATE_REGION_H

#include <linux/rwsem.h>
#include <linux/types.h>

#include <uapi/linux/teegate.h>

struct region_table {
	struct rw_semaphore lock;
	struct teegate_region *regions; /* by ascending gpa, no overlaps */
	unsigned int count;
	unsigned int capacity;
	unsigned int last; /* found last: a hint, and any number is right */
};

void region_table_init(struct region_table *table);
void region_table_fini(struct region_table *table);

/* TEEGATE_SET_REGION, checks included. */
int region_table_set(struct region_table *table,
		     const struct teegate_region *region);

/*
 * Finds the region with @gpa in it; NULL when that is no memory, or when
 * @write and the guest may only read it. @table's lock is held.
 */
const struct teegate_region *region_table_find(struct region_table *table,
					       u64 gpa, bool write);

#endif
