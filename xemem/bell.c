// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: doorbells. The bell of a segment is an eventfd of its owner, which
 * counts, coalesces and wakes as eventfds do; whoever has a permit rings it.
 * The other way, each permit may have an eventfd of its process: the owner
 * rings all of these at once, and so does the end of the segment.
 */
#include <linux/eventfd.h>
#include <linux/sched/signal.h>
#include <linux/sched.h>

#include "xemem.h"

/* So many bells are rung under the lock. */
#define RING_MOST	64

/**
 * xemem_bell_set - a segment gets a bell, or another one, or none
 * @p: current, whose segment it is.
 * @segid: the segment.
 * @fd: an eventfd; -1: none.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: that is no number, or no eventfd; -EBADF; -ENOENT: there
 * is no such segment; -EACCES: it is another process's.
 */
int xemem_bell_set(struct xemem_process *p, s64 segid, int fd)
{
	struct xemem_segment *segment = xemem_segment_find(segid);
	struct eventfd_ctx *bell = NULL;
	int err = 0;

	if (IS_ERR(segment))
		return PTR_ERR(segment);
	if (segment->process != p)
		err = -EACCES;
	else if (fd >= 0)
		bell = eventfd_ctx_fdget(fd);
	if (IS_ERR(bell))
		err = PTR_ERR(bell);
	if (!err) {
		scoped_guard(spinlock, &segment->perm.lock)
			swap(segment->bell, bell);
		if (bell)
			eventfd_ctx_put(bell);
	}
	xemem_segment_put(segment);
	return err;
}

/**
 * xemem_bell_ring - ring the bell of a segment
 * @p: current.
 * @apid: its permit.
 *
 * Context: process context.
 * Return: 0; -EINVAL: that is no number; -ENOENT: there is no such permit, or
 * the segment is removed; -ENXIO: it has no bell; -EACCES: the permit is another
 * process's.
 */
int xemem_bell_ring(struct xemem_process *p, s64 apid)
{
	struct xemem_permit *permit = xemem_permit_find(p, apid);
	struct xemem_segment *segment;
	int err = 0;

	if (IS_ERR(permit))
		return PTR_ERR(permit);
	segment = permit->segment;
	scoped_guard(spinlock, &segment->perm.lock) {
		if (READ_ONCE(segment->removed))
			err = -ENOENT;
		else if (!segment->bell)
			err = -ENXIO;
		else
			eventfd_signal(segment->bell);
	}
	xemem_permit_put(permit);
	return err;
}

/* Both are of the same state, but for the moment in between. */
static void set_notice(struct xemem_permit *permit, struct eventfd_ctx **notice)
{
	lockdep_assert_held(&permit->segment->notices_lock);
	swap(permit->notice, *notice);
	if (!permit->notice)
		list_del_init(&permit->noticed);
	else if (list_empty(&permit->noticed))
		list_add_tail(&permit->noticed, &permit->segment->notices);
}

/**
 * xemem_notice_set - a permit gets a bell, or another one, or none
 * @p: current, whose permit it is.
 * @apid: the permit.
 * @fd: an eventfd; -1: none.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: that is no number, or no eventfd; -EBADF; -ENOENT: there
 * is no such permit, or its segment has ended; -EACCES: it is another
 * process's; -EINTR.
 */
int xemem_notice_set(struct xemem_process *p, s64 apid, int fd)
{
	struct xemem_permit *permit = xemem_permit_find(p, apid);
	struct eventfd_ctx *notice = NULL;
	int err = 0;

	if (IS_ERR(permit))
		return PTR_ERR(permit);
	if (fd >= 0)
		notice = eventfd_ctx_fdget(fd);
	if (IS_ERR(notice)) {
		err = PTR_ERR(notice);
		notice = NULL;
	} else if (mutex_lock_killable(&permit->segment->notices_lock)) {
		err = -EINTR;
	} else {
		/* Who ends either of them looks at the notices afterwards. */
		if (READ_ONCE(permit->ended) ||
		    READ_ONCE(permit->segment->ended))
			err = -ENOENT;
		else
			set_notice(permit, &notice);
		mutex_unlock(&permit->segment->notices_lock);
	}
	if (notice)
		eventfd_ctx_put(notice);
	xemem_permit_put(permit);
	return err;
}

/**
 * xemem_notice_end - a permit has ended
 * @permit: it, marked as ended.
 *
 * Context: process context, may sleep.
 */
void xemem_notice_end(struct xemem_permit *permit)
{
	struct eventfd_ctx *notice = NULL;

	scoped_guard(mutex, &permit->segment->notices_lock)
		set_notice(permit, &notice);
	if (notice)
		eventfd_ctx_put(notice);
}

/*
 * Some of those that were not rung yet. Whoever ends a permit does not wait for
 * all of them. Are there any more?
 */
static bool ring_some(struct xemem_segment *segment, struct list_head *silent)
{
	struct xemem_permit *permit;
	int nr = 0;

	guard(mutex)(&segment->notices_lock);
	while (nr++ < RING_MOST && !list_empty(silent)) {
		permit = list_first_entry(silent, struct xemem_permit, noticed);
		eventfd_signal(permit->notice);
		list_move_tail(&permit->noticed, &segment->notices);
	}
	return !list_empty(silent);
}

/**
 * xemem_notice_all - ring the bells of all permits for a segment
 * @segment: it; its owner rings, or it has ended.
 *
 * Not all of them, if current is being killed.
 *
 * Context: process context, may sleep.
 */
void xemem_notice_all(struct xemem_segment *segment)
{
	LIST_HEAD(silent);

	scoped_guard(mutex, &segment->notices_lock)
		list_splice_init(&segment->notices, &silent);
	/* Who waits for such a bell is not known: it may be many. */
	while (!fatal_signal_pending(current) && ring_some(segment, &silent))
		cond_resched();
	guard(mutex)(&segment->notices_lock);
	list_splice(&silent, &segment->notices);
}

/**
 * xemem_notice_ring - the owner has something new
 * @p: current.
 * @segid: its segment.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: that is no number; -ENOENT: there is no such segment;
 * -EACCES: it is another process's.
 */
int xemem_notice_ring(struct xemem_process *p, s64 segid)
{
	struct xemem_segment *segment = xemem_segment_find(segid);
	int err = 0;

	if (IS_ERR(segment))
		return PTR_ERR(segment);
	if (segment->process == p)
		xemem_notice_all(segment);
	else
		err = -EACCES;
	xemem_segment_put(segment);
	return err;
}
