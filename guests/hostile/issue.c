// SPDX-License-Identifier: BSD-2-Clause
/*
 * One SMC: registers that mean nothing get garbage, the result is counted and
 * judged. What is said in the others is the callers' business.
 */
#include "hostile.h"

/* Upper halves are garbage in every second SMC: 32-bit calls ignore them. */
static void garbage(struct cpu *cpu, struct smc *smc)
{
	struct dice *dice = &cpu->dice;
	bool upper = dice_below(dice, 2);

	for (uint32_t i = 7; i < REGISTERS; i++)
		smc->x[i] = dice_u64(dice);
	for (uint32_t i = 0; i < 7 && upper; i++)
		smc->x[i] = (uint32_t)smc->x[i] | dice_u64(dice) << 32;
}

void issue(struct cpu *cpu, struct smc *smc)
{
	uint32_t id = (uint32_t)smc->x[0];
	struct smc before;

	garbage(cpu, smc);
	before = *smc;
	/* What is in memory is to be there before the other side looks. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	smc_issue(smc->x);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	counts_smc(cpu, id, (uint32_t)smc->x[0]);
	if (judge_test_is("registers") && cpu->counts.of[COUNT_SMCS] == 100)
		smc->x[20] ^= 1;
	judge_registers(cpu, &before, smc);
}

/* TEE calls by HVC are nobody's: KVM or the VMM must say so. */
void issue_hvc(struct cpu *cpu, struct smc *smc)
{
	uint32_t id = (uint32_t)smc->x[0];

	garbage(cpu, smc);
	hvc_issue(smc->x);
	cpu->counts.of[COUNT_HVCS]++;
	if (smc->x[0] != UINT64_MAX)
		judge_fail(cpu, "an HVC was answered", id, smc->x[0]);
}
