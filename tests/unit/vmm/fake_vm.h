/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM with one vCPU that the preload follows, for its unit tests: made before
 * and closed after each. KVM and the device are fake_sys.h's; what KVM_RUN and
 * changes of memory answer is said here.
 */
#ifndef VMM_FAKE_VM_H
#define VMM_FAKE_VM_H

#include "../../../vmm/preload/preload.h"
#include "fake_sys.h"

struct fake_vm {
	int fd, vcpu_fd; /* memory files */
	struct kvm_run *run; /* the page that the fake KVM_RUN writes */
	/* Exit reasons that KVM_RUN is to return with, one after the other. */
	uint32_t exits[8];
	unsigned int exit_next, runs;
	/* What KVM says to a change of memory, and what happens meanwhile. */
	int memory_errno;
	unsigned int memory_asked;
	void (*memory_meanwhile)(void);
};

extern struct fake_vm fake_vm;
extern const struct kvm_userspace_memory_region fake_ram;

int fake_vm_setup(void **state);
int fake_vm_teardown(void **state);

#define VM_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fake_vm_setup, fake_vm_teardown)

/* What the preload knows of a descriptor; NULL: nothing. */
struct tgp_vm *fake_vm_of(int fd);
struct tgp_vcpu *fake_vcpu_of(int fd);

/* One more vCPU: its descriptor. */
int fake_vcpu_create(void);

/* KVM_SET_USER_MEMORY_REGION and its second form, which must succeed. */
void fake_memory_set(struct tgp_vm *vm,
		     const struct kvm_userspace_memory_region *region);
void fake_memory_set2(const struct kvm_userspace_memory_region *region);

#endif
