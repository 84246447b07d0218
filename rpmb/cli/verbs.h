/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs, for their table in verbs.c. Each is in verb_*.c.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli.h"

extern const struct cli_command cmd_status, cmd_key_get, cmd_key_derive,
	cmd_key_verify, cmd_key_program, cmd_counter, cmd_read, cmd_write,
	cmd_dump, cmd_wipe, cmd_emulate_create, cmd_emulate_info, cmd_unseal,
	cmd_completion;
/* Of the stores: verb_store*.c, verb_station*.c. */
extern const struct cli_command cmd_store_init, cmd_store_add, cmd_store_get,
	cmd_store_list, cmd_store_export, cmd_store_audit, cmd_store_rekey,
	cmd_station;

#endif
