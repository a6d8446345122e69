// SPDX-License-Identifier: GPL-2.0
/*
 * Members are born and die.
 *
 * A task holds a reference to its reservation from dup to free, so that
 * whoever holds the task may look at it. It counts as a living member, and
 * keeps the cores reserved, from post_fork to exit. Between dup and
 * post_fork the fork may fail and nothing needs to be undone but the
 * reference, which free does.
 */
#include <linux/entry-common.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "compat/sched.h"
#include "internal.h"
#include "runqueue.h"
#include <trace/events/lwk.h>

/**
 * __lwk_task_dup - a task has been copied from current
 * @p: the copy.
 *
 * Context: process context.
 */
void __lwk_task_dup(struct task_struct *p)
{
	INIT_LIST_HEAD(&p->lwk.node);
	p->lwk.home = -1;
	p->lwk.member = false;
	p->lwk.moving = false;
	p->lwk.away = false;
	p->lwk.affinity = NULL;
	p->lwk.backing_due = false;
	p->lwk.zeroed = NULL;
	if (!p->lwk.rsv)
		return;
	kref_get(&p->lwk.rsv->ref);
	clear_tsk_thread_flag(p, TIF_LWK_HOME);
	lwk_task_equip(p);
}

/**
 * lwk_task_equip - a task gets what it needs to leave its core
 * @p: the task, current or not born yet.
 *
 * Context: process context, may sleep.
 */
void lwk_task_equip(struct task_struct *p)
{
	p->lwk.affinity = kmalloc(cpumask_size(), GFP_KERNEL_ACCOUNT);
}

/*
 * Threads stay, and processes unless told otherwise. Workers of io_uring and
 * vhost never see user mode and belong to Linux: on the core of a thread that
 * waits for them without blocking they would never run.
 */
static bool inherits(const struct task_struct *p, unsigned long clone_flags)
{
	if (p->flags & (PF_KTHREAD | PF_USER_WORKER))
		return false;
	return (clone_flags & CLONE_THREAD) || !p->lwk.rsv->no_inherit;
}

/* An address space that is copied learns the mask of its task by itself. */
static void share_mm(const struct task_struct *p, unsigned long clone_flags)
{
	if (clone_flags & CLONE_VM)
		compat_mm_runs_on(current->mm, &p->cpus_mask);
}

/**
 * __lwk_sched_fork - the child of a member gets its class
 * @p: the child, not visible yet.
 * @clone_flags: how it was forked.
 *
 * Context: process context.
 */
void __lwk_sched_fork(struct task_struct *p, unsigned long clone_flags)
{
	struct lwk_rsv *rsv = p->lwk.rsv;

	if (!rsv)
		return;
	if (inherits(p, clone_flags)) {
		/* That of one that is away is not where it may run at home. */
		scoped_guard (raw_spinlock_irqsave, &current->pi_lock)
			cpumask_copy(&p->cpus_mask, __lwk_affinity(current));
		p->nr_cpus_allowed = cpumask_weight(&p->cpus_mask);
		p->sched_class = __lwk_class(p, p->sched_class);
		share_mm(p, clone_flags);
		return;
	}
	cpumask_copy(&p->cpus_mask, &rsv->linux_mask);
	p->nr_cpus_allowed = cpumask_weight(&p->cpus_mask);
	share_mm(p, clone_flags);
	/* Named LWK cores, if any. */
	release_user_cpus_ptr(p);
	clear_task_syscall_work(p, LWK);
	p->lwk.rsv = NULL;
	lwk_rsv_put(rsv);
}

/**
 * __lwk_task_post_fork - the child of a member will certainly run
 * @p: the child, visible, not yet woken.
 *
 * Context: process context; current is a living member, so the count of
 * members cannot be zero.
 */
void __lwk_task_post_fork(struct task_struct *p)
{
	struct lwk_rsv *rsv = p->lwk.rsv;

	if (!rsv)
		return;
	atomic_inc(&rsv->nr_tasks);
	scoped_guard (raw_spinlock_irqsave, &p->pi_lock) {
		p->lwk.member = true;
		lwk_place(p, &p->cpus_mask);
	}
	if (p->mm && p->mm != current->mm)
		lwk_mm_adopt(p->mm);
	lwk_stat_inc(rsv->enclave, THREADS);
	trace_lwk_place(p, p->lwk.home);
}

/**
 * __lwk_task_exit - a member is about to become a zombie
 * @p: current.
 *
 * Before its parent can know: who waits for a program may start the next one
 * on the same cores.
 *
 * Context: process context.
 */
void __lwk_task_exit(struct task_struct *p)
{
	struct lwk_rsv *rsv = p->lwk.rsv;

	if (!rsv || !p->lwk.member)
		return;
	lwk_unplace(p);
	if (atomic_dec_and_test(&rsv->nr_tasks)) {
		lwk_stat_inc(rsv->enclave, RELEASES);
		lwk_cputime_unwatch();
		lwk_rsv_end(rsv);
	}
}

/**
 * __lwk_task_free - nobody can look at a task any more
 * @p: the task.
 *
 * Context: any that may free memory.
 */
void __lwk_task_free(struct task_struct *p)
{
	kfree(p->lwk.affinity);
	if (p->lwk.rsv)
		lwk_rsv_put(p->lwk.rsv);
}
