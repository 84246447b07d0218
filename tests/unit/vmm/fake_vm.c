// SPDX-License-Identifier: BSD-2-Clause
/*
 * The VM behind fake_vm.h, and the C library's calls as the preload finds
 * them below its wrappers.
 */
#include "fake_vm.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../../../vmm/lib/kvm_abi.h"
#include "test.h"

#define CALLS_UID 0xbf00ff01u

struct fake_vm fake_vm;

static int kvm_memory(int fd)
{
	void (*meanwhile)(void) = fake_vm.memory_meanwhile;

	assert_int_equal(fd, fake_vm.fd);
	fake_vm.memory_asked++;
	fake_vm.memory_meanwhile = NULL;
	if (meanwhile)
		meanwhile();
	errno = fake_vm.memory_errno;
	return fake_vm.memory_errno ? -1 : 0;
}

int tgp_real_ioctl(int fd, unsigned long request, void *arg)
{
	(void)arg;
	if (request == KVM_SET_USER_MEMORY_REGION ||
	    request == KVM_SET_USER_MEMORY_REGION2)
		return kvm_memory(fd);
	assert_int_equal(fd, fake_vm.vcpu_fd);
	assert_int_equal(request, KVM_RUN);
	fake_vm.runs++;
	if (!fake_vm.exits[fake_vm.exit_next]) {
		errno = EINTR;
		return -1;
	}
	fake_run_hypercall(fake_vm.run, CALLS_UID, true);
	fake_vm.run->exit_reason = fake_vm.exits[fake_vm.exit_next++];
	return 0;
}

int tgp_real_close(int fd)
{
	return close(fd);
}

const struct kvm_userspace_memory_region fake_ram = {
	.slot = 0,
	.guest_phys_addr = 0x40000000,
	.memory_size = 0x8000000,
	.userspace_addr = 0x10000,
};

struct tgp_vm *fake_vm_of(int fd)
{
	struct tgp_object *object = tgp_object_find(fd);

	return object ? object->vm : NULL;
}

void fake_memory_set(struct tgp_vm *vm,
		     const struct kvm_userspace_memory_region *region)
{
	struct kvm_userspace_memory_region copy = *region;

	assert_int_equal(tgp_vm_memory(vm, fake_vm.fd,
				       KVM_SET_USER_MEMORY_REGION, &copy),
			 0);
}

void fake_memory_set2(const struct kvm_userspace_memory_region *region)
{
	struct kvm_userspace_memory_region2 copy = {
		.slot = region->slot,
		.flags = region->flags,
		.guest_phys_addr = region->guest_phys_addr,
		.memory_size = region->memory_size,
		.userspace_addr = region->userspace_addr,
	};

	assert_int_equal(tgp_vm_memory(fake_vm_of(fake_vm.fd), fake_vm.fd,
				       KVM_SET_USER_MEMORY_REGION2, &copy),
			 0);
}

struct tgp_vcpu *fake_vcpu_of(int fd)
{
	struct tgp_object *object = tgp_object_find(fd);

	return object ? object->vcpu : NULL;
}

int fake_vcpu_create(void)
{
	int fd = memfd_create("vcpu", 0);

	assert_true(fd >= 0 && !ftruncate(fd, sysconf(_SC_PAGESIZE)));
	tgp_vcpu_created(fake_vm_of(fake_vm.fd), fd);
	return fd;
}

int fake_vm_setup(void **state)
{
	(void)state;
	fake_sys_init();
	memset(&fake_vm, 0, sizeof(fake_vm));
	unsetenv(TGP_LIMITS_ENV);
	unsetenv(TGP_RPMB_ENV);
	unsetenv(TGP_STORAGE_ENV);
	unsetenv(TGP_NOTIF_ENV);
	unsetenv(TGP_TAS_ENV);
	unsetenv(TEEGATE_DEVICE_ENV);
	fake_vm.fd = memfd_create("vm", 0);
	tgp_vm_created(fake_vm.fd);
	fake_vm.vcpu_fd = fake_vcpu_create();
	fake_vm.run =
		mmap(NULL, (size_t)sysconf(_SC_PAGESIZE),
		     PROT_READ | PROT_WRITE, MAP_SHARED, fake_vm.vcpu_fd, 0);
	assert_ptr_not_equal(fake_vm.run, MAP_FAILED);
	return 0;
}

int fake_vm_teardown(void **state)
{
	(void)state;
	tgp_fd_closing(fake_vm.vcpu_fd);
	tgp_fd_closing(fake_vm.fd);
	close(fake_vm.vcpu_fd);
	close(fake_vm.fd);
	munmap(fake_vm.run, (size_t)sysconf(_SC_PAGESIZE));
	assert_null(tgp_object_find(fake_vm.fd));
	assert_int_equal(fake.opens, fake.closes);
	return 0;
}
