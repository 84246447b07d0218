// SPDX-License-Identifier: BSD-2-Clause
/*
 * One device on the line, from claim to proof. The order is what makes it
 * safe: a key is durable in the store before it goes to the device, and the
 * record says "verified" only after the device has proved that it holds it.
 * A run that was cut off is not undone but looked at anew:
 *
 *	device without a key, none stored	get one, store it, program it
 *	device without a key, one stored	a key that can be had again
 *		must be the same, and is programmed; a random one is lost to
 *		the station: a new one is stored, the old one is kept
 *	device with a key	which of the stored ones it is, the check
 *		values tell (check.c), or the key itself if it can be had again
 *	device with a key that is not stored	refused, unless it can be had
 *		again: then it is stored (an OP-TEE has programmed it)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "station.h"

/* One device under way. */
struct work {
	struct rpmb_station *station;
	struct rpmb_device *device;
	struct store_claim claim;
	struct store_key_row *keys; /* the newest first */
	size_t count;
	struct rpmb_key *key; /* locked memory, for the time it is needed */
	struct rpmb_station_label *label;
	bool dry_run;
};

static int device_fail(struct work *work, const struct rpmb_error *error)
{
	int err = -ENODEV;

	if (error->err == -EBADMSG || error->err == -EKEYREJECTED)
		err = -EKEYREJECTED;
	else if (error->err == -EPROTO)
		err = -EBADMSG;
	else if (error->err == -EEXIST || error->err == -ENOMEM)
		err = error->err;
	else if (error->result != RPMB_RESULT_NONE)
		err = -EREMOTEIO;
	return store_fail(work->station->error, err, "", "%s", error->text);
}

/* Gets the key of a device: a new one each time if it is random. */
static int key_get(struct work *work)
{
	const struct rpmb_station_source *source = &work->station->source;
	struct rpmb_store_error *error = work->station->error;
	const struct rpmb_cid *cid = &work->claim.cid;
	enum rpmb_key_weakness weakness;
	int err;

	work->key = rpmb_secret_alloc(sizeof(*work->key));
	if (!work->key)
		return store_fail(error, -ENOMEM, "raise RLIMIT_MEMLOCK",
				  "memory cannot be locked");
	switch (source->kind) {
	case RPMB_SOURCE_RANDOM:
		if (rpmb_key_random(work->key))
			return store_fail(error, -EIO, "",
					  "there are no random numbers");
		break;
	case RPMB_SOURCE_DERIVED:
		if (rpmb_derive_key(source->huk, source->huk_bytes, cid,
				    source->derive_flags, work->key))
			return store_fail(error, -EINVAL, "",
					  "the key cannot be derived");
		break;
	default:
		err = rpmb_station_tee_key(cid, work->key, error);
		if (err)
			return err;
	}
	weakness = rpmb_key_check(work->key);
	if (weakness == RPMB_KEY_GOOD)
		return 0;
	return store_fail(error, -EPERM, "nothing was stored or programmed",
			  "the key is %s", rpmb_key_weakness_name(weakness));
}

static void key_forget(struct work *work)
{
	rpmb_secret_free(work->key);
	work->key = NULL;
}

/* The stored key that the one at hand is. NULL: none. */
static struct store_key_row *
row_find(const struct work *work, const struct rpmb_fingerprint *fingerprint)
{
	size_t n;

	for (n = 0; n < work->count; n++)
		if (!memcmp(&work->keys[n].fingerprint, fingerprint,
			    sizeof(*fingerprint)))
			return &work->keys[n];
	return NULL;
}

/* Makes sure that the key at hand is in the store; @row says as what. */
static int key_store(struct work *work, struct store_key_row *row)
{
	struct store_key_row *found;

	memset(row, 0, sizeof(*row));
	row->source = work->station->source.kind;
	if (rpmb_key_fingerprint(work->key, &row->fingerprint) ||
	    check_make(work->key, row))
		return store_fail(work->station->error, -EIO, "",
				  "cannot hash the key");
	found = row_find(work, &row->fingerprint);
	if (found) {
		*row = *found;
		return 0;
	}
	return claim_store_key(work->station->store, &work->claim, work->key,
			       row);
}

static void label_fill(struct work *work, const struct store_key_row *row)
{
	work->label->fingerprint = row->fingerprint;
	work->label->generation = row->generation;
}

static int finish(struct work *work, const struct store_key_row *row,
		  const char *how)
{
	int err = claim_verified(work->station->store, &work->claim, row, how);

	if (!err)
		label_fill(work, row);
	return err;
}

/* A device with a key, by the key itself. */
static int resume_by_key(struct work *work)
{
	struct rpmb_error error;
	struct store_key_row row;
	uint32_t counter;
	int err = key_get(work);

	if (err)
		return err;
	if (rpmb_read_counter(work->device, work->key, &counter, &error))
		return device_fail(work, &error);
	err = key_store(work, &row);
	if (!err)
		err = finish(work, &row, "found programmed, proved by the key");
	return err;
}

/* A device with a key: whichever it is, it cannot be changed any more. */
static int resume(struct work *work)
{
	struct rpmb_error error;
	bool holds;
	size_t n;

	for (n = 0; n < work->count; n++) {
		if (check_ask(work->device, &work->keys[n], &holds, &error))
			return device_fail(work, &error);
		if (holds)
			return finish(work, &work->keys[n],
				      "found programmed, proved by the check"
				      " value");
	}
	if (work->station->source.kind != RPMB_SOURCE_RANDOM)
		return resume_by_key(work);
	return store_fail(work->station->error, -EEXIST,
			  work->count ? "open the stored keys with the private"
					" key and try them with key verify" :
					"keep the device from the line",
			  "the device holds a key that %s",
			  work->count ? "no check value of the store fits" :
					"is not in the store");
}

/* Whether a key other than the stored one may be programmed. */
static int replace_check(struct work *work)
{
	struct rpmb_fingerprint fingerprint;

	if (!work->count || work->keys[0].source == RPMB_SOURCE_RANDOM)
		return 0;
	if (rpmb_key_fingerprint(work->key, &fingerprint))
		return store_fail(work->station->error, -EIO, "",
				  "cannot hash the key");
	if (row_find(work, &fingerprint))
		return 0;
	return store_fail(work->station->error, -EEXIST,
			  "find out which one is right; nothing was programmed",
			  "the store has another key for this device, which was"
			  " not made by a station");
}

/* A device without a key. -EEXIST of the device: it has one by now. */
static int program(struct work *work)
{
	unsigned int flags = work->dry_run ? RPMB_PROGRAM_DRY_RUN : 0;
	struct rpmb_error error;
	struct store_key_row row;
	int err = key_get(work);

	if (!err)
		err = replace_check(work);
	if (!err)
		err = key_store(work, &row);
	if (!err && !work->dry_run)
		err = claim_programming(work->station->store, &work->claim,
					&row);
	if (err)
		return err;
	label_fill(work, &row);
	if (rpmb_program_key(work->device, work->key, flags, &error))
		return device_fail(work, &error);
	if (work->dry_run)
		return 0;
	return finish(work, &row, "programmed, proved by the key");
}

static int keys_read(struct work *work)
{
	free(work->keys);
	work->keys = NULL;
	work->count = 0;
	return claim_keys(work->station->store, &work->claim.cid, &work->keys,
			  &work->count);
}

static int do_device(struct work *work)
{
	enum rpmb_key_state state;
	struct rpmb_error error;
	int err = keys_read(work);

	if (err)
		return err;
	if (rpmb_probe_state(work->device, &state, NULL, &error))
		return device_fail(work, &error);
	if (state == RPMB_KEY_PROGRAMMED) {
		/* Nothing is programmed: a dry run may say so, too. */
		work->dry_run = false;
		return resume(work);
	}
	err = program(work);
	if (err != -EEXIST ||
	    rpmb_probe_state(work->device, &state, NULL, &error))
		return err;
	/* Programmed in between: by whom, the check values tell. */
	if (state == RPMB_KEY_UNPROGRAMMED)
		return err;
	key_forget(work);
	err = keys_read(work);
	return err ? err : resume(work);
}

/* A verified CID: a device without a key cannot be the same one. */
static int look_again(struct work *work, const struct rpmb_store_record *record)
{
	enum rpmb_key_state state;
	struct rpmb_error error;

	work->label->fingerprint = record->fingerprint;
	work->label->generation = record->generation;
	if (rpmb_probe_state(work->device, &state, NULL, &error))
		return device_fail(work, &error);
	if (state == RPMB_KEY_PROGRAMMED)
		return 0;
	return store_fail(work->station->error, -EEXIST,
			  "two devices with one CID cannot be told apart: keep"
			  " this one from the line",
			  "the store has a finished device of this CID, but"
			  " this one has no key");
}

static enum rpmb_station_outcome
claimed_device(struct work *work, const struct rpmb_store_record *record)
{
	struct rpmb_store *store = work->station->store;
	enum rpmb_station_outcome outcome;
	bool already = record->state == RPMB_STATE_VERIFIED;
	int err = already ? look_again(work, record) : do_device(work);

	key_forget(work);
	free(work->keys);
	if (!err)
		outcome = already	? RPMB_STATION_ALREADY :
			  work->dry_run ? RPMB_STATION_DRY_RUN :
					  RPMB_STATION_DONE;
	else if (err == -EBUSY)
		outcome = RPMB_STATION_BUSY;
	else
		outcome = RPMB_STATION_FAILED;
	if (outcome == RPMB_STATION_FAILED)
		log_failure(store, "station", &work->claim.cid, err);
	if (!already)
		claim_drop(store, &work->claim);
	return outcome;
}

enum rpmb_station_outcome
rpmb_station_device(struct rpmb_station *station, const char *spec,
		    struct rpmb_station_label *ret_label)
{
	struct work work = {
		.station = station,
		.label = ret_label,
		.dry_run = !station->commit,
	};
	enum rpmb_station_outcome outcome = RPMB_STATION_FAILED;
	struct rpmb_store_record record;
	const struct rpmb_info *info;
	struct rpmb_error error;
	int err;

	memset(ret_label, 0, sizeof(*ret_label));
	if (rpmb_open(spec, &work.device, &error)) {
		device_fail(&work, &error);
		return RPMB_STATION_FAILED;
	}
	info = rpmb_get_info(work.device);
	ret_label->cid = info->cid;
	work.claim.cid = info->cid;
	err = claim_take(station->store, &info->cid, info->name, &work.claim,
			 &record);
	work.claim.cid = info->cid;
	if (!err)
		outcome = claimed_device(&work, &record);
	else if (err == -EBUSY)
		outcome = RPMB_STATION_BUSY;
	rpmb_close(work.device);
	return outcome;
}
