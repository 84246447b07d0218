/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the verbs of the stores share: their options and opening the store.
 */
#ifndef CLI_VERB_STORE_H
#define CLI_VERB_STORE_H

#include <store.h>

#include "keys.h"

/* All options of all verbs; each verb's table has those it takes. */
struct store_args {
	const char *spec, *station, *describe, *identity, *new_recipient;
	const char *sealed_file, *device, *anchor;
	const char *recipients[RPMB_STORE_RECIPIENTS_MAX];
	unsigned int recipient_count;
	struct rpmb_cid cid;
	bool has_cid, csv, allow_weak;
	struct key_source key;
	struct key_sink sink;
};

#define STORE_ROW                                                            \
	{                                                                    \
		"store", "STORE",                                            \
			"sqlite:PATH or postgresql://…; no password in it" \
	}
#define STATION_ROW                                        \
	{                                                  \
		"station", "NAME", "who acts, for the log" \
	}

/* Reads the options of a verb, by their names. -1: go on. */
int store_parse(struct cli *cli, struct store_args *args);

/* Opens args->spec. @error must live as long as the store. */
int store_open(struct cli *cli, const struct store_args *args,
	       struct rpmb_store_error *error, struct rpmb_store **ret_store);

/* For a negative errno of a call on a store, or of the station. */
enum cli_kind store_kind(int err);
/* Says what a call on a store has to say; an exit code. */
int store_fail_put(struct cli *cli, const struct rpmb_store_error *error);

#endif
