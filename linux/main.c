// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading: is there an OP-TEE that can serve several VMs, and
 * what may each guest use of it at most. Every reason to refuse is one line
 * that says what is wrong and what to do. The host's own use of OP-TEE is in
 * host.c, the device for guests in chardev.c.
 */
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/string.h>
#include <linux/uuid.h>

#include <tg/mediator.h>

#include "module.h"

#if !IS_ENABLED(CONFIG_ARM64)
#error "teegate.ko is for arm64: give make ARCH=arm64 and such a kernel's KDIR"
#endif

/* Whether OP-TEE takes memory that was not set aside for it at boot. */
#define OPTEE_CAP_DYNAMIC_SHM (1u << 2)

struct tg_system teegate_system;

static bool host_vm = true;
module_param(host_vm, bool, 0444);
MODULE_PARM_DESC(
	host_vm,
	"This host uses OP-TEE itself, as VM 1 (default: Y). N frees its partition for a guest and keeps the OP-TEE driver from loading.");

static bool rpmb_guests;
module_param(rpmb_guests, bool, 0644);
MODULE_PARM_DESC(
	rpmb_guests,
	"A guest may own the RPMB, one at a time, if its VMM asks for that (default: N). Such a guest can have OP-TEE sign for any RPMB whose CID it knows, this host's as well: see docs/rpmb.md.");

static bool guest_storage = true;
module_param(guest_storage, bool, 0644);
MODULE_PARM_DESC(
	guest_storage,
	"Guests keep files for OP-TEE's storage (default: Y). N where guests may be hostile and OP-TEE is like 4.5.0, which wrong answers make panic, for all. For guests started from then on. See docs/threat-model.md.");

static bool rpc_arg = true;
module_param(rpc_arg, bool, 0444);
MODULE_PARM_DESC(
	rpc_arg,
	"Guests are offered OP-TEE's capability RPC_ARG, where it has it: room for its requests comes with each call (default: Y). See docs/abi.md.");

static uint max_calls;
module_param(max_calls, uint, 0444);
MODULE_PARM_DESC(
	max_calls,
	"Calls that one guest may have in flight (default: 0, the built-in maximum)");

static uint max_shm_buffers;
module_param(max_shm_buffers, uint, 0444);
MODULE_PARM_DESC(
	max_shm_buffers,
	"Buffers that one guest may share (default: 0, the built-in maximum)");

static uint max_rpc_buffers;
module_param(max_rpc_buffers, uint, 0444);
MODULE_PARM_DESC(
	max_rpc_buffers,
	"RPC argument buffers of one guest (default: 0, the built-in maximum)");

static uint max_resume_budget;
module_param(max_resume_budget, uint, 0444);
MODULE_PARM_DESC(
	max_resume_budget,
	"Times that OP-TEE is re-entered for one SMC of a guest after interrupts of the host (default: 0, the built-in maximum)");

static ulong max_pinned_bytes;
module_param(max_pinned_bytes, ulong, 0444);
MODULE_PARM_DESC(
	max_pinned_bytes,
	"Bytes of memory that one guest may share (default: 0, the built-in maximum)");

static char *tas[TG_TAS_MAX];
static int tas_count;
module_param_array(tas, charp, &tas_count, 0444);
MODULE_PARM_DESC(
	tas,
	"UUIDs of the trusted applications that guests may use, separated by commas (default: all but those that act on the machine: see docs/abi.md)");

static struct tg_ta_list tas_list;

bool teegate_rpmb_guests(void)
{
	return READ_ONCE(rpmb_guests);
}

bool teegate_guest_storage(void)
{
	return READ_ONCE(guest_storage);
}

static int limit_lower_u32(const char *name, u32 asked, u32 *max, u32 *preset)
{
	if (asked == 0)
		return 0;
	if (asked > *max) {
		pr_err("%s=%u is more than the mediator can do; give at most %u.\n",
		       name, asked, *max);
		return -EINVAL;
	}
	*max = asked;
	*preset = min(*preset, asked);
	return 0;
}

static int limit_lower_u64(const char *name, u64 asked, u64 *max, u64 *preset)
{
	if (asked == 0)
		return 0;
	if (asked > *max) {
		pr_err("%s=%llu is more than the mediator can do; give at most %llu.\n",
		       name, asked, *max);
		return -EINVAL;
	}
	*max = asked;
	*preset = min(*preset, asked);
	return 0;
}

/* The administrator's maxima, which lower the core's own. */
static int limits_init(void)
{
	struct tg_limits *max = &teegate_system.limits_max;
	struct tg_limits *preset = &teegate_system.limits_default;
	int ret;

	ret = limit_lower_u32("max_calls", max_calls, &max->calls,
			      &preset->calls);
	if (ret)
		return ret;
	ret = limit_lower_u32("max_shm_buffers", max_shm_buffers,
			      &max->shm_buffers, &preset->shm_buffers);
	if (ret)
		return ret;
	ret = limit_lower_u32("max_rpc_buffers", max_rpc_buffers,
			      &max->rpc_buffers, &preset->rpc_buffers);
	if (ret)
		return ret;
	ret = limit_lower_u32("max_resume_budget", max_resume_budget,
			      &max->resume_budget, &preset->resume_budget);
	if (ret)
		return ret;
	return limit_lower_u64("max_pinned_bytes", max_pinned_bytes,
			       &max->pinned_bytes, &preset->pinned_bytes);
}

/* The administrator's list; without one the core has rules of its own. */
static int tas_init(void)
{
	int i;

	if (!tas_count)
		return 0;
	for (i = 0; i < tas_count; i++) {
		uuid_t uuid;

		if (strlen(tas[i]) != UUID_STRING_LEN ||
		    uuid_parse(tas[i], &uuid)) {
			pr_err("tas: '%s' is not a UUID, such as 12345678-1234-1234-1234-123456789abc.\n",
			       tas[i]);
			return -EINVAL;
		}
		static_assert(sizeof(uuid) == sizeof(tas_list.uuids[0]));
		memcpy(&tas_list.uuids[i], &uuid, sizeof(uuid));
	}
	tas_list.count = tas_count;
	teegate_system.tas = &tas_list;
	return 0;
}

static struct device_node *optee_node(void)
{
	return of_find_compatible_node(NULL, NULL, "linaro,optee-tz");
}

bool teegate_optee_is_bound(void)
{
	struct device_node *node = optee_node();
	struct platform_device *pdev =
		node ? of_find_device_by_node(node) : NULL;
	bool bound = pdev && READ_ONCE(pdev->dev.driver);

	if (pdev)
		put_device(&pdev->dev);
	of_node_put(node);
	return bound;
}

/* Asked before any SMC: without an OP-TEE nobody may be there to answer. */
static int optee_node_check(void)
{
	struct device_node *node = optee_node();
	const char *method;
	int ret = 0;

	if (!node || !of_device_is_available(node)) {
		pr_err("this machine has no OP-TEE: its device tree has no enabled node compatible with linaro,optee-tz. Use firmware that starts OP-TEE and adds that node.\n");
		ret = -ENODEV;
	} else if (of_property_read_string(node, "method", &method)) {
		pr_err("the device tree's OP-TEE node has no 'method'; it must say \"smc\". Correct the firmware's device tree.\n");
		ret = -ENODEV;
	} else if (strcmp(method, "smc") != 0) {
		pr_err("OP-TEE is called by '%s' here, so a hypervisor is between this kernel and OP-TEE. Load teegate on that hypervisor's host instead.\n",
		       method);
		ret = -EOPNOTSUPP;
	}
	of_node_put(node);
	return ret;
}

/*
 * Speaks to OP-TEE as the hypervisor for the first time. Its capabilities are
 * known only once it was recognized.
 */
static int optee_init(void)
{
	enum tg_status status = tg_system_init(&teegate_system);
	u32 capabilities = teegate_system.tee.capabilities;

	teegate_system.rpc_arg_denied = !rpc_arg;
	if (status == TG_OK)
		return 0;
	if (status == TG_HOST_NO_VIRT) {
		pr_err("this OP-TEE cannot serve several VMs. Build it with CFG_NS_VIRTUALIZATION=y, and CFG_VIRT_GUEST_COUNT=<guests + 1 for the host>.\n");
		return -EOPNOTSUPP;
	}
	if (capabilities && !(capabilities & OPTEE_CAP_DYNAMIC_SHM)) {
		pr_err("this OP-TEE does not take guests' own memory (no dynamic shared memory). Build it with CFG_CORE_DYN_SHM=y, and let it know of all DRAM.\n");
		return -EOPNOTSUPP;
	}
	pr_err("the device tree names an OP-TEE, but what answers SMCs is not one (%s). Check that the firmware starts OP-TEE: see the firmware's log and OP-TEE's console.\n",
	       tg_status_name(status));
	return -ENODEV;
}

/* What the kernel calls: nobody does in this file, which is all of it (Kbuild). */
int __visible init_module(void);
void __visible cleanup_module(void);

static int __init teegate_init(void)
{
	const struct tg_tee_info *tee = &teegate_system.tee;
	int ret;

	ret = optee_node_check();
	if (ret)
		return ret;
	/* Before any SMC: the sweep would take the driver's partition. */
	if (teegate_optee_is_bound()) {
		host_busy_say();
		return -EBUSY;
	}
	ret = optee_init();
	if (ret)
		return ret;
	ret = limits_init();
	if (ret)
		return ret;
	ret = tas_init();
	if (ret)
		return ret;
	ret = interrupt_init(host_vm);
	if (ret)
		return ret;
	ret = chardev_init();
	if (ret) {
		interrupt_fini();
		return ret;
	}
	/* Last, as the OP-TEE driver may hold this module from here on. */
	ret = host_init(host_vm);
	if (ret) {
		chardev_fini();
		interrupt_fini();
		return ret;
	}
	chardev_start();
	pr_info("OP-TEE %u.%u with %u threads; /dev/teegate is ready%s\n",
		tee->os_revision[0], tee->os_revision[1], tee->threads,
		host_vm ? ", this host is VM 1" : "");
	return 0;
}
module_init(teegate_init);

/* No file is open and the OP-TEE driver is gone: each holds this module. */
static void __exit teegate_exit(void)
{
	chardev_fini();
	host_fini();
	interrupt_fini();
}
module_exit(teegate_exit);

MODULE_DESCRIPTION("OP-TEE for KVM guests");
MODULE_AUTHOR("The teegate authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
