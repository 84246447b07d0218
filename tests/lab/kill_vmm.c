// SPDX-License-Identifier: BSD-2-Clause
/*
 * A process that plays VMM and guest is brought into a state (kill_states_*.c)
 * and killed there, or at some moment of what it does from there on, by SIGKILL
 * or by the kernel for want of memory. What is looked for afterwards is the business of kill_test and soak_test; the
 * witness here only tells what is still charged to the dead VMM's memory.
 */
#define _GNU_SOURCE
#include "kill.h"
#include "kill_call.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define REACH_MS 300000
/*
 * A race begins so many microseconds after it was announced, so that whoever
 * kills is awake by then. Where the kill is aimed at, first and at most.
 */
#define RACE_DELAY 3000u
#define AIM_MIN 200u
#define AIM_MAX 60000u

struct shared *shared;

static uint64_t dice_state = 1;
static const char *oom_cgroup;

void dice_seed(uint64_t seed)
{
	dice_state = seed;
}

uint32_t dice(void)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (uint32_t)(dice_state >> 16);
}

void kill_prepare(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
}

const struct state *state_at(unsigned int i)
{
	return i < states_call_count ? &states_call[i] :
				       &states_kernel[i - states_call_count];
}

unsigned int states_count(void)
{
	return states_call_count + states_kernel_count;
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

/* ---- the kernel kills ---- */

void kill_by_oom(const char *cgroup)
{
	oom_cgroup = cgroup;
}

static void oom_put(const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", oom_cgroup, file);
	check(file_put(path, text), "%s: %s", path, strerror(errno));
}

static long long oom_kills(void)
{
	char path[256];

	if (!oom_cgroup)
		return 0;
	snprintf(path, sizeof(path), "%s/memory.events", oom_cgroup);
	return file_number(path, "oom_kill ");
}

/* All of its memory is too much: the kernel kills whoever is in there. */
static void vmm_kill(pid_t pid)
{
	if (oom_cgroup)
		oom_put("memory.max", "0");
	else
		kill(pid, SIGKILL);
}

/* The next VMM may have memory again. A race may be over before its kill. */
static void vmm_killed(const struct state *state, long long oom_before)
{
	if (!oom_cgroup)
		return;
	oom_put("memory.max", "max");
	check(state->race || oom_kills() > oom_before,
	      "%s: not killed for want of memory", state->name);
}

/* ---- the VMM ---- */

static void vmm_body(const struct state *state, int out, bool witnessed)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (oom_cgroup)
		oom_put("cgroup.procs", "0");
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
static void race_and_kill(pid_t pid, int in, struct aim *aim)
{
	unsigned int us = aim->us ? aim->us : RACE_DELAY;
	bool early, late;

	usleep(us * 3 / 4 + dice() % (us / 2));
	late = has_ended(pid);
	vmm_kill(pid);
	early = !shared->racing;
	late = late || byte_arrives(in, 'l', 0);
	if (early) {
		aim->early++;
		us += us / 8;
	} else if (late) {
		aim->late++;
		us -= us / 8;
	} else {
		aim->in_time++;
		us += dice() % 2 ? us / 16 : -(us / 16);
	}
	if (us < AIM_MIN)
		us = AIM_MIN;
	if (us > AIM_MAX)
		us = AIM_MAX;
	aim->us = us;
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

void kill_vmm(const struct state *state, struct aim *aim, bool witnessed)
{
	long long oom_before = oom_kills();
	int status = 0;
	pid_t pid;
	int p[2];

	fflush(stdout);
	pipes_make(p);
	*shared = (struct shared){ 0 };
	pid = fork();
	/* The kernel would kill the witness too, as it shares the memory. */
	if (pid == 0)
		vmm_body(state, p[1], witnessed && !oom_cgroup);
	close(p[1]);
	check(byte_arrives(p[0], 'r', REACH_MS), "%s: not reached",
	      state->name);
	if (state->race)
		race_and_kill(pid, p[0], aim);
	else
		vmm_kill(pid);
	waitpid(pid, &status, 0);
	vmm_killed(state, oom_before);
	if (!state->race)
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		      "%s: the VMM ended by itself: 0x%x", state->name, status);
	if (shared->helper)
		waitpid(shared->helper, NULL, 0);
	if (shared->witness)
		witness_ask(state->name);
	pipes_close(p);
}
