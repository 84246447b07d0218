// SPDX-License-Identifier: BSD-2-Clause
/*
 * A command that leaks its key on purpose, in the way that its first argument
 * names, so that secrets.sh can see that each way is found. "clean" leaks
 * nothing. Usage: secrets_leaky WAY KEY-FILE
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define KEY_BYTES 32

/* Where the clean way keeps it. */
static unsigned char *locked_page(const char *way)
{
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (strcmp(way, "unlocked") != 0)
		mlock(page, 4096);
	if (strcmp(way, "dumped") != 0)
		madvise(page, 4096, MADV_DONTDUMP);
	return page;
}

static void to_digits(const unsigned char *key, char *text)
{
	for (int n = 0; n < KEY_BYTES; n++)
		sprintf(text + 2 * n, "%02x", key[n]);
}

static void leak(const char *way, const unsigned char *key)
{
	char text[2 * KEY_BYTES + 1];
	unsigned char half[16];
	unsigned char *copy;

	if (!strcmp(way, "heap")) {
		copy = malloc(KEY_BYTES);
		memcpy(copy, key, KEY_BYTES);
		/* For the compiler it is used; below likewise. */
		__asm__ volatile("" : : "r"(copy) : "memory");
		getppid();
		explicit_bzero(copy, KEY_BYTES);
		free(copy);
	} else if (!strcmp(way, "half")) {
		memcpy(half, key + 16, sizeof(half));
		__asm__ volatile("" : : "r"(half) : "memory");
		getppid();
		explicit_bzero(half, sizeof(half));
	} else if (!strcmp(way, "environment")) {
		to_digits(key, text);
		setenv("KEY", text, 1);
		getppid();
	} else if (!strcmp(way, "output") || !strcmp(way, "message")) {
		/* Unbuffered and wiped: only what is written tells. */
		to_digits(key, text);
		if (write(way[0] == 'o' ? STDOUT_FILENO : STDERR_FILENO, text,
			  sizeof(text) - 1) < 0)
			exit(2);
	}
	explicit_bzero(text, sizeof(text));
}

int main(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };
	unsigned char *key;
	int fd;

	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "core") != 0) {
		setrlimit(RLIMIT_CORE, &none);
		prctl(PR_SET_DUMPABLE, 0);
	}
	key = locked_page(argv[1]);
	fd = open(argv[2], O_RDONLY);
	if (fd < 0 || read(fd, key, KEY_BYTES) != KEY_BYTES)
		return 2;
	close(fd);
	leak(argv[1], key);
	if (strcmp(argv[1], "unwiped") != 0)
		explicit_bzero(key, KEY_BYTES);
	return 0;
}
