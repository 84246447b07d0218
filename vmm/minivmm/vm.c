// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine: KVM VM, memory, interrupt controller, and where libteegate comes
 * in. The processors are in vcpu.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "minivmm.h"

#define RAM_SLOT 0
#define ROM_SLOT 1
#define IRQS 64 /* 32 private ones and the shared ones */

static bool kvm_create(struct vm *vm)
{
	int bits;

	vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd < 0)
		return fail("cannot open /dev/kvm: %s", strerror(errno));
	bits = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
	vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM,
		       bits > 0 && bits < 40 ? (unsigned long)bits : 0ul);
	if (vm->fd < 0)
		return fail("KVM makes no VM: %s", strerror(errno));
	vm->run_bytes = (size_t)ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	return true;
}

/* KVM and teegate are told of the same memory. */
static bool region_set(struct vm *vm,
		       const struct kvm_userspace_memory_region *region)
{
	int ret;

	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, region))
		return fail("KVM refuses the guest's memory: %s",
			    strerror(errno));
	if (!vm->guest)
		return true;
	ret = teegate_kvm_region(vm->guest, region);
	return ret < 0 ? fail("teegate refuses the guest's memory: %s",
			      strerror(-ret)) :
			 true;
}

static bool ram_create(struct vm *vm)
{
	struct kvm_userspace_memory_region region = {
		.slot = RAM_SLOT,
		.guest_phys_addr = vm->config.ram_base,
		.memory_size = vm->config.ram_bytes,
	};
	void *ram = mmap(NULL, vm->config.ram_bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (ram == MAP_FAILED)
		return fail("no memory for the guest: %s", strerror(errno));
	vm->ram = ram;
	region.userspace_addr = (uintptr_t)ram;
	return region_set(vm, &region);
}

static bool rom_create(struct vm *vm)
{
	struct kvm_userspace_memory_region region = {
		.slot = ROM_SLOT,
		.flags = KVM_MEM_READONLY,
		.guest_phys_addr = ROM_BASE,
	};
	void *rom;

	if (!vm->config.rom)
		return true;
	rom = loader_rom(vm);
	if (!rom)
		return false;
	region.userspace_addr = (uintptr_t)rom;
	region.memory_size = vm->rom_bytes;
	return region_set(vm, &region);
}

static void tee_message(void *opaque, const char *text)
{
	(void)opaque;
	fprintf(stderr, "minivmm: %s\n", text);
}

static bool tee_create(struct vm *vm)
{
	int ret = teegate_open(vm->config.device, &vm->guest);

	if (ret < 0)
		return fail(
			"cannot open teegate's device: %s; `teegate info` says what to do",
			strerror(-ret));
	teegate_set_message_handler(vm->guest, tee_message, NULL);
	ret = vm->config.no_storage ? teegate_deny_storage(vm->guest) : 0;
	if (ret < 0)
		return fail("teegate refuses --no-storage: %s", strerror(-ret));
	ret = teegate_kvm_attach(vm->fd);
	if (ret < 0)
		return fail(
			"KVM cannot hand over the guest's calls: %s; Linux 6.4 or later is needed",
			strerror(-ret));
	/* Where this fails, calls come out of KVM_RUN. */
	(void)teegate_kvm_route(vm->guest, vm->fd);
	return true;
}

/* After the interrupt controller; without it the guest has all but this. */
static void tee_notif(struct vm *vm)
{
	int ret = teegate_kvm_notif(vm->guest, vm->fd, TEE_SPI);

	vm->notif = ret == 0;
	if (ret < 0 && ret != -ENXIO)
		fprintf(stderr, "minivmm: no notifications by OP-TEE: %s\n",
			strerror(-ret));
}

static bool gic_attr(int gic_fd, uint32_t group, uint64_t attr, void *value)
{
	struct kvm_device_attr a = { .group = group,
				     .attr = attr,
				     .addr = (uintptr_t)value };

	if (ioctl(gic_fd, KVM_SET_DEVICE_ATTR, &a))
		return fail(
			"the interrupt controller refuses attribute %u:%llu: %s",
			group, (unsigned long long)attr, strerror(errno));
	return true;
}

/* After the vCPUs: its size depends on their number. */
static bool gic_create(struct vm *vm)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	uint64_t dist = GICD_BASE;
	uint64_t cpu = GICR_BASE;
	uint32_t irqs = IRQS;
	uint64_t cpu_type = KVM_VGIC_V3_ADDR_TYPE_REDIST,
		 dist_type = KVM_VGIC_V3_ADDR_TYPE_DIST;

	vm->gic_v3 = ioctl(vm->fd, KVM_CREATE_DEVICE, &device) == 0;
	if (!vm->gic_v3) {
		device.type = KVM_DEV_TYPE_ARM_VGIC_V2;
		cpu = GICC_BASE;
		cpu_type = KVM_VGIC_V2_ADDR_TYPE_CPU;
		dist_type = KVM_VGIC_V2_ADDR_TYPE_DIST;
		if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device))
			return fail("KVM has no interrupt controller: %s",
				    strerror(errno));
	}
	return gic_attr((int)device.fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0,
			&irqs) &&
	       gic_attr((int)device.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, dist_type,
			&dist) &&
	       gic_attr((int)device.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, cpu_type,
			&cpu) &&
	       gic_attr((int)device.fd, KVM_DEV_ARM_VGIC_GRP_CTRL,
			KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

bool vm_create(struct vm *vm)
{
	if (!kvm_create(vm) || (vm->config.tee && !tee_create(vm)) ||
	    !ram_create(vm) || !rom_create(vm) || !vcpus_create(vm) ||
	    !gic_create(vm))
		return false;
	if (vm->guest)
		tee_notif(vm);
	uart_init(&vm->uart, vm->fd);
	return true;
}

bool vm_load(struct vm *vm)
{
	static bool loaded;
	int ret;

	if (loaded) {
		/* The old life's secrets and its partition go together. */
		ret = vm->guest ? teegate_reset(vm->guest) : 0;
		if (ret < 0)
			return fail("the TEE was not reset: %s",
				    strerror(-ret));
		if (madvise(vm->ram, vm->config.ram_bytes, MADV_DONTNEED))
			return fail("cannot empty the guest's memory: %s",
				    strerror(errno));
		uart_init(&vm->uart, vm->fd);
		vm->restarts++;
	}
	loaded = true;
	return loader_kernel(vm) && loader_initrd(vm) && guest_dtb(vm) &&
	       vcpus_init(vm);
}

void vm_destroy(struct vm *vm)
{
	/* The process ends and the kernel frees everything; this only shows the order. */
	teegate_close(vm->guest);
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm_fd >= 0)
		close(vm->kvm_fd);
}
