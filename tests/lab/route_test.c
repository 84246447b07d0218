// SPDX-License-Identifier: BSD-2-Clause
/*
 * Calls that KVM hands to /dev/teegate itself (docs/routing.md), by a vCPU
 * that makes them: that they are answered as TEEGATE_SMC's are, what still
 * comes to the VMM, and that partition, pages and module come back however
 * the VM ends. What KVM promises any handler is tested by the kernel series'
 * own selftest. Prints "N passed, N failed"; 77 when there is no /dev/teegate.
 */
#define _GNU_SOURCE
#include "route_vm.h"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define TEST_PTA_MUTEX 7u
#define ENDLESS_GPA MORE_GPA(0)
#define SECONDS_MAX 120

/*
 * How often OP-TEE is entered again after interrupts of the host until the
 * guest is asked.
 */
#define LONG_BUDGET 1024u
#define SHORT_BUDGET 4u

/* How often the guest is to have its vCPU back for an interrupt. */
#define RETURNS 8u

static struct route_vm vm;
static struct guest guest;

/* A call of the guest's in place of TEEGATE_SMC. */
static int smc_by_vcpu(struct guest *g, struct teegate_smc *args)
{
	struct route_vm *v = g->smc_opaque;
	uint64_t x[8];
	enum route_end end;

	route_vm_call(v, (const uint64_t *)args->x, true);
	do
		end = route_vm_run(v, x);
	while (end == ROUTE_SIGNAL);
	memcpy(args->x, x, sizeof(x));
	return end == ROUTE_ANSWERED ? 0 : -1;
}

static void open_all_limited(bool attach, uint32_t resume_budget)
{
	const struct teegate_limits limits = { .resume_budget = resume_budget };

	guest = guest_open_limited(&limits);
	route_vm_open(&vm, &guest);
	if (attach)
		check(route_vm_attach(&vm, guest.fd) == 0, "not attached");
	guest.smc = smc_by_vcpu;
	guest.smc_opaque = &vm;
}

static void open_all(bool attach)
{
	open_all_limited(attach, 0);
}

static void close_all(void)
{
	route_vm_close(&vm);
	guest_close(&guest);
}

static uint64_t routed(void)
{
	struct teegate_route route = { 0 };

	check_ioctl("route", guest.fd, TEEGATE_GET_ROUTE, &route, 0);
	return route.smcs;
}

/* Whether a new guest gets a partition; OP-TEE has room for one only. */
static bool room_for_another(void)
{
	struct guest other = guest_open();
	bool room = guest_register(&other, 1) == 0;

	guest_close(&other);
	return room;
}

static void test_offered(void)
{
	int fd = device_open();
	struct teegate_info info = { 0 };

	check_ioctl("info", fd, TEEGATE_GET_INFO, &info, 0);
	check(info.features & TEEGATE_FEATURE_ROUTE, "no route is offered");
	close(fd);
}

static void offer(bool on)
{
	int fd = open("/sys/module/teegate/parameters/route", O_WRONLY);

	check(fd >= 0 && write(fd, on ? "Y" : "N", 1) == 1, "route=%d", on);
	close(fd);
}

/* What the administrator does not want no VM gets. */
static void test_not_offered(void)
{
	struct teegate_info info = { 0 };

	offer(false);
	open_all(false);
	check_ioctl("info", guest.fd, TEEGATE_GET_INFO, &info, 0);
	check(!(info.features & TEEGATE_FEATURE_ROUTE), "a route is offered");
	check(route_vm_attach(&vm, guest.fd) == EOPNOTSUPP, "attached");
	close_all();
	offer(true);
}

/* The same registers by both ways, and nothing in those of no answer. */
static void test_same_answer(void)
{
	struct teegate_smc by_ioctl = { .x = { SMC_CALLS_UID } };
	uint64_t x[8] = { 0xabcdull << 32 | SMC_CALLS_UID, 1, 2, 3, 4, 5, 6, 7 };

	open_all(true);
	check_ioctl("by ioctl", guest.fd, TEEGATE_SMC, &by_ioctl, 0);
	route_vm_call(&vm, x, true);
	check(route_vm_run(&vm, x) == ROUTE_ANSWERED, "no answer");
	check(memcmp(x, by_ioctl.x, 4 * sizeof(x[0])) == 0,
	      "0x%llx 0x%llx 0x%llx 0x%llx", (unsigned long long)x[0],
	      (unsigned long long)x[1], (unsigned long long)x[2],
	      (unsigned long long)x[3]);
	for (uint64_t i = 4; i < 8; i++)
		check(x[i] == i, "x%d is %d", (int)i, (int)x[i]);
	check(routed() == 1 && vm.exits == 0, "%d routed, %lu exits",
	      (int)routed(), vm.exits);
	close_all();
}

/* Shares memory with OP-TEE and has it read and written. */
static void test_whole_calls(void)
{
	void *pages[BUFFER_PAGES];

	open_all(true);
	for (uint64_t i = 0; i < BUFFER_PAGES; i++)
		pages[i] = guest_at(&guest, BUFFER_GPA + i * PAGE);
	guest_open_session(&guest);
	check(guest_register(&guest, BUFFER_PAGES) == 0, "not registered");
	check_pinned("while shared", BUFFER_PAGES);
	round_trip(&guest, "by route", BUFFER_COOKIE, pages, BUFFER_PAGES);
	check(guest_unregister(&guest) == 0, "not unregistered");
	check_pinned("afterwards", 0);
	check(vm.exits == 0, "%lu calls came to the VMM", vm.exits);
	check(guest_stats(&guest).smcs == routed(), "%d of %d routed",
	      (int)routed(), (int)guest_stats(&guest).smcs);
	close_all();
}

static void test_hvc(void)
{
	uint64_t x[8] = { SMC_CALLS_UID };

	open_all(true);
	route_vm_call(&vm, x, false);
	check(route_vm_run(&vm, x) == ROUTE_EXIT, "HVC is not the VMM's");
	check(x[0] == SMC_CALLS_UID && routed() == 0, "HVC was a call");
	check(route_vm_run(&vm, x) == ROUTE_ANSWERED, "the guest stays there");
	close_all();
}

/* The VMM hears of it: the call comes as it was, and can be made again. */
static void test_no_partition(void)
{
	struct guest holder = guest_open();
	struct teegate_smc args = { 0 };
	uint64_t x[8] = { SMC_CALL_WITH_ARG, 0, (uint32_t)MSG_GPA };

	check(guest_register(&holder, 1) == 0, "no partition for the first");
	open_all(true);
	route_vm_call(&vm, x, true);
	check(route_vm_run(&vm, x) == ROUTE_EXIT, "the VMM does not hear");
	check(x[0] == SMC_CALL_WITH_ARG && x[2] == MSG_GPA, "other registers");
	memcpy(args.x, x, sizeof(args.x));
	check(route_vm_run(&vm, x) == ROUTE_ANSWERED, "the guest stays there");
	check_ioctl("again", guest.fd, TEEGATE_SMC, &args, 0);
	check(args.events == TEEGATE_EVENT_NO_PARTITION, "events 0x%x",
	      args.events);
	guest_close(&holder);
	check_ioctl("reset", guest.fd, TEEGATE_RESET, NULL, 0);
	check(guest_register(&guest, 1) == 0, "no partition after reset");
	check(vm.exits == 1, "%lu exits", vm.exits);
	close_all();
}

/* A VM of another process with a device that it was handed. */
static void foreign_body(int fd)
{
	open_all(false);
	check(route_vm_attach(&vm, fd) == EPERM, "attached to another's VM");
	check(route_vm_attach(&vm, guest.fd) == 0, "not attached to its own");
	close_all();
}

static void test_foreign(void)
{
	int fd = device_open();

	in_child("foreign", foreign_body, fd);
	close(fd);
}

/* The file goes with the VM and not before, whoever closes what. */
static void test_closed(void)
{
	int go[2], status;
	char c = 0;

	open_all(true);
	check(guest_register(&guest, BUFFER_PAGES) == 0, "not registered");
	close(guest.fd);
	check(guest_unregister(&guest) == 0, "the route went with the fd");
	check(guest_register(&guest, BUFFER_PAGES) == 0, "not registered");
	check(!room_for_another(), "the partition went with the fd");

	if (pipe(go))
		exit(1);
	fflush(stdout);
	if (fork() == 0) {
		close(go[1]);
		_exit(read(go[0], &c, 1) < 0);
	}
	route_vm_close(&vm);
	check(!room_for_another(), "the partition went before the VM");
	check_pinned("while another has the VM", BUFFER_PAGES);
	close(go[1]);
	wait(&status);
	close(go[0]);
	check(room_for_another(), "the partition outlives the VM");
	check_pinned("after the VM", 0);
	munmap(guest.ram, GUEST_BYTES);
}

/* ---- while a vCPU is in OP-TEE ---- */

/* A loop of OP-TEE's test PTA that takes longer than anybody waits. */
static void endless_start(void)
{
	struct msg *m = guest_at(&guest, ENDLESS_GPA);
	uint64_t x[8] = { SMC_CALL_WITH_ARG, ENDLESS_GPA >> 32,
			  (uint32_t)ENDLESS_GPA };

	guest_open_session(&guest);
	*m = (struct msg){ .cmd = MSG_INVOKE_COMMAND,
			   .func = TEST_PTA_MUTEX,
			   .session = guest.session,
			   .params = 2 };
	m->param[0].attr = MSG_ATTR_VALUE_IN;
	m->param[0].b = UINT32_MAX;
	m->param[1].attr = MSG_ATTR_VALUE_IN + 1; /* out */
	route_vm_call(&vm, x, true);
}

static void on_signal(int sig)
{
	(void)sig;
}

/*
 * Interrupts the CPUs that this process is on. On nVHE nothing else may do so
 * for minutes while OP-TEE is busy: TF-A takes the timer of the host's tick
 * away with the rest of EL1 (NS_TIMER_SWITCH).
 */
static void poke(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

static volatile bool vcpu_stop;
static volatile unsigned int vcpu_signals;
static volatile uint64_t vcpu_answer; /* x0 of the guest's last call */

/*
 * Two CPUs, one for this process and one for its vCPU. On one, the process
 * would sleep until OP-TEE is done on nVHE: its timer is among those that are
 * taken away.
 */
static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(!sched_setaffinity(0, sizeof(set), &set), "no CPU %d", cpu);
}

/* The guest takes up its call again, as a driver does, until it is told. */
static void *vcpu_body(void *arg)
{
	uint64_t x[8];

	(void)arg;
	stay_on(1);
	for (;;) {
		enum route_end end = route_vm_run(&vm, x);

		if (end == ROUTE_SIGNAL) {
			vcpu_signals++;
			continue;
		}
		vcpu_answer = x[0];
		if (vcpu_stop || (uint32_t)x[0] != RET_RPC_FOREIGN_INTR)
			return NULL;
		x[0] = SMC_RETURN_FROM_RPC;
		route_vm_call(&vm, x, true);
	}
}

static uint64_t resumes(void)
{
	return guest_stats(&guest).inner_resumes;
}

static uint64_t calls(void)
{
	return guest_stats(&guest).smcs;
}

/* Interrupts the vCPU until @count is more than @before. */
static bool rises(uint64_t (*count)(void), uint64_t before)
{
	for (int i = 0; i < SECONDS_MAX * 100; i++) {
		if (count() > before)
			return true;
		poke();
		usleep(10000);
	}
	return false;
}

/* True once OP-TEE was entered again after an interrupt of the host. */
static bool is_in_tee(uint64_t before)
{
	return rises(resumes, before);
}

static pthread_t vcpu_start_endless(void)
{
	uint64_t before;
	pthread_t thread;

	vcpu_stop = false;
	vcpu_signals = 0;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
		    0, 0))
		exit(1);
	endless_start();
	before = resumes();
	if (pthread_create(&thread, NULL, vcpu_body, NULL))
		exit(1);
	check(is_in_tee(before), "the vCPU is not in OP-TEE: 0x%llx, %d calls",
	      (unsigned long long)vcpu_answer, (int)calls());
	return thread;
}

/* Signals until the vCPU's call has come back to the guest. */
static void vcpu_end(pthread_t thread)
{
	vcpu_stop = true;
	while (pthread_tryjoin_np(thread, NULL)) {
		pthread_kill(thread, SIGUSR1);
		usleep(20000);
	}
}

/* A signal brings the vCPU back long before its budget is used up. */
static void test_signal(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	uint64_t before, resumed;
	pthread_t thread;

	sigaction(SIGUSR1, &action, NULL);
	open_all_limited(true, LONG_BUDGET);
	thread = vcpu_start_endless();
	check(guest_stats(&guest).calls_in_flight == 1, "nothing in flight");
	before = resumes();
	vcpu_end(thread);
	resumed = resumes() - before;
	check(vcpu_signals > 0, "KVM_RUN does not end with a signal");
	check(resumed < LONG_BUDGET / 4, "%d interrupts later", (int)resumed);
	check(guest_stats(&guest).calls_in_flight == 1, "the call is lost");
	check_ioctl("reset", guest.fd, TEEGATE_RESET, NULL, 0);
	check(guest_stats(&guest).calls_in_flight == 0, "not reset");
	check(vm.exits == 0, "%lu calls came to the VMM", vm.exits);
	close_all();
}

static void *poker_body(void *arg)
{
	const volatile bool *stop = arg;

	while (!*stop) {
		poke();
		usleep(10000);
	}
	return NULL;
}

/* A reset waits for the vCPU, which comes back when its budget is used up. */
static void test_reset(void)
{
	volatile bool stop = false;
	pthread_t thread, poker;

	open_all_limited(true, SHORT_BUDGET);
	thread = vcpu_start_endless();
	if (pthread_create(&poker, NULL, poker_body, (void *)&stop))
		exit(1);
	/* The vCPU's next call meets a guest that is being reset, or was. */
	check_ioctl("reset meanwhile", guest.fd, TEEGATE_RESET, NULL, 0);
	pthread_join(thread, NULL);
	stop = true;
	pthread_join(poker, NULL);
	check(guest_stats(&guest).calls_in_flight == 0, "not reset");
	check(vm.exits == 0, "%lu calls came to the VMM", vm.exits);
	close_all();
}

/*
 * The guest has its vCPU back after each interrupt of the host while one of its
 * own is pending, and not before and after.
 */
static void test_virtual_interrupt(void)
{
	uint64_t called, resumed;
	pthread_t thread;

	open_all_limited(true, LONG_BUDGET);
	thread = vcpu_start_endless();
	called = calls();
	check(is_in_tee(resumes()), "left OP-TEE");
	check(calls() == called, "back without a reason");

	route_vm_irq(&vm, true);
	resumed = resumes();
	check(rises(calls, called + RETURNS - 1),
	      "the guest waits for its interrupt");
	resumed = resumes() - resumed;
	check(resumed <= 1, "%d interrupts later", (int)resumed);

	route_vm_irq(&vm, false);
	check(is_in_tee(resumes()), "left for good");
	vcpu_end(thread);
	check(vm.exits == 0, "%lu calls came to the VMM", vm.exits);
	close_all();
}

static void killed_body(int ready)
{
	open_all_limited(true, LONG_BUDGET);
	check(guest_register(&guest, BUFFER_PAGES) == 0, "not registered");
	vcpu_start_endless();
	if (write(ready, "", 1) == 1)
		pause();
}

static void test_killed(void)
{
	int ready[2], status;
	pid_t pid;
	char c;

	if (pipe(ready))
		exit(1);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		killed_body(ready[1]);
		_exit(1);
	}
	close(ready[1]);
	check(read(ready[0], &c, 1) == 1, "the VMM did not get into OP-TEE");
	close(ready[0]);
	check(!room_for_another(), "no partition to be given back");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status), "the VMM ended by itself");
	check(room_for_another(), "the partition outlives the VMM");
}

int main(void)
{
	stay_on(0);
	close(device_open());
	test_offered();
	test_not_offered();
	test_same_answer();
	test_whole_calls();
	test_hvc();
	test_no_partition();
	test_foreign();
	test_closed();
	test_signal();
	test_virtual_interrupt();
	test_reset();
	test_killed();
	return check_end();
}
