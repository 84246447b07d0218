// SPDX-License-Identifier: BSD-2-Clause
/*
 * /dev/teegate's calls on the board: what they refuse, with which errno, and
 * what memory they charge to whom. The guest is a few lines of this process
 * that send SMCs by TEEGATE_SMC. What a real guest does with OP-TEE is tested
 * by xtest, and the mediator's own logic on the PC. Prints a line for each
 * failure and "N passed, N failed"; 77 when there is no /dev/teegate.
 */
#define _GNU_SOURCE
#include "uapi_guest.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

static void test_info(int fd)
{
	struct teegate_info info = { 0 };

	check_ioctl("info", fd, TEEGATE_GET_INFO, &info, 0);
	check(info.abi_version == TEEGATE_ABI_VERSION, "abi version %u",
	      info.abi_version);
	check(info.os_major >= 3, "OP-TEE %u.%u", info.os_major, info.os_minor);
	check(info.limits_calls > 0, "no calls allowed");
	check(info.limits_pinned_bytes > 0, "no bytes allowed");
	check(!(info.features &
		~(TEEGATE_FEATURE_ROUTE | TEEGATE_FEATURE_NOTIF)),
	      "features 0x%x", info.features);
	check_ioctl("info to nowhere", fd, TEEGATE_GET_INFO, NULL, EFAULT);
	check_ioctl("unknown call", fd, _IO(TEEGATE_IOC_MAGIC, 0x7f), NULL,
		    ENOTTY);
	check_ioctl("call of another size", fd,
		    _IOWR(TEEGATE_IOC_MAGIC, 0x03, uint64_t), NULL, ENOTTY);
	check(read(fd, &info, 1) < 0, "read succeeds");
	check(write(fd, &info, 1) < 0, "write succeeds");
}

static void test_limits(int fd)
{
	struct teegate_info info = { 0 };
	struct teegate_limits none = { 0 };
	struct teegate_limits l;

	ioctl(fd, TEEGATE_GET_INFO, &info);
	check_ioctl("limits nowhere", fd, TEEGATE_SET_LIMITS, NULL, EFAULT);
	check_ioctl("limits default", fd, TEEGATE_SET_LIMITS, &none, 0);
	l = (struct teegate_limits){ .calls = info.limits_calls + 1 };
	check_ioctl("limits calls", fd, TEEGATE_SET_LIMITS, &l, EPERM);
	l = (struct teegate_limits){ .shm_buffers =
					     info.limits_shm_buffers + 1 };
	check_ioctl("limits shm", fd, TEEGATE_SET_LIMITS, &l, EPERM);
	l = (struct teegate_limits){ .rpc_buffers =
					     info.limits_rpc_buffers + 1 };
	check_ioctl("limits rpc", fd, TEEGATE_SET_LIMITS, &l, EPERM);
	l = (struct teegate_limits){ .resume_budget = UINT32_MAX };
	check_ioctl("limits budget", fd, TEEGATE_SET_LIMITS, &l, EPERM);
	l = (struct teegate_limits){ .pinned_bytes =
					     info.limits_pinned_bytes + 1 };
	check_ioctl("limits pinned", fd, TEEGATE_SET_LIMITS, &l, EPERM);
	l = (struct teegate_limits){ .calls = info.limits_calls };
	check_ioctl("limits at maximum", fd, TEEGATE_SET_LIMITS, &l, 0);
}

/* The module's default: no guest may own the RPMB. */
static void test_rpmb(int fd)
{
	check_ioctl("the RPMB, not allowed", fd, TEEGATE_OWN_RPMB, NULL, EPERM);
	check_ioctl("the RPMB, with an argument", fd, TEEGATE_OWN_RPMB,
		    (void *)1, EINVAL);
}

static void test_storage(int fd)
{
	check_ioctl("no storage, with an argument", fd, TEEGATE_DENY_STORAGE,
		    (void *)1, EINVAL);
	check_ioctl("no storage", fd, TEEGATE_DENY_STORAGE, NULL, 0);
	check_ioctl("no storage, twice", fd, TEEGATE_DENY_STORAGE, NULL, 0);
}

static void test_region_values(void)
{
	uint64_t hva = (uintptr_t)memory_map(GUEST_BYTES);
	const struct teegate_region good = {
		.gpa = GUEST_GPA,
		.bytes = GUEST_BYTES,
		.hva = hva,
	};
	struct teegate_region r;
	int fd = device_open();

	check_ioctl("region nowhere", fd, TEEGATE_SET_REGION, NULL, EFAULT);
	r = good, r.flags = 2;
	region_check(fd, "unknown flag", r, EINVAL);
	r = good, r.gpa += 8;
	region_check(fd, "odd gpa", r, EINVAL);
	r = good, r.hva += 8;
	region_check(fd, "odd hva", r, EINVAL);
	r = good, r.bytes += 8;
	region_check(fd, "odd bytes", r, EINVAL);
	r = good, r.gpa = -PAGE, r.bytes = PAGE;
	region_check(fd, "gpa ends at 2^64", r, EINVAL);
	r = good, r.gpa = -PAGE, r.bytes = 2 * PAGE;
	region_check(fd, "gpa wraps", r, EINVAL);
	r = good, r.hva = -PAGE, r.bytes = 2 * PAGE;
	region_check(fd, "hva wraps", r, EINVAL);
	r = good, r.hva |= 0x5aull << 56;
	region_check(fd, "hva with a tag", r, EINVAL);
	r = good, r.hva = 0xffff800000000000ull;
	region_check(fd, "the kernel's memory", r, EFAULT);
	r = good, r.bytes = -(GUEST_GPA + PAGE);
	region_check(fd, "more than an address space", r, EINVAL);
	r = good, r.bytes = 0;
	region_check(fd, "removing what never was", r, ENOENT);
	region_check(fd, "good", good, 0);
	r = good, r.flags = TEEGATE_REGION_READONLY;
	region_check(fd, "replaced as read-only", r, 0);
	close(fd);
	munmap((void *)(uintptr_t)hva, GUEST_BYTES);
}

static void test_region_overlaps(void)
{
	uint64_t hva = (uintptr_t)memory_map(GUEST_BYTES);
	struct teegate_region r = {
		.slot = 0xffffffff,
		.gpa = GUEST_GPA,
		.bytes = 4 * PAGE,
		.hva = hva,
	};
	int fd = device_open();

	region_check(fd, "first", r, 0);
	r.slot = 7;
	region_check(fd, "the same elsewhere", r, EEXIST);
	r.gpa = GUEST_GPA + 3 * PAGE;
	region_check(fd, "overlaps its end", r, EEXIST);
	r.gpa = GUEST_GPA - 3 * PAGE;
	region_check(fd, "overlaps its start", r, EEXIST);
	r.gpa = GUEST_GPA - PAGE, r.bytes = 9 * PAGE;
	region_check(fd, "around it", r, EEXIST);
	r.gpa = GUEST_GPA + PAGE, r.bytes = PAGE;
	region_check(fd, "inside it", r, EEXIST);
	r.gpa = GUEST_GPA + 4 * PAGE;
	region_check(fd, "behind it", r, 0);
	r.gpa = GUEST_GPA - PAGE;
	region_check(fd, "moved before it", r, 0);
	r.gpa = GUEST_GPA;
	region_check(fd, "moved onto it", r, EEXIST);
	r.gpa = GUEST_GPA - PAGE;
	r.bytes = 0;
	region_check(fd, "removed", r, 0);
	region_check(fd, "removed twice", r, ENOENT);
	close(fd);
	munmap((void *)(uintptr_t)hva, GUEST_BYTES);
}

static void test_region_count(void)
{
	uint64_t hva = (uintptr_t)memory_map(PAGE);
	struct teegate_region r = { .bytes = PAGE, .hva = hva };
	int fd = device_open();
	int bad = 0;

	/* Descending, so that each goes in front of all others. */
	for (unsigned int i = 0; i < TEEGATE_REGIONS_MAX; i++) {
		r.slot = i;
		r.gpa = (uint64_t)(TEEGATE_REGIONS_MAX - i) * PAGE * 2;
		bad += ioctl(fd, TEEGATE_SET_REGION, &r) != 0;
	}
	check(bad == 0, "%d of the regions allowed were refused", bad);
	r.slot = TEEGATE_REGIONS_MAX;
	r.gpa = 0;
	region_check(fd, "one region too many", r, ENOSPC);
	r.slot = 5;
	region_check(fd, "replacing one of a full table", r, 0);
	close(fd);
	munmap((void *)(uintptr_t)hva, PAGE);
}

static void test_smc(int fd)
{
	struct teegate_smc args = { .pad = 1 };
	struct teegate_limits limits = { 0 };

	check_ioctl("smc nowhere", fd, TEEGATE_SMC, NULL, EFAULT);
	check_ioctl("smc pad", fd, TEEGATE_SMC, &args, EINVAL);
	/* Garbage above bit 31 and in unused registers is nobody's business. */
	args = (struct teegate_smc){
		.x = { 0xdead00000000ull | SMC_CALLS_UID, 1, 2, 3, 4, 5, 6, 7 },
	};
	check_ioctl("smc uid", fd, TEEGATE_SMC, &args, 0);
	check(args.x[0] == 0x384fb3e0 && args.x[1] == 0xe7f811e3 &&
		      args.x[2] == 0xaf630002 && args.x[3] == 0xa5d5c51b,
	      "uid %llx %llx %llx %llx", args.x[0], args.x[1], args.x[2],
	      args.x[3]);
	check(args.events == 0, "events 0x%x", args.events);
	args = (struct teegate_smc){ .x = { SMC_VM_CREATED, 9 } };
	check_ioctl("smc vm created", fd, TEEGATE_SMC, &args, 0);
	check((uint32_t)args.x[0] == RET_UNKNOWN, "VM_CREATED gave 0x%llx",
	      args.x[0]);
	check_ioctl("limits after the first SMC", fd, TEEGATE_SET_LIMITS,
		    &limits, EBUSY);
}

static void test_reset_and_stats(int fd)
{
	struct teegate_stats stats;

	check_ioctl("reset with an argument", fd, TEEGATE_RESET, (void *)1,
		    EINVAL);
	check_ioctl("reset", fd, TEEGATE_RESET, NULL, 0);
	check_ioctl("stats nowhere", fd, TEEGATE_GET_STATS, NULL, EFAULT);
	check_ioctl("stats", fd, TEEGATE_GET_STATS, &stats, 0);
	check(stats.smcs == 2, "%llu SMCs counted", stats.smcs);
	check(stats.vmid == 0, "VM %u without a partition", stats.vmid);
	check(stats.pinned_bytes == 0, "%llu bytes", stats.pinned_bytes);
}

/* The file was opened in another address space. */
static void foreign_body(int fd)
{
	struct teegate_info info;
	struct teegate_stats stats;
	struct teegate_limits limits = { 0 };
	struct teegate_smc args = { .x = { SMC_CALLS_UID } };
	struct teegate_region r = {
		.gpa = GUEST_GPA,
		.bytes = PAGE,
		.hva = (uintptr_t)memory_map(PAGE),
	};

	check_ioctl("foreign info", fd, TEEGATE_GET_INFO, &info, 0);
	check_ioctl("foreign stats", fd, TEEGATE_GET_STATS, &stats, 0);
	check_ioctl("foreign limits", fd, TEEGATE_SET_LIMITS, &limits, EPERM);
	check_ioctl("foreign region", fd, TEEGATE_SET_REGION, &r, EPERM);
	check_ioctl("foreign smc", fd, TEEGATE_SMC, &args, EPERM);
	check_ioctl("foreign reset", fd, TEEGATE_RESET, NULL, EPERM);
	check_ioctl("foreign unknown", fd, _IO(TEEGATE_IOC_MAGIC, 0x7f), NULL,
		    EPERM);
}

/* ---- pins ---- */

static void test_pinning(void)
{
	struct guest g = guest_open();
	struct teegate_stats stats;
	uint64_t ret;

	check_pinned("before", 0);
	ret = guest_call(&g, GUEST_GPA - PAGE);
	check((uint32_t)ret == RET_EBADADDR, "message out of memory: 0x%llx",
	      (unsigned long long)ret);
	ret = guest_register(&g, BUFFER_PAGES);
	check(ret == 0, "register: 0x%llx", (unsigned long long)ret);
	check_pinned("registered", BUFFER_PAGES);
	ioctl(g.fd, TEEGATE_GET_STATS, &stats);
	check(stats.pinned_bytes == BUFFER_PAGES * PAGE, "stats: %llu bytes",
	      stats.pinned_bytes);
	check(stats.vmid >= 2, "partition %u", stats.vmid);
	ret = guest_unregister(&g);
	check(ret == 0, "unregister: 0x%llx", (unsigned long long)ret);
	check_pinned("unregistered", 0);

	ret = guest_register(&g, BUFFER_PAGES);
	check(ret == 0, "register again: 0x%llx", (unsigned long long)ret);
	check_ioctl("reset with pins", g.fd, TEEGATE_RESET, NULL, 0);
	check_pinned("reset", 0);

	ret = guest_register(&g, BUFFER_PAGES);
	check(ret == 0, "register after reset: 0x%llx",
	      (unsigned long long)ret);
	guest_close(&g);
	check_pinned("closed", 0);
}

/* What the guest may share is what its VMM may write. */
static void test_unpinnable(void)
{
	struct guest g = guest_open();
	struct teegate_region r = {
		.gpa = GUEST_GPA,
		.bytes = GUEST_BYTES,
		.hva = (uintptr_t)g.ram,
	};
	uint64_t buffer = BUFFER_GPA - GUEST_GPA;
	uint64_t ret;

	mprotect(g.ram + buffer + 50 * PAGE, PAGE, PROT_READ);
	ret = guest_register(&g, BUFFER_PAGES);
	check(ret != 0, "a page that the VMM may only read was shared");
	check_pinned("read-only page", 0);
	mprotect(g.ram + buffer + 50 * PAGE, PAGE, PROT_READ | PROT_WRITE);

	munmap(g.ram + buffer + 99 * PAGE, PAGE);
	ret = guest_register(&g, BUFFER_PAGES);
	check(ret != 0, "a page that is not there was shared");
	check_pinned("absent page", 0);

	r.flags = TEEGATE_REGION_READONLY;
	region_check(g.fd, "now read-only", r, 0);
	ret = guest_register(&g, 1);
	check(ret != 0, "a page of a read-only region was shared");
	check_pinned("read-only region", 0);
	guest_close(&g);
}

/* RLIMIT_MEMLOCK holds for whoever may not lock memory at will. */
static void memlock_body(int fd)
{
	const struct rlimit limit = { 64 * PAGE, 64 * PAGE };
	struct guest g = guest_open();
	uint64_t ret;

	(void)fd;
	setrlimit(RLIMIT_MEMLOCK, &limit);
	if (setresuid(65534, 65534, 65534))
		check(false, "setresuid: %s", strerror(errno));
	ret = guest_register(&g, 65);
	check(ret != 0, "65 pages were pinned with a limit of 64");
	ret = guest_register(&g, 64);
	check(ret == 0, "64 pages with a limit of 64: 0x%llx",
	      (unsigned long long)ret);
	guest_close(&g);
}

/* Leaves with memory shared: nothing may be left of it. */
static void dying_body(int fd)
{
	struct guest g = guest_open();

	(void)fd;
	check(guest_register(&g, BUFFER_PAGES) == 0, "register, then die");
}

/*
 * OP-TEE has room for a few guests: the next one hears of it in @events, and
 * has a partition as soon as another's descriptor is closed and it is reset.
 */
static void test_no_partition(void)
{
	const unsigned int most = 8;
	struct guest g[8];
	struct teegate_smc args;
	unsigned int n = 0;

	for (;;) {
		g[n] = guest_open();
		if (guest_register(&g[n], 1) != 0 || n + 1 == most)
			break;
		n++;
	}
	check(n > 0, "not even one guest got a partition");
	args = (struct teegate_smc){ .x = { SMC_CALL_WITH_ARG } };
	check_ioctl("smc without a partition", g[n].fd, TEEGATE_SMC, &args, 0);
	check(args.events == TEEGATE_EVENT_NO_PARTITION, "events 0x%x with %u",
	      args.events, n);
	if (n > 0)
		guest_close(&g[--n]);
	check_ioctl("reset", g[n + 1].fd, TEEGATE_RESET, NULL, 0);
	check(guest_register(&g[n + 1], 1) == 0, "no partition after reset");
	guest_close(&g[n + 1]);
	while (n > 0)
		guest_close(&g[--n]);
}

/* ---- everything at once ---- */

static volatile bool stress_stop;
static volatile bool stress_failed;
static unsigned int stress_calls;

#define STRESS_RESETS 100u
#define STRESS_CALLS 1000u

static unsigned int stress_count(void)
{
	return __atomic_load_n(&stress_calls, __ATOMIC_RELAXED);
}
static struct guest stress_guest;

static void *stress_smc(void *unused)
{
	while (!stress_stop) {
		struct teegate_smc args = { .x = { SMC_CALLS_UID } };

		if (ioctl(stress_guest.fd, TEEGATE_SMC, &args))
			stress_failed = true;
		guest_register(&stress_guest, BUFFER_PAGES);
		guest_unregister(&stress_guest);
		__atomic_fetch_add(&stress_calls, 1, __ATOMIC_RELAXED);
	}
	return unused;
}

static void *stress_region(void *unused)
{
	struct teegate_region r = {
		.gpa = GUEST_GPA,
		.bytes = GUEST_BYTES,
		.hva = (uintptr_t)stress_guest.ram,
	};

	while (!stress_stop)
		if (ioctl(stress_guest.fd, TEEGATE_SET_REGION, &r))
			stress_failed = true;
	return unused;
}

static void stress_tick(int sig)
{
	(void)sig;
}

/* Threads that overwrite each other's messages, resets, signals. */
static void test_stress(void)
{
	const struct itimerval ms = { { 0, 1000 }, { 0, 1000 } };
	const struct itimerval off = { 0 };
	const struct sigaction tick = { .sa_handler = stress_tick };
	void *(*const bodies[])(void *) = { stress_smc, stress_smc, stress_smc,
					    stress_region };
	pthread_t threads[4];
	int bad = 0;

	stress_guest = guest_open();
	sigaction(SIGALRM, &tick, NULL);
	setitimer(ITIMER_REAL, &ms, NULL);
	for (unsigned int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, bodies[i], NULL);
	for (unsigned int i = 0;
	     i < STRESS_RESETS || stress_count() < STRESS_CALLS; i++) {
		bad += ioctl(stress_guest.fd, TEEGATE_RESET, 0) != 0;
		usleep(5000);
	}
	stress_stop = true;
	for (unsigned int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	setitimer(ITIMER_REAL, &off, NULL);
	check(bad == 0, "%d resets failed", bad);
	check(!stress_failed, "a call failed under stress");
	check_ioctl("last reset", stress_guest.fd, TEEGATE_RESET, NULL, 0);
	check_pinned("after stress", 0);
	guest_close(&stress_guest);
}

int main(void)
{
	int fd = device_open();

	test_info(fd);
	test_limits(fd);
	test_rpmb(fd);
	test_storage(fd);
	test_region_values();
	test_region_overlaps();
	test_region_count();
	test_smc(fd);
	test_reset_and_stats(fd);
	in_child("foreign", foreign_body, fd);
	close(fd);

	/* Twice: the first one's partition must be gone for the second. */
	for (int i = 0; i < 2; i++) {
		test_pinning();
		test_unpinnable();
		in_child("memlock", memlock_body, -1);
		in_child("dying", dying_body, -1);
	}
	test_no_partition();
	test_stress();
	return check_end();
}
