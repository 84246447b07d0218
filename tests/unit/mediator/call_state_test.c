// SPDX-License-Identifier: BSD-2-Clause
/*
 * The table of a call's states: walked by itself, row by row, and by calls of
 * a guest. What follows from it with several vCPUs is proved by
 * tests/proofs/call.pml, which includes the same table.
 */
#include "core.h"
#include "one_guest.h"

/* Where nothing may lead. */
#define NOWHERE TG_CALL_STATE_COUNT

static enum tg_call_state after(enum tg_call_state state,
				enum tg_call_event event)
{
	enum tg_call_state next = NOWHERE;

	/* Nothing is stored where there is no row. */
	if (!tg_call_state_next(state, event, &next))
		assert_int_equal(next, NOWHERE);
	return next;
}

/* States that can be had from @from, as bits. */
static unsigned int reachable(enum tg_call_state from)
{
	unsigned int seen = 1u << from, before;

	do {
		before = seen;
		for (unsigned int s = 0; s < TG_CALL_STATE_COUNT; s++)
			for (unsigned int e = 0; e < TG_CALL_EVENT_COUNT; e++)
				if (seen & 1u << s && after(s, e) != NOWHERE)
					seen |= 1u << after(s, e);
	} while (seen != before);
	return seen;
}

static void every_state_is_reached_and_left(void **state)
{
	const unsigned int all = (1u << TG_CALL_STATE_COUNT) - 1;

	(void)state;
	for (unsigned int s = 0; s < TG_CALL_STATE_COUNT; s++)
		assert_int_equal(reachable(s), all);
}

static void i7_one_event_makes_a_suspended_call_run(void **state)
{
	unsigned int into = 0;

	(void)state;
	for (unsigned int s = 0; s < TG_CALL_STATE_COUNT; s++)
		for (unsigned int e = 0; e < TG_CALL_EVENT_COUNT; e++)
			into += after(s, e) == TG_CALL_RUNNING;
	assert_int_equal(into, 2);
	assert_int_equal(after(TG_CALL_FREE, TG_CALL_EVENT_BEGIN),
			 TG_CALL_RUNNING);
	assert_int_equal(after(TG_CALL_SUSPENDED, TG_CALL_EVENT_RESUME),
			 TG_CALL_RUNNING);
}

/* What may be torn down is what no thread works on. */
static void i6_a_running_call_is_not_torn_down(void **state)
{
	(void)state;
	for (unsigned int s = 0; s < TG_CALL_STATE_COUNT; s++)
		assert_int_equal(after(s, TG_CALL_EVENT_TEARDOWN),
				 s == TG_CALL_RUNNING ? NOWHERE : TG_CALL_FREE);
}

/* OP-TEE may still use what a lost call holds. */
static void i1_a_lost_call_waits_for_the_end(void **state)
{
	(void)state;
	for (unsigned int e = 0; e < TG_CALL_EVENT_COUNT; e++)
		assert_int_equal(after(TG_CALL_LOST, e),
				 e == TG_CALL_EVENT_TEARDOWN ? TG_CALL_FREE :
							       NOWHERE);
}

/* Each event stands in the table; what is no state or event does not. */
static void nothing_is_idle_or_out_of_range(void **state)
{
	(void)state;
	for (unsigned int e = 0; e < TG_CALL_EVENT_COUNT; e++) {
		unsigned int rows = 0;

		for (unsigned int s = 0; s < TG_CALL_STATE_COUNT; s++)
			rows += after(s, e) != NOWHERE;
		assert_true(rows > 0);
		assert_int_equal(after(TG_CALL_STATE_COUNT, e), NOWHERE);
	}
	assert_int_equal(after(TG_CALL_FREE, TG_CALL_EVENT_COUNT), NOWHERE);
	assert_int_equal(after((enum tg_call_state) - 1, TG_CALL_EVENT_BEGIN),
			 NOWHERE);
}

static struct tg_call one;
static enum tg_call_event event_now;

static void take_a_step(void)
{
	struct tg_locked locked = tg_vm_lock(guest->vm);

	tg_call_step(locked, &one, event_now);
	tg_vm_unlock(locked);
}

static void a_step_is_one_of_the_table(void **state)
{
	(void)state;
	for (unsigned int s = 0; s < TG_CALL_STATE_COUNT; s++) {
		for (event_now = 0; event_now < TG_CALL_EVENT_COUNT;
		     event_now++) {
			one.state = s;
			if (after(s, event_now) == NOWHERE) {
				assert_true(dies(take_a_step,
						 "tg_call_state_next"));
				continue;
			}
			take_a_step();
			assert_int_equal(one.state, after(s, event_now));
		}
	}
}

static void step_unlocked(void)
{
	one.state = TG_CALL_FREE;
	tg_call_step((struct tg_locked){ guest->vm }, &one,
		     TG_CALL_EVENT_BEGIN);
}

static void a_step_needs_the_lock(void **state)
{
	(void)state;
	assert_true(dies(step_unlocked, "lock"));
}

static unsigned int seen;

/* Whatever the guest's calls are in at this moment. */
static void look(const struct sim_event *event, void *arg)
{
	const struct tg_vm *vm = guest->vm;

	(void)event;
	(void)arg;
	for (uint32_t i = 0; i < vm->limits.calls; i++)
		seen |= 1u << vm->calls[i].state;
}

/* A guest's calls go the table's way, and back to where they began. */
static void calls_walk_the_table(void **state)
{
	struct sim_call call;
	struct sim_msg msg;

	(void)state;
	seen = 0;
	sim_hook_set(look, NULL);
	msg_rpc(&msg, session, TEE_RPC_WAIT, 2);
	assert_int_equal(sim_call_start(&call, guest, &msg), OPTEE_RPC_ALLOC);
	assert_int_equal(guest->vm->calls[0].state, TG_CALL_SUSPENDED);
	look(NULL, NULL);
	assert_int_equal(sim_call_finish(&call, NULL), OPTEE_RET_OK);
	assert_int_equal(guest->vm->calls[0].state, TG_CALL_FREE);
	assert_int_equal(seen, 1u << TG_CALL_FREE | 1u << TG_CALL_RUNNING |
				       1u << TG_CALL_SUSPENDED);
	/* A reset in the middle takes the short way. */
	assert_int_equal(sim_call_start(&call, guest, &msg), OPTEE_RPC_ALLOC);
	assert_int_equal(sim_guest_reset(guest), TG_OK);
	sim_hook_set(NULL, NULL);
	assert_int_equal(guest->vm->calls[0].state, TG_CALL_FREE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_is_reached_and_left),
		cmocka_unit_test(i7_one_event_makes_a_suspended_call_run),
		cmocka_unit_test(i6_a_running_call_is_not_torn_down),
		cmocka_unit_test(i1_a_lost_call_waits_for_the_end),
		cmocka_unit_test(nothing_is_idle_or_out_of_range),
		GUEST_TEST(a_step_is_one_of_the_table),
		GUEST_TEST(a_step_needs_the_lock),
		GUEST_TEST(calls_walk_the_table),
	};

	return cmocka_run_group_tests_name("call_state", tests, NULL, NULL);
}
