// SPDX-License-Identifier: BSD-2-Clause
/*
 * Messages to the person who runs the VMM: formatted here, shown by the
 * handler that the VMM has set. The library itself never prints.
 */
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

#define MESSAGE_BYTES_MAX 320

void tg_message(struct teegate *guest, enum tg_trouble trouble,
		const char *format, ...)
{
	char text[MESSAGE_BYTES_MAX];
	va_list args;

	if (!guest || !guest->message)
		return;
	/* Guests cause these, on every vCPU at once: one of them reports. */
	if (atomic_fetch_or(&guest->reported, trouble) & trouble)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	guest->message(guest->message_opaque, text);
}

void teegate_set_message_handler(struct teegate *guest,
				 teegate_message_fn *handler, void *opaque)
{
	guest->message = handler;
	guest->message_opaque = opaque;
}
