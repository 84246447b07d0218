// SPDX-License-Identifier: BSD-2-Clause
/*
 * A VM's memory slots, from what the VMM asks of KVM to what the device is
 * told: of what guests may share, nothing too much and nothing too long.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../vmm/lib/kvm_abi.h"
#include "fake_vm.h"
#include "test.h"

/* What the preload says while @region is set, as a string. */
static const char *said(const struct kvm_userspace_memory_region *region)
{
	static char text[512];
	int file = memfd_create("said", 0);
	int before = dup(STDERR_FILENO);
	ssize_t n;

	assert_true(file >= 0 && before >= 0);
	dup2(file, STDERR_FILENO);
	fake_memory_set(fake_vm_of(fake_vm.fd), region);
	dup2(before, STDERR_FILENO);
	n = pread(file, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = 0;
	close(before);
	close(file);
	return text;
}

static void dirty_logging_is_no_change(void **state)
{
	struct kvm_userspace_memory_region region = fake_ram;

	(void)state;
	fake_memory_set(fake_vm_of(fake_vm.fd), &region);
	region.flags = KVM_MEM_LOG_DIRTY_PAGES;
	fake_memory_set(fake_vm_of(fake_vm.fd), &region);
	assert_int_equal(fake.region_count, 1);
	region.flags = KVM_MEM_READONLY;
	fake_memory_set(fake_vm_of(fake_vm.fd), &region);
	assert_int_equal(fake.region_count, 2);
	region.memory_size = 0;
	fake_memory_set(fake_vm_of(fake_vm.fd), &region);
	fake_memory_set(fake_vm_of(fake_vm.fd), &region);
	assert_int_equal(fake.region_count, 3);
}

static struct teegate_region last_region(void)
{
	assert_in_range(fake.region_count, 1, FAKE_REGIONS);
	return fake.regions[fake.region_count - 1];
}

static void what_kvm_refuses_is_no_change(void **state)
{
	struct kvm_userspace_memory_region region = fake_ram;

	(void)state;
	fake_vm.memory_errno = EEXIST;
	assert_int_equal(tgp_vm_memory(fake_vm_of(fake_vm.fd), fake_vm.fd,
				       KVM_SET_USER_MEMORY_REGION, &region),
			 -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(fake.opens, 0);
	fake_vm.memory_errno = 0;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	region.memory_size = 0;
	fake_vm.memory_errno = EINVAL;
	assert_int_equal(tgp_vm_memory(fake_vm_of(fake_vm.fd), fake_vm.fd,
				       KVM_SET_USER_MEMORY_REGION, &region),
			 -1);
	assert_int_equal(fake.region_count, 1);
}

static void read_only_slots_are_read_only(void **state)
{
	struct kvm_userspace_memory_region region = fake_ram;

	(void)state;
	region.flags = KVM_MEM_READONLY;
	fake_memory_set(fake_vm_of(fake_vm.fd), &region);
	assert_int_equal(last_region().flags, TEEGATE_REGION_READONLY);
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	assert_int_equal(last_region().flags, 0);
	fake_memory_set2(&region);
	assert_int_equal(last_region().flags, TEEGATE_REGION_READONLY);
	region.flags |= KVM_MEM_LOG_DIRTY_PAGES;
	fake_memory_set(fake_vm_of(fake_vm.fd), &region);
	assert_int_equal(fake.region_count, 3);
}

static void slots_move_and_go(void **state)
{
	struct kvm_userspace_memory_region region = fake_ram;

	(void)state;
	fake_memory_set(fake_vm_of(fake_vm.fd), &region);
	region.guest_phys_addr = 0x80000000;
	fake_memory_set(fake_vm_of(fake_vm.fd), &region);
	assert_int_equal(fake.region_count, 2);
	assert_int_equal(last_region().slot, fake_ram.slot);
	assert_int_equal(last_region().gpa, 0x80000000);
	assert_int_equal(last_region().bytes, fake_ram.memory_size);
	/* What else it says of a slot that goes does not matter. */
	region.memory_size = 0;
	region.guest_phys_addr = 0x1234;
	fake_memory_set2(&region);
	assert_int_equal(fake.region_count, 3);
	assert_int_equal(last_region().slot, fake_ram.slot);
	assert_int_equal(last_region().bytes, 0);
}

/* What may be private to the guest is not told, whatever the VMM maps. */
static void guest_memfd_is_not_shared(void **state)
{
	struct kvm_userspace_memory_region region = fake_ram;

	(void)state;
	region.flags = KVM_MEM_GUEST_MEMFD;
	fake_memory_set2(&region);
	assert_int_equal(fake.opens, 0);
	assert_int_equal(fake.region_count, 0);
	region.slot = 1;
	region.flags = 0;
	fake_memory_set2(&region);
	assert_int_equal(fake.opens, 1);
	assert_int_equal(fake.region_count, 1);
	assert_int_equal(last_region().slot, 1);
	/* Should a slot become one, it is taken away. */
	region.flags = KVM_MEM_GUEST_MEMFD;
	fake_memory_set2(&region);
	assert_int_equal(fake.region_count, 2);
	assert_int_equal(last_region().slot, 1);
	assert_int_equal(last_region().bytes, 0);
}

/* The device would go on with memory that is not the guest's any more. */
static void a_refused_change_leaves_nothing_behind(void **state)
{
	struct kvm_userspace_memory_region region = fake_ram;

	(void)state;
	fake_memory_set(fake_vm_of(fake_vm.fd), &region);
	fake.region_result = -EEXIST;
	region.guest_phys_addr = 0x80000000;
	assert_non_null(strstr(said(&region), "out of OP-TEE's reach"));
	assert_int_equal(fake.region_count, 3);
	assert_int_equal(last_region().slot, fake_ram.slot);
	assert_int_equal(last_region().bytes, 0);
	/* It is gone: that it goes once more is nothing to talk about. */
	fake.remove_result = -ENOENT;
	region.memory_size = 0;
	assert_string_equal(said(&region), "");
	assert_int_equal(fake.region_count, 4);
}

static void a_devices_registers_are_left_out_silently(void **state)
{
	struct kvm_userspace_memory_region region = fake_ram;

	(void)state;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	fake.region_result = -EACCES;
	fake.remove_result = -ENOENT;
	region.slot = 1;
	region.guest_phys_addr = 0x10000000;
	assert_string_equal(said(&region), "");
	region.memory_size = 0;
	assert_string_equal(said(&region), "");
}

static pthread_t other_thread;

static void *remove_ram(void *unused)
{
	struct kvm_userspace_memory_region region = fake_ram;

	region.memory_size = 0;
	fake_memory_set(fake_vm_of(fake_vm.fd), &region);
	return unused;
}

/* However long it has, it must not get to KVM before the first is done. */
static void start_remove_ram(void)
{
	pthread_create(&other_thread, NULL, remove_ram, NULL);
	usleep(50000);
	assert_int_equal(fake_vm.memory_asked, 1);
	assert_int_equal(fake.region_count, 0);
}

static void the_device_hears_in_kvms_order(void **state)
{
	(void)state;
	fake_vm.memory_meanwhile = start_remove_ram;
	fake_memory_set(fake_vm_of(fake_vm.fd), &fake_ram);
	pthread_join(other_thread, NULL);
	assert_int_equal(fake_vm.memory_asked, 2);
	assert_int_equal(fake.region_count, 2);
	assert_int_equal(last_region().bytes, 0);
}

static void slots_have_a_limit(void **state)
{
	struct kvm_userspace_memory_region region = fake_ram;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(dirty_logging_is_no_change),
		VM_TEST(what_kvm_refuses_is_no_change),
		VM_TEST(read_only_slots_are_read_only),
		VM_TEST(slots_move_and_go),
		VM_TEST(guest_memfd_is_not_shared),
		VM_TEST(a_refused_change_leaves_nothing_behind),
		VM_TEST(a_devices_registers_are_left_out_silently),
		VM_TEST(the_device_hears_in_kvms_order),
		cmocka_unit_test(slots_have_a_limit),
	};

	return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
