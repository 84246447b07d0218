// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine with one guest that one_guest.h describes.
 */
#include "one_guest.h"

struct tg_guest *guest;
uint32_t session;
uint64_t ipa;

static int setup(void **state, uint32_t call_with)
{
	if (common_setup(state))
		return -1;
	guest = sim_guest_create(NULL);
	guest->call_with = call_with;
	session = sim_open(guest);
	ipa = sim_guest_alloc(guest, 8 * TG_PAGE_BYTES);
	return 0;
}

int one_guest_setup(void **state)
{
	return setup(state, 0);
}

int one_guest_setup_rpc_arg(void **state)
{
	return setup(state, OPTEE_SMC_CALL_WITH_REGD_ARG);
}

int one_guest_teardown(void **state)
{
	if (guest->args_ipa)
		assert_int_equal(sim_unregister(guest, SIM_ARGS_COOKIE), 0);
	assert_idle(guest);
	sim_guest_destroy(guest);
	return common_teardown(state);
}

void msg_use(struct sim_msg *msg, uint64_t cookie, uint64_t offs, uint64_t size)
{
	sim_msg_init(msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_rmem(msg, OPTEE_MSG_ATTR_RMEM_INOUT, cookie, offs, size);
}

uint32_t use(uint64_t cookie, uint64_t offs, uint64_t size)
{
	struct sim_msg msg;

	msg_use(&msg, cookie, offs, size);
	return invoke(guest, &msg);
}

void assert_unknown(uint64_t cookie)
{
	uint64_t before = tee.smcs;
	struct sim_msg msg;

	msg_use(&msg, cookie, 0, 8);
	invoke(guest, &msg);
	assert_refused(&msg, TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(tee.smcs, before);
}
