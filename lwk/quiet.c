// SPDX-License-Identifier: GPL-2.0
/*
 * Services of Linux that an LWK core does without, told so by their own
 * means: system-wide perf events, khugepaged, compaction of locked memory, the
 * event buffers of tracing, the caches of swap, the ticks of CPU hotplug.
 */
#define pr_fmt(fmt) "lwk: " fmt

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/khugepaged.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <linux/printk.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/tick.h>
#include <trace/events/cpuhp.h>
#include <trace/events/sched.h>

#include "memory.h"

/* khugepaged works on one address space for a bounded number of pages. */
#define RETIRE_TRIES	100
#define RETIRE_WAIT_MS	10

/**
 * lwk_perf_allow - may events be counted on a core, whatever runs there?
 * @cpu: the LWK core.
 * @allow: false: perf_event_open(2) with pid -1 fails with ENODEV there, as
 *	on a core that is down. Events of tasks are not concerned.
 *
 * Context: process context, may sleep; holds cpus_read_lock().
 */
void lwk_perf_allow(int cpu, bool allow)
{
	lockdep_assert_cpus_held();
	if (allow)
		perf_event_init_cpu(cpu);
	else
		perf_event_exit_cpu(cpu);
}

/*
 * Events of tasks that software counts need a table on each core. Linux makes
 * it for cores where events of cores are allowed, with the first event, and
 * keeps it until the last one is closed. This one, which counts nothing, is
 * opened while they still are, and never closed. Process context, may sleep.
 */
static void __init keep_event_tables(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
	};
	struct perf_event *event;

	event = perf_event_create_kernel_counter(&attr,
						 cpumask_first(&lwk_linux_mask),
						 NULL, NULL, NULL);
	if (IS_ERR(event))
		pr_warn("software events are not counted on LWK cores (error %ld)\n",
			PTR_ERR(event));
}

/*
 * A collapse by khugepaged interrupts all cores of the process. Large pages
 * come with the fault, or not at all. The flag says that khugepaged knows the
 * address space already; once it is set without that being so, nobody tells
 * it any more.
 */
static void retire_khugepaged(struct mm_struct *mm)
{
	int tries;

	for (tries = 0; tries < RETIRE_TRIES; tries++) {
		if (!mm_flags_test_and_set(MMF_VM_HUGEPAGE, mm))
			return;
		/* Clears the flag, unless khugepaged is busy right here. */
		khugepaged_exit(mm);
		if (!mm_flags_test_and_set(MMF_VM_HUGEPAGE, mm))
			return;
		msleep(RETIRE_WAIT_MS);
	}
}

/**
 * lwk_mm_adopt - an address space belongs to a member now
 * @mm: the address space; the caller has a reference to its users.
 *
 * Context: process context, may sleep.
 */
void lwk_mm_adopt(struct mm_struct *mm)
{
	might_sleep();
	retire_khugepaged(mm);
	lwk_retire_numa_balancing(mm);
	lwk_memory_adopt(mm);
}

static void adopt_after_exec(struct callback_head *work)
{
	kfree(work);
	lwk_mm_adopt(current->mm);
	lwk_back_program();
}

/*
 * Preemption off. The new address space is of this moment; the rest is done
 * on the way to user mode. Without memory it is not done, which costs silence
 * and nothing else.
 */
static void note_exec(void *data, struct task_struct *p, pid_t old_pid,
		      struct linux_binprm *bprm)
{
	struct callback_head *work;

	if (!p->lwk.rsv)
		return;
	work = kmalloc(sizeof(*work), GFP_ATOMIC);
	if (!work)
		return;
	init_task_work(work, adopt_after_exec);
	if (task_work_add(p, work, TWA_RESUME))
		kfree(work);
}

/* What an administrator would write to /proc/sys, and may still undo. */
static const struct lwk_setting {
	const char *path, *value;
} settings[] = {
	/* a page that moves interrupts the cores of its process */
	{ "sys/vm/compact_unevictable_allowed", "0" },
};

static int __init set(struct vfsmount *proc, const char *path,
		      const char *value)
{
	struct file *file;
	ssize_t written;
	loff_t pos = 0;

	file = file_open_root_mnt(proc, path, O_WRONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	written = kernel_write(file, value, strlen(value), &pos);
	filp_close(file, NULL);
	return written < 0 ? written : 0;
}

static void __init apply_settings(void)
{
	struct file_system_type *type = get_fs_type("proc");
	struct vfsmount *proc;
	unsigned int i;
	int err;

	if (!type)
		return;
	proc = kern_mount(type);
	put_filesystem(type);
	if (IS_ERR(proc))
		return;
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		err = set(proc, settings[i].path, settings[i].value);
		/* Not every configuration has each. */
		if (err && err != -ENOENT)
			pr_warn("cannot set /proc/%s to %s: error %d\n",
				settings[i].path, settings[i].value, err);
	}
	kern_unmount(proc);
}

/*
 * The first swap device has every core allocate its part of a cache. Do it
 * before there is anybody to be interrupted.
 */
static void __init make_swap_caches(void)
{
	if (IS_ENABLED(CONFIG_SWAP))
		enable_swap_slots_cache();
}

/*
 * While a core goes off line, RCU has all cores tick that need not, so that a
 * long way through the kernel on one of them does not keep the machine from
 * being stopped. A member goes such ways on cores of Linux, and user mode is
 * stopped by the interrupt that wakes the stopper. Others than the LWK may want
 * the ticks for cores of theirs. Process context, preemption off.
 */
static void note_hotplug(void *data, unsigned int cpu, int state, int idx,
			 int ret)
{
	if (idx == CPUHP_AP_RCUTREE_ONLINE)
		tick_dep_clear(TICK_DEP_BIT_RCU);
}

static int __init forbid_hotplug_ticks(void)
{
	static struct cpumask others __initdata;

	if (!tick_nohz_full_enabled() ||
	    (cpumask_andnot(&others, tick_nohz_full_mask, &lwk_core_mask) &&
	     cpumask_andnot(&others, &others, &lwk_syscall_mask)))
		return 0;
	return register_trace_cpuhp_exit(note_hotplug, NULL);
}

/**
 * lwk_quiet_init - tell them
 *
 * Context: late boot, process context.
 * Return: 0 or an error.
 */
int __init lwk_quiet_init(void)
{
	int cpu, err;

	keep_event_tables();
	cpus_read_lock();
	for_each_cpu_and(cpu, &lwk_core_mask, cpu_online_mask)
		lwk_perf_allow(cpu, false);
	cpus_read_unlock();
	pr_info("perf events that are not of a task are refused on LWK cores (ENODEV), see the enclave's file perf\n");

	apply_settings();
	make_swap_caches();
	lwk_hold_event_buffers();
	err = forbid_hotplug_ticks();
	if (err)
		return err;
	return register_trace_sched_process_exec(note_exec, NULL);
}
