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
#include "samples.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
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

static void print_calls(const char *name, uint32_t rounds)
{
	long long took[CALLS];
	struct distribution d;

	for (unsigned int i = 0; i < CALLS; i++)
		took[i] = (long long)call_ns(rounds);
	d = distribution_of(took, CALLS);
	printf("%s\t%.1f\t%.1f\t%.1f\t%u\n", name, (double)d.p50 / 1e3,
	       (double)d.min / 1e3, (double)d.max / 1e3, CALLS);
}

/* ---- timers ---- */

static atomic_bool timers_end;
static long long late[TIMERS_MAX];
static unsigned int late_count;

static void *timers_run(void *unused)
{
	late_count = timers_late(late, TIMERS_MAX, &timers_end);
	return unused;
}

static void print_timers(const char *name)
{
	struct distribution d = distribution_of(late, late_count);

	printf("%s\t%.1f\t%.1f\t%.1f\t%u\n", name, (double)d.p50 / 1e3,
	       (double)d.p99 / 1e3, (double)d.max / 1e3, late_count);
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
