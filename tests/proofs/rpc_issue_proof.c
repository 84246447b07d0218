// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a guest sees of an RPC of OP-TEE's, with any registers and any message
 * in the shadow page: within its buffer, no address (I2), and only what was
 * noted of the question before (I4); and OP-TEE always gets a resume.
 */
#include "rpc.h"

#include "rpc.c"

static unsigned int shown;

enum tg_status tg_place_copy_in(struct tg_vm *v, const struct tg_place *place,
				uint64_t at, void *dst, size_t bytes)
{
	(void)v;
	(void)place;
	(void)at;
	(void)dst;
	(void)bytes;
	PROVE(false, "I4: guest memory is read while a question is asked");
	return TG_GUEST_BAD_ADDRESS;
}

enum tg_status tg_place_copy_out(struct tg_vm *v, const struct tg_place *place,
				 uint64_t at, const void *src, size_t bytes)
{
	const union rpc_msg *msg = src;
	uint32_t i = nondet_u32(), type;

	(void)v;
	prove_place(place, at, bytes);
	PROVE(bytes <= sizeof(*msg), "past the end of the copy");
	PROVE(msg->arg.cmd == call.rpc.cmd, "I4: another command");
	PROVE(msg->arg.num_params == call.rpc.num_params, "I4: the count");
	PROVE(bytes == optee_msg_bytes(call.rpc.num_params), "its length");
	shown++;
	ASSUME(i < TG_RPC_PARAMS_MAX);
	if (i < call.rpc.num_params) {
		type = call.rpc.types[i];
		PROVE(msg->arg.params[i].attr == type, "I4: another type");
		PROVE(!tg_attr_is_tmem(type) ||
			      !msg->arg.params[i].u.tmem.buf_ptr,
		      "I2: an address");
		PROVE(type != OPTEE_MSG_ATTR_VALUE_OUT ||
			      !msg->arg.params[i].u.value.a,
		      "I2: what OP-TEE left in an output");
	}
	return nondet_bool() ? TG_OK : TG_GUEST_BAD_ADDRESS;
}

int main(void)
{
	struct tg_regs regs;
	struct optee_msg_arg before;
	enum tg_rpc_next next;

	__CPROVER_havoc_object(&regs);
	/* As tg_vm_call_tee() leaves them: 32 bits each. */
	for (int n = 0; n < 4; n++)
		regs.x[n] = (uint32_t)regs.x[n];
	proof_rpc_init();
	before = page.rpc.arg;
	next = tg_rpc_issue(&vm, &call, &regs);
	prove_resume();
	PROVE(shown <= 1, "shown twice");
	PROVE(holds == !!call.rpc.buffer && spares == !!call.rpc.spare,
	      "kept without a record");
	PROVE(page.rpc.arg.cmd == before.cmd &&
		      page.rpc.arg.num_params == before.num_params,
	      "OP-TEE's question is changed");
	if (next == TG_RPC_ANSWERED) {
		PROVE(!holds && !spares && !call.rpc.func, "something is kept");
		return 0;
	}
	PROVE(call.rpc.begun, "what is kept would stay");
	PROVE(call.rpc.func == (uint32_t)regs.x[0], "I4: another question");
	if (call.rpc.func == OPTEE_RPC_CMD)
		PROVE(shown == 1 && call.rpc.num_params <= TG_RPC_PARAMS_MAX,
		      "nothing was shown");
	if (call.rpc.func == OPTEE_RPC_CMD && call.rpc_bytes)
		PROVE(!regs.x[1] && !regs.x[2] && !holds,
		      "I9: a name where the message has none");
	if (call.rpc.func == OPTEE_RPC_ALLOC)
		PROVE(regs.x[2] == 0 && spare.kind == TG_SHM_RPC_ARG &&
			      regs.x[1] == call.rpc.alloc_bytes,
		      "I9: registers");
	PROVE(call.rpc.func != OPTEE_RPC_FREE || forgotten, "I12: not freed");
	PROVE(call.rpc.func != OPTEE_RPC_CMD ||
		      call.rpc.cmd != OPTEE_RPC_CMD_SHM_FREE || forgotten,
	      "I12: not freed");
	return 0;
}
