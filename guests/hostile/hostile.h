/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the hostile guest know of each other. It sends what no
 * driver would, from two vCPUs that change each other's memory, and checks
 * what can be checked soundly from inside a guest:
 *
 *	registers	x4 and up come back as they were, x0 to x3 as the
 *			protocol has them (I9); what was never a name of this
 *			guest's is not in them (I2)
 *	calm messages	only outputs change, in memory that no sibling touches
 *	guard pages	never shared, lie between shared ones, never change
 *	resting pages	were shared, are not any more, do not change
 *	honest calls	give right results whenever they succeed
 *
 * Every choice of a vCPU's step comes from the seed, the vCPU's number and the
 * step's number alone, so a step can be told by these three.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <tg/optee_abi.h>

#include "machine.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* TEE results beyond those of the mediator. */
#define TEE_ERROR_ITEM_NOT_FOUND 0xffff0008u
#define TEE_ERROR_SHORT_BUFFER 0xffff0010u

/* ---- dice.c ---- */

struct dice {
	uint64_t state;
};

void dice_seed(struct dice *dice, uint64_t seed, uint32_t cpu, uint64_t step);
uint64_t dice_u64(struct dice *dice);
uint32_t dice_below(struct dice *dice, uint32_t n); /* 0 to @n - 1 */
bool dice_one_in(struct dice *dice, uint32_t n);

/* ---- counts.c: what is reported at the end ---- */

enum count {
	COUNT_STEPS,
	COUNT_SMCS,
	COUNT_HVCS,
	COUNT_BEGUN,
	COUNT_ENDED,
	COUNT_SUSPENDED,
	COUNT_WITH_ROOM, /* calls ended that brought room for their RPCs */
	COUNT_IN_BUFFER, /* of these, in a registered buffer */
	COUNT_FORGED_RESUMES,
	COUNT_SCRIBBLES,
	COUNT_HAMMERED, /* words rewritten while the sibling's call runs */
	COUNT_DRAINS,
	COUNT_STUCK, /* threads that a drain gave up on */
	COUNT_HONEST,
	COUNT_HONEST_OK,
	COUNT_TA_OPENED,
	COUNT_BUFFERS_SHARED,
	COUNT_CHECKED_REGISTERS,
	COUNT_CHECKED_MESSAGES,
	COUNT_CHECKED_RPCS,
	COUNT_CHECKED_GUARDS,
	COUNT_CHECKED_RESTS,
	COUNT_CHECKED_RESULTS,
	COUNT_VIOLATIONS,
	COUNT_ALL
};

/* By what SMCs are counted: what was called, and what came back. */
enum function_class {
	FUNCTION_CALL,
	FUNCTION_RESUME,
	FUNCTION_CACHED, /* UID, revisions */
	FUNCTION_CAPS, /* EXCHANGE_CAPS, GET_THREAD_COUNT */
	FUNCTION_SHM_CACHE,
	FUNCTION_NOTIF, /* asynchronous notifications */
	FUNCTION_REFUSED, /* known ids that guests may not use */
	FUNCTION_UNKNOWN, /* ids in OP-TEE's ranges that mean nothing */
	FUNCTION_FOREIGN, /* ids of others, answered by KVM */
	FUNCTION_COUNT
};

enum result_class {
	RESULT_OK,
	RESULT_RPC,
	RESULT_THREAD_LIMIT,
	RESULT_BUSY,
	RESULT_RESUME,
	RESULT_BAD_ADDRESS,
	RESULT_BAD_COMMAND,
	RESULT_NO_MEMORY,
	RESULT_NOT_AVAILABLE,
	RESULT_UNKNOWN,
	RESULT_OTHER,
	RESULT_COUNT
};

#define RPC_KINDS 4u /* ALLOC, FREE, FOREIGN_INTR, CMD */
#define RPC_CMDS 26u /* the last stands for all others */
#define MESSAGE_CMDS 7u /* likewise */
#define MESSAGE_RESULTS 8u

struct counts {
	uint64_t of[COUNT_ALL];
	uint64_t smcs[FUNCTION_COUNT][RESULT_COUNT];
	uint64_t rpcs[RPC_KINDS];
	uint64_t rpc_cmds[RPC_CMDS];
	uint64_t messages[MESSAGE_CMDS][MESSAGE_RESULTS];
};

struct cpu;

enum function_class counts_function(uint32_t id);
enum result_class counts_result(uint32_t x0);
void counts_smc(struct cpu *cpu, uint32_t id, uint32_t x0);
void counts_message(struct cpu *cpu, uint32_t cmd, uint32_t ret);
void counts_report(void);
uint64_t counts_total(enum count count);

/* ---- the vCPUs and their calls ---- */

struct smc {
	uint64_t x[REGISTERS];
};

#define MESSAGE_PARAMS 16u /* at most, in a message made here */
#define ROOM_PARAMS 4u /* that OP-TEE's RPCs have at most */
#define CALLS_PER_CPU 8u
#define RESTS_PER_CPU 8u

/* struct optee_msg_arg without its end, which is open. */
struct message_head {
	uint32_t cmd;
	uint32_t func;
	uint32_t session;
	uint32_t cancel_id;
	uint32_t pad;
	uint32_t ret;
	uint32_t ret_origin;
	uint32_t num_params;
};

_Static_assert(sizeof(struct message_head) == sizeof(struct optee_msg_arg),
	       "a message's head");
_Static_assert(offsetof(struct message_head, ret) ==
			       offsetof(struct optee_msg_arg, ret) &&
		       offsetof(struct message_head, num_params) ==
			       offsetof(struct optee_msg_arg, num_params),
	       "as OP-TEE has it");

/* A whole message; more than a page never is. */
struct message {
	struct message_head head;
	struct optee_msg_param params[MESSAGE_PARAMS];
};

struct call {
	bool suspended;
	bool calm; /* its message is nobody else's, and checked */
	bool unsure; /* its calm page: a call may go on that has it */
	uint32_t resumes;
	uint32_t with; /* the function that it is begun with */
	uint64_t arg; /* address of the message */
	uint64_t room; /* address of its RPCs' messages behind; 0: none */
	struct smc regs; /* as they came back last */
	struct message sent; /* calm: as it was sent */
};

/* Pages that were shared, and must not change any more. */
struct rest {
	uint64_t page; /* 0: none */
	uint64_t pattern;
};

struct cpu {
	uint32_t index;
	uint64_t step;
	struct dice dice;
	uint64_t message; /* sent last in rough memory: for the sibling */
	uint64_t list; /* likewise */
	uint32_t name_next;
	bool unsure; /* an honest call may go on: no lent page is free */
	bool messages_shared; /* the pages of its calm messages, as a buffer */
	struct call calls[CALLS_PER_CPU];
	struct rest rests[RESTS_PER_CPU];
	uint32_t rest_next;
	struct counts counts;
};

extern struct cpu cpus[MACHINE_CPUS];

struct options {
	uint64_t seed;
	uint64_t smcs; /* of each vCPU */
	uint64_t reset_after; /* SMCs of the first vCPU; 0: never resets */
	uint32_t resets; /* how often, in all lives of the guest */
	uint32_t full_one_in; /* else a quick step; 0 or 1: all are full */
	uint8_t ta[16]; /* the TA in the initrd, as a message has it */
	char judge_test[16]; /* what to do wrong on purpose */
};

extern struct options options;

bool options_read(const char *text);
bool judge_test_is(const char *what);

/* ---- arena.c: memory, and what it may be used for ---- */

#define CALM_PAGES 40u /* of each vCPU: messages, lists, data */
#define CALM_MESSAGES CALLS_PER_CPU
#define HONEST_PAGES 24u /* the last of the calm ones */
#define RPC_PAGES 48u
#define ROUGH_PAGES 256u
#define PAYLOADS 8u
#define PAYLOAD_PAGES 128u

bool arena_init(void);
uint64_t arena_calm(const struct cpu *cpu, uint32_t n);
uint64_t arena_honest(const struct cpu *cpu, uint32_t n);
uint64_t arena_rpc(uint32_t n);
uint64_t arena_rough(uint32_t n);
uint64_t arena_payload(uint32_t n);
void arena_fill(uint64_t page, uint64_t pattern);
bool arena_is_filled(uint64_t page, uint64_t pattern, uint32_t from);
void arena_guards_check(struct cpu *cpu);
const uint8_t *arena_ta(void);
uint32_t arena_ta_bytes(void);
void arena_break_a_guard(void); /* for judge-test */

/* ---- judge.c ---- */

/* Reports a violation, with two numbers that belong to it, and goes on. */
void judge_fail(struct cpu *cpu, const char *what, uint64_t a, uint64_t b);
void judge_registers(struct cpu *cpu, const struct smc *before,
		     const struct smc *after);
/* @room: so many bytes behind the message are OP-TEE's to write. */
void judge_message(struct cpu *cpu, uint64_t page, const struct message *sent,
		   uint32_t room);
/* @page: where memory behind it is to have its pattern; 0: nowhere. */
void judge_rpc(struct cpu *cpu, const struct message *message, uint64_t page);

/* ---- names.c: cookies, recognizable as this guest's own ---- */

/* What an RPC was answered with: OP-TEE's argument and payload buffers. */
struct buffer {
	uint64_t name; /* 0: unused entry */
	uint64_t address;
	uint64_t bytes;
	uint32_t page; /* RPC page + 1; 0: rough memory */
};

uint64_t name_make(uint64_t v);
uint64_t name_new(struct cpu *cpu);
uint64_t name_of_messages(const struct cpu *cpu);
bool name_is_ours(uint64_t name);
uint64_t name_any(struct cpu *cpu); /* often one that is in use */
/* False when the table is full; then its page is free again. */
bool buffer_add(const struct buffer *buffer);
bool buffer_find(uint64_t name, struct buffer *ret_buffer);
void buffer_remove(uint64_t name);
/* A page for an RPC's message that nobody else has, or false. */
bool buffer_page_take(uint32_t *ret_page);

/* ---- issue.c: one SMC ---- */

/* Sends what @smc says in x0 to x6, garbage above, and checks the return. */
void issue(struct cpu *cpu, struct smc *smc);
void issue_hvc(struct cpu *cpu, struct smc *smc);

static inline uint64_t pair(const struct smc *smc, unsigned int n)
{
	return smc->x[n] << 32 | (uint32_t)smc->x[n + 1];
}

static inline void pair_set(struct smc *smc, unsigned int n, uint64_t v)
{
	smc->x[n] = v >> 32;
	smc->x[n + 1] = (uint32_t)v;
}

/* ---- call.c: yielding calls, from begin to end ---- */

/*
 * How a call of that command is made: any way, if its message is calm also in
 * the buffer of such messages.
 */
void call_way(struct cpu *cpu, struct call *call, uint32_t cmd);
void call_begin(struct cpu *cpu, struct call *call);
/* @call->regs is what is said; afterwards, what came back. */
void call_resume(struct cpu *cpu, struct call *call);
struct call *call_pick(struct cpu *cpu, bool suspended);
/* One whose calm page can be used; all that go on end for it if need be. */
struct call *call_pick_calm(struct cpu *cpu);
uint32_t call_index(const struct cpu *cpu, const struct call *call);
/* Ends every call that OP-TEE has suspended. Only when alone_begin() says so. */
bool call_drain(struct cpu *cpu);

/*
 * While one vCPU is alone no other resumes a call, so that its own calls are
 * answered by itself only. Any other SMC goes on. Nobody waits to begin: what
 * is false now the caller leaves out.
 */
bool resuming_begin(void);
void resuming_end(void);
bool alone_begin(struct cpu *cpu);
void alone_end(void);

/* ---- message.c: well-formed messages ---- */

enum target {
	TARGET_TESTS, /* OP-TEE's PTA for its own tests */
	TARGET_STATS,
	TARGET_DEVICES,
	TARGET_TA, /* the one of the initrd */
	TARGET_ABSENT, /* a TA that there is not */
	TARGET_COUNT
};

void message_init(struct message *message, uint32_t cmd);
void message_invoke(struct message *message, uint32_t session, uint32_t func);
struct optee_msg_param *message_param(struct message *message, uint64_t attr);
void message_value(struct message *message, uint64_t attr, uint64_t a,
		   uint64_t b);
void message_memory(struct message *message, uint64_t attr, uint64_t first,
		    uint64_t size, uint64_t name);
void message_open(struct message *message, enum target target);
uint64_t list_write(uint64_t list, const uint64_t *pages, uint32_t count);
uint64_t message_put(uint64_t page, const struct message *message);

/* Sessions that were seen, for all to use and to close. */
void session_add(uint32_t session);
uint32_t session_any(struct cpu *cpu);
void session_remove(uint32_t session);

/* ---- odd.c: values that are almost right, or not at all ---- */

uint64_t odd_address(struct cpu *cpu);
uint64_t odd_size(struct cpu *cpu);
uint64_t odd_attr(struct cpu *cpu);
uint64_t odd_list(struct cpu *cpu);
void odd_message(struct cpu *cpu, struct message *message);
void odd_mutate(struct cpu *cpu, struct message *message);

/* ---- answer.c: what OP-TEE is told when it asks ---- */

/*
 * Makes the call's registers the answer to the RPC that they are. Inside
 * resuming_begin(), or alone; then the RPC's message is judged as well.
 */
void answer_right(struct cpu *cpu, struct call *call, bool is_alone);
void answer_wrong(struct cpu *cpu, struct call *call);

/* ---- files.c ---- */

/* Serves OPTEE_RPC_CMD_FS; its result. */
uint32_t files_serve(struct message *message);
void files_wipe(void);

/* ---- honest.c, hostile.c: a step of each kind ---- */

/* False: the other one is at it. */
bool honest_step(struct cpu *cpu);
void hostile_step(struct cpu *cpu);
/* One that OP-TEE should not hear of, so that many fit into a minute. */
void quick_step(struct cpu *cpu);
/* True if as many calls are under way at once as OP-TEE has threads. */
bool honest_threads_all(struct cpu *cpu);
void honest_rests_check(struct cpu *cpu);

#endif
