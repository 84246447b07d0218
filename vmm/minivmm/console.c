// SPDX-License-Identifier: BSD-2-Clause
/*
 * Standard input becomes the guest's serial input. A terminal is put into raw
 * mode, and Ctrl-A x leaves; a pipe or file is passed on as it comes.
 */
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "minivmm.h"

#define ESCAPE 1 /* Ctrl-A */

static struct termios before;
static bool raw;

void console_restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* One byte from a terminal: true if it is for the guest. */
static bool typed(struct vm *vm, uint8_t byte)
{
	static bool escaped;

	if (escaped) {
		escaped = false;
		if (byte == 'x')
			vcpus_stop(vm, STOP_OFF);
		return byte == ESCAPE;
	}
	escaped = byte == ESCAPE;
	return !escaped;
}

static void *console_thread(void *arg)
{
	struct vm *vm = arg;
	uint8_t bytes[256];
	ssize_t got, n;

	for (;;) {
		got = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (got <= 0)
			return NULL;
		for (n = 0; n < got; n++) {
			if (raw && !typed(vm, bytes[n]))
				continue;
			/* The guest reads when it likes. */
			while (!uart_receive(&vm->uart, &bytes[n], 1))
				poll(NULL, 0, 10);
		}
	}
}

bool console_start(struct vm *vm)
{
	struct termios mode;
	pthread_t thread;

	if (isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &before)) {
		mode = before;
		cfmakeraw(&mode);
		mode.c_oflag |= OPOST;
		raw = !tcsetattr(STDIN_FILENO, TCSANOW, &mode);
		atexit(console_restore);
	}
	if (pthread_create(&thread, NULL, console_thread, vm))
		return fail("no thread for the console");
	pthread_detach(thread);
	return true;
}
