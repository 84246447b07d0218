/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One guest as this module sees it: an open /dev/teegate. The ioctls that make
 * up its interface are in chardev.c, the core's own view (struct tg_vm) is
 * opaque here.
 *
 * Locks, outermost first:
 *   setup      makes @vm, sets @limits and @tas, resets; held while a reset waits for
 *              calls to end, so tg_vm_smc() runs without it
 *   regions.lock  the memory map; held for reading across copies and pins, so
 *              that memory which was taken away is not touched afterwards
 *   lock       the core's VM lock (tg_port_vm_lock)
 * and, under all of these, the core's system lock (port.c) and the list of
 * guests (guest.c). The list of guests that get notifications (notif.c) is
 * locked between setup and lock.
 */
#ifndef TEEGATE_GUEST_H
#define TEEGATE_GUEST_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include <tg/mediator.h>

#include "region.h"

struct eventfd_ctx;

struct tg_guest {
	struct mm_struct *mm; /* grabbed: compared and charged, never walked */
	pid_t pid; /* who opened it, for the administrator */
	struct mutex setup;
	struct mutex lock;
	struct tg_vm *vm; /* NULL until the first SMC */
	struct tg_limits limits;
	struct tg_ta_list *tas; /* NULL: all that guests may use */
	bool storage_denied;
	struct eventfd_ctx *notif; /* NULL: no notifications for this guest */
	struct list_head notif_node; /* once @vm is there */
	struct region_table regions;
	atomic64_t pinned; /* pages of OP-TEE's size */
	atomic_t smcs_done; /* counts returns; a reset waits for the next */
	wait_queue_head_t smc_done;
	atomic64_t routed; /* SMCs that came by route.c */
	struct list_head node;
	u16 vmid; /* 0 while there is no partition; under the list's lock */
};

struct tg_guest *guest_create(void);
void guest_destroy(struct tg_guest *guest);

/* True in the address space that opened the device. */
bool guest_is_mine(const struct tg_guest *guest);

int guest_limits_set(struct tg_guest *guest, const struct tg_limits *limits);
int guest_rpmb_own(struct tg_guest *guest);
int guest_storage_deny(struct tg_guest *guest);
/* @eventfd is signalled when the guest is to ask for notifications; -1: none. */
int guest_notif_set(struct tg_guest *guest, int eventfd);
/* Takes @tas over, which kfree() must be able to free, whatever it returns. */
int guest_tas_set(struct tg_guest *guest, struct tg_ta_list *tas);
int guest_smc(struct tg_guest *guest, struct tg_regs *regs, u32 *ret_events);
int guest_reset(struct tg_guest *guest);
void guest_stats_get(struct tg_guest *guest, struct tg_stats *ret_stats);

/*
 * notif.c: @guest, which has a vm, is asked for values from now on, and no
 * more. The latter is harmless for a guest that never was.
 */
void notif_add(struct tg_guest *guest);
void notif_remove(struct tg_guest *guest);

/* Notes that @guest got partition @vmid, or with 0 that it lost it. */
void guest_vmid_set(struct tg_guest *guest, u16 vmid);

/* Writes "1234 5678": the processes whose guests hold a partition. */
void guest_holders_print(char *buf, size_t bytes);

#endif
