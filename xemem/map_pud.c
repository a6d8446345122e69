// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: 1 GiB in one entry, where the architecture has them.
 */
#include <linux/mm.h>

#include "xemem.h"

/**
 * xemem_map_pud - map a page of the owner as one entry
 * @vma: an attachment, of which a whole such page is at @addr.
 * @pud: the entry.
 * @addr: an address of it.
 * @view: what was seen: one page of that size.
 * @seq: from xemem_watch_begin() before it was seen.
 *
 * Context: process context; the mmap_lock is held.
 * Return: 0; -EAGAIN: it is no longer true; -EEXIST: there is an entry.
 */
int xemem_map_pud(struct vm_area_struct *vma, pud_t *pud, unsigned long addr,
		  const struct xemem_view *view, unsigned long seq)
{
	bool write = view->pages[0].write && vma->vm_flags & VM_WRITE;
	spinlock_t *ptl = pud_lock(vma->vm_mm, pud);
	int ret = -EEXIST;
	pud_t entry;

	if (!pud_none(*pud))
		goto unlock;
	ret = -EAGAIN;
	if (!xemem_map_begin(vma, view, seq))
		goto unlock;
	ret = 0;
	entry = pfn_pud(view->pages[0].pfn, vma->vm_page_prot);
	entry = pud_mkyoung(pud_mkspecial(pud_mkhuge(entry)));
	if (write) {
		entry = pud_mkwrite(pud_mkdirty(entry));
		xemem_mark_dirty(view->pages[0].pfn);
	}
	set_pud_at(vma->vm_mm, addr & PUD_MASK, pud, entry);
	xemem_count_page(PUD_SIZE);
	xemem_map_end(view);
unlock:
	spin_unlock(ptl);
	return ret;
}
