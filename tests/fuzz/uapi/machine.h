/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host that the Linux port runs on in user space: processes with memory
 * of the simulated machine, and tasks in them. shim/kernel.h is what the port
 * sees of it. What the tasks do is uapi_fuzzer.c's business.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "kernel.h"

#include "sim.h"
#include "vcpu.h"

/* A process's memory: this many pages from here on. */
#define USER_BASE 0x5000000ull
#define USER_PAGES 40u
/* One of them stays what it is: a device's registers. */
#define REGISTERS_PAGE (USER_PAGES - TASKS - 1)
#define PROCESSES 2u
#define TASKS 4u

/* I11: lines in a run; there are three kinds, each with a burst of two. */
#define LOG_LINES_MAX 6u

/* Descriptors 0 and up are eventfds; the next one is another file. */
#define EVENTFDS 3u

struct user_page {
	uint32_t page; /* index into sim.pages, or SIM_NO_PAGE */
	bool writable;
};

struct process {
	struct mm_struct mm; /* first: a page's owner is known by it */
	struct user_page pages[USER_PAGES];
	struct vm_area_struct vma; /* what find_vma() found last */
	unsigned int mmap_readers;
	unsigned long memlock; /* RLIMIT_MEMLOCK in bytes */
	bool capable;
};

struct task {
	struct sim_vcpu cpu; /* first: found by it */
	struct task_struct task;
	struct process *process;
	bool killed;
	bool signalled;
	bool torn; /* the argument of its ioctl changed meanwhile */
	unsigned int reading; /* memory maps that it holds for reading */
	const void *guest; /* the port's, of the file that it uses */
};

struct machine {
	struct process processes[PROCESSES];
	struct task tasks[TASKS];
	const struct file_operations *fops;
	unsigned int spinning; /* spin locks held */
	unsigned int log_lines;
	struct eventfd_ctx eventfds[EVENTFDS];
	unsigned int device_pins; /* pages of no DRAM, pinned */
	bool (*fails)(void); /* whether an allocation or a pin does */
};

extern struct machine machine;

void machine_start(void);
void machine_stop(void); /* dies on anything that was left behind */
struct task *machine_task(void);

/* mmap, munmap, mprotect of one page of a process. */
void user_map(struct process *process, uint32_t n, bool writable, bool device);
void user_unmap(struct process *process, uint32_t n);

/* Memory of a process as itself sees it; false where it would fault. */
bool user_put(struct process *process, uint64_t at, const void *data,
	      size_t bytes);
bool user_get(struct process *process, uint64_t at, void *data, size_t bytes);

/* check.c: the port's own records about an open file. */
void check_guest(const void *guest);
bool check_covers(const void *guest, uint64_t hva, uint64_t bytes, bool write);

#endif
