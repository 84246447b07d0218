// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the preload does with a VM's life: filter its calls when it is made,
 * open the device when it gets its first memory, follow its memory slots,
 * run its vCPUs, notice its reset, let go of it. Which ioctl() of the VMM
 * means what is ioctl.c's business.
 *
 * QEMU makes VMs and vCPUs only to look at the host's abilities. They are
 * filtered like any other, which costs nothing, but never get memory, and so
 * never open the device.
 *
 * One lock covers making, changing and closing, all of which are rare. It is
 * never held while a vCPU runs or OP-TEE works.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/kvm_abi.h"
#include "preload.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t owner;
static bool attach_failed;

static void library_message(void *opaque, const char *text)
{
	(void)opaque;
	tgp_say("%s", text);
}

static void vm_put_locked(struct tgp_vm *vm)
{
	if (--vm->fds_open)
		return;
	/* No descriptor, hence no thread that may still be in a call. */
	teegate_close(atomic_exchange(&vm->guest, NULL));
	tgp_slots_fini(&vm->slots);
}

static void retire_locked(int fd)
{
	struct tgp_object *object = tgp_object_retire(fd);
	struct tgp_vcpu *vcpu;

	if (!object)
		return;
	vcpu = object->vcpu;
	if (!vcpu)
		object->vm->fd = -1;
	/* The mapping would keep the VM alive in the kernel. */
	if (vcpu && vcpu->run) {
		munmap((void *)vcpu->run, (size_t)sysconf(_SC_PAGESIZE));
		vcpu->run = NULL;
	}
	vm_put_locked(object->vm);
}

static void say_attach_failed(int err)
{
	if (attach_failed)
		return;
	attach_failed = true;
	if (err == -ENXIO)
		tgp_say("this kernel's KVM cannot hand calls to user space: use Linux 6.4 or later; "
			"the guest boots without a TEE");
	else
		tgp_say("KVM refused the SMCCC filter: %s; the guest boots without a TEE",
			strerror(-err));
}

/*
 * Programs that the VMM starts are not to get this library. A wrapper that
 * becomes the VMM is: so this waits until the process turns out to be one.
 */
static void environment_clean(void)
{
	char *list = getenv("LD_PRELOAD");

	if (!list)
		return;
	tgp_preload_list_strip(list);
	if (!*list)
		unsetenv("LD_PRELOAD");
}

void tgp_vm_created(int vm_fd)
{
	struct tgp_vm *vm = calloc(1, sizeof(*vm));
	int ret = teegate_kvm_attach(vm_fd);

	if (!vm) {
		tgp_say("out of memory for a VM; the guest boots without a TEE");
		return;
	}
	vm->filtered = ret == 0;
	vm->fds_open = 1;
	vm->fd = vm_fd;
	pthread_mutex_lock(&lock);
	if (!owner)
		environment_clean();
	owner = getpid();
	if (ret < 0)
		say_attach_failed(ret);
	retire_locked(vm_fd);
	ret = tgp_object_insert(vm_fd, vm, NULL);
	pthread_mutex_unlock(&lock);
	if (ret < 0) {
		tgp_say("cannot follow the VM: %s; the guest boots without a TEE",
			strerror(-ret));
		free(vm);
	}
}

void tgp_vcpu_created(struct tgp_vm *vm, int vcpu_fd)
{
	struct tgp_vcpu *vcpu = calloc(1, sizeof(*vcpu));
	int ret = -ENOMEM;

	pthread_mutex_lock(&lock);
	retire_locked(vcpu_fd);
	if (vcpu) {
		vcpu->vm = vm;
		ret = tgp_object_insert(vcpu_fd, vm, vcpu);
	}
	if (ret == 0)
		vm->fds_open++;
	pthread_mutex_unlock(&lock);
	if (ret < 0) {
		tgp_say("cannot follow a vCPU: %s; its calls to OP-TEE will not be answered",
			strerror(-ret));
		free(vcpu);
	}
}

static void say_region(const struct kvm_userspace_memory_region *region,
		       int err)
{
	tgp_say("guest memory at 0x%llx (%llu bytes) is out of OP-TEE's reach: %s; the guest cannot share it",
		(unsigned long long)region->guest_phys_addr,
		(unsigned long long)region->memory_size, strerror(-err));
}

/*
 * KVM has accepted the change. If the device does not, it must not go on with
 * what the slot was before: the VMM may soon use that memory for itself.
 */
static void push_region(struct teegate *guest,
			const struct kvm_userspace_memory_region *region)
{
	int ret = teegate_kvm_region(guest, region);

	if (ret >= 0)
		return;
	if (region->memory_size)
		teegate_region_remove(guest, region->slot);
	/* A device's registers: nobody expected to share these. */
	if (ret != -EACCES)
		say_region(region, ret);
}

/* A guest that may use more than it should is worse than one without a TEE. */
static bool restricted(int ret, const char *what, const char *help)
{
	if (ret < 0)
		tgp_say("%s were refused: %s; `%s` says what to do; the guest boots without a TEE",
			what, strerror(-ret), help);
	return ret == 0;
}

static bool apply_limits(struct teegate *guest)
{
	const char *text = getenv(TGP_LIMITS_ENV);
	struct teegate_limits limits;
	int ret = -EINVAL;

	if (!text)
		return true;
	if (tgp_limits_parse(text, &limits))
		ret = teegate_set_limits(guest, &limits);
	return restricted(ret, "the limits in $" TGP_LIMITS_ENV,
			  "teegate info");
}

static bool apply_tas(struct teegate *guest)
{
	const char *text = getenv(TGP_TAS_ENV);
	struct teegate_tas tas = { 0 };
	int ret;

	if (!text)
		return true;
	ret = teegate_tas_add(&tas, text);
	if (ret == 0)
		ret = teegate_set_tas(guest, &tas);
	return restricted(ret, "the trusted applications in $" TGP_TAS_ENV,
			  "teegate run --ta");
}

static bool apply_storage(struct teegate *guest)
{
	const char *text = getenv(TGP_STORAGE_ENV);
	int ret = -EINVAL;

	if (!text || !*text)
		return true;
	if (strcmp(text, "none") == 0)
		ret = teegate_deny_storage(guest);
	return restricted(ret, "the restrictions in $" TGP_STORAGE_ENV,
			  "teegate run --no-storage");
}

/* A guest without what it was promised is better than none; say so. */
static void apply_rpmb(struct teegate *guest)
{
	const char *text = getenv(TGP_RPMB_ENV);
	int ret;

	if (!text || !*text)
		return;
	ret = strcmp(text, "own") == 0 ? teegate_own_rpmb(guest) : -EINVAL;
	if (ret < 0)
		tgp_say("$" TGP_RPMB_ENV
			": the guest does not get the RPMB: %s; `teegate run --rpmb` says what to do",
			strerror(-ret));
}

static void open_locked(struct tgp_vm *vm, int vm_fd)
{
	struct teegate *guest = NULL;
	int ret;

	vm->opened = true;
	ret = teegate_open(NULL, &guest);
	if (ret < 0) {
		tgp_say("cannot open %s: %s; start QEMU with `teegate run`, which says what to do; "
			"the guest boots without a TEE",
			getenv(TEEGATE_DEVICE_ENV) ?: TEEGATE_DEVICE_DEFAULT,
			strerror(-ret));
		return;
	}
	teegate_set_message_handler(guest, library_message, NULL);
	if (!apply_limits(guest) || !apply_tas(guest) ||
	    !apply_storage(guest)) {
		teegate_close(guest);
		return;
	}
	apply_rpmb(guest);
	/* Where this fails, calls come out of KVM_RUN. */
	(void)teegate_kvm_route(guest, vm_fd);
	atomic_store(&vm->guest, guest);
}

static void region_accepted_locked(struct tgp_vm *vm, int vm_fd,
				   const void *arg)
{
	struct kvm_userspace_memory_region region;
	enum tgp_slot_change change;
	struct teegate *guest;

	/* The second form begins like the first. */
	memcpy(&region, arg, sizeof(region));
	/*
	 * What is in a guest_memfd may be private to the guest from one moment
	 * to the next, and is then not what the VMM has mapped.
	 */
	if (region.flags & KVM_MEM_GUEST_MEMFD)
		region.memory_size = 0;
	change = tgp_slots_set(&vm->slots, &region);
	if (vm->filtered && !vm->opened && region.memory_size)
		open_locked(vm, vm_fd);
	guest = atomic_load(&vm->guest);
	if (change == TGP_SLOT_NO_ROOM)
		say_region(&region, -ENOSPC);
	else if (guest && change == TGP_SLOT_CHANGED)
		push_region(guest, &region);
}

/*
 * The guest's interrupt for notifications: now, as the VMM has an interrupt
 * controller by the time that it runs a vCPU, and no guest has called yet.
 * Without it the guest has all but that.
 */
static void start_locked(struct tgp_vm *vm)
{
	struct teegate *guest = atomic_load(&vm->guest);
	const char *text = getenv(TGP_NOTIF_ENV);
	uint32_t spi;
	int ret = -EINVAL;

	vm->started = true;
	if (!guest || !text || !*text || vm->fd < 0)
		return;
	if (tgp_spi_parse(text, &spi))
		ret = teegate_kvm_notif(guest, vm->fd, spi);
	if (ret < 0)
		tgp_say("$" TGP_NOTIF_ENV
			": no interrupt for OP-TEE's notifications: %s; the guest does without them",
			strerror(-ret));
}

static void start(struct tgp_vm *vm)
{
	pthread_mutex_lock(&lock);
	if (!vm->started)
		start_locked(vm);
	pthread_mutex_unlock(&lock);
}

/*
 * The lock is held from before KVM is asked: of two threads that change the
 * same slot, the device hears in the order in which KVM did.
 */
int tgp_vm_memory(struct tgp_vm *vm, int vm_fd, unsigned long request,
		  void *arg)
{
	int ret, saved;

	pthread_mutex_lock(&lock);
	ret = tgp_real_ioctl(vm_fd, request, arg);
	saved = errno;
	if (ret >= 0)
		region_accepted_locked(vm, vm_fd, arg);
	pthread_mutex_unlock(&lock);
	errno = saved;
	return ret;
}

void tgp_vcpu_init(struct tgp_vcpu *vcpu)
{
	struct teegate *guest = atomic_load(&vcpu->vm->guest);
	int ret;

	/* A call that a signal put off belongs to the life before the reset. */
	atomic_store(&vcpu->pending, false);
	/*
	 * All vCPUs are set up anew at a reset, and none runs meanwhile: the
	 * first one to come here stands for all.
	 */
	if (!atomic_exchange(&vcpu->vm->ran, false) || !guest)
		return;
	ret = teegate_reset(guest);
	if (ret < 0)
		tgp_say("the guest was reset but its partition in OP-TEE was not: %s; "
			"end this QEMU and start it again",
			strerror(-ret));
}

void tgp_fd_closing(int fd)
{
	/* A child after fork() or vfork() closes what it inherited: not ours. */
	if (getpid() != owner)
		return;
	pthread_mutex_lock(&lock);
	retire_locked(fd);
	pthread_mutex_unlock(&lock);
}

static bool map_run(struct tgp_vcpu *vcpu, int vcpu_fd)
{
	void *run = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ,
			 MAP_SHARED, vcpu_fd, 0);

	if (run == MAP_FAILED) {
		tgp_say("cannot map a vCPU's state: %s; the guest cannot run",
			strerror(errno));
		return false;
	}
	vcpu->run = run;
	return true;
}

int tgp_vcpu_run(struct tgp_vcpu *vcpu, int vcpu_fd, void *arg)
{
	struct tgp_vm *vm = vcpu->vm;
	int ret;

	if (!vcpu->run && !map_run(vcpu, vcpu_fd))
		return -1;
	if (!atomic_load_explicit(&vm->ran, memory_order_acquire)) {
		/* Other vCPUs wait until the first one has come by here. */
		start(vm);
		atomic_store(&vm->ran, true);
	}
	for (;;) {
		if (atomic_load_explicit(&vcpu->pending,
					 memory_order_relaxed)) {
			ret = teegate_kvm_exit(atomic_load(&vm->guest), vcpu_fd,
					       vcpu->run);
			if (ret < 0) {
				/* EINTR: the VMM has something to do first. */
				errno = -ret;
				return -1;
			}
			atomic_store(&vcpu->pending, false);
		}
		/* KVM looks at immediate_exit and at signals itself. */
		ret = tgp_real_ioctl(vcpu_fd, KVM_RUN, arg);
		if (ret || !teegate_kvm_exit_is_ours(vcpu->run))
			return ret;
		atomic_store(&vcpu->pending, true);
	}
}
