// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reads what this guest wants to know out of minivmm's device tree: a walk
 * over its tokens, without a tree in memory. The format is the Devicetree
 * Specification's, chapter 5.
 */
#include "machine.h"

#define FDT_MAGIC 0xd00dfeedu
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE 2u
#define FDT_PROP 3u
#define FDT_NOP 4u

struct machine machine;

enum node {
	NODE_OTHER,
	NODE_CHOSEN,
	NODE_MEMORY,
	NODE_ROM
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static bool is(const char *name, const char *other)
{
	return text_begins(name, other) && !name[text_length(other)];
}

static void chosen_property(const char *name, const uint8_t *value,
			    uint32_t bytes)
{
	if (is(name, "bootargs") && bytes <= sizeof(machine.bootargs))
		memcpy(machine.bootargs, value, bytes);
	if (is(name, "linux,initrd-start"))
		machine.initrd = be64(value);
	if (is(name, "linux,initrd-end"))
		machine.initrd_bytes = be64(value) - machine.initrd;
	if (is(name, "minivmm,restarts"))
		machine.restarts = be32(value);
}

static void property(enum node node, const char *name, const uint8_t *value,
		     uint32_t bytes)
{
	if (node == NODE_CHOSEN)
		chosen_property(name, value, bytes);
	if (node == NODE_MEMORY && is(name, "reg") && bytes == 16) {
		machine.ram = be64(value);
		machine.ram_bytes = be64(value + 8);
	}
	if (node == NODE_ROM && is(name, "reg") && bytes == 16)
		machine.rom_bytes = be64(value + 8);
}

static enum node node_begin(const char *name)
{
	if (text_begins(name, "cpu@"))
		machine.cpus++;
	if (is(name, "chosen"))
		return NODE_CHOSEN;
	if (text_begins(name, "memory@"))
		return NODE_MEMORY;
	return text_begins(name, "rom@") ? NODE_ROM : NODE_OTHER;
}

bool fdt_read(const void *fdt)
{
	const uint8_t *p = fdt;
	const char *names;
	enum node node = NODE_OTHER;
	uint32_t token;

	if (!fdt || be32(p) != FDT_MAGIC)
		return false;
	names = (const char *)p + be32(p + 12);
	for (p += be32(p + 8);; p = at((address_of(p) + 3) & ~3ull)) {
		token = be32(p);
		p += 4;
		if (token == FDT_BEGIN_NODE) {
			node = node_begin((const char *)p);
			p += text_length((const char *)p) + 1;
		} else if (token == FDT_PROP) {
			property(node, names + be32(p + 4), p + 8, be32(p));
			p += 8 + be32(p);
		} else if (token == FDT_END_NODE) {
			node = NODE_OTHER;
		} else if (token != FDT_NOP) {
			return machine.ram_bytes != 0;
		}
	}
}
