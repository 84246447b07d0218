// SPDX-License-Identifier: BSD-2-Clause
/*
 * What `rpmbctl` is to the frame: the table of verbs, in the order of the help,
 * the options that each takes, and what the help says of the tool as a whole.
 * Nothing else.
 */
#include "verbs.h"

#ifdef RPMB_HAVE_LIBTEEC
#define BUILT_IN_TEEC "OP-TEE: built in (libteec)"
#else
#define BUILT_IN_TEEC "OP-TEE: left out (built without libteec)"
#endif
#ifdef RPMB_HAVE_LIBPQ
#define BUILT_IN_PQ "PostgreSQL: built in (libpq)"
#else
#define BUILT_IN_PQ "PostgreSQL: left out (built without libpq)"
#endif
#ifdef RPMB_HAVE_P11KIT
#define BUILT_IN_PKCS11 "PKCS#11: built in"
#else
#define BUILT_IN_PKCS11 "PKCS#11: left out (built without p11-kit's header)"
#endif

static const struct cli_option common[] = {
	[COMMON_JSON] = { "json", NULL, "print the result as one JSON object" },
	[COMMON_MODE] = { "mode", "MODE",
			  "development, factory or production: what is allowed\n"
			  "(default: $RPMBCTL_MODE, or production)" },
	{ NULL, NULL, NULL },
};
_Static_assert(sizeof(common) / sizeof(common[0]) - 1 <= CLI_COMMON_MAX,
	       "the parser has room for them");

const struct cli_tool cli_tool = {
	.name = "rpmbctl",
	.version = RPMB_VERSION "\n" BUILT_IN_TEEC "\n" BUILT_IN_PQ
				"\n" BUILT_IN_PKCS11,
	.version_help = "show the version and what was built in",
	.purpose =
		"Takes the RPMB partition of an eMMC, and its key, through production.",
	.notes =
		"environment:\n"
		"  RPMBCTL_MODE           the mode where --mode is not given (else production)\n"
		"\nexit codes:\n"
		"  0 ok, 1 other, 2 usage, 3 refused by policy or not confirmed, 4 the device says no,\n"
		"  5 device or TEE not reached, 6 store, 7 not what it should be (key, CID, MAC, log, sealed key)\n",
	.common = common,
};

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
