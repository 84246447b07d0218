// SPDX-License-Identifier: BSD-2-Clause
/*
 * Makes, looks at or removes one object in OP-TEE's secure storage, to see
 * whether storage works and what outlasts a restart. It is a client of the
 * "storage" TA of optee-test, with TEE_STORAGE_PRIVATE_RPMB or _REE.
 *
 * usage: tee_object_test rpmb|ree create|check|remove NAME
 *
 * Exit status 0: done, or the object is there with what was written; 1: not
 * there; 2: wrong usage; 3: other content; 4: no storage; 5: OP-TEE says
 * something else, or cannot be reached. The result is printed as well.
 *
 * Where storage in the normal world is anchored in the RPMB, OP-TEE cannot even
 * load the TA without an RPMB, since it looks for the least version allowed.
 */
#include <stdio.h>
#include <string.h>
#include <tee_client_api.h>

#define STORAGE_TA_UUID                                                \
	{                                                              \
		0xb689f2a7, 0x8adf, 0x477a,                            \
		{                                                      \
			0x9f, 0x99, 0x32, 0xe9, 0x0c, 0x0a, 0xd0, 0xa2 \
		}                                                      \
	}

/* ta_storage.h of optee-test, and the GlobalPlatform TEE Internal Core API. */
enum {
	CMD_OPEN = 0,
	CMD_CLOSE = 1,
	CMD_READ = 2,
	CMD_CREATE = 4,
	CMD_UNLINK = 6
};
#define STORAGE_REE 0x80000000
#define STORAGE_RPMB 0x80000100
#define ACCESS_READ 0x1
#define ACCESS_WRITE 0x2
#define ACCESS_WRITE_META 0x4
#define ACCESS_ALL (ACCESS_READ | ACCESS_WRITE | ACCESS_WRITE_META)
#define NOT_AVAILABLE 0xf0100003

static const char content[] = "written by tee_object_test";

struct storage {
	TEEC_Session session;
	uint32_t id;
	char *name;
};

static int said(const char *what, TEEC_Result res)
{
	printf("%s: 0x%08x\n", what, res);
	switch (res) {
	case TEEC_SUCCESS:
		return 0;
	case TEEC_ERROR_ITEM_NOT_FOUND:
		return 1;
	case NOT_AVAILABLE:
		return 4;
	default:
		return 5;
	}
}

static TEEC_Result object_open(struct storage *storage, uint32_t *ret_object)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT,
					       TEEC_VALUE_INOUT,
					       TEEC_VALUE_INPUT, TEEC_NONE),
		.params[0].tmpref = { storage->name, strlen(storage->name) },
		.params[1].value.a = ACCESS_ALL,
		.params[2].value.a = storage->id,
	};
	TEEC_Result res =
		TEEC_InvokeCommand(&storage->session, CMD_OPEN, &op, NULL);

	*ret_object = op.params[1].value.b;
	return res;
}

static TEEC_Result object_end(struct storage *storage, uint32_t cmd,
			      uint32_t object)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE,
					       TEEC_NONE, TEEC_NONE),
		.params[0].value.a = object,
	};

	return TEEC_InvokeCommand(&storage->session, cmd, &op, NULL);
}

static int create(struct storage *storage)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(
			TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_INOUT,
			TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_INPUT),
		.params[0].tmpref = { storage->name, strlen(storage->name) },
		.params[1].value.a = ACCESS_ALL,
		.params[2].value = { 0, storage->id },
		.params[3].tmpref = { (void *)content, sizeof(content) },
	};
	TEEC_Result res =
		TEEC_InvokeCommand(&storage->session, CMD_CREATE, &op, NULL);

	if (res == TEEC_SUCCESS)
		res = object_end(storage, CMD_CLOSE, op.params[1].value.b);
	return said("create", res);
}

static int check(struct storage *storage)
{
	char got[sizeof(content)] = "";
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT,
					       TEEC_VALUE_INOUT, TEEC_NONE,
					       TEEC_NONE),
		.params[0].tmpref = { got, sizeof(got) },
	};
	TEEC_Result res;

	res = object_open(storage, &op.params[1].value.a);
	if (res != TEEC_SUCCESS)
		return said("open", res);
	res = TEEC_InvokeCommand(&storage->session, CMD_READ, &op, NULL);
	object_end(storage, CMD_CLOSE, op.params[1].value.a);
	if (res != TEEC_SUCCESS)
		return said("read", res);
	if (memcmp(got, content, sizeof(content)) == 0)
		return said("check", res);
	printf("check: other content\n");
	return 3;
}

static int unlink_object(struct storage *storage)
{
	uint32_t object;
	TEEC_Result res = object_open(storage, &object);

	if (res != TEEC_SUCCESS)
		return said("open", res);
	return said("remove", object_end(storage, CMD_UNLINK, object));
}

static int run(struct storage *storage, const char *verb)
{
	if (strcmp(verb, "create") == 0)
		return create(storage);
	if (strcmp(verb, "check") == 0)
		return check(storage);
	return unlink_object(storage);
}

int main(int argc, char **argv)
{
	const TEEC_UUID uuid = STORAGE_TA_UUID;
	struct storage storage = { .id = STORAGE_REE };
	TEEC_Context context;
	TEEC_Result res;
	int ret;

	if (argc != 4) {
		fprintf(stderr, "usage: %s rpmb|ree create|check|remove NAME\n",
			argv[0]);
		return 2;
	}
	if (strcmp(argv[1], "rpmb") == 0)
		storage.id = STORAGE_RPMB;
	storage.name = argv[3];
	res = TEEC_InitializeContext(NULL, &context);
	if (res != TEEC_SUCCESS)
		return said("context", res) ? 5 : 0;
	res = TEEC_OpenSession(&context, &storage.session, &uuid,
			       TEEC_LOGIN_PUBLIC, NULL, NULL, NULL);
	if (res != TEEC_SUCCESS) {
		ret = said("session", res);
		ret = ret == 1 ? 4 : ret;
	} else {
		ret = run(&storage, argv[2]);
		TEEC_CloseSession(&storage.session);
	}
	TEEC_FinalizeContext(&context);
	return ret;
}
