// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one change that `teegate run` makes to a guest's device tree: the node
 * by which Linux and others find OP-TEE. On libfdt; memory in, memory out.
 */
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>
#include <teegate.h>

#include "dtb.h"

/* Two nodes, two properties and their names take far less. */
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

static int optee_set(void *fdt)
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
	if (ret)
		return ret;
	/* A tree may carry the node but have it switched off. */
	ret = fdt_delprop(fdt, node, "status");
	return ret == -FDT_ERR_NOTFOUND ? 0 : ret;
}

int dtb_add_optee(const void *dtb, size_t bytes, void **ret_dtb,
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
		ret = optee_set(fdt);
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
