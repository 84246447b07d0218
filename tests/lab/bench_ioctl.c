// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the mediator and OP-TEE cost without KVM and without a guest's driver:
 * this process is the guest, and its calls are TEEGATE_SMC. Prints lines as
 * bench_calls does, but for the last number: the SMCs of one operation.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "kill_call.h"

#include <sys/prctl.h>

#define MSG_CLOSE_SESSION 2u
#define MSG_ATTR_VALUE_INOUT 0x3u
#define TESTS_VALUES TESTS_PARAMS

static struct guest guest;
static uint32_t stats_session;

static void op_fast(const void *arg)
{
	struct teegate_smc args = { .x = { SMC_CALLS_UID } };

	(void)arg;
	must(ioctl(guest.fd, TEEGATE_SMC, &args) == 0, "TEEGATE_SMC");
}

static void op_session(const void *arg)
{
	uint32_t session = call_open_session(&guest, &uuid_tests);
	struct call c;

	(void)arg;
	call_init(&guest, &c, 0);
	*call_message(&guest, &c) =
		(struct msg){ .cmd = MSG_CLOSE_SESSION, .session = session };
	must(call_whole(&guest, &c) == 0, "a session does not close");
}

static void op_invoke(const void *arg)
{
	struct call c;
	struct msg *m;

	(void)arg;
	call_init(&guest, &c, 0);
	m = call_message(&guest, &c);
	message_invoke(m, guest.session, TESTS_VALUES);
	m->params = 1;
	m->param[0].attr = MSG_ATTR_VALUE_INOUT;
	must(call_whole(&guest, &c) == 0, "a call fails");
}

/* Pages of the arena, which nobody else has in use meanwhile. */
static void op_share(const void *arg)
{
	const uint64_t *bytes = arg;

	must(kind_register(&guest, *bytes) == 0 && kind_unregister(&guest) == 0,
	     "%llu bytes cannot be shared", (unsigned long long)*bytes);
}

static void op_time(const void *arg)
{
	struct call c;

	(void)arg;
	call_init_time(&guest, &c, 0, stats_session);
	must(call_whole(&guest, &c) == 0, "no time");
}

static void row(const char *name, void (*op)(const void *), const void *arg,
		unsigned int count)
{
	struct sample s = measure(op, arg, count, 15);
	uint64_t smcs = guest_stats(&guest).smcs;

	must(s.waits == 0, "%s waits %.2f times", name, s.waits);
	op(arg);
	smcs = guest_stats(&guest).smcs - smcs;
	printf("%s\t%.0f\t%.0f\t%.0f\t%llu\n", name, s.median, s.min, s.max,
	       (unsigned long long)smcs);
}

int main(void)
{
	static const uint64_t small = 4 << 10, large = 1 << 20;

	/* Whatever the kernel does by default: pages of 4 KiB. */
	must(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0, "prctl");
	guest = call_guest_open(NULL);
	guest.session = call_open_session(&guest, &uuid_tests);
	stats_session = call_open_session(&guest, &uuid_stats);
	row("fast-call", op_fast, NULL, 100);
	row("session-pta", op_session, NULL, 10);
	row("invoke-none", op_invoke, NULL, 20);
	row("shm-4k", op_share, &small, 10);
	row("shm-1m", op_share, &large, 3);
	row("rpc-kernel", op_time, NULL, 20);
	call_guest_close(&guest);
	return failed ? 1 : 0;
}
