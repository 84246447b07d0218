/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest of the simulated machine: its memory map and a model of an OP-TEE
 * driver, with every field of every message open to the test. What OP-TEE
 * does with the messages is in tee.h.
 */
#ifndef SIM_GUEST_H
#define SIM_GUEST_H

#include "sim.h"

#define SIM_REGIONS_MAX 6u
#define SIM_BUFFERS_MAX 1200u

struct sim_region {
	uint64_t ipa;
	uint32_t count;
	bool read_only;
	uint32_t *pages; /* index into sim.pages, scattered on purpose */
};

/* Memory that the driver gave OP-TEE through an RPC. */
struct sim_buffer {
	uint64_t cookie; /* 0: unused entry */
	uint64_t ipa;
	uint64_t bytes;
	uint64_t list; /* its page list, once it had one */
	bool is_arg; /* by RPC ALLOC, else by SHM_ALLOC */
};

/* Answers an RPC instead of the driver; false leaves it to the driver. */
typedef bool (*sim_rpc_hook)(struct tg_guest *guest, struct tg_regs *regs,
			     void *arg);

struct tg_guest {
	struct tg_vm *vm;
	struct sim_region regions[SIM_REGIONS_MAX];
	uint32_t region_count;
	uint64_t heap; /* next free IPA in region 0 */
	bool locked;
	struct sim_vcpu *locker;
	uint32_t serial; /* of its marks; 0: it makes none */
	uint64_t pins; /* alive */
	bool has_interrupt; /* it was offered notifications */
	uint64_t interrupts; /* that the port raised */
	uint64_t yields; /* tg_port_should_yield() says true this often */
	uint64_t yield_asked;

	/* The driver. */
	struct sim_buffer buffers[SIM_BUFFERS_MAX];
	uint64_t cookie_next;
	bool reuse_cookies; /* a name is used again as soon as it is free */
	bool contiguous_payload; /* answer SHM_ALLOC without NONCONTIG */
	uint32_t payload_shift; /* offset of the payload in its first page */
	sim_rpc_hook rpc_hook;
	void *rpc_hook_arg;
	uint64_t rpcs[TG_RPC_KIND_COUNT]; /* that it served */
	uint64_t rpc_cmds[16];
	uint64_t unknown_frees;
	uint32_t call_with; /* function id of its calls; 0: CALL_WITH_ARG */
	uint64_t args_ipa; /* the page for CALL_WITH_REGD_ARG, registered */
	uint32_t args_next;
	uint64_t rpc_ipa; /* an RPC's message behind that of a call, or 0 */
	bool hostile; /* its driver may meet what makes no sense */
	bool forges_names; /* it uses the mediator's own for its buffers */
};

/* A message as the guest has it; a whole page. */
struct sim_msg {
	uint32_t cmd;
	uint32_t func;
	uint32_t session;
	uint32_t cancel_id;
	uint32_t pad;
	uint32_t ret;
	uint32_t ret_origin;
	uint32_t num_params;
	struct optee_msg_param params[OPTEE_MSG_PARAMS_MAX];
};

_Static_assert(sizeof(struct sim_msg) == 4096, "a message fills a page");

/* A call of the guest that can be taken step by step. */
struct sim_call {
	struct tg_guest *guest;
	uint64_t ipa; /* of the message */
	struct tg_regs regs; /* as they came back last */
	uint64_t rpc_ipa; /* of the room for RPCs behind it, or 0 */
};

/* guest.c: memory and SMCs. Every guest has the map below. */
#define SIM_RAM_IPA 0x40000000ull /* region 0 */
#define SIM_RAM_PAGES 2560u
#define SIM_ROM_IPA 0x10000000ull
#define SIM_ROM_PAGES 4u
#define SIM_LOW_PAGES 8u /* at IPA 0 */
#define SIM_HIGH_IPA 0x280000000ull
#define SIM_HIGH_PAGES 16u

struct tg_guest *sim_guest_create(const struct tg_limits *limits);
void sim_guest_destroy(struct tg_guest *guest);
enum tg_status sim_guest_reset(struct tg_guest *guest);
void sim_guest_smc(struct tg_guest *guest, struct tg_regs *regs);
uint32_t sim_guest_fast(struct tg_guest *guest, uint32_t id);
void sim_guest_offer_notif(struct tg_guest *guest);
void sim_guest_collect(struct tg_guest *guest); /* OP-TEE's interrupt came */
uint32_t sim_guest_page(const struct tg_guest *guest, uint64_t ipa, bool write);
uint64_t sim_guest_alloc(struct tg_guest *guest, uint64_t bytes);
void *sim_guest_at(struct tg_guest *guest, uint64_t ipa);
void sim_guest_read(struct tg_guest *guest, uint64_t ipa, void *dst,
		    size_t bytes);
void sim_guest_write(struct tg_guest *guest, uint64_t ipa, const void *src,
		     size_t bytes);
void sim_guest_fill(struct tg_guest *guest, uint64_t ipa, uint8_t value,
		    size_t bytes);

/* driver.c: messages, page lists and calls */
uint64_t sim_pagelist(struct tg_guest *guest, uint64_t ipa, uint64_t pages);
void sim_pagelist_fill(struct tg_guest *guest, uint64_t list, uint64_t ipa,
		       uint64_t pages);
void sim_msg_init(struct sim_msg *msg, uint32_t cmd, uint32_t session,
		  uint32_t func);
struct optee_msg_param *sim_msg_value(struct sim_msg *msg, uint64_t attr,
				      uint64_t a, uint64_t b);
struct optee_msg_param *sim_msg_rmem(struct sim_msg *msg, uint64_t attr,
				     uint64_t cookie, uint64_t offs,
				     uint64_t size);
struct optee_msg_param *sim_msg_tmem(struct sim_msg *msg, uint64_t attr,
				     uint64_t buf_ptr, uint64_t size,
				     uint64_t shm_ref);
struct optee_msg_param *sim_msg_temp(struct tg_guest *guest,
				     struct sim_msg *msg, uint64_t attr,
				     uint64_t ipa, uint64_t size);

/* x0 after the whole call, RPCs served; @msg is read back. */
uint32_t sim_call(struct tg_guest *guest, struct sim_msg *msg);
uint32_t sim_call_at(struct tg_guest *guest, uint64_t ipa, struct sim_msg *msg);
/* @regs: the function and where the message is, which is at @ipa as well. */
uint32_t sim_call_send(struct sim_call *call, struct tg_guest *guest,
		       uint64_t ipa, const struct sim_msg *msg,
		       const struct tg_regs *regs);
uint32_t sim_call_start(struct sim_call *call, struct tg_guest *guest,
			const struct sim_msg *msg);
uint32_t sim_call_step(struct sim_call *call); /* serve, resume */
uint32_t sim_call_resume(struct sim_call *call); /* resume as regs say */
uint32_t sim_call_finish(struct sim_call *call, struct sim_msg *msg);
bool sim_call_is_suspended(const struct sim_call *call);
/* From @first on, one that is, or is not, suspended; @first if there is none. */
struct sim_call *sim_call_pick(struct sim_call *calls, uint32_t count,
			       uint32_t first, bool suspended);

uint32_t sim_open(struct tg_guest *guest); /* the session, or dies */
uint32_t sim_close(struct tg_guest *guest, uint32_t session);
uint32_t sim_register(struct tg_guest *guest, uint64_t cookie, uint64_t ipa,
		      uint64_t size);
uint32_t sim_unregister(struct tg_guest *guest, uint64_t cookie);

/* The name of the page that a driver with CALL_WITH_REGD_ARG registers. */
#define SIM_ARGS_COOKIE 0xffffa46500000000ull

/* supplicant.c: answers to RPCs */
void sim_rpc_serve(struct tg_guest *guest, struct tg_regs *regs);
uint64_t sim_rpc_ipa(struct tg_guest *guest, const struct tg_regs *regs,
		     uint64_t *ret_bytes);
struct sim_buffer *sim_buffer_find(struct tg_guest *guest, uint64_t cookie);
struct sim_buffer *sim_buffer_new(struct tg_guest *guest, uint64_t bytes,
				  bool is_arg);

/*
 * A number that says whose it is. No other guest may ever get to see it:
 * sim_scan() looks. One that a TA has counted up by bytes is none any more.
 */
#define SIM_MARK_MAGIC 0x7e6a93d1u

static inline uint64_t sim_mark(const struct tg_guest *guest, uint16_t low)
{
	uint64_t serial = guest->serial & 0xff;

	if (!serial)
		return low;
	return (uint64_t)SIM_MARK_MAGIC << 32 | serial << 24 |
	       (serial ^ 0xff) << 16 | low;
}

/* Two registers that hold 64 bits, upper half first. */
static inline uint64_t sim_pair(uint64_t upper, uint64_t lower)
{
	return (uint64_t)(uint32_t)upper << 32 | (uint32_t)lower;
}

static inline void sim_pair_set(struct tg_regs *regs, unsigned int n,
				uint64_t v)
{
	regs->x[n] = v >> 32;
	regs->x[n + 1] = (uint32_t)v;
}

#endif
