// SPDX-License-Identifier: BSD-2-Clause
/*
 * Files into the guest's memory: kernel and initrd into its RAM, and the ROM's
 * content. Where they go is written down in minivmm.h.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "minivmm.h"

/* The header of an arm64 Image: Documentation/arch/arm64/booting.rst. */
struct image_header {
	uint32_t code[2];
	uint64_t text_offset;
	uint64_t image_bytes;
	uint64_t flags;
	uint64_t reserved[3];
	uint32_t magic;
	uint32_t pe_offset;
};

_Static_assert(sizeof(struct image_header) == 64, "the header has 64 bytes");

#define IMAGE_MAGIC 0x644d5241u

static int file_open(const char *path, uint64_t *ret_bytes)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st)) {
		fail("cannot open %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*ret_bytes = (uint64_t)st.st_size;
	return fd;
}

static bool file_load(const char *path, int fd, uint64_t bytes, uint8_t *to)
{
	uint64_t done = 0;
	ssize_t got;

	while (done < bytes) {
		got = pread(fd, to + done, bytes - done, (off_t)done);
		if (got <= 0)
			return fail("cannot read %s: %s", path,
				    got ? strerror(errno) :
					  "it became shorter");
		done += (uint64_t)got;
	}
	return true;
}

/* Where the kernel starts in RAM, and how much it takes there. */
static bool kernel_place(const char *path, int fd, uint64_t bytes,
			 uint64_t *ret_offset, uint64_t *ret_bytes)
{
	struct image_header header;

	*ret_offset = 0;
	*ret_bytes = bytes;
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    le32toh(header.magic) != IMAGE_MAGIC)
		return true;
	/* Kernels from before 3.17 leave the size out; those are not for here. */
	if (!header.image_bytes)
		return fail("%s is too old an Image", path);
	*ret_offset = le64toh(header.text_offset);
	if (le64toh(header.image_bytes) > bytes)
		*ret_bytes = le64toh(header.image_bytes);
	return true;
}

static bool kernel_load(struct vm *vm, int fd, uint64_t bytes)
{
	uint64_t room = vm->config.ram_bytes - DTB_BYTES_MAX, offset, needed;

	if (!kernel_place(vm->config.kernel, fd, bytes, &offset, &needed))
		return false;
	if (offset > room || needed > room - offset)
		return fail("%s does not fit into %llu MiB of RAM",
			    vm->config.kernel,
			    (unsigned long long)(vm->config.ram_bytes / MIB));
	vm->entry = vm->config.ram_base + offset;
	/* loader_initrd() stays clear of it. */
	vm->initrd_gpa = vm->entry + needed;
	return file_load(vm->config.kernel, fd, bytes, vm->ram + offset);
}

bool loader_kernel(struct vm *vm)
{
	uint64_t bytes;
	int fd = file_open(vm->config.kernel, &bytes);
	bool ok;

	if (fd < 0)
		return false;
	ok = kernel_load(vm, fd, bytes);
	close(fd);
	return ok;
}

bool loader_initrd(struct vm *vm)
{
	uint64_t end =
		vm->config.ram_base + vm->config.ram_bytes - DTB_BYTES_MAX;
	uint64_t kernel_end = vm->initrd_gpa, bytes;
	int fd;
	bool ok;

	vm->initrd_bytes = 0;
	if (!vm->config.initrd)
		return true;
	fd = file_open(vm->config.initrd, &bytes);
	if (fd < 0)
		return false;
	ok = bytes <= end - kernel_end &&
	     ((end - bytes) & ~0xfffull) >= kernel_end;
	if (!ok) {
		fail("%s does not fit into RAM beside the kernel",
		     vm->config.initrd);
	} else {
		vm->initrd_bytes = bytes;
		vm->initrd_gpa = (end - bytes) & ~0xfffull;
		ok = file_load(vm->config.initrd, fd, bytes,
			       vm->ram + vm->initrd_gpa - vm->config.ram_base);
	}
	close(fd);
	return ok;
}

void *loader_rom(struct vm *vm)
{
	uint64_t bytes;
	int fd = file_open(vm->config.rom, &bytes);
	void *rom;
	bool ok;

	if (fd < 0)
		return NULL;
	ok = bytes && bytes <= ROM_BYTES_MAX;
	if (!ok)
		fail("%s is empty, or more than %llu MiB", vm->config.rom,
		     ROM_BYTES_MAX / MIB);
	vm->rom_bytes = (bytes + 4095) & ~4095ull;
	rom = ok ? mmap(NULL, vm->rom_bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) :
		   NULL;
	if (rom == MAP_FAILED) {
		fail("no memory for %s: %s", vm->config.rom, strerror(errno));
		rom = NULL;
	}
	if (rom && !file_load(vm->config.rom, fd, bytes, rom))
		rom = NULL;
	close(fd);
	return rom;
}
