// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM id on the SMCs of the host's own OP-TEE driver, for kernels whose
 * driver sees to that itself (linux/patches): it announces VM 1, tags its calls
 * and takes the VM back. On other kernels tag.c stands in for this file.
 */
#include <linux/build_bug.h>
#include <linux/device/driver.h>
#include <linux/optee_host.h>
#include <linux/platform_device.h>

#include <tg/types.h>

#include "module.h"

#define OPTEE_DRIVER "optee"

bool tag_is_possible(void)
{
	return true;
}

bool tag_driver_is_absent(void)
{
	return !driver_find(OPTEE_DRIVER, &platform_bus_type);
}

bool tag_sees_calls(void)
{
	return false;
}

int tag_arm(void)
{
	BUILD_BUG_ON(OPTEE_HOST_VM_ID != TG_VMID_HOST.v);
	return 0;
}

void tag_disarm(void)
{
}
