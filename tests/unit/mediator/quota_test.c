// SPDX-License-Identifier: BSD-2-Clause
/*
 * Quotas (I8): each at its limit, one beyond, and after release, with the
 * protocol's own error and all state as before.
 */
#include "common.h"

static struct tg_guest *guest;
static uint32_t session;
static uint64_t ipa;

static void make(const struct tg_limits *limits)
{
	guest = sim_guest_create(limits);
	session = sim_open(guest);
	ipa = sim_guest_alloc(guest, 16 * TG_PAGE_BYTES);
}

static void unmake(void)
{
	assert_idle(guest);
	sim_guest_destroy(guest);
}

static uint32_t touch_temp(uint64_t bytes)
{
	struct sim_msg msg;

	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, bytes);
	return invoke(guest, &msg);
}

static void i8_calls_in_flight(void **state)
{
	const struct tg_limits limits = { .calls = 2 };
	struct sim_call calls[2];
	struct tg_regs regs;
	struct sim_msg msg;
	uint64_t before;

	(void)state;
	make(&limits);
	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(sim_call_start(&calls[i], guest, &msg),
				 OPTEE_RPC_ALLOC);
	before = tee.smcs;
	regs = (struct tg_regs){ .x = { OPTEE_SMC_CALL_WITH_ARG, 1, 2, 3, 4, 5,
					6, 7 } };
	sim_guest_smc(guest, &regs);
	assert_int_equal(regs.x[0], OPTEE_RET_ETHREAD_LIMIT);
	for (unsigned int i = 1; i < 8; i++)
		assert_int_equal(regs.x[i], i);
	assert_int_equal(tee.smcs, before);
	assert_int_equal(stats_of(guest).calls_in_flight, 2);
	/* Those in flight go on, and their end makes room. */
	assert_int_equal(sim_call_finish(&calls[0], NULL), OPTEE_RET_OK);
	assert_int_equal(sim_call_start(&calls[0], guest, &msg),
			 OPTEE_RPC_ALLOC);
	assert_int_equal(sim_call_finish(&calls[0], NULL), OPTEE_RET_OK);
	assert_int_equal(sim_call_finish(&calls[1], NULL), OPTEE_RET_OK);
	unmake();
}

static void i8_the_largest_number_of_calls(void **state)
{
	const struct tg_limits limits = { .calls = TG_CALLS_MAX };
	struct sim_call calls[TG_CALLS_MAX];
	struct sim_msg msg;

	(void)state;
	tee.threads = TEE_THREADS_MAX;
	make(&limits);
	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	for (unsigned int i = 0; i < TG_CALLS_MAX; i++)
		assert_int_equal(sim_call_start(&calls[i], guest, &msg),
				 OPTEE_RPC_ALLOC);
	assert_int_equal(sim_call(guest, &msg), OPTEE_RET_ETHREAD_LIMIT);
	for (unsigned int i = 0; i < TG_CALLS_MAX; i++)
		assert_int_equal(sim_call_finish(&calls[i], NULL),
				 OPTEE_RET_OK);
	unmake();
}

static void i8_shared_buffers(void **state)
{
	const struct tg_limits limits = { .shm_buffers = 3 };
	uint64_t before;

	(void)state;
	make(&limits);
	for (uint64_t i = 1; i <= 3; i++)
		assert_int_equal(sim_register(guest, i, ipa, 4096), 0);
	before = tee.smcs;
	assert_int_equal(sim_register(guest, 4, ipa, 4096),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(tee.smcs, before);
	assert_int_equal(stats_of(guest).shm_buffers, 3);
	assert_int_equal(stats_of(guest).pinned_bytes, 3 * 4096);
	/* Temporary buffers are no shared ones. */
	assert_int_equal(touch_temp(4096), TEE_SUCCESS);
	/* A payload is; the guest is not even asked for it. */
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(guest->rpc_cmds[OPTEE_RPC_CMD_SHM_ALLOC], 0);
	assert_int_equal(sim_unregister(guest, 2), 0);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 2), 0);
	assert_int_equal(sim_register(guest, 4, ipa, 4096), 0);
	assert_int_equal(sim_unregister(guest, 1), 0);
	assert_int_equal(sim_unregister(guest, 3), 0);
	assert_int_equal(sim_unregister(guest, 4), 0);
	unmake();
}

static void i8_argument_buffers(void **state)
{
	const struct tg_limits limits = { .rpc_buffers = 1 };
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	make(&limits);
	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	assert_int_equal(sim_call_start(&call, guest, &msg), OPTEE_RPC_ALLOC);
	/* Being asked for counts already. */
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(guest->rpcs[TG_RPC_ALLOC], 0);
	assert_int_equal(sim_call_step(&call), OPTEE_RPC_CMD);
	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	unmake();
}

static void i8_pinned_bytes(void **state)
{
	const struct tg_limits limits = { .pinned_bytes = 4 * 4096 };
	uint64_t pins;

	(void)state;
	make(&limits);
	assert_int_equal(touch_temp(4 * 4096), TEE_SUCCESS);
	pins = sim.ops[SIM_OP_PIN];
	assert_int_equal(touch_temp(4 * 4096 + 1), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(sim_register(guest, 1, ipa, 5 * 4096),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(sim.ops[SIM_OP_PIN], pins);
	assert_int_equal(sim_register(guest, 1, ipa, 3 * 4096), 0);
	assert_int_equal(touch_temp(4096), TEE_SUCCESS);
	/* The same page twice is two pages. */
	assert_int_equal(touch_temp(4097), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(sim_register(guest, 2, ipa, 4096), 0);
	assert_int_equal(touch_temp(1), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(stats_of(guest).pinned_bytes, 4 * 4096);
	assert_int_equal(sim_unregister(guest, 1), 0);
	assert_int_equal(touch_temp(3 * 4096), TEE_SUCCESS);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1), 0);
	assert_int_equal(sim_unregister(guest, 2), 0);
	unmake();
}

/* A quota that is no whole number of pages is the lower one. */
/* A guest that could not hand a buffer over is not made to allocate it. */
static void i8_pinned_bytes_of_payloads(void **state)
{
	const struct tg_limits limits = { .pinned_bytes = 2 * 4096 };

	(void)state;
	make(&limits);
	assert_int_equal(sim_register(guest, 1, ipa, 4096), 0);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(guest->rpc_cmds[OPTEE_RPC_CMD_SHM_ALLOC], 0);
	assert_int_equal(sim_unregister(guest, 1), 0);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1), 0);
	assert_int_equal(guest->rpc_cmds[OPTEE_RPC_CMD_SHM_ALLOC], 1);
	unmake();
}

static void i8_pinned_bytes_that_are_no_pages(void **state)
{
	const struct tg_limits limits = { .pinned_bytes = 2 * 4096 - 1 };

	(void)state;
	make(&limits);
	assert_int_equal(touch_temp(4096), TEE_SUCCESS);
	assert_int_equal(touch_temp(4097), TEE_ERROR_OUT_OF_MEMORY);
	unmake();
}

/* The surroundings' own limit, as RLIMIT_MEMLOCK. */
static void i8_the_hosts_limit_of_pins(void **state)
{
	(void)state;
	make(NULL);
	sim.fail_mask = 1u << SIM_OP_PIN;
	sim.fail_pin_with = TG_HOST_PIN_LIMIT;
	sim.fail_in = 1;
	assert_int_equal(touch_temp(4096), TEE_ERROR_OUT_OF_MEMORY);
	assert_true(sim.failed);
	assert_int_equal(touch_temp(4096), TEE_SUCCESS);
	assert_int_equal(stats_of(guest).refused[TG_HOST_PIN_LIMIT], 1);
	unmake();
}

/* What one guest uses up is not another's. */
static void i8_quotas_are_a_guests_own(void **state)
{
	const struct tg_limits limits = { .shm_buffers = 1,
					  .pinned_bytes = 4096 };
	struct tg_guest *other;
	uint64_t at;

	(void)state;
	make(&limits);
	other = sim_guest_create(&limits);
	at = sim_guest_alloc(other, 4096);
	assert_int_equal(sim_register(guest, 1, ipa, 4096), 0);
	assert_int_equal(sim_register(other, 1, at, 4096), 0);
	assert_int_equal(sim_register(guest, 2, ipa, 4096),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(sim_unregister(other, 1), 0);
	assert_int_equal(sim_register(guest, 2, ipa, 4096),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(sim_unregister(guest, 1), 0);
	sim_guest_destroy(other);
	unmake();
}

/* A hundred thousand refusals leave nothing behind. */
static void i8_refusals_cost_nothing(void **state)
{
	const struct tg_limits limits = { .shm_buffers = 1,
					  .pinned_bytes = 4096 };
	uint64_t list;
	uint32_t shadows;
	struct sim_msg msg;

	(void)state;
	make(&limits);
	assert_int_equal(sim_register(guest, 1, ipa, 4096), 0);
	list = sim_pagelist(guest, ipa, 1);
	sim_msg_init(&msg, OPTEE_MSG_CMD_REGISTER_SHM, 0, 0);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG,
		     list, 4096, 2);
	shadows = sim.shadows;
	for (unsigned int i = 0; i < 100000; i++) {
		assert_int_equal(sim_call_at(guest, ipa, &msg), OPTEE_RET_OK);
		assert_int_equal(msg.ret, TEE_ERROR_OUT_OF_MEMORY);
	}
	assert_int_equal(sim.shadows, shadows);
	assert_int_equal(sim_unregister(guest, 1), 0);
	unmake();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(i8_calls_in_flight),
		TEST(i8_the_largest_number_of_calls),
		TEST(i8_shared_buffers),
		TEST(i8_argument_buffers),
		TEST(i8_pinned_bytes),
		TEST(i8_pinned_bytes_of_payloads),
		TEST(i8_pinned_bytes_that_are_no_pages),
		TEST(i8_the_hosts_limit_of_pins),
		TEST(i8_quotas_are_a_guests_own),
		TEST(i8_refusals_cost_nothing),
	};

	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
