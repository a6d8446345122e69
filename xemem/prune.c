// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: when the maker of a frozen segment is gone, its memory lives on where
 * somebody has it attached. The rest is freed: otherwise one page that a
 * stranger has attached would keep all of it, and nobody would pay for it.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/workqueue.h>

#include "bill.h"
#include "xemem.h"

/*
 * The mmap_lock of a frozen space is held by nobody who waits for user space: it
 * shows no files.
 */
static void prune(struct xemem_space *space)
{
	struct mm_struct *mm = space->mm;
	unsigned long start = 0, end;

	mmap_write_lock(mm);
	while (xemem_watch_gap(space->watch, &start, &end)) {
		if (start < min(end, mm->task_size))
			do_munmap(mm, start, min(end, mm->task_size) - start,
				  NULL);
		start = end;
		cond_resched();
	}
	mmap_write_unlock(mm);
	xemem_bill_refresh(space->bill, mm, true);
}

/**
 * xemem_prune_work - prune
 * @work: of a space, with a reference, which goes.
 *
 * Context: a work queue: munmap(2) is for one's own address space.
 */
void xemem_prune_work(struct work_struct *work)
{
	struct xemem_space *space = container_of(work, struct xemem_space,
						 prune);

	if (mmget_not_zero(space->mm)) {
		kthread_use_mm(space->mm);
		prune(space);
		kthread_unuse_mm(space->mm);
		mmput(space->mm);
	}
	xemem_space_put(space);
}

/**
 * xemem_prune - free what nobody has attached, soon
 * @space: frozen, with a reference of the caller; its maker is gone, and nothing
 *	more is attached from now on.
 *
 * Context: any that may take a lock; mmap_lock may be held.
 */
void xemem_prune(struct xemem_space *space)
{
	ihold(&space->inode);
	/* Never the last one: the caller has one, too. */
	if (!queue_work(system_unbound_wq, &space->prune))
		iput(&space->inode);
}
