/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guests of uapi_fuzzer.c ask of OP-TEE, and how they answer it: just
 * enough that memory is copied, pinned and let go of. Guest physical address 0
 * is where a process's memory begins.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "machine.h"
#include "tee.h"

void request_start(void);

/* Sets x0 to x7 of the task's next SMC, and its message. */
void request_next(struct task *task, uint64_t *x);

/* Notes what came back. */
void request_done(struct task *task, const uint64_t *x);

/* OP-TEE has news for one of the VMs, or none, and raises its interrupt. */
void request_interrupt(struct task *task);

/* The TA. */
uint32_t request_invoke(struct tee_thread *thread, uint32_t func,
			struct tee_param *params, uint32_t count);

#endif
