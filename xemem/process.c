// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: processes that have opened the device.
 *
 * As with XPMEM, what a process has is its own, not that of an open file: the
 * first open begins it, and the first close of any of its files ends it. It
 * also ends with exec, of which a file that stays open does not hear: such a
 * process has to open the device again.
 */
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "bill.h"
#include "xemem.h"

/* By the number of the process in the first PID namespace. */
static DEFINE_XARRAY(xemem_processes);

static void free_process(struct kref *kref)
{
	struct xemem_process *p = container_of(kref, struct xemem_process,
					       kref);

	xemem_payer_put(p->payer);
	mmdrop(p->mm);
	put_pid(p->pid);
	xemem_account_put(p->account);
	xemem_free(XEMEM_PROCESS, p);
}

/**
 * xemem_process_put - drop a reference
 * @p: it.
 *
 * Context: process context.
 */
void xemem_process_put(struct xemem_process *p)
{
	kref_put(&p->kref, free_process);
}

static struct xemem_process *find(pid_t tgid)
{
	struct xemem_process *p;

	xa_lock(&xemem_processes);
	p = xa_load(&xemem_processes, tgid);
	if (p)
		kref_get(&p->kref);
	xa_unlock(&xemem_processes);
	return p;
}

/**
 * xemem_process_get - what current has
 *
 * Context: process context.
 * Return: with a reference; or NULL: it has not opened the device, or has
 * become another program, or was forked since.
 */
struct xemem_process *xemem_process_get(void)
{
	struct xemem_process *p = find(task_tgid_nr(current));

	if (p && p->mm != current->mm) {
		xemem_process_put(p);
		return NULL;
	}
	return p;
}

/**
 * xemem_process_find - what a process has
 * @pid: of the process.
 *
 * Context: process context.
 * Return: with a reference; or NULL: it has not opened the device.
 */
struct xemem_process *xemem_process_find(struct pid *pid)
{
	struct xemem_process *p = find(pid_nr(pid));

	if (p && p->pid != pid) {
		xemem_process_put(p);
		return NULL;
	}
	return p;
}

/**
 * xemem_process_from - walk through all processes that have opened the device
 * @tgid: the first number that is looked at.
 *
 * Context: process context.
 * Return: with a reference; NULL: there is no further one.
 */
struct xemem_process *xemem_process_from(unsigned long tgid)
{
	struct xemem_process *p;

	xa_lock(&xemem_processes);
	p = xa_find(&xemem_processes, &tgid, ULONG_MAX, XA_PRESENT);
	if (p)
		kref_get(&p->kref);
	xa_unlock(&xemem_processes);
	return p;
}

static struct xemem_segment *first_segment(struct xemem_process *p)
{
	return list_first_entry_or_null(&p->segments, struct xemem_segment,
					node);
}

static struct xemem_permit *first_permit(struct xemem_process *p)
{
	return list_first_entry_or_null(&p->permits, struct xemem_permit, node);
}

/* Those with all of @flags, which are the first ones. */
static void end_segments(struct xemem_process *p, u32 flags)
{
	struct xemem_segment *segment;

	lockdep_assert_held(&p->lock);
	while ((segment = first_segment(p)) &&
	       (segment->flags & flags) == flags) {
		list_del_init(&segment->node);
		mutex_unlock(&p->lock);
		xemem_segment_end(segment);
		mutex_lock(&p->lock);
	}
}

static void end_permits(struct xemem_process *p)
{
	struct xemem_permit *permit;

	lockdep_assert_held(&p->lock);
	while ((permit = first_permit(p))) {
		list_del_init(&permit->node);
		mutex_unlock(&p->lock);
		xemem_permit_end(permit);
		mutex_lock(&p->lock);
	}
}

/*
 * What is frozen first: the OOM killer may be waiting for it. Permits before
 * other segments: an attachment of one's own goes quietly.
 */
static void end(struct xemem_process *p)
{
	struct xemem_space *space;

	/* Another one may have its number by now. */
	xa_cmpxchg(&xemem_processes, p->tgid, p, NULL, 0);
	mutex_lock(&p->lock);
	p->ended = true;
	space = p->space;
	p->space = NULL;
	if (space)
		xemem_watch_set_maker(space->watch, NULL);
	end_segments(p, XEMEM_FROZEN);
	end_permits(p);
	end_segments(p, 0);
	mutex_unlock(&p->lock);
	xemem_space_put(space);
}

/* Its files may be open for long, be it in another process. */
static void end_orphan(struct work_struct *work)
{
	struct xemem_process *p = container_of(work, struct xemem_process,
					       end_work);

	end(p);
	xemem_process_put(p);
}

/**
 * xemem_process_orphan - its address space has no users any more
 * @p: it.
 *
 * What it has frozen would be on nobody's account.
 *
 * Context: any.
 */
void xemem_process_orphan(struct xemem_process *p)
{
	if (!xemem_payer_pays(p->payer))
		return;
	kref_get(&p->kref);
	if (!queue_work(system_unbound_wq, &p->end_work))
		xemem_process_put(p);
}

/* By current, and not by somebody else at some time. */
static void end_now(struct xemem_process *p)
{
	if (cancel_work_sync(&p->end_work))
		xemem_process_put(p);
	end(p);
}

static struct xemem_process *create(void)
{
	struct xemem_process *p = xemem_new(XEMEM_PROCESS);

	if (!p)
		return NULL;
	p->account = xemem_account_get();
	p->payer = p->account ? xemem_payer_get() : NULL;
	if (!p->payer) {
		if (p->account)
			xemem_account_put(p->account);
		xemem_free(XEMEM_PROCESS, p);
		return NULL;
	}
	kref_init(&p->kref);
	p->tgid = task_tgid_nr(current);
	p->pid = get_task_pid(current, PIDTYPE_TGID);
	p->mm = current->mm;
	mmgrab(p->mm);
	mutex_init(&p->lock);
	INIT_WORK(&p->end_work, end_orphan);
	INIT_LIST_HEAD(&p->segments);
	INIT_LIST_HEAD(&p->permits);
	return p;
}

/* Of a program that current has been before. */
static void end_stale(void)
{
	struct xemem_process *p = find(task_tgid_nr(current));

	if (!p)
		return;
	if (p->mm != current->mm)
		end(p);
	xemem_process_put(p);
}

/**
 * xemem_process_open - current has opened the device
 * @file: what it has opened, which holds a reference.
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOMEM, or -ENODEV: current has no address space.
 */
int xemem_process_open(struct file *file)
{
	struct xemem_process *p, *old;

	if (!current->mm)
		return -ENODEV;
	end_stale();
	while (!(p = xemem_process_get())) {
		p = create();
		if (!p)
			return -ENOMEM;
		old = xa_cmpxchg(&xemem_processes, p->tgid, NULL, p,
				 GFP_KERNEL_ACCOUNT);
		if (!old)
			break;
		/* Another thread was faster: then it is his. */
		xemem_process_put(p);
		if (xa_is_err(old))
			return xa_err(old);
	}
	file->private_data = p;
	return 0;
}

/**
 * xemem_process_flush - current has closed a file of the device
 *
 * Context: process context, may sleep; without an address space, if it exits.
 */
void xemem_process_flush(void)
{
	struct xemem_process *p = find(task_tgid_nr(current));

	if (!p)
		return;
	if (p->mm == current->mm || !current->mm)
		end_now(p);
	xemem_process_put(p);
}

/**
 * xemem_process_release - nobody has the file any more
 * @file: the file, which may have outlived its process.
 *
 * Context: process context, may sleep.
 */
void xemem_process_release(struct file *file)
{
	struct xemem_process *p = file->private_data;

	end_now(p);
	xemem_process_put(p);
}
