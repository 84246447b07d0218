/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Editing a guest's device tree in memory. Where the tree comes from and goes
 * to is not known here.
 */
#ifndef CLI_DTB_H
#define CLI_DTB_H

#include <stddef.h>

/*
 * dtb_add_optee - a copy of a device tree with the node that announces OP-TEE
 * @dtb: the tree, @bytes long; need not be valid
 * @ret_dtb: malloc()ed
 *
 * A node /firmware/optee that is there already is made to say what is needed.
 * 0, or libfdt's negative error number (dtb_strerror()).
 */
int dtb_add_optee(const void *dtb, size_t bytes, void **ret_dtb,
		  size_t *ret_bytes);

const char *dtb_strerror(int err);

#endif
