// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sessions: a guest may name those that OP-TEE has given to it and that are
 * not being closed, and no number that it guessed. What is done in a session
 * is message_test.c's.
 */
#include <string.h>

#include "one_guest.h"

static uint32_t command(uint32_t cmd, uint32_t id)
{
	struct sim_msg msg;

	sim_msg_init(&msg, cmd, id, 0);
	assert_int_equal(sim_call(guest, &msg), OPTEE_RET_OK);
	if (msg.ret != TEE_SUCCESS)
		assert_int_equal(msg.ret_origin, TEE_ORIGIN_COMMS);
	return msg.ret;
}

static void a_number_that_was_not_given(void **state)
{
	const uint32_t ids[] = { 0, session + 1, session - 1, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < ROWS(ids); i++) {
		assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, ids[i]),
				 TEE_ERROR_BAD_PARAMETERS);
		assert_int_equal(command(OPTEE_MSG_CMD_CANCEL, ids[i]),
				 TEE_ERROR_BAD_PARAMETERS);
		assert_int_equal(command(OPTEE_MSG_CMD_CLOSE_SESSION, ids[i]),
				 TEE_ERROR_BAD_PARAMETERS);
	}
	assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, session),
			 TEE_SUCCESS);
}

/* OP-TEE has the session, and the guest does not have it yet. */
static void guess(const struct sim_event *event, void *arg)
{
	bool *guessed = arg;

	if (event->op != SIM_OP_SMC_LEAVE || *guessed)
		return;
	*guessed = true;
	assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, session + 1),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(command(OPTEE_MSG_CMD_CLOSE_SESSION, session + 1),
			 TEE_ERROR_BAD_PARAMETERS);
}

static void a_session_that_is_being_opened(void **state)
{
	bool guessed = false;

	(void)state;
	sim_hook_set(guess, &guessed);
	assert_int_equal(sim_open(guest), session + 1);
	sim_hook_set(NULL, NULL);
	assert_true(guessed);
	assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, session + 1),
			 TEE_SUCCESS);
}

static void a_session_in_use_is_not_closed(void **state)
{
	struct sim_call call, close;
	struct sim_msg msg;

	(void)state;
	msg_rpc(&msg, session, TEE_RPC_INTERRUPT, 1);
	guest->yields = 1;
	sim_call_start(&call, guest, &msg);
	assert_true(sim_call_is_suspended(&call));
	sim_msg_init(&msg, OPTEE_MSG_CMD_CLOSE_SESSION, session, 0);
	assert_int_equal(sim_call_start(&close, guest, &msg),
			 OPTEE_RET_ETHREAD_LIMIT);
	assert_int_equal(close.regs.x[2], (uint32_t)close.ipa);
	assert_int_equal(sim_call_finish(&call, &msg), OPTEE_RET_OK);
	assert_int_equal(sim_close(guest, session), TEE_SUCCESS);
	assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, session),
			 TEE_ERROR_BAD_PARAMETERS);
}

static uint32_t open(struct sim_msg *msg)
{
	static const uint8_t uuid[16];
	const uint64_t meta = OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;

	msg_open(msg, uuid, meta);
	assert_int_equal(sim_call(guest, msg), OPTEE_RET_OK);
	return msg->ret;
}

static void a_session_that_could_not_be_opened(void **state)
{
	struct sim_msg msg;

	(void)state;
	/* OP-TEE takes two parameters and more for this. */
	sim_msg_init(&msg, OPTEE_MSG_CMD_OPEN_SESSION, 0, 0);
	assert_int_equal(sim_call(guest, &msg), OPTEE_RET_OK);
	assert_int_equal(msg.ret, TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(msg.ret_origin, TEE_ORIGIN_TEE);
	assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, msg.session),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, 0),
			 TEE_ERROR_BAD_PARAMETERS);
}

/* OP-TEE refuses a CLOSE_SESSION that has parameters. */
static void a_session_that_could_not_be_closed(void **state)
{
	struct sim_msg msg;

	(void)state;
	sim_msg_init(&msg, OPTEE_MSG_CMD_CLOSE_SESSION, session, 0);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_IN, 0, 0);
	assert_int_equal(sim_call(guest, &msg), OPTEE_RET_OK);
	assert_int_equal(msg.ret, TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(msg.ret_origin, TEE_ORIGIN_TEE);
	assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, session),
			 TEE_SUCCESS);
	assert_int_equal(sim_close(guest, session), TEE_SUCCESS);
}

/* A call that is refused on its way does not keep what it named. */
static void a_refused_call_holds_no_session(void **state)
{
	struct sim_msg msg;

	(void)state;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 0);
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_INOUT, 0x77777, 0, 8);
	assert_int_equal(sim_call(guest, &msg), OPTEE_RET_OK);
	assert_refused(&msg, TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(sim_close(guest, session), TEE_SUCCESS);
}

static void another_guests_session(void **state)
{
	struct tg_guest *mine = guest;
	struct tg_guest *other = sim_guest_create(NULL);

	(void)state;
	sim_open(other);
	sim_open(other);
	guest = other;
	assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, session + 1),
			 TEE_SUCCESS);
	guest = mine;
	assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, session + 1),
			 TEE_ERROR_BAD_PARAMETERS);
	sim_guest_destroy(other);
}

static void i8_sessions(void **state)
{
	struct sim_msg msg;
	uint32_t last = 0;

	(void)state;
	for (uint32_t n = 1; n < TG_SESSIONS_MAX; n++) {
		assert_int_equal(open(&msg), TEE_SUCCESS);
		last = msg.session;
	}
	assert_int_equal(open(&msg), TEE_ERROR_OUT_OF_MEMORY);
	assert_refused(&msg, TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(stats_of(guest).refused[TG_HOST_SESSION_LIMIT], 1);
	assert_int_equal(sim_close(guest, last), TEE_SUCCESS);
	assert_int_equal(open(&msg), TEE_SUCCESS);
	assert_int_equal(open(&msg), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(sim_guest_reset(guest), TG_OK);
	assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, session),
			 TEE_ERROR_BAD_PARAMETERS);
	session = sim_open(guest);
	assert_int_equal(command(OPTEE_MSG_CMD_INVOKE_COMMAND, session),
			 TEE_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(a_number_that_was_not_given),
		GUEST_TEST(a_session_that_is_being_opened),
		GUEST_TEST(a_session_in_use_is_not_closed),
		GUEST_TEST(a_session_that_could_not_be_opened),
		GUEST_TEST(a_session_that_could_not_be_closed),
		GUEST_TEST(a_refused_call_holds_no_session),
		GUEST_TEST(another_guests_session),
		GUEST_TEST(i8_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
