// SPDX-License-Identifier: BSD-2-Clause
/*
 * Kills VMMs by SIGKILL in each state of a call (kill_states_*.c), and looks
 * after each kill for what is left of them: pins, locked memory, a partition,
 * threads of OP-TEE, a reference to the module. Then makes and ends guests, one
 * after another, and compares the machine with what it was before. Run as root,
 * with the host's TEE up and nobody else using OP-TEE or pinning memory.
 *
 * Options: --kills N and --cycles N in total, --seed N for the moments of the
 * kills that race, --only NAME for one state, --contexts N for how many TAs may
 * be loaded when their guests are killed, --oom CGROUP to have the kernel kill
 * them for want of memory, in a cgroup that is for nothing else.
 */
#define _GNU_SOURCE
#include "kill.h"
#include "kill_call.h"

#include <getopt.h>
#include <sys/resource.h>

#define SMC_EXCHANGE_CAPABILITIES 0xb2000009u
#define JUDGE_CALLS 32u
#define MEMLOCK_PAGES 64ull
/* Ids that teegate.ko gives out, round and round. */
#define VMID_FIRST 2u
#define VMID_LAST 63u
#define WARM_CYCLES 70u
/*
 * OP-TEE has 64 pairs of ASIDs for the TAs of all guests and of the host, and
 * never takes those back that a guest had when it was destroyed (optee_os issue
 * 6904, not solved in 4.10.0). When they are used up, no TA loads for anybody.
 */
#define CONTEXTS 56u

static unsigned int kills;
static unsigned int contexts_left = CONTEXTS;
static long long module_users;

/* ---- the judge ---- */

static struct guest judge_guest;

/* Each of OP-TEE's threads gets a call, and there is none for one more. */
static void judge_threads(void)
{
	uint32_t session = call_open_session(&judge_guest, &uuid_stats);
	struct teegate_info info = { 0 };
	uint32_t x0;
	struct call c;

	check_ioctl("info", judge_guest.fd, TEEGATE_GET_INFO, &info, 0);
	check(info.tee_threads > 0 && info.tee_threads < JUDGE_CALLS,
	      "%u threads", info.tee_threads);
	for (unsigned int i = 0; i < info.tee_threads; i++) {
		call_init_time(&judge_guest, &c, i, session);
		x0 = call_send(&judge_guest, &c);
		check(x0 == RET_RPC_ALLOC, "call %u of %u: 0x%x", i + 1,
		      info.tee_threads, x0);
	}
	call_init_time(&judge_guest, &c, JUDGE_CALLS, session);
	check(call_send(&judge_guest, &c) == RET_ETHREAD_LIMIT,
	      "more calls than OP-TEE has threads");
}

/* The whole of its limit is a new VMM's, and no page more. */
static void judge_memlock(void)
{
	const struct rlimit limit = { MEMLOCK_PAGES * PAGE,
				      MEMLOCK_PAGES * PAGE };

	setrlimit(RLIMIT_MEMLOCK, &limit);
	if (setresuid(65534, 65534, 65534))
		check(false, "setresuid: %s", strerror(errno));
	check(guest_register(&judge_guest, MEMLOCK_PAGES + 1) ==
		      TEE_OUT_OF_MEMORY,
	      "more shared than RLIMIT_MEMLOCK");
	check(guest_register(&judge_guest, MEMLOCK_PAGES) == 0,
	      "as much shared as RLIMIT_MEMLOCK");
	check_pinned("a new guest's buffer", MEMLOCK_PAGES);
	check(guest_unregister(&judge_guest) == 0, "unregister");
	check_pinned("a new guest's buffer, taken back", 0);
}

/* A new guest has at once all that the former had. */
static void judge_body(int unused)
{
	const struct teegate_limits limits = { .calls = JUDGE_CALLS + 1 };
	struct teegate_smc args = { .x = { SMC_EXCHANGE_CAPABILITIES } };

	(void)unused;
	judge_guest = call_guest_open(&limits);
	check_ioctl("capabilities", judge_guest.fd, TEEGATE_SMC, &args, 0);
	if (!check(args.x[0] == 0 && args.events == 0,
		   "no partition for a new guest: 0x%llx, events 0x%x",
		   args.x[0], args.events))
		return;
	judge_threads();
	check_ioctl("reset", judge_guest.fd, TEEGATE_RESET, NULL, 0);
	judge_memlock();
	call_guest_close(&judge_guest);
}

static void judge(const char *what)
{
	int before = failed;
	long long n = machine_pins();

	check(n == 0, "%s: %lld pages stay pinned", what, n);
	n = machine_module_users();
	check(n == module_users, "%s: the module has %lld users, want %lld",
	      what, n, module_users);
	in_child(what, judge_body, -1);
	if (failed != before)
		printf("FAIL: after a kill in state \"%s\"\n", what);
}

/* ---- kills ---- */

static void kill_state(const struct state *state, unsigned int count)
{
	struct aim aim = { 0 };
	int before = failed;

	for (unsigned int i = 0; i < count && failed < 10; i++) {
		kill_vmm(state, &aim, kills % 2);
		kills++;
		judge(state->name);
	}
	printf("%s: %u kills in state \"%s\"", failed != before ? "FAIL" : "ok",
	       count, state->name);
	if (state->race)
		printf(", %u in time, %u before, %u after", aim.in_time,
		       aim.early, aim.late);
	printf("\n");
}

/* How many kills a state gets of @count, with @lossy for each lossy one. */
static unsigned int share_of(unsigned int n, unsigned int count,
			     unsigned int lossy)
{
	unsigned int others = 0, left = count, before = 0;

	for (unsigned int i = 0; i < states_count(); i++) {
		if (state_at(i)->contexts) {
			left -= left < lossy ? left : lossy;
			continue;
		}
		others++;
		before += i < n;
	}
	if (state_at(n)->contexts)
		return lossy;
	return left * (before + 1) / others - left * before / others;
}

/*
 * @count in all, spread over the states, at least one each. Of the TA contexts
 * that OP-TEE may lose a share is for each state that loses some.
 */
static void kill_all(unsigned int count, const char *only)
{
	unsigned int lossy = 0, done = 0;

	for (unsigned int i = 0; i < states_count(); i++)
		lossy += state_at(i)->contexts;
	lossy = contexts_left / lossy;
	if (lossy > count / states_count())
		lossy = count / states_count();
	for (unsigned int i = 0; i < states_count() && failed < 10; i++) {
		const struct state *state = state_at(i);
		unsigned int share = share_of(i, count, lossy);

		if (only && strcmp(only, state->name) != 0)
			continue;
		if (only)
			share = count;
		if (share == 0)
			share = 1;
		if (share * state->contexts > contexts_left) {
			skipped(state->name, "OP-TEE has lost as many TA "
					     "contexts as it may (--contexts)");
			continue;
		}
		contexts_left -= share * state->contexts;
		kill_state(state, share);
		done += share;
	}
	check(done > 0, "there is no state \"%s\"", only ? only : "");
}

/* ---- cycles ---- */

/* A guest with a partition and a shared buffer; its id. */
static uint32_t cycle(void)
{
	struct guest g = guest_open();
	uint64_t ret = guest_register(&g, BUFFER_PAGES);
	uint32_t vmid = guest_stats(&g).vmid;

	check(ret == 0, "register: 0x%llx", (unsigned long long)ret);
	check_pinned("a cycle's buffer", BUFFER_PAGES);
	guest_close(&g);
	check_pinned("a cycle's end", 0);
	return vmid;
}

/*
 * Ids are given out in turn, and nobody else is there: so each is the next
 * one, and after a round none can be in use.
 */
static void cycles_run(unsigned int count)
{
	int before = failed;
	uint32_t last = cycle();

	for (unsigned int i = 1; i < count && failed < 10; i++) {
		uint32_t want = last == VMID_LAST ? VMID_FIRST : last + 1;

		last = cycle();
		check(last == want, "VM id %u, want %u: one is still in use",
		      last, want);
	}
	check(machine_pins() == 0, "%lld pages stay pinned", machine_pins());
	printf("%s: %u guests made and ended\n",
	       failed != before ? "FAIL" : "ok", count);
}

/* ---- options ---- */

static const struct option options[] = {
	{ "kills", required_argument, NULL, 'k' },
	{ "cycles", required_argument, NULL, 'c' },
	{ "seed", required_argument, NULL, 's' },
	{ "only", required_argument, NULL, 'o' },
	{ "contexts", required_argument, NULL, 'x' },
	{ "oom", required_argument, NULL, 'm' },
	{ 0 },
};

static unsigned int number(const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*end || v == 0 || v > 1000000) {
		fprintf(stderr, "\"%s\" is no number from 1 to 1000000\n",
			text);
		exit(2);
	}
	return (unsigned int)v;
}

int main(int argc, char **argv)
{
	unsigned int count = 100, cycles = WARM_CYCLES;
	struct machine before, after;
	const char *only = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'k':
			count = number(optarg);
			break;
		case 'c':
			cycles = number(optarg);
			break;
		case 's':
			dice_seed(number(optarg));
			break;
		case 'm':
			kill_by_oom(optarg);
			break;
		case 'x':
			contexts_left = number(optarg);
			break;
		case 'o':
			only = optarg;
			break;
		default:
			return 2;
		}
	}
	close(device_open());
	kill_prepare();
	module_users = machine_module_users();
	/* What is allocated once, by whomever, is allocated now. */
	printf("a first kill in each state, not counted\n");
	kill_all(1, only);
	cycles_run(WARM_CYCLES);
	machine_measure(&before);
	kills = 0;
	kill_all(count, only);
	printf("%u kills\n", kills);
	cycles_run(cycles);
	machine_measure(&after);
	machine_compare(&before, &after);
	return check_end();
}
