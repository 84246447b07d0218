/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the mediator's unit tests share: a simulated machine for each test and
 * shorthands. The machine itself is in sim/.
 */
#ifndef COMMON_H
#define COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guest.h"
#include "sim.h"
#include "tee.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* One test on a fresh machine; leaks are looked for at its end. */
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, common_setup, common_teardown)

#define MIB (1024u * 1024)

int common_setup(void **state); /* OP-TEE is there and asked */
int common_setup_bare(void **state); /* tg_system_init() is the test's */
int common_teardown(void **state);

/* True if @f ends the process and says @text about it. */
typedef void (*death)(void);
bool dies(death f, const char *text);

/* An invocation that must reach its end; the message's result. */
uint32_t invoke(struct tg_guest *guest, struct sim_msg *msg);

/* An invocation of TEE_TA_RPC. */
uint32_t invoke_rpc(struct tg_guest *guest, uint32_t session, uint64_t kind,
		    uint64_t count);
void msg_rpc(struct sim_msg *msg, uint32_t session, uint64_t kind,
	     uint64_t count);

/* An OPEN_SESSION of @uuid, 16 bytes, in a parameter with @attr. */
void msg_open(struct sim_msg *msg, const uint8_t *uuid, uint64_t attr);

/* What the core would have the port copy out, in one piece. */
enum tg_status copy_out(struct tg_guest *guest, uint64_t ipa, const void *src,
			size_t bytes);

struct tg_stats stats_of(struct tg_guest *guest);

/* A hook: OP-TEE does not know the threads that were interrupted (ERESUME). */
void forget_interrupted(const struct sim_event *event, void *arg);

/* Nothing is in flight and nothing is shared. */
void assert_idle(struct tg_guest *guest);

/* The message's outcome is an error that the mediator gave. */
void assert_refused(const struct sim_msg *msg, uint32_t ret);

#endif
