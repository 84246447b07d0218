// SPDX-License-Identifier: BSD-2-Clause
/*
 * A well-behaved virtual CPU: it uses OP-TEE as Linux does and looks at every
 * result. Whatever other guests do, whatever interrupts come, each must be
 * right; the only things that it puts up with are "no thread free", "no
 * partition", and OP-TEE itself being out of memory.
 */
#include <string.h>

#include "soak.h"

#define DATA_BYTES (SOAK_DATA_PAGES * TG_PAGE_BYTES)

static void expect(struct soak_vcpu *v, bool right, const char *what,
		   uint32_t got)
{
	if (!right)
		sim_die("a well-behaved guest (mark %u) is wronged: %s (0x%x)",
			v->vm->guest->serial, what, got);
}

static uint64_t message_cookie(const struct soak_vcpu *v)
{
	return 0xffffa46500000000ull + v->message;
}

/* Registrations have their message elsewhere, as in Linux. */
static uint32_t send(struct soak_vcpu *v, struct sim_msg *msg)
{
	struct tg_regs regs = { .x = { v->call_with } };
	bool registration = msg->cmd == OPTEE_MSG_CMD_REGISTER_SHM ||
			    msg->cmd == OPTEE_MSG_CMD_UNREGISTER_SHM;
	struct sim_call call;

	sim_pair_set(&regs, 1, v->message);
	if (v->message_shared && !registration) {
		regs.x[0] = OPTEE_SMC_CALL_WITH_REGD_ARG;
		sim_pair_set(&regs, 1, message_cookie(v));
	}
	sim_call_send(&call, v->vm->guest, v->message, msg, &regs);
	return sim_call_finish(&call, msg);
}

/* The whole call with its RPCs; repeated while OP-TEE has no thread. */
static uint32_t call(struct soak_vcpu *v, struct sim_msg *msg)
{
	uint32_t x0;

	do {
		msg->ret = 0xdeadbeef;
		x0 = send(v, msg);
		if (x0 == OPTEE_RET_ETHREAD_LIMIT)
			sim_vcpu_switch();
	} while (x0 == OPTEE_RET_ETHREAD_LIMIT);
	return x0;
}

static void call_well(struct soak_vcpu *v, struct sim_msg *msg,
		      const char *what)
{
	uint32_t x0 = call(v, msg);

	expect(v, x0 == OPTEE_RET_OK, what, x0);
	expect(v, msg->ret == TEE_SUCCESS, what, msg->ret);
}

static void fast_calls(struct soak_vcpu *v)
{
	/* The upper half selects nothing. */
	struct tg_regs regs = { .x = { 0x5555555500000000ull |
				       OPTEE_SMC_CALLS_UID } };

	sim_guest_smc(v->vm->guest, &regs);
	expect(v, regs.x[0] == OPTEE_API_UID_0 && regs.x[3] == OPTEE_API_UID_3,
	       "another UID", (uint32_t)regs.x[0]);
	regs = (struct tg_regs){ .x = { OPTEE_SMC_GET_THREAD_COUNT } };
	sim_guest_smc(v->vm->guest, &regs);
	expect(v, regs.x[0] == OPTEE_RET_OK && regs.x[1], "no threads",
	       (uint32_t)regs.x[1]);
}

static bool has_partition(struct soak_vcpu *v)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_EXCHANGE_CAPS } };

	sim_guest_smc(v->vm->guest, &regs);
	if (regs.x[0] == OPTEE_RET_ENOTAVAIL)
		return false;
	expect(v, regs.x[0] == OPTEE_RET_OK, "capabilities",
	       (uint32_t)regs.x[0]);
	expect(v, !(regs.x[1] & OPTEE_SEC_CAP_VIRTUALIZATION),
	       "shown what it must not see", (uint32_t)regs.x[1]);
	return true;
}

/* As Linux does at an interrupt, also when it was another virtual CPU's. */
static void notifications(struct soak_vcpu *v)
{
	struct tg_guest *guest = v->vm->guest;
	struct tg_regs regs;
	struct sim_msg msg;

	if (!guest->has_interrupt)
		return;
	do {
		regs = (struct tg_regs){
			.x = { OPTEE_SMC_GET_ASYNC_NOTIF_VALUE }
		};
		sim_guest_smc(guest, &regs);
		expect(v, regs.x[0] == OPTEE_RET_OK, "no value",
		       (uint32_t)regs.x[0]);
		expect(v,
		       !(regs.x[2] & OPTEE_ASYNC_NOTIF_VALID) ||
			       regs.x[1] == soak_value(guest),
		       "another's value", (uint32_t)regs.x[1]);
	} while (regs.x[2] & OPTEE_ASYNC_NOTIF_PENDING);
	if (!(regs.x[2] & OPTEE_ASYNC_NOTIF_VALID))
		return;
	sim_msg_init(&msg, OPTEE_MSG_CMD_DO_BOTTOM_HALF, 0, 0);
	regs.x[0] = call(v, &msg);
	expect(v, regs.x[0] == OPTEE_RET_OK, "no bottom half",
	       (uint32_t)regs.x[0]);
}

static void notifications_enable(struct soak_vcpu *v)
{
	uint32_t x0;

	if (!v->vm->guest->has_interrupt)
		return;
	x0 = sim_guest_fast(v->vm->guest, OPTEE_SMC_ENABLE_ASYNC_NOTIF);
	expect(v, x0 == OPTEE_RET_OK, "no notifications", x0);
}

/* How it makes its calls from now on: one of the three ways. */
static void choose_way(struct soak_vcpu *v)
{
	uint32_t way = dice_below(3);
	struct sim_msg msg;

	v->call_with = OPTEE_SMC_CALL_WITH_ARG;
	v->message_shared = false;
	if (way == 0)
		return;
	v->call_with = OPTEE_SMC_CALL_WITH_RPC_ARG;
	if (way == 1)
		return;
	sim_msg_init(&msg, OPTEE_MSG_CMD_REGISTER_SHM, 0, 0);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_OUT, v->message, TG_PAGE_BYTES,
		     message_cookie(v));
	expect(v, call(v, &msg) == OPTEE_RET_OK, "a page for messages", 0);
	v->message_shared = msg.ret == TEE_SUCCESS;
	expect(v,
	       v->message_shared || (msg.ret == TEE_ERROR_OUT_OF_MEMORY &&
				     msg.ret_origin == TEE_ORIGIN_TEE),
	       "a page for messages", msg.ret);
}

static void open_session(struct soak_vcpu *v)
{
	const uint64_t meta = OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;
	struct sim_msg msg;

	sim_msg_init(&msg, OPTEE_MSG_CMD_OPEN_SESSION, 0, 0);
	sim_msg_value(&msg, meta, sim_mark(v->vm->guest, 1), 0);
	sim_msg_value(&msg, meta, 0, 0);
	call_well(v, &msg, "no session");
	expect(v, msg.session != 0, "session 0", 0);
	v->session = msg.session;
}

static void close_session(struct soak_vcpu *v)
{
	struct sim_msg msg;

	sim_msg_init(&msg, OPTEE_MSG_CMD_CLOSE_SESSION, v->session, 0);
	call_well(v, &msg, "the session does not close");
	v->session = 0;
}

static void values(struct soak_vcpu *v)
{
	uint64_t mark = sim_mark(v->vm->guest, 0x100);
	struct sim_msg msg;

	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, v->session,
		     TEE_TA_TOUCH);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_IN, mark, mark);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_INOUT, mark, mark);
	call_well(v, &msg, "values");
	expect(v, msg.params[0].u.value.a == mark, "an input changed", 0);
	expect(v, msg.params[1].u.value.a == mark + 1, "another value",
	       (uint32_t)msg.params[1].u.value.a);
	expect(v, msg.params[1].u.value.b == 0, "another sum",
	       (uint32_t)msg.params[1].u.value.b);
}

static void fill(struct soak_vcpu *v)
{
	v->pattern = (uint8_t)(v->pattern + 37);
	sim_guest_fill(v->vm->guest, v->data, v->pattern, DATA_BYTES);
}

/* All of the data is as it was but for @bytes at @offset, which are @now. */
static void compare(struct soak_vcpu *v, uint64_t offset, uint64_t bytes,
		    uint8_t now)
{
	struct tg_guest *guest = v->vm->guest;
	uint8_t want[TG_PAGE_BYTES];

	for (uint64_t at = 0; at < DATA_BYTES; at += TG_PAGE_BYTES) {
		uint64_t from = offset > at ? offset - at : 0;
		uint64_t to = offset + bytes > at ? offset + bytes - at : 0;

		memset(want, v->pattern, sizeof(want));
		if (to > TG_PAGE_BYTES)
			to = TG_PAGE_BYTES;
		if (from < to)
			memset(want + from, now, to - from);
		expect(v,
		       !memcmp(want, sim_guest_at(guest, v->data + at),
			       TG_PAGE_BYTES),
		       "other bytes in its buffer", now);
	}
}

static uint8_t pattern_after(const struct soak_vcpu *v, uint64_t attr)
{
	switch (attr & 3) {
	case 1:
		return v->pattern;
	case 2:
		return 0x5a;
	default:
		return (uint8_t)(v->pattern + 1);
	}
}

/* A buffer across a page boundary, contiguous or by a list. */
static void temporary(struct soak_vcpu *v)
{
	uint64_t attr = OPTEE_MSG_ATTR_TMEM_IN + dice_below(3);
	uint64_t bytes = 1 + dice_below(300);
	uint64_t offset = TG_PAGE_BYTES * dice_below(3);
	uint64_t at;
	struct sim_msg msg;

	if (offset)
		offset -= bytes / 2;
	at = v->data + offset;
	fill(v);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, v->session,
		     TEE_TA_TOUCH);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_OUT, 0, 0);
	if (dice_below(2)) {
		sim_pagelist_fill(v->vm->guest, v->list, at, 3);
		sim_msg_tmem(&msg, attr | OPTEE_MSG_ATTR_NONCONTIG,
			     v->list | (at & TG_PAGE_MASK), bytes, at + 1);
	} else {
		sim_msg_tmem(&msg, attr, at, bytes, at + 1);
	}
	call_well(v, &msg, "a temporary buffer");
	compare(v, offset, bytes, pattern_after(v, attr));
	if (attr == OPTEE_MSG_ATTR_TMEM_IN)
		expect(v, msg.params[0].u.value.b == bytes * v->pattern,
		       "another sum", (uint32_t)msg.params[0].u.value.b);
	if (attr == OPTEE_MSG_ATTR_TMEM_OUT)
		expect(v, msg.params[1].u.tmem.size == bytes / 2,
		       "another size", (uint32_t)msg.params[1].u.tmem.size);
}

/* False when OP-TEE itself had no memory for it. */
static bool register_data(struct soak_vcpu *v)
{
	struct sim_msg msg;
	uint32_t x0;

	sim_pagelist_fill(v->vm->guest, v->list, v->data, SOAK_DATA_PAGES);
	sim_msg_init(&msg, OPTEE_MSG_CMD_REGISTER_SHM, 0, 0);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG,
		     v->list, DATA_BYTES, v->cookie);
	x0 = call(v, &msg);
	expect(v, x0 == OPTEE_RET_OK, "registration", x0);
	if (msg.ret == TEE_ERROR_OUT_OF_MEMORY &&
	    msg.ret_origin == TEE_ORIGIN_TEE)
		return false;
	expect(v, msg.ret == TEE_SUCCESS, "registration", msg.ret);
	return true;
}

static void unregister_data(struct soak_vcpu *v)
{
	struct sim_msg msg;

	do {
		sim_msg_init(&msg, OPTEE_MSG_CMD_UNREGISTER_SHM, 0, 0);
		sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_IN, v->cookie, 0, 0);
		expect(v, call(v, &msg) == OPTEE_RET_OK, "unregister", 0);
	} while (msg.ret == TEE_ERROR_BUSY && msg.ret_origin == TEE_ORIGIN_TEE);
	expect(v, msg.ret == TEE_SUCCESS, "unregister", msg.ret);
}

static void registered(struct soak_vcpu *v)
{
	uint64_t attr = OPTEE_MSG_ATTR_RMEM_IN + dice_below(3);
	uint64_t bytes = 1 + dice_below(200);
	uint64_t offset = 2 * TG_PAGE_BYTES - dice_below(200);
	struct sim_msg msg;

	if (!register_data(v))
		return;
	for (uint32_t n = dice_below(3); n; n--) {
		fill(v);
		sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, v->session,
			     TEE_TA_TOUCH);
		sim_msg_rmem(&msg, attr, v->cookie, offset, bytes);
		call_well(v, &msg, "a registered buffer");
		compare(v, offset, bytes, pattern_after(v, attr));
	}
	unregister_data(v);
}

/* More pages than one page of a list names: pages may be named again. */
static void long_list(struct soak_vcpu *v)
{
	uint64_t bytes = 1 + dice_below(100);
	uint64_t at = (SOAK_LONG_LIST - 2) * TG_PAGE_BYTES;
	struct tg_guest *guest = v->vm->guest;
	struct sim_msg msg;
	uint32_t x0;

	for (uint32_t i = 0; i < SOAK_LONG_LIST; i++) {
		uint64_t page = v->data + i % SOAK_DATA_PAGES * TG_PAGE_BYTES;
		uint64_t n = i + i / OPTEE_PAGELIST_ENTRIES;

		sim_guest_write(guest, v->list + n * 8, &page, 8);
	}
	x0 = (uint32_t)v->list + TG_PAGE_BYTES;
	sim_guest_write(guest, v->list + OPTEE_PAGELIST_ENTRIES * 8,
			&(uint64_t){ x0 }, 8);
	sim_msg_init(&msg, OPTEE_MSG_CMD_REGISTER_SHM, 0, 0);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG,
		     v->list, SOAK_LONG_LIST * TG_PAGE_BYTES, v->cookie);
	x0 = call(v, &msg);
	expect(v, x0 == OPTEE_RET_OK, "a long list", x0);
	if (msg.ret == TEE_ERROR_OUT_OF_MEMORY &&
	    msg.ret_origin == TEE_ORIGIN_TEE)
		return;
	expect(v, msg.ret == TEE_SUCCESS, "a long list", msg.ret);
	fill(v);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, v->session,
		     TEE_TA_TOUCH);
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_INOUT, v->cookie, at, bytes);
	call_well(v, &msg, "a long buffer");
	compare(v, at % DATA_BYTES, bytes, (uint8_t)(v->pattern + 1));
	unregister_data(v);
}

static void rpcs(struct soak_vcpu *v)
{
	struct sim_msg msg;
	uint32_t kind = dice_below(4);

	if (kind == TEE_RPC_PAYLOAD && dice_below(8))
		kind = TEE_RPC_TIME;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, v->session,
		     TEE_TA_RPC);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_IN, kind, 1 + dice_below(3));
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_OUT, 0, 0);
	call_well(v, &msg, "an RPC");
	if (kind == TEE_RPC_TIME)
		expect(v, msg.params[1].u.value.b == 12345678, "another time",
		       (uint32_t)msg.params[1].u.value.b);
}

/* As Linux does when it wants its buffers back; OP-TEE may be at work. */
static void clear_cache(struct soak_vcpu *v)
{
	struct tg_regs regs;

	do {
		struct sim_buffer *buffer;

		regs = (struct tg_regs){ .x = { OPTEE_SMC_DISABLE_SHM_CACHE } };
		sim_guest_smc(v->vm->guest, &regs);
		if (regs.x[0] != OPTEE_RET_OK)
			break;
		buffer = sim_buffer_find(v->vm->guest,
					 sim_pair(regs.x[1], regs.x[2]));
		expect(v, buffer && buffer->is_arg,
		       "given a buffer that it never gave",
		       (uint32_t)regs.x[2]);
		buffer->cookie = 0;
	} while (!soak.ending);
	expect(v,
	       soak.ending || regs.x[0] == OPTEE_RET_ENOTAVAIL ||
		       regs.x[0] == OPTEE_RET_EBUSY,
	       "the cache does not clear", (uint32_t)regs.x[0]);
	regs = (struct tg_regs){ .x = { OPTEE_SMC_ENABLE_SHM_CACHE } };
	sim_guest_smc(v->vm->guest, &regs);
}

static void act(struct soak_vcpu *v)
{
	if (!v->session)
		open_session(v);
	switch (dice_below(16)) {
	case 0:
		fast_calls(v);
		break;
	case 1:
		if (dice_below(4))
			close_session(v);
		else
			long_list(v);
		break;
	case 2:
		clear_cache(v);
		break;
	case 3:
	case 4:
	case 5:
		temporary(v);
		break;
	case 6:
	case 7:
	case 8:
		registered(v);
		break;
	case 9:
	case 10:
	case 11:
		rpcs(v);
		break;
	default:
		values(v);
		break;
	}
}

void honest_body(void *vcpu)
{
	struct soak_vcpu *v = vcpu;
	struct tg_guest *guest = v->vm->guest;

	if (!v->message) {
		v->message = sim_guest_alloc(guest, TG_PAGE_BYTES);
		v->list = sim_guest_alloc(guest, 2 * TG_PAGE_BYTES);
		/* The first one's is at IPA 0, which is RAM like any other. */
		v->data = v == v->vm->vcpus ?
				  0 :
				  sim_guest_alloc(guest, DATA_BYTES);
	}
	v->cookie = 0xffff880000000000ull + v->data;
	v->session = 0;
	while (!has_partition(v))
		fast_calls(v);
	choose_way(v);
	notifications_enable(v);
	while (!soak.ending) {
		notifications(v);
		act(v);
	}
}
