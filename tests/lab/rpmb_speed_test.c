// SPDX-License-Identifier: BSD-2-Clause
/*
 * How long a device takes for what librpmb asks of it: counter reads, block
 * reads and writes, one after the other, MAC and nonce checked. Figures only;
 * what is fast enough nobody here knows.
 *
 * usage: rpmb_speed_test DEVICE KEY-FILE COUNT
 *
 * Overwrites blocks 0 and up. Exit status 0, or 1 with the device's answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <rpmb.h>

#define BLOCK_BYTES 256

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct rpmb_key *key_load(const char *path)
{
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	FILE *file = fopen(path, "rb");

	if (!key || !file || fread(key, sizeof(*key), 1, file) != 1) {
		fprintf(stderr, "no key in %s\n", path);
		exit(1);
	}
	fclose(file);
	return key;
}

enum what {
	COUNTER_ANY,
	COUNTER,
	READ,
	WRITE
};

static int once(struct rpmb_device *device, const struct rpmb_key *key,
		enum what what, uint32_t n, struct rpmb_error *error)
{
	unsigned char block[BLOCK_BYTES] = { (unsigned char)n };
	uint32_t got;

	switch (what) {
	case COUNTER_ANY:
		return rpmb_read_counter(device, NULL, &got, error);
	case COUNTER:
		return rpmb_read_counter(device, key, &got, error);
	case READ:
		return rpmb_read(device, key, n % 64, 1, block, error);
	default:
		return rpmb_write(device, key, n % 64, 1, block, &got, error);
	}
}

static void measure(struct rpmb_device *device, const struct rpmb_key *key,
		    enum what what, const char *name, uint32_t count)
{
	struct rpmb_error error;
	double start = now_us();

	/* The first one finds no caches warm, and does not count. */
	for (uint32_t n = 0; n <= count; n++) {
		if (n == 1)
			start = now_us();
		if (once(device, key, what, n, &error) == 0)
			continue;
		fprintf(stderr, "%s: %s\n", name, error.text);
		exit(1);
	}
	printf("%-36s %8.0f us\n", name, (now_us() - start) / count);
}

int main(int argc, char **argv)
{
	struct rpmb_device *device;
	struct rpmb_error error;
	struct rpmb_key *key;
	uint32_t count;

	if (argc != 4 || rpmb_secrets_init() < 0)
		return 1;
	count = (uint32_t)atoi(argv[3]);
	key = key_load(argv[2]);
	if (rpmb_open(argv[1], &device, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	measure(device, key, COUNTER_ANY, "counter, not authenticated", count);
	measure(device, key, COUNTER, "counter, authenticated", count);
	measure(device, key, READ, "block of 256 bytes read", count);
	measure(device, key, WRITE, "block of 256 bytes written", count);
	rpmb_close(device);
	rpmb_secret_free(key);
	return 0;
}
