/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OP-TEE's PTA for RPMB keys as functions. The linker chooses who provides
 * them: tee_client.c by libteec, tee_none.c where that is not to be had, or
 * the tests' imitation. What all have in common is in tee.c.
 */
#ifndef CLI_TEE_H
#define CLI_TEE_H

#include <pta_rpmb_key.h>
#include <rpmb.h>

#include "cli.h"

struct tee;

/*
 * -EOPNOTSUPP  built without libteec
 * -ENODEV      there is no TEE here, or it does not answer
 * -ENOENT      OP-TEE has no such PTA
 * -ENOSYS      the PTA was built without this command
 * -ENXIO       OP-TEE reaches no device
 * -EACCES      not allowed: to open the TEE, or the PTA
 * -EKEYREJECTED  OP-TEE's key is another
 * -ENOMEM, -EPROTO (an answer of another form), -EIO (anything else)
 */
struct tee_error {
	int err;
	uint32_t result; /* TEE_Result, 0 where there is none */
};

int tee_open(struct tee **ret_tee, struct tee_error *error);
void tee_close(struct tee *tee);

/* @cid: NULL for the present device, here and below. */
int tee_get_info(struct tee *tee, const struct rpmb_cid *cid,
		 struct pta_rpmb_info *ret_info, struct tee_error *error);

/* 0: OP-TEE has the same key; -EKEYREJECTED: another. */
int tee_verify_key(struct tee *tee, const struct rpmb_cid *cid,
		   const struct rpmb_key *key, struct tee_error *error);

struct tee_key_info {
	uint32_t source; /* enum pta_rpmb_key_source */
	bool ready; /* the platform says that the key is final */
};

int tee_get_key(struct tee *tee, const struct rpmb_cid *cid,
		struct rpmb_key *ret_key, struct tee_key_info *ret_info,
		struct tee_error *error);

int tee_get_sealed(struct tee *tee, const struct rpmb_cid *cid,
		   struct rpmb_sealed *ret_sealed, struct tee_error *error);

const char *tee_key_source_name(uint32_t source);
const char *tee_key_state_name(uint32_t state);
const char *tee_routing_name(uint32_t routing);

/* Fills @error and returns @err. */
int tee_error_set(struct tee_error *error, int err, uint32_t result);

/* What went wrong as one sentence, and what to do next. */
void tee_error_format(const struct tee_error *error, char *text, size_t bytes,
		      const char **ret_advice);

/* Says it; an exit code. */
int tee_fail(struct cli *cli, const struct tee_error *error);

#endif
