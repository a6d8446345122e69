// SPDX-License-Identifier: GPL-2.0
/*
 * Is a deferred broadcast really paid for, by whatever door the core enters
 * the kernel? In debugfs, for selftests/lwk/debt_test.c:
 *
 *	change	write: patch code, exchange a page of vmalloc space, take the
 *		right to write from a page or give it back
 *	call	read: look at the state from a system call
 *	map	mmap: look at it from a page fault
 *	timer	write MS: look at it from a timer of this core, in MS
 *	nmi	write CPU: look at it from an NMI of that core
 *	forget	write CPU: that core forgets its debt, so that the test fails
 *	result	read: what the last look through each door has seen
 *
 * From a signal it is looked at whenever one is delivered to a member.
 */
#define pr_fmt(fmt) "lwk: " fmt

#include <linux/debugfs.h>
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/jump_label.h>
#include <linux/mm.h>
#include <linux/set_memory.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/apic.h>
#include <asm/nmi.h>
#include <asm/tlbflush.h>
#include <trace/events/signal.h>

#include "../compat/hrtimer.h"
#include "../internal.h"

enum door { DOOR_CALL, DOOR_FAULT, DOOR_SIGNAL, DOOR_NMI, DOOR_TIMER,
	    NR_DOORS };

static const char * const door_names[NR_DOORS] = {
	"call", "fault", "signal", "nmi", "timer",
};

/* What a look has found to be as it was before the last change. */
#define STALE_CODE	BIT(0)
#define STALE_MAPPING	BIT(1)
#define STALE_RIGHTS	BIT(2)

static DEFINE_STATIC_KEY_FALSE(probe_key);
static DEFINE_MUTEX(change_lock);	/* all below but looks */
static struct page *pages[2];
static u32 *window;		/* shows one of @pages */
static u32 *rights;		/* can be written to, or not */
static u32 generation;

static struct {
	unsigned int looks;
	unsigned int stale;
} results[NR_DOORS];

static DEFINE_PER_CPU(struct hrtimer, probe_timer);
static int nmi_cpu = -1;

/* Any context, NMI included. */
static noinline void look(enum door door)
{
	u32 gen = READ_ONCE(generation), scratch = gen;
	unsigned int stale = 0;
	bool odd = false;

	if (static_branch_unlikely(&probe_key))
		odd = true;
	if (odd != (gen & 1))
		stale |= STALE_CODE;
	if (READ_ONCE(*window) != gen)
		stale |= STALE_MAPPING;
	if (!copy_to_kernel_nofault(rights, &scratch, sizeof(scratch)) == odd)
		stale |= STALE_RIGHTS;

	WRITE_ONCE(results[door].stale, stale);
	WRITE_ONCE(results[door].looks, results[door].looks + 1);
}

static void show_page(struct page *page, u32 gen)
{
	unsigned long addr = (unsigned long)window;

	*(u32 *)page_address(page) = gen;
	set_pte(virt_to_kpte(addr), mk_pte(page, PAGE_KERNEL));
	flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
}

static ssize_t change_write(struct file *file, const char __user *buf,
			    size_t len, loff_t *pos)
{
	u32 gen;
	int err;

	guard(mutex)(&change_lock);
	gen = generation + 1;
	if (gen & 1) {
		static_branch_enable(&probe_key);
		err = set_memory_ro((unsigned long)rights, 1);
	} else {
		static_branch_disable(&probe_key);
		err = set_memory_rw((unsigned long)rights, 1);
	}
	if (err)
		return err;
	show_page(pages[gen & 1], gen);
	WRITE_ONCE(generation, gen);
	return len;
}

static ssize_t call_read(struct file *file, char __user *buf, size_t len,
			 loff_t *pos)
{
	preempt_disable();
	look(DOOR_CALL);
	preempt_enable();
	return 0;
}

static vm_fault_t map_fault(struct vm_fault *vmf)
{
	preempt_disable();
	look(DOOR_FAULT);
	preempt_enable();
	vmf->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	return vmf->page ? 0 : VM_FAULT_OOM;
}

static const struct vm_operations_struct map_ops = { .fault = map_fault };

static int map_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &map_ops;
	return 0;
}

static enum hrtimer_restart timer_fires(struct hrtimer *timer)
{
	look(DOOR_TIMER);
	return HRTIMER_NORESTART;
}

static ssize_t timer_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *pos)
{
	struct hrtimer *timer;
	unsigned int ms;
	int err = kstrtouint_from_user(buf, len, 0, &ms);

	if (err)
		return err;
	guard(preempt)();
	timer = this_cpu_ptr(&probe_timer);
	hrtimer_setup(timer, timer_fires, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(timer, ms_to_ktime(ms), HRTIMER_MODE_REL_PINNED_HARD);
	return len;
}

static int nmi_arrives(unsigned int cmd, struct pt_regs *regs)
{
	if (READ_ONCE(nmi_cpu) != smp_processor_id())
		return NMI_DONE;
	look(DOOR_NMI);
	WRITE_ONCE(nmi_cpu, -1);
	return NMI_HANDLED;
}

static int cpu_from_user(const char __user *buf, size_t len)
{
	unsigned int cpu;
	int err = kstrtouint_from_user(buf, len, 0, &cpu);

	if (err)
		return err;
	return cpu < nr_cpu_ids && lwk_owns_cpu(cpu) ? cpu : -EINVAL;
}

static ssize_t nmi_write(struct file *file, const char __user *buf,
			 size_t len, loff_t *pos)
{
	int cpu = cpu_from_user(buf, len);

	if (cpu < 0)
		return cpu;
	guard(mutex)(&change_lock);
	WRITE_ONCE(nmi_cpu, cpu);
	__apic_send_IPI(cpu, NMI_VECTOR);
	return len;
}

static ssize_t forget_write(struct file *file, const char __user *buf,
			    size_t len, loff_t *pos)
{
	int cpu = cpu_from_user(buf, len);

	if (cpu < 0)
		return cpu;
	atomic_set(&per_cpu(lwk_debt, cpu), 0);
	return len;
}

static int result_show(struct seq_file *m, void *unused)
{
	enum door door;

	for (door = 0; door < NR_DOORS; door++)
		seq_printf(m, "%s %u %u\n", door_names[door],
			   READ_ONCE(results[door].looks),
			   READ_ONCE(results[door].stale));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(result);

static void signal_delivered(void *data, int sig, struct kernel_siginfo *info,
			     struct k_sigaction *ka)
{
	if (current->lwk.rsv)
		look(DOOR_SIGNAL);
}

#define PROBE_FILE(_name, ...)						\
	static const struct file_operations _name##_fops = {		\
		.owner = THIS_MODULE, .open = simple_open, __VA_ARGS__ }

PROBE_FILE(change, .write = change_write);
PROBE_FILE(call, .read = call_read);
PROBE_FILE(map, .mmap = map_mmap);
PROBE_FILE(timer, .write = timer_write);
PROBE_FILE(nmi, .write = nmi_write);
PROBE_FILE(forget, .write = forget_write);

static int __init probe_pages(void)
{
	rights = (u32 *)get_zeroed_page(GFP_KERNEL);
	pages[0] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	pages[1] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!rights || !pages[0] || !pages[1])
		return -ENOMEM;
	window = vmap(pages, 1, VM_MAP, PAGE_KERNEL);
	return window ? 0 : -ENOMEM;
}

/* Never undone: this is a kernel for tests. */
static int __init probe_init(void)
{
	struct dentry *dir;
	int err;

	if (!lwk_enabled())
		return 0;
	err = probe_pages();
	if (err)
		return err;
	err = register_nmi_handler(NMI_LOCAL, nmi_arrives, 0, "lwk_debt");
	if (err)
		return err;
	err = register_trace_signal_deliver(signal_delivered, NULL);
	if (err)
		return err;

	dir = debugfs_create_dir("lwk_debt", NULL);
	debugfs_create_file_unsafe("change", 0200, dir, NULL, &change_fops);
	debugfs_create_file_unsafe("call", 0400, dir, NULL, &call_fops);
	debugfs_create_file_unsafe("map", 0400, dir, NULL, &map_fops);
	debugfs_create_file_unsafe("timer", 0200, dir, NULL, &timer_fops);
	debugfs_create_file_unsafe("nmi", 0200, dir, NULL, &nmi_fops);
	debugfs_create_file_unsafe("forget", 0200, dir, NULL, &forget_fops);
	debugfs_create_file("result", 0400, dir, NULL, &result_fops);
	return 0;
}
late_initcall(probe_init);
