// SPDX-License-Identifier: BSD-2-Clause
/*
 * Registered shared memory and its names: what a cookie may name and when it
 * may name something else. Races of several vCPUs about one cookie are in
 * race_test.c. RPC buffers have their own file, but their cookies are of the
 * same table.
 */
#include <string.h>

#include "one_guest.h"

#define COOKIE 0xffff800012345678ull
#define TEMP_NAMES 0x7467746d00000000ull /* the mediator's own */

static void register_use_unregister(void **state)
{
	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa + 100, 5000), 0);
	assert_int_equal(stats_of(guest).shm_buffers, 1);
	assert_int_equal(stats_of(guest).pinned_bytes, 2 * TG_PAGE_BYTES);
	assert_int_equal(use(COOKIE, 10, 4990), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 109), 0);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 110), 1);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 5099), 1);
	assert_int_equal(use(COOKIE, 0, 0), TEE_SUCCESS);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
	assert_unknown(COOKIE);
}

/* Offset and size are OP-TEE's to check, and it does. */
static void outside_of_the_buffer(void **state)
{
	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	assert_int_equal(use(COOKIE, 0, 4097), TEE_SECURITY);
	assert_int_equal(use(COOKIE, 4096, 1), TEE_SECURITY);
	assert_int_equal(use(COOKIE, UINT64_MAX, 2), TEE_SECURITY);
	assert_int_equal(use(COOKIE, 8, UINT64_MAX - 4), TEE_SECURITY);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

static void register_contiguous(void **state)
{
	struct sim_msg msg;

	(void)state;
	sim_msg_init(&msg, OPTEE_MSG_CMD_REGISTER_SHM, 0, 0);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_IN, ipa + 8, 3 * 4096, COOKIE);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(use(COOKIE, 0, 3 * 4096), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 7), 0);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 8), 1);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 12295), 1);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/* I2: of a registration nothing but the outcome is written. */
static void i2_register_leaves_the_message(void **state)
{
	struct sim_msg before;
	struct sim_msg msg;

	(void)state;
	sim_msg_init(&msg, OPTEE_MSG_CMD_REGISTER_SHM, 11, 12);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_OUT, ipa, 4096)
		->u.tmem.shm_ref = COOKIE;
	before = msg;
	before.ret = TEE_SUCCESS;
	before.ret_origin = TEE_ORIGIN_TEE;
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_memory_equal(&msg, &before, sizeof(msg));
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

static void bad_registrations(void **state)
{
	static const uint64_t attrs[] = {
		OPTEE_MSG_ATTR_NONE,
		OPTEE_MSG_ATTR_VALUE_IN,
		OPTEE_MSG_ATTR_RMEM_IN,
		OPTEE_MSG_ATTR_RMEM_IN | OPTEE_MSG_ATTR_NONCONTIG,
		OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_META,
		OPTEE_MSG_ATTR_TMEM_OUT | 1ull << 10,
		OPTEE_MSG_ATTR_TMEM_OUT | 1ull << 32,
		0xc,
	};
	uint64_t list = sim_pagelist(guest, ipa, 1);
	uint64_t before = tee.smcs;
	struct sim_msg msg;

	(void)state;
	for (size_t i = 0; i < ROWS(attrs); i++) {
		sim_msg_init(&msg, OPTEE_MSG_CMD_REGISTER_SHM, 0, 0);
		sim_msg_tmem(&msg, attrs[i], list, 4096, COOKIE);
		invoke(guest, &msg);
		assert_refused(&msg, TEE_ERROR_BAD_PARAMETERS);
	}
	for (uint32_t n = 0; n < 4; n++) {
		sim_msg_init(&msg, OPTEE_MSG_CMD_REGISTER_SHM, 0, 0);
		for (uint32_t i = 0; i < n; i++)
			sim_msg_tmem(&msg,
				     OPTEE_MSG_ATTR_TMEM_OUT |
					     OPTEE_MSG_ATTR_NONCONTIG,
				     list, n == 1 ? 0 : 4096, COOKIE + i);
		invoke(guest, &msg);
		assert_refused(&msg, TEE_ERROR_BAD_PARAMETERS);
	}
	assert_int_equal(tee.smcs, before);
}

static void names_that_cannot_be(void **state)
{
	static const uint64_t names[] = { 0, TEMP_NAMES, TEMP_NAMES | 1,
					  TEMP_NAMES | 0xffffffff };

	(void)state;
	for (size_t i = 0; i < ROWS(names); i++) {
		assert_int_equal(sim_register(guest, names[i], ipa, 4096),
				 TEE_ERROR_BAD_PARAMETERS);
		assert_unknown(names[i]);
		assert_int_equal(sim_unregister(guest, names[i]),
				 TEE_ERROR_BAD_PARAMETERS);
	}
	/* Next to them all is well. */
	assert_int_equal(sim_register(guest, TEMP_NAMES - 1, ipa, 4096), 0);
	assert_int_equal(
		sim_register(guest, TEMP_NAMES + (1ull << 32), ipa, 4096), 0);
	assert_int_equal(sim_register(guest, UINT64_MAX, ipa, 4096), 0);
	assert_int_equal(sim_unregister(guest, TEMP_NAMES - 1), 0);
	assert_int_equal(sim_unregister(guest, TEMP_NAMES + (1ull << 32)), 0);
	assert_int_equal(sim_unregister(guest, UINT64_MAX), 0);
}

static void i1_a_name_means_one_buffer(void **state)
{
	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	assert_int_equal(sim_register(guest, COOKIE, ipa + 4096, 4096),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(use(COOKIE, 0, 8), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa), 1);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 4096), 0);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
	assert_int_equal(sim_register(guest, COOKIE, ipa + 4096, 4096), 0);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/* Many names, so that the table's chains are walked. */
static void many_buffers(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 300; i++)
		assert_int_equal(sim_register(guest, i << 12, ipa, 4096), 0);
	for (uint64_t i = 300; i >= 1; i--) {
		assert_int_equal(use(i << 12, 0, 1), TEE_SUCCESS);
		if (i % 3)
			assert_int_equal(sim_unregister(guest, i << 12), 0);
	}
	for (uint64_t i = 3; i <= 300; i += 3)
		assert_int_equal(sim_unregister(guest, i << 12), 0);
}

/* More names than places in the table: some must share one. */
static void i1_names_that_share_a_place(void **state)
{
	static const uint32_t order[] = { 5, 0, 3, 1, 4, 2 };
	const struct tg_limits limits = { .shm_buffers = 120,
					  .rpc_buffers = 1 };
	struct tg_guest *g = sim_guest_create(&limits);
	uint64_t at = sim_guest_alloc(g, TG_PAGE_BYTES);
	uint64_t names[120];

	(void)state;
	for (unsigned int i = 0; i < 120; i++) {
		names[i] = (uint64_t)sim_random() << 32 | sim_random();
		assert_int_equal(sim_register(g, names[i], at, 4096), 0);
	}
	for (unsigned int k = 0; k < ROWS(order); k++)
		for (unsigned int i = order[k]; i < 120; i += 6) {
			assert_int_equal(sim_unregister(g, names[i]), 0);
			assert_int_equal(sim_unregister(g, names[i]),
					 TEE_ERROR_BAD_PARAMETERS);
			assert_int_equal(sim_register(g, names[i], at, 4096),
					 0);
		}
	for (unsigned int i = 0; i < 120; i++)
		assert_int_equal(sim_unregister(g, names[i]), 0);
	sim_guest_destroy(g);
}

static void i1_another_guests_name(void **state)
{
	struct tg_guest *other = sim_guest_create(NULL);

	(void)state;
	sim_open(other);
	sim_guest_alloc(other, 8 * TG_PAGE_BYTES);
	assert_int_equal(sim_register(other, COOKIE, ipa, 4096), 0);
	assert_unknown(COOKIE);
	assert_int_equal(sim_unregister(guest, COOKIE),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	assert_int_equal(use(COOKIE, 0, 1), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa), 1);
	assert_int_equal(*(uint8_t *)sim_guest_at(other, ipa), 0);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
	assert_int_equal(sim_unregister(other, COOKIE), 0);
	sim_guest_destroy(other);
}

static void unregister_unknown(void **state)
{
	uint64_t before = tee.smcs;

	(void)state;
	assert_int_equal(sim_unregister(guest, COOKIE),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(tee.smcs, before);
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
	assert_int_equal(sim_unregister(guest, COOKIE),
			 TEE_ERROR_BAD_PARAMETERS);
}

static void bad_unregistrations(void **state)
{
	static const uint64_t attrs[] = {
		OPTEE_MSG_ATTR_NONE,
		OPTEE_MSG_ATTR_VALUE_IN,
		OPTEE_MSG_ATTR_TMEM_IN,
		OPTEE_MSG_ATTR_RMEM_IN | OPTEE_MSG_ATTR_NONCONTIG,
		OPTEE_MSG_ATTR_RMEM_IN | OPTEE_MSG_ATTR_META,
		OPTEE_MSG_ATTR_RMEM_IN | 1ull << 32,
	};
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	for (size_t i = 0; i < ROWS(attrs); i++) {
		sim_msg_init(&msg, OPTEE_MSG_CMD_UNREGISTER_SHM, 0, 0);
		sim_msg_rmem(&msg, attrs[i], COOKIE, 0, 0);
		invoke(guest, &msg);
		assert_refused(&msg, TEE_ERROR_BAD_PARAMETERS);
	}
	for (uint32_t n = 0; n < 3; n += 2) {
		sim_msg_init(&msg, OPTEE_MSG_CMD_UNREGISTER_SHM, 0, 0);
		for (uint32_t i = 0; i < n; i++)
			sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_IN, COOKIE, 0,
				     0);
		invoke(guest, &msg);
		assert_refused(&msg, TEE_ERROR_BAD_PARAMETERS);
	}
	assert_int_equal(use(COOKIE, 0, 8), TEE_SUCCESS);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

static void optee_refuses(void **state)
{
	(void)state;
	tee.fail_register = 1;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_idle(guest);
	assert_unknown(COOKIE);
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	tee.fail_unregister = 1;
	assert_int_equal(sim_unregister(guest, COOKIE), TEE_ERROR_BUSY);
	assert_int_equal(stats_of(guest).shm_buffers, 1);
	assert_int_equal(use(COOKIE, 0, 8), TEE_SUCCESS);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
}

/* The buffer is in use by a suspended call: OP-TEE waits for its end. */
static void i1_unregister_in_use(void **state)
{
	struct sim_call unregister;
	struct sim_call user;
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_INOUT, COOKIE, 0, 8);
	assert_int_equal(sim_call_start(&user, guest, &msg), OPTEE_RPC_ALLOC);

	sim_msg_init(&msg, OPTEE_MSG_CMD_UNREGISTER_SHM, 0, 0);
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_IN, COOKIE, 0, 0);
	assert_int_equal(sim_call_start(&unregister, guest, &msg),
			 OPTEE_RPC_ALLOC);
	assert_int_equal(sim_call_step(&unregister), OPTEE_RPC_CMD);
	/* It waits. Meanwhile the name is nobody's to use. */
	assert_unknown(COOKIE);
	assert_int_equal(sim_unregister(guest, COOKIE),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(sim_call_step(&unregister), OPTEE_RPC_CMD);
	assert_int_equal(stats_of(guest).pinned_bytes, 4096);
	assert_int_equal(sim_call_finish(&user, NULL), OPTEE_RET_OK);
	assert_int_equal(stats_of(guest).pinned_bytes, 4096);
	assert_int_equal(sim_call_finish(&unregister, &msg), OPTEE_RET_OK);
	assert_int_equal(msg.num_params, 1);
	assert_int_equal(msg.ret, TEE_SUCCESS);
	assert_idle(guest);
}

static uint64_t seen_cookie;

static uint32_t see_cookie(struct tee_thread *thread, uint32_t func,
			   struct tee_param *params, uint32_t count)
{
	(void)func;
	assert_int_equal(count, 1);
	seen_cookie = params[0].mobj->cookie;
	tee_rpc_interrupt(thread);
	return TEE_SUCCESS;
}

/*
 * I1: a temporary buffer has a name in OP-TEE. No guest can say it, neither
 * the one that the guest gave nor the one that the mediator gave.
 */
static void i1_a_temporary_buffer_cannot_be_named(void **state)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	tee.invoke = see_cookie;
	guest->yields = 1;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 0);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, 4096)
		->u.tmem.shm_ref = COOKIE;
	assert_int_equal(sim_call_start(&call, guest, &msg),
			 OPTEE_RPC_FOREIGN_INTR);
	tee.invoke = NULL;
	assert_int_not_equal(seen_cookie, COOKIE);
	assert_unknown(COOKIE);
	assert_unknown(seen_cookie);
	assert_int_equal(sim_register(guest, seen_cookie, ipa, 4096),
			 TEE_ERROR_BAD_PARAMETERS);
	/* The guest's name for it is not taken. */
	assert_int_equal(sim_register(guest, COOKIE, ipa, 4096), 0);
	assert_int_equal(sim_unregister(guest, COOKIE), 0);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
}

/* Two calls at once, each with temporary buffers of the same guest name. */
static void i1_temporary_names_of_two_calls_differ(void **state)
{
	struct sim_call a;
	struct sim_call b;
	struct sim_msg msg;

	(void)state;
	guest->yields = 2;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_RPC);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_IN, TEE_RPC_INTERRUPT, 1);
	for (unsigned int i = 0; i < 3; i++)
		sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, 8192);
	assert_int_equal(sim_call_start(&a, guest, &msg),
			 OPTEE_RPC_FOREIGN_INTR);
	/* The model ends the test if two names are the same. */
	assert_int_equal(sim_call_start(&b, guest, &msg),
			 OPTEE_RPC_FOREIGN_INTR);
	assert_int_equal(sim_call_finish(&a, NULL), OPTEE_RET_OK);
	assert_int_equal(sim_call_finish(&b, NULL), OPTEE_RET_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(register_use_unregister),
		GUEST_TEST(outside_of_the_buffer),
		GUEST_TEST(register_contiguous),
		GUEST_TEST(i2_register_leaves_the_message),
		GUEST_TEST(bad_registrations),
		GUEST_TEST(names_that_cannot_be),
		GUEST_TEST(i1_a_name_means_one_buffer),
		GUEST_TEST(many_buffers),
		GUEST_TEST(i1_names_that_share_a_place),
		GUEST_TEST(i1_another_guests_name),
		GUEST_TEST(unregister_unknown),
		GUEST_TEST(bad_unregistrations),
		GUEST_TEST(optee_refuses),
		GUEST_TEST(i1_unregister_in_use),
		GUEST_TEST(i1_a_temporary_buffer_cannot_be_named),
		GUEST_TEST(i1_temporary_names_of_two_calls_differ),
	};

	return cmocka_run_group_tests_name("shm", tests, NULL, NULL);
}
