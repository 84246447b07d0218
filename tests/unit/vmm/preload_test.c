// SPDX-License-Identifier: BSD-2-Clause
/*
 * The preload's handling of VMs against the fake KVM and device: when it
 * opens the device, what it tells it, resets, calls put off by signals, and
 * its text. The vCPU's shared page is a memory file.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "../../../vmm/preload/preload.h"
#include "fake_sys.h"
#include "test.h"

#define CALLS_UID 0xbf00ff01u

static struct kvm_run *run; /* the page that the fake KVM_RUN writes */
static int vm_fd, vcpu_fd;
/* Exit reasons that KVM_RUN is to return with, one after the other. */
static uint32_t exits[8];
static unsigned int exit_next, runs;

int tgp_real_ioctl(int fd, unsigned long request, void *arg)
{
	(void)arg;
	assert_int_equal(fd, vcpu_fd);
	assert_int_equal(request, KVM_RUN);
	runs++;
	if (!exits[exit_next]) {
		errno = EINTR;
		return -1;
	}
	fake_run_hypercall(run, CALLS_UID, true);
	run->exit_reason = exits[exit_next++];
	return 0;
}

int tgp_real_close(int fd)
{
	return close(fd);
}

static const struct kvm_userspace_memory_region ram = {
	.slot = 0,
	.guest_phys_addr = 0x40000000,
	.memory_size = 0x8000000,
	.userspace_addr = 0x10000,
};

static struct tgp_vm *vm_of(int fd)
{
	struct tgp_object *object = tgp_object_find(fd);

	return object ? object->vm : NULL;
}

static struct tgp_vcpu *vcpu_of(int fd)
{
	struct tgp_object *object = tgp_object_find(fd);

	return object ? object->vcpu : NULL;
}

static int vcpu_create(void)
{
	int fd = memfd_create("vcpu", 0);

	assert_true(fd >= 0 && !ftruncate(fd, sysconf(_SC_PAGESIZE)));
	tgp_vcpu_created(vm_of(vm_fd), fd);
	return fd;
}

static int setup(void **state)
{
	(void)state;
	fake_sys_init();
	memset(exits, 0, sizeof(exits));
	exit_next = runs = 0;
	unsetenv(TGP_LIMITS_ENV);
	unsetenv(TGP_RPMB_ENV);
	unsetenv(TGP_TAS_ENV);
	unsetenv(TEEGATE_DEVICE_ENV);
	vm_fd = memfd_create("vm", 0);
	tgp_vm_created(vm_fd);
	vcpu_fd = vcpu_create();
	run = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		   MAP_SHARED, vcpu_fd, 0);
	assert_ptr_not_equal(run, MAP_FAILED);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tgp_fd_closing(vcpu_fd);
	tgp_fd_closing(vm_fd);
	close(vcpu_fd);
	close(vm_fd);
	munmap(run, (size_t)sysconf(_SC_PAGESIZE));
	assert_null(tgp_object_find(vm_fd));
	assert_int_equal(fake.opens, fake.closes);
	return 0;
}

static void a_probing_vm_never_opens_the_device(void **state)
{
	(void)state;
	assert_int_equal(fake.filters, 3);
	tgp_vcpu_init(vcpu_of(vcpu_fd));
	assert_int_equal(fake.opens, 0);
}

static void the_first_memory_opens_it(void **state)
{
	(void)state;
	tgp_vm_region(vm_of(vm_fd), &ram);
	assert_int_equal(fake.opens, 1);
	assert_int_equal(fake.region_count, 1);
	assert_int_equal(fake.regions[0].gpa, ram.guest_phys_addr);
	tgp_vm_region(vm_of(vm_fd), &ram);
	assert_int_equal(fake.opens, 1);
	assert_int_equal(fake.region_count, 1);
}

static void dirty_logging_is_no_change(void **state)
{
	struct kvm_userspace_memory_region region = ram;

	(void)state;
	tgp_vm_region(vm_of(vm_fd), &region);
	region.flags = KVM_MEM_LOG_DIRTY_PAGES;
	tgp_vm_region(vm_of(vm_fd), &region);
	assert_int_equal(fake.region_count, 1);
	region.flags = KVM_MEM_READONLY;
	tgp_vm_region(vm_of(vm_fd), &region);
	assert_int_equal(fake.region_count, 2);
	region.memory_size = 0;
	tgp_vm_region(vm_of(vm_fd), &region);
	tgp_vm_region(vm_of(vm_fd), &region);
	assert_int_equal(fake.region_count, 3);
}

static void limits_come_before_the_first_region(void **state)
{
	(void)state;
	setenv(TGP_LIMITS_ENV, "calls=3,shm=7,pinned=65536", 1);
	tgp_vm_region(vm_of(vm_fd), &ram);
	assert_int_equal(fake.limits.calls, 3);
	assert_int_equal(fake.limits.shm_buffers, 7);
	assert_int_equal(fake.limits.pinned_bytes, 65536);
}

static void refused_limits_mean_no_tee(void **state)
{
	(void)state;
	setenv(TGP_LIMITS_ENV, "calls=3", 1);
	fake.limits_result = -EPERM;
	tgp_vm_region(vm_of(vm_fd), &ram);
	assert_int_equal(fake.region_count, 0);
	assert_int_equal(fake.closes, 1);
}

static void the_rpmb_is_asked_for_where_run_says_so(void **state)
{
	(void)state;
	setenv(TGP_RPMB_ENV, "own", 1);
	tgp_vm_region(vm_of(vm_fd), &ram);
	assert_int_equal(fake.rpmb_asked, 1);
	assert_int_equal(fake.region_count, 1);
}

/* The guest has a TEE all the same, and whoever runs it was told. */
static void a_refused_rpmb_is_no_refused_tee(void **state)
{
	(void)state;
	setenv(TGP_RPMB_ENV, "own", 1);
	fake.rpmb_result = -EPERM;
	tgp_vm_region(vm_of(vm_fd), &ram);
	assert_int_equal(fake.closes, 0);
	assert_int_equal(fake.region_count, 1);
}

static void no_rpmb_unless_asked(void **state)
{
	(void)state;
	tgp_vm_region(vm_of(vm_fd), &ram);
	assert_int_equal(fake.rpmb_asked, 0);
}

#define TA "8aaaf200-2450-11e4-abe2-0002a5d5c51b"

static void trusted_applications_are_those_of_run(void **state)
{
	(void)state;
	setenv(TGP_TAS_ENV, TA "," TA, 1);
	tgp_vm_region(vm_of(vm_fd), &ram);
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
	tgp_vm_region(vm_of(vm_fd), &ram);
	assert_int_equal(fake.closes, 1);
	assert_int_equal(fake.region_count, 0);
}

static void an_empty_list_of_applications_is_not_understood(void **state)
{
	(void)state;
	setenv(TGP_TAS_ENV, "", 1);
	tgp_vm_region(vm_of(vm_fd), &ram);
	assert_int_equal(fake.closes, 1);
	assert_int_equal(fake.region_count, 0);
}

static void calls_are_answered_without_the_vmm(void **state)
{
	(void)state;
	tgp_vm_region(vm_of(vm_fd), &ram);
	exits[0] = exits[1] = KVM_EXIT_HYPERCALL;
	exits[2] = KVM_EXIT_MMIO;
	fake.smc_answer.x[0] = 0x384fb3e0;
	assert_int_equal(tgp_vcpu_run(vcpu_of(vcpu_fd), vcpu_fd, NULL), 0);
	assert_int_equal(run->exit_reason, KVM_EXIT_MMIO);
	assert_int_equal(fake.smcs, 2);
	assert_int_equal(runs, 3);
	assert_int_equal(fake.x[0], 0x384fb3e0);
}

static void no_device_is_answered_too(void **state)
{
	(void)state;
	fake.open_result = -ENOENT;
	tgp_vm_region(vm_of(vm_fd), &ram);
	exits[0] = KVM_EXIT_HYPERCALL;
	assert_int_equal(tgp_vcpu_run(vcpu_of(vcpu_fd), vcpu_fd, NULL), -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(fake.smcs, 0);
	assert_int_equal(fake.x[0], 0xffffffff);
}

static void a_call_put_off_is_made_before_the_next_run(void **state)
{
	(void)state;
	tgp_vm_region(vm_of(vm_fd), &ram);
	exits[0] = KVM_EXIT_HYPERCALL;
	exits[1] = KVM_EXIT_MMIO;
	fake.smc_result = -EINTR;
	assert_int_equal(tgp_vcpu_run(vcpu_of(vcpu_fd), vcpu_fd, NULL), -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(runs, 1);
	fake.smc_result = 0;
	assert_int_equal(tgp_vcpu_run(vcpu_of(vcpu_fd), vcpu_fd, NULL), 0);
	assert_int_equal(fake.smcs, 2);
	assert_int_equal(runs, 2);
}

static void a_reset_drops_a_call_put_off(void **state)
{
	(void)state;
	tgp_vm_region(vm_of(vm_fd), &ram);
	exits[0] = KVM_EXIT_HYPERCALL;
	exits[1] = KVM_EXIT_MMIO;
	fake.smc_result = -EINTR;
	assert_int_equal(tgp_vcpu_run(vcpu_of(vcpu_fd), vcpu_fd, NULL), -1);
	tgp_vcpu_init(vcpu_of(vcpu_fd));
	assert_int_equal(tgp_vcpu_run(vcpu_of(vcpu_fd), vcpu_fd, NULL), 0);
	assert_int_equal(fake.smcs, 1);
}

static void one_reset_for_all_vcpus(void **state)
{
	int second = vcpu_create();

	(void)state;
	tgp_vm_region(vm_of(vm_fd), &ram);
	tgp_vcpu_init(vcpu_of(vcpu_fd));
	tgp_vcpu_init(vcpu_of(second));
	assert_int_equal(fake.resets, 0);
	assert_int_equal(tgp_vcpu_run(vcpu_of(vcpu_fd), vcpu_fd, NULL), -1);
	tgp_vcpu_init(vcpu_of(vcpu_fd));
	tgp_vcpu_init(vcpu_of(second));
	tgp_vcpu_init(vcpu_of(vcpu_fd));
	assert_int_equal(fake.resets, 1);
	assert_int_equal(tgp_vcpu_run(vcpu_of(vcpu_fd), vcpu_fd, NULL), -1);
	tgp_vcpu_init(vcpu_of(second));
	assert_int_equal(fake.resets, 2);
	tgp_fd_closing(second);
	close(second);
}

static void the_last_descriptor_closes_the_device(void **state)
{
	(void)state;
	tgp_vm_region(vm_of(vm_fd), &ram);
	tgp_fd_closing(vm_fd);
	assert_int_equal(fake.closes, 0);
	tgp_fd_closing(vcpu_fd);
	assert_int_equal(fake.closes, 1);
}

static void a_reused_number_is_a_new_vm(void **state)
{
	struct tgp_vm *before = vm_of(vm_fd);

	(void)state;
	tgp_fd_closing(vcpu_fd);
	tgp_vm_region(before, &ram);
	/* Closed in a way that was not seen; the number comes back. */
	tgp_vm_created(vm_fd);
	assert_ptr_not_equal(vm_of(vm_fd), before);
	assert_int_equal(fake.closes, 1);
	tgp_vcpu_created(vm_of(vm_fd), vcpu_fd);
}

static void slots_have_a_limit(void **state)
{
	struct kvm_userspace_memory_region region = ram;
	struct tgp_slots slots = { 0 };

	(void)state;
	for (region.slot = 0; region.slot < TGP_SLOTS_MAX; region.slot++)
		assert_int_equal(tgp_slots_set(&slots, &region),
				 TGP_SLOT_CHANGED);
	assert_int_equal(tgp_slots_set(&slots, &region), TGP_SLOT_NO_ROOM);
	region.slot = 0;
	region.memory_size = 0;
	assert_int_equal(tgp_slots_set(&slots, &region), TGP_SLOT_CHANGED);
	assert_int_equal(slots.count, TGP_SLOTS_MAX - 1);
	assert_int_equal(tgp_slots_set(&slots, &region), TGP_SLOT_SAME);
	tgp_slots_fini(&slots);
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
	assert_true(tgp_limits_parse("rpc=2,pinned=4294967296", &limits));
	assert_int_equal(limits.calls, 0);
	assert_int_equal(limits.rpc_buffers, 2);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_probing_vm_never_opens_the_device),
		TEST(the_first_memory_opens_it),
		TEST(dirty_logging_is_no_change),
		TEST(limits_come_before_the_first_region),
		TEST(refused_limits_mean_no_tee),
		TEST(the_rpmb_is_asked_for_where_run_says_so),
		TEST(a_refused_rpmb_is_no_refused_tee),
		TEST(no_rpmb_unless_asked),
		TEST(trusted_applications_are_those_of_run),
		TEST(refused_trusted_applications_are_a_refused_tee),
		TEST(an_empty_list_of_applications_is_not_understood),
		TEST(calls_are_answered_without_the_vmm),
		TEST(no_device_is_answered_too),
		TEST(a_call_put_off_is_made_before_the_next_run),
		TEST(a_reset_drops_a_call_put_off),
		TEST(one_reset_for_all_vcpus),
		TEST(the_last_descriptor_closes_the_device),
		TEST(a_reused_number_is_a_new_vm),
		cmocka_unit_test(slots_have_a_limit),
		cmocka_unit_test(limits_are_parsed_strictly),
		cmocka_unit_test(the_preload_takes_itself_out_of_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
