// SPDX-License-Identifier: BSD-2-Clause
/*
 * What an ordinary client of the "storage" TA of optee-test, or of OP-TEE's
 * test PTA, can make an unpatched OP-TEE panic with (docs/optee-guests.md), and
 * what a patched one has to answer; the storage has to work before and after.
 * That is TEE_STORAGE_PRIVATE_REE, in which the TA may have no object at the
 * start. Wrong answers to OP-TEE are the hostile guest's business, not this
 * one's.
 *
 * usage: storage_client_test enumerator|overwrite|empty|large
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>

#define STORAGE_TA_UUID                                                \
	{                                                              \
		0xb689f2a7, 0x8adf, 0x477a,                            \
		{                                                      \
			0x9f, 0x99, 0x32, 0xe9, 0x0c, 0x0a, 0xd0, 0xa2 \
		}                                                      \
	}

#define TESTS_PTA_UUID                                                 \
	{                                                              \
		0xd96a5b40, 0xc3e5, 0x21e3,                            \
		{                                                      \
			0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b \
		}                                                      \
	}
/* Sums up the bytes of a buffer, into its first one: pta_invoke_tests.h. */
#define TESTS_CMD_PARAMS 1
/* More than a stock 4.5.0 can map, and within the 32 MiB it has for buffers. */
#define LARGE_SIZE (28u << 20)
#define SMALL_SIZE ((1u << 20) + 77)

/* ta_storage.h of optee-test, and the GlobalPlatform TEE Internal Core API. */
enum {
	CMD_OPEN = 0,
	CMD_CLOSE = 1,
	CMD_READ = 2,
	CMD_WRITE = 3,
	CMD_CREATE = 4,
	CMD_UNLINK = 6,
	CMD_ALLOC_ENUM = 9,
	CMD_FREE_ENUM = 10,
	CMD_START_ENUM = 12,
	CMD_NEXT_ENUM = 13
};
#define STORAGE_REE 0x80000000
#define ACCESS_READ 0x1
#define ACCESS_WRITE 0x2
#define ACCESS_WRITE_META 0x4
#define SHARE_READ 0x10
#define SHARE_WRITE 0x20
#define OVERWRITE 0x400
#define OWNER (ACCESS_READ | ACCESS_WRITE | ACCESS_WRITE_META)
/* Two handles at once need to share, and then none may remove the object. */
#define SHARER (ACCESS_READ | ACCESS_WRITE | SHARE_READ | SHARE_WRITE)
#define OBJECT_ID_MAX 64
#define NOT_AVAILABLE 0xf0100003
#define NOT_FOUND TEEC_ERROR_ITEM_NOT_FOUND

static TEEC_Context context;
static TEEC_Session session;
static unsigned int checks;

static void __attribute__((format(printf, 1, 2), noreturn))
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("FAIL: ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	exit(1);
}

/* Each statement that must hold, counted. */
#define CHECK(condition)                                           \
	do {                                                       \
		if (!(condition))                                  \
			fail("line %d: %s", __LINE__, #condition); \
		checks++;                                          \
	} while (0)

#define CHECK_RESULT(call, want) check_result(__LINE__, #call, call, want)

static void check_result(int line, const char *what, TEEC_Result got,
			 TEEC_Result want)
{
	if (got != want)
		fail("line %d: %s is %#x, not %#x", line, what, got, want);
	checks++;
}

/* ---- the TA's commands ---- */

static TEEC_Result invoke(uint32_t command, TEEC_Operation *op)
{
	return TEEC_InvokeCommand(&session, command, op, NULL);
}

/* A command that takes nothing but a handle. */
static TEEC_Result handle_command(uint32_t command, uint32_t handle)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE,
					       TEEC_NONE, TEEC_NONE),
		.params[0].value.a = handle,
	};

	return invoke(command, &op);
}

static TEEC_Result object_create(const char *name, uint32_t flags,
				 const char *data, uint32_t *ret_object)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(
			TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_INOUT,
			TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_INPUT),
		.params[0].tmpref = { (void *)name, strlen(name) },
		.params[1].value.a = flags,
		.params[2].value = { 0, STORAGE_REE },
		.params[3].tmpref = { (void *)data, strlen(data) },
	};
	TEEC_Result res = invoke(CMD_CREATE, &op);

	*ret_object = op.params[1].value.b;
	return res;
}

static TEEC_Result object_open(const char *name, uint32_t *ret_object)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT,
					       TEEC_VALUE_INOUT,
					       TEEC_VALUE_INPUT, TEEC_NONE),
		.params[0].tmpref = { (void *)name, strlen(name) },
		.params[1].value.a = OWNER,
		.params[2].value.a = STORAGE_REE,
	};
	TEEC_Result res = invoke(CMD_OPEN, &op);

	*ret_object = op.params[1].value.b;
	return res;
}

static TEEC_Result object_write(uint32_t object, const char *data)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT,
					       TEEC_VALUE_INPUT, TEEC_NONE,
					       TEEC_NONE),
		.params[0].tmpref = { (void *)data, strlen(data) },
		.params[1].value.a = object,
	};

	return invoke(CMD_WRITE, &op);
}

/* The object is there with this content, and nothing after it. Removes it. */
static void check_and_remove(const char *name, const char *content)
{
	char got[64] = "";
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT,
					       TEEC_VALUE_INOUT, TEEC_NONE,
					       TEEC_NONE),
		.params[0].tmpref = { got, sizeof(got) - 1 },
	};
	uint32_t object;

	CHECK_RESULT(object_open(name, &object), TEEC_SUCCESS);
	op.params[1].value.a = object;
	CHECK_RESULT(invoke(CMD_READ, &op), TEEC_SUCCESS);
	CHECK(op.params[1].value.b == strlen(content));
	CHECK(strcmp(got, content) == 0);
	CHECK_RESULT(handle_command(CMD_UNLINK, object), TEEC_SUCCESS);
	CHECK_RESULT(object_open(name, &object), NOT_FOUND);
}

static uint32_t enumerator_alloc(void)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_NONE,
					       TEEC_NONE, TEEC_NONE),
	};

	CHECK_RESULT(invoke(CMD_ALLOC_ENUM, &op), TEEC_SUCCESS);
	return op.params[0].value.a;
}

static TEEC_Result enumerator_start(uint32_t enumerator)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE,
					       TEEC_NONE, TEEC_NONE),
		.params[0].value = { enumerator, STORAGE_REE },
	};

	return invoke(CMD_START_ENUM, &op);
}

/* The name, which ends with a zero byte, is written on success only. */
static TEEC_Result enumerator_next(uint32_t enumerator,
				   char ret_name[OBJECT_ID_MAX + 1])
{
	char name[OBJECT_ID_MAX] = "";
	TEEC_Operation op = {
		.paramTypes =
			TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE,
					 TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE),
		.params[0].value.a = enumerator,
		.params[2].tmpref = { name, sizeof(name) },
	};
	TEEC_Result res = invoke(CMD_NEXT_ENUM, &op);

	if (res != TEEC_SUCCESS)
		return res;
	CHECK(op.params[2].tmpref.size <= sizeof(name));
	memcpy(ret_name, name, op.params[2].tmpref.size);
	ret_name[op.params[2].tmpref.size] = '\0';
	return TEEC_SUCCESS;
}

/* ---- the tests ---- */

static void test_storage_works(void)
{
	uint32_t object;

	CHECK_RESULT(object_create("plain", OWNER, "", &object), TEEC_SUCCESS);
	CHECK_RESULT(object_write(object, "one "), TEEC_SUCCESS);
	CHECK_RESULT(object_write(object, "two"), TEEC_SUCCESS);
	CHECK_RESULT(handle_command(CMD_CLOSE, object), TEEC_SUCCESS);
	check_and_remove("plain", "one two");
}

/*
 * An enumerator does not start where no object is. OP-TEE wrote through a NULL
 * pointer when it was asked for the next one all the same.
 */
static void test_enumerator_not_started(void)
{
	char name[OBJECT_ID_MAX + 1] = "";
	uint32_t enumerator = enumerator_alloc();
	uint32_t object;

	CHECK_RESULT(enumerator_next(enumerator, name), NOT_FOUND);
	CHECK_RESULT(enumerator_start(enumerator), NOT_FOUND);
	CHECK_RESULT(enumerator_next(enumerator, name), NOT_FOUND);

	/* The same enumerator is good for what comes later, */
	CHECK_RESULT(object_create("listed", OWNER, "x", &object),
		     TEEC_SUCCESS);
	CHECK_RESULT(handle_command(CMD_CLOSE, object), TEEC_SUCCESS);
	CHECK_RESULT(enumerator_start(enumerator), TEEC_SUCCESS);
	CHECK_RESULT(enumerator_next(enumerator, name), TEEC_SUCCESS);
	CHECK(strcmp(name, "listed") == 0);
	CHECK_RESULT(enumerator_next(enumerator, name), NOT_FOUND);

	/* and does not start any more once that is gone. */
	check_and_remove("listed", "x");
	CHECK_RESULT(enumerator_start(enumerator), NOT_FOUND);
	CHECK_RESULT(enumerator_next(enumerator, name), NOT_FOUND);
	CHECK_RESULT(handle_command(CMD_FREE_ENUM, enumerator), TEEC_SUCCESS);
}

/*
 * The name that an open object had belongs to another file since the object was
 * created anew. OP-TEE asserted that it did not when the old file was written.
 */
static void test_overwritten_while_open(void)
{
	uint32_t before, after;

	CHECK_RESULT(object_create("shared", SHARER, "first", &before),
		     TEEC_SUCCESS);
	CHECK_RESULT(object_create("shared", SHARER | OVERWRITE, "second",
				   &after),
		     TEEC_SUCCESS);
	CHECK_RESULT(object_write(before, "old"), NOT_AVAILABLE);
	CHECK_RESULT(object_write(after, "new"), TEEC_SUCCESS);
	CHECK_RESULT(object_write(before, "old"), NOT_AVAILABLE);
	CHECK_RESULT(handle_command(CMD_CLOSE, before), TEEC_SUCCESS);
	CHECK_RESULT(handle_command(CMD_CLOSE, after), TEEC_SUCCESS);
	check_and_remove("shared", "newond");
}

static void tests_open(TEEC_Session *tests)
{
	const TEEC_UUID uuid = TESTS_PTA_UUID;

	CHECK_RESULT(TEEC_OpenSession(&context, tests, &uuid, TEEC_LOGIN_PUBLIC,
				      NULL, NULL, NULL),
		     TEEC_SUCCESS);
}

/* A sum needs a place; an empty buffer has none. */
static void test_empty_buffer(void)
{
	uint8_t bytes[] = { 1, 2, 3 };
	TEEC_Session tests;
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INOUT,
					       TEEC_NONE, TEEC_NONE, TEEC_NONE),
	};

	tests_open(&tests);
	CHECK_RESULT(TEEC_InvokeCommand(&tests, TESTS_CMD_PARAMS, &op, NULL),
		     TEEC_ERROR_BAD_PARAMETERS);
	op.params[0].tmpref.buffer = bytes;
	op.params[0].tmpref.size = sizeof(bytes);
	CHECK_RESULT(TEEC_InvokeCommand(&tests, TESTS_CMD_PARAMS, &op, NULL),
		     TEEC_SUCCESS);
	CHECK_RESULT(bytes[0], 6);
	TEEC_CloseSession(&tests);
}

/* Asks for the sum of @size bytes, each 1, which is right if there is any. */
static TEEC_Result sum_of_ones(TEEC_Session *tests, uint8_t *bytes, size_t size)
{
	TEEC_Result res;
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INOUT,
					       TEEC_NONE, TEEC_NONE, TEEC_NONE),
		.params[0].tmpref = { bytes, size },
	};

	memset(bytes, 1, size);
	res = TEEC_InvokeCommand(tests, TESTS_CMD_PARAMS, &op, NULL);
	CHECK(bytes[0] == (res == TEEC_SUCCESS ? (uint8_t)size : 1));
	return res;
}

/*
 * A pseudo TA's buffer is mapped before it sees it, with a translation table for
 * each 2 MiB. OP-TEE panicked when it had no more of them. Whether it has so
 * many depends on its version; a buffer that is refused leaves nothing behind
 * that would be in the way of others.
 */
static void test_large_buffer(void)
{
	uint8_t *bytes = malloc(LARGE_SIZE);
	TEEC_Session tests;

	CHECK(bytes);
	tests_open(&tests);
	for (int i = 0; i < 3; i++) {
		TEEC_Result res = sum_of_ones(&tests, bytes, LARGE_SIZE);

		CHECK(res == TEEC_SUCCESS || res == TEEC_ERROR_OUT_OF_MEMORY);
		printf("%u MiB: %s\n", LARGE_SIZE >> 20,
		       res ? "refused" : "mapped");
		CHECK_RESULT(sum_of_ones(&tests, bytes, SMALL_SIZE),
			     TEEC_SUCCESS);
	}
	TEEC_CloseSession(&tests);
	free(bytes);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "enumerator", test_enumerator_not_started },
	{ "overwrite", test_overwritten_while_open },
	{ "empty", test_empty_buffer },
	{ "large", test_large_buffer },
};

int main(int argc, char **argv)
{
	const size_t count = sizeof(tests) / sizeof(tests[0]);
	const TEEC_UUID uuid = STORAGE_TA_UUID;
	size_t n = 0;

	while (n < count && (argc != 2 || strcmp(argv[1], tests[n].name) != 0))
		n++;
	if (n == count) {
		fprintf(stderr, "usage: %s enumerator|overwrite|empty|large\n",
			argv[0]);
		return 2;
	}
	CHECK_RESULT(TEEC_InitializeContext(NULL, &context), TEEC_SUCCESS);
	CHECK_RESULT(TEEC_OpenSession(&context, &session, &uuid,
				      TEEC_LOGIN_PUBLIC, NULL, NULL, NULL),
		     TEEC_SUCCESS);
	test_storage_works();
	tests[n].run();
	test_storage_works();
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
	printf("%s: %u checks passed\n", tests[n].name, checks);
	return 0;
}
