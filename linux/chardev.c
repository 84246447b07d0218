// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/teegate: the calls of <linux/teegate.h>, their arguments checked and
 * handed on to guest.c and region.c. Nothing of user space's structures goes
 * further than this file, and no policy about OP-TEE is in it.
 */
#include <linux/build_bug.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <uapi/linux/teegate.h>

#include "guest.h"
#include "module.h"

/* The binary interface, fixed whatever compiler and word size. */
static_assert(sizeof(struct teegate_info) == 48);
static_assert(offsetof(struct teegate_info, features) == 36);
static_assert(sizeof(struct teegate_route) == 16);
static_assert(sizeof(struct teegate_limits) == 24);
static_assert(sizeof(struct teegate_region) == 32);
static_assert(sizeof(struct teegate_smc) == 72);
static_assert(offsetof(struct teegate_smc, events) == 64);
static_assert(sizeof(struct teegate_stats) == 424);
static_assert(offsetof(struct teegate_stats, partitions) == 264);
static_assert(offsetof(struct teegate_stats, vmid) == 420);
static_assert(sizeof(struct teegate_tas) == 1032);
static_assert(sizeof(struct teegate_notif) == 8);
static_assert(TEEGATE_TAS_MAX == TG_TAS_MAX);
static_assert(TEEGATE_RPC_KINDS == TG_RPC_KIND_COUNT);
static_assert(TEEGATE_LATENCY_BUCKETS == TG_LATENCY_BUCKETS);
static_assert(TEEGATE_REFUSALS_MAX >= TG_STATUS_COUNT);

/* Set last in the module's init: until then an open file could outlive it. */
static bool chardev_started;

static int chardev_open(struct inode *inode, struct file *file)
{
	struct tg_guest *guest;

	if (!smp_load_acquire(&chardev_started))
		return -ENODEV;
	/* A kernel thread has no guest memory to speak of. */
	if (!current->mm)
		return -EINVAL;
	guest = guest_create();
	if (!guest)
		return -ENOMEM;
	file->private_data = guest;
	return stream_open(inode, file);
}

static int chardev_release(struct inode *inode, struct file *file)
{
	guest_destroy(file->private_data);
	return 0;
}

static u32 features(void)
{
	return (route_is_offered() ? TEEGATE_FEATURE_ROUTE : 0) |
	       (interrupt_is_offered() ? TEEGATE_FEATURE_NOTIF : 0);
}

static long get_info(void __user *user)
{
	const struct tg_tee_info *tee = &teegate_system.tee;
	const struct tg_limits *max = &teegate_system.limits_max;
	struct teegate_info info = {
		.abi_version = TEEGATE_ABI_VERSION,
		.os_major = tee->os_revision[0],
		.os_minor = tee->os_revision[1],
		.os_build = tee->os_revision[2],
		.tee_threads = tee->threads,
		.tee_capabilities = tee->capabilities,
		.limits_calls = max->calls,
		.limits_shm_buffers = max->shm_buffers,
		.limits_rpc_buffers = max->rpc_buffers,
		.features = features(),
		.limits_pinned_bytes = max->pinned_bytes,
	};

	return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
}

static long set_limits(struct tg_guest *guest, const void __user *user)
{
	struct teegate_limits asked;
	struct tg_limits limits;

	if (copy_from_user(&asked, user, sizeof(asked)))
		return -EFAULT;
	limits = (struct tg_limits){
		.calls = asked.calls,
		.shm_buffers = asked.shm_buffers,
		.rpc_buffers = asked.rpc_buffers,
		.resume_budget = asked.resume_budget,
		.pinned_bytes = asked.pinned_bytes,
	};
	return guest_limits_set(guest, &limits);
}

static long set_region(struct tg_guest *guest, const void __user *user)
{
	struct teegate_region region;

	if (copy_from_user(&region, user, sizeof(region)))
		return -EFAULT;
	return region_table_set(&guest->regions, &region);
}

static long set_tas(struct tg_guest *guest, const void __user *user)
{
	struct teegate_tas *asked = memdup_user(user, sizeof(*asked));
	struct tg_ta_list *tas;
	long ret = -EINVAL;

	if (IS_ERR(asked))
		return PTR_ERR(asked);
	static_assert(sizeof(tas->uuids) == sizeof(asked->uuids));
	if (asked->pad || asked->count > TEEGATE_TAS_MAX)
		goto out;
	ret = -ENOMEM;
	tas = kzalloc(sizeof(*tas), GFP_KERNEL_ACCOUNT);
	if (!tas)
		goto out;
	tas->count = asked->count;
	memcpy(tas->uuids, asked->uuids, tas->count * sizeof(asked->uuids[0]));
	ret = guest_tas_set(guest, tas);
out:
	kfree(asked);
	return ret;
}

static long set_notif(struct tg_guest *guest, const void __user *user)
{
	struct teegate_notif asked;

	if (copy_from_user(&asked, user, sizeof(asked)))
		return -EFAULT;
	if (asked.pad || asked.eventfd < -1)
		return -EINVAL;
	return guest_notif_set(guest, asked.eventfd);
}

static long smc(struct tg_guest *guest, void __user *user)
{
	struct teegate_smc args;
	struct tg_regs regs;
	int ret;

	static_assert(sizeof(args.x) == sizeof(regs.x));

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	if (args.pad)
		return -EINVAL;
	memcpy(regs.x, args.x, sizeof(regs.x));
	ret = guest_smc(guest, &regs, &args.events);
	if (ret)
		return ret;
	memcpy(args.x, regs.x, sizeof(args.x));
	return copy_to_user(user, &args, sizeof(args)) ? -EFAULT : 0;
}

static long get_stats(struct tg_guest *guest, void __user *user)
{
	struct teegate_stats stats = {};
	struct tg_stats from;

	guest_stats_get(guest, &from);
	stats.smcs = from.smcs;
	stats.fast_calls = from.fast_calls;
	stats.yielding_calls = from.yielding_calls;
	stats.resumes = from.resumes;
	stats.inner_resumes = from.inner_resumes;
	memcpy(stats.rpcs, from.rpcs, sizeof(from.rpcs));
	memcpy(stats.refused, from.refused, sizeof(from.refused));
	stats.partitions = from.partitions;
	memcpy(stats.latency_us_log2, from.latency_us_log2,
	       sizeof(from.latency_us_log2));
	stats.pinned_bytes = from.pinned_bytes;
	stats.calls_in_flight = from.calls_in_flight;
	stats.shm_buffers = from.shm_buffers;
	stats.rpc_buffers = from.rpc_buffers;
	stats.vmid = from.vmid;
	return copy_to_user(user, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static long get_route(struct tg_guest *guest, void __user *user)
{
	struct teegate_route route = {
		.smcs = atomic64_read(&guest->routed),
	};

	return copy_to_user(user, &route, sizeof(route)) ? -EFAULT : 0;
}

static long chardev_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct tg_guest *guest = file->private_data;
	void __user *user = (void __user *)arg;

	/* Looking is allowed to whoever was handed the file. */
	switch (cmd) {
	case TEEGATE_GET_INFO:
		return get_info(user);
	case TEEGATE_GET_STATS:
		return get_stats(guest, user);
	case TEEGATE_GET_ROUTE:
		return get_route(guest, user);
	}

	/* All else is about memory of the process that opened it. */
	if (!guest_is_mine(guest))
		return -EPERM;
	switch (cmd) {
	case TEEGATE_SET_LIMITS:
		return set_limits(guest, user);
	case TEEGATE_SET_REGION:
		return set_region(guest, user);
	case TEEGATE_SMC:
		return smc(guest, user);
	case TEEGATE_RESET:
		return arg ? -EINVAL : guest_reset(guest);
	case TEEGATE_OWN_RPMB:
		return arg ? -EINVAL : guest_rpmb_own(guest);
	case TEEGATE_SET_TAS:
		return set_tas(guest, user);
	case TEEGATE_DENY_STORAGE:
		return arg ? -EINVAL : guest_storage_deny(guest);
	case TEEGATE_SET_NOTIF:
		return set_notif(guest, user);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations chardev_ops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.unlocked_ioctl = chardev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/*
 * Who may open the device may take one of OP-TEE's few partitions: nobody but
 * root, unless the administrator says so (60-teegate.rules).
 */
static struct miscdevice chardev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "teegate",
	.fops = &chardev_ops,
	.mode = 0600,
};

int chardev_init(void)
{
	int ret = misc_register(&chardev);

	if (ret) {
		pr_err("no device number for /dev/teegate (%d). Unload a driver that has one of class misc, and try again.\n",
		       ret);
		return ret;
	}
	ret = route_init(&chardev_ops);
	if (ret)
		misc_deregister(&chardev);
	return ret;
}

void chardev_start(void)
{
	smp_store_release(&chardev_started, true);
}

void chardev_fini(void)
{
	misc_deregister(&chardev);
	route_fini();
}
