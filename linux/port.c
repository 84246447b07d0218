// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core's port (tg/port.h) for Linux, except for pinning (pin.c), the SMC
 * instruction (smc.c) and traces (trace.c): guest memory through the VMM's own
 * addresses, memory of the core's own, locks, scheduling, time. It decides
 * nothing about OP-TEE's protocol.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timex.h>
#include <linux/uaccess.h>

#include <asm/arch_timer.h>

#include <tg/optee_abi.h>
#include <tg/port.h>

#include "guest.h"
#include "module.h"

static DEFINE_MUTEX(system_lock);

/*
 * A lock that is free is taken without the question whether something else
 * should run, which the other way asks each time, and an SMC takes six: that
 * is asked where OP-TEE returns (tg_port_should_yield()). Lockdep wants to see
 * the locks that may be waited for.
 */
#define TRY_FIRST !IS_ENABLED(CONFIG_LOCKDEP)

/* One step of a copy: as far as the region with @gpa goes. 0: no memory. */
static size_t copy_step(struct tg_guest *guest, u64 gpa, bool write,
			size_t bytes, void __user **ret_user)
{
	const struct teegate_region *region;
	u64 offset;

	region = region_table_find(&guest->regions, gpa, write);
	if (!region)
		return 0;
	offset = gpa - region->gpa;
	*ret_user = u64_to_user_ptr(region->hva + offset);
	return min_t(u64, bytes, region->bytes - offset);
}

/*
 * The kernel looks closely at a copy whose size it learns only here, and knows
 * the others from the compiler: those of a message that is fetched, of a value
 * and of a size or result that is given back.
 */
static unsigned long copy_in_step(void *dst, const void __user *user,
				  size_t bytes)
{
	if (bytes == optee_msg_bytes(4))
		return copy_from_user(dst, user, optee_msg_bytes(4));
	return copy_from_user(dst, user, bytes);
}

static unsigned long copy_out_step(void __user *user, const void *src,
				   size_t bytes)
{
	if (bytes == sizeof(u64))
		return copy_to_user(user, src, sizeof(u64));
	if (bytes == sizeof(struct optee_msg_value))
		return copy_to_user(user, src, sizeof(struct optee_msg_value));
	return copy_to_user(user, src, bytes);
}

/*
 * The memory map is held for reading all the while: once TEEGATE_SET_REGION
 * has returned, the VMM may use that memory for something else. A reader may
 * sleep for as long as the VMM's own fault handling takes, hence killable.
 */
static enum tg_status copy_lock(struct tg_guest *guest)
{
	if (!guest_is_mine(guest))
		return TG_GUEST_BAD_ADDRESS;
	if (TRY_FIRST && down_read_trylock(&guest->regions.lock))
		return TG_OK;
	if (down_read_killable(&guest->regions.lock))
		return TG_GUEST_BAD_ADDRESS;
	return TG_OK;
}

enum tg_status tg_port_copy_in(struct tg_guest *guest, struct tg_ipa ipa,
			       void *dst, size_t bytes)
{
	enum tg_status status = copy_lock(guest);
	u64 gpa = ipa.v;

	if (status != TG_OK)
		return status;
	while (bytes) {
		void __user *user;
		size_t step = copy_step(guest, gpa, false, bytes, &user);

		if (step == 0 || copy_in_step(dst, user, step)) {
			status = TG_GUEST_BAD_ADDRESS;
			break;
		}
		dst += step;
		gpa += step; /* no wrap: no region ends at 2^64 */
		bytes -= step;
	}
	up_read(&guest->regions.lock);
	return status;
}

static bool piece_out(struct tg_guest *guest, const struct tg_piece *piece)
{
	const void *src = piece->src;
	size_t bytes = piece->bytes;
	u64 gpa = piece->ipa.v;

	while (bytes) {
		void __user *user;
		size_t step = copy_step(guest, gpa, true, bytes, &user);

		if (step == 0 || copy_out_step(user, src, step))
			return false;
		src += step;
		gpa += step;
		bytes -= step;
	}
	return true;
}

enum tg_status tg_port_copy_out(struct tg_guest *guest,
				const struct tg_piece *pieces, size_t count)
{
	enum tg_status status = copy_lock(guest);

	if (status != TG_OK)
		return status;
	for (; count && status == TG_OK; count--, pieces++)
		if (!piece_out(guest, pieces))
			status = TG_GUEST_BAD_ADDRESS;
	up_read(&guest->regions.lock);
	return status;
}

/*
 * Where the host's pages are larger than OP-TEE's, a shadow page takes one
 * of the host's whole: nothing of the kernel's is beside what OP-TEE maps.
 */
bool tg_port_page_alloc(struct tg_page *ret_page)
{
	unsigned long va = get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (!va)
		return false;
	ret_page->va = (void *)va;
	ret_page->pa = tg_pa(virt_to_phys((void *)va));
	return true;
}

void tg_port_page_free(struct tg_page page)
{
	free_page((unsigned long)page.va);
}

void *tg_port_alloc(size_t bytes)
{
	return kvzalloc(bytes, GFP_KERNEL_ACCOUNT);
}

void tg_port_free(void *p)
{
	kvfree(p);
}

void tg_port_vm_lock(struct tg_guest *guest)
{
	if (!TRY_FIRST || !mutex_trylock(&guest->lock))
		mutex_lock(&guest->lock);
}

void tg_port_vm_unlock(struct tg_guest *guest)
{
	mutex_unlock(&guest->lock);
}

void tg_port_vm_assert_locked(struct tg_guest *guest)
{
	lockdep_assert_held(&guest->lock);
}

void tg_port_system_lock(void)
{
	mutex_lock(&system_lock);
}

void tg_port_system_unlock(void)
{
	mutex_unlock(&system_lock);
}

/*
 * The host's wish to run something else is met right here, so that it costs
 * the guest no trip. Only a signal has to go all the way up: it may mean that
 * the VMM wants this vCPU back, or that it is to die. So has what KVM wants of
 * a vCPU that came here without its VMM; others get that by a signal.
 */
bool tg_port_should_yield(struct tg_guest *guest)
{
	cond_resched();
	return signal_pending(current) || route_should_return();
}

/*
 * Read from the counter, which is the same on all CPUs: the kernel's clocks
 * take several times as long. Below 250 kHz the factor would not fit; the
 * architecture asks for 1 MHz.
 */
#define NS_SHIFT 20

uint64_t tg_port_time_ns(void)
{
	u32 factor =
		div_u64((u64)NSEC_PER_SEC << NS_SHIFT, arch_timer_get_cntfrq());

	return mul_u64_u32_shr(get_cycles(), factor, NS_SHIFT);
}

void tg_port_panic(const char *what)
{
	pr_emerg("assertion failed in the mediator: %s\n", what);
	BUG();
}
