// SPDX-License-Identifier: BSD-2-Clause
/*
 * Opening the device that is meant, and turning librpmb's errors into exit
 * codes and advice.
 */
#include <errno.h>
#include <glob.h>
#include <string.h>

#include "reach.h"

static const struct {
	int err;
	enum cli_kind kind;
	const char *advice;
} failures[] = {
	{ ENODEV, CLI_KIND_NO_DEVICE, "see that the device exists" },
	{ ENOENT, CLI_KIND_NO_DEVICE, "see that the device exists" },
	{ ENXIO, CLI_KIND_NO_DEVICE, "see that the device exists" },
	{ ENOTSUP, CLI_KIND_NO_DEVICE,
	  "use /dev/mmcblkNrpmb, or file:PATH for an emulated one" },
	{ EACCES, CLI_KIND_PERMISSION,
	  "be root, or in the group that the device has" },
	{ EPERM, CLI_KIND_PERMISSION,
	  "be root, or in the group that the device has" },
	{ ENOKEY, CLI_KIND_NOT_PROGRAMMED, "see rpmbctl key program --help" },
	{ EEXIST, CLI_KIND_PROGRAMMED,
	  "it cannot be changed; rpmbctl key verify tells which it is" },
	{ EKEYREJECTED, CLI_KIND_MISMATCH,
	  "the device has another key; rpmbctl key verify tries one" },
	{ EBADMSG, CLI_KIND_MISMATCH,
	  "the device has another key, or its answers are tampered with" },
	{ EPROTO, CLI_KIND_TAMPERED,
	  "suspect what is between: this is no answer to what was asked" },
	{ EAGAIN, CLI_KIND_CHANGED, "somebody else wrote in between: repeat" },
	{ ERANGE, CLI_KIND_USAGE, "see the size in rpmbctl status" },
	{ EROFS, CLI_KIND_DEVICE, NULL },
	{ EREMOTEIO, CLI_KIND_DEVICE, NULL },
	{ EOVERFLOW, CLI_KIND_EXPIRED,
	  "this device can never be written again" },
	{ EINVAL, CLI_KIND_USAGE, NULL },
	{ ENOMEM, CLI_KIND_MEMORY,
	  "raise the limit of locked memory (ulimit -l)" },
};

int reach_fail(struct cli *cli, const struct rpmb_error *error)
{
	size_t n;

	for (n = 0; n < sizeof(failures) / sizeof(failures[0]); n++) {
		if (failures[n].err == -error->err)
			return cli_fail(cli, failures[n].kind,
					failures[n].advice, "%s", error->text);
	}
	return cli_fail(cli, CLI_KIND_TRANSPORT, NULL, "%s", error->text);
}

/* The only one, or none: which of several is meant is not guessed. */
static int find_device(struct cli *cli, char *path, size_t bytes)
{
	glob_t found;
	int code = CLI_OK;

	if (glob("/dev/mmcblk*rpmb", 0, NULL, &found) != 0)
		return cli_fail(
			cli, CLI_KIND_NO_DEVICE,
			"name one with --device, or see that the eMMC's driver is loaded",
			"there is no /dev/mmcblkNrpmb");
	if (found.gl_pathc == 1)
		snprintf(path, bytes, "%s", found.gl_pathv[0]);
	else
		code = cli_fail(cli, CLI_KIND_USAGE, "name one with --device",
				"there are %zu devices, %s the first",
				found.gl_pathc, found.gl_pathv[0]);
	globfree(&found);
	return code;
}

int reach_device(struct cli *cli, const char *spec,
		 struct rpmb_device **ret_device)
{
	char found[64], cid[RPMB_CID_TEXT_BYTES];
	struct rpmb_error error;
	int code;

	if (!spec) {
		code = find_device(cli, found, sizeof(found));
		if (code != CLI_OK)
			return code;
		spec = found;
	}
	if (rpmb_open(spec, ret_device, &error) < 0)
		return reach_fail(cli, &error);
	cli_put(cli, "device", "device", "%s", spec);
	cli_put(cli, "cid", "CID", "%s",
		rpmb_cid_format(&rpmb_get_info(*ret_device)->cid, cid));
	return CLI_OK;
}

int reach_programmed(struct cli *cli, const char *spec,
		     struct rpmb_device **ret_device)
{
	enum rpmb_key_state state;
	struct rpmb_error error;
	int code;

	code = reach_device(cli, spec, ret_device);
	if (code != CLI_OK)
		return code;
	if (rpmb_probe_state(*ret_device, &state, NULL, &error) < 0)
		code = reach_fail(cli, &error);
	else if (state == RPMB_KEY_UNPROGRAMMED)
		code = cli_fail(cli, CLI_KIND_NOT_PROGRAMMED,
				"see rpmbctl key program --help",
				"no key is programmed in this device");
	if (code != CLI_OK)
		rpmb_close(*ret_device);
	return code;
}

int cid_option(struct cli *cli, const char *text, struct rpmb_cid *ret_cid)
{
	if (rpmb_cid_parse(text, ret_cid) == 0)
		return CLI_OK;
	return cli_fail(
		cli, CLI_KIND_USAGE,
		"give 32 hexadecimal digits, as rpmbctl status shows them",
		"that is not a CID");
}

int reach_check_cid(struct cli *cli, const struct rpmb_device *device,
		    const struct rpmb_cid *named, const char *option)
{
	const struct rpmb_cid *cid = &rpmb_get_info(device)->cid;
	char text[RPMB_CID_TEXT_BYTES];

	if (!named || !memcmp(named->bytes, cid->bytes, sizeof(cid->bytes)))
		return CLI_OK;
	return cli_fail(
		cli, CLI_KIND_MISMATCH,
		"check which of the board's devices is meant",
		"the device is not the one that --%s names: its CID is %s",
		option, rpmb_cid_format(cid, text));
}
