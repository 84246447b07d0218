// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Asynchronous notifications: OP-TEE keeps a set of values for each VM and
 * raises one physical interrupt for all of them. Here a VM's values are taken
 * from OP-TEE and kept until the guest asks, and the guest's own interrupt is
 * raised, for news only: no guest learns of another's. Where the physical
 * interrupt comes from and how a guest gets its own is the embedder's.
 *
 * Not to be confused with OPTEE_RPC_CMD_NOTIFICATION, by which a call waits in
 * the guest's driver for another one: that is an RPC like any other.
 *
 * Everything here but "offered" is under the VM's lock, also across the fast
 * calls to OP-TEE: so a value is in one place at a time, and the partition
 * stays while its values are taken (a reset begins under that lock).
 */
#include "core.h"

_Static_assert(TG_NOTIF_VALUES_MAX <= 64, "a guest's values fit one word");

void tg_vm_offer_notif(struct tg_vm *vm)
{
	TG_ASSERT(!vm->id.v);
	vm->notif.offered = true;
}

/* Whether this guest may know of notifications at all. */
bool tg_notif_is_offered(const struct tg_vm *vm)
{
	return vm->notif.offered;
}

/*
 * Takes what OP-TEE has for this VM; true if it had something. OP-TEE gives a
 * value once and says whether there are more; what comes after that comes with
 * another interrupt. So the bound is never reached, but it is one.
 */
static bool take_values(struct tg_locked locked)
{
	struct tg_vm *vm = locked.vm;
	bool news = false;

	tg_port_vm_assert_locked(vm->guest);
	for (uint32_t n = 0; n < TG_NOTIF_VALUES_MAX; n++) {
		struct tg_regs tee = {
			.x = { OPTEE_SMC_GET_ASYNC_NOTIF_VALUE }
		};

		tg_vm_call_tee(vm, &tee);
		if (tee.x[0] != OPTEE_RET_OK ||
		    !(tee.x[2] & OPTEE_ASYNC_NOTIF_VALID))
			break;
		/* I9: greater ones OP-TEE does not have. */
		if (tee.x[1] < TG_NOTIF_VALUES_MAX) {
			vm->notif.pending |= 1ull << tee.x[1];
			news = true;
		}
		if (!(tee.x[2] & OPTEE_ASYNC_NOTIF_PENDING))
			break;
	}
	return news;
}

void tg_vm_notif_collect(struct tg_vm *vm)
{
	struct tg_locked locked = tg_vm_lock(vm);
	bool news = false;
	uint64_t pending;

	/* I10: while it resets, the partition may be gone already. */
	if (vm->phase != TG_VM_RESETTING && vm->notif.enabled)
		news = take_values(locked);
	pending = vm->notif.pending;
	tg_vm_unlock(locked);
	if (!news)
		return;
	tg_port_trace(vm->guest, vm->id, TG_TRACE_NOTIF, pending, 0);
	tg_port_interrupt(vm->guest);
}

static void set_enabled(struct tg_vm *vm, bool enabled)
{
	struct tg_locked locked = tg_vm_lock(vm);

	vm->notif.enabled = enabled;
	tg_vm_unlock(locked);
}

/*
 * The guest wants no more of them. Before OP-TEE hears of it, as enable() is
 * after: whichever OP-TEE does last, a guest that it has started is enabled
 * here. Values that are there stay, as they do in OP-TEE.
 */
void tg_notif_stop(struct tg_vm *vm)
{
	set_enabled(vm, false);
}

/*
 * What OP-TEE had to say before this, or says from inside the call, is taken
 * at once: nobody was interested when its interrupt came.
 */
static enum tg_status enable(struct tg_vm *vm, uint32_t *ret_x0)
{
	struct tg_regs tee = { .x = { OPTEE_SMC_ENABLE_ASYNC_NOTIF } };
	enum tg_status status = tg_vm_partition_get(vm);

	/* I10: on behalf of no VM, OP-TEE would assert. */
	if (status != TG_OK)
		return status;
	tg_vm_call_tee(vm, &tee);
	*ret_x0 = (uint32_t)tee.x[0];
	if (*ret_x0 != OPTEE_RET_OK)
		return TG_OK;
	set_enabled(vm, true);
	tg_vm_notif_collect(vm);
	return TG_OK;
}

/* The least value first, as OP-TEE does; the guest asks until it has all. */
static void get_value(struct tg_vm *vm, uint32_t words[3])
{
	struct tg_locked locked = tg_vm_lock(vm);
	uint64_t pending = vm->notif.pending;

	if (pending) {
		words[1] = (uint32_t)__builtin_ctzll(pending);
		pending &= pending - 1;
		words[2] = OPTEE_ASYNC_NOTIF_VALID;
		if (pending)
			words[2] |= OPTEE_ASYNC_NOTIF_PENDING;
		vm->notif.pending = pending;
	}
	tg_vm_unlock(locked);
}

/*
 * ENABLE_ASYNC_NOTIF and GET_ASYNC_NOTIF_VALUE: what the guest gets in x0 to
 * x2. A guest without an interrupt for them is refused, as by an OP-TEE that
 * has none.
 */
enum tg_status tg_notif_call(struct tg_vm *vm, uint32_t id, uint32_t words[3])
{
	words[0] = OPTEE_RET_OK;
	words[1] = 0;
	words[2] = 0;
	if (!tg_notif_is_offered(vm))
		return TG_GUEST_UNKNOWN_FUNCTION;
	if (id == OPTEE_SMC_ENABLE_ASYNC_NOTIF)
		return enable(vm, &words[0]);
	get_value(vm, words);
	return TG_OK;
}

/* Only when the partition is gone and nobody is inside; still offered. */
void tg_notif_forget_all(struct tg_vm *vm)
{
	vm->notif.enabled = false;
	vm->notif.pending = 0;
}
