// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM id on the SMCs of the host's own OP-TEE driver, for kernels whose
 * driver does not know of it: the stock driver passes 0, which OP-TEE takes
 * for the hypervisor. All of its calls go through one function with the eight
 * registers as arguments; a kprobe at its entry sets the eighth. When that
 * happens is decided in host.c. The same probe sees when the driver handles
 * OP-TEE's notification interrupt, which it shares with nobody: interrupt.c.
 */
#include <linux/kprobes.h>
#include <linux/ptrace.h>

#include <tg/optee_abi.h>
#include <tg/types.h>

#include "module.h"

#define TAG_SYMBOL "optee_smccc_smc"

/* Arguments a0 to a7 are in x0 to x7 (AAPCS64). */
static int notrace tag_handler(struct kprobe *probe, struct pt_regs *regs)
{
	regs->regs[7] = TG_VMID_HOST.v;
	/* Asked from the driver's handler of an interrupt that is for all VMs. */
	if ((u32)regs->regs[0] == OPTEE_SMC_GET_ASYNC_NOTIF_VALUE)
		interrupt_came();
	return 0;
}
NOKPROBE_SYMBOL(tag_handler);

static struct kprobe tag;

/*
 * /sys/kernel/debug/kprobes/enabled can switch all probes off. One that was
 * registered and does nothing would let untagged calls through.
 */
static bool tag_is_in_place(void)
{
	return READ_ONCE(*tag.addr) != tag.opcode;
}

bool tag_is_possible(void)
{
	return true;
}

bool tag_driver_is_absent(void)
{
	return false;
}

bool tag_sees_calls(void)
{
	return true;
}

/* -ENOENT when the driver is not in memory. */
int tag_arm(void)
{
	int ret;

	/* Anew each time: a kprobe remembers the module that went. */
	tag = (struct kprobe){
		.symbol_name = TAG_SYMBOL,
		.pre_handler = tag_handler,
	};
	ret = register_kprobe(&tag);
	if (ret)
		return ret;
	if (!tag_is_in_place()) {
		unregister_kprobe(&tag);
		return -EPERM;
	}
	return 0;
}

void tag_disarm(void)
{
	unregister_kprobe(&tag);
}
