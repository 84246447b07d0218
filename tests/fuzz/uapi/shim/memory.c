// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pages of the simulated machine and the processes' maps to them: what the
 * kernel's copying and pinning functions do, with the checks that it leaves to
 * its callers.
 */
#include "machine.h"

#include <stdlib.h>

struct machine machine;

static struct page pages[SIM_PAGES];

/* ---- pages ---- */

unsigned long get_zeroed_page(unsigned int flags)
{
	uint32_t n;

	(void)flags;
	sim_vcpu_point(SIM_OP_PAGE_ALLOC);
	if (machine.fails())
		return 0;
	n = sim_page_take(SIM_PAGE_SHADOW, sim.frame ? sim.frame->guest : NULL);
	if (n == SIM_NO_PAGE)
		return 0;
	sim.shadows++;
	return (unsigned long)sim_page_va(n);
}

static uint32_t page_of_va(const void *va)
{
	return (uint32_t)(((const uint8_t *)va - sim.arena) / PAGE_SIZE);
}

void free_page(unsigned long va)
{
	uint32_t n;

	if (!va)
		return;
	n = page_of_va((void *)va);
	if (n >= SIM_PAGES || sim.pages[n].kind != SIM_PAGE_SHADOW)
		shim_die("free_page() of what is none");
	sim_page_give(n);
	sim.shadows--;
}

u64 virt_to_phys(const void *va)
{
	return sim_page_pa(page_of_va(va)) + offset_in_page(va);
}

u64 page_to_phys(const struct page *page)
{
	return sim_page_pa((uint32_t)(page - pages));
}

struct page *pfn_to_page(u64 pfn)
{
	uint32_t n = sim_page_of_pa(pfn << PAGE_SHIFT);

	if (n == SIM_NO_PAGE)
		shim_die("pfn 0x%llx is no memory", pfn);
	return &pages[n];
}

/* ---- a process's map ---- */

void user_unmap(struct process *process, uint32_t n)
{
	uint32_t page = process->pages[n].page;

	process->pages[n].page = SIM_NO_PAGE;
	/* What is pinned outlives its mapping: unpin_one() gives it back. */
	if (page != SIM_NO_PAGE && !sim.pages[page].pins)
		sim_page_give(page);
}

void user_map(struct process *process, uint32_t n, bool writable, bool device)
{
	struct user_page *at = &process->pages[n];

	user_unmap(process, n);
	at->page = sim_page_take(SIM_PAGE_GUEST, (void *)&process->mm);
	if (at->page == SIM_NO_PAGE)
		shim_die("out of simulated memory");
	at->writable = writable;
	pages[at->page].device = device;
}

static struct user_page *user_page(struct process *process, uint64_t at)
{
	uint64_t n = (at - USER_BASE) >> PAGE_SHIFT;

	if (at < USER_BASE || n >= USER_PAGES ||
	    process->pages[n].page == SIM_NO_PAGE)
		return NULL;
	return &process->pages[n];
}

static bool is_mapped(const struct process *process, uint32_t page)
{
	for (uint32_t i = 0; i < USER_PAGES; i++)
		if (process->pages[i].page == page)
			return true;
	return false;
}

/* Up to the first page that is not there; how much was not moved. */
static size_t move(struct process *process, uint64_t at, void *data,
		   size_t bytes, bool write)
{
	uint8_t *p = data;

	while (bytes) {
		struct user_page *page = user_page(process, at);
		size_t n = PAGE_SIZE - offset_in_page(at);
		uint8_t *va;

		if (!page || (write && !page->writable))
			break;
		if (n > bytes)
			n = bytes;
		va = (uint8_t *)sim_page_va(page->page) + offset_in_page(at);
		if (write)
			memcpy(va, p, n);
		else
			memcpy(p, va, n);
		p += n;
		at += n;
		bytes -= n;
	}
	return bytes;
}

bool user_put(struct process *process, uint64_t at, const void *data,
	      size_t bytes)
{
	return !move(process, at, (void *)(uintptr_t)data, bytes, true);
}

bool user_get(struct process *process, uint64_t at, void *data, size_t bytes)
{
	return !move(process, at, data, bytes, false);
}

/* ---- what the kernel offers ---- */

static struct process *process_of(struct mm_struct *mm)
{
	return (struct process *)mm;
}

int mmap_read_lock_killable(struct mm_struct *mm)
{
	sim_vcpu_point(SIM_OP_LOCK);
	if (shim_is_killed())
		return -EINTR;
	process_of(mm)->mmap_readers++;
	return 0;
}

void mmap_read_unlock(struct mm_struct *mm)
{
	if (!process_of(mm)->mmap_readers)
		shim_die("a memory map is released by no reader");
	process_of(mm)->mmap_readers--;
}

/* Every page is a mapping of its own. */
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long at)
{
	struct process *process = process_of(mm);
	uint64_t n = at < USER_BASE ? 0 : (at - USER_BASE) >> PAGE_SHIFT;

	if (!process->mmap_readers)
		shim_die("looks at a memory map that may change");
	while (n < USER_PAGES && process->pages[n].page == SIM_NO_PAGE)
		n++;
	if (n >= USER_PAGES)
		return NULL;
	process->vma = (struct vm_area_struct){
		.vm_start = USER_BASE + n * PAGE_SIZE,
		.vm_end = USER_BASE + (n + 1) * PAGE_SIZE,
		.vm_flags = n == REGISTERS_PAGE ? VM_IO : 0,
	};
	return &process->vma;
}

/*
 * With the memory map held it is the guest's memory that is asked for: only
 * what the VMM said, and only to write what it may write.
 */
static void check_guests(uint64_t at, size_t bytes, bool write)
{
	const uint64_t registers = USER_BASE + REGISTERS_PAGE * PAGE_SIZE;
	const struct task *task = machine_task();

	if (task->reading && at < registers + PAGE_SIZE &&
	    at + bytes > registers)
		shim_die("a guest gets at a device's registers");
	if (task->reading && !check_covers(task->guest, at, bytes, write))
		shim_die("%zu bytes at 0x%llx are not the guest's to %s", bytes,
			 (unsigned long long)at, write ? "write" : "read");
}

bool access_ok(const void *user, size_t bytes)
{
	const uint64_t end = 1ull << 47;

	return bytes <= end && (uintptr_t)user <= end - bytes;
}

unsigned long copy_from_user(void *to, const void *user, size_t bytes)
{
	size_t left;

	if (machine.spinning)
		shim_die("copies with a spin lock held");
	check_guests((uintptr_t)user, bytes, false);
	sim_vcpu_point(SIM_OP_COPY_IN);
	left = move(machine_task()->process, (uintptr_t)user, to, bytes, false);
	memset((uint8_t *)to + bytes - left, 0, left);
	return left;
}

void *memdup_user(const void *user, size_t bytes)
{
	void *copy = shim_alloc(bytes);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_user(copy, user, bytes))
		return copy;
	shim_free(copy);
	return ERR_PTR(-EFAULT);
}

/* I2: no address of the host in what user space gets. */
static void scan(const uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i + 8 <= bytes; i += 4) {
		uint64_t v;

		memcpy(&v, data + i, sizeof(v));
		if (!sim.scan_off && sim_looks_like_pa(v))
			shim_die("I2: user space gets 0x%llx",
				 (unsigned long long)v);
	}
}

unsigned long copy_to_user(void *user, const void *from, size_t bytes)
{
	if (machine.spinning)
		shim_die("copies with a spin lock held");
	scan(from, bytes);
	check_guests((uintptr_t)user, bytes, true);
	sim_vcpu_point(SIM_OP_COPY_OUT);
	return move(machine_task()->process, (uintptr_t)user,
		    (void *)(uintptr_t)from, bytes, true);
}

int pin_user_pages_fast(unsigned long start, int count, unsigned int flags,
			struct page **ret_pages)
{
	struct process *process = machine_task()->process;
	int n;

	if (flags != (FOLL_WRITE | FOLL_LONGTERM))
		shim_die("pinned with flags 0x%x", flags);
	if (machine.spinning || count <= 0 || offset_in_page(start))
		shim_die("pins %d pages at 0x%lx", count, start);
	if (!machine_task()->reading)
		shim_die("pins while the memory map may change");
	check_guests(start, (size_t)count * PAGE_SIZE, true);
	sim_vcpu_point(SIM_OP_PIN);
	if (machine.fails())
		return -ENOMEM;
	for (n = 0; n < count; n++) {
		struct user_page *at =
			user_page(process, start + (uint64_t)n * PAGE_SIZE);

		if (!at || !at->writable)
			break;
		/* The real one may stop early for no reason that is told. */
		if (n && machine.fails())
			break;
		sim.pages[at->page].pins++;
		sim.pins++;
		machine.device_pins += pages[at->page].device;
		ret_pages[n] = &pages[at->page];
	}
	return n ? n : -EFAULT;
}

static void unpin_one(uint32_t n)
{
	struct sim_page *page = &sim.pages[n];
	struct process *process = (void *)page->owner;

	if (page->kind != SIM_PAGE_GUEST || !page->pins)
		shim_die("unpins what is not pinned");
	page->pins--;
	sim.pins--;
	machine.device_pins -= pages[n].device;
	if (page->pins < page->holds)
		shim_die("I1: page %u unpinned, OP-TEE holds it", n);
	if (!page->pins && !is_mapped(process, n))
		sim_page_give(n);
}

void unpin_user_pages(struct page **list, unsigned long count)
{
	for (unsigned long i = 0; i < count; i++)
		unpin_one((uint32_t)(list[i] - pages));
}

void unpin_user_pages_dirty_lock(struct page **list, unsigned long count,
				 bool dirty)
{
	/* OP-TEE may have written to every one of them. */
	if (!dirty)
		shim_die("pages are unpinned as if they were clean");
	sim_vcpu_point(SIM_OP_UNPIN);
	unpin_user_pages(list, count);
}

/* ---- the machine ---- */

void shim_ratelimits_reset(void);

void machine_start(void)
{
	const struct file_operations *fops = machine.fops;

	memset(&machine, 0, sizeof(machine));
	memset(pages, 0, sizeof(pages));
	machine.fops = fops;
	shim_ratelimits_reset();
	for (uint32_t p = 0; p < PROCESSES; p++) {
		struct process *process = &machine.processes[p];

		process->memlock = 9 * PAGE_SIZE;
		process->capable = p == 1;
		for (uint32_t n = 0; n < USER_PAGES; n++)
			process->pages[n].page = SIM_NO_PAGE;
		for (uint32_t n = 0; n < USER_PAGES; n++)
			user_map(process, n, true, false);
	}
	for (uint32_t t = 0; t < TASKS; t++) {
		struct task *task = &machine.tasks[t];

		task->process = &machine.processes[t & 1];
		task->task.mm = &task->process->mm;
		task->task.tgid = 1000 + (pid_t)(t & 1);
	}
}

void machine_stop(void)
{
	if (machine.spinning)
		shim_die("a spin lock was left taken");
	for (uint32_t n = 0; n < EVENTFDS; n++)
		if (machine.eventfds[n].refs)
			shim_die("eventfd %u is still held", n);
	for (uint32_t p = 0; p < PROCESSES; p++) {
		struct process *process = &machine.processes[p];

		if (process->mm.pinned_vm.counter || process->mm.grabs)
			shim_die(
				"%lld pages charged and %u references to the memory of process %u left",
				process->mm.pinned_vm.counter,
				process->mm.grabs, p);
		for (uint32_t n = 0; n < USER_PAGES; n++)
			user_unmap(process, n);
	}
}
