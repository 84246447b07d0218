/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Check values: how a station that has forgotten a key finds out whether a
 * device holds it.
 */
#ifndef RPMB_STORE_CHECK_H
#define RPMB_STORE_CHECK_H

#include "internal.h"

/*
 * Makes the check value of @key: a nonce, and the MAC with which a device
 * that was just programmed answers a read of its write counter with that
 * nonce. -EIO.
 */
int check_make(const struct rpmb_key *key, struct store_key_row *row);

/*
 * Asks the device. 0 with @ret_holds: it holds the key of @row, and nobody
 * has written to it yet. A device that does not pass holds another key, or
 * was written to (its counter is not 0).
 */
int check_ask(struct rpmb_device *device, const struct store_key_row *row,
	      bool *ret_holds, struct rpmb_error *error);

#endif
