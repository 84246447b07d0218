/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the CBMC harnesses share: "any value", what is proved and
 * for what is taken for granted, the marks on addresses, and the stubs of the
 * port that every harness needs. A harness includes the core's file that it is
 * about, so that it reaches static functions, and stubs what lies below with
 * what other harnesses prove of it.
 */
#ifndef PROOF_H
#define PROOF_H

#include "core.h"

/* CBMC takes a function of such a name for "any value of its type". */
bool nondet_bool(void);
uint8_t nondet_u8(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
enum tg_status nondet_status(void);

#define ASSUME(condition) __CPROVER_assume(condition)
#define PROVE(condition, what) __CPROVER_assert(condition, what)

/*
 * Every address that the port gives out has this bit; what comes from a guest
 * may be anything. So if OP-TEE is always shown the bit, no path can hand out
 * what the guest wrote: the guest may have written it without the bit.
 */
#define PA_MARK (1ull << 63)

static inline struct tg_pa any_pa(void)
{
	return tg_pa(nondet_u64() | PA_MARK);
}

/* A page's address: marked and aligned. */
static inline struct tg_pa any_page_pa(void)
{
	return tg_pa((nondet_u64() | PA_MARK) & ~(uint64_t)TG_PAGE_MASK);
}

/* Any status but TG_OK. */
static inline enum tg_status any_error(void)
{
	enum tg_status status = nondet_status();

	ASSUME(status > TG_OK && status < TG_STATUS_COUNT);
	return status;
}

static bool proof_locked;

/* An assertion of the core is an assertion here. */
void tg_port_panic(const char *what)
{
	(void)what;
	PROVE(false, "an assertion of the core fails");
	ASSUME(false);
	while (true)
		;
}

void tg_port_trace(struct tg_guest *guest, struct tg_vmid id,
		   enum tg_trace_event event, uint64_t a, uint64_t b)
{
	(void)guest;
	(void)id;
	(void)event;
	(void)a;
	(void)b;
}

/* The lock is taken once and not across what may sleep. */
static inline void proof_lock(void)
{
	PROVE(!proof_locked, "the lock is taken twice");
	proof_locked = true;
}

static inline void proof_unlock(void)
{
	PROVE(proof_locked, "a lock that was not taken is released");
	proof_locked = false;
}

#ifndef PROOF_OWN_LOCK
struct tg_locked tg_vm_lock(struct tg_vm *vm)
{
	proof_lock();
	return (struct tg_locked){ vm };
}

void tg_vm_unlock(struct tg_locked locked)
{
	(void)locked;
	proof_unlock();
}
#endif

#endif
