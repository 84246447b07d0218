// SPDX-License-Identifier: BSD-2-Clause
/*
 * The life of yielding calls: suspended, resumed by the right one and once
 * (I7), interrupted, and with a message that changes while it is read (I3).
 */
#include <string.h>

#include "one_guest.h"

static void start_wait(struct sim_call *call, uint64_t count)
{
	struct sim_msg msg;

	msg_rpc(&msg, session, TEE_RPC_WAIT, count);
	assert_int_equal(sim_call_start(call, guest, &msg), OPTEE_RPC_ALLOC);
}

static uint32_t resume(struct tg_guest *g, uint64_t thread)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_RETURN_FROM_RPC, 0x11, 0x22,
				       thread, 0x44, 0x55, 0x66, 0x77 } };

	sim_guest_smc(g, &regs);
	if (regs.x[0] == OPTEE_RET_ERESUME)
		for (unsigned int i = 1; i < 4; i++)
			assert_int_equal(regs.x[i], 0);
	return (uint32_t)regs.x[0];
}

static void i7_unknown_threads(void **state)
{
	static const uint64_t ids[] = { 0,	    1,		3,	   4,
					0x7fffffff, 0xffffffff, UINT64_MAX };
	struct tg_guest *fresh = sim_guest_create(NULL);
	uint64_t before = tee.smcs;

	(void)state;
	for (size_t i = 0; i < ROWS(ids); i++) {
		assert_int_equal(resume(guest, ids[i]), OPTEE_RET_ERESUME);
		/* Costs nothing, not even a partition. */
		assert_int_equal(resume(fresh, ids[i]), OPTEE_RET_ERESUME);
	}
	assert_int_equal(tee.smcs, before);
	assert_int_equal(stats_of(fresh).vmid, 0);
	sim_guest_destroy(fresh);
}

static void i7_another_guests_thread(void **state)
{
	struct tg_guest *other = sim_guest_create(NULL);
	struct sim_call call;
	uint64_t before;

	(void)state;
	sim_open(other);
	start_wait(&call, 1);
	before = tee.smcs;
	assert_int_equal(resume(other, call.regs.x[3]), OPTEE_RET_ERESUME);
	assert_int_equal(tee.smcs, before);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
	sim_guest_destroy(other);
}

static void i7_a_thread_that_ended(void **state)
{
	struct sim_call call;
	uint64_t thread;

	(void)state;
	start_wait(&call, 1);
	thread = call.regs.x[3];
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
	assert_int_equal(resume(guest, thread), OPTEE_RET_ERESUME);
}

static uint64_t busy_thread;
static unsigned int hook_hits;

/* Another vCPU resumes what this one is just resuming. */
static void resume_too(const struct sim_event *event, void *arg)
{
	(void)event;
	(void)arg;
	hook_hits++;
	assert_int_equal(resume(guest, busy_thread), OPTEE_RET_ERESUME);
}

static void i7_a_busy_thread(void **state)
{
	struct sim_call call;

	(void)state;
	start_wait(&call, 2);
	busy_thread = call.regs.x[3];
	hook_hits = 0;
	sim_hook_set(resume_too, NULL);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
	sim_hook_set(NULL, NULL);
	/* At every fetch, every SMC, every answer. */
	assert_true(hook_hits > 8);
}

/* While a call is in OP-TEE for the first time it has no name yet. */
static void i7_a_thread_that_has_just_begun(void **state)
{
	struct sim_msg msg;

	(void)state;
	hook_hits = 0;
	busy_thread = 0;
	sim_hook_set(resume_too, NULL);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_NOP);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	sim_hook_set(NULL, NULL);
	assert_true(hook_hits > 2);
}

static void i7_upper_half_of_the_name(void **state)
{
	struct sim_call call;

	(void)state;
	start_wait(&call, 1);
	call.regs.x[3] |= 0xdead00000000;
	assert_int_equal(sim_call_step(&call), OPTEE_RPC_CMD);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
}

static void calls_end_in_any_order(void **state)
{
	static const unsigned int order[4][4] = {
		{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 0, 3, 1 }, { 1, 3, 0, 2 }
	};
	struct sim_call calls[4];

	(void)state;
	for (unsigned int n = 0; n < 4; n++) {
		for (unsigned int i = 0; i < 4; i++)
			start_wait(&calls[i], i + 1);
		assert_int_equal(stats_of(guest).calls_in_flight, 4);
		for (unsigned int i = 0; i < 4; i++)
			assert_int_equal(sim_call_finish(&calls[order[n][i]],
							 NULL),
					 OPTEE_RET_OK);
	}
}

static void a_call_without_an_rpc(void **state)
{
	struct sim_msg msg;

	(void)state;
	/* No RPC at all: the call ends at once. */
	msg_rpc(&msg, session, TEE_RPC_WAIT, 0);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
}

/* OP-TEE's own limit of threads, below the guest's quota. */
static void optee_has_no_thread(void **state)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_ARG } };
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	tee.threads = 1;
	start_wait(&call, 1);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_NOP);
	sim_guest_write(guest, SIM_RAM_IPA, &msg, 32);
	sim_pair_set(&regs, 1, SIM_RAM_IPA);
	regs.x[3] = 0x1234;
	sim_guest_smc(guest, &regs);
	assert_int_equal(regs.x[0], OPTEE_RET_ETHREAD_LIMIT);
	/* Kept, so that the guest can just repeat it. */
	assert_int_equal(sim_pair(regs.x[1], regs.x[2]), SIM_RAM_IPA);
	assert_int_equal(regs.x[3], 0x1234);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
	regs.x[0] = OPTEE_SMC_CALL_WITH_ARG;
	sim_guest_smc(guest, &regs);
	assert_int_equal(regs.x[0], OPTEE_RET_OK);
}

/* A refused call must not hold on to what it had pinned. */
static void i8_optee_has_no_thread_and_pins_go(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	tee.threads = 1;
	start_wait(&call, 1);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_NOP);
	sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, 4096);
	assert_int_equal(sim_call(guest, &msg), OPTEE_RET_ETHREAD_LIMIT);
	assert_int_equal(sim.pins, 0);
	assert_int_equal(sim_register(guest, 0x77, ipa, 4096),
			 OPTEE_RET_ETHREAD_LIMIT);
	assert_int_equal(sim.pins, 0);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
	assert_int_equal(sim_register(guest, 0x77, ipa, 4096), 0);
	assert_int_equal(sim_unregister(guest, 0x77), 0);
}

/* Unregistering without a thread leaves the buffer as it was. */
static void optee_has_no_thread_to_unregister(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);
	struct sim_call call;

	(void)state;
	assert_int_equal(sim_register(guest, 0x77, ipa, 4096), 0);
	tee.threads = 1;
	start_wait(&call, 1);
	assert_int_equal(sim_unregister(guest, 0x77), OPTEE_RET_ETHREAD_LIMIT);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
	assert_int_equal(sim_unregister(guest, 0x77), 0);
}

/* The mediator goes back in by itself, up to its budget. */
static void interrupts_up_to_the_budget(void **state)
{
	struct tg_limits limits = { .resume_budget = 3 };
	struct tg_guest *g = sim_guest_create(&limits);
	uint32_t s = sim_open(g);

	(void)state;
	assert_int_equal(invoke_rpc(g, s, TEE_RPC_INTERRUPT, 3), 0);
	assert_int_equal(g->rpcs[TG_RPC_FOREIGN_INTR], 0);
	assert_int_equal(stats_of(g).inner_resumes, 3);
	assert_int_equal(invoke_rpc(g, s, TEE_RPC_INTERRUPT, 4), 0);
	assert_int_equal(g->rpcs[TG_RPC_FOREIGN_INTR], 1);
	assert_int_equal(invoke_rpc(g, s, TEE_RPC_INTERRUPT, 12), 0);
	assert_int_equal(g->rpcs[TG_RPC_FOREIGN_INTR], 4);
	sim_guest_destroy(g);
}

static void interrupts_when_the_cpu_is_wanted(void **state)
{
	(void)state;
	guest->yields = 1000;
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_INTERRUPT, 10), 0);
	assert_int_equal(guest->rpcs[TG_RPC_FOREIGN_INTR], 10);
	assert_int_equal(stats_of(guest).inner_resumes, 0);
}

static uint32_t alloc_too_much(struct tee_thread *thread, uint32_t func,
			       struct tee_param *params, uint32_t count)
{
	(void)params;
	(void)count;
	for (uint32_t i = 0; i < func; i++) {
		tee_rpc(thread, OPTEE_RPC_ALLOC, 1 << 20);
		if (thread->in.x[1] || thread->in.x[2])
			return TEE_ERROR_GENERIC;
	}
	return TEE_SUCCESS;
}

/*
 * An answer that the mediator has ready waits while the guest takes its
 * interrupts; what the guest says in between is not an answer.
 */
static void i4_an_answer_waits_for_the_guest(void **state)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	tee.invoke = alloc_too_much;
	guest->yields = 2;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, 2);
	assert_int_equal(sim_call_start(&call, guest, &msg),
			 OPTEE_RPC_FOREIGN_INTR);
	sim_pair_set(&call.regs, 1, SIM_RAM_IPA);
	sim_pair_set(&call.regs, 4, 0x5555);
	assert_int_equal(sim_call_resume(&call), OPTEE_RPC_FOREIGN_INTR);
	assert_int_equal(sim_call_finish(&call, &msg), OPTEE_RET_OK);
	assert_int_equal(msg.ret, TEE_SUCCESS);
	tee.invoke = NULL;
}

/* Rewrites the guest's message as soon as the n-th fetch is over. */
static uint64_t victim;
static unsigned int fetches;
static unsigned int rewrite_after;

static void rewrite_message(const struct sim_event *event, void *arg)
{
	struct sim_msg evil;

	(void)arg;
	if (event->op == SIM_OP_COPY_IN && fetches++ < rewrite_after)
		return;
	if (event->op == SIM_OP_COPY_OUT || fetches < rewrite_after)
		return;
	memset(&evil, 0xff, sizeof(evil));
	sim_guest_write(guest, victim, &evil, 32 + 2 * 32);
}

/* The result of a message @at bytes into a page, rewritten after @n fetches. */
static uint32_t rewritten(uint64_t at, unsigned int n)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_ARG } };
	struct sim_msg msg;
	uint32_t ret;

	victim = sim_guest_alloc(guest, 2 * TG_PAGE_BYTES) + at;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_INOUT, 5, 6);
	sim_guest_write(guest, victim, &msg, 64);
	rewrite_after = n;
	fetches = 0;
	sim_hook_set(rewrite_message, NULL);
	sim_pair_set(&regs, 1, victim);
	sim_guest_smc(guest, &regs);
	sim_hook_set(NULL, NULL);
	assert_int_equal(regs.x[0], OPTEE_RET_OK);
	sim_guest_read(guest, victim + 20, &ret, sizeof(ret));
	sim_guest_read(guest, victim + 32, &msg, 32);
	/* The value that was read, and no address. */
	if (ret == TEE_SUCCESS)
		assert_int_equal(((uint64_t *)(void *)&msg)[1], 6);
	return ret;
}

static void i3_the_message_changes_after_it_was_read(void **state)
{
	(void)state;
	/* A short one is fetched at once. */
	assert_int_equal(rewritten(0, 1), TEE_SUCCESS);
	/* Where a page ends behind the header: after it, then after both. */
	assert_int_equal(rewritten(TG_PAGE_BYTES - 32, 1),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(rewritten(TG_PAGE_BYTES - 32, 2), TEE_SUCCESS);
}

static uint64_t unmap_from;

/* The guest's memory goes while OP-TEE works. */
static void unmap(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op == SIM_OP_SMC_LEAVE)
		guest->regions[3].ipa = unmap_from;
}

static void the_message_is_gone_at_the_end(void **state)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_ARG } };
	struct sim_msg msg;

	(void)state;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_INOUT, 5, 6);
	sim_guest_write(guest, SIM_HIGH_IPA, &msg, 64);
	sim_pair_set(&regs, 1, SIM_HIGH_IPA);
	unmap_from = SIM_HIGH_IPA + (1ull << 32);
	sim_hook_set(unmap, NULL);
	sim_guest_smc(guest, &regs);
	sim_hook_set(NULL, NULL);
	assert_int_equal(regs.x[0], OPTEE_RET_EBADADDR);
}

static unsigned int depth;

/* Every vCPU but one does whole calls while one is inside. */
static void other_vcpus(const struct sim_event *event, void *arg)
{
	struct sim_msg msg;

	(void)arg;
	if (event->op != SIM_OP_SMC_ENTER)
		return;
	depth++;
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_INOUT, depth, 0);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	assert_int_equal(msg.params[0].u.value.a, depth + 1);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1), 0);
}

static void calls_of_several_vcpus(void **state)
{
	(void)state;
	depth = 0;
	sim_hook_set(other_vcpus, NULL);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 3), 0);
	sim_hook_set(NULL, NULL);
	assert_true(depth > 10);
}

/* OP-TEE disowns a thread that it named itself: what it holds stays pinned. */
static void i1_a_lost_thread_keeps_its_pins(void **state)
{
	struct tg_guest *g = sim_guest_create(NULL);
	uint64_t ipa = sim_guest_alloc(g, TG_PAGE_BYTES);
	uint32_t s = sim_open(g);
	struct sim_msg msg;

	(void)state;
	msg_rpc(&msg, s, TEE_RPC_INTERRUPT, 1);
	sim_msg_temp(g, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, 4096);
	sim_hook_set(forget_interrupted, NULL);
	assert_int_equal(sim_call(g, &msg), OPTEE_RET_ERESUME);
	sim_hook_set(NULL, NULL);
	assert_int_equal(stats_of(g).calls_in_flight, 1);
	assert_int_equal(stats_of(g).pinned_bytes, 4096);
	assert_int_equal(resume(g, 0), OPTEE_RET_ERESUME);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, s, TEE_TA_NOP);
	assert_int_equal(invoke(g, &msg), TEE_SUCCESS);
	sim_guest_destroy(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(i7_unknown_threads),
		GUEST_TEST(i7_another_guests_thread),
		GUEST_TEST(i7_a_thread_that_ended),
		GUEST_TEST(i7_a_busy_thread),
		GUEST_TEST(i7_a_thread_that_has_just_begun),
		GUEST_TEST(i7_upper_half_of_the_name),
		GUEST_TEST(calls_end_in_any_order),
		GUEST_TEST(a_call_without_an_rpc),
		GUEST_TEST(optee_has_no_thread),
		GUEST_TEST(i8_optee_has_no_thread_and_pins_go),
		GUEST_TEST(optee_has_no_thread_to_unregister),
		GUEST_TEST(interrupts_up_to_the_budget),
		GUEST_TEST(interrupts_when_the_cpu_is_wanted),
		GUEST_TEST(i4_an_answer_waits_for_the_guest),
		GUEST_TEST(i3_the_message_changes_after_it_was_read),
		GUEST_TEST(the_message_is_gone_at_the_end),
		GUEST_TEST(calls_of_several_vcpus),
		GUEST_TEST(i1_a_lost_thread_keeps_its_pins),
	};

	return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
