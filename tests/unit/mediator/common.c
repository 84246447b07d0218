// SPDX-License-Identifier: BSD-2-Clause
/*
 * The shorthands of common.h. No test is here.
 */
#include "common.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int common_setup_bare(void **state)
{
	(void)state;
	sim_start();
	return 0;
}

int common_setup(void **state)
{
	common_setup_bare(state);
	return tg_system_init(&sim.sys) == TG_OK ? 0 : -1;
}

int common_teardown(void **state)
{
	(void)state;
	sim_stop();
	return 0;
}

bool dies(death f, const char *text)
{
	char said[4096] = "";
	size_t used = 0;
	int status;
	int fds[2];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		f();
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], said + used, sizeof(said) - 1 - used)) > 0)
		used += (size_t)n;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
	    strstr(said, text))
		return true;
	print_message("expected \"%s\", got status 0x%x and: %s\n", text,
		      status, said);
	return false;
}

uint32_t invoke(struct tg_guest *guest, struct sim_msg *msg)
{
	assert_int_equal(sim_call(guest, msg), OPTEE_RET_OK);
	return msg->ret;
}

void msg_rpc(struct sim_msg *msg, uint32_t session, uint64_t kind,
	     uint64_t count)
{
	sim_msg_init(msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_RPC);
	sim_msg_value(msg, OPTEE_MSG_ATTR_VALUE_IN, kind, count);
	sim_msg_value(msg, OPTEE_MSG_ATTR_VALUE_OUT, 0, 0);
}

uint32_t invoke_rpc(struct tg_guest *guest, uint32_t session, uint64_t kind,
		    uint64_t count)
{
	struct sim_msg msg;

	msg_rpc(&msg, session, kind, count);
	return invoke(guest, &msg);
}

void msg_open(struct sim_msg *msg, const uint8_t *uuid, uint64_t attr)
{
	sim_msg_init(msg, OPTEE_MSG_CMD_OPEN_SESSION, 0, 0);
	memcpy(&sim_msg_value(msg, attr, 0, 0)->u.value, uuid, 16);
	sim_msg_value(msg, OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN, 0, 0);
}

enum tg_status copy_out(struct tg_guest *guest, uint64_t ipa, const void *src,
			size_t bytes)
{
	const struct tg_piece piece = { tg_ipa(ipa), src, bytes };

	return tg_port_copy_out(guest, &piece, 1);
}

struct tg_stats stats_of(struct tg_guest *guest)
{
	struct tg_stats stats;

	tg_vm_stats_get(guest->vm, &stats);
	return stats;
}

void forget_interrupted(const struct sim_event *event, void *arg)
{
	struct tg_regs *regs = (struct tg_regs *)(uintptr_t)event->regs;

	(void)arg;
	if (event->op == SIM_OP_SMC_LEAVE &&
	    regs->x[0] == OPTEE_RPC_FOREIGN_INTR)
		regs->x[0] = OPTEE_RET_ERESUME;
}

void assert_idle(struct tg_guest *guest)
{
	struct tg_stats stats = stats_of(guest);

	assert_int_equal(stats.calls_in_flight, 0);
	assert_int_equal(stats.shm_buffers, 0);
	assert_int_equal(stats.rpc_buffers, 0);
	assert_int_equal(stats.pinned_bytes, 0);
	assert_int_equal(sim.pins, 0);
}

void assert_refused(const struct sim_msg *msg, uint32_t ret)
{
	assert_int_equal(msg->ret, ret);
	assert_int_equal(msg->ret_origin, TEE_ORIGIN_COMMS);
}
