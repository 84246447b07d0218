// SPDX-License-Identifier: BSD-2-Clause
/*
 * The preload's handling of VMs against the fake KVM and device: when it
 * opens the device, what it tells it, resets, calls put off by signals, and
 * its text. Memory slots are slots_test.c's.
 */
#include <unistd.h>

#include "fake_vm.h"
#include "test.h"

static void a_probing_vm_never_opens_the_device(void **state)
{
	(void)state;
	assert_int_equal(fake.filters, 3);
	tgp_vcpu_init(fake_vcpu_of(fake_vm.vcpu_fd));
	assert_int_equal(fake.opens, 0);
}

static void the_first_memory_opens_it(void **state)
{
	(void)state;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.opens, 1);
	assert_int_equal(fake.region_count, 1);
	assert_int_equal(fake.regions[0].gpa, fake_ram.guest_phys_addr);
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.opens, 1);
	assert_int_equal(fake.region_count, 1);
}

static void a_route_is_used_where_it_is_offered(void **state)
{
	(void)state;
	fake.features = TEEGATE_FEATURE_ROUTE;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.routes, 3);
	assert_int_equal(fake.region_count, 1);
}

/* What KVM does not take comes out of KVM_RUN, and nobody need know. */
static void a_refused_route_changes_nothing(void **state)
{
	(void)state;
	fake.features = TEEGATE_FEATURE_ROUTE;
	fake.route_result = -EBUSY;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.routes, 1);
	assert_int_equal(fake.closes, 0);
	assert_int_equal(fake.region_count, 1);
}

/* By then QEMU has the interrupt controller, and the guest made no call. */
static void notifications_are_set_up_before_the_first_run(void **state)
{
	struct tgp_vcpu *vcpu = fake_vcpu_of(fake_vm.vcpu_fd);

	(void)state;
	setenv(TGP_NOTIF_ENV, "187", 1);
	fake.features = TEEGATE_FEATURE_NOTIF;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.irqfds, 0);
	fake_vm.exits[0] = KVM_EXIT_MMIO;
	assert_int_equal(tgp_vcpu_run(vcpu, fake_vm.vcpu_fd, NULL), 0);
	assert_int_equal(fake.irqfds, 1);
	assert_int_equal(fake.spi, 187);
	assert_int_equal(fake.notifs, 1);
	/* Once: also a guest that is reset keeps them. */
	tgp_vcpu_init(vcpu);
	fake_vm.exits[1] = KVM_EXIT_MMIO;
	assert_int_equal(tgp_vcpu_run(vcpu, fake_vm.vcpu_fd, NULL), 0);
	assert_int_equal(fake.resets, 1);
	assert_int_equal(fake.irqfds, 1);
	assert_int_equal(fake.eventfds, 1);
}

static void no_notifications_unless_asked(void **state)
{
	struct tgp_vcpu *vcpu = fake_vcpu_of(fake_vm.vcpu_fd);

	(void)state;
	fake.features = TEEGATE_FEATURE_NOTIF;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	fake_vm.exits[0] = KVM_EXIT_MMIO;
	assert_int_equal(tgp_vcpu_run(vcpu, fake_vm.vcpu_fd, NULL), 0);
	assert_int_equal(fake.irqfds, 0);
}

static void no_notifications_for_a_number_that_is_no_interrupt(void **state)
{
	static const char *const wrong[] = {
		"988", "-1", "18x", "x", " 7", "99999999999999999999"
	};
	struct tgp_vcpu *vcpu = fake_vcpu_of(fake_vm.vcpu_fd);
	uint32_t spi = 7;
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(wrong); n++)
		assert_false(tgp_spi_parse(wrong[n], &spi));
	assert_int_equal(spi, 7);
	assert_true(tgp_spi_parse("987", &spi) && spi == 987);
	assert_true(tgp_spi_parse("0", &spi) && spi == 0);
	setenv(TGP_NOTIF_ENV, "988", 1);
	fake.features = TEEGATE_FEATURE_NOTIF;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	fake_vm.exits[0] = KVM_EXIT_MMIO;
	assert_int_equal(tgp_vcpu_run(vcpu, fake_vm.vcpu_fd, NULL), 0);
	assert_int_equal(fake.irqfds, 0);
}

/* As for a VMM whose interrupts KVM does not make: it runs all the same. */
static void refused_notifications_are_no_refused_tee(void **state)
{
	struct tgp_vcpu *vcpu = fake_vcpu_of(fake_vm.vcpu_fd);

	(void)state;
	setenv(TGP_NOTIF_ENV, "187", 1);
	fake.features = TEEGATE_FEATURE_NOTIF;
	fake.irqfd_result = -EAGAIN;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	fake_vm.exits[0] = KVM_EXIT_MMIO;
	assert_int_equal(tgp_vcpu_run(vcpu, fake_vm.vcpu_fd, NULL), 0);
	assert_int_equal(fake.notifs, 0);
	assert_int_equal(fake.closes, 0);
}

static void limits_come_before_the_first_region(void **state)
{
	(void)state;
	setenv(TGP_LIMITS_ENV, "calls=3,shm=7,pinned=65536", 1);
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.limits.calls, 3);
	assert_int_equal(fake.limits.shm_buffers, 7);
	assert_int_equal(fake.limits.pinned_bytes, 65536);
}

static void refused_limits_mean_no_tee(void **state)
{
	(void)state;
	setenv(TGP_LIMITS_ENV, "calls=3", 1);
	fake.limits_result = -EPERM;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.region_count, 0);
	assert_int_equal(fake.closes, 1);
}

static void the_rpmb_is_asked_for_where_run_says_so(void **state)
{
	(void)state;
	setenv(TGP_RPMB_ENV, "own", 1);
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.rpmb_asked, 1);
	assert_int_equal(fake.region_count, 1);
}

/* The guest has a TEE all the same, and whoever runs it was told. */
static void a_refused_rpmb_is_no_refused_tee(void **state)
{
	(void)state;
	setenv(TGP_RPMB_ENV, "own", 1);
	fake.rpmb_result = -EPERM;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.closes, 0);
	assert_int_equal(fake.region_count, 1);
}

static void storage_is_denied_where_run_says_so(void **state)
{
	(void)state;
	setenv(TGP_STORAGE_ENV, "none", 1);
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.storage_denied, 1);
	assert_int_equal(fake.region_count, 1);
}

/* Whoever wanted less for the guest gets none, not more. */
static void storage_that_stays_is_no_tee(void **state)
{
	(void)state;
	setenv(TGP_STORAGE_ENV, "none", 1);
	fake.storage_result = -ENOTTY;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.closes, 1);
	assert_int_equal(fake.region_count, 0);
}

static void a_word_for_storage_that_means_nothing_is_no_tee(void **state)
{
	(void)state;
	setenv(TGP_STORAGE_ENV, "some", 1);
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.storage_denied, 0);
	assert_int_equal(fake.closes, 1);
}

static void no_rpmb_unless_asked(void **state)
{
	(void)state;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.rpmb_asked, 0);
	assert_int_equal(fake.storage_denied, 0);
}

#define TA "8aaaf200-2450-11e4-abe2-0002a5d5c51b"

static void trusted_applications_are_those_of_run(void **state)
{
	(void)state;
	setenv(TGP_TAS_ENV, TA "," TA, 1);
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.tas.count, 2);
	assert_int_equal(fake.tas.uuids[1][0], 0x8a);
	assert_int_equal(fake.region_count, 1);
}

/* A guest that could use more than it should gets nothing. */
static void refused_trusted_applications_are_a_refused_tee(void **state)
{
	(void)state;
	setenv(TGP_TAS_ENV, TA, 1);
	fake.tas_result = -EPERM;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.closes, 1);
	assert_int_equal(fake.region_count, 0);
}

static void an_empty_list_of_applications_is_not_understood(void **state)
{
	(void)state;
	setenv(TGP_TAS_ENV, "", 1);
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(fake.closes, 1);
	assert_int_equal(fake.region_count, 0);
}

static void calls_are_answered_without_the_vmm(void **state)
{
	(void)state;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	fake_vm.exits[0] = fake_vm.exits[1] = KVM_EXIT_HYPERCALL;
	fake_vm.exits[2] = KVM_EXIT_MMIO;
	fake.smc_answer.x[0] = 0x384fb3e0;
	assert_int_equal(tgp_vcpu_run(fake_vcpu_of(fake_vm.vcpu_fd),
				      fake_vm.vcpu_fd, NULL),
			 0);
	assert_int_equal(fake_vm.run->exit_reason, KVM_EXIT_MMIO);
	assert_int_equal(fake.smcs, 2);
	assert_int_equal(fake_vm.runs, 3);
	assert_int_equal(fake.x[0], 0x384fb3e0);
}

static void no_device_is_answered_too(void **state)
{
	(void)state;
	fake.open_result = -ENOENT;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	fake_vm.exits[0] = KVM_EXIT_HYPERCALL;
	assert_int_equal(tgp_vcpu_run(fake_vcpu_of(fake_vm.vcpu_fd),
				      fake_vm.vcpu_fd, NULL),
			 -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(fake.smcs, 0);
	assert_int_equal(fake.x[0], 0xffffffff);
}

static void a_call_put_off_is_made_before_the_next_run(void **state)
{
	(void)state;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	fake_vm.exits[0] = KVM_EXIT_HYPERCALL;
	fake_vm.exits[1] = KVM_EXIT_MMIO;
	fake.smc_result = -EINTR;
	assert_int_equal(tgp_vcpu_run(fake_vcpu_of(fake_vm.vcpu_fd),
				      fake_vm.vcpu_fd, NULL),
			 -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(fake_vm.runs, 1);
	fake.smc_result = 0;
	assert_int_equal(tgp_vcpu_run(fake_vcpu_of(fake_vm.vcpu_fd),
				      fake_vm.vcpu_fd, NULL),
			 0);
	assert_int_equal(fake.smcs, 2);
	assert_int_equal(fake_vm.runs, 2);
}

static void a_reset_drops_a_call_put_off(void **state)
{
	(void)state;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	fake_vm.exits[0] = KVM_EXIT_HYPERCALL;
	fake_vm.exits[1] = KVM_EXIT_MMIO;
	fake.smc_result = -EINTR;
	assert_int_equal(tgp_vcpu_run(fake_vcpu_of(fake_vm.vcpu_fd),
				      fake_vm.vcpu_fd, NULL),
			 -1);
	tgp_vcpu_init(fake_vcpu_of(fake_vm.vcpu_fd));
	assert_int_equal(tgp_vcpu_run(fake_vcpu_of(fake_vm.vcpu_fd),
				      fake_vm.vcpu_fd, NULL),
			 0);
	assert_int_equal(fake.smcs, 1);
}

static void one_reset_for_all_vcpus(void **state)
{
	int second = fake_vcpu_create();

	(void)state;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	tgp_vcpu_init(fake_vcpu_of(fake_vm.vcpu_fd));
	tgp_vcpu_init(fake_vcpu_of(second));
	assert_int_equal(fake.resets, 0);
	assert_int_equal(tgp_vcpu_run(fake_vcpu_of(fake_vm.vcpu_fd),
				      fake_vm.vcpu_fd, NULL),
			 -1);
	tgp_vcpu_init(fake_vcpu_of(fake_vm.vcpu_fd));
	tgp_vcpu_init(fake_vcpu_of(second));
	tgp_vcpu_init(fake_vcpu_of(fake_vm.vcpu_fd));
	assert_int_equal(fake.resets, 1);
	assert_int_equal(tgp_vcpu_run(fake_vcpu_of(fake_vm.vcpu_fd),
				      fake_vm.vcpu_fd, NULL),
			 -1);
	tgp_vcpu_init(fake_vcpu_of(second));
	assert_int_equal(fake.resets, 2);
	tgp_fd_closing(second);
	close(second);
}

static void the_last_descriptor_closes_the_device(void **state)
{
	(void)state;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	tgp_fd_closing(fake_vm.fd);
	assert_int_equal(fake.closes, 0);
	tgp_fd_closing(fake_vm.vcpu_fd);
	assert_int_equal(fake.closes, 1);
}

static void a_reused_number_is_a_new_vm(void **state)
{
	struct tgp_vm *before = fake_vm_of(fake_vm.fd);

	(void)state;
	tgp_fd_closing(fake_vm.vcpu_fd);
	fake_memory_set(before, &fake_ram);
	/* Closed in a way that was not seen; the number comes back. */
	tgp_vm_created(fake_vm.fd);
	assert_ptr_not_equal(fake_vm_of(fake_vm.fd), before);
	assert_int_equal(fake.closes, 1);
	tgp_vcpu_created(fake_vm_of(fake_vm.fd), fake_vm.vcpu_fd);
}

static void limits_are_parsed_strictly(void **state)
{
	static const char *const bad[] = {
		"calls",	 "calls=",
		"calls=-1",	 "calls=1x",
		"other=1",	 "calls=4294967296",
		"calls=1;shm=2", "pinned=99999999999999999999"
	};
	struct teegate_limits limits = { .calls = 77 };
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(bad); n++)
		assert_false(tgp_limits_parse(bad[n], &limits));
	assert_int_equal(limits.calls, 77);
	assert_true(
		tgp_limits_parse("rpc=2,budget=7,pinned=4294967296", &limits));
	assert_int_equal(limits.calls, 0);
	assert_int_equal(limits.rpc_buffers, 2);
	assert_int_equal(limits.resume_budget, 7);
	assert_true(limits.pinned_bytes == 4294967296);
	assert_true(tgp_limits_parse("", &limits));
}

static void the_preload_takes_itself_out_of_the_list(void **state)
{
	static const char *const rows[][2] = {
		{ "/usr/lib/libteegate-preload.so", "" },
		{ "libteegate-preload.so", "" },
		{ "/a/libteegate-preload.so:/b/other.so", "/b/other.so" },
		{ "/b/one.so /a/libteegate-preload.so:/b/two.so",
		  "/b/one.so:/b/two.so" },
		{ "/b/notlibteegate-preload.so",
		  "/b/notlibteegate-preload.so" },
		{ "", "" },
		{ "::", "" },
	};
	char list[128];
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(rows); n++) {
		strcpy(list, rows[n][0]);
		tgp_preload_list_strip(list);
		assert_string_equal(list, rows[n][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(a_probing_vm_never_opens_the_device),
		VM_TEST(the_first_memory_opens_it),
		VM_TEST(a_route_is_used_where_it_is_offered),
		VM_TEST(a_refused_route_changes_nothing),
		VM_TEST(notifications_are_set_up_before_the_first_run),
		VM_TEST(no_notifications_unless_asked),
		VM_TEST(no_notifications_for_a_number_that_is_no_interrupt),
		VM_TEST(refused_notifications_are_no_refused_tee),
		VM_TEST(limits_come_before_the_first_region),
		VM_TEST(refused_limits_mean_no_tee),
		VM_TEST(the_rpmb_is_asked_for_where_run_says_so),
		VM_TEST(a_refused_rpmb_is_no_refused_tee),
		VM_TEST(no_rpmb_unless_asked),
		VM_TEST(storage_is_denied_where_run_says_so),
		VM_TEST(storage_that_stays_is_no_tee),
		VM_TEST(a_word_for_storage_that_means_nothing_is_no_tee),
		VM_TEST(trusted_applications_are_those_of_run),
		VM_TEST(refused_trusted_applications_are_a_refused_tee),
		VM_TEST(an_empty_list_of_applications_is_not_understood),
		VM_TEST(calls_are_answered_without_the_vmm),
		VM_TEST(no_device_is_answered_too),
		VM_TEST(a_call_put_off_is_made_before_the_next_run),
		VM_TEST(a_reset_drops_a_call_put_off),
		VM_TEST(one_reset_for_all_vcpus),
		VM_TEST(the_last_descriptor_closes_the_device),
		VM_TEST(a_reused_number_is_a_new_vm),
		cmocka_unit_test(limits_are_parsed_strictly),
		cmocka_unit_test(the_preload_takes_itself_out_of_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
