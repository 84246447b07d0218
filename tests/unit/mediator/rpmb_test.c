// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who may have what is about RPMB: the capability, the RPCs by which OP-TEE
 * asks for a device, the PTA that knows its key. A guest that was not granted
 * it hears of none of them; the one that was, and no other, does.
 */
#include <string.h>

#include "one_guest.h"

/* What the TA below had as the answers to its RPCs. */
static struct {
	uint32_t cmd;
	uint32_t ret;
	uint64_t value;
	uint64_t size;
} rpc;

/* A TA that has OP-TEE send frames for an RPMB, and gets as many back. */
static uint32_t frames(struct tee_thread *thread, uint32_t func,
		       struct tee_param *params, uint32_t count)
{
	struct tee_mobj *mobj = tee_rpc_alloc(thread, 1024);
	struct tee_param ask[2] = {
		{ .type = OPTEE_MSG_ATTR_RMEM_IN, .mobj = mobj, .size = 512 },
		{ .type = OPTEE_MSG_ATTR_RMEM_OUT,
		  .mobj = mobj,
		  .offs = 512,
		  .size = 512 },
	};

	(void)func;
	(void)params;
	(void)count;
	rpc.ret = tee_rpc_cmd(thread, rpc.cmd, 2, ask);
	rpc.size = ask[1].size;
	tee_rpc_free(thread, mobj);
	return rpc.ret;
}

static uint32_t probe(struct tee_thread *thread, uint32_t func,
		      struct tee_param *params, uint32_t count)
{
	struct tee_param ask = { .type = OPTEE_MSG_ATTR_VALUE_OUT };

	(void)func;
	(void)params;
	(void)count;
	rpc.ret = tee_rpc_cmd(thread, OPTEE_RPC_CMD_RPMB_PROBE_RESET, 1, &ask);
	rpc.value = ask.a;
	return rpc.ret;
}

/* The guest's driver, where it serves an RPMB. */
static unsigned int served;

static bool serve_rpmb(struct tg_guest *g, struct tg_regs *regs, void *arg)
{
	struct sim_buffer *buffer;
	struct sim_msg msg;
	size_t bytes;

	(void)arg;
	if ((uint32_t)regs->x[0] != OPTEE_RPC_CMD)
		return false;
	buffer = sim_buffer_find(g, sim_pair(regs->x[1], regs->x[2]));
	sim_guest_read(g, buffer->ipa, &msg, 32);
	if (msg.cmd < OPTEE_RPC_CMD_RPMB_PROBE_RESET &&
	    msg.cmd != OPTEE_RPC_CMD_RPMB)
		return false;
	bytes = optee_msg_bytes(msg.num_params);
	sim_guest_read(g, buffer->ipa, &msg, bytes);
	served++;
	msg.ret = TEE_SUCCESS;
	if (msg.num_params == 1)
		msg.params[0].u.value.a = 2;
	else
		msg.params[1].u.rmem.size = 384;
	sim_guest_write(g, buffer->ipa, &msg, bytes);
	return true;
}

static uint32_t run_ta(struct tg_guest *g, uint32_t s, tee_invoke ta)
{
	struct sim_msg msg;

	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, s, TEE_TA_NOP);
	tee.invoke = ta;
	invoke(g, &msg);
	tee.invoke = NULL;
	return msg.ret;
}

static const uint32_t frame_cmds[] = { OPTEE_RPC_CMD_RPMB,
				       OPTEE_RPC_CMD_RPMB_PROBE_NEXT,
				       OPTEE_RPC_CMD_RPMB_FRAMES };

static void rpcs_are_refused_without_the_guest(void **state)
{
	uint64_t traced = sim.trace_count;

	(void)state;
	served = 0;
	guest->rpc_hook = serve_rpmb;
	assert_int_equal(run_ta(guest, session, probe),
			 TEE_ERROR_STORAGE_NOT_AVAILABLE);
	assert_int_equal(rpc.value, 0);
	for (size_t i = 0; i < 3; i++) {
		rpc.cmd = frame_cmds[i];
		assert_int_equal(run_ta(guest, session, frames),
				 TEE_ERROR_STORAGE_NOT_AVAILABLE);
		assert_int_equal(rpc.size, 512);
	}
	assert_int_equal(served, 0);
	assert_int_equal(stats_of(guest).refused[TG_DENIED_RPMB], 4);
	for (uint64_t i = traced; i < sim.trace_count; i++) {
		const struct sim_trace_entry *e = &sim.trace[i % SIM_TRACE_MAX];

		if (e->event != TG_TRACE_REFUSED)
			continue;
		assert_int_equal(e->a, TG_DENIED_RPMB);
		assert_int_equal(e->id.v, tee_partition_of(guest)->id);
		traced = 0;
	}
	assert_int_equal(traced, 0);
}

/* The refusal leaves the call and its buffers as they should be. */
static void a_guest_goes_on_after_a_refusal(void **state)
{
	(void)state;
	assert_int_equal(run_ta(guest, session, probe),
			 TEE_ERROR_STORAGE_NOT_AVAILABLE);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 2), 0);
	assert_int_equal(guest->unknown_frees, 0);
}

static struct tg_guest *owner_create(uint32_t *ret_session)
{
	struct tg_guest *g = sim_guest_create(NULL);

	assert_true(tg_system_rpmb_grant(&sim.sys, g));
	*ret_session = sim_open(g);
	return g;
}

static void owner_destroy(struct tg_guest *g)
{
	assert_idle(g);
	tg_system_rpmb_withdraw(&sim.sys, g);
	sim_guest_destroy(g);
}

static void the_owner_serves_them(void **state)
{
	uint32_t s;
	struct tg_guest *g = owner_create(&s);

	(void)state;
	served = 0;
	g->rpc_hook = serve_rpmb;
	assert_int_equal(run_ta(g, s, probe), TEE_SUCCESS);
	assert_int_equal(rpc.value, 2);
	for (size_t i = 0; i < 3; i++) {
		rpc.cmd = frame_cmds[i];
		assert_int_equal(run_ta(g, s, frames), TEE_SUCCESS);
		/* I4: the size comes back, and nothing else can. */
		assert_int_equal(rpc.size, 384);
	}
	assert_int_equal(served, 4);
	assert_int_equal(stats_of(g).refused[TG_DENIED_RPMB], 0);
	owner_destroy(g);
}

static void others_are_refused_beside_an_owner(void **state)
{
	uint32_t s;
	struct tg_guest *g = owner_create(&s);
	struct tg_guest *other = sim_guest_create(NULL);
	uint32_t other_session = sim_open(other);

	(void)state;
	assert_int_equal(run_ta(other, other_session, probe),
			 TEE_ERROR_STORAGE_NOT_AVAILABLE);
	sim_guest_destroy(other);
	owner_destroy(g);
}

static void one_owner_at_a_time(void **state)
{
	struct tg_guest *a = sim_guest_create(NULL);
	struct tg_guest *b = sim_guest_create(NULL);

	(void)state;
	assert_true(tg_system_rpmb_grant(&sim.sys, a));
	assert_true(tg_system_rpmb_grant(&sim.sys, a));
	assert_false(tg_system_rpmb_grant(&sim.sys, b));
	/* What b never had it cannot take from a. */
	tg_system_rpmb_withdraw(&sim.sys, b);
	assert_false(tg_system_rpmb_grant(&sim.sys, b));
	tg_system_rpmb_withdraw(&sim.sys, a);
	assert_true(tg_system_rpmb_grant(&sim.sys, b));
	tg_system_rpmb_withdraw(&sim.sys, b);
	sim_guest_destroy(b);
	sim_guest_destroy(a);
}

static uint32_t capabilities_of(struct tg_guest *g)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_EXCHANGE_CAPS } };

	sim_guest_smc(g, &regs);
	assert_int_equal(regs.x[0], OPTEE_RET_OK);
	return (uint32_t)regs.x[1];
}

static void the_capability_is_shown_to_the_owner_only(void **state)
{
	uint32_t s;
	struct tg_guest *g;

	(void)state;
	tee.capabilities |= OPTEE_SEC_CAP_RPMB_PROBE | OPTEE_SEC_CAP_PROTMEM;
	assert_int_equal(tg_system_init(&sim.sys), TG_OK);
	g = owner_create(&s);
	assert_true(capabilities_of(g) & OPTEE_SEC_CAP_RPMB_PROBE);
	assert_false(capabilities_of(g) & OPTEE_SEC_CAP_PROTMEM);
	assert_int_equal(sim_guest_reset(g), TG_OK);
	assert_true(capabilities_of(g) & OPTEE_SEC_CAP_RPMB_PROBE);
	owner_destroy(g);

	g = sim_guest_create(NULL);
	assert_false(capabilities_of(g) & OPTEE_SEC_CAP_RPMB_PROBE);
	sim_guest_destroy(g);
}

/* PTA_RPMB_KEY_UUID_STRING, as a driver puts it into a message. */
static const uint8_t key_pta[16] = { 0xda, 0x6e, 0xd2, 0x8c, 0x0d, 0x65,
				     0x44, 0x06, 0x89, 0x1f, 0xe8, 0x42,
				     0x2f, 0x57, 0xc2, 0x02 };

static void the_key_pta_is_not_for_guests(void **state)
{
	const uint64_t meta = OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;
	uint64_t before = tee.smcs;
	struct sim_msg msg;

	(void)state;
	msg_open(&msg, key_pta, meta);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_ACCESS_DENIED);
	assert_refused(&msg, TEE_ERROR_ACCESS_DENIED);
	/* Attribute bits that OP-TEE does not get to see hide nothing. */
	msg_open(&msg, key_pta, meta | (1ull << 16));
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, 5000);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(tee.smcs, before);
	assert_int_equal(stats_of(guest).refused[TG_DENIED_TA], 2);
}

static void other_trusted_applications_are(void **state)
{
	const uint64_t meta = OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;
	uint8_t uuid[16];
	struct sim_msg msg;

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		memcpy(uuid, key_pta, 16);
		uuid[i] ^= 0x80;
		msg_open(&msg, uuid, meta);
		assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
		assert_int_equal(sim_close(guest, msg.session), TEE_SUCCESS);
	}
	/* What OP-TEE would not take for a session it says itself. */
	msg_open(&msg, key_pta, OPTEE_MSG_ATTR_VALUE_IN);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	assert_int_not_equal(msg.ret_origin, TEE_ORIGIN_COMMS);
	sim_msg_init(&msg, OPTEE_MSG_CMD_OPEN_SESSION, 0, 0);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	assert_int_not_equal(msg.ret_origin, TEE_ORIGIN_COMMS);
}

static void the_owner_may_open_the_key_pta(void **state)
{
	struct sim_msg msg;
	uint32_t s;
	struct tg_guest *g = owner_create(&s);

	(void)state;
	msg_open(&msg, key_pta, OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN);
	assert_int_equal(invoke(g, &msg), TEE_SUCCESS);
	owner_destroy(g);
}

#define BARE(f) \
	cmocka_unit_test_setup_teardown(f, common_setup, common_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(rpcs_are_refused_without_the_guest),
		GUEST_TEST(a_guest_goes_on_after_a_refusal),
		GUEST_TEST(the_key_pta_is_not_for_guests),
		GUEST_TEST(other_trusted_applications_are),
		BARE(the_owner_serves_them),
		BARE(others_are_refused_beside_an_owner),
		BARE(one_owner_at_a_time),
		BARE(the_capability_is_shown_to_the_owner_only),
		BARE(the_owner_may_open_the_key_pta),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
