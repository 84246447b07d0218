// SPDX-License-Identifier: BSD-2-Clause
/*
 * Kills VMMs by SIGKILL in each state of a call (kill_states_*.c), and looks
 * after each kill for what is left of them: pins, locked memory, a partition,
 * threads of OP-TEE, a reference to the module. Then makes and ends guests, one
 * after another, and compares the machine with what it was before. Run as root,
 * with the host's TEE up and nobody else using OP-TEE or pinning memory.
 *
 * Options: --kills N and --cycles N in total, --seed N for the moments of the
 * kills that race, --only NAME for one state, --contexts N for how many TAs may
 * be loaded when their guests are killed.
 */
#define _GNU_SOURCE
#include "kill.h"
#include "kill_call.h"

#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SMC_EXCHANGE_CAPABILITIES 0xb2000009u
#define REACH_MS 300000
#define JUDGE_CALLS 32u
#define MEMLOCK_PAGES 64ull
/* Ids that teegate.ko gives out, round and round. */
#define VMID_FIRST 2u
#define VMID_LAST 63u
#define WARM_CYCLES 70u
/*
 * A race begins so many microseconds after it was announced, so that whoever
 * kills is awake by then. Where the kill is aimed at, first and at most.
 */
#define RACE_DELAY 3000u
#define AIM_MIN 200u
#define AIM_MAX 60000u

/*
 * OP-TEE has 64 pairs of ASIDs for the TAs of all guests and of the host, and
 * never takes those back that a guest had when it was destroyed (optee_os issue
 * 6904, not solved in 4.10.0). When they are used up, no TA loads for anybody.
 */
#define CONTEXTS 56u

struct shared *shared;

static unsigned int kills, raced_early, raced_in_time, raced_late;
static unsigned int contexts_left = CONTEXTS;
static long long module_users;
static uint64_t dice_state = 1;

static uint32_t dice(void)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (uint32_t)(dice_state >> 16);
}

/* ---- the witness: who shares the VMM's memory and is not killed ---- */

static int witness_pipe[2];
static int witness_answer[2];
static int witness_closes;

/*
 * System calls alone, as the thread's data are the VMM's. Waits for the word
 * and tells what is pinned of the memory that both have.
 */
static int witness_body(void *unused)
{
	static char text[8192];
	long bytes;
	int fd;

	(void)unused;
	syscall(SYS_close, witness_closes);
	syscall(SYS_read, witness_pipe[0], text, 1);
	fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/status", O_RDONLY);
	bytes = syscall(SYS_read, fd, text, sizeof(text));
	syscall(SYS_write, witness_answer[1], text, bytes);
	syscall(SYS_exit, 0);
	return 0;
}

/* A child of our parent, started before the VMM opens anything. */
static void witness_start(void)
{
	const size_t bytes = 64 * 1024;
	char *stack = memory_map(bytes);

	shared->witness = clone(witness_body, stack + bytes,
				CLONE_VM | CLONE_PARENT | SIGCHLD, NULL);
	if (shared->witness < 0)
		exit(1);
}

/* The VMM is dead and its memory is not: nothing may be pinned of it. */
static void witness_ask(const char *what)
{
	static char text[8193];
	long long kib = -1;
	ssize_t bytes;
	char *at;

	if (write(witness_pipe[1], "?", 1) != 1)
		exit(1);
	bytes = read(witness_answer[0], text, sizeof(text) - 1);
	text[bytes > 0 ? bytes : 0] = '\0';
	at = strstr(text, "VmPin:");
	if (at)
		kib = strtoll(at + strlen("VmPin:"), NULL, 10);
	check(kib == 0, "%s: %lld KiB are still charged as locked", what, kib);
	waitpid(shared->witness, NULL, 0);
}

/* ---- the VMM ---- */

static void vmm_body(const struct state *state, int out, bool witnessed)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	witness_closes = out;
	if (witnessed)
		witness_start();
	passed = failed = 0;
	state->reach();
	if (failed)
		_exit(1);
	if (write(out, "r", 1) != 1)
		_exit(1);
	if (state->race) {
		usleep(RACE_DELAY);
		shared->racing = true;
		state->race();
		if (write(out, "l", 1) != 1)
			_exit(1);
	}
	for (;;)
		pause();
}

static bool byte_arrives(int fd, char want, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char got = 0;

	return poll(&p, 1, ms) == 1 && read(fd, &got, 1) == 1 && got == want;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
		       0 &&
	       info.si_pid == pid;
}

/* Somewhere in what the state does; when that is, is learnt on the way. */
static void race_and_kill(pid_t pid, int in, unsigned int *aim)
{
	bool early, late;

	usleep(*aim * 3 / 4 + dice() % (*aim / 2));
	late = has_ended(pid);
	kill(pid, SIGKILL);
	early = !shared->racing;
	late = late || byte_arrives(in, 'l', 0);
	if (early) {
		raced_early++;
		*aim += *aim / 8;
	} else if (late) {
		raced_late++;
		*aim -= *aim / 8;
	} else {
		raced_in_time++;
		*aim += dice() % 2 ? *aim / 16 : -(*aim / 16);
	}
	if (*aim < AIM_MIN)
		*aim = AIM_MIN;
	if (*aim > AIM_MAX)
		*aim = AIM_MAX;
}

/* ---- the judge ---- */

static struct guest judge_guest;

/* Each of OP-TEE's threads gets a call, and there is none for one more. */
static void judge_threads(void)
{
	uint32_t session = call_open_session(&judge_guest, &uuid_stats);
	struct teegate_info info = { 0 };
	uint32_t x0;
	struct call c;

	check_ioctl("info", judge_guest.fd, TEEGATE_GET_INFO, &info, 0);
	check(info.tee_threads > 0 && info.tee_threads < JUDGE_CALLS,
	      "%u threads", info.tee_threads);
	for (unsigned int i = 0; i < info.tee_threads; i++) {
		call_init_time(&judge_guest, &c, i, session);
		x0 = call_send(&judge_guest, &c);
		check(x0 == RET_RPC_ALLOC, "call %u of %u: 0x%x", i + 1,
		      info.tee_threads, x0);
	}
	call_init_time(&judge_guest, &c, JUDGE_CALLS, session);
	check(call_send(&judge_guest, &c) == RET_ETHREAD_LIMIT,
	      "more calls than OP-TEE has threads");
}

/* The whole of its limit is a new VMM's, and no page more. */
static void judge_memlock(void)
{
	const struct rlimit limit = { MEMLOCK_PAGES * PAGE,
				      MEMLOCK_PAGES * PAGE };

	setrlimit(RLIMIT_MEMLOCK, &limit);
	if (setresuid(65534, 65534, 65534))
		check(false, "setresuid: %s", strerror(errno));
	check(guest_register(&judge_guest, MEMLOCK_PAGES + 1) ==
		      TEE_OUT_OF_MEMORY,
	      "more shared than RLIMIT_MEMLOCK");
	check(guest_register(&judge_guest, MEMLOCK_PAGES) == 0,
	      "as much shared as RLIMIT_MEMLOCK");
	check_pinned("a new guest's buffer", MEMLOCK_PAGES);
	check(guest_unregister(&judge_guest) == 0, "unregister");
	check_pinned("a new guest's buffer, taken back", 0);
}

/* A new guest has at once all that the former had. */
static void judge_body(int unused)
{
	const struct teegate_limits limits = { .calls = JUDGE_CALLS + 1 };
	struct teegate_smc args = { .x = { SMC_EXCHANGE_CAPABILITIES } };

	(void)unused;
	judge_guest = call_guest_open(&limits);
	check_ioctl("capabilities", judge_guest.fd, TEEGATE_SMC, &args, 0);
	if (!check(args.x[0] == 0 && args.events == 0,
		   "no partition for a new guest: 0x%llx, events 0x%x",
		   args.x[0], args.events))
		return;
	judge_threads();
	check_ioctl("reset", judge_guest.fd, TEEGATE_RESET, NULL, 0);
	judge_memlock();
	call_guest_close(&judge_guest);
}

static void judge(const char *what)
{
	int before = failed;
	long long n = machine_pins();

	check(n == 0, "%s: %lld pages stay pinned", what, n);
	n = machine_module_users();
	check(n == module_users, "%s: the module has %lld users, want %lld",
	      what, n, module_users);
	in_child(what, judge_body, -1);
	if (failed != before)
		printf("FAIL: after a kill in state \"%s\"\n", what);
}

/* ---- kills ---- */

/* Pipes that no VMM has left anything in. */
static void pipes_make(int p[2])
{
	if (pipe(p) || pipe(witness_pipe) || pipe(witness_answer)) {
		perror("pipe");
		exit(1);
	}
}

static void pipes_close(int p[2])
{
	close(p[0]);
	for (int i = 0; i < 2; i++) {
		close(witness_pipe[i]);
		close(witness_answer[i]);
	}
}

/* @aim: when a race is cut off, as far as known. */
static void kill_one(const struct state *state, unsigned int *aim)
{
	bool witnessed = kills % 2;
	int status = 0;
	pid_t pid;
	int p[2];

	fflush(stdout);
	pipes_make(p);
	*shared = (struct shared){ 0 };
	pid = fork();
	if (pid == 0)
		vmm_body(state, p[1], witnessed);
	close(p[1]);
	check(byte_arrives(p[0], 'r', REACH_MS), "%s: not reached",
	      state->name);
	if (state->race)
		race_and_kill(pid, p[0], aim);
	else
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!state->race)
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		      "%s: the VMM ended by itself: 0x%x", state->name, status);
	if (shared->helper)
		waitpid(shared->helper, NULL, 0);
	if (shared->witness)
		witness_ask(state->name);
	pipes_close(p);
	kills++;
	judge(state->name);
}

static void kill_state(const struct state *state, unsigned int count)
{
	unsigned int aim = RACE_DELAY;
	int before = failed;

	raced_early = raced_in_time = raced_late = 0;
	for (unsigned int i = 0; i < count && failed < 10; i++)
		kill_one(state, &aim);
	printf("%s: %u kills in state \"%s\"", failed != before ? "FAIL" : "ok",
	       count, state->name);
	if (state->race)
		printf(", %u in time, %u before, %u after", raced_in_time,
		       raced_early, raced_late);
	printf("\n");
}

static const struct state *state_at(unsigned int i)
{
	return i < states_call_count ? &states_call[i] :
				       &states_kernel[i - states_call_count];
}

static unsigned int states_count(void)
{
	return states_call_count + states_kernel_count;
}

/* How many kills a state gets of @count, with @lossy for each lossy one. */
static unsigned int share_of(unsigned int n, unsigned int count,
			     unsigned int lossy)
{
	unsigned int others = 0, left = count, before = 0;

	for (unsigned int i = 0; i < states_count(); i++) {
		if (state_at(i)->contexts) {
			left -= left < lossy ? left : lossy;
			continue;
		}
		others++;
		before += i < n;
	}
	if (state_at(n)->contexts)
		return lossy;
	return left * (before + 1) / others - left * before / others;
}

/*
 * @count in all, spread over the states, at least one each. Of the TA contexts
 * that OP-TEE may lose a share is for each state that loses some.
 */
static void kill_all(unsigned int count, const char *only)
{
	unsigned int lossy = 0, done = 0;

	for (unsigned int i = 0; i < states_count(); i++)
		lossy += state_at(i)->contexts;
	lossy = contexts_left / lossy;
	if (lossy > count / states_count())
		lossy = count / states_count();
	for (unsigned int i = 0; i < states_count() && failed < 10; i++) {
		const struct state *state = state_at(i);
		unsigned int share = share_of(i, count, lossy);

		if (only && strcmp(only, state->name) != 0)
			continue;
		if (only)
			share = count;
		if (share == 0)
			share = 1;
		if (share * state->contexts > contexts_left) {
			skipped(state->name, "OP-TEE has lost as many TA "
					     "contexts as it may (--contexts)");
			continue;
		}
		contexts_left -= share * state->contexts;
		kill_state(state, share);
		done += share;
	}
	check(done > 0, "there is no state \"%s\"", only ? only : "");
}

/* ---- cycles ---- */

/* A guest with a partition and a shared buffer; its id. */
static uint32_t cycle(void)
{
	struct guest g = guest_open();
	uint64_t ret = guest_register(&g, BUFFER_PAGES);
	uint32_t vmid = guest_stats(&g).vmid;

	check(ret == 0, "register: 0x%llx", (unsigned long long)ret);
	check_pinned("a cycle's buffer", BUFFER_PAGES);
	guest_close(&g);
	check_pinned("a cycle's end", 0);
	return vmid;
}

/*
 * Ids are given out in turn, and nobody else is there: so each is the next
 * one, and after a round none can be in use.
 */
static void cycles_run(unsigned int count)
{
	int before = failed;
	uint32_t last = cycle();

	for (unsigned int i = 1; i < count && failed < 10; i++) {
		uint32_t want = last == VMID_LAST ? VMID_FIRST : last + 1;

		last = cycle();
		check(last == want, "VM id %u, want %u: one is still in use",
		      last, want);
	}
	check(machine_pins() == 0, "%lld pages stay pinned", machine_pins());
	printf("%s: %u guests made and ended\n",
	       failed != before ? "FAIL" : "ok", count);
}

/* ---- options ---- */

static const struct option options[] = {
	{ "kills", required_argument, NULL, 'k' },
	{ "cycles", required_argument, NULL, 'c' },
	{ "seed", required_argument, NULL, 's' },
	{ "only", required_argument, NULL, 'o' },
	{ "contexts", required_argument, NULL, 'x' },
	{ 0 },
};

static unsigned int number(const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*end || v == 0 || v > 1000000) {
		fprintf(stderr, "\"%s\" is no number from 1 to 1000000\n",
			text);
		exit(2);
	}
	return (unsigned int)v;
}

int main(int argc, char **argv)
{
	unsigned int count = 100, cycles = WARM_CYCLES;
	struct machine before, after;
	const char *only = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'k':
			count = number(optarg);
			break;
		case 'c':
			cycles = number(optarg);
			break;
		case 's':
			dice_state = number(optarg);
			break;
		case 'x':
			contexts_left = number(optarg);
			break;
		case 'o':
			only = optarg;
			break;
		default:
			return 2;
		}
	}
	close(device_open());
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	module_users = machine_module_users();
	/* What is allocated once, by whomever, is allocated now. */
	printf("a first kill in each state, not counted\n");
	kill_all(1, only);
	cycles_run(WARM_CYCLES);
	machine_measure(&before);
	kills = 0;
	kill_all(count, only);
	printf("%u kills\n", kills);
	cycles_run(cycles);
	machine_measure(&after);
	machine_compare(&before, &after);
	return check_end();
}
