// SPDX-License-Identifier: BSD-2-Clause
/*
 * Puts the series linux/patches into a running kernel without it, for tests:
 * smccc_route.c of the series is in this module as it is, and what the series
 * changes in hypercalls.c is done here by ftrace, which leads KVM's functions
 * to the ones below. For the lab's boards and CPUs only, and until reboot: a
 * vCPU may be anywhere in here, so the module never goes.
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/module.h>

#include <asm/kvm_emulate.h>

#include <kvm/arm_hypercalls.h>

/* KVM's, which it does not export. */
static struct {
	int (*vcpu_runnable)(struct kvm_vcpu *vcpu);
	void (*vgic_load)(struct kvm_vcpu *vcpu);
	void (*vgic_put)(struct kvm_vcpu *vcpu);
	int (*call_handler)(struct kvm_vcpu *vcpu);
	int (*has_attr)(struct kvm *kvm, struct kvm_device_attr *attr);
	int (*set_attr)(struct kvm *kvm, struct kvm_device_attr *attr);
	void (*teardown)(struct kvm *kvm);
} kvm_own;

int shim_vcpu_runnable(struct kvm_vcpu *vcpu)
{
	return kvm_own.vcpu_runnable(vcpu);
}

void shim_vgic_load(struct kvm_vcpu *vcpu)
{
	kvm_own.vgic_load(vcpu);
}

void shim_vgic_put(struct kvm_vcpu *vcpu)
{
	kvm_own.vgic_put(vcpu);
}

static u64 exit_flags(struct kvm_vcpu *vcpu)
{
	u8 ec = ESR_ELx_EC(kvm_vcpu_get_esr(vcpu));

	return ec == ESR_ELx_EC_SMC64 ? KVM_HYPERCALL_EXIT_SMC : 0;
}

/* A route is an entry of the filter that is no number: see smccc_route.c. */
static int call_handler(struct kvm_vcpu *vcpu)
{
	u32 function = smccc_get_function(vcpu);
	unsigned long index = function;
	void *entry = mt_find(&vcpu->kvm->arch.smccc_filter, &index, index);
	u64 flags = exit_flags(vcpu);

	if (!entry || xa_is_value(entry))
		return kvm_own.call_handler(vcpu);
	if (kvm_smccc_route_call(vcpu, entry, flags))
		return 1;
	vcpu->run->exit_reason = KVM_EXIT_HYPERCALL;
	memset(&vcpu->run->hypercall, 0, sizeof(vcpu->run->hypercall));
	vcpu->run->hypercall.nr = function;
	vcpu->run->hypercall.flags = flags;
	return 0;
}

static int has_attr(struct kvm *kvm, struct kvm_device_attr *attr)
{
	if (attr->attr == KVM_ARM_VM_SMCCC_ROUTE)
		return 0;
	return kvm_own.has_attr(kvm, attr);
}

static int set_attr(struct kvm *kvm, struct kvm_device_attr *attr)
{
	if (attr->attr == KVM_ARM_VM_SMCCC_ROUTE)
		return kvm_smccc_set_route(kvm, u64_to_user_ptr(attr->addr));
	return kvm_own.set_attr(kvm, attr);
}

static void teardown(struct kvm *kvm)
{
	kvm_smccc_release_routes(kvm);
	kvm_own.teardown(kvm);
}

struct hook {
	char *symbol;
	void *own; /* where KVM's own is kept */
	void *to; /* NULL: not led anywhere, only found */
	struct ftrace_ops ops;
};

static struct hook hooks[] = {
	{ "kvm_arch_vcpu_runnable", &kvm_own.vcpu_runnable, NULL },
	{ "kvm_vgic_load", &kvm_own.vgic_load, NULL },
	{ "kvm_vgic_put", &kvm_own.vgic_put, NULL },
	{ "kvm_arm_teardown_hypercalls", &kvm_own.teardown, teardown },
	{ "kvm_smccc_call_handler", &kvm_own.call_handler, call_handler },
	{ "kvm_vm_smccc_set_attr", &kvm_own.set_attr, set_attr },
	{ "kvm_vm_smccc_has_attr", &kvm_own.has_attr, has_attr },
};

/* Calls from here go to KVM's own (-fno-optimize-sibling-calls). */
static void notrace hook_enter(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops, struct ftrace_regs *regs)
{
	struct hook *hook = container_of(ops, struct hook, ops);

	if (!within_module(parent_ip, THIS_MODULE))
		ftrace_regs_set_instruction_pointer(regs,
						    (unsigned long)hook->to);
}

static int hook_find(struct hook *hook)
{
	struct kprobe probe = { .symbol_name = hook->symbol };
	int ret = register_kprobe(&probe);

	if (ret)
		return ret;
	*(void **)hook->own = probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

static int hook_set(struct hook *hook)
{
	int ret;

	if (!hook->to)
		return 0;
	hook->ops.func = hook_enter;
	hook->ops.flags = FTRACE_OPS_FL_IPMODIFY;
	ret = ftrace_set_filter(&hook->ops, hook->symbol, strlen(hook->symbol),
				1);
	return ret ? ret : register_ftrace_function(&hook->ops);
}

/*
 * All are found before the first is led away. What is led away stays so: the
 * order is one in which any number of them does no harm.
 */
static int __init shim_init(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(hooks) && !ret; i++)
		ret = hook_find(&hooks[i]);
	if (ret)
		return ret;
	__module_get(THIS_MODULE);
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		ret = hook_set(&hooks[i]);
		if (ret) {
			pr_err("route_shim: %s cannot be led away (%d)\n",
			       hooks[i].symbol, ret);
			break;
		}
	}
	/* A failed init would free what is in use. */
	return i ? 0 : ret;
}
module_init(shim_init);

MODULE_DESCRIPTION("linux/patches for a running kernel, for tests");
MODULE_LICENSE("Dual BSD/GPL");
