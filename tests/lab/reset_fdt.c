// SPDX-License-Identifier: BSD-2-Clause
/* The running kernel's device tree with other properties in /chosen. */
#include "reset_fdt.h"

#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

/* The new properties with their names and values, bootargs not counted. */
#define MORE_BYTES 1024

static int chosen_set(void *tree, const struct fdt_chosen *c)
{
	int node = fdt_path_offset(tree, "/chosen");
	int ret = node;

	if (ret >= 0)
		ret = fdt_setprop_string(tree, node, "bootargs", c->bootargs);
	if (ret >= 0)
		ret = fdt_setprop_u64(tree, node, "linux,initrd-start",
				      c->initrd_start);
	if (ret >= 0)
		ret = fdt_setprop_u64(tree, node, "linux,initrd-end",
				      c->initrd_end);
	if (ret < 0)
		return ret;
	if (!c->usable_bytes) {
		ret = fdt_delprop(tree, node, "linux,usable-memory-range");
		return ret == -FDT_ERR_NOTFOUND ? 0 : ret;
	}
	/* Address and size in two cells each, as all of Arm's virt machines. */
	ret = fdt_setprop_u64(tree, node, "linux,usable-memory-range",
			      c->usable_start);
	if (ret >= 0)
		ret = fdt_appendprop_u64(tree, node,
					 "linux,usable-memory-range",
					 c->usable_bytes);
	return ret;
}

void *fdt_rewrite(const void *fdt, const struct fdt_chosen *chosen,
		  uint64_t *ret_bytes)
{
	size_t bytes;
	void *tree;

	if (fdt_check_header(fdt))
		return NULL;
	bytes = fdt_totalsize(fdt) + MORE_BYTES + strlen(chosen->bootargs);
	tree = malloc(bytes);
	if (!tree || fdt_open_into(fdt, tree, (int)bytes) ||
	    chosen_set(tree, chosen) < 0 || fdt_pack(tree)) {
		free(tree);
		return NULL;
	}
	*ret_bytes = fdt_totalsize(tree);
	return tree;
}
