// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest's life, from open to close, with its 1st, 2nd, 3rd ... allocation in
 * the kernel failing until a life meets no failure: nothing stays pinned, and
 * the next life works. Needs a kernel with /proc/self/fail-nth, set up by the
 * scenario uapi-fail. What such a failure may cost besides is for the kernel's
 * own watchers to say (KASAN, lockdep, kmemleak).
 */
#include "uapi_guest.h"

#include <fcntl.h>

#define FAIL_NTH "/proc/thread-self/fail-nth"
/* More allocations than any life makes. */
#define FAIL_MAX 5000u
#define LIFE_PAGES 100u

/* 0: none fails. */
static void fail_nth_set(int fd, unsigned int n)
{
	char text[16];
	int bytes = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(fd, text, bytes, 0) != bytes) {
		perror(FAIL_NTH);
		exit(1);
	}
}

/* How many allocations are left to the one that fails; 0 if it has. */
static unsigned int fail_nth_left(int fd)
{
	char text[16] = { 0 };

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0) {
		perror(FAIL_NTH);
		exit(1);
	}
	return (unsigned int)strtoul(text, NULL, 10);
}

/* How many of the life's steps succeeded; those after a failure are tried. */
static unsigned int life(struct guest *g)
{
	struct teegate_region ram = {
		.gpa = GUEST_GPA,
		.bytes = GUEST_BYTES,
		.hva = (uintptr_t)g->ram,
	};
	struct teegate_limits limits = { .calls = 2 };
	struct teegate_stats stats;
	unsigned int steps = 0;

	g->fd = open("/dev/teegate", O_RDWR | O_CLOEXEC);
	if (g->fd < 0)
		return 0;
	steps += !ioctl(g->fd, TEEGATE_SET_LIMITS, &limits);
	steps += !ioctl(g->fd, TEEGATE_SET_REGION, &ram);
	steps += !guest_register(g, LIFE_PAGES);
	steps += !guest_unregister(g);
	steps += !guest_register(g, LIFE_PAGES);
	steps += !ioctl(g->fd, TEEGATE_RESET, 0);
	steps += !guest_register(g, LIFE_PAGES);
	steps += !ioctl(g->fd, TEEGATE_GET_STATS, &stats);
	close(g->fd);
	return steps;
}

#define LIFE_STEPS 8u

int main(void)
{
	struct guest g = { .fd = -1, .ram = memory_map(GUEST_BYTES) };
	int nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	unsigned int steps, left, n;

	if (nth < 0) {
		skipped("failing allocations", "this kernel has no fail-nth");
		return 77;
	}
	memset(g.ram, 1, GUEST_BYTES);
	steps = life(&g);
	check(steps == LIFE_STEPS, "%u of a life's %u steps", steps,
	      LIFE_STEPS);
	for (n = 1; n < FAIL_MAX; n++) {
		fail_nth_set(nth, n);
		life(&g);
		left = fail_nth_left(nth);
		fail_nth_set(nth, 0);
		if (left)
			break;
		check_pinned("after a failure", 0);
		steps = life(&g);
		check(steps == LIFE_STEPS,
		      "%u of %u steps after allocation %u failed", steps,
		      LIFE_STEPS, n);
	}
	check(n > 10 && n < FAIL_MAX, "%u allocations in a life", n - 1);
	printf("%u allocations failed, one by one\n", n - 1);
	return check_end();
}
