/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual CPUs and other threads that work at the same time, each on a fiber.
 * Only one runs; it gives way where the test wants it to, at every step of the
 * port, inside OP-TEE and where a lock is taken. Which one goes on is for the
 * test to choose, so that a run can be repeated exactly.
 */
#ifndef SIM_VCPU_H
#define SIM_VCPU_H

#include "fiber.h"
#include "sim.h"

struct sim_vcpu {
	struct sim_fiber fiber;
	struct sim_frame *frame; /* its SMC while another one runs */
	const bool *waits; /* for this lock to be free; NULL: for nothing */
	bool alive;
	bool leaving; /* it has ended where it stood */
};

/* Makes a virtual CPU that will run @body. The caller's storage. */
void sim_vcpu_start(struct sim_vcpu *vcpu, void (*body)(void *arg), void *arg);

/* Whether it is there and does not wait for a lock that is taken. */
bool sim_vcpu_can_run(const struct sim_vcpu *vcpu);

/* Runs it until it gives way or ends. */
void sim_vcpu_run(struct sim_vcpu *vcpu);

/* On a virtual CPU: lets another one go on, now or at the test's choice. */
void sim_vcpu_switch(void);
void sim_vcpu_point(enum sim_op op);

/* On a virtual CPU: waits until *@taken is false. Dies if nobody runs one. */
void sim_vcpu_wait(const bool *taken);

/* On a virtual CPU: ends it here, between two SMCs. Does not return. */
void sim_vcpu_exit(void) __attribute__((noreturn));

/* Ends one that gave way and has no SMC under way. */
void sim_vcpu_drop(struct sim_vcpu *vcpu);

#endif
