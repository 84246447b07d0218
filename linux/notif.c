// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which guests get asynchronous notifications, and how: each has an eventfd,
 * which its VMM has bound to an interrupt of the guest (KVM_IRQFD) or reads
 * itself. Whose values they are is the core's to find out; when to look,
 * interrupt.c's.
 */
#include <linux/eventfd.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/version.h>

#include "guest.h"
#include "module.h"

/*
 * Held while all guests are asked, so that none of them ends meanwhile. Under
 * it the core takes each guest's own lock, which is never held for long.
 */
static DEFINE_MUTEX(notif_lock);
static LIST_HEAD(notif_guests);

void notif_add(struct tg_guest *guest)
{
	mutex_lock(&notif_lock);
	list_add_tail(&guest->notif_node, &notif_guests);
	mutex_unlock(&notif_lock);
}

void notif_remove(struct tg_guest *guest)
{
	mutex_lock(&notif_lock);
	list_del_init(&guest->notif_node);
	mutex_unlock(&notif_lock);
}

/*
 * A guest is on the list before it can enable notifications, and whoever does
 * that is told what OP-TEE had for it before.
 */
bool notif_is_wanted(void)
{
	return !list_empty(&notif_guests);
}

void notif_collect_all(void)
{
	const struct tg_guest *guest;

	mutex_lock(&notif_lock);
	list_for_each_entry(guest, &notif_guests, notif_node)
		tg_vm_notif_collect(guest->vm);
	mutex_unlock(&notif_lock);
}

/* Nobody may be listening any more: then it is lost, which harms nobody else. */
void tg_port_interrupt(struct tg_guest *guest)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(guest->notif);
#else
	eventfd_signal(guest->notif, 1);
#endif
}
