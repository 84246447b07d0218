// SPDX-License-Identifier: BSD-2-Clause
/*
 * The guests' messages. They live in the first pages of a process's memory:
 * messages, page lists and RPC buffers, then data.
 */
#include "request.h"

#include "dice.h"

#define LIST_PAGE 4u
#define RPC_PAGE 6u
#define DATA_PAGE 10u

/* The registers that each task got last. */
static uint64_t last[TASKS][8];

/* struct optee_msg_arg with room for two parameters. */
struct message {
	uint32_t cmd;
	uint32_t func;
	uint32_t session;
	uint32_t cancel_id;
	uint32_t pad;
	uint32_t ret;
	uint32_t ret_origin;
	uint32_t num_params;
	struct optee_msg_param params[2];
};

_Static_assert(sizeof(struct message) ==
		       sizeof(struct optee_msg_arg) +
			       2 * sizeof(struct optee_msg_param),
	       "as in OP-TEE's ABI");

void request_start(void)
{
	memset(last, 0, sizeof(last));
}

static uint64_t page_at(uint32_t first, uint32_t count)
{
	return (first + dice_below(count)) * PAGE_SIZE;
}

static void put(struct task *task, uint64_t gpa, const void *data, size_t bytes)
{
	user_put(task->process, USER_BASE + gpa, data, bytes);
}

/* A buffer in data pages, mostly: a range, or a list of pages. */
static void set_buffer(struct task *task, struct optee_msg_param *param)
{
	uint64_t list[8];
	uint64_t at;

	param->u.tmem.size = 1 + dice_below(6 * PAGE_SIZE);
	param->u.tmem.shm_ref = 1 + dice_below(4);
	param->u.tmem.buf_ptr = page_at(DATA_PAGE, 20) + dice_below(16);
	if (dice_below(3))
		return;
	for (uint32_t i = 0; i < 8; i++)
		list[i] = page_at(DATA_PAGE, 24);
	at = page_at(LIST_PAGE, 2);
	put(task, at, list, sizeof(list));
	param->attr |= OPTEE_MSG_ATTR_NONCONTIG;
	param->u.tmem.buf_ptr = at;
}

static void set_message(struct task *task, struct message *m)
{
	static const uint32_t cmds[] = {
		OPTEE_MSG_CMD_OPEN_SESSION,   OPTEE_MSG_CMD_INVOKE_COMMAND,
		OPTEE_MSG_CMD_INVOKE_COMMAND, OPTEE_MSG_CMD_REGISTER_SHM,
		OPTEE_MSG_CMD_REGISTER_SHM,   OPTEE_MSG_CMD_UNREGISTER_SHM,
	};

	*m = (struct message){ 0 };
	m->cmd = cmds[dice_below(6)];
	m->session = 1 + dice_below(2);
	m->func = dice_below(4);
	m->num_params = 1;
	switch (m->cmd) {
	case OPTEE_MSG_CMD_OPEN_SESSION:
		m->num_params = 2;
		m->params[0].attr =
			OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;
		m->params[1].attr = m->params[0].attr;
		break;
	case OPTEE_MSG_CMD_UNREGISTER_SHM:
		m->params[0].attr = OPTEE_MSG_ATTR_RMEM_IN;
		m->params[0].u.rmem.shm_ref = 1 + dice_below(4);
		break;
	case OPTEE_MSG_CMD_REGISTER_SHM:
		m->params[0].attr = OPTEE_MSG_ATTR_TMEM_OUT;
		set_buffer(task, &m->params[0]);
		break;
	default:
		m->params[0].attr = OPTEE_MSG_ATTR_TMEM_INOUT;
		set_buffer(task, &m->params[0]);
		break;
	}
}

static void set_pair(uint64_t *x, uint64_t v)
{
	x[0] = v >> 32;
	x[1] = (uint32_t)v;
}

/* A buffer for SHM_ALLOC, or success. */
static void answer_command(struct task *task, uint64_t gpa)
{
	struct message m;

	if (!user_get(task->process, USER_BASE + gpa, &m, sizeof(m)))
		return;
	m.ret = TEE_SUCCESS;
	if (m.cmd == OPTEE_RPC_CMD_SHM_ALLOC) {
		uint64_t bytes = m.params[0].u.value.b;

		m.params[0].attr = OPTEE_MSG_ATTR_TMEM_OUT;
		set_buffer(task, &m.params[0]);
		m.params[0].u.tmem.size = bytes;
		m.params[0].u.tmem.shm_ref = 5 + dice_below(3);
	}
	put(task, gpa, &m, sizeof(m));
}

static void answer(struct task *task, const uint64_t *from, uint64_t *x)
{
	uint64_t cookie = (uint32_t)from[2];

	x[0] = OPTEE_SMC_RETURN_FROM_RPC;
	x[3] = dice_one_in(16) ? dice_below(4) : from[3];
	switch ((uint32_t)from[0]) {
	case OPTEE_RPC_ALLOC:
		cookie = page_at(RPC_PAGE, 4);
		set_pair(&x[1], cookie);
		set_pair(&x[4], cookie);
		break;
	case OPTEE_RPC_CMD:
		answer_command(task, cookie);
		break;
	default:
		break;
	}
}

void request_next(struct task *task, uint64_t *x)
{
	uint64_t *mine = last[task - machine.tasks];
	struct message m;
	uint64_t at;

	if (optee_ret_is_rpc((uint32_t)mine[0]) && dice_below(8)) {
		answer(task, mine, x);
		mine[0] = 0;
		return;
	}
	if (dice_one_in(12)) {
		x[0] = OPTEE_SMC_FAST(dice_below(18));
		x[1] = dice_below(3);
		x[3] = dice_u64();
		return;
	}
	set_message(task, &m);
	at = page_at(0, LIST_PAGE) + (dice_one_in(4) ? PAGE_SIZE - 40 : 0);
	/* Regions often end at multiples of eight pages. */
	if (dice_one_in(8))
		at = 8 * (1 + dice_below(2)) * PAGE_SIZE - 40;
	put(task, at, &m, sizeof(m));
	x[0] = OPTEE_SMC_CALL_WITH_ARG;
	set_pair(&x[1], dice_one_in(24) ? dice_u64() : at);
}

void request_done(struct task *task, const uint64_t *x)
{
	memcpy(last[task - machine.tasks], x, sizeof(last[0]));
}

/* The port's: which guests it concerns is for the port to find out. */
void notif_collect_all(void);

void request_interrupt(struct task *task)
{
	struct tee_partition *partition =
		&tee.partitions[dice_below(tee.partitions_max)];

	if (partition->used && dice_below(4))
		tee_notify(partition, dice_below(TEE_ASYNC_VALUES));
	task->guest = NULL;
	sim_note("the interrupt for notifications\n");
	notif_collect_all();
}

uint32_t request_invoke(struct tee_thread *thread, uint32_t func,
			struct tee_param *params, uint32_t count)
{
	struct tee_mobj *payload = NULL;

	if (func & 1)
		payload = tee_rpc_alloc(thread, 1 + dice_below(9000));
	for (uint32_t i = 0; i < count; i++) {
		struct tee_param *p = &params[i];

		tee_point(thread);
		if (!(p->type & 4) || !p->mobj || !p->size)
			continue;
		++*tee_mobj_at(p->mobj, p->offs);
		++*tee_mobj_at(p->mobj, p->offs + p->size - 1);
	}
	if (payload)
		tee_rpc_free(thread, payload);
	return TEE_SUCCESS;
}
