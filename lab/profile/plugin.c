// SPDX-License-Identifier: BSD-2-Clause
/*
 * A plugin for the board's QEMU that counts instructions by where they are,
 * between two marks that a program on the board sets (tests/lab/bench_tee.c):
 * the measuring part of lab/bench --profile. Every exception level and world
 * is seen, and nothing on the board knows; so these are the counts that
 * lab/bench has anyway, taken apart. Which function an address belongs to is
 * report.awk's business.
 *
 * Writes DIRECTORY/profile-1, -2, … for each pair of marks: how many
 * operations were marked between them, and a line for each block of
 * instructions that ran: its address as the CPU saw it, where QEMU has it in
 * memory (the same address is something else in another guest), its length,
 * and how often it was entered. For one CPU.
 *
 * QEMU's interface is "TCG plugins", version 7 (docs/devel/tcg-plugins.rst).
 * Debian has no package with its header; what is used of it is declared here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;

struct qemu_info {
	const char *target;
	struct {
		int min, now;
	} version;
	bool is_system;
	int cpus, cpus_max;
};

struct qemu_plugin_u64 {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
};

enum {
	INLINE_ADD_U64 = 0,
	CB_NO_REGS = 0
};

EXPORT int qemu_plugin_version = 7;

void qemu_plugin_register_vcpu_tb_trans_cb(
	uint64_t id, void (*cb)(struct qemu_plugin_tb *, void *), void *user);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(
	struct qemu_plugin_tb *tb, int op, struct qemu_plugin_u64 entry,
	uint64_t value);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int, void *),
					    int flags, void *user);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *,
						 size_t i);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to,
			     size_t bytes);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t bytes);
uint64_t qemu_plugin_u64_get(struct qemu_plugin_u64 entry, unsigned int cpu);
void qemu_plugin_u64_set(struct qemu_plugin_u64 entry, unsigned int cpu,
			 uint64_t value);

/* HINT #96, #97 and #98: without effect on every CPU there is so far. */
#define MARK_START 0xd5032c1fu
#define MARK_STOP 0xd5032c3fu
#define MARK_OPERATION 0xd5032c5fu

/* Blocks that QEMU translates again get a new entry: some million an hour. */
#define BLOCKS_MAX (8u << 20)

struct block {
	uint64_t vaddr, haddr;
	uint32_t insns;
};

static struct block *blocks;
static size_t block_count;
static struct qemu_plugin_scoreboard *runs;
static const char *directory;
static unsigned int profiles;
static unsigned long long operations;

static struct qemu_plugin_u64 runs_of(size_t i)
{
	return (struct qemu_plugin_u64){ runs, i * sizeof(uint64_t) };
}

static void started(unsigned int cpu, void *user)
{
	(void)cpu;
	(void)user;
	operations = 0;
	for (size_t i = 0; i < block_count; i++)
		qemu_plugin_u64_set(runs_of(i), 0, 0);
}

static void operated(unsigned int cpu, void *user)
{
	(void)cpu;
	(void)user;
	operations++;
}

static void stopped(unsigned int cpu, void *user)
{
	char path[4096];
	FILE *f;

	(void)cpu;
	(void)user;
	snprintf(path, sizeof(path), "%s/profile-%u", directory, ++profiles);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		abort();
	}
	fprintf(f, "operations %llu\n", operations);
	for (size_t i = 0; i < block_count; i++) {
		uint64_t n = qemu_plugin_u64_get(runs_of(i), 0);

		if (n)
			fprintf(f, "%016llx %016llx %u %llu\n",
				(unsigned long long)blocks[i].vaddr,
				(unsigned long long)blocks[i].haddr,
				blocks[i].insns, (unsigned long long)n);
	}
	if (fclose(f)) {
		perror(path);
		abort();
	}
}

static void look_for_mark(struct qemu_plugin_insn *insn)
{
	void (*cb)(unsigned int, void *);
	uint32_t word = 0;

	qemu_plugin_insn_data(insn, &word, sizeof(word));
	switch (word) {
	case MARK_START:
		cb = started;
		break;
	case MARK_STOP:
		cb = stopped;
		break;
	case MARK_OPERATION:
		cb = operated;
		break;
	default:
		return;
	}
	qemu_plugin_register_vcpu_insn_exec_cb(insn, cb, CB_NO_REGS, NULL);
}

static void translated(struct qemu_plugin_tb *tb, void *user)
{
	size_t insns = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *first = qemu_plugin_tb_get_insn(tb, 0);

	(void)user;
	if (block_count == BLOCKS_MAX) {
		fprintf(stderr, "profile: more than %u blocks\n", BLOCKS_MAX);
		abort();
	}
	blocks[block_count] = (struct block){
		.vaddr = qemu_plugin_insn_vaddr(first),
		.haddr = (uint64_t)(uintptr_t)qemu_plugin_insn_haddr(first),
		.insns = (uint32_t)insns,
	};
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(
		tb, INLINE_ADD_U64, runs_of(block_count), 1);
	block_count++;
	for (size_t i = 0; i < insns; i++)
		look_for_mark(qemu_plugin_tb_get_insn(tb, i));
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info,
			       int argc, char **argv);

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info,
			       int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "to=", 3) != 0 || !info->is_system ||
	    info->cpus != 1) {
		fprintf(stderr, "profile: to=DIRECTORY, for one CPU\n");
		return -1;
	}
	directory = argv[0] + 3;
	blocks = calloc(BLOCKS_MAX, sizeof(*blocks));
	runs = qemu_plugin_scoreboard_new(BLOCKS_MAX * sizeof(uint64_t));
	if (!blocks || !runs)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);
	return 0;
}
