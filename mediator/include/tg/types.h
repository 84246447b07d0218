/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The vocabulary of the mediator's core: address kinds, ids and the status
 * enum. Nothing here depends on a port and nothing here has behaviour beyond
 * wrapping and unwrapping a number.
 *
 * Each kind of address is a type of its own. Passing a guest's address (IPA)
 * where OP-TEE's (PA) is wanted is the one mistake that would break isolation
 * between guests, so it must not compile.
 */
#ifndef TG_TYPES_H
#define TG_TYPES_H

#include <tg/std.h>

#define TG_PAGE_SHIFT 12
#define TG_PAGE_BYTES 4096u
#define TG_PAGE_MASK (TG_PAGE_BYTES - 1u)

#define TG_MUST_CHECK __attribute__((warn_unused_result))

/* An address as a guest knows it (intermediate physical address). */
struct tg_ipa {
	uint64_t v;
};

/* An address as OP-TEE and the host know it. Never shown to a guest (I2). */
struct tg_pa {
	uint64_t v;
};

/* A guest's name for a shared buffer. Opaque; zero names nothing. */
struct tg_cookie {
	uint64_t v;
};

/* OP-TEE's name for a VM: 0 is the hypervisor, 1 the host, 2 and up guests. */
struct tg_vmid {
	uint16_t v;
};

#define TG_VMID_HYPERVISOR ((struct tg_vmid){ 0 })
#define TG_VMID_HOST ((struct tg_vmid){ 1 })

static inline struct tg_ipa tg_ipa(uint64_t v)
{
	return (struct tg_ipa){ v };
}

static inline struct tg_pa tg_pa(uint64_t v)
{
	return (struct tg_pa){ v };
}

static inline struct tg_cookie tg_cookie(uint64_t v)
{
	return (struct tg_cookie){ v };
}

/* One page of normal-world memory that no guest can reach. */
struct tg_page {
	void *va;
	struct tg_pa pa;
};

/*
 * Registers of one SMC. In: x0 to x7 as the caller set them. Out: x0 to x3;
 * x4 to x7 keep what went in, as the SMC calling convention has it.
 */
struct tg_regs {
	uint64_t x[8];
};

/*
 * How an operation of the core ended. The class decides who hears of it: the
 * guest's fault is answered in the guest's protocol and never logged as an
 * error; the host's shortage is answered likewise and counted; of what policy
 * denies the administrator may be told as well; there is no status for the
 * impossible, which is asserted. The order is part of docs/abi.md: new ones
 * come last.
 */
enum tg_status {
	TG_OK = 0,

	/* The guest's fault. */
	TG_GUEST_BAD_ADDRESS, /* an IPA that is not shareable RAM */
	TG_GUEST_BAD_COMMAND, /* a message that OP-TEE would not decode */
	TG_GUEST_BAD_PARAM, /* a parameter that cannot be meant */
	TG_GUEST_BAD_RESUME, /* an unknown or busy call to resume (I7) */
	TG_GUEST_UNKNOWN_FUNCTION, /* refused by the policy table */

	/* The host's shortage. */
	TG_HOST_NO_MEMORY,
	TG_HOST_NO_PARTITION, /* OP-TEE would not take one more VM */
	TG_HOST_CALL_LIMIT, /* quota of calls in flight */
	TG_HOST_SHM_LIMIT, /* quota of shared buffers */
	TG_HOST_PIN_LIMIT, /* quota of pinned bytes */
	TG_HOST_RPC_LIMIT, /* quota of RPC buffers */
	TG_HOST_BUSY, /* reset or teardown under way */
	TG_HOST_NO_TEE, /* no OP-TEE, or one that cannot be used */
	TG_HOST_NO_VIRT, /* an OP-TEE built without NS virtualization */

	/* The administrator's policy: policy.c. */
	TG_DENIED_RPMB, /* the RPMB is not this guest's */
	TG_DENIED_TA, /* a trusted application that it may not use */
	TG_DENIED_STORAGE, /* no files for OP-TEE's storage */

	TG_HOST_SESSION_LIMIT, /* sessions open, and being opened */

	TG_STATUS_COUNT
};

#endif
