/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of a yielding call, as a table: which state follows which event.
 * Whatever is not here cannot happen. The core is driven by this table
 * (call_state.c), and the model that spin checks includes this very file
 * (tests/proofs/call.pml): so nothing but macros stands here. Names of states
 * and events are those of enum tg_call_state and enum tg_call_event.
 */
#ifndef TG_CALL_STATE_H
#define TG_CALL_STATE_H

/*
 * T(state, event, next state).
 *
 * BEGIN and RESUME make the thread that does them the only one that may touch
 * the call (I7). A RUNNING call has no TEARDOWN: a partition ends only when
 * nobody is inside (I6). Out of LOST nothing leads but TEARDOWN: OP-TEE may
 * still use what the call holds until its partition is gone (I1).
 */
#define TG_CALL_TRANSITIONS(T)         \
	T(FREE, BEGIN, RUNNING)        \
	T(RUNNING, SUSPEND, SUSPENDED) \
	T(SUSPENDED, RESUME, RUNNING)  \
	T(RUNNING, END, FREE)          \
	T(RUNNING, DISOWN, LOST)       \
	T(FREE, TEARDOWN, FREE)        \
	T(SUSPENDED, TEARDOWN, FREE)   \
	T(LOST, TEARDOWN, FREE)

#endif
