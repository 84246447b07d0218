// SPDX-License-Identifier: BSD-2-Clause
/*
 * The processors: a thread each, their exits, starting and stopping. The one
 * line that a VMM needs for a guest's calls into OP-TEE is in vcpu_exit().
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "minivmm.h"

#define KICK_SIGNAL SIGUSR1

#define REG_CORE(member)                                       \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
	 KVM_REG_ARM_CORE_REG(member))

/* The calling thread's; for the signal handler. */
static __thread struct kvm_run *current_run;

static void kicked(int signal)
{
	(void)signal;
	if (current_run)
		current_run->immediate_exit = 1;
}

bool vcpus_create(struct vm *vm)
{
	struct sigaction action = { .sa_handler = kicked };
	unsigned int n;

	/* No SA_RESTART: a call into OP-TEE is to return, too. */
	sigaction(KICK_SIGNAL, &action, NULL);
	for (n = 0; n < vm->config.cpus; n++) {
		struct vcpu *vcpu = &vm->vcpus[n];

		vcpu->vm = vm;
		vcpu->index = n;
		vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)n);
		if (vcpu->fd < 0)
			return fail("KVM makes no vCPU %u: %s", n,
				    strerror(errno));
		vcpu->run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE,
				 MAP_SHARED, vcpu->fd, 0);
		if (vcpu->run == MAP_FAILED)
			return fail("cannot map vCPU %u: %s", n,
				    strerror(errno));
	}
	/* The interrupt controller wants initialised vCPUs. */
	return vcpus_init(vm);
}

static bool reg_set(const struct vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	if (ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg))
		return fail("cannot set a register of vCPU %u: %s", vcpu->index,
			    strerror(errno));
	return true;
}

bool vcpus_init(struct vm *vm)
{
	struct kvm_vcpu_init init;
	unsigned int n;

	memset(&init, 0, sizeof(init));
	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init))
		return fail("KVM knows no processor for this machine: %s",
			    strerror(errno));
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	for (n = 0; n < vm->config.cpus; n++) {
		/* All but the first wait for the guest's CPU_ON. */
		if (n == 1)
			init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
		if (ioctl(vm->vcpus[n].fd, KVM_ARM_VCPU_INIT, &init))
			return fail("KVM does not set up vCPU %u: %s", n,
				    strerror(errno));
	}
	return reg_set(&vm->vcpus[0], REG_CORE(regs.regs[0]), vm->dtb_gpa) &&
	       reg_set(&vm->vcpus[0], REG_CORE(regs.pc), vm->entry);
}

void vcpus_stop(struct vm *vm, enum stop why)
{
	pthread_mutex_lock(&vm->stop_lock);
	/* The first reason counts. */
	if (atomic_load(&vm->stop) == STOP_NO)
		atomic_store(&vm->stop, why);
	pthread_cond_signal(&vm->stopped);
	pthread_mutex_unlock(&vm->stop_lock);
}

static void mmio(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	uint64_t gpa = vcpu->run->mmio.phys_addr;
	uint8_t *data = vcpu->run->mmio.data;
	bool write = vcpu->run->mmio.is_write;

	if (!write)
		memset(data, 0, sizeof(vcpu->run->mmio.data));
	if (gpa >= UART_BASE && gpa < UART_BASE + UART_BYTES) {
		if (write)
			uart_write(&vm->uart, gpa - UART_BASE, data[0]);
		else
			data[0] = uart_read(&vm->uart, gpa - UART_BASE);
	} else if (gpa == EXIT_BASE && write) {
		atomic_store(&vm->test_status, data[0]);
		vcpus_stop(vm, STOP_TEST_EXIT);
	}
	/* Everything else reads as zero and ignores writes. */
}

static void system_event(struct vcpu *vcpu)
{
	switch (vcpu->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		vcpus_stop(vcpu->vm, STOP_OFF);
		break;
	case KVM_SYSTEM_EVENT_RESET:
		vcpus_stop(vcpu->vm, STOP_RESET);
		break;
	default:
		vcpus_stop(vcpu->vm, STOP_CRASH);
	}
}

/* false: the same exit must be looked at again before the next KVM_RUN. */
static bool vcpu_exit(struct vcpu *vcpu)
{
	int ret = teegate_kvm_exit(vcpu->vm->guest, vcpu->fd, vcpu->run);

	if (ret == -EINTR)
		return false;
	if (ret < 0) {
		fail("cannot answer the guest: %s", strerror(-ret));
		vcpus_stop(vcpu->vm, STOP_ERROR);
	}
	if (ret)
		return true;
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_MMIO:
		mmio(vcpu);
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		system_event(vcpu);
		break;
	default:
		fail("vCPU %u stopped for reason %u, which is not known here",
		     vcpu->index, vcpu->run->exit_reason);
		vcpus_stop(vcpu->vm, STOP_ERROR);
	}
	return true;
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	struct vm *vm = vcpu->vm;
	bool handled = true;

	current_run = vcpu->run;
	while (atomic_load(&vm->stop) == STOP_NO) {
		if (handled && ioctl(vcpu->fd, KVM_RUN, 0)) {
			if (errno != EINTR && errno != EAGAIN) {
				fail("vCPU %u does not run: %s", vcpu->index,
				     strerror(errno));
				vcpus_stop(vm, STOP_ERROR);
			}
			continue;
		}
		handled = vcpu_exit(vcpu);
	}
	return NULL;
}

static bool threads_create(struct vm *vm)
{
	unsigned int n;

	for (n = 0; n < vm->config.cpus; n++) {
		vm->vcpus[n].run->immediate_exit = 0;
		if (pthread_create(&vm->vcpus[n].thread, NULL, vcpu_thread,
				   &vm->vcpus[n]))
			return fail("no thread for vCPU %u", n);
	}
	return true;
}

enum stop vcpus_run(struct vm *vm)
{
	unsigned int n;

	atomic_store(&vm->stop, STOP_NO);
	if (!threads_create(vm))
		return STOP_ERROR;
	pthread_mutex_lock(&vm->stop_lock);
	while (atomic_load(&vm->stop) == STOP_NO)
		pthread_cond_wait(&vm->stopped, &vm->stop_lock);
	pthread_mutex_unlock(&vm->stop_lock);
	/* Only this thread kicks, so that all of them still exist. */
	for (n = 0; n < vm->config.cpus; n++)
		pthread_kill(vm->vcpus[n].thread, KICK_SIGNAL);
	for (n = 0; n < vm->config.cpus; n++)
		pthread_join(vm->vcpus[n].thread, NULL);
	return atomic_load(&vm->stop);
}
