// SPDX-License-Identifier: BSD-2-Clause
/*
 * The table of a VM's memory slots, as KVM has accepted them. It is told to
 * the device once that is opened (vm.c). No locks and no system calls here.
 */
#include <stdlib.h>
#include <string.h>

#include "preload.h"

static struct kvm_userspace_memory_region *find(struct tgp_slots *slots,
						uint32_t slot)
{
	size_t n;

	for (n = 0; n < slots->count; n++) {
		if (slots->slot[n].slot == slot)
			return &slots->slot[n];
	}
	return NULL;
}

static bool same(const struct kvm_userspace_memory_region *a,
		 const struct kvm_userspace_memory_region *b)
{
	return !((a->flags ^ b->flags) & KVM_MEM_READONLY) &&
	       a->guest_phys_addr == b->guest_phys_addr &&
	       a->memory_size == b->memory_size &&
	       a->userspace_addr == b->userspace_addr;
}

static struct kvm_userspace_memory_region *append(struct tgp_slots *slots)
{
	struct kvm_userspace_memory_region *grown;
	size_t capacity;

	if (slots->count == slots->capacity) {
		capacity = slots->capacity ? slots->capacity * 2 : 8;
		if (capacity > TGP_SLOTS_MAX)
			return NULL;
		grown = realloc(slots->slot, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		slots->slot = grown;
		slots->capacity = capacity;
	}
	return &slots->slot[slots->count++];
}

enum tgp_slot_change
tgp_slots_set(struct tgp_slots *slots,
	      const struct kvm_userspace_memory_region *region)
{
	struct kvm_userspace_memory_region *known = find(slots, region->slot);

	if (!region->memory_size) {
		if (!known)
			return TGP_SLOT_SAME;
		*known = slots->slot[--slots->count];
		return TGP_SLOT_CHANGED;
	}
	if (known && same(known, region))
		return TGP_SLOT_SAME;
	if (!known)
		known = append(slots);
	if (!known)
		return TGP_SLOT_NO_ROOM;
	*known = *region;
	return TGP_SLOT_CHANGED;
}

void tgp_slots_fini(struct tgp_slots *slots)
{
	free(slots->slot);
	memset(slots, 0, sizeof(*slots));
}
