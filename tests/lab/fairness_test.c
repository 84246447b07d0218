// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a guest that never stops calling leaves to others: how long calls of
 * another guest and of the host take, and how late the host's timers are, on
 * the same CPU, alone and then beside it; for calls that are short and for one
 * that never ends, and for several budgets of re-entries. All of it is judged
 * by what it is alone, by the number of threads that share the CPU, and by the
 * scheduler's tick. Run as root with the host's TEE up, and with one
 * instruction as one nanosecond (lab/run --icount), or the machine outside is
 * measured as well. OP-TEE needs partitions for the host and two guests.
 *
 * Options: --calls N and --timers N in each measurement, --budgets N,N,...
 */
#define _GNU_SOURCE
#include "kill_call.h"
#include "samples.h"

#include <fcntl.h>
#include <getopt.h>
#include <linux/tee.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

/* A loop in OP-TEE of so many rounds; readers do not wait for each other. */
#define TESTS_MUTEX 7u
#define MUTEX_READER 1u
#define ROUNDS_SHORT 100u
#define ROUNDS_ENDLESS UINT32_MAX

#define BUDGETS_MAX 8u
#define SAMPLES_MAX 20000u
#define HOGS_MAX 4u
/* How long the hog is alone, to count its trips out of OP-TEE. */
#define ALONE_TICKS 100ll
#define TEE_PATH "/dev/tee0"

/* CONFIG_HZ of the board's kernels is 250. */
#define TICK_NS 4000000ll

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(sched_setaffinity(0, sizeof(set), &set) == 0, "CPU %d: %s", cpu,
	      strerror(errno));
}

static long long samples[SAMPLES_MAX];

/* ---- a guest's calls ---- */

struct caller {
	struct guest guest;
	uint32_t session;
};

static struct caller caller_open(uint32_t budget)
{
	const struct teegate_limits limits = { .calls = HOGS_MAX,
					       .resume_budget = budget };
	struct caller c = { .guest = call_guest_open(&limits) };

	c.session = call_open_session(&c.guest, &uuid_tests);
	return c;
}

static void call_prepare(struct caller *caller, struct call *c, unsigned int n,
			 uint32_t rounds)
{
	struct msg *m;

	call_init(&caller->guest, c, n);
	m = call_message(&caller->guest, c);
	message_invoke(m, caller->session, TESTS_MUTEX);
	m->params = 2;
	m->param[0].attr = MSG_ATTR_VALUE_IN;
	m->param[0].a = MUTEX_READER;
	m->param[0].b = rounds;
	m->param[1].attr = MSG_ATTR_VALUE_OUT;
	c->args = (struct teegate_smc){
		.x = { SMC_CALL_WITH_ARG, c->gpa >> 32, (uint32_t)c->gpa },
	};
}

static struct caller neighbour;

static void neighbour_call(void)
{
	struct call c;
	uint32_t ret;

	call_prepare(&neighbour, &c, 1, ROUNDS_SHORT);
	ret = call_whole(&neighbour.guest, &c);
	if (ret)
		check(false, "the neighbour's call: 0x%x", ret);
}

/* ---- the host's calls ---- */

#define HOST_PARAMS 2u

union host_invoke {
	struct tee_ioctl_invoke_arg arg;
	uint8_t bytes[sizeof(struct tee_ioctl_invoke_arg) +
		      HOST_PARAMS * sizeof(struct tee_ioctl_param)];
};

static int host_fd;
static uint32_t host_session;

static void host_open(void)
{
	struct tee_ioctl_open_session_arg arg = { .num_params = 0 };
	struct tee_ioctl_buf_data buf = { (uintptr_t)&arg, sizeof(arg) };

	memcpy(arg.uuid, uuid_tests.bytes, sizeof(arg.uuid));
	host_fd = open(TEE_PATH, O_RDWR | O_CLOEXEC);
	if (host_fd < 0 || ioctl(host_fd, TEE_IOC_OPEN_SESSION, &buf) ||
	    arg.ret) {
		printf("FAIL: no session of the host: %s, 0x%x\n",
		       strerror(errno), arg.ret);
		exit(1);
	}
	host_session = arg.session;
}

static void host_call(void)
{
	union host_invoke i = { .arg = { .func = TESTS_MUTEX,
					 .session = host_session,
					 .num_params = HOST_PARAMS } };
	struct tee_ioctl_buf_data buf = { (uintptr_t)&i, sizeof(i) };

	i.arg.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT;
	i.arg.params[0].a = MUTEX_READER;
	i.arg.params[0].b = ROUNDS_SHORT;
	i.arg.params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
	if (ioctl(host_fd, TEE_IOC_INVOKE, &buf) || i.arg.ret)
		check(false, "the host's call: %s, 0x%x", strerror(errno),
		      i.arg.ret);
}

static struct distribution calls_measure(void (*call)(void), unsigned int count)
{
	long long before = now_ns();

	for (unsigned int i = 0; i < count; i++) {
		long long after;

		call();
		after = now_ns();
		samples[i] = after - before;
		before = after;
	}
	return distribution_of(samples, count);
}

/* ---- the host's timers ---- */

static struct distribution timers_measure(unsigned int count)
{
	check(timers_late(samples, count, NULL) == count, "timers: %s",
	      strerror(errno));
	return distribution_of(samples, count);
}

/* ---- the guest that never stops ---- */

/* What it tells: how often it left OP-TEE, or came back from a call. */
struct hog_count {
	atomic_uint ready; /* threads that have begun */
	atomic_ullong trips;
	atomic_ullong calls;
};

static struct hog_count *hog_count;

struct hog {
	const char *what;
	uint32_t rounds;
	uint32_t budget;
	unsigned int threads; /* on each CPU */
};

/* OP-TEE has one call at a time in a session, so each thread has its own. */
static struct caller hog_callers[HOGS_MAX];
static const struct hog *hog_of;

static void *hog_thread(void *number)
{
	unsigned int n = (unsigned int)(uintptr_t)number;
	struct caller *caller = &hog_callers[n];
	struct call c;

	pin((int)(n / hog_of->threads));
	atomic_fetch_add(&hog_count->ready, 1);
	for (;;) {
		call_prepare(caller, &c, n + 1, hog_of->rounds);
		do {
			if (ioctl(caller->guest.fd, TEEGATE_SMC, &c.args))
				_exit(1);
			atomic_fetch_add(&hog_count->trips, 1);
			if ((uint32_t)c.args.x[0] != RET_RPC_FOREIGN_INTR)
				break;
			c.args.x[0] = SMC_RETURN_FROM_RPC;
		} while (true);
		if (c.args.x[0])
			_exit(2);
		atomic_fetch_add(&hog_count->calls, 1);
	}
	return NULL;
}

static void hog_body(const struct hog *hog, unsigned int cpus)
{
	struct caller first = caller_open(hog->budget);
	pthread_t thread;

	hog_of = hog;
	for (unsigned int n = 0; n < cpus * hog->threads; n++) {
		hog_callers[n] = first;
		if (n)
			hog_callers[n].session =
				call_open_session(&first.guest, &uuid_tests);
	}
	for (uintptr_t n = 0; n < cpus * hog->threads; n++)
		if (pthread_create(&thread, NULL, hog_thread, (void *)n))
			_exit(3);
	for (;;)
		pause();
}

static bool hog_has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
		       0 &&
	       info.si_pid == pid;
}

static pid_t hog_start(const struct hog *hog, unsigned int cpus)
{
	pid_t pid;

	*hog_count = (struct hog_count){ 0 };
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		hog_body(hog, cpus);
	/* Until its calls are in OP-TEE; a tick more for the last thread. */
	while (hog_count->ready < cpus * hog->threads && !hog_has_ended(pid))
		usleep(TICK_NS / 1000);
	usleep(TICK_NS * 5 / 1000);
	return pid;
}

/* How long it lives after SIGKILL. */
static long long hog_end(pid_t pid)
{
	long long before = now_ns();
	int status = 0;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status), "the guest ended by itself: 0x%x", status);
	return now_ns() - before;
}

/* Trips to the guest that one thread makes while nobody disturbs it. */
static unsigned long long hog_alone(unsigned int threads)
{
	struct timespec t = { 0, ALONE_TICKS * TICK_NS };
	unsigned long long before = hog_count->trips;

	nanosleep(&t, NULL);
	return (hog_count->trips - before) / threads;
}

/* ---- a row of the table ---- */

struct row {
	struct distribution neighbour, host, timers;
	long long killed_ns;
	unsigned long long trips;
};

static unsigned int calls = 2000, timers = 200;

static struct row row_measure(void)
{
	struct row r = { 0 };

	pin(0);
	r.neighbour = calls_measure(neighbour_call, calls);
	r.host = calls_measure(host_call, calls);
	r.timers = timers_measure(timers);
	return r;
}

static void print_distribution(const struct distribution *d)
{
	printf(" | %6.1f %6.1f %8.1f", (double)d->p50 / 1e3,
	       (double)d->p99 / 1e3, (double)d->max / 1e3);
}

static void table_head(void)
{
	printf("microseconds: median, p99, max, and times as long as alone; timers; from SIGKILL to the end; trips in %lld ticks\n",
	       ALONE_TICKS);
	printf("%-28s | the neighbour's calls | the host's calls | timers late | killed | trips\n",
	       "beside");
}

static void row_print(const char *what, const struct row *r,
		      const struct row *alone)
{
	printf("%-28s", what);
	print_distribution(&r->neighbour);
	printf(" %5.2f",
	       (double)r->neighbour.total / (double)alone->neighbour.total);
	print_distribution(&r->host);
	printf(" %5.2f", (double)r->host.total / (double)alone->host.total);
	print_distribution(&r->timers);
	printf(" | %6.1f | %llu\n", (double)r->killed_ns / 1e3, r->trips);
}

/* ---- the judgement ---- */

/*
 * What shares of the scheduler may differ by, and how late the first
 * instruction after an interrupt may be: OP-TEE gives the CPU back at once, but
 * the kernel and OP-TEE have stretches of their own that nothing interrupts.
 */
#define SHARE_ALLOWANCE 1.5
#define LATE_ALLOWANCE_NS (TICK_NS / 4)
/* A slice ends at a tick, so it may last nearly two. */
#define SLICE_TICKS 2ll
/* What a process and its partition take to go, on a CPU that is shared. */
#define END_TICKS 5ll

/* @k: threads that want the CPU, the measured one included. */
static void judge_calls(const char *whose, const char *what, unsigned int k,
			const struct distribution *d,
			const struct distribution *alone)
{
	check((double)d->total <= (double)alone->total * k * SHARE_ALLOWANCE,
	      "%s: %s calls take %.2f times as long, with %u threads on the CPU",
	      what, whose, (double)d->total / (double)alone->total, k);
	check(d->max <= alone->max + (k - 1) * SLICE_TICKS * TICK_NS,
	      "%s: one of %s calls takes %.1f us, alone %.1f", what, whose,
	      (double)d->max / 1e3, (double)alone->max / 1e3);
}

static void row_judge(const struct hog *hog, const char *what,
		      const struct row *r, const struct row *alone)
{
	unsigned int k = hog->threads + 1;
	unsigned long long most = ALONE_TICKS / (hog->budget + 1);

	judge_calls("the neighbour's", what, k, &r->neighbour,
		    &alone->neighbour);
	judge_calls("the host's", what, k, &r->host, &alone->host);
	check(r->timers.max <= alone->timers.max + LATE_ALLOWANCE_NS,
	      "%s: a timer of the host is %.1f us late, alone %.1f", what,
	      (double)r->timers.max / 1e3, (double)alone->timers.max / 1e3);
	check(r->killed_ns <= k * END_TICKS * TICK_NS,
	      "%s: it lives %.1f us after SIGKILL", what,
	      (double)r->killed_ns / 1e3);
	/* Other interrupts than ticks may make it more, never fewer. */
	if (hog->rounds == ROUNDS_ENDLESS && hog->threads == 1)
		check(r->trips + 2 >= most && r->trips <= 2 * most + 2,
		      "%s: %llu trips to the guest in %lld ticks, want %llu",
		      what, r->trips, ALONE_TICKS, most);
}

static void hog_measure(const struct hog *hog, unsigned int cpus,
			const struct row *alone)
{
	pid_t pid = hog_start(hog, cpus);
	unsigned long long trips = hog_alone(cpus * hog->threads);
	struct row r = row_measure();
	char what[64];

	r.trips = trips;
	r.killed_ns = hog_end(pid);
	snprintf(what, sizeof(what), "%s, budget %u, %u a CPU", hog->what,
		 hog->budget, hog->threads);
	row_print(what, &r, alone);
	row_judge(hog, what, &r, alone);
}

/* ---- options ---- */

static unsigned int budgets[BUDGETS_MAX] = { 1, 4, 1024 };
static unsigned int budgets_count = 3;

static void budgets_parse(char *text)
{
	budgets_count = 0;
	for (char *word = strtok(text, ",");
	     word && budgets_count < BUDGETS_MAX; word = strtok(NULL, ","))
		budgets[budgets_count++] =
			(unsigned int)strtoul(word, NULL, 10);
}

static const struct option options[] = {
	{ "calls", required_argument, NULL, 'c' },
	{ "timers", required_argument, NULL, 't' },
	{ "budgets", required_argument, NULL, 'b' },
	{ 0 },
};

static void options_read(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			calls = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 't':
			timers = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'b':
			budgets_parse(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (!calls || calls > SAMPLES_MAX || !timers || timers > SAMPLES_MAX)
		exit(2);
}

int main(int argc, char **argv)
{
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	struct row alone;

	setvbuf(stdout, NULL, _IOLBF, 0);
	options_read(argc, argv);
	hog_count = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (hog_count == MAP_FAILED)
		return 1;
	neighbour = caller_open(0);
	host_open();
	row_measure(); /* what is first is slower */
	alone = row_measure();
	table_head();
	row_print("nobody else", &alone, &alone);
	for (unsigned int i = 0; i < budgets_count; i++) {
		const struct hog hog = { "one call", ROUNDS_ENDLESS, budgets[i],
					 1 };

		hog_measure(&hog, cpus, &alone);
	}
	hog_measure(&(struct hog){ "short calls", 0, 4, 1 }, cpus, &alone);
	hog_measure(&(struct hog){ "one call", ROUNDS_ENDLESS, 4,
				   HOGS_MAX / cpus },
		    cpus, &alone);
	return check_end();
}
