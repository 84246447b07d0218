// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory of the normal world that OP-TEE has mapped, found by cookie as the
 * real one does: one list for all kinds, the youngest first. Here every
 * address is checked against what the mediator may hand out (I1).
 */
#include <stdlib.h>

#include "guest.h"
#include "tee.h"

static bool is_shadow_kind(enum tee_mobj_kind kind)
{
	return kind == TEE_MOBJ_ARG || kind == TEE_MOBJ_LIST ||
	       kind == TEE_MOBJ_RPC_ARG || kind == TEE_MOBJ_SHADOW;
}

/* One that has a name may also come by its address, if no call is in it. */
static bool is_resting(const struct tee_partition *partition, uint64_t pa)
{
	for (const struct tee_mobj *m = partition->mobjs; m; m = m->next)
		if (m->kind == TEE_MOBJ_SHADOW && m->pages[0] == pa)
			return m->refs == 1;
	return false;
}

static void check_shadow(const struct tee_partition *partition,
			 enum tee_mobj_kind kind, const struct sim_page *page,
			 uint64_t pa)
{
	uint32_t others = kind == TEE_MOBJ_ARG && is_resting(partition, pa);

	if (page->kind != SIM_PAGE_SHADOW)
		sim_die("I1: 0x%llx should be the mediator's own page",
			(unsigned long long)pa);
	if (page->owner != partition->guest)
		sim_die("I1: shadow 0x%llx was made for another VM than %u",
			(unsigned long long)pa, partition->id);
	if (page->holds != others)
		sim_die("I1: shadow 0x%llx is in use for something else",
			(unsigned long long)pa);
}

static void check_pinned(const struct tee_partition *partition,
			 const struct sim_page *page, uint64_t pa)
{
	if (page->kind != SIM_PAGE_GUEST || page->owner != partition->guest)
		sim_die("I1: 0x%llx is not memory of VM %u",
			(unsigned long long)pa, partition->id);
	if (page->pins <= page->holds)
		sim_die("I1: 0x%llx is held %u times and pinned %u times",
			(unsigned long long)pa, page->holds + 1, page->pins);
}

static void hold(struct tee_partition *partition, enum tee_mobj_kind kind,
		 uint64_t pa)
{
	uint32_t n = sim_page_of_pa(pa);

	if (pa & TG_PAGE_MASK)
		sim_die("sim: OP-TEE gets the unaligned address 0x%llx",
			(unsigned long long)pa);
	if (n == SIM_NO_PAGE)
		sim_die("I1: 0x%llx is no memory", (unsigned long long)pa);
	if (is_shadow_kind(kind))
		check_shadow(partition, kind, &sim.pages[n], pa);
	else
		check_pinned(partition, &sim.pages[n], pa);
	sim.pages[n].holds++;
	sim.pages[n].holder = partition->id;
}

static void let_go(uint64_t pa)
{
	struct sim_page *page = &sim.pages[sim_page_of_pa(pa)];

	if (!page->holds)
		sim_die("sim: OP-TEE lets go of what it does not hold");
	page->holds--;
}

/* One cookie, one buffer: the real OP-TEE would find the wrong one. */
static void check_cookie(struct tee_partition *partition, uint64_t cookie)
{
	for (struct tee_mobj *m = partition->mobjs; m && cookie; m = m->next)
		if (m->cookie == cookie && !m->orphan)
			sim_die("sim: cookie 0x%llx names two buffers",
				(unsigned long long)cookie);
}

struct tee_mobj *tee_mobj_new(struct tee_partition *partition,
			      enum tee_mobj_kind kind, const uint64_t *pages,
			      uint64_t count, uint32_t offset, uint64_t cookie)
{
	struct tee_mobj *mobj =
		calloc(1, sizeof(*mobj) + count * sizeof(mobj->pages[0]));

	if (!mobj)
		sim_die("sim: out of memory");
	check_cookie(partition, cookie);
	mobj->partition = partition;
	mobj->kind = kind;
	mobj->cookie = cookie;
	mobj->refs = 1;
	mobj->offset = offset;
	mobj->count = count;
	mobj->size = count * TG_PAGE_BYTES - offset;
	for (uint64_t i = 0; i < count; i++) {
		hold(partition, kind, pages[i]);
		mobj->pages[i] = pages[i];
	}
	mobj->next = partition->mobjs;
	partition->mobjs = mobj;
	return mobj;
}

static void drop_holds(struct tee_mobj *mobj)
{
	for (uint64_t i = 0; i < mobj->count; i++)
		let_go(mobj->pages[i]);
	mobj->count = 0;
}

static void unlink_and_free(struct tee_mobj *mobj)
{
	struct tee_mobj **at = &mobj->partition->mobjs;

	while (*at != mobj)
		at = &(*at)->next;
	*at = mobj->next;
	drop_holds(mobj);
	free(mobj);
}

void tee_mobj_put(struct tee_mobj *mobj)
{
	if (mobj && !--mobj->refs)
		unlink_and_free(mobj);
}

/*
 * The real OP-TEE asks for RPC FREE before it unmaps the buffer: the guest may
 * use the name again, and the page is still mapped until OP-TEE is resumed.
 */
void tee_mobj_orphan(struct tee_mobj *mobj)
{
	mobj->orphan = true;
}

void tee_mobj_drop_all(struct tee_partition *partition)
{
	while (partition->mobjs)
		unlink_and_free(partition->mobjs);
}

struct tee_mobj *tee_mobj_find(struct tee_partition *partition, uint64_t cookie)
{
	for (struct tee_mobj *m = partition->mobjs; m; m = m->next)
		if (m->cookie == cookie)
			return m;
	return NULL;
}

uint32_t tee_mobj_count(const struct tee_partition *partition)
{
	uint32_t count = 0;

	for (const struct tee_mobj *m = partition->mobjs; m; m = m->next)
		count++;
	return count;
}

/* The page for arguments that the mediator calls so, for one call. */
struct tee_mobj *tee_mobj_shadow(struct tee_partition *partition,
				 uint64_t cookie)
{
	struct tee_mobj *mobj = tee_mobj_find(partition, cookie);

	if (!mobj || mobj->kind != TEE_MOBJ_SHADOW)
		sim_die("I1: an argument in 0x%llx, which is no shadow page",
			(unsigned long long)cookie);
	if (mobj->refs != 1 ||
	    sim.pages[sim_page_of_pa(mobj->pages[0])].holds != 1)
		sim_die("I1: two calls in the shadow page 0x%llx",
			(unsigned long long)cookie);
	mobj->refs++;
	return mobj;
}

/* The byte at @offs of the buffer; good to the end of its page. */
uint8_t *tee_mobj_at(const struct tee_mobj *mobj, uint64_t offs)
{
	uint64_t at = mobj->offset + offs;
	uint64_t n = at / TG_PAGE_BYTES;

	if (n >= mobj->count)
		sim_die("sim: OP-TEE reads past the end of a buffer");
	return (uint8_t *)sim_page_va(sim_page_of_pa(mobj->pages[n])) +
	       (at & TG_PAGE_MASK);
}

/* The page list that starts at @list, read page by page as OP-TEE does. */
static uint64_t *read_list(struct tee_partition *partition, uint64_t list,
			   uint64_t count)
{
	uint64_t *pages = calloc(count ? count : 1, sizeof(*pages));
	struct tee_mobj *mobj;
	uint64_t n = 0;

	if (!pages)
		sim_die("sim: out of memory");
	mobj = tee_mobj_new(partition, TEE_MOBJ_LIST, &list, 1, 0, 0);
	for (uint64_t i = 0; i < count; i++, n++) {
		if (n == OPTEE_PAGELIST_ENTRIES) {
			uint64_t next;

			next = ((uint64_t *)(void *)tee_mobj_at(mobj, 0))[n];
			tee_mobj_put(mobj);
			mobj = tee_mobj_new(partition, TEE_MOBJ_LIST, &next, 1,
					    0, 0);
			n = 0;
		}
		pages[i] = ((uint64_t *)(void *)tee_mobj_at(mobj, 0))[n];
	}
	tee_mobj_put(mobj);
	return pages;
}

struct tee_mobj *tee_mobj_from_list(struct tee_partition *partition,
				    enum tee_mobj_kind kind, uint64_t buf_ptr,
				    uint64_t size, uint64_t cookie)
{
	uint32_t offset = (uint32_t)(buf_ptr & TG_PAGE_MASK);
	struct tee_mobj *mobj;
	uint64_t *pages;
	uint64_t count;

	if (size > UINT64_MAX - offset || size + offset == 0)
		sim_die("sim: OP-TEE gets a size of 0x%llx",
			(unsigned long long)size);
	count = (size + offset - 1) / TG_PAGE_BYTES + 1;
	if (count > SIM_PAGES)
		sim_die("sim: OP-TEE gets a list of %llu pages",
			(unsigned long long)count);
	pages = read_list(partition, buf_ptr - offset, count);
	mobj = tee_mobj_new(partition, kind, pages, count, offset, cookie);
	free(pages);
	return mobj;
}
