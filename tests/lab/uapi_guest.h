/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest of a few lines for uapi_test.c: this process's memory as the guest's
 * and messages to OP-TEE by TEEGATE_SMC. Also the counting of checks. What is
 * checked is not here.
 */
#ifndef UAPI_GUEST_H
#define UAPI_GUEST_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/teegate.h>

#define PAGE 4096ull
#define GUEST_GPA 0x40000000ull
#define GUEST_BYTES (4ull << 20)

#define SMC_CALLS_UID 0xbf00ff01u
#define SMC_VM_CREATED 0xb200000du
#define SMC_CALL_WITH_ARG 0x32000004u
#define SMC_RETURN_FROM_RPC 0x32000003u
#define RET_UNKNOWN 0xffffffffu
#define RET_RPC_FOREIGN_INTR 0xffff0004u
#define RET_EBADADDR 0x4u

#define MSG_REGISTER_SHM 4u
#define MSG_UNREGISTER_SHM 5u
#define MSG_ATTR_RMEM_IN 0x5u
#define MSG_ATTR_TMEM_OUT 0xau
#define MSG_ATTR_NONCONTIG 0x200u

/* The guest's physical memory: one page for the message, one for the list. */
#define MSG_GPA GUEST_GPA
#define LIST_GPA (GUEST_GPA + PAGE)
#define BUFFER_GPA (GUEST_GPA + 16 * PAGE)
#define BUFFER_PAGES 100ull
#define BUFFER_COOKIE 0x1234567890ull

struct msg {
	uint32_t cmd, func, session, cancel_id, pad, ret, ret_origin, params;
	struct {
		uint64_t attr, a, b, c;
	} param[1];
};

static int passed, failed;

static bool check(bool ok, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool check(bool ok, const char *fmt, ...)
{
	va_list args;

	*(ok ? &passed : &failed) += 1;
	if (ok)
		return true;
	printf("FAIL: ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	return false;
}

/* @want: 0 or an errno. */
static void check_ioctl(const char *what, int fd, unsigned long cmd, void *arg,
			int want)
{
	int got = ioctl(fd, cmd, arg) < 0 ? errno : 0;

	check(got == want, "%s: %s, want %s", what, strerror(got),
	      strerror(want));
}

static int device_open(void)
{
	int fd = open("/dev/teegate", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		perror("/dev/teegate");
		exit(errno == ENOENT ? 77 : 1);
	}
	return fd;
}

static void *memory_map(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static void region_check(int fd, const char *what, struct teegate_region r,
			 int want)
{
	check_ioctl(what, fd, TEEGATE_SET_REGION, &r, want);
}

struct guest {
	int fd;
	uint8_t *ram;
};

static struct guest guest_open(void)
{
	struct guest g = { device_open(), memory_map(GUEST_BYTES) };
	struct teegate_region r = {
		.gpa = GUEST_GPA,
		.bytes = GUEST_BYTES,
		.hva = (uintptr_t)g.ram,
	};

	region_check(g.fd, "guest's memory", r, 0);
	return g;
}

static void guest_close(struct guest *g)
{
	close(g->fd);
	munmap(g->ram, GUEST_BYTES);
}

/* Sends the message at MSG_GPA; x0, or all ones if the ioctl failed. */
static uint64_t guest_call(struct guest *g, uint64_t gpa)
{
	struct teegate_smc args = {
		.x = { SMC_CALL_WITH_ARG, gpa >> 32, (uint32_t)gpa },
	};

	for (;;) {
		if (ioctl(g->fd, TEEGATE_SMC, &args))
			return UINT64_MAX;
		if ((uint32_t)args.x[0] != RET_RPC_FOREIGN_INTR)
			return args.x[0];
		args.x[0] = SMC_RETURN_FROM_RPC;
	}
}

/* The message's own result, or an SMC's error above 32 bits. */
static uint64_t guest_register(struct guest *g, uint64_t pages)
{
	struct msg *m = (struct msg *)g->ram;
	uint64_t *list = (uint64_t *)(g->ram + (LIST_GPA - GUEST_GPA));
	uint64_t x0;

	for (uint64_t i = 0; i < pages; i++)
		list[i] = BUFFER_GPA + i * PAGE;
	*m = (struct msg){ .cmd = MSG_REGISTER_SHM, .params = 1 };
	m->param[0].attr = MSG_ATTR_TMEM_OUT | MSG_ATTR_NONCONTIG;
	m->param[0].a = LIST_GPA;
	m->param[0].b = pages * PAGE;
	m->param[0].c = BUFFER_COOKIE;
	x0 = guest_call(g, MSG_GPA);
	return x0 ? x0 << 32 : m->ret;
}

static uint64_t guest_unregister(struct guest *g)
{
	struct msg *m = (struct msg *)g->ram;
	uint64_t x0;

	*m = (struct msg){ .cmd = MSG_UNREGISTER_SHM, .params = 1 };
	m->param[0].attr = MSG_ATTR_RMEM_IN;
	m->param[0].c = BUFFER_COOKIE;
	x0 = guest_call(g, MSG_GPA);
	return x0 ? x0 << 32 : m->ret;
}

#endif
