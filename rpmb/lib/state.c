// SPDX-License-Identifier: BSD-2-Clause
/*
 * The file of an emulated device: making it, locking it, reading it, and
 * changing it so that a kill or a power cut leaves the old or the new state.
 * The layout and why it is safe: emulated.h. The device's rules are not here.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulated.h"

static const uint8_t identity_magic[8] = "TGRPMBEM";
static const uint8_t slot_magic[8] = "TGRPMBSL";

static bool pread_all(int fd, void *ret_memory, size_t bytes, off_t offset)
{
	uint8_t *at = ret_memory;
	ssize_t some;

	while (bytes) {
		some = pread(fd, at, bytes, offset);
		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return false;
		at += some;
		bytes -= (size_t)some;
		offset += some;
	}
	return true;
}

static bool pwrite_all(int fd, const void *memory, size_t bytes, off_t offset)
{
	const uint8_t *at = memory;
	ssize_t some;

	while (bytes) {
		some = pwrite(fd, at, bytes, offset);
		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return false;
		at += some;
		bytes -= (size_t)some;
		offset += some;
	}
	return true;
}

static off_t slot_at(unsigned int index)
{
	return RPMB_STATE_SLOTS_AT + (off_t)index * RPMB_STATE_SLOT_BYTES;
}

static off_t block_at(uint32_t block)
{
	return RPMB_STATE_DATA_AT + (off_t)block * RPMB_BLOCK_BYTES;
}

static uint64_t get64(const uint8_t at[8])
{
	return (uint64_t)rpmb_get32(at) << 32 | rpmb_get32(at + 4);
}

static void put64(uint8_t at[8], uint64_t value)
{
	rpmb_put32(at, (uint32_t)(value >> 32));
	rpmb_put32(at + 4, (uint32_t)value);
}

static bool options_are_valid(const struct rpmb_emulate_options *options)
{
	return options->size_bytes &&
	       options->size_bytes <= RPMB_SIZE_BYTES_MAX &&
	       options->size_bytes % RPMB_SIZE_UNIT_BYTES == 0 &&
	       options->reliable_write_sectors >= 1 &&
	       options->reliable_write_sectors <= 255;
}

static int identity_sum(const struct rpmb_state_identity *identity,
			uint8_t ret_sum[RPMB_HASH_BYTES])
{
	const struct rpmb_span span = {
		identity,
		offsetof(struct rpmb_state_identity, sum),
	};

	return rpmb_sha256(&span, 1, ret_sum);
}

static int identity_write(int fd, const struct rpmb_emulate_options *options)
{
	struct rpmb_state_identity identity = { 0 };

	memcpy(identity.magic, identity_magic, sizeof(identity.magic));
	rpmb_put32(identity.version, RPMB_STATE_VERSION);
	memcpy(identity.cid, options->cid.bytes, sizeof(identity.cid));
	rpmb_put32(identity.size_bytes, options->size_bytes);
	rpmb_put32(identity.reliable_write_sectors,
		   options->reliable_write_sectors);
	identity.enhanced_writes = options->enhanced_writes;
	if (identity_sum(&identity, identity.sum))
		return -EIO;
	return pwrite_all(fd, &identity, sizeof(identity), 0) ? 0 : -EIO;
}

static int identity_read(struct rpmb_state_file *file, const char *path,
			 struct rpmb_error *error)
{
	struct rpmb_emulate_options *options = &file->identity;
	struct rpmb_state_identity identity;
	uint8_t sum[RPMB_HASH_BYTES];
	struct stat status;

	if (!pread_all(file->fd, &identity, sizeof(identity), 0) ||
	    memcmp(identity.magic, identity_magic, sizeof(identity.magic)))
		return rpmb_fail(error, -ENODEV,
				 "%s is not an emulated RPMB, or its making "
				 "was interrupted",
				 path);
	if (rpmb_get32(identity.version) != RPMB_STATE_VERSION)
		return rpmb_fail(error, -ENOTSUP,
				 "%s has version %u, which is not known here",
				 path, rpmb_get32(identity.version));
	memcpy(options->cid.bytes, identity.cid, sizeof(identity.cid));
	options->size_bytes = rpmb_get32(identity.size_bytes);
	options->reliable_write_sectors =
		rpmb_get32(identity.reliable_write_sectors);
	options->enhanced_writes = identity.enhanced_writes;
	if (identity_sum(&identity, sum) ||
	    memcmp(sum, identity.sum, sizeof(sum)) ||
	    !options_are_valid(options) || fstat(file->fd, &status) ||
	    status.st_size < RPMB_STATE_DATA_AT + (off_t)options->size_bytes)
		return rpmb_fail(error, -EIO,
				 "%s is damaged: its beginning or its size is "
				 "wrong",
				 path);
	return 0;
}

int rpmb_state_open(struct rpmb_state_file *file, const char *path,
		    struct rpmb_error *error)
{
	int rc;

	memset(file, 0, sizeof(*file));
	file->fd = open(path, O_RDWR | O_CLOEXEC);
	if (file->fd < 0) {
		rc = -errno;
		return rpmb_fail(error, rc, "%s cannot be opened: %s", path,
				 strerror(-rc));
	}
	rc = identity_read(file, path, error);
	if (rc) {
		close(file->fd);
		file->fd = -1;
	}
	return rc;
}

static int slot_sum(const struct rpmb_state_slot *slot, const uint8_t *blocks,
		    uint8_t ret_sum[RPMB_HASH_BYTES])
{
	size_t bytes = rpmb_get16(slot->block_count) * RPMB_BLOCK_BYTES;
	const struct rpmb_span spans[] = {
		{ slot, offsetof(struct rpmb_state_slot, sum) },
		{ blocks, bytes },
	};

	return rpmb_sha256(spans, 2, ret_sum);
}

/* Takes slot @index with its blocks into file->slot; false: not valid. */
static bool slot_load(struct rpmb_state_file *file, unsigned int index)
{
	struct rpmb_state_slot *slot = &file->slot;
	uint32_t blocks = file->identity.size_bytes / RPMB_BLOCK_BYTES;
	uint8_t sum[RPMB_HASH_BYTES];
	uint32_t address, count;

	*slot = file->seen[index];
	address = rpmb_get16(slot->address);
	count = rpmb_get16(slot->block_count);
	if (memcmp(slot->magic, slot_magic, sizeof(slot->magic)) ||
	    (get64(slot->sequence) & 1) != index || count > RPMB_FRAMES_MAX ||
	    address + count > blocks)
		return false;
	if (!pread_all(file->fd, file->blocks, count * RPMB_BLOCK_BYTES,
		       slot_at(index) + (off_t)sizeof(*slot)) ||
	    slot_sum(slot, file->blocks, sum))
		return false;
	return !memcmp(sum, slot->sum, sizeof(sum));
}

/* Writes the blocks of file->slot where they belong. */
static bool slot_apply(struct rpmb_state_file *file)
{
	return pwrite_all(file->fd, file->blocks,
			  rpmb_get16(file->slot.block_count) * RPMB_BLOCK_BYTES,
			  block_at(rpmb_get16(file->slot.address)));
}

static void slot_to_state(const struct rpmb_state_slot *slot,
			  struct rpmb_state *ret_state)
{
	ret_state->sequence = get64(slot->sequence);
	ret_state->counter = rpmb_get32(slot->counter);
	ret_state->key_set = slot->key_set;
	ret_state->secure_wp_enable = slot->secure_wp_enable;
	ret_state->secure_wp_mask = slot->secure_wp_mask;
	memcpy(ret_state->key.bytes, slot->key, RPMB_KEY_BYTES);
}

/* Finds the newest valid slot and makes its state the current one. */
static int state_load(struct rpmb_state_file *file, struct rpmb_error *error)
{
	bool newer =
		get64(file->seen[1].sequence) > get64(file->seen[0].sequence);

	if (!slot_load(file, newer) && !slot_load(file, !newer))
		return rpmb_fail(error, -EIO,
				 "the emulated RPMB is damaged: neither of its "
				 "two states is whole");
	/* Who wrote the slot may have been killed before it was durable. */
	if (fdatasync(file->fd) || !slot_apply(file))
		return rpmb_fail(error, -EIO,
				 "the emulated RPMB cannot be written");
	slot_to_state(&file->slot, &file->state);
	file->seen_valid = true;
	return 0;
}

int rpmb_state_lock(struct rpmb_state_file *file, struct rpmb_error *error)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	bool same = file->seen_valid;
	unsigned int n;
	int rc = 0;

	while (fcntl(file->fd, F_OFD_SETLKW, &lock)) {
		if (errno == EINTR)
			continue;
		rc = -errno;
		return rpmb_fail(error, rc,
				 "the emulated RPMB cannot be locked: %s",
				 strerror(-rc));
	}
	for (n = 0; n < 2 && !rc; n++) {
		if (!pread_all(file->fd, &file->slot, sizeof(file->slot),
			       slot_at(n))) {
			rc = rpmb_fail(error, -EIO,
				       "the emulated RPMB cannot be read");
			break;
		}
		same = same &&
		       !memcmp(&file->slot, &file->seen[n], sizeof(file->slot));
		file->seen[n] = file->slot;
	}
	file->seen_valid = same && !rc;
	if (!rc && !file->seen_valid)
		rc = state_load(file, error);
	if (rc)
		rpmb_state_unlock(file);
	return rc;
}

void rpmb_state_unlock(struct rpmb_state_file *file)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	fcntl(file->fd, F_OFD_SETLK, &lock);
}

/* Puts a slot together in file->slot and file->blocks. */
static int slot_build(struct rpmb_state_file *file,
		      const struct rpmb_state *state, uint16_t address,
		      uint32_t count, const void *data)
{
	struct rpmb_state_slot *slot = &file->slot;

	memset(slot, 0, sizeof(*slot));
	memcpy(slot->magic, slot_magic, sizeof(slot->magic));
	put64(slot->sequence, state->sequence);
	rpmb_put32(slot->counter, state->counter);
	rpmb_put16(slot->address, address);
	rpmb_put16(slot->block_count, (uint16_t)count);
	slot->key_set = state->key_set;
	slot->secure_wp_enable = state->secure_wp_enable;
	slot->secure_wp_mask = state->secure_wp_mask;
	memcpy(slot->key, state->key.bytes, RPMB_KEY_BYTES);
	if (count)
		memcpy(file->blocks, data, count * RPMB_BLOCK_BYTES);
	return slot_sum(slot, file->blocks, slot->sum);
}

int rpmb_state_commit(struct rpmb_state_file *file, uint16_t address,
		      uint32_t count, const void *data)
{
	struct rpmb_state *next = &file->next;
	unsigned int index;

	/* Only a file that somebody has made up is there already. */
	if (file->state.sequence == UINT64_MAX)
		return -EIO;
	next->sequence = file->state.sequence + 1;
	index = next->sequence & 1;
	if (slot_build(file, next, address, count, data))
		return -EIO;
	/* From here on only the file knows which state holds. */
	file->seen_valid = false;
	_Static_assert(offsetof(struct rpmb_state_file, blocks) ==
			       offsetof(struct rpmb_state_file, slot) +
				       sizeof(file->slot),
		       "a slot and its blocks are written at once");
	if (!pwrite_all(file->fd, &file->slot,
			sizeof(file->slot) + count * RPMB_BLOCK_BYTES,
			slot_at(index)) ||
	    fdatasync(file->fd) || !slot_apply(file))
		return -EIO;
	file->seen[index] = file->slot;
	file->state = *next;
	file->seen_valid = true;
	return 0;
}

int rpmb_state_read(struct rpmb_state_file *file, uint32_t first,
		    uint32_t count, void *ret_data)
{
	return pread_all(file->fd, ret_data, (size_t)count * RPMB_BLOCK_BYTES,
			 block_at(first)) ?
		       0 :
		       -EIO;
}

/* The identity goes last: a file without it is no device. */
static int state_fill(struct rpmb_state_file *file, int fd,
		      const struct rpmb_emulate_options *options)
{
	file->fd = fd;
	file->identity = *options;
	file->next = (struct rpmb_state){ .counter = options->write_counter };
	if (ftruncate(fd, RPMB_STATE_DATA_AT + (off_t)options->size_bytes) ||
	    rpmb_state_commit(file, 0, 0, NULL) || fsync(fd) ||
	    identity_write(fd, options) || fsync(fd))
		return errno ? -errno : -EIO;
	return 0;
}

int rpmb_emulate_create(const char *path,
			const struct rpmb_emulate_options *options,
			struct rpmb_error *error)
{
	struct rpmb_emulate_options valid = *options;
	struct rpmb_state_file *file;
	int fd, rc;

	if (!valid.reliable_write_sectors)
		valid.reliable_write_sectors = 1;
	if (!options_are_valid(&valid))
		return rpmb_fail(error, -EINVAL,
				 "an RPMB has 1 to 128 times 128 KiB and 1 to "
				 "255 reliable write sectors");
	file = rpmb_secret_alloc(sizeof(*file));
	if (!file)
		return rpmb_fail(error, -ENOMEM,
				 "no lockable memory: see RLIMIT_MEMLOCK");
	errno = 0;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	rc = fd < 0 ? -errno : state_fill(file, fd, &valid);
	if (rc)
		rpmb_fail(error, rc, "%s cannot be made: %s", path,
			  strerror(-rc));
	if (rc && fd >= 0)
		unlink(path);
	if (fd >= 0)
		close(fd);
	rpmb_secret_free(file);
	return rc;
}
