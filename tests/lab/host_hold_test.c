// SPDX-License-Identifier: BSD-2-Clause
/*
 * Guests that stay in a state of their own, each with a partition of OP-TEE,
 * until they are killed or there is no host any more; and what is to be seen
 * when the host was replaced under them.
 *
 *   hold FILE STATE...   guests, one for each state: those of kill_test by
 *                        name, or "buffer": OP-TEE reads and writes a shared
 *                        buffer all the time. Where that is goes to FILE.
 *                        Says "held" when all are there.
 *   look FILE FILE2      after a crash, in a kernel that has left that memory
 *                        alone: it is what it was, and its bytes to FILE2, or
 *                        still the same as there.
 *   free N               N guests at once can use OP-TEE, and one more cannot.
 */
#define _GNU_SOURCE
#include "kill.h"
#include "kill_call.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define BUFFER_SEED 4321u
#define GUESTS_MAX 16u
#define SMC_EXCHANGE_CAPABILITIES 0xb2000009u
#define VMID_FIRST 2u

struct shared *shared;

/* ---- hold ---- */

static const char *frames_path;

static void frames_write(const struct guest *g)
{
	FILE *f = fopen(frames_path, "w");

	for (uint64_t i = 0; f && i < BUFFER_PAGES; i++)
		fprintf(f, "%llx\n",
			(unsigned long long)page_frame(
				guest_at(g, BUFFER_GPA + i * PAGE)));
	if (!f || fclose(f)) {
		perror(frames_path);
		exit(1);
	}
	sync();
}

static struct guest buffer_guest;

/* Pages are where they are once they are pinned. */
static void buffer_reach(void)
{
	buffer_guest = guest_open();
	guest_open_session(&buffer_guest);
	for (unsigned int i = 0; i < BUFFER_PAGES; i++)
		page_fill(guest_at(&buffer_guest, BUFFER_GPA + i * PAGE),
			  BUFFER_SEED + i);
	check(guest_register(&buffer_guest, BUFFER_PAGES) == 0, "register");
	frames_write(&buffer_guest);
}

/*
 * Each call adds up all from one page on and changes its first byte: so most
 * of the time a call is in OP-TEE that will write when it ends.
 */
static void buffer_stay(void)
{
	for (uint64_t i = 0;; i = (i + 1) % BUFFER_PAGES)
		if (guest_sum(&buffer_guest, BUFFER_COOKIE, i * PAGE,
			      (BUFFER_PAGES - i) * PAGE))
			break;
	check(false, "OP-TEE did not take the buffer");
}

static const struct state buffer_state = { "buffer", buffer_reach, buffer_stay,
					   0 };

static const struct state *state_find(const char *name)
{
	if (strcmp(name, buffer_state.name) == 0)
		return &buffer_state;
	for (unsigned int i = 0; i < states_call_count; i++)
		if (strcmp(name, states_call[i].name) == 0)
			return &states_call[i];
	fprintf(stderr, "no state \"%s\"\n", name);
	exit(2);
}

static void hold_body(const struct state *state, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	passed = failed = 0;
	state->reach();
	if (failed || write(out, "r", 1) != 1)
		_exit(1);
	if (state->race)
		state->race();
	while (!failed)
		pause();
	_exit(1);
}

static int hold(const char *path, int count, char **names)
{
	int p[2];
	char c;

	frames_path = path;
	if (pipe(p))
		return 1;
	for (int i = 0; i < count; i++) {
		const struct state *state = state_find(names[i]);

		if (fork() == 0)
			hold_body(state, p[1]);
		if (read(p[0], &c, 1) != 1)
			return 1;
		printf("%s: there\n", state->name);
		fflush(stdout);
	}
	printf("held\n");
	fflush(stdout);
	/* None may end: the partition would not be stale then. */
	wait(NULL);
	printf("FAIL: a guest has ended\n");
	return 1;
}

/* ---- look ---- */

/*
 * Memory that is not this kernel's own is mapped as a device's is: whole
 * words, one by one.
 */
static void frame_read(int fd, uint64_t frame, uint8_t *page)
{
	const volatile uint64_t *from = mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
					     fd, (off_t)(frame * PAGE));

	if (from == MAP_FAILED) {
		perror("/dev/mem");
		exit(1);
	}
	for (unsigned int i = 0; i < PAGE / sizeof(uint64_t); i++) {
		uint64_t word = from[i];

		memcpy(page + i * sizeof(word), &word, sizeof(word));
	}
	munmap((void *)(uintptr_t)from, PAGE);
}

static uint8_t looked[BUFFER_PAGES][PAGE], expected[PAGE];

/* OP-TEE writes to the first byte of a page, as long as it is asked to. */
static void frames_read(const char *path)
{
	int fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);
	FILE *f = fopen(path, "r");
	unsigned long long frame;
	unsigned int written = 0;

	if (fd < 0 || !f)
		exit(1);
	for (unsigned int i = 0; i < BUFFER_PAGES; i++) {
		if (!check(fscanf(f, "%llx", &frame) == 1 && frame, "frame %u",
			   i))
			exit(1);
		frame_read(fd, frame, looked[i]);
		page_fill(expected, BUFFER_SEED + i);
		written += looked[i][0] != expected[0];
		check(memcmp(looked[i] + 1, expected + 1, PAGE - 1) == 0,
		      "page %u of the dead guest's buffer is not there", i);
	}
	check(written > 0, "OP-TEE never wrote to the buffer");
	fclose(f);
	close(fd);
}

static int look(const char *path, const char *before_path)
{
	static uint8_t before[BUFFER_PAGES][PAGE];
	FILE *f = fopen(before_path, "r");

	frames_read(path);
	if (f) {
		check(fread(before, sizeof(before), 1, f) == 1, "%s",
		      before_path);
		check(memcmp(before, looked, sizeof(before)) == 0,
		      "the dead guest's memory was written to");
	} else {
		f = fopen(before_path, "w");
		check(f && fwrite(looked, sizeof(looked), 1, f) == 1, "%s",
		      before_path);
	}
	if (f)
		fclose(f);
	return check_end();
}

/* ---- free ---- */

static void one_more(void)
{
	struct guest g = guest_open();
	struct teegate_smc args = { .x = { SMC_EXCHANGE_CAPABILITIES } };

	check(ioctl(g.fd, TEEGATE_SMC, &args) == 0, "SMC");
	check(args.events & TEEGATE_EVENT_NO_PARTITION,
	      "one partition more than OP-TEE was built with");
	check(guest_stats(&g).vmid == 0, "VM id %u", guest_stats(&g).vmid);
	guest_close(&g);
}

/* In a module that was just loaded, ids begin anew. */
static int all_free(unsigned int count)
{
	struct guest guests[GUESTS_MAX];
	void *pages[BUFFER_PAGES];

	if (count > GUESTS_MAX)
		return 2;
	for (unsigned int i = 0; i < count; i++) {
		struct guest *g = &guests[i];

		*g = guest_open();
		guest_open_session(g);
		check(guest_stats(g).vmid == VMID_FIRST + i, "VM id %u, not %u",
		      guest_stats(g).vmid, VMID_FIRST + i);
		check(guest_register(g, BUFFER_PAGES) == 0, "register");
		for (unsigned int n = 0; n < BUFFER_PAGES; n++)
			pages[n] = guest_at(g, BUFFER_GPA + n * PAGE);
		round_trip(g, "a new guest", BUFFER_COOKIE, pages,
			   BUFFER_PAGES);
	}
	one_more();
	for (unsigned int i = 0; i < count; i++)
		guest_close(&guests[i]);
	return check_end();
}

int main(int argc, char **argv)
{
	static struct shared here;

	shared = &here;
	if (argc >= 4 && strcmp(argv[1], "hold") == 0)
		return hold(argv[2], argc - 3, argv + 3);
	if (argc == 4 && strcmp(argv[1], "look") == 0)
		return look(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "free") == 0)
		return all_free((unsigned int)atoi(argv[2]));
	fprintf(stderr, "usage: host_hold_test hold FILE STATE...|look FILE "
			"FILE2|free N\n");
	return 2;
}
