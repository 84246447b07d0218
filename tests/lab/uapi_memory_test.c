// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory of every kind that a guest may share: each is shared with the real
 * OP-TEE, which reads and writes every page of it, and each is shown to be of
 * the kind that it is meant to be. What may not be shared is in
 * uapi_refused_test.c. Arguments: a directory on a file system on a block
 * device. Run as root.
 */
#define _GNU_SOURCE
#include "uapi_guest.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/memfd.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>

#ifndef GUEST_MEMFD_FLAG_MMAP
#define GUEST_MEMFD_FLAG_MMAP (1ull << 0)
#define GUEST_MEMFD_FLAG_INIT_SHARED (1ull << 1)
#endif

#define KIND_PAGES 16ull
#define KIND_BYTES (KIND_PAGES * PAGE)
#define HUGE_DIR "/run/uapi-huge"

static struct guest guest;

/* All of @memory is shared, its pages in another order than theirs. */
static void shares(const char *what, void *memory, uint64_t bytes)
{
	static uint64_t gpas[LIST_PAGES * LIST_ENTRIES];
	static void *pages[LIST_PAGES * LIST_ENTRIES];
	const uint64_t count = bytes / PAGE;
	uint64_t ret, same = 0;

	if (memory == MAP_FAILED) {
		check(false, "%s: %s", what, strerror(errno));
		return;
	}
	for (uint64_t i = 0; i < count; i++) {
		uint64_t n = i * 7 % count;

		gpas[i] = KIND_GPA + n * PAGE;
		pages[i] = (uint8_t *)memory + n * PAGE;
	}
	guest_slot(&guest, KIND_SLOT, KIND_GPA, memory, bytes);
	ret = guest_register_list(&guest, KIND_COOKIE, gpas, count);
	if (!check(ret == 0, "%s: 0x%llx", what, (unsigned long long)ret))
		return;
	check_pinned(what, count);
	round_trip(&guest, what, KIND_COOKIE, pages, count);
	for (uint64_t i = 0; i < count; i++)
		same += page_frame(pages[i]) == gpas[i] / PAGE;
	check(same == 0, "%s: %llu pages are where the guest has them", what,
	      (unsigned long long)same);
	check(kind_unregister(&guest) == 0, "%s: unregister", what);
	check_pinned(what, 0);
	guest_slot_remove(&guest, KIND_SLOT);
	printf("ok: %s\n", what);
}

static int memory_file(unsigned int flags, uint64_t bytes)
{
	int fd = memfd_create("uapi", flags);

	if (fd >= 0 && ftruncate(fd, (off_t)bytes)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void *map(int fd, uint64_t bytes, int flags)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
}

/* ---- anonymous memory ---- */

static void test_anonymous(void)
{
	uint8_t *memory = memory_map(KIND_BYTES);
	volatile uint8_t sum = 0;

	/* What was only read is the kernel's one page of zeros. */
	for (uint64_t i = 0; i < KIND_BYTES; i += PAGE)
		sum += memory[i];
	check(page_frame(memory) == page_frame(memory + PAGE),
	      "no page of zeros");
	shares("anonymous, of zeros", memory, KIND_BYTES);
	shares("anonymous", memory, KIND_BYTES);
	munmap(memory, KIND_BYTES);
	shares("anonymous, untouched", memory_map(KIND_BYTES), KIND_BYTES);
	shares("anonymous and shared",
	       map(-1, KIND_BYTES, MAP_SHARED | MAP_ANONYMOUS), KIND_BYTES);
	memory = memory_map(KIND_BYTES);
	check(mlock(memory, KIND_BYTES) == 0, "mlock");
	shares("locked", memory, KIND_BYTES);
}

/* What a balloon took away, and what it may take when memory is short. */
static void test_ballooned(void)
{
	int fd = memory_file(0, KIND_BYTES);
	uint8_t *memory = memory_map(KIND_BYTES);

	memset(memory, 0x55, KIND_BYTES);
	madvise(memory, KIND_BYTES, MADV_DONTNEED);
	check(page_frame(memory) == 0, "MADV_DONTNEED does nothing");
	shares("anonymous, taken by a balloon", memory, KIND_BYTES);
	madvise(memory, KIND_BYTES, MADV_FREE);
	shares("anonymous, to be freed", memory, KIND_BYTES);
	memory = map(fd, KIND_BYTES, MAP_SHARED);
	memset(memory, 0x55, KIND_BYTES);
	check(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			(off_t)KIND_BYTES) == 0,
	      "punching a hole: %s", strerror(errno));
	check(page_frame(memory) == 0, "a hole does nothing");
	shares("memfd, taken by a balloon", memory, KIND_BYTES);
	close(fd);
}

/* ---- large pages ---- */

/* A number of the mapping that begins at @memory, from its statistics. */
static long mapping_kib(const void *memory, const char *name)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool here = false;
	size_t n = strlen(name);
	char line[256];
	long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = (uintptr_t)memory >= start &&
			       (uintptr_t)memory < end;
		else if (here && strncmp(line, name, n) == 0)
			kib = strtol(line + n, NULL, 10);
	}
	if (f)
		fclose(f);
	return kib;
}

static void *align_huge(void *p)
{
	return (void *)(((uintptr_t)p + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
}

static void test_transparent_huge(void)
{
	const char *shmem = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
	uint8_t *memory = align_huge(memory_map(3 * HUGE_BYTES));
	int fd = memory_file(0, 3 * HUGE_BYTES);

	madvise(memory, HUGE_BYTES, MADV_HUGEPAGE);
	memset(memory, 1, HUGE_BYTES);
	check(mapping_kib(memory, "AnonHugePages:") >= 2048,
	      "no transparent huge page: %ld KiB",
	      mapping_kib(memory, "AnonHugePages:"));
	shares("transparent huge page", memory, HUGE_BYTES);
	check(mapping_kib(memory, "AnonHugePages:") >= 2048,
	      "sharing split the huge page");
	/* A part of one, which is torn afterwards. */
	shares("part of a huge page", memory + 5 * PAGE, KIND_BYTES);
	munmap(memory + 8 * PAGE, 8 * PAGE);
	shares("rest of a huge page", memory + 16 * PAGE, KIND_BYTES);

	check(file_put(shmem, "advise"), "%s: %s", shmem, strerror(errno));
	memory = align_huge(map(fd, 3 * HUGE_BYTES, MAP_SHARED));
	madvise(memory, HUGE_BYTES, MADV_HUGEPAGE);
	memset(memory, 1, HUGE_BYTES);
	check(mapping_kib(memory, "ShmemPmdMapped:") >= 2048,
	      "no huge page of shared memory: %ld KiB",
	      mapping_kib(memory, "ShmemPmdMapped:"));
	shares("huge page of shared memory", memory, HUGE_BYTES);
	file_put(shmem, "never");
	close(fd);
}

/* Huge pages of one size, each way to get at them. */
static void huge_pages(const char *size, uint64_t bytes, unsigned int log2,
		       const char *option)
{
	char path[128], what[64];
	int fd;

	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-%s/nr_hugepages", size);
	check(file_put(path, "8") && file_number(path, "") == 8,
	      "no huge pages of %s", size);
	snprintf(what, sizeof(what), "MAP_HUGETLB, %s", size);
	shares(what,
	       map(-1, bytes,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB |
			   (int)(log2 << MAP_HUGE_SHIFT)),
	       bytes);
	fd = memory_file(MFD_HUGETLB | log2 << MFD_HUGE_SHIFT, bytes);
	snprintf(what, sizeof(what), "memfd of huge pages, %s", size);
	shares(what, map(fd, bytes, MAP_SHARED), bytes);
	close(fd);
	mkdir(HUGE_DIR, 0700);
	check(mount("none", HUGE_DIR, "hugetlbfs", 0, option) == 0,
	      "hugetlbfs: %s", strerror(errno));
	fd = open(HUGE_DIR "/file", O_RDWR | O_CREAT, 0600);
	check(ftruncate(fd, (off_t)bytes) == 0, "hugetlbfs: a file");
	snprintf(what, sizeof(what), "file on hugetlbfs, %s", size);
	shares(what, map(fd, bytes, MAP_SHARED), bytes);
	snprintf(what, sizeof(what), "file on hugetlbfs, private, %s", size);
	shares(what, map(fd, bytes, MAP_PRIVATE), bytes);
	close(fd);
	/* The mappings keep it busy. */
	umount2(HUGE_DIR, MNT_DETACH);
}

/* ---- files ---- */

static bool file_is(int fd, uint8_t byte)
{
	uint8_t data[KIND_BYTES];

	if (pread(fd, data, sizeof(data), 0) != (ssize_t)sizeof(data))
		return false;
	for (uint64_t i = 0; i < sizeof(data); i++)
		if (data[i] != byte)
			return false;
	return true;
}

/* Copied when it is shared: what OP-TEE writes is not in the file. */
static void private_file(const char *what, int fd)
{
	uint8_t data[KIND_BYTES];

	memset(data, 0x77, sizeof(data));
	if (!check(fd >= 0 && pwrite(fd, data, sizeof(data), 0) ==
				      (ssize_t)sizeof(data),
		   "%s: %s", what, strerror(errno)))
		return;
	shares(what, map(fd, KIND_BYTES, MAP_PRIVATE), KIND_BYTES);
	check(file_is(fd, 0x77), "%s: the file has changed", what);
}

static void test_files(const char *dir)
{
	int shm = shmget(IPC_PRIVATE, KIND_BYTES, 0600);
	int fd = memory_file(0, KIND_BYTES);
	char path[128];

	shares("memfd", map(fd, KIND_BYTES, MAP_SHARED), KIND_BYTES);
	private_file("memfd, private", fd);
	close(fd);
	fd = open("/dev/shm", O_RDWR | O_TMPFILE, 0600);
	check(ftruncate(fd, (off_t)KIND_BYTES) == 0, "a file on tmpfs");
	shares("file on tmpfs", map(fd, KIND_BYTES, MAP_SHARED), KIND_BYTES);
	private_file("file on tmpfs, private", fd);
	close(fd);
	shares("System V shared memory", shmat(shm, NULL, 0), KIND_BYTES);
	shmctl(shm, IPC_RMID, NULL);
	if (!dir) {
		skipped("file on a disk, private", "no disk");
		return;
	}
	snprintf(path, sizeof(path), "%s/private", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	private_file("file on a disk, private", fd);
	close(fd);
}

static void test_guest_memfd(void)
{
	struct kvm_create_guest_memfd create = {
		.size = KIND_BYTES,
		.flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED,
	};
	int kvm = open("/dev/kvm", O_RDWR);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	int fd = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create);

	if (fd < 0) {
		skipped("guest_memfd, shared", strerror(errno));
		return;
	}
	shares("guest_memfd, shared", map(fd, KIND_BYTES, MAP_SHARED),
	       KIND_BYTES);
	close(fd);
}

/* ---- guest addresses ---- */

/* Neighbours for the guest need not be neighbours for the VMM. */
static void test_neighbours(void)
{
	uint8_t *memory = memory_map(4 * PAGE);
	void *pages[3] = { memory + 3 * PAGE, memory + 2 * PAGE, memory };

	for (uint64_t i = 0; i < 3; i++)
		guest_slot(&guest, KIND_SLOT + (uint32_t)i, KIND_GPA + i * PAGE,
			   pages[i], PAGE);
	check(guest_register_range(&guest, KIND_COOKIE, KIND_GPA, 3 * PAGE) ==
		      0,
	      "a range over three slots");
	round_trip(&guest, "a range over three slots", KIND_COOKIE, pages, 3);
	check(kind_unregister(&guest) == 0, "unregister");
	/* The slots are gone, and their memory as others has them again. */
	for (uint32_t i = 0; i < 3; i++)
		guest_slot_remove(&guest, KIND_SLOT + i);
	guest_slot(&guest, KIND_SLOT, KIND_GPA, memory, 4 * PAGE);
	check(kind_register(&guest, 4 * PAGE) == 0, "one slot after three");
	round_trip_range(&guest, "one slot after three", KIND_COOKIE, memory,
			 4 * PAGE);
	check(kind_unregister(&guest) == 0, "unregister");
	guest_slot_remove(&guest, KIND_SLOT);
	munmap(memory, 4 * PAGE);
	printf("ok: neighbours\n");
}

/* The guest's address is where somebody else's page really is. */
static void test_address_of_another(void)
{
	uint8_t *memory = memory_map(PAGE);
	void *page = memory;
	uint8_t before[PAGE];
	uint8_t *victim;
	uint64_t gpa;

	/* Slot 0's addresses are taken. */
	do {
		victim = memory_map(PAGE);
		page_fill(victim, 4711);
		gpa = page_frame(victim) * PAGE;
	} while (gpa >= GUEST_GPA && gpa < GUEST_GPA + GUEST_BYTES);
	check(gpa != 0, "no page is known by its frame: not root?");
	memcpy(before, victim, PAGE);
	guest_slot(&guest, KIND_SLOT, gpa, memory, PAGE);
	check(guest_register_range(&guest, KIND_COOKIE, gpa, PAGE) == 0,
	      "register");
	round_trip(&guest, "the address of another's page", KIND_COOKIE, &page,
		   1);
	check(kind_unregister(&guest) == 0, "unregister");
	check(memcmp(victim, before, PAGE) == 0, "the other's page changed");
	check(page_frame(victim) * PAGE == gpa, "the other's page moved");
	guest_slot_remove(&guest, KIND_SLOT);
	munmap(victim, PAGE);
	munmap(memory, PAGE);
	printf("ok: the address of another's page\n");
}

int main(int argc, char **argv)
{
	guest = guest_open();
	guest_open_session(&guest);
	test_anonymous();
	test_ballooned();
	test_transparent_huge();
	huge_pages("2048kB", HUGE_BYTES, 21, "pagesize=2M");
	huge_pages("64kB", 64 << 10, 16, "pagesize=64K");
	test_files(argc > 1 ? argv[1] : NULL);
	test_guest_memfd();
	test_neighbours();
	test_address_of_another();
	guest_close(&guest);
	return check_end();
}
