// SPDX-License-Identifier: BSD-2-Clause
/*
 * RPCs of OP-TEE to an honest guest: buffers for arguments, commands, shared
 * payloads, OP-TEE's cache of argument buffers, and the names of all these.
 * Dishonest answers are in answer_test.c.
 */
#include <string.h>

#include "one_guest.h"

static void command_with_a_value(void **state)
{
	struct sim_msg msg;

	(void)state;
	msg_rpc(&msg, session, TEE_RPC_TIME, 3);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(msg.params[1].u.value.a, 1795435200);
	assert_int_equal(msg.params[1].u.value.b, 12345678);
	assert_int_equal(guest->rpcs[TG_RPC_ALLOC], 1);
	assert_int_equal(guest->rpcs[TG_RPC_CMD], 3);
	assert_int_equal(guest->rpcs[TG_RPC_FREE], 1);
	assert_int_equal(guest->unknown_frees, 0);
}

static void payload(void **state)
{
	(void)state;
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 3),
			 TEE_SUCCESS);
	assert_int_equal(guest->rpc_cmds[OPTEE_RPC_CMD_SHM_ALLOC], 3);
	assert_int_equal(guest->rpc_cmds[OPTEE_RPC_CMD_SHM_FREE], 3);
	assert_int_equal(guest->rpc_cmds[OPTEE_RPC_CMD_FS], 6);
	assert_int_equal(guest->unknown_frees, 0);
}

static void payload_with_an_offset(void **state)
{
	(void)state;
	guest->payload_shift = 1000;
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1),
			 TEE_SUCCESS);
}

static void payload_that_is_contiguous(void **state)
{
	(void)state;
	guest->contiguous_payload = true;
	guest->payload_shift = 4095;
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 2),
			 TEE_SUCCESS);
}

/* OP-TEE keeps argument buffers, and gives them back when asked. */
static void cache_of_argument_buffers(void **state)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_DISABLE_SHM_CACHE } };
	uint64_t cookie;

	(void)state;
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_ENABLE_SHM_CACHE),
			 OPTEE_RET_OK);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_TIME, 1), 0);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_TIME, 1), 0);
	assert_int_equal(guest->rpcs[TG_RPC_ALLOC], 1);
	assert_int_equal(guest->rpcs[TG_RPC_FREE], 0);
	assert_int_equal(stats_of(guest).rpc_buffers, 1);
	sim_guest_smc(guest, &regs);
	assert_int_equal(regs.x[0], OPTEE_RET_OK);
	cookie = sim_pair(regs.x[1], regs.x[2]);
	assert_non_null(sim_buffer_find(guest, cookie));
	assert_int_equal(regs.x[3], 0);
	assert_int_equal(stats_of(guest).rpc_buffers, 0);
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_DISABLE_SHM_CACHE),
			 OPTEE_RET_ENOTAVAIL);
	/* I12: the name is free at once. */
	assert_int_equal(sim_register(guest, cookie, ipa, 4096), 0);
	assert_int_equal(sim_unregister(guest, cookie), 0);
}

static void cache_of_two_threads(void **state)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_ENABLE_SHM_CACHE),
			 OPTEE_RET_OK);
	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	sim_call_start(&call, guest, &msg);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_WAIT, 1), 0);
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_DISABLE_SHM_CACHE),
			 OPTEE_RET_EBUSY);
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_ENABLE_SHM_CACHE),
			 OPTEE_RET_EBUSY);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
	assert_int_equal(stats_of(guest).rpc_buffers, 2);
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_DISABLE_SHM_CACHE),
			 OPTEE_RET_OK);
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_DISABLE_SHM_CACHE),
			 OPTEE_RET_OK);
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_DISABLE_SHM_CACHE),
			 OPTEE_RET_ENOTAVAIL);
}

/* Neither taken, nor freed, nor used: the mediator says so by itself. */
static void assert_not_to_be_named(uint64_t cookie)
{
	uint64_t before = tee.smcs;
	struct sim_msg msg;

	assert_int_equal(sim_register(guest, cookie, ipa, 4096),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(sim_unregister(guest, cookie),
			 TEE_ERROR_BAD_PARAMETERS);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_INOUT, cookie, 0, 8);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	assert_refused(&msg, TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(tee.smcs, before);
}

static void i1_an_argument_buffers_name(void **state)
{
	struct sim_call call;
	struct sim_msg msg;
	uint64_t cookie;

	(void)state;
	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	assert_int_equal(sim_call_start(&call, guest, &msg), OPTEE_RPC_ALLOC);
	assert_int_equal(sim_call_step(&call), OPTEE_RPC_CMD);
	cookie = sim_pair(call.regs.x[1], call.regs.x[2]);

	assert_not_to_be_named(cookie);
	assert_int_equal(sim_call_step(&call), OPTEE_RPC_FREE);
	assert_int_equal(sim_pair(call.regs.x[1], call.regs.x[2]), cookie);
	/* I12: the guest hears that it is free, and so it is. */
	assert_int_equal(sim_register(guest, cookie, ipa, 4096), 0);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
	assert_int_equal(sim_unregister(guest, cookie), 0);
}

static struct tee_mobj *held;

static uint32_t hold_payload(struct tee_thread *thread, uint32_t func,
			     struct tee_param *params, uint32_t count)
{
	(void)func;
	(void)params;
	(void)count;
	held = tee_rpc_alloc(thread, 4096);
	assert_non_null(held);
	guest->yields = 1;
	tee_rpc_interrupt(thread);
	tee_rpc_free(thread, held);
	return TEE_SUCCESS;
}

/* A payload's name is no registered buffer's. */
static void i1_a_payloads_name(void **state)
{
	struct sim_call call;
	struct sim_msg msg;
	uint64_t cookie;

	(void)state;
	tee.invoke = hold_payload;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 0);
	assert_int_equal(sim_call_start(&call, guest, &msg), OPTEE_RPC_ALLOC);
	assert_int_equal(sim_call_step(&call), OPTEE_RPC_CMD);
	assert_int_equal(sim_call_step(&call), OPTEE_RPC_FOREIGN_INTR);
	tee.invoke = NULL;
	cookie = held->cookie;
	assert_not_to_be_named(cookie);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
	assert_int_equal(guest->unknown_frees, 0);
}

static unsigned int hook_hits;

/* The guest is about to be shown SHM_FREE. */
static void at_shm_free(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op != SIM_OP_COPY_OUT || !held)
		return;
	hook_hits++;
	assert_int_equal(sim.pins, 0);
	assert_int_equal(sim_register(guest, hook_hits, ipa, 4096), 0);
}

static uint32_t free_payload(struct tee_thread *thread, uint32_t func,
			     struct tee_param *params, uint32_t count)
{
	struct tee_mobj *mobj = tee_rpc_alloc(thread, 4096);

	(void)func;
	(void)params;
	(void)count;
	held = mobj;
	tee_rpc_free(thread, mobj);
	held = NULL;
	return TEE_SUCCESS;
}

static bool payload_is_called_1(struct tg_guest *g, struct tg_regs *regs,
				void *arg)
{
	(void)regs;
	(void)arg;
	g->cookie_next = sim_buffer_find(g, 0x1000) ? 1 : 0x1000;
	return false;
}

static void i12_a_payload_is_free_when_the_guest_hears(void **state)
{
	struct sim_msg msg;

	(void)state;
	hook_hits = 0;
	held = NULL;
	tee.invoke = free_payload;
	guest->rpc_hook = payload_is_called_1;
	sim_hook_set(at_shm_free, NULL);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 0);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	sim_hook_set(NULL, NULL);
	tee.invoke = NULL;
	assert_int_equal(hook_hits, 1);
	assert_int_equal(sim_unregister(guest, 1), 0);
}

static uint64_t raw_rpc;
static uint64_t raw_pair;
static struct tg_regs raw_answer;

static uint32_t ask_raw(struct tee_thread *thread, uint32_t func,
			struct tee_param *params, uint32_t count)
{
	(void)func;
	(void)params;
	(void)count;
	tee_rpc(thread, (uint32_t)raw_rpc, raw_pair);
	raw_answer = thread->in;
	return TEE_SUCCESS;
}

/* Questions that no OP-TEE asks: the mediator answers, no thread is lost. */
static void strange_questions(void **state)
{
	static const struct {
		uint64_t rpc;
		uint64_t pair;
	} rows[] = {
		{ OPTEE_RPC_ALLOC, 0 },	   { OPTEE_RPC_ALLOC, 31 },
		{ OPTEE_RPC_ALLOC, 4097 }, { OPTEE_RPC_ALLOC, 0xffffffff },
		{ OPTEE_RPC_CMD, 0x123 },  { OPTEE_RPC_CMD, 0 },
		{ 0xffff0001, 0 },	   { 0xffff1234, 0 },
	};
	struct sim_msg msg;

	(void)state;
	tee.invoke = ask_raw;
	for (size_t i = 0; i < ROWS(rows); i++) {
		raw_rpc = rows[i].rpc;
		raw_pair = rows[i].pair;
		sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 0);
		assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
		assert_int_equal(raw_answer.x[1], 0);
		assert_int_equal(raw_answer.x[2], 0);
		assert_int_equal(raw_answer.x[4], 0);
		assert_int_equal(raw_answer.x[5], 0);
	}
	tee.invoke = NULL;
	assert_int_equal(guest->rpcs[TG_RPC_ALLOC], 0);
}

/* Registers of each RPC as the guest gets them. */
static void i9_registers_of_an_rpc(void **state)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	assert_int_equal(sim_call_start(&call, guest, &msg), OPTEE_RPC_ALLOC);
	assert_int_equal(call.regs.x[1], optee_msg_bytes(4));
	assert_int_equal(call.regs.x[2], 0);
	assert_int_equal(sim_call_step(&call), OPTEE_RPC_CMD);
	assert_int_equal(sim_pair(call.regs.x[1], call.regs.x[2]), 0x1000);
	assert_int_equal(sim_call_step(&call), OPTEE_RPC_FREE);
	assert_int_equal(sim_pair(call.regs.x[1], call.regs.x[2]), 0x1000);
	assert_int_equal(sim_call_step(&call), OPTEE_RET_OK);
	for (unsigned int i = 1; i < 4; i++)
		assert_int_equal(call.regs.x[i], 0);
	guest->yields = 1;
	msg_rpc(&msg, session, TEE_RPC_INTERRUPT, 1);
	assert_int_equal(sim_call_start(&call, guest, &msg),
			 OPTEE_RPC_FOREIGN_INTR);
	assert_int_equal(call.regs.x[1], 0);
	assert_int_equal(call.regs.x[2], 0);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
}

static void rewrite_shown(const struct sim_event *event, void *arg)
{
	struct sim_buffer *buffer = sim_buffer_find(guest, 0x1000);

	(void)arg;
	/* The answer is being fetched a second time, or in parts. */
	if (event->op != SIM_OP_COPY_IN || !buffer ||
	    event->address < buffer->ipa ||
	    event->address >= buffer->ipa + buffer->bytes)
		return;
	hook_hits++;
}

static void i3_an_answer_is_fetched_once(void **state)
{
	(void)state;
	hook_hits = 0;
	sim_hook_set(rewrite_shown, NULL);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_TIME, 5), 0);
	sim_hook_set(NULL, NULL);
	assert_int_equal(hook_hits, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(command_with_a_value),
		GUEST_TEST(payload),
		GUEST_TEST(payload_with_an_offset),
		GUEST_TEST(payload_that_is_contiguous),
		GUEST_TEST(cache_of_argument_buffers),
		GUEST_TEST(cache_of_two_threads),
		GUEST_TEST(i1_an_argument_buffers_name),
		GUEST_TEST(i1_a_payloads_name),
		GUEST_TEST(i12_a_payload_is_free_when_the_guest_hears),
		GUEST_TEST(strange_questions),
		GUEST_TEST(i9_registers_of_an_rpc),
		GUEST_TEST(i3_an_answer_is_fetched_once),
	};

	return cmocka_run_group_tests_name("rpc", tests, NULL, NULL);
}
