/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls to OP-TEE that can be stopped at each of OP-TEE's questions: the guest
 * of kill_test sends them and plays tee-supplicant as far as OP-TEE's own
 * applications and xtest's need it. Who is killed when is not here.
 */
#ifndef KILL_CALL_H
#define KILL_CALL_H

#include "uapi_guest.h"

#define RPC_LOAD_TA 0u
#define RPC_FS 2u
#define RPC_GET_TIME 3u
#define RPC_NOTIFICATION 4u
#define RPC_SUSPEND 5u
#define RPC_SHM_ALLOC 6u
#define RPC_SHM_FREE 7u
#define NOTIFICATION_WAIT 0u
#define NOTIFICATION_SEND 1u

#define MSG_ATTR_VALUE_OUT 0x2u

#define TEE_NOT_SUPPORTED 0xffff000au
#define TEE_ITEM_NOT_FOUND 0xffff0008u

/* Slot 1 is where the memory comes from that OP-TEE asks for. */
#define ARENA_GPA KIND_GPA
#define ARENA_BYTES (4ull << 20)

/*
 * @gpa: the message; an RPC's message has the page behind it. @args: what the
 * guest's last SMC of this call left in its registers.
 */
struct call {
	uint64_t gpa;
	struct teegate_smc args;
};

/* As RFC 4122 writes them. */
struct uuid {
	uint8_t bytes[16];
};

/* A TA that is loaded takes one of OP-TEE's 64 pairs of ASIDs, a PTA none. */
extern const struct uuid uuid_tests; /* OP-TEE's invoke_tests PTA */
extern const struct uuid uuid_stats; /* OP-TEE's statistics PTA */
extern const struct uuid uuid_os_test; /* xtest's os_test TA */
extern const struct uuid uuid_absent; /* no TA: what is loaded is no TA */

/* A guest with memory for what OP-TEE asks for. @limits may be NULL. */
struct guest call_guest_open(const struct teegate_limits *limits);
void call_guest_close(struct guest *g);

/* Call @n of a guest, 0 to 63, with an empty message. */
void call_init(struct guest *g, struct call *c, unsigned int n);
struct msg *call_message(struct guest *g, const struct call *c);
struct msg *call_rpc(struct guest *g, const struct call *c);

/* Messages. Parameters are the caller's. */
void message_open(struct msg *m, const struct uuid *uuid);
void message_invoke(struct msg *m, uint32_t session, uint32_t func);

/*
 * Call @n, ready to be sent: the statistics PTA is asked for the time, and so
 * asks for memory and then for the guest's time. Only one call at a time is
 * let into that PTA.
 */
void call_init_time(struct guest *g, struct call *c, unsigned int n,
		    uint32_t session);

/*
 * Sends the message, or the answer that is in registers and message; x0 of
 * what comes back, which is no interrupt. All ones if the ioctl failed.
 */
uint32_t call_send(struct guest *g, struct call *c);
uint32_t call_resume(struct guest *g, struct call *c);

/* Makes the answer to what OP-TEE asked, without sending it. */
void call_answer(struct guest *g, struct call *c);

/* What OP-TEE is waiting for. @cmd counts for RET_RPC_CMD only. */
bool call_asks(struct guest *g, const struct call *c, uint32_t func,
	       uint32_t cmd);

/*
 * Answers until OP-TEE asks for that, which is not answered; false if the call
 * ended without.
 */
bool call_until(struct guest *g, struct call *c, uint32_t func, uint32_t cmd);

/* Answers to the end; the message's result, all ones without one. */
uint32_t call_end(struct guest *g, struct call *c);

/* Both, whole. The first exits the program if there is no session. */
uint32_t call_open_session(struct guest *g, const struct uuid *uuid);
uint32_t call_whole(struct guest *g, struct call *c);

/* ---- kill_files.c ---- */

/*
 * Answers RPC FS, with files in memory that nobody else has. @memory: what
 * param[1] names, @to what param[2] does; NULL where it names nothing.
 */
uint32_t files_answer(struct msg *rpc, void *memory, const void *to);

#endif
