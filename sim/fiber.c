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
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

static void switch_start(void **save, const void *stack, size_t bytes)
{
	__sanitizer_start_switch_fiber(save, stack, bytes);
}

static void switch_finish(void *saved, const void **stack, size_t *bytes)
{
	__sanitizer_finish_switch_fiber(saved, stack, bytes);
}

/* A fiber that never came to its end leaves its frames' red zones behind. */
static void clean(void *stack)
{
	__asan_unpoison_memory_region(stack, STACK_BYTES);
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

static void clean(void *stack)
{
	(void)stack;
}
#endif

/* Every call of every guest takes a stack: they are used again. */
struct spare {
	struct spare *next;
};

static struct spare *spares;

/* The stack that runs now, if it is a fiber's. */
static const void *here;
static size_t here_bytes;

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
	fiber->stack = spares;
	if (spares)
		spares = spares->next;
	else
		fiber->stack = malloc(STACK_BYTES);
	fiber->at_stack = fiber->stack;
	fiber->at_bytes = STACK_BYTES;
	if (!fiber->stack || getcontext(&fiber->self))
		sim_die("sim: no memory for a fiber");
	fiber->self.uc_stack.ss_sp = fiber->stack;
	fiber->self.uc_stack.ss_size = STACK_BYTES;
	fiber->self.uc_link = NULL;
	makecontext(&fiber->self, begin, 0);
}

void sim_fiber_fini(struct sim_fiber *fiber)
{
	struct spare *spare = fiber->stack;

	if (fiber->running)
		sim_die("sim: a running fiber cannot go");
	clean(fiber->stack);
	spare->next = spares;
	spares = spare;
	fiber->stack = NULL;
}

void sim_fiber_trim(void)
{
	while (spares) {
		struct spare *spare = spares;

		spares = spare->next;
		free(spare);
	}
}

void sim_fiber_run(struct sim_fiber *fiber)
{
	const void *from = here;
	size_t from_bytes = here_bytes;
	void *fake = NULL;

	if (fiber->running || fiber->done)
		sim_die("sim: this fiber cannot run");
	fiber->running = true;
	starting = fiber;
	here = fiber->at_stack;
	here_bytes = fiber->at_bytes;
	switch_start(&fake, here, here_bytes);
	swapcontext(&fiber->back, &fiber->self);
	switch_finish(fake, NULL, NULL);
	here = from;
	here_bytes = from_bytes;
	fiber->running = false;
}

void sim_fiber_stop(struct sim_fiber *fiber)
{
	fiber->at_stack = here;
	fiber->at_bytes = here_bytes;
	switch_start(&fiber->fake_stack, fiber->back_stack, fiber->back_bytes);
	swapcontext(&fiber->self, &fiber->back);
	switch_finish(fiber->fake_stack, &fiber->back_stack,
		      &fiber->back_bytes);
}
