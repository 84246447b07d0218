/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine that minivmm makes, as a guest sees it: console, test exit,
 * power, device tree. And the few things of a libc that are needed here.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES 4096ull
#define MACHINE_CPUS 2u

/* x0 to x29: all that smc.S hands over and takes back. */
#define REGISTERS 30u

/* From minivmm's memory map. */
#define UART_BASE 0x09000000ull
#define EXIT_BASE 0x09010000ull
#define GIC_BASE 0x08000000ull

/* What the device tree says. Addresses are the guest's, sizes in bytes. */
struct machine {
	uint64_t ram;
	uint64_t ram_bytes;
	uint64_t initrd; /* 0: none */
	uint64_t initrd_bytes;
	uint64_t rom_bytes; /* at 0; 0: none */
	uint32_t cpus;
	uint32_t restarts; /* how often minivmm has restarted the guest */
	char bootargs[256];
};

extern struct machine machine;

/* start.S and smc.S */
void second_entry(void);
void smc_issue(uint64_t x[REGISTERS]);
void hvc_issue(uint64_t x[REGISTERS]);
extern const char __image_end[];

/* Fills in @machine; false: that is no tree, or one without memory. */
bool fdt_read(const void *fdt);

/* %u, %x, %lu, %lx, %s and no more. One line at a time over both CPUs. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* Ends minivmm with this status. */
_Noreturn void machine_exit(uint8_t status);
_Noreturn void machine_reset(void);
bool machine_second_start(void);

static inline void *at(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

static inline uint64_t address_of(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes);
void *memset(void *dst, int c, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t text_length(const char *text);
bool text_begins(const char *text, const char *with);

#endif
