/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the programs share that measure how long others have to wait: samples
 * of time, what they come to, and timers that say how late they are.
 */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stdatomic.h>
#include <stdbool.h>

/* Nanoseconds. */
struct distribution {
	long long total, min, p50, p99, max;
};

/* CLOCK_MONOTONIC. */
long long now_ns(void);

/* Sorts the samples, of which there is one at least. */
struct distribution distribution_of(long long *samples, unsigned int count);

/*
 * Makes this thread a real-time one, sleeps until @max timers, one each 1.3 ms,
 * or until *@end if that is not NULL, and makes the thread an ordinary one
 * again. @late gets how long after each it was awake. Returns how many they
 * were: 0 with errno if there is no real-time for this thread.
 */
unsigned int timers_late(long long *late, unsigned int max,
			 const atomic_bool *end);

#endif
