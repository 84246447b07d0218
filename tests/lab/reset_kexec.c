// SPDX-License-Identifier: BSD-2-Clause
/*
 * kexec for the lab's arm64 machines, on kernels that have kexec_load() alone
 * (Debian's): "reset_kexec IMAGE INITRD" starts that kernel in place of the one
 * that runs, at once, with the device tree and command line that this one was
 * booted with. No process is asked to end first.
 *
 * The kernel goes where the present one is, the initial RAM disk where the
 * present one's was, so that the device tree is right as it is; it must not be
 * larger. How an Image is entered: Documentation/arch/arm64/booting.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kexec.h>
#include <linux/reboot.h>

#define PAGE 4096ull
#define IMAGE_ALIGNMENT (2ull << 20)
#define IMAGE_SIZE_AT 16
#define IMAGE_MAGIC_AT 56
#define IMAGE_MAGIC 0x644d5241u /* "ARM\x64" */
#define IMAGE_HEADER_BYTES 64

enum {
	SEGMENT_IMAGE,
	SEGMENT_INITRD,
	SEGMENT_DTB,
	SEGMENT_ENTRY,
	SEGMENT_COUNT
};

/* x0 = device tree, x1 to x3 = 0, then to the Image. */
static struct {
	uint32_t code[6];
	uint64_t dtb, image;
} entry = { .code = {
		    0x580000c0, /* ldr x0, dtb */
		    0xd2800001, /* mov x1, #0 */
		    0xd2800002, /* mov x2, #0 */
		    0xd2800003, /* mov x3, #0 */
		    0x58000084, /* ldr x4, image */
		    0xd61f0080, /* br x4 */
	    } };

static struct kexec_segment segments[SEGMENT_COUNT];

static void die(const char *what)
{
	fprintf(stderr, "reset_kexec: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A whole file in memory, also one whose size is not known before. */
static void *file_read(const char *path, uint64_t *ret_bytes)
{
	uint64_t room = 1 << 20, bytes = 0;
	uint8_t *data = malloc(room);
	int fd = open(path, O_RDONLY);
	ssize_t n = -1;

	while (fd >= 0 && data &&
	       (n = read(fd, data + bytes, room - bytes)) > 0) {
		bytes += (uint64_t)n;
		if (bytes == room)
			data = realloc(data, room *= 2);
	}
	if (n < 0 || !data)
		die(path);
	close(fd);
	*ret_bytes = bytes;
	return data;
}

/* A number of the device tree, of one cell or two. */
static uint64_t chosen(const char *name)
{
	char path[128];
	uint8_t *data;
	uint64_t bytes, value = 0;

	snprintf(path, sizeof(path), "/proc/device-tree/chosen/%s", name);
	data = file_read(path, &bytes);
	for (uint64_t i = 0; i < bytes; i++)
		value = value << 8 | data[i];
	free(data);
	return value;
}

/* Where the kernel that runs was put by whoever started it. */
static uint64_t kernel_base(void)
{
	FILE *f = fopen("/proc/iomem", "r");
	uint64_t base = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, ": Kernel code"))
			base = strtoull(line, NULL, 16);
	if (f)
		fclose(f);
	return base & ~(IMAGE_ALIGNMENT - 1);
}

static uint64_t align(uint64_t value, uint64_t to)
{
	return (value + to - 1) & ~(to - 1);
}

/* @bytes in memory, of which @data are there and the rest is zeros. */
static void segment_set(unsigned int n, uint64_t at, uint64_t bytes,
			const void *data, uint64_t data_bytes)
{
	segments[n] = (struct kexec_segment){
		.buf = data,
		.bufsz = data_bytes,
		.mem = (void *)(uintptr_t)at,
		.memsz = align(bytes, PAGE),
	};
}

static void image_take(const char *path)
{
	uint64_t file_bytes, bytes;
	const uint8_t *data = file_read(path, &file_bytes);
	uint32_t magic = 0;

	if (file_bytes > IMAGE_HEADER_BYTES) {
		memcpy(&magic, data + IMAGE_MAGIC_AT, sizeof(magic));
		memcpy(&bytes, data + IMAGE_SIZE_AT, sizeof(bytes));
	}
	entry.image = kernel_base();
	if (magic != IMAGE_MAGIC || bytes < file_bytes || !entry.image) {
		fprintf(stderr, "reset_kexec: %s is no Image, or no room\n",
			path);
		exit(1);
	}
	segment_set(SEGMENT_IMAGE, entry.image, bytes, data, file_bytes);
}

/* Zeros behind the last archive are skipped by the kernel. */
static void initrd_take(const char *path)
{
	uint64_t start = chosen("linux,initrd-start");
	uint64_t end = chosen("linux,initrd-end");
	uint64_t bytes;
	const void *data = file_read(path, &bytes);

	if (start % PAGE || bytes > end - start) {
		fprintf(stderr,
			"reset_kexec: %s does not fit to 0x%" PRIx64
			", 0x%" PRIx64 " bytes\n",
			path, start, end - start);
		exit(1);
	}
	segment_set(SEGMENT_INITRD, start, end - start, data, bytes);
	/* Behind it, as QEMU does: away from kernel and RAM disk. */
	entry.dtb = align(end, IMAGE_ALIGNMENT);
}

int main(int argc, char **argv)
{
	const void *dtb;
	uint64_t bytes;

	if (argc != 3) {
		fprintf(stderr, "usage: reset_kexec IMAGE INITRD\n");
		return 2;
	}
	image_take(argv[1]);
	initrd_take(argv[2]);
	dtb = file_read("/sys/firmware/fdt", &bytes);
	if (bytes > IMAGE_ALIGNMENT) {
		fprintf(stderr, "reset_kexec: the device tree is too large\n");
		return 1;
	}
	segment_set(SEGMENT_DTB, entry.dtb, bytes, dtb, bytes);
	segment_set(SEGMENT_ENTRY, entry.dtb + IMAGE_ALIGNMENT, sizeof(entry),
		    &entry, sizeof(entry));
	if (syscall(SYS_kexec_load, segments[SEGMENT_ENTRY].mem, SEGMENT_COUNT,
		    segments, KEXEC_ARCH_AARCH64))
		die("kexec_load");
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	die("reboot");
}
