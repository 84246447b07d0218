// SPDX-License-Identifier: BSD-2-Clause
/*
 * What `teegate` is to the frame: the table of verbs, in the order of the
 * help, and what the help says of the tool as a whole. Nothing else.
 */
#include <teegate.h>

#include "cli.h"

const struct cli_tool cli_tool = {
	.name = "teegate",
	.version = TEEGATE_VERSION,
	.version_help = "show the version",
	.purpose = "Lets KVM guests on 64-bit Arm use OP-TEE.",
	.notes =
		"environment:\n"
		"  TEEGATE_DEVICE         the device, instead of " TEEGATE_DEVICE_DEFAULT
		"\n"
		"\nexit codes:\n"
		"  0 ok, 1 other, 2 usage, 3 refused by policy or permission, 4 the device says no,\n"
		"  5 no way to the TEE, 6 store, 7 verification mismatch; teegate run ends with QEMU's own\n",
	.operands_last = true,
};

const struct cli_command *const cli_commands[] = {
	&cmd_run,
	&cmd_info,
	&cmd_completion,
	NULL,
};
