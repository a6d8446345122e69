/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The LWK's part of a run queue, and the scheduler's own header, which is
 * found by the Makefile.
 */
#ifndef _LWK_RUNQUEUE_H
#define _LWK_RUNQUEUE_H

#include <linux/hrtimer.h>
#include <linux/mmu_context.h>
#include <linux/percpu.h>

#include "sched.h"
/* Names struct rq without declaring it. */
#include <linux/sched/nohz.h>

#include "internal.h"

/**
 * struct lwk_rq - LWK tasks that are runnable on a core
 * @queue: all of them, the running one included, in order of their turn.
 * @nr: length of @queue.
 * @sliced: task whose quantum @timer measures, or NULL: compared, never
 *	followed.
 * @timer: ends the quantum; armed on the core itself only.
 * @push: runs when a task that moves has been switched out.
 * @guest: the task that @naturalize is about.
 * @naturalize: runs when a guest has been switched out.
 *
 * All under the lock of the run queue.
 */
struct lwk_rq {
	struct list_head queue;
	unsigned int nr;
	const struct task_struct *sliced;
	struct hrtimer timer;
	struct balance_callback push;
	struct task_struct *guest;
	struct balance_callback naturalize;
};

DECLARE_PER_CPU(struct lwk_rq, lwk_rqs);

static inline struct lwk_rq *lwk_rq_of(struct rq *rq)
{
	return per_cpu_ptr(&lwk_rqs, cpu_of(rq));
}

/* Perhaps; on a core of Linux. */
static inline bool lwk_guest_waits(struct rq *rq)
{
	unsigned int nr = READ_ONCE(lwk_rq_of(rq)->nr);

	return nr && READ_ONCE(rq->nr_running) != nr;
}

static inline struct lwk_core *lwk_this_core(void)
{
	return this_cpu_ptr(&lwk_cores);
}

#endif /* _LWK_RUNQUEUE_H */
