// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: address spaces that pay for frozen memory, which is in none of them.
 *
 * To pay means that the pages count as shared memory that is resident there: so
 * the OOM killer, ps(1) and whoever else looks at a process's memory sees them,
 * whichever of its processes and threads has frozen them.
 */
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "../compat/mm.h"
#include "bill.h"
#include "xemem.h"

/* So long the OOM killer waits for a process that it has killed. */
#define VICTIM_MS	1000

/* Payers, and how many refer to them. */
static DEFINE_SPINLOCK(lock);
static DEFINE_HASHTABLE(payers, 8);

static struct xemem_payer *find(const struct mm_struct *mm)
{
	struct xemem_payer *payer;

	lockdep_assert_held(&lock);
	hash_for_each_possible(payers, payer, node, (unsigned long)mm)
		if (payer->mm == mm)
			return payer;
	return NULL;
}

/**
 * xemem_payer_get - current's address space as one that pays
 *
 * Context: process context, may sleep.
 * Return: with a reference; NULL: there is no memory for it.
 */
struct xemem_payer *xemem_payer_get(void)
{
	struct xemem_payer *new = xemem_new(XEMEM_PAYER);
	struct xemem_payer *payer;

	if (!new)
		return NULL;
	new->mm = current->mm;
	scoped_guard(spinlock, &lock) {
		payer = find(new->mm);
		if (!payer) {
			payer = new;
			mmgrab(new->mm);
			hash_add_rcu(payers, &new->node,
				     (unsigned long)new->mm);
		}
		payer->nr++;
	}
	if (payer != new)
		xemem_free(XEMEM_PAYER, new);
	return payer;
}

static void free_rcu(struct rcu_head *rcu)
{
	xemem_free(XEMEM_PAYER, container_of(rcu, struct xemem_payer, rcu));
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
	WARN_ON_ONCE(atomic_long_read(&payer->resident));
	mmdrop(payer->mm);
	call_rcu(&payer->rcu, free_rcu);
}

/**
 * xemem_payer_charge - an address space pays for more, or for less
 * @payer: it, with a reference that stays as long as it pays.
 * @pages: how many more.
 *
 * Context: any.
 */
void xemem_payer_charge(struct xemem_payer *payer, long pages)
{
	atomic_long_add(pages, &payer->resident);
	add_mm_counter(payer->mm, MM_SHMEMPAGES, pages);
}

/**
 * xemem_payer_map - an address space has frozen more of its addresses, or less
 * @payer: it.
 * @pages: how many more.
 *
 * Context: any.
 */
void xemem_payer_map(struct xemem_payer *payer, long pages)
{
	atomic_long_add(pages, &payer->mapped);
}

/**
 * xemem_payer_check - may current have so much frozen?
 * @payer: current's address space.
 * @more: pages of addresses, besides what it has.
 *
 * RLIMIT_AS is for what a process has and has frozen, together.
 *
 * Context: process context; mmap_lock is held.
 * Return: 0 or -ENOMEM.
 */
int xemem_payer_check(struct xemem_payer *payer, unsigned long more)
{
	mmap_assert_locked(payer->mm);
	more += payer->mm->total_vm + atomic_long_read(&payer->mapped);
	return more > rlimit(RLIMIT_AS) >> PAGE_SHIFT ? -ENOMEM : 0;
}

/**
 * xemem_payer_pays - is there anything it pays for?
 * @payer: it.
 *
 * Context: any.
 */
bool xemem_payer_pays(const struct xemem_payer *payer)
{
	return atomic_long_read(&payer->resident);
}

/* Pages of those who are killed, and are about to give them back. */
static unsigned long pages_of_victims(void)
{
	struct xemem_payer *payer;
	unsigned long pages = 0;
	int i;

	guard(rcu)();
	hash_for_each_rcu(payers, i, payer, node)
		if (mm_flags_test(MMF_OOM_REAP_QUEUED, payer->mm))
			pages += atomic_long_read(&payer->resident);
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
 * xemem_payer_init - be known to the OOM killer
 *
 * Context: boot, process context.
 */
void __init xemem_payer_init(void)
{
	register_oom_notifier(&oom_notifier);
}
