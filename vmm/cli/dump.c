// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs QEMU for its device tree, and moves trees between files and memory.
 * QEMU writes the dump by way of a second file next to it, so it needs a
 * directory; that one lives for the moment only. The finished tree goes into
 * a memory file that nobody has to clean up.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dump.h"

/* Larger than any device tree; they have a limit of 2 MiB on arm64. */
#define FILE_BYTES_MAX (16u << 20)

bool dump_command(const struct qemu_args *args, const char *program,
		  const char *path, struct words *ret_words)
{
	static const char *const quiet[] = { "-nodefaults", "-display", "none",
					     "-monitor", "none" };
	char option[512];
	size_t n;

	if (!words_add(ret_words, program))
		return false;
	for (n = 0; n < args->shape.count; n++) {
		if (!words_add(ret_words, args->shape.word[n]))
			return false;
	}
	for (n = 0; n < sizeof(quiet) / sizeof(quiet[0]); n++) {
		if (!words_add(ret_words, quiet[n]))
			return false;
	}
	snprintf(option, sizeof(option), "dumpdtb=%s", path);
	return words_add(ret_words, "-machine") && words_add(ret_words, option);
}

int file_read(const char *path, void **ret_data, size_t *ret_bytes)
{
	struct stat st;
	ssize_t got;
	void *data;
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		ret = -errno;
	else if (st.st_size > FILE_BYTES_MAX)
		ret = -EFBIG;
	data = ret ? NULL : malloc((size_t)st.st_size + 1);
	if (ret == 0 && !data)
		ret = -ENOMEM;
	if (ret == 0) {
		got = read(fd, data, (size_t)st.st_size);
		if (got != st.st_size)
			ret = got < 0 ? -errno : -EIO;
	}
	close(fd);
	if (ret) {
		free(data);
		return ret;
	}
	*ret_data = data;
	*ret_bytes = (size_t)st.st_size;
	return 0;
}

int file_in_memory(const void *data, size_t bytes)
{
	int fd = memfd_create("teegate-dtb", 0);
	int err;

	if (fd < 0)
		return -errno;
	if (write(fd, data, bytes) == (ssize_t)bytes)
		return fd;
	err = errno ?: EIO;
	close(fd);
	return -err;
}

static void child_exec(const struct words *words, const sigset_t *mask,
		       int errors)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (null >= 0) {
		/* QEMU says that it wrote the dump, on either of its outputs. */
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	if (errors >= 0)
		dup2(errors, STDERR_FILENO);
	execvp(words->word[0], words->word);
	_exit(127);
}

/* What QEMU warns of it will say again in the guest's run; not so errors. */
static void errors_show(int errors)
{
	char text[1024];
	ssize_t got;

	if (errors < 0 || lseek(errors, 0, SEEK_SET) < 0)
		return;
	while ((got = read(errors, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)got, stderr);
}

/* A signal for us waits until nothing of ours is left in the file system. */
static void signals_hold(sigset_t *ret_before)
{
	sigset_t block;

	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGHUP);
	sigprocmask(SIG_BLOCK, &block, ret_before);
}

/* Exit status as the shell has it; -errno. */
static int run(const struct words *words, const sigset_t *mask, int errors)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		child_exec(words, mask, errors);
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool directory_make(char *dir, size_t bytes)
{
	const char *tmp = getenv("TMPDIR");

	/* A comma would end the name in QEMU's option. */
	if (!tmp || *tmp != '/' || strchr(tmp, ','))
		tmp = "/tmp";
	snprintf(dir, bytes, "%s/teegate-XXXXXX", tmp);
	return mkdtemp(dir);
}

static int dump_failed(const struct cli_command *command, const char *program,
		       int status, int err)
{
	if (status == 127)
		cli_say(command,
			"cannot run %s: is it installed, and its name right?",
			program);
	else if (status)
		cli_say(command,
			"%s did not write its device tree (status %d); what it says is above. "
			"If it needs options that this run left out (teegate run --print shows it), "
			"make the tree yourself with -machine dumpdtb=FILE and give it with -dtb",
			program, status);
	else
		cli_say(command,
			"%s wrote no device tree (%s): this machine type has none; use -machine virt",
			program, strerror(-err));
	return CLI_OTHER;
}

/* Runs QEMU and fetches what it wrote; @dir is gone afterwards. */
static int dump_in(const char *dir, const struct qemu_args *args,
		   const char *program, const sigset_t *mask, void **ret_dtb,
		   size_t *ret_bytes, int *ret_status)
{
	struct words words = { 0 };
	int errors = memfd_create("teegate-errors", MFD_CLOEXEC);
	int ret = -ENOMEM;
	char path[272];

	*ret_status = 0;
	snprintf(path, sizeof(path), "%s/dtb", dir);
	if (dump_command(args, program, path, &words)) {
		*ret_status = run(&words, mask, errors);
		ret = *ret_status ? -EIO : file_read(path, ret_dtb, ret_bytes);
	}
	if (*ret_status)
		errors_show(errors);
	if (errors >= 0)
		close(errors);
	unlink(path);
	rmdir(dir);
	words_fini(&words);
	return ret;
}

int dump_dtb(const struct cli_command *command, const struct qemu_args *args,
	     const char *program, void **ret_dtb, size_t *ret_bytes)
{
	int status = 0, ret;
	sigset_t before;
	char dir[256];

	signals_hold(&before);
	if (directory_make(dir, sizeof(dir))) {
		ret = dump_in(dir, args, program, &before, ret_dtb, ret_bytes,
			      &status);
		ret = ret ? dump_failed(command, program, status, ret) : CLI_OK;
	} else {
		cli_say(command, "cannot make a directory %s: %s", dir,
			strerror(errno));
		ret = CLI_OTHER;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}
