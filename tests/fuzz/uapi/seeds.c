// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writes what uapi_fuzzer.c begins with: `seeds DIRECTORY`, dice from a few
 * seeds. The fuzzer shortens and mixes them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dice.h"

#define SEEDS 16u
#define BYTES 2000u

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: seeds DIRECTORY\n");
		return 2;
	}
	for (unsigned int seed = 1; seed <= SEEDS; seed++) {
		char path[512];
		FILE *file;

		snprintf(path, sizeof(path), "%s/seed-%u", argv[1], seed);
		file = fopen(path, "wb");
		if (!file) {
			perror(path);
			return 1;
		}
		dice_seed(seed);
		for (unsigned int i = 0; i < BYTES; i++)
			fputc((int)dice_below(256), file);
		if (fclose(file)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}
