/* SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR BSD-2-Clause) */
/*
 * /dev/teegate: what a virtual machine monitor says to teegate.ko. One open
 * file descriptor is one guest's partition in OP-TEE: it is made at the
 * guest's first call that needs it and destroyed when the descriptor is
 * closed, however that happens. docs/abi.md explains each call.
 *
 * Fields named "pad" and unknown flags must be zero. Structures only grow at
 * their end, under a new ioctl number.
 */
#ifndef _UAPI_LINUX_TEEGATE_H
#define _UAPI_LINUX_TEEGATE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define TEEGATE_ABI_VERSION 1

#define TEEGATE_IOC_MAGIC 0xee

/* This kernel's KVM can be told to hand a guest's calls to this file. */
#define TEEGATE_FEATURE_ROUTE (1u << 0)

/* OP-TEE's notifications can reach a guest: TEEGATE_SET_NOTIF. */
#define TEEGATE_FEATURE_NOTIF (1u << 1)

/*
 * What is behind the device. Any thread may ask at any time.
 * @os_major, @os_minor, @os_build: OP-TEE's revision.
 * @limits_*: the administrator's maximum for one guest.
 * @features: TEEGATE_FEATURE_*, of which modules before them have none.
 */
struct teegate_info {
	__u32 abi_version;
	__u32 os_major;
	__u32 os_minor;
	__u32 os_build;
	__u32 tee_threads;
	__u32 tee_capabilities;
	__u32 limits_calls;
	__u32 limits_shm_buffers;
	__u32 limits_rpc_buffers;
	__u32 features;
	__u64 limits_pinned_bytes;
};

/*
 * What the guest may use; zero means the default. Only before the first
 * TEEGATE_SMC (EBUSY after). More than the maximum: EPERM.
 */
struct teegate_limits {
	__u32 calls;
	__u32 shm_buffers;
	__u32 rpc_buffers;
	__u32 resume_budget;
	__u64 pinned_bytes;
};

/* The guest may read this memory but not write: it cannot be shared. */
#define TEEGATE_REGION_READONLY (1u << 0)

#define TEEGATE_REGIONS_MAX 1024

/*
 * Guest memory: @bytes at guest physical address @gpa are the caller's
 * memory at @hva. All three are multiples of 4096. A @slot given again is
 * replaced; @bytes of zero removes it. Regions of different slots must not
 * overlap in guest physical space (EEXIST), and a device's registers are no
 * memory (EACCES). A change that fails leaves the slot as it was.
 */
struct teegate_region {
	__u32 slot;
	__u32 flags;
	__u64 gpa;
	__u64 bytes;
	__u64 hva;
};

/* Set in @events: OP-TEE has no room for this guest (out). */
#define TEEGATE_EVENT_NO_PARTITION (1u << 0)

/*
 * One SMC of the guest: x0 to x7 in, x0 to x3 out. Blocks while OP-TEE works,
 * returns for signals. EPERM from a process with another address space than
 * the one that opened the device; EBUSY never.
 */
struct teegate_smc {
	__u64 x[8];
	__u32 events;
	__u32 pad;
};

#define TEEGATE_RPC_KINDS 4
#define TEEGATE_LATENCY_BUCKETS 16
#define TEEGATE_REFUSALS_MAX 24

/* Counters of this guest; the order of @refused is that of docs/abi.md. */
struct teegate_stats {
	__u64 smcs;
	__u64 fast_calls;
	__u64 yielding_calls;
	__u64 resumes;
	__u64 inner_resumes;
	__u64 rpcs[TEEGATE_RPC_KINDS];
	__u64 refused[TEEGATE_REFUSALS_MAX];
	__u64 partitions;
	__u64 latency_us_log2[TEEGATE_LATENCY_BUCKETS];
	__u64 pinned_bytes;
	__u32 calls_in_flight;
	__u32 shm_buffers;
	__u32 rpc_buffers;
	__u32 vmid;
};

/* @smcs: how many of the guest's came straight from KVM. */
struct teegate_route {
	__u64 smcs;
	__u64 pad;
};

#define TEEGATE_TAS_MAX 64

/* @uuids: as RFC 4122 writes them, first byte first. @count may be 0. */
struct teegate_tas {
	__u32 count;
	__u32 pad;
	__u8 uuids[TEEGATE_TAS_MAX][16];
};

/* @eventfd: signalled when the guest's interrupt is to be raised; -1: none. */
struct teegate_notif {
	__s32 eventfd;
	__u32 pad;
};

#define TEEGATE_GET_INFO _IOR(TEEGATE_IOC_MAGIC, 0x00, struct teegate_info)
#define TEEGATE_SET_LIMITS _IOW(TEEGATE_IOC_MAGIC, 0x01, struct teegate_limits)
#define TEEGATE_SET_REGION _IOW(TEEGATE_IOC_MAGIC, 0x02, struct teegate_region)
#define TEEGATE_SMC _IOWR(TEEGATE_IOC_MAGIC, 0x03, struct teegate_smc)
/* The guest was reset: as if the device were opened anew; regions stay. */
#define TEEGATE_RESET _IO(TEEGATE_IOC_MAGIC, 0x04)
#define TEEGATE_GET_STATS _IOR(TEEGATE_IOC_MAGIC, 0x05, struct teegate_stats)
/*
 * This guest owns the RPMB until the file is closed: OP-TEE may ask it for
 * one. Only before the first TEEGATE_SMC (EBUSY after). EPERM: the
 * administrator allows no guest that (rpmb_guests); EEXIST: another guest does.
 */
#define TEEGATE_OWN_RPMB _IO(TEEGATE_IOC_MAGIC, 0x06)
/*
 * The guest may open sessions to these trusted applications and to no other.
 * Only before the first TEEGATE_SMC (EBUSY after); a list given again replaces
 * the former. EPERM: one of them is not for guests (docs/abi.md). EINVAL: too
 * many.
 */
#define TEEGATE_SET_TAS _IOW(TEEGATE_IOC_MAGIC, 0x07, struct teegate_tas)
/*
 * OP-TEE gets no files from this guest for its storage, and says so to TAs
 * that ask for it. Only before the first TEEGATE_SMC (EBUSY after).
 */
#define TEEGATE_DENY_STORAGE _IO(TEEGATE_IOC_MAGIC, 0x08)
#define TEEGATE_GET_ROUTE _IOR(TEEGATE_IOC_MAGIC, 0x09, struct teegate_route)
/*
 * The guest has an interrupt for OP-TEE's asynchronous notifications, and only
 * then it is shown that OP-TEE has them: its device tree must tell of that
 * interrupt. The module keeps the eventfd's other end, whatever becomes of the
 * descriptor. Only before the first TEEGATE_SMC (EBUSY after); one given again
 * replaces the former. EBADF, EINVAL: no eventfd; EOPNOTSUPP: no
 * TEEGATE_FEATURE_NOTIF.
 */
#define TEEGATE_SET_NOTIF _IOW(TEEGATE_IOC_MAGIC, 0x0a, struct teegate_notif)

#endif
