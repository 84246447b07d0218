// SPDX-License-Identifier: BSD-2-Clause
/*
 * The files that OP-TEE keeps in the normal world, as tee-supplicant would
 * have them, in memory: enough for it to load a TA and to note its version.
 * Hostile answers have been through here or not; nothing is checked but that
 * no access leaves the files. The RPC is OP-TEE's OPTEE_RPC_CMD_FS.
 */
#include "hostile.h"

#define FILES 8u
#define FILE_BYTES 65536u
#define NAME_BYTES 64u

enum {
	FS_OPEN,
	FS_CREATE,
	FS_CLOSE,
	FS_READ,
	FS_WRITE,
	FS_TRUNCATE,
	FS_REMOVE,
	FS_RENAME
};

static struct {
	char name[NAME_BYTES]; /* empty: no file */
	uint64_t bytes;
	uint8_t content[FILE_BYTES];
} files[FILES];

static char lock;

/* A parameter's memory, if it is a buffer that was given to OP-TEE. */
static uint8_t *memory(const struct optee_msg_param *param)
{
	struct buffer buffer;

	if (!buffer_find(param->u.rmem.shm_ref, &buffer) ||
	    param->u.rmem.offs > buffer.bytes ||
	    param->u.rmem.size > buffer.bytes - param->u.rmem.offs)
		return NULL;
	return at(buffer.address + param->u.rmem.offs);
}

static void name_get(const struct optee_msg_param *param, char name[NAME_BYTES])
{
	const uint8_t *from = memory(param);
	uint64_t bytes = param->u.rmem.size;

	memset(name, 0, NAME_BYTES);
	if (from)
		memcpy(name, from,
		       bytes < NAME_BYTES - 1 ? bytes : NAME_BYTES - 1);
}

/* FILES when there is none of that name; the empty name finds room. */
static uint32_t find(const char *name)
{
	for (uint32_t i = 0; i < FILES; i++)
		if (!memcmp(files[i].name, name, NAME_BYTES))
			return i;
	return FILES;
}

static uint32_t open_or_create(struct message *message, bool create)
{
	static const char nothing[NAME_BYTES];
	char name[NAME_BYTES];
	uint32_t file;

	name_get(&message->params[1], name);
	file = find(name);
	if (create && file == FILES && name[0]) {
		file = find(nothing);
		if (file == FILES)
			return TEE_ERROR_OUT_OF_MEMORY;
		memcpy(files[file].name, name, NAME_BYTES);
		files[file].bytes = 0;
	}
	if (file == FILES)
		return TEE_ERROR_ITEM_NOT_FOUND;
	message->params[2].u.value.a = file;
	return TEE_SUCCESS;
}

static uint32_t transfer(struct message *message, bool write)
{
	uint64_t file = message->params[0].u.value.b;
	uint64_t offset = message->params[0].u.value.c;
	uint64_t bytes = message->params[1].u.rmem.size;
	uint8_t *data = memory(&message->params[1]);

	if (!data || file >= FILES || offset > FILE_BYTES ||
	    bytes > FILE_BYTES - offset)
		return TEE_ERROR_GENERIC;
	if (write) {
		memcpy(&files[file].content[offset], data, bytes);
		if (offset + bytes > files[file].bytes)
			files[file].bytes = offset + bytes;
		return TEE_SUCCESS;
	}
	if (offset > files[file].bytes)
		offset = files[file].bytes;
	if (bytes > files[file].bytes - offset)
		bytes = files[file].bytes - offset;
	memcpy(data, &files[file].content[offset], bytes);
	message->params[1].u.rmem.size = bytes;
	return TEE_SUCCESS;
}

static uint32_t truncate(const struct optee_msg_value *value)
{
	if (value->b >= FILES || value->c > FILE_BYTES)
		return TEE_ERROR_GENERIC;
	if (value->c > files[value->b].bytes)
		memset(&files[value->b].content[files[value->b].bytes], 0,
		       value->c - files[value->b].bytes);
	files[value->b].bytes = value->c;
	return TEE_SUCCESS;
}

static uint32_t rename(struct message *message, bool remove)
{
	char from[NAME_BYTES], to[NAME_BYTES] = { 0 };
	uint32_t file, old;

	name_get(&message->params[1], from);
	file = find(from);
	if (file == FILES || !from[0])
		return TEE_ERROR_ITEM_NOT_FOUND;
	if (!remove)
		name_get(&message->params[2], to);
	old = find(to);
	if (to[0] && old < FILES)
		memset(files[old].name, 0, NAME_BYTES);
	memcpy(files[file].name, to, NAME_BYTES);
	return TEE_SUCCESS;
}

static uint32_t serve(struct message *message)
{
	switch (message->params[0].u.value.a) {
	case FS_OPEN:
		return open_or_create(message, false);
	case FS_CREATE:
		return open_or_create(message, true);
	case FS_CLOSE:
		return TEE_SUCCESS;
	case FS_READ:
		return transfer(message, false);
	case FS_WRITE:
		return transfer(message, true);
	case FS_TRUNCATE:
		return truncate(&message->params[0].u.value);
	case FS_REMOVE:
		return rename(message, true);
	case FS_RENAME:
		return rename(message, false);
	default:
		return TEE_ERROR_ITEM_NOT_FOUND;
	}
}

void files_wipe(void)
{
	while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE))
		;
	for (uint32_t i = 0; i < FILES; i++)
		memset(files[i].name, 0, NAME_BYTES);
	__atomic_clear(&lock, __ATOMIC_RELEASE);
}

/* On a copy: the sibling may write the message meanwhile. */
uint32_t files_serve(struct message *message)
{
	struct message copy = *message;
	uint32_t ret;

	while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE))
		;
	ret = serve(&copy);
	__atomic_clear(&lock, __ATOMIC_RELEASE);
	message->params[1] = copy.params[1];
	message->params[2] = copy.params[2];
	return ret;
}
