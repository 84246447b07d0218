// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fast calls to OP-TEE, timed: Linux's driver makes none after it has started,
 * and user space cannot make any. Each reading of the module's parameter
 * "ticks" makes "calls" of them and says how many ticks of the virtual counter
 * went by. The same file is used on the host, as VM 1 (vmid=1), and in guests,
 * which leave x7 zero. For lab/bench; nothing of teegate is in here.
 */
#include <linux/arm-smccc.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>

#include <asm/arch_timer.h>

/* Trusted OS, fast call, CALLS_UID; and what OP-TEE's first word is. */
#define CALLS_UID 0xbf00ff01
#define OPTEE_UID_0 0x384fb3e0

static unsigned int vmid;
module_param(vmid, uint, 0);
MODULE_PARM_DESC(vmid, "what to send in x7: 1 on the host, 0 in a guest");

static unsigned int calls = 100;
module_param(calls, uint, 0644);
MODULE_PARM_DESC(calls, "calls that one reading of ticks makes");

static int ticks_get(char *buffer, const struct kernel_param *kp)
{
	struct arm_smccc_res res = { .a0 = OPTEE_UID_0 };
	bool ok = true;
	unsigned int i;
	u64 start;
	u64 ticks;

	start = __arch_counter_get_cntvct();
	for (i = 0; i < calls; i++) {
		arm_smccc_smc(CALLS_UID, 0, 0, 0, 0, 0, 0, vmid, &res);
		ok &= (u32)res.a0 == OPTEE_UID_0;
	}
	ticks = __arch_counter_get_cntvct() - start;
	if (!ok) {
		pr_err("bench_smc: OP-TEE does not answer\n");
		return -EIO;
	}
	return sysfs_emit(buffer, "%llu\n", ticks);
}

static const struct kernel_param_ops ticks_ops = { .get = ticks_get };
module_param_cb(ticks, &ticks_ops, NULL, 0400);
MODULE_PARM_DESC(ticks, "makes the calls and says what they took");

MODULE_DESCRIPTION("Fast calls to OP-TEE, timed");
MODULE_LICENSE("Dual BSD/GPL");
