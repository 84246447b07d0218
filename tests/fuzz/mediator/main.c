// SPDX-License-Identifier: BSD-2-Clause
/*
 * The soak test's command line: runs seed after seed, within a budget of SMCs
 * or seconds, and says how to repeat the one that fails.
 *
 *   soak [--seed N] [--seeds N | --total SMCS | --seconds N] [--smcs N]
 *        [--trace] [--coverage] [--input FILE] [--record FILE]
 *
 * What a run does is soak.c's business.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "soak.h"

#define RECORD_BYTES 65536u

static const char *program;
static char replay[512];

struct options {
	uint64_t seed;
	uint64_t seeds;
	uint64_t total;
	uint64_t seconds;
	uint64_t smcs; /* of one seed */
	bool coverage;
	const char *input;
	const char *record;
};

/* Async-signal-safe: it comes after sim_die(), or out of the blue. */
static void say_how_to_repeat(void)
{
	if (write(STDERR_FILENO, replay, strlen(replay)) < 0)
		_exit(1);
}

static void on_abort(int sig)
{
	say_how_to_repeat();
	signal(sig, SIG_DFL);
	raise(sig);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SOAK_ASAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SOAK_ASAN 1
#endif
#ifdef SOAK_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

static void watch_for_the_end(void)
{
	signal(SIGABRT, on_abort);
#ifdef SOAK_ASAN
	__sanitizer_set_death_callback(say_how_to_repeat);
#else
	signal(SIGSEGV, on_abort);
#endif
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t v = strtoull(text, &end, 0);

	if (*end || end == text) {
		fprintf(stderr, "soak: '%s' is not a number\n", text);
		exit(2);
	}
	return v;
}

static void parse(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seeds", required_argument, NULL, 'n' },
		{ "total", required_argument, NULL, 't' },
		{ "seconds", required_argument, NULL, 'T' },
		{ "smcs", required_argument, NULL, 'm' },
		{ "trace", no_argument, NULL, 'v' },
		{ "coverage", no_argument, NULL, 'c' },
		{ "input", required_argument, NULL, 'i' },
		{ "record", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's':
			o->seed = number(optarg);
			o->seeds = o->seeds ? o->seeds : 1;
			break;
		case 'n':
			o->seeds = number(optarg);
			break;
		case 't':
			o->total = number(optarg);
			break;
		case 'T':
			o->seconds = number(optarg);
			break;
		case 'm':
			o->smcs = number(optarg);
			break;
		case 'v':
			sim.verbose = true;
			break;
		case 'c':
			o->coverage = true;
			break;
		case 'i':
			o->input = optarg;
			break;
		case 'r':
			o->record = optarg;
			break;
		default:
			exit(2);
		}
	}
}

static void play_input(const char *name)
{
	static uint8_t data[RECORD_BYTES];
	FILE *file = fopen(name, "rb");
	size_t bytes;

	if (!file) {
		perror(name);
		exit(2);
	}
	bytes = fread(data, 1, sizeof(data), file);
	fclose(file);
	snprintf(replay, sizeof(replay), "repeat: %s --input %s --trace\n",
		 program, name);
	dice_bytes(data, bytes);
	soak_play(UINT64_MAX);
	printf("%llu SMCs\n", (unsigned long long)soak.smcs);
}

static void write_record(const char *name, const uint8_t *data)
{
	FILE *file = fopen(name, "wb");

	if (!file ||
	    fwrite(data, 1, dice_recorded(), file) != dice_recorded() ||
	    fclose(file)) {
		perror(name);
		exit(1);
	}
}

static void play_seed(const struct options *o, uint64_t seed)
{
	static uint8_t data[RECORD_BYTES];

	snprintf(replay, sizeof(replay),
		 "repeat: %s --seed %llu --smcs %llu --trace\n", program,
		 (unsigned long long)seed, (unsigned long long)o->smcs);
	sim.seed = seed;
	dice_seed(seed);
	if (o->record)
		dice_record(data, sizeof(data));
	soak_play(o->smcs);
	if (o->record)
		write_record(o->record, data);
}

static bool is_within(const struct options *o, uint64_t seeds, uint64_t smcs,
		      time_t start)
{
	if (o->seeds)
		return seeds < o->seeds;
	if (o->seconds)
		return (uint64_t)(time(NULL) - start) < o->seconds;
	return smcs < o->total;
}

int main(int argc, char **argv)
{
	struct options o = { .seed = 1, .smcs = 2000, .total = 200000 };
	time_t start = time(NULL);
	uint64_t switches = 0;
	uint64_t seeds = 0;
	uint64_t smcs = 0;

	program = argv[0];
	parse(argc, argv, &o);
	watch_for_the_end();
	if (o.input) {
		play_input(o.input);
		return 0;
	}
	for (; is_within(&o, seeds, smcs, start); seeds++) {
		play_seed(&o, o.seed + seeds);
		smcs += soak.smcs;
		switches += soak.switches;
	}
	printf("seeds %llu to %llu: %llu SMCs, %llu switches, %lld s, %u pairs of event and state: clean\n",
	       (unsigned long long)o.seed,
	       (unsigned long long)(o.seed + seeds - 1),
	       (unsigned long long)smcs, (unsigned long long)switches,
	       (long long)(time(NULL) - start), cover_pairs());
	if (o.coverage)
		cover_print();
	sim_fiber_trim();
	return 0;
}
