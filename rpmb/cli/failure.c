// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kinds of failures: their words in JSON and their exit codes. Saying
 * what went wrong is output.c.
 */
#include "cli.h"

struct kind_row {
	enum cli_exit code;
	const char *name;
};

static const struct kind_row kinds[] = {
	[CLI_KIND_OTHER] = { CLI_OTHER, "other" },
	[CLI_KIND_MEMORY] = { CLI_OTHER, "memory" },
	[CLI_KIND_IO] = { CLI_OTHER, "io" },
	[CLI_KIND_USAGE] = { CLI_USAGE, "usage" },
	[CLI_KIND_REFUSED] = { CLI_REFUSED, "refused" },
	[CLI_KIND_PERMISSION] = { CLI_REFUSED, "permission" },
	[CLI_KIND_EXISTS] = { CLI_REFUSED, "exists" },
	[CLI_KIND_NOT_PROGRAMMED] = { CLI_DEVICE, "not-programmed" },
	[CLI_KIND_PROGRAMMED] = { CLI_DEVICE, "programmed" },
	[CLI_KIND_CHANGED] = { CLI_DEVICE, "changed" },
	[CLI_KIND_EXPIRED] = { CLI_DEVICE, "expired" },
	[CLI_KIND_DEVICE] = { CLI_DEVICE, "device" },
	[CLI_KIND_NO_DEVICE] = { CLI_TRANSPORT, "no-device" },
	[CLI_KIND_TRANSPORT] = { CLI_TRANSPORT, "transport" },
	[CLI_KIND_NO_LIBRARY] = { CLI_TRANSPORT, "no-library" },
	[CLI_KIND_NO_TEE] = { CLI_TRANSPORT, "no-tee" },
	[CLI_KIND_NO_PTA] = { CLI_TRANSPORT, "no-pta" },
	[CLI_KIND_NO_COMMAND] = { CLI_TRANSPORT, "no-command" },
	[CLI_KIND_TEE] = { CLI_TRANSPORT, "tee" },
	[CLI_KIND_STORE] = { CLI_STORE, "store" },
	[CLI_KIND_BUSY] = { CLI_STORE, "busy" },
	[CLI_KIND_NOT_IN_STORE] = { CLI_STORE, "not-in-store" },
	[CLI_KIND_NO_BACKEND] = { CLI_STORE, "no-backend" },
	[CLI_KIND_MISMATCH] = { CLI_MISMATCH, "mismatch" },
	[CLI_KIND_TAMPERED] = { CLI_MISMATCH, "tampered" },
};

enum cli_exit cli_kind_exit(enum cli_kind kind)
{
	return kinds[kind].code;
}

const char *cli_kind_name(enum cli_kind kind)
{
	return kinds[kind].name;
}
