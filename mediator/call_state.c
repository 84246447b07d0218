// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The one place where a call changes its state, by the table of call_state.h.
 * Why it changes is call.c's business.
 */
#include "call_state.h"
#include "core.h"

struct transition {
	bool allowed;
	enum tg_call_state to;
};

#define ROW(from, event, next) \
	[TG_CALL_##from][TG_CALL_EVENT_##event] = { true, TG_CALL_##next },

static const struct transition table[TG_CALL_STATE_COUNT][TG_CALL_EVENT_COUNT] = {
	TG_CALL_TRANSITIONS(ROW)
};

/*
 * What follows @event in @state, into @ret_next; false, and @ret_next as it
 * was, where the table has no such row.
 */
bool tg_call_state_next(enum tg_call_state state, enum tg_call_event event,
			enum tg_call_state *ret_next)
{
	const struct transition *row;

	if ((unsigned int)state >= TG_CALL_STATE_COUNT ||
	    (unsigned int)event >= TG_CALL_EVENT_COUNT)
		return false;
	row = &table[state][event];
	if (row->allowed)
		*ret_next = row->to;
	return row->allowed;
}

/* Takes @call to the state that follows @event. There must be one. */
void tg_call_step(struct tg_locked locked, struct tg_call *call,
		  enum tg_call_event event)
{
	enum tg_call_state next = call->state;

	tg_port_vm_assert_locked(locked.vm->guest);
	TG_ASSERT(tg_call_state_next(call->state, event, &next));
	call->state = next;
}
