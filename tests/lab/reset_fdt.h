/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What reset_kexec tells the kernel that it starts, in the device tree's node
 * /chosen.
 */
#ifndef RESET_FDT_H
#define RESET_FDT_H

#include <stdint.h>

/* @usable_bytes: 0 for all memory. */
struct fdt_chosen {
	const char *bootargs;
	uint64_t initrd_start, initrd_end;
	uint64_t usable_start, usable_bytes;
};

/*
 * A copy of the tree with these in place of its own; NULL if it is no tree or
 * has no /chosen. The caller frees it.
 */
void *fdt_rewrite(const void *fdt, const struct fdt_chosen *chosen,
		  uint64_t *ret_bytes);

#endif
