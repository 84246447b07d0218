// SPDX-License-Identifier: BSD-2-Clause
/*
 * What one operation with OP-TEE costs, on the host or in a guest, in
 * nanoseconds, which are instructions under lab/run --icount. Prints a line
 * for each: its name, the median, the least and the most of the batches, and
 * how often this process waited in one operation. "rows" are those of the
 * table; "cost" are prices by pages shared and by cookies open; "throughput
 * THREADS SECONDS" counts calls, and wants seconds that are seconds. --node N
 * is where a guest's 4 KiB pages are 4 KiB pages of its VMM's as well.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <linux/tee.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FAST_CALL_TICKS "/sys/module/bench_smc/parameters/ticks"
#define FAST_CALL_CALLS "/sys/module/bench_smc/parameters/calls"
#define BUFFER_BYTES (16ull << 20)
#define COOKIES_MAX 256u
#define THREADS_MAX 16u
#define SETTLE_SECONDS_MAX 120u
/* Of what /proc/stat counts in. */
#define IDLE_GRAIN_NS 10000000ull

static int tee, node = -1;
static uint32_t tests, stats, plugin;
static uint8_t *buffers[2]; /* by enum memory_kind */

/* ---- operations ---- */

struct session_case {
	const uint8_t *uuid;
};

static void op_session(const void *arg)
{
	const struct session_case *c = arg;

	tee_session_close(tee, tee_session_open(tee, c->uuid));
}

struct invoke_case {
	uint32_t *session;
	uint32_t func, want;
	struct tee_param params[TEE_PARAMS];
};

static void op_invoke(const void *arg)
{
	const struct invoke_case *c = arg;
	uint32_t ret = tee_invoke(tee, *c->session, c->func, c->params);

	must(ret == c->want, "function %u ends with 0x%x, not 0x%x", c->func,
	     ret, c->want);
}

struct share_case {
	enum memory_kind kind;
	uint64_t bytes;
};

static void op_share(const void *arg)
{
	const struct share_case *c = arg;
	int fd;

	tee_share(tee, buffers[c->kind], c->bytes, &fd);
	must(close(fd) == 0, "close");
}

/* ---- rows ---- */

static void print_sample(const char *name, struct sample s)
{
	printf("%s\t%.0f\t%.0f\t%.0f\t%.1f\n", name, s.median, s.min, s.max,
	       s.waits);
	fflush(stdout);
}

/* Nobody but tee-supplicant may be waited for: waiting is not work. */
static void row(const char *name, void (*op)(const void *), const void *arg,
		unsigned int count, unsigned int batches, bool waits_too)
{
	uint64_t idle = idle_ns();
	uint64_t start = clock_ns();
	struct sample s = measure(op, arg, count, batches);

	idle = idle_ns() - idle;
	start = clock_ns() - start;
	print_sample(name, s);
	must(waits_too || s.waits == 0, "%s waits %.2f times", name, s.waits);
	/* A CPU that sleeps lets time pass and does nothing. */
	must(idle <= start / 20 + IDLE_GRAIN_NS, "%s: idle for %llu ms of %llu",
	     name, (unsigned long long)idle / 1000000,
	     (unsigned long long)start / 1000000);
}

static uint64_t file_value(const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned long long value = 0;

	must(f && fscanf(f, "%llu", &value) == 1, "%s", path);
	fclose(f);
	return value;
}

/* The module counts ticks by itself; see tests/lab/smc/bench_smc.c. */
static void row_fast_call(void)
{
	uint64_t calls = file_value(FAST_CALL_CALLS);
	struct sample s = { .min = 1e18 };
	double all[15];
	uint64_t frequency;
	unsigned int i, j;

	asm volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	file_value(FAST_CALL_TICKS);
	for (i = 0; i < 15; i++) {
		double ns = (double)file_value(FAST_CALL_TICKS) * 1e9 /
			    (double)frequency / (double)calls;

		for (j = i; j > 0 && all[j - 1] > ns; j--)
			all[j] = all[j - 1];
		all[j] = ns;
	}
	s.median = all[7];
	s.min = all[0];
	s.max = all[14];
	print_sample("fast-call", s);
}

static void rows_invoke(void)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} sizes[] = {
		{ "invoke-1k", 1 << 10 },
		{ "invoke-64k", 64 << 10 },
		{ "invoke-1m", 1 << 20 },
	};
	struct invoke_case none = { .session = &tests, .func = TESTS_PARAMS };
	struct invoke_case c = { .session = &tests,
				 .func = TESTS_NONE,
				 .want = TEE_BAD_PARAMETERS };
	int id, fd;

	none.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT;
	row("invoke-none", op_invoke, &none, 20, 15, false);
	id = tee_share(tee, buffers[MEMORY_SMALL], 1 << 20, &fd);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		c.params[0] = tee_memref(TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT,
					 id, sizes[i].bytes);
		row(sizes[i].name, op_invoke, &c, 20, 15, false);
	}
	close(fd);
}

static void rows_share(void)
{
	static const struct {
		const char *name;
		struct share_case c;
		unsigned int count;
	} shares[] = {
		{ "shm-4k", { MEMORY_SMALL, 4 << 10 }, 10 },
		{ "shm-4k-thp", { MEMORY_HUGE, 4 << 10 }, 10 },
		{ "shm-1m", { MEMORY_SMALL, 1 << 20 }, 3 },
		{ "shm-1m-thp", { MEMORY_HUGE, 1 << 20 }, 3 },
		{ "shm-16m", { MEMORY_SMALL, 16 << 20 }, 1 },
		{ "shm-16m-thp", { MEMORY_HUGE, 16 << 20 }, 1 },
	};

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		row(shares[i].name, op_share, &shares[i].c, shares[i].count, 11,
		    false);
}

static void rows_rpc(void)
{
	struct invoke_case time = { .session = &stats, .func = STATS_GET_TIME };
	struct invoke_case ask = { .session = &plugin,
				   .func = PLUGIN_GET_ARRAY };
	int id, fd;

	time.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
	time.params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
	row("rpc-kernel", op_invoke, &time, 20, 15, false);
	id = tee_share(tee, buffers[MEMORY_SMALL], PAGE_BYTES, &fd);
	ask.params[0] =
		tee_memref(TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT, id, 64);
	ask.params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
	row("rpc-supplicant", op_invoke, &ask, 10, 15, true);
	close(fd);
}

static int rows(void)
{
	static const struct session_case pta = { tee_uuid_tests };
	static const struct session_case ta = { tee_uuid_sims };

	stats = tee_session_open(tee, tee_uuid_stats);
	plugin = tee_session_open(tee, tee_uuid_plugin);
	/* Has it loaded. */
	tee_session_open(tee, tee_uuid_sims);
	row_fast_call();
	row("session-pta", op_session, &pta, 10, 15, false);
	row("session-ta", op_session, &ta, 10, 15, false);
	rows_invoke();
	rows_share();
	rows_rpc();
	return 0;
}

/* ---- prices ---- */

static int cost_pages(void)
{
	char name[32];

	for (uint64_t pages = 1; pages <= BUFFER_BYTES / PAGE_BYTES;
	     pages *= 4) {
		struct share_case c = { MEMORY_SMALL, pages * PAGE_BYTES };

		snprintf(name, sizeof(name), "pages-%llu",
			 (unsigned long long)pages);
		row(name, op_share, &c, pages < 64 ? 10 : 1, 11, false);
	}
	return 0;
}

/* The buffer in use is the first that was shared, so the last in a list. */
static int cost_cookies(void)
{
	struct share_case share = { MEMORY_SMALL, PAGE_BYTES };
	struct invoke_case c = { .session = &tests,
				 .func = TESTS_NONE,
				 .want = TEE_BAD_PARAMETERS };
	unsigned int open = 0;
	char name[48];
	int fd;

	c.params[0] = tee_memref(TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT,
				 tee_share(tee, buffers[MEMORY_SMALL],
					   PAGE_BYTES, &fd),
				 PAGE_BYTES);
	for (unsigned int want = 1; want <= COOKIES_MAX; want *= 4) {
		for (; open < want - 1; open++)
			tee_share(tee,
				  buffers[MEMORY_SMALL] + open * PAGE_BYTES,
				  PAGE_BYTES, &fd);
		snprintf(name, sizeof(name), "cookies-invoke-%u", want);
		row(name, op_invoke, &c, 20, 11, false);
		snprintf(name, sizeof(name), "cookies-share-%u", want);
		row(name, op_share, &share, 10, 11, false);
	}
	return 0;
}

/* ---- throughput ---- */

static atomic_bool stop;
static _Atomic unsigned long long total;

static void *worker(void *arg)
{
	struct tee_param params[TEE_PARAMS] = { 0 };
	unsigned long long calls = 0;
	int mine = tee_open();
	uint32_t session = tee_session_open(mine, tee_uuid_tests);

	(void)arg;
	params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT;
	while (!stop) {
		must(tee_invoke(mine, session, TESTS_PARAMS, params) == 0,
		     "a call fails");
		calls++;
	}
	total += calls;
	return NULL;
}

static int throughput(unsigned int threads, unsigned int seconds)
{
	pthread_t ids[THREADS_MAX];
	uint64_t start;

	must(threads > 0 && threads <= THREADS_MAX, "%u threads", threads);
	start = clock_ns();
	for (unsigned int i = 0; i < threads; i++)
		must(pthread_create(&ids[i], NULL, worker, NULL) == 0,
		     "pthread_create");
	sleep(seconds);
	stop = true;
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	printf("calls\t%.0f\n",
	       (double)total * 1e9 / (double)(clock_ns() - start));
	return 0;
}

/* A kernel that has just come up still tests its cryptography, for one. */
static void settle(void)
{
	for (unsigned int n = 0; n < SETTLE_SECONDS_MAX; n++) {
		uint64_t idle = idle_ns(), start = clock_ns();

		sleep(1);
		idle = idle_ns() - idle;
		if (idle >= (clock_ns() - start) / 20 * 19)
			return;
	}
	must(false, "busy with something else for %u s", SETTLE_SECONDS_MAX);
}

static int usage(void)
{
	fprintf(stderr, "usage: bench_calls [--node N] rows|cost\n"
			"       bench_calls throughput THREADS SECONDS\n");
	return 2;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "throughput") == 0)
		return throughput((unsigned int)atoi(argv[2]),
				  (unsigned int)atoi(argv[3]));
	if (argc == 4 && strcmp(argv[1], "--node") == 0) {
		node = atoi(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (argc != 2)
		return usage();
	must(mlockall(MCL_CURRENT) == 0, "mlockall");
	settle();
	tee = tee_open();
	tests = tee_session_open(tee, tee_uuid_tests);
	buffers[MEMORY_SMALL] = memory_get(MEMORY_SMALL, BUFFER_BYTES, node);
	if (strcmp(argv[1], "cost") == 0)
		return cost_pages() || cost_cookies();
	if (strcmp(argv[1], "rows") != 0)
		return usage();
	buffers[MEMORY_HUGE] = memory_get(MEMORY_HUGE, BUFFER_BYTES, -1);
	return rows();
}
