// SPDX-License-Identifier: BSD-2-Clause
/*
 * Messages in registered buffers (CALL_WITH_REGD_ARG): in which ones, where in
 * them, and what becomes of a buffer meanwhile. What such a call does is in
 * rpc_arg_test.c.
 */
#include <string.h>

#include "room.h"

static uint64_t payload_cookie;
static uint32_t payload_x0;

/* While OP-TEE has a payload buffer and one for RPCs of the guest's. */
static bool name_what_optee_asked_for(struct tg_guest *g, struct tg_regs *regs,
				      void *arg)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)arg;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_NOP);
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t cookie = g->buffers[i].cookie;
		uint32_t x0;

		if (!cookie)
			continue;
		payload_cookie = cookie;
		x0 = send_regd(&call, ipa, &msg, cookie, 0);
		payload_x0 |= x0 ^ OPTEE_RET_EBADADDR;
	}
	(void)regs;
	return false;
}

/* I1: a message lies in what the guest registered for it, or nowhere. */
static void i1_names_that_hold_no_message(void **state)
{
	const uint64_t names[] = { 0, COOKIE + 1, UINT64_MAX,
				   0x7467746d00000001, COOKIE << 32 };
	struct tg_guest *other = sim_guest_create(NULL);
	uint64_t before = tee.smcs;
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	msg_time(&msg);
	for (size_t i = 0; i < ROWS(names); i++)
		assert_bad(send_regd(&call, ipa, &msg, names[i], 0), &call,
			   OPTEE_RET_EBADADDR);
	assert_int_equal(tee.smcs, before);
	/* Another guest's is nobody's here. */
	assert_int_equal(sim_register(other, COOKIE, SIM_RAM_IPA, 4096), 0);
	before = tee.smcs;
	assert_bad(send_regd(&call, ipa, &msg, COOKIE, 0), &call,
		   OPTEE_RET_EBADADDR);
	assert_int_equal(tee.smcs, before);
	assert_int_equal(sim_unregister(other, COOKIE), 0);
	sim_guest_destroy(other);
	/* Buffers that OP-TEE asked for are not for messages. */
	payload_cookie = 0;
	payload_x0 = 0;
	guest->rpc_hook = name_what_optee_asked_for;
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1), 0);
	guest->rpc_hook = NULL;
	assert_int_not_equal(payload_cookie, 0);
	assert_int_equal(payload_x0, 0);
}

/* While a buffer is being registered or unregistered it is none. */
static void while_optee_decides(const struct sim_event *event, void *arg)
{
	uint32_t *seen = arg;
	struct sim_call call;
	struct sim_msg msg;

	if (event->op != SIM_OP_SMC_ENTER && event->op != SIM_OP_SMC_LEAVE)
		return;
	++*seen;
	msg_time(&msg);
	assert_int_equal(send_regd(&call, ipa, &msg, COOKIE, 0),
			 OPTEE_RET_EBADADDR);
}

static void i1_message_in_a_buffer_half_registered(void **state)
{
	uint32_t seen = 0;

	(void)state;
	sim_hook_set(while_optee_decides, &seen);
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	assert_int_equal(seen, 2);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
	assert_int_equal(seen, 4);
	sim_hook_set(NULL, NULL);
}

struct offset_row {
	uint64_t offset;
	uint32_t want;
};

/* The whole message and the room behind it have to be in the buffer. */
static void i1_offsets_in_the_buffer(void **state)
{
	const uint64_t need = optee_msg_bytes(2) + ROOM;
	const uint64_t size = 2 * 4096 - 0x100; /* what OP-TEE has mapped */
	const struct offset_row rows[] = {
		{ 0, OPTEE_RET_OK },
		{ 8, OPTEE_RET_OK },
		{ size - need, OPTEE_RET_OK },
		{ size - need + 8, OPTEE_RET_EBADADDR },
		{ size - 32, OPTEE_RET_EBADADDR },
		{ size - 24, OPTEE_RET_EBADADDR },
		{ size, OPTEE_RET_EBADADDR },
		{ size + 8, OPTEE_RET_EBADADDR },
		{ 1, OPTEE_RET_EBADADDR },
		{ 4, OPTEE_RET_EBADADDR },
		{ 0x7ffffff8, OPTEE_RET_EBADADDR },
		{ 0xfffffff8, OPTEE_RET_EBADADDR },
		{ 0x100000000, OPTEE_RET_OK }, /* 32 bits count: 0 */
	};
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa + 0x100, 4096), 0);
	for (size_t i = 0; i < ROWS(rows); i++) {
		uint64_t at = ipa + 0x100 + (uint32_t)rows[i].offset;
		uint64_t before = tee.smcs;
		uint32_t x0;

		msg_time(&msg);
		if ((uint32_t)rows[i].offset > 2 * 4096)
			at = ipa;
		x0 = send_regd(&call, at, &msg, COOKIE, rows[i].offset);
		if (rows[i].want != OPTEE_RET_OK) {
			assert_bad(x0, &call, rows[i].want);
			assert_int_equal(tee.smcs, before);
			continue;
		}
		assert_int_equal(sim_call_finish(&call, &msg), OPTEE_RET_OK);
		assert_time(&msg);
	}
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/* Longer buffers are for data. */
static void i1_length_of_the_buffer(void **state)
{
	uint64_t at = sim_guest_alloc(guest, 17 * TG_PAGE_BYTES);
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	msg_time(&msg);
	assert_int_equal(sim_register(guest, COOKIE, at, 16 * 4096), 0);
	send_regd(&call, at + 15 * 4096, &msg, COOKIE, 15 * 4096);
	assert_int_equal(sim_call_finish(&call, &msg), OPTEE_RET_OK);
	assert_time(&msg);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
	assert_int_equal(sim_register(guest, COOKIE, at, 17 * 4096), 0);
	assert_bad(send_regd(&call, at, &msg, COOKIE, 0), &call,
		   OPTEE_RET_EBADADDR);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/* Two pages that the guest's list has the other way round. */
static void register_reversed(uint64_t list)
{
	const uint64_t pages[2] = { ipa + 4096, ipa };
	struct sim_msg msg;

	sim_guest_write(guest, list, pages, sizeof(pages));
	sim_msg_init(&msg, OPTEE_MSG_CMD_REGISTER_SHM, 0, 0);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG,
		     list, 2 * 4096, COOKIE);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
}

/* What the buffer has at @offset, as its list has it. */
static void buffer_copy(uint64_t offset, uint8_t *bytes, size_t count, bool out)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t *at =
			sim_guest_at(guest, ipa + ((offset + i) ^ 0x1000));

		if (out)
			*at = bytes[i];
		else
			bytes[i] = *at;
	}
}

/* The driver's part for a message of which every byte may be elsewhere. */
static void serve_time(uint64_t offset)
{
	struct sim_msg msg;

	buffer_copy(offset, (void *)&msg, optee_msg_bytes(1), false);
	assert_int_equal(msg.cmd, OPTEE_RPC_CMD_GET_TIME);
	assert_int_equal(msg.num_params, 1);
	assert_int_equal(msg.params[0].attr, OPTEE_MSG_ATTR_VALUE_OUT);
	msg.params[0].u.value.a = 1795435200;
	msg.params[0].u.value.b = 12345678;
	msg.ret = TEE_SUCCESS;
	buffer_copy(offset, (void *)&msg, optee_msg_bytes(1), true);
}

/* I3: the pages are those of the registration, whatever the list says now. */
static void i3_message_across_two_pages(void **state)
{
	const uint64_t list = ipa + 4 * 4096;
	const uint64_t nowhere[2] = { 0x30000000, 0x30000000 };

	(void)state;
	register_reversed(list);
	sim_guest_write(guest, list, nowhere, sizeof(nowhere));
	/* The break comes in the header, in each parameter, in the room. */
	for (uint64_t n = 8; n < optee_msg_bytes(2) + ROOM; n += 8) {
		struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_REGD_ARG } };
		uint64_t offset = 4096 - n;
		struct sim_msg msg;

		msg_time(&msg);
		buffer_copy(offset, (void *)&msg, optee_msg_bytes(2), true);
		sim_pair_set(&regs, 1, COOKIE);
		regs.x[3] = offset;
		sim_guest_smc(guest, &regs);
		assert_int_equal(regs.x[0], OPTEE_RPC_CMD);
		/* I9: OP-TEE names no buffer. */
		assert_int_equal(regs.x[1], 0);
		assert_int_equal(regs.x[2], 0);
		serve_time(offset + optee_msg_bytes(2));
		regs.x[0] = OPTEE_SMC_RETURN_FROM_RPC;
		sim_guest_smc(guest, &regs);
		assert_int_equal(regs.x[0], OPTEE_RET_OK);
		buffer_copy(offset, (void *)&msg, optee_msg_bytes(2), false);
		assert_time(&msg);
	}
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

static uint32_t unregister(void)
{
	uint64_t before = tee.smcs;
	uint32_t ret = sim_unregister(guest, COOKIE);

	if (ret == OPTEE_RET_ETHREAD_LIMIT)
		assert_int_equal(tee.smcs, before);
	return ret;
}

/*
 * I12: OP-TEE would let go of the buffer at once, as it knows nothing of the
 * message. So the mediator says what a driver waits upon.
 */
static void i12_unregister_under_a_message(void **state)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	msg_time(&msg);
	assert_int_equal(send_regd(&call, ipa, &msg, COOKIE, 0), OPTEE_RPC_CMD);
	assert_int_equal(unregister(), OPTEE_RET_ETHREAD_LIMIT);
	/* It goes on as before: for data, and for messages. */
	assert_int_equal(use(COOKIE, 2048, 8), TEE_SUCCESS);
	assert_int_equal(stats_of(guest).pinned_bytes, 4096);
	assert_int_equal(sim_call_finish(&call, &msg), OPTEE_RET_OK);
	assert_time(&msg);
	/* One that asks for the end of what it lies in. */
	sim_msg_init(&msg, OPTEE_MSG_CMD_UNREGISTER_SHM, 0, 0);
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_IN, COOKIE, 0, 0);
	assert_int_equal(send_regd(&call, ipa, &msg, COOKIE, 0),
			 OPTEE_RET_ETHREAD_LIMIT);
	assert_int_equal(unregister(), 0);
	assert_bad(send_regd(&call, ipa, &msg, COOKIE, 0), &call,
		   OPTEE_RET_EBADADDR);
	assert_idle(guest);
}

/* A call that was refused holds nothing either. */
static void i12_unregister_after_a_refusal(void **state)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session + 1, 0);
	assert_int_equal(send_regd(&call, ipa, &msg, COOKIE, 0), OPTEE_RET_OK);
	sim_guest_read(guest, ipa, &msg, 32);
	assert_refused(&msg, TEE_ERROR_BAD_PARAMETERS);
	msg.cmd = OPTEE_MSG_CMD_DO_BOTTOM_HALF;
	assert_bad(send_regd(&call, ipa, &msg, COOKIE, 0), &call,
		   OPTEE_RET_EBADCMD);
	assert_int_equal(unregister(), 0);
}

static void i6_reset_with_messages_under_way(void **state)
{
	struct sim_call calls[3];
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	for (unsigned int i = 0; i < ROWS(calls); i++) {
		msg_rpc(&msg, session, TEE_RPC_PAYLOAD, 1);
		send_regd(&calls[i], ipa + i * 1024, &msg, COOKIE, i * 1024);
		for (unsigned int n = 0; n < i; n++)
			sim_call_step(&calls[i]);
		assert_int_equal(calls[i].regs.x[0], OPTEE_RPC_CMD);
	}
	assert_int_equal(sim_guest_reset(guest), TG_OK);
	assert_idle(guest);
	assert_int_equal(sim_call_resume(&calls[0]), OPTEE_RET_ERESUME);
	session = sim_open(guest);
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	assert_int_equal(unregister(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(i1_names_that_hold_no_message),
		GUEST_TEST(i1_message_in_a_buffer_half_registered),
		GUEST_TEST(i1_offsets_in_the_buffer),
		GUEST_TEST(i1_length_of_the_buffer),
		GUEST_TEST(i3_message_across_two_pages),
		GUEST_TEST(i12_unregister_under_a_message),
		GUEST_TEST(i12_unregister_after_a_refusal),
		GUEST_TEST(i6_reset_with_messages_under_way),
	};

	return cmocka_run_group_tests_name("regd_arg", tests, NULL, NULL);
}
