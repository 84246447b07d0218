// SPDX-License-Identifier: BSD-2-Clause
/*
 * VM ids (I5) and what is said to OP-TEE as the hypervisor (I10): for any ids
 * in use and any last one, all 62 ids looked at.
 */
#include "proof.h"

#include "system.c"

static struct tg_system sys;
static uint32_t created, destroyed;

void tg_port_system_lock(void)
{
	proof_lock();
}

void tg_port_system_unlock(void)
{
	proof_unlock();
}

void tg_port_smc(struct tg_regs *regs)
{
	PROVE(regs->x[7] == 0, "not as the hypervisor");
	PROVE(!proof_locked, "an SMC under the system's lock");
	if (regs->x[0] == OPTEE_SMC_VM_CREATED) {
		created = (uint32_t)regs->x[1];
		PROVE(sys.vmids_used & 1ull << created, "I5: not taken yet");
	} else {
		PROVE(regs->x[0] == OPTEE_SMC_VM_DESTROYED, "I10: a guest's");
		destroyed = (uint32_t)regs->x[1];
		PROVE(sys.vmids_used & 1ull << destroyed, "I5: free too early");
	}
	regs->x[0] = nondet_u32();
}

int main(void)
{
	struct tg_vmid id = { 0 };
	uint64_t before = nondet_u64();

	sys.vmids_used = before;
	sys.vmid_last = (uint16_t)nondet_u32();
	ASSUME(sys.vmid_last >= VMID_FIRST && sys.vmid_last <= VMID_LAST);
	if (tg_system_partition_create(&sys, &id) != TG_OK) {
		PROVE(sys.vmids_used == before, "I5: an id is lost");
		PROVE(id.v == 0, "I5: an id without a partition");
		return 0;
	}
	PROVE(id.v >= VMID_FIRST && id.v <= VMID_LAST, "I5: out of range");
	PROVE(!(before & 1ull << id.v), "I5: in use already");
	PROVE(sys.vmids_used == (before | 1ull << id.v), "I5: not taken");
	PROVE(created == id.v, "I5: OP-TEE heard of another");
	PROVE(sys.vmid_last >= VMID_FIRST && sys.vmid_last <= VMID_LAST,
	      "the next one would be out of range");
	tg_system_partition_destroy(&sys, id);
	PROVE(destroyed == id.v && sys.vmids_used == before, "I5: not free");
	return 0;
}
