// SPDX-License-Identifier: BSD-2-Clause
/*
 * The model of OP-TEE's asynchronous notifications: a set of values for each
 * partition and one interrupt for all. As in the real one, a value is given
 * out once, and one that is sent while a partition has not enabled them stays.
 */
#include "tee.h"

/* What a driver inside OP-TEE does. The caller has the interrupt to handle. */
void tee_notify(struct tee_partition *partition, uint32_t value)
{
	if (value >= TEE_ASYNC_VALUES)
		sim_die("sim: OP-TEE has no asynchronous value %u", value);
	partition->notif_values |= 1ull << value;
	tee.interrupts++;
}

void tee_notif_enable(struct tee_partition *partition, struct tg_regs *regs)
{
	if (!(tee.capabilities & OPTEE_SEC_CAP_ASYNC_NOTIF) ||
	    tee.fail_enable) {
		regs->x[0] = OPTEE_RET_UNKNOWN_FUNCTION;
		return;
	}
	partition->notif_started = true;
	regs->x[0] = OPTEE_RET_OK;
	if (tee.value_at_enable)
		tee_notify(partition, tee.value_at_enable);
}

void tee_notif_get(struct tee_partition *partition, struct tg_regs *regs)
{
	uint64_t values = partition->notif_values;

	tee.gets++;
	regs->x[0] = OPTEE_RET_OK;
	regs->x[1] = 0;
	regs->x[2] = 0;
	if (tee.value_beyond) {
		regs->x[1] = tee.value_beyond;
		regs->x[2] =
			OPTEE_ASYNC_NOTIF_VALID | OPTEE_ASYNC_NOTIF_PENDING;
		return;
	}
	if (!values)
		return;
	regs->x[1] = (uint64_t)__builtin_ctzll(values);
	regs->x[2] = OPTEE_ASYNC_NOTIF_VALID;
	values &= values - 1;
	if (values)
		regs->x[2] |= OPTEE_ASYNC_NOTIF_PENDING;
	partition->notif_values = values;
}

/* DO_BOTTOM_HALF and STOP_ASYNC_NOTIF: neither writes a result. */
void tee_notif_message(struct tee_thread *thread,
		       const struct optee_msg_arg *arg)
{
	struct tee_partition *partition = thread->partition;

	if (arg->num_params)
		sim_die("I1: command %u has parameters", arg->cmd);
	if (!partition->notif_started)
		return;
	tee_point(thread);
	if (arg->cmd == OPTEE_MSG_CMD_DO_BOTTOM_HALF)
		partition->bottom_halves++;
	else
		partition->notif_started = false;
}
