/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated device: its rules (emulated.c), and the file that its state
 * lives in (state.c). device.c calls the first four functions, tests and
 * fuzzers the rest.
 */
#ifndef RPMB_EMULATED_H
#define RPMB_EMULATED_H

#include "internal.h"

/*
 * The file: an identity that is written once, two slots that take turns, and
 * the data area. Integers are big endian, SHA-256 sums guard each part. A
 * change is one write to the slot that is not current, with the new data in
 * it, and one fdatasync(); only then the data area is written. So a kill at
 * any point leaves the old or the new state: a torn slot has a wrong sum, and
 * the current slot's data are written to the data area again by whoever comes
 * next. A slot is used again two changes later, when the fdatasync() of the
 * change in between has made its data durable.
 */
#define RPMB_STATE_VERSION 1
#define RPMB_STATE_SLOT_BYTES 12288
#define RPMB_STATE_SLOTS_AT 4096
#define RPMB_STATE_DATA_AT (RPMB_STATE_SLOTS_AT + 2 * RPMB_STATE_SLOT_BYTES)

struct rpmb_state_identity {
	uint8_t magic[8];
	uint8_t version[4];
	uint8_t cid[RPMB_CID_BYTES];
	uint8_t size_bytes[4];
	uint8_t reliable_write_sectors[4];
	uint8_t enhanced_writes;
	uint8_t zero[27];
	uint8_t sum[RPMB_HASH_BYTES];
};
_Static_assert(sizeof(struct rpmb_state_identity) == 96, "on disk");

struct rpmb_state_slot {
	uint8_t magic[8];
	uint8_t sequence[8];
	uint8_t counter[4];
	/* The blocks that follow the slot: how many, and where they belong. */
	uint8_t address[2];
	uint8_t block_count[2];
	uint8_t key_set;
	uint8_t secure_wp_enable;
	uint8_t secure_wp_mask;
	uint8_t zero[5];
	uint8_t key[RPMB_KEY_BYTES];
	uint8_t zero2[416];
	/* Of all before it, then of the blocks. */
	uint8_t sum[RPMB_HASH_BYTES];
};
_Static_assert(sizeof(struct rpmb_state_slot) == 512, "on disk");
_Static_assert(sizeof(struct rpmb_state_slot) +
			       RPMB_FRAMES_MAX * RPMB_BLOCK_BYTES <=
		       RPMB_STATE_SLOT_BYTES,
	       "a slot has room for the largest write");

/* What can change; the key is why it lives in secret memory. */
struct rpmb_state {
	uint64_t sequence;
	uint32_t counter;
	bool key_set;
	bool secure_wp_enable;
	bool secure_wp_mask;
	struct rpmb_key key;
};

/* An open state file. Lives in secret memory. */
struct rpmb_state_file {
	int fd;
	struct rpmb_emulate_options identity;
	struct rpmb_state state;
	/* Where a change of it is prepared. */
	struct rpmb_state next;
	/* The slots as last seen: unchanged, they need no new check. */
	bool seen_valid;
	struct rpmb_state_slot seen[2];
	/* Where a slot and its blocks are put together or taken apart. */
	struct rpmb_state_slot slot;
	uint8_t blocks[RPMB_FRAMES_MAX * RPMB_BLOCK_BYTES];
};

/* Opens @path and reads its identity; nothing else. */
int rpmb_state_open(struct rpmb_state_file *file, const char *path,
		    struct rpmb_error *error);

/* Waits for other processes to be done, and reads the current state. */
int rpmb_state_lock(struct rpmb_state_file *file, struct rpmb_error *error);
void rpmb_state_unlock(struct rpmb_state_file *file);

/*
 * rpmb_state_commit - makes file->next the state and, with it, writes blocks
 * @count: 0 to RPMB_FRAMES_MAX blocks of @data, written from @address on
 *
 * Locked. On failure either the old or the new state holds: -EIO.
 */
int rpmb_state_commit(struct rpmb_state_file *file, uint16_t address,
		      uint32_t count, const void *data);

/* Reads @count blocks. Locked. */
int rpmb_state_read(struct rpmb_state_file *file, uint32_t first,
		    uint32_t count, void *ret_data);

/*
 * What a device remembers between the frames of a request and its response;
 * gone when it is closed, as by a reset.
 */
struct rpmb_register {
	/* The request's type; 0: there was none. */
	uint16_t type;
	uint16_t result;
	uint16_t address;
	uint16_t block_count;
	/* A write's result has been asked for. */
	bool result_requested;
	uint8_t nonce[RPMB_NONCE_BYTES];
};

struct rpmb_emulated {
	struct rpmb_state_file file;
	struct rpmb_register answer;
};

int rpmb_emulated_open(const char *path, struct rpmb_emulated **ret_emulated,
		       struct rpmb_info *ret_info, struct rpmb_error *error);
void rpmb_emulated_close(struct rpmb_emulated *emulated);
int rpmb_emulated_transfer(struct rpmb_emulated *emulated,
			   const struct rpmb_frame *request,
			   uint32_t request_count, bool with_result,
			   struct rpmb_frame *ret_response,
			   uint32_t response_count, struct rpmb_error *error);

/*
 * The device's two commands: it is written @count frames (1 or more; @reliable
 * as CMD23 says), and it is read. The state file is locked by the caller.
 */
void rpmb_emulated_command_write(struct rpmb_emulated *emulated,
				 const struct rpmb_frame *frames,
				 uint32_t count, bool reliable);
void rpmb_emulated_command_read(struct rpmb_emulated *emulated,
				struct rpmb_frame *ret_frames, uint32_t count);

#endif
