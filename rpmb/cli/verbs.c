// SPDX-License-Identifier: BSD-2-Clause
/*
 * The table of verbs, in the order of the help. Nothing else.
 */
#include "verbs.h"

const struct cli_command *const cli_commands[] = {
	&cmd_status,
	&cmd_key_get,
	&cmd_key_derive,
	&cmd_key_verify,
	&cmd_key_program,
	&cmd_counter,
	&cmd_read,
	&cmd_write,
	&cmd_dump,
	&cmd_wipe,
	&cmd_emulate_create,
	&cmd_emulate_info,
	&cmd_store_init,
	&cmd_store_add,
	&cmd_store_get,
	&cmd_store_list,
	&cmd_store_export,
	&cmd_store_audit,
	&cmd_store_rekey,
	&cmd_station,
	&cmd_unseal,
	&cmd_completion,
	NULL,
};
