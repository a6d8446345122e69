// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: who pays for frozen memory, which no process has in its address space.
 *
 * As long as the segment is there, its maker does, whose end is the end of the
 * segment. Afterwards each process does that has it attached: once for each
 * permit with which it has. To pay means that the OOM killer adds the pages to
 * the process's own, and that they count against the limit of its user.
 *
 * The memory cgroup is that of the maker at all times: frozen memory has an
 * mm_struct, whose owner is the task that leads the maker's threads. It is
 * never current's in that mm, so that Linux does not look for the next owner
 * when it exits; a reference keeps the task and, with it, its cgroups.
 */
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/percpu_counter.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "xemem.h"

/* What the kernel has for a frozen space besides, at least. */
#define OVERHEAD_PAGES	3

/* So long the OOM killer waits for a process that it has killed. */
#define VICTIM_MS	1000

/**
 * struct xemem_payer - a process that may have to pay
 * @node: by @pid.
 * @rcu: freed after a grace period.
 * @nr: of references.
 * @pid: of its threads' leader, with a reference: stays, whatever is executed.
 * @account: of its user, when it opened the device, with a reference.
 * @resident: pages that it pays for.
 * @mapped: pages of address space that it has frozen, and pays for.
 */
struct xemem_payer {
	struct hlist_node node;
	struct rcu_head rcu;
	unsigned int nr;
	struct pid *pid;
	struct xemem_account *account;
	atomic_long_t resident;
	atomic_long_t mapped;
};

/**
 * struct xemem_bill - what a frozen space costs, and whom
 * @rcu: freed after a grace period.
 * @owner: of its mm_struct, with a reference.
 * @resident: pages that it had when it was made; nobody writes there, so that
 *	it has no more of its own later.
 * @mapped: pages of its address space.
 * @lock: protects the rest.
 * @maker: who pays; NULL: @holders do, or nobody any more.
 * @holders: permits with which it is attached.
 * @ended: its memory is gone.
 */
struct xemem_bill {
	struct rcu_head rcu;
	struct task_struct *owner;
	unsigned long resident;
	unsigned long mapped;
	spinlock_t lock;	/* the rest */
	struct xemem_payer *maker;
	struct list_head holders;
	bool ended;
};

/* Payers, and how many refer to them. */
static DEFINE_SPINLOCK(lock);
static DEFINE_HASHTABLE(payers, 8);

/* Under RCU or the lock. */
static struct xemem_payer *find(const struct pid *pid)
{
	struct xemem_payer *payer;

	hash_for_each_possible_rcu(payers, payer, node, (unsigned long)pid,
				   lockdep_is_held(&lock))
		if (payer->pid == pid)
			return payer;
	return NULL;
}

/**
 * xemem_payer_get - current as one who pays
 * @account: of its user.
 *
 * Context: process context, may sleep.
 * Return: with a reference; NULL: there is no memory for it.
 */
struct xemem_payer *xemem_payer_get(struct xemem_account *account)
{
	struct xemem_payer *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	struct xemem_payer *payer;

	if (!new)
		return NULL;
	new->account = xemem_account_hold(account);
	new->pid = get_task_pid(current, PIDTYPE_TGID);
	scoped_guard(spinlock, &lock) {
		payer = find(new->pid);
		if (!payer) {
			payer = new;
			hash_add_rcu(payers, &new->node,
				     (unsigned long)new->pid);
		}
		payer->nr++;
	}
	if (payer != new) {
		xemem_account_put(new->account);
		put_pid(new->pid);
		kfree(new);
	}
	return payer;
}

/**
 * xemem_payer_put - drop a reference
 * @payer: it.
 *
 * Context: process context; mmap_lock may be held.
 */
void xemem_payer_put(struct xemem_payer *payer)
{
	scoped_guard(spinlock, &lock) {
		if (--payer->nr)
			return;
		hash_del_rcu(&payer->node);
	}
	xemem_account_put(payer->account);
	put_pid(payer->pid);
	kfree_rcu(payer, rcu);
}

static void charge(struct xemem_payer *payer, const struct xemem_bill *bill)
{
	atomic_long_add(bill->resident, &payer->resident);
	xemem_charge_many(payer->account, XEMEM_QUOTA_FROZEN, bill->resident);
}

static void uncharge(struct xemem_payer *payer, const struct xemem_bill *bill)
{
	atomic_long_sub(bill->resident, &payer->resident);
	xemem_charge_many(payer->account, XEMEM_QUOTA_FROZEN,
			  -(long)bill->resident);
}

static void uncharge_maker(struct xemem_bill *bill)
{
	struct xemem_payer *maker = bill->maker;

	lockdep_assert_held(&bill->lock);
	bill->maker = NULL;
	if (!maker)
		return;
	uncharge(maker, bill);
	atomic_long_sub(bill->mapped, &maker->mapped);
	xemem_payer_put(maker);
}

/*
 * To the page, as that many small ones would be nothing otherwise. What the
 * OOM killer counts of any other process.
 */
static unsigned long resident_of(struct mm_struct *mm)
{
	s64 pages = mm_pgtables_bytes(mm) >> PAGE_SHIFT;

	for (int i = 0; i < NR_MM_COUNTERS; i++)
		pages += percpu_counter_sum_positive(&mm->rss_stat[i]);
	return pages;
}

/**
 * xemem_bill_open - memory is about to be frozen
 * @payer: current, who pays for it from now on.
 * @mm: where it will be.
 *
 * Context: process context, may sleep.
 * Return: the bill, which xemem_bill_end() closes; or NULL.
 */
struct xemem_bill *xemem_bill_open(struct xemem_payer *payer,
				   struct mm_struct *mm)
{
	struct xemem_bill *bill = kzalloc(sizeof(*bill), GFP_KERNEL_ACCOUNT);

	if (!bill)
		return NULL;
	spin_lock_init(&bill->lock);
	INIT_LIST_HEAD(&bill->holders);
	scoped_guard(spinlock, &lock)
		payer->nr++;
	bill->maker = payer;
	bill->owner = get_task_struct(current->group_leader);
	xemem_mm_set_owner(mm, bill->owner);
	return bill;
}

/**
 * xemem_bill_check - may current freeze so much of its address space?
 * @bill: of current.
 * @pages: of address space, in this bill.
 *
 * RLIMIT_AS is for what a process has and has frozen, together.
 *
 * Context: process context; mmap_lock is held.
 * Return: 0 or -ENOMEM.
 */
int xemem_bill_check(struct xemem_bill *bill, unsigned long pages)
{
	mmap_assert_locked(current->mm);
	pages += current->mm->total_vm - bill->mapped +
		 atomic_long_read(&bill->maker->mapped);
	return pages > rlimit(RLIMIT_AS) >> PAGE_SHIFT ? -ENOMEM : 0;
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
	struct xemem_payer *maker = bill->maker;

	scoped_guard(spinlock, &bill->lock) {
		uncharge(maker, bill);
		atomic_long_sub(bill->mapped, &maker->mapped);
		bill->resident = resident_of(mm) + OVERHEAD_PAGES;
		bill->mapped = mm->total_vm;
		charge(maker, bill);
		atomic_long_add(bill->mapped, &maker->mapped);
	}
	return xemem_charge_check(maker->account, XEMEM_QUOTA_FROZEN);
}

/**
 * xemem_bill_hold - one more attachment
 * @bill: of its space; NULL: nothing to pay.
 * @permit: of the attachment.
 *
 * Context: process context.
 */
void xemem_bill_hold(struct xemem_bill *bill, struct xemem_permit *permit)
{
	struct xemem_holder *holder = &permit->holder;

	if (!bill)
		return;
	guard(spinlock)(&bill->lock);
	if (holder->nr++ || bill->ended)
		return;
	list_add(&holder->node, &bill->holders);
	if (!bill->maker)
		charge(permit->process->payer, bill);
}

/**
 * xemem_bill_release - one attachment less
 * @bill: of its space; NULL: nothing to pay.
 * @permit: of the attachment.
 *
 * Context: process context; mmap_lock may be held.
 */
void xemem_bill_release(struct xemem_bill *bill, struct xemem_permit *permit)
{
	struct xemem_holder *holder = &permit->holder;

	if (!bill)
		return;
	guard(spinlock)(&bill->lock);
	if (--holder->nr || list_empty(&holder->node))
		return;
	list_del_init(&holder->node);
	if (!bill->maker)
		uncharge(permit->process->payer, bill);
}

static struct xemem_payer *payer_of(struct xemem_holder *holder)
{
	return container_of(holder, struct xemem_permit, holder)->process->payer;
}

/**
 * xemem_bill_pass - a segment is removed: those pay who have it attached
 * @bill: of its space.
 *
 * Context: process context.
 */
void xemem_bill_pass(struct xemem_bill *bill)
{
	struct xemem_holder *holder;

	guard(spinlock)(&bill->lock);
	if (bill->ended || !bill->maker)
		return;
	list_for_each_entry(holder, &bill->holders, node)
		charge(payer_of(holder), bill);
	uncharge_maker(bill);
}

/**
 * xemem_bill_end - frozen memory goes
 * @bill: of its space.
 * @mm: where it is.
 *
 * Context: any that may take a lock; mmap_lock may be held.
 */
void xemem_bill_end(struct xemem_bill *bill, struct mm_struct *mm)
{
	struct xemem_holder *holder, *next;
	bool passed;

	xemem_mm_set_owner(mm, NULL);
	guard(spinlock)(&bill->lock);
	bill->ended = true;
	passed = !bill->maker;
	list_for_each_entry_safe(holder, next, &bill->holders, node) {
		list_del_init(&holder->node);
		if (passed)
			uncharge(payer_of(holder), bill);
	}
	uncharge_maker(bill);
}

static void free_bill(struct rcu_head *rcu)
{
	struct xemem_bill *bill = container_of(rcu, struct xemem_bill, rcu);

	put_task_struct(bill->owner);
	kfree(bill);
}

/**
 * xemem_bill_free - forget a bill
 * @bill: after xemem_bill_end().
 *
 * Who has found the owner of the mm_struct before may still look at it.
 *
 * Context: any.
 */
void xemem_bill_free(struct xemem_bill *bill)
{
	call_rcu(&bill->rcu, free_bill);
}

/**
 * __xemem_oom_pages - what a process pays for
 * @p: a thread of it.
 *
 * Context: any; the OOM killer's.
 * Return: pages.
 */
unsigned long __xemem_oom_pages(struct task_struct *p)
{
	struct xemem_payer *payer;

	guard(rcu)();
	payer = find(task_tgid(p));
	return payer ? atomic_long_read(&payer->resident) : 0;
}

/* Pages of those who are killed, and are about to give them back. */
static unsigned long pages_of_victims(void)
{
	struct xemem_payer *payer;
	struct task_struct *task;
	unsigned long pages = 0;
	int i;

	guard(rcu)();
	hash_for_each_rcu(payers, i, payer, node) {
		task = pid_task(payer->pid, PIDTYPE_TGID);
		if (task && tsk_is_oom_victim(task))
			pages += atomic_long_read(&payer->resident);
	}
	return pages;
}

/*
 * The OOM killer takes the next one as soon as the memory in the victim's own
 * address space is gone. That what is frozen goes, too, may be a moment later.
 */
static int wait_for_victims(struct notifier_block *nb, unsigned long unused,
			    void *freed)
{
	unsigned long before = pages_of_victims(), now = before;
	unsigned long end = jiffies + msecs_to_jiffies(VICTIM_MS);

	while (now && now >= before && time_before(jiffies, end) &&
	       !fatal_signal_pending(current)) {
		schedule_timeout_killable(1);
		now = pages_of_victims();
	}
	if (now < before)
		*(unsigned long *)freed += before - now;
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = {
	.notifier_call = wait_for_victims,
};

/**
 * xemem_bill_init - be known to the OOM killer
 *
 * Context: boot, process context.
 */
void __init xemem_bill_init(void)
{
	register_oom_notifier(&oom_notifier);
}
