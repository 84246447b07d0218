// SPDX-License-Identifier: BSD-2-Clause
/*
 * Asynchronous notifications: who is offered them, whose interrupt is raised
 * for which values, and that nothing of them outlives the partition. What the
 * guest's driver waits for synchronously is an RPC: rpc_test.c.
 */
#include "one_guest.h"

#define VALUE 5u
#define OTHER 9u
#define FLAGS_ONE OPTEE_ASYNC_NOTIF_VALID
#define FLAGS_MORE (OPTEE_ASYNC_NOTIF_VALID | OPTEE_ASYNC_NOTIF_PENDING)

static struct tg_guest *create(void)
{
	struct tg_guest *g = sim_guest_create(NULL);

	sim_guest_offer_notif(g);
	return g;
}

static uint32_t enable(struct tg_guest *g)
{
	return sim_guest_fast(g, OPTEE_SMC_ENABLE_ASYNC_NOTIF);
}

static struct tg_guest *create_enabled(void)
{
	struct tg_guest *g = create();

	assert_int_equal(enable(g), OPTEE_RET_OK);
	assert_true(tee_partition_of(g)->notif_started);
	return g;
}

static void notify(struct tg_guest *g, uint32_t value)
{
	tee_notify(tee_partition_of(g), value);
}

/* One GET_ASYNC_NOTIF_VALUE of the guest, which OP-TEE does not hear of. */
static void assert_value(struct tg_guest *g, uint32_t value, uint32_t flags)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_GET_ASYNC_NOTIF_VALUE, 1, 2, 3,
				       4, 5, 6, 7 } };
	uint64_t before = tee.smcs;

	sim_guest_smc(g, &regs);
	assert_int_equal(tee.smcs, before);
	assert_int_equal(regs.x[0], OPTEE_RET_OK);
	assert_int_equal(regs.x[1], value);
	assert_int_equal(regs.x[2], flags);
	assert_int_equal(regs.x[3], 0);
}

static void assert_no_value(struct tg_guest *g)
{
	assert_value(g, 0, 0);
}

static uint32_t message(struct tg_guest *g, uint32_t cmd, uint32_t params)
{
	struct sim_msg msg;

	sim_msg_init(&msg, cmd, 0, 0);
	for (uint32_t i = 0; i < params; i++)
		sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_IN, 0, 0);
	msg.ret = 0x5a5a;
	if (sim_call(g, &msg) != OPTEE_RET_OK)
		return TEE_ERROR_GENERIC;
	return msg.ret;
}

/* ---- who is offered them ---- */

static void assert_offered(struct tg_guest *g, bool offered)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_EXCHANGE_CAPS } };

	sim_guest_smc(g, &regs);
	assert_int_equal(regs.x[0], OPTEE_RET_OK);
	assert_int_equal(!!(regs.x[1] & OPTEE_SEC_CAP_ASYNC_NOTIF), offered);
	assert_int_equal(regs.x[2], offered ? TEE_NOTIF_MAX : 0);
}

static void offered_with_an_interrupt(void **state)
{
	struct tg_guest *g = create();

	(void)state;
	assert_offered(g, true);
	assert_offered(guest, false);
	assert_int_equal(sim_guest_reset(g), TG_OK);
	assert_offered(g, true);
	sim_guest_destroy(g);
}

static void offered_where_op_tee_has_them(void **state)
{
	struct tg_guest *g;

	(void)state;
	tee.capabilities &= ~OPTEE_SEC_CAP_ASYNC_NOTIF;
	sim.sys.tee.capabilities = tee.capabilities;
	g = create();
	assert_offered(g, false);
	assert_int_equal(enable(g), OPTEE_RET_UNKNOWN_FUNCTION);
	assert_no_value(g);
	sim_guest_collect(g);
	assert_int_equal(tee.gets, 0);
	sim_guest_destroy(g);
}

static void refused_without_an_interrupt(void **state)
{
	uint64_t before = tee.smcs;

	(void)state;
	assert_int_equal(enable(guest), OPTEE_RET_UNKNOWN_FUNCTION);
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_GET_ASYNC_NOTIF_VALUE),
			 OPTEE_RET_UNKNOWN_FUNCTION);
	assert_int_equal(message(guest, OPTEE_MSG_CMD_DO_BOTTOM_HALF, 0),
			 TEE_ERROR_GENERIC);
	assert_int_equal(message(guest, OPTEE_MSG_CMD_STOP_ASYNC_NOTIF, 0),
			 TEE_ERROR_GENERIC);
	assert_int_equal(stats_of(guest).refused[TG_GUEST_BAD_COMMAND], 2);
	notify(guest, VALUE);
	sim_guest_collect(guest);
	assert_int_equal(tee.smcs, before);
	assert_int_equal(guest->interrupts, 0);
}

static void offer_late(void)
{
	sim_guest_offer_notif(guest);
}

static void offered_before_the_first_call_only(void **state)
{
	(void)state;
	assert_true(dies(offer_late, "!vm->id.v"));
}

/* ---- values ---- */

static void a_value_comes_once(void **state)
{
	struct tg_guest *g = create_enabled();

	(void)state;
	assert_int_equal(g->interrupts, 0);
	notify(g, VALUE);
	sim_guest_collect(g);
	assert_int_equal(g->interrupts, 1);
	assert_value(g, VALUE, FLAGS_ONE);
	assert_no_value(g);
	sim_guest_collect(g);
	assert_int_equal(g->interrupts, 1);
	assert_no_value(g);
	assert_int_equal(sim.trace_counts[TG_TRACE_NOTIF], 1);
	sim_guest_destroy(g);
}

static void the_least_value_comes_first(void **state)
{
	struct tg_guest *g = create_enabled();

	(void)state;
	notify(g, TEE_ASYNC_VALUES - 1);
	notify(g, VALUE);
	notify(g, 0);
	notify(g, VALUE);
	sim_guest_collect(g);
	assert_int_equal(g->interrupts, 1);
	assert_value(g, 0, FLAGS_MORE);
	assert_value(g, VALUE, FLAGS_MORE);
	assert_value(g, TEE_ASYNC_VALUES - 1, FLAGS_ONE);
	assert_no_value(g);
	sim_guest_destroy(g);
}

/* One interrupt is enough for whatever a guest has not asked for yet. */
static void values_wait_for_the_guest(void **state)
{
	struct tg_guest *g = create_enabled();

	(void)state;
	notify(g, OTHER);
	sim_guest_collect(g);
	notify(g, VALUE);
	sim_guest_collect(g);
	assert_int_equal(g->interrupts, 2);
	assert_value(g, VALUE, FLAGS_MORE);
	assert_value(g, OTHER, FLAGS_ONE);
	sim_guest_destroy(g);
}

/* I2: nobody hears that there was something for somebody else. */
static void i2_a_guest_hears_of_its_own_only(void **state)
{
	struct tg_guest *a = create_enabled();
	struct tg_guest *b = create_enabled();

	(void)state;
	notify(a, VALUE);
	sim_guest_collect(a);
	sim_guest_collect(b);
	assert_int_equal(a->interrupts, 1);
	assert_int_equal(b->interrupts, 0);
	assert_no_value(b);
	assert_value(a, VALUE, FLAGS_ONE);
	notify(b, OTHER);
	sim_guest_collect(a);
	sim_guest_collect(b);
	assert_no_value(a);
	assert_value(b, OTHER, FLAGS_ONE);
	sim_guest_destroy(a);
	sim_guest_destroy(b);
}

static void values_from_before_are_taken_when_enabled(void **state)
{
	struct tg_guest *g = create();

	(void)state;
	assert_offered(g, true);
	notify(g, VALUE);
	sim_guest_collect(g);
	assert_int_equal(tee.gets, 0);
	assert_int_equal(g->interrupts, 0);
	tee.value_at_enable = OTHER;
	assert_int_equal(enable(g), OPTEE_RET_OK);
	tee.value_at_enable = 0;
	assert_int_equal(g->interrupts, 1);
	assert_value(g, VALUE, FLAGS_MORE);
	assert_value(g, OTHER, FLAGS_ONE);
	sim_guest_destroy(g);
}

static void enabled_when_op_tee_says_so(void **state)
{
	struct tg_guest *g = create();

	(void)state;
	tee.fail_enable = true;
	assert_int_equal(enable(g), OPTEE_RET_UNKNOWN_FUNCTION);
	notify(g, VALUE);
	sim_guest_collect(g);
	assert_int_equal(tee.gets, 0);
	assert_int_equal(g->interrupts, 0);
	sim_guest_destroy(g);
}

/* I8: whatever OP-TEE says, a guest's lock is held for so many calls only. */
static void i8_so_many_values_at_once(void **state)
{
	struct tg_guest *g = create_enabled();

	(void)state;
	tee.gets = 0;
	tee.value_beyond = TG_NOTIF_VALUES_MAX;
	sim_guest_collect(g);
	assert_int_equal(tee.gets, TG_NOTIF_VALUES_MAX);
	assert_int_equal(g->interrupts, 0);
	assert_no_value(g);
	tee.value_beyond = TG_NOTIF_VALUES_MAX - 1;
	sim_guest_collect(g);
	assert_int_equal(g->interrupts, 1);
	assert_value(g, TG_NOTIF_VALUES_MAX - 1, FLAGS_ONE);
	sim_guest_destroy(g);
}

/* ---- messages ---- */

static void bottom_halves_are_done(void **state)
{
	struct tg_guest *g = create_enabled();

	(void)state;
	/* OP-TEE leaves the result alone, and so it comes back. */
	assert_int_equal(message(g, OPTEE_MSG_CMD_DO_BOTTOM_HALF, 0), 0x5a5a);
	assert_int_equal(tee_partition_of(g)->bottom_halves, 1);
	assert_idle(g);
	sim_guest_destroy(g);
}

static void i1_messages_have_no_parameters(void **state)
{
	struct tg_guest *g = create_enabled();

	(void)state;
	assert_int_equal(message(g, OPTEE_MSG_CMD_DO_BOTTOM_HALF, 1),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(message(g, OPTEE_MSG_CMD_STOP_ASYNC_NOTIF, 2),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_true(tee_partition_of(g)->notif_started);
	/* A message that was refused stops nothing. */
	notify(g, VALUE);
	sim_guest_collect(g);
	assert_value(g, VALUE, FLAGS_ONE);
	sim_guest_destroy(g);
}

static void a_stopped_guest_is_left_alone(void **state)
{
	struct tg_guest *g = create_enabled();

	(void)state;
	notify(g, VALUE);
	sim_guest_collect(g);
	assert_int_equal(message(g, OPTEE_MSG_CMD_STOP_ASYNC_NOTIF, 0), 0x5a5a);
	assert_false(tee_partition_of(g)->notif_started);
	notify(g, OTHER);
	tee.gets = 0;
	sim_guest_collect(g);
	assert_int_equal(tee.gets, 0);
	assert_int_equal(g->interrupts, 1);
	assert_value(g, VALUE, FLAGS_ONE);
	assert_no_value(g);
	/* And may begin again. */
	assert_int_equal(enable(g), OPTEE_RET_OK);
	assert_int_equal(g->interrupts, 2);
	assert_value(g, OTHER, FLAGS_ONE);
	sim_guest_destroy(g);
}

/* ---- partitions ---- */

static void i10_no_partition_no_call(void **state)
{
	struct tg_guest *g = create();
	uint64_t before = tee.smcs;

	(void)state;
	sim_guest_collect(g);
	assert_no_value(g);
	assert_int_equal(tee.smcs, before);
	assert_null(tee_partition_of(g));
	tee.fail_create = 1;
	assert_int_equal(enable(g), OPTEE_RET_ENOTAVAIL);
	sim_guest_collect(g);
	assert_int_equal(enable(g), OPTEE_RET_ENOTAVAIL);
	assert_int_equal(tee.gets, 0);
	assert_int_equal(sim_guest_reset(g), TG_OK);
	assert_int_equal(enable(g), OPTEE_RET_OK);
	sim_guest_destroy(g);
}

static void i6_a_reset_forgets(void **state)
{
	struct tg_guest *g = create_enabled();

	(void)state;
	notify(g, VALUE);
	sim_guest_collect(g);
	assert_int_equal(sim_guest_reset(g), TG_OK);
	assert_no_value(g);
	assert_offered(g, true);
	notify(g, OTHER);
	tee.gets = 0;
	sim_guest_collect(g);
	assert_int_equal(tee.gets, 0);
	assert_int_equal(g->interrupts, 1);
	sim_guest_destroy(g);
}

/* The interrupt comes while the guest is being reset: the id may be dead. */
static void collect_meanwhile(const struct sim_event *event, void *arg)
{
	uint32_t *seen = arg;
	bool smc =
		event->op == SIM_OP_SMC_ENTER || event->op == SIM_OP_SMC_LEAVE;

	/* The only SMC of a reset is VM_DESTROYED. */
	if (!smc)
		return;
	++*seen;
	sim_guest_collect(event->guest);
}

static void i10_an_interrupt_during_a_reset(void **state)
{
	struct tg_guest *g = create_enabled();
	uint32_t seen = 0;

	(void)state;
	notify(g, VALUE);
	tee.gets = 0;
	sim_hook_set(collect_meanwhile, &seen);
	assert_int_equal(sim_guest_reset(g), TG_OK);
	sim_hook_set(NULL, NULL);
	/* Before and after the partition has gone. */
	assert_int_equal(seen, 2);
	assert_int_equal(tee.gets, 0);
	assert_int_equal(g->interrupts, 0);
	sim_guest_destroy(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(offered_with_an_interrupt),
		GUEST_TEST(offered_where_op_tee_has_them),
		GUEST_TEST(refused_without_an_interrupt),
		GUEST_TEST(offered_before_the_first_call_only),
		GUEST_TEST(a_value_comes_once),
		GUEST_TEST(the_least_value_comes_first),
		GUEST_TEST(values_wait_for_the_guest),
		GUEST_TEST(i2_a_guest_hears_of_its_own_only),
		GUEST_TEST(values_from_before_are_taken_when_enabled),
		GUEST_TEST(enabled_when_op_tee_says_so),
		GUEST_TEST(i8_so_many_values_at_once),
		GUEST_TEST(bottom_halves_are_done),
		GUEST_TEST(i1_messages_have_no_parameters),
		GUEST_TEST(a_stopped_guest_is_left_alone),
		GUEST_TEST(i10_no_partition_no_call),
		GUEST_TEST(i6_a_reset_forgets),
		GUEST_TEST(i10_an_interrupt_during_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
