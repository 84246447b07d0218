// SPDX-License-Identifier: BSD-2-Clause
/*
 * /dev/teegate: opening and closing it, and everything that is asked of it
 * outside a guest's call. KVM's side, and the calls, are in kvm.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"
#include "sys.h"

#ifndef TEEGATE_VERSION
#define TEEGATE_VERSION "0.1.0"
#endif

static const char *device_path(const char *device)
{
	if (device)
		return device;
	device = secure_getenv(TEEGATE_DEVICE_ENV);
	return device && *device ? device : TEEGATE_DEVICE_DEFAULT;
}

static int check_abi(int fd)
{
	struct teegate_info info = { 0 };
	int ret = tg_sys_ioctl(fd, TEEGATE_GET_INFO, &info);

	/* Some other device, or a module from before these numbers were fixed. */
	if (ret == -ENOTTY)
		return -EPROTO;
	if (ret < 0)
		return ret;
	return info.abi_version == TEEGATE_ABI_VERSION ? 0 : -EPROTO;
}

int teegate_open(const char *device, struct teegate **ret_guest)
{
	struct teegate *guest = calloc(1, sizeof(*guest));
	int ret;

	if (!guest)
		return -ENOMEM;
	ret = tg_sys_open(device_path(device));
	if (ret < 0)
		goto err_free;
	guest->fd = ret;
	atomic_init(&guest->notif_fd, TG_NOTIF_NONE);
	ret = check_abi(guest->fd);
	if (ret < 0)
		goto err_close;
	*ret_guest = guest;
	return 0;

err_close:
	tg_sys_close(guest->fd);
err_free:
	free(guest);
	return ret;
}

void teegate_close(struct teegate *guest)
{
	if (!guest)
		return;
	tg_sys_close(guest->fd);
	if (atomic_load(&guest->notif_fd) >= 0)
		tg_sys_close(atomic_load(&guest->notif_fd));
	free(guest);
}

int teegate_get_info(struct teegate *guest, struct teegate_info *ret_info)
{
	struct teegate_info info = { 0 };
	int ret = tg_sys_ioctl(guest->fd, TEEGATE_GET_INFO, &info);

	if (ret < 0)
		return ret;
	*ret_info = info;
	return 0;
}

int teegate_set_limits(struct teegate *guest,
		       const struct teegate_limits *limits)
{
	struct teegate_limits copy = *limits;
	int ret = tg_sys_ioctl(guest->fd, TEEGATE_SET_LIMITS, &copy);

	return ret < 0 ? ret : 0;
}

int teegate_own_rpmb(struct teegate *guest)
{
	int ret = tg_sys_ioctl(guest->fd, TEEGATE_OWN_RPMB, NULL);

	return ret < 0 ? ret : 0;
}

int teegate_deny_storage(struct teegate *guest)
{
	int ret = tg_sys_ioctl(guest->fd, TEEGATE_DENY_STORAGE, NULL);

	return ret < 0 ? ret : 0;
}

int teegate_region_set(struct teegate *guest,
		       const struct teegate_region *region)
{
	struct teegate_region copy = *region;
	int ret = tg_sys_ioctl(guest->fd, TEEGATE_SET_REGION, &copy);

	return ret < 0 ? ret : 0;
}

int teegate_region_remove(struct teegate *guest, uint32_t slot)
{
	struct teegate_region region = { .slot = slot };
	int ret = teegate_region_set(guest, &region);

	return ret == -ENOENT ? 0 : ret;
}

int teegate_reset(struct teegate *guest)
{
	int ret = tg_sys_ioctl(guest->fd, TEEGATE_RESET, NULL);

	return ret < 0 ? ret : 0;
}

int teegate_get_stats(struct teegate *guest, struct teegate_stats *ret_stats)
{
	struct teegate_stats stats = { 0 };
	int ret = tg_sys_ioctl(guest->fd, TEEGATE_GET_STATS, &stats);

	if (ret < 0)
		return ret;
	*ret_stats = stats;
	return 0;
}

int teegate_get_routed(struct teegate *guest, uint64_t *ret_smcs)
{
	struct teegate_route route = { 0 };
	int ret = tg_sys_ioctl(guest->fd, TEEGATE_GET_ROUTE, &route);

	if (ret < 0)
		return ret;
	*ret_smcs = route.smcs;
	return 0;
}

const char *teegate_version(void)
{
	return TEEGATE_VERSION;
}
