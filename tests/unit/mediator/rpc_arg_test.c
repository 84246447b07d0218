// SPDX-License-Identifier: BSD-2-Clause
/*
 * Calls that bring room for their RPCs: behind a message at an IPA
 * (CALL_WITH_RPC_ARG) or in a registered buffer (CALL_WITH_REGD_ARG). Which
 * buffers, and for how long, is in regd_arg_test.c; what a guest may answer, in
 * answer_test.c as well.
 */
#include <string.h>

#include "room.h"

/* The longest message of an RPC that the mediator takes. */
#define RPC_PARAMS_MAX 8u

static uint64_t rpcs_of(enum tg_rpc_kind kind)
{
	return stats_of(guest).rpcs[kind];
}

/* The same work: what OP-TEE has to ask for without the room. */
static void no_buffer_is_asked_for(void **state)
{
	static const uint32_t ways[] = { OPTEE_SMC_CALL_WITH_ARG,
					 OPTEE_SMC_CALL_WITH_RPC_ARG,
					 OPTEE_SMC_CALL_WITH_REGD_ARG };

	(void)state;
	for (size_t i = 0; i < ROWS(ways); i++) {
		uint64_t allocs = rpcs_of(TG_RPC_ALLOC);
		uint64_t frees = rpcs_of(TG_RPC_FREE);
		uint64_t cmds = rpcs_of(TG_RPC_CMD);
		struct sim_msg msg;

		guest->call_with = ways[i];
		msg_time(&msg);
		assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
		assert_time(&msg);
		assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 2),
				 TEE_SUCCESS);
		/* One pair for each call. */
		assert_int_equal(rpcs_of(TG_RPC_ALLOC) - allocs, i ? 0 : 2);
		assert_int_equal(rpcs_of(TG_RPC_FREE) - frees, i ? 0 : 2);
		/* The time, and for each payload two and two of files. */
		assert_int_equal(rpcs_of(TG_RPC_CMD) - cmds, 9);
	}
}

static void one_function_reaches_optee(void **state)
{
	static const uint32_t ways[] = { OPTEE_SMC_CALL_WITH_RPC_ARG,
					 OPTEE_SMC_CALL_WITH_REGD_ARG };
	struct sim_msg msg;

	(void)state;
	for (size_t i = 0; i < ROWS(ways); i++) {
		guest->call_with = ways[i];
		sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session,
			     TEE_TA_NOP);
		assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
		/* I1: that it names a shadow page, the model has looked. */
		assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_REGD_ARG);
	}
}

static void capabilities(struct tg_regs *regs)
{
	*regs = (struct tg_regs){ .x = { OPTEE_SMC_EXCHANGE_CAPS } };
	sim_guest_smc(guest, regs);
	assert_int_equal(regs->x[0], OPTEE_RET_OK);
	assert_int_equal(regs->x[2], 0);
}

static void assert_offered(bool offered)
{
	struct sim_call call;
	struct sim_msg msg;
	struct tg_regs regs;

	capabilities(&regs);
	assert_int_equal(!!(regs.x[1] & OPTEE_SEC_CAP_RPC_ARG), offered);
	/* I9: without the capability the register says nothing. */
	assert_int_equal(regs.x[3], offered ? sim.sys.tee.rpc_params_max : 0);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_NOP);
	assert_int_equal(send_at(&call, ipa, &msg),
			 offered ? OPTEE_RET_OK : OPTEE_RET_UNKNOWN_FUNCTION);
	assert_int_equal(send_regd(&call, ipa, &msg, COOKIE, 0),
			 offered ? OPTEE_RET_OK : OPTEE_RET_UNKNOWN_FUNCTION);
}

/* Where OP-TEE offers it, in a length that the mediator takes. */
static void i9_who_is_offered_it(void **state)
{
	static const uint32_t lengths[] = { 0, RPC_PARAMS_MAX + 1, UINT32_MAX };
	struct tg_tee_info *info = &sim.sys.tee;

	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	assert_offered(true);
	sim.sys.rpc_arg_denied = true;
	assert_offered(false);
	sim.sys.rpc_arg_denied = false;
	info->capabilities &= ~OPTEE_SEC_CAP_RPC_ARG;
	assert_offered(false);
	info->capabilities |= OPTEE_SEC_CAP_RPC_ARG;
	for (size_t i = 0; i < ROWS(lengths); i++) {
		info->rpc_params_max = lengths[i];
		assert_offered(false);
	}
	info->rpc_params_max = RPC_PARAMS_MAX;
	assert_offered(true);
	info->rpc_params_max = TEE_RPC_PARAMS;
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/* The message and the room share the shadow page, or it is refused. */
static void i1_longest_message(void **state)
{
	const uint32_t most = (uint32_t)((4096 - 32 - ROOM) / 32);
	struct sim_call call;
	struct sim_msg msg;
	uint64_t before;

	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 2 * 4096), 0);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_NOP);
	/* OP-TEE is told of the shadow page with the first call. */
	assert_int_equal(send_at(&call, ipa, &msg), OPTEE_RET_OK);
	msg.num_params = most;
	before = tee.smcs;
	assert_int_equal(send_at(&call, ipa, &msg), OPTEE_RET_OK);
	assert_int_equal(send_regd(&call, ipa, &msg, COOKIE, 0), OPTEE_RET_OK);
	assert_int_equal(tee.smcs, before + 2);
	before = tee.smcs;
	for (msg.num_params = most + 1; msg.num_params <= 128;
	     msg.num_params++) {
		assert_bad(send_at(&call, ipa, &msg), &call, OPTEE_RET_EBADCMD);
		assert_bad(send_regd(&call, ipa, &msg, COOKIE, 0), &call,
			   OPTEE_RET_EBADCMD);
	}
	assert_int_equal(tee.smcs, before);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/* I4: where the answer is follows from what was fetched, not from the guest. */
static void i4_the_count_changes_meanwhile(void **state)
{
	static const uint32_t counts[] = { 0, 1, 3, 127, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < ROWS(counts); i++) {
		struct sim_call call;
		struct sim_msg msg;

		msg_time(&msg);
		assert_int_equal(send_at(&call, ipa, &msg), OPTEE_RPC_CMD);
		sim_guest_write(guest, ipa + 28, &counts[i], 4);
		msg.num_params = 2;
		assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
		sim_guest_read(guest, ipa, &msg, optee_msg_bytes(2));
		assert_time(&msg);
		assert_int_equal(msg.num_params, counts[i]);
	}
}

/* Half of an RPC's answer lies over the message, which another vCPU sends. */
static void i3_messages_that_overlap(void **state)
{
	struct sim_call a;
	struct sim_call b;
	struct sim_msg msg;

	(void)state;
	msg_time(&msg);
	assert_int_equal(send_at(&a, ipa, &msg), OPTEE_RPC_CMD);
	/* In the room of the first. */
	assert_int_equal(send_at(&b, ipa + 96, &msg), OPTEE_RPC_CMD);
	/* The first finds no answer there that it could use, and ends. */
	assert_int_equal(sim_call_resume(&a), OPTEE_RET_OK);
	assert_int_equal(sim_call_finish(&b, &msg), OPTEE_RET_OK);
	assert_time(&msg);
}

static uint32_t second_x0;
static unsigned int second_hits;

/* While the one answer is fetched, another vCPU gives its own. */
static void answer_as_well(const struct sim_event *event, void *arg)
{
	struct sim_call second = *(struct sim_call *)arg;

	if (event->op != SIM_OP_COPY_IN || second_hits++)
		return;
	second_x0 = sim_call_resume(&second);
}

static void i7_two_answers_to_one_message(void **state)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	second_x0 = 0;
	second_hits = 0;
	msg_time(&msg);
	assert_int_equal(send_at(&call, ipa, &msg), OPTEE_RPC_CMD);
	sim_hook_set(answer_as_well, &call);
	assert_int_equal(sim_call_finish(&call, &msg), OPTEE_RET_OK);
	sim_hook_set(NULL, NULL);
	assert_time(&msg);
	assert_int_equal(second_x0, OPTEE_RET_ERESUME);
	assert_int_equal(sim_call_resume(&call), OPTEE_RET_ERESUME);
}

/* The quota of RPC buffers is for those that OP-TEE asks for. */
static void i8_room_needs_no_rpc_buffer(void **state)
{
	const struct tg_limits limits = { .rpc_buffers = 1, .calls = 3 };
	struct tg_guest *g = sim_guest_create(&limits);
	struct sim_call calls[3];
	struct sim_msg msg;
	uint32_t s;

	(void)state;
	g->call_with = OPTEE_SMC_CALL_WITH_REGD_ARG;
	s = sim_open(g);
	for (unsigned int i = 0; i < ROWS(calls); i++) {
		msg_rpc(&msg, s, TEE_RPC_TIME, 1);
		assert_int_equal(sim_call_start(&calls[i], g, &msg),
				 OPTEE_RPC_CMD);
	}
	assert_int_equal(stats_of(g).rpc_buffers, 0);
	assert_int_equal(stats_of(g).refused[TG_HOST_RPC_LIMIT], 0);
	for (unsigned int i = 0; i < ROWS(calls); i++) {
		assert_int_equal(sim_call_finish(&calls[i], &msg),
				 OPTEE_RET_OK);
		assert_time(&msg);
	}
	sim_guest_destroy(g);
}

/* OP-TEE returns what it kept for RPCs as soon as a call brings its own. */
static void a_kept_buffer_is_given_back(void **state)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_ENABLE_SHM_CACHE), 0);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_TIME, 1), 0);
	assert_int_equal(stats_of(guest).rpc_buffers, 1);
	msg_time(&msg);
	assert_int_equal(send_at(&call, ipa, &msg), OPTEE_RPC_FREE);
	/* I12: the name is free already. */
	assert_int_equal(stats_of(guest).rpc_buffers, 1);
	assert_int_equal(sim_call_step(&call), OPTEE_RPC_CMD);
	assert_int_equal(sim_call_finish(&call, &msg), OPTEE_RET_OK);
	assert_time(&msg);
	assert_int_equal(stats_of(guest).rpc_buffers, 0);
	assert_int_equal(guest->unknown_frees, 0);
}

static uint32_t name_a_buffer(struct tee_thread *thread, uint32_t func,
			      struct tee_param *params, uint32_t count)
{
	struct optee_msg_arg *arg = tee_rpc_message(thread);

	(void)func;
	(void)params;
	(void)count;
	memset(arg, 0, optee_msg_bytes(0));
	arg->cmd = OPTEE_RPC_CMD_SUSPEND;
	tee_rpc(thread, OPTEE_RPC_CMD, 0x1234567890abcdef);
	return arg->ret;
}

/* I2, I9: whatever OP-TEE has in its registers, the guest gets none of it. */
static void i9_no_name_with_the_rpc(void **state)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	tee.invoke = name_a_buffer;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 0);
	assert_int_equal(send_at(&call, ipa, &msg), OPTEE_RPC_CMD);
	assert_int_equal(call.regs.x[1], 0);
	assert_int_equal(call.regs.x[2], 0);
	assert_int_equal(sim_call_finish(&call, &msg), OPTEE_RET_OK);
	assert_int_equal(msg.ret, TEE_SUCCESS);
	tee.invoke = NULL;
}

/* I2: the room cannot be written, so that nothing is shown: OP-TEE hears it. */
static void i4_room_that_is_not_there(void **state)
{
	const uint64_t end = SIM_RAM_IPA + SIM_RAM_PAGES * TG_PAGE_BYTES;
	uint64_t at = end - optee_msg_bytes(2);
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	msg_time(&msg);
	assert_int_equal(send_at(&call, at, &msg), OPTEE_RET_OK);
	sim_guest_read(guest, at, &msg, optee_msg_bytes(2));
	assert_int_equal(msg.ret, TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(stats_of(guest).refused[TG_GUEST_BAD_ADDRESS], 1);
}

/* RAM at the last address, and RAM at the first: no message is in both. */
static void i1_message_that_wraps(void **state)
{
	const uint64_t top = -(uint64_t)SIM_HIGH_PAGES * TG_PAGE_BYTES;
	struct sim_call call;
	struct sim_msg msg;
	uint64_t before;

	(void)state;
	guest->regions[3].ipa = top;
	msg_time(&msg);
	assert_int_equal(send_at(&call, -ROOM - optee_msg_bytes(2) - 8, &msg),
			 OPTEE_RPC_CMD);
	assert_int_equal(sim_call_finish(&call, &msg), OPTEE_RET_OK);
	assert_time(&msg);
	before = tee.smcs;
	for (uint64_t n = 8; n <= ROOM + optee_msg_bytes(2); n += 8)
		assert_bad(send_at(&call, -n, &msg), &call, OPTEE_RET_EBADADDR);
	assert_int_equal(tee.smcs, before);
	guest->regions[3].ipa = SIM_HIGH_IPA;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(no_buffer_is_asked_for),
		RPC_ARG_TEST(one_function_reaches_optee),
		GUEST_TEST(i9_who_is_offered_it),
		GUEST_TEST(i1_longest_message),
		GUEST_TEST(i4_the_count_changes_meanwhile),
		GUEST_TEST(i3_messages_that_overlap),
		GUEST_TEST(i7_two_answers_to_one_message),
		GUEST_TEST(i8_room_needs_no_rpc_buffer),
		GUEST_TEST(a_kept_buffer_is_given_back),
		GUEST_TEST(i9_no_name_with_the_rpc),
		GUEST_TEST(i4_room_that_is_not_there),
		GUEST_TEST(i1_message_that_wraps),
	};

	return cmocka_run_group_tests_name("rpc_arg", tests, NULL, NULL);
}
