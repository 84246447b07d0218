// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The machine's OP-TEE: what it is, and which partitions it has. Here are the
 * only SMCs that carry the hypervisor's id 0, and none of them is on behalf of
 * a guest (I10). Ids are given out here (I5); what happens in a partition is
 * not this file's business.
 */
#include "core.h"

#define VMID_FIRST 2u
#define VMID_LAST (VMID_FIRST + TG_VMS_MAX - 1)

_Static_assert(VMID_LAST < 64, "ids in use are bits of one word");

static void call_as_hypervisor(struct tg_regs *regs, uint32_t id, uint32_t x1)
{
	*regs = (struct tg_regs){ .x = { id, x1 } };
	regs->x[7] = TG_VMID_HYPERVISOR.v;
	tg_port_smc(regs);
}

static void ask(uint32_t id, uint32_t *ret_words, unsigned int count)
{
	struct tg_regs regs;

	call_as_hypervisor(&regs, id, 0);
	for (unsigned int i = 0; i < count; i++)
		ret_words[i] = (uint32_t)regs.x[i];
}

static bool is_optee(const uint32_t uid[4])
{
	return uid[0] == OPTEE_API_UID_0 && uid[1] == OPTEE_API_UID_1 &&
	       uid[2] == OPTEE_API_UID_2 && uid[3] == OPTEE_API_UID_3;
}

static enum tg_status ask_capabilities(struct tg_tee_info *tee)
{
	struct tg_regs regs;

	call_as_hypervisor(&regs, OPTEE_SMC_EXCHANGE_CAPS, 0);
	if ((uint32_t)regs.x[0] != OPTEE_RET_OK)
		return TG_HOST_NO_TEE;
	tee->capabilities = (uint32_t)regs.x[1];
	tee->notif_values_max = (uint32_t)regs.x[2];
	tee->rpc_params_max = (uint32_t)regs.x[3];
	if (!(tee->capabilities & OPTEE_SEC_CAP_VIRTUALIZATION))
		return TG_HOST_NO_VIRT;
	/* Without it OP-TEE would want everybody's buffers in one range. */
	if (!(tee->capabilities & OPTEE_SEC_CAP_DYNAMIC_SHM))
		return TG_HOST_NO_TEE;
	return TG_OK;
}

static void ask_threads(struct tg_tee_info *tee)
{
	uint32_t answer[2];

	ask(OPTEE_SMC_GET_THREAD_COUNT, answer, 2);
	tee->threads = answer[0] == OPTEE_RET_OK ? answer[1] : 1;
}

static const struct tg_limits limits_max = {
	.calls = TG_CALLS_MAX,
	.shm_buffers = TG_SHM_MAX,
	.rpc_buffers = TG_RPC_BUFFERS_MAX,
	.resume_budget = TG_RESUME_BUDGET_MAX,
	.pinned_bytes = TG_PINNED_BYTES_MAX,
};

static const struct tg_limits limits_default = {
	.calls = 16,
	.shm_buffers = 1024,
	.rpc_buffers = 64,
	.resume_budget = 4,
	.pinned_bytes = 256ull << 20,
};

enum tg_status tg_system_init(struct tg_system *sys)
{
	enum tg_status status;

	memset(sys, 0, sizeof(*sys));
	ask(OPTEE_SMC_CALLS_UID, sys->tee.api_uid, 4);
	if (!is_optee(sys->tee.api_uid))
		return TG_HOST_NO_TEE;
	ask(OPTEE_SMC_CALLS_REVISION, sys->tee.api_revision, 2);
	ask(OPTEE_SMC_GET_OS_UUID, sys->tee.os_uuid, 4);
	ask(OPTEE_SMC_GET_OS_REVISION, sys->tee.os_revision, 3);
	ask(OPTEE_SMC_CALLS_COUNT, &sys->tee.calls_count, 1);
	status = ask_capabilities(&sys->tee);
	if (status != TG_OK)
		return status;
	ask_threads(&sys->tee);
	sys->limits_max = limits_max;
	sys->limits_default = limits_default;
	sys->vmid_last = VMID_LAST;
	/* A crashed or kexec'ed host could not say goodbye for its guests. */
	for (uint16_t id = TG_VMID_HOST.v; id <= VMID_LAST; id++)
		tg_system_partition_destroy(sys, (struct tg_vmid){ id });
	return TG_OK;
}

static enum tg_status announce(struct tg_vmid id)
{
	struct tg_regs regs;

	call_as_hypervisor(&regs, OPTEE_SMC_VM_CREATED, id.v);
	return (uint32_t)regs.x[0] == OPTEE_RET_OK ? TG_OK :
						     TG_HOST_NO_PARTITION;
}

enum tg_status tg_system_host_create(struct tg_system *sys)
{
	(void)sys;
	return announce(TG_VMID_HOST);
}

void tg_system_host_destroy(struct tg_system *sys)
{
	tg_system_partition_destroy(sys, TG_VMID_HOST);
}

/* Takes the next free id after the last one given, or leaves 0. */
static struct tg_vmid vmid_take(struct tg_system *sys)
{
	struct tg_vmid id = { 0 };

	tg_port_system_lock();
	for (unsigned int n = 0; n < TG_VMS_MAX && !id.v; n++) {
		unsigned int v = sys->vmid_last + 1u;

		if (v > VMID_LAST)
			v = VMID_FIRST;
		sys->vmid_last = (uint16_t)v;
		if (!(sys->vmids_used & 1ull << v))
			id.v = (uint16_t)v;
	}
	if (id.v)
		sys->vmids_used |= 1ull << id.v;
	tg_port_system_unlock();
	return id;
}

static void vmid_release(struct tg_system *sys, struct tg_vmid id)
{
	tg_port_system_lock();
	sys->vmids_used &= ~(1ull << id.v);
	tg_port_system_unlock();
}

/*
 * Makes a partition for a guest and stores its id. TG_HOST_NO_PARTITION when
 * OP-TEE has no room or all ids are taken.
 */
enum tg_status tg_system_partition_create(struct tg_system *sys,
					  struct tg_vmid *ret_id)
{
	struct tg_vmid id = vmid_take(sys);
	enum tg_status status;

	if (!id.v)
		return TG_HOST_NO_PARTITION;
	status = announce(id);
	if (status != TG_OK) {
		vmid_release(sys, id);
		return status;
	}
	*ret_id = id;
	return TG_OK;
}

/*
 * Ends a partition; harmless for one that never was. When it returns OP-TEE
 * has let go of all that the VM ever shared.
 */
void tg_system_partition_destroy(struct tg_system *sys, struct tg_vmid id)
{
	struct tg_regs regs;

	call_as_hypervisor(&regs, OPTEE_SMC_VM_DESTROYED, id.v);
	/* I5: the id is free for another guest only from here on. */
	vmid_release(sys, id);
}

bool tg_system_rpmb_grant(struct tg_system *sys, struct tg_guest *guest)
{
	bool free;

	tg_port_system_lock();
	free = !sys->rpmb_owner || sys->rpmb_owner == guest;
	if (free)
		__atomic_store_n(&sys->rpmb_owner, guest, __ATOMIC_RELAXED);
	tg_port_system_unlock();
	return free;
}

void tg_system_rpmb_withdraw(struct tg_system *sys, struct tg_guest *guest)
{
	tg_port_system_lock();
	if (sys->rpmb_owner == guest)
		__atomic_store_n(&sys->rpmb_owner, NULL, __ATOMIC_RELAXED);
	tg_port_system_unlock();
}
