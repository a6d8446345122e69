// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: pieces of attachments. Each is one mapping, and knows what it shows
 * where; the owner's changes find it by that (watch.c).
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "xemem.h"

static struct xemem_watch *watch_of(const struct xemem_piece *piece)
{
	return piece->att->permit->segment->space->watch;
}

/* A child that has inherited it has no right of its own. */
static bool is_at_home(const struct vm_area_struct *vma)
{
	return vma->vm_mm == xemem_attachment_of(vma)->permit->process->mm;
}

/* An attachment stays where it is; what mremap(2) makes is gone at once. */
static bool is_elsewhere(const struct vm_area_struct *vma)
{
	const struct xemem_attachment *att = xemem_attachment_of(vma);

	return vma->vm_start - (vma->vm_pgoff << PAGE_SHIFT) !=
	       att->start - att->source;
}

/**
 * xemem_piece_prepare - there is to be one more piece of an attachment
 * @att: it; nobody else prepares or begins one.
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int xemem_piece_prepare(struct xemem_attachment *att)
{
	struct xemem_piece *piece = att->spare;

	if (piece)
		return 0;
	piece = xemem_new(XEMEM_PIECE);
	if (!piece)
		return -ENOMEM;
	kref_init(&piece->kref);
	RB_CLEAR_NODE(&piece->node.rb);
	att->spare = piece;
	return 0;
}

/* The one that was prepared. */
static struct xemem_piece *begin(struct xemem_attachment *att,
				 struct vm_area_struct *vma)
{
	struct xemem_piece *piece = att->spare;

	att->spare = NULL;
	kref_get(&att->kref);
	piece->att = att;
	piece->vma = vma;
	vma->vm_private_data = piece;
	return piece;
}

/**
 * xemem_piece_map - all of an attachment is being mapped
 * @att: it; a piece was prepared.
 * @vma: the mapping.
 *
 * Context: process context; the mmap_lock is held for writing.
 */
void xemem_piece_map(struct xemem_attachment *att, struct vm_area_struct *vma)
{
	struct xemem_piece *piece = begin(att, vma);

	piece->node.start = att->source;
	piece->node.last = att->source + att->size - 1;
	xemem_watch_add(watch_of(piece), piece);
}

static void free_rcu(struct rcu_head *rcu)
{
	xemem_free(XEMEM_PIECE, container_of(rcu, struct xemem_piece, rcu));
}

static void free_piece(struct kref *kref)
{
	struct xemem_piece *piece = container_of(kref, struct xemem_piece,
						 kref);

	xemem_attachment_put(piece->att);
	call_rcu(&piece->rcu, free_rcu);
}

/**
 * xemem_piece_may_split - a mapping is about to be split, or moved
 * @vma: the mapping.
 * @addr: where.
 *
 * A large entry there goes first. Linux would split it, and clear it for that
 * before it flushes it: whoever takes memory back meanwhile would find nothing,
 * and not know that it is still used.
 *
 * Context: process context, may sleep; the mmap_lock is held for writing.
 * Return: 0 or -ENOMEM.
 */
int xemem_piece_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long size = xemem_entry_size(vma->vm_mm, addr);

	if (!IS_ALIGNED(addr, size))
		zap_page_range_single(vma, ALIGN_DOWN(addr, size), size, NULL);
	return is_at_home(vma) ? xemem_piece_prepare(xemem_attachment_of(vma)) :
	       0;
}

static vm_fault_t nothing(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static int stay(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct inherited_vm_ops = {
	.fault = nothing,
	.mremap = stay,
};

/*
 * A child gets the range, and nothing there: no part of the attachment, so that
 * it keeps nobody's memory. A private mapping of no file cannot become another
 * mapping of the file. Linux asks for the file of a copy after it has called
 * open().
 */
static void inherit(struct vm_area_struct *vma)
{
	vm_flags_mod(vma, VM_WIPEONFORK, VM_SHARED | VM_MAYSHARE);
	vma->vm_ops = &inherited_vm_ops;
	vma->vm_private_data = NULL;
	vma->vm_file = NULL;
}

/**
 * xemem_piece_open - there is one more mapping of an attachment
 * @vma: it, as a copy of another one.
 *
 * That one is being split. Or it is inherited by a child, which the parent can
 * ask for (MADV_DOFORK). Or it is being moved, which will fail: entries must not
 * be moved meanwhile, for nobody would find them there.
 *
 * Context: process context; the mmap_lock is held for writing.
 */
void xemem_piece_open(struct vm_area_struct *vma)
{
	struct xemem_piece *piece = vma->vm_private_data;
	unsigned long start = vma->vm_pgoff << PAGE_SHIFT;
	struct xemem_piece *other;

	mmap_assert_write_locked(vma->vm_mm);
	if (!is_at_home(vma)) {
		inherit(vma);
		return;
	}
	if (is_elsewhere(vma) || WARN_ON_ONCE(!piece->att->spare)) {
		kref_get(&piece->kref);
		zap_page_range_single(piece->vma, piece->vma->vm_start,
				      piece->vma->vm_end -
				      piece->vma->vm_start, NULL);
		return;
	}
	other = begin(piece->att, vma);
	xemem_watch_split(watch_of(piece), piece, other, start,
			  start + (vma->vm_end - vma->vm_start) - 1);
}

/**
 * xemem_piece_unmap - an attachment will not be mapped after all
 * @vma: its mapping, which had no time to get entries.
 *
 * Context: process context; the mmap_lock is held for writing.
 */
void xemem_piece_unmap(struct vm_area_struct *vma)
{
	xemem_piece_close(vma);
	vma->vm_ops = NULL;
	vma->vm_private_data = NULL;
}

/**
 * __xemem_unlink - the page tables of a mapping are about to be freed
 * @vma: the mapping, of an attachment; it has no entries, and gets none.
 *
 * Context: process context; the mmap_lock is held for writing.
 */
void __xemem_unlink(struct vm_area_struct *vma)
{
	struct xemem_piece *piece = vma->vm_private_data;

	if (piece->vma == vma)
		xemem_watch_remove(watch_of(piece), piece);
}

/**
 * xemem_piece_close - a mapping is gone
 * @vma: it.
 *
 * Context: process context; the mmap_lock may be held.
 */
void xemem_piece_close(struct vm_area_struct *vma)
{
	struct xemem_piece *piece = vma->vm_private_data;

	if (piece->vma == vma) {
		xemem_watch_remove(watch_of(piece), piece);
		piece->vma = NULL;
	}
	kref_put(&piece->kref, free_piece);
}
