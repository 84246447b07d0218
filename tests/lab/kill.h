/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kill_test and soak_test have in common: the states in which a VMM is
 * killed, and what is compared of the machine before and after.
 */
#ifndef KILL_H
#define KILL_H

#include <stdatomic.h>
#include <sys/types.h>

#include "uapi_guest.h"

/*
 * What a VMM and the program that kills it both see. @helper: a process of the
 * VMM's that outlives it and has the device open, to be waited for.
 */
struct shared {
	pid_t witness;
	pid_t helper;
	atomic_bool racing; /* what there is to race has begun */
};

extern struct shared *shared;

/*
 * @reach: brings this process into the state and returns with it there; ends
 * the program where it cannot. @race: what it does from there on and is killed
 * at some moment of, NULL if it just stays. @contexts: how many TAs, pseudo TAs
 * not counted, OP-TEE has loaded or is loading for it then.
 */
struct state {
	const char *name;
	void (*reach)(void);
	void (*race)(void);
	unsigned int contexts;
};

extern const struct state states_call[];
extern const unsigned int states_call_count;
/* Those in which the kernel waits or takes down. */
extern const struct state states_kernel[];
extern const unsigned int states_kernel_count;

/* ---- kill_vmm.c ---- */

/* Numbers from a seed that is not 0. */
void dice_seed(uint64_t seed);
uint32_t dice(void);

/* All of them, in the order of the two tables. */
const struct state *state_at(unsigned int i);
unsigned int states_count(void);

/* When a race is cut off, as far as known; and how often that was when. */
struct aim {
	unsigned int us;
	unsigned int early, in_time, late;
};

/* Before the first kill. */
void kill_prepare(void);

/*
 * From now on the kernel kills, for want of memory in @cgroup, which is for
 * nothing else and stays the caller's. There is no witness then.
 */
void kill_by_oom(const char *cgroup);

/*
 * A VMM is brought into @state and killed. @witnessed: another process shares
 * its memory, outlives it and looks that nothing of it is charged.
 */
void kill_vmm(const struct state *state, struct aim *aim, bool witnessed);

/* ---- kill_machine.c ---- */

enum measure {
	MEASURE_FREE,
	MEASURE_UNRECLAIMABLE,
	MEASURE_MLOCKED,
	MEASURE_UNEVICTABLE,
	MEASURE_PINS,
	MEASURE_VMPIN,
	MEASURE_ADDRESS_SPACES,
	MEASURE_MODULE_USERS,
	MEASURE_HOST_HEAP,
	MEASURE_HOST_NEXUS,
	MEASURE_HOST_TA_RAM,
	MEASURE_GUEST_HEAP,
	MEASURE_GUEST_NEXUS,
	MEASURE_GUEST_TA_RAM,
	MEASURE_COUNT
};

struct machine {
	long long of[MEASURE_COUNT];
};

/* Of the whole machine, at this moment: pins made and not undone. */
long long machine_pins(void);
long long machine_module_users(void);

/* With caches dropped and what was deferred done; takes seconds. */
void machine_measure(struct machine *m);

/* Prints both and checks that nothing has drifted. */
void machine_compare(const struct machine *before, const struct machine *after);

#endif
