// SPDX-License-Identifier: GPL-2.0
/*
 * Moving the running task to another core, without a stopper thread.
 *
 * The task marks itself as moving and calls schedule(). The class does not
 * pick it any more; when it has been switched out, a balance callback (the
 * device by which real-time tasks are pushed) takes it from this run queue
 * and puts it on that of its home. To everybody else that is an ordinary
 * migration of a runnable task.
 */
#include "internal.h"
#include "runqueue.h"

#define CREATE_TRACE_POINTS
#include <trace/events/lwk.h>

/*
 * How often a join tries before the task is left to its next wakeup, which
 * places it by its affinity: one who lends it a deadline through a lock may
 * keep it from moving, and so may a core that goes down.
 */
#define LWK_MOVE_TRIES	100

/* @rq locked. A task that waits to be moved and is not running. */
static struct task_struct *first_mover(struct rq *rq)
{
	struct task_struct *p;

	list_for_each_entry(p, &lwk_rq_of(rq)->queue, lwk.node) {
		if (p->lwk.moving && !task_on_cpu(rq, p))
			return p;
	}
	return NULL;
}

/* Both run queues locked. Nothing is assumed about @p but a reference. */
static bool may_move(struct rq *rq, struct rq *dst, struct task_struct *p)
{
	return task_rq(p) == rq && task_on_rq_queued(p) && p->lwk.moving &&
	       p->sched_class == &lwk_sched_class && !task_on_cpu(rq, p) &&
	       !is_migration_disabled(p) && cpu_active(cpu_of(dst)) &&
	       cpumask_test_cpu(cpu_of(dst), p->cpus_ptr);
}

/*
 * @rq locked, interrupts off; the lock may be dropped and taken again.
 * Whatever happens, @p is no longer moving.
 */
static void push_one(struct rq *rq, struct task_struct *p)
{
	int home = READ_ONCE(p->lwk.home);
	struct rq *dst;

	if (home < 0 || home == cpu_of(rq)) {
		p->lwk.moving = false;
		resched_curr(rq);
		return;
	}

	dst = cpu_rq(home);
	get_task_struct(p);
	double_lock_balance(rq, dst);
	if (may_move(rq, dst, p)) {
		p->lwk.moving = false;
		deactivate_task(rq, p, 0);
		set_task_cpu(p, home);
		activate_task(dst, p, 0);
		wakeup_preempt(dst, p, 0);
		trace_lwk_move(p, cpu_of(rq), home);
	} else if (task_rq(p) == rq) {
		/* Picked here again, to find out what became of its home. */
		p->lwk.moving = false;
		resched_curr(rq);
	}
	double_unlock_balance(rq, dst);
	put_task_struct(p);
}

/* Balance callback: @rq locked, interrupts off, prev is switched out. */
static void push_movers(struct rq *rq)
{
	struct task_struct *p;

	lockdep_assert_rq_held(rq);
	while ((p = first_mover(rq)))
		push_one(rq, p);
}

/**
 * lwk_queue_push - push moving tasks away when the switch is done
 * @rq: run queue whose running task moves.
 *
 * Context: @rq locked, from put_prev_task().
 */
void lwk_queue_push(struct rq *rq)
{
	queue_balance_callback(rq, &lwk_rq_of(rq)->push, push_movers);
}

/* Makes current, a task of Linux, a member of @rsv and of the LWK class. */
static int enter_class(struct lwk_rsv *rsv)
{
	struct affinity_context ac = {
		.new_mask = &rsv->cores,
		.flags = SCA_USER,
	};
	struct task_struct *p = current;
	const struct sched_class *prev;
	struct rq_flags rf;
	struct rq *rq;

	rq = task_rq_lock(p, &rf);
	/* Anybody may have changed that until now. */
	if (dl_task(p)) {
		task_rq_unlock(rq, p, &rf);
		return -EINVAL;
	}
	update_rq_clock(rq);

	prev = p->sched_class;
	dequeue_task(rq, p, DEQUEUE_SAVE | DEQUEUE_MOVE | DEQUEUE_NOCLOCK);
	put_prev_task(rq, p);

	/* What ran before lwkexec, as the user restricted it. */
	cpumask_copy(&rsv->linux_mask, &p->cpus_mask);
	INIT_LIST_HEAD(&p->lwk.node);
	p->lwk.home = -1;
	p->lwk.member = true;
	WRITE_ONCE(p->lwk.rsv, rsv);
	lwk_place(p, &rsv->cores);
	p->sched_class = &lwk_sched_class;
	p->sched_class->set_cpus_allowed(p, &ac);
	p->lwk.moving = true;

	enqueue_task(rq, p, ENQUEUE_RESTORE | ENQUEUE_MOVE | ENQUEUE_NOCLOCK);
	set_next_task(rq, p);
	check_class_changed(rq, p, prev, p->prio);
	task_rq_unlock(rq, p, &rf);

	/* The mask that the user had set for Linux, swapped out above. */
	kfree(ac.user_mask);
	return 0;
}

/**
 * lwk_class_enter - current becomes a member and goes to its home core
 * @rsv: reservation that holds its cores; its first member is current.
 *
 * Context: process context, may sleep; no locks held.
 * Return: 0, or -EINVAL for a task with a deadline, which stays as it is.
 */
int lwk_class_enter(struct lwk_rsv *rsv)
{
	int tries = 0;
	int err;

	might_sleep();
	err = enter_class(rsv);
	if (err)
		return err;
	schedule();

	while (!cpumask_test_cpu(raw_smp_processor_id(), current->cpus_ptr)) {
		if (++tries > LWK_MOVE_TRIES)
			break;
		scoped_guard (task_rq_lock, current)
			current->lwk.moving = true;
		schedule();
	}
	return 0;
}
