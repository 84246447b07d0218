/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM's arm64 interface as the library needs it: the kernel's header where it
 * has it, and the same numbers spelled out on other machines, where only the
 * unit tests run (with a fake KVM). No code but accessors.
 */
#ifndef TG_KVM_ABI_H
#define TG_KVM_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/kvm.h>

#ifdef __aarch64__

#ifndef KVM_ARM_VM_SMCCC_FILTER
#error "these kernel headers are too old: <asm/kvm.h> has no KVM_ARM_VM_SMCCC_FILTER. Use those of Linux 6.4 or later (Debian 13: linux-libc-dev)."
#endif

#else

#define KVM_ARM_VM_SMCCC_CTRL 0
#define KVM_ARM_VM_SMCCC_FILTER 0
#define KVM_SMCCC_FILTER_FWD_TO_USER 2
#define KVM_HYPERCALL_EXIT_SMC (1U << 0)
#define KVM_REG_ARM_CORE 0x00100000ULL

struct kvm_smccc_filter {
	uint32_t base;
	uint32_t nr_functions;
	uint8_t action;
	uint8_t pad[15];
};

#endif

/*
 * Of kernels with linux/patches; no released header has it. Whether the number
 * means this on the kernel of the day, teegate.ko says (TEEGATE_FEATURE_ROUTE).
 */
#define TG_KVM_ARM_VM_SMCCC_ROUTE 1

struct tg_kvm_smccc_route {
	uint32_t base;
	uint32_t nr_functions;
	int32_t fd;
	uint32_t flags;
	uint64_t pad[2];
};

/* Linux 6.8's; a VMM may use them whatever headers this is built with. */
#ifndef KVM_SET_USER_MEMORY_REGION2

#define KVM_MEM_GUEST_MEMFD (1UL << 2)

struct kvm_userspace_memory_region2 {
	uint32_t slot;
	uint32_t flags;
	uint64_t guest_phys_addr;
	uint64_t memory_size;
	uint64_t userspace_addr;
	uint64_t guest_memfd_offset;
	uint32_t guest_memfd;
	uint32_t pad1;
	uint64_t pad2[14];
};

#define KVM_SET_USER_MEMORY_REGION2 \
	_IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)

#endif

/* xn is the n-th 64-bit member of struct kvm_regs, counted in 32-bit words. */
static inline uint64_t tg_kvm_reg_x(unsigned int n)
{
	return KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | n * 2;
}

/* The flags were put in place of an x86-only field; older headers lack them. */
static inline uint64_t tg_kvm_hypercall_flags(const struct kvm_run *run)
{
	uint64_t flags;

	memcpy(&flags, &run->hypercall.longmode, sizeof(flags));
	return flags;
}

#endif
