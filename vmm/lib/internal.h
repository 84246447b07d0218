/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the library's files know of each other. Nothing of this is exported
 * (libteegate.map) and no VMM includes it.
 */
#ifndef TG_INTERNAL_H
#define TG_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <teegate.h>

/* Troubles that are reported once per handle; a bit each. */
enum tg_trouble {
	TG_TROUBLE_NO_PARTITION = 1u << 0,
	TG_TROUBLE_SMC_REFUSED = 1u << 1,
	TG_TROUBLE_HVC = 1u << 2,
};

#define TG_NOTIF_NONE (-1)
#define TG_NOTIF_CLAIMED (-2) /* a thread is about to make one */

struct teegate {
	int fd;
	atomic_int notif_fd; /* eventfd that KVM has, or TG_NOTIF_* */
	atomic_uint reported; /* enum tg_trouble */
	teegate_message_fn *message;
	void *message_opaque;
};

/*
 * tg_message - passes a line to the VMM's handler, once per @trouble
 * @guest: may be NULL; nothing happens then
 */
__attribute__((format(printf, 3, 4))) void tg_message(struct teegate *guest,
						      enum tg_trouble trouble,
						      const char *format, ...);

/* Does this SMC function id belong to the trusted OS's ranges? */
bool tg_function_is_ours(uint64_t nr);

/* Which of x1 to x6 the function reads: bit n for xn. */
unsigned int tg_function_inputs(uint32_t function);

/* The ranges of function ids to filter: the @index-th; false after the last. */
bool tg_function_range(unsigned int index, uint32_t *ret_base,
		       uint32_t *ret_count);

#endif
