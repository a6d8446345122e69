// SPDX-License-Identifier: GPL-2.0
/*
 * Broadcasts that a core in user mode need not answer at once.
 *
 * Linux interrupts all cores when it has patched code or taken a kernel
 * mapping away. A core in user mode executes none of that code and uses none
 * of these mappings before its next kernel entry, so the sender leaves a
 * note, the *debt*, and the core pays at the entry.
 *
 * Why none is lost: the sender writes the debt, passes a full barrier and
 * reads the core's context tracking state; the core changes that state by a
 * fully ordered operation on its way in and reads the debt behind it. At
 * least one of them sees the other: either the sender finds the core in the
 * kernel and interrupts it, or the core finds the debt. Paying twice, or for
 * a debt whose interrupt came as well, is harmless.
 *
 * What runs between the entry and the payment must not be patchable and must
 * not touch mappings that change: scripts/entry-audit looks at the binary.
 */
#define pr_fmt(fmt) "lwk: " fmt

#include <linux/context_tracking.h>
#include <linux/init.h>
#include <linux/kallsyms.h>
#include <linux/memory.h>
#include <linux/printk.h>
#include <linux/workqueue.h>

#include "compat/isolation.h"
#include "internal.h"

DEFINE_PER_CPU(atomic_t, lwk_debt);
static DEFINE_PER_CPU(unsigned long, lwk_paid);

/*
 * The functions are known by name because the places that broadcast them are
 * many and in many files, while the place that sends is one. A function that
 * is missing or not unique on some kernel is not deferred, and the log says
 * so; the KUnit test insists on all of them.
 */
struct lwk_broadcast {
	const char *name;
	int debt;		/* 0: to have been in user mode is enough */
	unsigned long func;
};

static struct lwk_broadcast broadcasts[] __ro_after_init = {
	/* code has been patched: text_poke_sync() */
	{ "do_sync_core", LWK_DEBT_SYNC },
	/* kernel mappings have changed: vunmap, set_memory, modules */
	{ "do_flush_tlb_all", LWK_DEBT_TLB },
	{ "do_kernel_range_flush", LWK_DEBT_TLB },
	{ LWK_CPA_FLUSH, LWK_DEBT_TLB },
	/* page tables of users are freed: is anybody walking them? */
	{ "tlb_remove_table_smp_sync", 0 },
	/* a read barrier for the function tracer; the entry has one */
	{ "ftrace_sync_ipi", 0 },
};

/*
 * Work for each core which is nothing to do for a core in user mode. It is
 * done by a core of Linux instead, which is harmless.
 */
static struct lwk_broadcast works[] __ro_after_init = {
	/* frees mappings; the node's number is taken for a core's */
	{ "purge_vmap_node" },
	/* folds counters; those of an LWK core stay below their threshold */
	{ "refresh_vm_stats" },
	{ "sync_overcommit_as" },
	/* user mode is all that they wait for */
	{ "rcu_tasks_be_rude" },
	{ "klp_sync" },
};

/* Set for good when memory goes away, see memory_changes(). */
static bool tlb_at_once __read_mostly;

/*
 * Is @cpu in user mode, as seen after all that the caller did before? A core
 * which an NMI took out of user mode is not: RCU watches it. Idle is not
 * either, the idle loop is patchable itself.
 */
static bool in_user_mode(int cpu)
{
	int state;

	smp_mb(); /* pairs with ct_state_inc() of the kernel entry */
	state = atomic_read(&per_cpu(context_tracking, cpu).state);
	return (state & CT_STATE_MASK) == CT_STATE_USER &&
	       !(state & CT_RCU_WATCHING);
}

static const struct lwk_broadcast *find(const struct lwk_broadcast *list,
					size_t nr, const void *func)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (list[i].func && list[i].func == (unsigned long)func)
			return &list[i];
	}
	return NULL;
}

/**
 * __lwk_ipi_deferred - may a cross call to an LWK core wait?
 * @cpu: the LWK core, another than this one.
 * @func: what it is to call.
 *
 * Context: preemption off.
 * Return: true if the core is in user mode and will have done the equivalent
 * of @func before it executes anything of the kernel that could depend on it.
 */
bool __lwk_ipi_deferred(int cpu, smp_call_func_t func)
{
	const struct lwk_broadcast *b;

	lockdep_assert_preemption_disabled();

	b = find(broadcasts, ARRAY_SIZE(broadcasts), func);
	if (!b || (b->debt == LWK_DEBT_TLB && READ_ONCE(tlb_at_once)))
		return false;
	/* Do not burden a core that will be interrupted anyway. */
	if (!in_user_mode(cpu))
		return false;
	if (b->debt) {
		atomic_or(b->debt, &per_cpu(lwk_debt, cpu));
		/* Now that the debt can be seen, it must be seen. */
		if (!in_user_mode(cpu))
			return false;
	}
	lwk_core_stat_inc(cpu, DEFERRED);
	return true;
}

/**
 * __lwk_work_cpu - where does work for an LWK core run?
 * @cpu: the LWK core.
 * @work: the work.
 *
 * Context: any.
 * Return: @cpu, or WORK_CPU_UNBOUND if the core is in user mode and the work
 * is none that depends on where it runs.
 */
int __lwk_work_cpu(int cpu, const struct work_struct *work)
{
	if (!find(works, ARRAY_SIZE(works), work->func) || !in_user_mode(cpu))
		return cpu;
	lwk_core_stat_inc(cpu, DEFERRED);
	return WORK_CPU_UNBOUND;
}

/**
 * __lwk_pay_debt - the core has just entered the kernel and is in debt
 *
 * The debt is cleared after it has been paid, so that an NMI in between pays
 * for itself. A sender that adds to it meanwhile sees this core in the kernel
 * and interrupts it.
 *
 * Context: kernel entry: no instrumentation, interrupts off, or NMI.
 */
noinstr void __lwk_pay_debt(void)
{
	atomic_t *debt = raw_cpu_ptr(&lwk_debt);
	int due = raw_atomic_read(debt);

	lwk_arch_pay(due);
	raw_atomic_andnot(due, debt);
	raw_cpu_inc(lwk_paid);
}

static bool owes_flush(int cpu, void *unused)
{
	return atomic_read(&per_cpu(lwk_debt, cpu)) & LWK_DEBT_TLB;
}

/* The interrupt was a kernel entry, and the debt is paid. */
static void paid(void *unused)
{
}

/**
 * __lwk_collect_debts - have all flushes done that LWK cores still owe
 *
 * For mappings that must not exist any more, whoever could use them: two
 * mappings of a page with different cache attributes are undefined.
 *
 * Context: process context, interrupts on.
 */
void __lwk_collect_debts(void)
{
	on_each_cpu_cond_mask(owes_flush, paid, NULL, true, &lwk_core_mask);
}

/**
 * lwk_paid_by - how often has a core paid what it owed?
 * @cpu: the core.
 *
 * Context: any.
 */
unsigned long lwk_paid_by(int cpu)
{
	return READ_ONCE(per_cpu(lwk_paid, cpu));
}

/*
 * The page tables of memory that is removed are freed at once, and a core in
 * user mode might still walk them speculatively: no deferral from here on.
 */
static int memory_changes(struct notifier_block *nb, unsigned long action,
			  void *data)
{
	if (action == MEM_GOING_OFFLINE && !READ_ONCE(tlb_at_once)) {
		WRITE_ONCE(tlb_at_once, true);
		pr_warn("memory goes offline: from now on, flushes of kernel mappings interrupt LWK cores\n");
	}
	return NOTIFY_OK;
}

static int __init note_match(void *data, unsigned long addr)
{
	struct lwk_broadcast *b = data;

	if (b->func)
		return -EEXIST;
	b->func = addr;
	return 0;
}

static void __init resolve(struct lwk_broadcast *list, size_t nr)
{
	struct lwk_broadcast *b;

	for (b = list; b < list + nr; b++) {
		if (kallsyms_on_each_match_symbol(note_match, b->name, b)) {
			pr_warn("%s is not unique and not deferred\n", b->name);
			b->func = 0;
		}
	}
}

/**
 * lwk_debt_init - from now on, broadcasts are deferred
 *
 * Context: late boot, process context.
 */
void __init lwk_debt_init(void)
{
	resolve(broadcasts, ARRAY_SIZE(broadcasts));
	resolve(works, ARRAY_SIZE(works));
	hotplug_memory_notifier(memory_changes, DEFAULT_CALLBACK_PRI);
}

#if IS_ENABLED(CONFIG_LWK_KUNIT_TEST)
#include "tests/debt_test.c"
#endif
