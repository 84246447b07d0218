// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs files through a fuzzer's entry without libFuzzer, so that any compiler
 * can: `X_replay FILE...`. A file that ends in .hex is text: comments after
 * "#", and bytes as two hexadecimal digits each.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define INPUT_MAX (1u << 20)

static size_t from_hex(uint8_t *data, size_t bytes)
{
	size_t out = 0;

	for (size_t i = 0; i < bytes; i++) {
		char digits[3] = { 0 };

		if (data[i] == '#')
			while (i < bytes && data[i] != '\n')
				i++;
		if (i + 1 >= bytes || !isxdigit(data[i]))
			continue;
		digits[0] = (char)data[i++];
		digits[1] = (char)data[i];
		data[out++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return out;
}

static void run(const char *name)
{
	uint8_t *data = malloc(INPUT_MAX);
	const char *suffix = strrchr(name, '.');
	FILE *file = fopen(name, "rb");
	uint8_t *exact;
	size_t bytes;

	if (!file || !data) {
		perror(name);
		exit(1);
	}
	bytes = fread(data, 1, INPUT_MAX, file);
	fclose(file);
	if (suffix && !strcmp(suffix, ".hex"))
		bytes = from_hex(data, bytes);
	/* As long as the input, so that a read past its end is seen. */
	exact = malloc(bytes ? bytes : 1);
	if (!exact)
		exit(1);
	memcpy(exact, data, bytes);
	free(data);
	fprintf(stderr, "%s: %zu bytes\n", name, bytes);
	LLVMFuzzerTestOneInput(exact, bytes);
	free(exact);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	printf("%d inputs: clean\n", argc - 1);
	return 0;
}
