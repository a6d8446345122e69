/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * XEMEM: what there is beyond XPMEM: names, doorbells, lists of who may attach,
 * memory as it was at one moment, attachments without page faults. See
 * libxemem(3). Link with -lxemem -lxpmem.
 *
 * Segments and permits are those of xpmem.h, and so is the descriptor of the
 * device: xpmem_remove(), xpmem_get(), xpmem_release() and xpmem_detach() are
 * for them all. The structs and flags are those of linux/xemem.h.
 *
 * All functions may be called from several threads at once. From any of them,
 * errno may be ENODEV: there is no /dev/xpmem; ENOTTY: the kernel has no more
 * than XPMEM; or what open(2) sets.
 */
#ifndef XEMEM_H
#define XEMEM_H

#include <sys/types.h>

#include <linux/xemem.h>

#include <xpmem.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * xemem_query() - what this kernel has
 * @query: out: features (XEMEM_HAS_*) and the number of this domain
 *
 * Return: 0, or -1 with errno: ENOTTY.
 */
int xemem_query(struct xemem_query *query);

/**
 * xemem_make() - offer a range of addresses, with a name and more
 * @vaddr: start, as for xpmem_make()
 * @size: bytes, as there; 0 with a @bell alone, then @vaddr is NULL
 * @mode: who may get it, at most 0777
 * @name: where others find it, of A-Z a-z 0-9 . _ - / and at most
 *	XEMEM_NAME_MAX - 1 characters; NULL: none
 * @bell: an eventfd that xemem_ring() rings, or -1
 * @flags: XEMEM_FROZEN: the memory as it is now, whatever is written later;
 *	XEMEM_NO_PIN: no call or device may keep pages of it;
 *	XEMEM_REPLACE: @name leads here from now on, and no more to another
 *	segment of this user, which stays; who looks for it sees the one or the
 *	other; or 0
 *
 * Return: the segment, or -1 with errno: as xpmem_make(), and EEXIST (this user
 * has another one of that @name), ENAMETOOLONG, EBADF (@bell is no eventfd),
 * EDQUOT.
 */
xpmem_segid_t xemem_make(void *vaddr, size_t size, mode_t mode,
			 const char *name, int bell, unsigned int flags);

/**
 * xemem_attach() - map a part of a segment
 * @addr: where it begins, as for xpmem_attach()
 * @size: bytes, as there
 * @vaddr: where to map it, as there
 * @flags: XEMEM_EAGER: all of it now, so that no touch faults; or XEMEM_LAZY: as
 *	it is touched; or neither: eager on an LWK core, else lazy. And
 *	XEMEM_READ: to read only, for which any permit will do.
 *
 * Return: address of the mapping, or (void *)-1 with errno, as xpmem_attach(),
 * and EFAULT (eager, and there is nothing to map).
 */
void *xemem_attach(struct xpmem_addr addr, size_t size, void *vaddr,
		   unsigned int flags);

/**
 * xemem_lookup() - find a segment by its name
 * @name: the name
 * @timeout_ms: how long to wait until there is such a segment, in
 *	milliseconds; 0: not at all; -1: for ever
 *
 * Names are their users'. If several users have a segment of this name, it is
 * the caller's own, or else that of who has had the name for longest.
 *
 * Return: the segment, or -1 with errno: ENOENT (with a timeout of 0: there is
 * none), ETIMEDOUT, EINTR (a signal was caught), EINVAL, ENAMETOOLONG.
 */
xpmem_segid_t xemem_lookup(const char *name, int timeout_ms);

/**
 * xemem_lookup_of() - find a segment of a certain user by its name
 * @name: the name
 * @owner: the user
 * @timeout_ms: as for xemem_lookup()
 *
 * Return: as xemem_lookup(); EINVAL, too, if the kernel is too old for it
 * (there is no XEMEM_HAS_OWNER).
 */
xpmem_segid_t xemem_lookup_of(const char *name, uid_t owner, int timeout_ms);

/**
 * xemem_next() - the next one in the list of all segments
 * @segment: in: the one before, or one with segid 0 to begin; out
 *
 * Segments that come and go meanwhile are in the list or not; all others are
 * in it once.
 *
 * Return: 1; 0 at the end; or -1 with errno.
 */
int xemem_next(struct xemem_segment_info *segment);

/**
 * xemem_bell() - have an eventfd rung from now on
 * @segid: a segment of this process
 * @eventfd: in place of the one before; -1: none
 *
 * Return: 0, or -1 with errno: EINVAL, ENOENT, EACCES, EBADF.
 */
int xemem_bell(xpmem_segid_t segid, int eventfd);

/**
 * xemem_ring() - ring the bell of a segment
 * @apid: a permit for it
 *
 * Adds 1 to the eventfd. The owner may poll(2) it, and a read(2) gets the number
 * of rings since the last one.
 *
 * Return: 0, or -1 with errno: EINVAL, ENOENT, EACCES, ENXIO (no bell).
 */
int xemem_ring(xpmem_apid_t apid);

/**
 * xemem_notice() - hear of a segment
 * @apid: a permit of this process
 * @eventfd: 1 is added to it at each xemem_ring_all(), and when the segment is
 *	removed or its owner ends (then xemem_ring() fails with ENOENT); in place
 *	of the one before; -1: none
 *
 * Return: 0, or -1 with errno: EINVAL, ENOENT, EACCES, EBADF, EINTR.
 */
int xemem_notice(xpmem_apid_t apid, int eventfd);

/**
 * xemem_ring_all() - tell all who have attached a segment, in one call
 * @segid: a segment of this process
 *
 * Return: 0, or -1 with errno: EINVAL, ENOENT, EACCES.
 */
int xemem_ring_all(xpmem_segid_t segid);

/**
 * xemem_acl() - say who may get a segment, besides its mode
 * @segid: a segment of this process
 * @entries: the first one that fits a process decides, then the mode
 * @nr: how many, at most XEMEM_ACL_MAX; 0: no list any more
 *
 * Permits that others have already stay.
 *
 * Return: 0, or -1 with errno: EINVAL, ENOENT, EACCES, E2BIG, ENOMEM.
 */
int xemem_acl(xpmem_segid_t segid, const struct xemem_acl_entry *entries,
	      unsigned int nr);

#ifdef __cplusplus
}
#endif

#endif /* XEMEM_H */
