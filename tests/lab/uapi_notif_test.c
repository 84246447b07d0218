// SPDX-License-Identifier: BSD-2-Clause
/*
 * Notifications by /dev/teegate as a VMM gets them: an eventfd given to the
 * device, and values that the guest then asks for. OP-TEE must have its own
 * test of them (CFG_NOTIF_TEST_WD), which sends value 0 once a second.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "uapi_guest.h"

#define SMC_EXCHANGE_CAPS 0xb2000009u
#define SMC_ENABLE_ASYNC_NOTIF 0xb2000010u
#define SMC_GET_ASYNC_NOTIF_VALUE 0xb2000011u
#define CAP_ASYNC_NOTIF (1u << 5)
#define VALID 1u

#define SIGNAL_MS 60000
/* More than two of OP-TEE's periods. */
#define SILENCE_MS 2500

static struct teegate_smc smc(int fd, uint32_t function)
{
	struct teegate_smc args = { .x = { function } };

	check(ioctl(fd, TEEGATE_SMC, &args) == 0, "SMC 0x%x", function);
	return args;
}

static bool is_offered(int fd)
{
	return smc(fd, SMC_EXCHANGE_CAPS).x[1] & CAP_ASYNC_NOTIF;
}

static void check_set(const char *what, int fd, int eventfd, uint32_t pad,
		      int want)
{
	struct teegate_notif notif = { .eventfd = eventfd, .pad = pad };

	check_ioctl(what, fd, TEEGATE_SET_NOTIF, &notif, want);
}

static bool is_signalled(int eventfd, int ms)
{
	struct pollfd pollfd = { .fd = eventfd, .events = POLLIN };
	uint64_t count;

	return poll(&pollfd, 1, ms) == 1 &&
	       read(eventfd, &count, sizeof(count)) == sizeof(count);
}

static void test_arguments(void)
{
	int fd = device_open(), closed = eventfd(0, 0), efd = eventfd(0, 0);
	int file = open("/proc/self/stat", O_RDONLY);

	close(closed);
	check_ioctl("an eventfd nowhere", fd, TEEGATE_SET_NOTIF, NULL, EFAULT);
	check_set("pad", fd, efd, 1, EINVAL);
	check_set("no number of a descriptor", fd, -2, 0, EINVAL);
	check_set("a closed descriptor", fd, closed, 0, EBADF);
	check_set("another file", fd, file, 0, EINVAL);
	check_set("an eventfd", fd, efd, 0, 0);
	check_set("an eventfd, twice", fd, efd, 0, 0);
	check_set("none", fd, -1, 0, 0);
	/* It is as if there had never been one. */
	check(!is_offered(fd), "notifications are not offered");
	check(smc(fd, SMC_ENABLE_ASYNC_NOTIF).x[0] == RET_UNKNOWN,
	      "they cannot be enabled");
	check(smc(fd, SMC_GET_ASYNC_NOTIF_VALUE).x[0] == RET_UNKNOWN,
	      "there is no value");
	check_set("an eventfd, late", fd, efd, 0, EBUSY);
	check_set("none, late", fd, -1, 0, EBUSY);
	close(fd);
	close(efd);
	close(file);
}

/* OP-TEE's test sends one value, which comes once. */
static void check_value(int fd)
{
	struct teegate_smc got = smc(fd, SMC_GET_ASYNC_NOTIF_VALUE);

	check(got.x[0] == 0 && got.x[1] == 0 && got.x[2] == VALID &&
		      got.x[3] == 0,
	      "a value: %llx %llx %llx", got.x[0], got.x[1], got.x[2]);
	got = smc(fd, SMC_GET_ASYNC_NOTIF_VALUE);
	check(got.x[0] == 0 && got.x[1] == 0 && got.x[2] == 0, "and no more");
}

static void test_values(void)
{
	int fd = device_open(), efd = eventfd(0, EFD_NONBLOCK);

	check_set("an eventfd", fd, efd, 0, 0);
	check(is_offered(fd), "notifications are offered");
	check(smc(fd, SMC_GET_ASYNC_NOTIF_VALUE).x[2] == 0, "no value yet");
	check(!is_signalled(efd, 0), "no signal yet");
	check(smc(fd, SMC_ENABLE_ASYNC_NOTIF).x[0] == 0, "enabled");
	for (int i = 0; i < 3; i++) {
		check(is_signalled(efd, SIGNAL_MS), "signal %d", i);
		check_value(fd);
	}
	/* A fresh partition has not been told to start. */
	check_ioctl("reset", fd, TEEGATE_RESET, NULL, 0);
	(void)is_signalled(efd, 0);
	check(is_offered(fd), "offered after a reset");
	check(!is_signalled(efd, SILENCE_MS), "silence after a reset");
	check(smc(fd, SMC_GET_ASYNC_NOTIF_VALUE).x[2] == 0, "nothing left");
	check(smc(fd, SMC_ENABLE_ASYNC_NOTIF).x[0] == 0, "enabled again");
	check(is_signalled(efd, SIGNAL_MS), "signalled again");
	check_value(fd);
	close(fd);
	check(!is_signalled(efd, SILENCE_MS), "silence after the end");
	close(efd);
}

/* Nobody listens, and nobody takes values: this is a VMM's own affair. */
static void test_deaf(void)
{
	int fd = device_open(), efd = eventfd(0, 0);

	check_set("an eventfd", fd, efd, 0, 0);
	close(efd);
	check(smc(fd, SMC_ENABLE_ASYNC_NOTIF).x[0] == 0, "enabled");
	usleep(SILENCE_MS * 1000);
	check_value(fd);
	usleep(SILENCE_MS * 1000);
	check_ioctl("reset with a value left", fd, TEEGATE_RESET, NULL, 0);
	check(smc(fd, SMC_ENABLE_ASYNC_NOTIF).x[0] == 0, "enabled again");
	close(fd);
}

int main(void)
{
	int fd = device_open();
	struct teegate_info info = { 0 };

	check_ioctl("info", fd, TEEGATE_GET_INFO, &info, 0);
	close(fd);
	if (!(info.features & TEEGATE_FEATURE_NOTIF)) {
		skipped("notifications", "OP-TEE has none, or no interrupt");
		return check_end();
	}
	test_arguments();
	test_values();
	test_deaf();
	return check_end();
}
