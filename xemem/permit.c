// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: permits. Who asks is judged once, when he gets it.
 */
#include <linux/file.h>
#include <linux/ipc_namespace.h>
#include <linux/slab.h>

#include <trace/events/xemem.h>
#include "xemem.h"

static struct xemem_numbers xemem_permits = {
	.objects = XARRAY_INIT(xemem_permits.objects, 0),
};

static void free_permit(struct kref *kref)
{
	struct xemem_permit *permit = container_of(kref, struct xemem_permit,
						   kref);

	if (permit->file)
		fput(permit->file);
	atomic64_dec(&permit->segment->permits);
	xemem_segment_put(permit->segment);
	xemem_process_put(permit->process);
	xemem_free(XEMEM_PERMIT, permit);
}

/**
 * xemem_permit_put - drop a reference
 * @permit: it.
 *
 * Context: process context; mmap_lock may be held.
 */
void xemem_permit_put(struct xemem_permit *permit)
{
	kref_put(&permit->kref, free_permit);
}

/**
 * xemem_permit_find - a permit by its number
 * @p: current.
 * @apid: the number.
 *
 * Context: process context.
 * Return: with a reference; -EINVAL: that is no number; -ENOENT: there is
 * none; -EACCES: it is another process's.
 */
struct xemem_permit *xemem_permit_find(struct xemem_process *p, s64 apid)
{
	struct xemem_permit *permit;

	if (apid <= 0)
		return ERR_PTR(-EINVAL);
	xa_lock(&xemem_permits.objects);
	permit = xemem_number_find(&xemem_permits, apid);
	if (!permit || permit->apid != apid)
		permit = ERR_PTR(-ENOENT);
	else if (permit->process != p)
		permit = ERR_PTR(-EACCES);
	else
		kref_get(&permit->kref);
	xa_unlock(&xemem_permits.objects);
	return permit;
}

/**
 * xemem_permit_next - walk through all permits there are
 * @permit: the one before, whose reference goes; NULL: begin.
 *
 * Context: process context, may sleep.
 * Return: with a reference; NULL: that was the last one.
 */
struct xemem_permit *xemem_permit_next(struct xemem_permit *permit)
{
	s64 apid = permit ? permit->apid : 0;
	struct xemem_permit *next;

	xa_lock(&xemem_permits.objects);
	next = xemem_number_next(&xemem_permits, &apid);
	if (next)
		kref_get(&next->kref);
	xa_unlock(&xemem_permits.objects);
	if (permit)
		xemem_permit_put(permit);
	return next;
}

static struct xemem_permit *create(struct xemem_process *p,
				   struct xemem_segment *segment, bool write)
{
	struct xemem_permit *permit = xemem_new(XEMEM_PERMIT);

	if (!permit)
		return NULL;
	kref_init(&permit->kref);
	mutex_init(&permit->lock);
	spin_lock_init(&permit->list_lock);
	INIT_LIST_HEAD(&permit->attachments);
	INIT_LIST_HEAD(&permit->node);
	INIT_LIST_HEAD(&permit->holder.node);
	INIT_LIST_HEAD(&permit->noticed);
	kref_get(&p->kref);
	permit->process = p;
	kref_get(&segment->kref);
	permit->segment = segment;
	atomic64_inc(&segment->permits);
	permit->write = write;
	return permit;
}

static int publish(struct xemem_process *p, struct xemem_permit *permit)
{
	int err;

	guard(mutex)(&p->lock);
	if (p->ended)
		return -XPMEM_ABI_NOPROC;
	err = xemem_charge(p->account, XEMEM_QUOTA_PERMITS);
	if (err)
		return err;
	err = xemem_number_add(&xemem_permits, permit, task_tgid_vnr(current),
			       &permit->apid);
	if (err)
		xemem_uncharge(p->account, XEMEM_QUOTA_PERMITS);
	else
		list_add_tail(&permit->node, &p->permits);
	return err;
}

/**
 * xemem_permit_get - get a permit
 * @p: current.
 * @req: for what; out: its number.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: that is no number, or no flags, or no type of
 * permission; -ENOENT: there is no such segment; -EACCES: not for current;
 * -EDQUOT: the user has too many; -ENOMEM;
 * -XPMEM_ABI_NOPROC; or what a security module says.
 */
int xemem_permit_get(struct xemem_process *p, struct xpmem_ioc_get *req)
{
	bool write = req->flags == XPMEM_ABI_RDWR;
	struct xemem_segment *segment;
	struct xemem_permit *permit;
	int err;

	if ((req->flags & ~(XPMEM_ABI_RDONLY | XPMEM_ABI_RDWR)) ||
	    req->flags == (XPMEM_ABI_RDONLY | XPMEM_ABI_RDWR) ||
	    req->permit_type != XPMEM_ABI_PERMIT_MODE || req->permit_value)
		return -EINVAL;
	segment = xemem_segment_find(req->segid);
	if (IS_ERR(segment))
		return PTR_ERR(segment);
	err = xemem_acl_check(segment, write);
	/* What is frozen nobody writes. */
	if (!err && write && segment->flags & XEMEM_FROZEN)
		err = -EACCES;
	if (err)
		goto put_segment;
	err = -ENOMEM;
	permit = create(p, segment, write);
	if (!permit)
		goto put_segment;
	err = publish(p, permit);
	if (err)
		xemem_permit_put(permit);
	else
		req->apid = permit->apid;
put_segment:
	trace_xemem_get(req->segid, err ? 0 : req->apid, write, err);
	xemem_segment_put(segment);
	return err;
}

/**
 * xemem_permit_end - nothing is attached with it any more
 * @permit: it; its process has taken it off its list, and its reference goes.
 *
 * Context: process context, may sleep.
 */
void xemem_permit_end(struct xemem_permit *permit)
{
	trace_xemem_release(permit->segment->segid, permit->apid);
	xemem_number_remove(&xemem_permits, permit->apid);
	xemem_uncharge(permit->process->account, XEMEM_QUOTA_PERMITS);
	if (permit->segment->space)
		xemem_watch_forbid(permit->segment->space->watch,
				   &permit->ended);
	else
		permit->ended = true;
	xemem_notice_end(permit);
	xemem_detach_all(permit);
	xemem_permit_put(permit);
}

/**
 * xemem_permit_release - a process does not want it any more
 * @p: current.
 * @apid: its number.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: that is no number; -ENOENT: there is none; -EACCES: it
 * is another process's; -EINTR.
 */
int xemem_permit_release(struct xemem_process *p, s64 apid)
{
	struct xemem_permit *permit = xemem_permit_find(p, apid);
	int err = -EINTR;

	if (IS_ERR(permit))
		return PTR_ERR(permit);
	if (mutex_lock_killable(&p->lock))
		goto out;
	err = list_empty(&permit->node) ? -ENOENT : 0;
	list_del_init(&permit->node);
	mutex_unlock(&p->lock);
	if (!err)
		xemem_permit_end(permit);
out:
	xemem_permit_put(permit);
	return err;
}
