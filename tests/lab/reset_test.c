// SPDX-License-Identifier: BSD-2-Clause
/*
 * Resets a guest on /dev/teegate again and again, and looks each time for what
 * is left of its former life: its sessions, buffers and suspended calls must be
 * unknown, nothing pinned, and all of OP-TEE's threads there. Then the machine
 * and OP-TEE's heaps are compared with before. Guests that are reset by QEMU
 * or by themselves are the scenario's (reset.sh). Run as root, with the host's
 * TEE up and nobody else using OP-TEE or pinning memory.
 *
 * Options: --resets N; --contexts N for how many TAs may be loaded at a reset,
 * as OP-TEE loses something each time (docs/reliability.md).
 */
#define _GNU_SOURCE
#include "kill.h"
#include "kill_call.h"

#include <getopt.h>

#define MSG_CLOSE_SESSION 2u
#define RET_ERESUME 0x3u
#define SESSIONS 4u
#define CALLS_MAX 32u
/* What is allocated once, by whomever, is allocated by then. */
#define WARM_RESETS 8u
#define PROGRESS 50u

enum end {
	END_QUIET, /* sessions and a shared buffer */
	END_RPC, /* and a call that OP-TEE waits for */
	END_THREADS, /* as many as OP-TEE has threads */
	END_TA, /* a TA is loaded */
	END_COUNT
};

/* What a life had when it ended. */
struct life {
	uint32_t sessions[SESSIONS];
	struct call calls[CALLS_MAX];
	unsigned int calls_count;
};

static struct guest guest;
static unsigned int threads, contexts_left = 8;

/* ---- a life ---- */

static void suspend_one(struct life *life)
{
	struct call *c = &life->calls[life->calls_count];
	uint32_t x0;

	call_init_time(&guest, c, life->calls_count + 1, life->sessions[0]);
	x0 = call_send(&guest, c);
	if (check(x0 == RET_RPC_ALLOC, "call %u: 0x%x", life->calls_count + 1,
		  x0))
		life->calls_count++;
}

/* One has got an argument buffer for its RPCs: OP-TEE and we both know it. */
static void suspend_calls(struct life *life, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		suspend_one(life);
	if (life->calls_count) {
		call_answer(&guest, &life->calls[0]);
		call_resume(&guest, &life->calls[0]);
		check(call_asks(&guest, &life->calls[0], RET_RPC_CMD,
				RPC_GET_TIME),
		      "the time is not asked for: 0x%llx",
		      life->calls[0].args.x[0]);
	}
}

static void live(struct life *life, enum end end)
{
	uint64_t ret = guest_register(&guest, BUFFER_PAGES);

	*life = (struct life){ 0 };
	check(ret == 0, "register: 0x%llx", (unsigned long long)ret);
	for (unsigned int i = 0; i < SESSIONS; i++)
		life->sessions[i] = call_open_session(&guest, &uuid_stats);
	if (end == END_TA)
		life->sessions[SESSIONS - 1] =
			call_open_session(&guest, &uuid_os_test);
	guest_open_session(&guest);
	check(guest_sum(&guest, BUFFER_COOKIE, 0, PAGE) == 0, "sum");
	if (end == END_RPC)
		suspend_calls(life, 1);
	if (end == END_THREADS)
		suspend_calls(life, threads);
	check(guest_stats(&guest).calls_in_flight == life->calls_count,
	      "calls in flight");
}

/* ---- what is left of it ---- */

static uint32_t invoke(uint32_t session)
{
	struct call c;

	call_init(&guest, &c, CALLS_MAX);
	message_invoke(call_message(&guest, &c), session, 0);
	return call_whole(&guest, &c);
}

static uint32_t close_session(uint32_t session)
{
	struct call c;
	struct msg *m;

	call_init(&guest, &c, CALLS_MAX);
	m = call_message(&guest, &c);
	m->cmd = MSG_CLOSE_SESSION;
	m->session = session;
	return call_whole(&guest, &c);
}

static void session_unknown(uint32_t id)
{
	uint32_t ret = invoke(id);

	check(ret == TEE_BAD_PARAMETERS,
	      "session %u of the life before answers: 0x%x", id, ret);
	ret = close_session(id);
	check(ret == TEE_BAD_PARAMETERS,
	      "session %u of the life before is closed: 0x%x", id, ret);
}

/*
 * OP-TEE would not know them either, so what counts is that it is not asked.
 * @except: the only number that means something in the new life.
 */
static void sessions_unknown(const struct life *life, uint32_t except)
{
	uint64_t before = guest_stats(&guest).refused[REFUSED_BAD_PARAMETER];
	uint64_t refused, asked = 0;

	for (unsigned int i = 0; i < SESSIONS; i++) {
		if (life->sessions[i] == except)
			continue;
		session_unknown(life->sessions[i]);
		asked += 2;
	}
	refused = guest_stats(&guest).refused[REFUSED_BAD_PARAMETER] - before;
	check(refused == asked,
	      "%llu of %llu calls in sessions of the life before were refused",
	      (unsigned long long)refused, (unsigned long long)asked);
}

/* Its buffer, by the name that it had. */
static void buffer_unknown(void)
{
	uint64_t ret;

	guest_open_session(&guest);
	ret = guest_sum(&guest, BUFFER_COOKIE, 0, PAGE);
	check(ret == TEE_BAD_PARAMETERS,
	      "the buffer of the life before is used: 0x%llx",
	      (unsigned long long)ret);
	ret = guest_unregister(&guest);
	check(ret == TEE_BAD_PARAMETERS,
	      "the buffer of the life before is unregistered: 0x%llx",
	      (unsigned long long)ret);
}

/* Resumed with the registers that OP-TEE's question came with. */
static void calls_unknown(const struct life *life)
{
	for (unsigned int i = 0; i < life->calls_count; i++) {
		struct call c = life->calls[i];
		uint32_t x0 = call_resume(&guest, &c);

		check(x0 == RET_ERESUME,
		      "a call of the life before goes on: 0x%x", x0);
	}
}

/* @lives: how many have ended. */
static void nothing_left(unsigned int lives)
{
	struct teegate_stats stats = guest_stats(&guest);

	check(stats.partitions == lives, "%llu partitions in %u lives",
	      (unsigned long long)stats.partitions, lives);
	guest_nothing_left(&guest);
	check(machine_pins() == 0, "%lld pages stay pinned", machine_pins());
}

/* Every thread of OP-TEE takes a call, and then none is left. */
static void threads_all_there(void)
{
	struct life life = { .sessions = {
				     call_open_session(&guest, &uuid_stats) } };
	struct call c;
	uint32_t x0;

	for (unsigned int i = 0; i < threads; i++)
		suspend_one(&life);
	call_init_time(&guest, &c, CALLS_MAX, life.sessions[0]);
	x0 = call_send(&guest, &c);
	check(x0 == RET_ETHREAD_LIMIT, "more calls than threads: 0x%x", x0);
	for (unsigned int i = 0; i < life.calls_count; i++)
		check(call_end(&guest, &life.calls[i]) == 0, "a call's end");
}

/* ---- resets ---- */

/* @n: how many this guest has had. */
static void reset_one(unsigned int n)
{
	enum end end = (enum end)(n % END_COUNT);
	struct life life;

	if (end == END_TA && !contexts_left)
		end = END_QUIET;
	contexts_left -= end == END_TA;
	live(&life, end);
	check_ioctl("reset", guest.fd, TEEGATE_RESET, NULL, 0);
	nothing_left(n + 1);
	/* Before the new life has anything, and when it has a session. */
	calls_unknown(&life);
	sessions_unknown(&life, 0);
	buffer_unknown();
	sessions_unknown(&life, guest.session);
	calls_unknown(&life);
	threads_all_there();
	check(close_session(guest.session) == 0, "close");
}

static void resets_run(unsigned int count)
{
	const struct teegate_limits limits = { .calls = CALLS_MAX + 1 };
	int before = failed;
	struct teegate_info info = { 0 };

	guest = call_guest_open(&limits);
	check_ioctl("info", guest.fd, TEEGATE_GET_INFO, &info, 0);
	threads = info.tee_threads;
	check(threads > 0 && threads < CALLS_MAX, "%u threads", threads);
	for (unsigned int i = 0; i < count && failed < 10; i++) {
		reset_one(i);
		if ((i + 1) % PROGRESS == 0)
			printf("%u of %u resets\n", i + 1, count);
	}
	call_guest_close(&guest);
	check_pinned("a guest's end", 0);
	printf("%s: %u resets, %u threads each time\n",
	       failed != before ? "FAIL" : "ok", count, threads);
}

/* ---- options ---- */

static const struct option options[] = {
	{ "resets", required_argument, NULL, 'r' },
	{ "contexts", required_argument, NULL, 'x' },
	{ 0 },
};

static unsigned int number(const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*end || v > 1000000) {
		fprintf(stderr, "\"%s\" is no number up to 1000000\n", text);
		exit(2);
	}
	return (unsigned int)v;
}

int main(int argc, char **argv)
{
	struct machine before, after;
	unsigned int count = 40;
	int c;

	close(device_open());
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'r':
			count = number(optarg);
			break;
		case 'x':
			contexts_left = number(optarg);
			break;
		default:
			return 2;
		}
	}
	resets_run(WARM_RESETS);
	machine_measure(&before);
	resets_run(count);
	machine_measure(&after);
	machine_compare(&before, &after);
	return check_end();
}
