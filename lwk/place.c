// SPDX-License-Identifier: GPL-2.0
/*
 * Which cores a process gets, and which of them its threads get.
 */
#include <linux/sched.h>
#include <linux/topology.h>

#include "internal.h"

/**
 * lwk_pick_cores - choose cores for a process
 * @free: cores to choose from.
 * @nr: how many.
 * @out: the cores chosen.
 *
 * All from one node if one has enough, the node that they fill best, so that
 * larger free nodes stay whole; else in order of their numbers.
 *
 * Context: any; the caller serialises access to @free.
 * Return: @nr, or fewer if @free has fewer; then @out is not valid.
 */
unsigned int lwk_pick_cores(const struct cpumask *free, unsigned int nr,
			    struct cpumask *out)
{
	const struct cpumask *from = free;
	unsigned int cpu, have, best = UINT_MAX, left = nr;
	int node;

	for_each_online_node(node) {
		have = cpumask_weight_and(free, cpumask_of_node(node));
		if (have >= nr && have < best) {
			best = have;
			from = cpumask_of_node(node);
		}
	}

	cpumask_clear(out);
	for_each_cpu_and(cpu, free, from) {
		if (!left)
			break;
		__cpumask_set_cpu(cpu, out);
		left--;
	}
	return nr - left;
}

/**
 * lwk_pick_slot - choose a core for a thread
 * @rsv: its reservation.
 * @allowed: cores that the thread may use.
 *
 * The first core in order among those with the fewest threads.
 *
 * Context: @rsv->lock held.
 * Return: the slot, or NULL if @allowed has none of the reservation's cores.
 */
struct lwk_slot *lwk_pick_slot(struct lwk_rsv *rsv,
			       const struct cpumask *allowed)
{
	struct lwk_slot *slot, *best = NULL;
	unsigned int i;

	lockdep_assert_held(&rsv->lock);
	for (i = 0; i < rsv->nr_slots; i++) {
		slot = &rsv->slots[i];
		if (!cpumask_test_cpu(slot->cpu, allowed))
			continue;
		if (!best || slot->threads < best->threads)
			best = slot;
	}
	return best;
}

static struct lwk_slot *slot_of(struct lwk_rsv *rsv, int cpu)
{
	unsigned int i;

	for (i = 0; i < rsv->nr_slots; i++) {
		if (rsv->slots[i].cpu == cpu)
			return &rsv->slots[i];
	}
	return NULL;
}

/* @rsv->lock held. */
static void leave_slot(struct lwk_rsv *rsv, struct task_struct *p)
{
	struct lwk_slot *slot;

	if (p->lwk.home < 0)
		return;
	slot = slot_of(rsv, p->lwk.home);
	WRITE_ONCE(p->lwk.home, -1);
	if (WARN_ON_ONCE(!slot || !slot->threads))
		return;
	slot->threads--;
	WRITE_ONCE(per_cpu(lwk_cores, slot->cpu).homed, slot->threads);
}

/* @rsv->lock held. */
static void enter_slot(struct lwk_rsv *rsv, struct task_struct *p,
		       struct lwk_slot *slot)
{
	slot->threads++;
	WRITE_ONCE(per_cpu(lwk_cores, slot->cpu).homed, slot->threads);
	WRITE_ONCE(p->lwk.home, slot->cpu);
}

/**
 * lwk_place - give a thread a home
 * @p: a thread; nothing happens unless it is a living member.
 * @allowed: cores that it may use. It keeps the home it has if that is one.
 *
 * Context: any; @p's pi_lock held, or @p not born yet.
 */
void lwk_place(struct task_struct *p, const struct cpumask *allowed)
{
	struct lwk_rsv *rsv = p->lwk.rsv;
	struct lwk_slot *slot;

	if (!rsv)
		return;
	guard(raw_spinlock_irqsave)(&rsv->lock);
	if (!p->lwk.member)
		return;
	if (p->lwk.home >= 0 && cpumask_test_cpu(p->lwk.home, allowed))
		return;
	leave_slot(rsv, p);
	slot = lwk_pick_slot(rsv, allowed);
	if (slot)
		enter_slot(rsv, p, slot);
}

/**
 * lwk_place_at - a thread goes to a core that somebody else chose
 * @p: the thread.
 * @cpu: the core; if it is none of the reservation's, @p keeps its home.
 *
 * Context: any; pi_lock or run queue lock of @p held.
 */
void lwk_place_at(struct task_struct *p, int cpu)
{
	struct lwk_rsv *rsv = p->lwk.rsv;
	struct lwk_slot *slot;

	if (!rsv || READ_ONCE(p->lwk.home) == cpu)
		return;
	guard(raw_spinlock_irqsave)(&rsv->lock);
	slot = slot_of(rsv, cpu);
	if (!p->lwk.member || !slot)
		return;
	leave_slot(rsv, p);
	enter_slot(rsv, p, slot);
}

/**
 * lwk_unplace - a thread is no longer a member
 * @p: the thread, current.
 *
 * Context: process context.
 */
void lwk_unplace(struct task_struct *p)
{
	struct lwk_rsv *rsv = p->lwk.rsv;

	guard(raw_spinlock_irqsave)(&rsv->lock);
	leave_slot(rsv, p);
	p->lwk.member = false;
}

#if IS_ENABLED(CONFIG_LWK_KUNIT_TEST)
#include "tests/place_test.c"
#endif
