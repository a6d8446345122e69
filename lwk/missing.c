// SPDX-License-Identifier: GPL-2.0
/*
 * LWK memory: what is there, but was never touched.
 *
 * Memory of members is mapped before they touch it. Who registers a range with
 * a userfaultfd afterwards expects to be told of the first touch. Pages that
 * the processor has not marked as accessed, and the kernel not as written, are
 * taken away then. So those that are mapped in advance begin without the mark.
 */
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/uaccess.h>
#include <linux/userfaultfd_k.h>

#include "memory.h"

/* Size of what maps a page that folio_walk_start() has found. */
static unsigned long size_of(const struct folio_walk *fw)
{
	return fw->level == FW_LEVEL_PMD ? PMD_SIZE : PAGE_SIZE;
}

/* No core has translated it yet, so that there is nothing to flush. */
static int clear_young(pmd_t *pmd, unsigned long addr, unsigned long end,
		       struct mm_walk *walk)
{
	struct vm_area_struct *vma = walk->vma;
	struct folio_walk fw;

	for (; addr < end; addr += size_of(&fw)) {
		fw.level = FW_LEVEL_PTE;
		if (!folio_walk_start(&fw, vma, addr, 0))
			continue;
		if (fw.level == FW_LEVEL_PMD)
			pmdp_test_and_clear_young(vma, addr & PMD_MASK,
						  fw.pmdp);
		else
			ptep_test_and_clear_young(vma, addr, fw.ptep);
		folio_walk_end(&fw, vma);
	}
	walk->action = ACTION_CONTINUE;
	return 0;
}

static const struct mm_walk_ops untouch_ops = {
	.pmd_entry = clear_young,
	.walk_lock = PGWALK_RDLOCK,
};

/**
 * lwk_untouch - nobody has touched this memory yet
 * @start: its address.
 * @end: the first one behind it.
 *
 * Context: process context, may sleep; nobody else knows the memory.
 */
void lwk_untouch(unsigned long start, unsigned long end)
{
	if (mmap_read_lock_killable(current->mm))
		return;
	walk_page_range(current->mm, start, end, &untouch_ops, NULL);
	mmap_read_unlock(current->mm);
}

/* The kernel writes without the processor's noticing, and says so. */
static bool is_untouched(const struct folio_walk *fw, struct folio *folio)
{
	bool young = fw->level == FW_LEVEL_PMD ? pmd_young(fw->pmd) :
						 pte_young(fw->pte);

	return fw->level <= FW_LEVEL_PMD && !young && folio_test_anon(folio) &&
	       !folio_test_dirty(folio) && !folio_maybe_dma_pinned(folio);
}

static int take_away(pmd_t *pmd, unsigned long addr, unsigned long end,
		     struct mm_walk *walk)
{
	struct vm_area_struct *vma = walk->vma;
	struct folio_walk fw;
	struct folio *folio;
	bool untouched;

	for (; addr < end; addr += size_of(&fw)) {
		fw.level = FW_LEVEL_PTE;
		folio = folio_walk_start(&fw, vma, addr, 0);
		if (!folio)
			continue;
		untouched = is_untouched(&fw, folio);
		folio_walk_end(&fw, vma);
		if (untouched)
			zap_page_range_single(vma, addr, size_of(&fw), NULL);
	}
	cond_resched();
	walk->action = ACTION_CONTINUE;
	return 0;
}

/* Nonzero: not that mapping. */
static int is_not_served(unsigned long start, unsigned long end,
			 struct mm_walk *walk)
{
	return !vma_is_anonymous(walk->vma) || !userfaultfd_missing(walk->vma);
}

static const struct mm_walk_ops take_away_ops = {
	.pmd_entry = take_away,
	.test_walk = is_not_served,
	.walk_lock = PGWALK_RDLOCK,
};

/**
 * lwk_make_missing - a userfaultfd serves a range from now on
 * @argument: struct uffdio_register of the caller, which succeeded.
 *
 * Context: process context, may sleep.
 */
void lwk_make_missing(const void __user *argument)
{
	struct mm_struct *mm = current->mm;
	struct uffdio_register reg;
	unsigned long end;

	if (copy_from_user(&reg, argument, sizeof(reg)) ||
	    check_add_overflow(reg.range.start, reg.range.len, &end) ||
	    mmap_read_lock_killable(mm))
		return;
	walk_page_range(mm, reg.range.start, end, &take_away_ops, NULL);
	mmap_read_unlock(mm);
}
