// SPDX-License-Identifier: BSD-2-Clause
/*
 * The simulator itself: it must end the process for each thing that a correct
 * mediator never does, or the other tests would prove nothing. Each test plays
 * a broken mediator in a process of its own.
 */
#include <string.h>

#include "common.h"

static struct sim_frame frame;
static struct tg_guest *guest;
static uint64_t ipa;

/* A guest with a partition, and the port called on its behalf. */
static void begin(void)
{
	guest = sim_guest_create(NULL);
	sim_open(guest);
	ipa = sim_guest_alloc(guest, 4 * TG_PAGE_BYTES);
	sim_frame_enter(&frame, guest);
}

static struct tg_pa pin(struct tg_guest *g, uint64_t at)
{
	struct tg_ipa page = tg_ipa(at);
	struct tg_pa pa = { 0 };

	if (tg_port_pin(g, &page, 1, &pa) != TG_OK)
		sim_die("this should have been pinned");
	return pa;
}

static struct tg_page page(void)
{
	struct tg_page p = { 0 };

	if (!tg_port_page_alloc(&p))
		sim_die("there should have been a page");
	return p;
}

static void call(uint32_t id, uint64_t pair, uint64_t x7)
{
	struct tg_regs regs = { .x = { id } };

	sim_pair_set(&regs, 1, pair);
	regs.x[7] = x7;
	tg_port_smc(&regs);
}

static uint16_t vmid(void)
{
	return tee_partition_of(guest)->id;
}

/* A message with one temporary memref, whose list is at @list. */
static void send(uint64_t list, uint64_t attr)
{
	struct tg_page arg = page();
	struct sim_msg *msg = arg.va;

	msg->cmd = OPTEE_MSG_CMD_INVOKE_COMMAND;
	msg->session = 1;
	msg->func = TEE_TA_RPC;
	sim_msg_value(msg, OPTEE_MSG_ATTR_VALUE_IN, TEE_RPC_INTERRUPT, 1);
	sim_msg_tmem(msg, attr | OPTEE_MSG_ATTR_NONCONTIG, list, 4096, 7);
	call(OPTEE_SMC_CALL_WITH_ARG, arg.pa.v, vmid());
}

static void arg_is_guest_memory(void)
{
	begin();
	call(OPTEE_SMC_CALL_WITH_ARG, pin(guest, ipa).v, vmid());
}

static void arg_is_nothing(void)
{
	begin();
	call(OPTEE_SMC_CALL_WITH_ARG, ipa, vmid());
}

static void arg_is_free_memory(void)
{
	struct tg_page p;

	begin();
	p = page();
	tg_port_page_free(p);
	call(OPTEE_SMC_CALL_WITH_ARG, p.pa.v, vmid());
}

static void list_is_guest_memory(void)
{
	begin();
	send(pin(guest, ipa).v, OPTEE_MSG_ATTR_TMEM_IN);
}

static void list_names_an_ipa(void)
{
	struct tg_page list;

	begin();
	list = page();
	memcpy(list.va, &ipa, sizeof(ipa));
	send(list.pa.v, OPTEE_MSG_ATTR_TMEM_IN);
}

static void list_names_what_is_not_pinned(void)
{
	struct tg_page list;
	struct tg_pa pa;

	begin();
	list = page();
	pa = pin(guest, ipa);
	memcpy(list.va, &pa, sizeof(pa));
	tg_port_unpin(guest, &pa, 1);
	send(list.pa.v, OPTEE_MSG_ATTR_TMEM_IN);
}

static void list_names_another_guests_page(void)
{
	struct tg_guest *other = sim_guest_create(NULL);
	struct sim_frame inner;
	struct tg_page list;
	struct tg_pa pa;

	begin();
	list = page();
	sim_frame_enter(&inner, other);
	pa = pin(other, SIM_RAM_IPA);
	sim_frame_leave(&inner);
	memcpy(list.va, &pa, sizeof(pa));
	send(list.pa.v, OPTEE_MSG_ATTR_TMEM_IN);
}

static void unpinned_too_early(void)
{
	struct tg_page list;
	struct tg_pa pa;

	begin();
	list = page();
	pa = pin(guest, ipa);
	memcpy(list.va, &pa, sizeof(pa));
	send(list.pa.v, OPTEE_MSG_ATTR_TMEM_IN);
	tg_port_unpin(guest, &pa, 1);
}

static void freed_too_early(void)
{
	struct tg_page list;
	struct tg_pa pa;

	begin();
	list = page();
	pa = pin(guest, ipa);
	memcpy(list.va, &pa, sizeof(pa));
	send(list.pa.v, OPTEE_MSG_ATTR_TMEM_IN);
	for (uint32_t i = 0; i < SIM_PAGES; i++)
		if (sim.pages[i].kind == SIM_PAGE_SHADOW && sim.pages[i].holds)
			tg_port_page_free((struct tg_page){
				sim_page_va(i), tg_pa(sim_page_pa(i)) });
}

static void pinned_once_for_two(void)
{
	struct tg_page list;
	struct tg_pa pa;

	begin();
	list = page();
	pa = pin(guest, ipa);
	memcpy(list.va, &pa, sizeof(pa));
	send(list.pa.v, OPTEE_MSG_ATTR_TMEM_IN);
	send(list.pa.v, OPTEE_MSG_ATTR_TMEM_IN);
}

static void i1_addresses(void **state)
{
	(void)state;
	assert_true(dies(arg_is_guest_memory, "I1: "));
	assert_true(dies(arg_is_nothing, "I1: "));
	assert_true(dies(arg_is_free_memory, "I1: "));
	assert_true(dies(list_is_guest_memory, "I1: "));
	assert_true(dies(list_names_an_ipa, "I1: "));
	assert_true(dies(list_names_what_is_not_pinned, "I1: "));
	assert_true(dies(list_names_another_guests_page, "I1: "));
}

static void i1_life_times(void **state)
{
	(void)state;
	assert_true(dies(unpinned_too_early, "I1: "));
	assert_true(dies(freed_too_early, "I1: "));
	assert_true(dies(pinned_once_for_two, "names two buffers"));
}

static void copies_out_a_pa(void)
{
	uint32_t words[3] = { 0, (uint32_t)SIM_PA_BASE + 0x1000,
			      SIM_PA_BASE >> 32 };

	begin();
	(void)!copy_out(guest, ipa, words, sizeof(words));
}

static void copies_out_a_pointer(void)
{
	struct tg_page p;

	begin();
	p = page();
	(void)!copy_out(guest, ipa, &p.va, sizeof(p.va));
}

static void traces_a_pa(void)
{
	begin();
	tg_port_trace(guest, (struct tg_vmid){ 2 }, TG_TRACE_REFUSED, 0,
		      SIM_PA_BASE);
}

static void i2_addresses_of_the_host(void **state)
{
	(void)state;
	assert_true(dies(copies_out_a_pa, "I2: "));
	assert_true(dies(copies_out_a_pointer, "I2: "));
	assert_true(dies(traces_a_pa, "I2: "));
}

static void fetches_twice(void)
{
	uint64_t v[2];

	begin();
	(void)!tg_port_copy_in(guest, tg_ipa(ipa), v, 16);
	(void)!tg_port_copy_in(guest, tg_ipa(ipa + 8), v, 16);
}

static void i3_double_fetch(void **state)
{
	(void)state;
	assert_true(dies(fetches_twice, "I3: "));
}

static void id_0(void)
{
	begin();
	call(OPTEE_SMC_VM_CREATED, 0, 0);
}

static void id_twice(void)
{
	begin();
	call(OPTEE_SMC_VM_CREATED, (uint64_t)vmid() << 32, 0);
}

static void id_of_17_bits(void)
{
	begin();
	call(OPTEE_SMC_ENABLE_SHM_CACHE, 0, 0x10002);
}

static void i5_ids(void **state)
{
	(void)state;
	assert_true(dies(id_0, "I5: "));
	assert_true(dies(id_twice, "I"));
	assert_true(dies(id_of_17_bits, "I5: "));
}

static void resumes_nothing(void)
{
	struct tg_regs regs = { .x = { OPTEE_SMC_RETURN_FROM_RPC } };

	begin();
	regs.x[7] = vmid();
	tg_port_smc(&regs);
}

static void i7_resume(void **state)
{
	(void)state;
	assert_true(dies(resumes_nothing, "I7: "));
}

static void upper_half(void)
{
	begin();
	call(OPTEE_SMC_CALL_WITH_ARG, 1ull << 63, vmid() | 1ull << 32);
}

static void unused_input(void)
{
	begin();
	call(OPTEE_SMC_ENABLE_SHM_CACHE, 1, vmid());
}

static void i9_registers(void **state)
{
	(void)state;
	assert_true(dies(upper_half, "I9: "));
	assert_true(dies(unused_input, "I9: "));
}

static void notif_with_id_0(void)
{
	begin();
	call(OPTEE_SMC_ENABLE_ASYNC_NOTIF, 0, 0);
}

static void call_with_id_0(void)
{
	begin();
	call(OPTEE_SMC_ENABLE_SHM_CACHE, 0, 0);
}

static void dead_id(void)
{
	begin();
	call(OPTEE_SMC_ENABLE_SHM_CACHE, 0, 60);
}

static void anothers_id(void)
{
	struct tg_guest *other = sim_guest_create(NULL);
	uint16_t id;

	sim_open(other);
	id = tee_partition_of(other)->id;
	begin();
	call(OPTEE_SMC_ENABLE_SHM_CACHE, 0, id);
}

static void i10_ids(void **state)
{
	(void)state;
	assert_true(dies(notif_with_id_0, "I10: "));
	assert_true(dies(call_with_id_0, "I10: "));
	assert_true(dies(dead_id, "I10: "));
	assert_true(dies(anothers_id, "I10: "));
}

static void locks_twice(void)
{
	begin();
	tg_port_vm_lock(guest);
	tg_port_vm_lock(guest);
}

static void locks_in_the_wrong_order(void)
{
	begin();
	tg_port_system_lock();
	tg_port_vm_lock(guest);
}

static void copies_under_a_lock(void)
{
	uint8_t v;

	begin();
	tg_port_vm_lock(guest);
	(void)!tg_port_copy_in(guest, tg_ipa(ipa), &v, 1);
}

static void calls_under_a_lock(void)
{
	begin();
	tg_port_vm_lock(guest);
	call(OPTEE_SMC_CALL_WITH_ARG, page().pa.v, vmid());
}

static void unlocks_what_is_not_locked(void)
{
	begin();
	tg_port_vm_unlock(guest);
}

static void locks(void **state)
{
	(void)state;
	assert_true(dies(locks_twice, "lock"));
	assert_true(dies(locks_in_the_wrong_order, "lock"));
	assert_true(dies(copies_under_a_lock, "lock"));
	assert_true(dies(calls_under_a_lock, "lock"));
	assert_true(dies(unlocks_what_is_not_locked, "lock"));
}

static void leaks_a_pin(void)
{
	begin();
	pin(guest, ipa);
	sim_frame_leave(&frame);
	sim_stop();
}

static void leaks_a_page(void)
{
	page();
	sim_stop();
}

static void leaks_memory(void)
{
	if (tg_port_alloc(1))
		sim_stop();
}

static void unpins_twice(void)
{
	struct tg_pa pa;

	begin();
	pa = pin(guest, ipa);
	tg_port_unpin(guest, &pa, 1);
	tg_port_unpin(guest, &pa, 1);
}

static void leaks(void **state)
{
	(void)state;
	assert_true(dies(leaks_a_pin, "leaked"));
	assert_true(dies(leaks_a_page, "leaked"));
	assert_true(dies(leaks_memory, "leaked"));
	assert_true(dies(unpins_twice, "not pinned"));
}

/* Contiguous for the guest is scattered for OP-TEE, and never the same. */
static void memory_is_scattered(void **state)
{
	unsigned int neighbours = 0;

	(void)state;
	guest = sim_guest_create(NULL);
	for (uint64_t i = 1; i < 1000; i++) {
		uint64_t at = SIM_RAM_IPA + i * TG_PAGE_BYTES;
		uint32_t a = sim_guest_page(guest, at - TG_PAGE_BYTES, false);
		uint32_t b = sim_guest_page(guest, at, false);

		neighbours += a + 1 == b;
		assert_true(sim_page_pa(b) >= SIM_PA_BASE);
	}
	assert_int_equal(neighbours, 0);
	sim_guest_destroy(guest);
}

static void random_numbers_repeat(void **state)
{
	uint32_t first = sim_random();

	(void)state;
	assert_int_not_equal(sim_random(), first);
	sim_start();
	assert_int_equal(sim_random(), first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(i1_addresses),
		TEST(i1_life_times),
		TEST(i2_addresses_of_the_host),
		TEST(i3_double_fetch),
		TEST(i5_ids),
		TEST(i7_resume),
		TEST(i9_registers),
		TEST(i10_ids),
		TEST(locks),
		TEST(leaks),
		TEST(memory_is_scattered),
		TEST(random_numbers_repeat),
	};

	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
