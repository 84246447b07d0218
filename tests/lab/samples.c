// SPDX-License-Identifier: BSD-2-Clause
/* Samples of time, and timers that say how late they are. */
#define _GNU_SOURCE
#include "samples.h"

#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_SECOND 1000000000ll
#define TIMER_NS 1300000ll
#define TIMER_PRIORITY 50

long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

struct distribution distribution_of(long long *samples, unsigned int count)
{
	struct distribution d = { 0 };

	for (unsigned int i = 0; i < count; i++)
		d.total += samples[i];
	qsort(samples, count, sizeof(samples[0]), by_value);
	d.min = samples[0];
	d.p50 = samples[count / 2];
	d.p99 = samples[count - 1 - count / 100];
	d.max = samples[count - 1];
	return d;
}

unsigned int timers_late(long long *late, unsigned int max,
			 const atomic_bool *end)
{
	struct sched_param param = { .sched_priority = TIMER_PRIORITY };
	long long due = now_ns() + TIMER_NS;
	unsigned int count = 0;

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		return 0;
	while (count < max && !(end && *end)) {
		struct timespec t = { due / NS_PER_SECOND,
				      due % NS_PER_SECOND };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		late[count++] = now_ns() - due;
		/* The next that is to come, if this was very late. */
		while (due <= now_ns())
			due += TIMER_NS;
	}
	param.sched_priority = 0;
	sched_setscheduler(0, SCHED_OTHER, &param);
	return count;
}
