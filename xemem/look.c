// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: what the owner has at an address, at this moment.
 *
 * Nothing is taken: no reference, no pin. What is seen is true until the
 * owner's address space announces a change.
 */
#include <linux/dax.h>
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>
#include <linux/sched/mm.h>
#include <linux/pagemap.h>
#include <linux/secretmem.h>
#include <linux/swapops.h>
#include <linux/userfaultfd_k.h>

#include "xemem.h"

/* What a walk fills in. */
struct xemem_looking {
	struct xemem_view *view;
	bool write;
	bool frozen;
	bool private;
};

/*
 * A page that is shared since a fork is not shown: to pin it would be refused,
 * and whoever reads it would see the owner's next write late. The owner gets
 * one of its own first. Nobody writes to a frozen one; but the maker may write
 * to a page that it shares with him, so that it is not shown if it is to last.
 *
 * What is to last is not shown either as long as it is a page of a file that
 * the owner has mapped privately.
 */
static bool may_show(const struct xemem_looking *l, struct page *page,
		     bool write)
{
	if (write || (l->frozen && !l->view->lasting))
		return true;
	if (PageAnon(page))
		return PageAnonExclusive(page);
	return l->frozen || !(l->view->lasting && l->private);
}

static void add(struct xemem_looking *l, unsigned long addr,
		unsigned long pfn, bool write)
{
	unsigned long i = (addr - l->view->start) >> PAGE_SHIFT;
	struct xemem_view *view = l->view;

	/* What was passed over. */
	while (view->nr < i)
		view->pages[view->nr++].there = false;
	view->pages[i].pfn = pfn;
	view->pages[i].write = write && !l->frozen;
	view->pages[i].there = true;
	view->nr = i + 1;
}

/* One page more, if it is next to those that are to be faulted in anyway. */
static void to_fault_in(struct xemem_looking *l, unsigned long addr)
{
	if (addr == l->view->want + ((unsigned long)l->view->run << PAGE_SHIFT))
		l->view->run++;
}

/* A huge page is the whole view. */
static void set_huge(struct xemem_looking *l, unsigned long addr,
		     unsigned int shift, unsigned long pfn, bool write)
{
	l->view->start = ALIGN_DOWN(addr, 1UL << shift);
	l->view->shift = shift;
	add(l, l->view->start, pfn, write);
}

/*
 * An entry that has lost its rights, where the owner may read, is marked by
 * NUMA balancing, which waits for his next touch. The page is there for who
 * reads: get_user_pages() leaves such an entry as it is, so that to ask for it
 * would be to ask for ever. For who writes it sets the entry right.
 */
static int see_huge_pmd(struct xemem_looking *l, struct vm_area_struct *vma,
			pmd_t pmd, unsigned long addr)
{
	struct page *page;

	if (!pmd_present(pmd)) {
		to_fault_in(l, l->view->want);
		return 1;
	}
	if (is_huge_zero_pmd(pmd)) {
		if (!l->view->lasting || l->frozen)
			set_huge(l, addr, PMD_SHIFT, pmd_pfn(pmd), false);
		return 1;
	}
	page = vm_normal_page_pmd(vma, addr, pmd);
	/* Who pins pages has to be told apart by their file; see gup.c. */
	l->view->small = page && !PageAnon(page) &&
			 !folio_test_swapbacked(page_folio(page));
	if (page && may_show(l, page, pmd_write(pmd)))
		set_huge(l, addr, PMD_SHIFT, page_to_pfn(page),
			 pmd_write(pmd));
	else if (page)
		to_fault_in(l, l->view->want);
	return 1;
}

/* As see_huge_pmd(), what NUMA balancing has marked too. */
static void see_pte(struct xemem_looking *l, struct vm_area_struct *vma,
		    pte_t pte, unsigned long addr)
{
	struct page *page;

	if (!pte_present(pte)) {
		/* What a userfaultfd has marked may be nothing yet. */
		if (!pte_none(pte) && !is_pte_marker(pte))
			to_fault_in(l, addr);
		return;
	}
	if (is_zero_pfn(pte_pfn(pte))) {
		if (!l->view->lasting || l->frozen)
			add(l, addr, pte_pfn(pte), false);
		return;
	}
	page = vm_normal_page(vma, addr, pte);
	if (!page || PageHWPoison(page))
		return;
	if (may_show(l, page, pte_write(pte)))
		add(l, addr, page_to_pfn(page), pte_write(pte));
	else
		to_fault_in(l, addr);
}

static int see_pmd(pmd_t *pmd, unsigned long addr, unsigned long end,
		   struct mm_walk *walk)
{
	struct xemem_looking *l = walk->private;
	pte_t *ptep, *first;
	spinlock_t *ptl;	/* of a page table */

	ptl = pmd_trans_huge_lock(pmd, walk->vma);
	if (ptl) {
		see_huge_pmd(l, walk->vma, pmdp_get(pmd), addr);
		spin_unlock(ptl);
		return 1;
	}
	walk->action = ACTION_CONTINUE;
	first = pte_offset_map_lock(walk->mm, pmd, addr, &ptl);
	if (!first)
		return 0;
	for (ptep = first; addr < end; ptep++, addr += PAGE_SIZE)
		see_pte(l, walk->vma, ptep_get(ptep), addr);
	pte_unmap_unlock(first, ptl);
	return 0;
}

static int see_hugetlb(pte_t *ptep, unsigned long mask, unsigned long addr,
		       unsigned long end, struct mm_walk *walk)
{
	struct hstate *h = hstate_vma(walk->vma);
	struct xemem_looking *l = walk->private;
	struct page *page;
	spinlock_t *ptl;	/* of a page table */
	pte_t pte;

	ptl = huge_pte_lock(h, walk->mm, ptep);
	pte = huge_ptep_get(walk->mm, addr, ptep);
	if (pte_present(pte)) {
		page = pte_page(pte);
		if (!folio_test_hwpoison(page_folio(page)) &&
		    may_show(l, page, huge_pte_write(pte)))
			set_huge(l, addr, huge_page_shift(h), page_to_pfn(page),
				 huge_pte_write(pte));
		else
			to_fault_in(l, l->view->want);
	}
	spin_unlock(ptl);
	return 1;
}

static const struct mm_walk_ops look_ops = {
	.pmd_entry = see_pmd,
	.hugetlb_entry = see_hugetlb,
	.walk_lock = PGWALK_RDLOCK,
};

/*
 * What is no ordinary memory, or an attachment itself, is not shown. The owner
 * can read what he may only write to: no page table knows the difference.
 */
static bool may_look(const struct vm_area_struct *vma, bool write)
{
	return !(vma->vm_flags & (VM_IO | VM_PFNMAP | VM_SHADOW_STACK)) &&
	       vma->vm_flags & (write ? VM_WRITE : VM_READ | VM_WRITE) &&
	       !xemem_is_attachment(vma) && !vma_is_dax(vma) &&
	       !vma_is_secretmem((struct vm_area_struct *)vma);
}

static bool is_there(const struct xemem_view *view, bool write)
{
	unsigned long i = (view->want - view->start) >> view->shift;

	return view->nr > i && view->pages[i].there &&
	       (!write || view->pages[i].write);
}

/**
 * xemem_look - what does the owner have around an address?
 * @space: of the owner, whose mmap_lock is held.
 * @view: out; @view->want is the address, and @view->peek and @view->lasting
 *	say what will do.
 * @start: not before this address; at most XEMEM_VIEW_PAGES before @end.
 * @end: not behind this one, but for a huge page.
 * @write: who asks may write, so that the owner's page is to be writable,
 *	if the owner may write there.
 * @fault: and wants to.
 *
 * Context: process context, may sleep.
 * Return: 0; -EFAULT: there is no memory, or none that may be shown; -EAGAIN:
 * there is, but it has to be faulted in, as @view->how says.
 */
int xemem_look(struct xemem_space *space, struct xemem_view *view,
	       unsigned long start, unsigned long end, bool write, bool fault)
{
	struct xemem_looking l = { .view = view, .frozen = space->frozen };
	struct vm_area_struct *vma;

	mmap_assert_locked(space->mm);
	vma = vma_lookup(space->mm, view->want);
	if (!vma || !may_look(vma, fault) || (fault && space->frozen))
		return -EFAULT;
	l.write = write && vma->vm_flags & VM_WRITE && !space->frozen &&
		  !view->peek;
	l.private = is_cow_mapping(vma->vm_flags);
	/* Within what one page table of the owner holds. */
	start = max3(start, vma->vm_start, ALIGN_DOWN(view->want, PMD_SIZE));
	end = min3(end, vma->vm_end, ALIGN_DOWN(view->want, PMD_SIZE) + PMD_SIZE);
	view->start = start;
	view->shift = PAGE_SHIFT;
	view->nr = 0;
	view->run = 0;
	view->small = false;
	walk_page_range_vma(vma, start, end, &look_ops, &l);
	if (is_there(view, l.write))
		return 0;
	/* To ask for a page to read is refused where he may only write. */
	view->how = (l.write || (!(vma->vm_flags & VM_READ) && !space->frozen) ?
		     XEMEM_HOW_WRITE : 0) |
		    (space->frozen && !view->lasting ? XEMEM_HOW_SHARED : 0) |
		    (view->lasting && !l.write && !space->frozen ?
		     XEMEM_HOW_LASTING : 0) |
		    (userfaultfd_armed(vma) ? XEMEM_HOW_USERFAULT : 0);
	return -EAGAIN;
}

/*
 * To pin a page is what makes sure that it is not shared with a child; there
 * is no call that does only that. Frozen memory may stay shared.
 *
 * A pin for long is what makes sure that it is not shared with a file.
 */
static long touch(struct mm_struct *mm, unsigned long start, unsigned long nr,
		  unsigned int how, int *locked)
{
	unsigned int flags = (how & XEMEM_HOW_WRITE ? FOLL_WRITE : 0) |
			     (how & XEMEM_HOW_LASTING ? FOLL_LONGTERM : 0) |
			     (locked ? 0 : FOLL_NOWAIT);
	struct page *pages[XEMEM_VIEW_PAGES];
	long ret;

	nr = min(nr, XEMEM_VIEW_PAGES);
	if (how & XEMEM_HOW_SHARED) {
		ret = get_user_pages_remote(mm, start, nr, flags, pages,
					    locked);
		if (ret > 0)
			release_pages(pages, ret);
		return ret;
	}
	ret = pin_user_pages_remote(mm, start, nr, flags, pages, locked);
	if (ret > 0)
		unpin_user_pages(pages, ret);
	return ret;
}

/**
 * xemem_fault_in - the owner's memory is to be there
 * @mm: of the owner.
 * @start: address, a multiple of the page size.
 * @nr: pages.
 * @how: XEMEM_HOW_*.
 * @wait: the caller holds no lock; otherwise nobody is waited for: neither who
 *	holds the owner's mmap_lock, nor a disk, nor a userfaultfd.
 *
 * Context: process context, may sleep.
 * Return: the number of pages, at least 1; -EFAULT: there is none; -EINTR;
 * -EAGAIN, without @wait: not yet; or another error of get_user_pages().
 */
int xemem_fault_in(struct mm_struct *mm, unsigned long start, unsigned long nr,
		   unsigned int how, bool wait)
{
	struct xemem_place place;
	int locked = 1;
	long ret;

	if (!mmget_not_zero(mm))
		return -EFAULT;
	if (wait)
		ret = mmap_read_lock_killable(mm);
	else
		ret = mmap_read_trylock(mm) ? 0 : -EAGAIN;
	if (!ret) {
		xemem_place_begin(&place, mm);
		ret = touch(mm, start, nr, how, wait ? &locked : NULL);
		xemem_place_end(&place);
		if (!ret)
			ret = wait ? -EFAULT : -EAGAIN;
		if (locked)
			mmap_read_unlock(mm);
	}
	/* The last one to leave would wait for much more. */
	mmput_async(mm);
	return ret;
}

static int find_pmd(pmd_t *pmd, unsigned long addr, unsigned long end,
		    struct mm_walk *walk)
{
	unsigned long *found = walk->private;
	pte_t *ptep, *first;
	int ret = 0;

	walk->action = ACTION_CONTINUE;
	if (!pmd_present(pmdp_get_lockless(pmd)) ||
	    pmd_leaf(pmdp_get_lockless(pmd))) {
		*found = addr;
		return 1;
	}
	first = pte_offset_map(pmd, addr);
	if (!first)
		return 0;
	for (ptep = first; addr < end && !ret; ptep++, addr += PAGE_SIZE) {
		*found = addr;
		ret = !pte_none(ptep_get_lockless(ptep));
	}
	pte_unmap(first);
	return ret;
}

static int find_hugetlb(pte_t *ptep, unsigned long mask, unsigned long addr,
			unsigned long end, struct mm_walk *walk)
{
	unsigned long *found = walk->private;

	*found = addr;
	return !huge_pte_none(huge_ptep_get(walk->mm, addr, ptep));
}

static const struct mm_walk_ops find_ops = {
	.pmd_entry = find_pmd,
	.hugetlb_entry = find_hugetlb,
	.walk_lock = PGWALK_RDLOCK,
};

/* No more is looked through before others may have the mmap_lock. */
#define FIND_BYTES	(512UL << 30)

/**
 * xemem_next - where does the owner have something?
 * @mm: of the owner.
 * @start: not before this address.
 * @end: nor from this one on.
 *
 * What it may not show, what it has never touched, and what it leaves when it
 * dies is passed over by the mapping or the page table, not page by page.
 *
 * Context: process context, may sleep; no lock is held.
 * Return: the address; or @end: nowhere, or current is being killed.
 */
unsigned long xemem_next(struct mm_struct *mm, unsigned long start,
			 unsigned long end)
{
	unsigned long stop, found = end;
	struct vm_area_struct *vma;

	if (!mmget_not_zero(mm))
		return end;
	while (start < end && found == end && !mmap_read_lock_killable(mm)) {
		vma = find_vma_intersection(mm, start, end);
		stop = vma ? min3(vma->vm_end, end,
				  max(vma->vm_start, start) + FIND_BYTES) : end;
		if (vma && may_look(vma, false) &&
		    walk_page_range_vma(vma, max(vma->vm_start, start), stop,
					&find_ops, &found) <= 0)
			found = end;
		mmap_read_unlock(mm);
		start = stop;
		cond_resched();
	}
	mmput_async(mm);
	return found;
}
