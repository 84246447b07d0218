// SPDX-License-Identifier: BSD-2-Clause
/*
 * libFuzzer's entry for /dev/teegate: the input is the dice of a run in which
 * tasks of two processes open, use, pass on and close the device at the same
 * time, with any arguments, while their memory comes, goes and changes. What
 * the host is like is in machine.h; what an SMC may contain is smc_fuzzer.c's
 * business, here is only as much of it as makes the port copy and pin.
 */
#include "machine.h"

#include <uapi/linux/teegate.h>

#include "dice.h"
#include "request.h"
#include "tee.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
int chardev_init(void);
void chardev_start(void);
void chardev_fini(void);

/* Of the module, what is not compiled here: all is offered and allowed. */
#define STAND_IN(name)       \
	bool name(void);     \
	bool name(void)      \
	{                    \
		return true; \
	}

#define FILES 3u
#define ACTIONS_MAX 20000u
#define ARG_OFFSETS 8u

struct tg_system teegate_system; /* main.c's, in the module */

struct open_file {
	struct file file;
	struct process *opener;
	unsigned int users; /* tasks that are inside with it */
	bool open;
	bool there;
	bool used; /* an SMC came back: its limits are fixed */
};

static struct open_file files[FILES];
static bool ending;
static uint32_t until_switch;

STAND_IN(teegate_rpmb_guests)
STAND_IN(teegate_guest_storage)
STAND_IN(interrupt_is_offered)

/* ---- what the machine asks ---- */

static bool switch_here(struct sim_vcpu *cpu, enum sim_op op)
{
	(void)cpu;
	(void)op;
	if (machine.spinning)
		shim_die("gives way with a spin lock held");
	if (machine.device_pins)
		shim_die("pages that are no DRAM stay pinned");
	if (ending)
		return false;
	if (until_switch) {
		until_switch--;
		return false;
	}
	until_switch = dice_below(24);
	return true;
}

static bool fails(void)
{
	return !ending && dice_one_in(100);
}

static bool interrupt(struct tee_thread *thread)
{
	(void)thread;
	return !ending && dice_one_in(32);
}

/* ---- files ---- */

static void enter(struct sim_frame *frame, const struct open_file *f)
{
	sim_frame_enter(frame, (void *)&f->opener->mm);
}

static void file_open(struct task *task)
{
	struct open_file *f = &files[dice_below(FILES)];
	struct inode inode = { 0 };
	struct sim_frame frame;
	int ret;

	if (f->there)
		return;
	*f = (struct open_file){ .opener = task->process, .there = true };
	enter(&frame, f);
	ret = machine.fops->open(&inode, &f->file);
	sim_frame_leave(&frame);
	if (ret && ret != -ENOMEM)
		shim_die("open says %d", ret);
	f->open = ret == 0;
	f->there = f->open;
	sim_note("open: file %td, %d\n", f - files, ret);
}

/* The last one to let go of a file ends it, whoever that is. */
static void file_put(struct open_file *f)
{
	struct inode inode = { 0 };
	struct sim_frame frame;

	if (f->open || f->users || !f->there)
		return;
	f->users++;
	machine_task()->guest = f->file.private_data;
	sim_note("release: file %td\n", f - files);
	enter(&frame, f);
	machine.fops->release(&inode, &f->file);
	sim_frame_leave(&frame);
	f->there = false;
}

static long file_ioctl(struct task *task, struct open_file *f, unsigned int cmd,
		       uint64_t arg)
{
	struct sim_frame frame;
	long ret;

	f->users++;
	task->killed = dice_one_in(64);
	task->signalled = dice_one_in(16);
	task->guest = f->file.private_data;
	enter(&frame, f);
	ret = machine.fops->unlocked_ioctl(&f->file, cmd, arg);
	sim_frame_leave(&frame);
	task->killed = false;
	if (cmd == TEEGATE_SMC && !ret)
		f->used = true;
	check_guest(f->file.private_data);
	f->users--;
	sim_note("ioctl: file %td, 0x%x at 0x%llx: %ld\n", f - files, cmd,
		 (unsigned long long)arg, ret);
	file_put(f);
	return ret;
}

static void check_return(const struct task *task, const struct process *opener,
			 unsigned int cmd, long ret)
{
	bool foreign = opener != task->process;
	bool looks = cmd == TEEGATE_GET_INFO || cmd == TEEGATE_GET_STATS ||
		     cmd == TEEGATE_GET_ROUTE;

	if (foreign && !looks && ret != -EPERM)
		shim_die("a foreign process gets %ld from 0x%x", ret, cmd);
	switch (ret) {
	case 0:
	case -EFAULT:
		return;
	case -EPERM:
		if (foreign || cmd == TEEGATE_SET_LIMITS ||
		    cmd == TEEGATE_SET_TAS)
			return;
		break;
	case -EINVAL:
	case -ENOMEM:
	case -EINTR:
		if (!looks)
			return;
		break;
	case -EBUSY:
		if (cmd == TEEGATE_SET_LIMITS || cmd == TEEGATE_SET_TAS ||
		    cmd == TEEGATE_SET_NOTIF)
			return;
		break;
	case -EBADF:
		if (cmd == TEEGATE_SET_NOTIF)
			return;
		break;
	case -ENOENT:
	case -EEXIST:
	case -ENOSPC:
	case -EACCES:
		if (cmd == TEEGATE_SET_REGION)
			return;
		break;
	default:
		break;
	}
	shim_die("0x%x returns %ld", cmd, ret);
}

/* Where a task has its arguments: a page that is no other task's. */
static uint64_t arg_page(const struct task *task)
{
	return USER_BASE +
	       (USER_PAGES - TASKS + (uint64_t)(task - machine.tasks)) *
		       PAGE_SIZE;
}

static uint64_t arg_address(const struct task *task)
{
	const uint64_t end = USER_BASE + USER_PAGES * PAGE_SIZE;
	uint64_t at;

	switch (dice_below(16)) {
	case 0: /* across the end of what is mapped */
		return end - dice_below(64);
	case 1: /* in no task's page */
		at = dice_u64();
		return at < end && at >= end - TASKS * PAGE_SIZE ? 0 : at;
	default:
		return arg_page(task) + dice_below(ARG_OFFSETS);
	}
}

/*
 * Writes an argument; until it is torn, the port must see just that. Elsewhere
 * than at the start of the task's own page another task's may be written over
 * it: the end of the last page is where all of them put some.
 */
static void put_arg(struct task *task, uint64_t at, const void *arg,
		    size_t bytes)
{
	task->torn = !user_put(task->process, at, arg, bytes) ||
		     at < arg_page(task) || at - arg_page(task) >= ARG_OFFSETS;
}

static bool is_allowed(const struct teegate_limits *limits)
{
	const struct tg_limits *max = &teegate_system.limits_max;

	return limits->calls <= max->calls &&
	       limits->shm_buffers <= max->shm_buffers &&
	       limits->rpc_buffers <= max->rpc_buffers &&
	       limits->resume_budget <= max->resume_budget &&
	       limits->pinned_bytes <= max->pinned_bytes;
}

static void set_limits(struct task *task, struct open_file *f)
{
	struct teegate_limits limits = {
		.calls = dice_below(70),
		.shm_buffers = dice_below(20),
		.rpc_buffers = dice_below(300),
		.resume_budget = dice_below(5),
		.pinned_bytes = (u64)dice_below(40) * 4096,
	};
	const struct process *opener = f->opener;
	uint64_t arg = arg_address(task);
	bool used = f->used;
	long ret;

	if (dice_one_in(8))
		limits.pinned_bytes = dice_u64();
	put_arg(task, arg, &limits, sizeof(limits));
	ret = file_ioctl(task, f, TEEGATE_SET_LIMITS, arg);
	check_return(task, opener, TEEGATE_SET_LIMITS, ret);
	if (!ret && (used || (!task->torn && !is_allowed(&limits))))
		shim_die("limits beyond the maximum, or too late, are taken");
}

/* Names of a few TAs, that of OP-TEE's real-time clock among them. */
static void set_tas(struct task *task, struct open_file *f)
{
	static const uint8_t rtc[16] = { 0xf3, 0x89, 0xf8, 0xc8, 0x84, 0x5f,
					 0x49, 0x6c, 0x8b, 0xbe, 0xd6, 0x4b,
					 0xd2, 0x4c, 0x92, 0xfd };
	struct teegate_tas tas = { .count = dice_below(4) };
	const struct process *opener = f->opener;
	uint64_t arg = arg_address(task);
	bool allowed = true, used = f->used;
	long ret;

	for (uint32_t i = 0; i < tas.count; i++) {
		if (!dice_one_in(4))
			continue;
		memcpy(tas.uuids[i], rtc, sizeof(rtc));
		allowed = false;
	}
	if (dice_one_in(8)) {
		tas.count = 60 + dice_below(10);
		allowed = allowed && tas.count <= TEEGATE_TAS_MAX;
	}
	tas.pad = dice_one_in(16);
	put_arg(task, arg, &tas, sizeof(tas));
	ret = file_ioctl(task, f, TEEGATE_SET_TAS, arg);
	check_return(task, opener, TEEGATE_SET_TAS, ret);
	if (!ret && (used || (!task->torn && (!allowed || tas.pad))))
		shim_die("a list of TAs that is wrong, or too late, is taken");
}

static uint64_t odd_number(void)
{
	static const uint64_t odd[] = {
		0,	    1,
		4096,	    8192,
		UINT64_MAX, UINT64_MAX - 4095,
		1ull << 47, (1ull << 47) - 4096,
		1ull << 63,
	};

	return dice_below(4) ? odd[dice_below(9)] : dice_u64();
}

static void set_region(struct task *task, struct open_file *f)
{
	struct teegate_region region = {
		.slot = dice_below(dice_one_in(8) ? 200 : 4),
		.flags = dice_below(8) ? 0 : dice_below(3),
		.gpa = (u64)dice_below(6) * 8 * PAGE_SIZE,
		.bytes = (u64)dice_below(4) * 8 * PAGE_SIZE,
		.hva = USER_BASE + (u64)dice_below(USER_PAGES) * PAGE_SIZE,
	};
	const uint64_t end = USER_BASE + (USER_PAGES - TASKS) * PAGE_SIZE;
	const struct process *opener = f->opener;
	uint64_t arg = arg_address(task);
	long ret;

	/* No guest writes to where the ioctls' arguments are. */
	if (region.hva + region.bytes > end)
		region.hva = USER_BASE;
	switch (dice_below(16)) {
	case 0:
		region.gpa = odd_number();
		break;
	case 1:
		region.bytes = odd_number();
		break;
	case 2:
		region.hva = odd_number();
		break;
	case 3:
		region.flags = dice_u32();
		break;
	default:
		break;
	}
	put_arg(task, arg, &region, sizeof(region));
	ret = file_ioctl(task, f, TEEGATE_SET_REGION, arg);
	check_return(task, opener, TEEGATE_SET_REGION, ret);
	if (!ret && !task->torn && region.bytes &&
	    region.hva <= USER_BASE + REGISTERS_PAGE * PAGE_SIZE &&
	    region.hva + region.bytes > USER_BASE + REGISTERS_PAGE * PAGE_SIZE)
		shim_die("a device's registers are taken for memory");
}

/* As a VMM does first: all of the process's memory, from address 0 on. */
static void set_usual_region(struct task *task, struct open_file *f)
{
	struct teegate_region region = {
		.bytes = REGISTERS_PAGE * PAGE_SIZE,
		.hva = USER_BASE,
	};
	const struct process *opener = f->opener;
	uint64_t arg = arg_address(task);

	put_arg(task, arg, &region, sizeof(region));
	check_return(task, opener, TEEGATE_SET_REGION,
		     file_ioctl(task, f, TEEGATE_SET_REGION, arg));
}

static void smc(struct task *task, struct open_file *f)
{
	const struct process *opener = f->opener;
	struct teegate_smc args = { 0 };
	uint64_t arg = arg_address(task);
	struct teegate_smc back;
	long ret;

	request_next(task, (uint64_t *)args.x);
	args.pad = dice_one_in(40);
	put_arg(task, arg, &args, sizeof(args));
	ret = file_ioctl(task, f, TEEGATE_SMC, arg);
	check_return(task, opener, TEEGATE_SMC, ret);
	if (!ret && args.pad && !task->torn)
		shim_die("an SMC whose pad is not zero is done");
	if (!ret && user_get(task->process, arg, &back, sizeof(back)))
		request_done(task, (const uint64_t *)back.x);
}

/* An eventfd, mostly: there are more numbers than eventfds. */
static void set_notif(struct task *task, struct open_file *f)
{
	struct teegate_notif notif = {
		.eventfd = (int)dice_below(6) - 2,
		.pad = dice_one_in(16),
	};
	bool wrong = notif.pad || notif.eventfd < -1 ||
		     notif.eventfd >= (int)EVENTFDS;
	const struct process *opener = f->opener;
	uint64_t arg = arg_address(task);
	bool used = f->used;
	long ret;

	put_arg(task, arg, &notif, sizeof(notif));
	ret = file_ioctl(task, f, TEEGATE_SET_NOTIF, arg);
	check_return(task, opener, TEEGATE_SET_NOTIF, ret);
	if (!ret && (used || (!task->torn && wrong)))
		shim_die("an eventfd that is none, or too late, is taken");
}

static void other_ioctl(struct task *task, struct open_file *f)
{
	static const unsigned int cmds[] = { TEEGATE_GET_INFO,
					     TEEGATE_GET_STATS };
	const struct process *opener = f->opener;
	unsigned int cmd = cmds[dice_below(2)];
	uint32_t n;
	long ret;

	switch (dice_below(6)) {
	case 0: /* a number that means nothing, or means it for other sizes */
		cmd = dice_u32();
		if (_IOC_TYPE(cmd) == TEEGATE_IOC_MAGIC)
			cmd = 0;
		ret = file_ioctl(task, f, cmd, arg_address(task));
		if (ret != (opener == task->process ? -ENOTTY : -EPERM))
			shim_die("ioctl 0x%x returns %ld", cmd, ret);
		return;
	case 1:
		cmd = TEEGATE_RESET;
		check_return(task, opener, cmd,
			     file_ioctl(task, f, cmd, dice_one_in(8)));
		return;
	case 2: /* what a guest is given or denied before its first SMC */
		n = dice_below(8);
		if (n == 2 || n == 3) {
			set_notif(task, f);
			return;
		}
		cmd = n == 1 ? TEEGATE_DENY_STORAGE : TEEGATE_OWN_RPMB;
		ret = file_ioctl(task, f, cmd, n == 7);
		if (opener != task->process && ret != -EPERM)
			shim_die("ioctl 0x%x of a foreign process returns %ld",
				 cmd, ret);
		return;
	case 3:
		request_interrupt(task);
		return;
	default:
		check_return(task, opener, cmd,
			     file_ioctl(task, f, cmd, arg_address(task)));
		return;
	}
}

/* ---- tasks ---- */

static void memory_changes(struct task *task)
{
	uint32_t n = dice_below(USER_PAGES);
	uint64_t at = USER_BASE + n * PAGE_SIZE + dice_below(20) * 8;
	uint64_t v = dice_below(40) * 4096;

	if (n == REGISTERS_PAGE)
		return;
	/* The pages of arguments are the last ones, one a task. */
	if (n >= USER_PAGES - TASKS)
		machine.tasks[n - (USER_PAGES - TASKS)].torn = true;
	switch (dice_below(8)) {
	case 0:
		user_unmap(task->process, n);
		break;
	case 1:
	case 2:
		user_map(task->process, n, true, false);
		break;
	case 3:
		user_map(task->process, n, dice_below(2), dice_one_in(2));
		break;
	default:
		user_put(task->process, at, &v, sizeof(v));
		break;
	}
}

static void act(struct task *task)
{
	struct open_file *f = &files[dice_below(FILES)];
	uint32_t dice = dice_below(32);

	if (dice < 3) {
		memory_changes(task);
		return;
	}
	if (!f->open) {
		file_open(task);
		return;
	}
	if (dice == 3) {
		f->open = false;
		file_put(f);
	} else if (dice == 4) {
		if (dice_below(2))
			set_limits(task, f);
		else
			set_tas(task, f);
	} else if (dice < 7) {
		set_region(task, f);
	} else if (dice < 9) {
		set_usual_region(task, f);
	} else if (dice < 12) {
		other_ioctl(task, f);
	} else {
		smc(task, f);
	}
}

static void task_body(void *arg)
{
	struct task *task = arg;

	while (!ending) {
		act(task);
		sim_vcpu_point(SIM_OP_SMC_DONE);
	}
}

/* Any task that can go on, from the @n-th. */
static struct task *next_task(uint32_t n)
{
	for (uint32_t i = 0; i < TASKS; i++) {
		struct task *task = &machine.tasks[(n + i) % TASKS];

		if (sim_vcpu_can_run(&task->cpu))
			return task;
	}
	return NULL;
}

static void tasks_run(void)
{
	uint32_t turns;

	for (uint32_t t = 0; t < TASKS; t++)
		sim_vcpu_start(&machine.tasks[t].cpu, task_body,
			       &machine.tasks[t]);
	while (!dice_is_empty()) {
		struct task *task = next_task(dice_below(TASKS));

		if (!task)
			shim_die("every task waits for another");
		sim_note("task %td goes on\n", task - machine.tasks);
		sim_vcpu_run(&task->cpu);
	}
	ending = true;
	for (turns = 0; next_task(turns); turns++) {
		sim_vcpu_run(&next_task(turns)->cpu);
		if (turns > ACTIONS_MAX)
			shim_die("a task does not come to its end");
	}
	for (uint32_t t = 0; t < TASKS; t++)
		if (machine.tasks[t].cpu.alive)
			shim_die("task %u waits for ever", t);
}

static void host_start(void)
{
	sim_start();
	memset(files, 0, sizeof(files));
	ending = false;
	until_switch = 0;
	machine_start();
	machine.fails = fails;
	request_start();
	sim.switch_here = switch_here;
	tee.partitions_max = 2;
	tee.interrupt = interrupt;
	tee.invoke = request_invoke;
	if (tg_system_init(&teegate_system) != TG_OK || chardev_init())
		shim_die("the module does not load");
	chardev_start();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	bool verbose = sim.verbose;

	dice_bytes(data, bytes);
	host_start();
	sim.verbose = verbose;
	tasks_run();
	for (uint32_t i = 0; i < FILES; i++) {
		files[i].open = false;
		file_put(&files[i]);
	}
	chardev_fini();
	machine_stop();
	sim_stop();
	return 0;
}
