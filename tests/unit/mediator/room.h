/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of calls with room for RPCs share: a call for the time, sent
 * in either way, and what must come of it. one_guest.h has the machine.
 */
#ifndef ROOM_H
#define ROOM_H

#include "one_guest.h"

#define COOKIE 0xffff000011112222ull
#define ROOM optee_msg_bytes(TEE_RPC_PARAMS)

/* Sends @msg in the buffer @cookie, which has it at @offset; that is @at. */
static inline uint32_t send_regd(struct sim_call *call, uint64_t at,
				 const struct sim_msg *msg, uint64_t cookie,
				 uint64_t offset)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_REGD_ARG, 0, 0,
				       offset } };

	sim_pair_set(&regs, 1, cookie);
	return sim_call_send(call, guest, at, msg, &regs);
}

static inline uint32_t send_at(struct sim_call *call, uint64_t at,
			       const struct sim_msg *msg)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_RPC_ARG } };

	sim_pair_set(&regs, 1, at);
	return sim_call_send(call, guest, at, msg, &regs);
}

static inline void msg_time(struct sim_msg *msg)
{
	msg_rpc(msg, session, TEE_RPC_TIME, 1);
}

static inline void assert_time(const struct sim_msg *msg)
{
	assert_int_equal(msg->ret, TEE_SUCCESS);
	assert_int_equal(msg->params[1].u.value.a, 1795435200);
	assert_int_equal(msg->params[1].u.value.b, 12345678);
}

/* Refused before OP-TEE hears of it, and nothing is kept. */
static inline void assert_bad(uint32_t x0, const struct sim_call *call,
			      uint32_t want)
{
	assert_int_equal(x0, want);
	for (unsigned int i = 1; i < 4; i++)
		assert_int_equal(call->regs.x[i], 0);
	assert_int_equal(stats_of(guest).calls_in_flight, 0);
}

#endif
