// SPDX-License-Identifier: BSD-2-Clause
/*
 * Several vCPUs of one guest about one cookie: what one does in the very
 * moment in which another registers, uses, unregisters or hears (I1, I12).
 * What cookies mean without races is in shm_test.c.
 */
#include "one_guest.h"

#define COOKIE 0xffff800012345678ull

static unsigned int hook_hits;

/* While OP-TEE registers: the name is taken and names nothing yet. */
static void while_registering(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op != SIM_OP_SMC_ENTER && event->op != SIM_OP_SMC_LEAVE)
		return;
	hook_hits++;
	assert_unknown(COOKIE);
	assert_int_equal(sim_unregister(guest, COOKIE),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(sim_register(guest, COOKIE, ipa + 4096, 4096),
			 TEE_ERROR_BAD_PARAMETERS);
}

static void i1_race_with_a_registration(void **state)
{
	(void)state;
	hook_hits = 0;
	sim_hook_set(while_registering, NULL);
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	sim_hook_set(NULL, NULL);
	assert_int_equal(hook_hits, 2);
	assert_int_equal(use(COOKIE, 0, 8), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa), 1);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/* Before OP-TEE hears of it: the buffer's pages are pinned already. */
static void while_pinning(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op != SIM_OP_PIN || hook_hits++)
		return;
	/* Another vCPU is quicker with the same name. */
	assert_int_equal(sim_register(guest, COOKIE, ipa + 4096, 4096), 0);
}

static void i1_two_registrations_of_one_name(void **state)
{
	(void)state;
	hook_hits = 0;
	sim_hook_set(while_pinning, NULL);
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096),
			 TEE_ERROR_BAD_PARAMETERS);
	sim_hook_set(NULL, NULL);
	assert_int_equal(use(COOKIE, 0, 8), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 4096), 1);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/*
 * The moment the guest's memory says that the buffer is unregistered, another
 * vCPU takes the name again.
 */
static void reuse_at_once(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op != SIM_OP_COPY_OUT || hook_hits++)
		return;
	assert_int_equal(sim.pins, 0);
	assert_int_equal(sim_register(guest, COOKIE, ipa + 4096, 8192), 0);
}

static void i12_a_name_is_free_when_the_guest_hears(void **state)
{
	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	hook_hits = 0;
	sim_hook_set(reuse_at_once, NULL);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
	sim_hook_set(NULL, NULL);
	assert_true(hook_hits > 0);
	assert_int_equal(stats_of(guest).pinned_bytes, 8192);
	assert_int_equal(use(COOKIE, 4096, 4096), TEE_SUCCESS);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/* Temporary memrefs are unpinned before the guest hears of the end, too. */
static void pins_at_copy_out(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op != SIM_OP_COPY_OUT)
		return;
	hook_hits++;
	assert_int_equal(sim.pins, 0);
}

static void i12_temporary_pins_are_dropped_first(void **state)
{
	struct sim_msg msg;

	(void)state;
	hook_hits = 0;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, 8192);
	sim_hook_set(pins_at_copy_out, NULL);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	sim_hook_set(NULL, NULL);
	assert_true(hook_hits > 0);
}

/*
 * A call was told that it may name the buffer, but OP-TEE has not seen it yet
 * when another vCPU unregisters and takes the name for something else.
 */
static void unregister_under_a_call(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op != SIM_OP_SMC_ENTER || hook_hits++)
		return;
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
	assert_int_equal(sim.pins, 0);
	assert_int_equal(sim_register(guest, COOKIE, ipa + 4096, 4096),
			 TEE_ERROR_BAD_PARAMETERS);
}

static void i1_unregister_under_a_call_on_its_way(void **state)
{
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	hook_hits = 0;
	sim_hook_set(unregister_under_a_call, NULL);
	msg_use(&msg, COOKIE, 0, 8);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	sim_hook_set(NULL, NULL);
	assert_int_equal(msg.ret_origin, TEE_ORIGIN_TEE);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa), 0);
	/* The name is free once the call is over. */
	assert_int_equal(sim_register(guest, COOKIE, ipa + 4096, 4096), 0);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/* The same with two calls on their way at once. */
static void two_calls_on_their_way(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op != SIM_OP_SMC_ENTER || hook_hits >= 2)
		return;
	if (hook_hits++) {
		assert_int_equal(sim_unregister(guest, COOKIE), 0);
		return;
	}
	sim.in_hook = false;
	assert_int_equal(use(COOKIE, 0, 8), TEE_ERROR_BAD_PARAMETERS);
	sim.in_hook = true;
	/* One of the two is over, the other still knows the name. */
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096),
			 TEE_ERROR_BAD_PARAMETERS);
}

static void i1_unregister_under_two_calls(void **state)
{
	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	hook_hits = 0;
	sim_hook_set(two_calls_on_their_way, NULL);
	assert_int_equal(use(COOKIE, 0, 8), TEE_ERROR_BAD_PARAMETERS);
	sim_hook_set(NULL, NULL);
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/*
 * A call is refused for its second parameter. The moment its message says so
 * the buffer of its first may be unregistered and its name taken again.
 */
static void reuse_after_refusal(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op != SIM_OP_COPY_OUT || hook_hits++)
		return;
	assert_int_equal(sim.pins, 1);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
}

static void i12_a_refused_call_holds_nothing(void **state)
{
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	hook_hits = 0;
	sim_hook_set(reuse_after_refusal, NULL);
	msg_use(&msg, COOKIE, 0, 8);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_IN, ipa, 8);
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_IN, COOKIE + 1, 0, 8);
	invoke(guest, &msg);
	assert_refused(&msg, TEE_ERROR_BAD_PARAMETERS);
	sim_hook_set(NULL, NULL);
	assert_true(hook_hits > 0);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(i1_race_with_a_registration),
		GUEST_TEST(i1_two_registrations_of_one_name),
		GUEST_TEST(i12_a_name_is_free_when_the_guest_hears),
		GUEST_TEST(i12_temporary_pins_are_dropped_first),
		GUEST_TEST(i1_unregister_under_a_call_on_its_way),
		GUEST_TEST(i1_unregister_under_two_calls),
		GUEST_TEST(i12_a_refused_call_holds_nothing),
	};

	return cmocka_run_group_tests_name("race", tests, NULL, NULL);
}
