// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fast calls: one row for each function id and each capability bit, and the
 * registers that come back. Yielding calls are in call_test.c.
 */
#include "common.h"

struct row {
	uint32_t id;
	bool reaches_tee;
	uint32_t want[4];
};

#define UNKNOWN                                     \
	{                                           \
		OPTEE_RET_UNKNOWN_FUNCTION, 0, 0, 0 \
	}
#define VISIBLE                                                  \
	(OPTEE_SEC_CAP_DYNAMIC_SHM | OPTEE_SEC_CAP_MEMREF_NULL | \
	 OPTEE_SEC_CAP_UNREGISTERED_SHM | OPTEE_SEC_CAP_RPC_ARG)

static const struct row table[] = {
	{ OPTEE_SMC_CALLS_COUNT, false, { TEE_CALLS_COUNT, 0, 0, 0 } },
	{ OPTEE_SMC_CALLS_UID,
	  false,
	  { OPTEE_API_UID_0, OPTEE_API_UID_1, OPTEE_API_UID_2,
	    OPTEE_API_UID_3 } },
	{ OPTEE_SMC_CALLS_REVISION, false, { TEE_API_REVISION_MAJOR, 0, 0, 0 } },
	{ OPTEE_SMC_GET_OS_UUID, false, { TEE_OS_UUID_0, 1, 2, 3 } },
	{ OPTEE_SMC_GET_OS_REVISION,
	  false,
	  { TEE_OS_REVISION_MAJOR, TEE_OS_REVISION_MINOR, TEE_OS_BUILD, 0 } },
	{ OPTEE_SMC_EXCHANGE_CAPS,
	  false,
	  { OPTEE_RET_OK, VISIBLE, 0, TEE_RPC_PARAMS } },
	{ OPTEE_SMC_GET_THREAD_COUNT, false, { OPTEE_RET_OK, 4, 0, 0 } },
	{ OPTEE_SMC_ENABLE_SHM_CACHE, true, { OPTEE_RET_OK, 0, 0, 0 } },
	{ OPTEE_SMC_DISABLE_SHM_CACHE, true, { OPTEE_RET_ENOTAVAIL, 0, 0, 0 } },
	{ OPTEE_SMC_LOAD_IMAGE, false, UNKNOWN },
	{ OPTEE_SMC_GET_SHM_CONFIG, false, UNKNOWN },
	{ OPTEE_SMC_L2CC_MUTEX, false, UNKNOWN },
	{ OPTEE_SMC_BOOT_SECONDARY, false, UNKNOWN },
	{ OPTEE_SMC_VM_CREATED, false, UNKNOWN },
	{ OPTEE_SMC_VM_DESTROYED, false, UNKNOWN },
	{ OPTEE_SMC_ENABLE_ASYNC_NOTIF, false, UNKNOWN },
	{ OPTEE_SMC_GET_ASYNC_NOTIF_VALUE, false, UNKNOWN },
	{ OPTEE_SMC_GET_PROTMEM_CONFIG, false, UNKNOWN },
};

static void check_row(struct tg_guest *guest, const struct row *row,
		      uint64_t garbage)
{
	struct tg_regs regs = { .x = { row->id } };
	uint64_t before = tee.smcs;

	for (unsigned int i = 0; i < 8; i++)
		regs.x[i] |= garbage << 32;
	for (unsigned int i = 2; i < 8; i++)
		regs.x[i] |= garbage;
	sim_guest_smc(guest, &regs);
	for (unsigned int i = 0; i < 4; i++)
		if (regs.x[i] != row->want[i])
			fail_msg("0x%x: x%u is 0x%llx, not 0x%x", row->id, i,
				 (unsigned long long)regs.x[i], row->want[i]);
	if (!row->reaches_tee && row->id != OPTEE_SMC_EXCHANGE_CAPS)
		assert_int_equal(tee.smcs, before);
}

static void policy_table(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);

	(void)state;
	for (size_t i = 0; i < ROWS(table); i++)
		check_row(guest, &table[i], 0);
	sim_guest_destroy(guest);
}

static void i9_garbage_in_unused_registers(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);

	(void)state;
	for (size_t i = 0; i < ROWS(table); i++) {
		check_row(guest, &table[i], 0xffffffff);
		check_row(guest, &table[i], 0x5a5aa5a5);
	}
	sim_guest_destroy(guest);
}

static bool is_known(uint32_t id)
{
	for (size_t i = 0; i < ROWS(table); i++)
		if (table[i].id == id)
			return true;
	return id == OPTEE_SMC_CALL_WITH_ARG ||
	       id == OPTEE_SMC_CALL_WITH_RPC_ARG ||
	       id == OPTEE_SMC_CALL_WITH_REGD_ARG ||
	       id == OPTEE_SMC_RETURN_FROM_RPC;
}

/* Every other number of the ranges that a VMM forwards, and a few beyond. */
static void refused_by_default(void **state)
{
	static const uint32_t bases[] = { 0xb2000000, 0x32000000, 0xbf000000,
					  0x3f000000, 0xf2000000, 0x72000000,
					  0xff000000, 0x80000000, 0x84000000,
					  0x00000000, 0xb0000000, 0x30000000 };
	struct tg_guest *guest = sim_guest_create(NULL);
	uint64_t before = tee.smcs;

	(void)state;
	for (size_t b = 0; b < ROWS(bases); b++)
		for (uint32_t n = 0; n < 0x10000; n++) {
			struct tg_regs regs = { .x = { bases[b] + n, 1, 2,
						       3 } };

			if (is_known(bases[b] + n))
				continue;
			sim_guest_smc(guest, &regs);
			assert_int_equal(regs.x[0], OPTEE_RET_UNKNOWN_FUNCTION);
			assert_int_equal(regs.x[1], 0);
			assert_int_equal(regs.x[2], 0);
			assert_int_equal(regs.x[3], 0);
		}
	assert_int_equal(tee.smcs, before);
	assert_int_equal(stats_of(guest).vmid, 0);
	sim_guest_destroy(guest);
}

static void capabilities_one_by_one(void **state)
{
	const uint32_t needed =
		OPTEE_SEC_CAP_DYNAMIC_SHM | OPTEE_SEC_CAP_VIRTUALIZATION;

	(void)state;
	for (unsigned int bit = 0; bit < 32; bit++) {
		struct tg_regs regs = { .x = { OPTEE_SMC_EXCHANGE_CAPS } };
		struct tg_guest *guest;

		tee.capabilities = needed | 1u << bit;
		assert_int_equal(tg_system_init(&sim.sys), TG_OK);
		guest = sim_guest_create(NULL);
		sim_guest_smc(guest, &regs);
		assert_int_equal(regs.x[0], OPTEE_RET_OK);
		assert_int_equal(regs.x[1], tee.capabilities & VISIBLE);
		assert_int_equal(regs.x[2], 0);
		assert_int_equal(regs.x[3], regs.x[1] & OPTEE_SEC_CAP_RPC_ARG ?
						    TEE_RPC_PARAMS :
						    0);
		sim_guest_destroy(guest);
	}
}

static void capabilities_of_the_guest(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);

	(void)state;
	for (unsigned int bit = 0; bit < 32; bit++) {
		struct tg_regs regs = { .x = { OPTEE_SMC_EXCHANGE_CAPS,
					       1u << bit } };

		sim_guest_smc(guest, &regs);
		assert_int_equal(regs.x[0],
				 bit ? OPTEE_RET_ENOTAVAIL : OPTEE_RET_OK);
		assert_int_equal(regs.x[1], bit ? 0 : VISIBLE);
	}
	sim_guest_destroy(guest);
}

static uint64_t thread_count(uint32_t quota)
{
	struct tg_limits limits = { .calls = quota };
	struct tg_guest *guest = sim_guest_create(&limits);
	struct tg_regs regs = { .x = { OPTEE_SMC_GET_THREAD_COUNT } };

	sim_guest_smc(guest, &regs);
	assert_int_equal(regs.x[0], OPTEE_RET_OK);
	sim_guest_destroy(guest);
	return regs.x[1];
}

static void thread_count_is_the_lesser(void **state)
{
	(void)state;
	assert_int_equal(thread_count(3), 3);
	assert_int_equal(thread_count(4), 4);
	assert_int_equal(thread_count(5), 4);
	tee.no_thread_count = true;
	assert_int_equal(tg_system_init(&sim.sys), TG_OK);
	assert_int_equal(thread_count(5), 1);
}

/* The guest asks for what needs no partition: OP-TEE hears nothing of it. */
static void i10_questions_cost_no_partition(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);
	uint64_t before = tee.smcs;

	(void)state;
	sim_guest_fast(guest, OPTEE_SMC_CALLS_UID);
	sim_guest_fast(guest, OPTEE_SMC_GET_OS_REVISION);
	sim_guest_fast(guest, OPTEE_SMC_GET_THREAD_COUNT);
	assert_int_equal(tee.smcs, before);
	assert_int_equal(tee.created, 0);
	sim_guest_destroy(guest);
	assert_int_equal(tee.smcs, before);
}

static void i10_async_notif_never_reaches_optee(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);
	uint64_t before;

	(void)state;
	before = tee.smcs;
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_ENABLE_ASYNC_NOTIF),
			 OPTEE_RET_UNKNOWN_FUNCTION);
	assert_int_equal(tee.smcs, before);
	sim_guest_fast(guest, OPTEE_SMC_EXCHANGE_CAPS);
	before = tee.smcs;
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_ENABLE_ASYNC_NOTIF),
			 OPTEE_RET_UNKNOWN_FUNCTION);
	assert_int_equal(tee.smcs, before);
	sim_guest_destroy(guest);
}

static void no_partition(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);
	struct sim_msg msg;
	uint64_t before;

	(void)state;
	tee.fail_create = 1;
	assert_false(tg_vm_lacks_partition(guest->vm));
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_EXCHANGE_CAPS),
			 OPTEE_RET_ENOTAVAIL);
	assert_true(tg_vm_lacks_partition(guest->vm));
	before = tee.smcs;
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_EXCHANGE_CAPS),
			 OPTEE_RET_ENOTAVAIL);
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_ENABLE_SHM_CACHE),
			 OPTEE_RET_ENOTAVAIL);
	sim_msg_init(&msg, OPTEE_MSG_CMD_CANCEL, 1, 0);
	assert_int_equal(sim_call(guest, &msg), OPTEE_RET_ENOTAVAIL);
	assert_int_equal(tee.smcs, before);
	/* A reset asks again. */
	assert_int_equal(sim_guest_reset(guest), TG_OK);
	assert_false(tg_vm_lacks_partition(guest->vm));
	assert_int_equal(sim_guest_fast(guest, OPTEE_SMC_EXCHANGE_CAPS),
			 OPTEE_RET_OK);
	sim_guest_destroy(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(policy_table),
		TEST(i9_garbage_in_unused_registers),
		TEST(refused_by_default),
		TEST(capabilities_one_by_one),
		TEST(capabilities_of_the_guest),
		TEST(thread_count_is_the_lesser),
		TEST(i10_questions_cost_no_partition),
		TEST(i10_async_notif_never_reaches_optee),
		TEST(no_partition),
	};

	return cmocka_run_group_tests_name("fast", tests, NULL, NULL);
}
