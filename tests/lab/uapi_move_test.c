// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the kernel does with memory of its own accord while a guest shares it:
 * it must neither move nor merge a page that OP-TEE knows by its address. Each
 * test shows on pages beside the shared ones that the kernel does it. What the
 * VMM does with such memory is in uapi_change_test.c. Run as root.
 */
#define _GNU_SOURCE
#include "uapi_guest.h"

#include <time.h>

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

#define KSM "/sys/kernel/mm/ksm/"
#define CONTIGUOUS "/sys/kernel/mm/hugepages/hugepages-32768kB/nr_hugepages"
#define PAGES 32ull
#define BYTES (PAGES * PAGE)

/* The kernel's own threads take what time they get: seconds at most. */
#define WAIT_SECONDS_MAX 60u

static struct guest guest;
static uint64_t frames[PAGES];

static void frames_note(const uint8_t *memory)
{
	for (uint64_t i = 0; i < PAGES; i++)
		frames[i] = page_frame(memory + i * PAGE);
}

static uint64_t frames_moved(const uint8_t *memory)
{
	uint64_t moved = 0;

	for (uint64_t i = 0; i < PAGES; i++)
		moved += page_frame(memory + i * PAGE) != frames[i];
	return moved;
}

static void share(const char *what, uint8_t *memory)
{
	guest_slot(&guest, KIND_SLOT, KIND_GPA, memory, BYTES);
	check(kind_register(&guest, BYTES) == 0, "%s: register", what);
	frames_note(memory);
	check(frames[0] != 0, "no frames are known: not root?");
}

/* Nothing moved, and OP-TEE and the guest still have the same pages. */
static void check_stayed(const char *what, uint8_t *memory)
{
	uint64_t moved = frames_moved(memory);

	check(moved == 0, "%s: %llu shared pages moved", what,
	      (unsigned long long)moved);
	round_trip_range(&guest, what, KIND_COOKIE, memory, BYTES);
	check(frames_moved(memory) == 0, "%s: moved by being used", what);
}

static void unshare(const char *what)
{
	check(kind_unregister(&guest) == 0, "%s: unregister", what);
	guest_slot_remove(&guest, KIND_SLOT);
	check_pinned(what, 0);
	printf("ok: %s\n", what);
}

/* ---- compaction ---- */

/* Every other page of much memory, so that there is something to compact. */
static void *fragments(uint64_t bytes)
{
	uint8_t *p = memory_map(bytes);

	madvise(p, bytes, MADV_NOHUGEPAGE);
	memset(p, 1, bytes);
	for (uint64_t i = 0; i < bytes; i += 2 * PAGE)
		madvise(p + i, PAGE, MADV_DONTNEED);
	return p;
}

static uint64_t fragments_moved(const uint8_t *p, const uint64_t *before,
				uint64_t count)
{
	uint64_t moved = 0;

	for (uint64_t i = 0; i < count; i++)
		moved += page_frame(p + (2 * i + 1) * PAGE) != before[i];
	return moved;
}

/*
 * Compaction may find nothing to do. Pages of 32 MiB can only be made by moving
 * all that is in their place: of more and more, until most has moved.
 */
static uint64_t compact(const uint8_t *around, const uint64_t *before,
			uint64_t count)
{
	uint64_t moved = 0;
	char text[16];

	check(file_put("/proc/sys/vm/compact_memory", "1"),
	      "compact_memory: %s", strerror(errno));
	for (unsigned int n = 4; n <= 60 && moved < count / 2; n += 4) {
		snprintf(text, sizeof(text), "%u", n);
		check(file_put(CONTIGUOUS, text), CONTIGUOUS ": %s",
		      strerror(errno));
		moved = fragments_moved(around, before, count);
	}
	file_put(CONTIGUOUS, "0");
	return moved;
}

static void test_compaction(void)
{
	const uint64_t bytes = 64ull << 20, count = bytes / PAGE / 2;
	uint64_t *before = memory_map(count * sizeof(*before));
	uint8_t *around = fragments(bytes);
	uint8_t *memory = memory_map(BYTES);
	uint64_t moved;

	/* The shared pages lie among the others: in the holes. */
	memset(memory, 2, BYTES);
	share("compaction", memory);
	for (uint64_t i = 0; i < count; i++)
		before[i] = page_frame(around + (2 * i + 1) * PAGE);
	moved = compact(around, before, count);
	check(moved > 0, "compaction moves nothing");
	check_stayed("compaction", memory);
	printf("    %llu of %llu pages beside the shared ones moved\n",
	       (unsigned long long)moved, (unsigned long long)count);
	unshare("compaction");
	munmap(memory, BYTES);
	munmap(around, bytes);
	munmap(before, count * sizeof(*before));
}

/* ---- a page that is about to break ---- */

/* The kernel moves what is in the page elsewhere, or leaves it where it is. */
static void test_soft_offline(void)
{
	uint8_t *memory = memory_map(BYTES);
	uint8_t *other = memory_map(PAGE);
	uint64_t frame;

	memset(memory, 3, BYTES);
	memset(other, 4, PAGE);
	frame = page_frame(other);
	if (madvise(other, PAGE, MADV_SOFT_OFFLINE)) {
		skipped("soft offline", strerror(errno));
		return;
	}
	check(page_frame(other) != frame && other[0] == 4,
	      "soft offline moves nothing");
	share("soft offline", memory);
	check(madvise(memory + 5 * PAGE, PAGE, MADV_SOFT_OFFLINE) != 0,
	      "a shared page was taken offline");
	check_stayed("soft offline", memory);
	unshare("soft offline");
	munmap(memory, BYTES);
}

/* ---- pages with the same content ---- */

static long long ksm_merged(void)
{
	return file_number("/proc/self/ksm_merging_pages", "");
}

/* Until the kernel has been over all memory @times more. */
static bool ksm_scanned(unsigned int times)
{
	long long until = file_number(KSM "full_scans", "") + times;
	time_t end = time(NULL) + WAIT_SECONDS_MAX;

	while (file_number(KSM "full_scans", "") < until && time(NULL) < end)
		usleep(20000);
	return file_number(KSM "full_scans", "") >= until;
}

static void *ksm_memory(void)
{
	uint8_t *memory = memory_map(BYTES);

	madvise(memory, BYTES, MADV_MERGEABLE);
	for (uint64_t i = 0; i < PAGES; i++)
		page_fill(memory + i * PAGE, 42);
	return memory;
}

/* How many pages of @a are one with a page of @b. */
static uint64_t same_frames(const uint8_t *a, const uint8_t *b)
{
	uint64_t same = 0;

	for (uint64_t i = 0; i < PAGES; i++)
		for (uint64_t k = 0; k < PAGES; k++)
			if (a + i * PAGE != b + k * PAGE)
				same += page_frame(a + i * PAGE) ==
					page_frame(b + k * PAGE);
	return same;
}

/* Until pages of both have become one, which may take a few scans. */
static bool ksm_merges(const uint8_t *a, const uint8_t *b)
{
	time_t end = time(NULL) + WAIT_SECONDS_MAX;

	while (!same_frames(a, b) && time(NULL) < end)
		ksm_scanned(1);
	return same_frames(a, b) > 0 && ksm_merged() > 0;
}

static void ksm_test(uint8_t *memory, uint8_t *other)
{
	uint8_t before[PAGE];

	check(ksm_merges(memory, other), "nothing was merged: %lld",
	      ksm_merged());
	/* Sharing gives each page its own frame again. */
	share("merged pages", memory);
	check(same_frames(memory, memory) == 0, "shared while merged");
	check(same_frames(memory, other) == 0,
	      "shared while merged with others");
	/* All still have the same content; the shared ones stay apart. */
	check(ksm_merges(other, other), "the others are not merged");
	check(ksm_scanned(3), "ksmd does not scan any more");
	check(same_frames(memory, memory) == 0, "merged while shared");
	check(same_frames(memory, other) == 0,
	      "merged with others while shared");
	page_fill(before, 42);
	check_stayed("merged pages", memory);
	for (uint64_t i = 0; i < PAGES; i++)
		check(memcmp(other + i * PAGE, before, PAGE) == 0,
		      "what OP-TEE wrote is in another page");
	unshare("merged pages");
}

static void test_ksm(void)
{
	uint8_t *memory, *other;

	if (!file_put(KSM "run", "1")) {
		skipped("merged pages", strerror(errno));
		return;
	}
	file_put(KSM "sleep_millisecs", "5");
	file_put(KSM "pages_to_scan", "500");
	memory = ksm_memory();
	other = ksm_memory();
	ksm_test(memory, other);
	/* And again once they are nobody's but the guest's. */
	for (uint64_t i = 0; i < PAGES; i++)
		page_fill(memory + i * PAGE, 42);
	check(ksm_merges(memory, other), "not merged after sharing");
	file_put(KSM "run", "2");
	munmap(memory, BYTES);
	munmap(other, BYTES);
}

int main(void)
{
	guest = guest_open();
	guest_open_session(&guest);
	test_compaction();
	test_soft_offline();
	test_ksm();
	guest_close(&guest);
	return check_end();
}
