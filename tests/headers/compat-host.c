/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host program that takes __unused and __used from OP-TEE's exported headers,
 * as it could before our series. Only whether it compiles is looked at.
 */
#include <tee_api_types.h>
#include <util.h>

static const char version[] __used = "1";

int main(int argc __unused, char **argv __unused)
{
	return TEE_SUCCESS;
}
