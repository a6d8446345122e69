// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: memory as it was. A frozen segment has an address space of its own,
 * where nobody runs: a copy of a part of the owner's, as fork(2) makes it. The
 * owner goes on at once, and pays for what he changes.
 */
#include <linux/file.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/userfaultfd_k.h>
#include <asm/tlbflush.h>

#include "xemem.h"
#include "../../../mm/internal.h"
#include "../../../mm/vma.h"

/* What others write, too, does not stay as it is. */
static bool can_be_frozen(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_MAYSHARE | VM_IO | VM_PFNMAP |
				  VM_MIXEDMAP | VM_SHADOW_STACK | VM_HUGETLB));
}

/* Without locks or a userfaultfd: nobody touches it there. */
static struct vm_area_struct *copy_vma_to(struct mm_struct *mm,
					  struct vm_area_struct *vma)
{
	struct vm_area_struct *copy = vm_area_dup(vma);

	if (!copy)
		return NULL;
	copy->vm_mm = mm;
	copy->vm_userfaultfd_ctx = NULL_VM_UFFD_CTX;
	vm_flags_clear(copy, VM_LOCKED_MASK | __VM_UFFD_FLAGS | VM_ACCOUNT);
	if (vma_dup_policy(vma, copy))
		goto free;
	if (copy->vm_file)
		get_file(copy->vm_file);
	if (anon_vma_fork(copy, vma))
		goto put;
	if (copy->vm_ops && copy->vm_ops->open)
		copy->vm_ops->open(copy);
	if (vma_link(mm, copy)) {
		vma_close(copy);
		unlink_anon_vmas(copy);
		goto put;
	}
	return copy;
put:
	if (copy->vm_file)
		fput(copy->vm_file);
	mpol_put(vma_policy(copy));
free:
	vm_area_free(copy);
	return NULL;
}

/*
 * The part of @vma within the range, as a mapping of its own. One about to
 * become a special mapping is merged with nothing, and stays what it is.
 */
static struct vm_area_struct *cut(struct vma_iterator *vmi,
				  struct vm_area_struct *vma,
				  unsigned long start, unsigned long end)
{
	start = max(start, vma->vm_start);
	end = min(end, vma->vm_end);
	return vma_modify_flags(vmi, start > vma->vm_start ? vma : NULL, vma,
				start, end, vma->vm_flags | VM_PFNMAP);
}

/* Both address spaces are locked for writing. */
static int copy_range(struct mm_struct *mm, struct mm_struct *from,
		      unsigned long start, unsigned long end)
{
	VMA_ITERATOR(vmi, from, start);
	struct vm_area_struct *vma, *copy;
	int err;

	for_each_vma_range(vmi, vma, end) {
		if (!can_be_frozen(vma))
			return -EOPNOTSUPP;
		if (fatal_signal_pending(current))
			return -EINTR;
		vma = cut(&vmi, vma, start, end);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		vma_start_write(vma);
		copy = copy_vma_to(mm, vma);
		if (!copy)
			return -ENOMEM;
		err = copy_page_range(copy, vma);
		if (err)
			return err;
	}
	return 0;
}

/**
 * xemem_freeze - copy a part of current's address space
 * @start: first address.
 * @size: bytes.
 *
 * Context: process context, may sleep; takes current's mmap_lock.
 * Return: a space with a reference; -EOPNOTSUPP: some of the memory is shared
 * with others, or is no ordinary memory; -EINTR; -ENOMEM.
 */
struct xemem_space *xemem_freeze(unsigned long start, unsigned long size)
{
	struct mm_struct *from = current->mm, *mm = mm_alloc();
	struct xemem_space *space;
	int err;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	if (mmap_write_lock_killable(from)) {
		mmput(mm);
		return ERR_PTR(-EINTR);
	}
	mmap_write_lock_nested(mm, SINGLE_DEPTH_NESTING);
	mm->task_size = from->task_size;
	err = copy_range(mm, from, start, start + size);
	mmap_write_unlock(mm);
	flush_tlb_mm(from);
	mmap_write_unlock(from);
	space = err ? ERR_PTR(err) : xemem_space_create(mm);
	if (IS_ERR(space)) {
		mmput(mm);
		return space;
	}
	space->frozen = true;
	space->holds = true;
	return space;
}
