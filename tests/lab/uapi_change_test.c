// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a VMM does with memory while its guest shares it: takes the slot away,
 * unmaps it, punches holes, forks. OP-TEE keeps the pages that it was given,
 * pinned until the guest takes them back, and never sees what came in their
 * place. What the kernel does by itself is in uapi_move_test.c. Run as root.
 *
 * A page that nobody maps any more is looked at through OP-TEE: a buffer's
 * first page, the witness, stays the guest's, and gets the sum of all pages.
 */
#define _GNU_SOURCE
#include "uapi_guest.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define WITNESS_GPA BUFFER_GPA

static struct guest guest;
static const uint64_t pair[] = { WITNESS_GPA, KIND_GPA };

static void *map_at(void *at, unsigned int seed)
{
	void *p =
		mmap(at, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	page_fill(p, seed);
	return p;
}

/* What OP-TEE makes of the buffer of witness and page: its second page's sum. */
static uint8_t seen_sum(uint64_t cookie)
{
	uint8_t *witness = guest_at(&guest, WITNESS_GPA);

	memset(witness, 0, PAGE);
	check(guest_sum(&guest, cookie, 0, 2 * PAGE) == 0, "sum");
	return witness[0];
}

/* Has OP-TEE write to the second page; @data is what should be in it. */
static void write_second(uint64_t cookie, uint8_t *data)
{
	check(guest_sum(&guest, cookie, PAGE, PAGE) == 0, "sum of the page");
	data[0] = page_sum(data);
}

static void share_pair(const char *what, void *page)
{
	guest_slot(&guest, KIND_SLOT, KIND_GPA, page, PAGE);
	check(guest_register_list(&guest, KIND_COOKIE, pair, 2) == 0,
	      "%s: register", what);
}

/*
 * OP-TEE's second page holds @data and nothing else that is about, also when
 * much memory is taken meanwhile. @now is in the page's place.
 */
static void check_kept(const char *what, uint8_t *data, const uint8_t *now)
{
	const uint64_t bytes = 4ull << 20;
	uint8_t *much = memory_map(bytes);
	uint8_t before[PAGE];
	uint64_t bad = 0;

	memset(much, 0x5a, bytes);
	if (now)
		memcpy(before, now, PAGE);
	check(seen_sum(KIND_COOKIE) == page_sum(data),
	      "%s: OP-TEE sees another page", what);
	write_second(KIND_COOKIE, data);
	check(seen_sum(KIND_COOKIE) == page_sum(data),
	      "%s: OP-TEE's own write is lost", what);
	if (now)
		check(memcmp(now, before, PAGE) == 0,
		      "%s: OP-TEE wrote to what came after", what);
	for (uint64_t i = 0; i < bytes; i++)
		bad += much[i] != 0x5a;
	check(bad == 0, "%s: OP-TEE wrote to other memory", what);
	check_pinned(what, 2);
	munmap(much, bytes);
}

static void end_pair(const char *what)
{
	check(kind_unregister(&guest) == 0, "%s: unregister", what);
	check_pinned(what, 0);
	printf("ok: %s\n", what);
}

/* ---- slots ---- */

static void test_removed(void)
{
	const char *what = "slot taken away, memory unmapped";
	uint8_t *page = map_at(NULL, 1);
	uint8_t data[PAGE];

	memcpy(data, page, PAGE);
	share_pair(what, page);
	guest_slot_remove(&guest, KIND_SLOT);
	check_kept(what, data, NULL);
	munmap(page, PAGE);
	check_kept(what, data, NULL);
	/* Now it is the VMM's own. */
	map_at(page, 2);
	check_kept(what, data, page);
	check(guest_register_range(&guest, 0x7001, KIND_GPA, PAGE) != 0,
	      "%s: shared again", what);
	check((uint32_t)guest_call(&guest, KIND_GPA) == RET_EBADADDR,
	      "%s: read as a message", what);
	end_pair(what);
	munmap(page, PAGE);
}

static void test_replaced(void)
{
	const char *what = "slot that gets other memory";
	const uint64_t list[] = { WITNESS_GPA, KIND_GPA };
	uint8_t *page = map_at(NULL, 3);
	uint8_t *other = map_at(NULL, 4);
	uint8_t data[PAGE];

	memcpy(data, page, PAGE);
	share_pair(what, page);
	guest_slot(&guest, KIND_SLOT, KIND_GPA, other, PAGE);
	check_kept(what, data, other);
	/* Both at once, by two names: the old page and the new one. */
	check(guest_register_list(&guest, 0x7001, list, 2) == 0,
	      "%s: shared again", what);
	check(seen_sum(0x7001) == page_sum(other), "%s: not the new page",
	      what);
	check(seen_sum(KIND_COOKIE) == page_sum(data), "%s: not the old page",
	      what);
	check_pinned(what, 4);
	check(guest_unregister_cookie(&guest, 0x7001) == 0, "unregister");
	/* Moved within the guest: the name stays, the address is gone. */
	guest_slot(&guest, KIND_SLOT, KIND_GPA + PAGE, other, PAGE);
	check_kept(what, data, other);
	check(guest_register_range(&guest, 0x7001, KIND_GPA, PAGE) != 0,
	      "%s: shared where it was", what);
	end_pair(what);
	guest_slot_remove(&guest, KIND_SLOT);
	munmap(page, PAGE);
	munmap(other, PAGE);
}

/* ---- holes ---- */

static void test_punched(void)
{
	const char *what = "anonymous page punched while shared";
	uint8_t *page = map_at(NULL, 5);
	uint8_t data[PAGE];

	memcpy(data, page, PAGE);
	share_pair(what, page);
	madvise(page, PAGE, MADV_DONTNEED);
	check(page[0] == 0 && page[PAGE - 1] == 0, "%s: nothing happened",
	      what);
	check_kept(what, data, page);
	/* What the guest writes from now on OP-TEE does not see. */
	page_fill(page, 6);
	check_kept(what, data, page);
	end_pair(what);
	/* Shared anew it is one page again for both. */
	check(kind_register(&guest, PAGE) == 0, "%s: again", what);
	round_trip_range(&guest, what, KIND_COOKIE, page, PAGE);
	check(kind_unregister(&guest) == 0, "%s: unregister", what);
	guest_slot_remove(&guest, KIND_SLOT);
	munmap(page, PAGE);
}

static void test_punched_file(void)
{
	const char *what = "memfd punched while shared";
	int fd = memfd_create("uapi", 0);
	uint8_t data[PAGE];
	uint8_t *page;

	if (fd < 0 || ftruncate(fd, PAGE))
		exit(1);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	page_fill(page, 7);
	memcpy(data, page, PAGE);
	share_pair(what, page);
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE);
	check(page[0] == 0 && page[PAGE - 1] == 0, "%s: nothing happened",
	      what);
	check_kept(what, data, page);
	page_fill(page, 8);
	check_kept(what, data, page);
	/* Cut off: the slot's memory is not even there. */
	check(ftruncate(fd, 0) == 0, "ftruncate");
	check_kept(what, data, NULL);
	check(guest_register_range(&guest, 0x7001, KIND_GPA, PAGE) != 0,
	      "%s: shared after it was cut off", what);
	end_pair(what);
	guest_slot_remove(&guest, KIND_SLOT);
	munmap(page, PAGE);
	close(fd);
}

/* ---- fork ---- */

static void test_fork(void)
{
	const char *what = "forked while shared";
	uint8_t *page = map_at(NULL, 9);
	uint8_t data[PAGE];
	int status = -1;
	int p[2];
	pid_t pid;
	char c;

	memcpy(data, page, PAGE);
	share_pair(what, page);
	if (pipe(p))
		exit(1);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		/* The child has what was there, and keeps it. */
		close(p[1]);
		if (read(p[0], &c, 1) < 0)
			_exit(1);
		_exit(memcmp(page, data, PAGE) ? 1 : 0);
	}
	close(p[0]);
	/* Written first by the parent, with the child alive: not a copy. */
	page_fill(page, 10);
	check(seen_sum(KIND_COOKIE) == page_sum(page),
	      "%s: OP-TEE sees another page", what);
	check(guest_sum(&guest, KIND_COOKIE, PAGE, PAGE) == 0, "sum");
	page_fill(data, 10);
	data[0] = page_sum(data);
	check(memcmp(page, data, PAGE) == 0, "%s: OP-TEE's write is lost",
	      what);
	close(p[1]);
	waitpid(pid, &status, 0);
	check(status == 0, "%s: the child's memory has changed", what);
	end_pair(what);
	guest_slot_remove(&guest, KIND_SLOT);
	munmap(page, PAGE);
}

/* ---- at the same time ---- */

static atomic_bool removed;

static void *remove_body(void *unused)
{
	struct teegate_region r = { .slot = KIND_SLOT };

	if (ioctl(guest.fd, TEEGATE_SET_REGION, &r) == 0)
		removed = true;
	return unused;
}

static void *register_body(void *ret)
{
	*(uint64_t *)ret = guest_register_list(&guest, KIND_COOKIE, pair, 2);
	return NULL;
}

static void *message_body(void *ret)
{
	*(uint64_t *)ret = guest_call(&guest, KIND_GPA);
	return NULL;
}

static int faults_of(void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)page, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0 &&
	    ioctl(fd, UFFDIO_REGISTER, &reg) == 0)
		return fd;
	check(false, "userfaultfd: %s", strerror(errno));
	exit(1);
}

/*
 * A call has got as far as memory that is not there yet. Until it has been
 * given that, the slot cannot be taken away: the VMM could use the memory for
 * something else while the call is still about to touch it.
 */
static void removed_meanwhile(const char *what, void *(*body)(void *),
			      const void *content)
{
	void *page = memory_map(PAGE);
	int fd = faults_of(page);
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page,
		.src = (uintptr_t)content,
		.len = PAGE,
	};
	pthread_t call, removal;
	struct uffd_msg event;
	uint64_t ret = 0;

	removed = false;
	guest_slot(&guest, KIND_SLOT, KIND_GPA, page, PAGE);
	pthread_create(&call, NULL, body, &ret);
	check(read(fd, &event, sizeof(event)) == sizeof(event) &&
		      event.event == UFFD_EVENT_PAGEFAULT,
	      "%s: no fault", what);
	pthread_create(&removal, NULL, remove_body, NULL);
	/* However slow the machine is, it must not happen. */
	usleep(300000);
	check(!removed, "%s: the slot went under a call", what);
	check(ioctl(fd, UFFDIO_COPY, &copy) == 0, "%s: uffd", what);
	pthread_join(call, NULL);
	pthread_join(removal, NULL);
	check(removed, "%s: the slot stays for ever", what);
	check((uint32_t)ret != UINT32_MAX && ret != UINT64_MAX, "%s: 0x%llx",
	      what, (unsigned long long)ret);
	munmap(page, PAGE);
	close(fd);
}

static void test_removed_meanwhile(void)
{
	const char *what = "slot taken away while it is pinned";
	uint8_t data[PAGE] = { 0 };

	page_fill(data, 11);
	removed_meanwhile(what, register_body, data);
	check_kept(what, data, NULL);
	end_pair(what);
	what = "slot taken away while a message is read";
	/* More parameters than there are in a page: refused once read. */
	*(struct msg *)data = (struct msg){ .params = 1000 };
	removed_meanwhile(what, message_body, data);
	check_pinned(what, 0);
	printf("ok: %s\n", what);
}

#define RACES 200u

static atomic_bool race_over;
static uint8_t *race_page;

/* The page is the guest's, then the VMM's with a secret, and so on. */
static void *race_body(void *bad)
{
	struct teegate_region r = {
		.slot = KIND_SLOT,
		.gpa = KIND_GPA,
		.bytes = PAGE,
		.hva = (uintptr_t)race_page,
	};

	while (!race_over) {
		r.bytes = 0;
		*(int *)bad += ioctl(guest.fd, TEEGATE_SET_REGION, &r) != 0;
		map_at(race_page, 13);
		sched_yield();
		map_at(race_page, 12);
		r.bytes = PAGE;
		*(int *)bad += ioctl(guest.fd, TEEGATE_SET_REGION, &r) != 0;
		usleep(1000);
	}
	return NULL;
}

static void test_race(void)
{
	const char *what = "slot taken away and given at the same time";
	unsigned int got = 0, refused = 0, wrong = 0;
	uint8_t public[PAGE], secret[PAGE];
	pthread_t thread;
	int bad = 0;

	page_fill(public, 12);
	page_fill(secret, 13);
	check(page_sum(public) != page_sum(secret), "seeds");
	race_page = map_at(NULL, 12);
	guest_slot(&guest, KIND_SLOT, KIND_GPA, race_page, PAGE);
	race_over = false;
	pthread_create(&thread, NULL, race_body, &bad);
	while (got < RACES || !refused) {
		if (guest_register_list(&guest, KIND_COOKIE, pair, 2)) {
			refused++;
			continue;
		}
		got++;
		wrong += seen_sum(KIND_COOKIE) != page_sum(public);
		check(kind_unregister(&guest) == 0, "unregister");
	}
	race_over = true;
	pthread_join(thread, NULL);
	check(bad == 0, "%s: %d changes failed", what, bad);
	check(wrong == 0, "%s: OP-TEE saw a secret %u times", what, wrong);
	check_pinned(what, 0);
	guest_slot_remove(&guest, KIND_SLOT);
	munmap(race_page, PAGE);
	printf("ok: %s: %u shared, %u refused\n", what, got, refused);
}

int main(void)
{
	guest = guest_open();
	guest_open_session(&guest);
	test_removed();
	test_replaced();
	test_punched();
	test_punched_file();
	test_fork();
	test_removed_meanwhile();
	test_race();
	guest_close(&guest);
	return check_end();
}
