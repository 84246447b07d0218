// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fail the Nth: every operation with its first, second, third … port call
 * failing until it succeeds. After each the guest must be able to go on as if
 * nothing had been, and nothing may have leaked.
 */
#include "common.h"

/* Does it on a guest with an open session; what comes of it is open. */
typedef void (*operation)(struct tg_guest *guest, uint32_t session);

#define COOKIE 0x77u
#define KEPT 0x78u

static uint64_t buffer;

static void op_open(struct tg_guest *guest, uint32_t session)
{
	struct sim_msg msg;

	(void)session;
	sim_msg_init(&msg, OPTEE_MSG_CMD_OPEN_SESSION, 0, 0);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN, 1,
		      2);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN, 3,
		      4);
	sim_call(guest, &msg);
}

static void op_invoke(struct tg_guest *guest, uint32_t session)
{
	struct sim_msg msg;

	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, buffer,
		     600 * 4096);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_OUT, buffer, 16);
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_INOUT, KEPT, 0, 16);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_INOUT, 1, 2);
	sim_call(guest, &msg);
}

static void op_register(struct tg_guest *guest, uint32_t session)
{
	(void)session;
	sim_register(guest, COOKIE, buffer, 1100 * 4096);
}

static void op_unregister(struct tg_guest *guest, uint32_t session)
{
	(void)session;
	sim_unregister(guest, KEPT);
}

static void op_time(struct tg_guest *guest, uint32_t session)
{
	struct sim_msg msg;

	msg_rpc(&msg, session, TEE_RPC_TIME, 2);
	sim_call(guest, &msg);
}

static void op_payload(struct tg_guest *guest, uint32_t session)
{
	struct sim_msg msg;

	msg_rpc(&msg, session, TEE_RPC_PAYLOAD, 2);
	sim_call(guest, &msg);
}

/* With its message, and room for RPCs, in the buffer. */
static void op_message(struct tg_guest *guest, uint32_t session)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_REGD_ARG, 0, KEPT,
				       64 } };
	struct sim_call call;
	struct sim_msg msg;

	msg_rpc(&msg, session, TEE_RPC_PAYLOAD, 1);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, buffer + 4096, 16);
	sim_call_send(&call, guest, buffer + 64, &msg, &regs);
	sim_call_finish(&call, &msg);
}

static void op_cache(struct tg_guest *guest, uint32_t session)
{
	sim_guest_fast(guest, OPTEE_SMC_ENABLE_SHM_CACHE);
	op_payload(guest, session);
	while (sim_guest_fast(guest, OPTEE_SMC_DISABLE_SHM_CACHE) ==
	       OPTEE_RET_OK)
		continue;
}

static void op_reset(struct tg_guest *guest, uint32_t session)
{
	struct sim_call call;
	struct sim_msg msg;

	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	sim_call_start(&call, guest, &msg);
	assert_int_equal(sim_guest_reset(guest), TG_OK);
}

/* The guest goes on: whatever was left over can be cleared, all works. */
static void go_on(struct tg_guest *guest)
{
	uint32_t session;

	/* The outcome of a call may have been lost on the way to the guest. */
	sim_unregister(guest, COOKIE);
	sim_unregister(guest, KEPT);
	assert_idle(guest);
	session = sim_open(guest);
	assert_int_equal(sim_register(guest, COOKIE, buffer, 4096), 0);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1), 0);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
	assert_int_equal(sim_close(guest, session), 0);
	assert_idle(guest);
}

static unsigned int fail_the_nth(operation op, uint32_t mask)
{
	unsigned int n = 0;

	do {
		struct tg_guest *guest = sim_guest_create(NULL);
		uint32_t session = sim_open(guest);
		uint32_t shadows;

		buffer = sim_guest_alloc(guest, 1100 * TG_PAGE_BYTES);
		assert_int_equal(sim_register(guest, KEPT, buffer, 4096), 0);
		sim.failed = false;
		sim.fail_mask = mask;
		sim.fail_in = ++n;
		op(guest, session);
		sim.fail_in = 0;
		go_on(guest);
		/* One shadow page for each call's slot that was used. */
		shadows = sim.shadows;
		assert_true(shadows <= 2);
		sim_guest_destroy(guest);
		assert_int_equal(sim.shadows, 0);
		assert_int_equal(sim.allocs, 0);
		assert_true(n < 1000);
	} while (sim.failed);
	return n;
}

static void every_way(operation op, unsigned int at_least)
{
	assert_true(fail_the_nth(op, 0) > at_least);
	for (unsigned int i = 0; i < SIM_OP_COUNT; i++)
		fail_the_nth(op, 1u << i);
}

static void fail_open(void **state)
{
	(void)state;
	every_way(op_open, 3);
}

static void fail_invoke(void **state)
{
	(void)state;
	every_way(op_invoke, 15);
}

static void fail_register(void **state)
{
	(void)state;
	every_way(op_register, 10);
}

static void fail_unregister(void **state)
{
	(void)state;
	every_way(op_unregister, 2);
}

static void fail_time(void **state)
{
	(void)state;
	every_way(op_time, 8);
}

static void fail_payload(void **state)
{
	(void)state;
	every_way(op_payload, 20);
}

static void fail_message(void **state)
{
	(void)state;
	every_way(op_message, 20);
}

static void fail_cache(void **state)
{
	(void)state;
	every_way(op_cache, 20);
}

static void fail_reset(void **state)
{
	(void)state;
	every_way(op_reset, 3);
}

/* The first call of all, and the VM itself. */
static void fail_create(void **state)
{
	unsigned int n = 0;
	bool made;

	(void)state;
	do {
		struct tg_guest *guest;

		sim.failed = false;
		sim.fail_in = ++n;
		guest = sim_guest_create(NULL);
		made = guest;
		if (!guest)
			continue;
		op_open(guest, 0);
		sim.fail_in = 0;
		sim_open(guest);
		sim_guest_destroy(guest);
		assert_int_equal(sim.allocs, 0);
	} while (sim.failed);
	assert_true(made);
	assert_true(n > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fail_create),   TEST(fail_open),	    TEST(fail_invoke),
		TEST(fail_register), TEST(fail_unregister), TEST(fail_time),
		TEST(fail_payload),  TEST(fail_message),    TEST(fail_cache),
		TEST(fail_reset),
	};

	return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
