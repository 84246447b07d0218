/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an entry of the log is laid out, for the one file that writes it and
 * the one that checks it.
 */
#ifndef RPMB_STORE_LOG_H
#define RPMB_STORE_LOG_H

#include "internal.h"

/* The columns of the table, in their order. */
enum log_field {
	LOG_ENTRY,
	LOG_TIME,
	LOG_WHO,
	LOG_HOST,
	LOG_STATION,
	LOG_ACTION,
	LOG_CID,
	LOG_GENERATION,
	LOG_FINGERPRINT,
	LOG_RESULT,
	LOG_DETAIL,
	LOG_DIGEST,
	LOG_PREVIOUS,
	LOG_HASH,
	LOG_FIELDS,
};

/* The hash of all fields before LOG_HASH. -ENOMEM. */
int log_hash(const char *const fields[LOG_FIELDS], char hash[DB_HASH_TEXT]);

#endif
