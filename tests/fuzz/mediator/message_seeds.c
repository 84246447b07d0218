// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writes what message_fuzzer.c begins with: `message_seeds DIRECTORY`. Each is
 * a message that means something, where IPA 0 is the first byte after the
 * header: every kind of parameter, registrations, lists of one and more pages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

#define HEADER_BYTES 16u
#define LIST 0x1000u
#define DATA 0x4000u

static struct {
	uint8_t header[HEADER_BYTES];
	uint8_t memory[SIM_LOW_PAGES * TG_PAGE_BYTES];
} input;

static const char *directory;

/* Where each of the three calls has its message. */
static struct sim_msg *message(unsigned int call, uint32_t cmd, uint32_t func)
{
	uint32_t at = call * 0x200;
	struct sim_msg *msg = (void *)&input.memory[at];

	input.header[call * 2] = (uint8_t)at;
	input.header[call * 2 + 1] = (uint8_t)(at >> 8);
	msg->cmd = cmd;
	msg->session = 1;
	msg->func = func;
	return msg;
}

static void begin(void)
{
	memset(&input, 0, sizeof(input));
	input.header[6] = 0xff; /* limits */
	memset(&input.header[8], 1, 8); /* the driver's answers */
}

static void end(const char *name, size_t bytes)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	if (!file ||
	    fwrite(&input, 1, HEADER_BYTES + bytes, file) !=
		    HEADER_BYTES + bytes ||
	    fclose(file)) {
		perror(path);
		exit(1);
	}
}

static void open_session(unsigned int call)
{
	const uint64_t meta = OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;
	struct sim_msg *msg = message(call, OPTEE_MSG_CMD_OPEN_SESSION, 0);

	sim_msg_value(msg, meta, 1, 2);
	sim_msg_value(msg, meta, 0, 0);
}

static void list(uint64_t at, uint32_t count)
{
	uint64_t *entries = (void *)&input.memory[at];

	for (uint32_t i = 0; i < count; i++)
		entries[i] = DATA + (i & 1) * TG_PAGE_BYTES;
}

static void values(void)
{
	struct sim_msg *msg;

	begin();
	open_session(0);
	msg = message(1, OPTEE_MSG_CMD_INVOKE_COMMAND, 2);
	sim_msg_value(msg, OPTEE_MSG_ATTR_VALUE_IN, 1, 2);
	sim_msg_value(msg, OPTEE_MSG_ATTR_VALUE_OUT, 0, 0);
	sim_msg_value(msg, OPTEE_MSG_ATTR_VALUE_INOUT, 3, 4);
	end("values", 0x400);
}

static void temporaries(void)
{
	struct sim_msg *msg;

	begin();
	open_session(0);
	list(LIST, 2);
	msg = message(1, OPTEE_MSG_CMD_INVOKE_COMMAND, 3 | 500 << 8);
	sim_msg_tmem(msg, OPTEE_MSG_ATTR_TMEM_IN, DATA + 8, 100, 1);
	sim_msg_tmem(msg, OPTEE_MSG_ATTR_TMEM_INOUT | OPTEE_MSG_ATTR_NONCONTIG,
		     LIST | 0x20, 5000, 2);
	sim_msg_tmem(msg, OPTEE_MSG_ATTR_TMEM_OUT, 0, 0, 0);
	end("temporaries", 0x1100);
}

static void registration(void)
{
	struct sim_msg *msg;

	begin();
	list(LIST, 3);
	msg = message(0, OPTEE_MSG_CMD_REGISTER_SHM, 0);
	sim_msg_tmem(msg, OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG,
		     LIST, 3 * TG_PAGE_BYTES, 7);
	msg = message(1, OPTEE_MSG_CMD_INVOKE_COMMAND, 0);
	sim_msg_rmem(msg, OPTEE_MSG_ATTR_RMEM_INOUT, 7, 10, 20);
	msg = message(2, OPTEE_MSG_CMD_UNREGISTER_SHM, 0);
	sim_msg_rmem(msg, OPTEE_MSG_ATTR_RMEM_IN, 7, 0, 0);
	end("registration", 0x1100);
}

/* Messages with room for RPCs in the buffer that the first one registers. */
static void room_in_a_buffer(void)
{
	struct sim_msg *msg;

	begin();
	input.header[7] = 0x82; /* in the buffer, RPCs behind two parameters */
	msg = message(0, OPTEE_MSG_CMD_REGISTER_SHM, 0);
	sim_msg_tmem(msg, OPTEE_MSG_ATTR_TMEM_OUT, 0, 2 * TG_PAGE_BYTES, 7);
	open_session(1);
	msg = message(2, OPTEE_MSG_CMD_INVOKE_COMMAND, 3 | 500 << 8);
	sim_msg_rmem(msg, OPTEE_MSG_ATTR_RMEM_INOUT, 7, 0x1000, 20);
	sim_msg_value(msg, OPTEE_MSG_ATTR_VALUE_INOUT, 3, 4);
	end("room", 0x700);
}

static void room_behind_messages(void)
{
	struct sim_msg *msg;

	begin();
	input.header[7] = 0x41;
	open_session(0);
	msg = message(1, OPTEE_MSG_CMD_INVOKE_COMMAND, 3 | 500 << 8);
	sim_msg_value(msg, OPTEE_MSG_ATTR_VALUE_INOUT, 3, 4);
	end("room-behind", 0x700);
}

/* 512 pages and more: the list goes on, or comes back to itself. */
static void long_list(const char *name, uint64_t next)
{
	uint64_t *entries = (void *)&input.memory[LIST];
	struct sim_msg *msg;

	begin();
	list(LIST, OPTEE_PAGELIST_ENTRIES);
	list(LIST + TG_PAGE_BYTES, OPTEE_PAGELIST_ENTRIES);
	entries[OPTEE_PAGELIST_ENTRIES] = next;
	msg = message(0, OPTEE_MSG_CMD_REGISTER_SHM, 0);
	sim_msg_tmem(msg, OPTEE_MSG_ATTR_TMEM_OUT | OPTEE_MSG_ATTR_NONCONTIG,
		     LIST, 520 * (uint64_t)TG_PAGE_BYTES, 7);
	end(name, 0x3000);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: message_seeds DIRECTORY\n");
		return 2;
	}
	directory = argv[1];
	values();
	temporaries();
	registration();
	room_behind_messages();
	room_in_a_buffer();
	long_list("long-list", LIST + TG_PAGE_BYTES);
	long_list("loop", LIST);
	long_list("astray", 0x123456789000);
	return 0;
}
