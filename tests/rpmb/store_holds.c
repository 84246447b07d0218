// SPDX-License-Identifier: BSD-2-Clause
/*
 * store_holds STORE IDENTITY DEVICE...: whether each device answers with the
 * key that the store has for it, opened with the private key. One process for
 * a thousand devices; `rpmbctl counter --key-store` does the same for one.
 */
#include <stdio.h>
#include <stdlib.h>

#include <station.h>

/* Never asked here. */
int rpmb_station_tee_key(const struct rpmb_cid *cid, struct rpmb_key *ret_key,
			 struct rpmb_store_error *error)
{
	(void)cid;
	(void)ret_key;
	return error->err = -1;
}

static int holds(struct rpmb_store *store, const char *identity,
		 const char *spec, struct rpmb_store_error *store_error)
{
	struct rpmb_key *key = rpmb_secret_alloc(sizeof(*key));
	struct rpmb_device *device;
	struct rpmb_error error;
	uint32_t counter;
	int err;

	if (!key || rpmb_open(spec, &device, &error)) {
		fprintf(stderr, "%s cannot be opened\n", spec);
		return -1;
	}
	err = rpmb_store_get_key(store, &rpmb_get_info(device)->cid, identity,
				 key);
	if (err) {
		fprintf(stderr, "%s: %s\n", spec, store_error->message);
	} else {
		err = rpmb_read_counter(device, key, &counter, &error);
		if (err)
			fprintf(stderr, "%s: %s\n", spec, error.text);
	}
	rpmb_close(device);
	rpmb_secret_free(key);
	return err;
}

int main(int argc, char **argv)
{
	struct rpmb_store_error error = { 0 };
	struct rpmb_store *store;
	int n, failed = 0;

	if (argc < 4 || rpmb_store_open(argv[1], "test", &error, &store)) {
		fprintf(stderr, "store_holds: %s\n", error.message);
		return 2;
	}
	for (n = 3; n < argc; n++)
		failed += holds(store, argv[2], argv[n], &error) != 0;
	rpmb_store_close(store);
	printf("%d devices, %d do not hold the key of their record\n", n - 3,
	       failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
