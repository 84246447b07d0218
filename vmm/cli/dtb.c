// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one change that `teegate run` makes to a guest's device tree: the node
 * by which Linux and others find OP-TEE, and in it the interrupt by which
 * OP-TEE notifies. On libfdt; memory in, memory out.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>
#include <teegate.h>

#include "dtb.h"

#define GIC_CELLS 3

/* Two nodes, three properties and their names take far less. */
#define ROOM_BYTES 512

const char *dtb_strerror(int err)
{
	return fdt_strerror(err);
}

static int node_need(void *fdt, int parent, const char *name)
{
	int node = fdt_subnode_offset(fdt, parent, name);

	return node == -FDT_ERR_NOTFOUND ? fdt_add_subnode(fdt, parent, name) :
					   node;
}

/* As the GIC's binding has it: an SPI, its number, edge-triggered. */
static int interrupt_set(void *fdt, int node, int spi)
{
	const fdt32_t cells[GIC_CELLS] = { cpu_to_fdt32(0),
					   cpu_to_fdt32((uint32_t)spi),
					   cpu_to_fdt32(1) };
	int ret = fdt_delprop(fdt, node, "interrupts");

	if (ret && ret != -FDT_ERR_NOTFOUND)
		return ret;
	return spi < 0 ? 0 :
			 fdt_setprop(fdt, node, "interrupts", cells,
				     sizeof(cells));
}

static int optee_set(void *fdt, int spi)
{
	int node, ret;

	node = node_need(fdt, 0, "firmware");
	if (node >= 0)
		node = node_need(fdt, node, "optee");
	if (node < 0)
		return node;
	ret = fdt_setprop_string(fdt, node, "compatible",
				 TEEGATE_DT_COMPATIBLE);
	if (ret == 0)
		ret = fdt_setprop_string(fdt, node, "method",
					 TEEGATE_DT_METHOD);
	if (ret == 0)
		ret = interrupt_set(fdt, node, spi);
	if (ret)
		return ret;
	/* A tree may carry the node but have it switched off. */
	ret = fdt_delprop(fdt, node, "status");
	return ret == -FDT_ERR_NOTFOUND ? 0 : ret;
}

/* Whether the root's interrupts, which a node inherits, are a GIC's. */
static bool gic_is_root(const void *fdt)
{
	const fdt32_t *cells = NULL;
	const fdt32_t *parent;
	int bytes, node;

	parent = fdt_getprop(fdt, 0, "interrupt-parent", &bytes);
	if (!parent || bytes != sizeof(*parent))
		return false;
	node = fdt_node_offset_by_phandle(fdt, fdt32_to_cpu(*parent));
	if (node >= 0)
		cells = fdt_getprop(fdt, node, "#interrupt-cells", &bytes);
	return cells && bytes == sizeof(*cells) &&
	       fdt32_to_cpu(*cells) == GIC_CELLS;
}

/*
 * Whatever its cells mean: a number that is in one of them is taken for an
 * interrupt's. That there are more such numbers than interrupts does not harm.
 */
static bool property_names(const void *value, int bytes, int spi)
{
	const fdt32_t *cell = value;
	int n;

	for (n = 0; n < bytes / (int)sizeof(*cell); n++) {
		if (fdt32_to_cpu(cell[n]) == (uint32_t)spi)
			return true;
	}
	return false;
}

static bool tree_names(const void *fdt, int spi)
{
	int node, property, bytes;
	const char *name;
	const void *value;

	for (node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
		fdt_for_each_property_offset(property, fdt, node)
		{
			value = fdt_getprop_by_offset(fdt, property, &name,
						      &bytes);
			if (value && !strncmp(name, "interrupt", 9) &&
			    property_names(value, bytes, spi))
				return true;
		}
	}
	return false;
}

int dtb_spi_free(const void *dtb, size_t bytes, int first, int count)
{
	int ret = fdt_check_full(dtb, bytes);
	int spi;

	if (ret)
		return ret;
	for (spi = first; gic_is_root(dtb) && spi > first - count; spi--) {
		if (!tree_names(dtb, spi))
			return spi;
	}
	return -FDT_ERR_NOTFOUND;
}

int dtb_add_optee(const void *dtb, size_t bytes, int spi, void **ret_dtb,
		  size_t *ret_bytes)
{
	size_t room;
	void *fdt;
	int ret = fdt_check_full(dtb, bytes);

	if (ret)
		return ret;
	room = fdt_totalsize(dtb) + ROOM_BYTES;
	fdt = calloc(1, room);
	if (!fdt)
		return -FDT_ERR_NOSPACE;
	ret = fdt_open_into(dtb, fdt, (int)room);
	if (ret == 0)
		ret = optee_set(fdt, spi);
	if (ret == 0)
		ret = fdt_pack(fdt);
	if (ret) {
		free(fdt);
		return ret;
	}
	*ret_dtb = fdt;
	*ret_bytes = fdt_totalsize(fdt);
	return 0;
}
