// SPDX-License-Identifier: BSD-2-Clause
/*
 * What kill_test compares of the machine before and after: the kernel's
 * memory, what is pinned and locked, address spaces, users of the module, and
 * OP-TEE's heaps, which its statistics PTA tells the host and a guest. The
 * host asks by /dev/tee0, as any of its programs would.
 */
#define _GNU_SOURCE
#include "kill.h"
#include "kill_call.h"

#include <fcntl.h>
#include <linux/tee.h>

#define STATS_ALLOC 1u
#define POOL_HEAP 0u
#define POOL_TA_RAM 2u
#define POOL_NEXUS 3u
/* An entry ends with six words, the first of which is what is allocated. */
#define POOL_TAIL 24u
#define SETTLES 3u

/*
 * @drift: what may differ, in @unit, and why.
 *
 * Free memory: a page lost in each of 1,000 kills would be 4,000 KiB. Reading
 * it is good to some hundred KiB, as the kernel's own caches are never empty.
 * Address spaces: the kernel counts them by slabs in part. What OP-TEE has
 * allocated is the same to the byte where nothing else uses it.
 */
static const struct {
	const char *name, *unit;
	long long drift;
} measures[MEASURE_COUNT] = {
	[MEASURE_FREE] = { "free memory", "KiB", 2048 },
	[MEASURE_UNRECLAIMABLE] = { "slabs of the kernel", "KiB", 1024 },
	[MEASURE_MLOCKED] = { "Mlocked", "KiB", 0 },
	[MEASURE_UNEVICTABLE] = { "Unevictable", "KiB", 0 },
	[MEASURE_PINS] = { "pins", "pages", 0 },
	[MEASURE_VMPIN] = { "this process's locked memory", "KiB", 0 },
	[MEASURE_ADDRESS_SPACES] = { "address spaces", "", 8 },
	[MEASURE_MODULE_USERS] = { "users of the module", "", 0 },
	[MEASURE_HOST_HEAP] = { "OP-TEE's heap, host's", "bytes", 0 },
	[MEASURE_HOST_NEXUS] = { "OP-TEE's heap for all, from the host",
				 "bytes", 0 },
	[MEASURE_HOST_TA_RAM] = { "TA memory, host's", "bytes", 0 },
	[MEASURE_GUEST_HEAP] = { "OP-TEE's heap, a new guest's", "bytes", 0 },
	[MEASURE_GUEST_NEXUS] = { "OP-TEE's heap for all, from a guest",
				  "bytes", 0 },
	[MEASURE_GUEST_TA_RAM] = { "TA memory, a new guest's", "bytes", 0 },
};

/* ---- the kernel ---- */

/*
 * The kernel's counters are per CPU and summed up once a second; reading this
 * file does it now.
 */
static void counters_refresh(void)
{
	char c;
	int fd = open("/proc/sys/vm/stat_refresh", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, &c, 1) < 0)
		check(false, "vm.stat_refresh: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

long long machine_pins(void)
{
	const char *path = "/proc/vmstat";

	counters_refresh();
	return file_number(path, "nr_foll_pin_acquired ") -
	       file_number(path, "nr_foll_pin_released ");
}

long long machine_module_users(void)
{
	return file_number("/sys/module/teegate/refcnt", "");
}

/* Free pages that CPUs keep for themselves are not in MemFree. */
static long long free_kib(void)
{
	long long kib = file_number("/proc/meminfo", "MemFree:");
	FILE *f = fopen("/proc/zoneinfo", "r");
	char line[256];
	long long n;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %lld", &n) == 1)
			kib += n * (long long)(PAGE / 1024);
	if (f)
		fclose(f);
	return kib;
}

static void settle(void)
{
	sync();
	file_put("/proc/sys/vm/drop_caches", "3");
	file_put("/sys/kernel/slab/mm_struct/shrink", "1");
	sleep(1);
	counters_refresh();
}

static void measure_kernel(struct machine *m)
{
	long long kib;

	m->of[MEASURE_FREE] = 0;
	for (unsigned int i = 0; i < SETTLES; i++) {
		settle();
		kib = free_kib();
		if (kib > m->of[MEASURE_FREE])
			m->of[MEASURE_FREE] = kib;
	}
	m->of[MEASURE_UNRECLAIMABLE] =
		file_number("/proc/meminfo", "SUnreclaim:");
	m->of[MEASURE_MLOCKED] = file_number("/proc/meminfo", "Mlocked:");
	m->of[MEASURE_UNEVICTABLE] =
		file_number("/proc/meminfo", "Unevictable:");
	m->of[MEASURE_PINS] = machine_pins();
	m->of[MEASURE_VMPIN] = pinned_kib();
	m->of[MEASURE_ADDRESS_SPACES] =
		file_number("/proc/slabinfo", "mm_struct ");
	m->of[MEASURE_MODULE_USERS] = machine_module_users();
}

/* ---- OP-TEE ---- */

/* @bytes: what OP-TEE has written of its pools, oldest form or newest. */
static void take_pools(const uint8_t *pools, uint64_t bytes, long long *heap,
		       long long *nexus, long long *ta_ram)
{
	uint64_t each = bytes % 64 ? 56 : 64;
	long long *const to[] = {
		[POOL_HEAP] = heap, [POOL_TA_RAM] = ta_ram, [POOL_NEXUS] = nexus
	};

	for (unsigned int i = 0; i <= POOL_NEXUS; i++) {
		uint32_t allocated;

		if (!to[i])
			continue;
		if (!check(bytes >= (i + 1) * each, "no pool %u", i))
			return;
		memcpy(&allocated, pools + (i + 1) * each - POOL_TAIL,
		       sizeof(allocated));
		*to[i] = allocated;
	}
}

static void measure_guest(struct machine *m)
{
	struct guest g = call_guest_open(NULL);
	uint32_t session = call_open_session(&g, &uuid_stats);
	struct msg *message;
	struct call c;
	uint32_t ret;

	call_init(&g, &c, 1);
	message = call_message(&g, &c);
	message_invoke(message, session, STATS_ALLOC);
	message->params = 2;
	message->param[0].attr = MSG_ATTR_VALUE_IN;
	message->param[1].attr = MSG_ATTR_TMEM_OUT;
	message->param[1].a = BUFFER_GPA;
	message->param[1].b = PAGE;
	ret = call_whole(&g, &c);
	if (check(ret == 0, "a guest's statistics: 0x%x", ret))
		take_pools(guest_at(&g, BUFFER_GPA), message->param[1].b,
			   &m->of[MEASURE_GUEST_HEAP],
			   &m->of[MEASURE_GUEST_NEXUS],
			   &m->of[MEASURE_GUEST_TA_RAM]);
	call_guest_close(&g);
}

#define HOST_PARAMS 4u

/* With room for the parameters that follow. */
union host_invoke {
	struct tee_ioctl_invoke_arg arg;
	uint8_t bytes[sizeof(struct tee_ioctl_invoke_arg) +
		      HOST_PARAMS * sizeof(struct tee_ioctl_param)];
};

static uint32_t host_session(int fd)
{
	struct tee_ioctl_open_session_arg arg = { .num_params = 0 };
	struct tee_ioctl_buf_data buf = { (uintptr_t)&arg, sizeof(arg) };

	memcpy(arg.uuid, uuid_stats.bytes, sizeof(arg.uuid));
	if (ioctl(fd, TEE_IOC_OPEN_SESSION, &buf))
		check(false, "the host's session: %s", strerror(errno));
	else
		check(arg.ret == 0, "the host's session: 0x%x", arg.ret);
	return arg.session;
}

static void host_ask(struct machine *m, int fd, int id, const uint8_t *pools)
{
	union host_invoke i = { .arg = { .func = STATS_ALLOC,
					 .session = host_session(fd),
					 .num_params = HOST_PARAMS } };
	struct tee_ioctl_buf_data buf = { (uintptr_t)&i, sizeof(i) };

	i.arg.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT;
	i.arg.params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT;
	i.arg.params[1].b = PAGE;
	i.arg.params[1].c = (uint64_t)id;
	if (ioctl(fd, TEE_IOC_INVOKE, &buf))
		check(false, "the host's statistics: %s", strerror(errno));
	else if (check(i.arg.ret == 0, "the host's: 0x%x", i.arg.ret))
		take_pools(pools, i.arg.params[1].b, &m->of[MEASURE_HOST_HEAP],
			   &m->of[MEASURE_HOST_NEXUS],
			   &m->of[MEASURE_HOST_TA_RAM]);
}

static void measure_host(struct machine *m)
{
	struct tee_ioctl_shm_alloc_data shm = { .size = PAGE };
	int fd = open("/dev/tee0", O_RDWR | O_CLOEXEC);
	int memory = -1;
	void *p = MAP_FAILED;

	if (fd >= 0)
		memory = ioctl(fd, TEE_IOC_SHM_ALLOC, &shm);
	if (memory >= 0)
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory,
			 0);
	if (check(p != MAP_FAILED, "the host's TEE: %s", strerror(errno))) {
		host_ask(m, fd, shm.id, p);
		munmap(p, PAGE);
	}
	if (memory >= 0)
		close(memory);
	if (fd >= 0)
		close(fd);
}

/* ---- both ---- */

void machine_measure(struct machine *m)
{
	*m = (struct machine){ { 0 } };
	measure_guest(m);
	measure_host(m);
	measure_kernel(m);
}

/*
 * A kernel that watches itself keeps what was freed for a while, and much else
 * (KASAN, kmemleak): there its search for leaks is what counts.
 */
static bool is_noise(enum measure what)
{
	return (what == MEASURE_FREE || what == MEASURE_UNRECLAIMABLE ||
		what == MEASURE_ADDRESS_SPACES) &&
	       access("/sys/kernel/debug/kmemleak", F_OK) == 0;
}

void machine_compare(const struct machine *before, const struct machine *after)
{
	for (unsigned int i = 0; i < MEASURE_COUNT; i++) {
		long long change = after->of[i] - before->of[i];

		printf("%-36s %9lld -> %9lld %-5s (%+lld, at most %lld)\n",
		       measures[i].name, before->of[i], after->of[i],
		       measures[i].unit, change, measures[i].drift);
		if (is_noise(i))
			continue;
		check(llabs(change) <= measures[i].drift,
		      "%s: %+lld %s, at most %lld", measures[i].name, change,
		      measures[i].unit, measures[i].drift);
		check(before->of[i] >= 0, "%s cannot be measured",
		      measures[i].name);
	}
}
