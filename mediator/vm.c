// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A guest as a whole: its making and ending, its reset, its partition, and the
 * entry for every SMC. What a call means is decided elsewhere; here is who
 * may be inside, and what the guest is told when something is refused.
 */
#include "core.h"

struct tg_locked tg_vm_lock(struct tg_vm *vm)
{
	tg_port_vm_lock(vm->guest);
	return (struct tg_locked){ vm };
}

void tg_vm_unlock(struct tg_locked locked)
{
	tg_port_vm_unlock(locked.vm->guest);
}

/* Issues an SMC in the guest's partition and keeps only defined bits (I9). */
void tg_vm_call_tee(struct tg_vm *vm, struct tg_regs *regs)
{
	uint32_t id = (uint32_t)regs->x[0];

	/* I10: never with the hypervisor's id. */
	TG_ASSERT(vm->id.v >= 2);
	regs->x[7] = vm->id.v;
	tg_port_trace(vm->guest, vm->id, TG_TRACE_TEE_IN, id, 0);
	tg_port_smc(regs);
	for (unsigned int i = 0; i < 4; i++)
		regs->x[i] = (uint32_t)regs->x[i];
	tg_port_trace(vm->guest, vm->id, TG_TRACE_TEE_OUT, id, regs->x[0]);
}

static uint32_t pick(uint32_t wanted, uint32_t otherwise, uint32_t max)
{
	uint32_t v = wanted ? wanted : otherwise;

	return v < max ? v : max;
}

static struct tg_limits limits_resolve(const struct tg_system *sys,
				       const struct tg_limits *limits)
{
	const struct tg_limits none = { 0 };
	const struct tg_limits *l = limits ? limits : &none;
	const struct tg_limits *d = &sys->limits_default;
	const struct tg_limits *m = &sys->limits_max;
	struct tg_limits r = {
		.calls = pick(l->calls, d->calls, m->calls),
		.shm_buffers =
			pick(l->shm_buffers, d->shm_buffers, m->shm_buffers),
		.rpc_buffers =
			pick(l->rpc_buffers, d->rpc_buffers, m->rpc_buffers),
		.resume_budget = pick(l->resume_budget, d->resume_budget,
				      m->resume_budget),
		.pinned_bytes =
			l->pinned_bytes ? l->pinned_bytes : d->pinned_bytes,
	};

	if (r.pinned_bytes > m->pinned_bytes)
		r.pinned_bytes = m->pinned_bytes;
	return r;
}

/* A power of two that keeps the chains of a full table short. */
static uint32_t bucket_count(const struct tg_limits *limits)
{
	uint32_t count = 64;

	while (count < limits->shm_buffers + limits->rpc_buffers)
		count *= 2;
	return count;
}

struct tg_vm *tg_vm_create(struct tg_system *sys, struct tg_guest *guest,
			   const struct tg_limits *limits,
			   const struct tg_ta_list *tas)
{
	struct tg_vm *vm = tg_port_alloc(sizeof(*vm));
	uint32_t buckets;

	if (!vm)
		return NULL;
	vm->sys = sys;
	vm->guest = guest;
	vm->limits = limits_resolve(sys, limits);
	vm->tas = tas;
	buckets = bucket_count(&vm->limits);
	vm->bucket_mask = buckets - 1;
	vm->buckets = tg_port_alloc(buckets * sizeof(*vm->buckets));
	vm->calls = tg_port_alloc(vm->limits.calls * sizeof(*vm->calls));
	vm->sessions = tg_port_alloc(TG_SESSIONS_MAX * sizeof(*vm->sessions));
	if (!vm->buckets || !vm->calls || !vm->sessions) {
		tg_port_free(vm->sessions);
		tg_port_free(vm->calls);
		tg_port_free(vm->buckets);
		tg_port_free(vm);
		return NULL;
	}
	return vm;
}

void tg_vm_deny_storage(struct tg_vm *vm)
{
	TG_ASSERT(!vm->id.v);
	vm->storage_denied = true;
}

/* I6: OP-TEE lets go of everything first, then the pins are dropped. */
static void end_partition(struct tg_vm *vm)
{
	if (vm->id.v) {
		tg_system_partition_destroy(vm->sys, vm->id);
		tg_port_trace(vm->guest, vm->id, TG_TRACE_PARTITION_DESTROYED,
			      0, 0);
		vm->id = (struct tg_vmid){ 0 };
	}
	for (uint32_t i = 0; i < vm->limits.calls; i++)
		tg_call_teardown(vm, &vm->calls[i]);
	tg_shm_forget_all(vm);
	tg_session_forget_all(vm);
	tg_notif_forget_all(vm);
	__atomic_store_n(&vm->lacks_partition, false, __ATOMIC_RELAXED);
	TG_ASSERT(vm->pinned_pages == 0);
	TG_ASSERT(vm->shm_count == 0);
	TG_ASSERT(vm->rpc_count == 0);
}

void tg_vm_destroy(struct tg_vm *vm)
{
	TG_ASSERT(vm->inside == 0);
	end_partition(vm);
	for (uint32_t i = 0; i < vm->limits.calls; i++)
		if (vm->calls[i].shadow.va)
			tg_port_page_free(vm->calls[i].shadow);
	tg_port_free(vm->sessions);
	tg_port_free(vm->calls);
	tg_port_free(vm->buckets);
	tg_port_free(vm);
}

static void set_phase(struct tg_vm *vm, enum tg_vm_phase phase)
{
	__atomic_store_n(&vm->phase, (uint32_t)phase, __ATOMIC_SEQ_CST);
}

/* Only one thread resets at a time, and only when nobody is inside. */
static bool reset_begin(struct tg_vm *vm)
{
	struct tg_locked locked = tg_vm_lock(vm);
	bool alone;

	/* Before the look at who is inside: see enter(). */
	if (vm->phase == TG_VM_OPEN)
		set_phase(vm, TG_VM_QUIESCING);
	alone = __atomic_load_n(&vm->inside, __ATOMIC_SEQ_CST) == 0 &&
		vm->phase != TG_VM_RESETTING;
	if (alone)
		set_phase(vm, TG_VM_RESETTING);
	tg_vm_unlock(locked);
	return alone;
}

enum tg_status tg_vm_reset(struct tg_vm *vm)
{
	struct tg_locked locked;

	if (!reset_begin(vm))
		return TG_HOST_BUSY;
	end_partition(vm);
	locked = tg_vm_lock(vm);
	set_phase(vm, TG_VM_OPEN);
	tg_vm_unlock(locked);
	return TG_OK;
}

static enum tg_status partition_make(struct tg_vm *vm)
{
	struct tg_locked locked = tg_vm_lock(vm);
	enum tg_status status = TG_OK;
	enum tg_trace_event event = TG_TRACE_COUNT;
	struct tg_vmid id;

	if (vm->lacks_partition) {
		status = TG_HOST_NO_PARTITION;
	} else if (!vm->id.v) {
		status = tg_system_partition_create(vm->sys, &id);
		__atomic_store_n(&vm->lacks_partition, status != TG_OK,
				 __ATOMIC_RELAXED);
		event = status == TG_OK ? TG_TRACE_PARTITION_CREATED :
					  TG_TRACE_PARTITION_NONE;
	}
	if (event == TG_TRACE_PARTITION_CREATED) {
		vm->stats.partitions++;
		__atomic_store_n(&vm->id.v, id.v, __ATOMIC_RELEASE);
	}
	tg_vm_unlock(locked);
	if (event != TG_TRACE_COUNT)
		tg_port_trace(vm->guest, vm->id, event, 0, 0);
	return status;
}

/*
 * Makes sure that the guest has a partition. Created at the first call that
 * needs one, so that a guest which never asks costs OP-TEE nothing. A refusal
 * is remembered until the guest is reset: OP-TEE is not asked at every call.
 */
enum tg_status tg_vm_partition_get(struct tg_vm *vm)
{
	/* It does not go while somebody is inside, and the caller is. */
	if (__atomic_load_n(&vm->id.v, __ATOMIC_ACQUIRE))
		return TG_OK;
	return partition_make(vm);
}

bool tg_vm_lacks_partition(struct tg_vm *vm)
{
	return __atomic_load_n(&vm->lacks_partition, __ATOMIC_RELAXED);
}

static void leave(struct tg_vm *vm)
{
	uint32_t were = __atomic_fetch_sub(&vm->inside, 1, __ATOMIC_SEQ_CST);

	TG_ASSERT(were > 0);
}

/*
 * Without the lock, as every SMC comes through here: either reset_begin() sees
 * that somebody is inside, or whoever comes sees that a reset has begun. Both
 * may be. Then the reset waits for an SMC to end, and this one ends at once.
 */
static enum tg_status enter(struct tg_vm *vm)
{
	__atomic_fetch_add(&vm->inside, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&vm->phase, __ATOMIC_SEQ_CST) == TG_VM_OPEN)
		return TG_OK;
	leave(vm);
	return TG_HOST_BUSY;
}

static enum tg_status dispatch(struct tg_vm *vm, struct tg_regs *regs)
{
	/* I9: the upper half of x0 selects nothing. */
	uint32_t id = (uint32_t)regs->x[0];
	enum tg_policy policy = tg_policy_function(vm, id);

	if (policy == TG_POLICY_REFUSE)
		return TG_GUEST_UNKNOWN_FUNCTION;
	if (policy != TG_POLICY_CALL) {
		tg_count(&vm->stats.fast_calls);
		return tg_fast_call(vm, policy, regs);
	}
	if (id == OPTEE_SMC_RETURN_FROM_RPC)
		return tg_call_resume(vm, regs);
	return tg_call_begin(vm, regs);
}

/* Says in the guest's protocol why its SMC was refused. */
static void refuse(struct tg_vm *vm, enum tg_status why, uint32_t id,
		   struct tg_regs *regs)
{
	tg_count(&vm->stats.refused[why]);
	tg_port_trace(vm->guest, vm->id, TG_TRACE_REFUSED, why, id);
	regs->x[0] = tg_status_to_smc(why);
	/* The protocol has these preserved where the call is to be repeated. */
	if (why == TG_HOST_CALL_LIMIT)
		return;
	regs->x[1] = 0;
	regs->x[2] = 0;
	regs->x[3] = 0;
}

static void count_latency(struct tg_vm *vm, uint64_t ns)
{
	uint64_t us = ns / 1000;
	unsigned int bucket = 0;

	if (us)
		bucket = 64u - (unsigned int)__builtin_clzll(us);
	if (bucket > TG_LATENCY_BUCKETS - 1)
		bucket = TG_LATENCY_BUCKETS - 1;
	tg_count(&vm->stats.latency_us_log2[bucket]);
}

void tg_vm_smc(struct tg_vm *vm, struct tg_regs *regs)
{
	uint32_t id = (uint32_t)regs->x[0];
	uint64_t start = tg_port_time_ns();
	enum tg_status status = enter(vm);

	tg_count(&vm->stats.smcs);
	tg_port_trace(vm->guest, vm->id, TG_TRACE_SMC_IN, id, regs->x[3]);
	if (status == TG_OK) {
		status = dispatch(vm, regs);
		leave(vm);
	}
	if (status != TG_OK)
		refuse(vm, status, id, regs);
	tg_port_trace(vm->guest, vm->id, TG_TRACE_SMC_OUT, id, regs->x[0]);
	count_latency(vm, tg_port_time_ns() - start);
}

void tg_vm_stats_get(struct tg_vm *vm, struct tg_stats *ret_stats)
{
	struct tg_locked locked = tg_vm_lock(vm);
	uint32_t busy = 0;

	for (uint32_t i = 0; i < vm->limits.calls; i++)
		busy += vm->calls[i].state != TG_CALL_FREE;
	*ret_stats = vm->stats;
	ret_stats->pinned_bytes = vm->pinned_pages << TG_PAGE_SHIFT;
	ret_stats->calls_in_flight = busy;
	ret_stats->shm_buffers = vm->shm_count;
	ret_stats->rpc_buffers = vm->rpc_count;
	ret_stats->vmid = vm->id.v;
	tg_vm_unlock(locked);
}
