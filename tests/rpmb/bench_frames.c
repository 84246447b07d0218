// SPDX-License-Identifier: BSD-2-Clause
/*
 * How many frames a second go through the emulated device, by operation: a
 * benchmark to run by hand, not a test. Nothing is asserted about time.
 *
 *	bench_frames [DIRECTORY [SECONDS]]
 *
 * DIRECTORY (default: the current one) decides what is measured: on a disk,
 * each write waits for it once (fdatasync); on a tmpfs, nothing does. Build:
 * make -C rpmb bench-frames
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rpmb.h>

struct operation {
	const char *name;
	/* Blocks in one call; 0: the counter is read. */
	uint32_t blocks;
	bool write;
	/* Frames on the wire in one call, both ways. */
	unsigned int frames;
};

static const struct operation operations[] = {
	{ "counter read", 0, false, 2 },
	{ "read 1 block", 1, false, 2 },
	{ "read 32 blocks", 32, false, 33 },
	/* A write reads the counter first; then its result is asked for. */
	{ "write 1 block", 1, true, 2 + 3 },
	{ "write 2 blocks", 2, true, 2 + 4 },
	{ "write 32 blocks", 32, true, 2 + 34 },
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int run(struct rpmb_device *device, const struct rpmb_key *key,
	       const struct operation *operation)
{
	static uint8_t data[32 * RPMB_BLOCK_BYTES];
	uint32_t counter;

	if (!operation->blocks)
		return rpmb_read_counter(device, key, &counter, NULL);
	if (operation->write)
		return rpmb_write(device, key, 0, operation->blocks, data, NULL,
				  NULL);
	return rpmb_read(device, key, 0, operation->blocks, data, NULL);
}

static int measure(struct rpmb_device *device, const struct rpmb_key *key,
		   const struct operation *operation, double seconds)
{
	double begun = now(), passed;
	unsigned long calls = 0;
	int rc;

	do {
		rc = run(device, key, operation);
		if (rc)
			return rc;
		calls++;
		passed = now() - begun;
	} while (passed < seconds);
	printf("%-16s %9.0f calls/s  %9.0f frames/s  %8.1f us a call\n",
	       operation->name, (double)calls / passed,
	       (double)calls * operation->frames / passed,
	       passed / (double)calls * 1e6);
	return 0;
}

int main(int argc, char **argv)
{
	struct rpmb_emulate_options options = {
		.size_bytes = RPMB_SIZE_UNIT_BYTES,
		.enhanced_writes = true,
	};
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	double seconds = argc > 2 ? atof(argv[2]) : 1;
	struct rpmb_device *device;
	struct rpmb_error error = { .text = "no lockable memory" };
	char spec[4096];
	size_t n;
	int rc;

	snprintf(spec, sizeof(spec), "file:%s/bench_frames.%d",
		 argc > 1 ? argv[1] : ".", (int)getpid());
	if (!key || rpmb_key_random(key) ||
	    rpmb_emulate_create(spec + 5, &options, &error) ||
	    rpmb_open(spec, &device, &error)) {
		fprintf(stderr, "bench_frames: %s\n", error.text);
		return 1;
	}
	rc = rpmb_program_key(device, key, 0, &error);
	for (n = 0; !rc && n < sizeof(operations) / sizeof(operations[0]); n++)
		rc = measure(device, key, &operations[n], seconds);
	rpmb_close(device);
	rpmb_secret_free(key);
	unlink(spec + 5);
	return rc ? 1 : 0;
}
