// SPDX-License-Identifier: BSD-2-Clause
/*
 * OP-TEE's PTA for RPMB keys, asked through libteec (GlobalPlatform's TEE
 * client API). Its interface is pta_rpmb_key.h; words for people are in tee.c.
 *
 * Everything is passed in one page of shared memory that is allocated, locked
 * and wiped here: libteec's own copies of plain buffers are none of these.
 */
#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <tee_client_api.h>

#include "tee.h"

#define PAGE_BYTES 4096
/* Where things are in the page. */
#define IN_OFFSET 0
#define CID_OFFSET 512
#define OUT_OFFSET 1024
#define OUT_BYTES_MAX 1024

/* Of the internal API: libteec's header does not have it. */
#define TEE_RESULT_MAC_INVALID 0xffff3071

struct tee {
	TEEC_Context context;
	TEEC_Session session;
	TEEC_SharedMemory page;
};

static int errno_of(uint32_t result, uint32_t origin)
{
	switch (result) {
	case TEEC_ERROR_ITEM_NOT_FOUND:
		return origin == TEEC_ORIGIN_API ? -ENODEV : -ENOENT;
	case TEEC_ERROR_NOT_SUPPORTED:
	case TEEC_ERROR_NOT_IMPLEMENTED:
		return -ENOSYS;
	case TEEC_ERROR_STORAGE_NOT_AVAILABLE:
		return -ENXIO;
	case TEEC_ERROR_ACCESS_DENIED:
		return -EACCES;
	case TEE_RESULT_MAC_INVALID:
		return -EKEYREJECTED;
	case TEEC_ERROR_OUT_OF_MEMORY:
		return -ENOMEM;
	case TEEC_ERROR_COMMUNICATION:
		return -ENODEV;
	case TEEC_ERROR_BAD_PARAMETERS:
	case TEEC_ERROR_SHORT_BUFFER:
		return -EPROTO;
	default:
		return -EIO;
	}
}

/* Best effort where the memory is the driver's: that is never swapped. */
static void page_guard(void *page)
{
	(void)mlock(page, PAGE_BYTES);
	(void)madvise(page, PAGE_BYTES, MADV_DONTDUMP);
	memset(page, 0, PAGE_BYTES);
}

static void page_release(TEEC_SharedMemory *page)
{
	rpmb_wipe(page->buffer, PAGE_BYTES);
	(void)munlock(page->buffer, PAGE_BYTES);
	(void)madvise(page->buffer, PAGE_BYTES, MADV_DODUMP);
	TEEC_ReleaseSharedMemory(page);
}

static TEEC_Result session_open(struct tee *tee, uint32_t *ret_origin)
{
	static const TEEC_UUID uuid = PTA_RPMB_KEY_UUID;
	TEEC_Result result;

	tee->page = (TEEC_SharedMemory){
		.size = PAGE_BYTES,
		.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT,
	};
	*ret_origin = TEEC_ORIGIN_API;
	result = TEEC_AllocateSharedMemory(&tee->context, &tee->page);
	if (result != TEEC_SUCCESS)
		return result;
	page_guard(tee->page.buffer);
	result = TEEC_OpenSession(&tee->context, &tee->session, &uuid,
				  TEEC_LOGIN_PUBLIC, NULL, NULL, ret_origin);
	if (result != TEEC_SUCCESS)
		page_release(&tee->page);
	return result;
}

int tee_open(struct tee **ret_tee, struct tee_error *error)
{
	struct tee *tee = calloc(1, sizeof(*tee));
	uint32_t origin;
	TEEC_Result result;

	if (!tee)
		return tee_error_set(error, -ENOMEM, 0);
	errno = 0;
	result = TEEC_InitializeContext(NULL, &tee->context);
	if (result != TEEC_SUCCESS) {
		free(tee);
		return tee_error_set(error, errno == EACCES ? -EACCES : -ENODEV,
				     result);
	}
	result = session_open(tee, &origin);
	if (result != TEEC_SUCCESS) {
		TEEC_FinalizeContext(&tee->context);
		free(tee);
		return tee_error_set(error, errno_of(result, origin), result);
	}
	*ret_tee = tee;
	return 0;
}

void tee_close(struct tee *tee)
{
	TEEC_CloseSession(&tee->session);
	page_release(&tee->page);
	TEEC_FinalizeContext(&tee->context);
	free(tee);
}

static uint8_t *page_at(struct tee *tee, size_t offset)
{
	return (uint8_t *)tee->page.buffer + offset;
}

static void set_memref(struct tee *tee, TEEC_Operation *operation,
		       unsigned int index, uint32_t type, size_t offset,
		       size_t bytes)
{
	operation->params[index].memref = (TEEC_RegisteredMemoryReference){
		.parent = &tee->page,
		.size = bytes,
		.offset = offset,
	};
	operation->paramTypes |= type << (4 * index);
}

/* No parameter at all asks for the present device. */
static void set_cid(struct tee *tee, TEEC_Operation *operation,
		    unsigned int index, const struct rpmb_cid *cid)
{
	if (!cid)
		return;
	memcpy(page_at(tee, CID_OFFSET), cid->bytes, sizeof(cid->bytes));
	set_memref(tee, operation, index, TEEC_MEMREF_PARTIAL_INPUT, CID_OFFSET,
		   sizeof(cid->bytes));
}

/* A session that is there: its PTA knows the command, or was built without. */
static int invoke(struct tee *tee, uint32_t command, TEEC_Operation *operation,
		  struct tee_error *error)
{
	uint32_t origin = TEEC_ORIGIN_API;
	TEEC_Result result;

	result = TEEC_InvokeCommand(&tee->session, command, operation, &origin);
	if (result == TEEC_SUCCESS)
		return 0;
	return tee_error_set(error, errno_of(result, origin), result);
}

int tee_get_info(struct tee *tee, const struct rpmb_cid *cid,
		 struct pta_rpmb_info *ret_info, struct tee_error *error)
{
	TEEC_Operation operation = { 0 };
	struct pta_rpmb_info info;
	/* All of them stand before the bytes. */
	uint32_t numbers[offsetof(struct pta_rpmb_info, cid) / 4];
	size_t n;
	int err;

	set_memref(tee, &operation, 0, TEEC_MEMREF_PARTIAL_OUTPUT, OUT_OFFSET,
		   OUT_BYTES_MAX);
	set_cid(tee, &operation, 1, cid);
	err = invoke(tee, PTA_RPMB_GET_INFO, &operation, error);
	if (err < 0)
		return err;
	/* A later PTA's structure is longer and begins with this one. */
	if (operation.params[0].memref.size < sizeof(info))
		return tee_error_set(error, -EPROTO, 0);
	memcpy(&info, page_at(tee, OUT_OFFSET), sizeof(info));
	memcpy(numbers, &info, sizeof(numbers));
	for (n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
		numbers[n] = le32toh(numbers[n]);
	memcpy(&info, numbers, sizeof(numbers));
	*ret_info = info;
	return 0;
}

int tee_verify_key(struct tee *tee, const struct rpmb_cid *cid,
		   const struct rpmb_key *key, struct tee_error *error)
{
	TEEC_Operation operation = { 0 };
	int err;

	memcpy(page_at(tee, IN_OFFSET), key->bytes, sizeof(key->bytes));
	set_memref(tee, &operation, 0, TEEC_MEMREF_PARTIAL_INPUT, IN_OFFSET,
		   sizeof(key->bytes));
	set_cid(tee, &operation, 1, cid);
	err = invoke(tee, PTA_RPMB_VERIFY_KEY, &operation, error);
	rpmb_wipe(page_at(tee, IN_OFFSET), sizeof(key->bytes));
	return err;
}

int tee_get_key(struct tee *tee, const struct rpmb_cid *cid,
		struct rpmb_key *ret_key, struct tee_key_info *ret_info,
		struct tee_error *error)
{
	TEEC_Operation operation = { 0 };
	int err;

	set_cid(tee, &operation, 0, cid);
	set_memref(tee, &operation, 1, TEEC_MEMREF_PARTIAL_OUTPUT, OUT_OFFSET,
		   sizeof(ret_key->bytes));
	operation.paramTypes |= TEEC_VALUE_OUTPUT << 8;
	err = invoke(tee, PTA_RPMB_GET_KEY, &operation, error);
	if (err == 0 &&
	    operation.params[1].memref.size != sizeof(ret_key->bytes))
		err = tee_error_set(error, -EPROTO, 0);
	if (err == 0) {
		memcpy(ret_key->bytes, page_at(tee, OUT_OFFSET),
		       sizeof(ret_key->bytes));
		ret_info->source = operation.params[2].value.a;
		ret_info->ready = operation.params[2].value.b != 0;
	}
	rpmb_wipe(page_at(tee, OUT_OFFSET), sizeof(ret_key->bytes));
	return err;
}

int tee_get_sealed(struct tee *tee, const struct rpmb_cid *cid,
		   struct rpmb_sealed *ret_sealed, struct tee_error *error)
{
	TEEC_Operation operation = { 0 };
	size_t bytes;
	int err;

	set_cid(tee, &operation, 0, cid);
	set_memref(tee, &operation, 1, TEEC_MEMREF_PARTIAL_OUTPUT, OUT_OFFSET,
		   RPMB_SEALED_BYTES_MAX);
	err = invoke(tee, PTA_RPMB_GET_KEY_SEALED, &operation, error);
	if (err < 0)
		return err;
	bytes = operation.params[1].memref.size;
	if (bytes > RPMB_SEALED_BYTES_MAX)
		return tee_error_set(error, -EPROTO, 0);
	memcpy(ret_sealed->blob, page_at(tee, OUT_OFFSET), bytes);
	ret_sealed->bytes = bytes;
	return 0;
}
