// SPDX-License-Identifier: BSD-2-Clause
/*
 * In place of tee_client.c where libteec is not to be had: says so.
 */
#include <errno.h>

#include "tee.h"

int tee_open(struct tee **ret_tee, struct tee_error *error)
{
	(void)ret_tee;
	return tee_error_set(error, -EOPNOTSUPP, 0);
}

void tee_close(struct tee *tee)
{
	(void)tee;
}

int tee_get_info(struct tee *tee, const struct rpmb_cid *cid,
		 struct pta_rpmb_info *ret_info, struct tee_error *error)
{
	(void)tee;
	(void)cid;
	(void)ret_info;
	return tee_error_set(error, -EOPNOTSUPP, 0);
}

int tee_verify_key(struct tee *tee, const struct rpmb_cid *cid,
		   const struct rpmb_key *key, struct tee_error *error)
{
	(void)tee;
	(void)cid;
	(void)key;
	return tee_error_set(error, -EOPNOTSUPP, 0);
}

int tee_get_key(struct tee *tee, const struct rpmb_cid *cid,
		struct rpmb_key *ret_key, struct tee_key_info *ret_info,
		struct tee_error *error)
{
	(void)tee;
	(void)cid;
	(void)ret_key;
	(void)ret_info;
	return tee_error_set(error, -EOPNOTSUPP, 0);
}

int tee_get_sealed(struct tee *tee, const struct rpmb_cid *cid,
		   struct rpmb_sealed *ret_sealed, struct tee_error *error)
{
	(void)tee;
	(void)cid;
	(void)ret_sealed;
	return tee_error_set(error, -EOPNOTSUPP, 0);
}
