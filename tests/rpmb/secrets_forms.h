/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The forms in which a secret may show up in memory or in a file. Where they
 * are looked for is secrets_watch.c's.
 */
#ifndef SECRETS_FORMS_H
#define SECRETS_FORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORM_BYTES_MAX 64

struct form {
	const char *name;
	uint8_t bytes[FORM_BYTES_MAX];
	size_t length;
	bool at_end; /* matters when the process ends only */
};

/* Adds all forms of a secret of 16 to 64 bytes. */
void forms_add(const uint8_t *secret, size_t bytes, bool at_end);

/*
 * The first form in @data from *@offset on, with its place in *@offset; NULL
 * if there is none.
 */
const struct form *forms_find(const uint8_t *data, size_t bytes,
			      size_t *offset);

#endif
