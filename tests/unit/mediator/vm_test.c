// SPDX-License-Identifier: BSD-2-Clause
/*
 * The system and its VMs: what OP-TEE must be, ids (I5), partitions, reset and
 * destruction in every state (I6), limits.
 */
#include <string.h>

#include "common.h"

#define SMALL 48u /* pages of a guest's RAM where many guests are needed */

static void an_optee_that_will_do(void **state)
{
	(void)state;
	assert_int_equal(tg_system_init(&sim.sys), TG_OK);
	assert_int_equal(sim.sys.tee.threads, 4);
	assert_int_equal(sim.sys.tee.os_revision[0], TEE_OS_REVISION_MAJOR);
	assert_int_equal(sim.sys.tee.os_revision[2], TEE_OS_BUILD);
	assert_int_equal(sim.sys.tee.capabilities, tee.capabilities);
	assert_int_equal(sim.sys.tee.notif_values_max, TEE_NOTIF_MAX);
	assert_int_equal(sim.sys.tee.rpc_params_max, TEE_RPC_PARAMS);
	assert_int_equal(sim.sys.tee.calls_count, TEE_CALLS_COUNT);
}

static void not_optee(void **state)
{
	(void)state;
	for (tee.other_uid = 1; tee.other_uid < 16; tee.other_uid++)
		assert_int_equal(tg_system_init(&sim.sys), TG_HOST_NO_TEE);
}

static void an_optee_without_virtualization(void **state)
{
	(void)state;
	tee.capabilities &= ~OPTEE_SEC_CAP_VIRTUALIZATION;
	assert_int_equal(tg_system_init(&sim.sys), TG_HOST_NO_VIRT);
}

static void an_optee_without_dynamic_memory(void **state)
{
	(void)state;
	tee.capabilities &= ~OPTEE_SEC_CAP_DYNAMIC_SHM;
	assert_int_equal(tg_system_init(&sim.sys), TG_HOST_NO_TEE);
}

static void an_optee_that_gives_no_capabilities(void **state)
{
	(void)state;
	tee.capabilities_ret = OPTEE_RET_ENOTAVAIL;
	assert_int_equal(tg_system_init(&sim.sys), TG_HOST_NO_TEE);
}

/* A crashed host left partitions behind. */
static void leftovers_are_removed(void **state)
{
	static const uint16_t ids[] = { 1, 2, 17, 63 };

	(void)state;
	for (size_t i = 0; i < ROWS(ids); i++) {
		struct tg_regs regs = { .x = { OPTEE_SMC_VM_CREATED, ids[i] } };

		tee_smc(&regs);
		assert_int_equal(regs.x[0], OPTEE_RET_OK);
	}
	assert_int_equal(tg_system_init(&sim.sys), TG_OK);
	assert_int_equal(tee_partitions_used(), 0);
}

static void the_hosts_own_partition(void **state)
{
	(void)state;
	assert_int_equal(tg_system_host_create(&sim.sys), TG_OK);
	assert_non_null(tee_partition_find(1));
	tg_system_host_destroy(&sim.sys);
	assert_int_equal(tee_partitions_used(), 0);
	tee.fail_create = 1;
	assert_int_equal(tg_system_host_create(&sim.sys), TG_HOST_NO_PARTITION);
}

static void i5_ids_are_unique_and_in_range(void **state)
{
	struct tg_guest *guests[TG_VMS_MAX + 1];
	uint64_t seen = 0;

	(void)state;
	sim.guest_pages = SMALL;
	tee.partitions_max = TEE_PARTITIONS_MAX;
	assert_int_equal(tg_system_host_create(&sim.sys), TG_OK);
	for (unsigned int i = 0; i <= TG_VMS_MAX; i++) {
		uint32_t x0;
		uint16_t id;

		guests[i] = sim_guest_create(NULL);
		x0 = sim_guest_fast(guests[i], OPTEE_SMC_EXCHANGE_CAPS);
		id = stats_of(guests[i]).vmid;
		if (i == TG_VMS_MAX) {
			/* One more than there are ids. */
			assert_int_equal(x0, OPTEE_RET_ENOTAVAIL);
			assert_int_equal(id, 0);
			break;
		}
		assert_int_equal(x0, OPTEE_RET_OK);
		assert_in_range(id, 2, 63);
		assert_false(seen & 1ull << id);
		seen |= 1ull << id;
	}
	for (unsigned int i = 0; i <= TG_VMS_MAX; i++)
		sim_guest_destroy(guests[i]);
	tg_system_host_destroy(&sim.sys);
}

/* An id rests as long as there are others. */
static void i5_ids_are_not_reused_at_once(void **state)
{
	uint16_t last = 0;

	(void)state;
	sim.guest_pages = SMALL;
	for (unsigned int i = 0; i < 200; i++) {
		struct tg_guest *guest = sim_guest_create(NULL);
		uint16_t id;

		assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_EXCHANGE_CAPS),
				 OPTEE_RET_OK);
		id = stats_of(guest).vmid;
		assert_int_not_equal(id, last);
		assert_in_range(id, 2, 63);
		last = id;
		sim_guest_destroy(guest);
	}
}

static struct tg_guest *newcomer;
static unsigned int hook_hits;

/* Just before OP-TEE hears that a VM is gone another one wants an id. */
static void wants_an_id(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op != SIM_OP_SMC_ENTER ||
	    event->regs->x[0] != OPTEE_SMC_VM_DESTROYED)
		return;
	hook_hits++;
	/* All other ids are taken, and this one still is. */
	assert_int_equal(sim_guest_fast(newcomer, OPTEE_SMC_EXCHANGE_CAPS),
			 OPTEE_RET_ENOTAVAIL);
}

static void i5_an_id_is_taken_until_destroyed_returns(void **state)
{
	struct tg_guest *guests[TG_VMS_MAX];

	(void)state;
	sim.guest_pages = SMALL;
	tee.partitions_max = TEE_PARTITIONS_MAX;
	for (unsigned int i = 0; i < TG_VMS_MAX; i++) {
		guests[i] = sim_guest_create(NULL);
		assert_int_equal(sim_guest_fast(guests[i],
						OPTEE_SMC_EXCHANGE_CAPS),
				 OPTEE_RET_OK);
	}
	newcomer = sim_guest_create(NULL);
	hook_hits = 0;
	sim_hook_set(wants_an_id, NULL);
	sim_guest_destroy(guests[7]);
	sim_hook_set(NULL, NULL);
	assert_int_equal(hook_hits, 1);
	assert_int_equal(sim_guest_reset(newcomer), TG_OK);
	assert_int_equal(sim_guest_fast(newcomer, OPTEE_SMC_EXCHANGE_CAPS),
			 OPTEE_RET_OK);
	for (unsigned int i = 0; i < TG_VMS_MAX; i++)
		if (i != 7)
			sim_guest_destroy(guests[i]);
	sim_guest_destroy(newcomer);
}

/* A refusal gives its id back. */
static void i5_a_refused_partition_takes_no_id(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		tee.fail_create = 1;
		assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_EXCHANGE_CAPS),
				 OPTEE_RET_ENOTAVAIL);
		assert_int_equal(sim_guest_reset(guest), TG_OK);
	}
	assert_int_equal(sim.sys.vmids_used, 0);
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_EXCHANGE_CAPS),
			 OPTEE_RET_OK);
	sim_guest_destroy(guest);
}

static void optee_has_no_room(void **state)
{
	struct tg_guest *a = sim_guest_create(NULL);
	struct tg_guest *b = sim_guest_create(NULL);

	(void)state;
	tee.partitions_max = 1;
	sim_open(a);
	assert_int_equal(sim_guest_fast(b, OPTEE_SMC_EXCHANGE_CAPS),
			 OPTEE_RET_ENOTAVAIL);
	assert_true(tg_vm_lacks_partition(b->vm));
	assert_false(tg_vm_lacks_partition(a->vm));
	sim_guest_destroy(a);
	assert_int_equal(sim_guest_reset(b), TG_OK);
	sim_open(b);
	sim_guest_destroy(b);
}

static struct tg_guest *guest;
static uint32_t session;
static uint64_t ipa;

/* A guest with all that can be under way: OP-TEE holds its pages. */
static void make_busy(struct sim_call calls[3])
{
	struct sim_msg msg;

	guest = sim_guest_create(NULL);
	session = sim_open(guest);
	ipa = sim_guest_alloc(guest, 4 * TG_PAGE_BYTES);
	assert_int_equal(sim_register(guest, 0x77, ipa, 8192), 0);
	for (unsigned int i = 0; i < 2; i++) {
		msg_rpc(&msg, session, i ? TEE_RPC_PAYLOAD : TEE_RPC_WAIT, 1);
		sim_msg_temp(guest, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, 4096);
		sim_msg_rmem(&msg, OPTEE_MSG_ATTR_RMEM_INOUT, 0x77, 0, 8);
		assert_int_equal(sim_call_start(&calls[i], guest, &msg),
				 OPTEE_RPC_ALLOC);
		assert_int_equal(sim_call_step(&calls[i]), OPTEE_RPC_CMD);
	}
	/* The second has its payload and waits in the next command. */
	assert_int_equal(sim_call_step(&calls[1]), OPTEE_RPC_CMD);
	/* The third waits for memory. */
	assert_int_equal(sim_call_start(&calls[2], guest, &msg),
			 OPTEE_RPC_ALLOC);
	assert_int_equal(stats_of(guest).calls_in_flight, 3);
	assert_int_equal(stats_of(guest).rpc_buffers, 3);
	assert_int_equal(stats_of(guest).shm_buffers, 2);
}

/* The model looks at every unpin and every page that goes. */
static void i6_destroy_with_calls_inside(void **state)
{
	struct sim_call calls[3];

	(void)state;
	make_busy(calls);
	sim_guest_destroy(guest);
	assert_int_equal(sim.pins, 0);
}

static void i6_reset_with_calls_suspended(void **state)
{
	struct sim_call calls[3];
	struct sim_msg msg;
	uint16_t id;

	(void)state;
	make_busy(calls);
	id = stats_of(guest).vmid;
	assert_int_equal(sim_guest_reset(guest), TG_OK);
	assert_idle(guest);
	assert_int_equal(stats_of(guest).vmid, 0);
	assert_int_equal(tee_partitions_used(), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(sim_call_resume(&calls[i]), OPTEE_RET_ERESUME);
	/* The old names are free, the old session is no more. */
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_NOP);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	assert_int_not_equal(stats_of(guest).vmid, id);
	assert_int_equal(stats_of(guest).partitions, 2);
	assert_int_equal(sim_register(guest, 0x77, ipa, 4096), 0);
	session = sim_open(guest);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_TIME, 1), 0);
	sim_guest_destroy(guest);
}

static void reset_of_an_unused_vm(void **state)
{
	struct tg_guest *g = sim_guest_create(NULL);

	(void)state;
	assert_int_equal(sim_guest_reset(g), TG_OK);
	assert_int_equal(sim_guest_reset(g), TG_OK);
	assert_int_equal(tee.created, 0);
	sim_open(g);
	sim_guest_destroy(g);
}

/* The VMM resets while a vCPU is inside OP-TEE. */
static void reset_inside(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op != SIM_OP_SMC_ENTER)
		return;
	hook_hits++;
	assert_int_equal(sim_guest_reset(guest), TG_HOST_BUSY);
	/* New calls are refused meanwhile. */
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_CALLS_UID),
			 OPTEE_RET_EBUSY);
	assert_int_equal(sim_guest_reset(guest), TG_HOST_BUSY);
}

static void i6_reset_waits_for_those_inside(void **state)
{
	struct sim_msg msg;

	(void)state;
	guest = sim_guest_create(NULL);
	session = sim_open(guest);
	hook_hits = 0;
	sim_hook_set(reset_inside, NULL);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_NOP);
	assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
	sim_hook_set(NULL, NULL);
	assert_int_equal(hook_hits, 1);
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_CALLS_UID),
			 OPTEE_RET_EBUSY);
	assert_int_equal(sim_guest_reset(guest), TG_OK);
	sim_open(guest);
	sim_guest_destroy(guest);
}

/* Calls and resets of another thread while a reset is under way. */
static void call_in_reset(const struct sim_event *event, void *arg)
{
	struct sim_call *call = arg;
	struct tg_regs regs = call->regs;

	if (event->op != SIM_OP_SMC_ENTER && event->op != SIM_OP_SMC_LEAVE &&
	    event->op != SIM_OP_UNPIN)
		return;
	hook_hits++;
	regs.x[0] = OPTEE_SMC_RETURN_FROM_RPC;
	sim_guest_smc(guest, &regs);
	assert_int_equal(regs.x[0], OPTEE_RET_EBUSY);
	assert_int_equal(sim_guest_reset(guest), TG_HOST_BUSY);
}

static void i6_calls_during_a_reset(void **state)
{
	struct sim_call calls[3];

	(void)state;
	make_busy(calls);
	hook_hits = 0;
	sim_hook_set(call_in_reset, &calls[0]);
	assert_int_equal(sim_guest_reset(guest), TG_OK);
	sim_hook_set(NULL, NULL);
	assert_true(hook_hits > 4);
	sim_open(guest);
	sim_guest_destroy(guest);
}

static bool pin_before_destroyed;

static void order_of_the_end(const struct sim_event *event, void *arg)
{
	bool *destroyed = arg;

	if (event->op == SIM_OP_SMC_LEAVE &&
	    tee.last.x[0] == OPTEE_SMC_VM_DESTROYED)
		*destroyed = true;
	if (event->op == SIM_OP_UNPIN && !*destroyed)
		pin_before_destroyed = true;
}

/* The order by itself, apart from what the model would say to it. */
static void i6_the_partition_goes_first(void **state)
{
	struct sim_call calls[3];
	bool destroyed = false;

	(void)state;
	make_busy(calls);
	pin_before_destroyed = false;
	sim_hook_set(order_of_the_end, &destroyed);
	sim_guest_destroy(guest);
	sim_hook_set(NULL, NULL);
	assert_true(destroyed);
	assert_false(pin_before_destroyed);
}

static void limits_are_lowered_to_the_maximum(void **state)
{
	const struct tg_limits limits = { UINT32_MAX, UINT32_MAX, UINT32_MAX,
					  UINT32_MAX, UINT64_MAX };
	struct tg_regs regs = { .x = { OPTEE_SMC_GET_THREAD_COUNT } };
	struct tg_guest *g;

	(void)state;
	tee.threads = TEE_THREADS_MAX;
	assert_int_equal(tg_system_init(&sim.sys), TG_OK);
	g = sim_guest_create(&limits);
	sim_guest_smc(g, &regs);
	assert_int_equal(regs.x[1], TG_CALLS_MAX);
	sim_guest_destroy(g);
	/* The administrator's maximum counts. */
	sim.sys.limits_max.calls = 5;
	g = sim_guest_create(&limits);
	regs.x[0] = OPTEE_SMC_GET_THREAD_COUNT;
	sim_guest_smc(g, &regs);
	assert_int_equal(regs.x[1], 5);
	sim_guest_destroy(g);
}

static void names_of_statuses(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < TG_STATUS_COUNT; i++) {
		assert_non_null(tg_status_name((enum tg_status)i));
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(
				tg_status_name((enum tg_status)i),
				tg_status_name((enum tg_status)j));
	}
	assert_string_equal(tg_status_name(TG_HOST_NO_PARTITION),
			    "no-partition");
	assert_non_null(tg_status_name(TG_STATUS_COUNT));
	assert_non_null(tg_status_name((enum tg_status)0x7fffffff));
}

#define BARE(f) \
	cmocka_unit_test_setup_teardown(f, common_setup_bare, common_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BARE(an_optee_that_will_do),
		BARE(not_optee),
		BARE(an_optee_without_virtualization),
		BARE(an_optee_without_dynamic_memory),
		BARE(an_optee_that_gives_no_capabilities),
		BARE(leftovers_are_removed),
		TEST(the_hosts_own_partition),
		TEST(i5_ids_are_unique_and_in_range),
		TEST(i5_ids_are_not_reused_at_once),
		TEST(i5_an_id_is_taken_until_destroyed_returns),
		TEST(i5_a_refused_partition_takes_no_id),
		TEST(optee_has_no_room),
		TEST(i6_destroy_with_calls_inside),
		TEST(i6_reset_with_calls_suspended),
		TEST(reset_of_an_unused_vm),
		TEST(i6_reset_waits_for_those_inside),
		TEST(i6_calls_during_a_reset),
		TEST(i6_the_partition_goes_first),
		TEST(limits_are_lowered_to_the_maximum),
		TEST(names_of_statuses),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
