// SPDX-License-Identifier: BSD-2-Clause
/*
 * libteegate against the fake KVM and device: opening, filtering, memory, and
 * what a guest gets in its registers in every case.
 */
#include "../../../vmm/lib/internal.h"
#include "fake_sys.h"
#include "test.h"

#define VCPU_FD 7
#define VM_FD 6
#define CALL_WITH_ARG 0x32000004u
#define RETURN_FROM_RPC 0x32000003u
#define CALLS_UID 0xbf00ff01u
#define JUNK 0xdeadbeefcafef00dull

static struct teegate *guest;
static char said[512];
static unsigned int said_count;

static void message(void *opaque, const char *text)
{
	assert_ptr_equal(opaque, &said);
	snprintf(said, sizeof(said), "%s", text);
	said_count++;
}

static int setup(void **state)
{
	unsigned int n;

	(void)state;
	fake_sys_init();
	for (n = 0; n < FAKE_REGISTERS; n++)
		fake.x[n] = JUNK + n;
	said_count = 0;
	unsetenv(TEEGATE_DEVICE_ENV);
	assert_int_equal(teegate_open(NULL, &guest), 0);
	teegate_set_message_handler(guest, message, &said);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	teegate_close(guest);
	assert_int_equal(fake.opens, fake.closes);
	return 0;
}

static void open_takes_the_path_from_argument_environment_default(void **state)
{
	struct teegate *other;

	(void)state;
	assert_string_equal(fake.path, "/dev/teegate");
	setenv(TEEGATE_DEVICE_ENV, "/dev/other", 1);
	assert_int_equal(teegate_open(NULL, &other), 0);
	assert_string_equal(fake.path, "/dev/other");
	teegate_close(other);
	assert_int_equal(teegate_open("/dev/third", &other), 0);
	assert_string_equal(fake.path, "/dev/third");
	teegate_close(other);
}

static void open_fails_without_a_trace(void **state)
{
	struct teegate *other = (void *)1;

	(void)state;
	fake.open_result = -EACCES;
	assert_int_equal(teegate_open(NULL, &other), -EACCES);
	fake.open_result = 0;
	fake.abi_version = TEEGATE_ABI_VERSION + 1;
	assert_int_equal(teegate_open(NULL, &other), -EPROTO);
	assert_ptr_equal(other, (void *)1);
	assert_int_equal(fake.opens, fake.closes + 1); /* the one of setup() */
	teegate_close(NULL);
}

static void attach_filters_three_ranges(void **state)
{
	(void)state;
	assert_int_equal(teegate_kvm_attach(VM_FD), 0);
	assert_int_equal(fake.filters, 3);
	assert_int_equal(fake.filter_base[0], 0xb2000000);
	assert_int_equal(fake.filter_count[0], 0x10000);
	assert_int_equal(fake.filter_base[1], 0x32000000);
	assert_int_equal(fake.filter_base[2], 0xbf00ff00);
	assert_int_equal(fake.filter_count[2], 0x100);
}

static void attach_reports_old_kernels_alike(void **state)
{
	static const int answers[] = { -ENXIO, -ENOTTY, -EINVAL };
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(answers); n++) {
		fake.probe_result = answers[n];
		assert_int_equal(teegate_kvm_attach(VM_FD), -ENXIO);
	}
	assert_int_equal(fake.filters, 0);
	fake.probe_result = 0;
	fake.filter_result = -EBUSY;
	assert_int_equal(teegate_kvm_attach(VM_FD), -EBUSY);
}

static void a_route_is_for_what_is_filtered(void **state)
{
	(void)state;
	fake.features = TEEGATE_FEATURE_ROUTE;
	assert_int_equal(teegate_kvm_attach(VM_FD), 0);
	assert_int_equal(teegate_kvm_route(guest, VM_FD), 0);
	assert_int_equal(fake.routes, 3);
	assert_memory_equal(fake.route_base, fake.filter_base,
			    sizeof(fake.route_base));
	assert_memory_equal(fake.route_count, fake.filter_count,
			    sizeof(fake.route_count));
}

/* On other kernels the same number may come to mean something else. */
static void no_route_is_asked_for_unless_the_module_offers_it(void **state)
{
	(void)state;
	fake.features = ~TEEGATE_FEATURE_ROUTE;
	assert_int_equal(teegate_kvm_attach(VM_FD), 0);
	assert_int_equal(teegate_kvm_route(guest, VM_FD), -ENXIO);
	assert_int_equal(fake.routes, 0);
}

static void a_refused_route_is_reported(void **state)
{
	(void)state;
	fake.features = TEEGATE_FEATURE_ROUTE;
	fake.route_result = -EBUSY;
	assert_int_equal(teegate_kvm_attach(VM_FD), 0);
	assert_int_equal(teegate_kvm_route(guest, VM_FD), -EBUSY);
	assert_int_equal(fake.routes, 1);
}

static void a_slot_that_is_not_known_is_gone(void **state)
{
	(void)state;
	fake.remove_result = -ENOENT;
	assert_int_equal(teegate_region_remove(guest, 5), 0);
	fake.remove_result = -EINTR;
	assert_int_equal(teegate_region_remove(guest, 5), -EINTR);
	assert_int_equal(fake.region_count, 2);
}

static void regions_follow_kvm(void **state)
{
	struct kvm_userspace_memory_region region = {
		.slot = 3,
		.flags = KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES,
		.guest_phys_addr = 0x40000000,
		.memory_size = 0x10000,
		.userspace_addr = 0x7000,
	};

	(void)state;
	assert_int_equal(teegate_kvm_region(guest, &region), 0);
	assert_int_equal(fake.regions[0].flags, TEEGATE_REGION_READONLY);
	assert_int_equal(fake.regions[0].gpa, 0x40000000);
	assert_int_equal(fake.regions[0].bytes, 0x10000);
	assert_int_equal(fake.regions[0].hva, 0x7000);
	region.memory_size = 0;
	assert_int_equal(teegate_kvm_region(guest, &region), 0);
	assert_int_equal(fake.regions[1].slot, 3);
	assert_int_equal(fake.regions[1].bytes, 0);
	assert_int_equal(fake.regions[1].flags, 0);
}

static void other_exits_are_left_alone(void **state)
{
	struct kvm_run run;

	(void)state;
	fake_run_hypercall(&run, 0x84000000, true);
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 0);
	fake_run_hypercall(&run, CALLS_UID, true);
	run.exit_reason = KVM_EXIT_MMIO;
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 0);
	assert_int_equal(fake.smcs, 0);
	assert_int_equal(fake.reg_sets, 0);
}

static void
i9_only_the_registers_needed_are_read_and_the_rest_is_zero(void **state)
{
	struct kvm_run run;
	unsigned int n;

	(void)state;
	fake_run_hypercall(&run, CALLS_UID, true);
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
	assert_int_equal(fake.reg_gets, 0);
	assert_int_equal(fake.smc.x[0], CALLS_UID);
	for (n = 1; n < 8; n++)
		assert_int_equal(fake.smc.x[n], 0);

	fake_run_hypercall(&run, RETURN_FROM_RPC, true);
	fake.x[1] = JUNK + 1;
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
	assert_int_equal(fake.reg_gets, 5);
	assert_int_equal(fake.smc.x[1], JUNK + 1);
	assert_int_equal(fake.smc.x[5], JUNK + 5);
	assert_int_equal(fake.smc.x[6], 0);
	assert_int_equal(fake.smc.x[7], 0);
}

static void i9_the_upper_half_of_the_function_id_is_ignored(void **state)
{
	struct kvm_run run;

	(void)state;
	fake_run_hypercall(&run, 0xffffffff00000000ull | CALL_WITH_ARG, true);
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
	assert_true(fake.smc.x[0] == CALL_WITH_ARG);
}

static void unknown_functions_pass_all_but_x7(void **state)
{
	struct kvm_run run;

	(void)state;
	fake_run_hypercall(&run, 0x3200ffff, true);
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
	assert_int_equal(fake.reg_gets, 6);
	assert_true(fake.smc.x[6] == JUNK + 6);
	assert_true(fake.smc.x[7] == 0);
}

static void i9_four_registers_are_answered(void **state)
{
	struct kvm_run run;
	unsigned int n;

	(void)state;
	for (n = 0; n < 4; n++)
		fake.smc_answer.x[n] = 0x1000 + n;
	fake_run_hypercall(&run, CALL_WITH_ARG, true);
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
	for (n = 0; n < 4; n++)
		assert_true(fake.x[n] == 0x1000 + n);
	assert_true(fake.x[4] == JUNK + 4);
	assert_int_equal(fake.reg_sets, 4);
}

static void equal_registers_are_not_written(void **state)
{
	struct kvm_run run;

	(void)state;
	fake.smc_answer.x[2] = JUNK + 2;
	fake_run_hypercall(&run, CALL_WITH_ARG, true);
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
	assert_int_equal(fake.reg_sets, 3);
	assert_true(fake.x[2] == JUNK + 2);
	/* One that was not read is written, whatever the answer is. */
	fake_run_hypercall(&run, CALLS_UID, true);
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
	assert_int_equal(fake.reg_sets, 3 + 4);
}

static void assert_answer(uint64_t x0)
{
	unsigned int n;

	assert_true(fake.x[0] == x0);
	for (n = 1; n < 4; n++)
		assert_true(fake.x[n] == 0);
}

static void i9_a_refused_call_is_an_unknown_function_and_said_once(void **state)
{
	static const int errors[] = { -EPERM, -ENOMEM, -EIO, -EFAULT };
	struct kvm_run run;
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(errors); n++) {
		fake.smc_result = errors[n];
		memset(fake.x, 0xff, sizeof(fake.x));
		fake_run_hypercall(&run, CALL_WITH_ARG, true);
		assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
		assert_answer(0xffffffff);
	}
	assert_int_equal(said_count, 1);
}

static void hvc_is_not_supported(void **state)
{
	struct kvm_run run;

	(void)state;
	fake_run_hypercall(&run, CALLS_UID, false);
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
	assert_answer(UINT64_MAX);
	assert_int_equal(fake.smcs, 0);
	assert_int_equal(said_count, 1);
}

static void without_a_device_the_function_is_unknown(void **state)
{
	struct kvm_run run;

	(void)state;
	fake_run_hypercall(&run, CALLS_UID, true);
	assert_int_equal(teegate_kvm_exit(NULL, VCPU_FD, &run), 1);
	assert_answer(0xffffffff);
}

static void a_signal_puts_the_call_off(void **state)
{
	struct kvm_run run;

	(void)state;
	fake_run_hypercall(&run, CALL_WITH_ARG, true);
	fake.smc_result = -EINTR;
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), -EINTR);
	assert_int_equal(fake.reg_sets, 0);
	fake.smc_result = 0;
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
	assert_int_equal(fake.reg_sets, 4);
	assert_int_equal(said_count, 0);
}

static void register_failures_are_returned(void **state)
{
	struct kvm_run run;

	(void)state;
	fake_run_hypercall(&run, CALL_WITH_ARG, true);
	fake.get_reg_result = -ENOENT;
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), -ENOENT);
	assert_int_equal(fake.smcs, 0);
	fake.get_reg_result = 0;
	fake.set_reg_result = -EBADF;
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), -EBADF);
}

static void no_partition_is_said_once(void **state)
{
	struct kvm_run run;

	(void)state;
	fake.smc_answer.events = TEEGATE_EVENT_NO_PARTITION;
	fake_run_hypercall(&run, CALLS_UID, true);
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
	assert_int_equal(teegate_kvm_exit(guest, VCPU_FD, &run), 1);
	assert_int_equal(said_count, 1);
	assert_non_null(strstr(said, "no partition free for this guest"));
	assert_non_null(strstr(said, "the guest boots without a TEE"));
}

static void limits_reset_and_stats_reach_the_device(void **state)
{
	struct teegate_limits limits = { .calls = 3 };
	struct teegate_stats stats;
	struct teegate_info info;
	uint64_t routed = 1;

	(void)state;
	assert_int_equal(teegate_set_limits(guest, &limits), 0);
	assert_int_equal(fake.limits.calls, 3);
	fake.limits_result = -EPERM;
	assert_int_equal(teegate_set_limits(guest, &limits), -EPERM);
	assert_int_equal(teegate_reset(guest), 0);
	assert_int_equal(fake.resets, 1);
	assert_int_equal(teegate_get_stats(guest, &stats), 0);
	assert_int_equal(teegate_get_routed(guest, &routed), 0);
	assert_int_equal(routed, 0);
	assert_int_equal(teegate_get_info(guest, &info), 0);
	assert_int_equal(info.abi_version, TEEGATE_ABI_VERSION);
}

static void trusted_applications_by_name(void **state)
{
	static const uint8_t first[16] = { 0x8a, 0xaa, 0xf2, 0x00, 0x24, 0x50,
					   0x11, 0xe4, 0xab, 0xe2, 0x00, 0x02,
					   0xa5, 0xd5, 0xc5, 0x1b };
	static const char *const wrong[] = {
		"",
		",",
		"8aaaf200-2450-11e4-abe2-0002a5d5c51",
		"8aaaf200-2450-11e4-abe2-0002a5d5c51b0",
		"8aaaf200-2450-11e4-abe2-0002a5d5c51g",
		"8aaaf200-2450-11e4-abe2-0002a5d5c51b,",
		",8aaaf200-2450-11e4-abe2-0002a5d5c51b",
		"8aaaf2002-450-11e4-abe2-0002a5d5c51b",
		"8aaaf200-2450-11e4-abe2+0002a5d5c51b",
		"8aaaf200 2450 11e4 abe2 0002a5d5c51b",
		"-8aaaf20-2450-11e4-abe2-0002a5d5c51b",
	};
	struct teegate_tas tas = { 0 };
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(wrong) / sizeof(wrong[0]); n++)
		assert_int_equal(teegate_tas_add(&tas, wrong[n]), -EINVAL);
	assert_int_equal(tas.count, 0);
	assert_int_equal(
		teegate_tas_add(&tas, "8aaaf200-2450-11e4-abe2-0002a5d5c51b"),
		0);
	assert_int_equal(
		teegate_tas_add(
			&tas,
			"8AAAF200-2450-11E4-ABE2-0002A5D5C51C,00000000-0000-0000-0000-000000000001"),
		0);
	assert_int_equal(tas.count, 3);
	assert_memory_equal(tas.uuids[0], first, 16);
	assert_memory_equal(tas.uuids[1], first, 15);
	assert_int_equal(tas.uuids[1][15], 0x1c);
	assert_int_equal(tas.uuids[2][15], 1);
	for (n = 3; n < TEEGATE_TAS_MAX; n++)
		assert_int_equal(
			teegate_tas_add(&tas,
					"8aaaf200-2450-11e4-abe2-0002a5d5c51b"),
			0);
	assert_int_equal(
		teegate_tas_add(&tas, "8aaaf200-2450-11e4-abe2-0002a5d5c51b"),
		-ENOSPC);
	assert_int_equal(teegate_set_tas(guest, &tas), 0);
	assert_memory_equal(&fake.tas, &tas, sizeof(tas));
	fake.tas_result = -EPERM;
	assert_int_equal(teegate_set_tas(guest, &tas), -EPERM);
}

static void the_rpmb_is_asked_for_by_its_own_call(void **state)
{
	(void)state;
	assert_int_equal(teegate_own_rpmb(guest), 0);
	assert_int_equal(fake.rpmb_asked, 1);
	fake.rpmb_result = -EEXIST;
	assert_int_equal(teegate_own_rpmb(guest), -EEXIST);
}

static void storage_is_denied_by_its_own_call(void **state)
{
	(void)state;
	assert_int_equal(teegate_deny_storage(guest), 0);
	assert_int_equal(fake.storage_denied, 1);
	fake.storage_result = -EBUSY;
	assert_int_equal(teegate_deny_storage(guest), -EBUSY);
}

static void notifications_come_by_an_interrupt(void **state)
{
	(void)state;
	fake.features = TEEGATE_FEATURE_NOTIF;
	assert_int_equal(teegate_kvm_notif(guest, VM_FD, 187), 0);
	assert_int_equal(fake.spi, 187);
	assert_int_equal(fake.irqfds, 1);
	assert_int_equal(fake.notifs, 1);
	/* KVM forgets an eventfd that is closed. */
	assert_int_equal(fake.eventfds, 1);
}

static void there_is_one_such_interrupt(void **state)
{
	(void)state;
	fake.features = TEEGATE_FEATURE_NOTIF;
	assert_int_equal(teegate_kvm_notif(guest, VM_FD, 187), 0);
	assert_int_equal(teegate_kvm_notif(guest, VM_FD, 188), -EEXIST);
	assert_int_equal(fake.notifs, 1);
	assert_int_equal(fake.eventfds, 1);
}

static void no_interrupt_unless_the_module_has_notifications(void **state)
{
	(void)state;
	fake.features = ~TEEGATE_FEATURE_NOTIF;
	assert_int_equal(teegate_kvm_notif(guest, VM_FD, 187), -ENXIO);
	assert_int_equal(fake.irqfds, 0);
	fake.features = TEEGATE_FEATURE_NOTIF;
	fake.eventfd_result = -EMFILE;
	assert_int_equal(teegate_kvm_notif(guest, VM_FD, 187), -EMFILE);
	assert_int_equal(fake.irqfds, 0);
}

static void a_refused_interrupt_is_none(void **state)
{
	(void)state;
	fake.features = TEEGATE_FEATURE_NOTIF;
	fake.irqfd_result = -EAGAIN;
	assert_int_equal(teegate_kvm_notif(guest, VM_FD, 187), -EAGAIN);
	assert_int_equal(fake.notifs, 0);
	assert_int_equal(fake.eventfds, 0);
	fake.irqfd_result = 0;
	fake.notif_result = -EBUSY;
	assert_int_equal(teegate_kvm_notif(guest, VM_FD, 187), -EBUSY);
	assert_int_equal(fake.irqfds_gone, 1);
	assert_int_equal(fake.eventfds, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_takes_the_path_from_argument_environment_default),
		TEST(open_fails_without_a_trace),
		TEST(attach_filters_three_ranges),
		TEST(attach_reports_old_kernels_alike),
		TEST(a_route_is_for_what_is_filtered),
		TEST(no_route_is_asked_for_unless_the_module_offers_it),
		TEST(a_refused_route_is_reported),
		TEST(notifications_come_by_an_interrupt),
		TEST(there_is_one_such_interrupt),
		TEST(no_interrupt_unless_the_module_has_notifications),
		TEST(a_refused_interrupt_is_none),
		TEST(regions_follow_kvm),
		TEST(a_slot_that_is_not_known_is_gone),
		TEST(other_exits_are_left_alone),
		TEST(i9_only_the_registers_needed_are_read_and_the_rest_is_zero),
		TEST(i9_the_upper_half_of_the_function_id_is_ignored),
		TEST(unknown_functions_pass_all_but_x7),
		TEST(i9_four_registers_are_answered),
		TEST(equal_registers_are_not_written),
		TEST(i9_a_refused_call_is_an_unknown_function_and_said_once),
		TEST(hvc_is_not_supported),
		TEST(without_a_device_the_function_is_unknown),
		TEST(a_signal_puts_the_call_off),
		TEST(register_failures_are_returned),
		TEST(no_partition_is_said_once),
		TEST(limits_reset_and_stats_reach_the_device),
		TEST(trusted_applications_by_name),
		TEST(the_rpmb_is_asked_for_by_its_own_call),
		TEST(storage_is_denied_by_its_own_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
