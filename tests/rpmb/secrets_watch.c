// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs a command and looks for a secret wherever it might leak to: whenever
 * the command enters a system call, in all of its memory, its argv and its
 * environment. The secret may lie in memory that is locked and left out of
 * core dumps, and nowhere when the process ends. Long runs repeat themselves:
 * after SCANS_ALL stops only every SCANS_THEN-th is looked at, and the last.
 *
 *   secrets_watch [--abort] [--unseen] SECRET-FILE... -- COMMAND [ARGUMENT...]
 *
 * end:SECRET-FILE is a secret that may be anywhere in memory before the end.
 * --abort: kill the command with SIGABRT once it has the secret; it must leave
 * no core, though its parent allows one. --unseen: the command must not come
 * to have the secret at all. Exit status: 0 no leak; 1 leaks, each said on
 * standard error; 2 it could not be watched; 3 the command never had the
 * secret, so that nothing was proved. The command's own exit status is on the
 * last line: "secrets_watch: N stops, secret seen, exit 0".
 *
 * How the secret is known again in its many forms is secrets_forms.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "secrets_forms.h"

#define CHUNK_BYTES (1024 * 1024)
#define LEAKS_SHOWN 20
#define SCANS_ALL 1500
#define SCANS_THEN 16

struct watch {
	pid_t pid;
	int memory; /* /proc/PID/mem, -1 before the command itself runs */
	unsigned int stops;
	unsigned int leaks;
	bool seen;
	bool loaded; /* the command's own code runs */
	bool ending;
};

static uint8_t chunk[CHUNK_BYTES + FORM_BYTES_MAX];

static void die(const char *what)
{
	fprintf(stderr, "secrets_watch: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void leak(struct watch *watch, const char *form, const char *where)
{
	if (watch->leaks++ < LEAKS_SHOWN)
		fprintf(stderr, "secrets_watch: leak: %s in %s at stop %u%s\n",
			form, where, watch->stops,
			watch->ending ? ", the last" : "");
}

static FILE *proc_open(const struct watch *watch, const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", watch->pid, name);
	file = fopen(path, "re");
	if (!file)
		die(path);
	return file;
}

/* Whether the page at @address is locked (lo) and not dumped (dd). */
static bool page_is_guarded(const struct watch *watch, uint64_t address)
{
	unsigned long start, end;
	bool inside = false, guarded = false;
	char line[512];
	FILE *smaps = proc_open(watch, "smaps");

	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = address >= start && address < end;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			guarded = strstr(line, " lo") && strstr(line, " dd");
	}
	fclose(smaps);
	return guarded;
}

static void found(struct watch *watch, const struct form *form,
		  uint64_t address, const char *region)
{
	char where[600];

	if (form->at_end && !watch->ending) {
		watch->seen = true;
		return;
	}
	if (page_is_guarded(watch, address)) {
		watch->seen = true;
		if (!watch->ending)
			return;
		snprintf(where, sizeof(where), "locked memory, not wiped");
	} else {
		snprintf(where, sizeof(where), "memory at %lx (%s)",
			 (unsigned long)address, region);
	}
	leak(watch, form->name, where);
}

static void scan_region(struct watch *watch, uint64_t start, uint64_t end,
			const char *region)
{
	const struct form *form;
	size_t bytes, offset;
	uint64_t at;
	ssize_t got;

	for (at = start; at < end; at += CHUNK_BYTES) {
		bytes = end - at < sizeof(chunk) ? end - at : sizeof(chunk);
		got = pread(watch->memory, chunk, bytes, (off_t)at);
		if (got <= 0)
			return; /* a guard page, or the driver's */
		for (offset = 0;
		     (form = forms_find(chunk, (size_t)got, &offset));
		     offset++) {
			/* What lies over the end is the next chunk's too. */
			if (offset < CHUNK_BYTES)
				found(watch, form, at + offset, region);
		}
	}
}

/* Text and read-only data of files were there before the secret. */
static bool region_matters(const char *access, const char *name)
{
	if (access[0] != 'r' || !strncmp(name, "[vv", 3) ||
	    !strncmp(name, "[vd", 3) || !strncmp(name, "[vs", 3))
		return false;
	return access[1] == 'w' || name[0] != '/';
}

static void scan_memory(struct watch *watch)
{
	unsigned long start, end;
	char line[512], access[8], name[256];
	FILE *maps = proc_open(watch, "maps");

	while (fgets(line, sizeof(line), maps)) {
		name[0] = '\0';
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &start, &end,
			   access, name) < 3)
			continue;
		if (region_matters(access, name))
			scan_region(watch, start, end, name);
	}
	fclose(maps);
}

static void scan_words(struct watch *watch, const char *name)
{
	const struct form *form;
	FILE *file = proc_open(watch, name);
	size_t got, offset = 0;

	got = fread(chunk, 1, CHUNK_BYTES, file);
	fclose(file);
	form = forms_find(chunk, got, &offset);
	if (form)
		leak(watch, form->name, name);
}

static void scan(struct watch *watch)
{
	watch->stops++;
	if (watch->stops > SCANS_ALL && watch->stops % SCANS_THEN &&
	    !watch->ending)
		return;
	scan_memory(watch);
	scan_words(watch, "cmdline");
	scan_words(watch, "environ");
}

static void start(struct watch *watch, char **argv)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int status;

	watch->memory = -1;
	watch->pid = fork();
	if (watch->pid < 0)
		die("fork");
	if (watch->pid == 0) {
		/* That there is no core must be the command's own doing. */
		(void)setrlimit(RLIMIT_CORE, &all);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	if (waitpid(watch->pid, &status, 0) < 0 || !WIFSTOPPED(status))
		die("waitpid");
	if (ptrace(PTRACE_SETOPTIONS, watch->pid, NULL,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXIT |
			   PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) < 0)
		die("ptrace");
}

/* The command itself begins: what was before was a copy of this program. */
static void memory_open(struct watch *watch)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", watch->pid);
	watch->memory = open(path, O_RDONLY | O_CLOEXEC);
	if (watch->memory < 0)
		die(path);
}

/*
 * Whether the command enters a system call, and has come past its loader,
 * which maps dozens of libraries before there can be a secret, and then asks
 * for a limit.
 */
static bool is_worth_a_scan(struct watch *watch)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, watch->pid, (void *)sizeof(info),
		   &info) < 0)
		die("ptrace");
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	if (info.entry.nr == SYS_prlimit64)
		watch->loaded = true;
	return watch->loaded;
}

/* The signal that the command is to get with going on. */
static int stopped(struct watch *watch, int status)
{
	int event = status >> 16, number = WSTOPSIG(status);

	if (event == PTRACE_EVENT_EXEC)
		memory_open(watch);
	if (event == PTRACE_EVENT_EXIT) {
		watch->ending = true;
		scan(watch);
	}
	if (event || number == SIGSTOP || number == SIGTRAP)
		return 0;
	if (number != (SIGTRAP | 0x80))
		return number;
	if (watch->memory >= 0 && is_worth_a_scan(watch))
		scan(watch);
	return 0;
}

/* Runs the command to its end, or to where it has the secret. */
static int run(struct watch *watch, bool until_seen)
{
	int status, deliver = 0;

	do {
		if (ptrace(PTRACE_SYSCALL, watch->pid, NULL,
			   (void *)(intptr_t)deliver) < 0 ||
		    waitpid(watch->pid, &status, 0) < 0)
			die("ptrace");
		deliver = WIFSTOPPED(status) ? stopped(watch, status) : 0;
	} while (WIFSTOPPED(status) && !(until_seen && watch->seen));
	return status;
}

static int abort_command(struct watch *watch)
{
	int status;

	kill(watch->pid, SIGABRT);
	if (ptrace(PTRACE_DETACH, watch->pid, NULL, NULL) < 0 ||
	    waitpid(watch->pid, &status, 0) < 0)
		die("ptrace");
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		leak(watch, "SIGABRT that did not kill", "the command");
	else if (WCOREDUMP(status))
		leak(watch, "everything", "a core");
	return status;
}

static void secret_add(const char *path)
{
	bool at_end = !strncmp(path, "end:", 4);
	uint8_t secret[65];
	size_t bytes;
	FILE *file;

	path += at_end ? 4 : 0;
	file = fopen(path, "re");
	if (!file)
		die(path);
	bytes = fread(secret, 1, sizeof(secret), file);
	fclose(file);
	if (bytes < 16 || bytes > 64) {
		fprintf(stderr, "secrets_watch: %s holds no secret\n", path);
		exit(2);
	}
	forms_add(secret, bytes, at_end);
}

static int report(const struct watch *watch, int status, bool unseen)
{
	fprintf(stderr, "secrets_watch: %u stops, secret %s, %s %d\n",
		watch->stops, watch->seen ? "seen" : "not seen",
		WIFSIGNALED(status) ? "signal" : "exit",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (watch->leaks || (unseen && watch->seen))
		return 1;
	return watch->seen || unseen ? 0 : 3;
}

int main(int argc, char **argv)
{
	bool abort_it = false, unseen = false;
	struct watch watch = { 0 };
	int n, status;

	for (n = 1; n < argc && strcmp(argv[n], "--") != 0; n++) {
		if (!strcmp(argv[n], "--abort"))
			abort_it = true;
		else if (!strcmp(argv[n], "--unseen"))
			unseen = true;
		else
			secret_add(argv[n]);
	}
	if (n + 1 >= argc) {
		fprintf(stderr,
			"usage: secrets_watch [--abort] [--unseen] SECRET-FILE... -- COMMAND [ARGUMENT...]\n");
		return 2;
	}
	start(&watch, argv + n + 1);
	status = run(&watch, abort_it);
	if (abort_it && WIFSTOPPED(status))
		status = abort_command(&watch);
	return report(&watch, status, unseen);
}
