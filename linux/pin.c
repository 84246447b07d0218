// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning of guest memory for OP-TEE (tg_port_pin and tg_port_unpin) and what
 * it costs: RLIMIT_MEMLOCK of the VMM. The map from guest to VMM addresses is
 * in region.c.
 *
 * OP-TEE believes the addresses it is given and checks only that they are
 * non-secure DRAM. So what is pinned here must be ordinary memory which the
 * calling VMM itself may write, and must stay its own until it is unpinned:
 * FOLL_WRITE breaks copy-on-write and refuses what the VMM may only read,
 * FOLL_LONGTERM moves pages out of CMA and refuses file systems that would
 * write back behind our back.
 *
 * OP-TEE counts in pages of 4 KiB. A host with larger pages pins, and
 * charges, one page of its own for each: charging too much beats a leak.
 */
#include <linux/mm.h>
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include <tg/port.h>

#include "guest.h"

/* Pages in one go; their pointers are on the stack. */
#define PIN_BATCH 32u

/* I11: guests get here as often as they like. */
static DEFINE_RATELIMIT_STATE(pin_limit_ratelimit, 60 * HZ, 2);

static void pin_limit_say(const struct tg_guest *guest)
{
	if (__ratelimit(&pin_limit_ratelimit))
		pr_notice(
			"VM %u: may share no more memory, as process %d is at its limit for locked memory of %lu KiB. Raise RLIMIT_MEMLOCK of the VMM (LimitMEMLOCK= in a unit, ulimit -l in a shell).\n",
			READ_ONCE(guest->vmid), guest->pid,
			rlimit(RLIMIT_MEMLOCK) >> 10);
}

static enum tg_status pin_charge(struct tg_guest *guest, size_t count)
{
	u64 limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	u64 pinned = atomic64_add_return(count, &guest->mm->pinned_vm);

	if (pinned > limit && !capable(CAP_IPC_LOCK)) {
		atomic64_sub(count, &guest->mm->pinned_vm);
		pin_limit_say(guest);
		return TG_HOST_PIN_LIMIT;
	}
	atomic64_add(count, &guest->pinned);
	return TG_OK;
}

/* Also when the process is gone: guest->mm is grabbed, only not in use. */
static void pin_uncharge(struct tg_guest *guest, size_t count)
{
	atomic64_sub(count, &guest->mm->pinned_vm);
	atomic64_sub(count, &guest->pinned);
}

/*
 * How many of @ipas, from the first, are neighbours in the VMM's memory, and
 * where that is. 0: the first one is not writable memory.
 */
static unsigned int pin_run(struct tg_guest *guest, const struct tg_ipa *ipas,
			    size_t count, u64 *ret_hva)
{
	const struct teegate_region *region;
	unsigned int limit = PAGE_SIZE == TG_PAGE_BYTES ? PIN_BATCH : 1;
	unsigned int n;
	u64 offset;

	if (ipas[0].v & TG_PAGE_MASK)
		return 0;
	region = region_table_find(&guest->regions, ipas[0].v, true);
	if (!region)
		return 0;
	offset = ipas[0].v - region->gpa;
	*ret_hva = region->hva + offset;

	limit = min_t(u64, limit, count);
	limit = min_t(u64, limit, (region->bytes - offset) / TG_PAGE_BYTES);
	for (n = 1; n < limit; n++)
		if (ipas[n].v != ipas[0].v + (u64)n * TG_PAGE_BYTES)
			break;
	return n;
}

static enum tg_status pin_status(long err)
{
	switch (err) {
	case -ENOMEM:
	case -EAGAIN:
	case -EINTR:
	case -ERESTARTSYS:
		return TG_HOST_NO_MEMORY;
	default:
		return TG_GUEST_BAD_ADDRESS;
	}
}

/* Pins the first few of @ipas. Errors pin nothing. */
static enum tg_status pin_some(struct tg_guest *guest,
			       const struct tg_ipa *ipas, size_t count,
			       struct tg_pa *ret_pas, size_t *ret_pinned)
{
	struct page *pages[PIN_BATCH];
	unsigned int n;
	u64 hva;
	int got;
	int i;

	n = pin_run(guest, ipas, count, &hva);
	if (n == 0)
		return TG_GUEST_BAD_ADDRESS;
	got = pin_user_pages_fast(hva & PAGE_MASK, n,
				  FOLL_WRITE | FOLL_LONGTERM, pages);
	if (got <= 0)
		return pin_status(got);
	for (i = 0; i < got; i++) {
		/* Device memory is not what OP-TEE takes for DRAM. */
		if (is_zone_device_page(pages[i])) {
			unpin_user_pages(pages, got);
			return TG_GUEST_BAD_ADDRESS;
		}
		ret_pas[i] =
			tg_pa(page_to_phys(pages[i]) + offset_in_page(hva));
	}
	*ret_pinned = got;
	return TG_OK;
}

/* Does not uncharge. */
static void unpin_all(const struct tg_pa *pas, size_t count)
{
	struct page *pages[PIN_BATCH];

	while (count) {
		unsigned int n = min_t(size_t, count, PIN_BATCH);
		unsigned int i;

		for (i = 0; i < n; i++)
			pages[i] = pfn_to_page(PHYS_PFN(pas[i].v));
		unpin_user_pages_dirty_lock(pages, n, true);
		pas += n;
		count -= n;
		cond_resched();
	}
}

enum tg_status tg_port_pin(struct tg_guest *guest, const struct tg_ipa *ipas,
			   size_t count, struct tg_pa *ret_pas)
{
	enum tg_status status;
	size_t done = 0;

	if (!guest_is_mine(guest))
		return TG_GUEST_BAD_ADDRESS;
	status = pin_charge(guest, count);
	if (status != TG_OK)
		return status;
	if (down_read_killable(&guest->regions.lock)) {
		pin_uncharge(guest, count);
		return TG_HOST_NO_MEMORY;
	}
	while (status == TG_OK && done < count) {
		size_t pinned = 0;

		status = pin_some(guest, ipas + done, count - done,
				  ret_pas + done, &pinned);
		done += pinned;
	}
	up_read(&guest->regions.lock);
	if (status != TG_OK) {
		unpin_all(ret_pas, done);
		pin_uncharge(guest, count);
	}
	return status;
}

void tg_port_unpin(struct tg_guest *guest, const struct tg_pa *pas,
		   size_t count)
{
	unpin_all(pas, count);
	pin_uncharge(guest, count);
}
