// SPDX-License-Identifier: BSD-2-Clause
/*
 * kexec for the lab's arm64 machines, guests and the board, on kernels that
 * have kexec_load() alone (Debian's): "reset_kexec IMAGE INITRD" starts that
 * kernel in place of the one that runs, at once; no process is asked to end
 * first. "reset_kexec --crash IMAGE INITRD" has it started when this kernel
 * panics, in the memory that crashkernel= set aside, and returns.
 *
 * The new kernel gets this one's device tree and command line. Its RAM disk goes
 * where the device tree has this one's, if it has: nothing else lives there. It
 * is told where the RAM disk is; after a crash also the memory that it may use,
 * and no crashkernel=. It is not told of the old kernel's core (elfcorehdr): Linux's
 * OP-TEE driver would keep away, and what is looked for here is whether OP-TEE
 * can be used again. The tree is rewritten in reset_fdt.c.
 * How an Image is entered: Documentation/arch/arm64/booting.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kexec.h>
#include <linux/reboot.h>

#include "reset_fdt.h"

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

/* Where segments go, one after another; @end is behind the last byte. */
static struct {
	uint64_t start, end, next;
} room;

static void die(const char *what)
{
	fprintf(stderr, "reset_kexec: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A whole file in memory, also one whose size is not known before. */
static void *file_read(const char *path, uint64_t *ret_bytes)
{
	uint64_t size = 1 << 20, bytes = 0;
	uint8_t *data = malloc(size);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (fd >= 0 && data &&
	       (n = read(fd, data + bytes, size - bytes)) > 0) {
		bytes += (uint64_t)n;
		if (bytes == size)
			data = realloc(data, size *= 2);
	}
	if (n < 0 || !data)
		die(path);
	close(fd);
	*ret_bytes = bytes;
	return data;
}

/* A range of /proc/iomem by its name, the last one if there are several. */
static bool iomem_find(const char *name, uint64_t *ret_start, uint64_t *ret_end)
{
	FILE *f = fopen("/proc/iomem", "r");
	bool found = false;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		char *at = strstr(line, name);

		if (!at || sscanf(line, "%" SCNx64 "-%" SCNx64, ret_start,
				  ret_end) != 2)
			continue;
		*ret_end += 1;
		found = *ret_start != 0;
	}
	if (f)
		fclose(f);
	return found;
}

/* Without a crash the new kernel goes where the present one is. */
static void room_find(bool crash)
{
	bool found = iomem_find(crash ? ": Crash kernel" : ": Kernel code",
				&room.start, &room.end);

	if (!found) {
		fprintf(stderr, "reset_kexec: no room for a kernel%s\n",
			crash ? ": crashkernel=" : "");
		exit(1);
	}
	room.start &= ~(IMAGE_ALIGNMENT - 1);
	if (!crash)
		room.end = UINT64_MAX;
	room.next = room.start;
}

/* @bytes in memory, of which @data are there and the rest is zeros. */
static uint64_t segment_set(unsigned int n, uint64_t bytes, const void *data,
			    uint64_t data_bytes)
{
	uint64_t at = room.next;

	room.next = at + bytes;
	room.next = (room.next + IMAGE_ALIGNMENT - 1) & ~(IMAGE_ALIGNMENT - 1);
	if (room.next > room.end) {
		fprintf(stderr, "reset_kexec: the room is too small\n");
		exit(1);
	}
	segments[n] = (struct kexec_segment){
		.buf = data,
		.bufsz = data_bytes,
		.mem = (void *)(uintptr_t)at,
		.memsz = (bytes + PAGE - 1) & ~(PAGE - 1),
	};
	return at;
}

static void image_take(const char *path)
{
	uint64_t file_bytes, bytes = 0;
	const uint8_t *data = file_read(path, &file_bytes);
	uint32_t magic = 0;

	if (file_bytes > IMAGE_HEADER_BYTES) {
		memcpy(&magic, data + IMAGE_MAGIC_AT, sizeof(magic));
		memcpy(&bytes, data + IMAGE_SIZE_AT, sizeof(bytes));
	}
	if (magic != IMAGE_MAGIC || bytes < file_bytes) {
		fprintf(stderr, "reset_kexec: %s is no Image\n", path);
		exit(1);
	}
	entry.image = segment_set(SEGMENT_IMAGE, bytes, data, file_bytes);
}

/* A number of the device tree, of one cell or two; 0 if there is none. */
static uint64_t chosen_number(const char *name)
{
	char path[128];
	uint8_t data[8];
	uint64_t value = 0;
	ssize_t bytes;
	int fd;

	snprintf(path, sizeof(path), "/proc/device-tree/chosen/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	bytes = fd >= 0 ? read(fd, data, sizeof(data)) : 0;
	for (ssize_t i = 0; i < bytes; i++)
		value = value << 8 | data[i];
	if (fd >= 0)
		close(fd);
	return value;
}

static uint64_t initrd_take(const char *path, bool crash, uint64_t *ret_bytes)
{
	uint64_t at = crash ? 0 : chosen_number("linux,initrd-start");
	const void *data = file_read(path, ret_bytes);

	if (at % PAGE == 0 && at > room.next)
		room.next = at;
	return segment_set(SEGMENT_INITRD, *ret_bytes, data, *ret_bytes);
}

/* This kernel's words but for those that are of its own memory. */
static char *command_line(bool crash)
{
	uint64_t bytes;
	char *data = file_read("/proc/cmdline", &bytes);
	char *line = calloc(1, bytes + 1);

	if (!line)
		die("command line");
	data[bytes ? bytes - 1 : 0] = '\0';
	for (char *word = strtok(data, " \n"); word; word = strtok(NULL, " \n"))
		if (strncmp(word, "initrd=", strlen("initrd=")) != 0 &&
		    !(crash && strncmp(word, "crashkernel=",
				       strlen("crashkernel=")) == 0)) {
			strcat(line, *line ? " " : "");
			strcat(line, word);
		}
	free(data);
	return line;
}

static void tree_take(bool crash, uint64_t initrd, uint64_t initrd_bytes)
{
	struct fdt_chosen chosen = {
		.bootargs = command_line(crash),
		.initrd_start = initrd,
		.initrd_end = initrd + initrd_bytes,
		.usable_start = crash ? room.start : 0,
		.usable_bytes = crash ? room.end - room.start : 0,
	};
	uint64_t bytes;
	const void *old = file_read("/sys/firmware/fdt", &bytes);
	const void *tree = fdt_rewrite(old, &chosen, &bytes);

	if (!tree || bytes > IMAGE_ALIGNMENT) {
		fprintf(stderr, "reset_kexec: this device tree cannot be"
				" rewritten\n");
		exit(1);
	}
	entry.dtb = segment_set(SEGMENT_DTB, bytes, tree, bytes);
}

int main(int argc, char **argv)
{
	bool crash = argc > 1 && strcmp(argv[1], "--crash") == 0;
	uint64_t initrd, bytes, at;

	if (argc != 3 + crash) {
		fprintf(stderr, "usage: reset_kexec [--crash] IMAGE INITRD\n");
		return 2;
	}
	room_find(crash);
	image_take(argv[1 + crash]);
	initrd = initrd_take(argv[2 + crash], crash, &bytes);
	tree_take(crash, initrd, bytes);
	at = segment_set(SEGMENT_ENTRY, sizeof(entry), &entry, sizeof(entry));
	if (syscall(SYS_kexec_load, at, SEGMENT_COUNT, segments,
		    KEXEC_ARCH_AARCH64 | (crash ? KEXEC_ON_CRASH : 0)))
		die("kexec_load");
	if (crash)
		return 0;
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	die("reboot");
}
