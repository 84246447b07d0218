/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `teegate run` in two files: what it refuses and what it says to QEMU
 * (run_policy.c), and the order in which things happen (run.c).
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <teegate.h>

#include "cli.h"
#include "qemu_args.h"

#define RUN_PATH_MAX 1024
#define RUN_UUID_BYTES 37

struct run_options {
	const char *device;
	const char *preload;
	struct teegate_limits limits; /* zero: not given */
	bool rpmb; /* the guest owns the RPMB */
	bool no_storage; /* no files for OP-TEE's storage */
	bool no_notif; /* no notifications by OP-TEE */
	bool notif_offered; /* the device has them */
	int notif_spi; /* the guest's interrupt for them; negative: none */
	bool tas_given;
	struct teegate_tas tas; /* if given: no other */
	bool no_tee_node;
	bool print;
	char **argv; /* QEMU's, with its wrapper */
	size_t argc;
};

/* CLI_OK, or an exit code with the reason said. */
int run_policy(const struct cli_command *command, const struct run_options *run,
	       const struct qemu_args *args);

/* Where libteegate-preload.so is; @ret_path has RUN_PATH_MAX bytes. */
int run_preload_find(const struct cli_command *command, const char *given,
		     char *ret_path);

/* Writes a UUID as text; @ret_text has RUN_UUID_BYTES. */
void run_uuid_write(const uint8_t *uuid, char *ret_text);

/* Sets what the preload reads, or with @print writes it there instead. */
bool run_environment(const struct run_options *run, const char *preload,
		     FILE *print);

/* The dry run: the command that would be run, for a shell. An exit code. */
int run_print(const struct run_options *run, const struct qemu_args *args,
	      const char *preload, const struct words *words);

#endif
