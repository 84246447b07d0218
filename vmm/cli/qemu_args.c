// SPDX-License-Identifier: BSD-2-Clause
/*
 * Takes QEMU's command line apart. Before the guest is started, QEMU is run
 * once more, only to write down its device tree. That run must not touch what
 * the guest's run will need (disks and their locks, sockets, pid files,
 * network, the terminal), so it gets nothing but what shapes the machine:
 * machine, processor, memory, accelerator, and as many serial ports, all of
 * them connected to nothing. Memory that lives in files or huge pages is
 * replaced by plain memory of the same size and name.
 *
 * PCI devices are not in the device tree. The few options that change it in
 * other ways are recognised, and `teegate run` then refuses to guess.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_args.h"

typedef bool take_fn(struct qemu_args *args, const char *name,
		     const char *value);

static bool shape_add(struct qemu_args *args, const char *name,
		      const char *value)
{
	char option[64];

	snprintf(option, sizeof(option), "-%s", name);
	return words_add(&args->shape, option) &&
	       (!value || words_add(&args->shape, value));
}

static void replace(char **field, char *value)
{
	if (!value)
		return;
	free(*field);
	*field = value;
}

static bool unseen(struct qemu_args *args, const char *name, const char *value)
{
	char text[160];

	if (args->unseen)
		return true;
	snprintf(text, sizeof(text), "-%s %s", name, value);
	args->unseen = strdup(text);
	return args->unseen;
}

/* "kvm:tcg" → "kvm": what is tried first. */
static void accel_set(struct qemu_args *args, char *accel)
{
	if (accel)
		accel[strcspn(accel, ":")] = '\0';
	if (args->accel)
		free(accel);
	else
		args->accel = accel;
}

static bool take_machine(struct qemu_args *args, const char *name,
			 const char *value)
{
	char *dump = qemu_property(value, "dumpdtb", NULL);
	char *acpi = qemu_property(value, "acpi", NULL);

	(void)name;
	args->dumpdtb |= dump != NULL;
	if (acpi)
		args->acpi_off = !strcmp(acpi, "off") || !strcmp(acpi, "no");
	free(dump);
	free(acpi);
	replace(&args->machine, qemu_property(value, "type", "type"));
	replace(&args->dtb, qemu_property(value, "dtb", NULL));
	accel_set(args, qemu_property(value, "accel", NULL));
	return shape_add(args, "machine", value);
}

static bool take_accel(struct qemu_args *args, const char *name,
		       const char *value)
{
	accel_set(args, qemu_property(value, "accel", "accel"));
	return shape_add(args, name, value);
}

static bool take_enable_kvm(struct qemu_args *args, const char *name,
			    const char *value)
{
	accel_set(args, strdup("kvm"));
	return shape_add(args, name, value);
}

static bool take_serial(struct qemu_args *args, const char *name,
			const char *value)
{
	/* How many there are decides whether the machine has a second one. */
	return shape_add(args, name, strcmp(value, "none") ? "null" : "none");
}

static bool take_object(struct qemu_args *args, const char *name,
			const char *value)
{
	char *id, *size, text[256];
	bool ok;

	if (*value == '{')
		return strstr(value, "memory-backend-") ?
			       shape_add(args, name, value) :
			       true;
	if (strncmp(value, "memory-backend-", strlen("memory-backend-")) != 0)
		return true;
	id = qemu_property(value, "id", NULL);
	size = qemu_property(value, "size", NULL);
	snprintf(text, sizeof(text), "memory-backend-ram,id=%s,size=%s",
		 id ?: "", size ?: "");
	free(id);
	free(size);
	ok = shape_add(args, name, text);
	return ok;
}

static bool take_device(struct qemu_args *args, const char *name,
			const char *value)
{
	static const char *const in_tree[] = {
		"tpm-tis-device",   "virtio-iommu-pci", "virtio-iommu",
		"arm-smmuv3",	    "vfio-platform",	"vfio-amd-xgbe",
		"uefi-vars-sysbus",
	};
	char *driver = qemu_property(value, "driver", "driver");
	bool ok = true;
	size_t n;

	for (n = 0; driver && n < sizeof(in_tree) / sizeof(in_tree[0]); n++) {
		if (!strcmp(driver, in_tree[n]))
			ok = unseen(args, name, driver);
	}
	free(driver);
	return ok;
}

static bool take_drive(struct qemu_args *args, const char *name,
		       const char *value)
{
	char *bus = qemu_property(value, "if", NULL);

	(void)name;
	args->firmware |= bus && !strcmp(bus, "pflash");
	free(bus);
	return true;
}

static bool take_firmware(struct qemu_args *args, const char *name,
			  const char *value)
{
	(void)name;
	(void)value;
	args->firmware = true;
	return true;
}

static bool take_dtb(struct qemu_args *args, const char *name,
		     const char *value)
{
	(void)name;
	replace(&args->dtb, strdup(value));
	return args->dtb;
}

static bool take_incoming(struct qemu_args *args, const char *name,
			  const char *value)
{
	(void)name;
	(void)value;
	args->incoming = true;
	return true;
}

static bool skip(struct qemu_args *args, const char *name, const char *value)
{
	(void)args;
	(void)name;
	(void)value;
	return true;
}

/* Options that are not here take a value and do not shape the machine. */
static const struct {
	const char *name;
	bool alone; /* takes no value */
	take_fn *take;
} known[] = {
	{ "M", false, take_machine },
	{ "machine", false, take_machine },
	{ "accel", false, take_accel },
	{ "enable-kvm", true, take_enable_kvm },
	{ "cpu", false, shape_add },
	{ "smp", false, shape_add },
	{ "m", false, shape_add },
	{ "numa", false, shape_add },
	{ "global", false, shape_add },
	{ "L", false, shape_add },
	{ "no-user-config", true, shape_add },
	{ "object", false, take_object },
	{ "serial", false, take_serial },
	{ "device", false, take_device },
	{ "drive", false, take_drive },
	{ "bios", false, take_firmware },
	{ "pflash", false, take_firmware },
	{ "dtb", false, take_dtb },
	{ "incoming", false, take_incoming },
	{ "readconfig", false, unseen },
	{ "set", false, unseen },
	{ "no-acpi", true, skip },
	{ "S", true, skip },
	{ "s", true, skip },
	{ "h", true, skip },
	{ "help", true, skip },
	{ "version", true, skip },
	{ "nographic", true, skip },
	{ "nodefaults", true, skip },
	{ "daemonize", true, skip },
	{ "no-reboot", true, skip },
	{ "no-shutdown", true, skip },
	{ "snapshot", true, skip },
	{ "full-screen", true, skip },
	{ "preconfig", true, skip },
	{ "only-migratable", true, skip },
	{ "mem-prealloc", true, skip },
	{ "semihosting", true, skip },
	{ "usb", true, skip },
	{ "singlestep", true, skip },
	{ "one-insn-per-tb", true, skip },
	{ "curses", true, skip },
	{ "sdl", true, skip },
	{ "portrait", true, skip },
	{ "no-quit", true, skip },
	{ "no-frame", true, skip },
	{ "alt-grab", true, skip },
	{ "ctrl-grab", true, skip },
	{ "no-hpet", true, skip },
	{ "no-fd-bootchk", true, skip },
	{ "win2k-hack", true, skip },
	{ "old-param", true, skip },
	{ "enable-fips", true, skip },
	{ "nodefconfig", true, skip },
	{ "xen-attach", true, skip },
	{ "xen-domid-restrict", true, skip },
};

#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* QEMU may stand behind a wrapper such as `taskset -c 2`. */
static size_t program_find(size_t count, char *const *argv)
{
	size_t n;

	for (n = 0; n < count; n++) {
		if (!strncmp(base_name(argv[n]), "qemu-system-",
			     strlen("qemu-system-")))
			return n;
	}
	return 0;
}

/* These names of QEMU use KVM unless told otherwise. */
static void accel_by_name(struct qemu_args *args, const char *program)
{
	const char *name = base_name(program);

	if (!args->accel && (!strcmp(name, "qemu-kvm") || !strcmp(name, "kvm")))
		args->accel = strdup("kvm");
}

bool qemu_args_parse(size_t count, char *const *argv,
		     struct qemu_args *ret_args)
{
	struct qemu_args *args = ret_args;
	const char *name, *value;
	size_t n, k;

	memset(args, 0, sizeof(*args));
	args->program = program_find(count, argv);
	for (n = args->program + 1; n < count; n++) {
		/* A word that is no option is a disk image. */
		if (argv[n][0] != '-' || !argv[n][1])
			continue;
		name = argv[n] + (argv[n][1] == '-' ? 2 : 1);
		for (k = 0; k < KNOWN_COUNT && strcmp(known[k].name, name); k++)
			;
		if (k < KNOWN_COUNT && known[k].alone) {
			value = NULL;
		} else if (++n < count) {
			value = argv[n];
		} else {
			break; /* QEMU itself will complain of the missing value. */
		}
		if (k < KNOWN_COUNT && !known[k].take(args, name, value))
			return false;
	}
	accel_by_name(args, argv[args->program]);
	return true;
}

void qemu_args_fini(struct qemu_args *args)
{
	free(args->machine);
	free(args->accel);
	free(args->dtb);
	free(args->unseen);
	words_fini(&args->shape);
	memset(args, 0, sizeof(*args));
}
