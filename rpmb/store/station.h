/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a station on a production line does with one device: claim it, get a
 * key, store it sealed, program it, prove it. Safe to be cut off anywhere and
 * repeated. Waiting for devices, and words for people, are the command's.
 */
#ifndef RPMB_STATION_H
#define RPMB_STATION_H

#include "store.h"

/* What became of a device. */
enum rpmb_station_outcome {
	RPMB_STATION_DONE, /* it holds a stored key: proved just now */
	RPMB_STATION_ALREADY, /* it was finished before; nothing was done */
	RPMB_STATION_DRY_RUN, /* a key is stored, and would be programmed */
	RPMB_STATION_BUSY, /* another live station is working on it */
	RPMB_STATION_FAILED, /* see the error; it is in the log */
};

/* How the key of a device is had. */
struct rpmb_station_source {
	enum rpmb_store_source kind; /* RANDOM, DERIVED or TEE */
	/* DERIVED: the HUK, in memory of rpmb_secret_alloc(). */
	const void *huk;
	size_t huk_bytes;
	unsigned int derive_flags; /* of rpmb_derive_key() */
};

/*
 * Asks OP-TEE for the key of @cid, for the source TEE. The program provides
 * it (rpmbctl: verb_station.c), because it is who speaks to OP-TEE. 0, or a
 * negative errno with @error filled.
 */
int rpmb_station_tee_key(const struct rpmb_cid *cid, struct rpmb_key *ret_key,
			 struct rpmb_store_error *error);

struct rpmb_station {
	struct rpmb_store *store;
	struct rpmb_store_error *error; /* the store's */
	struct rpmb_station_source source;
	bool commit; /* false: a dry run, complete but for the last frame */
};

/* What goes on the label. */
struct rpmb_station_label {
	struct rpmb_cid cid;
	struct rpmb_fingerprint fingerprint;
	uint32_t generation;
};

/*
 * Does the lot with the device @spec (as for rpmb_open()). @ret_label is
 * filled as far as it is known; on RPMB_STATION_FAILED the error says why.
 */
enum rpmb_station_outcome
rpmb_station_device(struct rpmb_station *station, const char *spec,
		    struct rpmb_station_label *ret_label);

#endif
