// SPDX-License-Identifier: BSD-2-Clause
/*
 * The client, the memory and the clock behind bench.h.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tee.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCHES_MAX 64u
#define MPOL_BIND 2

const uint8_t tee_uuid_tests[16] = { 0xd9, 0x6a, 0x5b, 0x40, 0xc3, 0xe5,
				     0x21, 0xe3, 0x87, 0x94, 0x10, 0x02,
				     0xa5, 0xd5, 0xc6, 0x1b };
const uint8_t tee_uuid_stats[16] = { 0xd9, 0x6a, 0x5b, 0x40, 0xe2, 0xc7,
				     0xb1, 0xaf, 0x87, 0x94, 0x10, 0x02,
				     0xa5, 0xd5, 0xc6, 0x1b };
const uint8_t tee_uuid_sims[16] = { 0xa4, 0xc0, 0x4d, 0x50, 0xf1, 0x80,
				    0x11, 0xe8, 0x8e, 0xb2, 0xf2, 0x80,
				    0x1f, 0x1b, 0x9f, 0xd1 };
const uint8_t tee_uuid_plugin[16] = { 0x38, 0x02, 0x31, 0xac, 0xfb, 0x99,
				      0x47, 0xad, 0xa6, 0x89, 0x9e, 0x01,
				      0x7e, 0xb6, 0xe7, 0x8a };

void must(bool ok, const char *format, ...)
{
	va_list args;

	if (ok)
		return;
	fprintf(stderr, "FAIL: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (%s)\n", strerror(errno));
	exit(1);
}

/* ---- the TEE ---- */

int tee_open(void)
{
	int tee = open("/dev/tee0", O_RDWR | O_CLOEXEC);

	must(tee >= 0, "/dev/tee0");
	return tee;
}

uint32_t tee_session_open(int tee, const uint8_t uuid[16])
{
	struct tee_ioctl_open_session_arg arg = { .num_params = 0 };
	struct tee_ioctl_buf_data buf = { (uintptr_t)&arg, sizeof(arg) };

	memcpy(arg.uuid, uuid, sizeof(arg.uuid));
	must(ioctl(tee, TEE_IOC_OPEN_SESSION, &buf) == 0 && arg.ret == 0,
	     "a session with %02x%02x%02x%02x-%02x%02x...: 0x%x", uuid[0],
	     uuid[1], uuid[2], uuid[3], uuid[4], uuid[5], arg.ret);
	return arg.session;
}

void tee_session_close(int tee, uint32_t session)
{
	struct tee_ioctl_close_session_arg arg = { .session = session };

	must(ioctl(tee, TEE_IOC_CLOSE_SESSION, &arg) == 0,
	     "TEE_IOC_CLOSE_SESSION");
}

uint32_t tee_invoke(int tee, uint32_t session, uint32_t func,
		    const struct tee_param *params)
{
	union {
		struct tee_ioctl_invoke_arg arg;
		uint8_t bytes[sizeof(struct tee_ioctl_invoke_arg) +
			      TEE_PARAMS * sizeof(struct tee_ioctl_param)];
	} u = { .arg = { .func = func,
			 .session = session,
			 .num_params = TEE_PARAMS } };
	struct tee_ioctl_buf_data buf = { (uintptr_t)&u, sizeof(u) };

	for (unsigned int i = 0; i < TEE_PARAMS; i++) {
		u.arg.params[i].attr = params[i].attr;
		u.arg.params[i].a = params[i].a;
		u.arg.params[i].b = params[i].b;
		u.arg.params[i].c = params[i].c;
	}
	must(ioctl(tee, TEE_IOC_INVOKE, &buf) == 0, "TEE_IOC_INVOKE");
	return u.arg.ret;
}

int tee_share(int tee, void *memory, uint64_t bytes, int *ret_fd)
{
	struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)memory,
		.length = bytes,
	};

	*ret_fd = ioctl(tee, TEE_IOC_SHM_REGISTER, &data);
	must(*ret_fd >= 0, "TEE_IOC_SHM_REGISTER of %llu bytes",
	     (unsigned long long)bytes);
	return data.id;
}

struct tee_param tee_memref(uint64_t attr, int id, uint64_t bytes)
{
	return (struct tee_param){ .attr = attr,
				   .b = bytes,
				   .c = (uint64_t)id };
}

/* ---- memory ---- */

/* The huge part of the mapping that @address is in, in KiB; -1 without one. */
static long huge_kib(const void *address)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long from, to;
	bool inside = false;
	char line[256];
	long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)address >= from &&
				 (uintptr_t)address < to;
		else if (inside)
			sscanf(line, "AnonHugePages: %ld kB", &kib);
	}
	if (f)
		fclose(f);
	return kib;
}

void *memory_get(enum memory_kind kind, uint64_t bytes, int node)
{
	bool huge = kind == MEMORY_HUGE;
	unsigned long nodes = node < 0 ? 0 : 1ul << node;
	uintptr_t at;
	void *map;

	map = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(map != MAP_FAILED, "mmap");
	at = ((uintptr_t)map + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
	must(madvise((void *)at, bytes,
		     huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) == 0,
	     "madvise");
	if (!huge && node >= 0)
		must(syscall(SYS_mbind, at, bytes, MPOL_BIND, &nodes,
			     8 * sizeof(nodes), 0) == 0,
		     "memory of node %d", node);
	memset((void *)at, 1, bytes);
	must(huge_kib((void *)at) == (huge ? (long)(bytes >> 10) : 0),
	     "%ld KiB of %llu are in huge pages", huge_kib((void *)at),
	     (unsigned long long)bytes >> 10);
	return (void *)at;
}

/* ---- time ---- */

uint64_t clock_ns(void)
{
	uint64_t frequency, ticks;

	asm volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)::"memory");
	asm volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	return (uint64_t)((unsigned __int128)ticks * 1000000000u / frequency);
}

uint64_t waits(void)
{
	struct rusage usage;

	must(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
	return (uint64_t)usage.ru_nvcsw;
}

uint64_t idle_ns(void)
{
	FILE *f = fopen("/proc/stat", "r");
	unsigned long long idle = 0;

	must(f && fscanf(f, "cpu %*u %*u %*u %llu", &idle) == 1, "/proc/stat");
	fclose(f);
	return idle * (1000000000u / (unsigned long)sysconf(_SC_CLK_TCK));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* For lab/profile/plugin.c, which looks for these instructions; none does a thing. */
#define MARK_START 96
#define MARK_STOP 97
#define MARK_OPERATION 98
#define mark(which) asm volatile("hint #%0" ::"i"(which) : "memory")

struct sample measure(void (*op)(const void *), const void *arg,
		      unsigned int count, unsigned int batches)
{
	double times[BATCHES_MAX];
	uint64_t start;
	uint64_t slept = 0;

	must(batches > 0 && batches <= BATCHES_MAX, "%u batches", batches);
	for (unsigned int b = 0; b <= batches; b++) {
		if (b == 1) {
			slept = waits();
			mark(MARK_START);
		}
		start = clock_ns();
		for (unsigned int i = 0; i < count; i++) {
			mark(MARK_OPERATION);
			op(arg);
		}
		if (b > 0)
			times[b - 1] = (double)(clock_ns() - start) / count;
	}
	mark(MARK_STOP);
	slept = waits() - slept;
	qsort(times, batches, sizeof(times[0]), compare);
	return (struct sample){
		.median = times[batches / 2],
		.min = times[0],
		.max = times[batches - 1],
		.waits = (double)slept / count / batches,
	};
}
