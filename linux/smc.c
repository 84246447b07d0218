// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one place where this module enters the secure world. Who may, with what
 * VM id and which arguments, is the core's business; that the host's own
 * OP-TEE driver enters it too, with an id that tag.c gives it, is not seen
 * from here.
 */
#include <linux/arm-smccc.h>

#include <tg/port.h>

void tg_port_smc(struct tg_regs *regs)
{
	struct arm_smccc_res res;

	arm_smccc_smc(regs->x[0], regs->x[1], regs->x[2], regs->x[3],
		      regs->x[4], regs->x[5], regs->x[6], regs->x[7], &res);
	regs->x[0] = res.a0;
	regs->x[1] = res.a1;
	regs->x[2] = res.a2;
	regs->x[3] = res.a3;
}
