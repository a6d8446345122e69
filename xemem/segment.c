// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: segments, their numbers, and who may know them.
 */
#include <linux/cred.h>
#include <linux/eventfd.h>
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>
#include <linux/oom.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/slab.h>

#include <trace/events/xemem.h>
#include "../compat/mm.h"
#include "bill.h"
#include "xemem.h"

static struct xemem_numbers xemem_segments = {
	.objects = XARRAY_INIT(xemem_segments.objects, 0),
};

static void free_rcu(struct rcu_head *rcu)
{
	xemem_free(XEMEM_SEGMENT, container_of(rcu, struct xemem_segment, rcu));
}

static void free_segment(struct kref *kref)
{
	struct xemem_segment *segment = container_of(kref,
						     struct xemem_segment,
						     kref);

	security_shm_free(&segment->perm);
	xemem_space_put(segment->space);
	if (segment->bell)
		eventfd_ctx_put(segment->bell);
	kfree(rcu_access_pointer(segment->acl));
	put_ipc_ns(segment->ns);
	put_pid(segment->pid);
	xemem_account_put(segment->account);
	call_rcu(&segment->rcu, free_rcu);
}

/**
 * xemem_segment_put - drop a reference
 * @segment: it.
 *
 * Context: process context, may sleep.
 */
void xemem_segment_put(struct xemem_segment *segment)
{
	kref_put(&segment->kref, free_segment);
}

/* May current know that it is there? */
static bool is_visible(const struct xemem_segment *segment)
{
	return segment->ns == current->nsproxy->ipc_ns && !segment->removed;
}

/**
 * xemem_segment_find - a segment by its number
 * @segid: the number.
 *
 * Context: process context.
 * Return: with a reference; -EINVAL: that is no number; -ENOENT: there is none,
 * or it is another IPC namespace's.
 */
struct xemem_segment *xemem_segment_find(s64 segid)
{
	struct xemem_segment *segment;

	if (segid <= 0)
		return ERR_PTR(-EINVAL);
	guard(rcu)();
	segment = xemem_number_find(&xemem_segments, segid);
	if (!segment || segment->segid != segid || !is_visible(segment) ||
	    !kref_get_unless_zero(&segment->kref))
		return ERR_PTR(-ENOENT);
	return segment;
}

/* So many segments are looked at before others may have the CPU. */
#define LOOK_AT		64

/* The search goes on behind *@segid. */
static bool look_behind(s64 *segid, struct xemem_segment **segment)
{
	int i;

	guard(rcu)();
	for (i = 0; i < LOOK_AT; i++) {
		*segment = xemem_number_next(&xemem_segments, segid);
		if (!*segment || (is_visible(*segment) &&
				  kref_get_unless_zero(&(*segment)->kref)))
			return true;
	}
	return false;
}

/**
 * xemem_segment_after - the next segment that current may know of
 * @segid: number of the one before it, or 0.
 *
 * Those of other namespaces lie between.
 *
 * Context: process context, may sleep.
 * Return: with a reference; NULL: there is none; or -EINTR: current is killed.
 */
struct xemem_segment *xemem_segment_after(s64 segid)
{
	struct xemem_segment *segment;

	while (!look_behind(&segid, &segment)) {
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		cond_resched();
	}
	return segment;
}

static int check(const struct xemem_make *req, unsigned long *size)
{
	const u32 flags = XEMEM_FROZEN | XEMEM_NO_PIN | XEMEM_REPLACE;
	u64 end;

	if (req->mode & ~0777 || req->flags & ~flags)
		return -EINVAL;
	*size = req->size == ~0ULL ? TASK_SIZE - req->vaddr : req->size;
	if (!req->size)
		return req->bell >= 0 && !req->vaddr &&
		       !(req->flags & XEMEM_FROZEN) ? 0 : -EINVAL;
	if (req->vaddr & ~PAGE_MASK || *size & ~PAGE_MASK ||
	    check_add_overflow(req->vaddr, *size, &end) || end > TASK_SIZE)
		return -EINVAL;
	/* Nobody means to copy all there is. */
	return req->flags & XEMEM_FROZEN && req->size == ~0ULL ? -EINVAL : 0;
}

static void set_owner(struct kern_ipc_perm *perm, umode_t mode)
{
	perm->mode = mode;
	perm->uid = current_euid();
	perm->cuid = perm->uid;
	perm->gid = current_egid();
	perm->cgid = perm->gid;
}

static struct xemem_segment *create(struct xemem_process *p,
				    const struct xemem_make *req)
{
	struct xemem_segment *segment = xemem_new(XEMEM_SEGMENT);
	int err;

	if (!segment)
		return ERR_PTR(-ENOMEM);
	kref_init(&segment->kref);
	INIT_LIST_HEAD(&segment->node);
	INIT_LIST_HEAD(&segment->named);
	mutex_init(&segment->notices_lock);
	INIT_LIST_HEAD(&segment->notices);
	spin_lock_init(&segment->perm.lock);
	set_owner(&segment->perm, req->mode);
	err = security_shm_alloc(&segment->perm);
	if (err) {
		xemem_free(XEMEM_SEGMENT, segment);
		return ERR_PTR(err);
	}
	segment->ns = get_ipc_ns(current->nsproxy->ipc_ns);
	segment->pid = get_task_pid(current, PIDTYPE_TGID);
	segment->process = p;
	segment->account = xemem_account_hold(p->account);
	segment->start = req->vaddr;
	segment->flags = req->flags & ~XEMEM_REPLACE;
	segment->whole = req->size == ~0ULL;
	return segment;
}

/* That of the process, unless the segment is to stay as it is. */
static int set_space(struct xemem_process *p, struct xemem_segment *segment)
{
	struct xemem_space *space;

	lockdep_assert_held(&p->lock);
	/* By this one the end of the process's address space is heard of. */
	if (!p->space) {
		space = xemem_space_create(p->mm);
		if (IS_ERR(space))
			return PTR_ERR(space);
		p->space = space;
		xemem_watch_set_maker(space->watch, p);
	}
	if (segment->flags & XEMEM_FROZEN) {
		space = xemem_freeze(p, segment->start, segment->size);
		if (IS_ERR(space))
			return PTR_ERR(space);
		segment->space = space;
		return 0;
	}
	ihold(&p->space->inode);
	segment->space = p->space;
	return 0;
}

static int set_bell(struct xemem_segment *segment, int fd)
{
	struct eventfd_ctx *bell;

	if (fd < 0)
		return 0;
	bell = eventfd_ctx_fdget(fd);
	if (IS_ERR(bell))
		return PTR_ERR(bell);
	segment->bell = bell;
	return 0;
}

/* From now on it can be found. */
static int publish(struct xemem_process *p, struct xemem_segment *segment,
		   const struct xemem_make *req)
{
	int err;

	lockdep_assert_held(&p->lock);
	err = xemem_charge(segment->account, XEMEM_QUOTA_SEGMENTS);
	if (err)
		return err;
	err = xemem_number_add(&xemem_segments, segment, task_tgid_vnr(current),
			       &segment->segid);
	if (err) {
		xemem_uncharge(segment->account, XEMEM_QUOTA_SEGMENTS);
		return err;
	}
	/* Last: who waits for the name gets the segment at once. */
	err = xemem_name_add(segment, req->name, req->flags & XEMEM_REPLACE);
	if (err) {
		/* Somebody may have guessed its number. */
		kref_get(&segment->kref);
		xemem_segment_end(segment);
		return err;
	}
	/* What is frozen goes first when the process ends. */
	if (segment->flags & XEMEM_FROZEN)
		list_add(&segment->node, &p->segments);
	else
		list_add_tail(&segment->node, &p->segments);
	return 0;
}

/* What a process makes after its end, nobody would ever take away. */
static int make(struct xemem_process *p, struct xemem_segment *segment,
		const struct xemem_make *req)
{
	int err = 0;

	if (mutex_lock_killable(&p->lock))
		return -EINTR;
	if (p->ended)
		err = -XPMEM_ABI_NOPROC;
	else if (segment->size)
		err = set_space(p, segment);
	if (!err)
		err = publish(p, segment, req);
	mutex_unlock(&p->lock);
	return err;
}

/**
 * xemem_segment_make - make a segment
 * @p: current.
 * @req: which; out: its number.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: not a multiple of the page size, or not the caller's
 * addresses, or bits that mean nothing; -EEXIST: the user has one of that name;
 * -EBADF: the bell is no open file; -EOPNOTSUPP: some of the memory cannot be
 * frozen; -EFAULT: some of it is lost; -EDQUOT: the user has too many, or too
 * many names, or too much that is frozen; -ENOMEM; -EINTR; -XPMEM_ABI_NOPROC.
 */
int xemem_segment_make(struct xemem_process *p, struct xemem_make *req)
{
	struct xemem_segment *segment;
	unsigned long size;
	int err;

	err = check(req, &size);
	if (err)
		return err;
	segment = create(p, req);
	if (IS_ERR(segment))
		return PTR_ERR(segment);
	segment->size = size;
	err = set_bell(segment, req->bell);
	if (!err)
		err = make(p, segment, req);
	trace_xemem_make(err ? 0 : segment->segid, req->vaddr, size,
			 req->flags, err);
	if (!err) {
		req->segid = segment->segid;
		return 0;
	}
	xemem_segment_put(segment);
	return err;
}

/* Its memory is its owner's alone again. */
static void cut(struct xemem_segment *segment)
{
	struct xemem_watch *watch = segment->space->watch;

	xemem_watch_forbid(watch, &segment->removed);
	xemem_watch_cut(watch, segment, NULL);
}

/* After its end, this is when its memory is freed, permits or not. */
static void thaw(struct xemem_segment *segment, bool wait)
{
	if (!(segment->flags & XEMEM_FROZEN) || !READ_ONCE(segment->ended) ||
	    atomic64_read(&segment->attachments))
		return;
	segment->removed = true;
	xemem_space_drop(segment->space, wait);
}

/* Was its maker killed for the memory he has? Others may do his work. */
static bool is_victim(const struct xemem_segment *segment)
{
	return tsk_is_oom_victim(current) ||
	       mm_flags_test(MMF_OOM_REAP_QUEUED, segment->process->mm);
}

/*
 * Who was killed for his memory gives all of it back, also what others have
 * attached, as it is with memory that is not frozen. Otherwise they pay, each
 * for what he has attached, and nothing else stays.
 */
static void end_frozen(struct xemem_segment *segment)
{
	if (is_victim(segment)) {
		cut(segment);
		xemem_space_drop(segment->space, true);
		return;
	}
	xemem_bill_pass(segment->space->bill);
	thaw(segment, true);
	xemem_prune(segment->space);
}

/**
 * xemem_segment_detached - somebody has it attached once less
 * @segment: it.
 *
 * Context: any that may take a lock; mmap_lock may be held.
 */
void xemem_segment_detached(struct xemem_segment *segment)
{
	bool last = !atomic64_dec_return(&segment->attachments);

	if (!(segment->flags & XEMEM_FROZEN))
		return;
	if (last)
		thaw(segment, false);
	else if (xemem_bill_is_passed(segment->space->bill))
		xemem_prune(segment->space);
}

/**
 * xemem_segment_end - it is shown no more, and cannot be found
 * @segment: it; its process has taken it off its list, and its reference goes.
 *
 * A frozen one is still shown to those who have it attached, unless the OOM
 * killer has chosen its maker.
 *
 * Context: process context, may sleep.
 */
void xemem_segment_end(struct xemem_segment *segment)
{
	trace_xemem_remove(segment->segid,
			   atomic64_read(&segment->attachments));
	/* First the name: who finds it finds the segment. */
	xemem_name_remove(segment);
	xemem_number_remove(&xemem_segments, segment->segid);
	xemem_uncharge(segment->account, XEMEM_QUOTA_SEGMENTS);
	/* Before the number of attachments is read, as it is by who changes it. */
	smp_store_mb(segment->ended, true);
	if (!segment->space)
		segment->removed = true;
	else if (segment->flags & XEMEM_FROZEN)
		end_frozen(segment);
	else
		cut(segment);
	/* Last: who hears of it finds it gone. */
	xemem_notice_all(segment);
	xemem_segment_put(segment);
}

/**
 * xemem_segment_remove - the owner wants it to end
 * @p: current.
 * @segid: its number.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: that is no number; -ENOENT: there is none; -EACCES: it
 * is another process's; -EINTR.
 */
int xemem_segment_remove(struct xemem_process *p, s64 segid)
{
	struct xemem_segment *segment = xemem_segment_find(segid);
	int err = -EACCES;

	if (IS_ERR(segment))
		return PTR_ERR(segment);
	if (segment->process != p)
		goto out;
	err = -EINTR;
	if (mutex_lock_killable(&p->lock))
		goto out;
	err = list_empty(&segment->node) ? -ENOENT : 0;
	list_del_init(&segment->node);
	mutex_unlock(&p->lock);
	if (!err)
		xemem_segment_end(segment);
out:
	xemem_segment_put(segment);
	return err;
}

/**
 * xemem_segment_describe - what current may know of a segment
 * @segment: it.
 * @info: out.
 *
 * Context: process context, may sleep.
 */
void xemem_segment_describe(struct xemem_segment *segment,
			    struct xemem_segment_info *info)
{
	struct user_namespace *ns = current_user_ns();

	*info = (struct xemem_segment_info) {
		.segid = segment->segid,
		.size = segment->whole ? ~0ULL : segment->size,
		.uid = from_kuid_munged(ns, segment->perm.uid),
		.gid = from_kgid_munged(ns, segment->perm.gid),
		.mode = segment->perm.mode,
		.flags = segment->flags,
		.permits = atomic64_read(&segment->permits),
		.attachments = atomic64_read(&segment->attachments),
		.bytes = atomic64_read(&segment->bytes),
		.faults = atomic64_read(&segment->faults),
	};
	xemem_name_of(segment, info->name);
	/* The place of another's memory is nobody's business. */
	if (!xemem_acl_check(segment, false))
		info->vaddr = segment->start;
	info->pid = pid_vnr(segment->pid);
}
