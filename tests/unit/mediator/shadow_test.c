// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shadow pages that OP-TEE knows by a name of the mediator's: when it is told
 * of them, what happens when that does not go well, and that the name is no
 * guest's. That OP-TEE finds nothing but a free shadow page of this very guest
 * under it, the model looks at each call (sim/tee_shm.c).
 */
#include <string.h>

#include "room.h"

#define NAMES 0x7467746d00000000ull /* the first slot's page */

/* What one call that asks for nothing costs, in SMCs to OP-TEE. */
static uint64_t smcs_of_a_call(struct tg_guest *g, uint32_t s)
{
	uint64_t before = tee.smcs;
	struct sim_msg msg;

	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, s, TEE_TA_NOP);
	assert_int_equal(invoke(g, &msg), TEE_SUCCESS);
	return tee.smcs - before;
}

static struct tg_guest *new_guest(void)
{
	struct tg_guest *g = sim_guest_create(NULL);

	g->call_with = OPTEE_SMC_CALL_WITH_RPC_ARG;
	return g;
}

/* Once in each life of the guest, and by the address where there is no room. */
static void told_once_in_a_life(void **state)
{
	struct sim_msg msg;

	(void)state;
	assert_int_equal(smcs_of_a_call(guest, session), 1);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_REGD_ARG);
	assert_int_equal(sim_pair(tee.last.x[1], tee.last.x[2]), NAMES);
	guest->call_with = OPTEE_SMC_CALL_WITH_ARG;
	assert_int_equal(smcs_of_a_call(guest, session), 1);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_ARG);
	guest->call_with = OPTEE_SMC_CALL_WITH_RPC_ARG;
	guest->args_ipa = 0;
	assert_int_equal(sim_guest_reset(guest), TG_OK);
	session = sim_open(guest);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_REGD_ARG);
	assert_int_equal(smcs_of_a_call(guest, session), 1);
	/* A message that is refused makes no difference. */
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session + 1, 0);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(smcs_of_a_call(guest, session), 1);
}

/* What they cost must not grow with the buffers that are registered. */
static void registrations_by_the_address(void **state)
{
	(void)state;
	assert_int_equal(smcs_of_a_call(guest, session), 1);
	assert_int_equal(sim_register(guest, 0x7000, ipa, 4096), TEE_SUCCESS);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_RPC_ARG);
	assert_int_equal(sim_unregister(guest, 0x7000), TEE_SUCCESS);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_RPC_ARG);
	assert_int_equal(smcs_of_a_call(guest, session), 1);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_REGD_ARG);
}

/* As many calls as there are threads, each in a page of its own. */
static void i1_a_page_for_each_call(void **state)
{
	struct sim_call calls[4];
	struct sim_msg msg;

	(void)state;
	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	for (size_t i = 0; i < ROWS(calls); i++)
		assert_int_equal(sim_call_start(&calls[i], guest, &msg),
				 OPTEE_RPC_CMD);
	for (size_t i = 0; i < ROWS(calls); i++)
		assert_int_equal(sim_call_finish(&calls[i], &msg),
				 OPTEE_RET_OK);
	assert_int_equal(smcs_of_a_call(guest, session), 1);
}

/* OP-TEE has no memory for it, and is not asked again. */
static void optee_cannot_learn_it(void **state)
{
	struct tg_guest *g = new_guest();
	uint32_t s;

	(void)state;
	tee.fail_register = 1;
	s = sim_open(g);
	assert_int_equal(tee.fail_register, 0);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_RPC_ARG);
	assert_int_equal(smcs_of_a_call(g, s), 1);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_RPC_ARG);
	/* A reset is a new life. */
	assert_int_equal(sim_guest_reset(g), TG_OK);
	s = sim_open(g);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_REGD_ARG);
	sim_guest_destroy(g);
}

/* All threads of OP-TEE are in calls without room, so nothing was told yet. */
static void optee_has_no_thread_to_learn_it(void **state)
{
	struct tg_guest *g = sim_guest_create(NULL);
	struct sim_call calls[TEE_THREADS_MAX];
	uint32_t s = sim_open(g);
	struct sim_msg msg;
	uint64_t before;

	(void)state;
	msg_rpc(&msg, s, TEE_RPC_WAIT, 1);
	for (uint32_t i = 0; i < tee.threads; i++)
		assert_int_equal(sim_call_start(&calls[i], g, &msg),
				 OPTEE_RPC_ALLOC);
	assert_true(tee.threads < TEE_THREADS_MAX);
	g->call_with = OPTEE_SMC_CALL_WITH_RPC_ARG;
	before = tee.smcs;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, s, TEE_TA_NOP);
	assert_int_equal(sim_call(g, &msg), OPTEE_RET_ETHREAD_LIMIT);
	assert_int_equal(tee.smcs, before + 2);
	/* With one more it is the same page's turn again. */
	tee.threads++;
	assert_int_equal(smcs_of_a_call(g, s), 2);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_REGD_ARG);
	tee.threads--;
	g->call_with = OPTEE_SMC_CALL_WITH_ARG;
	for (uint32_t i = 0; i < tee.threads; i++)
		assert_int_equal(sim_call_finish(&calls[i], NULL),
				 OPTEE_RET_OK);
	sim_guest_destroy(g);
}

static unsigned int interrupts;

/* Of threads that learn: the guest here registers nothing itself. */
static bool interrupted(struct tee_thread *thread)
{
	const struct optee_msg_arg *arg = (void *)tee_mobj_at(thread->arg, 0);

	return arg->cmd == OPTEE_MSG_CMD_REGISTER_SHM && interrupts &&
	       interrupts--;
}

/* However often: that is not the guest's, which would not know what for. */
static void interrupts_while_it_learns(void **state)
{
	struct tg_guest *g = new_guest();
	uint64_t before = tee.smcs;

	(void)state;
	interrupts = 20;
	tee.interrupt = interrupted;
	sim_open(g);
	tee.interrupt = NULL;
	assert_int_equal(interrupts, 0);
	assert_true(tee.smcs >= before + 20);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_REGD_ARG);
	assert_int_equal(stats_of(g).inner_resumes, 0);
	sim_guest_destroy(g);
}

/*
 * OP-TEE disowns the thread that was learning. It holds the pages it was told
 * with, which the model would miss if they were given back (I1).
 */
static void i1_a_lost_thread_keeps_what_it_reads(void **state)
{
	struct tg_guest *g = new_guest();
	struct sim_msg msg;

	(void)state;
	interrupts = 1;
	tee.interrupt = interrupted;
	sim_hook_set(forget_interrupted, NULL);
	msg_rpc(&msg, 1, TEE_RPC_WAIT, 1);
	assert_int_equal(sim_call(g, &msg), OPTEE_RET_ERESUME);
	sim_hook_set(NULL, NULL);
	tee.interrupt = NULL;
	/* I8: the slot is not the guest's to use beside the thread. */
	assert_int_equal(stats_of(g).calls_in_flight, 1);
	sim_open(g);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_REGD_ARG);
	assert_int_equal(sim_pair(tee.last.x[1], tee.last.x[2]), NAMES + 0x100);
	assert_int_equal(sim_guest_reset(g), TG_OK);
	sim_open(g);
	assert_int_equal(tee.last.x[0], OPTEE_SMC_CALL_WITH_REGD_ARG);
	sim_guest_destroy(g);
}

/* No guest can use the page, end it, or have a buffer called so (I1). */
static void i1_a_guest_that_knows_the_name(void **state)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	for (uint64_t name = NAMES; name <= NAMES + 0x300; name += 0x100) {
		assert_unknown(name);
		assert_int_equal(sim_unregister(guest, name),
				 TEE_ERROR_BAD_PARAMETERS);
		assert_int_equal(sim_register(guest, name, ipa, 4096),
				 TEE_ERROR_BAD_PARAMETERS);
		sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session,
			     TEE_TA_NOP);
		assert_bad(send_regd(&call, ipa, &msg, name, 0), &call,
			   OPTEE_RET_EBADADDR);
	}
	assert_int_equal(smcs_of_a_call(guest, session), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RPC_ARG_TEST(told_once_in_a_life),
		RPC_ARG_TEST(registrations_by_the_address),
		RPC_ARG_TEST(i1_a_page_for_each_call),
		RPC_ARG_TEST(optee_cannot_learn_it),
		RPC_ARG_TEST(optee_has_no_thread_to_learn_it),
		RPC_ARG_TEST(interrupts_while_it_learns),
		RPC_ARG_TEST(i1_a_lost_thread_keeps_what_it_reads),
		RPC_ARG_TEST(i1_a_guest_that_knows_the_name),
	};

	return cmocka_run_group_tests_name("shadow", tests, NULL, NULL);
}
