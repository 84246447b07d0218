// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reaching the device and KVM before anything is started: each way to fail
 * has its sentence and its exit code. Nothing is changed here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "reach.h"

const char *reach_device_path(const char *device)
{
	if (!device)
		device = getenv(TEEGATE_DEVICE_ENV);
	return device && *device ? device : TEEGATE_DEVICE_DEFAULT;
}

static int device_refusal(const struct cli_command *command, const char *path,
			  int err)
{
	switch (err) {
	case -EACCES:
	case -EPERM:
		cli_say(command,
			"no permission to open %s: add your user to the group that owns it (see ls -l %s), "
			"or ask the administrator",
			path, path);
		return CLI_REFUSED;
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		cli_say(command,
			"there is no %s: load the module with modprobe teegate, as root; "
			"if that fails, dmesg | grep teegate says why",
			path);
		return CLI_TRANSPORT;
	case -EPROTO:
		cli_say(command,
			"%s does not speak this version's language (%d): "
			"install the module and this command from one release",
			path, TEEGATE_ABI_VERSION);
		return CLI_TRANSPORT;
	default:
		cli_say(command, "cannot open %s: %s", path, strerror(-err));
		return CLI_DEVICE;
	}
}

int reach_device(const struct cli_command *command, const char *device,
		 struct teegate **ret_guest)
{
	const char *path = reach_device_path(device);
	int ret = teegate_open(path, ret_guest);

	return ret < 0 ? device_refusal(command, path, ret) : CLI_OK;
}

static int kvm_refusal(const struct cli_command *command, int err)
{
	if (err == EACCES || err == EPERM) {
		cli_say(command,
			"no permission to open /dev/kvm: add your user to the group that owns it "
			"(often: kvm), or ask the administrator");
		return CLI_REFUSED;
	}
	cli_say(command,
		"cannot use /dev/kvm: %s; a guest can reach OP-TEE under KVM only: "
		"the kernel must run in EL2 and have CONFIG_KVM",
		strerror(err));
	return CLI_TRANSPORT;
}

static int scratch_vm(int kvm_fd)
{
	/* Cores with little address space refuse the default of 40 bits. */
	int bits = ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);

	return ioctl(kvm_fd, KVM_CREATE_VM,
		     bits > 0 && bits < 40 ? (unsigned long)bits : 0ul);
}

int reach_kvm(const struct cli_command *command)
{
	int kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm_fd, ret;

	if (kvm_fd < 0)
		return kvm_refusal(command, errno);
	vm_fd = scratch_vm(kvm_fd);
	if (vm_fd < 0) {
		ret = kvm_refusal(command, errno);
		goto out;
	}
	ret = CLI_OK;
	if (teegate_kvm_probe(vm_fd) < 0) {
		cli_say(command,
			"this kernel's KVM cannot hand a guest's calls to user space (the SMCCC filter): "
			"use Linux 6.4 or later");
		ret = CLI_TRANSPORT;
	}
	close(vm_fd);
out:
	close(kvm_fd);
	return ret;
}
