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
 * @spi: OP-TEE's notifications come by this interrupt; negative: not at all
 * @ret_dtb: malloc()ed
 *
 * A node /firmware/optee that is there already is made to say what is needed.
 * 0, or libfdt's negative error number (dtb_strerror()).
 */
int dtb_add_optee(const void *dtb, size_t bytes, int spi, void **ret_dtb,
		  size_t *ret_bytes);

/*
 * dtb_spi_free - an interrupt (SPI) that nothing in a device tree seems to use
 *
 * @first and downwards, @count of them. -FDT_ERR_NOTFOUND: none of these, or
 * interrupts there are not named as with Arm's GIC.
 */
int dtb_spi_free(const void *dtb, size_t bytes, int first, int count);

const char *dtb_strerror(int err);

#endif
