/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module's files share and what belongs to no single guest: the
 * machine's OP-TEE, the host as VM 1, the tag on the host driver's calls, and
 * the device node.
 */
#ifndef TEEGATE_MODULE_H
#define TEEGATE_MODULE_H

#include <linux/errno.h>
#include <linux/types.h>

#include <tg/mediator.h>

struct file_operations;

extern struct tg_system teegate_system;

/* host.c: with @enable, VM 1 for this host's own OP-TEE driver. */
int host_init(bool enable);
void host_fini(void);

/* host.c: logs that the OP-TEE driver came first, and what to do. */
void host_busy_say(void);

/* main.c: whether the OP-TEE driver is bound to the device. */
bool teegate_optee_is_bound(void);

/* main.c: whether the administrator lets a guest own the RPMB. */
bool teegate_rpmb_guests(void);
bool teegate_guest_storage(void);

/*
 * interrupt.c: OP-TEE's interrupt for notifications. With @shared it is the
 * host's driver's whenever that is bound.
 */
int interrupt_init(bool shared);
void interrupt_fini(void);
/* Whether there is one that guests could be told of. */
bool interrupt_is_offered(void);
/* It came, or seems so: in any context, for any VM. */
void interrupt_came(void);

/* notif.c: whether any guest may want values, without a lock; and all get theirs. */
bool notif_is_wanted(void);
void notif_collect_all(void);

/* chardev.c: registered early, but opens only once started. */
int chardev_init(void);
void chardev_start(void);
void chardev_fini(void);

/*
 * tag.c: VM id 1 on every SMC of the host's OP-TEE driver, by a kprobe; or
 * tag_driver.c, where the driver has a VM id itself. That the driver is absent
 * is known to the second only; tag_arm() of the first says -ENOENT.
 */
#if defined(TEEGATE_OPTEE_TAGS) || IS_ENABLED(CONFIG_KPROBES)
bool tag_is_possible(void);
bool tag_driver_is_absent(void);
/* Whether the driver's calls come by here, which tells of OP-TEE's interrupt. */
bool tag_sees_calls(void);
int tag_arm(void);
void tag_disarm(void);
#else
static inline bool tag_is_possible(void)
{
	return false;
}

static inline bool tag_driver_is_absent(void)
{
	return false;
}

static inline bool tag_sees_calls(void)
{
	return false;
}

static inline int tag_arm(void)
{
	return -EOPNOTSUPP;
}

static inline void tag_disarm(void)
{
}
#endif

/*
 * route.c: guests' calls straight from KVM, for files with the operations
 * @fops. On other kernels there is nothing of it.
 */
#ifdef TEEGATE_ROUTE
int route_init(const struct file_operations *fops);
void route_fini(void);
bool route_is_offered(void);
/* Whether the vCPU that is in a call here has an interrupt to take. */
bool route_should_return(void);
#else
static inline int route_init(const struct file_operations *fops)
{
	return 0;
}

static inline void route_fini(void)
{
}

static inline bool route_is_offered(void)
{
	return false;
}

static inline bool route_should_return(void)
{
	return false;
}
#endif

#endif
