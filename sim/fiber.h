/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stack of its own for code that has to stop in the middle: OP-TEE's
 * threads and the virtual CPUs of vcpu.h. One runs at a time and only when it
 * is told to; there is no scheduler here.
 */
#ifndef SIM_FIBER_H
#define SIM_FIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

struct sim_fiber {
	ucontext_t self;
	ucontext_t back;
	void *stack;
	const void *at_stack; /* where it goes on: its own, or one it runs */
	size_t at_bytes;
	void *fake_stack; /* the address sanitizer's */
	const void *back_stack;
	size_t back_bytes;
	void (*function)(void *arg);
	void *arg;
	bool running;
	bool done;
};

void sim_fiber_init(struct sim_fiber *fiber, void (*function)(void *arg),
		    void *arg);
void sim_fiber_fini(struct sim_fiber *fiber);
void sim_fiber_run(struct sim_fiber *fiber); /* until it stops or is done */

/* Called on the fiber, or on one that it runs: that one then waits with it. */
void sim_fiber_stop(struct sim_fiber *fiber);

/* Gives stacks that are kept for the next fiber back to the host. */
void sim_fiber_trim(void);

#endif
