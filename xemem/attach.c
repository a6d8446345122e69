// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: attach a part of a segment, and detach it.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <trace/events/xemem.h>
#include "../compat/mm.h"
#include "bill.h"
#include "xemem.h"

static void free_attachment(struct kref *kref)
{
	struct xemem_attachment *att = container_of(kref,
						    struct xemem_attachment,
						    kref);
	struct xemem_segment *segment = att->permit->segment;

	trace_xemem_detach(att->permit->apid, att->source, att->start,
			   att->size, 0);
	scoped_guard(spinlock, &att->permit->list_lock)
		list_del(&att->node);
	atomic64_sub(att->size, &segment->bytes);
	xemem_bill_release(segment->space->bill, att->permit,
			   att->size >> PAGE_SHIFT);
	xemem_segment_detached(segment);
	if (att->size < PMD_SIZE)
		WRITE_ONCE(att->permit->room, att->start + att->size);
	xemem_permit_put(att->permit);
	xemem_free(XEMEM_PIECE, att->spare);
	xemem_free(XEMEM_ATTACHMENT, att);
}

/**
 * xemem_attachment_put - a part of it is gone
 * @att: it.
 *
 * Context: process context; mmap_lock may be held.
 */
void xemem_attachment_put(struct xemem_attachment *att)
{
	kref_put(&att->kref, free_attachment);
}

/**
 * xemem_attachment_next - walk through the attachments of a permit
 * @permit: with a reference.
 * @att: the one before, whose reference goes; NULL: begin.
 *
 * Those that come meanwhile are behind it.
 *
 * Context: process context; mmap_lock may be held.
 * Return: with a reference; NULL: that was the last one.
 */
struct xemem_attachment *xemem_attachment_next(struct xemem_permit *permit,
					       struct xemem_attachment *att)
{
	struct xemem_attachment *next = NULL;
	struct list_head *node;

	scoped_guard(spinlock, &permit->list_lock) {
		node = att ? &att->node : &permit->attachments;
		while ((node = node->next) != &permit->attachments) {
			next = list_entry(node, struct xemem_attachment, node);
			if (kref_get_unless_zero(&next->kref))
				break;
			next = NULL;
		}
	}
	if (att)
		xemem_attachment_put(att);
	return next;
}

/*
 * Where a small attachment is likely to fit: below the last one, or where one
 * has gone. To search from the top takes longer the more there are.
 */
static unsigned long guess_place(const struct xemem_permit *permit,
				 unsigned long len)
{
	unsigned long room = READ_ONCE(permit->room);

	return room > len ? room - len : 0;
}

/* Where huge pages of the owner stay huge. */
static unsigned long find_place(struct file *file, unsigned long addr,
				unsigned long len, unsigned long pgoff,
				unsigned long flags)
{
	unsigned long align = len >= PUD_SIZE ? PUD_SIZE :
			      len >= PMD_SIZE ? PMD_SIZE : PAGE_SIZE;
	unsigned long source = pgoff << PAGE_SHIFT, room;

	if (!addr && align == PAGE_SIZE)
		addr = guess_place(file->private_data, len);
	if (addr || flags & MAP_FIXED || align == PAGE_SIZE ||
	    check_add_overflow(len, align, &room))
		return mm_get_unmapped_area(current->mm, NULL, addr, len, pgoff,
					    flags);
	addr = mm_get_unmapped_area(current->mm, NULL, 0, room, 0, flags);
	if (IS_ERR_VALUE(addr))
		return mm_get_unmapped_area(current->mm, NULL, 0, len, pgoff,
					    flags);
	return addr + ((source - addr) & (align - 1));
}

/*
 * What is frozen is freed after its end where nobody has it attached. Who
 * attaches it is found by that, or sees here that it has ended.
 */
static bool may_be_attached(const struct xemem_segment *segment)
{
	return !READ_ONCE(segment->removed) &&
	       !(segment->flags & XEMEM_FROZEN && READ_ONCE(segment->ended));
}

/*
 * Nobody but xemem_attach() maps the file: what remap_file_pages() wants to
 * map has no attachment.
 */
static int mmap(struct file *file, struct vm_area_struct *vma)
{
	struct xemem_permit *permit = file->private_data;
	struct xemem_attachment *att = READ_ONCE(permit->attaching);

	if (!att || att->by != current || permit->ended ||
	    vma->vm_pgoff != att->source >> PAGE_SHIFT ||
	    vma->vm_end - vma->vm_start != att->size)
		return -EINVAL;
	att->start = vma->vm_start;
	mm_flags_set(XEMEM_MMF_ATTACHES, vma->vm_mm);
	if (att->size < PMD_SIZE)
		WRITE_ONCE(permit->room, att->start);
	vma->vm_ops = &xemem_vm_ops;
	/* Whoever walks through memory leaves it out: it is the owner's. */
	vm_flags_set(vma, VM_PFNMAP | VM_DONTCOPY | VM_DONTDUMP |
		     VM_DONTEXPAND);
	/* By mprotect() neither. */
	if (!att->write)
		vm_flags_clear(vma, VM_MAYWRITE);
	/* Last: from now on it is found. */
	xemem_piece_map(att, vma);
	if (!may_be_attached(permit->segment)) {
		xemem_piece_unmap(vma);
		return -ENOENT;
	}
	return 0;
}

const struct file_operations xemem_attach_fops = {
	.mmap = mmap,
	.get_unmapped_area = find_place,
};

static struct xemem_attachment *create(struct xemem_permit *permit,
				       unsigned long source,
				       const struct xemem_attach *req)
{
	struct xemem_segment *segment = permit->segment;
	struct xemem_attachment *att = xemem_new(XEMEM_ATTACHMENT);

	if (!att)
		return NULL;
	kref_init(&att->kref);
	kref_get(&permit->kref);
	att->permit = permit;
	att->by = current;
	att->source = source;
	att->size = req->size;
	att->write = permit->write && !(req->flags & XEMEM_READ);
	scoped_guard(spinlock, &permit->list_lock)
		list_add_tail(&att->node, &permit->attachments);
	atomic64_inc(&segment->attachments);
	xemem_bill_hold(segment->space->bill, permit, att->size >> PAGE_SHIFT);
	atomic64_add(att->size, &segment->bytes);
	return att;
}

/* The range that is to be attached, in the space. */
static int check_range(const struct xemem_segment *segment,
		       struct xemem_attach *req, unsigned long *source)
{
	u64 end;

	if (req->vaddr & ~PAGE_MASK || req->offset & ~PAGE_MASK ||
	    req->offset < 0 || !req->size)
		return -EINVAL;
	if (check_add_overflow(req->size, PAGE_SIZE - 1, &req->size))
		return -EINVAL;
	req->size &= PAGE_MASK;
	if (!segment->space ||
	    check_add_overflow((u64)req->offset, req->size, &end) ||
	    end > segment->size)
		return -EINVAL;
	*source = segment->start + req->offset;
	if (check_add_overflow(req->vaddr, req->size, &end) || end > TASK_SIZE)
		return -EINVAL;
	return 0;
}

/* At an address of the caller's choice, nothing of ours goes away. */
static int check_place(const struct xemem_segment *segment,
		       const struct xemem_attach *req, unsigned long source)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	struct vma_iterator vmi;
	int ret = 0;

	if (!req->vaddr)
		return 0;
	if (segment->space->mm == mm && req->vaddr < source + req->size &&
	    source < req->vaddr + req->size)
		return -EINVAL;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	vma_iter_init(&vmi, mm, req->vaddr);
	for_each_vma_range(vmi, vma, req->vaddr + req->size)
		if (xemem_is_attachment(vma))
			ret = -EINVAL;
	mmap_read_unlock(mm);
	return ret;
}

static int map_it(struct xemem_permit *permit, struct xemem_attachment *att,
		  struct xemem_attach *req)
{
	unsigned long addr;

	if (mutex_lock_killable(&permit->lock))
		return -EINTR;
	if (!permit->file) {
		struct file *file = xemem_space_file(permit->segment->space,
						     permit);

		if (IS_ERR(file)) {
			mutex_unlock(&permit->lock);
			return PTR_ERR(file);
		}
		permit->file = file;
	}
	WRITE_ONCE(permit->attaching, att);
	addr = vm_mmap(permit->file, req->vaddr, req->size,
		       PROT_READ | (att->write ? PROT_WRITE : 0),
		       MAP_SHARED | (req->vaddr ? MAP_FIXED : 0), att->source);
	WRITE_ONCE(permit->attaching, NULL);
	mutex_unlock(&permit->lock);
	if (IS_ERR_VALUE(addr))
		return addr;
	req->vaddr = addr;
	return 0;
}

/*
 * LWK cores take no page fault for what they asked for, and the owner has. Only
 * who says so has the rest allocated, see xemem_populate().
 */
static bool is_eager(const struct xemem_segment *segment, u32 flags)
{
	if (flags & (XEMEM_EAGER | XEMEM_LAZY))
		return flags & XEMEM_EAGER;
	return current->lwk.rsv && !segment->whole;
}

/**
 * xemem_attach - attach a part of a segment
 * @p: current.
 * @req: what, where, and how; out: its size and address.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: no such number, not a multiple of the page size, or no
 * range of the segment, or an address that is taken; -ENOENT: no such permit,
 * or the segment is removed; -EACCES: the permit is another process's;
 * -ENOMEM; -EINTR; or what mmap(2) returns.
 */
int xemem_attach(struct xemem_process *p, struct xemem_attach *req)
{
	struct xemem_attachment *att;
	struct xemem_permit *permit;
	unsigned long source;
	int ret;

	permit = xemem_permit_find(p, req->apid);
	if (IS_ERR(permit))
		return PTR_ERR(permit);
	ret = check_range(permit->segment, req, &source);
	if (!ret)
		ret = may_be_attached(permit->segment) ?
		      check_place(permit->segment, req, source) : -ENOENT;
	if (ret)
		goto out;
	ret = -ENOMEM;
	att = create(permit, source, req);
	if (!att)
		goto out;
	ret = xemem_piece_prepare(att);
	if (!ret)
		ret = map_it(permit, att, req);
	if (!ret && is_eager(permit->segment, req->flags)) {
		ret = xemem_populate(att, req->flags & XEMEM_EAGER);
		if (ret)
			xemem_detach(att->start);
	}
	trace_xemem_attach(permit->apid, source, att->start, att->size, ret);
	xemem_attachment_put(att);
out:
	xemem_permit_put(permit);
	return ret;
}

/* What is left of an attachment; the mmap_lock is held for writing. */
static int unmap(struct mm_struct *mm, struct xemem_attachment *att)
{
	unsigned long addr = att->start, end = att->start + att->size;
	struct vm_area_struct *vma;
	int ret = 0;

	while (!ret && addr < end) {
		vma = find_vma_intersection(mm, addr, end);
		if (!vma)
			break;
		addr = vma->vm_end;
		if (!xemem_is_attachment(vma) ||
		    xemem_attachment_of(vma) != att)
			continue;
		if (att->small && vma->vm_end - vma->vm_start >= PMD_SIZE)
			xemem_clear(vma);
		ret = do_munmap(mm, vma->vm_start, vma->vm_end - vma->vm_start,
				NULL);
	}
	return ret;
}

/**
 * xemem_detach - unmap an attachment, all that is left of it
 * @address: any address in it.
 *
 * Context: process context, may sleep.
 * Return: 0, also where nothing is mapped; -EINVAL: that is no attachment;
 * -EINTR; or an error of munmap(2).
 */
int xemem_detach(unsigned long address)
{
	struct mm_struct *mm = current->mm;
	struct xemem_attachment *att;
	struct vm_area_struct *vma;
	int ret = 0;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	vma = vma_lookup(mm, address);
	if (vma && !xemem_is_attachment(vma)) {
		ret = -EINVAL;
	} else if (vma) {
		att = xemem_attachment_of(vma);
		kref_get(&att->kref);
		ret = unmap(mm, att);
		xemem_attachment_put(att);
	}
	mmap_write_unlock(mm);
	return ret;
}

/* So many go before others may have the mmap_lock. */
#define NEIGHBOURS_MAX	256

static bool is_small_of(const struct vm_area_struct *vma,
			const struct xemem_permit *permit)
{
	const struct xemem_attachment *att;

	if (!vma || !xemem_is_attachment(vma))
		return false;
	att = xemem_attachment_of(vma);
	return att->permit == permit && att->size < PMD_SIZE;
}

/*
 * Small attachments of a permit that lie side by side around an address go
 * together: to unmap each alone would rebuild the tree of mappings each time.
 * What is left is unmapped alone.
 */
static void unmap_neighbours(struct mm_struct *mm,
			     const struct xemem_permit *permit,
			     unsigned long addr)
{
	VMA_ITERATOR(vmi, mm, addr);
	struct vm_area_struct *vma = vma_next(&vmi);
	unsigned long start, end;
	int nr = 0;

	if (!is_small_of(vma, permit) || vma->vm_start > addr)
		return;
	start = vma->vm_start;
	end = vma->vm_end;
	while ((vma = vma_prev(&vmi)) && nr++ < NEIGHBOURS_MAX &&
	       is_small_of(vma, permit) && vma->vm_end == start)
		start = vma->vm_start;
	vma_iter_set(&vmi, end);
	while ((vma = vma_next(&vmi)) && nr++ < NEIGHBOURS_MAX &&
	       is_small_of(vma, permit) && vma->vm_start == end)
		end = vma->vm_end;
	do_munmap(mm, start, end - start, NULL);
}

/* All there are in current's address space. */
static void unmap_all(struct xemem_permit *permit)
{
	struct xemem_attachment *att = NULL;
	struct mm_struct *mm = current->mm;

	if (mmap_write_lock_killable(mm))
		return;
	while ((att = xemem_attachment_next(permit, att))) {
		unmap_neighbours(mm, permit, att->start);
		unmap(mm, att);
		if (!need_resched())
			continue;
		mmap_write_unlock(mm);
		cond_resched();
		if (mmap_write_lock_killable(mm)) {
			xemem_attachment_put(att);
			return;
		}
	}
	mmap_write_unlock(mm);
}

static bool has_attachments(struct xemem_permit *permit)
{
	guard(spinlock)(&permit->list_lock);
	return !list_empty(&permit->attachments);
}

/**
 * xemem_detach_all - a permit has ended
 * @permit: with a reference; marked as ended.
 *
 * What cannot be unmapped keeps its range, and has nothing there: in an address
 * space that current has left, by exit or exec, and that others still use; what
 * is sealed; and what would have to be waited for by who is being killed.
 *
 * Context: process context, may sleep.
 */
void xemem_detach_all(struct xemem_permit *permit)
{
	struct xemem_segment *segment = permit->segment;

	if (permit->process->mm == current->mm)
		unmap_all(permit);
	if (has_attachments(permit))
		xemem_watch_cut(segment->space->watch, segment, permit);
}
