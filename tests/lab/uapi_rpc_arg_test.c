// SPDX-License-Identifier: BSD-2-Clause
/*
 * Calls that bring room for OP-TEE's requests, with the real OP-TEE: what they
 * save, that the requests come there, and what becomes of a buffer with a
 * message in it. The core's own tests are in tests/unit/mediator. Argument
 * "denied": teegate.ko was loaded with rpc_arg=0.
 */
#define _GNU_SOURCE
#include "uapi_guest.h"

#define SMC_EXCHANGE_CAPS 0xb2000009u
#define SMC_CALL_WITH_RPC_ARG 0x32000012u
#define SMC_CALL_WITH_REGD_ARG 0x32000013u
#define CAP_RPC_ARG (1u << 6)
#define RPC_PARAMS 4u /* OP-TEE's, since it has the capability */

#define MSG_CLOSE_SESSION 2u
#define MSG_ATTR_VALUE_OUT 0x2u
#define RPC_GET_TIME 3u
#define STATS_GET_TIME 4u
#define TEE_NOT_SUPPORTED 0xffff000au
#define SECONDS_HERE 1234567ull

/* Messages are in the second page of the buffer, for all ways alike. */
#define OFFSET (PAGE + 0x180)
#define AT (BUFFER_GPA + OFFSET)
/* What OP-TEE gets when it asks for a buffer, and its name. */
#define RPC_GPA MORE_GPA(1)
#define RPC_COOKIE 0x5500000055ull
#define RPCS_MAX 100u

/* OP-TEE's statistics PTA, d96a5b40-e2c7-b1af-8794-1002a5d5c61b. */
static const uint8_t stats_pta[16] = { 0xd9, 0x6a, 0x5b, 0x40, 0xe2, 0xc7,
				       0xb1, 0xaf, 0x87, 0x94, 0x10, 0x02,
				       0xa5, 0xd5, 0xc6, 0x1b };

enum way {
	WITH_ARG,
	WITH_RPC_ARG,
	WITH_REGD_ARG,
	WAYS
};

static const char *const way_names[WAYS] = { "CALL_WITH_ARG",
					     "CALL_WITH_RPC_ARG",
					     "CALL_WITH_REGD_ARG" };

/* A call under way, and what it has cost so far. */
struct call {
	struct guest *g;
	enum way way;
	struct teegate_smc args;
	unsigned int smcs, allocs, frees, cmds;
};

static struct msg *message(struct guest *g)
{
	return guest_at(g, AT);
}

static struct msg *rpc_message(const struct call *c)
{
	const struct msg *m = message(c->g);

	if (c->way == WITH_ARG)
		return guest_at(c->g, RPC_GPA);
	return guest_at(c->g, AT + 32 + 32 * m->params);
}

static bool is_rpc(uint64_t x0)
{
	return x0 >> 16 == 0xffff && x0 != RET_UNKNOWN;
}

static uint64_t send(struct call *c)
{
	c->smcs++;
	return guest_call_args(c->g, &c->args);
}

/* The message at AT, in one of the ways; x0. */
static uint64_t begin(struct call *c, struct guest *g, enum way way)
{
	static const uint32_t ids[WAYS] = { SMC_CALL_WITH_ARG,
					    SMC_CALL_WITH_RPC_ARG,
					    SMC_CALL_WITH_REGD_ARG };
	uint64_t where = way == WITH_REGD_ARG ? BUFFER_COOKIE : AT;

	*c = (struct call){
		.g = g,
		.way = way,
		.args.x = { ids[way], where >> 32, (uint32_t)where, OFFSET },
	};
	return send(c);
}

/* Answers what @c is suspended for and goes on; x0. */
static uint64_t answer(struct call *c)
{
	struct msg *rpc = rpc_message(c);
	__u64 *x = c->args.x;

	switch ((uint32_t)x[0]) {
	case RET_RPC_ALLOC:
		c->allocs++;
		x[1] = RPC_GPA >> 32;
		x[2] = (uint32_t)RPC_GPA;
		x[4] = RPC_COOKIE >> 32;
		x[5] = (uint32_t)RPC_COOKIE;
		break;
	case RET_RPC_FREE:
		c->frees++;
		break;
	case RET_RPC_CMD:
		c->cmds++;
		check(c->way == WITH_ARG || (!x[1] && !x[2]),
		      "%s: an RPC has a name", way_names[c->way]);
		rpc->ret = TEE_NOT_SUPPORTED;
		if (rpc->cmd != RPC_GET_TIME)
			break;
		rpc->param[0].a = SECONDS_HERE;
		rpc->param[0].b = 0;
		rpc->ret = 0;
		break;
	default:
		break;
	}
	x[0] = SMC_RETURN_FROM_RPC;
	return send(c);
}

static uint64_t whole(struct call *c, struct guest *g, enum way way)
{
	uint64_t x0 = begin(c, g, way);

	for (unsigned int i = 0; is_rpc(x0) && i < RPCS_MAX; i++)
		x0 = answer(c);
	return x0 ? x0 << 32 : message(g)->ret;
}

static void message_open(struct guest *g)
{
	struct msg *m = message(g);

	*m = (struct msg){ .cmd = MSG_OPEN_SESSION, .params = 2 };
	m->param[0].attr = MSG_ATTR_VALUE_IN | MSG_ATTR_META;
	memcpy(&m->param[0].a, stats_pta, sizeof(stats_pta));
	m->param[1].attr = MSG_ATTR_VALUE_IN | MSG_ATTR_META;
}

/* OP-TEE asks for this guest's time. */
static void message_time(struct guest *g)
{
	struct msg *m = message(g);

	*m = (struct msg){ .cmd = MSG_INVOKE_COMMAND,
			   .func = STATS_GET_TIME,
			   .session = g->session,
			   .params = 2 };
	m->param[0].attr = m->param[1].attr = MSG_ATTR_VALUE_OUT;
}

static uint64_t capabilities(struct guest *g, uint64_t *ret_params)
{
	struct teegate_smc args = { .x = { SMC_EXCHANGE_CAPS } };

	check(guest_call_args(g, &args) == 0, "capabilities");
	*ret_params = args.x[3];
	return args.x[1];
}

/* What open, one invocation with a request, and close cost in this way. */
static void cost(struct guest *g, enum way way)
{
	struct call open, time, close;
	uint64_t ret;

	message_open(g);
	ret = whole(&open, g, way);
	if (!check(ret == 0, "%s: open: 0x%llx", way_names[way],
		   (unsigned long long)ret))
		return;
	g->session = message(g)->session;
	message_time(g);
	check(whole(&time, g, way) == 0 &&
		      message(g)->param[0].a == SECONDS_HERE,
	      "%s: another time", way_names[way]);
	*message(g) =
		(struct msg){ .cmd = MSG_CLOSE_SESSION, .session = g->session };
	check(whole(&close, g, way) == 0, "%s: close", way_names[way]);
	printf("%s: SMCs for open %u, invoke %u, close %u; in the invocation ALLOC %u, CMD %u, FREE %u\n",
	       way_names[way], open.smcs, time.smcs, close.smcs, time.allocs,
	       time.cmds, time.frees);
	check(open.smcs == 1 && close.smcs == 1, "a request that is none");
	check(time.cmds == 1, "%u requests for one time", time.cmds);
	/* The buffer for the request, and its end: without room, each time. */
	check(time.allocs == (way == WITH_ARG) &&
		      time.frees == (way == WITH_ARG),
	      "%s: %u ALLOC, %u FREE", way_names[way], time.allocs, time.frees);
	check(time.smcs == (way == WITH_ARG ? 4u : 2u), "%s: %u SMCs",
	      way_names[way], time.smcs);
}

static void test_cost(void)
{
	struct guest g = guest_open();
	uint64_t params;

	check(capabilities(&g, &params) & CAP_RPC_ARG, "not offered");
	check(params == RPC_PARAMS, "%llu parameters of requests",
	      (unsigned long long)params);
	check(guest_register(&g, 2) == 0, "a buffer for messages");
	for (enum way way = WITH_ARG; way < WAYS; way++)
		cost(&g, way);
	check(guest_stats(&g).rpc_buffers == 0, "a buffer is left");
	check(guest_unregister(&g) == 0, "the buffer's end");
	guest_close(&g);
	check_pinned("closed", 0);
}

/* Places where no message is: OP-TEE hears of none of them. */
static void test_places(void)
{
	static const uint32_t offsets[] = { 1,
					    4,
					    2 * PAGE,
					    2 * PAGE - 8,
					    2 * PAGE - 32 - 2 * 32 - 8,
					    0xfffffff8 };
	struct guest g = guest_open();
	struct call c;

	message_open(&g);
	check(begin(&c, &g, WITH_REGD_ARG) == RET_EBADADDR, "no such buffer");
	check(guest_register(&g, 2) == 0, "a buffer for messages");
	for (unsigned int i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		c.args = (struct teegate_smc){
			.x = { SMC_CALL_WITH_REGD_ARG, BUFFER_COOKIE >> 32,
			       (uint32_t)BUFFER_COOKIE, offsets[i] },
		};
		check(guest_call_args(&g, &c.args) == RET_EBADADDR,
		      "a message at 0x%x of 0x2000", offsets[i]);
	}
	check(guest_unregister(&g) == 0, "the buffer's end");
	guest_close(&g);
}

/* A call is suspended with its message in the buffer. */
static struct guest suspended(struct call *c)
{
	struct guest g = guest_open();

	check(guest_register(&g, 2) == 0, "a buffer for messages");
	message_open(&g);
	check(whole(c, &g, WITH_REGD_ARG) == 0, "open");
	g.session = message(&g)->session;
	message_time(&g);
	return g;
}

static void test_unregister(void)
{
	struct call c;
	struct guest g = suspended(&c);
	uint64_t busy = (uint64_t)RET_ETHREAD_LIMIT << 32;

	check(begin(&c, &g, WITH_REGD_ARG) == RET_RPC_CMD, "no request");
	check(guest_unregister(&g) == busy, "unregistered under a message");
	check_pinned("not unregistered", 2);
	check(answer(&c) == 0 && message(&g)->param[0].a == SECONDS_HERE,
	      "the time, afterwards");
	check(guest_unregister(&g) == 0, "the buffer's end");
	check_pinned("unregistered", 0);
	guest_close(&g);
}

/* The guest is reset, or its VMM ends, and never answers. */
static void test_ends(void)
{
	struct call c;
	struct guest g = suspended(&c);

	check(begin(&c, &g, WITH_REGD_ARG) == RET_RPC_CMD, "no request");
	check_ioctl("reset", g.fd, TEEGATE_RESET, NULL, 0);
	check_pinned("after a reset", 0);
	check(guest_register(&g, 2) == 0, "a buffer, after the reset");
	guest_close(&g);
	g = suspended(&c);
	check(begin(&c, &g, WITH_REGD_ARG) == RET_RPC_CMD, "no request");
	guest_close(&g);
	check_pinned("closed under a message", 0);
}

static void test_denied(void)
{
	struct guest g = guest_open();
	uint64_t params;
	struct call c;

	check(!(capabilities(&g, &params) & CAP_RPC_ARG) && !params,
	      "offered though denied");
	check(guest_register(&g, 2) == 0, "a buffer");
	message_open(&g);
	check(begin(&c, &g, WITH_RPC_ARG) == RET_UNKNOWN, "WITH_RPC_ARG");
	check(begin(&c, &g, WITH_REGD_ARG) == RET_UNKNOWN, "WITH_REGD_ARG");
	cost(&g, WITH_ARG);
	guest_close(&g);
	check_pinned("closed", 0);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "denied")) {
		test_denied();
		return check_end();
	}
	test_cost();
	test_places();
	test_unregister();
	test_ends();
	return check_end();
}
