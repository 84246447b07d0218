// SPDX-License-Identifier: BSD-2-Clause
/*
 * A 16550 UART, as far as Linux and small programs use one: no FIFO timing,
 * no modem lines, output at once. Where its bytes come from is console.c's.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "minivmm.h"

enum {
	RBR_THR,
	IER,
	IIR_FCR,
	LCR,
	MCR,
	LSR,
	MSR,
	SCR
};

#define IER_RX 0x01
#define IER_THR 0x02
#define IIR_NONE 0x01
#define IIR_THR 0x02
#define IIR_RX 0x04
#define IIR_FIFOS 0xc0
#define LCR_DLAB 0x80
#define MCR_LOOP 0x10
#define LSR_RX 0x01
#define LSR_THR_EMPTY 0x60
#define MSR_READY 0xb0

static void line_update(struct uart *uart)
{
	bool level = ((uart->ier & IER_RX) && uart->rx_count) ||
		     ((uart->ier & IER_THR) && uart->thr_interrupt);
	struct kvm_irq_level irq = {
		.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT |
		       (32 + UART_SPI),
		.level = level,
	};

	if (level == uart->level)
		return;
	uart->level = level;
	if (ioctl(uart->vm_fd, KVM_IRQ_LINE, &irq))
		fail("the UART cannot interrupt the guest");
}

void uart_init(struct uart *uart, int vm_fd)
{
	pthread_mutex_lock(&uart->lock);
	uart->vm_fd = vm_fd;
	uart->ier = uart->lcr = uart->mcr = uart->scr = uart->dll = uart->dlm =
		0;
	uart->rx_count = 0;
	uart->thr_interrupt = false;
	line_update(uart);
	pthread_mutex_unlock(&uart->lock);
}

static uint8_t receive_byte(struct uart *uart)
{
	uint8_t byte;

	if (!uart->rx_count)
		return 0;
	byte = uart->rx[uart->rx_head];
	uart->rx_head = (uart->rx_head + 1) % sizeof(uart->rx);
	uart->rx_count--;
	return byte;
}

static uint8_t interrupt_identify(struct uart *uart)
{
	if ((uart->ier & IER_RX) && uart->rx_count)
		return IIR_FIFOS | IIR_RX;
	if ((uart->ier & IER_THR) && uart->thr_interrupt) {
		/* Reading it acknowledges this one. */
		uart->thr_interrupt = false;
		return IIR_FIFOS | IIR_THR;
	}
	return IIR_FIFOS | IIR_NONE;
}

static uint8_t register_read(struct uart *uart, uint64_t offset)
{
	bool dlab = uart->lcr & LCR_DLAB;

	switch (offset) {
	case RBR_THR:
		return dlab ? uart->dll : receive_byte(uart);
	case IER:
		return dlab ? uart->dlm : uart->ier;
	case IIR_FCR:
		return interrupt_identify(uart);
	case LCR:
		return uart->lcr;
	case MCR:
		return uart->mcr;
	case LSR:
		return LSR_THR_EMPTY | (uart->rx_count ? LSR_RX : 0);
	case MSR:
		/* In loopback, Linux looks for its own outputs here. */
		if (uart->mcr & MCR_LOOP)
			return (uint8_t)((uart->mcr & 0x0c) << 4 |
					 (uart->mcr & 0x02) << 3 |
					 (uart->mcr & 0x01) << 5);
		return MSR_READY;
	case SCR:
		return uart->scr;
	}
	return 0;
}

static void transmit(uint8_t byte)
{
	/* A reader that has gone is the reader's loss, not the guest's. */
	if (write(STDOUT_FILENO, &byte, 1) != 1)
		return;
}

static void register_write(struct uart *uart, uint64_t offset, uint8_t value)
{
	bool dlab = uart->lcr & LCR_DLAB;

	switch (offset) {
	case RBR_THR:
		if (dlab) {
			uart->dll = value;
		} else {
			if (!(uart->mcr & MCR_LOOP))
				transmit(value);
			uart->thr_interrupt = true;
		}
		break;
	case IER:
		if (dlab) {
			uart->dlm = value;
			break;
		}
		/* Switched on while empty: interrupts at once. */
		if (value & ~uart->ier & IER_THR)
			uart->thr_interrupt = true;
		uart->ier = value & 0x0f;
		break;
	case LCR:
		uart->lcr = value;
		break;
	case MCR:
		uart->mcr = value & 0x1f;
		break;
	case SCR:
		uart->scr = value;
		break;
	}
}

uint8_t uart_read(struct uart *uart, uint64_t offset)
{
	uint8_t value;

	pthread_mutex_lock(&uart->lock);
	value = register_read(uart, offset);
	line_update(uart);
	pthread_mutex_unlock(&uart->lock);
	return value;
}

void uart_write(struct uart *uart, uint64_t offset, uint8_t value)
{
	pthread_mutex_lock(&uart->lock);
	register_write(uart, offset, value);
	line_update(uart);
	pthread_mutex_unlock(&uart->lock);
}

size_t uart_receive(struct uart *uart, const uint8_t *bytes, size_t count)
{
	size_t n;

	pthread_mutex_lock(&uart->lock);
	for (n = 0; n < count && uart->rx_count < sizeof(uart->rx); n++) {
		uart->rx[(uart->rx_head + uart->rx_count) % sizeof(uart->rx)] =
			bytes[n];
		uart->rx_count++;
	}
	line_update(uart);
	pthread_mutex_unlock(&uart->lock);
	return n;
}
