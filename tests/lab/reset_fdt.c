// SPDX-License-Identifier: BSD-2-Clause
/*
 * A flattened device tree (version 17) copied token by token, with other
 * properties in /chosen. No more of the format is understood than that needs,
 * and the tree is the running kernel's own, so nothing defends against it.
 */
#include "reset_fdt.h"

#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FDT_MAGIC 0xd00dfeedu
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE 2u
#define FDT_PROP 3u
#define FDT_NOP 4u
#define FDT_END 9u
#define RESERVED_ALIGNMENT 8u
/* The new properties with their names and values, bootargs not counted. */
#define MORE_BYTES 1024u

struct header {
	uint32_t magic, total_bytes, struct_at, strings_at, reserved_at;
	uint32_t version, last_compatible, boot_cpu, strings_bytes,
		struct_bytes;
};

struct writer {
	uint8_t *out;
	uint32_t used;
	char *strings;
	uint32_t strings_bytes;
};

static uint32_t word_at(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return be32toh(v);
}

static void put_bytes(struct writer *w, const void *data, uint32_t bytes)
{
	memcpy(w->out + w->used, data, bytes);
	w->used += bytes;
	while (w->used % sizeof(uint32_t))
		w->out[w->used++] = 0;
}

static void put_word(struct writer *w, uint32_t v)
{
	v = htobe32(v);
	put_bytes(w, &v, sizeof(v));
}

static void put_property(struct writer *w, const char *name, const void *value,
			 uint32_t bytes)
{
	put_word(w, FDT_PROP);
	put_word(w, bytes);
	put_word(w, w->strings_bytes);
	put_bytes(w, value, bytes);
	strcpy(w->strings + w->strings_bytes, name);
	w->strings_bytes += (uint32_t)strlen(name) + 1;
}

static void put_chosen(struct writer *w, const struct fdt_chosen *c)
{
	uint64_t usable[2] = { htobe64(c->usable_start),
			       htobe64(c->usable_bytes) };
	uint64_t start = htobe64(c->initrd_start), end = htobe64(c->initrd_end);

	put_property(w, "bootargs", c->bootargs,
		     (uint32_t)strlen(c->bootargs) + 1);
	put_property(w, "linux,initrd-start", &start, sizeof(start));
	put_property(w, "linux,initrd-end", &end, sizeof(end));
	if (c->usable_bytes)
		put_property(w, "linux,usable-memory-range", usable,
			     sizeof(usable));
}

static bool is_replaced(const char *name)
{
	static const char *const names[] = { "bootargs", "linux,initrd-start",
					     "linux,initrd-end",
					     "linux,usable-memory-range" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static uint32_t padded(uint32_t bytes)
{
	return (bytes + 3) & ~3u;
}

/* False if there is no /chosen. */
static bool copy_structure(struct writer *w, const uint8_t *in,
			   const char *strings, const struct fdt_chosen *c)
{
	unsigned int depth = 0, chosen_depth = 0;
	bool found = false;

	for (;;) {
		uint32_t token = word_at(in), bytes = sizeof(token);

		if (token == FDT_BEGIN_NODE) {
			const char *name = (const char *)in + bytes;

			bytes += padded((uint32_t)strlen(name) + 1);
			put_bytes(w, in, bytes);
			if (++depth == 2 && strcmp(name, "chosen") == 0) {
				put_chosen(w, c);
				chosen_depth = depth;
				found = true;
			}
		} else if (token == FDT_PROP) {
			const char *name = strings + word_at(in + 8);

			bytes += 8 + padded(word_at(in + 4));
			if (depth != chosen_depth || !is_replaced(name))
				put_bytes(w, in, bytes);
		} else if (token == FDT_END) {
			put_word(w, token);
			return found;
		} else if (token == FDT_END_NODE) {
			put_word(w, token);
			if (depth-- == chosen_depth)
				chosen_depth = 0;
		} else if (token != FDT_NOP) {
			return false;
		}
		in += bytes;
	}
}

/* Pairs of numbers, up to and with the pair of zeros. */
static void copy_reserved(struct writer *w, const uint8_t *in)
{
	static const uint8_t end[16];
	bool more;

	do {
		more = memcmp(in, end, sizeof(end)) != 0;
		put_bytes(w, in, sizeof(end));
		in += sizeof(end);
	} while (more);
}

void *fdt_rewrite(const void *fdt, const struct fdt_chosen *chosen,
		  uint64_t *ret_bytes)
{
	const uint8_t *in = fdt;
	struct header old, new = { 0 };
	struct writer w = { 0 };
	uint32_t more;

	memcpy(&old, in, sizeof(old));
	if (be32toh(old.magic) != FDT_MAGIC)
		return NULL;
	more = MORE_BYTES + (uint32_t)strlen(chosen->bootargs);
	w.out = calloc(1, be32toh(old.total_bytes) + 2 * more);
	w.strings_bytes = be32toh(old.strings_bytes);
	w.strings = calloc(1, w.strings_bytes + more);
	if (!w.out || !w.strings)
		return NULL;
	memcpy(w.strings, in + be32toh(old.strings_at), w.strings_bytes);

	new = old;
	w.used = sizeof(new);
	while (w.used % RESERVED_ALIGNMENT)
		w.used += sizeof(uint32_t);
	new.reserved_at = htobe32(w.used);
	copy_reserved(&w, in + be32toh(old.reserved_at));
	new.struct_at = htobe32(w.used);
	if (!copy_structure(&w, in + be32toh(old.struct_at),
			    (const char *)in + be32toh(old.strings_at), chosen))
		return NULL;
	new.struct_bytes = htobe32(w.used - be32toh(new.struct_at));
	new.strings_at = htobe32(w.used);
	new.strings_bytes = htobe32(w.strings_bytes);
	put_bytes(&w, w.strings, w.strings_bytes);
	new.total_bytes = htobe32(w.used);
	memcpy(w.out, &new, sizeof(new));
	free(w.strings);
	*ret_bytes = w.used;
	return w.out;
}
