// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest of a few lines in a cgroup that has no room for it. What it shares
 * with OP-TEE must stay where it is and what it is, while the kernel swaps,
 * moves and merges the pages beside. Who makes the pressure, and the cgroup
 * this runs in, is lab/scenarios/pressure.sh's business. Run as root.
 *
 * pinned FILE: until FILE is there, and until there has been pressure.
 * charged CGROUP: in that cgroup, which has to pay for what the module keeps.
 * over: shares more than its cgroup has room for, and so is to be killed.
 */
#define _GNU_SOURCE
#include "uapi_guest.h"

#include <time.h>

#define KINDS 6ull
#define PAGES 12288ull
#define PINNED (PAGES / KINDS)
#define BYTES (PAGES * PAGE)
/* A look at so many pages at a time. */
#define PINNED_LOOK 32ull
#define BESIDE_LOOK 384ull
/*
 * One buffer of all of it makes a stock OP-TEE panic that has no more
 * translation tables to map it with (docs/optee-guests.md).
 */
#define BUFFER_MOST 256ull
#define BUFFERS (PINNED / BUFFER_MOST)
#define TEMP_COOKIE 0x7100ull
#define TEMP_PAGES 32ull
#define SAY_SECONDS 10
/* The others are to have the CPU as well. */
#define ROUND_PAUSE_US 200000
/* When there is no pressure, this ends all the same. */
#define PRESSURE_SECONDS_MAX 1800

static struct guest guest;
static uint8_t *memory;
static uint64_t frames[PAGES];

/* What the pages beside the shared ones went through. */
static uint64_t looked, absent, moved;
static long long merged_most;

/*
 * Every sixth page is shared, one by one. Those and one in six of the others
 * have the same content, and would be one page if the kernel could have it so.
 */
static bool is_pinned(uint64_t i)
{
	return i % KINDS == 0;
}

static void fill(uint64_t i)
{
	bool same = i % (KINDS / 2) == 0;

	page_fill(memory + i * PAGE, same ? 42 : (unsigned int)i);
}

static bool is_filled(uint64_t i)
{
	static uint8_t want[PAGE];
	bool same = i % (KINDS / 2) == 0;

	page_fill(want, same ? 42 : (unsigned int)i);
	return memcmp(memory + i * PAGE, want, PAGE) == 0;
}

static void memory_make(void)
{
	memory = memory_map(BYTES);
	/* One shared page in a large one would keep all of it in place. */
	madvise(memory, BYTES, MADV_NOHUGEPAGE);
	madvise(memory, BYTES, MADV_MERGEABLE);
	for (uint64_t i = 0; i < PAGES; i++)
		fill(i);
	guest_slot(&guest, KIND_SLOT, KIND_GPA, memory, BYTES);
}

/* By now the kernel has swapped some of them out. */
static void share(void)
{
	uint64_t gpas[PINNED];

	for (uint64_t i = 0; i < PINNED; i++)
		gpas[i] = KIND_GPA + i * KINDS * PAGE;
	for (uint64_t n = 0; n < BUFFERS; n++)
		check(guest_register_list(&guest, KIND_COOKIE + n,
					  gpas + n * BUFFER_MOST,
					  BUFFER_MOST) == 0,
		      "register buffer %llu", (unsigned long long)n);
	check_pinned("shared", PINNED);
	for (uint64_t i = 0; i < PAGES; i++)
		frames[i] = page_frame(memory + i * PAGE);
}

/* ---- shared pages ---- */

static bool pinned_is_right(uint64_t n)
{
	uint64_t i = n * KINDS;
	uint8_t *page = memory + i * PAGE;
	uint8_t sum = page_sum(page);
	bool right = page_frame(page) == frames[i] && frames[i] && is_filled(i);

	right = guest_sum(&guest, KIND_COOKIE + n / BUFFER_MOST,
			  n % BUFFER_MOST * PAGE, PAGE) == 0 &&
		right;
	right = right && page[0] == sum && page_frame(page) == frames[i];
	fill(i);
	return right;
}

static void look_at_pinned(uint64_t from, uint64_t count)
{
	uint64_t bad = 0;

	for (uint64_t n = from; n < from + count; n++)
		bad += !pinned_is_right(n % PINNED);
	check(bad == 0, "%llu of %llu shared pages moved or changed",
	      (unsigned long long)bad, (unsigned long long)count);
}

/* ---- the others ---- */

static void look_beside(uint64_t from, uint64_t count)
{
	uint64_t bad = 0;

	for (uint64_t k = from; k < from + count; k++) {
		uint64_t i = k % PAGES, frame;

		if (is_pinned(i))
			continue;
		frame = page_frame(memory + i * PAGE);
		looked++;
		absent += !frame;
		moved += frame && frames[i] && frame != frames[i];
		bad += !is_filled(i);
		frames[i] = page_frame(memory + i * PAGE);
	}
	check(bad == 0, "%llu pages beside the shared ones have changed",
	      (unsigned long long)bad);
}

/* Pages that are somewhere, shared for a moment: they come, and then stay. */
static void share_some(uint64_t from)
{
	uint64_t gpas[TEMP_PAGES], at[TEMP_PAGES], left = 0;
	void *pages[TEMP_PAGES];

	for (uint64_t k = 0; k < TEMP_PAGES; k++) {
		uint64_t i = (from + k) % PINNED * KINDS + 1 + k % (KINDS - 1);

		gpas[k] = KIND_GPA + i * PAGE;
		pages[k] = memory + i * PAGE;
	}
	check(guest_register_list(&guest, TEMP_COOKIE, gpas, TEMP_PAGES) == 0,
	      "register some");
	for (uint64_t k = 0; k < TEMP_PAGES; k++)
		at[k] = page_frame(pages[k]);
	round_trip(&guest, "some", TEMP_COOKIE, pages, TEMP_PAGES);
	for (uint64_t k = 0; k < TEMP_PAGES; k++) {
		left += !at[k] || page_frame(pages[k]) != at[k];
		fill((gpas[k] - KIND_GPA) / PAGE);
	}
	check(left == 0, "%llu pages moved while shared for a moment",
	      (unsigned long long)left);
	check(guest_unregister_cookie(&guest, TEMP_COOKIE) == 0,
	      "unregister some");
}

/* ---- pinned ---- */

static bool there_was_pressure(void)
{
	return absent >= PAGES / 4 && moved >= PAGES / 64 && merged_most > 0;
}

static void say(uint64_t rounds)
{
	printf("    %llu looks at %llu shared pages; of %llu at others %llu were swapped out, %llu moved; %lld merged at most\n",
	       (unsigned long long)rounds, PINNED_LOOK,
	       (unsigned long long)looked, (unsigned long long)absent,
	       (unsigned long long)moved, merged_most);
}

static void pinned(const char *until)
{
	time_t start = time(NULL), said = start;
	uint64_t rounds = 0;

	memory_make();
	share();
	printf("ok: %llu pages of %llu shared\n", PINNED, PAGES);
	while (access(until, F_OK) || !there_was_pressure()) {
		long long merged =
			file_number("/proc/self/ksm_merging_pages", "");

		look_at_pinned(rounds * PINNED_LOOK, PINNED_LOOK);
		/* In turn they would always be those swapped out longest ago. */
		look_beside((uint64_t)random(), BESIDE_LOOK);
		share_some(rounds * TEMP_PAGES);
		usleep(ROUND_PAUSE_US);
		rounds++;
		merged_most = merged > merged_most ? merged : merged_most;
		if (time(NULL) - said >= SAY_SECONDS) {
			said = time(NULL);
			say(rounds);
		}
		if (time(NULL) - start > PRESSURE_SECONDS_MAX || failed > 10)
			break;
	}
	look_at_pinned(0, PINNED);
	look_beside(0, PAGES);
	check_pinned("at the end", PINNED);
	say(rounds);
	check(there_was_pressure(), "no pressure");
	for (uint64_t n = 0; n < BUFFERS; n++)
		check(guest_unregister_cookie(&guest, KIND_COOKIE + n) == 0,
		      "unregister buffer %llu", (unsigned long long)n);
	check_pinned("unregistered", 0);
}

/* ---- charged ---- */

/* Small buffers: each costs the kernel a page and two records. */
#define CHARGED_MOST 1000u
#define CHARGED_LEAST 200u
#define CHARGED_COOKIE 0x100000ull
/* Two allocations of 96 and 16 bytes at least, and who pays for them. */
#define RECORD_BYTES 112ll
/* The kernel adds up what CPUs count once in two seconds. */
#define COUNTED_SECONDS 3
/* CPUs keep up to 64 pages that are paid for, each. */
#define SLACK_BYTES (64ll * 4096 * 2)

struct charge {
	long long kernel, slab;
};

static struct charge charge(const char *cgroup)
{
	struct charge c;
	char path[256];

	sleep(COUNTED_SECONDS);
	snprintf(path, sizeof(path), "%s/memory.stat", cgroup);
	c.kernel = file_number(path, "kernel ");
	c.slab = file_number(path, "slab_unreclaimable ");
	check(c.kernel >= 0 && c.slab >= 0, "%s: no such numbers", path);
	return c;
}

static void charged(const char *cgroup)
{
	struct charge before, with, after;
	unsigned int n = 0;

	/* All that a first call needs is there. */
	check(guest_register(&guest, 1) == 0, "register");
	before = charge(cgroup);
	while (n < CHARGED_MOST &&
	       guest_register_range(&guest, CHARGED_COOKIE + n, BUFFER_GPA,
				    PAGE) == 0)
		n++;
	check(n >= CHARGED_LEAST, "OP-TEE takes %u buffers only", n);
	with = charge(cgroup);
	check(with.kernel - before.kernel >= n * (long long)PAGE,
	      "the cgroup pays for %lld KiB of %lld KiB in pages",
	      (with.kernel - before.kernel) / 1024, n * (long long)PAGE / 1024);
	check(with.slab - before.slab >= n * RECORD_BYTES,
	      "the cgroup pays for %lld KiB of %lld KiB in records",
	      (with.slab - before.slab) / 1024, n * RECORD_BYTES / 1024);
	printf("    %u buffers: %+lld KiB of kernel memory, %+lld KiB of it in records\n",
	       n, (with.kernel - before.kernel) / 1024,
	       (with.slab - before.slab) / 1024);
	for (unsigned int i = 0; i < n; i++)
		check(guest_unregister_cookie(&guest, CHARGED_COOKIE + i) == 0,
		      "unregister");
	after = charge(cgroup);
	check(after.kernel - before.kernel <= SLACK_BYTES,
	      "the cgroup still pays for %lld KiB",
	      (after.kernel - before.kernel) / 1024);
	printf("    given back: %+lld KiB\n",
	       (after.kernel - before.kernel) / 1024);
}

/* ---- over ---- */

/* Pages that are not there yet come while they are being pinned. */
static void over(void)
{
	memory = memory_map(BYTES);
	madvise(memory, BYTES, MADV_NOHUGEPAGE);
	guest_slot(&guest, KIND_SLOT, KIND_GPA, memory, BYTES);
	check(guest_register(&guest, BUFFER_PAGES) == 0, "register");
	printf("sharing %llu KiB\n", BYTES / 1024);
	guest_register_range(&guest, KIND_COOKIE, KIND_GPA, BYTES);
	check(false, "shared, or refused, and alive");
}

static int usage(void)
{
	fprintf(stderr,
		"usage: uapi_pressure_test pinned FILE | charged CGROUP | over\n");
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage();
	guest = guest_open();
	guest_open_session(&guest);
	if (strcmp(argv[1], "pinned") == 0 && argc == 3)
		pinned(argv[2]);
	else if (strcmp(argv[1], "charged") == 0 && argc == 3)
		charged(argv[2]);
	else if (strcmp(argv[1], "over") == 0)
		over();
	else
		return usage();
	guest_close(&guest);
	return check_end();
}
