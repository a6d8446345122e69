// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: get_user_pages() and futexes on attachments.
 */
#include <linux/backing-dev.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "../compat/mm.h"
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

/*
 * Does who takes pages keep them when his call is over, or for as long as some
 * device or file system likes? Debuggers and process_vm_readv(2) do not
 * (FOLL_REMOTE); a virtual machine gives them back when it is told to
 * (FOLL_HWPOISON, which only KVM asks for); a futex has to be written. What
 * goes into a pipe or a socket is read.
 */
static bool is_lasting(unsigned long gup_flags)
{
	if (gup_flags & FOLL_LONGTERM)
		return true;
	if (gup_flags & FOLL_REMOTE)
		return false;
	return gup_flags & FOLL_PIN ||
	       (gup_flags & FOLL_GET &&
		!(gup_flags & (FOLL_WRITE | FOLL_HWPOISON)));
}

/*
 * Pages are going to be pinned, to be read for long: from now on nothing is
 * shown that the owner's next write would replace, by whomever he shares it
 * with: the zero page, or a page of a file that he has mapped privately. Of
 * frozen memory, whoever wants to pin, it is what is still its maker's, too.
 *
 * Whoever has looked before that makes no entry any more, see
 * xemem_map_begin(); what was made before goes. A part of the attachment that
 * another thread pins at the same time may be purged twice.
 */
static void keep_from_being_replaced(struct mm_struct *mm,
				     struct xemem_attachment *att)
{
	VMA_ITERATOR(vmi, mm, att->start);
	struct vm_area_struct *vma;

	/* Whoever has set it has purged before. */
	if (smp_load_acquire(&att->purged))
		return;
	WRITE_ONCE(att->lasting, true);
	for_each_vma_range(vmi, vma, att->start + att->size)
		if (xemem_is_attachment(vma) && xemem_attachment_of(vma) == att)
			zap_page_range_single(vma, vma->vm_start,
					      vma->vm_end - vma->vm_start,
					      NULL);
	/* Nobody skips that before all is gone. */
	smp_store_release(&att->purged, true);
}

/**
 * __xemem_forbids - may pages of an attachment not be taken?
 * @vma: the attachment.
 * @gup_flags: FOLL_*.
 *
 * To pin anonymous memory it has to be nobody else's. What is frozen is its
 * maker's, too, until he writes there, or somebody wants to pin it: from then
 * on what is still shared is copied, page by page, before it is shown; and the
 * maker's next write finds his own alone. And a segment may not be for pins.
 *
 * If they may, the owner's address space is marked as one with pins, as it
 * would be by a pin of its own: so its next fork leaves the page to it, and
 * gives the child a copy. That fork announces a change, which cuts the entry
 * under the lock of its page table. Who pins under that lock does so either
 * before, and the fork sees the pin and the mark; or finds no entry, and gets
 * none until the fork is over.
 *
 * Context: process context, may sleep; under the mmap_lock, before an entry is
 * looked at.
 */
bool __xemem_forbids(const struct vm_area_struct *vma, unsigned long gup_flags)
{
	const unsigned int reads = FOLL_PIN | FOLL_LONGTERM;
	struct xemem_attachment *att = xemem_attachment_of(vma);
	const struct xemem_segment *segment = att->permit->segment;
	struct mm_struct *owner = segment->space->mm;

	mmap_assert_locked(vma->vm_mm);
	if (segment->flags & XEMEM_NO_PIN && is_lasting(gup_flags))
		return true;
	if (!(gup_flags & FOLL_PIN))
		return false;
	if (segment->space->frozen) {
		keep_from_being_replaced(vma->vm_mm, att);
		return false;
	}
	if (!mm_flags_test(MMF_HAS_PINNED, owner))
		mm_flags_set(MMF_HAS_PINNED, owner);
	if ((gup_flags & (reads | FOLL_WRITE)) == reads)
		keep_from_being_replaced(vma->vm_mm, att);
	return false;
}

/*
 * The attachment at an address of @mm, with a reference to it: the lock of its
 * mapping is enough for that, unless somebody is changing it.
 */
static struct xemem_attachment *attachment_at(struct mm_struct *mm,
					      unsigned long *address)
{
	struct xemem_attachment *att = NULL;
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, *address);
	bool quick = vma;

	if (!quick) {
		mmap_read_lock(mm);
		vma = vma_lookup(mm, *address);
	}
	if (vma && xemem_is_attachment(vma))
		att = xemem_attachment_of(vma);
	if (att) {
		kref_get(&att->kref);
		*address += (vma->vm_pgoff << PAGE_SHIFT) - vma->vm_start;
	}
	if (quick)
		vma_end_read(vma);
	else
		mmap_read_unlock(mm);
	return att;
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
	struct xemem_attachment *att;
	struct mm_struct *mm;

	/* It has never attached anything. */
	if (!mm_flags_test(XEMEM_MMF_ATTACHES, mine))
		return mine;
	att = attachment_at(mine, address);
	if (!att)
		return mine;
	mm = att->permit->segment->space->mm;
	if (mm != mine)
		mmgrab(mm);
	xemem_attachment_put(att);
	return mm;
}
