// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fibers on ucontext, told to the address sanitizer so that it knows on which
 * stack it is. What runs on them is in tee_call.c.
 */
#include "fiber.h"

#include <stdlib.h>

#include "sim.h"

#define STACK_BYTES (128u * 1024)

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_ASAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SIM_ASAN 1
#endif

#ifdef SIM_ASAN
#include <sanitizer/common_interface_defs.h>

static void switch_start(void **save, const void *stack, size_t bytes)
{
	__sanitizer_start_switch_fiber(save, stack, bytes);
}

static void switch_finish(void *saved, const void **stack, size_t *bytes)
{
	__sanitizer_finish_switch_fiber(saved, stack, bytes);
}
#else
static void switch_start(void **save, const void *stack, size_t bytes)
{
	(void)save;
	(void)stack;
	(void)bytes;
}

static void switch_finish(void *saved, const void **stack, size_t *bytes)
{
	(void)saved;
	(void)stack;
	(void)bytes;
}
#endif

/* makecontext() passes only ints. */
static struct sim_fiber *starting;

static void begin(void)
{
	struct sim_fiber *fiber = starting;

	switch_finish(NULL, &fiber->back_stack, &fiber->back_bytes);
	fiber->function(fiber->arg);
	fiber->done = true;
	switch_start(NULL, fiber->back_stack, fiber->back_bytes);
	swapcontext(&fiber->self, &fiber->back);
	sim_die("sim: a fiber ran on after its end");
}

void sim_fiber_init(struct sim_fiber *fiber, void (*function)(void *arg),
		    void *arg)
{
	*fiber = (struct sim_fiber){ .function = function, .arg = arg };
	fiber->stack = malloc(STACK_BYTES);
	if (!fiber->stack || getcontext(&fiber->self))
		sim_die("sim: no memory for a fiber");
	fiber->self.uc_stack.ss_sp = fiber->stack;
	fiber->self.uc_stack.ss_size = STACK_BYTES;
	fiber->self.uc_link = NULL;
	makecontext(&fiber->self, begin, 0);
}

void sim_fiber_fini(struct sim_fiber *fiber)
{
	if (fiber->running)
		sim_die("sim: a running fiber cannot go");
	free(fiber->stack);
	fiber->stack = NULL;
}

void sim_fiber_run(struct sim_fiber *fiber)
{
	void *fake = NULL;

	if (fiber->running || fiber->done)
		sim_die("sim: this fiber cannot run");
	fiber->running = true;
	starting = fiber;
	switch_start(&fake, fiber->stack, STACK_BYTES);
	swapcontext(&fiber->back, &fiber->self);
	switch_finish(fake, NULL, NULL);
	fiber->running = false;
}

void sim_fiber_stop(struct sim_fiber *fiber)
{
	switch_start(&fiber->fake_stack, fiber->back_stack, fiber->back_bytes);
	swapcontext(&fiber->self, &fiber->back);
	switch_finish(fiber->fake_stack, &fiber->back_stack,
		      &fiber->back_bytes);
}
