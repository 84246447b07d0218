// SPDX-License-Identifier: BSD-2-Clause
/*
 * OP-TEE's front door: which SMC is which, partitions and fast calls, and the
 * checks on every register that comes in (I5, I9, I10). Yielding calls go on
 * in tee_call.c.
 */
#include "tee.h"

#include <string.h>

#include "guest.h"

struct tee tee;

/* Ends whatever the partition has, without a word to the normal world. */
static void partition_drop(struct tee_partition *partition)
{
	for (uint32_t i = 0; i < TEE_THREADS_MAX; i++) {
		struct tee_thread *thread = &partition->threads[i];

		if (thread->state == TEE_THREAD_ACTIVE)
			sim_die("I6: VM %u destroyed while inside OP-TEE",
				partition->id);
		if (thread->state == TEE_THREAD_SUSPENDED)
			sim_fiber_fini(&thread->fiber);
	}
	tee_mobj_drop_all(partition);
	memset(partition, 0, sizeof(*partition));
}

void tee_reset(void)
{
	for (uint32_t i = 0; i < TEE_PARTITIONS_MAX; i++)
		if (tee.partitions[i].used)
			partition_drop(&tee.partitions[i]);
	/* The partitions are the most of it, and empty by now. */
	memset(&tee, 0, offsetof(struct tee, partitions));
	tee.partitions_max = 4;
	tee.threads = 4;
	tee.capabilities = 0x3ff & ~OPTEE_SEC_CAP_HAVE_RESERVED_SHM;
}

struct tee_partition *tee_partition_find(uint16_t id)
{
	for (uint32_t i = 0; i < TEE_PARTITIONS_MAX; i++)
		if (tee.partitions[i].used && tee.partitions[i].id == id)
			return &tee.partitions[i];
	return NULL;
}

struct tee_partition *tee_partition_of(const struct tg_guest *guest)
{
	for (uint32_t i = 0; i < TEE_PARTITIONS_MAX; i++)
		if (tee.partitions[i].used && tee.partitions[i].guest == guest)
			return &tee.partitions[i];
	return NULL;
}

uint32_t tee_partitions_used(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < TEE_PARTITIONS_MAX; i++)
		count += tee.partitions[i].used;
	return count;
}

static uint32_t vm_created(uint64_t id)
{
	if (!id || id > 0xffff)
		sim_die("I5: a VM with id %llu", (unsigned long long)id);
	if (tee_partition_find((uint16_t)id))
		sim_die("I5: id %llu is given twice", (unsigned long long)id);
	if (tee.fail_create) {
		tee.fail_create--;
		return OPTEE_RET_ENOTAVAIL;
	}
	if (tee_partitions_used() >= tee.partitions_max)
		return OPTEE_RET_ENOTAVAIL;
	for (uint32_t i = 0; i < TEE_PARTITIONS_MAX; i++) {
		struct tee_partition *partition = &tee.partitions[i];

		if (partition->used)
			continue;
		partition->used = true;
		partition->id = (uint16_t)id;
		partition->guest = sim.frame ? sim.frame->guest : NULL;
		tee.created++;
		return OPTEE_RET_OK;
	}
	return OPTEE_RET_ENOTAVAIL;
}

static uint32_t vm_destroyed(uint64_t id)
{
	struct tee_partition *partition = tee_partition_find((uint16_t)id);

	if (partition) {
		if (partition->guest &&
		    (!sim.frame || partition->guest != sim.frame->guest))
			sim_die("I10: VM %u destroyed by another",
				partition->id);
		partition_drop(partition);
		tee.destroyed++;
	}
	return OPTEE_RET_OK;
}

static void results(struct tg_regs *regs, uint32_t x0, uint32_t x1, uint32_t x2,
		    uint32_t x3)
{
	regs->x[0] = x0;
	regs->x[1] = x1;
	regs->x[2] = x2;
	regs->x[3] = x3;
}

static void exchange_capabilities(struct tg_regs *regs)
{
	if (regs->x[1] & ~(uint64_t)OPTEE_NSEC_CAP_UNIPROCESSOR) {
		regs->x[0] = OPTEE_RET_ENOTAVAIL;
		return;
	}
	results(regs, tee.capabilities_ret, tee.capabilities, TEE_NOTIF_MAX,
		TEE_RPC_PARAMS);
}

static bool partition_is_idle(const struct tee_partition *partition)
{
	for (uint32_t i = 0; i < tee.threads; i++)
		if (partition->threads[i].state != TEE_THREAD_FREE)
			return false;
	return true;
}

static void disable_shm_cache(struct tee_partition *partition,
			      struct tg_regs *regs)
{
	if (!partition_is_idle(partition)) {
		regs->x[0] = OPTEE_RET_EBUSY;
		return;
	}
	for (uint32_t i = 0; i < tee.threads; i++) {
		struct tee_mobj *mobj = partition->threads[i].rpc_arg;

		if (!mobj)
			continue;
		partition->threads[i].rpc_arg = NULL;
		results(regs, OPTEE_RET_OK, (uint32_t)(mobj->cookie >> 32),
			(uint32_t)mobj->cookie, (uint32_t)regs->x[3]);
		tee_mobj_put(mobj);
		return;
	}
	partition->cache = false;
	regs->x[0] = OPTEE_RET_ENOTAVAIL;
}

static void enable_shm_cache(struct tee_partition *partition,
			     struct tg_regs *regs)
{
	if (!partition_is_idle(partition)) {
		regs->x[0] = OPTEE_RET_EBUSY;
		return;
	}
	partition->cache = true;
	regs->x[0] = OPTEE_RET_OK;
}

/* What the hypervisor itself asks, with id 0. */
static void hypervisor_call(struct tg_regs *regs)
{
	uint32_t id = (uint32_t)regs->x[0];

	if (sim.frame && id != OPTEE_SMC_VM_CREATED &&
	    id != OPTEE_SMC_VM_DESTROYED)
		sim_die("I10: function 0x%x with id 0 for a guest", id);
	switch (id) {
	case OPTEE_SMC_CALLS_COUNT:
		regs->x[0] = TEE_CALLS_COUNT;
		break;
	case OPTEE_SMC_CALLS_UID:
		results(regs, OPTEE_API_UID_0 ^ (tee.other_uid & 1),
			OPTEE_API_UID_1 ^ (tee.other_uid & 2),
			OPTEE_API_UID_2 ^ (tee.other_uid & 4),
			OPTEE_API_UID_3 ^ (tee.other_uid & 8));
		break;
	case OPTEE_SMC_CALLS_REVISION:
		regs->x[0] = TEE_API_REVISION_MAJOR;
		regs->x[1] = 0;
		break;
	case OPTEE_SMC_GET_OS_UUID:
		results(regs, TEE_OS_UUID_0, 1, 2, 3);
		break;
	case OPTEE_SMC_GET_OS_REVISION:
		results(regs, TEE_OS_REVISION_MAJOR, TEE_OS_REVISION_MINOR,
			TEE_OS_BUILD, (uint32_t)regs->x[3]);
		break;
	case OPTEE_SMC_EXCHANGE_CAPS:
		exchange_capabilities(regs);
		break;
	case OPTEE_SMC_GET_THREAD_COUNT:
		regs->x[0] = tee.no_thread_count ? OPTEE_RET_UNKNOWN_FUNCTION :
						   OPTEE_RET_OK;
		regs->x[1] = tee.threads;
		break;
	case OPTEE_SMC_VM_CREATED:
		regs->x[0] = vm_created(regs->x[1]);
		break;
	case OPTEE_SMC_VM_DESTROYED:
		regs->x[0] = vm_destroyed(regs->x[1]);
		break;
	default:
		/* The real one asserts, and the CPU stays inside. */
		sim_die("I10: function 0x%x with id 0", id);
	}
}

/* Inputs that a function does not have must be zero (I9). */
static void check_inputs(const struct tg_regs *regs)
{
	unsigned int used = 1u << 0 | 1u << 7;

	switch ((uint32_t)regs->x[0]) {
	case OPTEE_SMC_EXCHANGE_CAPS:
	case OPTEE_SMC_VM_CREATED:
	case OPTEE_SMC_VM_DESTROYED:
		used |= 1u << 1;
		break;
	case OPTEE_SMC_CALL_WITH_ARG:
	case OPTEE_SMC_CALL_WITH_RPC_ARG:
		used |= 1u << 1 | 1u << 2;
		break;
	case OPTEE_SMC_CALL_WITH_REGD_ARG:
		used |= 1u << 1 | 1u << 2 | 1u << 3;
		break;
	case OPTEE_SMC_RETURN_FROM_RPC:
		used |= 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5;
		break;
	default:
		break;
	}
	for (unsigned int i = 0; i < 8; i++)
		if (regs->x[i] >> 32 || (regs->x[i] && !(used & 1u << i)))
			sim_die("I9: OP-TEE gets 0x%llx in x%u of call 0x%x",
				(unsigned long long)regs->x[i], i,
				(uint32_t)regs->x[0]);
	if (regs->x[7] > 0xffff)
		sim_die("I5: id 0x%llx", (unsigned long long)regs->x[7]);
}

static void guest_call(struct tee_partition *partition, struct tg_regs *regs)
{
	switch ((uint32_t)regs->x[0]) {
	case OPTEE_SMC_DISABLE_SHM_CACHE:
		disable_shm_cache(partition, regs);
		break;
	case OPTEE_SMC_ENABLE_SHM_CACHE:
		enable_shm_cache(partition, regs);
		break;
	case OPTEE_SMC_ENABLE_ASYNC_NOTIF:
		tee_notif_enable(partition, regs);
		break;
	case OPTEE_SMC_GET_ASYNC_NOTIF_VALUE:
		tee_notif_get(partition, regs);
		break;
	case OPTEE_SMC_CALL_WITH_ARG:
	case OPTEE_SMC_CALL_WITH_RPC_ARG:
	case OPTEE_SMC_CALL_WITH_REGD_ARG:
		tee_call_start(partition, regs);
		break;
	case OPTEE_SMC_RETURN_FROM_RPC:
		tee_call_resume(partition, regs);
		break;
	default:
		sim_die("sim: function 0x%x of a guest reached OP-TEE",
			(uint32_t)regs->x[0]);
	}
}

/* One SMC instruction of the normal world. */
void tee_smc(struct tg_regs *regs)
{
	struct tee_partition *partition;

	tee.smcs++;
	tee.last = *regs;
	check_inputs(regs);
	if (!regs->x[7]) {
		hypervisor_call(regs);
		return;
	}
	partition = tee_partition_find((uint16_t)regs->x[7]);
	if (!partition)
		sim_die("I10: a call with the dead id %llu",
			(unsigned long long)regs->x[7]);
	if (!sim.frame || partition->guest != sim.frame->guest)
		sim_die("I10: a call with another VM's id %u", partition->id);
	guest_call(partition, regs);
}
