// SPDX-License-Identifier: BSD-2-Clause
/*
 * The guest and its tee-supplicant behind kill_call.h. Several threads may
 * have a call each.
 */
#define _GNU_SOURCE
#include "kill_call.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define TA_DIRECTORY "/usr/lib/optee_armtz"
/* What is served as a TA that does not exist. */
#define JUNK_BYTES 4096u
#define STATS_GET_TIME 4u
#define ANSWERS_MAX 10000u

const struct uuid uuid_tests = { { 0xd9, 0x6a, 0x5b, 0x40, 0xc3, 0xe5, 0x21,
				   0xe3, 0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5,
				   0xc6, 0x1b } };
const struct uuid uuid_stats = { { 0xd9, 0x6a, 0x5b, 0x40, 0xe2, 0xc7, 0xb1,
				   0xaf, 0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5,
				   0xc6, 0x1b } };
const struct uuid uuid_os_test = { { 0x5b, 0x9e, 0x0e, 0x40, 0x26, 0x36, 0x11,
				     0xe1, 0xad, 0x9e, 0x00, 0x02, 0xa5, 0xd5,
				     0xc5, 0x1b } };
const struct uuid uuid_absent = { { 0x7e, 0x57, 0x01, 0x04 } };

static uint8_t *arena;
static _Atomic uint64_t arena_used;

struct guest call_guest_open(const struct teegate_limits *limits)
{
	const struct teegate_limits none = { 0 };
	struct guest g = guest_open_limited(limits ? limits : &none);

	arena = memory_map(ARENA_BYTES);
	arena_used = 0;
	guest_slot(&g, KIND_SLOT, ARENA_GPA, arena, ARENA_BYTES);
	return g;
}

void call_guest_close(struct guest *g)
{
	guest_close(g);
	munmap(arena, ARENA_BYTES);
}

/* ---- messages ---- */

struct msg *call_message(struct guest *g, const struct call *c)
{
	return guest_at(g, c->gpa);
}

struct msg *call_rpc(struct guest *g, const struct call *c)
{
	return guest_at(g, c->gpa + PAGE);
}

void call_init(struct guest *g, struct call *c, unsigned int n)
{
	*c = (struct call){ .gpa = MORE_GPA(2 * n) };
	*call_message(g, c) = (struct msg){ 0 };
}

void message_open(struct msg *m, const struct uuid *uuid)
{
	*m = (struct msg){ .cmd = MSG_OPEN_SESSION, .params = 2 };
	m->param[0].attr = MSG_ATTR_VALUE_IN | MSG_ATTR_META;
	memcpy(&m->param[0].a, uuid->bytes, sizeof(uuid->bytes));
	m->param[1].attr = MSG_ATTR_VALUE_IN | MSG_ATTR_META;
}

void message_invoke(struct msg *m, uint32_t session, uint32_t func)
{
	*m = (struct msg){
		.cmd = MSG_INVOKE_COMMAND,
		.func = func,
		.session = session,
	};
}

void call_init_time(struct guest *g, struct call *c, unsigned int n,
		    uint32_t session)
{
	struct msg *m;

	call_init(g, c, n);
	m = call_message(g, c);
	message_invoke(m, session, STATS_GET_TIME);
	m->params = 2;
	m->param[0].attr = m->param[1].attr = MSG_ATTR_VALUE_OUT;
}

/* ---- the guest's driver ---- */

uint32_t call_send(struct guest *g, struct call *c)
{
	c->args = (struct teegate_smc){
		.x = { SMC_CALL_WITH_ARG, c->gpa >> 32, (uint32_t)c->gpa },
	};
	return (uint32_t)guest_call_args(g, &c->args);
}

uint32_t call_resume(struct guest *g, struct call *c)
{
	c->args.x[0] = SMC_RETURN_FROM_RPC;
	return (uint32_t)guest_call_args(g, &c->args);
}

static bool is_rpc(uint32_t x0)
{
	return x0 >> 16 == 0xffff && x0 != RET_UNKNOWN;
}

bool call_asks(struct guest *g, const struct call *c, uint32_t func,
	       uint32_t cmd)
{
	return (uint32_t)c->args.x[0] == func &&
	       (func != RET_RPC_CMD || call_rpc(g, c)->cmd == cmd);
}

/* ---- tee-supplicant's side ---- */

static void ta_path(char *path, size_t bytes, const uint8_t *u)
{
	snprintf(path, bytes,
		 TA_DIRECTORY "/%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
			      "%02x%02x%02x%02x%02x%02x.ta",
		 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9],
		 u[10], u[11], u[12], u[13], u[14], u[15]);
}

/* Memory of the arena that a parameter names, NULL if it does not. */
static void *memory_of(const struct msg *rpc, unsigned int n)
{
	uint64_t at = rpc->param[n].c - ARENA_GPA + rpc->param[n].a;

	if (n >= rpc->params || rpc->param[n].c < ARENA_GPA ||
	    at >= ARENA_BYTES || rpc->param[n].b > ARENA_BYTES - at)
		return NULL;
	return arena + at;
}

/* The size that OP-TEE asks for first, then the file itself. */
static uint32_t load_ta(struct msg *rpc)
{
	uint64_t room = rpc->param[1].b;
	void *to = memory_of(rpc, 1);
	uint64_t bytes = JUNK_BYTES;
	char path[128];
	struct stat st;
	int fd;

	ta_path(path, sizeof(path), (const uint8_t *)&rpc->param[0].a);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0)
		bytes = (uint64_t)st.st_size;
	rpc->param[1].b = bytes;
	if (to && room >= bytes) {
		memset(to, 0x5a, bytes);
		if (fd >= 0 && read(fd, to, bytes) != (ssize_t)bytes)
			printf("FAIL: %s cannot be read\n", path);
	}
	if (fd >= 0)
		close(fd);
	return 0;
}

static uint32_t shm_alloc(struct msg *rpc)
{
	uint64_t bytes = (rpc->param[0].b + PAGE - 1) / PAGE * PAGE;
	uint64_t at = arena_used;

	do {
		if (bytes > ARENA_BYTES - at)
			return TEE_OUT_OF_MEMORY;
	} while (!atomic_compare_exchange_weak(&arena_used, &at, at + bytes));
	rpc->param[0].attr = MSG_ATTR_TMEM_OUT;
	rpc->param[0].a = rpc->param[0].c = ARENA_GPA + at;
	rpc->param[0].b = bytes;
	return 0;
}

static uint32_t answer_cmd(struct msg *rpc)
{
	switch (rpc->cmd) {
	case RPC_LOAD_TA:
		return load_ta(rpc);
	case RPC_SHM_ALLOC:
		return shm_alloc(rpc);
	case RPC_SHM_FREE:
	case RPC_GET_TIME:
	case RPC_SUSPEND:
	case RPC_NOTIFICATION:
		return 0;
	case RPC_FS:
		return files_answer(rpc, memory_of(rpc, 1), memory_of(rpc, 2));
	default:
		return TEE_NOT_SUPPORTED;
	}
}

void call_answer(struct guest *g, struct call *c)
{
	uint64_t buffer = 0;

	if ((uint32_t)c->args.x[0] == RET_RPC_ALLOC)
		buffer = c->gpa + PAGE;
	else if ((uint32_t)c->args.x[0] == RET_RPC_CMD)
		call_rpc(g, c)->ret = answer_cmd(call_rpc(g, c));
	c->args.x[1] = c->args.x[4] = buffer >> 32;
	c->args.x[2] = c->args.x[5] = (uint32_t)buffer;
}

bool call_until(struct guest *g, struct call *c, uint32_t func, uint32_t cmd)
{
	for (unsigned int i = 0; i < ANSWERS_MAX; i++) {
		if (call_asks(g, c, func, cmd))
			return true;
		if (!is_rpc((uint32_t)c->args.x[0]))
			return false;
		call_answer(g, c);
		call_resume(g, c);
	}
	return false;
}

uint32_t call_end(struct guest *g, struct call *c)
{
	for (unsigned int i = 0;
	     i < ANSWERS_MAX && is_rpc((uint32_t)c->args.x[0]); i++) {
		call_answer(g, c);
		call_resume(g, c);
	}
	return c->args.x[0] ? UINT32_MAX : call_message(g, c)->ret;
}

uint32_t call_whole(struct guest *g, struct call *c)
{
	call_send(g, c);
	return call_end(g, c);
}

uint32_t call_open_session(struct guest *g, const struct uuid *uuid)
{
	struct call c;
	uint32_t ret;

	call_init(g, &c, 0);
	message_open(call_message(g, &c), uuid);
	ret = call_whole(g, &c);
	if (!check(ret == 0, "no session with %02x%02x%02x%02x...: 0x%x",
		   uuid->bytes[0], uuid->bytes[1], uuid->bytes[2],
		   uuid->bytes[3], ret))
		exit(1);
	return call_message(g, &c)->session;
}
