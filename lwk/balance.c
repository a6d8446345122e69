// SPDX-License-Identifier: GPL-2.0
/*
 * Moving the running task to another core, without a stopper thread.
 *
 * The task marks itself as moving and calls schedule(). The class does not
 * pick it any more; when it has been switched out, a balance callback (the
 * device by which real-time tasks are pushed) takes it from this run queue
 * and puts it on that of its home, or of the core of Linux that serves it. To
 * everybody else that is an ordinary migration of a runnable task.
 *
 * While it is away, a task has the affinity of one of Linux, and its class,
 * too, as soon as that makes a difference (see guest.c). It gets the affinity
 * before it leaves and the class on the way, when it is on no run queue, or
 * later; coming home, it takes both back on the core of Linux, so that the
 * push is the same.
 */
#include "internal.h"
#include "runqueue.h"
#include "compat/sched.h"

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
 * Both run queues locked; the clock of @rq has been read when the core
 * switched. @p is runnable and does not run.
 */
static void move(struct rq *rq, struct rq *dst, struct task_struct *p)
{
	bool guest = p->lwk.away && !dst->nr_running &&
		     lwk_guests_allowed(cpu_of(dst));

	/* Unless others had the lock since. */
	if (rq->clock_update_flags < RQCF_UPDATED)
		update_rq_clock(rq);
	deactivate_task(rq, p, DEQUEUE_NOCLOCK);
	set_task_cpu(p, cpu_of(dst));
	if (p->lwk.away && !guest)
		p->sched_class = __setscheduler_class(p->policy, p->prio);
	update_rq_clock(dst);
	activate_task(dst, p, ENQUEUE_NOCLOCK);
	if (p->lwk.away)
		per_cpu(lwk_served, cpu_of(dst)) = p->lwk.rsv->enclave;
	if (p->sched_class == &lwk_sched_class)
		wakeup_preempt(dst, p, 0);
	else
		check_class_changed(dst, p, &lwk_sched_class, p->prio);
}

/*
 * @rq locked, interrupts off; the lock may be dropped and taken again.
 * Whatever happens, @p is no longer moving.
 */
static void push_one(struct rq *rq, struct task_struct *p)
{
	int to = p->lwk.away ? p->lwk.server : READ_ONCE(p->lwk.home);
	struct balance_callback *head = NULL;
	struct rq *dst;

	if (to < 0 || to == cpu_of(rq)) {
		p->lwk.moving = false;
		resched_curr(rq);
		return;
	}

	dst = cpu_rq(to);
	get_task_struct(p);
	double_lock_balance(rq, dst);
	if (may_move(rq, dst, p)) {
		p->lwk.moving = false;
		move(rq, dst, p);
		head = splice_balance_callbacks(dst);
		trace_lwk_move(p, cpu_of(rq), to);
	} else if (task_rq(p) == rq) {
		/* Picked here again, to find out what became of its home. */
		p->lwk.moving = false;
		resched_curr(rq);
	}
	double_unlock_balance(rq, dst);
	put_task_struct(p);
	/* A real-time task that came may have driven another one out. */
	if (unlikely(head)) {
		raw_spin_rq_unlock(rq);
		balance_callbacks(dst, head);
		raw_spin_rq_lock(rq);
	}
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

/**
 * struct class_change - current, taken off its run queue
 * @rq: the run queue.
 * @rf: flags of its lock.
 * @prev: class that it had.
 */
struct class_change {
	struct rq *rq;
	struct rq_flags rf;
	const struct sched_class *prev;
};

/* False, and nothing has happened, if current has a deadline. */
static bool class_change_begin(struct class_change *c)
{
	struct task_struct *p = current;

	c->rq = task_rq_lock(p, &c->rf);
	/* Anybody may have changed that until now. */
	if (dl_task(p)) {
		task_rq_unlock(c->rq, p, &c->rf);
		return false;
	}
	update_rq_clock(c->rq);
	c->prev = p->sched_class;
	dequeue_task(c->rq, p, DEQUEUE_SAVE | DEQUEUE_MOVE | DEQUEUE_NOCLOCK);
	put_prev_task(c->rq, p);
	return true;
}

/* Now it is of the LWK class and leaves this core when it is switched out. */
static void class_change_end(struct class_change *c)
{
	struct balance_callback *head;
	struct task_struct *p = current;

	p->sched_class = &lwk_sched_class;
	p->lwk.moving = true;
	enqueue_task(c->rq, p,
		     ENQUEUE_RESTORE | ENQUEUE_MOVE | ENQUEUE_NOCLOCK);
	set_next_task(c->rq, p);
	check_class_changed(c->rq, p, c->prev, p->prio);

	/* The run queue is to live until its callbacks have run. */
	guard(preempt)();
	head = splice_balance_callbacks(c->rq);
	task_rq_unlock(c->rq, p, &c->rf);
	balance_callbacks(c->rq, head);
}

/* Makes current, a task of Linux, a member of @rsv and of the LWK class. */
static int enter_class(struct lwk_rsv *rsv)
{
	struct affinity_context ac = {
		.new_mask = &rsv->cores,
		.flags = SCA_USER,
	};
	struct task_struct *p = current;
	struct class_change change;

	if (!class_change_begin(&change))
		return -EINVAL;
	/* What ran before lwkexec, as the user restricted it. */
	cpumask_copy(&rsv->linux_mask, &p->cpus_mask);
	INIT_LIST_HEAD(&p->lwk.node);
	p->lwk.home = -1;
	p->lwk.member = true;
	WRITE_ONCE(p->lwk.rsv, rsv);
	lwk_place(p, &rsv->cores);
	set_cpus_allowed_common(p, &ac);
	compat_mm_runs_on(p->mm, &rsv->cores);
	class_change_end(&change);

	/* The mask that the user had set for Linux, swapped out above. */
	kfree(ac.user_mask);
	return 0;
}

/* Moves current, which has been marked, and waits until it is where it may be. */
static void move_home(void)
{
	int tries = 0;

	schedule();
	while (!cpumask_test_cpu(raw_smp_processor_id(), current->cpus_ptr)) {
		if (++tries > LWK_MOVE_TRIES)
			break;
		scoped_guard (task_rq_lock, current)
			current->lwk.moving = true;
		schedule();
	}
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
	int err;

	might_sleep();
	err = enter_class(rsv);
	if (!err)
		move_home();
	return err;
}

/* pi_lock and run queue lock held. */
static void set_affinity(struct task_struct *p, const struct cpumask *mask)
{
	cpumask_copy(&p->cpus_mask, mask);
	p->nr_cpus_allowed = cpumask_weight(mask);
	compat_mm_runs_on(p->mm, mask);
}

/**
 * lwk_class_leave - current, at home, goes to a core of Linux
 * @server: the core.
 * @mask: cores between which Linux may move it there; has @server.
 *
 * Context: process context, may sleep; no locks held, preemption on.
 * Return: false if it is still at home: the core has gone down, or somebody
 * lends the task a deadline.
 */
bool lwk_class_leave(int server, const struct cpumask *mask)
{
	struct task_struct *p = current;

	scoped_guard (task_rq_lock, p) {
		if (p->sched_class != &lwk_sched_class ||
		    is_migration_disabled(p))
			return false;
		cpumask_copy(p->lwk.affinity, &p->cpus_mask);
		set_affinity(p, mask);
		p->lwk.server = server;
		WRITE_ONCE(p->lwk.away, true);
		p->lwk.moving = true;
	}
	schedule();
	if (likely(!lwk_owns_cpu(raw_smp_processor_id())))
		return true;

	/* Picked here again. */
	scoped_guard (task_rq_lock, p) {
		if (!lwk_owns_cpu(task_cpu(p)))
			return true;
		p->lwk.moving = false;
		WRITE_ONCE(p->lwk.away, false);
		set_affinity(p, p->lwk.affinity);
	}
	return false;
}

/* pi_lock and run queue lock held; current is about to be of the LWK class. */
static void come_back(void)
{
	struct task_struct *p = current;

	set_affinity(p, p->lwk.affinity);
	WRITE_ONCE(p->lwk.away, false);
	if (p->lwk.home < 0 || !cpumask_test_cpu(p->lwk.home, &p->cpus_mask))
		lwk_place(p, &p->cpus_mask);
	p->lwk.moving = true;
}

/**
 * lwk_class_return - current, away, goes home
 *
 * Context: process context, may sleep; no locks held, preemption on.
 * Return: false if it stays with Linux, because it has a deadline.
 */
bool lwk_class_return(void)
{
	struct class_change change;
	bool guest;

	scoped_guard (task_rq_lock, current) {
		guest = current->sched_class == &lwk_sched_class;
		if (guest)
			come_back();
	}
	if (!guest) {
		if (!class_change_begin(&change))
			return false;
		come_back();
		class_change_end(&change);
	}
	move_home();
	return true;
}
