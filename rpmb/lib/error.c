// SPDX-License-Identifier: BSD-2-Clause
/*
 * Errors: a device's results in words and as errno, and sentences for whoever
 * runs the program. Nothing is printed here.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

struct result_row {
	int err;
	const char *name;
};

/* JEDEC 6.6.22.3; the errno as rpmb.h lists them. */
static const struct result_row results[] = {
	[RPMB_RESULT_OK] = { -EPROTO, "success" },
	[RPMB_RESULT_GENERAL_FAILURE] = { -EREMOTEIO, "general failure" },
	[RPMB_RESULT_AUTHENTICATION_FAILURE] = { -EKEYREJECTED,
						 "authentication failure" },
	[RPMB_RESULT_COUNTER_FAILURE] = { -EAGAIN, "counter failure" },
	[RPMB_RESULT_ADDRESS_FAILURE] = { -ERANGE, "address failure" },
	[RPMB_RESULT_WRITE_FAILURE] = { -EROFS, "write failure" },
	[RPMB_RESULT_READ_FAILURE] = { -EREMOTEIO, "read failure" },
	[RPMB_RESULT_KEY_NOT_PROGRAMMED] = { -ENOKEY, "key not programmed" },
};

#define RESULTS (sizeof(results) / sizeof(results[0]))

const char *rpmb_version(void)
{
	return RPMB_VERSION;
}

const char *rpmb_result_name(uint16_t result)
{
	result &= ~RPMB_RESULT_COUNTER_EXPIRED;
	return result < RESULTS ? results[result].name : "unknown result";
}

int rpmb_fail(struct rpmb_error *error, int err, const char *format, ...)
{
	va_list args;

	if (!error)
		return err;
	error->err = err;
	error->result = RPMB_RESULT_NONE;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return err;
}

int rpmb_fail_result(struct rpmb_error *error, uint16_t result,
		     const char *doing)
{
	uint16_t plain = result & ~RPMB_RESULT_COUNTER_EXPIRED;
	bool expired = result & RPMB_RESULT_COUNTER_EXPIRED;
	int err = plain < RESULTS ? results[plain].err : -EPROTO;

	/* JEDEC 6.6.22.4.3: 0x85 is how a write is refused for good. */
	if (expired && plain == RPMB_RESULT_WRITE_FAILURE)
		err = -EOVERFLOW;
	rpmb_fail(error, err, "the device answers %s with result 0x%04x: %s%s",
		  doing, result, rpmb_result_name(result),
		  expired ? ", write counter expired" : "");
	if (error)
		error->result = result;
	return err;
}
