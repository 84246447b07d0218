// SPDX-License-Identifier: BSD-2-Clause
/*
 * What OP-TEE gets of a guest's answer, whatever the guest has in its
 * registers and in its buffer: outputs that were asked for, and addresses that
 * were pinned for it or are shadow pages (I1, I4).
 */
#include "rpc.h"

#include "rpc.c"

static unsigned int fetched;

enum tg_status tg_place_copy_in(struct tg_vm *v, const struct tg_place *place,
				uint64_t at, void *dst, size_t bytes)
{
	union rpc_msg any, *to = dst;

	(void)v;
	prove_place(place, at, bytes);
	PROVE(bytes <= sizeof(any), "past the end of the copy");
	PROVE(!fetched++, "I3: fetched twice");
	*to = any;
	return nondet_bool() ? TG_OK : TG_GUEST_BAD_ADDRESS;
}

enum tg_status tg_place_copy_out(struct tg_vm *v, const struct tg_place *place,
				 uint64_t at, const void *src, size_t bytes)
{
	(void)v;
	(void)place;
	(void)at;
	(void)src;
	(void)bytes;
	PROVE(false, "I12: something is shown while an answer is taken");
	return TG_GUEST_BAD_ADDRESS;
}

/* As rpc_issue_proof.c shows that a question is noted. */
static void ask(void)
{
	struct tg_rpc *rpc = &call.rpc;

	rpc->begun = true;
	rpc->func = nondet_u32();
	call.resume = (struct tg_regs){ .x = { OPTEE_SMC_RETURN_FROM_RPC, 0, 0,
					       call.thread } };
	if (rpc->func == OPTEE_RPC_ALLOC) {
		rpc->alloc_bytes = nondet_u64();
		ASSUME(rpc->alloc_bytes <= TG_PAGE_BYTES);
		rpc->spare = &spare;
		spare.kind = TG_SHM_RPC_ARG;
		spare.shadow.pa = any_page_pa();
		spares = 1;
	} else if (rpc->func == OPTEE_RPC_CMD) {
		if (!call.rpc_bytes) {
			rpc->buffer = &buffer;
			holds = 1;
		}
		rpc->cmd = nondet_u32();
		rpc->num_params = nondet_u32();
		ASSUME(rpc->num_params <= TG_RPC_PARAMS_MAX);
		ASSUME(optee_msg_bytes(rpc->num_params) <=
		       (call.rpc_bytes ? call.rpc_bytes : buffer.guest_bytes));
		for (unsigned int i = 0; i < TG_RPC_PARAMS_MAX; i++)
			rpc->types[i] = nondet_u8();
		if (rpc->cmd == OPTEE_RPC_CMD_SHM_ALLOC) {
			ASSUME(rpc->num_params == 1);
			rpc->alloc_bytes = nondet_u64();
			rpc->spare = &spare;
			spare.kind = TG_SHM_RPC_PAYLOAD;
			spares = 1;
		}
	}
}

/* One parameter of the question, any, as OP-TEE finds it afterwards. */
static void prove_param(const struct optee_msg_param *was,
			const struct optee_msg_param *is, uint8_t type,
			bool allocates)
{
	if (allocates && live) {
		PROVE(is->u.tmem.buf_ptr & PA_MARK, "I1: a guest's address");
		PROVE(is->u.tmem.shm_ref == spare.cookie.v, "another name");
		PROVE(is->u.tmem.size >= call.rpc.alloc_bytes, "too small");
		return;
	}
	PROVE(is->attr == was->attr, "I4: another type");
	if (!allocates && type >= OPTEE_MSG_ATTR_VALUE_OUT &&
	    type <= OPTEE_MSG_ATTR_VALUE_INOUT)
		return;
	PROVE(is->u.tmem.buf_ptr == was->u.tmem.buf_ptr, "I1: an address");
	PROVE(is->u.tmem.shm_ref == was->u.tmem.shm_ref, "I1: a name");
	if (allocates || !(type & 2))
		PROVE(is->u.tmem.size == was->u.tmem.size, "I4: no output");
}

int main(void)
{
	struct tg_regs regs;
	struct optee_msg_arg before;
	struct optee_msg_param param;
	uint32_t i = nondet_u32();
	struct tg_rpc asked;

	__CPROVER_havoc_object(&regs);
	proof_rpc_init();
	ask();
	ASSUME(i < OPTEE_MSG_PARAMS_MAX);
	param = page.rpc.params[i];
	before = page.rpc.arg;
	asked = call.rpc;
	tg_rpc_reply(&vm, &call, &regs);
	call.rpc.alloc_bytes = asked.alloc_bytes;
	prove_resume();
	PROVE(!holds && !spares, "something is kept");
	PROVE(live == inserted, "a name that stands for nothing");
	PROVE(page.rpc.arg.cmd == before.cmd &&
		      page.rpc.arg.num_params == before.num_params,
	      "I4: the question is changed");
	prove_param(&param, &page.rpc.params[i],
		    i < asked.num_params ? asked.types[i] : 0,
		    i == 0 && asked.func == OPTEE_RPC_CMD &&
			    asked.cmd == OPTEE_RPC_CMD_SHM_ALLOC);
	return 0;
}
