// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest's quotas as the real OP-TEE and /dev/teegate keep them: each at the
 * limit, one beyond and after release, with what a VMM asked for and with what
 * the administrator allows at most. The core's own tests are in
 * tests/unit/mediator/quota_test.c; the limit of locked memory is in
 * uapi_test.c. Arguments "lowered", "lowered-rpc": teegate.ko was loaded with
 * maxima that are few enough to be used up.
 */
#define _GNU_SOURCE
#include "uapi_guest.h"

#define PAGES_MAX 16ull
#define CALLS_MAX 8u
#define RPCS_MAX 1000u
#define RPC_LOAD_TA 0u
#define RPC_SHM_ALLOC 6u
#define PAYLOAD_PAGES 6ull
#define TEE_ITEM_NOT_FOUND 0xffff0008u

static struct teegate_info info;

static void check_refused(const struct guest *g, unsigned int reason,
			  unsigned int count)
{
	struct teegate_stats stats = guest_stats(g);

	check(stats.refused[reason] == count, "refused[%u] is %llu, want %u",
	      reason, stats.refused[reason], count);
}

/* ---- shared buffers, pinned bytes ---- */

static uint64_t share_pages(struct guest *g, uint64_t cookie, uint64_t pages)
{
	return guest_register_range(g, cookie, BUFFER_GPA, pages * PAGE);
}

static void test_shm(const struct teegate_limits *limits, unsigned int max)
{
	struct guest g = guest_open_limited(limits);

	for (unsigned int i = 1; i <= max; i++)
		check(share_pages(&g, i, 1) == 0, "buffer %u of %u", i, max);
	check_refused(&g, REFUSED_SHM_LIMIT, 0);
	for (unsigned int i = 1; i <= 3; i++) {
		check(share_pages(&g, max + 1, 1) == TEE_OUT_OF_MEMORY,
		      "buffer %u of %u", max + 1, max);
		check_refused(&g, REFUSED_SHM_LIMIT, i);
	}
	check(guest_stats(&g).shm_buffers == max, "%u buffers, want %u",
	      guest_stats(&g).shm_buffers, max);
	check_pinned("buffers", max);
	check(guest_unregister_cookie(&g, 1) == 0, "unregister");
	check(share_pages(&g, max + 1, 1) == 0, "after one was released");
	check(share_pages(&g, max + 2, 1) == TEE_OUT_OF_MEMORY,
	      "after one was released, two");
	for (unsigned int i = 2; i <= max + 1; i++)
		check(guest_unregister_cookie(&g, i) == 0, "unregister %u", i);
	check_pinned("no buffers", 0);
	/* A reset releases all. */
	for (unsigned int i = 1; i <= max; i++)
		check(share_pages(&g, i, 1) == 0, "buffer %u again", i);
	check_ioctl("reset", g.fd, TEEGATE_RESET, NULL, 0);
	check(share_pages(&g, max + 1, 1) == 0, "after a reset");
	guest_close(&g);
	check_pinned("closed", 0);
	printf("ok: %u shared buffers\n", max);
}

static void test_pinned(const struct teegate_limits *limits, uint64_t pages)
{
	struct guest g = guest_open_limited(limits);

	check(share_pages(&g, 1, pages + 1) == TEE_OUT_OF_MEMORY,
	      "a page too many at once");
	check_pinned("too many at once", 0);
	check(share_pages(&g, 1, pages) == 0, "as many as allowed");
	check_pinned("as many as allowed", pages);
	check(share_pages(&g, 2, 1) == TEE_OUT_OF_MEMORY, "one page more");
	check_refused(&g, REFUSED_PIN_LIMIT, 2);
	check(guest_stats(&g).pinned_bytes == pages * PAGE,
	      "%llu bytes, want %llu", guest_stats(&g).pinned_bytes,
	      pages * PAGE);
	check(guest_unregister_cookie(&g, 1) == 0, "unregister");
	check(share_pages(&g, 1, pages - 1) == 0, "one fewer");
	/* One byte on each of two pages. */
	check(guest_register_range(&g, 2, BUFFER_GPA + PAGE - 1, 2) ==
		      TEE_OUT_OF_MEMORY,
	      "two bytes of two pages");
	check(guest_register_range(&g, 2, BUFFER_GPA + PAGE - 1, 1) == 0,
	      "the last byte of a page");
	check_pinned("all", pages);
	check(guest_unregister_cookie(&g, 2) == 0, "unregister");
	check(share_pages(&g, 2, 1) == 0, "a page after release");
	guest_close(&g);
	check_pinned("closed", 0);
	printf("ok: %llu pinned pages\n", (unsigned long long)pages);
}

/* ---- calls, RPC buffers ---- */

/* A call that OP-TEE cannot end before the guest has answered it. */
struct call {
	struct msg *msg;
	uint64_t gpa;
	struct teegate_smc args;
};

/*
 * Until OP-TEE asks for something. @n: a TA of its own, and memory for the
 * message, an RPC's message and what an RPC is about.
 */
static uint32_t call_start(struct guest *g, struct call *c, unsigned int n)
{
	const uint8_t uuid[16] = { 0x7e, 0x57, (uint8_t)n, 4 };

	c->gpa = MORE_GPA((2 + PAYLOAD_PAGES) * n);
	c->msg = guest_at(g, c->gpa);
	*c->msg = (struct msg){ .cmd = MSG_OPEN_SESSION, .params = 2 };
	c->msg->param[0].attr = MSG_ATTR_VALUE_IN | MSG_ATTR_META;
	memcpy(&c->msg->param[0].a, uuid, sizeof(uuid));
	c->msg->param[1].attr = MSG_ATTR_VALUE_IN | MSG_ATTR_META;
	c->args = (struct teegate_smc){
		.x = { SMC_CALL_WITH_ARG, c->gpa >> 32, (uint32_t)c->gpa },
	};
	return (uint32_t)guest_call_args(g, &c->args);
}

/* One answer: a failure, or with @helpful the memory that OP-TEE wants. */
static uint32_t call_answer(struct guest *g, struct call *c, bool helpful)
{
	const uint32_t x0 = (uint32_t)c->args.x[0];
	struct msg *rpc = guest_at(g, c->gpa + PAGE);
	uint64_t buffer = 0;

	if (x0 == RET_RPC_ALLOC && helpful) {
		buffer = c->gpa + PAGE;
	} else if (x0 == RET_RPC_CMD && helpful && rpc->cmd == RPC_SHM_ALLOC &&
		   rpc->param[0].b <= PAYLOAD_PAGES * PAGE) {
		rpc->param[0].attr = MSG_ATTR_TMEM_OUT;
		rpc->param[0].a = c->gpa + 2 * PAGE;
		rpc->param[0].c = c->gpa;
		rpc->ret = 0;
	} else if (x0 == RET_RPC_CMD) {
		rpc->ret = TEE_ITEM_NOT_FOUND;
	}
	c->args.x[0] = SMC_RETURN_FROM_RPC;
	c->args.x[1] = c->args.x[4] = buffer >> 32;
	c->args.x[2] = c->args.x[5] = (uint32_t)buffer;
	return (uint32_t)guest_call_args(g, &c->args);
}

static bool is_rpc(uint32_t x0)
{
	return x0 >> 16 == 0xffff;
}

/* Answers everything with a failure, until the call ends. */
static void call_finish(struct guest *g, struct call *c)
{
	uint32_t x0 = (uint32_t)c->args.x[0];

	for (unsigned int i = 0; i < RPCS_MAX && is_rpc(x0); i++)
		x0 = call_answer(g, c, false);
	check(x0 == 0 && c->msg->ret != 0, "a call ends with 0x%x, 0x%x", x0,
	      c->msg->ret);
}

/*
 * Until OP-TEE wants the TA itself: it has a buffer of the guest's by then,
 * and none of its own locks.
 */
static bool call_until_load(struct guest *g, struct call *c)
{
	const struct msg *rpc = guest_at(g, c->gpa + PAGE);
	uint32_t x0 = (uint32_t)c->args.x[0];

	for (unsigned int i = 0; i < RPCS_MAX && is_rpc(x0); i++) {
		if (x0 == RET_RPC_CMD && rpc->cmd == RPC_LOAD_TA)
			return true;
		x0 = call_answer(g, c, true);
	}
	return false;
}

static void test_calls(const struct teegate_limits *limits, unsigned int max)
{
	struct guest g = guest_open_limited(limits);
	struct call calls[CALLS_MAX], more;

	for (unsigned int i = 0; i < max; i++)
		check(call_start(&g, &calls[i], i) == RET_RPC_ALLOC,
		      "call %u of %u", i + 1, max);
	check_refused(&g, REFUSED_CALL_LIMIT, 0);
	for (unsigned int i = 1; i <= 3; i++) {
		check(call_start(&g, &more, max) == RET_ETHREAD_LIMIT,
		      "call %u of %u", max + 1, max);
		check_refused(&g, REFUSED_CALL_LIMIT, i);
	}
	check(guest_stats(&g).calls_in_flight == max, "%u calls, want %u",
	      guest_stats(&g).calls_in_flight, max);
	call_finish(&g, &calls[0]);
	check(call_start(&g, &calls[0], 0) == RET_RPC_ALLOC,
	      "after one has ended");
	check(call_start(&g, &more, max) == RET_ETHREAD_LIMIT,
	      "after one has ended, two");
	for (unsigned int i = 0; i < max; i++)
		call_finish(&g, &calls[i]);
	check(guest_stats(&g).calls_in_flight == 0, "%u calls, want none",
	      guest_stats(&g).calls_in_flight);
	/* A reset ends those that nobody will. */
	for (unsigned int i = 0; i < max; i++)
		check(call_start(&g, &calls[i], i) == RET_RPC_ALLOC,
		      "call %u again", i + 1);
	check_ioctl("reset", g.fd, TEEGATE_RESET, NULL, 0);
	check(guest_stats(&g).calls_in_flight == 0, "calls after a reset");
	check(call_start(&g, &more, 0) == RET_RPC_ALLOC, "after a reset");
	guest_close(&g);
	printf("ok: %u calls\n", max);
}

/* One: this OP-TEE has no third thread for a second buffer and one more. */
static void test_rpc_buffers(const struct teegate_limits *limits)
{
	struct guest g = guest_open_limited(limits);
	struct call first, more;

	for (int i = 0; i < 2; i++) {
		unsigned int before =
			(unsigned int)guest_stats(&g).refused[REFUSED_RPC_LIMIT];

		check(call_start(&g, &first, 0) == RET_RPC_ALLOC,
		      "a buffer is asked for");
		check(guest_stats(&g).rpc_buffers == 1, "being asked counts");
		check(call_until_load(&g, &first), "a buffer is given");
		check(guest_stats(&g).rpc_buffers == 1, "%u buffers, want 1",
		      guest_stats(&g).rpc_buffers);
		check_refused(&g, REFUSED_RPC_LIMIT, before);
		/* The guest is not even asked. */
		check(call_start(&g, &more, 1) == 0 &&
			      more.msg->ret == TEE_OUT_OF_MEMORY,
		      "one buffer more: 0x%llx, 0x%x", more.args.x[0],
		      more.msg->ret);
		check(guest_stats(&g).refused[REFUSED_RPC_LIMIT] > before,
		      "not counted");
		check(guest_stats(&g).rpc_buffers == 1, "%u buffers, want 1",
		      guest_stats(&g).rpc_buffers);
		call_finish(&g, &first);
		check(guest_stats(&g).rpc_buffers == 0, "%u buffers, want none",
		      guest_stats(&g).rpc_buffers);
	}
	check(call_start(&g, &first, 0) == RET_RPC_ALLOC, "once more");
	check_ioctl("reset", g.fd, TEEGATE_RESET, NULL, 0);
	check(guest_stats(&g).rpc_buffers == 0, "buffers after a reset");
	guest_close(&g);
	printf("ok: one RPC buffer\n");
}

/* ---- limits of limits ---- */

/* One limit at its maximum and one more, with the others at the default. */
static void test_maximum(const char *what, struct teegate_limits at,
			 struct teegate_limits beyond)
{
	int fd = device_open();

	check_ioctl(what, fd, TEEGATE_SET_LIMITS, &at, 0);
	check_ioctl(what, fd, TEEGATE_SET_LIMITS, &beyond, EPERM);
	close(fd);
}

static void test_maxima(void)
{
	const struct teegate_limits max = {
		.calls = info.limits_calls,
		.shm_buffers = info.limits_shm_buffers,
		.rpc_buffers = info.limits_rpc_buffers,
		.pinned_bytes = info.limits_pinned_bytes,
	};
	struct teegate_limits more;

	more = max, more.calls++;
	test_maximum("calls", max, more);
	more = max, more.shm_buffers++;
	test_maximum("shared buffers", max, more);
	more = max, more.rpc_buffers++;
	test_maximum("RPC buffers", max, more);
	more = max, more.pinned_bytes++;
	test_maximum("pinned bytes", max, more);
	more = max, more.calls = UINT32_MAX;
	test_maximum("all calls", max, more);
	more = max, more.pinned_bytes = UINT64_MAX;
	test_maximum("all bytes", max, more);
	printf("ok: no limit beyond the administrator's\n");
}

/* What one guest has used up the other has not, where OP-TEE has room. */
static void test_two_guests(void)
{
	const struct teegate_limits few = { .shm_buffers = 1,
					    .pinned_bytes = PAGE };
	struct guest a = guest_open_limited(&few), b = guest_open_limited(&few);

	check(share_pages(&a, 1, 1) == 0, "the first guest");
	if (share_pages(&b, 1, 1) >> 32) {
		skipped("quotas of two guests", "OP-TEE has room for one");
	} else {
		check(share_pages(&a, 2, 1) == TEE_OUT_OF_MEMORY, "first");
		check(share_pages(&b, 2, 1) == TEE_OUT_OF_MEMORY, "second");
		check(guest_unregister_cookie(&a, 1) == 0, "unregister");
		check(share_pages(&b, 2, 1) == TEE_OUT_OF_MEMORY,
		      "what the first gave back is the second's");
		check(share_pages(&a, 2, 1) == 0, "first, after release");
		printf("ok: quotas of two guests\n");
	}
	guest_close(&b);
	guest_close(&a);
}

/* What a VMM asks for, below the administrator's maximum. */
static void test_asked(void)
{
	struct teegate_limits l;

	l = (struct teegate_limits){ .shm_buffers = 3 };
	test_shm(&l, 3);
	l = (struct teegate_limits){ .pinned_bytes = 10 * PAGE };
	test_pinned(&l, 10);
	/* What is no whole page is none. */
	l = (struct teegate_limits){ .pinned_bytes = 6 * PAGE - 1 };
	test_pinned(&l, 5);
	for (unsigned int n = 1; n <= 2; n++) {
		l = (struct teegate_limits){ .calls = n };
		test_calls(&l, n);
	}
	l = (struct teegate_limits){ .rpc_buffers = 1 };
	test_rpc_buffers(&l);
}

/* What the administrator allows, by default and asked for. */
static void test_lowered(void)
{
	struct teegate_limits l = { 0 };

	check(info.limits_calls < CALLS_MAX && info.limits_shm_buffers < 64 &&
		      info.limits_pinned_bytes < PAGES_MAX * PAGE,
	      "the maxima are too large for this test");
	for (int i = 0; i < 2; i++) {
		test_shm(&l, info.limits_shm_buffers);
		test_pinned(&l, info.limits_pinned_bytes / PAGE);
		test_calls(&l, info.limits_calls);
		l.shm_buffers = info.limits_shm_buffers;
		l.pinned_bytes = info.limits_pinned_bytes;
		l.calls = info.limits_calls;
	}
}

/* Apart, as with fewer RPC buffers than calls these wait for each other. */
static void test_lowered_rpc(void)
{
	struct teegate_limits l = { 0 };

	check(info.limits_rpc_buffers == 1, "at most %u RPC buffers",
	      info.limits_rpc_buffers);
	test_rpc_buffers(&l);
	l.rpc_buffers = 1;
	test_rpc_buffers(&l);
}

int main(int argc, char **argv)
{
	int fd = device_open();

	check_ioctl("info", fd, TEEGATE_GET_INFO, &info, 0);
	close(fd);
	printf("OP-TEE has %u threads; at most %u calls, %u shared buffers, "
	       "%u RPC buffers, %llu bytes for a guest\n",
	       info.tee_threads, info.limits_calls, info.limits_shm_buffers,
	       info.limits_rpc_buffers, info.limits_pinned_bytes);
	test_maxima();
	if (argc > 1 && strcmp(argv[1], "lowered") == 0)
		test_lowered();
	else if (argc > 1 && strcmp(argv[1], "lowered-rpc") == 0)
		test_lowered_rpc();
	else
		test_asked();
	test_two_guests();
	return check_end();
}
