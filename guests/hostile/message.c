// SPDX-License-Identifier: BSD-2-Clause
/*
 * Messages, page lists and sessions as a driver would make them, and the
 * table of sessions that were opened. What is wrong with a message on purpose
 * is odd.c's.
 */
#include "hostile.h"

#define SESSIONS 16u
/* Beyond it a number was none of OP-TEE's. */
#define SESSION_MAX 65536u

/* UUIDs as RFC 4122 writes them, which is how a message has them. */
static const uint8_t uuids[TARGET_COUNT][16] = {
	[TARGET_TESTS] = { 0xd9, 0x6a, 0x5b, 0x40, 0xc3, 0xe5, 0x21, 0xe3, 0x87,
			   0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b },
	[TARGET_STATS] = { 0xd9, 0x6a, 0x5b, 0x40, 0xe2, 0xc7, 0xb1, 0xaf, 0x87,
			   0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b },
	[TARGET_DEVICES] = { 0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
			     0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8 },
	[TARGET_ABSENT] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x47, 0x88,
			    0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01 },
};

static uint32_t sessions[SESSIONS]; /* 0: unused entry */
static uint32_t session_highest = 8;

void message_init(struct message *message, uint32_t cmd)
{
	memset(message, 0, sizeof(*message));
	message->head.cmd = cmd;
	message->head.ret = 0xdeadbeef;
}

void message_invoke(struct message *message, uint32_t session, uint32_t func)
{
	message_init(message, OPTEE_MSG_CMD_INVOKE_COMMAND);
	message->head.session = session;
	message->head.func = func;
}

/* Beyond the last parameter there is room, but no other place to be. */
struct optee_msg_param *message_param(struct message *message, uint64_t attr)
{
	uint32_t n = message->head.num_params;

	if (n < MESSAGE_PARAMS)
		message->head.num_params++;
	else
		n = MESSAGE_PARAMS - 1;
	message->params[n].attr = attr;
	return &message->params[n];
}

void message_value(struct message *message, uint64_t attr, uint64_t a,
		   uint64_t b)
{
	struct optee_msg_param *param = message_param(message, attr);

	param->u.value = (struct optee_msg_value){ a, b, 0 };
}

/* @first: a list, an address or an offset, as @attr says. */
void message_memory(struct message *message, uint64_t attr, uint64_t first,
		    uint64_t size, uint64_t name)
{
	struct optee_msg_param *param = message_param(message, attr);

	param->u.tmem = (struct optee_msg_tmem){ first, size, name };
}

void message_open(struct message *message, enum target target)
{
	const uint64_t meta = OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;

	message_init(message, OPTEE_MSG_CMD_OPEN_SESSION);
	message_value(message, meta, 0, 0);
	memcpy(&message->params[0].u.value,
	       target == TARGET_TA ? options.ta : uuids[target], 16);
	/* The client's UUID and login: public. */
	message_value(message, meta, 0, 0);
}

/* Writes a page list into one page; @count up to 511. Its address comes back. */
uint64_t list_write(uint64_t list, const uint64_t *pages, uint32_t count)
{
	uint64_t *entries = at(list);

	for (uint32_t i = 0; i < count; i++)
		entries[i] = pages[i];
	return list;
}

/* Into a page whose rest gets its pattern. */
uint64_t message_put(uint64_t page, const struct message *message)
{
	uint32_t count = message->head.num_params;

	arena_fill(page, page);
	memcpy(at(page), message,
	       optee_msg_bytes(count > MESSAGE_PARAMS ? MESSAGE_PARAMS :
							count));
	return page;
}

void session_add(uint32_t session)
{
	if (!session || session > SESSION_MAX)
		return;
	if (session > session_highest)
		session_highest = session;
	for (uint32_t i = 0; i < SESSIONS; i++)
		if (!sessions[i]) {
			sessions[i] = session;
			return;
		}
}

/* One that was seen, or, to end those that nobody saw, any at all. */
uint32_t session_any(struct cpu *cpu)
{
	uint32_t session = sessions[dice_below(&cpu->dice, SESSIONS)];

	if (session && !dice_one_in(&cpu->dice, 4))
		return session;
	return 1 + dice_below(&cpu->dice, session_highest);
}

void session_remove(uint32_t session)
{
	for (uint32_t i = 0; i < SESSIONS; i++)
		if (sessions[i] == session)
			sessions[i] = 0;
}
