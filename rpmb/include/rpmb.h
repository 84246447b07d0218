/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * librpmb: the RPMB (replay protected memory block) of an eMMC, and the key
 * that guards it. Here is the whole public interface: memory for secrets,
 * keys and their derivation, the device and its operations, the emulated
 * device, and sealed keys. What a station or a person does with them is
 * rpmbctl; where keys are kept is the store.
 *
 * "JEDEC" is JESD84-B51 (eMMC 5.1), chapter 6.6.22.
 *
 * Errors: functions that return int return 0 (or what they document) on
 * success and a negative errno otherwise. Those that take a struct rpmb_error
 * fill it on failure; it may be NULL. Output arguments (ret_*) are written on
 * success only, unless the function says otherwise.
 *
 * The errno tells what went wrong with a device:
 *
 *	-ENODEV, -ENOENT, -ENXIO  there is no such device
 *	-EACCES, -EPERM           it may not be opened
 *	-ENOTSUP       a kind of device, or a feature, that is not served
 *	-ENOKEY        no key is programmed (result 7)
 *	-EEXIST        a key is programmed already
 *	-EKEYREJECTED  the device refused our MAC: its key is another (result 2)
 *	-EBADMSG       the response's MAC does not fit: another key, or tampering
 *	-EPROTO        the response does not belong to the request (type, nonce,
 *	               address, block count or counter) or makes no sense
 *	-EAGAIN        the device counts differently: somebody else wrote in
 *	               between (result 3); nothing was written
 *	-ERANGE        address outside the RPMB (result 4, or seen beforehand)
 *	-EOVERFLOW     the write counter has expired: never writable again
 *	-EROFS         the device failed to write (result 5)
 *	-EREMOTEIO     the device failed to read, or a general failure (6, 1)
 *	-EIO and others  the transfer itself failed
 *	-EINVAL        the caller's argument; -ENOMEM: no (lockable) memory
 *
 * Threads: a struct rpmb_device is used by one thread at a time; everything
 * else keeps no state and is thread-safe. Processes may share a device, each
 * with an rpmb_open() of its own: a transfer is atomic.
 */
#ifndef RPMB_H
#define RPMB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The interface described here; grows when functions are added. */
#define RPMB_API_VERSION 1

#define RPMB_KEY_BYTES 32
#define RPMB_CID_BYTES 16
#define RPMB_FINGERPRINT_BYTES 8
/* The RPMB is addressed in half sectors. */
#define RPMB_BLOCK_BYTES 256
/* Unit of RPMB_SIZE_MULT; JEDEC allows 1 to 128 of them. */
#define RPMB_SIZE_UNIT_BYTES (128 * 1024)
#define RPMB_SIZE_BYTES_MAX (128 * RPMB_SIZE_UNIT_BYTES)

/* Texts with their final NUL. */
#define RPMB_CID_TEXT_BYTES 33
#define RPMB_FINGERPRINT_TEXT_BYTES 20
#define RPMB_ERROR_TEXT_BYTES 256

/* OpenSSL's EVP_PKEY, named so that this header needs none of its headers. */
struct evp_pkey_st;

/* This library's version: "0.1.0". */
const char *rpmb_version(void);

/* ---- errors ---- */

/* What a device says of a request: JEDEC 6.6.22.3, operation results. */
enum rpmb_result {
	RPMB_RESULT_OK = 0,
	RPMB_RESULT_GENERAL_FAILURE = 1,
	RPMB_RESULT_AUTHENTICATION_FAILURE = 2,
	RPMB_RESULT_COUNTER_FAILURE = 3,
	RPMB_RESULT_ADDRESS_FAILURE = 4,
	RPMB_RESULT_WRITE_FAILURE = 5,
	RPMB_RESULT_READ_FAILURE = 6,
	RPMB_RESULT_KEY_NOT_PROGRAMMED = 7,
};

/* Set beside any result once the write counter stands at 0xffffffff. */
#define RPMB_RESULT_COUNTER_EXPIRED 0x80
/* In struct rpmb_error: the failure is not one that the device reported. */
#define RPMB_RESULT_NONE 0xffff

struct rpmb_error {
	/* What the function returned, negative. */
	int err;
	/* The device's 16-bit result, or RPMB_RESULT_NONE. */
	uint16_t result;
	/* One sentence without its full stop: what happened, to what. */
	char text[RPMB_ERROR_TEXT_BYTES];
};

/* The name of a result without its expiry bit: "authentication failure". */
const char *rpmb_result_name(uint16_t result);

/* ---- secrets ---- */

/*
 * rpmb_secrets_init - keeps this process's secrets out of cores and swap
 *
 * Core dumps off (RLIMIT_CORE 0), not dumpable (PR_SET_DUMPABLE 0, which
 * also keeps other processes of the same user out of /proc/PID/mem), and
 * locked memory for the copies of keys that OpenSSL makes. Call it first in
 * main(), once, before any thread. Link programs with -Wl,-z,now: the lazy
 * resolver leaves registers, and keys in them, on the stack. -ENOMEM: memory
 * cannot be locked (RLIMIT_MEMLOCK); the first two have been done then.
 */
int rpmb_secrets_init(void);

/*
 * rpmb_secret_alloc - memory for a secret of @bytes (1 to 1 MiB), zeroed
 *
 * Locked (mlock), left out of core dumps, zeros in a child after fork(),
 * a guard page on each side. Freed by rpmb_secret_free(). NULL with
 * errno ENOMEM (also where RLIMIT_MEMLOCK does not allow it) or EINVAL.
 */
void *rpmb_secret_alloc(size_t bytes);

/* Wipes and frees; NULL is allowed. */
void rpmb_secret_free(void *secret);

/* Overwrites @bytes of memory with zeros that no compiler leaves out. */
void rpmb_wipe(void *memory, size_t bytes);

/* Compares in a time that depends on @bytes alone. */
bool rpmb_equal(const void *a, const void *b, size_t bytes);

/* ---- keys ---- */

/* Lives in memory of rpmb_secret_alloc(sizeof(struct rpmb_key)) only. */
struct rpmb_key {
	uint8_t bytes[RPMB_KEY_BYTES];
};

/* Tells keys apart and may be shown to anybody. */
struct rpmb_fingerprint {
	uint8_t bytes[RPMB_FINGERPRINT_BYTES];
};

/* A key from the system's random numbers. -EIO: there are none. */
int rpmb_key_random(struct rpmb_key *ret_key);

/*
 * rpmb_key_parse - reads a key as key files hold it
 * @text: 32 raw bytes (what `mmc rpmb write-key` takes), or 64 hexadecimal
 *	digits of either case, which one line end may follow
 * @bytes: its length
 *
 * -EINVAL: neither.
 */
int rpmb_key_parse(const void *text, size_t bytes, struct rpmb_key *ret_key);

enum rpmb_key_weakness {
	RPMB_KEY_GOOD = 0,
	RPMB_KEY_ALL_ZERO,
	/* All 32 bytes are the same. */
	RPMB_KEY_ALL_EQUAL,
	/* The one that every OP-TEE with CFG_RPMB_TESTKEY=y uses. */
	RPMB_KEY_TEST,
};

/* Whether a key is one that nobody should program into a product. */
enum rpmb_key_weakness rpmb_key_check(const struct rpmb_key *key);

/* "all zero", "all bytes equal", "OP-TEE's test key" or "good". */
const char *rpmb_key_weakness_name(enum rpmb_key_weakness weakness);

/* OP-TEE's test key (CFG_RPMB_TESTKEY), and whether this is it. */
void rpmb_key_test(struct rpmb_key *ret_key);
bool rpmb_is_test_key(const struct rpmb_key *key);

/*
 * The first 8 bytes of SHA-256("teegate rpmb key fingerprint v1" with its
 * NUL, then the key). -EIO: OpenSSL failed.
 */
int rpmb_key_fingerprint(const struct rpmb_key *key,
			 struct rpmb_fingerprint *ret_fingerprint);

/* Writes "1234-5678-9abc-def0" and returns @text. */
char *rpmb_fingerprint_format(const struct rpmb_fingerprint *fingerprint,
			      char text[RPMB_FINGERPRINT_TEXT_BYTES]);

/* Reads 16 hexadecimal digits, with or without the hyphens. -EINVAL. */
int rpmb_fingerprint_parse(const char *text,
			   struct rpmb_fingerprint *ret_fingerprint);

/* ---- the card's identification, CID ---- */

/* Big endian, as the register is transferred: byte 0 is the maker's id. */
struct rpmb_cid {
	uint8_t bytes[RPMB_CID_BYTES];
};

/* Where the CID has its product revision (PRV) and its CRC. */
#define RPMB_CID_PRV_OFFSET 9
#define RPMB_CID_CRC_OFFSET 15

struct rpmb_cid_fields {
	/* Assigned by JEDEC; 0x15 is Samsung's. */
	uint8_t manufacturer;
	uint8_t oem;
	/* Unprintable bytes are shown as '?'. */
	char product[7];
	uint8_t revision_major;
	uint8_t revision_minor;
	uint32_t serial;
	/*
	 * 1 to 12, and the last two digits' worth of the year: JEDEC 7.2.7
	 * counts from 1997, or from 2013 on devices of EXT_CSD_REV above 4,
	 * which the CID does not tell. Zero month: makes no sense.
	 */
	uint8_t month;
	uint8_t year_code;
};

/*
 * Reads 32 hexadecimal digits of either case, as sysfs's `cid` prints them;
 * "0x" before and one line end after are allowed. -EINVAL.
 */
int rpmb_cid_parse(const char *text, struct rpmb_cid *ret_cid);

/* Writes 32 lower-case digits and returns @text. */
char *rpmb_cid_format(const struct rpmb_cid *cid,
		      char text[RPMB_CID_TEXT_BYTES]);

/* JEDEC 7.2. */
void rpmb_cid_decode(const struct rpmb_cid *cid,
		     struct rpmb_cid_fields *ret_fields);

/*
 * Whether two CIDs are of one device: PRV, which a field firmware update may
 * change, and the CRC, which some hosts leave out, are not compared.
 */
bool rpmb_cid_same_device(const struct rpmb_cid *a, const struct rpmb_cid *b);

/* ---- derivation, as OP-TEE does it ---- */

#define RPMB_HUK_BYTES_MIN 16
#define RPMB_HUK_BYTES_MAX 64

/* The OP-TEE was built with CFG_CORE_HUK_SUBKEY_COMPAT=y, its default. */
#define RPMB_DERIVE_COMPAT 0x1

/*
 * rpmb_derive_key - the key that OP-TEE derives from a HUK for a device
 * @huk: hardware unique key, 16 to 64 bytes; OP-TEE's
 *	HW_UNIQUE_KEY_LENGTH is 16 unless the platform says otherwise
 * @cid: as read; PRV and CRC are masked here, as in OP-TEE
 * @flags: RPMB_DERIVE_COMPAT or 0
 *
 * OP-TEE's tee_rpmb_key_gen() and __huk_subkey_derive() with HUK_SUBKEY_RPMB;
 * CFG_CORE_HUK_SUBKEY_COMPAT_USE_OTP_DIE_ID has no part in this subkey. A
 * platform that overrides huk_subkey_derive() derives something else.
 * -EINVAL, -EIO (OpenSSL).
 */
int rpmb_derive_key(const void *huk, size_t huk_bytes,
		    const struct rpmb_cid *cid, unsigned int flags,
		    struct rpmb_key *ret_key);

/* ---- devices ---- */

enum rpmb_backend {
	RPMB_BACKEND_EMMC,
	RPMB_BACKEND_EMULATED,
	/* Reserved: rpmb_open() says -ENOTSUP. */
	RPMB_BACKEND_NVME,
};

/* An open device. Owned by the caller until closed. */
struct rpmb_device;

struct rpmb_info {
	enum rpmb_backend backend;
	struct rpmb_cid cid;
	/* In units of 128 KiB (RPMB_SIZE_MULT), bytes, and 256-byte blocks. */
	uint32_t size_units;
	uint32_t size_bytes;
	uint32_t block_count;
	/* REL_WR_SEC_C: sectors of 512 bytes in one reliable write. */
	uint32_t reliable_write_sectors;
	/* Blocks (= frames) in the largest write that is all or nothing. */
	uint32_t write_blocks_max;
	/* What it is, for people: "QEMU!!", "emulated". Printable ASCII. */
	char name[32];
};

/*
 * rpmb_open - opens a device
 * @spec: "/dev/mmcblkNrpmb" (Linux's eMMC driver), "file:PATH" (an emulated
 *	device made by rpmb_emulate_create()), "nvme:…" (not served yet)
 *
 * Sends nothing to the device.
 */
int rpmb_open(const char *spec, struct rpmb_device **ret_device,
	      struct rpmb_error *error);

/* NULL is allowed. */
void rpmb_close(struct rpmb_device *device);

/* What was learnt at opening; valid until the device is closed. */
const struct rpmb_info *rpmb_get_info(const struct rpmb_device *device);

enum rpmb_key_state {
	RPMB_KEY_UNPROGRAMMED,
	RPMB_KEY_PROGRAMMED,
};

/*
 * rpmb_probe_state - asks, without a key, whether one is programmed
 * @ret_counter: the write counter, not authenticated; 0 where no key is
 *	programmed; may be NULL
 */
int rpmb_probe_state(struct rpmb_device *device, enum rpmb_key_state *ret_state,
		     uint32_t *ret_counter, struct rpmb_error *error);

/*
 * rpmb_read_counter - reads the write counter
 * @key: checks the response's MAC; NULL: nobody vouches for the counter
 *
 * The nonce is fresh and checked in either case. An expired counter is read
 * like any other (0xffffffff). This is also how a key is verified: -EBADMSG
 * says that the device has another one.
 */
int rpmb_read_counter(struct rpmb_device *device, const struct rpmb_key *key,
		      uint32_t *ret_counter, struct rpmb_error *error);

/* Do everything but send the frame that cannot be taken back. */
#define RPMB_PROGRAM_DRY_RUN 0x1

/*
 * rpmb_program_key - sets the device's key, once and for ever
 * @flags: RPMB_PROGRAM_DRY_RUN or 0
 *
 * Asks the device first: -EEXIST where a key is programmed. Programs, reads
 * the result, and then reads the counter with the key: success means that
 * the device has answered with this very key. -EBADMSG after programming:
 * the device took a key that is not this one. After an error of the transfer
 * itself nobody knows whether it was programmed: rpmb_read_counter() with the
 * key tells. Whether a key is wise to program (rpmb_key_check()) is the
 * caller's decision.
 */
int rpmb_program_key(struct rpmb_device *device, const struct rpmb_key *key,
		     unsigned int flags, struct rpmb_error *error);

/*
 * rpmb_read - reads blocks of 256 bytes
 * @key: checks the MAC; NULL: nobody vouches for the data
 * @first: number of the first block
 * @count: of blocks, 1 or more
 * @ret_data: room for @count * 256 bytes; on failure its content is zeros
 */
int rpmb_read(struct rpmb_device *device, const struct rpmb_key *key,
	      uint32_t first, uint32_t count, void *ret_data,
	      struct rpmb_error *error);

/*
 * rpmb_write - writes blocks of 256 bytes
 * @ret_written: how many blocks of the front have been written, also on
 *	failure; may be NULL. After an error of the transfer itself the next
 *	ones may have been written too
 *
 * Split into writes that the device does as a whole (1, 2 or 32 blocks,
 * aligned to their size), each of which costs one count of the counter.
 */
int rpmb_write(struct rpmb_device *device, const struct rpmb_key *key,
	       uint32_t first, uint32_t count, const void *data,
	       uint32_t *ret_written, struct rpmb_error *error);

/* How many counts of the write counter such a write will use up. */
uint32_t rpmb_write_cost(const struct rpmb_device *device, uint32_t first,
			 uint32_t count);

/*
 * The device configuration area, secure write protect (eMMC 5.1). Its
 * registers and where they stand in a frame: as mmc-utils has them.
 */
enum rpmb_config_register {
	/* Bit 0, SECURE_WP_EN: write protection obeys SECURE_WP_MASK. */
	RPMB_SECURE_WP_MODE_ENABLE = 1,
	/* Bit 0, SECURE_WP_MASK: write protection may be changed now. */
	RPMB_SECURE_WP_MODE_CONFIG = 2,
};

struct rpmb_config {
	bool secure_wp_enable;
	bool secure_wp_mask;
};

/*
 * rpmb_config_read - reads both registers
 * @key: checks the MAC; NULL: nobody vouches for them
 *
 * -EREMOTEIO or -EPROTO: devices before eMMC 5.1 may not know the request.
 */
int rpmb_config_read(struct rpmb_device *device, const struct rpmb_key *key,
		     struct rpmb_config *ret_config, struct rpmb_error *error);

/* Sets bit 0 of one register; costs one count of the write counter. */
int rpmb_config_write(struct rpmb_device *device, const struct rpmb_key *key,
		      enum rpmb_config_register config_register, bool value,
		      struct rpmb_error *error);

/* ---- the emulated device ---- */

struct rpmb_emulate_options {
	struct rpmb_cid cid;
	/* A multiple of 128 KiB, 128 KiB to 16 MiB. */
	uint32_t size_bytes;
	/* REL_WR_SEC_C, 1 to 255; 0 means 1. */
	uint32_t reliable_write_sectors;
	/* EN_RPMB_REL_WR: takes writes of 32 blocks, not just 1 and 2. */
	bool enhanced_writes;
	/* Where the write counter starts; for tests, 0 otherwise. */
	uint32_t write_counter;
};

/*
 * rpmb_emulate_create - makes the file of a new device without a key
 * @path: must not exist; made with mode 0600
 *
 * The file holds the key in clear once one is programmed: it is a device,
 * not a safe. -EEXIST, -EINVAL and what open() and write() say. A file that
 * could not be finished is removed.
 */
int rpmb_emulate_create(const char *path,
			const struct rpmb_emulate_options *options,
			struct rpmb_error *error);

/* ---- sealed keys ---- */

/*
 * A sealed key is an RFC 9180 HPKE message, base mode, HKDF-SHA256 and
 * AES-256-GCM, to a public key of X25519 or P-256. Big endian, packed:
 *
 *	 0  4  "TGRK"
 *	 4  1  version, 1
 *	 5  1  flags, 0
 *	 6  2  KEM id: 0x0020 X25519, 0x0010 P-256
 *	 8  2  KDF id: 0x0001
 *	10  2  AEAD id: 0x0002
 *	12  8  recipient: of SHA-256 of the raw public key, the first 8 bytes
 *	20 16  CID, as given
 *	36  8  fingerprint of the key
 *	44  1  origin, enum rpmb_origin
 *	45  3  zero
 *	48  n  the KEM's encapsulated key: 32 (X25519), 65 (P-256) bytes
 *	..48   ciphertext of the key (32) and tag (16)
 *
 * The first 48 bytes are the message's aad; its info is the 19 bytes
 * "teegate rpmb key v1".
 */
#define RPMB_SEALED_HEADER_BYTES 48
#define RPMB_SEALED_X25519_BYTES 128
#define RPMB_SEALED_P256_BYTES 161
#define RPMB_SEALED_BYTES_MAX RPMB_SEALED_P256_BYTES
#define RPMB_RECIPIENT_ID_BYTES 8

enum rpmb_kem {
	RPMB_KEM_P256 = 0x0010,
	RPMB_KEM_X25519 = 0x0020,
};

enum rpmb_origin {
	RPMB_ORIGIN_OPTEE = 1,
	RPMB_ORIGIN_STATION = 2,
	RPMB_ORIGIN_OTHER = 3,
};

struct rpmb_sealed {
	size_t bytes;
	uint8_t blob[RPMB_SEALED_BYTES_MAX];
};

struct rpmb_sealed_header {
	enum rpmb_kem kem;
	enum rpmb_origin origin;
	uint8_t recipient[RPMB_RECIPIENT_ID_BYTES];
	struct rpmb_cid cid;
	struct rpmb_fingerprint fingerprint;
};

/*
 * rpmb_public_key_from_pem - reads a PEM SubjectPublicKeyInfo
 *
 * -EINVAL: not one, or not X25519 or P-256. Freed by EVP_PKEY_free().
 */
int rpmb_public_key_from_pem(const void *pem, size_t bytes,
			     struct evp_pkey_st **ret_public,
			     struct rpmb_error *error);

/* Which recipient a key pair is, by its public half. -EINVAL, -EIO. */
int rpmb_recipient_id(struct evp_pkey_st *key,
		      uint8_t ret_id[RPMB_RECIPIENT_ID_BYTES]);

/*
 * rpmb_seal - encrypts a key so that only the recipient can read it
 * @recipient: X25519 or P-256; its public half is enough
 */
int rpmb_seal(struct evp_pkey_st *recipient, const struct rpmb_cid *cid,
	      const struct rpmb_key *key, enum rpmb_origin origin,
	      struct rpmb_sealed *ret_sealed, struct rpmb_error *error);

/*
 * rpmb_sealed_parse - reads what can be read without the private key
 *
 * Nothing of it is authentic before rpmb_unseal() has succeeded. -EINVAL:
 * not a sealed key, or of a version or algorithms unknown here.
 */
int rpmb_sealed_parse(const void *blob, size_t bytes,
		      struct rpmb_sealed_header *ret_header,
		      struct rpmb_error *error);

/*
 * rpmb_unseal - opens a sealed key
 * @recipient: the key pair; its private half may live in a PKCS#11 token,
 *	for it is only ever given to EVP_PKEY_derive()
 * @ret_key: on failure left alone, or zeros
 * @ret_header: may be NULL
 *
 * -EINVAL: as rpmb_sealed_parse(); -EKEYREJECTED: sealed to another
 * recipient; -EBADMSG: not authentic: tampered with, or damaged; -EIO: the
 * key agreement failed (a token that is not logged in, say).
 */
int rpmb_unseal(struct evp_pkey_st *recipient, const void *blob, size_t bytes,
		struct rpmb_key *ret_key, struct rpmb_sealed_header *ret_header,
		struct rpmb_error *error);

#ifdef __cplusplus
}
#endif

#endif /* RPMB_H */
