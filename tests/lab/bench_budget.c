// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a long call costs those who share its CPU, and what they cost it: a
 * second of computation in OP-TEE, on the host or in a guest, while a
 * real-time thread on the same CPU sleeps until timers of 1.3 ms. In a guest
 * they are its own timers, and how soon it can take them while it is in OP-TEE
 * is what its budget of re-entries decides. For lab/run --icount, where a
 * nanosecond is an instruction. Prints lines of a name, three numbers in
 * microseconds, and how often was measured.
 *
 * Of the calls: median, least, most. Of the timers: median, the 99th of 100,
 * and the latest.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A loop in OP-TEE of so many rounds; readers do not wait for each other. */
#define TESTS_MUTEX 7u
#define MUTEX_READER 1u
#define ATTR_VALUE_INPUT 1u
#define ATTR_VALUE_OUTPUT 2u

#define CALLS 3u
#define CALL_NS 1000000000ull
#define TRY_ROUNDS 200000u
#define TRIES 8u
#define TIMER_NS 1300000ll
#define TIMER_PRIORITY 50
#define TIMERS_MAX 16384u

static int tee;
static uint32_t session;

static uint64_t call_ns(uint32_t rounds)
{
	const struct tee_param params[TEE_PARAMS] = {
		{ .attr = ATTR_VALUE_INPUT, .a = MUTEX_READER, .b = rounds },
		{ .attr = ATTR_VALUE_OUTPUT },
	};
	uint64_t start = clock_ns();
	uint32_t ret = tee_invoke(tee, session, TESTS_MUTEX, params);

	must(ret == 0, "the call: 0x%x", ret);
	return clock_ns() - start;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_calls(const char *name, uint32_t rounds)
{
	uint64_t took[CALLS];

	for (unsigned int i = 0; i < CALLS; i++)
		took[i] = call_ns(rounds);
	qsort(took, CALLS, sizeof(took[0]), by_value);
	printf("%s\t%.1f\t%.1f\t%.1f\t%u\n", name,
	       (double)took[CALLS / 2] / 1e3, (double)took[0] / 1e3,
	       (double)took[CALLS - 1] / 1e3, CALLS);
}

/* ---- timers ---- */

static atomic_bool timers_end;
static uint64_t late[TIMERS_MAX];
static unsigned int late_count;

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void *timers_run(void *unused)
{
	struct sched_param param = { .sched_priority = TIMER_PRIORITY };
	long long due;

	must(sched_setscheduler(0, SCHED_FIFO, &param) == 0, "SCHED_FIFO");
	due = now_ns() + TIMER_NS;
	while (!timers_end && late_count < TIMERS_MAX) {
		struct timespec t = { due / 1000000000, due % 1000000000 };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		late[late_count++] = (uint64_t)(now_ns() - due);
		/* The next that is to come, if this was very late. */
		while (due <= now_ns())
			due += TIMER_NS;
	}
	return unused;
}

static void print_timers(const char *name)
{
	qsort(late, late_count, sizeof(late[0]), by_value);
	printf("%s\t%.1f\t%.1f\t%.1f\t%u\n", name,
	       (double)late[late_count / 2] / 1e3,
	       (double)late[late_count - 1 - late_count / 100] / 1e3,
	       (double)late[late_count - 1] / 1e3, late_count);
	late_count = 0;
}

static pthread_t timers_start(void)
{
	pthread_t thread;

	timers_end = false;
	must(pthread_create(&thread, NULL, timers_run, NULL) == 0, "a thread");
	return thread;
}

static void timers_stop(pthread_t thread)
{
	timers_end = true;
	pthread_join(thread, NULL);
	must(late_count > 0, "no timer came");
}

int main(void)
{
	uint64_t tried = UINT64_MAX;
	uint32_t rounds;
	pthread_t thread;

	must(sysconf(_SC_NPROCESSORS_ONLN) == 1, "this is for one CPU");
	tee = tee_open();
	session = tee_session_open(tee, tee_uuid_tests);
	/* The shortest: an interrupt in it would be taken for computation. */
	for (unsigned int i = 0; i < TRIES; i++) {
		uint64_t took = call_ns(TRY_ROUNDS);

		if (took < tried)
			tried = took;
	}
	rounds = (uint32_t)(CALL_NS * TRY_ROUNDS / tried);
	print_calls("long-call-alone", rounds);
	thread = timers_start();
	usleep(CALL_NS / 1000);
	timers_stop(thread);
	print_timers("timers-alone");
	thread = timers_start();
	print_calls("long-call", rounds);
	timers_stop(thread);
	print_timers("timers");
	tee_session_close(tee, session);
	return 0;
}
