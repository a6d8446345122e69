// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: the age of the owner's memory. Entries of an attachment are on no
 * reverse mapping; but whether they were used counts for their owner's page.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "xemem.h"

/* A range of @mm, and what was found. */
struct xemem_ageing {
	struct mm_struct *mm;
	unsigned long end;
	bool clear;
	bool young;
};

static void age_pud(struct xemem_ageing *a, pud_t *pud, unsigned long addr)
{
	spinlock_t *ptl = pud_lockptr(a->mm, pud);	/* of a page table */
	pud_t entry;

	if (!spin_trylock(ptl))
		return;
	entry = pudp_get(pud);
	if (pud_leaf(entry) && pud_young(entry)) {
		a->young = true;
		if (a->clear)
			set_pud_at(a->mm, addr & PUD_MASK, pud,
				   pud_mkold(entry));
	}
	spin_unlock(ptl);
}

static void age_pmd(struct xemem_ageing *a, pmd_t *pmd, unsigned long addr)
{
	spinlock_t *ptl = pmd_lockptr(a->mm, pmd);	/* of a page table */
	pmd_t entry;

	if (!spin_trylock(ptl))
		return;
	entry = pmdp_get(pmd);
	if (pmd_leaf(entry) && pmd_young(entry)) {
		a->young = true;
		if (a->clear)
			set_pmd_at(a->mm, addr & PMD_MASK, pmd,
				   pmd_mkold(entry));
	}
	spin_unlock(ptl);
}

static void age_ptes(struct xemem_ageing *a, pmd_t *pmd, unsigned long addr,
		     unsigned long end)
{
	pmd_t table = pmdp_get_lockless(pmd);
	pte_t *ptep, *first, entry;
	spinlock_t *ptl;	/* of a page table */

	if (!pmd_present(table) || pmd_leaf(table))
		return;
	first = pte_offset_map(pmd, addr);
	if (!first)
		return;
	ptl = pte_lockptr(a->mm, &table);
	if (!spin_trylock(ptl))
		goto unmap;
	if (!pmd_same(table, pmdp_get_lockless(pmd)))
		goto unlock;
	for (ptep = first; addr < end; ptep++, addr += PAGE_SIZE) {
		entry = ptep_get(ptep);
		if (!pte_present(entry) || !pte_young(entry))
			continue;
		a->young = true;
		if (!a->clear)
			break;
		set_pte_at(a->mm, addr, ptep, pte_mkold(entry));
	}
unlock:
	spin_unlock(ptl);
unmap:
	pte_unmap(first);
}

/* What one entry of the level above holds from @addr on; returns its end. */
static unsigned long age_one(struct xemem_ageing *a, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(a->mm, addr);
	unsigned long end;
	pud_t *pud, entry;
	p4d_t *p4d;
	pmd_t *pmd;

	if (pgd_none_or_clear_bad(pgd))
		return pgd_addr_end(addr, a->end);
	p4d = p4d_offset(pgd, addr);
	if (p4d_none_or_clear_bad(p4d))
		return p4d_addr_end(addr, a->end);
	pud = pud_offset(p4d, addr);
	end = pud_addr_end(addr, a->end);
	/* Once: it may be cut meanwhile. */
	entry = READ_ONCE(*pud);
	if (!pud_present(entry))
		return end;
	if (pud_leaf(entry)) {
		age_pud(a, pud, addr);
		return end;
	}
	pmd = pmd_offset_lockless(pud, entry, addr);
	end = pmd_addr_end(addr, a->end);
	if (!pmd_present(pmdp_get_lockless(pmd)))
		return end;
	if (pmd_leaf(pmdp_get_lockless(pmd)))
		age_pmd(a, pmd, addr);
	else
		age_ptes(a, pmd, addr, end);
	return end;
}

/**
 * xemem_piece_test_young - was a part of an attachment used?
 * @mm: of who has attached it.
 * @start: first address, in the attachment.
 * @end: behind the last one.
 * @clear: and is not any more: all of it is looked at, not only what is needed
 *	to say yes.
 *
 * Who asks may hold the lock of a page table of the owner's, and one table of
 * each of two processes may show memory of the other: so the lock of ours is
 * only tried, and what is being changed counts as not used. An entry that may
 * be written is always dirty, and one that may not never gets so: nothing that
 * the processor adds meanwhile is lost, but that it was used once more. What
 * the processor remembers is not flushed, as elsewhere on x86.
 *
 * Context: any; the page tables stay: the attachment is not unmapped meanwhile.
 * Return: true if it was.
 */
bool xemem_piece_test_young(struct mm_struct *mm, unsigned long start,
			    unsigned long end, bool clear)
{
	struct xemem_ageing a = { .mm = mm, .end = end, .clear = clear };

	while (start < end && (clear || !a.young))
		start = age_one(&a, start);
	return a.young;
}
