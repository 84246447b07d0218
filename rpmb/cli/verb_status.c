// SPDX-License-Identifier: BSD-2-Clause
/*
 * `rpmbctl status`: what a device is and how it stands, as the device says and
 * as OP-TEE says. Only reads, in every mode, and needs no key.
 */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "reach.h"
#include "tee.h"
#include "verbs.h"

static const char *const command_names[] = {
	[PTA_RPMB_GET_INFO] = "get-info",
	[PTA_RPMB_VERIFY_KEY] = "verify-key",
	[PTA_RPMB_GET_KEY] = "get-key",
	[PTA_RPMB_GET_KEY_SEALED] = "get-key-sealed",
};

#define COMMAND_COUNT (sizeof(command_names) / sizeof(command_names[0]))

static void put_device(struct cli *cli, const struct rpmb_info *info)
{
	struct rpmb_cid_fields fields;

	rpmb_cid_decode(&info->cid, &fields);
	cli_put(cli, NULL, "",
		"manufacturer 0x%02x, product %s %u.%u, serial 0x%08x",
		fields.manufacturer, fields.product, fields.revision_major,
		fields.revision_minor, fields.serial);
	cli_put(cli, "product", NULL, "%s", fields.product);
	cli_put_number(cli, "serial", NULL, fields.serial);
	cli_put(cli, "name", NULL, "%s", info->name);
	cli_put_bool(cli, "emulated", NULL,
		     info->backend == RPMB_BACKEND_EMULATED);
	cli_put_number(cli, "size_bytes", NULL, info->size_bytes);
	cli_put_number(cli, "reliable_write_sectors", NULL,
		       info->reliable_write_sectors);
	cli_put_number(cli, "write_blocks_max", NULL, info->write_blocks_max);
	cli_put(cli, NULL, "data area",
		"%u KiB, %u blocks, at most %u written at once",
		info->size_bytes / 1024, info->block_count,
		info->write_blocks_max);
}

static int put_state(struct cli *cli, struct rpmb_device *device)
{
	enum rpmb_key_state state;
	struct rpmb_error error;
	uint32_t counter;

	if (rpmb_probe_state(device, &state, &counter, &error) < 0)
		return reach_fail(cli, &error);
	cli_put_bool(cli, "programmed", NULL, state == RPMB_KEY_PROGRAMMED);
	cli_put(cli, NULL, "key",
		state == RPMB_KEY_PROGRAMMED ? "programmed" : "not programmed");
	if (state != RPMB_KEY_PROGRAMMED)
		return CLI_OK;
	cli_put_number(cli, "write_counter", NULL, counter);
	cli_put(cli, NULL, "write counter", "%u (not authenticated)%s", counter,
		counter == UINT32_MAX ? ", expired" : "");
	return CLI_OK;
}

static struct json_object *tee_commands(uint32_t mask, char *text, size_t bytes)
{
	struct json_object *list = json_object_new_array();
	size_t n, used = 0;

	text[0] = '\0';
	for (n = 0; n < COMMAND_COUNT; n++) {
		if (!(mask & (1u << n)))
			continue;
		json_object_array_add(list,
				      json_object_new_string(command_names[n]));
		used += (size_t)snprintf(text + used, bytes - used, "%s%s",
					 used ? ", " : "", command_names[n]);
	}
	return list;
}

static void add_text(struct json_object *object, const char *name,
		     const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

static void add_bool(struct json_object *object, const char *name, bool value)
{
	json_object_object_add(object, name, json_object_new_boolean(value));
}

static struct json_object *tee_json(const struct pta_rpmb_info *info,
				    struct json_object *commands)
{
	struct json_object *tee = json_object_new_object();
	char cid[RPMB_CID_TEXT_BYTES];
	struct rpmb_cid present;

	add_bool(tee, "available", true);
	json_object_object_add(tee, "commands", commands);
	add_text(tee, "key_source", tee_key_source_name(info->key_source));
	add_text(tee, "key_state", tee_key_state_name(info->key_state));
	add_text(tee, "routing", tee_routing_name(info->routing));
	add_bool(tee, "key_ready", info->flags & PTA_RPMB_FLAG_KEY_READY);
	add_bool(tee, "writes_key", info->flags & PTA_RPMB_FLAG_WRITES_KEY);
	add_bool(tee, "insecure", info->flags & PTA_RPMB_FLAG_INSECURE);
	if (info->flags & PTA_RPMB_FLAG_DEVICE) {
		memcpy(present.bytes, info->cid, sizeof(present.bytes));
		add_text(tee, "cid", rpmb_cid_format(&present, cid));
		json_object_object_add(
			tee, "size_bytes",
			json_object_new_int64((int64_t)info->size_units *
					      RPMB_SIZE_UNIT_BYTES));
	}
	json_object_object_add(tee, "device_result",
			       json_object_new_int64(info->device_result));
	return tee;
}

static void put_tee_info(struct cli *cli, const struct pta_rpmb_info *info)
{
	struct json_object *list;
	char commands[96];

	list = tee_commands(info->commands, commands, sizeof(commands));
	cli_put_json(cli, "optee", tee_json(info, list));
	cli_put(cli, NULL, "OP-TEE", "key: %s%s; the device's key %s",
		tee_key_source_name(info->key_source),
		info->flags & PTA_RPMB_FLAG_KEY_READY ? "" : ", not final",
		tee_key_state_name(info->key_state));
	cli_put(cli, NULL, "", "routing: %s; commands: %s",
		tee_routing_name(info->routing), commands);
	if (info->device_result)
		cli_put(cli, NULL, "", "it reaches no device (0x%08x)",
			info->device_result);
	if (info->flags & PTA_RPMB_FLAG_WRITES_KEY)
		cli_put(cli, NULL, "",
			"built with CFG_RPMB_WRITE_KEY=y: it programs a key by itself");
	if (info->flags & PTA_RPMB_FLAG_INSECURE)
		cli_put(cli, NULL, "",
			"built with CFG_INSECURE=y: not for products");
}

/* That there is no OP-TEE is a finding here, not a failure. */
static void put_tee(struct cli *cli, const struct rpmb_cid *cid)
{
	struct pta_rpmb_info info;
	struct json_object *none;
	struct tee_error error;
	const char *advice;
	struct tee *tee;
	char text[160];
	int err;

	err = tee_open(&tee, &error);
	if (err == 0) {
		err = tee_get_info(tee, cid, &info, &error);
		tee_close(tee);
	}
	if (err == 0) {
		put_tee_info(cli, &info);
		return;
	}
	tee_error_format(&error, text, sizeof(text), &advice);
	none = json_object_new_object();
	add_bool(none, "available", false);
	add_text(none, "reason", text);
	cli_put_json(cli, "optee", none);
	cli_put(cli, NULL, "OP-TEE", "not asked: %s", text);
}

enum {
	OPT_DEVICE,
	OPT_NO_TEE,
};

static const struct cli_option status_options[] = {
	[OPT_DEVICE] = { "device", "DEVICE", DEVICE_HELP },
	[OPT_NO_TEE] = { "no-tee", NULL, "do not ask OP-TEE" },
	{ NULL, NULL, NULL },
};

static int status_run(struct cli *cli, int argc, char **argv)
{
	struct rpmb_device *device;
	const struct rpmb_info *info;
	const char *spec = NULL;
	bool ask_tee = true;
	int option, code;

	(void)argc;
	(void)argv;
	while ((option = cli_next(cli)) >= 0) {
		if (option == OPT_DEVICE)
			spec = optarg;
		else
			ask_tee = false;
	}
	code = cli_end(cli, option, 0, 0);
	if (code >= 0)
		return code;
	cli_put(cli, "mode", "mode", "%s", cli_mode_name(cli->mode));
	code = reach_device(cli, spec, &device);
	if (code != CLI_OK)
		return code;
	info = rpmb_get_info(device);
	put_device(cli, info);
	code = put_state(cli, device);
	/* An emulated device is none that OP-TEE could reach. */
	if (code == CLI_OK && ask_tee && info->backend == RPMB_BACKEND_EMMC)
		put_tee(cli, &info->cid);
	rpmb_close(device);
	return code;
}

const struct cli_command cmd_status = {
	.name = "status",
	.synopsis = "[--device DEVICE] [--no-tee]",
	.summary =
		"Shows the mode, a device, its key's state and OP-TEE's view",
	.options = status_options,
	.run = status_run,
};
