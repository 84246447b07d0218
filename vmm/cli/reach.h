/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reaching the device and KVM, with refusals that say what to do next. For
 * all verbs.
 */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include <teegate.h>

#include "cli.h"

/* The path that @device, the environment or the default mean. */
const char *reach_device_path(const char *device);

/*
 * reach_device - opens the device
 * @device: from --device, or NULL
 *
 * CLI_OK, or an exit code, and then the reason has been said.
 */
int reach_device(const struct cli_command *command, const char *device,
		 struct teegate **ret_guest);

/* Whether KVM is there and can hand a guest's calls to user space. */
int reach_kvm(const struct cli_command *command);

#endif
