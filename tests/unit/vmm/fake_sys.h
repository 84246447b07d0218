/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fake KVM and a fake /dev/teegate behind the library's system calls. It
 * records what it is asked; a test tells it what to answer. One VM, up to
 * four vCPUs, one device at a time.
 */
#ifndef VMM_FAKE_SYS_H
#define VMM_FAKE_SYS_H

#include <linux/kvm.h>
#include <teegate.h>

#define FAKE_DEVICE_FD 100
#define FAKE_EVENTFD 101
#define FAKE_REGISTERS 8
#define FAKE_REGIONS 16

struct fake_sys {
	/* What to answer. */
	int open_result; /* 0: FAKE_DEVICE_FD */
	uint32_t abi_version, features;
	int probe_result, filter_result, smc_result, limits_result,
		region_result, remove_result, rpmb_result, storage_result,
		tas_result, route_result, eventfd_result, irqfd_result,
		notif_result;
	int get_reg_result, set_reg_result;
	struct teegate_smc smc_answer;
	/* What was asked. */
	char path[64];
	unsigned int opens, closes, resets, smcs, filters, reg_gets, reg_sets,
		rpmb_asked, storage_denied, routes;
	struct teegate_smc smc;
	struct teegate_limits limits;
	struct teegate_tas tas;
	struct teegate_region regions[FAKE_REGIONS];
	unsigned int region_count;
	uint64_t x[FAKE_REGISTERS]; /* the vCPU's */
	uint32_t filter_base[8], filter_count[8];
	uint32_t route_base[8], route_count[8];
	unsigned int eventfds, irqfds, irqfds_gone, notifs;
	uint32_t spi; /* of the last irqfd */
};

extern struct fake_sys fake;

void fake_sys_init(void);

/* Makes @run a hypercall exit. @smc: by SMC, not HVC. */
void fake_run_hypercall(struct kvm_run *run, uint64_t nr, bool smc);

#endif
