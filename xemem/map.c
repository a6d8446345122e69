// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: entries in the page tables of those who attach.
 *
 * They are special: without a reference, and on no reverse mapping. Huge pages
 * stay huge where the whole of it is attached at an address that fits.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <asm/pgalloc.h>

#include "xemem.h"

/* The address in @vma that shows @source of the owner. */
static unsigned long shown_at(const struct vm_area_struct *vma,
			      unsigned long source)
{
	return vma->vm_start + source - (vma->vm_pgoff << PAGE_SHIFT);
}

/**
 * xemem_map_begin - an entry is to be made
 * @vma: in this attachment.
 * @view: what was seen.
 * @seq: from xemem_watch_begin(), before the owner was looked at.
 *
 * Context: under the lock of the page table.
 * Return: true, until xemem_map_end(); or false: what was seen is not true any
 * more, or may not be shown any more.
 */
bool xemem_map_begin(struct vm_area_struct *vma,
		     const struct xemem_view *view, unsigned long seq)
{
	struct xemem_piece *piece = vma->vm_private_data;
	const struct xemem_attachment *att = piece->att;
	const struct xemem_permit *permit = att->permit;

	if (!xemem_watch_lock(view->watch, seq))
		return false;
	if (!permit->segment->removed && !permit->ended &&
	    (view->lasting || !READ_ONCE(att->lasting))) {
		WRITE_ONCE(piece->shown, true);
		return true;
	}
	xemem_watch_unlock(view->watch);
	return false;
}

/**
 * xemem_map_end - an entry was made
 * @view: what was seen.
 *
 * Context: after xemem_map_begin() was true.
 */
void xemem_map_end(const struct xemem_view *view)
{
	xemem_watch_unlock(view->watch);
}

/**
 * xemem_mark_dirty - a page is going to be written to
 * @pfn: its number.
 *
 * Who may write may have done so, and nobody looks at his entries.
 *
 * Context: under the lock of the page table.
 */
void xemem_mark_dirty(unsigned long pfn)
{
	struct folio *folio = page_folio(pfn_to_page(pfn));

	if (!folio_test_dirty(folio))
		folio_mark_dirty(folio);
}

/* What all entries of one mapping have in common: those to read, to write. */
struct xemem_ptes {
	pte_t read;
	pte_t write;
	bool may_write;
};

static struct xemem_ptes ptes_of(struct vm_area_struct *vma)
{
	pte_t pte = pte_mkyoung(pte_mkspecial(pfn_pte(0, vma->vm_page_prot)));

	return (struct xemem_ptes) {
		.read = pte,
		.write = pte_mkwrite(pte_mkdirty(pte), vma),
		.may_write = vma->vm_flags & VM_WRITE,
	};
}

/* Returns how many entries there are now that were not there: 0 or 1. */
static int set_pte_of(struct vm_area_struct *vma, unsigned long addr,
		      pte_t *ptep, const struct xemem_ptes *ptes,
		      unsigned long pfn, bool write)
{
	pte_t old = ptep_get(ptep), pte;

	write = write && ptes->may_write;
	if (pte_present(old) && (pte_pfn(old) != pfn || !write))
		return 0;
	pte = pte_advance_pfn(write ? ptes->write : ptes->read, pfn);
	if (write)
		xemem_mark_dirty(pfn);
	if (pte_none(old))
		set_pte_at(vma->vm_mm, addr, ptep, pte);
	else
		ptep_set_access_flags(vma, addr, ptep, pte, true);
	update_mmu_cache_range(NULL, vma, addr, ptep, 1);
	return pte_none(old);
}

/* One page of @view. */
struct xemem_page {
	unsigned long pfn;
	bool there;
	bool write;
};

static struct xemem_page page_at(const struct xemem_view *view,
				 unsigned long source)
{
	unsigned long i = (source - view->start) >> view->shift;
	unsigned long offset = (source - view->start) & (BIT(view->shift) - 1);

	return (struct xemem_page) {
		.pfn = view->pages[i].pfn + (offset >> PAGE_SHIFT),
		.there = view->pages[i].there,
		.write = view->pages[i].write,
	};
}

/*
 * What of the view one page table holds, in @vma. Of a huge page that does not
 * fit, only what is around the address in question.
 */
static void clamp_view(struct vm_area_struct *vma,
		       const struct xemem_view *view, unsigned long *start,
		       unsigned long *last)
{
	unsigned long addr = shown_at(vma, view->want);
	unsigned long most = XEMEM_VIEW_PAGES << PAGE_SHIFT;
	unsigned long from = ALIGN_DOWN(addr, most);

	/* Addresses before that of the mapping may be below 0. */
	*start = max(from, vma->vm_start);
	if (view->want - view->start < addr - *start)
		*start = addr - (view->want - view->start);
	*last = min(from + most, vma->vm_end) - PAGE_SIZE;
	*last = min(*last, addr + xemem_view_end(view) - PAGE_SIZE -
		    view->want);
}

static int map_ptes(struct vm_area_struct *vma, pmd_t *pmd,
		    const struct xemem_view *view, unsigned long seq)
{
	struct xemem_attachment *att = xemem_attachment_of(vma);
	struct xemem_ptes ptes = ptes_of(vma);
	unsigned long addr, last, source;
	unsigned long made = 0;
	struct xemem_page page;
	pte_t *ptep, *first;
	spinlock_t *ptl;	/* of a page table */

	if (pte_alloc(vma->vm_mm, pmd))
		return -ENOMEM;
	clamp_view(vma, view, &addr, &last);
	first = pte_offset_map_lock(vma->vm_mm, pmd, addr, &ptl);
	/* It is huge already: somebody was faster. */
	if (!first)
		return 0;
	if (!xemem_map_begin(vma, view, seq)) {
		pte_unmap_unlock(first, ptl);
		return -EAGAIN;
	}
	/* Several may do so: they agree. */
	WRITE_ONCE(att->small, true);
	source = addr - vma->vm_start + (vma->vm_pgoff << PAGE_SHIFT);
	for (ptep = first; addr <= last;
	     ptep++, addr += PAGE_SIZE, source += PAGE_SIZE) {
		page = page_at(view, source);
		if (page.there)
			made += set_pte_of(vma, addr, ptep, &ptes, page.pfn,
					   page.write);
	}
	xemem_map_end(view);
	xemem_count_page(made << PAGE_SHIFT);
	pte_unmap_unlock(first, ptl);
	return 0;
}

static int map_pmd(struct vm_area_struct *vma, pmd_t *pmd,
		   const struct xemem_view *view, unsigned long seq)
{
	struct xemem_page page = page_at(view,
					 ALIGN_DOWN(view->want, PMD_SIZE));
	bool write = page.write && vma->vm_flags & VM_WRITE;
	spinlock_t *ptl = pmd_lock(vma->vm_mm, pmd);
	int ret = -EEXIST;
	pmd_t entry;

	if (!pmd_none(*pmd) && !pmd_leaf(*pmd))
		goto unlock;
	ret = -EAGAIN;
	if (!xemem_map_begin(vma, view, seq))
		goto unlock;
	ret = 0;
	if (pmd_none(*pmd) || (write && !pmd_write(*pmd))) {
		entry = pfn_pmd(page.pfn, vma->vm_page_prot);
		entry = pmd_mkyoung(pmd_mkspecial(pmd_mkhuge(entry)));
		if (write) {
			entry = pmd_mkwrite(pmd_mkdirty(entry), vma);
			xemem_mark_dirty(page.pfn);
		}
		if (pmd_none(*pmd)) {
			set_pmd_at(vma->vm_mm,
				   shown_at(vma, view->want) & PMD_MASK, pmd,
				   entry);
			xemem_count_page(PMD_SIZE);
		} else {
			pmdp_set_access_flags(vma, shown_at(vma, view->want) &
					      PMD_MASK, pmd, entry, true);
		}
	}
	xemem_map_end(view);
unlock:
	spin_unlock(ptl);
	return ret;
}

/* Is all of a huge page around the address in question attached, congruently? */
static bool fits(const struct vm_area_struct *vma,
		 const struct xemem_view *view, unsigned long size)
{
	unsigned long addr = shown_at(vma, view->want);

	return BIT(view->shift) >= size && !view->small &&
	       !((addr ^ view->want) & (size - 1)) &&
	       ALIGN_DOWN(addr, size) >= vma->vm_start &&
	       ALIGN_DOWN(addr, size) + size <= vma->vm_end;
}

/**
 * xemem_map - map what the owner has
 * @vma: an attachment; its mmap_lock is held.
 * @view: what was seen.
 * @seq: from xemem_watch_begin() before it was seen.
 *
 * Context: process context, may sleep.
 * Return: 0; -EAGAIN: it is no longer true, or the segment is removed;
 * -ENOMEM.
 */
int xemem_map(struct vm_area_struct *vma, const struct xemem_view *view,
	      unsigned long seq)
{
	unsigned long addr = shown_at(vma, view->want);
	int ret;
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	mmap_assert_locked(vma->vm_mm);
	p4d = p4d_alloc(vma->vm_mm, pgd_offset(vma->vm_mm, addr), addr);
	pud = p4d ? pud_alloc(vma->vm_mm, p4d, addr) : NULL;
	if (!pud)
		return -ENOMEM;
	if (fits(vma, view, PUD_SIZE)) {
		ret = xemem_map_pud(vma, pud, addr, view, seq);
		if (ret != -EEXIST)
			return ret;
	}
	if (pud_leaf(*pud))
		return 0;
	pmd = pmd_alloc(vma->vm_mm, pud, addr);
	if (!pmd)
		return -ENOMEM;
	if (fits(vma, view, PMD_SIZE)) {
		ret = map_pmd(vma, pmd, view, seq);
		if (ret != -EEXIST)
			return ret;
	}
	return map_ptes(vma, pmd, view, seq);
}
