// SPDX-License-Identifier: GPL-2.0-only
/*
 * OP-TEE's interrupt for asynchronous notifications: one for all VMs, named in
 * the device tree's OP-TEE node. Here is found out that it came; who is asked
 * for values then is in notif.c.
 *
 * The host's OP-TEE driver requests it for itself alone, and nothing can share
 * an interrupt with a handler that does not agree. But whenever that handler
 * runs it asks OP-TEE for the host's values, by the function that tag.c has a
 * probe on: that is the sign that the interrupt came. While no driver is bound
 * the interrupt is this module's own; it is let go of before a driver's probe
 * function runs. The line is edge-triggered, so one that comes in between
 * waits in the interrupt controller, and values that nobody fetches raise
 * nothing again.
 *
 * A probe in a handler may do next to nothing, hence irq_work; asking guests
 * takes locks, hence a work item after it. However often the interrupt comes,
 * guests are asked once a tick at most.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/of_irq.h>
#include <linux/platform_device.h>
#include <linux/workqueue.h>

#include <tg/mediator.h>
#include <tg/optee_abi.h>

#include "module.h"

static void work_run(struct work_struct *work);
static void came_run(struct irq_work *work);

static struct {
	struct mutex lock; /* @irq */
	struct device_node *node;
	bool offered; /* there is one */
	bool percpu; /* only the driver can request it */
	unsigned int irq; /* that this module has requested; 0: none */
	unsigned long next; /* not before this tick */
	struct irq_work came;
	struct delayed_work work;
} interrupt = {
	.lock = __MUTEX_INITIALIZER(interrupt.lock),
	.came = IRQ_WORK_INIT(came_run),
	.work = __DELAYED_WORK_INITIALIZER(interrupt.work, work_run, 0),
};

bool interrupt_is_offered(void)
{
	return interrupt.offered;
}

static void work_run(struct work_struct *work)
{
	WRITE_ONCE(interrupt.next, jiffies + 1);
	notif_collect_all();
}

/* One that is queued already will do: it asks later than now. */
static void work_queue(void)
{
	unsigned long now = jiffies, next = READ_ONCE(interrupt.next);

	schedule_delayed_work(&interrupt.work,
			      time_before(now, next) ? next - now : 0);
}

static void came_run(struct irq_work *work)
{
	work_queue();
}

void notrace interrupt_came(void)
{
	if (interrupt.offered && notif_is_wanted())
		irq_work_queue(&interrupt.came);
}
NOKPROBE_SYMBOL(interrupt_came);

static irqreturn_t own_handler(int irq, void *data)
{
	if (notif_is_wanted())
		work_queue();
	return IRQ_HANDLED;
}

/* Mapped anew each time: a driver that goes disposes of the mapping. */
static void own_request(void)
{
	unsigned int irq;
	int ret = -ENXIO;

	if (interrupt.irq || interrupt.percpu)
		return;
	irq = irq_of_parse_and_map(interrupt.node, 0);
	if (irq)
		ret = request_irq(irq, own_handler, 0, "teegate", &interrupt);
	if (ret)
		pr_warn("cannot have OP-TEE's notification interrupt (%d): guests get no notifications until the OP-TEE driver is bound. See /proc/interrupts for who else has it.\n",
			ret);
	else
		interrupt.irq = irq;
}

static void own_release(void)
{
	if (interrupt.irq)
		free_irq(interrupt.irq, &interrupt);
	interrupt.irq = 0;
}

static int driver_notify(struct notifier_block *nb, unsigned long event,
			 void *data)
{
	const struct device *dev = data;

	if (dev->of_node != interrupt.node)
		return NOTIFY_DONE;
	mutex_lock(&interrupt.lock);
	if (event == BUS_NOTIFY_BIND_DRIVER)
		own_release();
	else if (event == BUS_NOTIFY_UNBOUND_DRIVER ||
		 event == BUS_NOTIFY_DRIVER_NOT_BOUND)
		own_request();
	mutex_unlock(&interrupt.lock);
	return NOTIFY_OK;
}

static struct notifier_block driver_notifier = {
	.notifier_call = driver_notify,
};

static void interrupt_find(bool shared)
{
	unsigned int irq;

	interrupt.node = of_find_compatible_node(NULL, NULL, "linaro,optee-tz");
	if (!interrupt.node ||
	    !(teegate_system.tee.capabilities & OPTEE_SEC_CAP_ASYNC_NOTIF))
		return;
	/* What a driver asks that is not watched, it asks for itself alone. */
	if (shared && !tag_sees_calls())
		return;
	irq = irq_of_parse_and_map(interrupt.node, 0);
	if (!irq)
		return;
	interrupt.percpu = irq_is_percpu_devid(irq);
	interrupt.offered = shared || !interrupt.percpu;
}

/* Without such an interrupt guests are not offered notifications: no error. */
int interrupt_init(bool shared)
{
	int ret;

	interrupt_find(shared);
	if (!interrupt.offered)
		return 0;
	ret = bus_register_notifier(&platform_bus_type, &driver_notifier);
	if (ret) {
		of_node_put(interrupt.node);
		return ret;
	}
	/*
	 * A driver that is being bound either shows already, or the notifier
	 * is still to be called.
	 */
	mutex_lock(&interrupt.lock);
	if (!teegate_optee_is_bound())
		own_request();
	mutex_unlock(&interrupt.lock);
	return 0;
}

/* No driver is tagged any more and no file is open. */
void interrupt_fini(void)
{
	if (interrupt.offered) {
		bus_unregister_notifier(&platform_bus_type, &driver_notifier);
		mutex_lock(&interrupt.lock);
		own_release();
		mutex_unlock(&interrupt.lock);
		irq_work_sync(&interrupt.came);
		cancel_delayed_work_sync(&interrupt.work);
	}
	of_node_put(interrupt.node);
}
