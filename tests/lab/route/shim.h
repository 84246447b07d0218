/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What linux/patches adds to the kernel's own headers, for smccc_route.c when
 * it is compiled against headers without it (-include), and other names for
 * what KVM has and does not export. shim.c has the rest.
 */
#ifndef ROUTE_SHIM_H
#define ROUTE_SHIM_H

#include <linux/types.h>

#define KVM_ARM_VM_SMCCC_ROUTE 1

struct kvm_smccc_route {
	__u32 base;
	__u32 nr_functions;
	__s32 fd;
	__u32 flags;
	__u64 pad[2];
};

struct kvm;
struct kvm_vcpu;
struct kvm_smccc_route_entry;

int kvm_smccc_set_route(struct kvm *kvm, struct kvm_smccc_route __user *uaddr);
void kvm_smccc_release_routes(struct kvm *kvm);
bool kvm_smccc_route_call(struct kvm_vcpu *vcpu,
			  const struct kvm_smccc_route_entry *route, u64 flags);

#define kvm_arch_vcpu_runnable shim_vcpu_runnable
#define kvm_vgic_load shim_vgic_load
#define kvm_vgic_put shim_vgic_put

#endif
