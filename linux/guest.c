// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of one guest, from open to close of /dev/teegate: its address
 * space, limits, reset, and the list of all guests from which the
 * administrator is told who holds OP-TEE's partitions. Arguments from user
 * space were checked in chardev.c; what an SMC means is the core's business.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <uapi/linux/teegate.h>

#include "guest.h"
#include "module.h"

static DEFINE_SPINLOCK(guests_lock);
static LIST_HEAD(guests);

struct tg_guest *guest_create(void)
{
	struct tg_guest *guest = kzalloc(sizeof(*guest), GFP_KERNEL_ACCOUNT);

	if (!guest)
		return NULL;
	mmgrab(current->mm);
	guest->mm = current->mm;
	guest->pid = task_tgid_nr(current);
	mutex_init(&guest->setup);
	mutex_init(&guest->lock);
	INIT_LIST_HEAD(&guest->notif_node);
	region_table_init(&guest->regions);
	init_waitqueue_head(&guest->smc_done);

	spin_lock(&guests_lock);
	list_add_tail(&guest->node, &guests);
	spin_unlock(&guests_lock);
	return guest;
}

/* The last reference to the file is gone, so no ioctl is running. */
void guest_destroy(struct tg_guest *guest)
{
	notif_remove(guest);
	if (guest->vm)
		tg_vm_destroy(guest->vm);
	if (guest->notif)
		eventfd_ctx_put(guest->notif);
	tg_system_rpmb_withdraw(&teegate_system, guest);

	spin_lock(&guests_lock);
	list_del(&guest->node);
	spin_unlock(&guests_lock);

	WARN_ON_ONCE(atomic64_read(&guest->pinned));
	region_table_fini(&guest->regions);
	mmdrop(guest->mm);
	kfree(guest->tas);
	kfree(guest);
}

/* The grabbed mm cannot be reused, so comparing pointers is enough. */
bool guest_is_mine(const struct tg_guest *guest)
{
	return current->mm == guest->mm;
}

/*
 * The core lowers what is beyond the maximum without a word. A VMM that asked
 * for more should hear of it now, not when its guest runs out.
 */
static bool limits_allowed(const struct tg_limits *limits)
{
	const struct tg_limits *max = &teegate_system.limits_max;

	return limits->calls <= max->calls &&
	       limits->shm_buffers <= max->shm_buffers &&
	       limits->rpc_buffers <= max->rpc_buffers &&
	       limits->resume_budget <= max->resume_budget &&
	       limits->pinned_bytes <= max->pinned_bytes;
}

/*
 * What a guest has and may is settled before its first SMC. On 0 it still can
 * be, until mutex_unlock(&guest->setup).
 */
static int setup_begin(struct tg_guest *guest)
{
	if (mutex_lock_killable(&guest->setup))
		return -EINTR;
	if (!guest->vm)
		return 0;
	mutex_unlock(&guest->setup);
	return -EBUSY;
}

int guest_limits_set(struct tg_guest *guest, const struct tg_limits *limits)
{
	int ret;

	if (!limits_allowed(limits))
		return -EPERM;
	ret = setup_begin(guest);
	if (ret)
		return ret;
	guest->limits = *limits;
	mutex_unlock(&guest->setup);
	return 0;
}

/* Before the first SMC: a guest asks once what OP-TEE can do for it. */
int guest_rpmb_own(struct tg_guest *guest)
{
	int ret;

	if (!teegate_rpmb_guests())
		return -EPERM;
	ret = setup_begin(guest);
	if (ret)
		return ret;
	if (!tg_system_rpmb_grant(&teegate_system, guest))
		ret = -EEXIST;
	mutex_unlock(&guest->setup);
	return ret;
}

int guest_storage_deny(struct tg_guest *guest)
{
	int ret = setup_begin(guest);

	if (ret)
		return ret;
	guest->storage_denied = true;
	mutex_unlock(&guest->setup);
	return 0;
}

/* As with limits: what is asked for and not to be had is said at once. */
static bool tas_allowed(const struct tg_ta_list *tas)
{
	u32 i;

	for (i = 0; i < tas->count; i++)
		if (!tg_system_allows_ta(&teegate_system, &tas->uuids[i]))
			return false;
	return true;
}

int guest_tas_set(struct tg_guest *guest, struct tg_ta_list *tas)
{
	int ret = tas_allowed(tas) ? setup_begin(guest) : -EPERM;

	if (ret == 0) {
		swap(guest->tas, tas);
		mutex_unlock(&guest->setup);
	}
	kfree(tas);
	return ret;
}

int guest_notif_set(struct tg_guest *guest, int eventfd)
{
	struct eventfd_ctx *ctx = NULL;
	int ret;

	if (!interrupt_is_offered())
		return -EOPNOTSUPP;
	if (eventfd != -1)
		ctx = eventfd_ctx_fdget(eventfd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	ret = setup_begin(guest);
	if (ret == 0) {
		swap(guest->notif, ctx);
		mutex_unlock(&guest->setup);
	}
	if (ctx)
		eventfd_ctx_put(ctx);
	return ret;
}

static struct tg_vm *guest_vm(const struct tg_guest *guest)
{
	/* Pairs with the release in guest_vm_make(). */
	return smp_load_acquire(&guest->vm);
}

/* Made at the first SMC, so that limits and TAs can be set before. */
static struct tg_vm *guest_vm_make(struct tg_guest *guest)
{
	struct tg_vm *vm = guest_vm(guest);

	if (likely(vm))
		return vm;
	mutex_lock(&guest->setup);
	vm = guest->vm;
	if (!vm) {
		vm = tg_vm_create(&teegate_system, guest, &guest->limits,
				  guest->tas);
		if (vm && (guest->storage_denied || !teegate_guest_storage()))
			tg_vm_deny_storage(vm);
		if (vm && guest->notif)
			tg_vm_offer_notif(vm);
		smp_store_release(&guest->vm, vm);
		if (vm && guest->notif)
			notif_add(guest);
	}
	mutex_unlock(&guest->setup);
	return vm;
}

int guest_smc(struct tg_guest *guest, struct tg_regs *regs, u32 *ret_events)
{
	struct tg_vm *vm = guest_vm_make(guest);

	if (!vm)
		return -ENOMEM;
	tg_vm_smc(vm, regs);
	*ret_events = 0;
	if (tg_vm_lacks_partition(vm))
		*ret_events |= TEEGATE_EVENT_NO_PARTITION;

	atomic_inc(&guest->smcs_done);
	/* wake_up_all() alone takes a lock that all vCPUs would share. */
	if (wq_has_sleeper(&guest->smc_done))
		wake_up_all(&guest->smc_done);
	return 0;
}

/*
 * TG_HOST_BUSY: calls are inside OP-TEE, and no new ones get in. Each leaves
 * through guest_smc(), so their count is read before asking: a call that ends
 * in between is not missed. One reset at a time: a second one would be told
 * the same without a call whose end could wake it.
 */
static int guest_reset_locked(struct tg_guest *guest)
{
	for (;;) {
		int done = atomic_read(&guest->smcs_done);

		if (tg_vm_reset(guest->vm) != TG_HOST_BUSY)
			return 0;
		if (wait_event_killable(guest->smc_done,
					atomic_read(&guest->smcs_done) != done))
			return -EINTR;
	}
}

int guest_reset(struct tg_guest *guest)
{
	int ret = 0;

	if (mutex_lock_killable(&guest->setup))
		return -EINTR;
	if (guest->vm)
		ret = guest_reset_locked(guest);
	mutex_unlock(&guest->setup);
	return ret;
}

void guest_stats_get(struct tg_guest *guest, struct tg_stats *ret_stats)
{
	struct tg_vm *vm = guest_vm(guest);

	memset(ret_stats, 0, sizeof(*ret_stats));
	if (vm)
		tg_vm_stats_get(vm, ret_stats);
}

void guest_vmid_set(struct tg_guest *guest, u16 vmid)
{
	spin_lock(&guests_lock);
	WRITE_ONCE(guest->vmid, vmid);
	spin_unlock(&guests_lock);
}

void guest_holders_print(char *buf, size_t bytes)
{
	const struct tg_guest *guest;
	size_t used = 0;

	buf[0] = '\0';
	spin_lock(&guests_lock);
	list_for_each_entry(guest, &guests, node)
	{
		if (guest->vmid)
			used += scnprintf(buf + used, bytes - used, " %d",
					  guest->pid);
	}
	spin_unlock(&guests_lock);
}
