// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that Linux serves and that are still of the LWK class.
 *
 * Most calls neither sleep nor meet anybody. A task that comes to a core of
 * Linux with nothing else to do therefore stays as it is: a *guest*. The class
 * ranks below those of Linux, so that is no more than a loan of an idle core.
 * As soon as a guest is switched out other than for home, because it sleeps,
 * or because a task of Linux (or a second guest, who is not let in as one) has
 * come, it is *naturalized*: it gets the class that its policy asks for and
 * competes like anybody else.
 *
 * A task of Linux may also come after a guest was queued and before it runs.
 * Then the guest is never switched out. The idle task looks for that before it
 * gives the core away; for what comes later still, all cores are looked at once
 * a second.
 */
#include <linux/cpuhotplug.h>

#include "internal.h"
#include "runqueue.h"

/* Cores of Linux that are not about to go down. */
static struct cpumask open_cores;

/* Any context; stable with the lock of the run queue of @cpu held. */
bool lwk_guests_allowed(int cpu)
{
	return cpumask_test_cpu(cpu, &open_cores);
}

/* @p may run, be runnable, sleep, or be home again. */
static void naturalize(struct task_struct *p)
{
	struct balance_callback *head;
	bool queued, running;
	struct rq_flags rf;
	struct rq *rq;

	rq = task_rq_lock(p, &rf);
	if (p->sched_class != &lwk_sched_class || !p->lwk.away ||
	    p->lwk.moving || READ_ONCE(p->__state) == TASK_DEAD) {
		task_rq_unlock(rq, p, &rf);
		return;
	}
	update_rq_clock(rq);
	queued = task_on_rq_queued(p);
	running = task_current(rq, p);
	if (queued)
		dequeue_task(rq, p,
			     DEQUEUE_SAVE | DEQUEUE_MOVE | DEQUEUE_NOCLOCK);
	if (running)
		put_prev_task(rq, p);
	p->sched_class = __setscheduler_class(p->policy, p->prio);
	if (queued)
		enqueue_task(rq, p,
			     ENQUEUE_RESTORE | ENQUEUE_MOVE | ENQUEUE_NOCLOCK);
	if (running)
		set_next_task(rq, p);
	check_class_changed(rq, p, &lwk_sched_class, p->prio);

	/* The run queue is to live until its callbacks have run. */
	guard(preempt)();
	head = splice_balance_callbacks(rq);
	task_rq_unlock(rq, p, &rf);
	balance_callbacks(rq, head);
}

/*
 * Balance callback: @rq locked, interrupts off. The guest has been switched
 * out; it may have been woken elsewhere since, but it lives as long as
 * interrupts are off.
 */
static void naturalize_guest(struct rq *rq)
{
	struct task_struct *p = lwk_rq_of(rq)->guest;

	lockdep_assert_rq_held(rq);
	get_task_struct(p);
	raw_spin_rq_unlock(rq);
	naturalize(p);
	raw_spin_rq_lock(rq);
	put_task_struct(p);
}

/**
 * lwk_queue_naturalize - a guest is being switched out
 * @rq: run queue where it ran.
 * @p: the guest.
 *
 * Context: @rq locked, from put_prev_task(), in schedule().
 */
void lwk_queue_naturalize(struct rq *rq, struct task_struct *p)
{
	struct lwk_rq *lrq = lwk_rq_of(rq);

	lrq->guest = p;
	queue_balance_callback(rq, &lrq->naturalize, naturalize_guest);
}

/* One that waits behind a task of Linux on @cpu, referenced, or NULL. */
static struct task_struct *overtaken_guest(int cpu)
{
	struct rq *rq = cpu_rq(cpu);
	struct task_struct *p;

	guard(rq_lock_irqsave)(rq);
	if (rq->nr_running == lwk_rq_of(rq)->nr)
		return NULL;
	list_for_each_entry(p, &lwk_rq_of(rq)->queue, lwk.node) {
		if (p->lwk.away && !p->lwk.moving && !task_current(rq, p))
			return get_task_struct(p);
	}
	return NULL;
}

/**
 * lwk_guests_overtaken - let guests compete that did not come to run
 * @cpu: a core of Linux.
 *
 * Context: any but hard interrupts; no run queue locked.
 */
void lwk_guests_overtaken(int cpu)
{
	struct task_struct *p;

	while ((p = overtaken_guest(cpu))) {
		naturalize(p);
		put_task_struct(p);
	}
}

/**
 * lwk_guests_look - the same on all cores of Linux
 *
 * Context: process context.
 */
void lwk_guests_look(void)
{
	int cpu;

	for_each_cpu(cpu, &lwk_linux_mask) {
		if (lwk_guest_waits(cpu_rq(cpu)))
			lwk_guests_overtaken(cpu);
	}
}

static int open_core(unsigned int cpu)
{
	if (!lwk_owns_cpu(cpu))
		cpumask_set_cpu(cpu, &open_cores);
	return 0;
}

/* A guest on @cpu, referenced, or NULL. */
static struct task_struct *first_guest(int cpu)
{
	struct rq *rq = cpu_rq(cpu);
	struct task_struct *p;

	guard(rq_lock_irqsave)(rq);
	cpumask_clear_cpu(cpu, &open_cores);
	list_for_each_entry(p, &lwk_rq_of(rq)->queue, lwk.node) {
		if (p->lwk.away && !p->lwk.moving)
			return get_task_struct(p);
	}
	return NULL;
}

/* Before the core is inactive, when Linux moves its tasks elsewhere. */
static int close_core(unsigned int cpu)
{
	struct task_struct *p;

	while ((p = first_guest(cpu))) {
		naturalize(p);
		put_task_struct(p);
	}
	return 0;
}

/* Late boot, process context. */
int __init lwk_guest_init(void)
{
	int err = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "lwk/guest:online",
				    open_core, close_core);

	return err < 0 ? err : 0;
}
