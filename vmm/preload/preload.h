/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the preload's files know of each other. The VMM under which it runs
 * sees none of this: only ioctl() and close() are exported.
 */
#ifndef TGP_PRELOAD_H
#define TGP_PRELOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kvm.h>
#include <teegate.h>

/* KVM of today has 512 slots and more; the device takes this many. */
#define TGP_SLOTS_MAX TEEGATE_REGIONS_MAX

/* What `teegate run` tells the preload; see cli/run.c. */
#define TGP_LIMITS_ENV "TEEGATE_LIMITS"
#define TGP_RPMB_ENV "TEEGATE_RPMB" /* "own" */
#define TGP_STORAGE_ENV "TEEGATE_STORAGE" /* "none" */
#define TGP_TAS_ENV "TEEGATE_TAS" /* UUIDs, separated by commas */
#define TGP_NOTIF_ENV "TEEGATE_NOTIF" /* an SPI's number, from 0 */

/* A VM's memory slots, remembered until the device is opened. */
struct tgp_slots {
	struct kvm_userspace_memory_region *slot;
	size_t count;
	size_t capacity;
};

/*
 * What a KVM_SET_USER_MEMORY_REGION means for the table. TGP_SLOT_SAME: only
 * flags that do not matter here (dirty logging) changed.
 */
enum tgp_slot_change {
	TGP_SLOT_SAME,
	TGP_SLOT_CHANGED,
	TGP_SLOT_NO_ROOM
};

enum tgp_slot_change
tgp_slots_set(struct tgp_slots *slots,
	      const struct kvm_userspace_memory_region *region);
void tgp_slots_fini(struct tgp_slots *slots);

/*
 * One KVM VM. @lock: everything except the atomics. Never freed once made:
 * a vCPU thread may hold a pointer to it without a lock.
 */
struct tgp_vm {
	_Atomic(struct teegate *) guest;
	atomic_bool ran; /* a vCPU ran since the last reset */
	bool filtered; /* KVM hands this VM's calls to us */
	bool opened; /* opening the device was tried */
	bool started; /* a vCPU is to run or has run */
	int fd; /* -1: closed */
	unsigned int fds_open; /* the VM's own and its vCPUs' */
	struct tgp_slots slots;
};

/* One vCPU; as long-lived as its VM. */
struct tgp_vcpu {
	struct tgp_vm *vm;
	const struct kvm_run *run; /* a mapping of our own; its thread only */
	atomic_bool pending; /* a call that a signal put off */
};

/* Which object a file descriptor is. */
struct tgp_object {
	struct tgp_object *next_retired;
	struct tgp_vm *vm;
	struct tgp_vcpu *vcpu; /* NULL: @vm's own descriptor */
};

/* No lock: cheap enough to ask on every ioctl. NULL: none of ours. */
struct tgp_object *tgp_object_find(int fd);

/* Only under the lock; -errno. A stale entry of that number is retired. */
int tgp_object_insert(int fd, struct tgp_vm *vm, struct tgp_vcpu *vcpu);
/* Only under the lock; the object stays readable. */
struct tgp_object *tgp_object_retire(int fd);

/* Hooks: called with what the real ioctl() has just accepted. */
void tgp_vm_created(int vm_fd);
void tgp_vcpu_created(struct tgp_vm *vm, int vcpu_fd);
void tgp_vcpu_init(struct tgp_vcpu *vcpu);
void tgp_fd_closing(int fd);
/*
 * KVM_SET_USER_MEMORY_REGION, of either form, and what follows from it for the
 * device; errno style, like ioctl().
 */
int tgp_vm_memory(struct tgp_vm *vm, int vm_fd, unsigned long request,
		  void *arg);
/* KVM_RUN with the TEE's exits handled; errno style, like ioctl(). */
int tgp_vcpu_run(struct tgp_vcpu *vcpu, int vcpu_fd, void *arg);

/* "calls=4,shm=64,budget=4,pinned=1048576" → limits; false: not understood. */
bool tgp_limits_parse(const char *text, struct teegate_limits *ret_limits);

/* "187" → an SPI that virtual machines can have; false: none such. */
bool tgp_spi_parse(const char *text, uint32_t *ret_spi);

/* Takes this library out of an LD_PRELOAD list, in place. */
void tgp_preload_list_strip(char *list);

/* One line on standard error. */
__attribute__((format(printf, 1, 2))) void tgp_say(const char *format, ...);

/* The C library's own, not the wrappers. */
int tgp_real_ioctl(int fd, unsigned long request, void *arg);
int tgp_real_close(int fd);

#endif
