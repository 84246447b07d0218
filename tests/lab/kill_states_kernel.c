// SPDX-License-Identifier: BSD-2-Clause
/*
 * States of kill_test in which the kernel is at work for a guest: it reads or
 * pins memory that is not there yet (userfaultfd, whose page never comes), and
 * it takes down what a guest had: reset, close, exit. The first kind is
 * stopped for good, of the second those that nothing can stop are raced.
 */
#define _GNU_SOURCE
#include "kill.h"
#include "kill_call.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#define RET_EBUSY 0x2u
#define REGISTER_COOKIE 0x5000ull
#define LIST_ENTRIES_MORE 100ull
/* For what takes a while to unpin: several names for the same pages. */
#define MANY_BUFFERS 8u
#define MANY_PAGES (ARENA_BYTES / PAGE)

static struct guest guest;
static struct call one;
static int faults = -1;

static void must(bool ok, const char *what)
{
	if (!check(ok, "the state is not reached: %s", what))
		exit(1);
}

/* ---- memory that does not come ---- */

/* From now on whoever touches the page sleeps. */
static void page_withhold(void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)page, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	madvise(page, PAGE, MADV_DONTNEED);
	faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	must(faults >= 0 && ioctl(faults, UFFDIO_API, &api) == 0 &&
		     ioctl(faults, UFFDIO_REGISTER, &reg) == 0,
	     "userfaultfd");
}

static void *send_body(void *c)
{
	call_send(&guest, c);
	return NULL;
}

static void *resume_body(void *c)
{
	call_resume(&guest, c);
	return NULL;
}

static void *end_body(void *c)
{
	call_end(&guest, c);
	return NULL;
}

/* A thread of its own, which gets no further than the page. */
static void sleep_in(void *(*body)(void *), const void *page)
{
	struct uffd_msg event = { 0 };
	pthread_t thread;

	must(pthread_create(&thread, NULL, body, &one) == 0, "thread");
	must(read(faults, &event, sizeof(event)) == sizeof(event) &&
		     event.event == UFFD_EVENT_PAGEFAULT &&
		     event.arg.pagefault.address / PAGE ==
			     (uintptr_t)page / PAGE,
	     "fault");
}

static void guest_begin(void)
{
	guest = call_guest_open(NULL);
	call_init(&guest, &one, 1);
}

/* ---- shared memory ---- */

/* REGISTER_SHM of @count pages of the buffer, again and again. */
static void prepare_register(uint64_t count)
{
	struct msg *m = call_message(&guest, &one);
	uint64_t *list = guest_at(&guest, LIST_GPA);

	for (uint64_t i = 0; i < count; i++)
		list[i / LIST_ENTRIES * 512 + i % LIST_ENTRIES] =
			BUFFER_GPA + i % BUFFER_PAGES * PAGE;
	for (uint64_t n = 0; n < count / LIST_ENTRIES; n++)
		list[n * 512 + LIST_ENTRIES] = LIST_GPA + (n + 1) * PAGE;
	*m = (struct msg){ .cmd = MSG_REGISTER_SHM, .params = 1 };
	m->param[0].attr = MSG_ATTR_TMEM_OUT | MSG_ATTR_NONCONTIG;
	m->param[0].a = LIST_GPA;
	m->param[0].b = count * PAGE;
	m->param[0].c = REGISTER_COOKIE;
}

static void reach_message(void)
{
	guest_begin();
	page_withhold(call_message(&guest, &one));
	sleep_in(send_body, call_message(&guest, &one));
}

static void reach_first_list(void)
{
	guest_begin();
	prepare_register(BUFFER_PAGES);
	page_withhold(guest_at(&guest, LIST_GPA));
	sleep_in(send_body, guest_at(&guest, LIST_GPA));
}

/* A page of the list is done, and pinned what it names. */
static void reach_second_list(void)
{
	guest_begin();
	prepare_register(LIST_ENTRIES + LIST_ENTRIES_MORE);
	page_withhold(guest_at(&guest, LIST_GPA + PAGE));
	sleep_in(send_body, guest_at(&guest, LIST_GPA + PAGE));
	must(pinned_kib() == (long)(LIST_ENTRIES * 4), "pins");
}

static void reach_pin(void)
{
	void *page;

	guest_begin();
	page = guest_at(&guest, BUFFER_GPA + BUFFER_PAGES / 2 * PAGE);
	prepare_register(BUFFER_PAGES);
	page_withhold(page);
	sleep_in(send_body, page);
	/* Charged at once, pinned in part. */
	must(pinned_kib() == (long)(BUFFER_PAGES * 4), "pins");
}

/* A temporary memref, in the middle of its pages. */
static void reach_pin_temporary(void)
{
	uint32_t session;
	struct msg *m;
	void *page;

	guest_begin();
	session = call_open_session(&guest, &uuid_tests);
	m = call_message(&guest, &one);
	page = guest_at(&guest, BUFFER_GPA + PAGE);
	message_invoke(m, session, 1);
	m->params = 1;
	m->param[0].attr = MSG_ATTR_TMEM_OUT;
	m->param[0].a = BUFFER_GPA;
	m->param[0].b = 3 * PAGE;
	page_withhold(page);
	sleep_in(send_body, page);
}

/* ---- in the middle of an RPC ---- */

static void begin_time(uint32_t func, uint32_t cmd)
{
	guest_begin();
	call_init_time(&guest, &one, 1, call_open_session(&guest, &uuid_stats));
	call_send(&guest, &one);
	must(call_until(&guest, &one, func, cmd), "RPC");
}

/* The session's TA is to be loaded, for which OP-TEE wants memory. */
static void begin_load(void)
{
	guest_begin();
	message_open(call_message(&guest, &one), &uuid_absent);
	call_send(&guest, &one);
	must(call_until(&guest, &one, RET_RPC_CMD, RPC_SHM_ALLOC), "RPC");
}

/* OP-TEE has asked, and the guest cannot be shown what. */
static void reach_show(void)
{
	begin_time(RET_RPC_ALLOC, 0);
	page_withhold(call_rpc(&guest, &one));
	call_answer(&guest, &one);
	sleep_in(resume_body, call_rpc(&guest, &one));
}

/* The guest has answered, and the answer cannot be read. */
static void reach_reply(void)
{
	begin_time(RET_RPC_CMD, RPC_GET_TIME);
	page_withhold(call_rpc(&guest, &one));
	sleep_in(resume_body, call_rpc(&guest, &one));
}

/* SHM_ALLOC's buffer, as a list of pages that is not there. */
static void payload_in(uint64_t list_gpa, void *page)
{
	struct msg *rpc;

	call_answer(&guest, &one);
	rpc = call_rpc(&guest, &one);
	must(rpc->ret == 0, "memory");
	*(uint64_t *)guest_at(&guest, LIST_GPA) = BUFFER_GPA;
	for (uint64_t i = 0; i < rpc->param[0].b / PAGE && i < 511; i++)
		((uint64_t *)guest_at(&guest, LIST_GPA))[i] =
			BUFFER_GPA + i % BUFFER_PAGES * PAGE;
	rpc->param[0].attr = MSG_ATTR_TMEM_OUT | MSG_ATTR_NONCONTIG;
	rpc->param[0].a = list_gpa;
	page_withhold(page);
	sleep_in(resume_body, page);
}

static void reach_payload_list(void)
{
	begin_load();
	payload_in(LIST_GPA, guest_at(&guest, LIST_GPA));
}

static void reach_payload_pin(void)
{
	begin_load();
	payload_in(LIST_GPA, guest_at(&guest, BUFFER_GPA));
}

/* OP-TEE is done, and the guest cannot be told the result. */
static void reach_result(void)
{
	begin_time(RET_RPC_CMD, RPC_GET_TIME);
	page_withhold(call_message(&guest, &one));
	sleep_in(end_body, call_message(&guest, &one));
}

/* ---- teardown ---- */

static void *reset_body(void *unused)
{
	ioctl(guest.fd, TEEGATE_RESET, 0);
	return unused;
}

/* Calls are refused once a reset waits for those that are inside. */
static void reset_waits(void)
{
	struct teegate_smc args;
	pthread_t thread;

	must(pthread_create(&thread, NULL, reset_body, NULL) == 0, "thread");
	do {
		usleep(500);
		args = (struct teegate_smc){ .x = { SMC_CALLS_UID } };
		must(ioctl(guest.fd, TEEGATE_SMC, &args) == 0, "SMC");
	} while ((uint32_t)args.x[0] != RET_EBUSY);
}

static void reach_reset(void)
{
	reach_second_list();
	reset_waits();
}

/* The call that the reset waits for has a thread of OP-TEE. */
static void reach_reset_rpc(void)
{
	reach_reply();
	reset_waits();
}

/* As many buffers as OP-TEE takes. */
static void share_much(void)
{
	unsigned int n = 0;

	guest_begin();
	while (n < MANY_BUFFERS &&
	       guest_register_range(&guest, REGISTER_COOKIE + n, ARENA_GPA,
				    MANY_PAGES * PAGE) == 0)
		n++;
	must(n > 0, "buffers");
}

static void reset_now(void)
{
	ioctl(guest.fd, TEEGATE_RESET, 0);
}

static void close_now(void)
{
	close(guest.fd);
}

static void exit_now(void)
{
	_exit(0);
}

static void share_endlessly(void)
{
	for (;;) {
		guest_register(&guest, BUFFER_PAGES);
		guest_unregister(&guest);
	}
}

/* Sessions and calls, whatever becomes of them when there is a reset. */
static void *mixed_body(void *n)
{
	struct call c;

	for (;;) {
		call_init(&guest, &c, (unsigned int)(uintptr_t)n);
		message_open(call_message(&guest, &c), &uuid_stats);
		call_whole(&guest, &c);
		call_init_time(&guest, &c, (unsigned int)(uintptr_t)n,
			       call_message(&guest, &c)->session);
		call_whole(&guest, &c);
	}
	return NULL;
}

static void *share_body(void *unused)
{
	share_endlessly();
	return unused;
}

/* Two threads that call, one that shares, one that resets. */
static void ask_share_reset(void)
{
	pthread_t thread;

	for (uintptr_t n = 2; n < 4; n++)
		must(pthread_create(&thread, NULL, mixed_body, (void *)n) == 0,
		     "thread");
	must(pthread_create(&thread, NULL, share_body, NULL) == 0, "thread");
	for (;;) {
		usleep(20000);
		ioctl(guest.fd, TEEGATE_RESET, 0);
	}
}

/* ---- a descriptor that outlives the VMM ---- */

/* Holds the device until the VMM is dead: then the pipe ends. */
static void helper(int vmm_lives, int other_end)
{
	char c;

	syscall(SYS_close, other_end);
	syscall(SYS_read, vmm_lives, &c, 1);
	syscall(SYS_exit, 0);
}

/*
 * A process that the VMM has started and that has its files: a child of
 * whoever kills, which is to wait for it.
 */
static void reach_inherited(void)
{
	pid_t pid;
	int p[2];

	guest_begin();
	must(guest_register(&guest, BUFFER_PAGES) == 0, "register");
	must(pipe(p) == 0, "pipe");
	pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		helper(p[0], p[1]);
	must(pid > 0, "clone");
	shared->helper = pid;
}

const struct state states_kernel[] = {
	{ "reading a message", reach_message, NULL, 0 },
	{ "reading a page list", reach_first_list, NULL, 0 },
	{ "in the middle of a page list", reach_second_list, NULL, 0 },
	{ "pinning a shared buffer", reach_pin, NULL, 0 },
	{ "pinning a temporary buffer", reach_pin_temporary, NULL, 0 },
	{ "showing an RPC", reach_show, NULL, 0 },
	{ "reading an RPC's answer", reach_reply, NULL, 0 },
	{ "reading an RPC's page list", reach_payload_list, NULL, 1 },
	{ "pinning an RPC's buffer", reach_payload_pin, NULL, 1 },
	{ "writing a result", reach_result, NULL, 0 },
	{ "reset waits for a page list", reach_reset, NULL, 0 },
	{ "reset waits for an RPC", reach_reset_rpc, NULL, 0 },
	{ "device open elsewhere", reach_inherited, NULL, 0 },
	{ "reset", share_much, reset_now, 0 },
	{ "close", share_much, close_now, 0 },
	{ "exit", share_much, exit_now, 0 },
	{ "registering and unregistering", guest_begin, share_endlessly, 0 },
	{ "calling, sharing and resetting", guest_begin, ask_share_reset, 0 },
};

const unsigned int states_kernel_count =
	sizeof(states_kernel) / sizeof(states_kernel[0]);
