// SPDX-License-Identifier: BSD-2-Clause
/*
 * What an administrator sees of a guest: counters and trace events. Rate
 * limits of log lines are the port's; here each event must carry the VM's id
 * and no address (I11), which the simulated port checks at every event.
 */
#include "common.h"

static void counters(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);
	struct tg_stats stats = stats_of(guest);
	uint64_t latencies = 0;
	uint32_t session;

	(void)state;
	assert_int_equal(stats.smcs, 0);
	assert_int_equal(stats.vmid, 0);
	sim_guest_fast(guest, OPTEE_SMC_CALLS_UID);
	sim_guest_fast(guest, OPTEE_SMC_LOAD_IMAGE);
	session = sim_open(guest);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_TIME, 2), 0);
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_INTERRUPT, 2), 0);
	stats = stats_of(guest);
	/* Two fast ones, three calls, four resumes by the guest. */
	assert_int_equal(stats.smcs, 9);
	assert_int_equal(stats.fast_calls, 1);
	assert_int_equal(stats.yielding_calls, 3);
	assert_int_equal(stats.resumes, 4);
	assert_int_equal(stats.inner_resumes, 2);
	assert_int_equal(stats.rpcs[TG_RPC_ALLOC], 1);
	assert_int_equal(stats.rpcs[TG_RPC_CMD], 2);
	assert_int_equal(stats.rpcs[TG_RPC_FREE], 1);
	assert_int_equal(stats.rpcs[TG_RPC_FOREIGN_INTR], 2);
	assert_int_equal(stats.refused[TG_GUEST_UNKNOWN_FUNCTION], 1);
	assert_int_equal(stats.partitions, 1);
	assert_int_equal(stats.vmid, tee_partition_of(guest)->id);
	for (unsigned int i = 0; i < TG_LATENCY_BUCKETS; i++)
		latencies += stats.latency_us_log2[i];
	assert_int_equal(latencies, 9);
	sim_guest_destroy(guest);
}

static uint64_t late_by;

static void be_late(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op == SIM_OP_SMC_ENTER)
		sim.now_ns += late_by;
}

/* Bucket n is for less than 2^n microseconds; the last for all beyond. */
static void latency_buckets(void **state)
{
	static const struct {
		uint64_t us;
		unsigned int bucket;
	} rows[] = {
		{ 3, 2 },     { 4, 3 },	     { 7, 3 },	    { 1023, 10 },
		{ 1024, 11 }, { 16383, 14 }, { 16384, 15 }, { 1u << 30, 15 },
	};
	struct tg_guest *guest = sim_guest_create(NULL);

	(void)state;
	sim_open(guest);
	sim_hook_set(be_late, NULL);
	for (size_t i = 0; i < ROWS(rows); i++) {
		uint64_t before =
			stats_of(guest).latency_us_log2[rows[i].bucket];

		/* The clock itself adds one microsecond. */
		late_by = (rows[i].us - 1) * 1000;
		sim_guest_fast(guest, OPTEE_SMC_ENABLE_SHM_CACHE);
		assert_int_equal(
			stats_of(guest).latency_us_log2[rows[i].bucket],
			before + 1);
	}
	sim_hook_set(NULL, NULL);
	sim_guest_destroy(guest);
}

static void refusals_are_counted(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);
	struct tg_regs regs = { .x = { OPTEE_SMC_CALL_WITH_ARG, 0, 4 } };
	struct sim_msg msg;

	(void)state;
	sim_open(guest);
	sim_guest_smc(guest, &regs);
	assert_int_equal(stats_of(guest).refused[TG_GUEST_BAD_ADDRESS], 1);
	regs = (struct tg_regs){ .x = { OPTEE_SMC_RETURN_FROM_RPC } };
	sim_guest_smc(guest, &regs);
	assert_int_equal(stats_of(guest).refused[TG_GUEST_BAD_RESUME], 1);
	sim_msg_init(&msg, 99, 0, 0);
	sim_call(guest, &msg);
	assert_int_equal(stats_of(guest).refused[TG_GUEST_BAD_COMMAND], 1);
	assert_int_equal(sim_unregister(guest, 5), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(stats_of(guest).refused[TG_GUEST_BAD_PARAM], 1);
	assert_int_equal(sim.trace_counts[TG_TRACE_REFUSED], 4);
	sim_guest_destroy(guest);
}

/* From the partition's creation on each event has the guest's id. */
static void i11_events_carry_the_vms_id(void **state)
{
	struct tg_guest *other = sim_guest_create(NULL);
	struct tg_guest *guest = sim_guest_create(NULL);
	uint32_t session;
	uint32_t from;
	uint16_t id;

	(void)state;
	sim_open(other);
	session = sim_open(guest);
	id = stats_of(guest).vmid;
	from = sim.trace_count;
	assert_int_equal(invoke_rpc(guest, session, TEE_RPC_PAYLOAD, 1), 0);
	sim_guest_fast(guest, 0x1234);
	assert_true(sim.trace_count - from < SIM_TRACE_MAX);
	for (uint32_t i = from; i < sim.trace_count; i++)
		assert_int_equal(sim.trace[i % SIM_TRACE_MAX].id.v, id);
	assert_true(sim.trace_counts[TG_TRACE_SMC_IN] > 5);
	assert_int_equal(sim.trace_counts[TG_TRACE_SMC_IN],
			 sim.trace_counts[TG_TRACE_SMC_OUT]);
	assert_int_equal(sim.trace_counts[TG_TRACE_TEE_IN],
			 sim.trace_counts[TG_TRACE_TEE_OUT]);
	assert_int_equal(sim.trace_counts[TG_TRACE_PARTITION_CREATED], 2);
	assert_int_equal(sim.trace_counts[TG_TRACE_RPC_CMD], 4);
	sim_guest_destroy(guest);
	assert_int_equal(sim.trace_counts[TG_TRACE_PARTITION_DESTROYED], 1);
	assert_int_equal(sim.trace[(sim.trace_count - 1) % SIM_TRACE_MAX].id.v,
			 id);
	sim_guest_destroy(other);
}

/* A refused partition is told of once, however often the guest asks. */
static void i11_no_partition_is_told_once(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);

	(void)state;
	tee.partitions_max = 0;
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_EXCHANGE_CAPS),
				 OPTEE_RET_ENOTAVAIL);
	assert_int_equal(sim.trace_counts[TG_TRACE_PARTITION_NONE], 1);
	sim_guest_destroy(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counters),
		TEST(latency_buckets),
		TEST(refusals_are_counted),
		TEST(i11_events_carry_the_vms_id),
		TEST(i11_no_partition_is_told_once),
	};

	return cmocka_run_group_tests_name("observe", tests, NULL, NULL);
}
