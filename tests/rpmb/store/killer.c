// SPDX-License-Identifier: BSD-2-Clause
/*
 * A preloaded library that cuts a process off: it counts the system calls
 * that leave something behind (in a file, on a socket, a lock) and kills the
 * process with SIGKILL at the one whose number is KILLER_AT. KILLER_HOW says
 * whether that call is made before ("after"), is not made ("before"), or
 * writes half of its bytes ("torn", which counts those that write only). KILLER_TRACE names a file that gets a
 * line for each such call: its name and the file's.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned long number;

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static void trace(const char *name, int fd)
{
	const char *path = getenv("KILLER_TRACE");
	char link[64], file[256] = "-", line[400];
	ssize_t bytes;
	int out, used;

	if (!path)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	bytes = readlink(link, file, sizeof(file) - 1);
	file[bytes > 0 ? bytes : 1] = '\0';
	used = snprintf(line, sizeof(line), "%s %s\n", name, file);
	out = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	/* Not by the function that is counted here. */
	if (syscall(SYS_write, out, line, (size_t)used) != used)
		abort();
	close(out);
}

/* Whether this is the call to die at; dies if that is to be before it. */
static int is_due(const char *name, int fd, int has_bytes)
{
	const char *at = getenv("KILLER_AT"), *how = getenv("KILLER_HOW");

	trace(name, fd);
	if (!at || (!has_bytes && how && !strcmp(how, "torn")))
		return 0;
	if (++number != strtoul(at, NULL, 10))
		return 0;
	if (how && !strcmp(how, "before"))
		die();
	return 1;
}

static size_t torn(size_t bytes)
{
	const char *how = getenv("KILLER_HOW");

	return how && !strcmp(how, "torn") ? bytes / 2 : bytes;
}

#define REAL(name)                     \
	static __typeof__(name) *real; \
	if (!real)                     \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

#define COUNTED(type, name, fd, parameters, arguments) \
	type name parameters                           \
	{                                              \
		REAL(name);                            \
		int due = is_due(#name, fd, 0);        \
		type result = real arguments;          \
		if (due)                               \
			die();                         \
		return result;                         \
	}

/* A call that moves @bytes, of which half may be left away. */
#define COUNTED_BYTES(name, fd, parameters, arguments) \
	ssize_t name parameters                        \
	{                                              \
		REAL(name);                            \
		int due = is_due(#name, fd, 1);        \
		ssize_t result;                        \
		if (due)                               \
			bytes = torn(bytes);           \
		result = real arguments;               \
		if (due)                               \
			die();                         \
		return result;                         \
	}

COUNTED_BYTES(write, fd, (int fd, const void *data, size_t bytes),
	      (fd, data, bytes))
COUNTED_BYTES(pwrite, fd, (int fd, const void *data, size_t bytes, off_t at),
	      (fd, data, bytes, at))
COUNTED_BYTES(pwrite64, fd,
	      (int fd, const void *data, size_t bytes, off64_t at),
	      (fd, data, bytes, at))
COUNTED_BYTES(send, fd, (int fd, const void *data, size_t bytes, int flags),
	      (fd, data, bytes, flags))
COUNTED(ssize_t, writev, fd, (int fd, const struct iovec *v, int n), (fd, v, n))
COUNTED(ssize_t, pwritev, fd, (int fd, const struct iovec *v, int n, off_t at),
	(fd, v, n, at))
COUNTED(int, fsync, fd, (int fd), (fd))
COUNTED(int, fdatasync, fd, (int fd), (fd))
COUNTED(int, ftruncate, fd, (int fd, off_t bytes), (fd, bytes))
COUNTED(int, ftruncate64, fd, (int fd, off64_t bytes), (fd, bytes))
COUNTED(int, rename, -1, (const char *from, const char *to), (from, to))
COUNTED(int, link, -1, (const char *from, const char *to), (from, to))
COUNTED(int, unlink, -1, (const char *path), (path))

/* The locks of claims; SQLite's own leave nothing behind. */
int fcntl(int fd, int command, ...)
{
	REAL(fcntl);
	va_list arguments;
	void *argument;
	int due, result;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	due = command == F_OFD_SETLK && is_due("fcntl", fd, 0);
	result = real(fd, command, argument);
	if (due)
		die();
	return result;
}
