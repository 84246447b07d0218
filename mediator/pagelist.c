// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A buffer of a guest, told to OP-TEE as pinned pages: reads the guest's page
 * list (or takes its contiguous range), pins every page and writes a shadow
 * list with physical addresses. The only place where an IPA becomes a PA.
 *
 * A list is as long as the buffer's size says, so a list that points to
 * itself or loops is read that far and no further.
 */
#include "core.h"

/* The guest's page addresses of one list page, fetched once (I3). */
struct chunk {
	struct tg_ipa pages[OPTEE_PAGELIST_ENTRIES];
	struct tg_ipa next;
};

_Static_assert(sizeof(struct chunk) == TG_PAGE_BYTES, "as the guest wrote it");
_Static_assert(TG_MSG_SHM_PAGES_MAX <= OPTEE_PAGELIST_ENTRIES, "of one chunk");

/* How many pages a buffer touches; 0 for none or for one that wraps. */
uint64_t tg_pagelist_pages(uint64_t offset, uint64_t bytes)
{
	uint64_t end;

	if (!bytes || __builtin_add_overflow(offset, bytes, &end) ||
	    __builtin_add_overflow(end, TG_PAGE_MASK, &end))
		return 0;
	return end >> TG_PAGE_SHIFT;
}

/* Whether a buffer of @bytes would be within the quota at this moment. */
bool tg_pagelist_fits(struct tg_vm *vm, uint64_t bytes)
{
	uint64_t max = vm->limits.pinned_bytes >> TG_PAGE_SHIFT;
	uint64_t pages = tg_pagelist_pages(0, bytes);
	struct tg_locked locked = tg_vm_lock(vm);
	bool fits = pages <= max && vm->pinned_pages <= max - pages;

	tg_vm_unlock(locked);
	return fits;
}

static enum tg_status pages_take(struct tg_vm *vm, uint64_t pages)
{
	uint64_t max = vm->limits.pinned_bytes >> TG_PAGE_SHIFT;
	struct tg_locked locked = tg_vm_lock(vm);
	enum tg_status status = TG_HOST_PIN_LIMIT;

	if (pages <= max && vm->pinned_pages <= max - pages) {
		vm->pinned_pages += pages;
		status = TG_OK;
	}
	tg_vm_unlock(locked);
	return status;
}

static void pages_return(struct tg_vm *vm, uint64_t pages)
{
	struct tg_locked locked = tg_vm_lock(vm);

	TG_ASSERT(vm->pinned_pages >= pages);
	vm->pinned_pages -= pages;
	tg_vm_unlock(locked);
}

static uint64_t list_pages(uint64_t count)
{
	return (count + OPTEE_PAGELIST_ENTRIES - 1) / OPTEE_PAGELIST_ENTRIES;
}

static struct tg_pagelist_page *list_page(const struct tg_pagelist *list,
					  uint64_t n)
{
	return list->lists[n].va;
}

/* How many of @count entries stand on list page @n. */
static size_t entries_on(uint64_t count, uint64_t n)
{
	uint64_t left = count - n * OPTEE_PAGELIST_ENTRIES;

	return left < OPTEE_PAGELIST_ENTRIES ? left : OPTEE_PAGELIST_ENTRIES;
}

/* Fetches @entries page addresses, and the link if more are to follow. */
static enum tg_status fetch_list(struct tg_vm *vm, struct tg_ipa *list,
				 size_t entries, bool more, struct chunk *chunk)
{
	size_t bytes = more ? sizeof(*chunk) : entries * sizeof(struct tg_ipa);
	enum tg_status status;

	if (list->v & TG_PAGE_MASK)
		return TG_GUEST_BAD_PARAM;
	status = tg_port_copy_in(vm->guest, *list, chunk, bytes);
	if (status != TG_OK)
		return status;
	for (size_t i = 0; i < entries; i++)
		if (chunk->pages[i].v & TG_PAGE_MASK)
			return TG_GUEST_BAD_PARAM;
	if (more)
		*list = chunk->next;
	return TG_OK;
}

static void fill_range(struct tg_ipa *next, size_t entries, struct chunk *chunk)
{
	for (size_t i = 0; i < entries; i++) {
		chunk->pages[i] = *next;
		next->v += TG_PAGE_BYTES;
	}
}

/* Pins what @chunk names onto a new last page of the shadow list. */
static enum tg_status append(struct tg_vm *vm, struct tg_pagelist *list,
			     uint64_t n, const struct chunk *chunk,
			     size_t entries)
{
	enum tg_status status;

	if (!tg_port_page_alloc(&list->lists[n]))
		return TG_HOST_NO_MEMORY;
	status = tg_port_pin(vm->guest, chunk->pages, entries,
			     list_page(list, n)->pages);
	if (status != TG_OK) {
		tg_port_page_free(list->lists[n]);
		return status;
	}
	if (n)
		list_page(list, n - 1)->next = list->lists[n].pa;
	list->count += entries;
	return TG_OK;
}

/* Walks the whole buffer. On error @list has what was pinned so far. */
static enum tg_status walk(struct tg_vm *vm, struct tg_pagelist *list,
			   struct tg_ipa from, uint64_t count, bool noncontig,
			   struct chunk *chunk)
{
	uint64_t pages = list_pages(count);

	for (uint64_t n = 0; n < pages; n++) {
		size_t entries = entries_on(count, n);
		enum tg_status status = TG_OK;

		if (noncontig)
			status = fetch_list(vm, &from, entries, n + 1 < pages,
					    chunk);
		else
			fill_range(&from, entries, chunk);
		if (status == TG_OK)
			status = append(vm, list, n, chunk, entries);
		if (status != TG_OK)
			return status;
	}
	return TG_OK;
}

/* The guest's pages, if they are few, are the one chunk that was pinned last. */
static void note_ipas(const struct chunk *chunk, uint64_t count,
		      struct tg_ipa *ret_ipas)
{
	for (uint64_t i = 0; i < count && count <= TG_MSG_SHM_PAGES_MAX; i++)
		ret_ipas[i] = chunk->pages[i];
}

static void unpin(struct tg_vm *vm, const struct tg_pagelist *list)
{
	for (uint64_t n = 0; n < list_pages(list->count); n++) {
		tg_port_unpin(vm->guest, list_page(list, n)->pages,
			      entries_on(list->count, n));
		tg_port_page_free(list->lists[n]);
	}
	tg_port_free(list->lists);
}

/*
 * Pins the buffer that @tmem describes: with @noncontig its address is that
 * of a page list plus the offset in the first page, else it is the buffer's
 * own. @tmem must be the mediator's private copy. On success @list is the
 * caller's to release; on error nothing stays pinned and @list is empty.
 * Where the guest has the pages is stored in @ret_ipas, unless that is NULL or
 * they are more than TG_MSG_SHM_PAGES_MAX, for which there has to be room.
 * Source: OP-TEE's optee_msg.h, OPTEE_MSG_ATTR_NONCONTIG.
 */
enum tg_status tg_pagelist_pin(struct tg_vm *vm, struct tg_pagelist *list,
			       const struct optee_msg_tmem *tmem,
			       bool noncontig, struct tg_ipa *ret_ipas)
{
	uint32_t offset = (uint32_t)(tmem->buf_ptr & TG_PAGE_MASK);
	struct tg_ipa from = tg_ipa(tmem->buf_ptr - offset);
	uint64_t count = tg_pagelist_pages(offset, tmem->size);
	enum tg_status status;
	struct chunk *chunk;

	*list = (struct tg_pagelist){ .offset = offset };
	/* A range past the last address could only wrap. */
	if (!count ||
	    (!noncontig && from.v + (count << TG_PAGE_SHIFT) - 1 < from.v))
		return TG_GUEST_BAD_PARAM;
	status = pages_take(vm, count);
	if (status != TG_OK)
		return status;
	status = TG_HOST_NO_MEMORY;
	chunk = tg_port_alloc(sizeof(*chunk));
	list->lists = tg_port_alloc(list_pages(count) * sizeof(*list->lists));
	if (chunk && list->lists)
		status = walk(vm, list, from, count, noncontig, chunk);
	if (status == TG_OK && ret_ipas)
		note_ipas(chunk, count, ret_ipas);
	tg_port_free(chunk);
	if (status != TG_OK) {
		if (list->lists)
			unpin(vm, list);
		pages_return(vm, count);
		*list = (struct tg_pagelist){ 0 };
	}
	return status;
}

/* Unpins the buffer and frees its shadow list. Fine on an empty one. */
void tg_pagelist_release(struct tg_vm *vm, struct tg_pagelist *list)
{
	uint64_t count = list->count;

	if (!count)
		return;
	unpin(vm, list);
	pages_return(vm, count);
	*list = (struct tg_pagelist){ 0 };
}
