/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libteegate: gives a KVM virtual machine on 64-bit Arm access to OP-TEE
 * through /dev/teegate. Here is the whole public interface. What the device
 * itself offers is in <linux/teegate.h>; how QEMU is served without touching
 * it is in libteegate-preload and `teegate run`, not here.
 *
 * A VMM uses it like this:
 *
 *	teegate_open(NULL, &guest);		one handle for one guest
 *	teegate_kvm_attach(vm_fd);		before the first KVM_RUN
 *	teegate_kvm_route(guest, vm_fd);	faster, where it is to be had
 *	teegate_kvm_notif(guest, vm_fd, spi);	once it has its interrupt
 *						controller
 *	teegate_kvm_region(guest, &region);	after each successful
 *						KVM_SET_USER_MEMORY_REGION
 *	...
 *	ioctl(vcpu_fd, KVM_RUN, 0);
 *	teegate_kvm_exit(guest, vcpu_fd, run);	1: handled, run again
 *	...
 *	teegate_reset(guest);			when the machine is reset
 *	teegate_close(guest);
 *
 * The guest finds OP-TEE by its device tree; the TEEGATE_DT_ macros are what
 * its node /firmware/optee says.
 *
 * Errors: functions that return int return 0 (or what they document) on
 * success and a negative errno otherwise; errno itself is not meaningful.
 * Output arguments (ret_*) are written on success only.
 *
 * Threads: every function may be called from any thread at any time on the
 * same handle, except that teegate_close() must be the last call on it. No
 * lock is held while OP-TEE works, so N vCPUs make N calls at once. The
 * device belongs to the process (the address space) that opened it: after
 * fork() a child must not use the handle, other than to close it.
 *
 * Signals: no function blocks signals or retries for ever. A thread in
 * teegate_kvm_exit() stays killable.
 */
#ifndef TEEGATE_H
#define TEEGATE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/teegate.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The interface described here; grows when functions are added. */
#define TEEGATE_API_VERSION 1

/* Where the device is, unless the caller or $TEEGATE_DEVICE says otherwise. */
#define TEEGATE_DEVICE_DEFAULT "/dev/teegate"
#define TEEGATE_DEVICE_ENV "TEEGATE_DEVICE"

/* Properties of the guest's device tree node /firmware/optee. */
#define TEEGATE_DT_PATH "/firmware/optee"
#define TEEGATE_DT_COMPATIBLE "linaro,optee-tz"
#define TEEGATE_DT_METHOD "smc"

/* One guest: an open /dev/teegate. Owned by the caller until closed. */
struct teegate;

/* KVM's own, from <linux/kvm.h>. */
struct kvm_run;
struct kvm_userspace_memory_region;

/*
 * teegate_message_fn - takes a message for whoever runs the VMM
 * @opaque: as given to teegate_set_message_handler()
 * @text: one line without its end, valid during the call only
 *
 * Called at most once per kind of trouble and handle, since it is the guest
 * that may cause them. May be called on any thread that uses the handle.
 */
typedef void teegate_message_fn(void *opaque, const char *text);

/*
 * teegate_open - opens the device for one guest
 * @device: its path; NULL: $TEEGATE_DEVICE, or else /dev/teegate
 *
 * OP-TEE is told of the guest at its first call that needs it, not before.
 * -ENOENT or -ENXIO: the module is not loaded; -EACCES: no permission;
 * -EPROTO: the module speaks another version of the interface.
 */
int teegate_open(const char *device, struct teegate **ret_guest);

/*
 * teegate_close - destroys the guest's partition and frees the handle
 * @guest: may be NULL
 *
 * No other thread may use @guest any more.
 */
void teegate_close(struct teegate *guest);

/* Sets (or with NULL removes) the handler; set it before the guest runs. */
void teegate_set_message_handler(struct teegate *guest,
				 teegate_message_fn *handler, void *opaque);

/* What is behind the device and the administrator's maximum per guest. */
int teegate_get_info(struct teegate *guest, struct teegate_info *ret_info);

/*
 * teegate_set_limits - restricts what the guest may use
 * @limits: counts, and pinned memory in bytes; a zero means the default
 *
 * -EBUSY: the guest has made a call already; -EPERM: above the maximum.
 */
int teegate_set_limits(struct teegate *guest,
		       const struct teegate_limits *limits);

/*
 * teegate_own_rpmb - makes this guest the owner of the RPMB until it is closed
 *
 * OP-TEE may then ask the guest for an RPMB; without it such a request is
 * refused. -EPERM: the administrator allows that to no guest (teegate.ko's
 * rpmb_guests); -EEXIST: another guest owns it; -EBUSY: the guest has made a
 * call already; -ENOTTY: the module is older than this call.
 */
int teegate_own_rpmb(struct teegate *guest);

/*
 * teegate_deny_storage - OP-TEE gets no files from this guest for its storage
 *
 * TAs that want to store something hear TEE_ERROR_STORAGE_NOT_AVAILABLE. A VMM
 * that was told so must not run its guest if this fails. -EBUSY: the guest has
 * made a call already; -ENOTTY: the module is older than this call.
 */
int teegate_deny_storage(struct teegate *guest);

/*
 * teegate_tas_add - appends trusted applications to a list
 * @tas: starts as all zeros; unchanged on error
 * @text: UUIDs as RFC 4122 writes them, separated by commas
 *
 * -EINVAL: not understood; -ENOSPC: more than TEEGATE_TAS_MAX.
 */
int teegate_tas_add(struct teegate_tas *tas, const char *text);

/*
 * teegate_set_tas - restricts to which trusted applications the guest may open
 * sessions; replaces a former list
 *
 * A VMM that was told to restrict its guest must not run it if this fails.
 * -EPERM: one of them is not for guests (policy of the mediator or of the
 * administrator); -EBUSY: the guest has made a call already; -ENOTTY: the
 * module is older than this call.
 */
int teegate_set_tas(struct teegate *guest, const struct teegate_tas *tas);

/*
 * teegate_region_set - tells where a piece of guest memory is
 * @region: addresses and size in bytes, all multiples of 4096; copied
 *
 * A slot that was given before is replaced; on error it stays as it was, and
 * a VMM that uses that memory otherwise must remove it. -EEXIST: overlaps
 * another slot; -EACCES: a device's registers are in it, not only memory.
 */
int teegate_region_set(struct teegate *guest,
		       const struct teegate_region *region);

/* Forgets a slot; one that is not known is not an error. */
int teegate_region_remove(struct teegate *guest, uint32_t slot);

/*
 * teegate_kvm_region - teegate_region_set() or _remove() in KVM's terms
 * @region: what KVM_SET_USER_MEMORY_REGION accepted; copied
 *
 * KVM's slot number is used; KVM_MEM_READONLY is honoured; a size of zero
 * removes.
 */
int teegate_kvm_region(struct teegate *guest,
		       const struct kvm_userspace_memory_region *region);

/*
 * teegate_kvm_attach - has KVM hand the guest's TEE calls to this process
 * @vm_fd: of KVM_CREATE_VM; not kept
 *
 * Installs KVM's SMCCC filter for the trusted OS's function ids. It needs no
 * handle: until there is one, teegate_kvm_exit(NULL, …) answers the guest.
 * -EBUSY: a vCPU has run already; -EEXIST: something else filters these ids;
 * -ENXIO: this kernel has no SMCCC filter (Linux before 6.4).
 */
int teegate_kvm_attach(int vm_fd);

/*
 * teegate_kvm_route - has KVM hand the guest's calls to the device itself,
 * without an exit to this process
 * @vm_fd: after teegate_kvm_attach(), before the first KVM_RUN
 *
 * Saves most of what a call costs where the kernel offers it. Everything else
 * stays as it is: some calls still come to teegate_kvm_exit(), and KVM_RUN
 * returns for signals. KVM then holds the device, so the partition goes with
 * teegate_close() and the last descriptor of the VM, whichever is later.
 * -ENXIO: not offered, which is no trouble; after any error the calls come to
 * teegate_kvm_exit() as before.
 */
int teegate_kvm_route(struct teegate *guest, int vm_fd);

/*
 * teegate_kvm_notif - gives the guest an interrupt for what OP-TEE has to tell
 * @vm_fd: its interrupt controller is there and initialized
 * @spi: of the guest's, counted from 0; nothing else's
 *
 * OP-TEE's asynchronous notifications then reach the guest, which is shown
 * that OP-TEE has them. Its device tree must tell of the interrupt, as the
 * property "interrupts" of the node TEEGATE_DT_PATH: edge-triggered, as KVM
 * raises and lowers it at once. Before the first KVM_RUN, and once. -ENXIO:
 * there are none on this host; -EAGAIN: no interrupt controller yet; -EEXIST:
 * the guest has one; -EBUSY: the guest has made a call already. After any
 * error the guest is as it was, and must do without.
 */
int teegate_kvm_notif(struct teegate *guest, int vm_fd, uint32_t spi);

/* How many of the guest's calls came that way; -ENOTTY: an older module. */
int teegate_get_routed(struct teegate *guest, uint64_t *ret_smcs);

/* 0: the kernel behind @vm_fd has what teegate_kvm_attach() needs. */
int teegate_kvm_probe(int vm_fd);

/* Is this exit (of a KVM_RUN that returned 0) one for teegate_kvm_exit()? */
bool teegate_kvm_exit_is_ours(const struct kvm_run *run);

/*
 * teegate_kvm_exit - handles a vCPU's exit if it is a call to the TEE
 * @guest: NULL answers that there is no TEE
 * @vcpu_fd: the vCPU, on the thread that runs it
 * @run: its shared page, after a KVM_RUN that returned 0
 *
 * 1: handled, the answer is in the vCPU's registers, run it again.
 * 0: not a call to the TEE; nothing was done.
 * -EINTR: a signal came before the call began. Nothing was done: call again
 * with the same @run before the next KVM_RUN, or drop the call if the vCPU
 * is reset in between.
 * Other negative values: the vCPU's registers could not be accessed; do not
 * go on with it.
 *
 * If the device refuses the call, the guest is told that the function is
 * unknown, and the message handler says why, once.
 */
int teegate_kvm_exit(struct teegate *guest, int vcpu_fd,
		     const struct kvm_run *run);

/*
 * teegate_reset - the guest was reset
 *
 * Its partition and everything in it goes; regions and limits stay. No vCPU
 * may be in teegate_kvm_exit(). Call it once per reset, after the vCPUs have
 * stopped and before the first one runs again.
 */
int teegate_reset(struct teegate *guest);

/* The guest's counters. */
int teegate_get_stats(struct teegate *guest, struct teegate_stats *ret_stats);

/* "1.0.0": the library's, not the module's. A static string. */
const char *teegate_version(void);

#ifdef __cplusplus
}
#endif

#endif /* TEEGATE_H */
