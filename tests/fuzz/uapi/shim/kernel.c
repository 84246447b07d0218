// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel's functions that have nothing to do with user memory: locks,
 * sleeping, allocation, log, processes. Pages and user memory are in memory.c.
 */
#include "machine.h"

#include <stdarg.h>
#include <stdlib.h>

#include "tee.h"

void shim_die(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sim_die("uapi: %s", text);
}

/* ---- log ---- */

void shim_log(bool counted, const char *format, ...)
{
	char text[512];
	va_list args;

	/* The formats and their arguments are to be looked at, too. */
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sim_note("log: %s", text);
	machine.log_lines += counted;
	if (machine.log_lines > LOG_LINES_MAX)
		shim_die("I11: too many lines in the log: %s", text);
}

static struct ratelimit_state *ratelimits;

bool __ratelimit(struct ratelimit_state *state)
{
	if (!state->known) {
		state->known = true;
		state->next = ratelimits;
		ratelimits = state;
	}
	if (!state->left)
		return false;
	state->left--;
	return true;
}

/* Each run begins anew. */
void shim_ratelimits_reset(void);
void shim_ratelimits_reset(void)
{
	for (struct ratelimit_state *s = ratelimits; s; s = s->next)
		s->left = s->burst;
}

/* ---- memory ---- */

static void may_sleep(enum sim_op op)
{
	if (machine.spinning)
		shim_die("sleeps with a spin lock held");
	sim_vcpu_point(op);
}

void *shim_alloc(size_t bytes)
{
	void *p;

	may_sleep(SIM_OP_ALLOC);
	if (!bytes)
		shim_die("an allocation of nothing");
	if (machine.fails())
		return NULL;
	p = calloc(1, bytes);
	if (p)
		sim.allocs++;
	return p;
}

void *shim_calloc(size_t count, size_t bytes)
{
	if (bytes && count > SIZE_MAX / bytes)
		return NULL;
	return shim_alloc(count * bytes);
}

void shim_free(void *p)
{
	if (!p)
		return;
	sim.allocs--;
	free(p);
}

int scnprintf(char *buf, size_t bytes, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(buf, bytes, format, args);
	va_end(args);
	if (bytes && n >= (int)bytes)
		n = (int)bytes - 1;
	return bytes ? n : 0;
}

/* ---- locks ---- */

void mutex_init(struct mutex *lock)
{
	*lock = (struct mutex){ false, NULL };
}

void mutex_lock(struct mutex *lock)
{
	may_sleep(SIM_OP_LOCK);
	if (lock->locked && lock->holder == sim.vcpu)
		shim_die("a mutex is taken twice");
	sim_vcpu_wait(&lock->locked);
	lock->locked = true;
	lock->holder = sim.vcpu;
}

/* As likely to find it taken as a lock that waits. */
int mutex_trylock(struct mutex *lock)
{
	sim_vcpu_point(SIM_OP_LOCK);
	if (lock->locked)
		return 0;
	lock->locked = true;
	lock->holder = sim.vcpu;
	return 1;
}

int mutex_lock_killable(struct mutex *lock)
{
	if (shim_is_killed())
		return -EINTR;
	mutex_lock(lock);
	return 0;
}

void mutex_unlock(struct mutex *lock)
{
	if (!lock->locked || lock->holder != sim.vcpu)
		shim_die("a mutex is released by another than its holder");
	lock->locked = false;
	lock->holder = NULL;
	sim_vcpu_point(SIM_OP_UNLOCK);
}

void spin_lock(spinlock_t *lock)
{
	if (lock->locked)
		shim_die("a spin lock is taken twice");
	lock->locked = true;
	machine.spinning++;
}

void spin_unlock(spinlock_t *lock)
{
	lock->locked = false;
	machine.spinning--;
}

void init_rwsem(struct rw_semaphore *lock)
{
	*lock = (struct rw_semaphore){ 0 };
}

int down_read_trylock(struct rw_semaphore *lock)
{
	sim_vcpu_point(SIM_OP_LOCK);
	if (lock->writing)
		return 0;
	lock->readers++;
	lock->locked = true;
	machine_task()->reading++;
	return 1;
}

int down_read_killable(struct rw_semaphore *lock)
{
	may_sleep(SIM_OP_LOCK);
	if (shim_is_killed())
		return -EINTR;
	sim_vcpu_wait(&lock->writing);
	lock->readers++;
	lock->locked = true;
	machine_task()->reading++;
	return 0;
}

int down_write_killable(struct rw_semaphore *lock)
{
	may_sleep(SIM_OP_LOCK);
	if (shim_is_killed())
		return -EINTR;
	sim_vcpu_wait(&lock->locked);
	lock->writing = true;
	lock->locked = true;
	return 0;
}

void up_read(struct rw_semaphore *lock)
{
	if (!lock->readers)
		shim_die("a semaphore is released by no reader");
	lock->readers--;
	machine_task()->reading--;
	lock->locked = lock->readers > 0;
	sim_vcpu_point(SIM_OP_UNLOCK);
}

void up_write(struct rw_semaphore *lock)
{
	if (!lock->writing)
		shim_die("a semaphore is released by no writer");
	lock->writing = false;
	lock->locked = false;
	sim_vcpu_point(SIM_OP_UNLOCK);
}

void init_waitqueue_head(wait_queue_head_t *queue)
{
	*queue = (wait_queue_head_t){ 0 };
}

void wake_up_all(wait_queue_head_t *queue)
{
	queue->wakes++;
}

/* Until somebody wakes the queue up. */
int shim_sleep(wait_queue_head_t *queue, unsigned int wakes)
{
	may_sleep(SIM_OP_LOCK);
	while (queue->wakes == wakes) {
		if (shim_is_killed())
			return -ERESTARTSYS;
		if (!sim.vcpu)
			shim_die("nobody will wake this task up");
		sim_vcpu_switch();
	}
	return 0;
}

/* ---- processes ---- */

struct task *machine_task(void)
{
	return sim.vcpu ? (struct task *)sim.vcpu : &machine.tasks[0];
}

struct task_struct *shim_current(void)
{
	return &machine_task()->task;
}

bool shim_is_killed(void)
{
	return sim.vcpu && machine_task()->killed;
}

bool signal_pending(const struct task_struct *task)
{
	(void)task;
	return machine_task()->signalled || shim_is_killed();
}

void shim_resched(void)
{
	may_sleep(SIM_OP_LOCK);
}

unsigned long rlimit(unsigned int which)
{
	return which == RLIMIT_MEMLOCK ? machine_task()->process->memlock : 0;
}

bool capable(int capability)
{
	return capability == CAP_IPC_LOCK && machine_task()->process->capable;
}

u64 get_cycles(void)
{
	sim.now_ns += 1000;
	return sim.now_ns;
}

u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * mul) >> shift);
}

/* ---- devices ---- */

int misc_register(struct miscdevice *device)
{
	machine.fops = device->fops;
	return 0;
}

void misc_deregister(struct miscdevice *device)
{
	(void)device;
	machine.fops = NULL;
}

/* ---- eventfds ---- */

struct eventfd_ctx *eventfd_ctx_fdget(int fd)
{
	if (fd < 0 || (unsigned int)fd > EVENTFDS)
		return ERR_PTR(-EBADF);
	if (fd == EVENTFDS)
		return ERR_PTR(-EINVAL);
	machine.eventfds[fd].refs++;
	return &machine.eventfds[fd];
}

void eventfd_ctx_put(struct eventfd_ctx *ctx)
{
	if (!ctx->refs)
		shim_die("an eventfd is put more often than it was taken");
	ctx->refs--;
}

void eventfd_signal(struct eventfd_ctx *ctx)
{
	if (!ctx->refs)
		shim_die("an eventfd is signalled that is not held");
	ctx->signals++;
}

/* ---- the SMC instruction ---- */

/* Asked for each VM in turn, by no VM: the model takes note of who asks. */
static void get_value(struct tg_regs *regs)
{
	struct tee_partition *partition =
		tee_partition_find((uint16_t)regs->x[7]);
	struct sim_frame frame;

	if (!partition)
		shim_die("I10: values of the dead id %llu",
			 (unsigned long long)regs->x[7]);
	sim_frame_enter(&frame, partition->guest);
	tee_smc(regs);
	sim_frame_leave(&frame);
}

void arm_smccc_smc(unsigned long a0, unsigned long a1, unsigned long a2,
		   unsigned long a3, unsigned long a4, unsigned long a5,
		   unsigned long a6, unsigned long a7,
		   struct arm_smccc_res *res)
{
	struct tg_regs regs = { .x = { a0, a1, a2, a3, a4, a5, a6, a7 } };

	may_sleep(SIM_OP_SMC_ENTER);
	if (a0 == OPTEE_SMC_GET_ASYNC_NOTIF_VALUE)
		get_value(&regs);
	else
		tee_smc(&regs);
	may_sleep(SIM_OP_SMC_LEAVE);
	*res = (struct arm_smccc_res){ regs.x[0], regs.x[1], regs.x[2],
				       regs.x[3] };
}
