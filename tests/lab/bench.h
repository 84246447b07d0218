/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the measuring programs of lab/bench share: a client of /dev/tee0 by its
 * ioctls alone, as libteec would be one, memory of a known kind, and a clock
 * that counts instructions where one is a nanosecond (lab/run --icount). What
 * is measured is not here.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES 4096ull
#define HUGE_BYTES (2ull << 20)
#define TEE_PARAMS 4u

#define TESTS_PARAMS 1u
/* No function of the test PTA: OP-TEE maps what it is given and says no. */
#define TESTS_NONE 0x7777u
#define STATS_GET_TIME 4u
#define PLUGIN_GET_ARRAY 2u
#define TEE_BAD_PARAMETERS 0xffff0006u

/* As RFC 4122 writes them. */
extern const uint8_t tee_uuid_tests[16]; /* OP-TEE's invoke_tests PTA */
extern const uint8_t tee_uuid_stats[16]; /* OP-TEE's statistics PTA */
/* xtest's sims_keepalive TA: one instance for all sessions. */
extern const uint8_t tee_uuid_sims[16];
extern const uint8_t tee_uuid_plugin[16]; /* xtest's supp_plugin TA */

struct tee_param {
	uint64_t attr, a, b, c;
};

/* Ends the program with a message unless @ok. */
void must(bool ok, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- the TEE; what fails ends the program ---- */

int tee_open(void);
uint32_t tee_session_open(int tee, const uint8_t uuid[16]);
void tee_session_close(int tee, uint32_t session);

/* Invokes and returns the TEE's result. @params has TEE_PARAMS. */
uint32_t tee_invoke(int tee, uint32_t session, uint32_t func,
		    const struct tee_param *params);

/* Shares memory: its id for parameters, and a descriptor whose end ends it. */
int tee_share(int tee, void *memory, uint64_t bytes, int *ret_fd);
struct tee_param tee_memref(uint64_t attr, int id, uint64_t bytes);

/* ---- memory ---- */

enum memory_kind {
	MEMORY_SMALL, /* pages of 4 KiB, on NUMA node @node unless negative */
	MEMORY_HUGE, /* transparent huge pages */
};

/* Touched, aligned to a huge page, and looked at: it is of that kind. */
void *memory_get(enum memory_kind kind, uint64_t bytes, int node);

/* ---- time ---- */

/* The virtual counter in nanoseconds. It is coarse: 16 ns and more. */
uint64_t clock_ns(void);

/* How often this process has waited for something. */
uint64_t waits(void);

/* How long all CPUs have been idle since the start, in nanoseconds. */
uint64_t idle_ns(void);

struct sample {
	double median, min, max;
	double waits; /* for one operation */
};

/*
 * Does @op as often as @count says, @batches times and once more before that
 * for nothing, and returns what one operation took in nanoseconds.
 */
struct sample measure(void (*op)(const void *), const void *arg,
		      unsigned int count, unsigned int batches);

#endif
