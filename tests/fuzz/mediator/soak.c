// SPDX-License-Identifier: BSD-2-Clause
/*
 * One run: makes the machine, lets its virtual CPUs take turns, resets and
 * replaces VMs, and takes everything down again. What the guests do is in
 * honest.c and hostile.c; the command line is in main.c, the fuzzer's entry
 * in smc_fuzzer.c.
 */
#include "soak.h"

#include <string.h>

struct soak soak;

/* I8: what a guest may use at most, by what is really pinned and mapped. */
static void check_quotas(const struct soak_vm *vm)
{
	const struct tee_partition *partition = tee_partition_of(vm->guest);
	uint32_t buffers = 0;
	uint32_t arguments = 0;
	uint32_t threads = 0;

	if (vm->guest->pins * TG_PAGE_BYTES > vm->limits.pinned_bytes)
		sim_die("I8: %llu pages pinned for the guest with mark %u",
			(unsigned long long)vm->guest->pins, vm->guest->serial);
	if (!partition)
		return;
	for (const struct tee_mobj *m = partition->mobjs; m; m = m->next) {
		buffers += m->kind == TEE_MOBJ_REGISTERED ||
			   m->kind == TEE_MOBJ_PAYLOAD;
		arguments += m->kind == TEE_MOBJ_RPC_ARG;
	}
	for (uint32_t i = 0; i < tee.threads; i++)
		threads += partition->threads[i].state != TEE_THREAD_FREE;
	if (buffers > vm->limits.shm_buffers ||
	    arguments > vm->limits.rpc_buffers || threads > vm->limits.calls)
		sim_die("I8: %u buffers, %u RPC buffers, %u calls of mark %u",
			buffers, arguments, threads, vm->guest->serial);
}

/*
 * I12: what a call was lent is taken back before the guest hears of its end.
 * Where only one virtual CPU is at work, nothing else can be pinned.
 */
static void check_pins(const struct soak_vm *vm)
{
	const struct tee_partition *partition = tee_partition_of(vm->guest);
	uint64_t held = 0;

	if (vm->vcpu_count > 1 || vm->vmm.alive || !partition)
		return;
	for (uint32_t i = 0; i < tee.threads; i++)
		if (partition->threads[i].state != TEE_THREAD_FREE)
			return;
	for (const struct tee_mobj *m = partition->mobjs; m; m = m->next)
		if (m->kind != TEE_MOBJ_RPC_ARG && m->kind != TEE_MOBJ_SHADOW)
			held += m->count;
	if (vm->guest->pins != held)
		sim_die("I12: the guest hears while %llu pages are pinned, %llu of them by OP-TEE",
			(unsigned long long)vm->guest->pins,
			(unsigned long long)held);
}

/*
 * One trap, so many ways into OP-TEE, or a VMM could not be stopped. How many
 * values of notifications are asked for, OP-TEE says, and how often it is
 * interrupted while it learns of a page.
 */
static void check_budget(const struct soak_vm *vm)
{
	if (sim.frame && !sim.frame->gets &&
	    ++sim.frame->smcs >
		    3 + sim.frame->learns + vm->limits.resume_budget)
		sim_die("I8: OP-TEE was entered %u times in one SMC",
			sim.frame->smcs);
}

static struct soak_vm *vm_of(const struct sim_vcpu *cpu)
{
	for (uint32_t i = 0; i < soak.vm_count; i++) {
		struct soak_vm *vm = &soak.vms[i];

		if (cpu == &vm->vmm ||
		    (cpu >= &vm->vcpus[0].cpu &&
		     cpu <= &vm->vcpus[SOAK_VCPUS_MAX - 1].cpu))
			return vm;
	}
	sim_die("soak: a virtual CPU of no VM");
}

/* Every step of a virtual CPU comes by here. */
static bool switch_here(struct sim_vcpu *cpu, enum sim_op op)
{
	struct soak_vm *vm = vm_of(cpu);

	if (op == SIM_OP_COPY_OUT || op == SIM_OP_SMC_DONE)
		check_pins(vm);
	if (op == SIM_OP_SMC_ENTER && cpu != &vm->vmm)
		check_budget(vm);
	if (op == SIM_OP_SMC_DONE) {
		soak.smcs++;
		sim.step = soak.smcs;
		check_quotas(vm);
		if (cpu != &vm->vmm && (vm->stopping || soak.ending))
			sim_vcpu_exit();
	}
	if (soak.ending)
		return false;
	if (soak.until_switch) {
		soak.until_switch--;
		return false;
	}
	soak.until_switch = dice_below(soak.slice);
	soak.switches++;
	cover_note(vm->guest, COVER_SWITCH + op);
	return true;
}

static bool interrupt(struct tee_thread *thread)
{
	(void)thread;
	if (soak.ending)
		return false;
	if (soak.until_interrupt) {
		soak.until_interrupt--;
		return false;
	}
	soak.until_interrupt = dice_below(64);
	return true;
}

/* OP-TEE never does so; if it did, nothing may be let go of. */
static bool disown(struct tee_thread *thread)
{
	const struct tg_guest *guest = thread->partition->guest;

	return !soak.ending && guest && guest->hostile && dice_one_in(256);
}

static void guest_make(struct soak_vm *vm)
{
	/* A well-behaved guest gets enough; a hostile one next to nothing. */
	const struct tg_limits small = {
		.calls = 1 + dice_below(5),
		.shm_buffers = 1 + dice_below(8),
		.rpc_buffers = 1 + dice_below(5),
		.resume_budget = 1 + dice_below(4),
		.pinned_bytes = (8 + dice_below(64)) * TG_PAGE_BYTES,
	};
	const struct tg_limits large = {
		.calls = 8,
		.shm_buffers = 64,
		.rpc_buffers = 16,
		.resume_budget = 1 + dice_below(8),
		.pinned_bytes = 4096 * TG_PAGE_BYTES,
	};

	struct tg_guest *guest;

	vm->hostile = dice_below(4) != 0;
	vm->limits = vm->hostile && dice_below(4) ? small : large;
	guest = sim_guest_create(&vm->limits);
	if (!guest)
		sim_die("soak: no memory for a guest");
	vm->guest = guest;
	vm->owns_rpmb = dice_one_in(4) && tg_system_rpmb_grant(&sim.sys, guest);
	vm->guest->reuse_cookies = !vm->hostile;
	vm->guest->serial = soak.serial = soak.serial % 255 + 1;
	if (dice_below(2))
		sim_guest_offer_notif(guest);
	vm->guest->contiguous_payload = dice_one_in(3);
	vm->guest->payload_shift =
		dice_below(2) ? dice_below(TG_PAGE_BYTES) : 0;
	if (vm->hostile)
		hostile_prepare(vm);
	vm->vcpu_count = 1 + dice_below(SOAK_VCPUS_MAX);
	sim_note("mark %u: a %s guest with %u virtual CPUs\n",
		 vm->guest->serial, vm->hostile ? "hostile" : "well-behaved",
		 vm->vcpu_count);
}

static void guest_end(struct tg_guest *guest)
{
	struct tg_guest *name = guest; /* that is all it is by then */

	/* The next guest may be at the same address. */
	if (sim.fail_guest == guest)
		sim.fail_in = 0;
	sim_guest_destroy(guest);
	tg_system_rpmb_withdraw(&sim.sys, name);
}

static void vcpus_start(struct soak_vm *vm)
{
	vm->stopping = false;
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		vm->vcpus[i].vm = vm;
		sim_vcpu_start(&vm->vcpus[i].cpu,
			       vm->hostile ? hostile_body : honest_body,
			       &vm->vcpus[i]);
	}
}

static bool vcpus_are_there(const struct soak_vm *vm)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		if (vm->vcpus[i].cpu.alive)
			return true;
	return false;
}

static void vcpus_stop(struct soak_vm *vm)
{
	vm->stopping = true;
	while (vcpus_are_there(vm))
		sim_vcpu_switch();
}

static void reset(struct soak_vm *vm)
{
	/* A VMM stops its virtual CPUs; a hostile one does not. */
	if (!vm->hostile)
		vcpus_stop(vm);
	while (sim_guest_reset(vm->guest) != TG_OK) {
		cover_note(vm->guest, COVER_RESET_BUSY);
		sim_vcpu_switch();
	}
	cover_note(vm->guest, COVER_RESET_DONE);
	memset(vm->calls, 0, sizeof(vm->calls));
	if (vm->hostile || soak.ending)
		return;
	for (uint32_t i = 0; i < SIM_BUFFERS_MAX; i++)
		vm->guest->buffers[i].cookie = 0;
	vcpus_start(vm);
}

/* The thread of a VMM that is not a virtual CPU. */
static void vmm_body(void *arg)
{
	struct soak_vm *vm = arg;
	struct tg_guest *guest = vm->guest;

	if (guest)
		sim_note("mark %u: the VMM %s it\n", guest->serial,
			 vm->task == SOAK_RESET	  ? "resets" :
			 vm->task == SOAK_COLLECT ? "interrupts" :
						    "ends");
	if (vm->task == SOAK_MAKE) {
		guest_make(vm);
		vcpus_start(vm);
		return;
	}
	if (vm->task == SOAK_RESET) {
		reset(vm);
		return;
	}
	if (vm->task == SOAK_COLLECT) {
		sim_guest_collect(guest);
		return;
	}
	/* The embedder sees to it that nobody calls any more. */
	vcpus_stop(vm);
	vm->guest = NULL;
	guest_end(guest);
}

static void vmm_start(struct soak_vm *vm, enum soak_task task)
{
	if (!vm->guest || vm->vmm.alive)
		return;
	vm->task = task;
	sim_vcpu_start(&vm->vmm, vmm_body, vm);
}

static void vm_make(struct soak_vm *vm)
{
	memset(vm, 0, sizeof(*vm));
	vm->task = SOAK_MAKE;
	sim_vcpu_start(&vm->vmm, vmm_body, vm);
}

/* The @n-th of all virtual CPUs and VMM threads, counting from any. */
static struct sim_vcpu *cpu_at(uint32_t n)
{
	struct soak_vm *vm = &soak.vms[n / (SOAK_VCPUS_MAX + 1)];

	n %= SOAK_VCPUS_MAX + 1;
	return n < SOAK_VCPUS_MAX ? &vm->vcpus[n].cpu : &vm->vmm;
}

static struct sim_vcpu *next_cpu(uint32_t first)
{
	uint32_t all = soak.vm_count * (SOAK_VCPUS_MAX + 1);

	for (uint32_t i = 0; i < all; i++) {
		struct sim_vcpu *cpu = cpu_at((first + i) % all);

		if (sim_vcpu_can_run(cpu))
			return cpu;
	}
	return NULL;
}

/* Something in OP-TEE has news for a VM, of a value that is its own. */
static void notify(struct soak_vm *vm)
{
	struct tee_partition *partition =
		vm->guest ? tee_partition_of(vm->guest) : NULL;

	if (!partition)
		return;
	tee_notify(partition, soak_value(vm->guest));
	/* Where the VMM's thread is busy, the next interrupt is for both. */
	vmm_start(vm, SOAK_COLLECT);
}

/* Now and then the host runs short of something, on behalf of a bad guest. */
static void trouble(struct soak_vm *vm)
{
	static const enum tg_status why[] = { TG_HOST_NO_MEMORY,
					      TG_HOST_PIN_LIMIT,
					      TG_GUEST_BAD_ADDRESS };

	switch (dice_below(8)) {
	case 0:
		tee.fail_register = dice_below(2);
		tee.fail_unregister = dice_below(2);
		break;
	case 1:
		tee.fail_create = dice_below(2);
		break;
	case 2:
		vmm_start(vm, SOAK_END);
		break;
	case 3:
	case 4:
		vmm_start(vm, SOAK_RESET);
		break;
	default:
		if (!vm->guest || !vm->hostile)
			break;
		cover_note(vm->guest, COVER_FAILURE);
		sim.fail_guest = vm->guest;
		sim.fail_pin_with = why[dice_below(ROWS(why))];
		sim.fail_in = 1 + dice_below(30);
		break;
	}
}

static void turn(void)
{
	struct soak_vm *vm = &soak.vms[dice_below(soak.vm_count)];
	struct sim_vcpu *cpu;

	if (dice_one_in(160))
		trouble(vm);
	if (dice_one_in(64))
		notify(vm);
	if (!vm->guest && !vm->vmm.alive)
		vm_make(vm);
	cpu = next_cpu(dice_below(soak.vm_count * (SOAK_VCPUS_MAX + 1)));
	if (!cpu)
		sim_die("soak: every virtual CPU waits for another");
	sim_note("mark %u, %ld goes on\n",
		 vm_of(cpu)->guest ? vm_of(cpu)->guest->serial : 0,
		 (long)(cpu == &vm_of(cpu)->vmm ?
				-1 :
				(struct soak_vcpu *)cpu - vm_of(cpu)->vcpus));
	sim_vcpu_run(cpu);
}

/* Every virtual CPU comes to the end of its SMC, and every VM ends. */
static void wind_down(void)
{
	struct sim_vcpu *cpu;

	soak.ending = true;
	sim.fail_in = 0;
	for (uint32_t n = 0; (cpu = next_cpu(n)); n++)
		sim_vcpu_run(cpu);
	for (uint32_t i = 0; i < soak.vm_count * (SOAK_VCPUS_MAX + 1); i++)
		if (cpu_at(i)->alive)
			sim_die("soak: a virtual CPU waits for ever");
	for (uint32_t i = 0; i < soak.vm_count; i++)
		if (soak.vms[i].guest)
			guest_end(soak.vms[i].guest);
}

void soak_play(uint64_t smcs)
{
	uint64_t seed = sim.seed;
	bool verbose = sim.verbose;
	uint64_t ids;

	sim_start();
	sim.seed = seed;
	sim.verbose = verbose;
	memset(&soak, 0, sizeof(soak));
	soak.vm_count = 1 + dice_below(SOAK_VMS_MAX);
	soak.slice = 2u << dice_below(6);
	sim.guest_pages = 320;
	sim.switch_here = switch_here;
	tee.partitions_max =
		dice_below(4) ? soak.vm_count : 1 + dice_below(soak.vm_count);
	tee.threads = 1 + dice_below(6);
	tee.invoke = soak_invoke;
	tee.scribble = soak_scribble;
	tee.interrupt = interrupt;
	tee.disown = disown;
	cover_start();
	if (tg_system_init(&sim.sys) != TG_OK)
		sim_die("soak: no OP-TEE");
	/* Other guests have the other ids: these come round quickly (I5). */
	ids = ~0ull << (dice_below(4) ? 2 + soak.vm_count :
					3 + dice_below(soak.vm_count));
	sim.sys.vmids_used = ids;
	for (uint32_t i = 0; i < soak.vm_count; i++)
		vm_make(&soak.vms[i]);
	while (soak.smcs < smcs && !dice_is_empty())
		turn();
	wind_down();
	if (sim.sys.vmids_used != ids)
		sim_die("I5: ids 0x%llx are not given back",
			(unsigned long long)(sim.sys.vmids_used & ~ids));
	sim_stop();
}
