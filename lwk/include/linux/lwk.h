/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What Linux calls in the lightweight kernel: the only header that files of
 * Linux include. Each hook is named after its event, does nothing but test a
 * static key on a machine without LWK cores, and vanishes without CONFIG_LWK.
 */
#ifndef _LINUX_LWK_H
#define _LINUX_LWK_H

#include <linux/cpumask.h>
#include <linux/instrumentation.h>
#include <linux/jump_label.h>
#include <linux/percpu.h>
#include <linux/smp.h>

struct affinity_context;
struct pt_regs;
struct sched_class;
struct seq_file;
struct task_struct;
struct work_struct;

#ifdef CONFIG_LWK

DECLARE_STATIC_KEY_FALSE(lwk_key);

/* Is there any LWK core? Decided by the boot parameter lwkcpus=. */
static __always_inline bool lwk_enabled(void)
{
	return static_branch_unlikely(&lwk_key);
}

extern struct cpumask lwk_core_mask;
DECLARE_PER_CPU(atomic_t, lwk_debt);

/* Any context. Is @cpu an LWK core? */
static inline bool lwk_owns_cpu(int cpu)
{
	return lwk_enabled() && cpumask_test_cpu(cpu, &lwk_core_mask);
}

/* Preemption off. Is this an LWK core? */
static inline bool lwk_owns_this_cpu(void)
{
	return lwk_enabled() &&
	       cpumask_test_cpu(smp_processor_id(), &lwk_core_mask);
}

void lwk_boot_params(void);
void housekeeping_exclude(struct cpumask *cpus, unsigned long types);

const struct cpumask *__lwk_task_mask(const struct task_struct *p);
const struct cpumask *__lwk_fallback_mask(const struct task_struct *p);
bool __lwk_task_allowed(const struct task_struct *p, int cpu);
void __lwk_set_affinity(struct task_struct *p, struct affinity_context *ctx,
			struct cpumask *tmp);
const struct cpumask *__lwk_affinity(const struct task_struct *p);
const struct sched_class *__lwk_class(const struct task_struct *p,
				      const struct sched_class *class);
void __lwk_sched_fork(struct task_struct *p, unsigned long clone_flags);
void __lwk_task_dup(struct task_struct *p);
void __lwk_task_post_fork(struct task_struct *p);
void __lwk_task_exit(struct task_struct *p);
void __lwk_task_free(struct task_struct *p);
void __lwk_idle_enter(void);
void __lwk_idle_exit(void);
bool __lwk_irq_affinity(const struct cpumask **mask);
bool __lwk_ipi_deferred(int cpu, smp_call_func_t func);
int __lwk_work_cpu(int cpu, const struct work_struct *work);
void __lwk_pay_debt(void);
void __lwk_collect_debts(void);
void __lwk_exit_work(unsigned long ti_work);
void __lwk_irq_from_user(const struct pt_regs *regs);
void __lwk_user_fault(unsigned long address);
void __lwk_irq_to_user(const struct pt_regs *regs);

/* Any context. The cores on which @p may run at all. */
static inline const struct cpumask *lwk_task_mask(const struct task_struct *p)
{
	return lwk_enabled() ? __lwk_task_mask(p) : cpu_possible_mask;
}

/* Any context. May @p, a user task, run on @cpu? */
static inline bool lwk_task_allowed(const struct task_struct *p, int cpu)
{
	return !lwk_enabled() || __lwk_task_allowed(p, cpu);
}

/* How a kernel knows that not every core is for every task. */
#define task_cpu_possible_mask(p)	lwk_task_mask(p)
#define task_cpu_possible(cpu, p)	lwk_task_allowed(p, cpu)

/* Where a task goes that finds no core; only newer kernels ask. */
#define task_cpu_fallback_mask(p) \
	(lwk_enabled() ? __lwk_fallback_mask(p) : housekeeping_cpumask(HK_TYPE_TICK))

/* pi_lock and run queue lock held. @ctx is about to become @p's affinity. */
static inline void lwk_set_affinity(struct task_struct *p,
				    struct affinity_context *ctx,
				    struct cpumask *tmp)
{
	if (lwk_enabled())
		__lwk_set_affinity(p, ctx, tmp);
}

/* The affinity of @p as user mode is to see it. Stable with pi_lock held. */
#define lwk_affinity(p) ({						\
	const struct task_struct *__p = (p);				\
									\
	lwk_enabled() ? __lwk_affinity(__p) : &__p->cpus_mask;		\
})

/* pi_lock and run queue lock held. @class is what Linux chose for @p. */
static inline const struct sched_class *
lwk_class(const struct task_struct *p, const struct sched_class *class)
{
	return lwk_enabled() ? __lwk_class(p, class) : class;
}

/* Process context. The unborn @p got its class. */
static inline void lwk_sched_fork(struct task_struct *p,
				  unsigned long clone_flags)
{
	if (lwk_enabled())
		__lwk_sched_fork(p, clone_flags);
}

/* Process context. @p is a bitwise copy of its parent, current. */
static inline void lwk_task_dup(struct task_struct *p)
{
	if (lwk_enabled())
		__lwk_task_dup(p);
}

/* Process context. @p will certainly be woken for the first time. */
static inline void lwk_task_post_fork(struct task_struct *p)
{
	if (lwk_enabled())
		__lwk_task_post_fork(p);
}

/* Process context. current is past its last user-visible act but wait(). */
static inline void lwk_task_exit(struct task_struct *p)
{
	if (lwk_enabled())
		__lwk_task_exit(p);
}

/* Any context that may free memory. The last reference to @p is gone. */
static inline void lwk_task_free(struct task_struct *p)
{
	if (lwk_enabled())
		__lwk_task_free(p);
}

/* Idle task, interrupts on, polling flag set. The core has nothing to run. */
static inline void lwk_idle_enter(void)
{
	if (lwk_enabled())
		__lwk_idle_enter();
}

/* The same, when it has got something to run. */
static inline void lwk_idle_exit(void)
{
	if (lwk_enabled())
		__lwk_idle_exit();
}

/*
 * irq_desc lock held. An interrupt is about to be sent to the cores @mask.
 * False if it may be sent to none of them.
 */
static inline bool lwk_irq_affinity(const struct cpumask **mask, bool force)
{
	return !lwk_enabled() || force || __lwk_irq_affinity(mask);
}

/*
 * Preemption off. A cross call of @func is about to be sent to @cpu. True if
 * the core will have done the like before it needs to have.
 */
static inline bool lwk_ipi_deferred(int cpu, smp_call_func_t func)
{
	return lwk_owns_cpu(cpu) && __lwk_ipi_deferred(cpu, func);
}

/*
 * Any context. Work is queued for @cpu, which may be none in particular; the
 * core which shall do it.
 */
static inline int lwk_work_cpu(int cpu, const struct work_struct *work)
{
	return lwk_enabled() && cpu < nr_cpu_ids && lwk_owns_cpu(cpu) ?
	       __lwk_work_cpu(cpu, work) : cpu;
}

/*
 * Any context. Must page tables of the kernel stay once they are there? A
 * core that has not paid its debt might walk them speculatively.
 */
static inline bool lwk_keeps_page_tables(void)
{
	return lwk_enabled();
}

/* Process context, interrupts on. A mapping is gone that nobody may still use. */
static inline void lwk_collect_debts(void)
{
	if (lwk_enabled())
		__lwk_collect_debts();
}

/*
 * Kernel entry, interrupts off or NMI, nothing may be instrumented. RCU has
 * just begun to watch, or an NMI came.
 */
static __always_inline void lwk_kernel_entry(void)
{
	if (lwk_enabled() && raw_atomic_read(raw_cpu_ptr(&lwk_debt)))
		__lwk_pay_debt();
}

/* Interrupts off, RCU watches. User mode was left, not by a system call. */
static __always_inline void lwk_irq_from_user(const struct pt_regs *regs)
{
	instrumentation_begin();
	if (lwk_owns_this_cpu())
		__lwk_irq_from_user(regs);
	instrumentation_end();
}

/* User mode had a page fault, which is served next. Interrupts on, may sleep. */
static __always_inline void lwk_user_fault(unsigned long address)
{
	if (lwk_enabled() && current->lwk.rsv)
		__lwk_user_fault(address);
}

/* Interrupts off. That has been handled; signals and scheduling have not. */
static __always_inline void lwk_irq_to_user(const struct pt_regs *regs)
{
	if (lwk_owns_this_cpu())
		__lwk_irq_to_user(regs);
}

/* Work is pending on the way to user mode. Interrupts on, may sleep. */
static __always_inline void lwk_exit_work(unsigned long ti_work)
{
	if (lwk_enabled())
		__lwk_exit_work(ti_work);
}

#else /* CONFIG_LWK */

static inline bool lwk_owns_cpu(int cpu)
{
	return false;
}

static inline bool lwk_owns_this_cpu(void)
{
	return false;
}

#define lwk_affinity(p)	((const struct cpumask *)&(p)->cpus_mask)

static inline void lwk_boot_params(void) { }
static inline void lwk_set_affinity(struct task_struct *p,
				    struct affinity_context *ctx,
				    struct cpumask *tmp) { }

static inline const struct sched_class *
lwk_class(const struct task_struct *p, const struct sched_class *class)
{
	return class;
}

static inline void lwk_sched_fork(struct task_struct *p,
				  unsigned long clone_flags) { }
static inline void lwk_task_dup(struct task_struct *p) { }
static inline void lwk_task_post_fork(struct task_struct *p) { }
static inline void lwk_task_exit(struct task_struct *p) { }
static inline void lwk_task_free(struct task_struct *p) { }
static inline void lwk_idle_enter(void) { }
static inline void lwk_idle_exit(void) { }

static inline bool lwk_irq_affinity(const struct cpumask **mask, bool force)
{
	return true;
}

static inline bool lwk_keeps_page_tables(void)
{
	return false;
}

static inline bool lwk_ipi_deferred(int cpu, smp_call_func_t func)
{
	return false;
}

static inline int lwk_work_cpu(int cpu, const struct work_struct *work)
{
	return cpu;
}

static inline void lwk_collect_debts(void) { }
static __always_inline void lwk_exit_work(unsigned long ti_work) { }
static __always_inline void lwk_kernel_entry(void) { }
static __always_inline void lwk_irq_from_user(const struct pt_regs *regs) { }
static __always_inline void lwk_user_fault(unsigned long address) { }
static __always_inline void lwk_irq_to_user(const struct pt_regs *regs) { }

#endif /* CONFIG_LWK */

#ifdef CONFIG_LWK_MEMORY

void __lwk_meminfo(struct seq_file *m);

/* Process context. /proc/meminfo is being read. */
static inline void lwk_meminfo(struct seq_file *m)
{
	if (lwk_enabled())
		__lwk_meminfo(m);
}

#else /* CONFIG_LWK_MEMORY */

static inline void lwk_meminfo(struct seq_file *m) { }

#endif /* CONFIG_LWK_MEMORY */

#endif /* _LINUX_LWK_H */
