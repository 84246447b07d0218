// SPDX-License-Identifier: BSD-2-Clause
/*
 * Keys and data on their way out: to a descriptor, or to a new file that is
 * open to nobody else. Never to a terminal. The way in is keys.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys.h"

int key_sink_fd(struct cli *cli, struct key_sink *sink, const char *text)
{
	int code = fd_option(cli, text, &sink->fd);

	if (code != CLI_OK)
		return code;
	if (isatty(sink->fd))
		return cli_fail(cli, CLI_KIND_REFUSED,
				"give a pipe or a file, as in 3>FILE",
				"file descriptor %d is a terminal", sink->fd);
	/* Standard output is one thing or the other. */
	if (sink->fd == STDOUT_FILENO) {
		if (cli->json)
			return cli_fail(cli, CLI_KIND_USAGE,
					"give another, as in 3>FILE",
					"--json has standard output already");
		cli->silent = true;
	}
	return CLI_OK;
}

bool key_sink_given(const struct key_sink *sink)
{
	return sink->fd >= 0 || sink->file;
}

static int fail_exists(struct cli *cli, const char *path)
{
	return cli_fail(cli, CLI_KIND_EXISTS, "name a file that does not exist",
			"%s is there already and was left as it is", path);
}

int sink_check(struct cli *cli, const struct key_sink *sink)
{
	struct stat status;

	if (sink->file && lstat(sink->file, &status) == 0)
		return fail_exists(cli, sink->file);
	return CLI_OK;
}

static int file_create(struct cli *cli, const char *path, int *ret_fd)
{
	int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		     0600);

	if (fd < 0 && errno == EEXIST)
		return fail_exists(cli, path);
	if (fd < 0)
		return cli_fail(cli, CLI_KIND_IO, NULL, "cannot make %s: %s",
				path, strerror(errno));
	*ret_fd = fd;
	return CLI_OK;
}

static int write_all(int fd, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	ssize_t done;

	while (bytes > 0) {
		done = write(fd, at, bytes);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		at += done;
		bytes -= (size_t)done;
	}
	return 0;
}

static int write_file(struct cli *cli, const char *path, const void *data,
		      size_t bytes)
{
	int fd = -1, err, code;

	code = file_create(cli, path, &fd);
	if (code != CLI_OK)
		return code;
	err = write_all(fd, data, bytes);
	if (err == 0 && fsync(fd) < 0 && errno != EINVAL)
		err = -errno;
	if (close(fd) < 0 && err == 0)
		err = -errno;
	if (err == 0)
		return CLI_OK;
	unlink(path);
	return cli_fail(cli, CLI_KIND_IO, "nothing was left behind",
			"cannot write %s: %s", path, strerror(-err));
}

int sink_write(struct cli *cli, const struct key_sink *sink, const void *data,
	       size_t bytes)
{
	int err, code;

	if (sink->file) {
		code = write_file(cli, sink->file, data, bytes);
		if (code == CLI_OK)
			cli_put(cli, "written_to", "written to", "%s",
				sink->file);
		return code;
	}
	err = write_all(sink->fd, data, bytes);
	if (err < 0)
		return cli_fail(cli, CLI_KIND_IO, NULL,
				"cannot write to file descriptor %d: %s",
				sink->fd, strerror(-err));
	cli_put(cli, "written_to", "written to", "file descriptor %d",
		sink->fd);
	return CLI_OK;
}

int key_write(struct cli *cli, const struct key_sink *sink,
	      const struct rpmb_key *key)
{
	static const char digits[] = "0123456789abcdef";
	char *text;
	size_t n;
	int code;

	if (!sink->hex)
		return sink_write(cli, sink, key->bytes, sizeof(key->bytes));
	text = rpmb_secret_alloc(2 * RPMB_KEY_BYTES + 1);
	if (!text)
		return cli_fail(cli, CLI_KIND_MEMORY,
				"raise the limit (ulimit -l)",
				"no memory can be locked for the key");
	for (n = 0; n < RPMB_KEY_BYTES; n++) {
		text[2 * n] = digits[key->bytes[n] >> 4];
		text[2 * n + 1] = digits[key->bytes[n] & 15];
	}
	text[2 * n] = '\n';
	code = sink_write(cli, sink, text, 2 * RPMB_KEY_BYTES + 1);
	rpmb_secret_free(text);
	return code;
}
