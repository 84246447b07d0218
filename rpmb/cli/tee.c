// SPDX-License-Identifier: BSD-2-Clause
/*
 * What OP-TEE's PTA answers, in words. Asking it is tee_client.c.
 */
#include <errno.h>

#include "tee.h"

const char *tee_key_source_name(uint32_t source)
{
	switch (source) {
	case PTA_RPMB_KEY_SOURCE_TEST_KEY:
		return "test key";
	case PTA_RPMB_KEY_SOURCE_HUK:
		return "derived from the HUK";
	case PTA_RPMB_KEY_SOURCE_HUK_COMPAT:
		return "derived from the HUK (compat)";
	case PTA_RPMB_KEY_SOURCE_PLATFORM:
		return "the platform's own derivation";
	default:
		return "unknown";
	}
}

const char *tee_key_state_name(uint32_t state)
{
	switch (state) {
	case PTA_RPMB_KEY_STATE_UNPROGRAMMED:
		return "unprogrammed";
	case PTA_RPMB_KEY_STATE_MATCHES:
		return "matches";
	case PTA_RPMB_KEY_STATE_DIFFERS:
		return "differs";
	default:
		return "unknown";
	}
}

const char *tee_routing_name(uint32_t routing)
{
	switch (routing) {
	case PTA_RPMB_ROUTING_LEGACY:
		return "tee-supplicant";
	case PTA_RPMB_ROUTING_KERNEL:
		return "kernel";
	default:
		return "unknown";
	}
}

int tee_error_set(struct tee_error *error, int err, uint32_t result)
{
	error->err = err;
	error->result = result;
	return err;
}

static const struct {
	int err;
	enum cli_kind kind;
	const char *text;
	const char *advice;
} failures[] = {
	{ EOPNOTSUPP, CLI_KIND_NO_LIBRARY,
	  "this rpmbctl was built without libteec, so it cannot ask OP-TEE",
	  "install optee-client-dev (on arm64) and build again" },
	{ ENODEV, CLI_KIND_NO_TEE, "there is no TEE here that answers",
	  "see that /dev/tee0 exists and that OP-TEE's driver is loaded" },
	{ ENOENT, CLI_KIND_NO_PTA, "this OP-TEE has no PTA for RPMB keys",
	  "build OP-TEE with the patches in optee/patches and CFG_RPMB_PTA=y" },
	{ ENOSYS, CLI_KIND_NO_COMMAND,
	  "this OP-TEE was built without what is asked for",
	  "see `commands` in rpmbctl status, and the man page for the build's switches" },
	{ ENXIO, CLI_KIND_NO_DEVICE, "OP-TEE reaches no RPMB device",
	  "start tee-supplicant, use a kernel with CONFIG_RPMB=y, or give --cid" },
	{ EACCES, CLI_KIND_PERMISSION, "the TEE does not let this program in",
	  "be root or in the TEE's group, and not in a guest" },
	{ EKEYREJECTED, CLI_KIND_MISMATCH, "OP-TEE's key is another",
	  "check for which device, HUK and build of OP-TEE this key was made" },
	{ ENOMEM, CLI_KIND_MEMORY, "no memory for the call to OP-TEE", NULL },
	{ EPROTO, CLI_KIND_TEE,
	  "OP-TEE's PTA answers in a form that is unknown",
	  "use an rpmbctl of the same version as the PTA" },
};

static int failure_find(int err)
{
	size_t n;

	for (n = 0; n < sizeof(failures) / sizeof(failures[0]); n++) {
		if (failures[n].err == -err)
			return (int)n;
	}
	return -1;
}

void tee_error_format(const struct tee_error *error, char *text, size_t bytes,
		      const char **ret_advice)
{
	int row = failure_find(error->err);
	const char *said = row < 0 ? "OP-TEE failed" : failures[row].text;

	if (error->result)
		snprintf(text, bytes, "%s (0x%08x)", said, error->result);
	else
		snprintf(text, bytes, "%s", said);
	*ret_advice = row < 0 ? "see OP-TEE's log" : failures[row].advice;
}

int tee_fail(struct cli *cli, const struct tee_error *error)
{
	int row = failure_find(error->err);
	const char *advice;
	char text[160];

	tee_error_format(error, text, sizeof(text), &advice);
	return cli_fail(cli, row < 0 ? CLI_KIND_TEE : failures[row].kind,
			advice, "%s", text);
}
