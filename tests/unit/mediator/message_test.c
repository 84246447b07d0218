// SPDX-License-Identifier: BSD-2-Clause
/*
 * Messages of yielding calls: commands, parameters of every type, what comes
 * back to the guest and what does not. Buffers' page lists are in
 * pagelist_test.c, registered memory in shm_test.c.
 */
#include <string.h>

#include "core.h"
#include "one_guest.h"

static void init(struct sim_msg *msg, uint32_t func)
{
	sim_msg_init(msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, func);
}

static void open_invoke_close(void **state)
{
	struct sim_msg msg;

	(void)state;
	init(&msg, TEE_TA_NOP);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(msg.ret_origin, TEE_ORIGIN_TRUSTED_APP);
	init(&msg, TEE_TA_FAIL);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_GENERIC);
	assert_int_equal(sim_close(guest, session), TEE_SUCCESS);
	init(&msg, TEE_TA_NOP);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	/* The mediator's, session_test.c. */
	assert_int_equal(msg.ret_origin, TEE_ORIGIN_COMMS);
	assert_int_equal(sim_close(guest, session), TEE_ERROR_BAD_PARAMETERS);
}

static void cancel(void **state)
{
	struct sim_msg msg;

	(void)state;
	sim_msg_init(&msg, OPTEE_MSG_CMD_CANCEL, session, 0);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	sim_msg_init(&msg, OPTEE_MSG_CMD_CANCEL, session + 77, 0);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
}

/* Header fields of the guest's message that OP-TEE does not answer in. */
static void header_is_kept(void **state)
{
	struct sim_msg msg;

	(void)state;
	init(&msg, TEE_TA_NOP);
	msg.cancel_id = 0x12345678;
	msg.pad = 0x9abcdef0;
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(msg.cmd, OPTEE_MSG_CMD_INVOKE_COMMAND);
	assert_int_equal(msg.func, TEE_TA_NOP);
	assert_int_equal(msg.session, session);
	assert_int_equal(msg.cancel_id, 0x12345678);
	assert_int_equal(msg.pad, 0x9abcdef0);
	assert_int_equal(msg.num_params, 0);
}

static void unknown_commands(void **state)
{
	static const uint32_t commands[] = {
		OPTEE_MSG_CMD_DO_BOTTOM_HALF,
		OPTEE_MSG_CMD_STOP_ASYNC_NOTIF,
		OPTEE_MSG_CMD_LEND_PROTMEM,
		OPTEE_MSG_CMD_RECLAIM_PROTMEM,
		OPTEE_MSG_CMD_GET_PROTMEM_CONFIG,
		OPTEE_MSG_CMD_ASSIGN_PROTMEM,
		12,
		0x80000000,
		0xffffffff,
	};
	struct sim_msg msg;

	(void)state;
	for (size_t i = 0; i < ROWS(commands); i++) {
		uint64_t before = tee.smcs;

		sim_msg_init(&msg, commands[i], session, 0);
		assert_int_equal(sim_call(guest, &msg), OPTEE_RET_EBADCMD);
		assert_int_equal(msg.ret, 0xdeadbeef);
		assert_int_equal(tee.smcs, before);
	}
}

static void values_come_back(void **state)
{
	struct sim_msg msg;

	(void)state;
	init(&msg, TEE_TA_TOUCH);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_IN, 10, 20)->u.value.c = 1;
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_OUT, 30, 40)->u.value.c = 2;
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_INOUT, 50, 60)->u.value.c = 3;
	sim_msg_value(&msg, OPTEE_MSG_ATTR_NONE, 70, 80)->u.value.c = 4;
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(msg.params[0].u.value.a, 10);
	assert_int_equal(msg.params[0].u.value.b, 20);
	assert_int_equal(msg.params[0].u.value.c, 1);
	assert_int_equal(msg.params[1].u.value.a, 31);
	assert_int_equal(msg.params[1].u.value.b, 0);
	assert_int_equal(msg.params[2].u.value.a, 51);
	assert_int_equal(msg.params[2].u.value.b, 0);
	assert_int_equal(msg.params[3].u.value.a, 70);
	assert_int_equal(msg.params[3].u.value.b, 80);
	assert_int_equal(msg.params[3].u.value.c, 4);
}

/* Writes over everything in the shadow that a guest did not declare output. */
static void scribble(struct tee_thread *thread, struct optee_msg_arg *arg)
{
	(void)thread;
	arg->cmd = 99;
	arg->func = 99;
	arg->session = 99;
	arg->cancel_id = 99;
	arg->pad = 99;
	arg->num_params = 127;
	for (uint32_t i = 0; i < OPTEE_MSG_PARAMS_MAX; i++) {
		uint32_t type = arg->params[i].attr & 0xff;

		arg->params[i].attr = 0x303;
		if (type & 2 && !(type & 12))
			continue;
		arg->params[i].u.value.a = SIM_PA_BASE;
		arg->params[i].u.value.c = SIM_PA_BASE + 8;
		if (!(type & 2))
			arg->params[i].u.value.b = SIM_PA_BASE + 16;
	}
}

/* More than fit one copy to the guest. */
#define MANY_OUTPUTS (3 * TG_OUTBOX_PIECES)

static void fill(struct tee_thread *thread, struct optee_msg_arg *arg)
{
	(void)thread;
	for (uint32_t i = 0; i < MANY_OUTPUTS; i++)
		arg->params[i].u.value.a = 100 + i;
}

/* OP-TEE takes four parameters of a TA's; the mediator does not count. */
static void many_outputs_come_back(void **state)
{
	struct sim_msg msg;

	(void)state;
	init(&msg, TEE_TA_NOP);
	for (uint32_t i = 0; i < MANY_OUTPUTS; i++)
		sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_OUT, 1, 2);
	tee.scribble = fill;
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	tee.scribble = NULL;
	for (uint32_t i = 0; i < MANY_OUTPUTS; i++)
		assert_int_equal(msg.params[i].u.value.a, 100 + i);
}

static void look_at_none(struct tee_thread *thread, struct optee_msg_arg *arg)
{
	const struct optee_msg_value *v = &arg->params[0].u.value;

	(void)thread;
	assert_int_equal(arg->params[0].attr, OPTEE_MSG_ATTR_NONE);
	assert_int_equal(v->a | v->b | v->c, 0);
}

/* What stands in a parameter that is none does not get to OP-TEE. */
static void none_is_empty(void **state)
{
	struct sim_msg msg;

	(void)state;
	init(&msg, TEE_TA_NOP);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_NONE, 70, 80)->u.value.c = 4;
	tee.scribble = look_at_none;
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	tee.scribble = NULL;
}

/* I2: of what OP-TEE leaves in the shadow only declared outputs come back. */
static void i2_only_outputs_come_back(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, 3 * TG_PAGE_BYTES);
	struct sim_msg before;
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_register(guest, 0x77, ipa, 4096), 0);
	init(&msg, TEE_TA_TOUCH);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_IN, 1, 2)->u.value.c = 3;
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_IN, 0x77, 0, 16);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, 5000);
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_OUT, 0x77, 64, 32);
	before = msg;
	tee.scribble = scribble;
	assert_int_equal(sim_call(guest, &msg), OPTEE_RET_OK);
	tee.scribble = NULL;
	before.ret = TEE_SUCCESS;
	before.ret_origin = TEE_ORIGIN_TRUSTED_APP;
	before.params[3].u.rmem.size = 16;
	assert_memory_equal(&msg, &before, sizeof(msg));
	assert_int_equal(sim_unregister(guest, 0x77), 0);
}

static void i2_open_session_returns_the_session_only(void **state)
{
	struct sim_msg msg;

	(void)state;
	sim_msg_init(&msg, OPTEE_MSG_CMD_OPEN_SESSION, 0, 5);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN, 1,
		      2);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN, 3,
		      4);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_INOUT, 5, 6);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_not_equal(msg.session, 0);
	assert_int_equal(msg.func, 5);
	assert_int_equal(msg.params[0].u.value.a, 1);
	assert_int_equal(msg.params[2].u.value.a, 6);
	assert_int_equal(sim_close(guest, msg.session), TEE_SUCCESS);
}

static void open_session_without_meta(void **state)
{
	struct sim_msg msg;

	(void)state;
	sim_msg_init(&msg, OPTEE_MSG_CMD_OPEN_SESSION, 7, 0);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_IN, 1, 2);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(msg.ret_origin, TEE_ORIGIN_TEE);
	assert_int_equal(msg.session, 0);
}

/* Attributes that are no parameter's: refused, and OP-TEE is not bothered. */
static void bad_attributes(void **state)
{
	static const uint64_t attrs[] = {
		4,
		8,
		0xc,
		0xff,
		OPTEE_MSG_ATTR_VALUE_IN | OPTEE_MSG_ATTR_NONCONTIG,
		OPTEE_MSG_ATTR_RMEM_IN | OPTEE_MSG_ATTR_NONCONTIG,
		OPTEE_MSG_ATTR_NONE | OPTEE_MSG_ATTR_NONCONTIG,
		OPTEE_MSG_ATTR_RMEM_IN | OPTEE_MSG_ATTR_META,
		OPTEE_MSG_ATTR_TMEM_IN | OPTEE_MSG_ATTR_META,
		OPTEE_MSG_ATTR_VALUE_IN | 1u << 10,
		OPTEE_MSG_ATTR_VALUE_IN | 1u << 15,
		OPTEE_MSG_ATTR_VALUE_IN | 1u << 19,
		OPTEE_MSG_ATTR_VALUE_IN | 1ull << 32,
		OPTEE_MSG_ATTR_VALUE_IN | 1ull << 63,
		OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG | 1ull << 40,
	};
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);
	struct sim_msg msg;

	(void)state;
	for (size_t i = 0; i < ROWS(attrs); i++) {
		uint64_t before = tee.smcs;

		init(&msg, TEE_TA_TOUCH);
		sim_msg_tmem(&msg, attrs[i], ipa, 16, 0x5);
		invoke(guest, &msg);
		assert_refused(&msg, TEE_ERROR_BAD_PARAMETERS);
		assert_int_equal(tee.smcs, before);
	}
}

/* The cache bits are the guest's wish; OP-TEE gets none of it. */
static void cache_attribute_is_accepted(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);
	struct sim_msg msg;

	(void)state;
	init(&msg, TEE_TA_TOUCH);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT | 1u << 16, ipa,
		     100);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 99), 1);
}

static uint32_t null_size_seen;

static uint32_t see_null(struct tee_thread *thread, uint32_t func,
			 struct tee_param *params, uint32_t count)
{
	(void)thread;
	(void)func;
	assert_int_equal(count, 1);
	assert_null(params[0].mobj);
	null_size_seen++;
	return TEE_SUCCESS;
}

static void null_memrefs(void **state)
{
	static const uint64_t types[] = { OPTEE_MSG_ATTR_TMEM_IN,
					  OPTEE_MSG_ATTR_TMEM_OUT,
					  OPTEE_MSG_ATTR_TMEM_INOUT };
	struct sim_msg msg;

	(void)state;
	null_size_seen = 0;
	tee.invoke = see_null;
	for (size_t i = 0; i < ROWS(types); i++) {
		init(&msg, 0);
		sim_msg_tmem(&msg, types[i], 0, 0, 0);
		assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
		/* Size 0 where there is memory is no memory. */
		init(&msg, 0);
		sim_msg_tmem(&msg, types[i], SIM_RAM_IPA, 0, 0x55);
		assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
		assert_int_equal(msg.params[0].u.tmem.buf_ptr, SIM_RAM_IPA);
		/* No memory, however much of it. */
		init(&msg, 0);
		sim_msg_tmem(&msg, types[i], 0, 4096, 0);
		assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	}
	tee.invoke = NULL;
	assert_int_equal(null_size_seen, 9);
	assert_int_equal(sim.ops[SIM_OP_PIN], 0);
}

/* RAM at IPA 0 is RAM: contiguous, by a list at 0, and in a list. */
static void ram_at_ipa_0(void **state)
{
	uint64_t entry = 0;
	struct sim_msg msg;

	(void)state;
	init(&msg, TEE_TA_TOUCH);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_INOUT, 0, 8192, 0x99);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, 8191), 1);

	init(&msg, TEE_TA_TOUCH);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, 0, 4096);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, 0), 2);

	/* The list itself lies at 0 and names page 2. */
	entry = 2 * TG_PAGE_BYTES;
	sim_guest_write(guest, 0, &entry, sizeof(entry));
	init(&msg, TEE_TA_TOUCH);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_INOUT | OPTEE_MSG_ATTR_NONCONTIG,
		     0, 4096, 0x99);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, 8192), 1);

	/* And a message at 0. */
	init(&msg, TEE_TA_NOP);
	assert_int_equal(sim_call_at(guest, 0, &msg), OPTEE_RET_OK);
	assert_int_equal(msg.ret, TEE_SUCCESS);
}

/* What the guest hears of a temporary memref: its size, nothing else. */
static void i2_temporary_memrefs_keep_their_address(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, 3 * TG_PAGE_BYTES);
	struct optee_msg_param before;
	struct sim_msg msg;

	(void)state;
	init(&msg, TEE_TA_TOUCH);
	before = *sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_OUT, ipa + 8,
			       9000);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	before.u.tmem.size = 4500;
	assert_memory_equal(&msg.params[0], &before, sizeof(before));
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 8), 0x5a);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 7), 0);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 9007), 0x5a);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 9008), 0);
}

static void contiguous_memref(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, 4 * TG_PAGE_BYTES);
	struct sim_msg msg;

	(void)state;
	init(&msg, TEE_TA_TOUCH);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa + 4000, 9000, 1);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 3999), 0);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 4000), 1);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 12999), 1);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa + 13000), 0);
	assert_int_equal(msg.params[0].attr, OPTEE_MSG_ATTR_TMEM_INOUT);
}

static void four_memrefs(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, 4 * TG_PAGE_BYTES);
	struct sim_msg msg;

	(void)state;
	init(&msg, TEE_TA_TOUCH);
	for (unsigned int i = 0; i < 4; i++)
		sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT,
			     ipa + i * TG_PAGE_BYTES, 4096);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	/* One page named four times. */
	init(&msg, TEE_TA_TOUCH);
	for (unsigned int i = 0; i < 4; i++)
		sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, 4096);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(guest, ipa), 5);
}

static void too_many_memrefs(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);
	uint64_t list = sim_pagelist(guest, ipa, 1);
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_register(guest, 0x10, ipa, 4096), 0);
	sim.refetch_allowed = true; /* one list for all */
	for (uint32_t n = TG_CALL_MEMREFS_MAX; n <= OPTEE_MSG_PARAMS_MAX;
	     n += OPTEE_MSG_PARAMS_MAX - TG_CALL_MEMREFS_MAX) {
		init(&msg, TEE_TA_TOUCH);
		for (uint32_t i = 0; i < n; i++)
			sim_msg_tmem(&msg,
				     OPTEE_MSG_ATTR_TMEM_INOUT |
					     OPTEE_MSG_ATTR_NONCONTIG,
				     list, 4096, i);
		assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
		init(&msg, TEE_TA_TOUCH);
		for (uint32_t i = 0; i < n; i++)
			sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_INOUT, 0x10, 0,
				     8);
		assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	}
	assert_int_equal(sim_unregister(guest, 0x10), 0);
}

/* 127 parameters fit a page; OP-TEE itself takes four of a TA's. */
static void number_of_parameters(void **state)
{
	static const uint32_t too_many[] = {
		128, 129, 255, 0x8000000, 0x80000000, 0xffffffff
	};
	struct sim_msg msg;

	(void)state;
	init(&msg, TEE_TA_NOP);
	msg.num_params = 127;
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(msg.ret_origin, TEE_ORIGIN_TEE);
	for (size_t i = 0; i < ROWS(too_many); i++) {
		uint64_t before = tee.smcs;

		init(&msg, TEE_TA_NOP);
		msg.num_params = too_many[i];
		assert_int_equal(sim_call(guest, &msg), OPTEE_RET_EBADCMD);
		assert_int_equal(msg.ret, 0xdeadbeef);
		assert_int_equal(tee.smcs, before);
	}
}

/* A message may begin at any multiple of eight, also across pages. */
static void any_place_of_the_message(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, 2 * TG_PAGE_BYTES);
	struct sim_msg msg;

	(void)state;
	for (uint64_t at = 0; at <= TG_PAGE_BYTES; at += 8) {
		init(&msg, TEE_TA_TOUCH);
		sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_INOUT, at, 0);
		sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_INOUT, 2 * at, 0);
		assert_int_equal(sim_call_at(guest, ipa + at, &msg),
				 OPTEE_RET_OK);
		assert_int_equal(msg.ret, TEE_SUCCESS);
		assert_int_equal(msg.params[1].u.value.a, 2 * at + 1);
	}
}

static void bad_place_of_the_message(void **state)
{
	const uint64_t end = SIM_RAM_IPA + SIM_RAM_PAGES * TG_PAGE_BYTES;
	const uint64_t places[] = {
		end,
		end - 8,
		end - 16,
		end - 24,
		SIM_RAM_IPA - 8,
		0x30000000,
		SIM_RAM_IPA + 1,
		SIM_RAM_IPA + 4,
		SIM_RAM_IPA + 7,
		0xfffffffffffffff8,
		0xfffffffffffff000,
		0xffffffffffffffe0,
		SIM_PA_BASE,
		0x8000000000000000,
	};

	(void)state;
	for (size_t i = 0; i < ROWS(places); i++) {
		struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_ARG } };
		uint64_t before = tee.smcs;

		sim_pair_set(&regs, 1, places[i]);
		sim_guest_smc(guest, &regs);
		assert_int_equal(regs.x[0], OPTEE_RET_EBADADDR);
		assert_int_equal(regs.x[1], 0);
		assert_int_equal(regs.x[2], 0);
		assert_int_equal(regs.x[3], 0);
		assert_int_equal(tee.smcs, before);
	}
}

/* The header lies in RAM and the parameters do not. */
static void message_runs_out_of_ram(void **state)
{
	const uint64_t end = SIM_RAM_IPA + SIM_RAM_PAGES * TG_PAGE_BYTES;
	uint32_t header[8] = { OPTEE_MSG_CMD_INVOKE_COMMAND, 0, session };
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_ARG } };

	(void)state;
	header[7] = 2;
	sim_guest_write(guest, end - 64, header, sizeof(header));
	sim_pair_set(&regs, 1, end - 64);
	sim_guest_smc(guest, &regs);
	assert_int_equal(regs.x[0], OPTEE_RET_EBADADDR);
}

/* Read-only memory can hold a question but take no answer. */
static void message_in_rom(void **state)
{
	uint32_t header[8] = { OPTEE_MSG_CMD_INVOKE_COMMAND, 0, session };
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_ARG } };

	(void)state;
	sim_guest_write(guest, SIM_ROM_IPA, header, sizeof(header));
	sim_pair_set(&regs, 1, SIM_ROM_IPA);
	sim_guest_smc(guest, &regs);
	assert_int_equal(regs.x[0], OPTEE_RET_EBADADDR);
}

static void i9_garbage_in_registers_of_a_call(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);
	uint32_t header[8] = { OPTEE_MSG_CMD_INVOKE_COMMAND, 0, session };
	struct tg_regs regs;

	(void)state;
	sim_guest_write(guest, ipa, header, sizeof(header));
	for (unsigned int i = 0; i < 8; i++)
		regs.x[i] = 0xfedcba9876543210;
	regs.x[0] = 0x1234567800000000 | OPTEE_SMC_CALL_WITH_ARG;
	regs.x[1] = 0xffffffff00000000 | ipa >> 32;
	regs.x[2] = 0xffffffff00000000 | (uint32_t)ipa;
	sim_guest_smc(guest, &regs);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(regs.x[i], 0);
	sim_guest_read(guest, ipa, header, sizeof(header));
	assert_int_equal(header[5], TEE_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(open_invoke_close),
		GUEST_TEST(cancel),
		GUEST_TEST(header_is_kept),
		GUEST_TEST(unknown_commands),
		GUEST_TEST(values_come_back),
		GUEST_TEST(many_outputs_come_back),
		GUEST_TEST(none_is_empty),
		GUEST_TEST(i2_only_outputs_come_back),
		GUEST_TEST(i2_open_session_returns_the_session_only),
		GUEST_TEST(open_session_without_meta),
		GUEST_TEST(bad_attributes),
		GUEST_TEST(cache_attribute_is_accepted),
		GUEST_TEST(null_memrefs),
		GUEST_TEST(ram_at_ipa_0),
		GUEST_TEST(i2_temporary_memrefs_keep_their_address),
		GUEST_TEST(contiguous_memref),
		GUEST_TEST(four_memrefs),
		GUEST_TEST(too_many_memrefs),
		GUEST_TEST(number_of_parameters),
		GUEST_TEST(any_place_of_the_message),
		GUEST_TEST(bad_place_of_the_message),
		GUEST_TEST(message_runs_out_of_ram),
		GUEST_TEST(message_in_rom),
		GUEST_TEST(i9_garbage_in_registers_of_a_call),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
