// SPDX-License-Identifier: BSD-2-Clause
/*
 * The VM behind route_vm.h. Its guest does one thing for ever: it loads x0 to
 * x7 from its mailbox, calls, stores them there, and writes to an address
 * without memory, which brings the VMM back. What is called is the test's.
 */
#define _GNU_SOURCE
#include "route_vm.h"

#include <fcntl.h>
#include <stddef.h>

#include <asm/kvm.h>

#define CODE_GPA (GUEST_GPA + GUEST_BYTES - PAGE)
#define MAILBOX_GPA (CODE_GPA - PAGE)
#define DOORBELL_GPA 0x10000000ull

/* Of kernels with linux/patches; no released header has it. */
#define ROUTE_ATTR 1

struct route {
	uint32_t base, nr_functions;
	int32_t fd;
	uint32_t flags;
	uint64_t pad[2];
};

static const struct {
	uint32_t base, count;
} ranges[] = {
	{ 0xb2000000, 0x10000 },
	{ 0x32000000, 0x10000 },
	{ 0xbf00ff00, 0x100 },
};

/* x19 is the mailbox's address, x20 the doorbell's. */
static const uint32_t code[] = {
	0xa9400660, /* ldp x0, x1, [x19] */
	0xa9410e62, /* ldp x2, x3, [x19, #16] */
	0xa9421664, /* ldp x4, x5, [x19, #32] */
	0xa9431e66, /* ldp x6, x7, [x19, #48] */
	0xd4000003, /* smc #0 (or hvc #0) */
	0xa9000660, /* stp x0, x1, [x19] */
	0xa9010e62, /* stp x2, x3, [x19, #16] */
	0xa9021664, /* stp x4, x5, [x19, #32] */
	0xa9031e66, /* stp x6, x7, [x19, #48] */
	0xf900029f, /* str xzr, [x20] */
	0x17fffff6, /* b to the first */
};

#define CALL_AT 4
#define HVC 0xd4000002u

#define CORE_REG(field)                                        \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
	 (offsetof(struct kvm_regs, field) / sizeof(uint32_t)))

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static uint64_t reg(struct route_vm *vm, unsigned long request, uint64_t id,
		    uint64_t value)
{
	struct kvm_one_reg one = { .id = id, .addr = (uintptr_t)&value };

	must(ioctl(vm->vcpu_fd, request, &one) == 0, "a vCPU's register");
	return value;
}

static int attr_set(struct route_vm *vm, uint64_t attr, const void *value)
{
	struct kvm_device_attr a = {
		.group = KVM_ARM_VM_SMCCC_CTRL,
		.attr = attr,
		.addr = (uintptr_t)value,
	};

	return ioctl(vm->vm_fd, KVM_SET_DEVICE_ATTR, &a) ? errno : 0;
}

static void filter(struct route_vm *vm)
{
	for (unsigned int i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct kvm_smccc_filter f = {
			.base = ranges[i].base,
			.nr_functions = ranges[i].count,
			.action = KVM_SMCCC_FILTER_FWD_TO_USER,
		};

		must(attr_set(vm, KVM_ARM_VM_SMCCC_FILTER, &f) == 0, "filter");
	}
}

int route_vm_attach(struct route_vm *vm, int device_fd)
{
	int ret = 0;

	for (unsigned int i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct route r = {
			.base = ranges[i].base,
			.nr_functions = ranges[i].count,
			.fd = device_fd,
		};

		ret = ret ? ret : attr_set(vm, ROUTE_ATTR, &r);
	}
	return ret;
}

static void vcpu_create(struct route_vm *vm, int kvm_fd)
{
	struct kvm_vcpu_init init;

	vm->vcpu_fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, 0);
	must(vm->vcpu_fd >= 0, "KVM_CREATE_VCPU");
	must(!ioctl(vm->vm_fd, KVM_ARM_PREFERRED_TARGET, &init), "target");
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	must(!ioctl(vm->vcpu_fd, KVM_ARM_VCPU_INIT, &init), "vCPU");
	vm->run_bytes = (size_t)ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	vm->run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		       vm->vcpu_fd, 0);
	must(vm->run != MAP_FAILED, "a vCPU's state");
	reg(vm, KVM_SET_ONE_REG, CORE_REG(regs.pc), CODE_GPA);
	reg(vm, KVM_SET_ONE_REG, CORE_REG(regs.regs[19]), MAILBOX_GPA);
	reg(vm, KVM_SET_ONE_REG, CORE_REG(regs.regs[20]), DOORBELL_GPA);
}

void route_vm_open(struct route_vm *vm, struct guest *guest)
{
	struct kvm_userspace_memory_region ram = {
		.guest_phys_addr = GUEST_GPA,
		.memory_size = GUEST_BYTES,
		.userspace_addr = (uintptr_t)guest->ram,
	};
	int kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	*vm = (struct route_vm){ .guest = guest };
	must(kvm_fd >= 0, "/dev/kvm");
	vm->vm_fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	must(vm->vm_fd >= 0, "KVM_CREATE_VM");
	must(!ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &ram), "memory");
	filter(vm);
	vcpu_create(vm, kvm_fd);
	close(kvm_fd);
	memcpy(guest_at(guest, CODE_GPA), code, sizeof(code));
}

void route_vm_close(struct route_vm *vm)
{
	munmap(vm->run, vm->run_bytes);
	close(vm->vcpu_fd);
	close(vm->vm_fd);
}

void route_vm_call(struct route_vm *vm, const uint64_t x[8], bool smc)
{
	uint32_t *insn = guest_at(vm->guest, CODE_GPA);

	insn[CALL_AT] = smc ? code[CALL_AT] : HVC;
	__builtin___clear_cache((char *)insn, (char *)insn + sizeof(code));
	memcpy(guest_at(vm->guest, MAILBOX_GPA), x, 8 * sizeof(x[0]));
}

void route_vm_irq(struct route_vm *vm, bool up)
{
	struct kvm_irq_level irq = {
		.irq = KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT |
		       KVM_ARM_IRQ_CPU_IRQ,
		.level = up,
	};

	must(!ioctl(vm->vm_fd, KVM_IRQ_LINE, &irq), "KVM_IRQ_LINE");
}

enum route_end route_vm_run(struct route_vm *vm, uint64_t x[8])
{
	if (ioctl(vm->vcpu_fd, KVM_RUN, 0)) {
		must(errno == EINTR, "KVM_RUN");
		return ROUTE_SIGNAL;
	}
	if (vm->run->exit_reason == KVM_EXIT_HYPERCALL) {
		vm->exits++;
		for (unsigned int i = 0; i < 8; i++)
			x[i] = reg(vm, KVM_GET_ONE_REG, CORE_REG(regs.regs[i]),
				   0);
		return ROUTE_EXIT;
	}
	must(vm->run->exit_reason == KVM_EXIT_MMIO &&
		     vm->run->mmio.phys_addr == DOORBELL_GPA,
	     "an exit for something else");
	memcpy(x, guest_at(vm->guest, MAILBOX_GPA), 8 * sizeof(x[0]));
	return ROUTE_ANSWERED;
}
