/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A KVM VM around the guest of uapi_guest.h, whose vCPU makes its SMCs by the
 * instruction: for route_test.c. It has no interrupt controller and no OS; its
 * few instructions are in the guest's last page.
 */
#ifndef ROUTE_VM_H
#define ROUTE_VM_H

#include <linux/kvm.h>

#include "uapi_guest.h"

struct route_vm {
	struct guest *guest;
	int vm_fd, vcpu_fd;
	struct kvm_run *run;
	size_t run_bytes;
	unsigned long exits; /* calls that came out of KVM_RUN */
};

/* KVM forwards the guest's calls to this process until there is a route. */
void route_vm_open(struct route_vm *vm, struct guest *guest);
void route_vm_close(struct route_vm *vm);

/* KVM_ARM_VM_SMCCC_ROUTE for OP-TEE's ranges; 0 or an errno. */
int route_vm_attach(struct route_vm *vm, int device_fd);

enum route_end {
	ROUTE_ANSWERED, /* the guest has its answer, and it is in @x */
	ROUTE_EXIT, /* KVM_EXIT_HYPERCALL, with the registers in @x */
	ROUTE_SIGNAL, /* KVM_RUN ended with EINTR */
};

/* Starts a call with @x in x0 to x7, by SMC or by HVC. */
void route_vm_call(struct route_vm *vm, const uint64_t x[8], bool smc);

/*
 * The level of the vCPU's interrupt pin. The guest never takes the interrupt;
 * KVM sees it pending while it is up.
 */
void route_vm_irq(struct route_vm *vm, bool up);

/* Lets the guest go on until something of the above happens. */
enum route_end route_vm_run(struct route_vm *vm, uint64_t x[8]);

#endif
