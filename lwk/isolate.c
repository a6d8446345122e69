// SPDX-License-Identifier: GPL-2.0
/*
 * Boot-time isolation: lwkcpus= and all that it implies, and the answers to
 * "may this run there?" that the rest of the kernel asks.
 */
#define pr_fmt(fmt) "lwk: " fmt

#include <linux/cpu.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/printk.h>
#include <linux/sched/isolation.h>
#include <linux/tick.h>
#include <linux/topology.h>

#include "compat/isolation.h"
#include "internal.h"
#include "runqueue.h"

/* What a housekeeping type means is said in kernel/sched/isolation.c. */
#define LWK_HK_TYPES	(BIT(HK_TYPE_TIMER) | BIT(HK_TYPE_RCU) |	\
			 BIT(HK_TYPE_MISC) | BIT(HK_TYPE_SCHED) |	\
			 BIT(HK_TYPE_TICK) | BIT(HK_TYPE_DOMAIN) |	\
			 BIT(HK_TYPE_WQ) | BIT(HK_TYPE_MANAGED_IRQ) |	\
			 BIT(HK_TYPE_KTHREAD))

/* What would make a task wait that a syscall core serves. */
#define SYSCALL_HK_TYPES	(BIT(HK_TYPE_TIMER) | BIT(HK_TYPE_RCU) |	\
				 BIT(HK_TYPE_MISC) | BIT(HK_TYPE_TICK) | \
				 BIT(HK_TYPE_WQ) | BIT(HK_TYPE_KTHREAD))

/* Read by kernel entry code, which must not be patched later. */
DEFINE_STATIC_KEY_FALSE_RO(lwk_key);

/* Constant after boot. */
struct cpumask lwk_core_mask __ro_after_init;
struct cpumask lwk_syscall_mask __ro_after_init;
struct cpumask lwk_linux_mask __ro_after_init;

static char *lwkcpus_arg __initdata;
static char *lwkfor_arg __initdata;
static char boot_arg[LWK_ARG_MAX] __ro_after_init;

/*
 * Only remembered here: the cores of the machine are not known this early,
 * and nohz_full= or isolcpus= may stand behind.
 */
static int __init lwkcpus_setup(char *str)
{
	lwkcpus_arg = str;
	return 0;
}
early_param("lwkcpus", lwkcpus_setup);

static int __init lwkfor_setup(char *str)
{
	lwkfor_arg = str;
	return 0;
}
early_param("lwkfor", lwkfor_setup);

/* The value of lwkcpus= in force. */
const char *lwk_boot_arg(void)
{
	return boot_arg;
}

static void __init isolate_ticks(struct cpumask *cores)
{
	if (tick_nohz_full_running)
		cpumask_or(tick_nohz_full_mask, tick_nohz_full_mask, cores);
	else
		tick_nohz_full_setup(cores);
}

/*
 * Cores that were named to serve calls do nothing else for the kernel, and
 * have no tick while they serve one task, if Linux has others for all that.
 */
static void __init spare_syscall_cores(struct cpumask *cores)
{
	static struct cpumask rest __initdata;

	cpumask_andnot(&rest, &lwk_linux_mask, cores);
	if (cpumask_empty(cores) ||
	    !cpumask_intersects(&rest, cpu_present_mask))
		return;
	isolate_ticks(cores);
	housekeeping_exclude(cores, SYSCALL_HK_TYPES);
}

static int __init node_of(int cpu)
{
	return cpu_to_node(cpu);
}

/* Is what the others say meant for this machine? */
static bool __init is_ours(void)
{
	static char why[LWK_WHY_MAX] __initdata;

	if (!lwkfor_arg ||
	    !lwk_hardware_check(lwkfor_arg, cpu_present_mask, node_of, why))
		return true;
	pr_err("lwkfor=%s: %s: lwkcpus= ignored, this boots plain Linux\n",
	       lwkfor_arg, why);
	return false;
}

/**
 * lwk_boot_params - all boot parameters have been read
 *
 * Takes the cores named by lwkcpus= away from Linux, in addition to those
 * that nohz_full= and isolcpus= named. A value that makes no sense costs one
 * line in the log, and the machine boots as plain Linux; so does another
 * machine than lwkfor= tells of.
 *
 * Context: boot, before the page allocator; one core, interrupts off.
 */
void __init lwk_boot_params(void)
{
	static struct lwk_layout layout __initdata;

	if (!lwkcpus_arg || !is_ours())
		return;
	if (lwk_layout_parse(lwkcpus_arg, cpu_present_mask,
			     smp_processor_id(), &layout)) {
		pr_err("lwkcpus=%s: %s: ignored, this boots plain Linux\n",
		       lwkcpus_arg, layout.why);
		return;
	}

	strscpy(boot_arg, lwkcpus_arg);
	cpumask_copy(&lwk_core_mask, &layout.cores);
	cpumask_copy(&lwk_syscall_mask, &layout.syscall_cores);
	cpumask_andnot(&lwk_linux_mask, cpu_possible_mask, &lwk_core_mask);

	isolate_ticks(&lwk_core_mask);
	housekeeping_exclude(&lwk_core_mask, LWK_HK_TYPES);
	spare_syscall_cores(&layout.syscall_cores);
	lwk_arch_isolate();
	static_branch_enable(&lwk_key);

	pr_info("lwkcpus=%s implies nohz_full, rcu_nocbs, isolcpus=domain,managed_irq and irqaffinity for cores %*pbl, tsc=reliable, no fair server there\n",
		boot_arg, cpumask_pr_args(&lwk_core_mask));
}

/*
 * irqaffinity=: the mask exists now, and no other core than this one is up,
 * so no interrupt was routed to an LWK core before.
 */
static int __init isolate_irqs(void)
{
	if (lwk_enabled())
		cpumask_andnot(irq_default_affinity, irq_default_affinity,
			       &lwk_core_mask);
	return 0;
}
early_initcall(isolate_irqs);

/**
 * __lwk_task_mask - on which cores may a task run at all?
 * @p: the task; the caller holds a reference or it is current.
 *
 * A member may run on the cores of its reservation. Should all of them be
 * down (suspend), it may run with Linux rather than nowhere. One that is away
 * runs with Linux, but it is asked for its own cores nevertheless, see
 * away_set_affinity().
 *
 * Context: any.
 * Return: a mask that lives as long as @p.
 */
const struct cpumask *__lwk_task_mask(const struct task_struct *p)
{
	const struct lwk_rsv *rsv = READ_ONCE(p->lwk.rsv);

	if (!rsv)
		return &lwk_linux_mask;
	if (READ_ONCE(p->lwk.away))
		return cpu_possible_mask;
	return cpumask_intersects(&rsv->cores, cpu_active_mask) ?
	       &rsv->cores : &lwk_linux_mask;
}

/**
 * __lwk_fallback_mask - where does a task go whose own cores are all down?
 * @p: the task; the caller holds a reference or it is current.
 *
 * A task of Linux goes to cores that work for the kernel anyway. If none of
 * them is up, to others: when the machine boots there is but one core, which
 * may be one that is to do nothing but serve calls.
 *
 * Context: any.
 * Return: a mask that lives as long as @p.
 */
const struct cpumask *__lwk_fallback_mask(const struct task_struct *p)
{
	const struct cpumask *rest = housekeeping_cpumask(HK_TYPE_TICK);

	if (READ_ONCE(p->lwk.rsv) || !cpumask_intersects(rest, cpu_active_mask))
		return __lwk_task_mask(p);
	return rest;
}

/**
 * __lwk_task_allowed - may a user task run on a core?
 * @p: the task; the caller holds a reference or it is current.
 * @cpu: the core.
 *
 * Context: any.
 */
bool __lwk_task_allowed(const struct task_struct *p, int cpu)
{
	if (READ_ONCE(p->lwk.away))
		return cpumask_test_cpu(cpu, &lwk_linux_mask);
	return cpumask_test_cpu(cpu, __lwk_task_mask(p));
}

/*
 * A member that is away is asked to run elsewhere in future: that is what it
 * finds when it comes home. Where Linux runs it until then does not change.
 * A user who names none of its cores gets the error that he would get if it
 * were at home; a cpuset without them changes nothing.
 */
static void away_set_affinity(struct task_struct *p,
			      struct affinity_context *ctx,
			      struct cpumask *tmp)
{
	if (ctx->flags & (SCA_MIGRATE_ENABLE | SCA_MIGRATE_DISABLE))
		return;
	if (cpumask_and(tmp, ctx->new_mask, &p->lwk.rsv->cores)) {
		cpumask_copy(p->lwk.affinity, tmp);
		ctx->new_mask = &p->cpus_mask;
	} else {
		ctx->new_mask = ctx->flags & SCA_USER ? cpu_none_mask :
							&p->cpus_mask;
	}
}

/**
 * __lwk_affinity - the affinity of a task as its user knows it
 * @p: the task; the caller holds a reference or it is current.
 *
 * Context: @p->pi_lock held, or the answer may be of a moment ago.
 */
const struct cpumask *__lwk_affinity(const struct task_struct *p)
{
	return READ_ONCE(p->lwk.away) ? p->lwk.affinity : &p->cpus_mask;
}

/**
 * __lwk_set_affinity - keep kernel threads of Linux off LWK cores
 * @p: whose affinity changes; nothing is done for a user task that is not
 *	away, which __lwk_task_mask() restricts already.
 * @ctx: the change; its new_mask is replaced where it names LWK cores.
 * @tmp: memory for another mask.
 *
 * Threads which belong to one core stay: bound ones, and those which the
 * kernel sends to one single core on purpose. Others (kswapd of a node, an
 * interrupt thread) lose the LWK cores of their mask.
 *
 * Context: @p->pi_lock and the lock of its run queue held.
 */
void __lwk_set_affinity(struct task_struct *p, struct affinity_context *ctx,
			struct cpumask *tmp)
{
	lockdep_assert_held(&p->pi_lock);

	if (p->lwk.away) {
		away_set_affinity(p, ctx, tmp);
		return;
	}
	if (!(p->flags & PF_KTHREAD) || (p->flags & PF_NO_SETAFFINITY) ||
	    kthread_is_per_cpu(p) ||
	    (ctx->flags & (SCA_MIGRATE_ENABLE | SCA_MIGRATE_DISABLE)) ||
	    !cpumask_intersects(ctx->new_mask, &lwk_core_mask))
		return;

	if (cpumask_andnot(tmp, ctx->new_mask, &lwk_core_mask))
		ctx->new_mask = tmp;
	else if (cpumask_weight(ctx->new_mask) > 1)
		ctx->new_mask = housekeeping_cpumask(HK_TYPE_KTHREAD);
}

static DEFINE_PER_CPU(struct cpumask, irq_mask);

/**
 * __lwk_irq_affinity - keep device interrupts off LWK cores
 * @mask: where the interrupt was asked to go; becomes the same without LWK
 *	cores, valid until the lock is dropped. May be what an earlier call
 *	made of it.
 *
 * Context: lock of the interrupt held, interrupts off.
 * Return: false if no core is left.
 */
bool __lwk_irq_affinity(const struct cpumask **mask)
{
	struct cpumask *rest = this_cpu_ptr(&irq_mask);

	lockdep_assert_irqs_disabled();
	cpumask_andnot(rest, *mask, &lwk_core_mask);
	*mask = rest;
	return !cpumask_empty(rest);
}
