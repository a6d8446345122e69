// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: a domain, its lock, its jobs and its clock.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "domain.h"

/**
 * xemem_domain_alloc - memory for an object of a domain
 * @d: the domain; the object is counted.
 * @size: bytes.
 *
 * Context: process context, may sleep.
 * Return: zeroed; or NULL.
 */
void *xemem_domain_alloc(struct xemem_domain *d, size_t size)
{
	void *object = kvzalloc(size, GFP_KERNEL_ACCOUNT);

	if (object)
		atomic_inc(&d->stats.objects);
	return object;
}

/**
 * xemem_domain_free - free an object of a domain
 * @d: the domain.
 * @object: from xemem_domain_alloc(), or NULL.
 */
void xemem_domain_free(struct xemem_domain *d, void *object)
{
	if (object)
		atomic_dec(&d->stats.objects);
	kvfree(object);
}

/**
 * xemem_domain_now - the domain's time
 * @d: it.
 *
 * Return: milliseconds.
 */
u64 xemem_domain_now(struct xemem_domain *d)
{
	return d->ops->now(d->context);
}

/**
 * xemem_domain_due - something is to be done
 * @d: the domain, locked.
 * @at: when.
 */
void xemem_domain_due(struct xemem_domain *d, u64 at)
{
	lockdep_assert_held(&d->lock);
	d->due = min(d->due, at);
}

/**
 * xemem_domain_job - something is to be done without the lock
 * @d: the domain, locked.
 * @job: not queued yet.
 * @run: what is called.
 */
void xemem_domain_job(struct xemem_domain *d, struct xemem_job *job,
		      void (*run)(struct xemem_domain *d,
				  struct xemem_job *job))
{
	lockdep_assert_held(&d->lock);
	job->run = run;
	list_add_tail(&job->node, &d->jobs);
}

/* Something that the ops are to know. */
struct notice {
	struct xemem_job job;
	u64 id;
};

static void notify(struct xemem_domain *d, u64 id,
		   void (*run)(struct xemem_domain *d, struct xemem_job *job))
{
	struct notice *n = xemem_domain_alloc(d, sizeof(*n));

	/* Without memory for it, the condition shows some other way, too. */
	if (!n)
		return;
	n->id = id;
	xemem_domain_job(d, &n->job, run);
}

static void run_stuck(struct xemem_domain *d, struct xemem_job *job)
{
	struct notice *n = container_of(job, struct notice, job);

	d->ops->stuck(d->context, n->id);
	xemem_domain_free(d, n);
}

static void run_lost(struct xemem_domain *d, struct xemem_job *job)
{
	struct notice *n = container_of(job, struct notice, job);

	d->ops->lost(d->context, n->id);
	xemem_domain_free(d, n);
}

/**
 * xemem_domain_stuck - another domain does not acknowledge
 * @d: who waits for it, locked.
 * @id: number of the other.
 */
void xemem_domain_stuck(struct xemem_domain *d, u32 id)
{
	notify(d, id, run_stuck);
}

/**
 * xemem_domain_lost - a segment has lost its name
 * @d: whose it is, locked.
 * @segid: its number.
 */
void xemem_domain_lost(struct xemem_domain *d, u64 segid)
{
	notify(d, segid, run_lost);
}

/**
 * xemem_domain_lock - before anything of the domain is looked at
 * @d: it.
 *
 * Context: process context, may sleep.
 */
void xemem_domain_lock(struct xemem_domain *d)
{
	mutex_lock(&d->lock);
}

static void do_jobs(struct xemem_domain *d)
{
	struct xemem_job *job;

	d->working = true;
	while ((job = list_first_entry_or_null(&d->jobs, struct xemem_job,
					       node))) {
		list_del_init(&job->node);
		mutex_unlock(&d->lock);
		job->run(d, job);
		mutex_lock(&d->lock);
	}
	d->working = false;
}

/**
 * xemem_domain_unlock - drop the lock, and do what had to wait for that
 * @d: the domain, locked.
 *
 * One at a time does the jobs, those of others too: in their order, and
 * without going deeper with each job that takes the lock.
 */
void xemem_domain_unlock(struct xemem_domain *d)
{
	u64 at = U64_MAX;

	if (!d->working)
		do_jobs(d);
	if (d->due < d->armed) {
		d->armed = d->due;
		at = d->due;
	}
	mutex_unlock(&d->lock);
	if (at != U64_MAX)
		d->ops->wake(d->context, at);
}

/**
 * xemem_domain_tick - the time has come that ops->wake() has named
 * @d: the domain.
 *
 * Context: process context, may sleep. Too early, too often does no harm.
 */
void xemem_domain_tick(struct xemem_domain *d)
{
	u64 now = xemem_domain_now(d);

	xemem_domain_lock(d);
	d->armed = U64_MAX;
	d->due = U64_MAX;
	xemem_request_tick(d, now);
	xemem_hello_tick(d, now);
	/* What could not be told for lack of memory. */
	xemem_directory_replay(d, d->epoch);
	xemem_node_expire(d, now);
	xemem_domain_unlock(d);
}

/**
 * xemem_domain_id - the number of a domain
 * @d: it.
 *
 * Return: the number; 0: it has none yet.
 */
u32 xemem_domain_id(struct xemem_domain *d)
{
	return READ_ONCE(d->id);
}

/**
 * xemem_domain_assign - a domain has memory
 * @d: it. What it will give to others is part of it. Domain 1 has all there is,
 *	and is not told.
 * @first: page frame number.
 * @pages: how many.
 *
 * Context: process context, may sleep.
 * Return: 0; -ERANGE: there are no such pages; -EEXIST: it has some of them;
 * -ENOSPC: too many ranges; -ENOMEM.
 */
int xemem_domain_assign(struct xemem_domain *d, u64 first, u64 pages)
{
	int err;

	xemem_domain_lock(d);
	err = xemem_ranges_add(d, &d->memory, first, pages);
	xemem_domain_unlock(d);
	return err;
}

/**
 * xemem_domain_create - a domain without links
 * @ops: what it is made of.
 * @context: first argument of @ops.
 * @first: it is domain 1; else it gets a number over the link to its parent.
 *
 * Context: process context, may sleep.
 * Return: the domain, or -ENOMEM.
 */
struct xemem_domain *xemem_domain_create(const struct xemem_domain_ops *ops,
					 void *context, bool first)
{
	struct xemem_domain *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return ERR_PTR(-ENOMEM);
	d->ops = ops;
	d->context = context;
	mutex_init(&d->lock);
	INIT_LIST_HEAD(&d->jobs);
	INIT_LIST_HEAD(&d->links);
	INIT_LIST_HEAD(&d->dead);
	INIT_LIST_HEAD(&d->graves);
	INIT_LIST_HEAD(&d->names);
	INIT_LIST_HEAD(&d->entries);
	xa_init(&d->nodes);
	xa_init(&d->peers);
	xemem_ranges_init(&d->memory);
	d->next_key = 1;
	d->next_number = 1;
	d->next_id = XEMEM_DOMAIN_FIRST + 1;
	d->due = U64_MAX;
	d->armed = U64_MAX;
	if (!first)
		return d;
	d->id = XEMEM_DOMAIN_FIRST;
	d->epoch = 1;
	if (xemem_ranges_add(d, &d->memory, 0, XEMEM_WIRE_PFN_END)) {
		kfree(d);
		return ERR_PTR(-ENOMEM);
	}
	return d;
}

/**
 * xemem_domain_destroy - the end of a domain
 * @d: it. All its links are removed, and nobody calls in any more.
 *
 * Context: process context, may sleep. Calls unmap() and unpin() for what is
 * left, and done() with -EHOSTUNREACH: others are gone, as its links are.
 */
void xemem_domain_destroy(struct xemem_domain *d)
{
	WARN_ON_ONCE(!list_empty(&d->links));
	xemem_domain_lock(d);
	xemem_peer_free(d);
	xemem_domain_unlock(d);

	xemem_domain_lock(d);
	xemem_directory_free(d);
	xemem_grave_free(d);
	xemem_node_free(d);
	xemem_ranges_free(d, &d->memory);
	xemem_domain_unlock(d);
	WARN_ONCE(atomic_read(&d->stats.objects),
		  "xemem: domain %u: %d objects left\n", d->id,
		  atomic_read(&d->stats.objects));
	mutex_destroy(&d->lock);
	kfree(d);
}
