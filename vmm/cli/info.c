// SPDX-License-Identifier: BSD-2-Clause
/*
 * `teegate info`: what is behind the device, as text or as JSON. Asking makes
 * no partition and disturbs no guest.
 */
#include <ctype.h>
#include <string.h>

#include "reach.h"

/* Raised when a member changes its meaning; new members do not count. */
#define JSON_SCHEMA 1

static const struct {
	uint32_t bit;
	const char *name;
} capabilities[] = {
	{ 1u << 0, "reserved-shm" },
	{ 1u << 1, "unregistered-shm" },
	{ 1u << 2, "dynamic-shm" },
	{ 1u << 3, "virtualization" },
	{ 1u << 4, "memref-null" },
	{ 1u << 5, "async-notif" },
	{ 1u << 6, "rpc-arg" },
	{ 1u << 7, "rpmb-probe" },
	{ 1u << 8, "protected-memory" },
	{ 1u << 9, "dynamic-protected-memory" },
};

static void json_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if (iscntrl((unsigned char)*text))
			printf("\\u%04x", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void capabilities_print(uint32_t set, const char *quote,
			       const char *separator)
{
	const char *between = "";
	size_t n;

	for (n = 0; n < sizeof(capabilities) / sizeof(capabilities[0]); n++) {
		if (!(set & capabilities[n].bit))
			continue;
		printf("%s%s%s%s", between, quote, capabilities[n].name, quote);
		between = separator;
	}
}

/* How a guest's calls get to the device, if its VMM makes use of it. */
static const char *route_name(const struct teegate_info *info)
{
	return info->features & TEEGATE_FEATURE_ROUTE ? "kernel" : "user";
}

static void info_json(const char *path, const struct teegate_info *info)
{
	printf("{\n  \"schema\": %d,\n  \"device\": ", JSON_SCHEMA);
	json_string(path);
	printf(",\n  \"abi\": %u,\n", info->abi_version);
	printf("  \"optee\": { \"major\": %u, \"minor\": %u, \"build\": \"%08x\" },\n",
	       info->os_major, info->os_minor, info->os_build);
	printf("  \"threads\": %u,\n  \"capabilities_mask\": %u,\n  \"capabilities\": [ ",
	       info->tee_threads, info->tee_capabilities);
	capabilities_print(info->tee_capabilities, "\"", ", ");
	printf(" ],\n  \"route\": \"%s\"", route_name(info));
	printf(",\n  \"limits\": { \"calls\": %u, \"shm_buffers\": %u, \"rpc_buffers\": %u, "
	       "\"pinned_bytes\": %llu }\n}\n",
	       info->limits_calls, info->limits_shm_buffers,
	       info->limits_rpc_buffers,
	       (unsigned long long)info->limits_pinned_bytes);
}

static void info_text(const char *path, const struct teegate_info *info)
{
	printf("device            %s (interface version %u)\n", path,
	       info->abi_version);
	printf("OP-TEE            %u.%u, build %08x\n", info->os_major,
	       info->os_minor, info->os_build);
	printf("threads           %u\n", info->tee_threads);
	printf("capabilities      0x%x ", info->tee_capabilities);
	capabilities_print(info->tee_capabilities, "", " ");
	printf("\nguests' calls     %s",
	       info->features & TEEGATE_FEATURE_ROUTE ?
		       "from KVM directly" :
		       "by way of the VMM (no kernel with linux/patches, or route=0)");
	printf("\nat most per guest %u calls at once, %u shared buffers, %u RPC buffers, %llu bytes pinned\n",
	       info->limits_calls, info->limits_shm_buffers,
	       info->limits_rpc_buffers,
	       (unsigned long long)info->limits_pinned_bytes);
}

enum {
	OPT_DEVICE,
	OPT_JSON
};

static const struct cli_option options[] = {
	[OPT_DEVICE] = { "device", "PATH",
			 "the device (default: $TEEGATE_DEVICE, or " TEEGATE_DEVICE_DEFAULT
			 ")" },
	[OPT_JSON] = { "json", NULL, "print JSON" },
	{ NULL, NULL, NULL },
};

static int info_run(struct cli *cli, int argc, char **argv)
{
	const struct cli_command *command = cli->parser.command;
	const char *device = NULL;
	struct teegate_info info;
	struct teegate *guest;
	bool json = false;
	int option, ret;

	while ((option = cli_next(cli)) >= 0) {
		if (option == OPT_DEVICE)
			device = optarg;
		else
			json = true;
	}
	if (option != CLI_END)
		return cli_parser_exit(option);
	if (optind != argc) {
		cli_say(command, "%s is too much; see teegate info --help",
			argv[optind]);
		return CLI_USAGE;
	}
	ret = reach_device(command, device, &guest);
	if (ret != CLI_OK)
		return ret;
	ret = teegate_get_info(guest, &info);
	teegate_close(guest);
	if (ret < 0) {
		cli_say(command, "%s does not answer: %s",
			reach_device_path(device), strerror(-ret));
		return CLI_DEVICE;
	}
	(json ? info_json : info_text)(reach_device_path(device), &info);
	return fflush(stdout) ? CLI_OTHER : CLI_OK;
}

const struct cli_command cmd_info = {
	.name = "info",
	.synopsis = "[--json] [--device PATH]",
	.summary =
		"Shows which OP-TEE is behind the device, and what one guest may use",
	.options = options,
	.run = info_run,
};
