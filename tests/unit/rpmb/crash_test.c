// SPDX-License-Identifier: BSD-2-Clause
/*
 * Power loss: a child is killed before, in the middle of, and after each write
 * that the emulated device makes, and the file must hold the state before or
 * after the operation, whole. Linked with the writing system calls wrapped.
 */
#include <signal.h>
#include <sys/wait.h>

#include "test.h"

ssize_t __real_pwrite(int fd, const void *data, size_t bytes, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t bytes, off_t offset);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_ftruncate(int fd, off_t bytes);
int __wrap_ftruncate(int fd, off_t bytes);

/* Which call to die at, counted from 1; 0: none. Or which one to fail. */
static unsigned int die_at, fail_at, calls;
/* How much of a write is done before: in quarters. */
static unsigned int die_quarters;
/* A slot that is not durable yet; data were written before it was. */
static bool slot_unsynced, out_of_order;

static bool now(void)
{
	calls++;
	return die_at && calls == die_at;
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	if (now()) {
		if (die_quarters)
			__real_pwrite(fd, data, bytes * die_quarters / 4,
				      offset);
		die();
	}
	if (fail_at && calls == fail_at) {
		errno = ENOSPC;
		return -1;
	}
	/* Killing a process does not show this: the page cache lives on. */
	if (offset >= RPMB_STATE_DATA_AT && bytes && slot_unsynced)
		out_of_order = true;
	if (offset >= RPMB_STATE_SLOTS_AT && offset < RPMB_STATE_DATA_AT)
		slot_unsynced = true;
	return __real_pwrite(fd, data, bytes, offset);
}

int __wrap_fdatasync(int fd)
{
	if (now())
		die();
	if (fail_at && calls == fail_at) {
		errno = EIO;
		return -1;
	}
	slot_unsynced = false;
	return __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
	if (now())
		die();
	return __real_fsync(fd);
}

int __wrap_ftruncate(int fd, off_t bytes)
{
	if (now())
		die();
	return __real_ftruncate(fd, bytes);
}

#define BLOCKS 32

static struct bench bench;

static void fill(uint8_t *data, int value)
{
	memset(data, value, BLOCKS * RPMB_BLOCK_BYTES);
}

static void fresh(void)
{
	struct rpmb_emulate_options options = {
		.size_bytes = RPMB_SIZE_UNIT_BYTES,
		.enhanced_writes = true,
	};

	bench_open(&bench, &options);
}

/* In a child: opens the device anew, kills itself at call @at; 0: survived. */
static bool killed(unsigned int at, unsigned int quarters,
		   void (*operation)(struct rpmb_device *))
{
	struct rpmb_device *device;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		if (rpmb_open(bench.spec, &device, NULL))
			_exit(1);
		die_quarters = quarters;
		calls = 0;
		die_at = at;
		operation(device);
		die_at = 0;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || !WEXITSTATUS(status));
	return WIFSIGNALED(status);
}

static void do_program(struct rpmb_device *device)
{
	struct rpmb_key *key = key_new(1);

	rpmb_program_key(device, key, 0, NULL);
}

static void do_write(struct rpmb_device *device)
{
	static uint8_t data[BLOCKS * RPMB_BLOCK_BYTES];
	struct rpmb_key *key = key_new(1);

	fill(data, 2);
	rpmb_write(device, key, 0, BLOCKS, data, NULL, NULL);
}

static void a_key_is_programmed_or_not(void **state)
{
	unsigned int at, quarters, unprogrammed = 0, programmed = 0;
	enum rpmb_key_state key_state;
	uint32_t counter;
	bool more = true;

	(void)state;
	for (at = 1; more; at++)
		for (quarters = 0; quarters <= 4; quarters++) {
			fresh();
			more = killed(at, quarters, do_program);
			assert_int_equal(rpmb_probe_state(bench.device,
							  &key_state, NULL,
							  NULL),
					 0);
			if (key_state == RPMB_KEY_UNPROGRAMMED) {
				unprogrammed++;
				/* And it can be done again. */
				do_program(bench.device);
			} else {
				programmed++;
			}
			assert_int_equal(rpmb_read_counter(bench.device,
							   bench.key, &counter,
							   NULL),
					 0);
			bench_close(&bench);
		}
	assert_true(unprogrammed > 0 && programmed > 0);
}

/* All blocks are of @value. */
static void assert_all(const uint8_t *data, uint8_t value)
{
	size_t n;

	for (n = 0; n < BLOCKS * RPMB_BLOCK_BYTES; n++)
		assert_int_equal(data[n], value);
}

static void a_write_is_whole_or_not_at_all(void **state)
{
	static uint8_t data[BLOCKS * RPMB_BLOCK_BYTES];
	unsigned int at, quarters, old = 0, new = 0;
	uint32_t counter;
	bool more = true;

	(void)state;
	for (at = 1; more; at++)
		for (quarters = 0; quarters <= 4; quarters++) {
			fresh();
			do_program(bench.device);
			fill(data, 1);
			assert_int_equal(rpmb_write(bench.device, bench.key, 0,
						    BLOCKS, data, NULL, NULL),
					 0);
			more = killed(at, quarters, do_write);
			assert_int_equal(rpmb_read_counter(bench.device,
							   bench.key, &counter,
							   NULL),
					 0);
			assert_in_range(counter, 1, 2);
			assert_int_equal(rpmb_read(bench.device, bench.key, 0,
						   BLOCKS, data, NULL),
					 0);
			/* Data and counter go together. */
			assert_all(data, (uint8_t)counter);
			old += counter == 1;
			new += counter == 2;
			/* The device goes on from there. */
			do_write(bench.device);
			rpmb_read(bench.device, bench.key, 0, BLOCKS, data,
				  NULL);
			assert_all(data, 2);
			bench_close(&bench);
		}
	assert_true(old > 0 && new > 0);
	assert_false(out_of_order);
	printf("write: %u calls, %u times old, %u times new\n", at - 2, old,
	       new);
}

/* A full disk, an I/O error: reported, and again old or new. */
static void a_failing_write_is_reported(void **state)
{
	static uint8_t data[BLOCKS * RPMB_BLOCK_BYTES];
	uint32_t counter, written;
	unsigned int at;
	int rc = -1;

	(void)state;
	for (at = 1; rc; at++) {
		fresh();
		do_program(bench.device);
		fill(data, 1);
		calls = 0;
		fail_at = at;
		rc = rpmb_write(bench.device, bench.key, 0, BLOCKS, data,
				&written, NULL);
		fail_at = 0;
		assert_true(rc == 0 || rc == -EROFS);
		assert_int_equal(written, rc ? 0 : BLOCKS);
		rpmb_read_counter(bench.device, bench.key, &counter, NULL);
		assert_int_equal(rpmb_read(bench.device, bench.key, 0, BLOCKS,
					   data, NULL),
				 0);
		assert_all(data, (uint8_t)counter);
		assert_int_equal(rpmb_write(bench.device, bench.key, 0, BLOCKS,
					    data, NULL, NULL),
				 0);
		bench_close(&bench);
	}
	assert_true(at > 3);
}

static void create_other(struct rpmb_device *device)
{
	struct rpmb_emulate_options options = {
		.size_bytes = RPMB_SIZE_UNIT_BYTES,
	};
	char path[128];

	(void)device;
	snprintf(path, sizeof(path), "%s.other", bench.path);
	if (rpmb_emulate_create(path, &options, NULL))
		_exit(2);
}

static void a_device_is_made_or_is_none(void **state)
{
	unsigned int at, none = 0, made = 0;
	struct rpmb_device *device;
	char spec[128];
	bool more = true;
	int rc;

	(void)state;
	fresh();
	for (at = 1; more; at++) {
		snprintf(spec, sizeof(spec), "file:%s.other", bench.path);
		more = killed(at, 2, create_other);
		rc = rpmb_open(spec, &device, NULL);
		if (rc) {
			assert_true(rc == -ENODEV || rc == -EIO);
			none++;
		} else {
			enum rpmb_key_state key_state;

			assert_int_equal(rpmb_probe_state(device, &key_state,
							  NULL, NULL),
					 0);
			rpmb_close(device);
			made++;
		}
		unlink(spec + 5);
	}
	bench_close(&bench);
	assert_true(none > 2 && made > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_programmed_or_not),
		cmocka_unit_test(a_write_is_whole_or_not_at_all),
		cmocka_unit_test(a_failing_write_is_reported),
		cmocka_unit_test(a_device_is_made_or_is_none),
	};

	return cmocka_run_group_tests_name("power loss", tests, NULL, NULL);
}
