// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: what frozen memory costs, and whom.
 *
 * As long as the segment is there, its maker pays for all of it. Afterwards
 * what nobody has attached is freed (prune.c), and each process pays for what it
 * has attached, once for each permit, but for no more than there is. The pages
 * count in its address space (payer.c), and against the limit of its user.
 *
 * The memory cgroup is that of the maker at all times: frozen memory has an
 * mm_struct, whose owner is the task that leads the maker's threads. It is
 * never current's in that mm, so that Linux does not look for the next owner
 * when it exits; a reference keeps the task and, with it, its cgroups.
 */
#include <linux/mm.h>
#include <linux/percpu_counter.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "bill.h"
#include "xemem.h"

/* What the kernel has for a frozen space besides, at least. */
#define OVERHEAD_PAGES	3

/* So many holders are looked at under the lock. */
#define BATCH		64

/* So many page tables more, or such a part of them, and it is made anew. */
#define TABLES_MORE	8
#define TABLES_PART	16

static void charge(struct xemem_process *p, long pages)
{
	xemem_payer_charge(p->payer, pages);
	xemem_charge_many(p->account, XEMEM_QUOTA_FROZEN, pages);
}

static unsigned long tables_of(struct mm_struct *mm)
{
	return mm_pgtables_bytes(mm) >> PAGE_SHIFT;
}

/*
 * To the page, as that many small ones would be nothing otherwise. What the
 * OOM killer counts of any other process.
 */
static unsigned long resident_of(struct mm_struct *mm)
{
	s64 pages = tables_of(mm) + OVERHEAD_PAGES;

	for (int i = 0; i < NR_MM_COUNTERS; i++)
		pages += percpu_counter_sum_positive(&mm->rss_stat[i]);
	return pages;
}

/**
 * xemem_bill_open - memory is about to be frozen
 * @p: current, who pays for it from now on.
 * @mm: where it will be.
 *
 * Context: process context, may sleep.
 * Return: the bill, which xemem_bill_end() closes; or NULL.
 */
struct xemem_bill *xemem_bill_open(struct xemem_process *p,
				   struct mm_struct *mm)
{
	struct xemem_bill *bill = xemem_new(XEMEM_BILL);

	if (!bill)
		return NULL;
	spin_lock_init(&bill->lock);
	INIT_LIST_HEAD(&bill->holders);
	INIT_LIST_HEAD(&bill->unpassed);
	kref_get(&p->kref);
	bill->maker = p;
	bill->owner = get_task_struct(current->group_leader);
	xemem_mm_set_owner(mm, bill->owner);
	return bill;
}

/**
 * xemem_bill_check - may current freeze so much of its address space?
 * @bill: of current.
 * @pages: of address space, in this bill.
 *
 * Context: process context; mmap_lock is held.
 * Return: 0 or -ENOMEM: it is more than RLIMIT_AS.
 */
int xemem_bill_check(struct xemem_bill *bill, unsigned long pages)
{
	return xemem_payer_check(bill->maker->payer, pages - bill->mapped);
}

/* Under the lock. */
static void set_resident(struct xemem_bill *bill, struct mm_struct *mm)
{
	unsigned long resident = resident_of(mm);

	lockdep_assert_held(&bill->lock);
	WRITE_ONCE(bill->tables, tables_of(mm));
	if (bill->maker)
		charge(bill->maker, resident - bill->resident);
	bill->resident = resident;
}

/**
 * xemem_bill_update - memory was frozen, or a part of it
 * @bill: of current.
 * @mm: where it is.
 *
 * Context: process context, may sleep.
 * Return: 0; -EDQUOT: current's user has too much.
 */
int xemem_bill_update(struct xemem_bill *bill, struct mm_struct *mm)
{
	struct xemem_process *maker = bill->maker;

	scoped_guard(spinlock, &bill->lock) {
		set_resident(bill, mm);
		xemem_payer_map(maker->payer, mm->total_vm - bill->mapped);
		bill->mapped = mm->total_vm;
	}
	return xemem_charge_check(maker->account, XEMEM_QUOTA_FROZEN);
}

/* Under the lock: @holder pays for what it has attached, if the maker does not. */
static void settle(struct xemem_bill *bill, struct xemem_holder *holder)
{
	struct xemem_permit *permit = container_of(holder, struct xemem_permit,
						   holder);
	unsigned long due = bill->maker || bill->ended ? 0 :
			    min(holder->pages, bill->resident);

	lockdep_assert_held(&bill->lock);
	if (due == holder->paid)
		return;
	charge(permit->process, due - holder->paid);
	holder->paid = due;
}

/* Some of those who are to be settled. Are there any more? */
static bool settle_some(struct xemem_bill *bill)
{
	struct xemem_holder *holder;
	int nr = 0;

	guard(spinlock)(&bill->lock);
	while (nr++ < BATCH && !list_empty(&bill->unpassed)) {
		holder = list_first_entry(&bill->unpassed, struct xemem_holder,
					  node);
		settle(bill, holder);
		list_move_tail(&holder->node, &bill->holders);
	}
	return !list_empty(&bill->unpassed);
}

/**
 * xemem_bill_refresh - frozen memory was looked at, or given up in part
 * @bill: of it.
 * @mm: where it is.
 * @less: there may be less of it.
 *
 * Where there was nothing, to look at it costs page tables; if the maker is
 * gone, those pay who have it attached.
 *
 * Context: process context, may sleep; mmap_lock may be held.
 */
void xemem_bill_refresh(struct xemem_bill *bill, struct mm_struct *mm,
			bool less)
{
	unsigned long tables = READ_ONCE(bill->tables);

	if (!less && tables_of(mm) <= tables + tables / TABLES_PART + TABLES_MORE)
		return;
	scoped_guard(spinlock, &bill->lock) {
		if (bill->ended)
			return;
		set_resident(bill, mm);
		if (!bill->maker)
			list_splice_init(&bill->holders, &bill->unpassed);
	}
	while (settle_some(bill))
		cond_resched();
}

/**
 * xemem_bill_hold - one more attachment
 * @bill: of its space; NULL: nothing to pay.
 * @permit: of the attachment.
 * @pages: of the attachment.
 *
 * Context: process context.
 */
void xemem_bill_hold(struct xemem_bill *bill, struct xemem_permit *permit,
		     unsigned long pages)
{
	struct xemem_holder *holder = &permit->holder;

	if (!bill)
		return;
	guard(spinlock)(&bill->lock);
	if (list_empty(&holder->node))
		list_add(&holder->node, &bill->holders);
	holder->pages += pages;
	settle(bill, holder);
}

/**
 * xemem_bill_release - one attachment less
 * @bill: of its space; NULL: nothing to pay.
 * @permit: of the attachment.
 * @pages: of the attachment.
 *
 * Context: process context; mmap_lock may be held.
 */
void xemem_bill_release(struct xemem_bill *bill, struct xemem_permit *permit,
			unsigned long pages)
{
	struct xemem_holder *holder = &permit->holder;

	if (!bill)
		return;
	guard(spinlock)(&bill->lock);
	holder->pages -= pages;
	settle(bill, holder);
	if (!holder->pages)
		list_del_init(&holder->node);
}

/* Under the lock: all holders are to be settled anew. */
static struct xemem_process *leave_maker(struct xemem_bill *bill)
{
	struct xemem_process *maker = bill->maker;

	lockdep_assert_held(&bill->lock);
	WRITE_ONCE(bill->maker, NULL);
	list_splice_init(&bill->holders, &bill->unpassed);
	if (!maker)
		return NULL;
	charge(maker, -(long)bill->resident);
	xemem_payer_map(maker->payer, -(long)bill->mapped);
	return maker;
}

/**
 * xemem_bill_pass - a segment is removed: those pay who have it attached
 * @bill: of its space.
 *
 * Context: process context, may sleep.
 */
void xemem_bill_pass(struct xemem_bill *bill)
{
	struct xemem_process *maker;

	scoped_guard(spinlock, &bill->lock)
		maker = leave_maker(bill);
	while (settle_some(bill))
		cond_resched();
	if (maker)
		xemem_process_put(maker);
}

/**
 * xemem_bill_is_passed - does its maker pay no more?
 * @bill: of a space that is attached.
 *
 * Context: any.
 */
bool xemem_bill_is_passed(struct xemem_bill *bill)
{
	return !READ_ONCE(bill->maker);
}

/**
 * xemem_bill_end - frozen memory goes
 * @bill: of its space.
 * @mm: where it is.
 *
 * Context: process context; mmap_lock may be held.
 */
void xemem_bill_end(struct xemem_bill *bill, struct mm_struct *mm)
{
	struct xemem_process *maker;

	xemem_mm_set_owner(mm, NULL);
	scoped_guard(spinlock, &bill->lock) {
		bill->ended = true;
		maker = leave_maker(bill);
	}
	while (settle_some(bill))
		;
	if (maker)
		xemem_process_put(maker);
}

static void free_rcu(struct rcu_head *rcu)
{
	struct xemem_bill *bill = container_of(rcu, struct xemem_bill, rcu);

	put_task_struct(bill->owner);
	xemem_free(XEMEM_BILL, bill);
}

/**
 * xemem_bill_free - nobody refers to it any more
 * @bill: it, which xemem_bill_end() has closed.
 *
 * Who has seen the owner of its mm_struct is under RCU.
 *
 * Context: any.
 */
void xemem_bill_free(struct xemem_bill *bill)
{
	call_rcu(&bill->rcu, free_rcu);
}
