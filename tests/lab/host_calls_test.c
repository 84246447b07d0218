// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest that calls OP-TEE without an end while things happen to the host,
 * from three threads, and checks each result: the time from a pseudo TA (RPCs
 * ALLOC, GET_TIME, FREE), the search for a TA that does not exist (SHM_ALLOC,
 * FS, LOAD_TA, SHM_FREE), and sums of a shared buffer (FOREIGN_INTR). Before
 * each answer the thread moves to another CPU than the one that it was on when
 * OP-TEE suspended the call. Ends with SIGTERM and says how much that was; "life
 * N" is on its output whenever a guest has ended and the next one begins.
 */
#define _GNU_SOURCE
#include "kill_call.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

/* Of each kind in a guest's life: what OP-TEE asks for must fit the arena. */
#define CALLS_PER_LIFE 12u
#define ANSWERS_MAX 10000u
#define CPUS_MAX 64
#define TESTS_SUM 1u
#define SUM_BYTES (BUFFER_PAGES * PAGE)

static volatile sig_atomic_t stopping;
static atomic_uint calls, bad, resumes, moved, stuck;
static struct guest guest;
static uint32_t stats_session, absent_result;

static void on_term(int sig)
{
	(void)sig;
	stopping = 1;
}

/* ---- moving ---- */

/*
 * To the next CPU that takes it: one that is offline does not. The kernel may
 * move the thread again if that CPU goes; it counts where it is in the end.
 */
static void move_from(int cpu)
{
	int now;

	for (int i = 1; i < CPUS_MAX; i++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET((cpu + i) % CPUS_MAX, &set);
		if (sched_setaffinity(0, sizeof(set), &set) == 0)
			break;
	}
	now = sched_getcpu();
	atomic_fetch_add(&resumes, 1);
	if (now != cpu)
		atomic_fetch_add(&moved, 1);
}

static bool is_rpc(uint64_t x0)
{
	return (uint32_t)x0 >> 16 == 0xffff && (uint32_t)x0 != RET_UNKNOWN;
}

/* From the first SMC to the end, on another CPU after each RPC. */
static uint32_t call_moving(struct call *c)
{
	c->args = (struct teegate_smc){
		.x = { SMC_CALL_WITH_ARG, c->gpa >> 32, (uint32_t)c->gpa },
	};
	for (unsigned int i = 0; i < ANSWERS_MAX; i++) {
		int cpu = sched_getcpu();

		if (ioctl(guest.fd, TEEGATE_SMC, &c->args))
			return UINT32_MAX;
		if (!is_rpc(c->args.x[0]))
			return c->args.x[0] ? UINT32_MAX :
					      call_message(&guest, c)->ret;
		call_answer(&guest, c);
		move_from(cpu);
		c->args.x[0] = SMC_RETURN_FROM_RPC;
	}
	atomic_fetch_add(&stuck, 1);
	return UINT32_MAX;
}

static void count(const char *what, bool ok, uint32_t ret)
{
	atomic_fetch_add(&calls, 1);
	if (ok)
		return;
	if (atomic_fetch_add(&bad, 1) < 10)
		printf("FAIL: %s: 0x%x\n", what, ret);
}

/* ---- the three threads ---- */

static void *time_body(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < CALLS_PER_LIFE && !stopping; i++) {
		struct call c;
		uint32_t ret;

		call_init_time(&guest, &c, 1, stats_session);
		ret = call_moving(&c);
		count("time", ret == 0, ret);
	}
	return NULL;
}

static void *load_body(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < CALLS_PER_LIFE && !stopping; i++) {
		struct call c;
		uint32_t ret;

		call_init(&guest, &c, 2);
		message_open(call_message(&guest, &c), &uuid_absent);
		ret = call_moving(&c);
		count("no TA", ret == absent_result, ret);
	}
	return NULL;
}

static uint8_t buffer_sum(void)
{
	uint8_t sum = 0;

	for (unsigned int i = 0; i < BUFFER_PAGES; i++)
		sum += page_sum(guest_at(&guest, BUFFER_GPA + i * PAGE));
	return sum;
}

static void *sum_body(void *unused)
{
	uint8_t *first = guest_at(&guest, BUFFER_GPA);

	(void)unused;
	for (unsigned int i = 0; i < CALLS_PER_LIFE && !stopping; i++) {
		struct call c;
		struct msg *m;
		uint8_t want;
		uint32_t ret;

		page_fill(guest_at(&guest, BUFFER_GPA + i * PAGE), i);
		want = buffer_sum();
		call_init(&guest, &c, 3);
		m = call_message(&guest, &c);
		message_invoke(m, guest.session, TESTS_SUM);
		m->params = 1;
		m->param[0].attr = MSG_ATTR_RMEM_INOUT;
		m->param[0].b = SUM_BYTES;
		m->param[0].c = BUFFER_COOKIE;
		ret = call_moving(&c);
		count("sum", ret == 0 && *first == want, ret);
	}
	return NULL;
}

/* A budget of one: each interrupt of the host comes back to us. */
static void life(void)
{
	static void *(*const bodies[])(void *) = { time_body, load_body,
						   sum_body };
	const struct teegate_limits limits = { .resume_budget = 1 };
	pthread_t threads[3];
	struct call c;

	guest = call_guest_open(&limits);
	stats_session = call_open_session(&guest, &uuid_stats);
	guest_open_session(&guest);
	check(guest_register(&guest, BUFFER_PAGES) == 0, "register");
	if (!absent_result) {
		call_init(&guest, &c, 2);
		message_open(call_message(&guest, &c), &uuid_absent);
		absent_result = call_whole(&guest, &c);
		check(absent_result >> 16 == 0xffff && ~absent_result,
		      "a TA that does not exist: 0x%x", absent_result);
	}
	for (unsigned int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, bodies[i], NULL))
			exit(1);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	check(guest_stats(&guest).calls_in_flight == 0, "calls left");
	call_guest_close(&guest);
}

int main(void)
{
	unsigned int lives = 0;

	signal(SIGTERM, on_term);
	/* Others wait for the lines. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (!stopping && !failed && !bad) {
		life();
		printf("life %u: %u calls\n", ++lives, calls);
	}
	printf("%u calls in %u lives, %u answers to OP-TEE, %u of them from "
	       "another CPU than the question came to\n",
	       calls, lives, resumes, moved);
	check(bad == 0 && stuck == 0, "%u wrong results, %u calls without end",
	      bad, stuck);
	check(moved > resumes / 4, "hardly any answer from another CPU");
	return check_end();
}
