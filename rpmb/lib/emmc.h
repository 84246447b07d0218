/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The back end for a real eMMC under Linux: what device.c calls, and the
 * pieces that tests reach into.
 */
#ifndef RPMB_EMMC_H
#define RPMB_EMMC_H

#include "internal.h"

/* Opens @path (/dev/mmcblkNrpmb) and fills device->fd and device->info. */
int rpmb_emmc_open(struct rpmb_device *device, const char *path,
		   struct rpmb_error *error);

/*
 * rpmb_emmc_describe - fills @ret_info from a card's sysfs attributes
 * @directory: of the RPMB's device in sysfs, or a folder below the card's
 */
int rpmb_emmc_describe(const char *directory, struct rpmb_info *ret_info,
		       struct rpmb_error *error);

/* As rpmb_transfer(). */
int rpmb_emmc_transfer(int fd, const struct rpmb_frame *request,
		       uint32_t request_count, bool with_result,
		       struct rpmb_frame *ret_response, uint32_t response_count,
		       struct rpmb_error *error);

#endif
