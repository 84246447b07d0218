// SPDX-License-Identifier: BSD-2-Clause
/*
 * The TA of the soak test. For a well-behaved guest it is the simulator's own,
 * whose answers can be predicted. For a hostile one it does whatever the dice
 * say: any RPC with any of the call's buffers, several payloads at once.
 * And what OP-TEE leaves behind in a message that it was lent.
 */
#include "soak.h"

#define PAYLOADS 3u

static bool is_hostile(const struct tee_thread *thread)
{
	const struct tg_guest *guest = thread->partition->guest;

	return guest && guest->hostile;
}

/* Reads or writes both ends of a buffer: every page of it was checked. */
static void touch_ends(struct tee_param *param)
{
	uint64_t at[2] = { 0, param->size - 1 };

	for (unsigned int i = 0; i < 2 && param->mobj && param->size; i++) {
		uint8_t *p = tee_mobj_at(param->mobj, param->offs + at[i]);

		if (param->type == OPTEE_MSG_ATTR_RMEM_IN)
			param->a += *p;
		else
			++*p;
	}
	if (param->type != OPTEE_MSG_ATTR_RMEM_IN && param->size)
		param->size = dice_below(2) ? param->size / 2 : dice_u64();
}

static void touch(struct tee_param *params, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (params[i].type & 4) {
			touch_ends(&params[i]);
		} else if (params[i].type & 2) {
			params[i].a++;
			params[i].b = 0;
		}
	}
}

/* A command with up to four parameters, some of them the call's buffers. */
static void any_command(struct tee_thread *thread, struct tee_param *params,
			uint32_t count, struct tee_mobj *payload)
{
	static const uint32_t cmds[] = {
		OPTEE_RPC_CMD_LOAD_TA,	    OPTEE_RPC_CMD_FS,
		OPTEE_RPC_CMD_GET_TIME,	    OPTEE_RPC_CMD_NOTIFICATION,
		OPTEE_RPC_CMD_SUSPEND,	    11,
		OPTEE_RPC_CMD_NOTIFICATION, OPTEE_RPC_CMD_RPMB,
		OPTEE_RPC_CMD_RPMB_FRAMES,
	};
	struct tee_param ask[TEE_RPC_PARAMS] = { 0 };
	uint32_t asked = dice_below(TEE_RPC_PARAMS + 1);

	for (uint32_t i = 0; i < asked; i++) {
		struct tee_param *from = NULL;

		if (count && dice_one_in(2))
			from = &params[dice_below(count)];
		ask[i].type = OPTEE_MSG_ATTR_VALUE_IN + dice_below(3);
		if (dice_one_in(3))
			ask[i].type += 4;
		/* What OP-TEE leaves in an output is nobody's business. */
		if (ask[i].type == OPTEE_MSG_ATTR_VALUE_OUT)
			ask[i].a = ask[i].b = ask[i].c = thread->arg->pages[0];
		if (from && from->type & 4 && ask[i].type & 4) {
			ask[i].mobj = from->mobj;
			ask[i].offs = from->offs;
			ask[i].size = from->size;
		} else if (ask[i].type & 4 && payload) {
			ask[i].mobj = payload;
			ask[i].size = dice_below(64);
		}
	}
	tee_rpc_cmd(thread, cmds[dice_below(ROWS(cmds))], asked, ask);
}

static uint64_t payload_bytes(void)
{
	static const uint64_t odd[] = { 0, 1, 4095, 4096, 4097, 1ull << 33 };

	if (dice_one_in(4))
		return odd[dice_below(ROWS(odd))];
	return 1 + dice_below(3 * TG_PAGE_BYTES);
}

static uint32_t any_rpcs(struct tee_thread *thread, struct tee_param *params,
			 uint32_t count)
{
	struct tee_mobj *payloads[PAYLOADS] = { NULL };
	uint32_t steps = dice_below(6);

	for (uint32_t i = 0; i < steps; i++) {
		struct tee_mobj **p = &payloads[dice_below(PAYLOADS)];

		tee_point(thread);
		if (dice_one_in(2)) {
			any_command(thread, params, count, *p);
		} else if (dice_one_in(8)) {
			tee_rpc_interrupt(thread);
		} else if (!*p) {
			*p = tee_rpc_alloc(thread, payload_bytes());
		} else {
			*tee_mobj_at(*p, 0) = 0x33;
			tee_rpc_free(thread, *p);
			*p = NULL;
		}
	}
	for (uint32_t i = 0; i < PAYLOADS; i++)
		if (payloads[i])
			tee_rpc_free(thread, payloads[i]);
	return TEE_SUCCESS;
}

uint32_t soak_invoke(struct tee_thread *thread, uint32_t func,
		     struct tee_param *params, uint32_t count)
{
	if (!is_hostile(thread))
		return tee_ta_invoke(thread, func, params, count);
	if (func % 3 == 1)
		touch(params, count);
	if (func % 3 == 2)
		return any_rpcs(thread, params, count);
	return dice_one_in(16) ? TEE_ERROR_GENERIC : TEE_SUCCESS;
}

/*
 * OP-TEE may write what it likes to where the guest gave inputs, and the
 * addresses that it was given stand there anyhow: none may reach the guest.
 */
void soak_scribble(struct tee_thread *thread, struct optee_msg_arg *arg)
{
	const uint64_t meta = OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;
	const uint64_t pa = thread->arg->pages[0];

	/* Other parameters name no TA: OP-TEE refuses them. */
	if (arg->cmd == OPTEE_MSG_CMD_OPEN_SESSION && arg->num_params &&
	    arg->params[0].attr == meta &&
	    arg->params[0].u.value.a == SOAK_KEY_PTA_A &&
	    arg->params[0].u.value.b == SOAK_KEY_PTA_B &&
	    sim.sys.rpmb_owner != thread->partition->guest)
		sim_die("policy: the PTA of the RPMB's key for any guest");
	for (uint32_t i = 0; i < arg->num_params; i++) {
		struct optee_msg_param *param = &arg->params[i];

		if (param->attr & 8 || param->attr & 4) {
			param->u.tmem.buf_ptr = pa;
			param->u.tmem.shm_ref = pa;
			if (!(param->attr & 2))
				param->u.tmem.size = pa;
		} else if (!(param->attr & 2)) {
			param->u.value.a = pa;
			param->u.value.b = pa;
			param->u.value.c = pa;
		}
		param->attr |= 2;
	}
	arg->num_params = OPTEE_MSG_PARAMS_MAX;
	arg->cmd = OPTEE_MSG_CMD_OPEN_SESSION;
}
