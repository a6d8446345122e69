// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: memory of the owner appears where it is attached, with the first touch
 * or before it.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include <trace/events/xemem.h>
#include "bill.h"
#include "xemem.h"

/*
 * Who keeps his mmap_lock waits so long for that of the owner, or for a page.
 * Without an end two who wait for each other, each with a writer behind him,
 * would wait for ever.
 */
#define BUSY_MS		10000
/* So often what was seen may have changed before it is mapped. */
#define TRIES		16
/* And for a userfaultfd, which in a place of his own he would not wait for. */
#define USERFAULT_MS	100

/*
 * The owner's mmap_lock is only tried: current has that of its own, which may
 * be the same.
 */
static int look(struct xemem_space *space, struct xemem_view *view,
		unsigned long start, unsigned long end, bool write, bool fault)
{
	struct mm_struct *mm = space->mm;
	int ret;

	if (!mmget_not_zero(mm))
		return -EFAULT;
	ret = -EBUSY;
	if (mmap_read_trylock(mm)) {
		ret = xemem_look(space, view, start, end, write, fault);
		mmap_read_unlock(mm);
	}
	mmput_async(mm);
	return ret;
}

/**
 * show - map what the owner has at an address, and around it
 * @vma: an attachment, whose mmap_lock is held for reading.
 * @addr: in it.
 * @fault: to write.
 * @view: out; @view->peek is set.
 *
 * Return: 0; -EBUSY: the owner is changing its address space; -EINPROGRESS: or
 * its memory there; -EAGAIN: the page has to be faulted in, as @view->how says;
 * -EFAULT: there is none; -ENOMEM; -EINTR.
 */
static int show(struct vm_area_struct *vma, unsigned long addr, bool fault,
		struct xemem_view *view)
{
	const unsigned long around = XEMEM_VIEW_PAGES << PAGE_SHIFT;
	struct xemem_attachment *att = xemem_attachment_of(vma);
	struct xemem_segment *segment = att->permit->segment;
	struct xemem_space *space = segment->space;
	unsigned long to = vma->vm_pgoff << PAGE_SHIFT;
	unsigned long start = max(ALIGN_DOWN(addr, around), vma->vm_start);
	unsigned long end = min(ALIGN_DOWN(addr, around) + around, vma->vm_end);
	int ret, tries = TRIES;
	unsigned long seq;

	to -= vma->vm_start;
	view->want = (addr & PAGE_MASK) + to;
	view->watch = space->watch;
	view->around = start + to;
	view->around_end = end + to;
	do {
		/* As long as current pins for long, also what it is shown. */
		view->lasting = READ_ONCE(att->lasting);
		if (fatal_signal_pending(current))
			return -EINTR;
		if (READ_ONCE(segment->removed) ||
		    READ_ONCE(att->permit->ended))
			return -EFAULT;
		ret = xemem_watch_begin(space->watch, start + to, end + to,
					&seq);
		if (!ret)
			ret = look(space, view, start + to, end + to,
				   vma->vm_flags & VM_WRITE, fault);
		if (ret)
			return ret;
		ret = xemem_map(vma, view, seq);
		/* It changes all the time: without the lock, then. */
		if (ret == -EAGAIN && !--tries)
			return -EINPROGRESS;
	} while (ret == -EAGAIN);
	return ret;
}

/* Until the owner's mmap_lock can be had, or somebody kills current. */
static int wait_for(struct mm_struct *mm)
{
	int ret;

	if (!mmget_not_zero(mm))
		return 0;
	ret = mmap_read_lock_killable(mm);
	if (!ret)
		mmap_read_unlock(mm);
	mmput_async(mm);
	return ret;
}

/* May the fault wait, and drop its lock for that? */
static bool may_wait(const struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_ALLOW_RETRY &&
	       !(vmf->flags & FAULT_FLAG_RETRY_NOWAIT);
}

/* The owner gets pages; of frozen memory somebody pays for their tables. */
static int fault_in(struct xemem_space *space, const struct xemem_view *view,
		    unsigned long nr, bool wait)
{
	int ret = xemem_fault_in(space->mm, view->want, nr, view->how, wait);

	if (space->bill)
		xemem_bill_refresh(space->bill, space->mm, false);
	return ret;
}

/* Until what show() has met is over; no lock is held. */
static int wait_until_over(struct xemem_space *space,
			   const struct xemem_view *view, int why)
{
	switch (why) {
	case -EBUSY:
		return wait_for(space->mm);
	case -EINPROGRESS:
		return xemem_watch_wait(space->watch, view->around,
					view->around_end);
	default:
		return fault_in(space, view, 1, true);
	}
}

/*
 * Wait without the lock that the caller of the fault holds; then the fault is
 * tried again. The mapping may be gone meanwhile.
 */
static vm_fault_t wait_and_retry(struct vm_fault *vmf,
				 const struct xemem_view *view, int why)
{
	struct xemem_attachment *att = xemem_attachment_of(vmf->vma);
	struct xemem_segment *segment = att->permit->segment;
	struct mm_struct *mm = vmf->vma->vm_mm;
	int ret;

	/* With it its space stays. */
	kref_get(&segment->kref);
	mmap_read_unlock(mm);
	ret = wait_until_over(segment->space, view, why);
	xemem_segment_put(segment);
	if (ret >= 0 || ret == -EINTR)
		return VM_FAULT_RETRY;
	/* There is nothing, which is said with the lock held. */
	return mmap_read_lock_killable(mm) ? VM_FAULT_RETRY : VM_FAULT_SIGBUS;
}

/* How long is a page waited for that show() has not shown, as it said by @ret? */
static unsigned long patience(const struct xemem_view *view, int ret)
{
	return msecs_to_jiffies(ret == -EAGAIN &&
				view->how & XEMEM_HOW_USERFAULT ?
				USERFAULT_MS : BUSY_MS);
}

/*
 * A caller that keeps its mmap_lock. The owner's is not waited for, since he
 * may be waiting for this one, nor is anything while it is held; but he gets
 * time to let it go, and a disk to read.
 */
static vm_fault_t fault_now(struct vm_fault *vmf, struct xemem_view *view,
			    int ret)
{
	struct xemem_attachment *att = xemem_attachment_of(vmf->vma);
	struct xemem_space *space = att->permit->segment->space;
	unsigned long begin = jiffies;
	int err;

	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	do {
		err = ret != -EAGAIN ? -EAGAIN :
		      fault_in(space, view, 1, false);
		if (err == -EAGAIN)
			schedule_timeout_killable(1);
		else if (err < 0)
			return VM_FAULT_SIGBUS;
		ret = show(vmf->vma, vmf->address,
			   vmf->flags & FAULT_FLAG_WRITE, view);
	} while ((ret == -EBUSY || ret == -EINPROGRESS || ret == -EAGAIN) &&
		 time_before(jiffies, begin + patience(view, ret)) &&
		 !fatal_signal_pending(current));
	return ret ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
}

/*
 * Current is being killed. A system call that copies to or from an attachment
 * ends only if it hears of that: otherwise it would fault again, for ever. The
 * mmap_lock is held, and dropped if the caller of the fault allows that.
 */
static vm_fault_t give_up(const struct vm_fault *vmf)
{
	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY))
		return VM_FAULT_SIGBUS;
	if (may_wait(vmf))
		mmap_read_unlock(vmf->vma->vm_mm);
	return VM_FAULT_RETRY;
}

static vm_fault_t serve_fault(struct vm_fault *vmf)
{
	struct xemem_view view;
	int ret;

	view.peek = false;
	ret = show(vmf->vma, vmf->address, vmf->flags & FAULT_FLAG_WRITE,
		   &view);
	switch (ret) {
	case 0:
		return VM_FAULT_NOPAGE;
	case -ENOMEM:
		return VM_FAULT_OOM;
	case -EINTR:
		return give_up(vmf);
	case -EBUSY:
	case -EINPROGRESS:
	case -EAGAIN:
		return may_wait(vmf) ? wait_and_retry(vmf, &view, ret) :
				       fault_now(vmf, &view, ret);
	default:
		return VM_FAULT_SIGBUS;
	}
}

static vm_fault_t trace_fault(struct vm_fault *vmf)
{
	s64 apid = xemem_attachment_of(vmf->vma)->permit->apid;
	vm_fault_t ret = serve_fault(vmf);

	/* The attachment may be gone. */
	trace_xemem_fault(apid, vmf->pgoff << PAGE_SHIFT, vmf->real_address,
			  vmf->flags & FAULT_FLAG_WRITE,
			  (__force unsigned int)ret);
	return ret;
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	const struct xemem_attachment *att = xemem_attachment_of(vmf->vma);

	atomic64_inc(&att->permit->segment->faults);
	return trace_xemem_fault_enabled() ? trace_fault(vmf) :
					     serve_fault(vmf);
}

/*
 * To be written, and an entry says that it may not. Who calls this cannot be
 * told to try again; but to fault again is the same.
 */
static vm_fault_t pfn_mkwrite(struct vm_fault *vmf)
{
	zap_page_range_single(vmf->vma, vmf->address & PAGE_MASK, PAGE_SIZE,
			      NULL);
	return VM_FAULT_NOPAGE;
}

/* An attachment stays where it is. */
static int mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

/* Exported as xemem_in_use is. */
const struct vm_operations_struct xemem_vm_ops = {
	.may_split = xemem_piece_may_split,
	.open = xemem_piece_open,
	.close = xemem_piece_close,
	.mremap = mremap,
	.fault = fault,
	.pfn_mkwrite = pfn_mkwrite,
};
EXPORT_SYMBOL_GPL(xemem_vm_ops);

/*
 * Behind what was mapped from @view->want on. Behind a gap there may be more;
 * what is to be written is looked at page by page if it is not all the same.
 */
static unsigned long shown_end(const struct xemem_view *view)
{
	unsigned long first = (view->want - view->start) >> view->shift;
	unsigned long i = first;

	while (++i < view->nr && view->pages[i].there &&
	       (view->peek || view->pages[i].write == view->pages[first].write))
		;
	return view->start + (i << view->shift);
}

/* As far as it goes without waiting. */
static int populate_locked(const struct xemem_attachment *att,
			   unsigned long *addr, struct xemem_view *view)
{
	unsigned long end = att->start + att->size;
	struct vm_area_struct *vma = NULL;
	int ret = 0;

	while (*addr < end && !ret && !need_resched()) {
		if (!vma || vma->vm_end <= *addr)
			vma = vma_lookup(current->mm, *addr);
		/* Somebody has unmapped it meanwhile. */
		if (!vma || !xemem_is_attachment(vma) ||
		    xemem_attachment_of(vma) != att)
			return -ESRCH;
		ret = show(vma, *addr, false, view);
		if (ret)
			break;
		*addr += min(shown_end(view) - view->want, end - *addr);
	}
	return ret;
}

/* What there is nothing of is passed over. */
static void skip_hole(const struct xemem_attachment *att, unsigned long *addr)
{
	unsigned long to_source = att->source - att->start;

	*addr = xemem_next(att->permit->segment->space->mm,
			   *addr + PAGE_SIZE + to_source,
			   att->source + att->size) - to_source;
}

/* So many pages are faulted in, what is at @addr first; 0: none. */
static unsigned long nr_to_fault_in(const struct xemem_attachment *att,
				    unsigned long addr,
				    const struct xemem_view *view)
{
	unsigned long nr = (att->start + att->size - addr) >> PAGE_SHIFT;

	return view->peek ? min(nr, view->run) : nr;
}

/**
 * xemem_populate - map all of an attachment
 * @att: of current, which holds a reference.
 * @strict: nothing may be missing, and what the owner has not touched yet is
 *	allocated; otherwise what he has is mapped, as far as he can write it,
 *	and the rest comes with the touch, or never.
 *
 * Context: process context, may sleep; no lock is held.
 * Return: 0; -EINTR; with @strict also -EFAULT: the owner has nothing
 * somewhere; or -ENOMEM.
 */
int xemem_populate(const struct xemem_attachment *att, bool strict)
{
	struct xemem_space *space = att->permit->segment->space;
	unsigned long nr, addr = att->start;
	struct xemem_view view;
	int ret;

	view.peek = !strict;
	while (addr < att->start + att->size) {
		if (READ_ONCE(att->permit->segment->removed))
			return strict ? -EFAULT : 0;
		if (fatal_signal_pending(current) ||
		    mmap_read_lock_killable(current->mm))
			return -EINTR;
		ret = populate_locked(att, &addr, &view);
		mmap_read_unlock(current->mm);
		cond_resched();
		if (ret == -EBUSY || ret == -EINPROGRESS)
			ret = wait_until_over(space, &view, ret);
		nr = ret == -EAGAIN ? nr_to_fault_in(att, addr, &view) : 0;
		if (nr)
			ret = fault_in(space, &view, nr, true);
		if (ret == -ESRCH)
			return 0;
		if (ret == -EINTR || (ret < 0 && strict))
			return ret;
		if (ret == -ENOMEM)
			return 0;
		if (ret < 0)
			skip_hole(att, &addr);
	}
	return 0;
}
