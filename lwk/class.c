// SPDX-License-Identifier: GPL-2.0
/*
 * The scheduling class of LWK tasks: a list per core, run to block.
 *
 * It ranks below fair and above idle. Tasks of Linux do not get onto these
 * cores, so nothing is lost; and the few kernel threads which belong to a
 * core (they are fair tasks) go first, so that a thread that computes for
 * hours cannot hang those who wait for them.
 *
 * There is no tick. Only while more than one LWK task is runnable on a core,
 * and only if their quantum is not 0, a timer passes the core on.
 */
#include "compat/hrtimer.h"
#include "internal.h"
#include "runqueue.h"

DEFINE_PER_CPU(struct lwk_rq, lwk_rqs);

static bool is_lwk(const struct task_struct *p)
{
	return p->sched_class == &lwk_sched_class;
}

static struct task_struct *running(struct rq *rq)
{
	return rcu_dereference_protected(rq->curr,
					 lockdep_is_held(__rq_lockp(rq)));
}

/* The load average: no tick will see to it there, or from afar. */
static void fold_load(struct rq *rq)
{
	if (lwk_owns_cpu(cpu_of(rq)))
		calc_load_nohz_remote(rq);
}

static u64 quantum_of(const struct task_struct *p)
{
	return p->lwk.rsv ? p->lwk.rsv->quantum_ns : 0;
}

/* Hard interrupt context on the core itself. */
static enum hrtimer_restart quantum_over(struct hrtimer *timer)
{
	struct lwk_rq *lrq = container_of(timer, struct lwk_rq, timer);
	struct rq *rq = this_rq();
	struct task_struct *curr;

	guard(rq_lock)(rq);
	update_rq_clock(rq);
	curr = running(rq);
	lrq->sliced = NULL;
	if (is_lwk(curr) && task_on_rq_queued(curr) && lrq->nr > 1) {
		list_move_tail(&curr->lwk.node, &lrq->queue);
		lwk_stat_inc(lwk_this_core()->enclave, ROTATIONS);
		resched_curr(rq);
	}
	return HRTIMER_NORESTART;
}

/* Run queue locked. Nobody to pass the core on to: no timer either. */
static void stop_slice(struct lwk_rq *lrq)
{
	if (lrq->sliced) {
		hrtimer_try_to_cancel(&lrq->timer);
		lrq->sliced = NULL;
	}
}

/* Run queue locked, on the core itself. @p is about to run. */
static void start_slice(struct rq *rq, struct lwk_rq *lrq,
			struct task_struct *p)
{
	u64 quantum = quantum_of(p);

	if (cpu_of(rq) != smp_processor_id() || lrq->sliced == p)
		return;
	if (lrq->nr < 2 || !quantum || !lwk_this_core()->enclave) {
		stop_slice(lrq);
		return;
	}
	lrq->sliced = p;
	hrtimer_start(&lrq->timer, ns_to_ktime(quantum),
		      HRTIMER_MODE_REL_PINNED_HARD);
}

static void enqueue_task_lwk(struct rq *rq, struct task_struct *p, int flags)
{
	struct lwk_rq *lrq = lwk_rq_of(rq);

	lockdep_assert_rq_held(rq);
	/* Who is dying must get the core even from one who never blocks. */
	if ((flags & ENQUEUE_HEAD) || (p->flags & PF_EXITING))
		list_add(&p->lwk.node, &lrq->queue);
	else
		list_add_tail(&p->lwk.node, &lrq->queue);
	lrq->nr++;
	add_nr_running(rq, 1);
	fold_load(rq);
}

static bool dequeue_task_lwk(struct rq *rq, struct task_struct *p, int flags)
{
	struct lwk_rq *lrq = lwk_rq_of(rq);

	lockdep_assert_rq_held(rq);
	if (task_current(rq, p))
		update_curr_common(rq);
	list_del_init(&p->lwk.node);
	lrq->nr--;
	sub_nr_running(rq, 1);
	fold_load(rq);
	if (lrq->sliced == p || lrq->nr < 2)
		stop_slice(lrq);
	return true;
}

static void yield_task_lwk(struct rq *rq)
{
	struct lwk_rq *lrq = lwk_rq_of(rq);

	list_move_tail(&running(rq)->lwk.node, &lrq->queue);
}

/*
 * A task that becomes runnable waits for its turn. The core is disturbed
 * only where a timer must be started on it, or for one who is dying.
 */
static void wakeup_preempt_lwk(struct rq *rq, struct task_struct *p, int flags)
{
	if ((p->flags & PF_EXITING) ||
	    (!lwk_rq_of(rq)->sliced && quantum_of(running(rq))))
		resched_curr(rq);
}

static struct task_struct *pick_task_lwk(struct rq *rq)
{
	struct lwk_rq *lrq = lwk_rq_of(rq);
	/* A core that goes down takes no callbacks, hence nobody would push. */
	bool pushing = rq->balance_callback != &balance_push_callback;
	struct task_struct *p;

	/* On most cores, and on all before lwk_class_init(). */
	if (!lrq->nr)
		return NULL;
	list_for_each_entry(p, &lrq->queue, lwk.node) {
		if (p->lwk.moving && pushing)
			continue;
		start_slice(rq, lrq, p);
		return p;
	}
	return NULL;
}

/* Without @next it is only taken off for a change, and put on again. */
static void put_prev_task_lwk(struct rq *rq, struct task_struct *p,
			      struct task_struct *next)
{
	update_curr_common(rq);
	if (!next)
		return;
	if (p->lwk.moving)
		lwk_queue_push(rq);
	else if (p->lwk.away)
		lwk_queue_naturalize(rq, p);
}

static void set_next_task_lwk(struct rq *rq, struct task_struct *p, bool first)
{
	p->se.exec_start = rq_clock_task(rq);
}

/*
 * pi_lock held. A task that slept comes back to where it is counted; a guest
 * that slept and is not naturalized yet, to where it was.
 */
static int select_task_rq_lwk(struct task_struct *p, int cpu, int flags)
{
	int home = READ_ONCE(p->lwk.home);

	if ((flags & WF_EXEC) || p->lwk.away)
		return cpu;
	if (home >= 0 && cpumask_test_cpu(home, p->cpus_ptr))
		return home;
	home = cpumask_any_and(p->cpus_ptr, cpu_active_mask);
	return home < nr_cpu_ids ? home : cpu;
}

/* pi_lock or run queue lock held. */
static void migrate_task_rq_lwk(struct task_struct *p, int new_cpu)
{
	if (!p->lwk.away)
		lwk_place_at(p, new_cpu);
}

static void set_cpus_allowed_lwk(struct task_struct *p,
				 struct affinity_context *ctx)
{
	set_cpus_allowed_common(p, ctx);
	if (ctx->flags & (SCA_MIGRATE_ENABLE | SCA_MIGRATE_DISABLE))
		return;
	lwk_place(p, &p->cpus_mask);
}

/* When another task of the core needs the tick. */
static void task_tick_lwk(struct rq *rq, struct task_struct *curr, int queued)
{
	update_curr_common(rq);
}

static void switched_to_lwk(struct rq *rq, struct task_struct *p)
{
	if (task_on_rq_queued(p) && running(rq) != p)
		wakeup_preempt(rq, p, 0);
}

/* All LWK tasks are equal: priorities are kept for the day they leave. */
static void prio_changed_lwk(struct rq *rq, struct task_struct *p, int oldprio)
{
}

static void update_curr_lwk(struct rq *rq)
{
	update_curr_common(rq);
}

static unsigned int get_rr_interval_lwk(struct rq *rq, struct task_struct *p)
{
	/* Not 0, which says that there is none. */
	return DIV_ROUND_UP_ULL(quantum_of(p), TICK_NSEC);
}

/*
 * Classes are ranked by the section that they are in: below fair, so that the
 * kernel threads which belong to a core make progress whatever an application
 * does there, and above idle. That is the place of sched_ext, which Kconfig
 * excludes.
 */
const struct sched_class lwk_sched_class
	__aligned(__alignof__(struct sched_class))
	__section("__ext_sched_class") = {
	.enqueue_task		= enqueue_task_lwk,
	.dequeue_task		= dequeue_task_lwk,
	.yield_task		= yield_task_lwk,

	.wakeup_preempt		= wakeup_preempt_lwk,

	.pick_task		= pick_task_lwk,
	.put_prev_task		= put_prev_task_lwk,
	.set_next_task		= set_next_task_lwk,

	.select_task_rq		= select_task_rq_lwk,
	.migrate_task_rq	= migrate_task_rq_lwk,
	.set_cpus_allowed	= set_cpus_allowed_lwk,

	.task_tick		= task_tick_lwk,

	.switched_to		= switched_to_lwk,
	.prio_changed		= prio_changed_lwk,
	.update_curr		= update_curr_lwk,
	.get_rr_interval	= get_rr_interval_lwk,
};

/**
 * __lwk_class - the class of a member
 * @p: the task.
 * @class: what Linux would choose by policy and priority.
 *
 * A member stays in the LWK whatever nice value or real-time priority it
 * asks for or inherits from a lock: the core is its own anyway, and above
 * fair it would starve the kernel threads of that core. Only a deadline is
 * taken seriously. While it is away, it is a task of Linux in this, too.
 *
 * Context: @p->pi_lock and run queue lock held.
 */
const struct sched_class *__lwk_class(const struct task_struct *p,
				      const struct sched_class *class)
{
	if (p->lwk.rsv && !p->lwk.away && class != &dl_sched_class)
		return &lwk_sched_class;
	return class;
}

/* Late boot, process context. */
void __init lwk_class_init(void)
{
	int cpu;

	WARN_ON(!sched_class_above(&fair_sched_class, &lwk_sched_class) ||
		!sched_class_above(&lwk_sched_class, &idle_sched_class));

	for_each_possible_cpu(cpu) {
		struct lwk_rq *lrq = per_cpu_ptr(&lwk_rqs, cpu);

		INIT_LIST_HEAD(&lrq->queue);
		lrq->guest = NULL;
		hrtimer_setup(&lrq->timer, quantum_over, CLOCK_MONOTONIC,
			      HRTIMER_MODE_REL_PINNED_HARD);
	}
}
