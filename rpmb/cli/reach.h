/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reaching the device, and saying what is wrong with it: for all verbs.
 */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include <rpmb.h>

#include "cli.h"

/* Of the option --device. */
#define DEVICE_HELP                                            \
	"/dev/mmcblkNrpmb, or file:PATH for an emulated one\n" \
	"(default: the only /dev/mmcblkNrpmb that there is)"

/*
 * reach_device - opens the device and puts "device", "cid"
 * @spec: from --device, or NULL
 *
 * CLI_OK, or an exit code with the reason said.
 */
int reach_device(struct cli *cli, const char *spec,
		 struct rpmb_device **ret_device);

/* As reach_device(), and not programmed is CLI_DEVICE. */
int reach_programmed(struct cli *cli, const char *spec,
		     struct rpmb_device **ret_device);

/* Says what a call of librpmb has to say; an exit code. */
int reach_fail(struct cli *cli, const struct rpmb_error *error);

/* Reads a CID of an option; CLI_OK or CLI_USAGE. */
int cid_option(struct cli *cli, const char *text, struct rpmb_cid *ret_cid);

/*
 * CLI_OK if @named is NULL or the device's; else CLI_MISMATCH with the
 * reason said. @option: where it was named.
 */
int reach_check_cid(struct cli *cli, const struct rpmb_device *device,
		    const struct rpmb_cid *named, const char *option);

#endif
