// SPDX-License-Identifier: BSD-2-Clause
/*
 * Steps of a driver that does everything right, alone among resumes: that
 * something works is what makes the hostile steps reach anything. Calls may
 * still fail, since the sibling goes on taking threads, closing sessions and
 * filling OP-TEE; but what succeeds must be right, and what was given back
 * must not change any more.
 */
#include "hostile.h"

/* More than loading a TA takes. */
#define RESUMES_MAX 300u
/* With all calls begun, one is enough but for a call that takes very long. */
#define DRAINS_MAX 10u
/* As often it asks whether another call has let go of a lock. */
#define WAITS_MAX 16u
#define TAKE_BACK_MAX 200u
#define BUFFER_PAGES_MAX 4u
#define DATA_PAGES 16u /* of the honest ones; lists come after them */

/* The PTA's commands: lib/libutee's pta_invoke_tests.h and pta_stats.h. */
#define TESTS_CMD_PARAMS 1u
#define STATS_CMD_ALLOC_STATS 1u

static void serve_all(struct cpu *cpu, struct call *call)
{
	const uint64_t *waits =
		&cpu->counts.rpc_cmds[OPTEE_RPC_CMD_NOTIFICATION];
	uint64_t waits_max = *waits + WAITS_MAX;

	while (call->suspended && call->resumes < RESUMES_MAX &&
	       *waits < waits_max) {
		answer_right(cpu, call, true);
		call_resume(cpu, call);
	}
	/*
	 * It waits for what a call holds that nobody resumes. Until it has
	 * ended, its memory is not to be used again.
	 */
	cpu->unsure = call->suspended;
	for (uint32_t i = 0; cpu->unsure && i < DRAINS_MAX; i++)
		cpu->unsure = !call_drain(cpu);
}

static void put(struct cpu *cpu, struct call *call,
		const struct message *message)
{
	call->calm = true;
	call->sent = *message;
	call->arg =
		message_put(arena_calm(cpu, call_index(cpu, call)), message);
	call_way(cpu, call, message->head.cmd);
}

/* The whole call. True: @message is as it came back, and tells of success. */
static bool call_whole(struct cpu *cpu, struct message *message)
{
	struct call *call = call_pick_calm(cpu);

	if (!call)
		return false;
	put(cpu, call, message);
	call_begin(cpu, call);
	if ((uint32_t)call->regs.x[0] == OPTEE_RET_ETHREAD_LIMIT) {
		call_drain(cpu);
		call_begin(cpu, call);
	}
	serve_all(cpu, call);
	/* Somebody has taken the buffer away: the next step makes it again. */
	if (call->with == OPTEE_SMC_CALL_WITH_REGD_ARG &&
	    (uint32_t)call->regs.x[0] == OPTEE_RET_EBADADDR)
		cpu->messages_shared = false;
	if ((uint32_t)call->regs.x[0] != OPTEE_RET_OK)
		return false;
	memcpy(message, at(call->arg),
	       optee_msg_bytes(call->sent.head.num_params));
	return message->head.ret == TEE_SUCCESS;
}

/* The pages of calm messages, in one buffer for CALL_WITH_REGD_ARG. */
static void share_messages(struct cpu *cpu)
{
	uint64_t pages[CALM_MESSAGES];
	struct message message;
	uint64_t list;

	for (uint32_t i = 0; i < CALM_MESSAGES; i++)
		pages[i] = arena_calm(cpu, i);
	list = list_write(arena_calm(cpu, CALM_MESSAGES + 1), pages,
			  CALM_MESSAGES);
	message_init(&message, OPTEE_MSG_CMD_REGISTER_SHM);
	message_memory(&message,
		       OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG, list,
		       CALM_MESSAGES * PAGE_BYTES, name_of_messages(cpu));
	cpu->messages_shared = call_whole(cpu, &message);
	if (cpu->messages_shared)
		return;
	/* It may still be there: then the next step begins anew. */
	message_init(&message, OPTEE_MSG_CMD_UNREGISTER_SHM);
	message_memory(&message, OPTEE_MSG_ATTR_RMEM_IN, 0, 0,
		       name_of_messages(cpu));
	call_whole(cpu, &message);
}

/* 0: it did not open. */
static uint32_t session_open(struct cpu *cpu, enum target target)
{
	struct message message;

	message_open(&message, target);
	return call_whole(cpu, &message) ? message.head.session : 0;
}

/* Some sessions stay open for hostile use: call.c has noted them all. */
static void session_close(struct cpu *cpu, uint32_t session)
{
	struct message message;

	if (dice_one_in(&cpu->dice, 8))
		return;
	session_remove(session);
	message_init(&message, OPTEE_MSG_CMD_CLOSE_SESSION);
	message.head.session = session;
	call_whole(cpu, &message);
}

static bool step_values(struct cpu *cpu)
{
	uint32_t a = (uint32_t)dice_u64(&cpu->dice);
	uint32_t b = (uint32_t)dice_u64(&cpu->dice);
	uint32_t session = session_open(cpu, TARGET_TESTS);
	struct message message;
	bool ok;

	if (!session)
		return false;
	message_invoke(&message, session, TESTS_CMD_PARAMS);
	message_value(&message, OPTEE_MSG_ATTR_VALUE_INOUT, a, b);
	ok = call_whole(cpu, &message);
	if (judge_test_is("result"))
		a++;
	if (ok && (message.params[0].u.value.a != (uint32_t)(a + b) ||
		   message.params[0].u.value.b != b))
		judge_fail(cpu, "OP-TEE adds wrongly", a,
			   message.params[0].u.value.a);
	cpu->counts.of[COUNT_CHECKED_RESULTS] += ok;
	session_close(cpu, session);
	return ok;
}

/* ---- pages that rest ---- */

static void rest_check(struct cpu *cpu, struct rest *rest)
{
	if (!rest->page)
		return;
	if (!arena_is_filled(rest->page, rest->pattern, 0))
		judge_fail(cpu, "memory that is not shared any more changed",
			   rest->page, 0);
	cpu->counts.of[COUNT_CHECKED_RESTS]++;
}

static void rest_begin(struct cpu *cpu, uint64_t page)
{
	struct rest *rest = &cpu->rests[cpu->rest_next++ % RESTS_PER_CPU];

	rest_check(cpu, rest);
	rest->page = page;
	rest->pattern = dice_u64(&cpu->dice);
	arena_fill(page, rest->pattern);
	if (judge_test_is("rest"))
		*(uint8_t *)at(page + 77) ^= 1;
}

static void rest_end(struct cpu *cpu, uint64_t page)
{
	for (uint32_t i = 0; i < RESTS_PER_CPU; i++) {
		if (cpu->rests[i].page != page)
			continue;
		rest_check(cpu, &cpu->rests[i]);
		cpu->rests[i].page = 0;
	}
}

void honest_rests_check(struct cpu *cpu)
{
	for (uint32_t i = 0; i < RESTS_PER_CPU; i++)
		rest_check(cpu, &cpu->rests[i]);
}

/* ---- buffers ---- */

struct lent {
	uint64_t pages[BUFFER_PAGES_MAX];
	uint32_t count;
	uint32_t offset; /* in the first page */
	uint64_t bytes;
	uint64_t list;
	uint64_t name;
};

/* Scattered pages, each with a guard on both sides. */
static void lend(struct cpu *cpu, struct lent *lent)
{
	uint32_t first = dice_below(&cpu->dice, DATA_PAGES);
	uint32_t stride = 3 + 2 * dice_below(&cpu->dice, 3);

	lent->count = 1 + dice_below(&cpu->dice, BUFFER_PAGES_MAX);
	for (uint32_t i = 0; i < lent->count; i++) {
		lent->pages[i] =
			arena_honest(cpu, (first + i * stride) % DATA_PAGES);
		rest_end(cpu, lent->pages[i]);
		arena_fill(lent->pages[i], lent->pages[i]);
	}
	lent->offset = 8 * dice_below(&cpu->dice, PAGE_BYTES / 8 - 1);
	lent->bytes = lent->count * PAGE_BYTES - lent->offset -
		      dice_below(&cpu->dice, 4);
	lent->list = list_write(arena_honest(cpu, DATA_PAGES), lent->pages,
				lent->count);
	lent->name = name_new(cpu);
}

/* Only @bytes from the buffer's beginning may be other than they were. */
static void lent_check(struct cpu *cpu, const struct lent *lent, uint64_t bytes)
{
	uint64_t end = lent->offset + bytes;
	const uint64_t *words = at(lent->pages[0]);

	cpu->counts.of[COUNT_CHECKED_RESULTS]++;
	for (uint32_t i = 0; i < lent->offset / 8; i++)
		if (words[i] != (lent->pages[0] ^ i * 0x9e3779b97f4a7c15ull))
			judge_fail(cpu, "memory before a buffer changed",
				   lent->pages[0], i);
	for (uint32_t i = 0; i < lent->count; i++) {
		uint64_t from = end > i * PAGE_BYTES ? end - i * PAGE_BYTES : 0;

		if (from < PAGE_BYTES &&
		    !arena_is_filled(lent->pages[i], lent->pages[i],
				     (uint32_t)from))
			judge_fail(cpu, "memory behind a result changed",
				   lent->pages[i], from);
	}
}

static void take_back(struct cpu *cpu, const struct lent *lent)
{
	for (uint32_t i = 0; i < lent->count; i++)
		rest_begin(cpu, lent->pages[i]);
	cpu->counts.of[COUNT_BUFFERS_SHARED]++;
}

/* OP-TEE's result, or this: the call was drained, and may have succeeded. */
#define OUTCOME_UNKNOWN UINT32_MAX

static uint32_t shm_change(struct cpu *cpu, const struct lent *lent,
			   uint32_t cmd)
{
	struct message message;

	message_init(&message, cmd);
	message.head.ret = OUTCOME_UNKNOWN;
	if (cmd == OPTEE_MSG_CMD_REGISTER_SHM)
		message_memory(
			&message,
			OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG,
			lent->list | lent->offset, lent->bytes, lent->name);
	else
		message_memory(&message, OPTEE_MSG_ATTR_RMEM_IN, 0, 0,
			       lent->name);
	call_whole(cpu, &message);
	return message.head.ret;
}

/* Statistics of OP-TEE's heaps, written into the buffer. */
static bool stats_into(struct cpu *cpu, const struct lent *lent,
		       bool registered)
{
	uint32_t session = session_open(cpu, TARGET_STATS);
	struct message message;
	bool ok;

	if (!session)
		return false;
	message_invoke(&message, session, STATS_CMD_ALLOC_STATS);
	message_value(&message, OPTEE_MSG_ATTR_VALUE_IN, 0, 0);
	if (registered)
		message_memory(&message, OPTEE_MSG_ATTR_RMEM_OUT, 0,
			       lent->bytes, lent->name);
	else
		message_memory(
			&message,
			OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG,
			lent->list | lent->offset, lent->bytes, lent->name);
	ok = call_whole(cpu, &message);
	if (ok && message.params[1].u.tmem.size > lent->bytes)
		judge_fail(cpu, "a result longer than its buffer",
			   message.params[1].u.tmem.size, lent->bytes);
	else if (ok)
		lent_check(cpu, lent, message.params[1].u.tmem.size);
	session_close(cpu, session);
	return ok;
}

static bool step_registered(struct cpu *cpu)
{
	bool ok, unknown = false;
	uint32_t ret = 0;
	struct lent lent;

	lend(cpu, &lent);
	if (shm_change(cpu, &lent, OPTEE_MSG_CMD_REGISTER_SHM) != TEE_SUCCESS)
		return false;
	ok = stats_into(cpu, &lent, true);
	for (uint32_t i = 0; i < TAKE_BACK_MAX; i++) {
		ret = shm_change(cpu, &lent, OPTEE_MSG_CMD_UNREGISTER_SHM);
		/* It waited for the buffer's last user, and was drained with it. */
		if (ret == TEE_SUCCESS ||
		    (ret == TEE_ERROR_BAD_PARAMETERS && unknown)) {
			take_back(cpu, &lent);
			return ok;
		}
		unknown |= ret == OUTCOME_UNKNOWN;
		/* The sibling's calls have all threads. */
		call_drain(cpu);
	}
	judge_fail(cpu, "a buffer cannot be taken back", lent.name, ret);
	return false;
}

static bool step_temporary(struct cpu *cpu)
{
	struct lent lent;
	bool ok;

	lend(cpu, &lent);
	ok = stats_into(cpu, &lent, false);
	if (ok)
		take_back(cpu, &lent);
	return ok;
}

static bool step_ta(struct cpu *cpu)
{
	uint32_t session;

	if (!arena_ta_bytes())
		return false;
	/* What hostile answers made of them OP-TEE would never accept again. */
	files_wipe();
	session = session_open(cpu, TARGET_TA);
	if (!session)
		return false;
	cpu->counts.of[COUNT_TA_OPENED]++;
	session_close(cpu, session);
	return true;
}

bool honest_step(struct cpu *cpu)
{
	uint32_t dice = dice_below(&cpu->dice, 32);
	bool ok;

	if (!alone_begin(cpu))
		return false;
	if (cpu->unsure)
		cpu->unsure = !call_drain(cpu);
	if (cpu->unsure) {
		alone_end();
		return false;
	}
	if (!cpu->messages_shared)
		share_messages(cpu);
	if (dice < 2)
		ok = step_ta(cpu);
	else if (dice < 12)
		ok = step_registered(cpu);
	else if (dice < 22)
		ok = step_temporary(cpu);
	else
		ok = step_values(cpu);
	alone_end();
	cpu->counts.of[COUNT_HONEST]++;
	cpu->counts.of[COUNT_HONEST_OK] += ok;
	return true;
}

/* ---- at the end ---- */

static uint32_t thread_count(struct cpu *cpu)
{
	struct smc smc = { .x = { OPTEE_SMC_GET_THREAD_COUNT } };

	issue(cpu, &smc);
	return smc.x[0] == OPTEE_RET_OK ? (uint32_t)smc.x[1] : 0;
}

bool honest_threads_all(struct cpu *cpu)
{
	uint32_t threads = thread_count(cpu), busy = 0;
	struct message message;
	bool more;

	/* A TA that has to be asked for suspends the call. */
	message_open(&message, TARGET_ABSENT);
	if (threads > CALLS_PER_CPU - 1)
		threads = CALLS_PER_CPU - 1;
	for (uint32_t i = 0; i <= threads; i++) {
		put(cpu, &cpu->calls[i], &message);
		/* The buffer of messages may be gone, and that is no thread. */
		cpu->calls[i].with = OPTEE_SMC_CALL_WITH_ARG;
		call_begin(cpu, &cpu->calls[i]);
		busy += cpu->calls[i].suspended;
	}
	say("hostile: %u of %u threads at once, then 0x%lx", busy, threads,
	    cpu->calls[threads].regs.x[0]);
	do {
		more = false;
		for (uint32_t i = 0; i <= threads; i++) {
			struct call *call = &cpu->calls[i];

			if (!call->suspended || call->resumes > RESUMES_MAX)
				continue;
			answer_right(cpu, call, true);
			call_resume(cpu, call);
			more = true;
		}
	} while (more);
	return threads && busy == threads;
}
