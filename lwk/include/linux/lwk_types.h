/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_LWK_TYPES_H
#define _LINUX_LWK_TYPES_H

#include <linux/types.h>
/* By way of sched.h it comes before the generic entry code's own. */
#include <linux/lwk_entry.h>

struct cpumask;
struct folio;
struct lwk_rsv;

/**
 * struct lwk_task - the LWK's part of a task
 * @rsv: reservation whose cores the task may use; NULL for a task of Linux.
 *	Set by the task itself when it joins and copied at fork; constant from
 *	then on until the task is freed, so that any reader that holds the
 *	task may follow it.
 * @node: on the run queue of a core, under that run queue's lock.
 * @home: core where the task is counted and returns to after a sleep, or -1;
 *	under @rsv->lock.
 * @member: counted in @rsv; false before the fork is certain and after the
 *	exit. Written by the forking or exiting task, under @rsv->lock.
 * @moving: to be pushed to @home, or if @away to @server, as soon as it is
 *	switched out; under the run queue's lock.
 * @away: served by Linux: its class and affinity are those of a task of Linux.
 *	Written by the task itself, under pi_lock and the run queue's lock.
 * @fault: it left user mode for a page fault; of the task itself.
 * @server: where to, when it leaves; written with @away.
 * @affinity: its affinity as user mode sees it, while @away; NULL if there
 *	was no memory, then it does not leave. Protected like the task's own.
 * @left: when it left, in nanoseconds; of the task itself.
 * @call: what for, see lwk_call_index(); of the task itself.
 * @memory_call: number of the last call that may make memory accessible; of
 *	the task itself, like the following ones.
 * @brk: end of the heap before that call.
 * @backing: does what is due after that call, if @backing_due.
 * @backing_due: @backing is queued.
 * @shared: it is mapping shared memory in advance.
 * @draining: it frees pages for good.
 * @cutting: it takes memory of an owner from those who have it attached.
 * @turn: node of the next page, where a region is interleaved.
 * @zeroed: the last page it was given, if that is clear; compared, never
 *	followed.
 *
 * Empty without CONFIG_LWK.
 */
struct lwk_task {
#ifdef CONFIG_LWK
	struct lwk_rsv *rsv;
	struct list_head node;
	int home;
	bool member;
	bool moving;
	bool away;
	bool fault;
	int server;
	struct cpumask *affinity;
	u64 left;
	int call;
	int memory_call;
	unsigned long brk;
	struct callback_head backing;
	bool backing_due;
	bool shared;
	bool draining;
	bool cutting;
	unsigned int turn;
	const struct folio *zeroed;
#endif
};

#endif /* _LINUX_LWK_TYPES_H */
