// SPDX-License-Identifier: BSD-2-Clause
/*
 * Both emulated devices get the same frames, byte for byte: their responses
 * are equal but for the differences that stories.c knows, which must be there.
 * Also how often each difference was met.
 */
#include "stories.h"
#include "supplicant_test.h"
#include "theirs.h"

/* One story's state. */
static struct {
	struct bench ours;
	struct rpmb_key *other_key;
	/* The counter of our device, as its responses tell it. */
	uint32_t counter;
	bool keyed;
	uint8_t nonce;
} pair;

struct response {
	struct rpmb_frame frames[RPMB_FRAMES_MAX];
	uint32_t count;
};

static unsigned int met[KNOWN_COUNT];

static const struct {
	const char *name;
	unsigned int field;
	size_t at, bytes;
} fields[] = {
#define FIELD(member, bit)                                          \
	{                                                           \
#member, bit, offsetof(struct rpmb_frame, member),  \
			sizeof(((struct rpmb_frame *)NULL)->member) \
	}
	FIELD(stuff, FIELD_STUFF),     FIELD(data, FIELD_DATA),
	FIELD(nonce, FIELD_NONCE),     FIELD(counter, FIELD_COUNTER),
	FIELD(address, FIELD_ADDRESS), FIELD(block_count, FIELD_BLOCK_COUNT),
	FIELD(result, FIELD_RESULT),   FIELD(type, FIELD_TYPE),
};

static bool is_write(const struct step *step)
{
	return step->type == RPMB_WRITE || step->type == RPMB_WRITE_CONFIG;
}

static void request_make(const struct step *step, struct rpmb_frame *frames,
			 uint32_t count)
{
	const struct rpmb_key *key =
		step->other_key ? pair.other_key : pair.ours.key;
	uint8_t nonce[RPMB_NONCE_BYTES];
	uint32_t n;

	memset(nonce, ++pair.nonce, sizeof(nonce));
	if (!is_write(step)) {
		rpmb_request_init(frames, step->type,
				  step->type == RPMB_PROGRAM_KEY ? NULL :
								   nonce);
		rpmb_put16(frames->address, step->address);
		if (step->type == RPMB_PROGRAM_KEY)
			memcpy(frames->mac, key->bytes, RPMB_KEY_BYTES);
		return;
	}
	for (n = 0; n < count; n++) {
		rpmb_request_init(&frames[n], step->type, NULL);
		rpmb_put32(frames[n].counter,
			   pair.counter + (uint32_t)step->counter_off);
		rpmb_put16(frames[n].address, step->address);
		rpmb_put16(frames[n].block_count, step->claimed_count ?
							  step->claimed_count :
							  (uint16_t)count);
		memset(frames[n].data, step->fill + (int)n, RPMB_BLOCK_BYTES);
	}
	assert_int_equal(
		rpmb_frames_mac(key, frames, count, frames[count - 1].mac), 0);
}

/* Whose MAC this is: the device's key, or nobody's, which is zeros. */
static void mac_check(const struct response *response, bool there,
		      const char *whose, const char *what)
{
	const struct rpmb_frame *last = &response->frames[response->count - 1];
	uint8_t mac[RPMB_MAC_BYTES] = { 0 };

	if (there)
		rpmb_frames_mac(pair.ours.key, response->frames,
				response->count, mac);
	if (memcmp(mac, last->mac, sizeof(mac)))
		fail_msg("%s: %s MAC is not %s", what, whose,
			 there ? "of the device's key" : "left out");
}

static unsigned int compare(const struct response *ours,
			    const struct response *theirs, const char *what)
{
	unsigned int found = 0;
	uint32_t n;
	size_t f;

	for (n = 0; n < ours->count; n++)
		for (f = 0; f < ARRAY_COUNT(fields); f++)
			if (memcmp((const uint8_t *)&ours->frames[n] +
					   fields[f].at,
				   (const uint8_t *)&theirs->frames[n] +
					   fields[f].at,
				   fields[f].bytes))
				found |= fields[f].field;
	/* With the same in it, also the MAC is the same. */
	if (!found && memcmp(ours->frames, theirs->frames,
			     ours->count * sizeof(ours->frames[0])))
		fail_msg("%s: only the MAC differs", what);
	return found;
}

/* Each field that differs is known to, and each that is known to does. */
static void judge(const struct step *step, unsigned int found)
{
	unsigned int known = 0;
	size_t n;

	for (n = 0; n < KNOWN_COUNT; n++) {
		if (!(step->known & 1u << n))
			continue;
		known |= differences[n].fields;
		met[n]++;
	}
	for (n = 0; n < ARRAY_COUNT(fields); n++) {
		if (!((found ^ known) & fields[n].field))
			continue;
		fail_msg("%s: field %s %s", step->what, fields[n].name,
			 found & fields[n].field ?
				 "differs, and was not known to" :
				 "is the same now: update stories.c");
	}
}

static void results_check(const struct step *step,
			  const struct response *response, uint16_t expected,
			  const char *whose)
{
	uint16_t result = rpmb_get16(response->frames[0].result);

	if (result != expected)
		fail_msg("%s: %s result is 0x%02x, not 0x%02x", step->what,
			 whose, result, expected);
}

static void step_play(const struct step *step)
{
	static struct rpmb_frame request[RPMB_FRAMES_MAX];
	static struct response ours, theirs;
	uint32_t count = step->count ? step->count : 1;
	bool write = is_write(step), programming, macs;
	unsigned int found = 0;
	uint32_t refusal;

	programming = step->type == RPMB_PROGRAM_KEY;
	memset(&ours, 0, sizeof(ours));
	memset(&theirs, 0, sizeof(theirs));
	ours.count = step->response_count ? step->response_count : 1;
	theirs.count = ours.count;
	request_make(step, request, count);
	assert_int_equal(rpmb_transfer(pair.ours.device, request, count,
				       write || programming, ours.frames,
				       ours.count, NULL),
			 0);
	refusal = THEIRS_OK;
	if (step->by_commands)
		assert_int_equal(operations_transfer(request, count, write,
						     theirs.frames,
						     theirs.count),
				 0);
	else
		refusal = theirs_transfer(request, count, theirs.frames,
					  theirs.count);
	if (refusal != step->refusal)
		fail_msg("%s: tee-supplicant returns 0x%x, not 0x%x",
			 step->what, refusal, step->refusal);
	results_check(step, &ours, step->result, "our");
	if (programming && !step->result)
		pair.keyed = true;
	if (write)
		pair.counter = rpmb_get32(ours.frames[0].counter);
	macs = pair.keyed && !programming;
	mac_check(&ours, macs, "our", step->what);
	if (!refusal) {
		found = compare(&ours, &theirs, step->what);
		results_check(step, &theirs,
			      found & FIELD_RESULT ? step->their_result :
						     step->result,
			      "their");
		mac_check(&theirs, macs && !(step->known & READ_OUTSIDE),
			  "their", step->what);
	}
	judge(step, found);
}

static int close_pair(void **state)
{
	(void)state;
	rpmb_secret_free(pair.other_key);
	bench_close(&pair.ours);
	return 0;
}

static void play(void **state)
{
	const struct story *story = *state;
	struct rpmb_emulate_options options = {
		.size_bytes = 2 * RPMB_SIZE_UNIT_BYTES,
		.write_counter = story->counter,
	};
	size_t n;

	memset(&pair, 0, sizeof(pair));
	pair.counter = story->counter;
	bench_open(&pair.ours, &options);
	pair.other_key = key_new(101);
	theirs_reset(story->counter);
	for (n = 0; n < STEPS_MAX && story->steps[n].what; n++)
		step_play(&story->steps[n]);
}

/* A difference that no step shows is not known at all. */
static void all_differences_were_met(void **state)
{
	size_t n;

	(void)state;
	for (n = 0; n < KNOWN_COUNT; n++) {
		printf("tee-supplicant: %s (%s): %u\n", differences[n].what,
		       differences[n].judged, met[n]);
		assert_int_not_equal(met[n], 0);
	}
}

int main(void)
{
	struct CMUnitTest tests[STORIES_MAX + 1] = { 0 };
	size_t n, count;
	int failed;

	if (story_count > STORIES_MAX)
		return 1;
	for (n = 0; n < story_count; n++)
		tests[n] = (struct CMUnitTest){
			.name = stories[n].name,
			.test_func = play,
			.teardown_func = close_pair,
			.initial_state = (void *)&stories[n],
		};
	tests[n] =
		(struct CMUnitTest)cmocka_unit_test(all_differences_were_met);
	failed = _cmocka_run_group_tests("both devices, same frames", tests,
					 story_count + 1, NULL, NULL);
	failed += operations_run(&count);
	count += story_count + 1;
	printf("%zu passed, %d failed\n", count - (size_t)failed, failed);
	return failed != 0;
}
