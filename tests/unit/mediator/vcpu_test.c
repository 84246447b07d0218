// SPDX-License-Identifier: BSD-2-Clause
/*
 * The simulator with several virtual CPUs: they give way where the test wants
 * it and nowhere else, wait for each other's locks, and what a guest must never
 * get of another's ends the process. The soak test relies on all of this.
 */
#include "one_guest.h"
#include "vcpu.h"

static struct sim_vcpu vcpus[2];
static enum sim_op stop_at;
static unsigned int order[8];
static unsigned int steps;

static bool stop_here(struct sim_vcpu *vcpu, enum sim_op op)
{
	(void)vcpu;
	return op == stop_at;
}

static void note(unsigned int what)
{
	assert_true(steps < ROWS(order));
	order[steps++] = what;
}

static void touch_body(void *arg)
{
	unsigned int n = (unsigned int)((struct sim_vcpu *)arg - vcpus);
	struct sim_msg msg;

	note(10 + n);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_value(&msg, OPTEE_MSG_ATTR_VALUE_INOUT, n, 0);
	if (sim_call(guest, &msg) || msg.params[0].u.value.a != n + 1)
		sim_die("test: virtual CPU %u got something else", n);
	note(20 + n);
}

static void vcpus_make(enum sim_op op, void (*body)(void *arg))
{
	steps = 0;
	stop_at = op;
	sim.switch_here = stop_here;
	for (unsigned int i = 0; i < 2; i++)
		sim_vcpu_start(&vcpus[i], body, &vcpus[i]);
}

/* One is inside OP-TEE while the other begins and ends a call. */
static void a_call_inside_another(void **state)
{
	(void)state;
	vcpus_make(SIM_OP_INSIDE_TEE, touch_body);
	sim_vcpu_run(&vcpus[0]);
	assert_true(vcpus[0].alive);
	assert_non_null(vcpus[0].frame);
	while (vcpus[1].alive)
		sim_vcpu_run(&vcpus[1]);
	while (vcpus[0].alive)
		sim_vcpu_run(&vcpus[0]);
	assert_int_equal(steps, 4);
	assert_int_equal(order[0], 10);
	assert_int_equal(order[1], 11);
	assert_int_equal(order[2], 21);
	assert_int_equal(order[3], 20);
	sim.switch_here = NULL;
}

static void first_call_body(void *arg)
{
	(void)arg;
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_EXCHANGE_CAPS), 0);
}

/* A partition is made under the VM's lock: the other one waits for it. */
static void locks_are_waited_for(void **state)
{
	(void)state;
	assert_int_equal(sim_guest_reset(guest), TG_OK);
	vcpus_make(SIM_OP_SMC_ENTER, first_call_body);
	sim_vcpu_run(&vcpus[0]);
	assert_true(guest->locked);
	sim_vcpu_run(&vcpus[1]);
	assert_true(vcpus[1].alive);
	assert_false(sim_vcpu_can_run(&vcpus[1]));
	sim_vcpu_run(&vcpus[0]);
	assert_true(sim_vcpu_can_run(&vcpus[1]));
	sim_vcpu_run(&vcpus[1]);
	assert_false(vcpus[0].alive || vcpus[1].alive);
	assert_int_equal(stats_of(guest).partitions, 2);
	sim.switch_here = NULL;
}

static void leaves_inside_an_smc(void)
{
	vcpus_make(SIM_OP_SMC_ENTER, touch_body);
	sim_vcpu_run(&vcpus[0]);
	sim_vcpu_drop(&vcpus[0]);
}

static void runs_what_waits(void)
{
	vcpus_make(SIM_OP_ALL, touch_body);
	vcpus[0].waits = &vcpus[0].alive;
	sim_vcpu_run(&vcpus[0]);
}

static void misuse_ends_the_run(void **state)
{
	(void)state;
	assert_true(dies(leaves_inside_an_smc, "taken out of its SMC"));
	assert_true(dies(runs_what_waits, "cannot run"));
}

static void enter(struct sim_frame *frame)
{
	sim_frame_enter(frame, guest);
}

static void shows_anothers_mark(void)
{
	struct tg_guest *other = sim_guest_create(NULL);
	struct sim_frame frame;
	uint64_t mark;

	guest->serial = 1;
	other->serial = 2;
	mark = sim_mark(other, 77);
	enter(&frame);
	(void)!copy_out(guest, ipa, &mark, sizeof(mark));
}

static void shows_the_mediators_name(void)
{
	uint64_t name = 0x7467746d00000301;
	struct sim_frame frame;

	enter(&frame);
	(void)!copy_out(guest, ipa, &name, sizeof(name));
}

static void i1_i2_nothing_of_anybody_else(void **state)
{
	struct sim_frame frame;
	uint64_t mark;

	(void)state;
	guest->serial = 1;
	mark = sim_mark(guest, 77);
	enter(&frame);
	assert_int_equal(copy_out(guest, ipa, &mark, sizeof(mark)), TG_OK);
	sim_frame_leave(&frame);
	assert_true(dies(shows_anothers_mark, "I1: "));
	assert_true(dies(shows_the_mediators_name, "I2: "));
}

static void lends_anothers_shadow(void)
{
	struct tg_guest *other = sim_guest_create(NULL);
	struct sim_frame frame;
	struct tg_page page;

	sim_frame_enter(&frame, other);
	(void)!tg_port_page_alloc(&page);
	sim_frame_leave(&frame);
	enter(&frame);
	tee_mobj_new(tee_partition_of(guest), TEE_MOBJ_ARG, &page.pa.v, 1, 0,
		     0);
}

static void i1_shadows_are_one_vms(void **state)
{
	(void)state;
	assert_true(dies(lends_anothers_shadow, "I1: "));
}

/* The mediator would have changed what OP-TEE asked. */
static void changes_the_question(void)
{
	struct tee_thread *thread;
	struct sim_call call;
	struct sim_msg msg;

	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	sim_call_start(&call, guest, &msg);
	sim_call_step(&call);
	thread = tee_thread_suspended(tee_partition_of(guest));
	++*(uint32_t *)(void *)tee_mobj_at(thread->rpc_arg, 0);
	sim_call_step(&call);
}

static void changes_an_input(void)
{
	struct tee_thread *thread;
	struct sim_call call;
	struct sim_msg msg;

	msg_rpc(&msg, session, TEE_RPC_WAIT, 1);
	sim_call_start(&call, guest, &msg);
	sim_call_step(&call);
	thread = tee_thread_suspended(tee_partition_of(guest));
	++*tee_mobj_at(thread->rpc_arg, optee_msg_bytes(0) + 8);
	sim_call_step(&call);
}

static void i4_the_question_stays(void **state)
{
	(void)state;
	assert_true(dies(changes_the_question, "I4: "));
	assert_true(dies(changes_an_input, "I4: "));
}

static void goes_on_though_wanted(void)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_ARG } };
	struct sim_frame frame;

	enter(&frame);
	guest->yields = 1;
	if (tg_port_should_yield(guest))
		tg_port_smc(&regs);
}

static void a_wanted_thread_returns(void **state)
{
	(void)state;
	assert_true(dies(goes_on_though_wanted, "wanted elsewhere"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(a_call_inside_another),
		GUEST_TEST(locks_are_waited_for),
		GUEST_TEST(misuse_ends_the_run),
		GUEST_TEST(i1_i2_nothing_of_anybody_else),
		GUEST_TEST(i1_shadows_are_one_vms),
		GUEST_TEST(i4_the_question_stays),
		GUEST_TEST(a_wanted_thread_returns),
	};

	return cmocka_run_group_tests_name("vcpu", tests, NULL, NULL);
}
