/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's command line, as far as `teegate run` must understand it: which part
 * shapes the machine and hence its device tree. Nothing is executed here.
 */
#ifndef CLI_QEMU_ARGS_H
#define CLI_QEMU_ARGS_H

#include <stdbool.h>
#include <stddef.h>

/* A list of words that owns them; ended by NULL for execvp(). */
struct words {
	char **word;
	size_t count;
	size_t capacity;
};

struct qemu_args {
	size_t program; /* index of QEMU itself, after any wrapper's words */
	char *machine; /* last machine type; NULL: none given */
	char *accel; /* the accelerator that is tried first; NULL: none given */
	char *dtb; /* the user's own device tree; NULL: none */
	char *unseen; /* what changes the device tree in ways that are not known here */
	bool dumpdtb;
	bool incoming;
	bool firmware;
	bool acpi_off;
	struct words
		shape; /* options for a run that only makes the device tree */
};

/*
 * qemu_args_parse - reads the command line after `teegate run … --`
 * @argv: @count words, the first being QEMU or a wrapper; not kept
 *
 * false: out of memory. To be paired with qemu_args_fini() either way.
 */
bool qemu_args_parse(size_t count, char *const *argv,
		     struct qemu_args *ret_args);
void qemu_args_fini(struct qemu_args *args);

/* A copy of @word is appended; false: out of memory. */
bool words_add(struct words *words, const char *word);
void words_fini(struct words *words);

/*
 * The value of @key in QEMU's "a=1,b=2" (",," is a comma), malloc()ed; NULL
 * if there is none. @implied: the key of a first word without "=".
 */
char *qemu_property(const char *value, const char *key, const char *implied);

#endif
