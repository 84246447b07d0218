// SPDX-License-Identifier: BSD-2-Clause
/*
 * A module that makes one mistake, on purpose, when it is loaded:
 * "insmod kernel_faults.ko kind=NAME". It shows that the lab's debug kernel
 * sees what modules do wrong (lab/scenarios/debug-kernel-notices.sh). Nothing
 * of teegate is in here.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>

static char *kind;
module_param(kind, charp, 0);
MODULE_PARM_DESC(kind, "the mistake to make");

static DEFINE_MUTEX(fault_lock_a);
static DEFINE_MUTEX(fault_lock_b);
static DEFINE_SPINLOCK(fault_spinlock);
static int fault_object;
static int __rcu *fault_pointer = (int __rcu *)&fault_object;
static char fault_global[8];
/* What is beyond the array is no bad memory: KASAN has nothing to say. */
static volatile struct {
	char array[4];
	char beyond[4];
} fault_arrays;

/* The compiler must neither warn of what is coming nor leave it out. */
static noinline unsigned int hidden(unsigned int value)
{
	OPTIMIZER_HIDE_VAR(value);
	return value;
}

static void fault_heap(void)
{
	char *p = kmalloc(40, GFP_KERNEL);

	if (p)
		WRITE_ONCE(p[hidden(40)], 1);
	kfree(p);
}

static void fault_freed(void)
{
	char *p = kmalloc(40, GFP_KERNEL);

	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	READ_ONCE(p[3]);
}

static void fault_stack(void)
{
	char array[16] = { 0 };
	char *p = array;

	OPTIMIZER_HIDE_VAR(p);
	READ_ONCE(p[16]);
}

static void fault_global_read(void)
{
	char *p = fault_global;

	OPTIMIZER_HIDE_VAR(p);
	READ_ONCE(p[sizeof(fault_global)]);
}

/* As who is not instrumented would do it: a guest, or OP-TEE. */
static void fault_page(void)
{
	unsigned long address = __get_free_page(GFP_KERNEL);

	preempt_disable();
	free_page(address);
	asm volatile("str xzr, [%0, #64]" : : "r"(address) : "memory");
	/* This CPU's list gives back what was freed last. */
	address = __get_free_page(GFP_ATOMIC);
	preempt_enable();
	free_page(address);
}

static void fault_shift(void)
{
	unsigned int value = 1U << hidden(40);

	OPTIMIZER_HIDE_VAR(value);
}

static void fault_index(void)
{
	fault_arrays.array[hidden(4)] = 1;
}

/* Nobody waits for anybody here: the two orders are enough. */
static void fault_locks(void)
{
	mutex_lock(&fault_lock_a);
	mutex_lock(&fault_lock_b);
	mutex_unlock(&fault_lock_b);
	mutex_unlock(&fault_lock_a);

	mutex_lock(&fault_lock_b);
	mutex_lock(&fault_lock_a);
	mutex_unlock(&fault_lock_a);
	mutex_unlock(&fault_lock_b);
}

static void fault_atomic(void)
{
	spin_lock(&fault_spinlock);
	might_sleep();
	spin_unlock(&fault_spinlock);
}

static void fault_rcu(void)
{
	int *p = rcu_dereference(fault_pointer);

	OPTIMIZER_HIDE_VAR(p);
}

static void fault_list(void)
{
	LIST_HEAD(head);
	LIST_HEAD(entry);

	list_add(&entry, &head);
	list_add(&entry, &head);
}

static void fault_timer_function(struct timer_list *timer)
{
}

static void fault_timer(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, fault_timer_function, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
}

static void fault_leak(void)
{
	void *p = kmalloc(40, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
}

static const struct {
	const char *name;
	void (*make)(void);
} faults[] = {
	{ "heap", fault_heap },	    { "freed", fault_freed },
	{ "stack", fault_stack },   { "global", fault_global_read },
	{ "page", fault_page },	    { "shift", fault_shift },
	{ "index", fault_index },   { "locks", fault_locks },
	{ "atomic", fault_atomic }, { "rcu", fault_rcu },
	{ "list", fault_list },	    { "timer", fault_timer },
	{ "leak", fault_leak },
};

static int __init faults_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (kind && !strcmp(kind, faults[i].name)) {
			faults[i].make();
			return 0;
		}
	}
	pr_err("kernel_faults: no such kind of mistake: %s\n",
	       kind ? kind : "none given");
	return -EINVAL;
}

static void __exit faults_exit(void)
{
}

module_init(faults_init);
module_exit(faults_exit);
MODULE_DESCRIPTION("Mistakes for the lab's debug kernel to notice");
MODULE_LICENSE("Dual BSD/GPL");
