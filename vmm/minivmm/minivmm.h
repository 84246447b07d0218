/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What minivmm's files know of each other, and the guest's memory map, which
 * later tests rely on. It is QEMU's virt machine where they overlap:
 *
 *	0x00000000	read-only memory, if there is a file for it
 *	0x08000000	interrupt controller: distributor
 *	0x08010000	GICv2 CPU interface, on hosts without GICv3
 *	0x080a0000	GICv3 redistributors, 128 KiB per vCPU
 *	0x09000000	ns16550a UART, byte registers, SPI 1
 *	0x09010000	test exit: a write ends minivmm with that status (0-255)
 *	0x40000000	RAM, or where --ram-base says
 *
 * SPI 2 is for OP-TEE's notifications, where the host has them.
 *
 * RAM holds, from its start: the kernel (at text_offset for an arm64 Image,
 * at the very start for anything else); at its end: the initrd and, in the
 * last 2 MiB, the device tree, whose address the first vCPU has in x0.
 */
#ifndef MINIVMM_H
#define MINIVMM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kvm.h>
#include <teegate.h>

#ifndef KVM_ARM_VM_SMCCC_FILTER
#error "these kernel headers are too old for libteegate: use those of Linux 6.4 or later (Debian 13: linux-libc-dev)."
#endif

#define GICD_BASE 0x08000000ull
#define GICD_BYTES 0x10000ull
#define GICC_BASE 0x08010000ull
#define GICC_BYTES 0x10000ull
#define GICR_BASE 0x080a0000ull
#define GICR_BYTES_PER_CPU 0x20000ull
#define UART_BASE 0x09000000ull
#define UART_BYTES 0x1000ull
#define UART_SPI 1
#define TEE_SPI 2 /* OP-TEE's notifications */
#define EXIT_BASE 0x09010000ull
#define ROM_BASE 0x00000000ull
#define ROM_BYTES_MAX GICD_BASE
#define RAM_BASE_DEFAULT 0x40000000ull
#define RAM_ALIGNMENT (2 * MIB)
#define RAM_END_MAX (1ull << 40) /* KVM's default size of IPAs */
#define DTB_BYTES_MAX 0x200000ull

#define CPUS_MAX 64
#define MIB (1ull << 20)

struct config {
	const char *kernel;
	const char *initrd;
	const char *cmdline;
	const char *dtb_dump;
	const char *device;
	const char *rom;
	uint64_t ram_base;
	uint64_t ram_bytes;
	unsigned int cpus;
	bool tee;
	bool no_storage;
	bool restart_on_reset;
};

/* Why the vCPUs were stopped. */
enum stop {
	STOP_NO,
	STOP_OFF,
	STOP_RESET,
	STOP_CRASH,
	STOP_TEST_EXIT,
	STOP_ERROR
};

struct uart {
	pthread_mutex_t lock; /* everything below */
	int vm_fd;
	bool level; /* of the interrupt line */
	bool thr_interrupt;
	uint8_t ier, lcr, mcr, scr, dll, dlm;
	uint8_t rx[4096];
	size_t rx_head, rx_count;
};

struct vm;

struct vcpu {
	struct vm *vm;
	unsigned int index;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
};

struct vm {
	struct config config;
	int kvm_fd, fd;
	bool gic_v3;
	uint8_t *ram;
	uint64_t rom_bytes;
	unsigned int restarts; /* after resets */
	uint64_t entry, dtb_gpa, initrd_gpa, initrd_bytes;
	struct teegate *guest; /* NULL: no TEE */
	bool notif; /* OP-TEE may notify the guest */
	struct uart uart;
	struct vcpu vcpus[CPUS_MAX];
	size_t run_bytes;
	pthread_mutex_t stop_lock;
	pthread_cond_t stopped;
	atomic_int stop; /* enum stop; written under the lock */
	atomic_int test_status;
};

/* All of these say what is wrong on standard error and return false. */

bool vm_create(struct vm *vm);
/* (Re)loads everything into RAM and puts all vCPUs to their start. */
bool vm_load(struct vm *vm);
void vm_destroy(struct vm *vm);

bool loader_kernel(struct vm *vm);
bool loader_initrd(struct vm *vm);
/* Reads a file into new memory, zeroed up to a page; NULL if that fails. */
void *loader_rom(struct vm *vm);
bool guest_dtb(struct vm *vm);

bool vcpus_create(struct vm *vm);
bool vcpus_init(struct vm *vm);
/* Runs all vCPUs until one of them has a reason to stop, and gives it. */
enum stop vcpus_run(struct vm *vm);
/* From any thread. */
void vcpus_stop(struct vm *vm, enum stop why);

void uart_init(struct uart *uart, int vm_fd);
uint8_t uart_read(struct uart *uart, uint64_t offset);
void uart_write(struct uart *uart, uint64_t offset, uint8_t value);
/* Bytes typed; returns how many were taken. */
size_t uart_receive(struct uart *uart, const uint8_t *bytes, size_t count);

/* Moves standard input to the UART, on a thread of its own. */
bool console_start(struct vm *vm);
void console_restore(void);

__attribute__((format(printf, 1, 2))) bool fail(const char *format, ...);

#endif
