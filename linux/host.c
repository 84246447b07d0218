// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host as VM 1: its partition, and the watch over its OP-TEE driver, which
 * must never reach a virtualized OP-TEE untagged (OP-TEE asserts on its first
 * ENABLE_ASYNC_NOTIF then, and a CPU is lost). How a call is tagged is in
 * tag.c and tag_driver.c; guests are not seen from here.
 *
 * The driver is a module that may come and go. It is tagged before its init
 * runs and its loading fails where that is impossible. While it is in memory
 * it holds this module, so that the tag cannot vanish beneath it. When it
 * goes, the partition is made anew: whatever it left inside OP-TEE is gone.
 * A driver that is VM 1 by itself destroys and creates the partition as it
 * comes, and destroys it as it goes; until then and from then on it is kept
 * for the host here.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/string.h>

#include "module.h"

#define OPTEE_MODULE "optee"

/* Everything below is under the lock. */
static struct {
	struct mutex lock;
	bool enabled; /* the host is to have a partition */
	bool created; /* it has one */
	bool tagged; /* the driver is in memory, tagged, and holds us */
} host = { .lock = __MUTEX_INITIALIZER(host.lock) };

static int host_partition_create(void)
{
	enum tg_status status;

	if (host.created)
		return 0;
	status = tg_system_host_create(&teegate_system);
	if (status == TG_OK) {
		host.created = true;
		return 0;
	}
	pr_err("OP-TEE has no partition left for the host (%s). Build OP-TEE with a greater CFG_VIRT_GUEST_COUNT, stop a guest, or load teegate with host_vm=0 if this host does not use OP-TEE itself.\n",
	       tg_status_name(status));
	return -ENOSPC;
}

static void host_partition_destroy(void)
{
	if (host.created)
		tg_system_host_destroy(&teegate_system);
	host.created = false;
}

/* Tags the driver; -ENOENT when it is not in memory. */
static int host_tag(void)
{
	int ret;

	if (host.tagged)
		return 0;
	if (!try_module_get(THIS_MODULE))
		return -EBUSY;
	ret = tag_arm();
	if (ret) {
		module_put(THIS_MODULE);
		return ret;
	}
	host.tagged = true;
	return 0;
}

static void host_untag(void)
{
	if (!host.tagged)
		return;
	tag_disarm();
	host.tagged = false;
	module_put(THIS_MODULE);
}

static int host_driver_coming(void)
{
	int ret;

	if (!host.enabled) {
		pr_err("kept the OP-TEE driver from loading: teegate was loaded with host_vm=0, so this host has no partition in OP-TEE. Load teegate with host_vm=1 first.\n");
		return -EPERM;
	}
	ret = host_partition_create();
	if (ret)
		return ret;
	ret = host_tag();
	if (ret)
		pr_err("kept the OP-TEE driver from loading: its calls cannot be tagged as VM 1 (%d), and untagged ones would halt OP-TEE. Without it teegate serves guests only; to use both, check that the kernel's optee.ko has the function optee_smccc_smc and that kprobes are allowed.\n",
		       ret);
	return ret;
}

/* The driver's exit function has run: no call of it is in OP-TEE. */
static void host_driver_going(void)
{
	if (!host.tagged)
		return;
	host_partition_destroy();
	if (host_partition_create())
		pr_warn("the host is without a partition until the OP-TEE driver is loaded again\n");
	host_untag();
}

static int host_notify(struct notifier_block *nb, unsigned long state,
		       void *data)
{
	const struct module *mod = data;
	int ret = 0;

	if (strcmp(mod->name, OPTEE_MODULE) != 0)
		return NOTIFY_DONE;
	mutex_lock(&host.lock);
	if (state == MODULE_STATE_COMING)
		ret = host_driver_coming();
	else if (state == MODULE_STATE_GOING)
		host_driver_going();
	mutex_unlock(&host.lock);
	return notifier_from_errno(ret);
}

static struct notifier_block host_notifier = {
	.notifier_call = host_notify,
};

void host_busy_say(void)
{
	pr_err("the OP-TEE driver got hold of OP-TEE first. Run 'modprobe -r optee', then load teegate, then optee; 'softdep optee pre: teegate' in /etc/modprobe.d keeps that order.\n");
}

/*
 * The driver may be in memory already: built in, or loaded and not bound, or
 * loaded while this module was loading. Tagged before it binds is as good as
 * tagged before it loads.
 */
static int host_driver_present(void)
{
	int ret;

	/* It came after the notifier was registered: all is well. */
	if (host.tagged)
		return 0;

	ret = tag_driver_is_absent() ? -ENOENT : host_tag();
	if (teegate_optee_is_bound() || (ret == 0 && !host.enabled)) {
		host_untag();
		host_busy_say();
		return -EBUSY;
	}
	if (ret == 0 || ret == -ENOENT || !host.enabled)
		return 0;
	pr_err("the OP-TEE driver is in memory and its calls cannot be tagged as VM 1 (%d). Run 'modprobe -r optee' and load teegate again, or use a kernel that has the driver as a module.\n",
	       ret);
	return ret;
}

int host_init(bool enable)
{
	int ret;

	if (enable && !tag_is_possible()) {
		pr_err("this kernel has no kprobes (CONFIG_KPROBES), which tag the host's own calls to OP-TEE. Use a kernel that has them, or load teegate with host_vm=0: guests can then use OP-TEE and this host cannot.\n");
		return -EOPNOTSUPP;
	}

	mutex_lock(&host.lock);
	host.enabled = enable;
	ret = enable ? host_partition_create() : 0;
	mutex_unlock(&host.lock);
	if (ret)
		return ret;

	ret = register_module_notifier(&host_notifier);
	if (ret)
		goto err_partition;

	mutex_lock(&host.lock);
	ret = host_driver_present();
	/* From here on no driver gets in that would hold this module. */
	if (ret)
		host.enabled = false;
	mutex_unlock(&host.lock);
	if (ret)
		goto err_notifier;
	return 0;

err_notifier:
	unregister_module_notifier(&host_notifier);
err_partition:
	host_partition_destroy();
	return ret;
}

/* The driver is not in memory: it would hold this module. */
void host_fini(void)
{
	unregister_module_notifier(&host_notifier);
	host_partition_destroy();
}
