// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fetching a message: for any address, any header that the guest has there,
 * and with pages of their real size, nothing is written outside of the shadow
 * page and no byte of the guest's is read twice (I3).
 */
#include "proof.h"

#include "msg.c"

/* Put where a page of OP-TEE's would be. */
static struct {
	struct optee_msg_arg arg;
	struct optee_msg_param params[OPTEE_MSG_PARAMS_MAX];
} shadow;

_Static_assert(sizeof(shadow) == TG_PAGE_BYTES, "a page");

static uint64_t read_from, read_to;
static unsigned int reads;

enum tg_status tg_port_copy_in(struct tg_guest *guest, struct tg_ipa ipa,
			       void *dst, size_t bytes)
{
	struct optee_msg_arg any;
	size_t at = (size_t)((char *)dst - (char *)&shadow);

	(void)guest;
	PROVE(__CPROVER_same_object(dst, &shadow), "another destination");
	PROVE(bytes <= sizeof(shadow) && at <= sizeof(shadow) - bytes,
	      "past the end of the shadow page");
	PROVE(ipa.v + bytes > ipa.v, "a range of the guest's that wraps");
	if (reads++)
		PROVE(ipa.v >= read_to || ipa.v + bytes <= read_from,
		      "I3: a byte is read twice");
	else
		shadow.arg = any;
	read_from = ipa.v;
	read_to = ipa.v + bytes;
	return nondet_bool() ? TG_OK : TG_GUEST_BAD_ADDRESS;
}

int main(void)
{
	struct tg_vm vm = { 0 };
	struct tg_call call = { .shadow = { .va = &shadow } };
	struct tg_ipa arg = { nondet_u64() };

	call.arg = arg;
	if (tg_msg_fetch(&vm, &call) == TG_OK) {
		PROVE(call.num_params <= OPTEE_MSG_PARAMS_MAX, "too many");
		PROVE(call.num_params == shadow.arg.num_params, "the count");
		PROVE(call.cmd == shadow.arg.cmd, "the command");
		PROVE(reads == (call.num_params ? 2 : 1), "the parameters");
		PROVE(arg.v + TG_PAGE_MASK > arg.v, "an answer could wrap");
	}
	PROVE(reads <= 2, "read more often than needed");
	return 0;
}
