// SPDX-License-Identifier: BSD-2-Clause
/*
 * In a Linux guest: has OP-TEE hold what a reset or a kexec must end. It uses
 * /dev/tee0 as any program would. "hold pta": two sessions with OP-TEE's test
 * PTA and a buffer of this process that OP-TEE has worked on; "hold ta": one
 * with a TA as well, which tee-supplicant loads; "busy": the first, and then
 * calls without an end. Says "held" once that is so, and never ends by itself.
 * How the guest is reset, and what is left, is the scenario's business.
 */
#include "kill_call.h"

#include <fcntl.h>
#include <linux/tee.h>

#define TESTS_PARAMS 1u
#define BUFFER_BYTES (64 * PAGE)
#define PARAMS 4u

static int tee;
static uint8_t *buffer;

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	printf("FAIL: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void session_open(const struct uuid *uuid, uint32_t *ret_session)
{
	struct tee_ioctl_open_session_arg arg = { .num_params = 0 };
	struct tee_ioctl_buf_data buf = { (uintptr_t)&arg, sizeof(arg) };

	memcpy(arg.uuid, uuid->bytes, sizeof(arg.uuid));
	must(ioctl(tee, TEE_IOC_OPEN_SESSION, &buf) == 0,
	     "TEE_IOC_OPEN_SESSION");
	if (arg.ret) {
		printf("FAIL: a session with %02x%02x%02x%02x...: 0x%x\n",
		       arg.uuid[0], arg.uuid[1], arg.uuid[2], arg.uuid[3],
		       arg.ret);
		exit(1);
	}
	*ret_session = arg.session;
}

static int buffer_share(void)
{
	struct tee_ioctl_shm_register_data data = { .length = BUFFER_BYTES };

	buffer = memory_map(BUFFER_BYTES);
	for (uint64_t i = 0; i < BUFFER_BYTES / PAGE; i++)
		page_fill(buffer + i * PAGE, (unsigned int)i);
	data.addr = (uintptr_t)buffer;
	must(ioctl(tee, TEE_IOC_SHM_REGISTER, &data) >= 0,
	     "TEE_IOC_SHM_REGISTER");
	return data.id;
}

/* OP-TEE adds up all bytes of the buffer and writes the sum to the first. */
static void buffer_sum(uint32_t session, int id)
{
	union {
		struct tee_ioctl_invoke_arg arg;
		uint8_t bytes[sizeof(struct tee_ioctl_invoke_arg) +
			      PARAMS * sizeof(struct tee_ioctl_param)];
	} invoke = { .arg = { .func = TESTS_PARAMS,
			      .session = session,
			      .num_params = PARAMS } };
	struct tee_ioctl_buf_data buf = { (uintptr_t)&invoke, sizeof(invoke) };
	uint8_t want = 0;

	for (uint64_t i = 0; i < BUFFER_BYTES; i++)
		want = (uint8_t)(want + buffer[i]);
	invoke.arg.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT;
	invoke.arg.params[0].b = BUFFER_BYTES;
	invoke.arg.params[0].c = (uint64_t)id;
	must(ioctl(tee, TEE_IOC_INVOKE, &buf) == 0, "TEE_IOC_INVOKE");
	if (invoke.arg.ret || buffer[0] != want) {
		printf("FAIL: OP-TEE's sum of a buffer: 0x%x, %u for %u\n",
		       invoke.arg.ret, buffer[0], want);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	bool busy = argc == 2 && strcmp(argv[1], "busy") == 0;
	bool hold = argc == 3 && strcmp(argv[1], "hold") == 0;
	bool ta = hold && strcmp(argv[2], "ta") == 0;
	uint32_t session, more;
	int id;

	if (!busy && !ta && !(hold && strcmp(argv[2], "pta") == 0)) {
		fprintf(stderr, "usage: reset_guest hold pta|ta, or busy\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	tee = open("/dev/tee0", O_RDWR | O_CLOEXEC);
	must(tee >= 0, "/dev/tee0");
	session_open(&uuid_tests, &session);
	session_open(&uuid_tests, &more);
	if (ta)
		session_open(&uuid_os_test, &more);
	id = buffer_share();
	buffer_sum(session, id);
	printf("held\n");
	while (busy)
		buffer_sum(session, id);
	for (;;)
		pause();
}
