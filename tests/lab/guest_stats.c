// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the mediator has counted for a guest so far, whatever VMM runs it:
 * "guest_stats PID", as root. The counters belong to the open file, so this
 * takes a copy of the process's own. Prints a line for each: name, number.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/teegate.h>

static void die(const char *what)
{
	fprintf(stderr, "guest_stats: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The number by which process @pid has the device, or -1. */
static int device_number(const char *pid)
{
	char path[300], target[64];
	struct dirent *entry;
	int found = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (!dir)
		die(path);
	while (found < 0 && (entry = readdir(dir))) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid,
			 entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = 0;
		if (!strcmp(target, "/dev/teegate"))
			found = atoi(entry->d_name);
	}
	closedir(dir);
	return found;
}

int main(int argc, char **argv)
{
	struct teegate_route route;
	struct teegate_stats s;
	int process, number, fd;

	if (argc != 2) {
		fprintf(stderr, "usage: guest_stats PID\n");
		return 2;
	}
	number = device_number(argv[1]);
	if (number < 0) {
		fprintf(stderr, "guest_stats: %s has no /dev/teegate\n",
			argv[1]);
		return 1;
	}
	process = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
	if (process < 0)
		die("pidfd_open");
	fd = (int)syscall(SYS_pidfd_getfd, process, number, 0);
	if (fd < 0)
		die("pidfd_getfd");
	if (ioctl(fd, TEEGATE_GET_STATS, &s))
		die("TEEGATE_GET_STATS");
	if (ioctl(fd, TEEGATE_GET_ROUTE, &route))
		die("TEEGATE_GET_ROUTE");
	printf("partitions %llu\nvmid %u\ncalls_in_flight %u\n"
	       "shm_buffers %u\nrpc_buffers %u\npinned_bytes %llu\n"
	       "smcs %llu\ncalls %llu\nalloc %llu\nfree %llu\n"
	       "interrupts %llu\ncommands %llu\nresumes %llu\ninner_resumes %llu\nrouted %llu\n",
	       s.partitions, s.vmid, s.calls_in_flight, s.shm_buffers,
	       s.rpc_buffers, s.pinned_bytes, s.smcs, s.yielding_calls,
	       s.rpcs[0], s.rpcs[1], s.rpcs[2], s.rpcs[3], s.resumes,
	       s.inner_resumes, route.smcs);
	return 0;
}
