// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random guests, hostile ones, several at once: any message, any register, any
 * answer, memory that changes while it is read, resets and ends at any moment.
 * What is checked is checked by the simulator at every step; here is only the
 * dice. SEED= and STEPS= in the environment repeat or prolong a run.
 */
#include <stdlib.h>
#include <string.h>

#include "common.h"

#define GUESTS 3u
#define PENDING 4u

struct player {
	struct tg_guest *guest;
	uint64_t pool; /* pages of messages, lists and data */
	uint64_t heap;
	uint32_t evil; /* 0: answers honestly; 1: one in ten not; 2: half */
	struct sim_call pending[PENDING];
};

static struct player players[GUESTS];

#define POOL_PAGES 24u

static uint32_t below(uint32_t n)
{
	return sim_random() % n;
}

static bool one_in(uint32_t n)
{
	return below(n) == 0;
}

static uint64_t random64(void)
{
	return (uint64_t)sim_random() << 32 | sim_random();
}

static uint64_t pool_page(const struct player *p)
{
	return p->pool + below(POOL_PAGES) * TG_PAGE_BYTES;
}

static uint64_t random_address(const struct player *p)
{
	static const uint64_t special[] = {
		0,
		8,
		SIM_ROM_IPA,
		SIM_HIGH_IPA,
		SIM_RAM_IPA - TG_PAGE_BYTES,
		0x30000000,
		0xfffffffffffff000,
		0x8000000000000000,
	};

	switch (below(8)) {
	case 0:
		return special[below(ROWS(special))];
	case 1:
		return pool_page(p) + below(TG_PAGE_BYTES);
	case 2:
		return random64() & ~(0xffull << 32);
	default:
		return pool_page(p);
	}
}

static uint64_t random_size(void)
{
	static const uint64_t special[] = { 0,		1,
					    4095,	4096,
					    4097,	8192,
					    UINT64_MAX, UINT64_MAX - 4095,
					    1ull << 32 };

	if (one_in(4))
		return special[below(ROWS(special))];
	return below(5 * TG_PAGE_BYTES);
}

static uint64_t random_cookie(const struct player *p)
{
	switch (below(8)) {
	case 0:
		return 0;
	case 1:
		return 0x7467746d00000000ull | below(3) << 8 | below(4);
	case 2:
		return p->guest->buffers[below(8)].cookie;
	default:
		return 1 + below(6);
	}
}

static uint64_t random_attr(void)
{
	static const uint64_t flags[] = { 1ull << 8, 1ull << 9, 1ull << 16,
					  1ull << 10, 1ull << 32 };
	uint64_t attr = below(12);

	if (attr >= OPTEE_MSG_ATTR_TMEM_IN && !one_in(3))
		attr |= OPTEE_MSG_ATTR_NONCONTIG;
	if (one_in(12))
		attr ^= flags[below(ROWS(flags))];
	return attr;
}

/* A page of the pool becomes a list of pages, most of them good. */
static uint64_t random_list(struct player *p)
{
	uint64_t list = pool_page(p);
	uint64_t *entries = sim_guest_at(p->guest, list);

	for (unsigned int i = 0; i < 6; i++)
		entries[i] = one_in(20) ? random_address(p) : pool_page(p);
	entries[511] = one_in(2) ? list : pool_page(p);
	return list;
}

static void random_param(struct player *p, struct optee_msg_param *param)
{
	param->attr = random_attr();
	switch (param->attr & 0xc) {
	case 0:
		param->u.value.a = below(5);
		param->u.value.b = one_in(10) ? random64() : below(4);
		break;
	case 4:
		param->u.rmem.shm_ref = random_cookie(p);
		param->u.rmem.offs = one_in(4) ? random_size() : 0;
		param->u.rmem.size = random_size();
		break;
	default:
		param->u.tmem.shm_ref = random_cookie(p);
		param->u.tmem.size = random_size();
		param->u.tmem.buf_ptr =
			one_in(4) ? random_address(p) : random_list(p);
		if (one_in(3))
			param->u.tmem.buf_ptr |= below(TG_PAGE_BYTES);
		break;
	}
}

static uint32_t random_command(void)
{
	switch (below(10)) {
	case 0:
		return sim_random();
	case 1:
		return OPTEE_MSG_CMD_OPEN_SESSION;
	case 2:
		return below(12);
	case 3:
	case 4:
		return OPTEE_MSG_CMD_REGISTER_SHM;
	case 5:
		return OPTEE_MSG_CMD_UNREGISTER_SHM;
	default:
		return OPTEE_MSG_CMD_INVOKE_COMMAND;
	}
}

static void random_message(struct player *p, struct sim_msg *msg)
{
	const uint64_t meta = OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;
	uint32_t cmd = random_command();
	uint32_t count = below(6);

	sim_msg_init(msg, cmd, 1 + below(4), below(4));
	if (cmd == OPTEE_MSG_CMD_REGISTER_SHM ||
	    cmd == OPTEE_MSG_CMD_UNREGISTER_SHM)
		count = 1;
	for (uint32_t i = 0; i < count; i++)
		random_param(p, &msg->params[i]);
	if (cmd == OPTEE_MSG_CMD_OPEN_SESSION) {
		msg->params[0].attr = meta;
		msg->params[1].attr = meta;
		count = count < 2 ? 2 : count;
	}
	if (cmd == OPTEE_MSG_CMD_REGISTER_SHM && !one_in(5))
		msg->params[0] = (struct optee_msg_param){
			.attr = OPTEE_MSG_ATTR_TMEM_OUT |
				OPTEE_MSG_ATTR_NONCONTIG,
			.u.tmem = { random_list(p), 1 + below(6 * 4096),
				    random_cookie(p) },
		};
	if (cmd == OPTEE_MSG_CMD_UNREGISTER_SHM && !one_in(5)) {
		msg->params[0].attr = OPTEE_MSG_ATTR_RMEM_IN;
		msg->params[0].u.rmem.shm_ref = random_cookie(p);
	}
	if (cmd == OPTEE_MSG_CMD_INVOKE_COMMAND && count && one_in(2)) {
		msg->func = TEE_TA_RPC;
		msg->params[0].attr = OPTEE_MSG_ATTR_VALUE_IN;
		msg->params[0].u.value.a = below(5);
		msg->params[0].u.value.b = below(4);
	}
	msg->num_params = one_in(50) ? sim_random() : count;
}

static bool is_evil(const struct player *p)
{
	return p->evil && one_in(p->evil == 1 ? 10 : 2);
}

/* A call that is, or is not, suspended; any when there is none. */
static struct sim_call *pick_call(struct player *p, bool suspended)
{
	return sim_call_pick(p->pending, PENDING, below(PENDING), suspended);
}

static void forget_calls(struct player *p)
{
	memset(p->pending, 0, sizeof(p->pending));
}

static void start(struct player *p)
{
	struct sim_call *call = pick_call(p, false);
	struct tg_regs regs;
	struct sim_msg msg;
	uint64_t at;

	/* The guest forgets a call only if it is evil. */
	if (sim_call_is_suspended(call) && !is_evil(p))
		return;
	random_message(p, &msg);
	at = pool_page(p);
	sim_guest_write(p->guest, at, &msg, 32 + 6 * 32);
	if (one_in(30))
		at = random_address(p);
	regs = (struct tg_regs){ .x = { OPTEE_SMC_CALL_WITH_ARG } };
	sim_pair_set(&regs, 1, at);
	if (one_in(3)) {
		regs.x[0] = OPTEE_SMC_CALL_WITH_RPC_ARG;
	} else if (one_in(2)) {
		/* Maybe in a buffer that is registered by this name. */
		regs.x[0] = OPTEE_SMC_CALL_WITH_REGD_ARG;
		sim_pair_set(&regs, 1, random_cookie(p));
		regs.x[3] = one_in(4) ? below(6 * 4096) : below(3) * 4096;
	}
	*call = (struct sim_call){ .guest = p->guest, .ipa = at };
	if (regs.x[0] != OPTEE_SMC_CALL_WITH_ARG)
		call->rpc_ipa =
			(at & ~7ull) + optee_msg_bytes(msg.num_params % 100);
	sim_guest_smc(p->guest, &regs);
	call->regs = regs;
}

static void answer(struct player *p)
{
	struct sim_call *call = pick_call(p, true);

	if (!sim_call_is_suspended(call))
		return;
	p->guest->rpc_ipa = call->rpc_ipa;
	sim_rpc_serve(p->guest, &call->regs);
	p->guest->rpc_ipa = 0;
	if (is_evil(p) && one_in(3))
		sim_pair_set(&call->regs, 1, random_address(p));
	if (is_evil(p) && one_in(3))
		sim_pair_set(&call->regs, 4, random_cookie(p));
	if (is_evil(p) && one_in(10))
		call->regs.x[3] = below(6);
	sim_call_resume(call);
}

static void any_smc(struct player *p)
{
	static const uint32_t ids[] = {
		OPTEE_SMC_CALLS_UID,	      OPTEE_SMC_EXCHANGE_CAPS,
		OPTEE_SMC_ENABLE_SHM_CACHE,   OPTEE_SMC_DISABLE_SHM_CACHE,
		OPTEE_SMC_GET_THREAD_COUNT,   OPTEE_SMC_RETURN_FROM_RPC,
		OPTEE_SMC_CALL_WITH_ARG,      OPTEE_SMC_CALL_WITH_RPC_ARG,
		OPTEE_SMC_VM_DESTROYED,	      OPTEE_SMC_ENABLE_ASYNC_NOTIF,
		OPTEE_SMC_CALL_WITH_REGD_ARG,
	};
	struct tg_regs regs;

	for (unsigned int i = 0; i < 8; i++)
		regs.x[i] = one_in(2) ? below(8) : random64();
	regs.x[0] = ids[below(ROWS(ids))];
	if (one_in(4))
		regs.x[0] = one_in(2) ? OPTEE_SMC_FAST(below(32)) :
					OPTEE_SMC_YIELD(below(32));
	if (one_in(4))
		regs.x[0] |= random64() << 32;
	sim_guest_smc(p->guest, &regs);
}

/* Another vCPU scribbles over what it shares with this one. */
static void scribble(struct player *p)
{
	uint64_t at = pool_page(p) + below(32) * 8;
	uint64_t v = one_in(2) ? below(16) : random_address(p);

	if (!is_evil(p))
		return;
	if (one_in(3) && p->guest->buffers[0].ipa)
		at = p->guest->buffers[below(2)].ipa + below(20) * 8;
	if (sim_guest_page(p->guest, at, true) != SIM_NO_PAGE)
		sim_guest_write(p->guest, at & ~7ull, &v, sizeof(v));
}

static void create(struct player *p)
{
	const struct tg_limits limits = {
		.calls = 1 + below(5),
		.shm_buffers = 1 + below(8),
		.rpc_buffers = 1 + below(5),
		.resume_budget = 1 + below(4),
		.pinned_bytes = (8 + below(64)) * TG_PAGE_BYTES,
	};
	struct tg_guest *guest;

	sim.fail_in = 0;
	guest = sim_guest_create(&limits);
	assert_non_null(guest);
	memset(p, 0, sizeof(*p));
	p->guest = guest;
	p->guest->hostile = true;
	p->evil = below(3);
	p->guest->cookie_next = 1 + below(4);
	p->guest->contiguous_payload = one_in(3);
	p->guest->payload_shift = one_in(2) ? below(TG_PAGE_BYTES) : 0;
	p->pool = sim_guest_alloc(p->guest, POOL_PAGES * TG_PAGE_BYTES);
	p->heap = p->guest->heap;
}

static void act(struct player *p, bool nested)
{
	uint32_t dice = below(nested ? 94 : 100);

	/* The driver's allocations: memory is reused, names wrap. */
	if (p->guest->heap > p->heap + 200 * TG_PAGE_BYTES)
		p->guest->heap = p->heap;
	if (p->guest->cookie_next > 12)
		p->guest->cookie_next = 1 + below(4);
	if (one_in(4))
		p->guest->yields = below(4);
	if (dice < 20)
		start(p);
	else if (dice < 70)
		answer(p);
	else if (dice < 80)
		any_smc(p);
	else if (dice < 92)
		scribble(p);
	else if (dice < 94)
		p->guest->contiguous_payload ^= true;
	else if (dice < 98) {
		if (sim_guest_reset(p->guest) == TG_OK)
			forget_calls(p);
	} else {
		struct tg_guest *guest = p->guest;

		/* The embedder sees to it that nobody calls any more. */
		p->guest = NULL;
		sim_guest_destroy(guest);
		create(p);
	}
}

/* In the middle of one vCPU's SMC: the others go on. */
static void meanwhile(const struct sim_event *event, void *arg)
{
	struct player *p = &players[below(GUESTS)];

	(void)event;
	(void)arg;
	if (!p->guest)
		return;
	if (one_in(8))
		scribble(p);
	if (one_in(12))
		act(p, true);
	if (one_in(200) && sim_guest_reset(p->guest) == TG_OK)
		forget_calls(p);
}

static void play(uint64_t seed, uint64_t steps)
{
	sim.seed = seed;
	sim.random = seed * 0x9e3779b97f4a7c15ull;
	sim.refetch_allowed = true;
	sim.guest_pages = 400;
	tee.partitions_max = 1 + below(GUESTS);
	for (unsigned int i = 0; i < GUESTS; i++)
		create(&players[i]);
	sim_hook_set(meanwhile, NULL);
	for (sim.step = 0; sim.step < steps; sim.step++) {
		/* Now and then the host runs short of something. */
		if (one_in(50))
			sim.fail_in = 1 + below(30);
		act(&players[below(GUESTS)], false);
		sim.fail_in = 0;
	}
	sim_hook_set(NULL, NULL);
	for (unsigned int i = 0; i < GUESTS; i++)
		sim_guest_destroy(players[i].guest);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void random_guests(void **state)
{
	uint64_t steps = from_environment("STEPS", 3000);
	uint64_t seed = from_environment("SEED", 0);
	uint64_t last = seed ? seed : from_environment("SEEDS", 20);
	uint64_t smcs = 0;

	(void)state;
	for (seed = seed ? seed : 1; seed <= last; seed++) {
		sim_stop();
		sim_start();
		assert_int_equal(tg_system_init(&sim.sys), TG_OK);
		play(seed, steps);
		smcs += sim.trace_counts[TG_TRACE_SMC_IN];
	}
	print_message("%llu SMCs\n", (unsigned long long)smcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_guests),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
