// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: doorbells. The bell of a segment is an eventfd of its owner, which
 * counts, coalesces and wakes as eventfds do; whoever has a permit rings it.
 */
#include <linux/eventfd.h>

#include "xemem.h"

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
