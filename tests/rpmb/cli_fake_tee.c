// SPDX-License-Identifier: BSD-2-Clause
/*
 * An imitation of OP-TEE's PTA in place of tee_client.c, for tests of rpmbctl
 * on a machine without OP-TEE. What it is like stands in files of the
 * directory $FAKE_TEE: `key` (32 bytes: its key for every device; without it
 * there is no such PTA), `commands` (a mask in hexadecimal; all where it is
 * missing), `cid` (the device that it reaches; none where it is missing),
 * `public.pem` (whom it seals to), `lies` (it seals for another device).
 *
 * And a device that is tampered with: with $FAKE_TAMPER=read what is read has
 * a wrong MAC although the key is right, with =program the device turns out to
 * have taken another key.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "tee.h"

struct tee {
	uint32_t commands;
	bool has_cid;
	struct rpmb_cid cid;
	struct rpmb_key *key;
};

/* How many bytes were read; 0 also where there is no such file. */
static size_t file_read(const char *name, void *data, size_t max)
{
	char path[512];
	size_t bytes;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", getenv("FAKE_TEE"), name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	/* stdio would keep a copy. */
	setvbuf(file, NULL, _IONBF, 0);
	bytes = fread(data, 1, max, file);
	fclose(file);
	return bytes;
}

static bool tampered(const char *what)
{
	const char *with = getenv("FAKE_TAMPER");

	return with && !strcmp(with, what);
}

static int bad_message(struct rpmb_error *error)
{
	error->err = -EBADMSG;
	error->result = RPMB_RESULT_NONE;
	snprintf(error->text, sizeof(error->text), "the MAC does not fit");
	return -EBADMSG;
}

/* The linker puts these in place of librpmb's (--wrap). */
int __real_rpmb_read(struct rpmb_device *device, const struct rpmb_key *key,
		     uint32_t first, uint32_t count, void *ret_data,
		     struct rpmb_error *error);
int __wrap_rpmb_read(struct rpmb_device *device, const struct rpmb_key *key,
		     uint32_t first, uint32_t count, void *ret_data,
		     struct rpmb_error *error);
int __real_rpmb_program_key(struct rpmb_device *device,
			    const struct rpmb_key *key, unsigned int flags,
			    struct rpmb_error *error);
int __wrap_rpmb_program_key(struct rpmb_device *device,
			    const struct rpmb_key *key, unsigned int flags,
			    struct rpmb_error *error);

int __wrap_rpmb_read(struct rpmb_device *device, const struct rpmb_key *key,
		     uint32_t first, uint32_t count, void *ret_data,
		     struct rpmb_error *error)
{
	if (tampered("read") && key)
		return bad_message(error);
	return __real_rpmb_read(device, key, first, count, ret_data, error);
}

int __wrap_rpmb_program_key(struct rpmb_device *device,
			    const struct rpmb_key *key, unsigned int flags,
			    struct rpmb_error *error)
{
	if (tampered("program"))
		return bad_message(error);
	return __real_rpmb_program_key(device, key, flags, error);
}

int tee_open(struct tee **ret_tee, struct tee_error *error)
{
	char text[64] = "";
	struct tee *tee;

	if (!getenv("FAKE_TEE"))
		return tee_error_set(error, -ENODEV, 0xffff0008);
	tee = calloc(1, sizeof(*tee));
	tee->key = rpmb_secret_alloc(sizeof(*tee->key));
	if (file_read("key", tee->key->bytes, RPMB_KEY_BYTES) !=
	    RPMB_KEY_BYTES) {
		tee_close(tee);
		return tee_error_set(error, -ENOENT, 0xffff0008);
	}
	tee->commands = 0xf;
	if (file_read("commands", text, sizeof(text) - 1))
		tee->commands = (uint32_t)strtoul(text, NULL, 16);
	memset(text, 0, sizeof(text));
	tee->has_cid = file_read("cid", text, 32) == 32 &&
		       rpmb_cid_parse(text, &tee->cid) == 0;
	*ret_tee = tee;
	return 0;
}

void tee_close(struct tee *tee)
{
	rpmb_secret_free(tee->key);
	free(tee);
}

static int command_check(const struct tee *tee, unsigned int command,
			 const struct rpmb_cid *cid, struct tee_error *error)
{
	if (!(tee->commands & (1u << command)))
		return tee_error_set(error, -ENOSYS, 0xffff000a);
	if (!cid && !tee->has_cid)
		return tee_error_set(error, -ENXIO, 0xf0100003);
	return 0;
}

int tee_get_info(struct tee *tee, const struct rpmb_cid *cid,
		 struct pta_rpmb_info *ret_info, struct tee_error *error)
{
	(void)cid;
	(void)error;
	memset(ret_info, 0, sizeof(*ret_info));
	ret_info->version = PTA_RPMB_INFO_VERSION;
	ret_info->commands = tee->commands;
	ret_info->key_source = PTA_RPMB_KEY_SOURCE_HUK;
	if (!tee->has_cid) {
		ret_info->device_result = 0xf0100003;
		return 0;
	}
	ret_info->flags = PTA_RPMB_FLAG_DEVICE | PTA_RPMB_FLAG_KEY_READY;
	memcpy(ret_info->cid, tee->cid.bytes, sizeof(ret_info->cid));
	return 0;
}

int tee_verify_key(struct tee *tee, const struct rpmb_cid *cid,
		   const struct rpmb_key *key, struct tee_error *error)
{
	int err = command_check(tee, PTA_RPMB_VERIFY_KEY, cid, error);

	if (err < 0)
		return err;
	if (!rpmb_equal(key->bytes, tee->key->bytes, RPMB_KEY_BYTES))
		return tee_error_set(error, -EKEYREJECTED, 0xffff3071);
	return 0;
}

int tee_get_key(struct tee *tee, const struct rpmb_cid *cid,
		struct rpmb_key *ret_key, struct tee_key_info *ret_info,
		struct tee_error *error)
{
	int err = command_check(tee, PTA_RPMB_GET_KEY, cid, error);

	if (err < 0)
		return err;
	*ret_key = *tee->key;
	ret_info->source = PTA_RPMB_KEY_SOURCE_HUK;
	ret_info->ready = true;
	return 0;
}

int tee_get_sealed(struct tee *tee, const struct rpmb_cid *cid,
		   struct rpmb_sealed *ret_sealed, struct tee_error *error)
{
	int err = command_check(tee, PTA_RPMB_GET_KEY_SEALED, cid, error);
	struct rpmb_cid sealed_cid = cid ? *cid : tee->cid;
	EVP_PKEY *recipient;
	char pem[1024];
	size_t bytes;

	if (err < 0)
		return err;
	if (file_read("lies", pem, 1))
		sealed_cid.bytes[0] ^= 1;
	bytes = file_read("public.pem", pem, sizeof(pem));
	if (rpmb_public_key_from_pem(pem, bytes, &recipient, NULL) < 0)
		return tee_error_set(error, -EIO, 0xffff0000);
	err = rpmb_seal(recipient, &sealed_cid, tee->key, RPMB_ORIGIN_OPTEE,
			ret_sealed, NULL);
	EVP_PKEY_free(recipient);
	return err ? tee_error_set(error, -EIO, 0xffff0000) : 0;
}
