/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As much of the kernel's interface as linux/ uses, for user space: every
 * <linux/...> header of the build is this one. Tasks are the simulator's
 * virtual CPUs, memory is the simulated machine's, locks know their holder.
 * What the real functions guarantee beyond what is checked here is not
 * modelled: the page cache, faults that sleep, memory cgroups.
 */
#ifndef SHIM_KERNEL_H
#define SHIM_KERNEL_H

#include <asm/ioctl.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

/* ---- types and small words ---- */

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef int32_t __s32;
typedef u64 __u64;
typedef u64 __be64;

#define __user
#define noinline __attribute__((noinline))
#define THIS_MODULE NULL
#define IS_ENABLED(option) 0
#define likely(x) __builtin_expect(!!(x), 1)
#define READ_ONCE(x) (x)
#define WRITE_ONCE(x, v) ((x) = (v))
#define smp_load_acquire(p) (*(p))
#define smp_store_release(p, v) (*(p) = (v))
#undef static_assert
#define static_assert(e) _Static_assert(e, #e)
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)
#define strscpy(to, from, bytes) snprintf(to, bytes, "%s", from)
#define swap(a, b)                     \
	do {                           \
		typeof(a) swapped = a; \
		a = b;                 \
		b = swapped;           \
	} while (0)
#define IS_ERR(p) ((uintptr_t)(p) >= (uintptr_t)-4095)
#define PTR_ERR(p) ((long)(p))
#define ERR_PTR(err) ((void *)(long)(err))
#define container_of(p, type, member) \
	((type *)((char *)(p)-offsetof(type, member)))

#define cpu_to_be64(v) htobe64(v)

#define ERESTARTSYS 512

void shim_die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

#define BUG() shim_die("BUG() in %s", __FILE__)
#define WARN_ON_ONCE(e)                              \
	do {                                         \
		if (e)                               \
			shim_die("WARN_ON(%s)", #e); \
	} while (0)

/* ---- the log: lines that an administrator sees are counted (I11) ---- */

void shim_log(bool counted, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define pr_emerg(...) shim_log(true, __VA_ARGS__)
#define pr_err(...) shim_log(true, __VA_ARGS__)
#define pr_warn(...) shim_log(true, __VA_ARGS__)
#define pr_notice(...) shim_log(true, __VA_ARGS__)
#define pr_debug(...) shim_log(false, __VA_ARGS__)
#define pr_debug_ratelimited(...) shim_log(false, __VA_ARGS__)

#define HZ 250

/* Time stands still, so a state lets through as many as its burst. */
struct ratelimit_state {
	int left;
	int burst;
	struct ratelimit_state *next;
	bool known;
};

bool __ratelimit(struct ratelimit_state *state);

#define DEFINE_RATELIMIT_STATE(name, interval, n) \
	struct ratelimit_state name = { .left = (n), .burst = (n) }

/* ---- memory of the kernel's own ---- */

#define GFP_KERNEL_ACCOUNT 1u

void *shim_alloc(size_t bytes);
void shim_free(void *p);
void *shim_calloc(size_t count, size_t bytes);

#define kzalloc(bytes, flags) shim_alloc(bytes)
#define kvzalloc(bytes, flags) shim_alloc(bytes)
#define kvcalloc(count, bytes, flags) shim_calloc(count, bytes)
#define kfree(p) shim_free(p)
#define kvfree(p) shim_free(p)

unsigned long get_zeroed_page(unsigned int flags);
void free_page(unsigned long va);
u64 virt_to_phys(const void *va);

int scnprintf(char *buf, size_t bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- locks ---- */

struct mutex {
	bool locked;
	struct sim_vcpu *holder;
};

#define DEFINE_MUTEX(name) struct mutex name

void mutex_init(struct mutex *lock);
void mutex_lock(struct mutex *lock);
int mutex_trylock(struct mutex *lock);
int mutex_lock_killable(struct mutex *lock);
void mutex_unlock(struct mutex *lock);

typedef struct {
	bool locked;
} spinlock_t;

#define DEFINE_SPINLOCK(name) spinlock_t name

void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);

struct rw_semaphore {
	bool writing;
	bool locked; /* by anybody */
	unsigned int readers;
};

void init_rwsem(struct rw_semaphore *lock);
int down_read_trylock(struct rw_semaphore *lock);
int down_read_killable(struct rw_semaphore *lock);
int down_write_killable(struct rw_semaphore *lock);
void up_read(struct rw_semaphore *lock);
void up_write(struct rw_semaphore *lock);

#define lockdep_assert_held(lock)                          \
	do {                                               \
		if (!(lock)->locked)                       \
			shim_die("%s is not held", #lock); \
	} while (0)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long long counter;
} atomic64_t;

#define atomic_read(v) ((v)->counter)
#define atomic_inc(v) ((void)(v)->counter++)
#define atomic64_read(v) ((v)->counter)
#define atomic64_add(n, v) ((void)((v)->counter += (long long)(n)))
#define atomic64_sub(n, v) ((void)((v)->counter -= (long long)(n)))
#define atomic64_add_return(n, v) ((v)->counter += (long long)(n))

typedef struct {
	unsigned int sleepers;
	unsigned int wakes;
} wait_queue_head_t;

void init_waitqueue_head(wait_queue_head_t *queue);
void wake_up_all(wait_queue_head_t *queue);
int shim_sleep(wait_queue_head_t *queue, unsigned int wakes);

#define wq_has_sleeper(queue) ((queue)->sleepers > 0)

/* Sleeps until woken, and only then looks at @condition again. */
#define wait_event_killable(queue, condition)                                \
	({                                                                   \
		int shim_ret = 0;                                            \
		for (;;) {                                                   \
			unsigned int shim_wakes = (queue).wakes;             \
			(queue).sleepers++;                                  \
			if (!(condition))                                    \
				shim_ret = shim_sleep(&(queue), shim_wakes); \
			(queue).sleepers--;                                  \
			if ((condition) || shim_ret)                         \
				break;                                       \
		}                                                            \
		shim_ret;                                                    \
	})

/* ---- lists ---- */

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

#define LIST_HEAD(name) struct list_head name = { &(name), &(name) }

static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	node->next = head;
	node->prev = head->prev;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_del(struct list_head *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = NULL;
	node->prev = NULL;
}

static inline void INIT_LIST_HEAD(struct list_head *node)
{
	node->next = node;
	node->prev = node;
}

static inline void list_del_init(struct list_head *node)
{
	list_del(node);
	INIT_LIST_HEAD(node);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

#define list_for_each_entry(pos, head, member)                           \
	for (pos = container_of((head)->next, __typeof__(*pos), member); \
	     &pos->member != (head);                                     \
	     pos = container_of(pos->member.next, __typeof__(*pos), member))

/* ---- processes ---- */

struct mm_struct {
	atomic64_t pinned_vm;
	unsigned int grabs;
};

struct task_struct {
	struct mm_struct *mm;
	pid_t tgid;
};

struct task_struct *shim_current(void);
bool shim_is_killed(void);
void shim_resched(void);

#define current shim_current()
#define task_tgid_nr(task) ((task)->tgid)
#define mmgrab(m) ((void)(m)->grabs++)
#define mmdrop(m) ((void)(m)->grabs--)
#define cond_resched() shim_resched()
#define RLIMIT_MEMLOCK 8
#define CAP_IPC_LOCK 14

unsigned long rlimit(unsigned int which);
bool capable(int capability);
bool signal_pending(const struct task_struct *task);
u64 get_cycles(void); /* of 1 GHz */
#define NSEC_PER_SEC 1000000000l
#define arch_timer_get_cntfrq() NSEC_PER_SEC
#define div_u64(dividend, divisor) ((u64)(dividend) / (u32)(divisor))
u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift);

/* ---- memory of user space ---- */

#define PAGE_SHIFT 12
#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define VM_PFNMAP 0x400u
#define VM_IO 0x4000u
#define FOLL_WRITE 0x01u
#define FOLL_LONGTERM 0x100u

struct page {
	bool device;
};

#define offset_in_page(v) ((unsigned long)(v) & ~PAGE_MASK)
#define u64_to_user_ptr(v) ((void *)(uintptr_t)(v))
#define PHYS_PFN(pa) ((pa) >> PAGE_SHIFT)

struct vm_area_struct {
	u64 vm_start;
	u64 vm_end;
	unsigned int vm_flags;
};

/* As arm64 has it: without what is above bit 55 of an address of user space. */
#define untagged_addr(v) ((v) & (u64)((int64_t)((u64)(v) << 8) >> 8))

int mmap_read_lock_killable(struct mm_struct *mm);
void mmap_read_unlock(struct mm_struct *mm);
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long at);
bool access_ok(const void *user, size_t bytes);
unsigned long copy_from_user(void *to, const void *user, size_t bytes);
void *memdup_user(const void *user, size_t bytes);
unsigned long copy_to_user(void *user, const void *from, size_t bytes);
int pin_user_pages_fast(unsigned long start, int count, unsigned int flags,
			struct page **pages);
void unpin_user_pages(struct page **pages, unsigned long count);
void unpin_user_pages_dirty_lock(struct page **pages, unsigned long count,
				 bool dirty);
u64 page_to_phys(const struct page *page);
struct page *pfn_to_page(u64 pfn);
#define is_zone_device_page(page) ((page)->device)

/* ---- the device node ---- */

struct inode {
	int unused;
};

struct file {
	void *private_data;
};

struct file_operations {
	void *owner;
	int (*open)(struct inode *inode, struct file *file);
	int (*release)(struct inode *inode, struct file *file);
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd,
			       unsigned long arg);
	long (*compat_ioctl)(struct file *file, unsigned int cmd,
			     unsigned long arg);
};

struct miscdevice {
	int minor;
	const char *name;
	const struct file_operations *fops;
	unsigned int mode;
};

#define MISC_DYNAMIC_MINOR 255
#define compat_ptr_ioctl NULL

int misc_register(struct miscdevice *device);
void misc_deregister(struct miscdevice *device);

static inline int stream_open(struct inode *inode, struct file *file)
{
	(void)inode;
	(void)file;
	return 0;
}

/* ---- eventfds: some descriptors are ---- */

#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE KERNEL_VERSION(6, 12, 0)

struct eventfd_ctx {
	unsigned int refs; /* that the port holds */
	unsigned int signals;
};

struct eventfd_ctx *eventfd_ctx_fdget(int fd);
void eventfd_ctx_put(struct eventfd_ctx *ctx);
void eventfd_signal(struct eventfd_ctx *ctx);

/* ---- the SMC instruction ---- */

struct arm_smccc_res {
	unsigned long a0;
	unsigned long a1;
	unsigned long a2;
	unsigned long a3;
};

void arm_smccc_smc(unsigned long a0, unsigned long a1, unsigned long a2,
		   unsigned long a3, unsigned long a4, unsigned long a5,
		   unsigned long a6, unsigned long a7,
		   struct arm_smccc_res *res);

/* ---- tracepoints: their arguments are evaluated, and that is all ---- */

#define TP_PROTO(...) __VA_ARGS__
#define TP_ARGS(...)
#define DECLARE_EVENT_CLASS(name, ...)
#define TRACE_EVENT(name, proto, ...)          \
	static inline void trace_##name(proto) \
	{                                      \
	}
#define DEFINE_EVENT(class, name, proto, ...)  \
	static inline void trace_##name(proto) \
	{                                      \
	}

#endif
