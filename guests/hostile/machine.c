// SPDX-License-Identifier: BSD-2-Clause
/*
 * Console, exit and power of the machine, and memory functions. Nothing here
 * knows of OP-TEE.
 */
#include "machine.h"

#define PSCI_CPU_ON 0xc4000003ull
#define PSCI_SYSTEM_RESET 0x84000009ull

/* An exception that nothing here handles. */
#define STATUS_EXCEPTION 3

static char console_lock;

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes)
{
	const uint8_t *from = src;
	uint8_t *to = dst;

	while (bytes--)
		*to++ = *from++;
	return dst;
}

void *memset(void *dst, int c, size_t bytes)
{
	uint8_t *to = dst;

	while (bytes--)
		*to++ = (uint8_t)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const uint8_t *x = a, *y = b;

	for (; bytes; bytes--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

size_t text_length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

bool text_begins(const char *text, const char *with)
{
	while (*with)
		if (*text++ != *with++)
			return false;
	return true;
}

static void put(char c)
{
	*(volatile uint8_t *)UART_BASE = (uint8_t)c;
}

static void put_text(const char *text)
{
	while (*text)
		put(*text++);
}

static void put_number(uint64_t v, unsigned int base)
{
	char digits[24];
	unsigned int n = sizeof(digits);

	digits[--n] = 0;
	do {
		digits[--n] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	put_text(&digits[n]);
}

void say(const char *format, ...)
{
	uint64_t number;
	va_list args;
	bool wide;

	while (__atomic_test_and_set(&console_lock, __ATOMIC_ACQUIRE))
		;
	va_start(args, format);
	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		format++;
		if (*format == 's') {
			put_text(va_arg(args, const char *));
			continue;
		}
		wide = *format == 'l';
		format += wide;
		number = wide ? va_arg(args, uint64_t) : va_arg(args, uint32_t);
		put_number(number, *format == 'x' ? 16 : 10);
	}
	va_end(args);
	put('\n');
	__atomic_clear(&console_lock, __ATOMIC_RELEASE);
}

void machine_exit(uint8_t status)
{
	for (;;)
		*(volatile uint8_t *)EXIT_BASE = status;
}

void machine_reset(void)
{
	uint64_t x[REGISTERS] = { PSCI_SYSTEM_RESET };

	for (;;)
		hvc_issue(x);
}

bool machine_second_start(void)
{
	uint64_t x[REGISTERS] = { PSCI_CPU_ON, 1,
				  address_of((void *)second_entry) };

	hvc_issue(x);
	return !x[0];
}

void exception_report(uint64_t esr, uint64_t elr, uint64_t far)
{
	/* Whoever holds it may be the one that is here. */
	__atomic_clear(&console_lock, __ATOMIC_RELEASE);
	say("hostile: FAILED: an exception: esr 0x%lx, elr 0x%lx (start + 0x%lx), far 0x%lx",
	    esr, elr, elr - machine.ram, far);
	machine_exit(STATUS_EXCEPTION);
}
