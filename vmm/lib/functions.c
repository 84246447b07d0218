// SPDX-License-Identifier: BSD-2-Clause
/*
 * OP-TEE's SMC function ids, as far as the VMM's side cares: which ids to
 * take from KVM, and which registers each one reads, since every register
 * costs a system call. What a call means and whether it is allowed is decided
 * in mediator/; an id that is missing here is passed on with all registers.
 */
#include <stddef.h>

#include "internal.h"

#define X(n) (1u << (n))
#define X_ALL (X(1) | X(2) | X(3) | X(4) | X(5) | X(6))

#define YIELDING(n) (0x32000000u | (n))
#define FAST(n) (0xb2000000u | (n))
#define CALLS(n) (0xbf000000u | (n))

static const struct {
	uint32_t base;
	uint32_t count;
} ranges[] = {
	{ FAST(0), 0x10000 },
	{ YIELDING(0), 0x10000 },
	{ CALLS(0xff00), 0x100 },
};

/*
 * The two busiest come first. x7 is never read: the hypervisor's client id is
 * not the guest's to choose.
 */
static const struct {
	uint32_t function;
	uint32_t inputs;
} functions[] = {
	{ YIELDING(3), X(1) | X(2) | X(3) | X(4) | X(5) }, /* RETURN_FROM_RPC */
	{ YIELDING(4), X(1) | X(2) | X(3) }, /* CALL_WITH_ARG */
	{ YIELDING(18), X(1) | X(2) | X(3) }, /* CALL_WITH_RPC_ARG */
	{ YIELDING(19), X(1) | X(2) | X(3) }, /* CALL_WITH_REGD_ARG */
	{ FAST(17), 0 }, /* GET_ASYNC_NOTIF_VALUE */
	{ FAST(0), 0 }, /* GET_OS_UUID */
	{ FAST(1), 0 }, /* GET_OS_REVISION */
	{ FAST(7), 0 }, /* GET_SHM_CONFIG */
	{ FAST(9), X(1) }, /* EXCHANGE_CAPABILITIES */
	{ FAST(10), 0 }, /* DISABLE_SHM_CACHE */
	{ FAST(11), 0 }, /* ENABLE_SHM_CACHE */
	{ FAST(15), 0 }, /* GET_THREAD_COUNT */
	{ FAST(16), 0 }, /* ENABLE_ASYNC_NOTIF */
	{ CALLS(0xff00), 0 }, /* CALLS_COUNT */
	{ CALLS(0xff01), 0 }, /* CALLS_UID */
	{ CALLS(0xff03), 0 }, /* CALLS_REVISION */
};

bool tg_function_range(unsigned int index, uint32_t *ret_base,
		       uint32_t *ret_count)
{
	if (index >= sizeof(ranges) / sizeof(ranges[0]))
		return false;
	*ret_base = ranges[index].base;
	*ret_count = ranges[index].count;
	return true;
}

bool tg_function_is_ours(uint64_t nr)
{
	size_t n;

	for (n = 0; n < sizeof(ranges) / sizeof(ranges[0]); n++) {
		/* I9: the low 32 bits select, whatever the guest left above. */
		if ((uint32_t)nr - ranges[n].base < ranges[n].count)
			return true;
	}
	return false;
}

unsigned int tg_function_inputs(uint32_t function)
{
	size_t n;

	for (n = 0; n < sizeof(functions) / sizeof(functions[0]); n++) {
		if (functions[n].function == function)
			return functions[n].inputs;
	}
	return X_ALL;
}
