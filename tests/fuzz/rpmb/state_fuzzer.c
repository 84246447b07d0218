// SPDX-License-Identifier: BSD-2-Clause
/*
 * State files from anywhere: the emulated device opens them, loads them and
 * runs a few operations without touching memory that is not its own. The
 * first byte says whether the sums are made right after the input has been
 * laid over a good file, so that what they guard is reached too.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../../../rpmb/lib/emulated.h"
#include "fuzz.h"

static uint8_t file[RPMB_STATE_DATA_AT];

static void sum_identity(void)
{
	struct rpmb_state_identity *identity = (void *)file;
	const struct rpmb_span span = { identity, 64 };

	rpmb_sha256(&span, 1, identity->sum);
}

static void sum_slot(unsigned int index)
{
	uint8_t *at =
		file + RPMB_STATE_SLOTS_AT + index * RPMB_STATE_SLOT_BYTES;
	struct rpmb_state_slot *slot = (void *)at;
	size_t blocks = rpmb_get16(slot->block_count);
	const struct rpmb_span spans[] = {
		{ slot, 480 },
		{ at + 512, (blocks > 32 ? 32 : blocks) * 256 },
	};

	rpmb_sha256(spans, 2, slot->sum);
}

/* Pieces of the input go to the places that mean something. */
static void lay(const uint8_t *data, size_t bytes)
{
	static const size_t places[] = {
		0,
		RPMB_STATE_SLOTS_AT,
		RPMB_STATE_SLOTS_AT + RPMB_STATE_SLOT_BYTES,
	};
	size_t at, n, some;

	while (bytes >= 3) {
		at = places[data[0] % 3] + data[1];
		some = data[2] % 64;
		data += 3;
		bytes -= 3;
		for (n = 0; n < some && n < bytes; n++)
			file[at + n] = data[n];
		data += n;
		bytes -= n;
	}
}

/* Whether the device opens, and tells its counter. */
static bool counter_now(const char *spec, uint32_t *ret_counter)
{
	struct rpmb_device *device;
	bool told;

	if (rpmb_open(spec, &device, NULL))
		return false;
	told = !rpmb_read_counter(device, NULL, ret_counter, NULL);
	rpmb_close(device);
	return told;
}

/* What a device has taken, it still has when it is opened again. */
static void use(const char *path)
{
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	static uint8_t data[RPMB_SIZE_UNIT_BYTES];
	struct rpmb_device *device;
	uint32_t counter, again;
	char spec[80];

	memset(key, 0x33, sizeof(*key));
	snprintf(spec, sizeof(spec), "file:%s", path);
	if (!rpmb_open(spec, &device, NULL)) {
		rpmb_read_counter(device, NULL, &counter, NULL);
		rpmb_program_key(device, key, 0, NULL);
		rpmb_write(device, key, 0, 40, data, NULL, NULL);
		rpmb_read(device, key, 0, 40, data, NULL);
		if (!rpmb_read_counter(device, NULL, &counter, NULL)) {
			FUZZ_ASSERT(counter_now(spec, &again));
			FUZZ_ASSERT(counter == again);
		}
		rpmb_close(device);
	}
	rpmb_secret_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const char *path = fuzz_device_path(0);
	int fd = open(path, O_RDWR);

	if (bytes < 1)
		return 0;
	FUZZ_ASSERT(read(fd, file, sizeof(file)) == sizeof(file));
	lay(data + 1, bytes - 1);
	if (data[0] & 1)
		sum_identity();
	if (data[0] & 2)
		sum_slot(0);
	if (data[0] & 4)
		sum_slot(1);
	FUZZ_ASSERT(pwrite(fd, file, sizeof(file), 0) == sizeof(file));
	/* A file that ends too early. */
	if (data[0] & 8)
		FUZZ_ASSERT(!ftruncate(fd, data[0] * 64));
	close(fd);
	use(path);
	unlink(path);
	return 0;
}
