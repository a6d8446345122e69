// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: get_user_pages() and futexes on attachments.
 */
#include <linux/backing-dev.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "xemem.h"
#include "../../../mm/internal.h"

/* Who writes there for long would do so behind the back of a file system. */
static bool is_written_back(struct folio *folio)
{
	struct address_space *mapping = READ_ONCE(folio->mapping);

	return !folio_test_anon(folio) && mapping &&
	       mapping_can_writeback(mapping);
}

/**
 * __xemem_page - the page behind an entry of an attachment
 * @pte: the entry.
 * @flags: FOLL_*, of who wants it.
 *
 * Context: under the lock of the page table.
 * Return: the page, or NULL.
 */
struct page *__xemem_page(pte_t pte, unsigned int flags)
{
	const unsigned int lasting = FOLL_PIN | FOLL_LONGTERM | FOLL_WRITE;

	if (!pte_special(pte) || is_zero_pfn(pte_pfn(pte)))
		return NULL;
	if ((flags & lasting) == lasting &&
	    is_written_back(page_folio(pte_page(pte))))
		return NULL;
	return pte_page(pte);
}

/**
 * __xemem_forbids - may pages of an attachment not be taken?
 * @vma: the attachment.
 * @gup_flags: FOLL_*.
 *
 * To pin anonymous memory it has to be nobody else's. What is frozen is its
 * owner's, too, until he writes there.
 *
 * Context: under the mmap_lock.
 */
bool __xemem_forbids(const struct vm_area_struct *vma, unsigned long gup_flags)
{
	const struct xemem_attachment *att = xemem_attachment_of(vma);

	return gup_flags & FOLL_PIN && att->permit->segment->space->frozen;
}

/**
 * __xemem_futex_begin - whose is a futex in anonymous memory?
 * @mine: of current.
 * @address: in, out: where it is there, a multiple of the page size.
 *
 * Context: process context, may sleep.
 * Return: the owner, with a reference to the struct; or @mine, without one.
 */
struct mm_struct *__xemem_futex_begin(struct mm_struct *mine,
				      unsigned long *address)
{
	const struct xemem_attachment *att;
	struct mm_struct *mm = mine;
	struct vm_area_struct *vma;

	mmap_read_lock(mine);
	vma = vma_lookup(mine, *address);
	if (vma && xemem_is_attachment(vma)) {
		att = xemem_attachment_of(vma);
		*address += (vma->vm_pgoff << PAGE_SHIFT) - vma->vm_start;
		mm = att->permit->segment->space->mm;
		if (mm != mine)
			mmgrab(mm);
	}
	mmap_read_unlock(mine);
	return mm;
}
