// SPDX-License-Identifier: BSD-2-Clause
/*
 * minivmm: a small virtual machine monitor for 64-bit Arm, to show how one
 * that is not QEMU uses libteegate (its public interface only), and for tests
 * to drive. It boots a Linux Image, or a flat binary, with a serial console;
 * there are no disks and no network. The guest's memory map, UART at
 * 0x09000000 and RAM at 0x40000000 if not told otherwise, is written down in
 * minivmm.h. Only options and the order of things are here.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivmm.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_OTHER = 1,
	EXIT_BAD_USAGE = 2
};

static const char help[] =
	"usage: minivmm --kernel FILE [OPTION...]\n\n"
	"Boots an arm64 Image, or a flat binary, under KVM.\n\n"
	"options:\n"
	"  --kernel FILE          an arm64 Image, or a program for the start of RAM\n"
	"  --initrd FILE          a file system for the kernel to start with\n"
	"  --cmdline TEXT         the kernel's command line\n"
	"  --mem MIB              RAM in MiB (default 256)\n"
	"  --ram-base ADDRESS     where RAM begins (default 0x40000000; multiples of 2 MiB)\n"
	"  --rom FILE             read-only memory at 0 (default: none)\n"
	"  --smp N                virtual processors (default 1)\n"
	"  --tee, --no-tee        with or without OP-TEE (default: without)\n"
	"  --no-storage           OP-TEE gets no files from the guest for its storage\n"
	"  --device PATH          teegate's device (default: $TEEGATE_DEVICE, or /dev/teegate)\n"
	"  --on-reset ACTION      exit (default) or restart, when the guest resets\n"
	"  --dtb-dump FILE        write the guest's device tree to FILE\n"
	"  --help, --version\n\n"
	"The console is standard input and output; at a terminal, Ctrl-A x ends minivmm.\n"
	"For earlycon: earlycon=uart8250,mmio,0x9000000; the console is ttyS0.\n"
	"Exit code: 0 after the guest switched itself off (or reset, with --on-reset exit),\n"
	"1 when something failed or the guest crashed, 2 for wrong usage, or what the guest\n"
	"wrote to the test exit at 0x09010000.\n";

enum {
	OPT_KERNEL,
	OPT_INITRD,
	OPT_CMDLINE,
	OPT_MEM,
	OPT_RAM_BASE,
	OPT_ROM,
	OPT_SMP,
	OPT_TEE,
	OPT_NO_TEE,
	OPT_NO_STORAGE,
	OPT_DEVICE,
	OPT_ON_RESET,
	OPT_DTB_DUMP,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option options[] = {
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "cmdline", required_argument, NULL, OPT_CMDLINE },
	{ "mem", required_argument, NULL, OPT_MEM },
	{ "ram-base", required_argument, NULL, OPT_RAM_BASE },
	{ "rom", required_argument, NULL, OPT_ROM },
	{ "smp", required_argument, NULL, OPT_SMP },
	{ "tee", no_argument, NULL, OPT_TEE },
	{ "no-tee", no_argument, NULL, OPT_NO_TEE },
	{ "no-storage", no_argument, NULL, OPT_NO_STORAGE },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "on-reset", required_argument, NULL, OPT_ON_RESET },
	{ "dtb-dump", required_argument, NULL, OPT_DTB_DUMP },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

bool fail(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "minivmm: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

static bool number(const char *name, const char *text, unsigned long min,
		   unsigned long max, unsigned long *ret)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || end == text || value < min || value > max)
		return fail("--%s %s: a number from %lu to %lu is needed", name,
			    text, min, max);
	*ret = value;
	return true;
}

static bool option_ram_base(struct config *config)
{
	char *end;
	unsigned long value = strtoul(optarg, &end, 0);

	if (*end || end == optarg || value < RAM_BASE_DEFAULT ||
	    value >= RAM_END_MAX || value % RAM_ALIGNMENT)
		return fail(
			"--ram-base %s: a multiple of 2 MiB from 0x%llx to 0x%llx is needed",
			optarg, RAM_BASE_DEFAULT, RAM_END_MAX);
	config->ram_base = value;
	return true;
}

static bool option_number(struct config *config, int option)
{
	unsigned long value;

	if (option == OPT_MEM) {
		if (!number("mem", optarg, 16, 1ul << 18, &value))
			return false;
		config->ram_bytes = value * MIB;
	} else {
		if (!number("smp", optarg, 1, CPUS_MAX, &value))
			return false;
		config->cpus = (unsigned int)value;
	}
	return true;
}

static bool option_take(struct config *config, int option)
{
	switch (option) {
	case OPT_KERNEL:
		config->kernel = optarg;
		return true;
	case OPT_INITRD:
		config->initrd = optarg;
		return true;
	case OPT_CMDLINE:
		config->cmdline = optarg;
		return true;
	case OPT_MEM:
	case OPT_SMP:
		return option_number(config, option);
	case OPT_RAM_BASE:
		return option_ram_base(config);
	case OPT_ROM:
		config->rom = optarg;
		return true;
	case OPT_TEE:
	case OPT_NO_TEE:
		config->tee = option == OPT_TEE;
		return true;
	case OPT_NO_STORAGE:
		config->no_storage = true;
		return true;
	case OPT_DEVICE:
		config->device = optarg;
		return true;
	case OPT_DTB_DUMP:
		config->dtb_dump = optarg;
		return true;
	case OPT_ON_RESET:
		config->restart_on_reset = !strcmp(optarg, "restart");
		if (config->restart_on_reset || !strcmp(optarg, "exit"))
			return true;
		return fail("--on-reset %s: exit or restart is needed", optarg);
	default:
		return false; /* getopt_long() has said it. */
	}
}

/* -1: go on; else an exit code. */
static int options_parse(int argc, char **argv, struct config *config)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPT_HELP) {
			fputs(help, stdout);
			return EXIT_OK;
		}
		if (option == OPT_VERSION) {
			printf("minivmm %s\n", teegate_version());
			return EXIT_OK;
		}
		if (!option_take(config, option))
			return EXIT_BAD_USAGE;
	}
	if (optind != argc || !config->kernel) {
		fail("%s; see minivmm --help",
		     config->kernel ? "too many words" : "--kernel is needed");
		return EXIT_BAD_USAGE;
	}
	if (config->ram_bytes > RAM_END_MAX - config->ram_base) {
		fail("%llu MiB of RAM do not fit behind --ram-base",
		     (unsigned long long)(config->ram_bytes / MIB));
		return EXIT_BAD_USAGE;
	}
	return -1;
}

static int run(struct vm *vm)
{
	enum stop why;

	for (;;) {
		if (!vm_load(vm))
			return EXIT_OTHER;
		why = vcpus_run(vm);
		if (why != STOP_RESET || !vm->config.restart_on_reset)
			break;
		fprintf(stderr, "minivmm: the guest resets\n");
	}
	switch (why) {
	case STOP_OFF:
	case STOP_RESET:
		return EXIT_OK;
	case STOP_TEST_EXIT:
		return atomic_load(&vm->test_status);
	case STOP_CRASH:
		fail("the guest reported a crash");
		return EXIT_OTHER;
	default:
		return EXIT_OTHER;
	}
}

int main(int argc, char **argv)
{
	static struct vm vm = {
		.kvm_fd = -1,
		.fd = -1,
		.stop_lock = PTHREAD_MUTEX_INITIALIZER,
		.stopped = PTHREAD_COND_INITIALIZER,
		.uart.lock = PTHREAD_MUTEX_INITIALIZER,
		.config = { .cmdline = "",
			    .ram_base = RAM_BASE_DEFAULT,
			    .ram_bytes = 256 * MIB,
			    .cpus = 1 },
	};
	int ret = options_parse(argc, argv, &vm.config);

	if (ret >= 0)
		return ret;
	ret = EXIT_OTHER;
	if (vm_create(&vm) && console_start(&vm))
		ret = run(&vm);
	console_restore();
	vm_destroy(&vm);
	return ret;
}
