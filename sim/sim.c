// SPDX-License-Identifier: BSD-2-Clause
/*
 * The simulated machine as a whole: start, stop with a search for leaks,
 * hooks, and the record of whose SMC is in progress.
 */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "tee.h"
#include "vcpu.h"

struct sim sim;

void sim_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fflush(stdout);
	vfprintf(stderr, format, args);
	if (sim.seed)
		fprintf(stderr, " (seed %llu, step %llu)",
			(unsigned long long)sim.seed,
			(unsigned long long)sim.step);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

void sim_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

void sim_start(void)
{
	uint8_t *arena;

	/* First: what an earlier, failed test left in it is in sim.pages. */
	tee_reset();
	sim_memory_reset();
	arena = sim.arena;
	memset(&sim, 0, sizeof(sim));
	sim.arena = arena;
	sim.random = 0x7467;
	sim.fail_pin_with = TG_HOST_NO_MEMORY;
}

/* The test has destroyed its guests. */
void sim_stop(void)
{
	if (sim.shadows)
		sim_die("sim: %u shadow pages leaked", sim.shadows);
	if (sim.allocs)
		sim_die("sim: %u allocations leaked", sim.allocs);
	if (sim.pins)
		sim_die("sim: %llu pins leaked", (unsigned long long)sim.pins);
	if (tee_partitions_used())
		sim_die("sim: %u partitions leaked", tee_partitions_used());
	if (sim.system_locked)
		sim_die("sim: the system's lock was left taken");
	for (uint32_t i = 0; i < SIM_PAGES; i++)
		if (sim.pages[i].kind != SIM_PAGE_FREE)
			sim_die("sim: page %u leaked", i);
}

/* xorshift64*: the same numbers in every run. */
uint32_t sim_random(void)
{
	sim.random ^= sim.random >> 12;
	sim.random ^= sim.random << 25;
	sim.random ^= sim.random >> 27;
	return (uint32_t)((sim.random * 0x2545f4914f6cdd1dull) >> 32);
}

void sim_hook_set(sim_hook hook, void *arg)
{
	sim.hook = hook;
	sim.hook_arg = arg;
}

void sim_hook_run(const struct sim_event *event)
{
	sim.ops[event->op]++;
	sim_vcpu_point(event->op);
	if (!sim.hook || sim.in_hook || sim.system_locked ||
	    (event->guest && event->guest->locked))
		return;
	sim.in_hook = true;
	sim.hook(event, sim.hook_arg);
	sim.in_hook = false;
}

void sim_frame_enter(struct sim_frame *frame, struct tg_guest *guest)
{
	frame->outer = sim.frame;
	frame->guest = guest;
	frame->fetches = 0;
	frame->smcs = 0;
	frame->learns = 0;
	frame->gets = false;
	frame->wanted = false;
	sim.frame = frame;
}

void sim_frame_leave(struct sim_frame *frame)
{
	if (sim.frame != frame)
		sim_die("sim: SMCs ended in the wrong order");
	sim.frame = frame->outer;
}
