/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of calls with several vCPUs, for spin: mediator/call.c and what of
 * mediator/vm.c lets vCPUs in and out, with an OP-TEE that may end a call, ask
 * for something, have no thread, or disown one, and a guest that may do
 * whatever it likes. Messages and memory are not here: that a call holds pins
 * is one bit.
 *
 * Which state follows which event is not written here again: step() is made of
 * the table that the core is driven by. One atomic block is what the core does
 * under the VM's lock, or one SMC.
 *
 * -DHONEST   the guest answers what it is asked, and OP-TEE disowns nothing:
 *            then every call must end by itself
 * -DTHREADS= threads of OP-TEE
 */
#include "call_state.h"

#define VCPUS 2
#define CALLS 2
#ifndef THREADS
#define THREADS 2
#endif
#ifndef RPCS
#define RPCS 1 /* that OP-TEE asks of one call */
#endif
#define BUDGET 1 /* resumes inside one trap */
#define NONE 7

mtype = { FREE, RUNNING, SUSPENDED, LOST };
mtype = { BEGIN, SUSPEND, RESUME, END, DISOWN, TEARDOWN };
mtype = { OPEN, QUIESCING, RESETTING, CLOSED };
mtype = { IDLE, INSIDE, WAITING };
mtype = { ENDED, ASKED, NO_THREAD, UNKNOWN };

/* The mediator. */
mtype state[CALLS] = FREE;
byte thread[CALLS] = NONE;
mtype phase = OPEN;
byte inside;
bool partition;

/* OP-TEE. */
mtype tee[THREADS] = IDLE;
byte asks[THREADS]; /* how often it will still ask */

/* What is true but nobody knows: for the properties. */
byte workers[CALLS]; /* vCPUs that think the call is theirs */
bool pinned[CALLS]; /* its memory stays where it is */
byte owner[THREADS] = NONE; /* the call that runs on it */
byte alive = VCPUS;
bool killed;

#define ROW(from, event, next) :: (state[c] == from && e == event) -> state[c] = next

inline step(c, e) {
	if
	TG_CALL_TRANSITIONS(ROW)
	:: else -> assert(false) /* not in the table */
	fi
}

inline work_begins(c) {
	workers[c]++;
	assert(workers[c] == 1)
}

inline work_ends(c) { workers[c]-- }

/* One SMC that begins or resumes: into OP-TEE. */
inline tee_enter(c, t, answer) {
	atomic {
		assert(partition);
		if
		:: t != NONE ->
			assert(tee[t] == WAITING && owner[t] == c);
			if
			:: tee[t] = INSIDE
#ifndef HONEST
			:: answer = UNKNOWN /* and the thread stays */
#endif
			fi
		:: t == NONE && tee[0] == IDLE -> t = 0
		:: t == NONE && THREADS == 2 && tee[THREADS - 1] == IDLE ->
			t = THREADS - 1
		:: else -> answer = NO_THREAD
		fi;
		if
		:: answer == 0 && tee[t] == IDLE ->
			tee[t] = INSIDE;
			owner[t] = c;
			asks[t] = RPCS
		:: else
		fi
	}
}

/* And back from there. */
inline tee_leave(c, t, answer) {
	atomic {
		assert(tee[t] == INSIDE && owner[t] == c);
		assert(pinned[c]);
		if
		:: tee[t] = IDLE; owner[t] = NONE; asks[t] = 0; answer = ENDED
		:: asks[t] > 0 ->
			asks[t]--;
			tee[t] = WAITING;
			answer = ASKED;
			thread[c] = t /* call.c notes it before anything else */
		fi
	}
}

inline finish(c, why) {
	/* Its memory first, its slot last. */
	pinned[c] = false;
	atomic {
		work_ends(c);
		thread[c] = NONE; /* the core does not look at it any more */
		step(c, why)
	}
}

/* call.c, run(). @t: the thread to resume, or NONE. */
inline run_call(c, t) {
	left = BUDGET;
	asked = NONE;
	do
	:: answer = 0;
		tee_enter(c, t, answer);
		if
		:: answer == 0 -> tee_leave(c, t, answer)
		:: else
		fi;
		if
		:: answer == ENDED || answer == NO_THREAD ->
			finish(c, END);
			break
		:: answer == UNKNOWN ->
			atomic { work_ends(c); step(c, DISOWN) }
			break
		:: answer == ASKED ->
			if
			:: left > 0 && !killed -> left-- /* answered inside */
			:: atomic {
					work_ends(c);
					step(c, SUSPEND);
#ifdef HONEST
					asked = t
#endif
				}
				break
			fi
		fi
	od
}

inline enter(in) {
	atomic {
		if
		:: phase == OPEN ->
			inside++;
			assert(inside <= VCPUS);
			in = true
		:: else -> in = false
		fi
	}
}

inline leave() {
	atomic {
		assert(inside > 0);
		inside--;
		slot = NONE; t = NONE; left = 0; answer = 0; name = 0; in = false
	}
}

/* CALL_WITH_ARG */
inline smc_begin() {
	atomic { partition = true }
	atomic {
		if
		:: state[0] == FREE -> slot = 0
		:: else ->
			if
			:: state[1] == FREE -> slot = 1
			:: else -> slot = NONE
			fi
		fi;
		if
		:: slot != NONE ->
			step(slot, BEGIN);
			work_begins(slot);
			pinned[slot] = true
		:: else
		fi
	}
	if
	:: slot == NONE /* ETHREAD_LIMIT */
	:: else ->
		if
		:: finish(slot, END) /* refused */
		:: t = NONE; run_call(slot, t)
		fi
	fi;
}

/* RETURN_FROM_RPC with the thread @name */
inline smc_resume(name) {
	atomic {
		if
		:: state[0] == SUSPENDED && thread[0] == name -> slot = 0
		:: else ->
			if
			:: state[1] == SUSPENDED && thread[1] == name -> slot = 1
			:: else -> slot = NONE
			fi
		fi;
		if
		:: slot != NONE -> step(slot, RESUME); work_begins(slot)
		:: else
		fi
	}
	if
	:: slot == NONE -> asked = NONE /* ERESUME */
	:: else -> t = name; run_call(slot, t)
	fi
}

proctype vcpu() {
	byte slot = NONE, t = NONE, asked = NONE, left, name;
	byte answer;
	bool in;

	do
	:: killed -> break
	:: !killed ->
		enter(in);
		if
		:: !in -> asked = NONE /* BUSY; what it was asked is no more */
#ifdef HONEST
		:: in && asked == NONE -> smc_begin(); leave()
		:: in && asked != NONE -> name = asked; smc_resume(name); leave()
#else
		:: in -> smc_begin(); leave()
		:: in -> name = 0; smc_resume(name); leave()
		:: in -> name = 1; smc_resume(name); leave()
#endif
		fi
	od;
	atomic { asked = NONE; alive-- }
}

/* vm.c, end_partition() */
inline end_partition() {
	atomic {
		/* VM_DESTROYED: I6, nobody may be inside. */
		assert(tee[0] != INSIDE && tee[THREADS - 1] != INSIDE);
		tee[0] = IDLE;
		owner[0] = NONE;
		asks[0] = 0;
		tee[THREADS - 1] = IDLE;
		owner[THREADS - 1] = NONE;
		asks[THREADS - 1] = 0;
		partition = false
	}
	pinned[0] = false;
	atomic { thread[0] = NONE; step(0, TEARDOWN) }
	pinned[1] = false;
	atomic { thread[1] = NONE; step(1, TEARDOWN) }
	assert(state[0] == FREE && state[1] == FREE)
}

/* The VMM: resets the guest whenever it likes, and is killed in the end. */
active proctype vmm() {
	byte i;
	bool alone;

	atomic {
		do
		:: i < VCPUS -> run vcpu(); i++
		:: else -> break
		od;
		i = 0
	}
	do
	:: atomic { /* reset_begin(), again and again */
			alone = (inside == 0 && phase != RESETTING);
			if
			:: phase == OPEN -> phase = QUIESCING
			:: else
			fi;
			if
			:: alone -> phase = RESETTING
			:: else
			fi
		}
		if
		:: alone -> end_partition(); phase = OPEN
		:: else
		fi
	:: phase == OPEN -> break
	od;
	killed = true;
	/* The last reference to the file is gone when all threads are. */
	alive == 0 -> assert(inside == 0);
	end_partition();
	phase = CLOSED
}

/* No lost thread: each has a call that knows it and keeps its memory. */
#define HAS_CALL(t) \
	(tee[t] == IDLE || \
	 (pinned[owner[t]] && \
	  (state[owner[t]] == RUNNING || \
	   ((state[owner[t]] == SUSPENDED || state[owner[t]] == LOST) && \
	    tee[t] == WAITING && thread[owner[t]] == t))))

#define TWO_OF_ONE \
	(THREADS == 2 && owner[0] != NONE && owner[0] == owner[THREADS - 1])

ltl no_thread_is_lost { [] (HAS_CALL(0) && HAS_CALL(THREADS - 1) && !TWO_OF_ONE) }

#define CALL_ENDS(c) ([] (state[c] == RUNNING -> <> (state[c] == FREE)))
#define DONE (phase == CLOSED && state[0] == FREE && state[1] == FREE && \
	      tee[0] == IDLE && tee[THREADS - 1] == IDLE && !partition)

ltl a_reset_ends { [] (phase == QUIESCING -> <> (phase == OPEN)) }
ltl a_kill_ends { [] (killed -> <> DONE) }
#ifdef HONEST
ltl calls_end { CALL_ENDS(0) && CALL_ENDS(1) }
#endif
