/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the mediator's core asks of its surroundings, and nothing else. Every
 * environment (the Linux module, the simulator, fuzzers, proofs, another
 * hypervisor) implements these names and the linker chooses; there are no
 * function pointers. docs/porting.md says how to write a port.
 *
 * struct tg_guest belongs to the port: its view of one guest (memory map,
 * lock, owner). The core only hands the pointer back.
 *
 * No function here may call back into the core.
 */
#ifndef TG_PORT_H
#define TG_PORT_H

#include <tg/types.h>

struct tg_guest;

/* What an event is about; @a and @b as said there. */
enum tg_trace_event {
	TG_TRACE_SMC_IN, /* a: function id, b: x3 */
	TG_TRACE_SMC_OUT, /* a: function id, b: x0 given to the guest */
	TG_TRACE_TEE_IN, /* a: function id, b: 0 */
	TG_TRACE_TEE_OUT, /* a: function id, b: x0 from OP-TEE */
	TG_TRACE_RPC_CMD, /* a: RPC command, b: number of parameters */
	TG_TRACE_REFUSED, /* a: enum tg_status, b: function id or command */
	TG_TRACE_PARTITION_CREATED, /* a, b: 0 */
	TG_TRACE_PARTITION_DESTROYED, /* a, b: 0 */
	TG_TRACE_PARTITION_NONE, /* OP-TEE had no room. a, b: 0 */
	TG_TRACE_TA_DENIED, /* a, b: the UUID's halves, first byte highest */
	TG_TRACE_NOTIF, /* a: bit n: value n waits for the guest, b: 0 */
	TG_TRACE_COUNT
};

/* What guest memory is to hold. */
struct tg_piece {
	struct tg_ipa ipa;
	const void *src;
	size_t bytes;
};

/*
 * Copies guest memory in, or pieces of it out in their order, whatever pages
 * they span. All or nothing as the core sees it: on failure the destination's
 * content is unspecified. Returns TG_OK or TG_GUEST_BAD_ADDRESS. May sleep;
 * called without locks held.
 */
enum tg_status tg_port_copy_in(struct tg_guest *guest, struct tg_ipa ipa,
			       void *dst, size_t bytes) TG_MUST_CHECK;
enum tg_status tg_port_copy_out(struct tg_guest *guest,
				const struct tg_piece *pieces,
				size_t count) TG_MUST_CHECK;

/*
 * Pins @count guest pages, each named by its page-aligned IPA, so that they
 * stay where they are until unpinned, and stores where that is. A page named
 * twice is pinned twice. Only writable RAM of this guest may be pinned.
 * All or nothing; TG_OK, TG_GUEST_BAD_ADDRESS, TG_HOST_PIN_LIMIT (the
 * surroundings' own limit, as RLIMIT_MEMLOCK) or TG_HOST_NO_MEMORY. May sleep.
 */
enum tg_status tg_port_pin(struct tg_guest *guest, const struct tg_ipa *ipas,
			   size_t count, struct tg_pa *ret_pas) TG_MUST_CHECK;
void tg_port_unpin(struct tg_guest *guest, const struct tg_pa *pas,
		   size_t count);

/* A zeroed page that OP-TEE may be shown. False when there is none. */
bool tg_port_page_alloc(struct tg_page *ret_page) TG_MUST_CHECK;
void tg_port_page_free(struct tg_page page);

/* Zeroed memory for the core's own records; NULL when there is none. */
void *tg_port_alloc(size_t bytes) TG_MUST_CHECK;
void tg_port_free(void *p);

/*
 * Issues one SMC with all eight registers and stores x0 to x3. Interrupts of
 * the host stay enabled around it.
 */
void tg_port_smc(struct tg_regs *regs);

/*
 * The VM's lock and the system's one. Held for short, never across an SMC
 * that can yield nor across a copy or a pin. Order: VM, then system.
 */
void tg_port_vm_lock(struct tg_guest *guest);
void tg_port_vm_unlock(struct tg_guest *guest);
void tg_port_vm_assert_locked(struct tg_guest *guest);
void tg_port_system_lock(void);
void tg_port_system_unlock(void);

/*
 * True when the core should give the CPU back at the next opportunity: a
 * signal for this thread, a wish to reschedule, an interrupt for this vCPU.
 */
bool tg_port_should_yield(struct tg_guest *guest);

/*
 * Tells of an event that a guest caused. The port counts, traces, and for
 * events that an administrator should see logs at a limited rate (I11).
 * @a and @b are the event's numbers; never an address of the host.
 */
void tg_port_trace(struct tg_guest *guest, struct tg_vmid id,
		   enum tg_trace_event event, uint64_t a, uint64_t b);

/*
 * Raises the guest's interrupt for notifications: of guests that were offered
 * them only (tg_vm_offer_notif()). One that nobody takes is no matter. Called
 * without locks held; does not sleep.
 */
void tg_port_interrupt(struct tg_guest *guest);

/* Monotonic nanoseconds, for latency counters only. */
uint64_t tg_port_time_ns(void);

/* An assertion of the core failed: an impossible state. Does not return. */
void tg_port_panic(const char *what) __attribute__((noreturn));

#endif
