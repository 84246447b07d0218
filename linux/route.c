// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way into the core without a trip to the VMM, on kernels whose KVM hands
 * a guest's call to a file (linux/patches): the same guest, the same checks
 * and the same entry as TEEGATE_SMC. What differs is whose thread it is: the
 * vCPU is in KVM_RUN, so its virtual interrupts are a reason to come back too.
 *
 * KVM holds the file from its being attached to the VM's end; the module
 * therefore stays, and so does the partition when the VMM closes the file.
 */
#include <linux/arm-smccc.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/module.h>

#include <kvm/arm_smccc_route.h>

#include "guest.h"
#include "module.h"

static bool route = true;
module_param(route, bool, 0644);
MODULE_PARM_DESC(
	route,
	"VMMs may have KVM hand their guests' calls to this module without asking them (default: Y). For VMs started from then on.");

bool route_is_offered(void)
{
	return READ_ONCE(route);
}

/* Which functions are OP-TEE's is the core's to say, at each call. */
static int route_attach(struct file *file, u32 base, u32 nr_functions)
{
	struct tg_guest *guest = file->private_data;

	if (!route_is_offered())
		return -EOPNOTSUPP;
	return guest_is_mine(guest) ? 0 : -EPERM;
}

/*
 * A call that comes with an event goes to the VMM, which makes it again and
 * hears of it then. That is harmless: the only event is that there is no
 * partition, and without one no call has an effect.
 */
static enum kvm_smccc_verdict route_call(struct file *file,
					 struct kvm_vcpu *vcpu,
					 struct arm_smccc_1_2_regs *smccc,
					 u64 flags)
{
	struct tg_guest *guest = file->private_data;
	struct tg_regs regs = {
		.x = { smccc->a0, smccc->a1, smccc->a2, smccc->a3, smccc->a4,
		       smccc->a5, smccc->a6, smccc->a7 },
	};
	u32 events;

	if (!(flags & KVM_HYPERCALL_EXIT_SMC) || !guest_is_mine(guest))
		return KVM_SMCCC_DECLINED;
	if (guest_smc(guest, &regs, &events) || events)
		return KVM_SMCCC_DECLINED;
	smccc->a0 = regs.x[0];
	smccc->a1 = regs.x[1];
	smccc->a2 = regs.x[2];
	smccc->a3 = regs.x[3];
	atomic64_inc(&guest->routed);
	return KVM_SMCCC_HANDLED;
}

/* Of a thread that is in KVM_RUN only; TEEGATE_SMC's has no vCPU loaded. */
bool route_should_return(void)
{
	struct kvm_vcpu *vcpu = kvm_get_running_vcpu();

	return vcpu && kvm_smccc_should_return(vcpu);
}

static struct kvm_smccc_handler route_handler = {
	.attach = route_attach,
	.call = route_call,
};

int route_init(const struct file_operations *fops)
{
	int ret;

	route_handler.fops = fops;
	ret = kvm_smccc_handler_register(&route_handler);
	if (ret)
		pr_err("KVM does not take the handler of guests' calls (%d). Use the kernel that this module was built for.\n",
		       ret);
	return ret;
}

void route_fini(void)
{
	kvm_smccc_handler_unregister(&route_handler);
}
