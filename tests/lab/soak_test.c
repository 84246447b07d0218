// SPDX-License-Identifier: BSD-2-Clause
/*
 * The part of a soak (lab/scenarios/soak.sh) that is on /dev/teegate and beside
 * others: VMMs that are killed in any state of a call, and guests that are
 * reset again and again and find nothing of their lives before. One guest at a
 * time. Also the measures of the machine in a soak's pauses, and the judgement
 * of all of them: what the soak does must leave the machine as flat as
 * kill_test's kills do. What is not looked at here, because others are at work,
 * kill_test and reset_test look at.
 *
 * --lives --until FILE --seed N [--most N]: lives until that file is there or N
 * are lived; --sample FILE: adds a measurement, nobody else at work; --judge
 * FILE: judges them.
 */
#define _GNU_SOURCE
#include "kill.h"
#include "kill_call.h"

#include <getopt.h>
#include <time.h>

#define RET_ERESUME 0x3u
#define CALLS_MAX 32u
#define RESETS_MAX 6u
#define SAMPLES_MAX 1000u

/* ---- a guest that is reset ---- */

static struct guest guest;
static unsigned int threads;

static void suspend(struct call *calls, unsigned int count, uint32_t session)
{
	for (unsigned int i = 0; i < count; i++) {
		uint32_t x0;

		call_init_time(&guest, &calls[i], i + 1, session);
		x0 = call_send(&guest, &calls[i]);
		check(x0 == RET_RPC_ALLOC, "call %u of %u: 0x%x", i + 1, count,
		      x0);
	}
	/* Some are one question further. */
	for (unsigned int i = 0; i < count; i += 2) {
		call_answer(&guest, &calls[i]);
		call_resume(&guest, &calls[i]);
	}
}

static void calls_unknown(struct call *calls, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		check(call_resume(&guest, &calls[i]) == RET_ERESUME,
		      "a call of the life before goes on: 0x%llx",
		      calls[i].args.x[0]);
}

static void reset_one(unsigned int count, bool with_ta)
{
	uint32_t session = call_open_session(&guest, &uuid_stats);
	struct call calls[CALLS_MAX];

	check(guest_register(&guest, BUFFER_PAGES) == 0, "register");
	if (with_ta)
		call_open_session(&guest, &uuid_os_test);
	suspend(calls, count, session);
	check_ioctl("reset", guest.fd, TEEGATE_RESET, NULL, 0);
	guest_nothing_left(&guest);
	calls_unknown(calls, count);
}

/* Each of OP-TEE's threads takes a call, there is none for one more. */
static void last_life(bool ends_calls)
{
	uint32_t session = call_open_session(&guest, &uuid_stats);
	struct call calls[CALLS_MAX], more;

	suspend(calls, threads, session);
	call_init_time(&guest, &more, threads + 1, session);
	check(call_send(&guest, &more) == RET_ETHREAD_LIMIT,
	      "more calls than OP-TEE has threads: 0x%llx", more.args.x[0]);
	for (unsigned int i = 0; ends_calls && i < threads; i++)
		check(call_end(&guest, &calls[i]) == 0, "a call's end");
}

static void life_body(int seed)
{
	const struct teegate_limits limits = { .calls = CALLS_MAX };
	struct teegate_info info = { 0 };
	unsigned int count;

	dice_seed((uint64_t)seed);
	guest = call_guest_open(&limits);
	check_ioctl("info", guest.fd, TEEGATE_GET_INFO, &info, 0);
	threads = info.tee_threads;
	if (!check(threads > 0 && threads + 1 < CALLS_MAX, "%u threads",
		   threads))
		return;
	count = 1 + dice() % RESETS_MAX;
	for (unsigned int i = 0; i < count && !failed; i++)
		reset_one(dice() % (threads + 1), dice() % 4 == 0);
	last_life(dice() % 2);
	if (dice() % 2)
		call_guest_close(&guest);
	printf("reset %u times\n", count);
}

/* ---- lives ---- */

static void lives_run(const char *until, uint64_t seed, unsigned int most)
{
	struct aim *aims = calloc(states_count(), sizeof(*aims));

	if (!aims)
		exit(1);
	kill_prepare();
	dice_seed(seed);
	for (unsigned int i = 0; i < most && access(until, F_OK) && !failed;
	     i++) {
		unsigned int n = dice() % states_count();
		bool reset = dice() % 3 == 0;

		if (reset) {
			in_child("reset", life_body,
				 (int)(dice() & INT32_MAX) | 1);
			continue;
		}
		kill_vmm(state_at(n), &aims[n], dice() % 2);
		printf("killed in state \"%s\"\n", state_at(n)->name);
	}
	free(aims);
}

/* ---- the machine ---- */

struct sample {
	double seconds;
	struct machine machine;
};

static int sample_take(const char *path)
{
	struct sample s;
	struct timespec now;
	FILE *f;

	machine_measure(&s.machine);
	clock_gettime(CLOCK_BOOTTIME, &now);
	s.seconds = (double)now.tv_sec;
	check(s.machine.of[MEASURE_PINS] == 0, "%lld pages stay pinned",
	      s.machine.of[MEASURE_PINS]);
	printf("free memory %lld KiB, slabs %lld KiB, %lld address spaces, OP-TEE's heaps %lld %lld %lld %lld bytes\n",
	       s.machine.of[MEASURE_FREE], s.machine.of[MEASURE_UNRECLAIMABLE],
	       s.machine.of[MEASURE_ADDRESS_SPACES],
	       s.machine.of[MEASURE_HOST_HEAP],
	       s.machine.of[MEASURE_HOST_NEXUS],
	       s.machine.of[MEASURE_HOST_TA_RAM],
	       s.machine.of[MEASURE_GUEST_HEAP]);
	f = fopen(path, "a");
	check(f && fwrite(&s, sizeof(s), 1, f) == 1 && fclose(f) == 0, "%s: %s",
	      path, strerror(errno));
	return check_end();
}

/* What the kernel's own doings move a little at any time. */
static bool is_noisy(unsigned int measure)
{
	return measure == MEASURE_FREE || measure == MEASURE_UNRECLAIMABLE ||
	       measure == MEASURE_ADDRESS_SPACES;
}

/*
 * The line with the least squares through a measure's samples; where it is at
 * the first and at the last.
 */
static void fit(const struct sample *s, unsigned int count,
		unsigned int measure, long long *first, long long *last)
{
	double t = 0, v = 0, tt = 0, tv = 0, slope;

	for (unsigned int i = 0; i < count; i++) {
		t += s[i].seconds / count;
		v += (double)s[i].machine.of[measure] / count;
	}
	for (unsigned int i = 0; i < count; i++) {
		double dt = s[i].seconds - t;

		tt += dt * dt;
		tv += dt * ((double)s[i].machine.of[measure] - v);
	}
	slope = tt > 0 ? tv / tt : 0;
	*first = (long long)(v + slope * (s[0].seconds - t));
	*last = (long long)(v + slope * (s[count - 1].seconds - t));
}

static void judge(const struct sample *s, unsigned int count)
{
	struct machine before = s[0].machine, after = s[count - 1].machine;

	for (unsigned int m = 0; m < MEASURE_COUNT; m++) {
		if (is_noisy(m)) {
			fit(s, count, m, &before.of[m], &after.of[m]);
			continue;
		}
		/* Some of which the last one knows nothing? */
		for (unsigned int i = 1; i < count; i++)
			if (s[i].machine.of[m] != before.of[m])
				after.of[m] = s[i].machine.of[m];
	}
	printf("%u measurements in %.0f s; memory by the line through them:\n",
	       count, s[count - 1].seconds - s[0].seconds);
	machine_compare(&before, &after);
}

static int judge_file(const char *path)
{
	static struct sample samples[SAMPLES_MAX];
	FILE *f = fopen(path, "r");
	unsigned int count = 0;

	if (f) {
		count = (unsigned int)fread(samples, sizeof(samples[0]),
					    SAMPLES_MAX, f);
		fclose(f);
	}
	if (check(count >= 2, "%s: %u measurements", path, count))
		judge(samples, count);
	return check_end();
}

/* ---- options ---- */

static const struct option options[] = {
	{ "lives", no_argument, NULL, 'l' },
	{ "until", required_argument, NULL, 'u' },
	{ "seed", required_argument, NULL, 's' },
	{ "most", required_argument, NULL, 'n' },
	{ "sample", required_argument, NULL, 'm' },
	{ "judge", required_argument, NULL, 'j' },
	{ 0 },
};

int main(int argc, char **argv)
{
	unsigned int most = UINT32_MAX;
	const char *until = NULL;
	uint64_t seed = 1;
	int c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	close(device_open());
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'l':
			break;
		case 'u':
			until = optarg;
			break;
		case 's':
			seed = strtoull(optarg, NULL, 10) | 1ull << 32;
			break;
		case 'n':
			most = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'm':
			return sample_take(optarg);
		case 'j':
			return judge_file(optarg);
		default:
			return 2;
		}
	}
	if (!until) {
		fprintf(stderr, "--until FILE is needed\n");
		return 2;
	}
	lives_run(until, seed, most);
	return check_end();
}
