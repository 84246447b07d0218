// SPDX-License-Identifier: BSD-2-Clause
/*
 * The fake behind fake_sys.h. Requests that no test expects fail with
 * -ENOTTY, like on a real file.
 */
#include <stdio.h>

#include "../../../vmm/lib/kvm_abi.h"
#include "../../../vmm/lib/sys.h"
#include "fake_sys.h"
#include "test.h"

struct fake_sys fake;

void fake_sys_init(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.abi_version = TEEGATE_ABI_VERSION;
}

void fake_run_hypercall(struct kvm_run *run, uint64_t nr, bool smc)
{
	uint64_t flags = smc ? KVM_HYPERCALL_EXIT_SMC : 0;

	memset(run, 0, sizeof(*run));
	run->exit_reason = KVM_EXIT_HYPERCALL;
	run->hypercall.nr = nr;
	memcpy(&run->hypercall.longmode, &flags, sizeof(flags));
}

int tg_sys_open(const char *path)
{
	snprintf(fake.path, sizeof(fake.path), "%s", path);
	if (fake.open_result)
		return fake.open_result;
	fake.opens++;
	return FAKE_DEVICE_FD;
}

int tg_sys_close(int fd)
{
	if (fd == FAKE_EVENTFD) {
		assert_true(fake.eventfds > 0);
		fake.eventfds--;
		return 0;
	}
	assert_int_equal(fd, FAKE_DEVICE_FD);
	fake.closes++;
	return 0;
}

int tg_sys_eventfd(void)
{
	if (fake.eventfd_result)
		return fake.eventfd_result;
	fake.eventfds++;
	return FAKE_EVENTFD;
}

/* KVM wants its interrupt controller first. */
static int irqfd_ioctl(const struct kvm_irqfd *irqfd)
{
	assert_int_equal(irqfd->fd, FAKE_EVENTFD);
	assert_int_equal(irqfd->flags & ~KVM_IRQFD_FLAG_DEASSIGN, 0);
	if (irqfd->flags) {
		fake.irqfds_gone++;
		return 0;
	}
	fake.spi = irqfd->gsi;
	fake.irqfds++;
	return fake.irqfd_result;
}

/* The guest's driver must not see what it could not be interrupted for. */
static int notif_ioctl(const struct teegate_notif *notif)
{
	assert_int_equal(notif->eventfd, FAKE_EVENTFD);
	assert_int_equal(notif->pad, 0);
	assert_true(fake.irqfds > fake.irqfds_gone);
	fake.notifs++;
	return fake.notif_result;
}

static unsigned int register_number(uint64_t id)
{
	unsigned int n;

	for (n = 0; n < FAKE_REGISTERS && tg_kvm_reg_x(n) != id; n++)
		;
	assert_true(n < FAKE_REGISTERS);
	return n;
}

static int register_ioctl(unsigned long request, const struct kvm_one_reg *reg)
{
	uint64_t *value = (uint64_t *)(uintptr_t)reg->addr;
	unsigned int n = register_number(reg->id);

	if (request == KVM_GET_ONE_REG) {
		fake.reg_gets++;
		*value = fake.x[n];
		return fake.get_reg_result;
	}
	fake.reg_sets++;
	if (!fake.set_reg_result)
		fake.x[n] = *value;
	return fake.set_reg_result;
}

static int filter_ioctl(const struct kvm_device_attr *attr)
{
	const struct kvm_smccc_filter *filter =
		(const void *)(uintptr_t)attr->addr;

	assert_int_equal(filter->action, KVM_SMCCC_FILTER_FWD_TO_USER);
	if (fake.filters < ARRAY_COUNT(fake.filter_base)) {
		fake.filter_base[fake.filters] = filter->base;
		fake.filter_count[fake.filters] = filter->nr_functions;
	}
	fake.filters++;
	return fake.filter_result;
}

/* Only what was filtered before can be routed. */
static int route_ioctl(const struct kvm_device_attr *attr)
{
	const struct tg_kvm_smccc_route *route =
		(const void *)(uintptr_t)attr->addr;

	assert_int_equal(route->fd, FAKE_DEVICE_FD);
	assert_int_equal(route->flags | route->pad[0] | route->pad[1], 0);
	assert_true(fake.routes < ARRAY_COUNT(fake.route_base));
	assert_int_equal(route->base, fake.filter_base[fake.routes]);
	fake.route_base[fake.routes] = route->base;
	fake.route_count[fake.routes] = route->nr_functions;
	fake.routes++;
	return fake.route_result;
}

static int attr_ioctl(const struct kvm_device_attr *attr)
{
	assert_int_equal(attr->group, KVM_ARM_VM_SMCCC_CTRL);
	return attr->attr == TG_KVM_ARM_VM_SMCCC_ROUTE ? route_ioctl(attr) :
							 filter_ioctl(attr);
}

static int region_ioctl(const struct teegate_region *region)
{
	if (fake.region_count < FAKE_REGIONS)
		fake.regions[fake.region_count] = *region;
	fake.region_count++;
	return region->bytes ? fake.region_result : fake.remove_result;
}

static int smc_ioctl(struct teegate_smc *smc)
{
	fake.smcs++;
	fake.smc = *smc;
	if (fake.smc_result)
		return fake.smc_result;
	memcpy(smc->x, fake.smc_answer.x, 4 * sizeof(smc->x[0]));
	smc->events = fake.smc_answer.events;
	return 0;
}

static int device_ioctl(unsigned long request, void *arg)
{
	switch (request) {
	case TEEGATE_GET_INFO:
		((struct teegate_info *)arg)->abi_version = fake.abi_version;
		((struct teegate_info *)arg)->features = fake.features;
		return 0;
	case TEEGATE_SET_LIMITS:
		fake.limits = *(struct teegate_limits *)arg;
		return fake.limits_result;
	case TEEGATE_SET_REGION:
		return region_ioctl(arg);
	case TEEGATE_SMC:
		return smc_ioctl(arg);
	case TEEGATE_RESET:
		assert_null(arg);
		fake.resets++;
		return 0;
	case TEEGATE_OWN_RPMB:
		assert_null(arg);
		fake.rpmb_asked++;
		return fake.rpmb_result;
	case TEEGATE_DENY_STORAGE:
		assert_null(arg);
		fake.storage_denied++;
		return fake.storage_result;
	case TEEGATE_SET_NOTIF:
		return notif_ioctl(arg);
	case TEEGATE_SET_TAS:
		fake.tas = *(struct teegate_tas *)arg;
		return fake.tas_result;
	case TEEGATE_GET_STATS:
		((struct teegate_stats *)arg)->smcs = fake.smcs;
		return 0;
	case TEEGATE_GET_ROUTE:
		((struct teegate_route *)arg)->smcs = fake.smcs;
		return 0;
	}
	return -ENOTTY;
}

int tg_sys_ioctl(int fd, unsigned long request, void *arg)
{
	if (fd == FAKE_DEVICE_FD)
		return device_ioctl(request, arg);
	switch (request) {
	case KVM_HAS_DEVICE_ATTR:
		return fake.probe_result;
	case KVM_IRQFD:
		return irqfd_ioctl(arg);
	case KVM_SET_DEVICE_ATTR:
		return attr_ioctl(arg);
	case KVM_GET_ONE_REG:
	case KVM_SET_ONE_REG:
		return register_ioctl(request, arg);
	}
	return -ENOTTY;
}
