// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest that was denied storage is never asked for files, whatever OP-TEE
 * wants with them; all other guests and all other RPCs are as they were.
 */
#include "one_guest.h"

/* The guest's supplicant: how often it was asked for files. */
static unsigned int served;

/* What the TA below was told. */
static struct {
	uint32_t ret;
	uint64_t value;
	uint64_t size;
} rpc;

/* A TA whose object is in a file: OP-TEE asks for it by three parameters. */
static uint32_t store(struct tee_thread *thread, uint32_t func,
		      struct tee_param *params, uint32_t count)
{
	struct tee_mobj *mobj = tee_rpc_alloc(thread, 1024);
	struct tee_param ask[3] = {
		{ .type = OPTEE_MSG_ATTR_VALUE_IN, .a = 1 },
		{ .type = OPTEE_MSG_ATTR_RMEM_OUT, .mobj = mobj, .size = 512 },
		{ .type = OPTEE_MSG_ATTR_VALUE_OUT, .a = 77 },
	};

	(void)func;
	(void)params;
	(void)count;
	rpc.ret = tee_rpc_cmd(thread, OPTEE_RPC_CMD_FS, 3, ask);
	rpc.value = ask[2].a;
	rpc.size = ask[1].size;
	tee_rpc_free(thread, mobj);
	return rpc.ret;
}

static bool serve_files(struct tg_guest *g, struct tg_regs *regs, void *arg)
{
	struct sim_buffer *buffer;
	struct sim_msg msg;
	size_t bytes;

	(void)arg;
	if ((uint32_t)regs->x[0] != OPTEE_RPC_CMD)
		return false;
	buffer = sim_buffer_find(g, sim_pair(regs->x[1], regs->x[2]));
	sim_guest_read(g, buffer->ipa, &msg, 32);
	if (msg.cmd != OPTEE_RPC_CMD_FS)
		return false;
	bytes = optee_msg_bytes(msg.num_params);
	sim_guest_read(g, buffer->ipa, &msg, bytes);
	served++;
	msg.ret = TEE_SUCCESS;
	msg.params[1].u.rmem.size = 256;
	msg.params[2].u.value.a = 5;
	sim_guest_write(g, buffer->ipa, &msg, bytes);
	return true;
}

static uint32_t run_ta(struct tg_guest *g, uint32_t s)
{
	struct sim_msg msg;

	served = 0;
	g->rpc_hook = serve_files;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, s, TEE_TA_NOP);
	tee.invoke = store;
	invoke(g, &msg);
	tee.invoke = NULL;
	g->rpc_hook = NULL;
	return msg.ret;
}

static void a_guest_is_asked_for_files(void **state)
{
	(void)state;
	assert_int_equal(run_ta(guest, session), TEE_SUCCESS);
	assert_int_equal(served, 1);
	assert_int_equal(rpc.value, 5);
	assert_int_equal(rpc.size, 256);
	assert_int_equal(stats_of(guest).refused[TG_DENIED_STORAGE], 0);
}

static struct tg_guest *denied_create(uint32_t *ret_session)
{
	struct tg_guest *g = sim_guest_create(NULL);

	tg_vm_deny_storage(g->vm);
	*ret_session = sim_open(g);
	return g;
}

static void assert_denied(struct tg_guest *g, uint32_t s)
{
	assert_int_equal(run_ta(g, s), TEE_ERROR_STORAGE_NOT_AVAILABLE);
	assert_int_equal(served, 0);
	/* I4: nothing but the result is new to OP-TEE. */
	assert_int_equal(rpc.value, 77);
	assert_int_equal(rpc.size, 512);
}

static void a_denied_guest_is_not(void **state)
{
	uint32_t s;
	struct tg_guest *g = denied_create(&s);

	(void)state;
	assert_denied(g, s);
	assert_denied(g, s);
	assert_int_equal(stats_of(g).refused[TG_DENIED_STORAGE], 2);
	assert_idle(g);
	sim_guest_destroy(g);
}

static void others_are_asked_beside_a_denied_guest(void **state)
{
	uint32_t s;
	struct tg_guest *g = denied_create(&s);

	(void)state;
	assert_denied(g, s);
	assert_int_equal(run_ta(guest, session), TEE_SUCCESS);
	assert_int_equal(served, 1);
	sim_guest_destroy(g);
}

/* The denial is the VMM's: nothing that the guest does ends it. */
static void a_reset_gives_no_storage(void **state)
{
	uint32_t s;
	struct tg_guest *g = denied_create(&s);

	(void)state;
	assert_int_equal(sim_guest_reset(g), TG_OK);
	assert_denied(g, sim_open(g));
	sim_guest_destroy(g);
}

static void other_requests_pass(void **state)
{
	uint32_t s;
	struct tg_guest *g = denied_create(&s);

	(void)state;
	assert_int_equal(invoke_rpc(g, s, TEE_RPC_TIME, 2), TEE_SUCCESS);
	assert_int_equal(invoke_rpc(g, s, TEE_RPC_INTERRUPT, 2), TEE_SUCCESS);
	/* Memory for files there is all the same: others need it, too. */
	assert_int_equal(invoke_rpc(g, s, TEE_RPC_PAYLOAD, 1),
			 TEE_ERROR_STORAGE_NOT_AVAILABLE);
	assert_int_equal(stats_of(g).refused[TG_DENIED_STORAGE], 1);
	assert_int_equal(g->unknown_frees, 0);
	sim_guest_destroy(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(a_guest_is_asked_for_files),
		GUEST_TEST(a_denied_guest_is_not),
		GUEST_TEST(others_are_asked_beside_a_denied_guest),
		GUEST_TEST(a_reset_gives_no_storage),
		GUEST_TEST(other_requests_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
