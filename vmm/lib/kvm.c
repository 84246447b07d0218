// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between KVM and /dev/teegate: the SMCCC filter, memory slots, and a vCPU's
 * exit turned into a call and its answer. The guest's calls are not judged
 * here; the module does that. What is certain here is that every register
 * the guest gets back has been given a value (I9), whatever goes wrong.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "kvm_abi.h"
#include "sys.h"

/* What OP-TEE answers to an SMC that it does not know. */
#define SMC_UNKNOWN_FUNCTION 0xffffffffu
/* SMCCC's NOT_SUPPORTED: what KVM itself says to an HVC that nobody wants. */
#define HVC_NOT_SUPPORTED UINT64_MAX

#define ANSWER_COUNT 4

int teegate_kvm_probe(int vm_fd)
{
	struct kvm_device_attr attr = {
		.group = KVM_ARM_VM_SMCCC_CTRL,
		.attr = KVM_ARM_VM_SMCCC_FILTER,
	};
	int ret = tg_sys_ioctl(vm_fd, KVM_HAS_DEVICE_ATTR, &attr);

	/* Kernels without VM attributes say ENOTTY or EINVAL instead. */
	return ret == -ENOTTY || ret == -EINVAL || ret > 0 ? -ENXIO : ret;
}

int teegate_kvm_attach(int vm_fd)
{
	struct kvm_smccc_filter filter;
	struct kvm_device_attr attr = {
		.group = KVM_ARM_VM_SMCCC_CTRL,
		.attr = KVM_ARM_VM_SMCCC_FILTER,
		.addr = (uintptr_t)&filter,
	};
	uint32_t base, count;
	unsigned int n;
	int ret = teegate_kvm_probe(vm_fd);

	for (n = 0; ret >= 0 && tg_function_range(n, &base, &count); n++) {
		memset(&filter, 0, sizeof(filter));
		filter.base = base;
		filter.nr_functions = count;
		filter.action = KVM_SMCCC_FILTER_FWD_TO_USER;
		ret = tg_sys_ioctl(vm_fd, KVM_SET_DEVICE_ATTR, &attr);
	}
	return ret < 0 ? ret : 0;
}

int teegate_kvm_route(struct teegate *guest, int vm_fd)
{
	struct tg_kvm_smccc_route route;
	struct kvm_device_attr attr = {
		.group = KVM_ARM_VM_SMCCC_CTRL,
		.attr = TG_KVM_ARM_VM_SMCCC_ROUTE,
		.addr = (uintptr_t)&route,
	};
	struct teegate_info info;
	uint32_t base, count;
	unsigned int n;
	int ret = teegate_get_info(guest, &info);

	if (ret == 0 && !(info.features & TEEGATE_FEATURE_ROUTE))
		ret = -ENXIO;
	for (n = 0; ret >= 0 && tg_function_range(n, &base, &count); n++) {
		memset(&route, 0, sizeof(route));
		route.base = base;
		route.nr_functions = count;
		route.fd = guest->fd;
		ret = tg_sys_ioctl(vm_fd, KVM_SET_DEVICE_ATTR, &attr);
	}
	return ret < 0 ? ret : 0;
}

static int notif_bind(struct teegate *guest, int vm_fd, int eventfd,
		      uint32_t spi)
{
	struct kvm_irqfd irqfd = { .fd = (uint32_t)eventfd, .gsi = spi };
	struct teegate_notif notif = { .eventfd = eventfd };
	int ret = tg_sys_ioctl(vm_fd, KVM_IRQFD, &irqfd);

	if (ret < 0)
		return ret;
	ret = tg_sys_ioctl(guest->fd, TEEGATE_SET_NOTIF, &notif);
	if (ret >= 0)
		return 0;
	irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
	(void)tg_sys_ioctl(vm_fd, KVM_IRQFD, &irqfd);
	return ret;
}

/* With an eventfd that is closed again on any error: KVM lets go of it then. */
static int notif_make(struct teegate *guest, int vm_fd, uint32_t spi)
{
	struct teegate_info info;
	int ret = teegate_get_info(guest, &info);
	int eventfd;

	if (ret < 0)
		return ret;
	if (!(info.features & TEEGATE_FEATURE_NOTIF))
		return -ENXIO;
	eventfd = tg_sys_eventfd();
	if (eventfd < 0)
		return eventfd;
	ret = notif_bind(guest, vm_fd, eventfd, spi);
	if (ret < 0) {
		tg_sys_close(eventfd);
		return ret;
	}
	return eventfd;
}

int teegate_kvm_notif(struct teegate *guest, int vm_fd, uint32_t spi)
{
	int none = TG_NOTIF_NONE;
	int ret;

	/* The device would take a second one in place of the first. */
	if (!atomic_compare_exchange_strong(&guest->notif_fd, &none,
					    TG_NOTIF_CLAIMED))
		return -EEXIST;
	ret = notif_make(guest, vm_fd, spi);
	atomic_store(&guest->notif_fd, ret < 0 ? TG_NOTIF_NONE : ret);
	return ret < 0 ? ret : 0;
}

int teegate_kvm_region(struct teegate *guest,
		       const struct kvm_userspace_memory_region *region)
{
	struct teegate_region out = { .slot = region->slot };

	if (!region->memory_size)
		return teegate_region_remove(guest, region->slot);
	if (region->flags & KVM_MEM_READONLY)
		out.flags |= TEEGATE_REGION_READONLY;
	out.gpa = region->guest_phys_addr;
	out.bytes = region->memory_size;
	out.hva = region->userspace_addr;
	return teegate_region_set(guest, &out);
}

static int reg_access(int vcpu_fd, unsigned long request, unsigned int n,
		      uint64_t *value)
{
	struct kvm_one_reg reg = { .id = tg_kvm_reg_x(n),
				   .addr = (uintptr_t)value };
	int ret = tg_sys_ioctl(vcpu_fd, request, &reg);

	return ret < 0 ? ret : 0;
}

/* Reads what the function uses; the rest of @smc stays zero (I9). */
static int smc_fetch(int vcpu_fd, uint32_t function, unsigned int inputs,
		     struct teegate_smc *smc)
{
	unsigned int n;
	uint64_t value;
	int ret;

	smc->x[0] = function;
	for (n = 1; n < 8; n++) {
		if (!(inputs & 1u << n))
			continue;
		ret = reg_access(vcpu_fd, KVM_GET_ONE_REG, n, &value);
		if (ret < 0)
			return ret;
		smc->x[n] = value;
	}
	return 0;
}

/* @known: registers that hold in @before what the vCPU has; saves a call where equal. */
static int answer(int vcpu_fd, const struct teegate_smc *after,
		  unsigned int known, const struct teegate_smc *before)
{
	unsigned int n;
	uint64_t value;
	int ret;

	for (n = 0; n < ANSWER_COUNT; n++) {
		value = after->x[n];
		if ((known & 1u << n) && before->x[n] == value)
			continue;
		ret = reg_access(vcpu_fd, KVM_SET_ONE_REG, n, &value);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int answer_error(int vcpu_fd, uint64_t x0)
{
	struct teegate_smc after = { .x = { x0 } };

	return answer(vcpu_fd, &after, 0, &after);
}

static void report_refused(struct teegate *guest, int err)
{
	const char *hint = "";

	if (err == -EPERM)
		hint = " (the device belongs to the process that opened it, which must not have forked since)";
	else if (err == -ENOMEM)
		hint = " (the host is out of memory, or of what this process may lock: see ulimit -l)";
	else if (err == -ENODEV || err == -EIO)
		hint = " (OP-TEE is gone: see the host's kernel log)";
	tg_message(
		guest, TG_TROUBLE_SMC_REFUSED,
		"/dev/teegate refused a guest's call: %s%s; the guest is told that the function is unknown",
		strerror(-err), hint);
}

static int smc_call(struct teegate *guest, int vcpu_fd, uint32_t function)
{
	unsigned int inputs = tg_function_inputs(function);
	struct teegate_smc smc = { 0 }, before;
	int ret = smc_fetch(vcpu_fd, function, inputs, &smc);

	if (ret < 0)
		return ret;
	before = smc;
	ret = tg_sys_ioctl(guest->fd, TEEGATE_SMC, &smc);
	if (ret == -EINTR)
		return ret;
	if (ret < 0) {
		report_refused(guest, ret);
		return answer_error(vcpu_fd, SMC_UNKNOWN_FUNCTION);
	}
	if (smc.events & TEEGATE_EVENT_NO_PARTITION)
		tg_message(
			guest, TG_TROUBLE_NO_PARTITION,
			"OP-TEE has no partition free for this guest: stop another guest that uses it, or use an OP-TEE "
			"built with a larger CFG_VIRT_GUEST_COUNT; the guest boots without a TEE");
	return answer(vcpu_fd, &smc, inputs, &before);
}

bool teegate_kvm_exit_is_ours(const struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_HYPERCALL &&
	       tg_function_is_ours(run->hypercall.nr);
}

int teegate_kvm_exit(struct teegate *guest, int vcpu_fd,
		     const struct kvm_run *run)
{
	int ret;

	if (!teegate_kvm_exit_is_ours(run))
		return 0;
	/* KVM has advanced the program counter past the instruction. */
	if (!(tg_kvm_hypercall_flags(run) & KVM_HYPERCALL_EXIT_SMC)) {
		tg_message(
			guest, TG_TROUBLE_HVC,
			"the guest called OP-TEE by HVC, which is refused: its device tree must say method = \"smc\"");
		ret = answer_error(vcpu_fd, HVC_NOT_SUPPORTED);
	} else if (!guest) {
		ret = answer_error(vcpu_fd, SMC_UNKNOWN_FUNCTION);
	} else {
		ret = smc_call(guest, vcpu_fd, (uint32_t)run->hypercall.nr);
	}
	return ret < 0 ? ret : 1;
}
