/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device trees from files and from QEMU, and to a file that only this process
 * and its successor have. How a tree is edited is dtb.h's.
 */
#ifndef CLI_DUMP_H
#define CLI_DUMP_H

#include "cli.h"
#include "qemu_args.h"

/*
 * The command that makes QEMU write its device tree to @path and end.
 * false: out of memory.
 */
bool dump_command(const struct qemu_args *args, const char *program,
		  const char *path, struct words *ret_words);

/*
 * dump_dtb - runs QEMU for its device tree
 * @ret_dtb: malloc()ed
 *
 * CLI_OK, or an exit code with the reason said. Nothing is left behind.
 */
int dump_dtb(const struct cli_command *command, const struct qemu_args *args,
	     const char *program, void **ret_dtb, size_t *ret_bytes);

/* Reads a whole file, malloc()ed; 0 or a negative errno. */
int file_read(const char *path, void **ret_data, size_t *ret_bytes);

/*
 * A memory file with @data in it: gone with its last user, however that
 * ends. It survives exec. A file descriptor, or a negative errno.
 */
int file_in_memory(const void *data, size_t bytes);

#endif
