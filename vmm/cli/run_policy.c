// SPDX-License-Identifier: BSD-2-Clause
/*
 * What `teegate run` refuses before it starts anything, and what it says to
 * QEMU's preload by way of the environment. No process is started here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump.h"
#include "run.h"

#ifndef TEEGATE_LIBDIR
#define TEEGATE_LIBDIR "/usr/local/lib"
#endif

#define PRELOAD_NAME "libteegate-preload.so"

static int machine_policy(const struct cli_command *command,
			  const struct qemu_args *args)
{
	if (!args->machine) {
		cli_say(command,
			"QEMU is not told which machine to be: add -machine virt");
		return CLI_USAGE;
	}
	if (strncmp(args->machine, "virt", 4) != 0) {
		cli_say(command,
			"machine %s does not make a device tree: use -machine virt, or give one with -dtb",
			args->machine);
		return CLI_USAGE;
	}
	if (args->unseen) {
		cli_say(command,
			"%s changes the device tree in ways that are not known here: make the tree yourself, "
			"with all of QEMU's options and -machine dumpdtb=FILE, then add -dtb FILE",
			args->unseen);
		return CLI_USAGE;
	}
	return CLI_OK;
}

int run_policy(const struct cli_command *command, const struct run_options *run,
	       const struct qemu_args *args)
{
	if (!args->accel || strncmp(args->accel, "kvm", 3) != 0) {
		cli_say(command,
			"QEMU would %s%s, but a guest can reach OP-TEE under KVM only: add -accel kvm",
			args->accel ? "first try accelerator " :
				      "emulate the processor",
			args->accel ?: "");
		return CLI_USAGE;
	}
	if (args->incoming) {
		cli_say(command,
			"-incoming: a guest that uses OP-TEE cannot be migrated, since its state in the "
			"secure world stays where it is");
		return CLI_REFUSED;
	}
	if (args->dumpdtb) {
		cli_say(command,
			"dumpdtb makes QEMU end before a guest runs: use it without teegate run");
		return CLI_USAGE;
	}
	if (args->firmware && !args->acpi_off && !run->no_tee_node)
		cli_say(command,
			"note: UEFI firmware describes the machine by ACPI, which cannot announce OP-TEE: "
			"add -machine acpi=off if the guest does not find it");
	if (run->no_tee_node || args->dtb)
		return CLI_OK;
	return machine_policy(command, args);
}

static bool preload_beside(char *ret_path)
{
	ssize_t got = readlink("/proc/self/exe", ret_path,
			       RUN_PATH_MAX - sizeof(PRELOAD_NAME) - 1);
	char *slash;

	if (got <= 0)
		return false;
	ret_path[got] = '\0';
	slash = strrchr(ret_path, '/');
	if (!slash)
		return false;
	strcpy(slash + 1, PRELOAD_NAME);
	return access(ret_path, R_OK) == 0;
}

int run_preload_find(const struct cli_command *command, const char *given,
		     char *ret_path)
{
	/* The dynamic linker needs a path with a slash in it. */
	if (given)
		snprintf(ret_path, RUN_PATH_MAX, "%s%s",
			 strchr(given, '/') ? "" : "./", given);
	else if (!preload_beside(ret_path))
		snprintf(ret_path, RUN_PATH_MAX, "%s/%s", TEEGATE_LIBDIR,
			 PRELOAD_NAME);
	if (access(ret_path, R_OK)) {
		cli_say(command,
			"cannot read %s: %s; say where it is with --preload",
			ret_path, strerror(errno));
		return CLI_OTHER;
	}
	if (ret_path[strcspn(ret_path, ": ")]) {
		cli_say(command,
			"%s: the dynamic linker takes no path with a space or colon; copy the library "
			"elsewhere and say so with --preload",
			ret_path);
		return CLI_OTHER;
	}
	return CLI_OK;
}

static void print_quoted(const char *word, FILE *out)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+-%@";

	if (*word && !word[strspn(word, plain)]) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

static bool environment_set(const char *name, const char *value, FILE *print)
{
	if (!print)
		return setenv(name, value, 1) == 0;
	fprintf(print, "%s=", name);
	print_quoted(value, print);
	fputc(' ', print);
	return true;
}

void run_uuid_write(const uint8_t *uuid, char *ret_text)
{
	size_t n;

	for (n = 0; n < 16; n++) {
		if (n == 4 || n == 6 || n == 8 || n == 10)
			*ret_text++ = '-';
		ret_text += sprintf(ret_text, "%02x", uuid[n]);
	}
}

static bool environment_set_tas(const struct teegate_tas *tas, FILE *print)
{
	char text[TEEGATE_TAS_MAX * RUN_UUID_BYTES] = "";
	uint32_t n;

	for (n = 0; n < tas->count; n++) {
		run_uuid_write(tas->uuids[n], text + n * RUN_UUID_BYTES);
		if (n + 1 < tas->count)
			text[(n + 1) * RUN_UUID_BYTES - 1] = ',';
	}
	return environment_set("TEEGATE_TAS", text, print);
}

bool run_environment(const struct run_options *run, const char *preload,
		     FILE *print)
{
	const struct teegate_limits *limits = &run->limits, none = { 0 };
	const char *others = getenv("LD_PRELOAD");
	char list[2 * RUN_PATH_MAX], text[128];

	snprintf(list, sizeof(list), "%s%s%s", preload,
		 others && *others ? ":" : "", others ?: "");
	/* Zeros are the preload's defaults too. */
	snprintf(text, sizeof(text),
		 "calls=%u,shm=%u,rpc=%u,budget=%u,pinned=%llu", limits->calls,
		 limits->shm_buffers, limits->rpc_buffers,
		 limits->resume_budget,
		 (unsigned long long)limits->pinned_bytes);
	if (run->device &&
	    !environment_set(TEEGATE_DEVICE_ENV, run->device, print))
		return false;
	if (memcmp(limits, &none, sizeof(none)) &&
	    !environment_set("TEEGATE_LIMITS", text, print))
		return false;
	if (run->tas_given && !environment_set_tas(&run->tas, print))
		return false;
	if (run->rpmb && !environment_set("TEEGATE_RPMB", "own", print))
		return false;
	if (run->no_storage &&
	    !environment_set("TEEGATE_STORAGE", "none", print))
		return false;
	snprintf(text, sizeof(text), "%d", run->notif_spi);
	if (run->notif_spi >= 0 &&
	    !environment_set("TEEGATE_NOTIF", text, print))
		return false;
	return environment_set("LD_PRELOAD", list, print);
}

int run_print(const struct run_options *run, const struct qemu_args *args,
	      const char *preload, const struct words *words)
{
	struct words dump = { 0 };
	size_t n;

	run_environment(run, preload, stdout);
	for (n = 0; n < words->count; n++) {
		fputs(n ? " " : "", stdout);
		print_quoted(words->word[n], stdout);
	}
	puts(run->no_tee_node ? "" : " -dtb DTB");
	if (run->no_tee_node)
		return CLI_OK;
	if (args->dtb) {
		fprintf(stderr,
			"DTB is a copy of %s with " TEEGATE_DT_PATH " added\n",
			args->dtb);
		return CLI_OK;
	}
	fprintf(stderr,
		"DTB is what the following writes, with " TEEGATE_DT_PATH
		" added:");
	if (dump_command(args, run->argv[args->program], "DTB", &dump)) {
		for (n = 0; n < dump.count; n++) {
			fputc(' ', stderr);
			print_quoted(dump.word[n], stderr);
		}
	}
	fputc('\n', stderr);
	words_fini(&dump);
	return CLI_OK;
}
