/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fixture of most tests: a fresh machine with one guest that has a session
 * and memory to work with, idle at the end. What needs no guest, or more of
 * them, has common.h alone.
 */
#ifndef ONE_GUEST_H
#define ONE_GUEST_H

#include "common.h"

extern struct tg_guest *guest;
extern uint32_t session;
extern uint64_t ipa; /* of eight pages */

int one_guest_setup(void **state);
int one_guest_setup_rpc_arg(void **state);
int one_guest_teardown(void **state);

#define GUEST_TEST(f) \
	cmocka_unit_test_setup_teardown(f, one_guest_setup, one_guest_teardown)

/* With a driver that has its messages in a registered page, RPCs behind them. */
#define RPC_ARG_TEST(f)                                             \
	cmocka_unit_test_setup_teardown(f, one_guest_setup_rpc_arg, \
					one_guest_teardown)

/* An invocation with a buffer that goes by @cookie, and its result. */
void msg_use(struct sim_msg *msg, uint64_t cookie, uint64_t offs,
	     uint64_t size);
uint32_t use(uint64_t cookie, uint64_t offs, uint64_t size);

/* The mediator refuses @cookie, and OP-TEE does not hear of it. */
void assert_unknown(uint64_t cookie);

#endif
