// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory that a guest must not get at OP-TEE with: what its VMM may only read,
 * what is no memory, what the kernel keeps for somebody else, and what is not
 * in a slot. Each is refused, pins nothing, and leaves the guest working.
 * Memory that may be shared is in uapi_memory_test.c, memory that changes
 * meanwhile in uapi_change_test.c. Arguments: a file on a file system on a
 * block device. Run as root.
 */
#define _GNU_SOURCE
#include "uapi_guest.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

#define KIND_PAGES 4ull

/* On the machine "virt", the platform bus: no device is behind it. */
#define NO_DEVICE_PA 0x0c000000ull

#ifndef GUEST_MEMFD_FLAG_MMAP
#define GUEST_MEMFD_FLAG_MMAP (1ull << 0)
#define GUEST_MEMFD_FLAG_INIT_SHARED (1ull << 1)
#endif

static struct guest guest;

static struct teegate_region kind_region(const void *hva, uint64_t bytes)
{
	return (struct teegate_region){
		.slot = KIND_SLOT,
		.gpa = KIND_GPA,
		.bytes = bytes,
		.hva = (uintptr_t)hva,
	};
}

/* Nothing is pinned, and OP-TEE still works for this guest. */
static void check_unharmed(const char *what)
{
	void *page = guest_at(&guest, BUFFER_GPA);

	check_pinned(what, 0);
	check(guest_stats(&guest).shm_buffers == 0, "%s: a buffer is left",
	      what);
	check(guest_register(&guest, 1) == 0, "%s: nothing works any more",
	      what);
	round_trip(&guest, what, BUFFER_COOKIE, &page, 1);
	check(guest_unregister(&guest) == 0, "%s: unregister", what);
}

/* As a list and as a range, alone and after a page that may be shared. */
static void check_unshareable(const char *what, uint64_t gpa)
{
	const uint64_t list[] = { BUFFER_GPA, BUFFER_GPA + PAGE, gpa };

	check(guest_register_list(&guest, KIND_COOKIE, &gpa, 1) != 0,
	      "%s: shared as a list", what);
	check(guest_register_list(&guest, KIND_COOKIE, list, 3) != 0,
	      "%s: shared behind other memory", what);
	check(guest_register_range(&guest, KIND_COOKIE, gpa, PAGE) != 0,
	      "%s: shared as a range", what);
	check_unharmed(what);
}

/* The VMM may say that this is memory, but it cannot be shared. */
static void refused(const char *what, void *hva, uint64_t bytes)
{
	if (hva == MAP_FAILED) {
		skipped(what, strerror(errno));
		return;
	}
	region_check(guest.fd, what, kind_region(hva, bytes), 0);
	check_unshareable(what, KIND_GPA);
	guest_slot_remove(&guest, KIND_SLOT);
	printf("ok: %s\n", what);
}

/* It is not even taken for memory. */
static void refused_at_once(const char *what, void *hva, uint64_t bytes)
{
	if (hva == MAP_FAILED) {
		skipped(what, strerror(errno));
		return;
	}
	region_check(guest.fd, what, kind_region(hva, bytes), EACCES);
	check((uint32_t)guest_call(&guest, KIND_GPA) == RET_EBADADDR,
	      "%s: read as a message", what);
	check_unshareable(what, KIND_GPA);
	printf("ok: %s\n", what);
}

/* ---- memory that the VMM or the guest may only read ---- */

static void test_read_only_region(void)
{
	struct teegate_region r =
		kind_region(memory_map(KIND_PAGES * PAGE), KIND_PAGES * PAGE);
	uint64_t *list = (uint64_t *)(uintptr_t)r.hva;

	r.flags = TEEGATE_REGION_READONLY;
	region_check(guest.fd, "read-only region", r, 0);
	check_unshareable("read-only region", KIND_GPA);
	/* To be read it is there: a list of other memory may stand in it. */
	list[0] = BUFFER_GPA;
	memcpy(guest_at(&guest, MSG_GPA),
	       &(struct msg){
		       .cmd = MSG_REGISTER_SHM,
		       .params = 1,
		       .param[0] = { MSG_ATTR_TMEM_OUT | MSG_ATTR_NONCONTIG,
				     KIND_GPA, PAGE, KIND_COOKIE } },
	       sizeof(struct msg));
	check(guest_call(&guest, MSG_GPA) == 0 &&
		      ((struct msg *)guest_at(&guest, MSG_GPA))->ret == 0,
	      "a list in a read-only region was refused");
	check(guest_unregister_cookie(&guest, KIND_COOKIE) == 0, "unregister");
	/* A message there cannot be answered. */
	*(struct msg *)list = (struct msg){ .cmd = MSG_UNREGISTER_SHM };
	check((uint32_t)guest_call(&guest, KIND_GPA) == RET_EBADADDR,
	      "a message in a read-only region was answered");
	r.flags = 0;
	region_check(guest.fd, "not read-only any more", r, 0);
	check(guest_register_range(&guest, KIND_COOKIE, KIND_GPA, PAGE) == 0,
	      "the same memory, not read-only");
	check(guest_unregister_cookie(&guest, KIND_COOKIE) == 0, "unregister");
	guest_slot_remove(&guest, KIND_SLOT);
	munmap(list, KIND_PAGES * PAGE);
	printf("ok: read-only region\n");
}

static void *map_file(int fd, int prot, int flags)
{
	return mmap(NULL, KIND_PAGES * PAGE, prot, flags, fd, 0);
}

static int memory_file(unsigned int flags)
{
	int fd = memfd_create("uapi", flags);

	if (fd < 0 || ftruncate(fd, KIND_PAGES * PAGE))
		exit(1);
	return fd;
}

static void test_read_only_mappings(void)
{
	const uint64_t bytes = KIND_PAGES * PAGE;
	int fd = memory_file(MFD_ALLOW_SEALING);
	uint8_t *anonymous = memory_map(bytes);
	int file = open("/proc/self/exe", O_RDONLY);

	memset(anonymous, 1, bytes);
	mprotect(anonymous, bytes, PROT_READ);
	refused("PROT_READ", anonymous, bytes);
	mprotect(anonymous, bytes, PROT_NONE);
	refused("PROT_NONE", anonymous, bytes);
	mprotect(anonymous, bytes, PROT_EXEC);
	refused("PROT_EXEC", anonymous, bytes);
	munmap(anonymous, bytes);
	refused("nothing mapped", anonymous, bytes);
	refused("a program's file", map_file(file, PROT_READ, MAP_SHARED),
		bytes);
	refused("a program's file, private",
		map_file(file, PROT_READ, MAP_PRIVATE), bytes);
	close(file);
	fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
	refused("a memfd sealed for the future",
		map_file(fd, PROT_READ, MAP_SHARED), bytes);
	close(fd);
	fd = memory_file(MFD_ALLOW_SEALING);
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE);
	refused("a memfd sealed", map_file(fd, PROT_READ, MAP_SHARED), bytes);
	close(fd);
	refused("the kernel's vdso", (void *)getauxval(AT_SYSINFO_EHDR), PAGE);
}

/* ---- what is no memory ---- */

/* A device's registers, as a VMM that passes it through has them. */
static void *map_pci_device(void)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	void *found = MAP_FAILED;
	struct dirent *entry;
	char path[400];
	int fd;

	while (dir && found == MAP_FAILED && (entry = readdir(dir))) {
		for (int bar = 0; bar < 6 && found == MAP_FAILED; bar++) {
			snprintf(path, sizeof(path),
				 "/sys/bus/pci/devices/%s/resource%d",
				 entry->d_name, bar);
			fd = open(path, O_RDWR);
			if (fd < 0)
				continue;
			found = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				     MAP_SHARED, fd, 0);
			close(fd);
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

static void test_devices(void)
{
	uint8_t *around = memory_map(3 * PAGE);
	int fd = open("/dev/mem", O_RDWR);
	void *device;

	refused_at_once("a PCI device", map_pci_device(), PAGE);
	device = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      NO_DEVICE_PA);
	refused_at_once("/dev/mem", device, PAGE);
	if (device == MAP_FAILED)
		return;
	/* Between two pages of memory. */
	device = mmap(around + PAGE, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_FIXED, fd, NO_DEVICE_PA);
	check(device == around + PAGE, "/dev/mem between memory");
	refused_at_once("memory with a device in it", around, 3 * PAGE);
	refused_at_once("memory that ends with a device", around, 2 * PAGE);
	refused_at_once("memory that begins with a device", device, 2 * PAGE);
	region_check(guest.fd, "memory up to a device",
		     kind_region(around, PAGE), 0);
	region_check(guest.fd, "a slot that would become a device's",
		     kind_region(device, PAGE), EACCES);
	guest_slot_remove(&guest, KIND_SLOT);
	munmap(around, 3 * PAGE);
	close(fd);
}

/* ---- memory that is somebody else's ---- */

static void test_kept(const char *path)
{
	int fd = (int)syscall(SYS_memfd_secret, 0);

	if (fd < 0 || ftruncate(fd, KIND_PAGES * PAGE)) {
		skipped("memfd_secret", strerror(errno));
	} else {
		refused("memfd_secret",
			map_file(fd, PROT_READ | PROT_WRITE, MAP_SHARED),
			KIND_PAGES * PAGE);
		close(fd);
	}
	/* The file system would write it back, and find it changed behind. */
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, KIND_PAGES * PAGE)) {
		skipped("a file on a disk", strerror(errno));
		return;
	}
	refused("a file on a disk",
		map_file(fd, PROT_READ | PROT_WRITE, MAP_SHARED),
		KIND_PAGES * PAGE);
	close(fd);
}

static int kvm_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR);

	return kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
}

/*
 * What no process may map cannot be named to the module. Where the kernel lets
 * it be mapped it is memory as any other, until the kernel says otherwise.
 */
static void test_guest_memfd(void)
{
	struct kvm_create_guest_memfd create = { .size = HUGE_BYTES };
	int vm = kvm_vm();
	int fd = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create);
	void *p;

	if (fd >= 0) {
		p = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);
		check(p == MAP_FAILED, "private guest_memfd is mapped");
		printf("ok: guest_memfd, private\n");
		close(fd);
	} else {
		skipped("guest_memfd, private", strerror(errno));
	}
	create.flags = GUEST_MEMFD_FLAG_MMAP;
	fd = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create);
	if (fd >= 0) {
		p = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);
		refused("guest_memfd, mapped but private", p, HUGE_BYTES);
		close(fd);
	} else {
		skipped("guest_memfd, mapped but private", strerror(errno));
	}
}

/* ---- what is in no slot ---- */

static void test_slot_ends(void)
{
	uint8_t *two = memory_map(8 * PAGE);
	uint64_t list[KIND_PAGES + 1];
	const char *what = "the page behind a slot";

	/* Memory goes on behind the slot, but not the guest's. */
	guest_slot(&guest, KIND_SLOT, KIND_GPA, two, KIND_PAGES * PAGE);
	for (uint64_t i = 0; i <= KIND_PAGES; i++)
		list[i] = KIND_GPA + i * PAGE;
	check(guest_register_list(&guest, KIND_COOKIE, list, KIND_PAGES + 1) !=
		      0,
	      "%s: in a list", what);
	check_pinned(what, 0);
	check(guest_register_range(&guest, KIND_COOKIE, KIND_GPA,
				   KIND_PAGES * PAGE + 1) != 0,
	      "%s: its first byte", what);
	check(guest_register_range(&guest, KIND_COOKIE, KIND_GPA - PAGE,
				   2 * PAGE) != 0,
	      "the page before a slot");
	check_unshareable(what, list[KIND_PAGES]);
	check(guest_register_list(&guest, KIND_COOKIE, list, KIND_PAGES) == 0,
	      "up to a slot's end");
	check(guest_unregister_cookie(&guest, KIND_COOKIE) == 0, "unregister");
	/* A message, or a list, across the end. */
	check((uint32_t)guest_call(&guest, KIND_GPA + KIND_PAGES * PAGE - 16) ==
		      RET_EBADADDR,
	      "a message across a slot's end");
	guest_slot(&guest, 2, KIND_GPA + (KIND_PAGES + 1) * PAGE,
		   two + 5 * PAGE, PAGE);
	check(guest_register_range(&guest, KIND_COOKIE, KIND_GPA,
				   (KIND_PAGES + 2) * PAGE) != 0,
	      "a range over a gap between slots");
	check_unharmed("a gap");
	guest_slot_remove(&guest, 2);
	guest_slot_remove(&guest, KIND_SLOT);
	munmap(two, 8 * PAGE);
	printf("ok: ends of slots\n");
}

/* The bad page is anywhere, also at the ends of the module's batches. */
static void test_one_bad_page(void)
{
	static const uint64_t at[] = { 0, 1, 31, 32, 33, 63, 64, 98, 99 };
	uint8_t *buffer = guest_at(&guest, BUFFER_GPA);

	for (unsigned int i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		uint8_t *page = buffer + at[i] * PAGE;

		mprotect(page, PAGE, PROT_READ);
		check(guest_register(&guest, BUFFER_PAGES) != 0,
		      "read-only page %u is shared", (unsigned int)at[i]);
		check_pinned("a read-only page", 0);
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	}
	check(guest_register(&guest, BUFFER_PAGES) == 0, "all are writable");
	check_pinned("all are writable", BUFFER_PAGES);
	check(guest_unregister(&guest) == 0, "unregister");
	check_unharmed("one bad page");
	printf("ok: one bad page\n");
}

/* Two guests of one VMM with the same addresses. */
static void test_another_guests(void)
{
	struct guest other = { .fd = device_open() };
	uint8_t *memory = memory_map(PAGE);

	guest_slot(&other, KIND_SLOT, KIND_GPA, memory, PAGE);
	check_unshareable("another guest's memory", KIND_GPA);
	check((uint32_t)guest_call(&guest, KIND_GPA) == RET_EBADADDR,
	      "a message in another guest's memory");
	close(other.fd);
	munmap(memory, PAGE);
	printf("ok: another guest's memory\n");
}

int main(int argc, char **argv)
{
	guest = guest_open();
	guest_open_session(&guest);
	test_read_only_region();
	test_read_only_mappings();
	test_devices();
	test_kept(argc > 1 ? argv[1] : "/nowhere/file");
	test_guest_memfd();
	test_slot_ends();
	test_one_bad_page();
	test_another_guests();
	guest_close(&guest);
	return check_end();
}
