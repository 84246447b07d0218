// SPDX-License-Identifier: BSD-2-Clause
/*
 * The files that OP-TEE keeps with its guest, for kill_test: in memory, gone
 * with the process. Enough for OP-TEE to note a TA's version. The RPC is
 * OP-TEE's OPTEE_RPC_CMD_FS (optee_rpc_cmd.h).
 */
#define _GNU_SOURCE
#include "kill_call.h"

#include <pthread.h>

#define FILES_MAX 8u
#define NAME_BYTES 64u

#define FS_OPEN 0u
#define FS_CREATE 1u
#define FS_CLOSE 2u
#define FS_READ 3u
#define FS_WRITE 4u
#define FS_TRUNCATE 5u
#define FS_REMOVE 6u
#define FS_RENAME 7u

static struct {
	char name[NAME_BYTES]; /* empty: no file */
	int fd;
} files[FILES_MAX];

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;

/* FILES_MAX where there is none; no name finds a place for one more. */
static unsigned int find(const char *name)
{
	unsigned int i = 0;

	while (i < FILES_MAX && strncmp(files[i].name, name, NAME_BYTES) != 0)
		i++;
	return i;
}

static uint32_t open_file(struct msg *rpc, const char *name, bool create)
{
	unsigned int i = find(name);

	if (i == FILES_MAX && create) {
		i = find("");
		if (i == FILES_MAX)
			return TEE_OUT_OF_MEMORY;
		files[i].fd = memfd_create("kill", MFD_CLOEXEC);
		snprintf(files[i].name, NAME_BYTES, "%s", name);
	}
	if (i == FILES_MAX)
		return TEE_ITEM_NOT_FOUND;
	rpc->param[2].a = i;
	return 0;
}

static void remove_file(unsigned int i)
{
	close(files[i].fd);
	files[i].name[0] = '\0';
}

static uint32_t rename_file(const char *name, const char *to)
{
	unsigned int i = find(name), old = find(to);

	if (i == FILES_MAX)
		return TEE_ITEM_NOT_FOUND;
	if (old < FILES_MAX && old != i)
		remove_file(old);
	snprintf(files[i].name, NAME_BYTES, "%s", to);
	return 0;
}

static uint32_t transfer(struct msg *rpc, void *memory, bool write)
{
	uint64_t i = rpc->param[0].b;
	off_t at = (off_t)rpc->param[0].c;
	ssize_t bytes;

	if (i >= FILES_MAX || !memory)
		return TEE_BAD_PARAMETERS;
	if (write)
		bytes = pwrite(files[i].fd, memory, rpc->param[1].b, at);
	else
		bytes = pread(files[i].fd, memory, rpc->param[1].b, at);
	if (bytes < 0)
		return TEE_BAD_PARAMETERS;
	rpc->param[1].b = (uint64_t)bytes;
	return 0;
}

static uint32_t answer(struct msg *rpc, void *memory, const char *to)
{
	const char *name = memory ? memory : "";

	switch (rpc->param[0].a) {
	case FS_OPEN:
	case FS_CREATE:
		return open_file(rpc, name, rpc->param[0].a == FS_CREATE);
	case FS_CLOSE:
		return 0;
	case FS_READ:
	case FS_WRITE:
		return transfer(rpc, memory, rpc->param[0].a == FS_WRITE);
	case FS_TRUNCATE:
		if (rpc->param[0].b >= FILES_MAX ||
		    ftruncate(files[rpc->param[0].b].fd,
			      (off_t)rpc->param[0].c))
			return TEE_BAD_PARAMETERS;
		return 0;
	case FS_REMOVE:
		if (find(name) == FILES_MAX)
			return TEE_ITEM_NOT_FOUND;
		remove_file(find(name));
		return 0;
	case FS_RENAME:
		return rename_file(name, to ? to : "");
	default:
		return TEE_NOT_SUPPORTED;
	}
}

uint32_t files_answer(struct msg *rpc, void *memory, const void *to)
{
	uint32_t ret;

	pthread_mutex_lock(&files_lock);
	ret = answer(rpc, memory, to);
	pthread_mutex_unlock(&files_lock);
	return ret;
}
