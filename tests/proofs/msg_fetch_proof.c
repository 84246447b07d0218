// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fetching a message: for any header that the guest has there, with room for
 * RPCs behind it or without, and with pages of their real size, nothing is
 * written outside of the shadow page, no byte of the guest's is read twice
 * (I3), and nothing is read that is not known to be there. Where the guest has
 * the message is place_proof.c's.
 */
#include "proof.h"

#include "msg.c"

/* Put where a page of OP-TEE's would be. */
static struct {
	struct optee_msg_arg arg;
	struct optee_msg_param params[OPTEE_MSG_PARAMS_MAX];
} shadow;

_Static_assert(sizeof(shadow) == TG_PAGE_BYTES, "a page");

static struct tg_call call = { .shadow = { .va = &shadow } };
static uint64_t known; /* bytes that the place has */
static uint64_t read_to;
static bool aligned;

bool tg_place_is_aligned(const struct tg_place *place)
{
	PROVE(place == &call.arg, "another place");
	aligned = nondet_bool();
	return aligned;
}

size_t tg_place_page_room(const struct tg_place *place)
{
	size_t room = nondet_u32();

	PROVE(place == &call.arg, "another place");
	ASSUME(room && room <= TG_PAGE_BYTES);
	return room;
}

bool tg_place_has(const struct tg_place *place, uint64_t bytes)
{
	PROVE(place == &call.arg, "another place");
	if (nondet_bool())
		return false;
	if (bytes > known)
		known = bytes;
	return true;
}

enum tg_status tg_place_copy_in(struct tg_vm *vm, const struct tg_place *place,
				uint64_t at, void *dst, size_t bytes)
{
	struct optee_msg_arg any;

	(void)vm;
	PROVE(place == &call.arg && aligned, "another place");
	PROVE(dst == (char *)&shadow + at, "another destination");
	PROVE(bytes <= sizeof(shadow) && at <= sizeof(shadow) - bytes,
	      "past the end of the shadow page");
	PROVE(at + bytes <= known, "what may not be there");
	PROVE(at >= read_to, "I3: a byte is read twice");
	if (!read_to)
		shadow.arg = any;
	read_to = at + bytes;
	return nondet_bool() ? TG_OK : TG_GUEST_BAD_ADDRESS;
}

int main(void)
{
	struct tg_vm vm = { 0 };

	call.rpc_bytes = nondet_u32();
	/* OP-TEE's, up to what the mediator takes. */
	ASSUME(call.rpc_bytes <= optee_msg_bytes(TG_RPC_PARAMS_MAX));
	if (tg_msg_fetch(&vm, &call) == TG_OK) {
		uint64_t bytes = optee_msg_bytes(call.num_params);

		PROVE(call.num_params <= OPTEE_MSG_PARAMS_MAX, "too many");
		PROVE(call.num_params == shadow.arg.num_params, "the count");
		PROVE(call.cmd == shadow.arg.cmd, "the command");
		PROVE(read_to >= bytes, "the parameters");
		PROVE(bytes + call.rpc_bytes <= known, "an answer may not fit");
		PROVE(bytes + call.rpc_bytes <= TG_PAGE_BYTES,
		      "I1: an RPC's message past the shadow page");
	}
	return 0;
}
