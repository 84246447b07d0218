// SPDX-License-Identifier: BSD-2-Clause
/*
 * The core's port to the simulated machine: tg/port.h's functions, each with
 * the checks that a real machine would not make. Guests' maps are in guest.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "tee.h"
#include "vcpu.h"

/* Counts down to the failure that the test asked for. */
bool sim_fails(enum sim_op op)
{
	if (sim.fail_mask && !(sim.fail_mask & 1u << op))
		return false;
	if (sim.fail_guest &&
	    (!sim.frame || sim.frame->guest != sim.fail_guest))
		return false;
	if (!sim.fail_in || --sim.fail_in)
		return false;
	sim.failed = true;
	sim_note("    port call %u is made to fail\n", op);
	return true;
}

static void check_caller(struct tg_guest *guest, const char *what)
{
	if (!sim.frame || sim.frame->guest != guest)
		sim_die("sim: %s for a guest that did not call", what);
}

static void check_unlocked(struct tg_guest *guest, const char *what)
{
	if ((sim.system_locked && sim.system_locker == sim.vcpu) ||
	    (guest && guest->locked && guest->locker == sim.vcpu))
		sim_die("sim: %s under a lock", what);
}

/* I3: what was read once is not read again for the same decision. */
static void note_fetch(uint64_t ipa, uint64_t bytes)
{
	struct sim_frame *frame = sim.frame;

	for (uint32_t i = 0; i < frame->fetches; i++) {
		const struct sim_fetch *old = &frame->fetched[i];

		if (ipa < old->ipa + old->bytes && old->ipa < ipa + bytes &&
		    !sim.refetch_allowed && !frame->guest->hostile)
			sim_die("I3: %llu bytes at 0x%llx are fetched again",
				(unsigned long long)bytes,
				(unsigned long long)ipa);
	}
	if (frame->fetches < SIM_FETCH_MAX)
		frame->fetched[frame->fetches++] =
			(struct sim_fetch){ ipa, bytes };
}

/* All bytes must be there before the first is moved. */
static bool range_ok(struct tg_guest *guest, uint64_t ipa, size_t bytes,
		     bool write)
{
	uint64_t last = ipa + bytes - 1;

	if (!bytes || last < ipa)
		return false;
	for (uint64_t at = ipa & ~(uint64_t)TG_PAGE_MASK; at <= last;
	     at += TG_PAGE_BYTES) {
		if (sim_guest_page(guest, at, write) == SIM_NO_PAGE)
			return false;
		if (at > UINT64_MAX - TG_PAGE_BYTES)
			break;
	}
	return true;
}

enum tg_status tg_port_copy_in(struct tg_guest *guest, struct tg_ipa ipa,
			       void *dst, size_t bytes)
{
	struct sim_event event = { SIM_OP_COPY_IN, guest, ipa.v, bytes, NULL };

	check_caller(guest, "copy in");
	check_unlocked(guest, "copy in");
	sim_hook_run(&event);
	memset(dst, 0xa5, bytes);
	if (sim_fails(SIM_OP_COPY_IN) || !range_ok(guest, ipa.v, bytes, false))
		return TG_GUEST_BAD_ADDRESS;
	note_fetch(ipa.v, bytes);
	sim_note("    copy in %zu at 0x%llx\n", bytes,
		 (unsigned long long)ipa.v);
	sim_guest_read(guest, ipa.v, dst, bytes);
	return TG_OK;
}

static enum tg_status piece_out(struct tg_guest *guest,
				const struct tg_piece *piece)
{
	uint64_t ipa = piece->ipa.v;
	struct sim_event event = { SIM_OP_COPY_OUT, guest, ipa, piece->bytes,
				   NULL };

	sim_hook_run(&event);
	sim_scan("a copy out", piece->src, piece->bytes);
	if (sim_fails(SIM_OP_COPY_OUT) ||
	    !range_ok(guest, ipa, piece->bytes, true))
		return TG_GUEST_BAD_ADDRESS;
	sim_note("    copy out %zu at 0x%llx\n", piece->bytes,
		 (unsigned long long)ipa);
	sim_guest_write(guest, ipa, piece->src, piece->bytes);
	return TG_OK;
}

enum tg_status tg_port_copy_out(struct tg_guest *guest,
				const struct tg_piece *pieces, size_t count)
{
	enum tg_status status = TG_OK;

	check_caller(guest, "copy out");
	check_unlocked(guest, "copy out");
	for (size_t i = 0; i < count && status == TG_OK; i++)
		status = piece_out(guest, &pieces[i]);
	return status;
}

enum tg_status tg_port_pin(struct tg_guest *guest, const struct tg_ipa *ipas,
			   size_t count, struct tg_pa *ret_pas)
{
	struct sim_event event = { SIM_OP_PIN, guest, count ? ipas[0].v : 0,
				   count * TG_PAGE_BYTES, NULL };

	check_caller(guest, "pin");
	check_unlocked(guest, "pin");
	sim_hook_run(&event);
	if (sim_fails(SIM_OP_PIN))
		return sim.fail_pin_with;
	for (size_t i = 0; i < count; i++) {
		if (ipas[i].v & TG_PAGE_MASK)
			sim_die("sim: pin of 0x%llx, which is no page",
				(unsigned long long)ipas[i].v);
		if (sim_guest_page(guest, ipas[i].v, true) == SIM_NO_PAGE)
			return TG_GUEST_BAD_ADDRESS;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t page = sim_guest_page(guest, ipas[i].v, true);

		sim.pages[page].pins++;
		sim.pins++;
		guest->pins++;
		ret_pas[i] = tg_pa(sim_page_pa(page));
	}
	sim_note("    pin %zu from 0x%llx on\n", count,
		 count ? (unsigned long long)ipas[0].v : 0);
	return TG_OK;
}

void tg_port_unpin(struct tg_guest *guest, const struct tg_pa *pas,
		   size_t count)
{
	struct sim_event event = { SIM_OP_UNPIN, guest, count ? pas[0].v : 0,
				   count * TG_PAGE_BYTES, NULL };

	check_caller(guest, "unpin");
	check_unlocked(guest, "unpin");
	sim_hook_run(&event);
	for (size_t i = 0; i < count; i++) {
		uint32_t n = sim_page_of_pa(pas[i].v);
		struct sim_page *page = n == SIM_NO_PAGE ? NULL : &sim.pages[n];

		if (!page || pas[i].v & TG_PAGE_MASK ||
		    page->kind != SIM_PAGE_GUEST || page->owner != guest ||
		    !page->pins)
			sim_die("sim: unpin of 0x%llx that is not pinned",
				(unsigned long long)pas[i].v);
		page->pins--;
		sim.pins--;
		guest->pins--;
		if (page->pins < page->holds)
			sim_die("I1: page %u unpinned, OP-TEE holds it", n);
	}
}

bool tg_port_page_alloc(struct tg_page *ret_page)
{
	struct sim_event event = { SIM_OP_PAGE_ALLOC, NULL, 0, 0, NULL };
	uint32_t page;

	check_unlocked(sim.frame ? sim.frame->guest : NULL, "page alloc");
	sim_hook_run(&event);
	if (sim_fails(SIM_OP_PAGE_ALLOC))
		return false;
	page = sim_page_take(SIM_PAGE_SHADOW,
			     sim.frame ? sim.frame->guest : NULL);
	if (page == SIM_NO_PAGE)
		return false;
	sim.shadows++;
	ret_page->va = sim_page_va(page);
	ret_page->pa = tg_pa(sim_page_pa(page));
	return true;
}

void tg_port_page_free(struct tg_page page)
{
	struct sim_event event = { SIM_OP_PAGE_FREE, NULL, page.pa.v, 0, NULL };
	uint32_t n = sim_page_of_pa(page.pa.v);

	if (n == SIM_NO_PAGE || sim.pages[n].kind != SIM_PAGE_SHADOW ||
	    page.va != sim_page_va(n))
		sim_die("sim: free of a page that is none");
	sim.ops[event.op]++;
	sim_page_give(n);
	sim.shadows--;
}

void *tg_port_alloc(size_t bytes)
{
	struct sim_event event = { SIM_OP_ALLOC, NULL, 0, bytes, NULL };
	void *p;

	check_unlocked(sim.frame ? sim.frame->guest : NULL, "alloc");
	sim_hook_run(&event);
	if (!bytes || sim_fails(SIM_OP_ALLOC))
		return NULL;
	p = calloc(1, bytes);
	if (p)
		sim.allocs++;
	return p;
}

void tg_port_free(void *p)
{
	if (!p)
		return;
	if (!sim.allocs)
		sim_die("sim: more frees than allocations");
	sim.allocs--;
	free(p);
}

void tg_port_smc(struct tg_regs *regs)
{
	struct tg_guest *guest = sim.frame ? sim.frame->guest : NULL;
	struct sim_event event = { SIM_OP_SMC_ENTER, guest, 0, 0, regs };

	if (!(regs->x[0] & 0x80000000u))
		check_unlocked(guest, "a yielding SMC");
	if (sim.frame)
		sim.frame->gets = regs->x[0] == OPTEE_SMC_GET_ASYNC_NOTIF_VALUE;
	if (sim.frame && sim.frame->wanted)
		sim_die("sim: an SMC by a thread that is wanted elsewhere");
	sim_hook_run(&event);
	tee_smc(regs);
	event.op = SIM_OP_SMC_LEAVE;
	sim_hook_run(&event);
}

void tg_port_vm_lock(struct tg_guest *guest)
{
	sim_vcpu_point(SIM_OP_LOCK);
	if ((guest->locked && guest->locker == sim.vcpu) ||
	    (sim.system_locked && sim.system_locker == sim.vcpu))
		sim_die("sim: the VM's lock is taken twice or out of order");
	sim_vcpu_wait(&guest->locked);
	guest->locked = true;
	guest->locker = sim.vcpu;
}

void tg_port_vm_unlock(struct tg_guest *guest)
{
	if (!guest->locked || guest->locker != sim.vcpu)
		sim_die("sim: the VM's lock was not taken");
	guest->locked = false;
	guest->locker = NULL;
	sim_vcpu_point(SIM_OP_UNLOCK);
}

void tg_port_vm_assert_locked(struct tg_guest *guest)
{
	if (!guest->locked || guest->locker != sim.vcpu)
		sim_die("sim: the VM's lock should be held");
}

void tg_port_system_lock(void)
{
	sim_vcpu_point(SIM_OP_LOCK);
	if (sim.system_locked && sim.system_locker == sim.vcpu)
		sim_die("sim: the system's lock is taken twice");
	sim_vcpu_wait(&sim.system_locked);
	sim.system_locked = true;
	sim.system_locker = sim.vcpu;
}

void tg_port_system_unlock(void)
{
	if (!sim.system_locked || sim.system_locker != sim.vcpu)
		sim_die("sim: the system's lock was not taken");
	sim.system_locked = false;
	sim.system_locker = NULL;
	sim_vcpu_point(SIM_OP_UNLOCK);
}

bool tg_port_should_yield(struct tg_guest *guest)
{
	guest->yield_asked++;
	if (!guest->yields)
		return false;
	guest->yields--;
	if (sim.frame)
		sim.frame->wanted = true;
	return true;
}

void tg_port_interrupt(struct tg_guest *guest)
{
	check_caller(guest, "interrupt");
	check_unlocked(guest, "interrupt");
	if (!guest->has_interrupt)
		sim_die("sim: a guest without an interrupt gets one");
	guest->interrupts++;
}

static const char *const event_names[TG_TRACE_COUNT] = {
	[TG_TRACE_SMC_IN] = "smc in",
	[TG_TRACE_SMC_OUT] = "smc out",
	[TG_TRACE_TEE_IN] = "tee in",
	[TG_TRACE_TEE_OUT] = "tee out",
	[TG_TRACE_RPC_CMD] = "rpc command",
	[TG_TRACE_REFUSED] = "refused",
	[TG_TRACE_PARTITION_CREATED] = "partition created",
	[TG_TRACE_PARTITION_DESTROYED] = "partition destroyed",
	[TG_TRACE_PARTITION_NONE] = "no partition",
	[TG_TRACE_TA_DENIED] = "TA denied",
	[TG_TRACE_NOTIF] = "notified",
};

void tg_port_trace(struct tg_guest *guest, struct tg_vmid id,
		   enum tg_trace_event event, uint64_t a, uint64_t b)
{
	if ((unsigned int)event >= TG_TRACE_COUNT)
		sim_die("sim: trace event %u does not exist",
			(unsigned int)event);
	if (!sim.scan_off && (sim_looks_like_pa(a) || sim_looks_like_pa(b)))
		sim_die("I2: an address of the host in a trace event");
	sim.trace[sim.trace_count++ % SIM_TRACE_MAX] =
		(struct sim_trace_entry){ id, event, a, b };
	sim.trace_counts[event]++;
	if (sim.observer)
		sim.observer(guest, event, a, b);
	sim_note("  VM %u: %s 0x%llx 0x%llx\n", id.v, event_names[event],
		 (unsigned long long)a, (unsigned long long)b);
}

uint64_t tg_port_time_ns(void)
{
	sim.now_ns += 1000;
	return sim.now_ns;
}

void tg_port_panic(const char *what)
{
	sim_die("%s", what);
}
