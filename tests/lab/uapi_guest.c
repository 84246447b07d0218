// SPDX-License-Identifier: BSD-2-Clause
/*
 * The guest behind uapi_guest.h. One thread of a program at a time, but for
 * guest_call_args() and what only asks the device.
 */
#define _GNU_SOURCE
#include "uapi_guest.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/wait.h>

/* OP-TEE's invoke_tests PTA, d96a5b40-c3e5-21e3-8794-1002a5d5c61b. */
static const uint8_t test_pta[16] = { 0xd9, 0x6a, 0x5b, 0x40, 0xc3, 0xe5,
				      0x21, 0xe3, 0x87, 0x94, 0x10, 0x02,
				      0xa5, 0xd5, 0xc6, 0x1b };

#define TEST_PTA_PARAMS 1u

/* For one call; a second has some hundred. */
#define INTERRUPTS_MAX 20000u

int passed, failed;

/* ---- checks ---- */

bool check(bool ok, const char *fmt, ...)
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

void check_ioctl(const char *what, int fd, unsigned long cmd, void *arg,
		 int want)
{
	int got = ioctl(fd, cmd, arg) < 0 ? errno : 0;

	check(got == want, "%s: %s, want %s", what, strerror(got),
	      strerror(want));
}

int check_end(void)
{
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? 1 : 0;
}

void skipped(const char *what, const char *why)
{
	printf("skip: %s: %s\n", what, why);
}

void in_child(const char *what, void (*body)(int), int fd)
{
	int counts[2] = { 0, 1 };
	int status;
	int p[2];

	fflush(stdout);
	if (pipe(p))
		exit(1);
	if (fork() == 0) {
		passed = failed = 0;
		body(fd);
		fflush(stdout);
		counts[0] = passed, counts[1] = failed;
		if (write(p[1], counts, sizeof(counts)) < 0)
			_exit(1);
		_exit(0);
	}
	close(p[1]);
	if (read(p[0], counts, sizeof(counts)) != sizeof(counts))
		printf("FAIL: %s: the child died\n", what);
	close(p[0]);
	wait(&status);
	passed += counts[0], failed += counts[1];
}

long pinned_kib(void)
{
	return (long)file_number("/proc/self/status", "VmPin:");
}

void check_pinned(const char *what, uint64_t pages)
{
	long kib = pinned_kib();

	check(kib == (long)(pages * PAGE / 1024),
	      "%s: %ld KiB pinned, want %llu", what, kib,
	      (unsigned long long)(pages * PAGE / 1024));
}

/* ---- device and memory ---- */

int device_open(void)
{
	int fd = open("/dev/teegate", O_RDWR | O_CLOEXEC);

	/* What was said is known even if the program does not end. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (fd < 0) {
		perror("/dev/teegate");
		exit(errno == ENOENT ? 77 : 1);
	}
	return fd;
}

void *memory_map(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

void region_check(int fd, const char *what, struct teegate_region r, int want)
{
	check_ioctl(what, fd, TEEGATE_SET_REGION, &r, want);
}

struct guest guest_open(void)
{
	const struct teegate_limits none = { 0 };

	return guest_open_limited(&none);
}

struct guest guest_open_limited(const struct teegate_limits *limits)
{
	struct guest g = { .fd = device_open(),
			   .ram = memory_map(GUEST_BYTES) };
	struct teegate_limits copy = *limits;

	check_ioctl("limits", g.fd, TEEGATE_SET_LIMITS, &copy, 0);
	guest_slot(&g, 0, GUEST_GPA, g.ram, GUEST_BYTES);
	return g;
}

void guest_close(struct guest *g)
{
	close(g->fd);
	munmap(g->ram, GUEST_BYTES);
}

struct teegate_stats guest_stats(const struct guest *g)
{
	struct teegate_stats stats = { 0 };

	check_ioctl("stats", g->fd, TEEGATE_GET_STATS, &stats, 0);
	return stats;
}

void guest_nothing_left(const struct guest *g)
{
	struct teegate_stats stats = guest_stats(g);

	check(stats.vmid == 0 && stats.calls_in_flight == 0 &&
		      stats.shm_buffers == 0 && stats.rpc_buffers == 0 &&
		      stats.pinned_bytes == 0,
	      "after a reset: VM id %u, %u calls, %u buffers, %u for RPCs, %llu bytes pinned",
	      stats.vmid, stats.calls_in_flight, stats.shm_buffers,
	      stats.rpc_buffers, (unsigned long long)stats.pinned_bytes);
	check_pinned("a reset", 0);
}

void *guest_at(const struct guest *g, uint64_t gpa)
{
	return g->ram + (gpa - GUEST_GPA);
}

void guest_slot(struct guest *g, uint32_t slot, uint64_t gpa, void *hva,
		uint64_t bytes)
{
	struct teegate_region r = {
		.slot = slot,
		.gpa = gpa,
		.bytes = bytes,
		.hva = (uintptr_t)hva,
	};

	region_check(g->fd, "guest's memory", r, 0);
}

void guest_slot_remove(struct guest *g, uint32_t slot)
{
	struct teegate_region r = { .slot = slot };

	region_check(g->fd, "memory taken away", r, 0);
}

/* ---- calls ---- */

static int guest_smc(struct guest *g, struct teegate_smc *args)
{
	return g->smc ? g->smc(g, args) : ioctl(g->fd, TEEGATE_SMC, args);
}

uint64_t guest_call_args(struct guest *g, struct teegate_smc *args)
{
	/* A thread of OP-TEE that waits for another of ours would spin. */
	for (unsigned int i = 0; i < INTERRUPTS_MAX; i++) {
		if (guest_smc(g, args))
			return UINT64_MAX;
		if ((uint32_t)args->x[0] != RET_RPC_FOREIGN_INTR)
			return args->x[0];
		args->x[0] = SMC_RETURN_FROM_RPC;
	}
	check(false, "a call does not end");
	return UINT64_MAX;
}

uint64_t guest_call(struct guest *g, uint64_t gpa)
{
	struct teegate_smc args = {
		.x = { SMC_CALL_WITH_ARG, gpa >> 32, (uint32_t)gpa },
	};

	return guest_call_args(g, &args);
}

/* Sends the message at MSG_GPA. */
static uint64_t message_call(struct guest *g)
{
	const struct msg *m = guest_at(g, MSG_GPA);
	uint64_t x0 = guest_call(g, MSG_GPA);

	return x0 ? x0 << 32 : m->ret;
}

static uint64_t register_buffer(struct guest *g, uint64_t cookie, uint64_t at,
				uint64_t bytes, uint32_t attr)
{
	struct msg *m = guest_at(g, MSG_GPA);

	*m = (struct msg){ .cmd = MSG_REGISTER_SHM, .params = 1 };
	m->param[0].attr = MSG_ATTR_TMEM_OUT | attr;
	m->param[0].a = at;
	m->param[0].b = bytes;
	m->param[0].c = cookie;
	return message_call(g);
}

uint64_t guest_register_list(struct guest *g, uint64_t cookie,
			     const uint64_t *gpas, uint64_t count)
{
	uint64_t *list = guest_at(g, LIST_GPA);

	if (count > LIST_PAGES * LIST_ENTRIES) {
		check(false, "a list of %llu pages", (unsigned long long)count);
		return UINT64_MAX;
	}
	for (uint64_t i = 0; i < count; i++) {
		uint64_t n = i / LIST_ENTRIES;

		list[n * 512 + i % LIST_ENTRIES] = gpas[i];
		list[n * 512 + LIST_ENTRIES] = LIST_GPA + (n + 1) * PAGE;
	}
	return register_buffer(g, cookie, LIST_GPA, count * PAGE,
			       MSG_ATTR_NONCONTIG);
}

uint64_t guest_register_range(struct guest *g, uint64_t cookie, uint64_t gpa,
			      uint64_t bytes)
{
	return register_buffer(g, cookie, gpa, bytes, 0);
}

uint64_t guest_register(struct guest *g, uint64_t pages)
{
	uint64_t gpas[BUFFER_PAGES];

	for (uint64_t i = 0; i < pages; i++)
		gpas[i] = BUFFER_GPA + i * PAGE;
	return guest_register_list(g, BUFFER_COOKIE, gpas, pages);
}

uint64_t guest_unregister_cookie(struct guest *g, uint64_t cookie)
{
	struct msg *m = guest_at(g, MSG_GPA);

	*m = (struct msg){ .cmd = MSG_UNREGISTER_SHM, .params = 1 };
	m->param[0].attr = MSG_ATTR_RMEM_IN;
	m->param[0].c = cookie;
	return message_call(g);
}

uint64_t guest_unregister(struct guest *g)
{
	return guest_unregister_cookie(g, BUFFER_COOKIE);
}

uint64_t kind_register(struct guest *g, uint64_t bytes)
{
	uint64_t gpas[LIST_PAGES * LIST_ENTRIES];

	for (uint64_t i = 0; i < bytes / PAGE; i++)
		gpas[i] = KIND_GPA + i * PAGE;
	return guest_register_list(g, KIND_COOKIE, gpas, bytes / PAGE);
}

uint64_t kind_unregister(struct guest *g)
{
	return guest_unregister_cookie(g, KIND_COOKIE);
}

void guest_open_session(struct guest *g)
{
	struct msg *m = guest_at(g, MSG_GPA);
	uint64_t ret;

	*m = (struct msg){ .cmd = MSG_OPEN_SESSION, .params = 2 };
	m->param[0].attr = MSG_ATTR_VALUE_IN | MSG_ATTR_META;
	memcpy(&m->param[0].a, test_pta, sizeof(test_pta));
	m->param[1].attr = MSG_ATTR_VALUE_IN | MSG_ATTR_META;
	ret = message_call(g);
	if (!check(ret == 0, "no session with OP-TEE's test PTA: 0x%llx",
		   (unsigned long long)ret))
		exit(1);
	g->session = m->session;
}

uint64_t guest_sum(struct guest *g, uint64_t cookie, uint64_t offset,
		   uint64_t bytes)
{
	struct msg *m = guest_at(g, MSG_GPA);

	*m = (struct msg){
		.cmd = MSG_INVOKE_COMMAND,
		.func = TEST_PTA_PARAMS,
		.session = g->session,
		.params = 1,
	};
	m->param[0].attr = MSG_ATTR_RMEM_INOUT;
	m->param[0].a = offset;
	m->param[0].b = bytes;
	m->param[0].c = cookie;
	return message_call(g);
}

/* ---- data ---- */

void page_fill(void *page, unsigned int seed)
{
	uint32_t x = seed * 2654435761u + 1;
	uint8_t *p = page;

	for (uint64_t i = 0; i < PAGE; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = (uint8_t)(x >> 24);
	}
}

uint8_t page_sum(const void *page)
{
	const uint8_t *p = page;
	uint8_t sum = 0;

	for (uint64_t i = 0; i < PAGE; i++)
		sum += p[i];
	return sum;
}

/* True if OP-TEE read page @i as it is here, and its answer arrived. */
static bool page_trip(struct guest *g, uint64_t cookie, uint8_t *page,
		      uint64_t i)
{
	uint8_t before[PAGE];

	memcpy(before, page, PAGE);
	before[0] = page_sum(page);
	return guest_sum(g, cookie, i * PAGE, PAGE) == 0 &&
	       memcmp(page, before, PAGE) == 0;
}

void round_trip(struct guest *g, const char *what, uint64_t cookie,
		void *const *pages, uint64_t count)
{
	static unsigned int seed;
	uint64_t bad = 0;

	/* Each with content of its own, so that none passes for another. */
	for (uint64_t i = 0; i < count; i++)
		page_fill(pages[i], seed++);
	for (uint64_t i = 0; i < count; i++)
		bad += !page_trip(g, cookie, pages[i], i);
	check(bad == 0, "%s: OP-TEE sees others in %llu of %llu pages", what,
	      (unsigned long long)bad, (unsigned long long)count);
}

void round_trip_range(struct guest *g, const char *what, uint64_t cookie,
		      void *memory, uint64_t bytes)
{
	void *pages[LIST_PAGES * LIST_ENTRIES];

	for (uint64_t i = 0; i < bytes / PAGE; i++)
		pages[i] = (uint8_t *)memory + i * PAGE;
	round_trip(g, what, cookie, pages, bytes / PAGE);
}

/* ---- what the kernel knows ---- */

#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_FRAME ((1ull << 55) - 1)

uint64_t page_frame(const void *address)
{
	static int fd = -1;
	off_t at = (off_t)((uintptr_t)address / PAGE * sizeof(uint64_t));
	uint64_t entry = 0;

	if (fd < 0)
		fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0 ||
	    pread(fd, &entry, sizeof(entry), at) != (ssize_t)sizeof(entry))
		return 0;
	return entry & PAGEMAP_PRESENT ? entry & PAGEMAP_FRAME : 0;
}

long long file_number(const char *path, const char *word)
{
	FILE *f = fopen(path, "r");
	size_t n = strlen(word);
	long long v = -1;
	char line[256];

	while (f && v < 0 && fgets(line, sizeof(line), f))
		if (strncmp(line, word, n) == 0)
			v = strtoll(line + n, NULL, 10);
	if (f)
		fclose(f);
	return v;
}

bool file_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 &&
		    write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}
