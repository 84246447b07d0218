// SPDX-License-Identifier: BSD-2-Clause
/*
 * States of kill_test that a call is in by itself: before its first SMC, in
 * OP-TEE, suspended in an RPC of each kind that a guest sees of this OP-TEE.
 * Those in which the kernel waits for memory or for others are in
 * kill_states_kernel.c.
 */
#define _GNU_SOURCE
#include "kill.h"
#include "kill_call.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>

#define SMC_EXCHANGE_CAPABILITIES 0xb2000009u
#define TESTS_MUTEX 7u
#define OS_TEST_WAIT 9u

static struct guest guest;
static struct call one, two;
static uint32_t session;

static void must(bool ok, const char *what)
{
	if (!check(ok, "the state is not reached: %s", what))
		exit(1);
}

static uint64_t smc(uint64_t x0)
{
	struct teegate_smc args = { .x = { x0 } };

	must(ioctl(guest.fd, TEEGATE_SMC, &args) == 0, "SMC");
	return (uint32_t)args.x[0];
}

/* ---- before OP-TEE has a call ---- */

static void reach_opened(void)
{
	device_open();
}

static void reach_regions(void)
{
	guest = call_guest_open(NULL);
}

static void reach_fast(void)
{
	reach_regions();
	must(smc(SMC_CALLS_UID) == 0x384fb3e0, "UID");
	must(smc(SMC_EXCHANGE_CAPABILITIES) == 0, "capabilities");
	must(guest_stats(&guest).vmid >= 2, "partition");
}

static void reach_shared(void)
{
	reach_regions();
	must(guest_register(&guest, BUFFER_PAGES) == 0, "register");
	must(pinned_kib() == (long)(BUFFER_PAGES * 4), "pins");
}

/* ---- in OP-TEE ---- */

/* A loop of OP-TEE's test PTA that takes longer than anybody waits. */
static void endless_prepare(void)
{
	struct msg *m;

	session = call_open_session(&guest, &uuid_tests);
	call_init(&guest, &one, 1);
	m = call_message(&guest, &one);
	message_invoke(m, session, TESTS_MUTEX);
	m->params = 2;
	m->param[0].attr = MSG_ATTR_VALUE_IN;
	m->param[0].b = UINT32_MAX;
	m->param[1].attr = MSG_ATTR_VALUE_OUT;
}

static void *send_body(void *c)
{
	call_send(&guest, c);
	return NULL;
}

static void barrier(int command)
{
	must(syscall(SYS_membarrier, command, 0, 0) == 0, "membarrier");
}

/*
 * Interrupts the other CPUs that run this process, for as long as it lives. The
 * host's tick does not reach one that is in OP-TEE on every machine: without
 * VHE, TF-A gives the EL1 timers to the world that runs.
 */
static void *interrupt_body(void *unused)
{
	(void)unused;
	for (;;) {
		barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
		usleep(500);
	}
	return NULL;
}

static void interrupts_begin(void)
{
	pthread_t thread;

	barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
	must(pthread_create(&thread, NULL, interrupt_body, NULL) == 0,
	     "thread");
}

/* Re-entered after an interrupt of the host: it was in OP-TEE, and is. */
static void reach_in_tee(void)
{
	const struct teegate_limits limits = { .resume_budget = 1024 };
	uint64_t before;
	pthread_t thread;

	guest = call_guest_open(&limits);
	endless_prepare();
	interrupts_begin();
	before = guest_stats(&guest).inner_resumes;
	must(pthread_create(&thread, NULL, send_body, &one) == 0, "thread");
	while (guest_stats(&guest).inner_resumes == before)
		usleep(500);
}

/* ---- suspended ---- */

static void reach_interrupted(void)
{
	const struct teegate_limits limits = { .resume_budget = 1 };

	guest = call_guest_open(&limits);
	endless_prepare();
	interrupts_begin();
	one.args = (struct teegate_smc){
		.x = { SMC_CALL_WITH_ARG, one.gpa >> 32, (uint32_t)one.gpa },
	};
	must(ioctl(guest.fd, TEEGATE_SMC, &one.args) == 0, "SMC");
	if (!check((uint32_t)one.args.x[0] == RET_RPC_FOREIGN_INTR,
		   "an interrupt: 0x%llx came",
		   (unsigned long long)one.args.x[0]))
		exit(1);
}

/* Opening a session with what is no TA: until OP-TEE asks for that. */
static void load(struct call *c, unsigned int n, uint32_t func, uint32_t cmd)
{
	call_init(&guest, c, n);
	message_open(call_message(&guest, c), &uuid_absent);
	call_send(&guest, c);
	must(call_until(&guest, c, func, cmd), "RPC");
}

static void reach_load(uint32_t func, uint32_t cmd)
{
	reach_regions();
	load(&one, 1, func, cmd);
}

/* The same without a TA: the time, from a pseudo TA. */
static void ask_time(struct call *c, unsigned int n, uint32_t func,
		     uint32_t cmd)
{
	call_init_time(&guest, c, n, session);
	call_send(&guest, c);
	must(call_until(&guest, c, func, cmd), "RPC");
}

static void reach_time(uint32_t func, uint32_t cmd)
{
	reach_regions();
	session = call_open_session(&guest, &uuid_stats);
	ask_time(&one, 1, func, cmd);
}

static void reach_alloc(void)
{
	reach_time(RET_RPC_ALLOC, 0);
}

static void reach_free(void)
{
	reach_time(RET_RPC_FREE, 0);
}

static void reach_get_time(void)
{
	reach_time(RET_RPC_CMD, RPC_GET_TIME);
}

static void reach_fs(void)
{
	reach_load(RET_RPC_CMD, RPC_FS);
}

static void reach_shm_alloc(void)
{
	reach_load(RET_RPC_CMD, RPC_SHM_ALLOC);
}

static void reach_shm_free(void)
{
	reach_load(RET_RPC_CMD, RPC_SHM_FREE);
}

static void reach_load_ta(void)
{
	reach_load(RET_RPC_CMD, RPC_LOAD_TA);
}

/* The second time, with a buffer of the guest's for the TA. */
static void reach_load_ta_buffer(void)
{
	reach_load_ta();
	call_answer(&guest, &one);
	call_resume(&guest, &one);
	must(call_until(&guest, &one, RET_RPC_CMD, RPC_LOAD_TA), "buffer");
	must(call_rpc(&guest, &one)->param[1].b > 0, "size of the buffer");
	must(guest_stats(&guest).pinned_bytes > 0, "pins");
}

/* In a TA, which is loaded first. */
static void reach_suspend(void)
{
	struct msg *m;

	reach_regions();
	session = call_open_session(&guest, &uuid_os_test);
	call_init(&guest, &one, 1);
	m = call_message(&guest, &one);
	message_invoke(m, session, OS_TEST_WAIT);
	m->params = 1;
	m->param[0].attr = MSG_ATTR_VALUE_IN;
	m->param[0].a = 1000;
	call_send(&guest, &one);
	must(call_until(&guest, &one, RET_RPC_CMD, RPC_SUSPEND), "RPC");
}

/* One call is in the pseudo TA, another waits to be let in. */
static void reach_wait(void)
{
	reach_get_time();
	ask_time(&two, 2, RET_RPC_CMD, RPC_NOTIFICATION);
	must(call_rpc(&guest, &two)->param[0].a == NOTIFICATION_WAIT, "wait");
}

/* The first leaves and has the other woken. */
static void reach_wake(void)
{
	reach_wait();
	must(call_until(&guest, &one, RET_RPC_CMD, RPC_NOTIFICATION), "RPC");
	must(call_rpc(&guest, &one)->param[0].a == NOTIFICATION_SEND, "wake");
}

static void reach_all_threads(void)
{
	struct teegate_info info = { 0 };

	reach_alloc();
	must(ioctl(guest.fd, TEEGATE_GET_INFO, &info) == 0, "info");
	must(info.tee_threads > 0 && info.tee_threads < 16, "threads");
	for (unsigned int i = 1; i < info.tee_threads; i++)
		ask_time(&two, 1 + i, RET_RPC_ALLOC, 0);
	must(guest_stats(&guest).calls_in_flight == info.tee_threads, "calls");
}

const struct state states_call[] = {
	{ "device opened", reach_opened, NULL, 0 },
	{ "memory told", reach_regions, NULL, 0 },
	{ "fast calls made", reach_fast, NULL, 0 },
	{ "memory shared", reach_shared, NULL, 0 },
	{ "in OP-TEE", reach_in_tee, NULL, 0 },
	{ "RPC FOREIGN_INTR", reach_interrupted, NULL, 0 },
	{ "RPC ALLOC", reach_alloc, NULL, 0 },
	{ "RPC FREE", reach_free, NULL, 0 },
	{ "RPC CMD SHM_ALLOC", reach_shm_alloc, NULL, 1 },
	{ "RPC CMD SHM_FREE", reach_shm_free, NULL, 1 },
	{ "RPC CMD FS", reach_fs, NULL, 1 },
	{ "RPC CMD LOAD_TA, size", reach_load_ta, NULL, 1 },
	{ "RPC CMD LOAD_TA, content", reach_load_ta_buffer, NULL, 1 },
	{ "RPC CMD GET_TIME", reach_get_time, NULL, 0 },
	{ "RPC CMD SUSPEND", reach_suspend, NULL, 1 },
	{ "RPC CMD NOTIFICATION, wait", reach_wait, NULL, 0 },
	{ "RPC CMD NOTIFICATION, send", reach_wake, NULL, 0 },
	{ "all of OP-TEE's threads in RPCs", reach_all_threads, NULL, 0 },
};

const unsigned int states_call_count =
	sizeof(states_call) / sizeof(states_call[0]);
