/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest of a few lines for the uapi_*_test programs: this process's memory
 * as the guest's, messages to OP-TEE by TEEGATE_SMC, and a session with
 * OP-TEE's own test PTA, which reads and writes what it is given. Also the
 * counting of checks. What is checked is not here.
 */
#ifndef UAPI_GUEST_H
#define UAPI_GUEST_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/teegate.h>

#define PAGE 4096ull
#define HUGE_BYTES (2ull << 20)

#define SMC_CALLS_UID 0xbf00ff01u
#define SMC_VM_CREATED 0xb200000du
#define SMC_CALL_WITH_ARG 0x32000004u
#define SMC_RETURN_FROM_RPC 0x32000003u
#define RET_UNKNOWN 0xffffffffu
#define RET_RPC_ALLOC 0xffff0000u
#define RET_RPC_FREE 0xffff0002u
#define RET_RPC_FOREIGN_INTR 0xffff0004u
#define RET_RPC_CMD 0xffff0005u
#define RET_ETHREAD_LIMIT 0x1u
#define RET_EBADADDR 0x4u

#define MSG_OPEN_SESSION 0u
#define MSG_INVOKE_COMMAND 1u
#define MSG_REGISTER_SHM 4u
#define MSG_UNREGISTER_SHM 5u
#define MSG_ATTR_VALUE_IN 0x1u
#define MSG_ATTR_RMEM_IN 0x5u
#define MSG_ATTR_RMEM_INOUT 0x7u
#define MSG_ATTR_TMEM_OUT 0xau
#define MSG_ATTR_META 0x100u
#define MSG_ATTR_NONCONTIG 0x200u

#define TEE_BAD_PARAMETERS 0xffff0006u
#define TEE_OUT_OF_MEMORY 0xffff000cu

/* Indices of teegate_stats.refused, as docs/abi.md has them. */
#define REFUSED_BAD_PARAMETER 3u
#define REFUSED_CALL_LIMIT 8u
#define REFUSED_SHM_LIMIT 9u
#define REFUSED_PIN_LIMIT 10u
#define REFUSED_RPC_LIMIT 11u

/*
 * The guest's own memory, slot 0: a page for the message, then page lists, a
 * buffer, and in the upper half a page for each further message.
 */
#define GUEST_GPA 0x40000000ull
#define GUEST_BYTES (4ull << 20)
#define MSG_GPA GUEST_GPA
#define LIST_GPA (GUEST_GPA + PAGE)
#define LIST_PAGES 8ull
#define LIST_ENTRIES 511ull
#define BUFFER_GPA (GUEST_GPA + 16 * PAGE)
#define BUFFER_PAGES 100ull
#define BUFFER_COOKIE 0x1234567890ull
/* Slot 1: the memory that a test is about, and a name for it once shared. */
#define KIND_SLOT 1u
#define KIND_GPA 0x80000000ull
#define KIND_COOKIE 0x7000ull

#define MORE_GPA(n) (GUEST_GPA + GUEST_BYTES / 2 + (n)*PAGE)

struct msg {
	uint32_t cmd, func, session, cancel_id, pad, ret, ret_origin, params;
	struct {
		uint64_t attr, a, b, c;
	} param[4];
};

struct guest {
	int fd;
	uint8_t *ram;
	uint32_t session;
	/* How its calls are made, in place of TEEGATE_SMC; errno style. */
	int (*smc)(struct guest *g, struct teegate_smc *args);
	void *smc_opaque;
};

extern int passed, failed;

bool check(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* @want: 0 or an errno. */
void check_ioctl(const char *what, int fd, unsigned long cmd, void *arg,
		 int want);

/* Prints the sum of all checks and returns what main() is to return. */
int check_end(void);

/* Says that something was not tested, and why. */
void skipped(const char *what, const char *why);

/* Runs @body in a child and takes over what it counted. */
void in_child(const char *what, void (*body)(int), int fd);

/* What this process has pinned, in KiB; checked against a number of pages. */
long pinned_kib(void);
void check_pinned(const char *what, uint64_t pages);

/* Memory of this process; exits where there is none. */
void *memory_map(uint64_t bytes);

/* Ends the program with 77 where there is no /dev/teegate. */
int device_open(void);

/* TEEGATE_SET_REGION, which must end with @want. */
void region_check(int fd, const char *what, struct teegate_region r, int want);

/* The second form: with @limits, which the administrator must allow. */
struct guest guest_open(void);
struct guest guest_open_limited(const struct teegate_limits *limits);
void guest_close(struct guest *g);
struct teegate_stats guest_stats(const struct guest *g);

/* Checks that a reset has left nothing of the life before, by the counters. */
void guest_nothing_left(const struct guest *g);

/* The memory behind an address in slot 0. */
void *guest_at(const struct guest *g, uint64_t gpa);

/* Makes @hva the guest's memory at @gpa, or takes a slot away. */
void guest_slot(struct guest *g, uint32_t slot, uint64_t gpa, void *hva,
		uint64_t bytes);
void guest_slot_remove(struct guest *g, uint32_t slot);

/*
 * Sends the message at @gpa and resumes after foreign interrupts; x0, or all
 * ones if the ioctl failed. The second form leaves all registers in @args.
 */
uint64_t guest_call(struct guest *g, uint64_t gpa);
uint64_t guest_call_args(struct guest *g, struct teegate_smc *args);

/*
 * Shared buffers. Return the message's own result, or an SMC's error above 32
 * bits. guest_register() takes the first @pages of the buffer, the others a
 * list of pages anywhere, or a range.
 */
uint64_t guest_register(struct guest *g, uint64_t pages);
uint64_t guest_register_list(struct guest *g, uint64_t cookie,
			     const uint64_t *gpas, uint64_t count);
uint64_t guest_register_range(struct guest *g, uint64_t cookie, uint64_t gpa,
			      uint64_t bytes);
uint64_t guest_unregister(struct guest *g);
uint64_t guest_unregister_cookie(struct guest *g, uint64_t cookie);

/* Opens a session with the test PTA; exits when OP-TEE has none. */
void guest_open_session(struct guest *g);

/*
 * OP-TEE reads @bytes of a registered buffer, adds them up and writes the sum
 * to the first byte. Result as above.
 */
uint64_t guest_sum(struct guest *g, uint64_t cookie, uint64_t offset,
		   uint64_t bytes);

/* The same for the first @bytes of slot 1. */
uint64_t kind_register(struct guest *g, uint64_t bytes);
uint64_t kind_unregister(struct guest *g);

/* A page of @seed's own bytes; and what guest_sum() makes of one. */
void page_fill(void *page, unsigned int seed);
uint8_t page_sum(const void *page);

/*
 * Fills @count pages, has OP-TEE read and write each of buffer @cookie, and
 * looks for what it wrote and that it wrote nothing else.
 */
void round_trip(struct guest *g, const char *what, uint64_t cookie,
		void *const *pages, uint64_t count);

/* The same for memory in one piece, shared from its beginning. */
void round_trip_range(struct guest *g, const char *what, uint64_t cookie,
		      void *memory, uint64_t bytes);

/*
 * The page frame behind an address of the process that asked first, 0 where
 * there is none. For root.
 */
uint64_t page_frame(const void *address);

/* Numbers in the kernel's files; -1 where there is none. */
long long file_number(const char *path, const char *word);
bool file_put(const char *path, const char *text);

#endif
