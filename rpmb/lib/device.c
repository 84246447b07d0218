// SPDX-License-Identifier: BSD-2-Clause
/*
 * Opening a device by its name and handing transfers to its back end. To add
 * one: a value in enum rpmb_backend, a prefix here, a row in three switches.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emmc.h"
#include "emulated.h"

struct prefix {
	const char *text;
	enum rpmb_backend backend;
	/* The back end's own name begins after the prefix, or with it. */
	bool dropped;
};

static const struct prefix prefixes[] = {
	{ "file:", RPMB_BACKEND_EMULATED, true },
	{ "nvme:", RPMB_BACKEND_NVME, true },
	{ "/", RPMB_BACKEND_EMMC, false },
};

static const struct prefix *find_prefix(const char *spec)
{
	size_t n;

	for (n = 0; n < sizeof(prefixes) / sizeof(prefixes[0]); n++)
		if (!strncmp(spec, prefixes[n].text, strlen(prefixes[n].text)))
			return &prefixes[n];
	return NULL;
}

static int open_backend(struct rpmb_device *device, const char *name,
			struct rpmb_error *error)
{
	switch (device->info.backend) {
	case RPMB_BACKEND_EMMC:
		return rpmb_emmc_open(device, name, error);
	case RPMB_BACKEND_EMULATED:
		return rpmb_emulated_open(name, &device->emulated,
					  &device->info, error);
	case RPMB_BACKEND_NVME:
		break;
	}
	return rpmb_fail(error, -ENOTSUP,
			 "the RPMB of an NVMe drive is not served yet");
}

int rpmb_open(const char *spec, struct rpmb_device **ret_device,
	      struct rpmb_error *error)
{
	const struct prefix *prefix = find_prefix(spec);
	struct rpmb_device *device;
	int rc;

	if (!prefix)
		return rpmb_fail(error, -ENODEV,
				 "\"%s\" names no device: give the path of "
				 "/dev/mmcblkNrpmb, or file:PATH for an "
				 "emulated one",
				 spec);
	device = calloc(1, sizeof(*device));
	if (!device)
		return rpmb_fail(error, -ENOMEM, "no memory for a device");
	device->fd = -1;
	device->info.backend = prefix->backend;
	rc = open_backend(device,
			  prefix->dropped ? spec + strlen(prefix->text) : spec,
			  error);
	if (rc) {
		free(device);
		return rc;
	}
	*ret_device = device;
	return 0;
}

void rpmb_close(struct rpmb_device *device)
{
	if (!device)
		return;
	switch (device->info.backend) {
	case RPMB_BACKEND_EMMC:
		close(device->fd);
		break;
	case RPMB_BACKEND_EMULATED:
		rpmb_emulated_close(device->emulated);
		break;
	case RPMB_BACKEND_NVME:
		break;
	}
	free(device);
}

const struct rpmb_info *rpmb_get_info(const struct rpmb_device *device)
{
	return &device->info;
}

int rpmb_transfer(struct rpmb_device *device, const struct rpmb_frame *request,
		  uint32_t request_count, bool with_result,
		  struct rpmb_frame *ret_response, uint32_t response_count,
		  struct rpmb_error *error)
{
	switch (device->info.backend) {
	case RPMB_BACKEND_EMMC:
		return rpmb_emmc_transfer(device->fd, request, request_count,
					  with_result, ret_response,
					  response_count, error);
	case RPMB_BACKEND_EMULATED:
		return rpmb_emulated_transfer(device->emulated, request,
					      request_count, with_result,
					      ret_response, response_count,
					      error);
	case RPMB_BACKEND_NVME:
		break;
	}
	return rpmb_fail(error, -ENOTSUP, "this back end transfers nothing");
}
