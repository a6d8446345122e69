// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: memory as it was. A frozen segment has an address space of its own,
 * where nobody runs: a copy of a part of the owner's, as fork(2) makes it. The
 * owner goes on at once, and pays for what he changes. What fork(2) would go on
 * sharing is copied at once, see duplicate.c.
 */
#include <linux/file.h>
#include <linux/hugetlb.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/security.h>
#include <linux/userfaultfd_k.h>
#include <asm/tlbflush.h>

#include "bill.h"
#include "xemem.h"
#include "../../../mm/internal.h"
#include "../../../mm/vma.h"

/* Nobody locks, watches or executes there, and no probe is set. */
#define NEVER	(VM_LOCKED_MASK | __VM_UFFD_FLAGS | VM_EXEC | VM_MAYEXEC | \
		 VM_HUGEPAGE)

/* It does not grow: what is large stays so, but khugepaged makes nothing so. */
#define ALWAYS	VM_NOHUGEPAGE

static bool can_be_copied(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP |
				  VM_SHADOW_STACK));
}

/* What others write, too, does not stay as it is. */
static bool can_be_frozen(const struct vm_area_struct *vma)
{
	return can_be_copied(vma) &&
	       !(vma->vm_flags & (VM_MAYSHARE | VM_HUGETLB));
}

/**
 * xemem_copy_vma - a mapping in another address space, without its memory
 * @mm: the other one, which is locked for writing.
 * @vma: the mapping.
 * @part: the part of it that is copied.
 *
 * Context: process context, may sleep.
 * Return: the copy, which belongs to @mm; or NULL.
 */
struct vm_area_struct *xemem_copy_vma(struct mm_struct *mm,
				      struct vm_area_struct *vma,
				      struct vm_area_struct *part)
{
	struct vm_area_struct *copy = vm_area_dup(part);

	mmap_assert_write_locked(mm);
	if (!copy)
		return NULL;
	copy->vm_mm = mm;
	copy->vm_userfaultfd_ctx = NULL_VM_UFFD_CTX;
	/* What could be written can be read, and is nothing but read there. */
	vm_flags_mod(copy, (copy->vm_flags & VM_WRITE ? VM_READ : 0) | ALWAYS,
		     NEVER);
	if (vma_dup_policy(vma, copy))
		goto free;
	if (copy->vm_file)
		get_file(copy->vm_file);
	if (anon_vma_fork(copy, vma))
		goto put;
	if (is_vm_hugetlb_page(copy))
		hugetlb_dup_vma_private(copy);
	if (copy->vm_ops && copy->vm_ops->open)
		copy->vm_ops->open(copy);
	if (vma_link(mm, copy)) {
		vma_close(copy);
		unlink_anon_vmas(copy);
		goto put;
	}
	vm_stat_account(mm, copy->vm_flags, vma_pages(copy));
	return copy;
put:
	if (copy->vm_file)
		fput(copy->vm_file);
	mpol_put(vma_policy(copy));
free:
	vm_area_free(copy);
	return NULL;
}

/* The copy gives it back when it is unmapped. */
static int copy_shared(struct mm_struct *mm, struct vm_area_struct *vma,
		       struct vm_area_struct *part)
{
	/* What is a file's is copied later, and was not committed yet. */
	bool pays = part->vm_flags & VM_ACCOUNT ||
		    (part->vm_file && !vma_is_anonymous(part));
	unsigned long charge = pays ? vma_pages(part) : 0;
	struct vm_area_struct *copy;

	if (charge && security_vm_enough_memory_mm(vma->vm_mm, charge))
		return -ENOMEM;
	copy = xemem_copy_vma(mm, vma, part);
	if (!copy) {
		vm_unacct_memory(charge);
		return -ENOMEM;
	}
	if (charge)
		vm_flags_set(copy, VM_ACCOUNT);
	return copy_page_range(copy, part);
}

/* Where the large page around @addr begins, if one is mapped there. */
static unsigned long large_start(struct vm_area_struct *vma, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);

	return pmd && (pmd_trans_huge(*pmd) || is_swap_pmd(*pmd)) ?
	       ALIGN_DOWN(addr, PMD_SIZE) : addr;
}

/*
 * Within the range. There is no cut through a large page that is to be shared:
 * the owner keeps his mappings and pages as they are. What is copied besides is
 * shown to nobody.
 */
static void set_part(struct vm_area_struct *part, struct vm_area_struct *vma,
		     unsigned long start, unsigned long end)
{
	unsigned long at;

	start = max(start, vma->vm_start);
	end = min(end, vma->vm_end);
	if (can_be_frozen(vma)) {
		start = large_start(vma, start);
		at = large_start(vma, end - 1);
		end = at == end - 1 ? end : at + PMD_SIZE;
	}
	vma_set_range(part, start, end, vma->vm_pgoff +
		      ((start - vma->vm_start) >> PAGE_SHIFT));
}

/* Both address spaces, and @vma, are locked for writing. */
static int freeze_vma(struct mm_struct *mm, struct vm_area_struct *vma,
		      struct xemem_bill *bill, unsigned long start,
		      unsigned long end)
{
	struct vm_area_struct part = *vma;
	int err;

	set_part(&part, vma, start, end);
	err = xemem_bill_check(bill, mm->total_vm + vma_pages(&part));
	if (err)
		return err;
	return can_be_frozen(vma) ? copy_shared(mm, vma, &part) :
				    xemem_duplicate(mm, vma, &part, bill);
}

static int freeze_range(struct mm_struct *mm, struct xemem_bill *bill,
			unsigned long start, unsigned long end)
{
	VMA_ITERATOR(vmi, current->mm, start);
	struct vm_area_struct *vma;
	int err;

	for_each_vma_range(vmi, vma, end) {
		if (!can_be_frozen(vma) &&
		    !(can_be_copied(vma) && xemem_can_duplicate(vma)))
			return -EOPNOTSUPP;
		if (fatal_signal_pending(current))
			return -EINTR;
		vma_start_write(vma);
		err = freeze_vma(mm, vma, bill, start, end);
		if (err)
			return err;
	}
	return 0;
}

static int copy(struct mm_struct *mm, struct xemem_bill *bill,
		unsigned long start, unsigned long end)
{
	struct mm_struct *from = current->mm;
	int err;

	if (mmap_write_lock_killable(from))
		return -EINTR;
	mmap_write_lock_nested(mm, SINGLE_DEPTH_NESTING);
	mm->task_size = from->task_size;
	err = freeze_range(mm, bill, start, end);
	mmap_write_unlock(mm);
	flush_tlb_mm(from);
	mmap_write_unlock(from);
	return err;
}

/* To watch it is cheap as long as there is nothing. */
static struct xemem_space *begin(struct xemem_process *p)
{
	struct mm_struct *mm = mm_alloc();
	struct xemem_space *space;
	struct xemem_bill *bill;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	bill = xemem_bill_open(p, mm);
	space = bill ? xemem_space_create(mm) : ERR_PTR(-ENOMEM);
	if (!IS_ERR(space)) {
		space->frozen = true;
		space->holds = true;
		space->bill = bill;
		return space;
	}
	if (bill) {
		xemem_bill_end(bill, mm);
		xemem_bill_free(bill);
	}
	mmput(mm);
	return space;
}

/**
 * xemem_freeze - copy a part of current's address space
 * @p: current, who pays for it.
 * @start: first address.
 * @size: bytes.
 *
 * Context: process context, may sleep; takes current's mmap_lock.
 * Return: a space with a reference; -EOPNOTSUPP: some of the memory is no
 * ordinary memory, or shared by a file; -EDQUOT: current's user has too much;
 * -EFAULT: some of it is lost; -EINTR; -ENOMEM.
 */
struct xemem_space *xemem_freeze(struct xemem_process *p, unsigned long start,
				 unsigned long size)
{
	struct xemem_space *space = begin(p);
	int err;

	if (IS_ERR(space))
		return space;
	err = copy(space->mm, space->bill, start, start + size) ?:
	      xemem_leave_files(space->mm, space->bill) ?:
	      xemem_bill_update(space->bill, space->mm);
	if (!err)
		return space;
	xemem_space_drop(space, true);
	xemem_space_put(space);
	return ERR_PTR(err);
}
