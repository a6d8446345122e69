// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations: the request to join, from validation to the first
 * instruction on the core.
 */
#include <linux/entry-common.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/deadline.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "internal.h"
#include <trace/events/lwk.h>

static void rsv_free(struct kref *ref)
{
	struct lwk_rsv *rsv = container_of(ref, struct lwk_rsv, ref);
	unsigned int i;

	for (i = 0; i < rsv->nr_slots; i++)
		kfree(rsv->slots[i].tallies);
	kfree(rsv);
}

/* Any context that may free memory. */
void lwk_rsv_put(struct lwk_rsv *rsv)
{
	kref_put(&rsv->ref, rsv_free);
}

/**
 * lwk_rsv_get - the reservation of a task, referenced
 * @p: the task; the caller holds a reference to it.
 *
 * Context: any.
 * Return: the reservation, or NULL for a task of Linux.
 */
struct lwk_rsv *lwk_rsv_get(struct task_struct *p)
{
	struct lwk_rsv *rsv = READ_ONCE(p->lwk.rsv);

	if (rsv)
		kref_get(&rsv->ref);
	return rsv;
}

/* With room to count the calls of each core. */
static struct lwk_rsv *rsv_alloc_slots(unsigned int nr)
{
	struct lwk_tally *tallies;
	struct lwk_rsv *rsv;
	unsigned int i;

	rsv = kzalloc(struct_size(rsv, slots, nr), GFP_KERNEL_ACCOUNT);
	if (!rsv)
		return NULL;
	kref_init(&rsv->ref);
	rsv->nr_slots = nr;
	for (i = 0; i < nr; i++) {
		tallies = kcalloc(LWK_CALLS, sizeof(*tallies),
				  GFP_KERNEL_ACCOUNT);
		if (!tallies) {
			lwk_rsv_put(rsv);
			return NULL;
		}
		rsv->slots[i].tallies = tallies;
	}
	return rsv;
}

static struct lwk_rsv *rsv_alloc(struct lwk_enclave *e,
				 const struct lwk_join *req, unsigned int nr)
{
	unsigned int quantum_us = req->quantum_us;
	struct lwk_rsv *rsv;

	rsv = rsv_alloc_slots(nr);
	if (!rsv)
		return NULL;
	if (quantum_us == LWK_QUANTUM_DEFAULT)
		quantum_us = READ_ONCE(e->quantum_us);

	bitmap_copy(rsv->hop, e->hop, LWK_CALLS);
	lwk_rsv_attend(rsv);
	raw_spin_lock_init(&rsv->lock);
	/* The task that asks is the first member. */
	atomic_set(&rsv->nr_tasks, 1);
	rsv->enclave = e;
	spin_lock_init(&rsv->memory_lock);
	rsv->memory = req->memory >> PAGE_SHIFT;
	rsv->memory_over = !rsv->memory || req->flags & LWK_JOIN_MEMORY_OVER;
	rsv->lock_text = !(req->flags & LWK_JOIN_NO_LOCK_TEXT);
	memcpy(rsv->regions, req->regions, sizeof(rsv->regions));
	rsv->no_inherit = req->flags & LWK_JOIN_NO_INHERIT;
	rsv->dry_run = req->flags & LWK_JOIN_DRY_RUN;
	rsv->quantum_ns = (u64)quantum_us * NSEC_PER_USEC;
	return rsv;
}

static int check_caller(void)
{
	if (current->lwk.rsv)
		return -EEXIST;
	/* Nobody can add a thread while the only one is here. */
	if (!thread_group_empty(current) || dl_task(current) ||
	    (current->flags & PF_NO_SETAFFINITY))
		return -EINVAL;
	/* As for sched_setaffinity(2), which this is among other things. */
	return security_task_setscheduler(current);
}

static int check_request(const struct lwk_enclave *e,
			 const struct lwk_join *req,
			 const struct cpumask *want)
{
	if (req->flags & ~(LWK_JOIN_WAIT | LWK_JOIN_NO_INHERIT |
			   LWK_JOIN_DRY_RUN | LWK_JOIN_MEMORY_OVER |
			   LWK_JOIN_NO_LOCK_TEXT))
		return -EINVAL;
	if (req->quantum_us != LWK_QUANTUM_DEFAULT &&
	    req->quantum_us > LWK_QUANTUM_MAX_US)
		return -EINVAL;
	if (req->memory % LWK_MEMORY_UNIT)
		return -EINVAL;
	if (!!req->nr_cores == !cpumask_empty(want))
		return -EINVAL;
	if (!cpumask_subset(want, &e->cores) ||
	    req->nr_cores > cpumask_weight(&e->cores))
		return -EINVAL;
	return lwk_regions_check(req->regions);
}

/* Condition of a wait; does not sleep. */
static bool take_again(struct lwk_enclave *e, struct lwk_rsv *rsv,
		       const struct cpumask *want, unsigned int nr, int *err)
{
	*err = lwk_enclave_take(e, rsv, want, nr);
	return *err != -EBUSY;
}

static int take_wait(struct lwk_enclave *e, struct lwk_rsv *rsv,
		     const struct lwk_join *req, const struct cpumask *want)
{
	long timeout = req->timeout_ms == LWK_TIMEOUT_NONE ?
		       MAX_SCHEDULE_TIMEOUT :
		       (long)msecs_to_jiffies(req->timeout_ms);
	int err;

	err = lwk_enclave_take(e, rsv, want, req->nr_cores);
	if (err != -EBUSY)
		return err;
	if (!rsv->dry_run)
		lwk_stat_inc(e, BUSY);
	if (!(req->flags & LWK_JOIN_WAIT))
		return err;

	timeout = wait_event_interruptible_timeout(e->wait,
						   take_again(e, rsv, want,
							      req->nr_cores,
							      &err), timeout);
	/* The condition may have come true together with a signal. */
	if (err != -EBUSY)
		return err;
	return timeout < 0 ? -EINTR : -ETIMEDOUT;
}

/* The cores are held, unless in a dry run; after an error they are not. */
static int take_memory(struct lwk_rsv *rsv)
{
	int id = lwk_account_open(rsv->memory);

	if (rsv->dry_run) {
		if (id > 0)
			lwk_account_close(id);
		return min(id, 0);
	}
	if (id < 0) {
		lwk_enclave_put_cores(rsv);
		return id;
	}
	rsv->account = id;
	return 0;
}

static struct lwk_rsv *take(struct lwk_enclave *e,
			    const struct lwk_join *req,
			    const struct cpumask *want)
{
	unsigned int nr = req->nr_cores ?: cpumask_weight(want);
	struct lwk_rsv *rsv;
	int err;

	rsv = rsv_alloc(e, req, nr);
	if (!rsv)
		return ERR_PTR(-ENOMEM);

	err = take_wait(e, rsv, req, want);
	if (!err)
		err = take_memory(rsv);
	trace_lwk_join(e->group.cg_item.ci_name, nr,
		       err ? cpu_none_mask : &rsv->cores, err);
	if (err) {
		lwk_rsv_put(rsv);
		return ERR_PTR(err);
	}
	return rsv;
}

/**
 * lwk_rsv_take - reserve cores for current, which is not moved yet
 * @req: the request, copied from user space, with a terminated name.
 * @want: the cores wanted; empty if @req->nr_cores says how many.
 *
 * A dry run is told which cores it would have got, and holds none.
 *
 * Context: process context, may sleep.
 * Return: the reservation, for lwk_rsv_enter() or lwk_rsv_cancel(); or an
 * error as listed at &struct lwk_join.
 */
struct lwk_rsv *lwk_rsv_take(const struct lwk_join *req,
			     const struct cpumask *want)
{
	struct lwk_enclave *e;
	int err;

	e = lwk_enclave_find(req->enclave);
	if (!e)
		return ERR_PTR(-ENOENT);
	err = lwk_enclave_permission(e);
	if (err) {
		lwk_stat_inc(e, DENIED);
		return ERR_PTR(err);
	}
	err = check_request(e, req, want);
	if (err)
		return ERR_PTR(err);
	err = check_caller();
	if (err)
		return ERR_PTR(err);

	return take(e, req, want);
}

/**
 * lwk_rsv_enter - current becomes the first member and moves to its core
 * @rsv: from lwk_rsv_take(), not a dry run.
 *
 * Context: process context, may sleep.
 * Return: 0, or -EINVAL if the task has got a deadline since it asked; then
 * it has not moved.
 */
int lwk_rsv_enter(struct lwk_rsv *rsv)
{
	int err;

	lwk_task_equip(current);
	err = lwk_class_enter(rsv);
	if (err)
		return err;
	set_syscall_work(LWK);
	lwk_stat_inc(rsv->enclave, JOINS);
	lwk_cputime_watch();
	lwk_mm_adopt(current->mm);
	return 0;
}

/**
 * lwk_rsv_end - others may have what a reservation held
 * @rsv: the reservation, without members.
 *
 * Context: process context; does not sleep.
 */
void lwk_rsv_end(struct lwk_rsv *rsv)
{
	scoped_guard (spinlock, &rsv->memory_lock) {
		lwk_account_used(rsv->account, &rsv->peak);
		rsv->ended = true;
		lwk_account_close(rsv->account);
	}
	lwk_enclave_put_cores(rsv);
}

#define BYTES(pages)	((u64)(pages) << PAGE_SHIFT)

/**
 * lwk_rsv_memory - LWK memory of a reservation
 * @rsv: the reservation, which may have ended.
 * @memory: out: all but size.
 *
 * Context: process context.
 */
void lwk_rsv_memory(struct lwk_rsv *rsv, struct lwk_memory *memory)
{
	unsigned long peak;

	guard(spinlock)(&rsv->memory_lock);
	memory->promised = rsv->ended ? 0 : BYTES(rsv->memory);
	memory->used = 0;
	peak = rsv->peak;
	if (!rsv->ended)
		memory->used = BYTES(lwk_account_used(rsv->account, &peak));
	memory->peak = BYTES(peak);
	memory->of_linux = BYTES(atomic64_read(&rsv->pages_of_linux));
}

/**
 * lwk_rsv_cancel - give back what lwk_rsv_take() took
 * @rsv: the reservation, without members.
 *
 * Context: process context.
 */
void lwk_rsv_cancel(struct lwk_rsv *rsv)
{
	if (!rsv->dry_run)
		lwk_rsv_end(rsv);
	lwk_rsv_put(rsv);
}
