// SPDX-License-Identifier: BSD-2-Clause
/*
 * An emulated device whose file is in memory, so that thousands a second can
 * be made. fsync() and fdatasync() do nothing there.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rpmb.h>

#include "fuzz.h"

const char *fuzz_device_path(uint32_t counter)
{
	struct rpmb_emulate_options options = {
		.size_bytes = RPMB_SIZE_UNIT_BYTES,
		.enhanced_writes = true,
		.write_counter = counter,
	};
	static char path[64];

	snprintf(path, sizeof(path), "/dev/shm/rpmb-fuzz-%d", (int)getpid());
	unlink(path);
	FUZZ_ASSERT(!rpmb_emulate_create(path, &options, NULL));
	return path;
}
