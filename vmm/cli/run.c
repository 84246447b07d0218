// SPDX-License-Identifier: BSD-2-Clause
/*
 * `teegate run`: starts an unmodified QEMU whose guest can use OP-TEE. It
 * checks everything that can be checked before, makes the guest's device
 * tree, sets the environment for libteegate-preload, and becomes QEMU by
 * exec, so that process id, signals and exit status are QEMU's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dtb.h"
#include "dump.h"
#include "reach.h"
#include "run.h"

enum {
	OPT_DEVICE,
	OPT_CALLS,
	OPT_SHM_BUFFERS,
	OPT_RPC_BUFFERS,
	OPT_PINNED,
	OPT_RESUME_BUDGET,
	OPT_TA,
	OPT_RPMB,
	OPT_NO_STORAGE,
	OPT_NO_NOTIF,
	OPT_PRELOAD,
	OPT_NO_TEE_NODE,
	OPT_PRINT,
};

#define SPI_LAST 187
#define SPI_COUNT 12

static const struct cli_option options[] = {
	[OPT_DEVICE] = { "device", "PATH",
			 "the device (default: $TEEGATE_DEVICE, or " TEEGATE_DEVICE_DEFAULT
			 ")" },
	[OPT_CALLS] = { "calls", "N",
			"calls into OP-TEE that the guest may have in flight" },
	[OPT_SHM_BUFFERS] = { "shm-buffers", "N",
			      "buffers that the guest may share with OP-TEE" },
	[OPT_RPC_BUFFERS] = { "rpc-buffers", "N",
			      "argument buffers for OP-TEE's requests to the guest" },
	[OPT_PINNED] = { "pinned", "SIZE",
			 "memory that the guest may share with OP-TEE, in bytes\n"
			 "or with K, M, G; it cannot be swapped out" },
	[OPT_RESUME_BUDGET] = { "resume-budget", "N",
				"interrupts of the host that a call of the guest stays in\n"
				"OP-TEE for; at the next one the guest can take its own" },
	[OPT_TA] = { "ta", "UUID[,...]",
		     "a trusted application that the guest may use, and no\n"
		     "other; may be given several times (default: all that\n"
		     "the administrator lets guests use)" },
	[OPT_RPMB] = { "rpmb", NULL,
		       "the guest owns the RPMB: OP-TEE may ask it for one. The\n"
		       "administrator has to allow that (rpmb_guests)" },
	[OPT_NO_STORAGE] = { "no-storage", NULL,
			     "OP-TEE keeps nothing in files of the guest: for guests\n"
			     "that may be hostile (docs/threat-model.md)" },
	[OPT_NO_NOTIF] = { "no-notif", NULL,
			   "OP-TEE's notifications do not reach the guest" },
	[OPT_PRELOAD] = { "preload", "PATH",
			  "libteegate-preload.so (default: beside this program,\n"
			  "else where it was installed)" },
	[OPT_NO_TEE_NODE] = { "no-tee-node", NULL,
			      "leave the device tree alone: the guest's own has the node\n" TEEGATE_DT_PATH },
	[OPT_PRINT] = { "print", NULL,
			"print the command instead of running it" },
	{ NULL, NULL, NULL },
};

static bool option_take(struct run_options *run, int option)
{
	uint64_t bytes;

	switch (option) {
	case OPT_DEVICE:
		run->device = optarg;
		return true;
	case OPT_CALLS:
		return cli_count_parse(optarg, &run->limits.calls) &&
		       run->limits.calls;
	case OPT_SHM_BUFFERS:
		return cli_count_parse(optarg, &run->limits.shm_buffers) &&
		       run->limits.shm_buffers;
	case OPT_RPC_BUFFERS:
		return cli_count_parse(optarg, &run->limits.rpc_buffers) &&
		       run->limits.rpc_buffers;
	case OPT_PINNED:
		if (!cli_size_parse(optarg, &bytes))
			return false;
		run->limits.pinned_bytes = bytes;
		return bytes;
	case OPT_RESUME_BUDGET:
		return cli_count_parse(optarg, &run->limits.resume_budget) &&
		       run->limits.resume_budget;
	case OPT_TA:
		run->tas_given = true;
		return teegate_tas_add(&run->tas, optarg) == 0;
	case OPT_RPMB:
		run->rpmb = true;
		return true;
	case OPT_NO_STORAGE:
		run->no_storage = true;
		return true;
	case OPT_NO_NOTIF:
		run->no_notif = true;
		return true;
	case OPT_PRELOAD:
		run->preload = optarg;
		return true;
	case OPT_NO_TEE_NODE:
		run->no_tee_node = true;
		return true;
	default:
		run->print = true;
		return true;
	}
}

/* CLI_END: go on; else an exit code. */
static int options_parse(struct cli *cli, int argc, char **argv,
			 struct run_options *run)
{
	const struct cli_command *command = cli->parser.command;
	int option;

	while ((option = cli_next(cli)) >= 0) {
		if (option_take(run, option))
			continue;
		cli_say(command, "--%s %s is not %s; see teegate run --help",
			options[option].name, optarg,
			option == OPT_TA ? "a list of UUIDs with room in it" :
					   "a number above zero");
		return CLI_USAGE;
	}
	if (option != CLI_END)
		return cli_parser_exit(option);
	if (optind == argc) {
		cli_say(command,
			"which QEMU? For example: teegate run -- qemu-system-aarch64 -M virt -accel kvm …");
		return CLI_USAGE;
	}
	run->argv = argv + optind;
	run->argc = (size_t)(argc - optind);
	return CLI_END;
}

/* The guest may pin as much as the administrator lets this user lock. */
static void memlock_raise(const struct cli_command *command,
			  const struct run_options *run)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	if (limit.rlim_cur != limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_MEMLOCK, &limit);
	}
	if (limit.rlim_max != RLIM_INFINITY &&
	    limit.rlim_max < run->limits.pinned_bytes)
		cli_say(command,
			"note: --pinned is more than this user may lock (%llu bytes, ulimit -H -l): "
			"the guest will get out-of-memory errors",
			(unsigned long long)limit.rlim_max);
}

static int limits_check(const struct cli_command *command,
			const struct run_options *run, struct teegate *guest)
{
	const struct teegate_limits *want = &run->limits;
	struct teegate_info info;
	int ret = teegate_get_info(guest, &info);

	if (ret == 0)
		ret = teegate_set_limits(guest, want);
	if (ret == 0)
		return CLI_OK;
	if (ret != -EPERM) {
		cli_say(command, "the device refuses these limits: %s",
			strerror(-ret));
		return CLI_DEVICE;
	}
	cli_say(command,
		"more than the administrator allows one guest: at most %u calls, %u shared buffers, "
		"%u RPC buffers, %llu bytes pinned, and a budget of re-entries that is teegate.ko's max_resume_budget",
		info.limits_calls, info.limits_shm_buffers,
		info.limits_rpc_buffers,
		(unsigned long long)info.limits_pinned_bytes);
	return CLI_REFUSED;
}

static int option_refused(const struct cli_command *command, const char *option,
			  int err)
{
	cli_say(command, "%s: the device refuses: %s%s", option, strerror(-err),
		err == -ENOTTY ? "; update teegate.ko" : "");
	return CLI_DEVICE;
}

/* Which of several the device does not take. */
static int tas_say_refused(const struct cli_command *command,
			   const struct teegate_tas *tas, struct teegate *guest)
{
	char uuid[RUN_UUID_BYTES];
	uint32_t n;

	for (n = 0; n < tas->count; n++) {
		struct teegate_tas one = { .count = 1 };

		memcpy(one.uuids[0], tas->uuids[n], sizeof(one.uuids[0]));
		if (teegate_set_tas(guest, &one) == 0)
			continue;
		run_uuid_write(tas->uuids[n], uuid);
		cli_say(command,
			"--ta %s: not for guests here. The administrator allows it by naming it in teegate.ko's "
			"parameter tas, with all others that guests may use (docs/abi.md)",
			uuid);
	}
	return CLI_REFUSED;
}

static int tas_check(const struct cli_command *command,
		     const struct teegate_tas *tas, struct teegate *guest)
{
	int ret = teegate_set_tas(guest, tas);

	if (ret == 0)
		return CLI_OK;
	if (ret == -EPERM)
		return tas_say_refused(command, tas, guest);
	return option_refused(command, "--ta", ret);
}

/* Given back when the device is closed; QEMU asks for it again. */
static int rpmb_check(const struct cli_command *command, struct teegate *guest)
{
	int ret = teegate_own_rpmb(guest);

	if (ret == 0)
		return CLI_OK;
	if (ret == -EPERM)
		cli_say(command,
			"--rpmb: the administrator allows no guest to own the RPMB: load teegate with rpmb_guests=1 "
			"if this host does not need it (docs/rpmb.md says what such a guest can do)");
	else if (ret == -EEXIST)
		cli_say(command,
			"--rpmb: another guest owns the RPMB; end that one, or start this one without --rpmb");
	else
		return option_refused(command, "--rpmb", ret);
	return CLI_REFUSED;
}

static int storage_check(const struct cli_command *command,
			 struct teegate *guest)
{
	int ret = teegate_deny_storage(guest);

	return ret == 0 ? CLI_OK : option_refused(command, "--no-storage", ret);
}

/* That the host has none is no reason to say anything: most have not. */
static bool notif_offered(struct teegate *guest)
{
	struct teegate_info info;

	return teegate_get_info(guest, &info) == 0 &&
	       (info.features & TEEGATE_FEATURE_NOTIF);
}

static int preflight(const struct cli_command *command, struct run_options *run)
{
	struct teegate *guest;
	int ret = reach_device(command, run->device, &guest);

	if (ret != CLI_OK)
		return ret;
	ret = limits_check(command, run, guest);
	if (ret == CLI_OK && run->tas_given)
		ret = tas_check(command, &run->tas, guest);
	if (ret == CLI_OK && run->rpmb)
		ret = rpmb_check(command, guest);
	if (ret == CLI_OK && run->no_storage)
		ret = storage_check(command, guest);
	run->notif_offered = ret == CLI_OK && notif_offered(guest);
	/* QEMU opens its own: a partition belongs to the process that opened. */
	teegate_close(guest);
	return ret == CLI_OK ? reach_kvm(command) : ret;
}

static int tree_get(const struct cli_command *command,
		    const struct run_options *run, const struct qemu_args *args,
		    void **ret_dtb, size_t *ret_bytes)
{
	int ret;

	if (!args->dtb)
		return dump_dtb(command, args, run->argv[args->program],
				ret_dtb, ret_bytes);
	ret = file_read(args->dtb, ret_dtb, ret_bytes);
	if (ret == 0)
		return CLI_OK;
	cli_say(command, "cannot read %s: %s", args->dtb, strerror(-ret));
	return CLI_OTHER;
}

/*
 * QEMU's virt machine has 256 shared interrupts. Devices that are in the tree
 * have up to 79 of them, and those that may be added 112 to 175.
 */
static void spi_choose(const struct cli_command *command,
		       struct run_options *run, const struct qemu_args *args,
		       const void *dtb, size_t bytes)
{
	run->notif_spi = -1;
	if (!run->notif_offered || run->no_notif || !args->machine ||
	    strncmp(args->machine, "virt", 4) != 0)
		return;
	run->notif_spi = dtb_spi_free(dtb, bytes, SPI_LAST, SPI_COUNT);
	if (run->notif_spi < 0)
		cli_say(command,
			"note: no interrupt from %d to %d is free in the device tree: OP-TEE's notifications do not "
			"reach the guest",
			SPI_LAST - SPI_COUNT + 1, SPI_LAST);
}

/* Appends -dtb with the changed tree; the last one counts for QEMU. */
static int tree_make(const struct cli_command *command, struct run_options *run,
		     const struct qemu_args *args, struct words *words)
{
	void *dtb, *changed;
	char path[64];
	size_t bytes;
	int ret = tree_get(command, run, args, &dtb, &bytes);

	if (ret != CLI_OK)
		return ret;
	spi_choose(command, run, args, dtb, bytes);
	ret = dtb_add_optee(dtb, bytes, run->notif_spi, &changed, &bytes);
	free(dtb);
	if (ret < 0) {
		cli_say(command, "%s is not a usable device tree: %s",
			args->dtb ?: "what QEMU wrote", dtb_strerror(ret));
		return CLI_OTHER;
	}
	ret = file_in_memory(changed, bytes);
	free(changed);
	if (ret < 0) {
		cli_say(command, "cannot make a memory file: %s",
			strerror(-ret));
		return CLI_OTHER;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ret);
	return words_add(words, "-dtb") && words_add(words, path) ? CLI_OK :
								    CLI_OTHER;
}

static int become_qemu(const struct cli_command *command,
		       const struct words *words)
{
	execvp(words->word[0], words->word);
	cli_say(command, "cannot run %s: %s", words->word[0], strerror(errno));
	return CLI_OTHER;
}

static int run_checked(const struct cli_command *command,
		       struct run_options *run, const struct qemu_args *args,
		       const char *preload)
{
	struct words words = { 0 };
	size_t n;
	int ret;

	for (n = 0; n < run->argc; n++) {
		if (!words_add(&words, run->argv[n]))
			return CLI_OTHER;
	}
	if (run->print) {
		ret = run_print(run, args, preload, &words);
	} else {
		ret = preflight(command, run);
		if (ret == CLI_OK && !run->no_tee_node)
			ret = tree_make(command, run, args, &words);
		if (ret == CLI_OK) {
			memlock_raise(command, run);
			ret = run_environment(run, preload, NULL) ?
				      become_qemu(command, &words) :
				      CLI_OTHER;
		}
	}
	words_fini(&words);
	return ret;
}

static int run_run(struct cli *cli, int argc, char **argv)
{
	const struct cli_command *command = cli->parser.command;
	struct run_options run = { .notif_spi = -1 };
	struct qemu_args args = { 0 };
	char preload[RUN_PATH_MAX];
	int ret = options_parse(cli, argc, argv, &run);

	if (ret != CLI_END)
		return ret;
	if (!qemu_args_parse(run.argc, run.argv, &args)) {
		cli_say(command, "out of memory");
		ret = CLI_OTHER;
	} else {
		ret = run_policy(command, &run, &args);
		if (ret == CLI_OK)
			ret = run_preload_find(command, run.preload, preload);
		if (ret == CLI_OK)
			ret = run_checked(command, &run, &args, preload);
	}
	qemu_args_fini(&args);
	return ret;
}

const struct cli_command cmd_run = {
	.name = "run",
	.synopsis =
		"[OPTION...] -- [WRAPPER...] qemu-system-aarch64 QEMU-OPTION...",
	.summary = "Starts an unmodified QEMU whose guest can use OP-TEE",
	.description =
		"The guest finds OP-TEE by a node in its device tree. To make that tree, QEMU is first run for a\n"
		"moment with the options that shape the machine (-machine, -cpu, -smp, -m, -accel, -numa and\n"
		"memory objects) and dumpdtb; it opens no disk, socket, network or terminal then. If -dtb is given,\n"
		"a copy of that tree is used. Then this process becomes QEMU: its process id, signals and exit\n"
		"status are QEMU's.",
	.options = options,
	.run = run_run,
};
