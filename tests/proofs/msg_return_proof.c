// SPDX-License-Identifier: BSD-2-Clause
/*
 * What goes back to a guest of a message that OP-TEE has written all over: the
 * result, the session, and of the parameters that the guest declared as outputs
 * the values or the size, each to its own place and nothing besides (I2).
 */
#include "proof.h"

#include "msg.c"

static struct {
	struct optee_msg_arg arg;
	struct optee_msg_param params[OPTEE_MSG_PARAMS_MAX];
} shadow;

static struct tg_call call;
static bool result_told, sent;

/* What may be copied of parameter @n: @from is its offset there. */
static void prove_param(uint64_t n, uint64_t from, size_t bytes)
{
	uint8_t type;

	PROVE(n < call.num_params, "a parameter that the guest has not");
	ASSUME(n < call.num_params);
	type = call.types[n];
	PROVE(type & 2, "I2: not an output");
	if (type <= OPTEE_MSG_ATTR_VALUE_INOUT)
		PROVE(from == offsetof(struct optee_msg_param, u.value) &&
			      bytes == sizeof(struct optee_msg_value),
		      "not the values");
	else
		PROVE(from == offsetof(struct optee_msg_param, u.tmem.size) &&
			      bytes == sizeof(uint64_t),
		      "I2: not the size alone");
}

/* place_proof.c shows that all of it gets there. */
enum tg_status tg_outbox_put(struct tg_vm *vm, struct tg_outbox *box,
			     const struct tg_place *place, uint64_t at,
			     const void *src, size_t bytes)
{
	(void)vm;
	PROVE(box == &call.outbox, "another call's");
	PROVE(place == &call.arg, "to another place");
	PROVE(at < TG_PAGE_BYTES && bytes <= TG_PAGE_BYTES - at,
	      "outside of the message");
	PROVE(!result_told, "the outcome is not the last");
	PROVE(!proof_locked, "guest memory is written under the lock");
	if (at == offsetof(struct optee_msg_arg, ret)) {
		PROVE(bytes == 2 * sizeof(uint32_t), "more than the result");
		PROVE(src == &shadow.arg.ret, "from elsewhere");
		result_told = true;
	} else if (at == offsetof(struct optee_msg_arg, session)) {
		PROVE(bytes == sizeof(uint32_t), "more than the session");
		PROVE(call.cmd == OPTEE_MSG_CMD_OPEN_SESSION, "no session");
		PROVE(src == &shadow.arg.session, "from elsewhere");
	} else {
		PROVE(at >= sizeof(shadow.arg), "a field of the header");
		PROVE(src == (char *)&shadow + at, "from elsewhere");
		at -= sizeof(shadow.arg);
		prove_param(at / sizeof(struct optee_msg_param),
			    at % sizeof(struct optee_msg_param), bytes);
	}
	return nondet_bool() ? TG_OK : TG_GUEST_BAD_ADDRESS;
}

enum tg_status tg_outbox_send(struct tg_vm *vm, struct tg_outbox *box)
{
	(void)vm;
	PROVE(box == &call.outbox && result_told && !sent, "sent too soon");
	sent = true;
	return nondet_bool() ? TG_OK : TG_GUEST_BAD_ADDRESS;
}

/* As translation leaves it. */
static bool is_type(uint8_t type)
{
	return type <= OPTEE_MSG_ATTR_VALUE_INOUT || tg_attr_is_rmem(type) ||
	       tg_attr_is_tmem(type);
}

int main(void)
{
	struct tg_vm vm = { 0 };

	call.shadow.va = &shadow;
	call.cmd = nondet_u32();
	call.num_params = nondet_u32();
	__CPROVER_havoc_object(&shadow);
	/* As tg_msg_fetch() leaves them: msg_fetch_proof.c. */
	ASSUME(call.num_params <= OPTEE_MSG_PARAMS_MAX);
	for (uint32_t i = 0; i < OPTEE_MSG_PARAMS_MAX; i++) {
		call.types[i] = nondet_u8();
		ASSUME(is_type(call.types[i]));
	}
	if (tg_msg_return(&vm, &call) == TG_OK)
		PROVE(sent, "the guest does not hear of the end");
	return 0;
}
