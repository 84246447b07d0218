// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest's memory map and its SMC instruction. Every register that comes
 * back is checked here (I2, I9). The messages are in driver.c.
 */
#include "guest.h"

#include <stdlib.h>
#include <string.h>

#include "vcpu.h"

static void add_region(struct tg_guest *guest, uint64_t ipa, uint32_t count,
		       bool read_only)
{
	struct sim_region *region = &guest->regions[guest->region_count++];

	region->ipa = ipa;
	region->count = count;
	region->read_only = read_only;
	region->pages = calloc(count, sizeof(*region->pages));
	if (!region->pages)
		sim_die("sim: out of memory");
	for (uint32_t i = 0; i < count; i++) {
		region->pages[i] = sim_page_take(SIM_PAGE_GUEST, guest);
		if (region->pages[i] == SIM_NO_PAGE)
			sim_die("sim: out of simulated memory");
	}
}

static void remove_regions(struct tg_guest *guest)
{
	for (uint32_t n = 0; n < guest->region_count; n++) {
		struct sim_region *region = &guest->regions[n];

		for (uint32_t i = 0; i < region->count; i++)
			sim_page_give(region->pages[i]);
		free(region->pages);
	}
}

/* NULL when the core has no memory for the VM. */
struct tg_guest *sim_guest_create(const struct tg_limits *limits)
{
	struct tg_guest *guest = calloc(1, sizeof(*guest));
	struct sim_frame frame;

	if (!guest)
		sim_die("sim: out of memory");
	add_region(guest, SIM_RAM_IPA,
		   sim.guest_pages ? sim.guest_pages : SIM_RAM_PAGES, false);
	add_region(guest, SIM_ROM_IPA, SIM_ROM_PAGES, true);
	add_region(guest, 0, SIM_LOW_PAGES, false);
	add_region(guest, SIM_HIGH_IPA, SIM_HIGH_PAGES, false);
	guest->heap = SIM_RAM_IPA;
	guest->cookie_next = 0x1000;
	sim_frame_enter(&frame, guest);
	guest->vm = tg_vm_create(&sim.sys, guest, limits, sim.guest_tas);
	sim_frame_leave(&frame);
	if (guest->vm)
		return guest;
	remove_regions(guest);
	free(guest);
	return NULL;
}

void sim_guest_destroy(struct tg_guest *guest)
{
	struct sim_frame frame;

	sim_frame_enter(&frame, guest);
	tg_vm_destroy(guest->vm);
	sim_frame_leave(&frame);
	if (guest->locked)
		sim_die("sim: the VM's lock was left taken");
	if (guest->pins)
		sim_die("I6: the guest is gone and %llu pins are not",
			(unsigned long long)guest->pins);
	remove_regions(guest);
	free(guest);
}

enum tg_status sim_guest_reset(struct tg_guest *guest)
{
	struct sim_frame frame;
	enum tg_status status;

	sim_frame_enter(&frame, guest);
	status = tg_vm_reset(guest->vm);
	sim_frame_leave(&frame);
	return status;
}

/* Its VMM has an interrupt for it. */
void sim_guest_offer_notif(struct tg_guest *guest)
{
	guest->has_interrupt = true;
	tg_vm_offer_notif(guest->vm);
}

/* The embedder's, whenever OP-TEE has raised its interrupt. */
void sim_guest_collect(struct tg_guest *guest)
{
	struct sim_frame frame;

	sim_frame_enter(&frame, guest);
	tg_vm_notif_collect(guest->vm);
	sim_frame_leave(&frame);
	if (guest->locked && guest->locker == sim.vcpu)
		sim_die("sim: the VM's lock was left taken");
}

static void check_results(const struct tg_regs *in, const struct tg_regs *out)
{
	/* Where the call is to be repeated its registers stay as they were. */
	bool kept = out->x[0] == OPTEE_RET_ETHREAD_LIMIT;

	for (unsigned int i = 0; i < 4; i++)
		if (out->x[i] >> 32 && !(kept && out->x[i] == in->x[i]))
			sim_die("I9: x%u came back as 0x%llx", i,
				(unsigned long long)out->x[i]);
	for (unsigned int i = 4; i < 8; i++)
		if (out->x[i] != in->x[i])
			sim_die("I9: x%u was not kept", i);
	for (unsigned int i = 0; i < 3 && !sim.scan_off; i++)
		if (sim_looks_like_pa(sim_pair(out->x[i], out->x[i + 1])) ||
		    sim_looks_like_pa(sim_pair(out->x[i + 1], out->x[i])))
			sim_die("I2: x%u and x%u hold a PA", i, i + 1);
}

static void note_registers(const char *what, const struct tg_guest *guest,
			   const struct tg_regs *regs)
{
	sim_note(" mark %u: %s", guest->serial, what);
	for (unsigned int i = 0; i < 8; i++)
		sim_note(" %llx", (unsigned long long)regs->x[i]);
	sim_note("\n");
}

/* One SMC instruction. */
void sim_guest_smc(struct tg_guest *guest, struct tg_regs *regs)
{
	struct tg_regs in = *regs;
	struct sim_frame frame;

	note_registers("smc", guest, regs);
	sim_frame_enter(&frame, guest);
	tg_vm_smc(guest->vm, regs);
	sim_frame_leave(&frame);
	note_registers("back", guest, regs);
	if (guest->locked && guest->locker == sim.vcpu)
		sim_die("sim: the VM's lock was left taken");
	check_results(&in, regs);
	sim_vcpu_point(SIM_OP_SMC_DONE);
}

/* A fast call without arguments: x0. */
uint32_t sim_guest_fast(struct tg_guest *guest, uint32_t id)
{
	struct tg_regs regs = { .x = { id } };

	sim_guest_smc(guest, &regs);
	return (uint32_t)regs.x[0];
}

/* The page that @ipa lies in, or SIM_NO_PAGE. */
uint32_t sim_guest_page(const struct tg_guest *guest, uint64_t ipa, bool write)
{
	for (uint32_t n = 0; n < guest->region_count; n++) {
		const struct sim_region *region = &guest->regions[n];
		uint64_t index = (ipa - region->ipa) / TG_PAGE_BYTES;

		if (ipa < region->ipa || index >= region->count)
			continue;
		if (write && region->read_only)
			return SIM_NO_PAGE;
		return region->pages[index];
	}
	return SIM_NO_PAGE;
}

/* Whole pages of RAM. They are not given back: a test is short. */
uint64_t sim_guest_alloc(struct tg_guest *guest, uint64_t bytes)
{
	uint64_t ipa = guest->heap;
	uint64_t pages = (bytes + TG_PAGE_MASK) / TG_PAGE_BYTES;

	guest->heap += (pages ? pages : 1) * TG_PAGE_BYTES;
	if (guest->heap >
	    SIM_RAM_IPA + (uint64_t)guest->regions[0].count * TG_PAGE_BYTES)
		sim_die("sim: the guest's memory is full");
	return ipa;
}

/* Where @ipa is; good to the end of its page. */
void *sim_guest_at(struct tg_guest *guest, uint64_t ipa)
{
	uint32_t page = sim_guest_page(guest, ipa, false);

	if (page == SIM_NO_PAGE)
		sim_die("sim: the guest has nothing at 0x%llx",
			(unsigned long long)ipa);
	return (uint8_t *)sim_page_va(page) + (ipa & TG_PAGE_MASK);
}

static size_t in_page(uint64_t ipa, size_t bytes)
{
	size_t room = TG_PAGE_BYTES - (ipa & TG_PAGE_MASK);

	return bytes < room ? bytes : room;
}

void sim_guest_read(struct tg_guest *guest, uint64_t ipa, void *dst,
		    size_t bytes)
{
	uint8_t *p = dst;

	while (bytes) {
		size_t n = in_page(ipa, bytes);

		memcpy(p, sim_guest_at(guest, ipa), n);
		p += n;
		ipa += n;
		bytes -= n;
	}
}

void sim_guest_write(struct tg_guest *guest, uint64_t ipa, const void *src,
		     size_t bytes)
{
	const uint8_t *p = src;

	while (bytes) {
		size_t n = in_page(ipa, bytes);

		memcpy(sim_guest_at(guest, ipa), p, n);
		p += n;
		ipa += n;
		bytes -= n;
	}
}

void sim_guest_fill(struct tg_guest *guest, uint64_t ipa, uint8_t value,
		    size_t bytes)
{
	while (bytes) {
		size_t n = in_page(ipa, bytes);

		memset(sim_guest_at(guest, ipa), value, n);
		ipa += n;
		bytes -= n;
	}
}
