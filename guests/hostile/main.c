// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hostile guest from start to end: options, both vCPUs' loops, the final
 * checks and the verdict, which is minivmm's exit status:
 *
 *	0	nothing that must not be was seen, and something worked
 *	1	a violation, or no thread or nothing at all works at the end
 *	2	wrong options, or not the machine that it needs
 *	3	an exception (machine.c)
 */
#include "hostile.h"

#define STATUS_FAILED 1
#define STATUS_USAGE 2

/* One honest step in so many; the checks of all memory every so many steps. */
#define HONEST_ONE_IN 12u
#define CHECK_EVERY 256u
/* With all calls begun, one is enough but for a call that takes very long. */
#define DRAINS_MAX 10u

struct cpu cpus[MACHINE_CPUS];

static uint32_t done; /* vCPUs that have sent what they are to send */

static void checks(struct cpu *cpu)
{
	if (judge_test_is("guard") && cpu->step)
		arena_break_a_guard();
	arena_guards_check(cpu);
	honest_rests_check(cpu);
}

static bool is_quick(struct cpu *cpu)
{
	return options.full_one_in > 1 &&
	       !dice_one_in(&cpu->dice, options.full_one_in);
}

static void run(struct cpu *cpu)
{
	cpu->message = arena_rough(0);
	cpu->list = arena_rough(1);
	while (cpu->counts.of[COUNT_SMCS] < options.smcs) {
		dice_seed(&cpu->dice, options.seed, cpu->index, cpu->step);
		if (is_quick(cpu))
			quick_step(cpu);
		else if (!dice_one_in(&cpu->dice, HONEST_ONE_IN) ||
			 !honest_step(cpu))
			hostile_step(cpu);
		if (cpu->step++ % CHECK_EVERY == 0)
			checks(cpu);
		if (options.reset_after && cpu->index == 0 &&
		    machine.restarts < options.resets &&
		    cpu->counts.of[COUNT_SMCS] >= options.reset_after)
			machine_reset();
	}
	cpu->counts.of[COUNT_STEPS] = cpu->step;
	__atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
}

void second_main(void)
{
	run(&cpus[1]);
	for (;;)
		__asm__ volatile("wfi");
}

/* After both: whatever was left open ends, and everything can be had again. */
static uint8_t verdict(struct cpu *cpu)
{
	bool threads;

	while (!alone_begin(cpu))
		;
	for (uint32_t i = 0; i < DRAINS_MAX && !call_drain(cpu); i++)
		;
	threads = honest_threads_all(cpu);
	alone_end();
	checks(cpu);
	honest_rests_check(&cpus[1]);
	counts_report();
	if (!threads)
		say("hostile: FAILED: OP-TEE's threads are not all back");
	if (!counts_total(COUNT_HONEST_OK))
		say("hostile: FAILED: nothing that is right works");
	if (counts_total(COUNT_VIOLATIONS))
		say("hostile: FAILED: violations, with seed %lu", options.seed);
	return threads && counts_total(COUNT_HONEST_OK) &&
			       !counts_total(COUNT_VIOLATIONS) ?
		       0 :
		       STATUS_FAILED;
}

static bool start(const void *fdt)
{
	if (!fdt_read(fdt)) {
		say("hostile: no device tree");
		return false;
	}
	if (!options_read(machine.bootargs))
		return false;
	if (!arena_init()) {
		say("hostile: not enough RAM, or too large a TA");
		return false;
	}
	/* Another life of the guest does other things. */
	options.seed += machine.restarts * 1000003ull;
	say("hostile: seed %lu, %lu SMCs by each of %u vCPUs, RAM at 0x%lx, TA of %u bytes, ROM of %lu bytes, restart %u",
	    options.seed, options.smcs, MACHINE_CPUS, machine.ram,
	    arena_ta_bytes(), machine.rom_bytes, machine.restarts);
	if (machine.cpus == MACHINE_CPUS && machine_second_start())
		return true;
	say("hostile: two vCPUs are needed (--smp 2)");
	return false;
}

void guest_main(const void *fdt)
{
	uint8_t status;

	for (uint32_t i = 0; i < MACHINE_CPUS; i++)
		cpus[i].index = i;
	if (!start(fdt))
		machine_exit(STATUS_USAGE);
	run(&cpus[0]);
	while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < MACHINE_CPUS)
		;
	status = verdict(&cpus[0]);
	say("hostile: done, status %u", status);
	machine_exit(status);
}
