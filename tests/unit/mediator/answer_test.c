// SPDX-License-Identifier: BSD-2-Clause
/*
 * RPCs of OP-TEE to a dishonest guest: an answer is read as the answer to what
 * was asked, whatever the guest makes of the question (I4), and what the guest
 * is shown of a question (I2). Honest guests are in rpc_test.c.
 */
#include <string.h>

#include "one_guest.h"

#define LIST (OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG)

/* How a dishonest guest answers ALLOC. */
struct alloc_answer {
	uint64_t ipa;
	uint64_t cookie;
	uint32_t want; /* what the TA hears */
};

static const struct alloc_answer *alloc_answer;

static bool answer_alloc(struct tg_guest *g, struct tg_regs *regs, void *arg)
{
	(void)g;
	(void)arg;
	if ((uint32_t)regs->x[0] != OPTEE_RPC_ALLOC)
		return false;
	sim_pair_set(regs, 1, alloc_answer->ipa);
	sim_pair_set(regs, 4, alloc_answer->cookie);
	return true;
}

static void i4_bad_answers_to_alloc(void **state)
{
	const uint64_t end = SIM_RAM_IPA + SIM_RAM_PAGES * TG_PAGE_BYTES;
	const struct alloc_answer answers[] = {
		{ 0, 0, TEE_ERROR_OUT_OF_MEMORY },
		{ 0, 0x55, TEE_ERROR_OUT_OF_MEMORY },
		{ ipa, 0, TEE_ERROR_OUT_OF_MEMORY },
		{ ipa + 4, 0x55, TEE_ERROR_OUT_OF_MEMORY },
		{ ipa, 0x7467746d00000001, TEE_ERROR_OUT_OF_MEMORY },
		{ ipa, 0x99, TEE_ERROR_OUT_OF_MEMORY }, /* registered */
		/* Seen only when the guest is to be shown something. */
		{ end, 0x55, TEE_ERROR_BAD_PARAMETERS },
		{ end - 8, 0x55, TEE_ERROR_BAD_PARAMETERS },
		{ SIM_ROM_IPA, 0x55, TEE_ERROR_BAD_PARAMETERS },
		{ SIM_PA_BASE, 0x55, TEE_ERROR_BAD_PARAMETERS },
		{ 0xfffffffffffffff8, 0x55, TEE_ERROR_BAD_PARAMETERS },
	};

	(void)state;
	sim.scan_off = true; /* the guest says SIM_PA_BASE itself */
	assert_int_equal(sim_register(guest, 0x99, ipa + 4096, 4096), 0);
	guest->rpc_hook = answer_alloc;
	for (size_t i = 0; i < ROWS(answers); i++) {
		alloc_answer = &answers[i];
		assert_int_equal(invoke_rpc(guest, session, TEE_RPC_TIME, 1),
				 answers[i].want);
		assert_int_equal(stats_of(guest).rpc_buffers, 0);
	}
	guest->rpc_hook = NULL;
	assert_int_equal(sim_unregister(guest, 0x99), 0);
}

/* RAM at IPA 0 cannot hold an RPC: to OP-TEE it says that there is none. */
static void i4_alloc_at_8(void **state)
{
	static const struct alloc_answer answer = { 8, 0x1234, 0 };
	struct sim_buffer *buffer = sim_buffer_new(guest, 4096, true);

	(void)state;
	buffer->ipa = 8;
	buffer->cookie = 0x1234;
	alloc_answer = &answer;
	guest->rpc_hook = answer_alloc;
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_TIME, 1), 0);
}

/* Two suspended calls; the second gives the first's name for its buffer. */
static void i1_one_name_for_two_argument_buffers(void **state)
{
	struct alloc_answer answer = { ipa, 0, 0 };
	struct sim_call a;
	struct sim_call b;
	struct sim_msg msg;

	(void)state;
	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	assert_int_equal(sim_call_start(&a, guest, &msg), OPTEE_RPC_ALLOC);
	assert_int_equal(sim_call_start(&b, guest, &msg), OPTEE_RPC_ALLOC);
	assert_int_equal(sim_call_step(&a), OPTEE_RPC_CMD);
	answer.cookie = sim_pair(a.regs.x[1], a.regs.x[2]);
	alloc_answer = &answer;
	guest->rpc_hook = answer_alloc;
	assert_int_equal(sim_call_step(&b), OPTEE_RET_OK);
	guest->rpc_hook = NULL;
	assert_int_equal(sim_call_finish(&a, NULL), OPTEE_RET_OK);
}

/* How a dishonest guest answers commands: it rewrites the whole message. */
static void (*rewrite)(struct sim_msg *msg);
static uint32_t rewrite_cmd;

static bool answer_cmd(struct tg_guest *g, struct tg_regs *regs, void *arg)
{
	uint64_t at, bytes;
	struct sim_msg msg;

	(void)arg;
	if ((uint32_t)regs->x[0] != OPTEE_RPC_CMD)
		return false;
	at = sim_rpc_ipa(g, regs, &bytes);
	assert_true(at && bytes >= 160);
	sim_guest_read(g, at, &msg, 160);
	if (msg.cmd != rewrite_cmd)
		return false;
	/* Let the driver answer it first. */
	g->rpc_hook = NULL;
	sim_rpc_serve(g, regs);
	g->rpc_hook = answer_cmd;
	sim_guest_read(g, at, &msg, 160);
	rewrite(&msg);
	sim_guest_write(g, at, &msg, 160);
	return true;
}

static void rewrite_everything(struct sim_msg *msg)
{
	msg->cmd = OPTEE_RPC_CMD_SHM_ALLOC;
	msg->func = 1;
	msg->session = 2;
	msg->cancel_id = 3;
	msg->pad = 4;
	msg->num_params = 0xffffffff;
	msg->params[0].attr = LIST;
	msg->params[1].attr = OPTEE_MSG_ATTR_TMEM_INOUT;
	msg->params[1].u.tmem.buf_ptr = SIM_PA_BASE;
}

static void rewrite_to_inputs(struct sim_msg *msg)
{
	msg->params[0].attr = OPTEE_MSG_ATTR_VALUE_IN;
	msg->num_params = 0;
}

/* A time is a time, whatever the guest makes of the question. */
static void i4_the_question_is_not_read_back(void **state)
{
	struct sim_msg msg;

	(void)state;
	rewrite = rewrite_everything;
	rewrite_cmd = OPTEE_RPC_CMD_GET_TIME;
	guest->rpc_hook = answer_cmd;
	msg_rpc(&msg, session, TEE_RPC_TIME, 2);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(msg.params[1].u.value.a, 1795435200);
	rewrite = rewrite_to_inputs;
	msg_rpc(&msg, session, TEE_RPC_TIME, 1);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(msg.params[1].u.value.a, 1795435200);
}

static struct tee_param asked[TEE_RPC_PARAMS];
static uint32_t asked_count;
static uint32_t asked_cmd;
static uint32_t answered;
static struct sim_msg left; /* OP-TEE's own message after the answer */

static uint32_t ask(struct tee_thread *thread, uint32_t func,
		    struct tee_param *params, uint32_t count)
{
	(void)func;
	for (uint32_t i = 0; i < asked_count && count; i++)
		if (asked[i].type & 4)
			asked[i].mobj = params[0].mobj;
	answered = tee_rpc_cmd(thread, asked_cmd, asked_count, asked);
	memcpy(&left, tee_rpc_message(thread), 160);
	return TEE_SUCCESS;
}

static void rewrite_values(struct sim_msg *msg)
{
	for (unsigned int i = 0; i < 4; i++) {
		msg->params[i].attr = OPTEE_MSG_ATTR_VALUE_INOUT;
		msg->params[i].u.value.a = 100 + i;
		msg->params[i].u.value.b = 200 + i;
		msg->params[i].u.value.c = 300 + i;
	}
	msg->ret = 0x42;
	msg->ret_origin = 0x43;
}

static void set_asked(uint32_t cmd, uint32_t count, const uint32_t *types)
{
	memset(asked, 0, sizeof(asked));
	asked_cmd = cmd;
	asked_count = count;
	for (uint32_t i = 0; i < count; i++)
		asked[i] = (struct tee_param){
			.type = types[i], .a = 1, .b = 2, .c = 3, .size = 4
		};
}

/* Only what was asked for as output is taken over. */
static void i4_only_outputs_are_taken(void **state)
{
	static const uint32_t types[] = { OPTEE_MSG_ATTR_VALUE_IN,
					  OPTEE_MSG_ATTR_VALUE_OUT,
					  OPTEE_MSG_ATTR_VALUE_INOUT,
					  OPTEE_MSG_ATTR_RMEM_OUT };
	struct tee_mobj *mobj;
	struct sim_msg msg;

	(void)state;
	assert_int_equal(sim_register(guest, 0x99, ipa, 4096), 0);
	set_asked(OPTEE_RPC_CMD_SUSPEND, 4, types);
	tee.invoke = ask;
	rewrite = rewrite_values;
	rewrite_cmd = OPTEE_RPC_CMD_SUSPEND;
	guest->rpc_hook = answer_cmd;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 0);
	sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_INOUT, 0x99, 0, 64);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	mobj = asked[3].mobj;
	assert_non_null(mobj);
	assert_int_equal(answered, 0x42);
	assert_int_equal(asked[0].a, 1);
	assert_int_equal(asked[1].a, 101);
	assert_int_equal(asked[1].b, 201);
	assert_int_equal(asked[1].c, 301);
	assert_int_equal(asked[2].a, 102);
	/* In OP-TEE's own message nothing else has changed. */
	assert_int_equal(left.cmd, OPTEE_RPC_CMD_SUSPEND);
	assert_int_equal(left.num_params, 4);
	assert_int_equal(left.params[0].attr, OPTEE_MSG_ATTR_VALUE_IN);
	assert_int_equal(left.params[0].u.value.a, 1);
	assert_int_equal(left.params[3].attr, OPTEE_MSG_ATTR_RMEM_OUT);
	assert_int_equal(left.params[3].u.rmem.offs, 0);
	assert_int_equal(left.params[3].u.rmem.shm_ref, 0x99);
	assert_int_equal(asked[3].offs, 0);
	assert_int_equal(asked[3].size, 203);
	tee.invoke = NULL;
	assert_int_equal(sim_unregister(guest, 0x99), 0);
}

static struct sim_msg shown;

static void keep_shown(struct sim_msg *msg)
{
	shown = *msg;
}

/* What the guest is shown: values in, names, sizes; never an address. */
static void i2_what_the_guest_is_shown(void **state)
{
	static const uint32_t types[] = { OPTEE_MSG_ATTR_VALUE_IN,
					  OPTEE_MSG_ATTR_VALUE_OUT,
					  OPTEE_MSG_ATTR_RMEM_INOUT,
					  OPTEE_MSG_ATTR_NONE };
	struct sim_msg msg;

	(void)state;
	set_asked(OPTEE_RPC_CMD_SUSPEND, 4, types);
	asked[1].a = SIM_PA_BASE; /* an output's old content is nobody's */
	tee.invoke = ask;
	rewrite = keep_shown;
	rewrite_cmd = OPTEE_RPC_CMD_SUSPEND;
	guest->rpc_hook = answer_cmd;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 0);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, 64)
		->u.tmem.shm_ref = 0xabc;
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(shown.cmd, OPTEE_RPC_CMD_SUSPEND);
	assert_int_equal(shown.num_params, 4);
	assert_int_equal(shown.params[0].attr, OPTEE_MSG_ATTR_VALUE_IN);
	assert_int_equal(shown.params[0].u.value.a, 1);
	assert_int_equal(shown.params[0].u.value.b, 2);
	assert_int_equal(shown.params[0].u.value.c, 3);
	assert_int_equal(shown.params[1].attr, OPTEE_MSG_ATTR_VALUE_OUT);
	assert_int_equal(shown.params[1].u.value.a, 0);
	assert_int_equal(shown.params[2].attr, OPTEE_MSG_ATTR_RMEM_INOUT);
	/* The guest's own name for its temporary buffer. */
	assert_int_equal(shown.params[2].u.rmem.shm_ref, 0xabc);
	assert_int_equal(shown.params[2].u.rmem.size, 4);
	assert_int_equal(shown.params[3].attr, OPTEE_MSG_ATTR_NONE);
	tee.invoke = NULL;
}

static void null_memref_in_an_rpc(void **state)
{
	static const uint32_t types[] = { OPTEE_MSG_ATTR_VALUE_IN,
					  OPTEE_MSG_ATTR_RMEM_OUT };
	struct sim_msg msg;

	(void)state;
	set_asked(OPTEE_RPC_CMD_SUSPEND, 2, types);
	asked[1].size = 0;
	tee.invoke = ask;
	rewrite = keep_shown;
	rewrite_cmd = OPTEE_RPC_CMD_SUSPEND;
	guest->rpc_hook = answer_cmd;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 0);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(answered, TEE_SUCCESS);
	assert_int_equal(shown.params[1].attr, OPTEE_MSG_ATTR_TMEM_OUT);
	assert_int_equal(shown.params[1].u.tmem.buf_ptr, 0);
	assert_int_equal(shown.params[1].u.tmem.shm_ref, 0);
	tee.invoke = NULL;
}

/* How a dishonest guest answers SHM_ALLOC: changes of an honest answer. */
static struct optee_msg_param payload_change;
static uint32_t payload_ret;

static void rewrite_payload(struct sim_msg *msg)
{
	struct optee_msg_param *param = &msg->params[0];

	if (payload_change.attr)
		param->attr = payload_change.attr;
	if (payload_change.u.tmem.buf_ptr)
		param->u.tmem.buf_ptr = payload_change.u.tmem.buf_ptr;
	if (payload_change.u.tmem.size)
		param->u.tmem.size = payload_change.u.tmem.size;
	if (payload_change.u.tmem.shm_ref)
		param->u.tmem.shm_ref = payload_change.u.tmem.shm_ref;
	if (payload_change.u.tmem.shm_ref == UINT64_MAX)
		param->u.tmem.shm_ref = 0;
	msg->ret = payload_ret;
}

static const struct optee_msg_param payload_changes[] = {
	{ .attr = OPTEE_MSG_ATTR_TMEM_IN | OPTEE_MSG_ATTR_NONCONTIG },
	{ .attr = OPTEE_MSG_ATTR_TMEM_INOUT | OPTEE_MSG_ATTR_NONCONTIG },
	{ .attr = OPTEE_MSG_ATTR_RMEM_OUT },
	{ .attr = OPTEE_MSG_ATTR_RMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG },
	{ .attr = OPTEE_MSG_ATTR_VALUE_OUT },
	{ .attr = LIST | 1ull << 32 },
	{ .attr = LIST | OPTEE_MSG_ATTR_META },
	{ .u.tmem.size = 5999 },
	{ .u.tmem.size = 1 },
	{ .u.tmem.size = UINT64_MAX },
	{ .u.tmem.size = UINT64_MAX - 4095 },
	{ .u.tmem.size = 1ull << 40 },
	{ .u.tmem.size = 3 * 4096 }, /* the list's third entry is 0 */
	{ .u.tmem.buf_ptr = SIM_PA_BASE },
	{ .u.tmem.buf_ptr = 0x30000000 },
	{ .u.tmem.buf_ptr =
		  SIM_ROM_IPA }, /* entries of 0, of which one twice */
	{ .u.tmem.shm_ref = UINT64_MAX }, /* stands for 0 */
	{ .u.tmem.shm_ref = 0x99 }, /* registered */
	{ .u.tmem.shm_ref = 0x7467746d00000001 },
};

static void i4_bad_answers_to_shm_alloc(void **state)
{
	uint32_t buffers = stats_of(guest).shm_buffers + 1;

	(void)state;
	assert_int_equal(sim_register(guest, 0x99, ipa, 4096), 0);
	sim.scan_off = true;
	sim_guest_at(guest, SIM_ROM_IPA);
	memset(sim_guest_at(guest, SIM_ROM_IPA), 0xff, 64);
	/* Where there is no RAM, unlike at 0. */
	guest->regions[2].ipa = 0x20000000;
	rewrite = rewrite_payload;
	rewrite_cmd = OPTEE_RPC_CMD_SHM_ALLOC;
	guest->rpc_hook = answer_cmd;
	for (size_t i = 0; i < ROWS(payload_changes); i++) {
		uint64_t pins = sim.pins;

		payload_change = payload_changes[i];
		payload_ret = TEE_SUCCESS;
		if (invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1) !=
		    TEE_ERROR_OUT_OF_MEMORY)
			fail_msg("row %zu was accepted", i);
		assert_int_equal(stats_of(guest).shm_buffers, buffers);
		assert_int_equal(sim.pins, pins);
	}
	guest->rpc_hook = NULL;
	assert_int_equal(sim_unregister(guest, 0x99), 0);
}

static void rewrite_command(struct sim_msg *msg)
{
	msg->cmd = OPTEE_RPC_CMD_GET_TIME;
	msg->num_params = 0;
}

/* A buffer is what was asked for, whatever the guest calls it. */
static void i4_the_command_is_not_read_back(void **state)
{
	(void)state;
	rewrite = rewrite_command;
	rewrite_cmd = OPTEE_RPC_CMD_SHM_ALLOC;
	guest->rpc_hook = answer_cmd;
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1), 0);
}

/* An error is an error, whatever buffer comes with it. */
static void i4_shm_alloc_fails_in_the_guest(void **state)
{
	uint64_t pins = sim.ops[SIM_OP_PIN];

	(void)state;
	rewrite = rewrite_payload;
	rewrite_cmd = OPTEE_RPC_CMD_SHM_ALLOC;
	memset(&payload_change, 0, sizeof(payload_change));
	payload_ret = TEE_ERROR_OUT_OF_MEMORY;
	guest->rpc_hook = answer_cmd;
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(sim.ops[SIM_OP_PIN], pins);
}

static uint32_t ask_too_much(struct tee_thread *thread, uint32_t func,
			     struct tee_param *params, uint32_t count)
{
	struct tee_param many[16] = { { .type = OPTEE_MSG_ATTR_VALUE_IN } };
	uint32_t ret;

	(void)params;
	(void)count;
	for (unsigned int i = 1; i < 16; i++)
		many[i] = many[0];
	ret = tee_rpc_cmd(thread, OPTEE_RPC_CMD_SUSPEND, func, many);
	return ret;
}

/* More parameters than the guest's buffer has room for. */
static void i4_too_many_parameters(void **state)
{
	static const uint32_t counts[] = { 4, 5, 8, 9, 16 };
	struct sim_msg msg;

	(void)state;
	tee.invoke = ask_too_much;
	for (size_t i = 0; i < ROWS(counts); i++) {
		sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session,
			     counts[i]);
		assert_int_equal(invoke(guest, &msg),
				 counts[i] > 4 ? TEE_ERROR_BAD_PARAMETERS :
						 TEE_SUCCESS);
	}
	tee.invoke = NULL;
	assert_int_equal(guest->rpc_cmds[OPTEE_RPC_CMD_SUSPEND], 1);
}

/* Malformed SHM_ALLOC and SHM_FREE of OP-TEE's. */
static void i4_shm_commands_of_another_shape(void **state)
{
	static const uint32_t cmds[] = { OPTEE_RPC_CMD_SHM_ALLOC,
					 OPTEE_RPC_CMD_SHM_FREE };
	static const uint32_t types[] = { OPTEE_MSG_ATTR_VALUE_OUT,
					  OPTEE_MSG_ATTR_VALUE_IN };
	struct sim_msg msg;

	(void)state;
	tee.invoke = ask;
	for (size_t i = 0; i < ROWS(cmds); i++)
		for (uint32_t n = 0; n <= 2; n++) {
			set_asked(cmds[i], n, types);
			sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND,
				     session, 0);
			assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
			assert_int_equal(answered, TEE_ERROR_BAD_PARAMETERS);
		}
	/* Freeing what is unknown is passed on: the guest may know it. */
	set_asked(OPTEE_RPC_CMD_SHM_FREE, 1, &types[1]);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 0);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(answered, TEE_SUCCESS);
	assert_int_equal(guest->unknown_frees, 1);
	tee.invoke = NULL;
}

static bool garbage_answers(struct tg_guest *g, struct tg_regs *regs, void *arg)
{
	(void)arg;
	g->rpc_hook = NULL;
	sim_rpc_serve(g, regs);
	g->rpc_hook = garbage_answers;
	/* The model looks at what of it reaches OP-TEE. */
	for (unsigned int i = 0; i < 8; i++)
		regs->x[i] |= 0xa5a5a5a500000000;
	regs->x[6] = UINT64_MAX;
	regs->x[7] = UINT64_MAX;
	return true;
}

static void i9_garbage_in_answers(void **state)
{
	(void)state;
	guest->rpc_hook = garbage_answers;
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1), 0);
	guest->yields = 2;
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_INTERRUPT, 2), 0);
	guest->rpc_hook = NULL;
}

static uint64_t forged_attr;

/* OP-TEE asks with a parameter of a kind that it does not have. */
static uint32_t ask_forged(struct tee_thread *thread, uint32_t func,
			   struct tee_param *params, uint32_t count)
{
	struct tee_param wait = { .type = OPTEE_MSG_ATTR_VALUE_IN };
	struct optee_msg_arg *arg;

	(void)func;
	(void)params;
	(void)count;
	tee_rpc_cmd(thread, OPTEE_RPC_CMD_SUSPEND, 1, &wait);
	arg = tee_rpc_message(thread);
	arg->params[0].attr = forged_attr;
	arg->params[0].u.tmem.buf_ptr = sim_page_pa(0);
	arg->params[0].u.tmem.size = 4096;
	arg->ret = TEE_ERROR_GENERIC;
	tee_rpc(thread, OPTEE_RPC_CMD,
		thread->given ? 0 : thread->rpc_arg->cookie);
	return arg->ret;
}

/* I2: an address, even OP-TEE's own, is not passed on. */
static void i2_an_address_in_a_question(void **state)
{
	static const uint64_t attrs[] = {
		OPTEE_MSG_ATTR_TMEM_IN,
		OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG,
		0xc,
		4,
	};
	struct sim_msg msg;

	(void)state;
	tee.invoke = ask_forged;
	for (size_t i = 0; i < ROWS(attrs); i++) {
		forged_attr = attrs[i];
		sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 0);
		assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	}
	tee.invoke = NULL;
	assert_int_equal(guest->rpc_cmds[OPTEE_RPC_CMD_SUSPEND], 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(i4_bad_answers_to_alloc),
		GUEST_TEST(i4_alloc_at_8),
		GUEST_TEST(i1_one_name_for_two_argument_buffers),
		GUEST_TEST(i4_the_question_is_not_read_back),
		GUEST_TEST(i4_only_outputs_are_taken),
		GUEST_TEST(i2_what_the_guest_is_shown),
		GUEST_TEST(null_memref_in_an_rpc),
		GUEST_TEST(i4_bad_answers_to_shm_alloc),
		GUEST_TEST(i4_the_command_is_not_read_back),
		GUEST_TEST(i4_shm_alloc_fails_in_the_guest),
		GUEST_TEST(i4_too_many_parameters),
		GUEST_TEST(i4_shm_commands_of_another_shape),
		GUEST_TEST(i9_garbage_in_answers),
		GUEST_TEST(i2_an_address_in_a_question),
		/* The same where the guest has room behind its message. */
		RPC_ARG_TEST(i4_the_question_is_not_read_back),
		RPC_ARG_TEST(i4_only_outputs_are_taken),
		RPC_ARG_TEST(i2_what_the_guest_is_shown),
		RPC_ARG_TEST(null_memref_in_an_rpc),
		RPC_ARG_TEST(i4_bad_answers_to_shm_alloc),
		RPC_ARG_TEST(i4_the_command_is_not_read_back),
		RPC_ARG_TEST(i4_shm_alloc_fails_in_the_guest),
		RPC_ARG_TEST(i4_too_many_parameters),
		RPC_ARG_TEST(i4_shm_commands_of_another_shape),
		RPC_ARG_TEST(i9_garbage_in_answers),
		RPC_ARG_TEST(i2_an_address_in_a_question),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
