// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: how many pages attachments show.
 */
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>

#include "xemem.h"

DEFINE_PER_CPU(unsigned long, xemem_pages_shown);

/* A walk, and whether it ends as soon as somebody wants the mmap_lock. */
struct counting {
	struct xemem_mapped *n;
	bool polite;
};

static int count_pud(pud_t *pud, unsigned long addr, unsigned long next,
		     struct mm_walk *walk)
{
	struct counting *c = walk->private;

	if (pud_leaf(pudp_get(pud))) {
		c->n->puds++;
		walk->action = ACTION_CONTINUE;
	}
	return 0;
}

static int count_pmd(pmd_t *pmd, unsigned long addr, unsigned long next,
		     struct mm_walk *walk)
{
	struct counting *c = walk->private;

	if (c->polite && mmap_lock_is_contended(walk->mm))
		return -EBUSY;
	if (pmd_leaf(pmdp_get_lockless(pmd))) {
		c->n->pmds++;
		walk->action = ACTION_CONTINUE;
	}
	return 0;
}

static int count_pte(pte_t *pte, unsigned long addr, unsigned long next,
		     struct mm_walk *walk)
{
	struct counting *c = walk->private;

	c->n->ptes += pte_present(ptep_get(pte));
	return 0;
}

static const struct mm_walk_ops count_ops = {
	.pud_entry = count_pud,
	.pmd_entry = count_pmd,
	.pte_entry = count_pte,
	.walk_lock = PGWALK_RDLOCK,
};

/**
 * xemem_count_vma - count what an attachment shows
 * @vma: a mapping of it; the mmap_lock is held.
 * @n: to which that is added.
 *
 * Context: process context, may sleep.
 */
void xemem_count_vma(struct vm_area_struct *vma, struct xemem_mapped *n)
{
	struct counting c = { .n = n };

	mmap_assert_locked(vma->vm_mm);
	walk_page_range_vma(vma, vma->vm_start, vma->vm_end, &count_ops, &c);
}

static unsigned long pages_in(const struct xemem_mapped *n)
{
	return n->ptes + n->pmds * (PMD_SIZE >> PAGE_SHIFT) +
	       n->puds * (PUD_SIZE >> PAGE_SHIFT);
}

/* -EBUSY: somebody wants the mmap_lock, and the walk is polite. */
static int count_mm(const struct xemem_process *p, struct counting *c)
{
	struct vm_area_struct *vma;
	int err = 0;

	VMA_ITERATOR(vmi, p->mm, 0);
	for_each_vma(vmi, vma) {
		if (c->polite && mmap_lock_is_contended(p->mm))
			return -EBUSY;
		if (!xemem_is_attachment(vma) ||
		    xemem_attachment_of(vma)->permit->process != p)
			continue;
		err = walk_page_range_vma(vma, vma->vm_start, vma->vm_end,
					  &count_ops, c);
		if (err)
			break;
	}
	return err;
}

/**
 * xemem_count_process - how many pages do the attachments of a process show?
 * @p: the process.
 * @polite: not, if somebody else would have to wait for that, or we for him:
 *	then the number is that of the last time.
 *
 * Context: process context, may sleep.
 * Return: 0: they are in @p->pages; or -EINTR.
 */
int xemem_count_process(struct xemem_process *p, bool polite)
{
	struct xemem_mapped n = { };
	struct counting c = { .n = &n, .polite = polite };
	int err;

	if (!mmget_not_zero(p->mm)) {
		WRITE_ONCE(p->pages, 0);
		return 0;
	}
	if (polite)
		err = mmap_read_trylock(p->mm) ? 0 : -EBUSY;
	else
		err = mmap_read_lock_killable(p->mm);
	if (!err) {
		err = count_mm(p, &c);
		mmap_read_unlock(p->mm);
	}
	if (!err)
		WRITE_ONCE(p->pages, pages_in(&n));
	if (polite)
		mmput_async(p->mm);
	else
		mmput(p->mm);
	return err == -EBUSY ? 0 : err;
}

/**
 * xemem_count_shown - how many pages were ever shown?
 *
 * Context: any.
 * Return: their number, since boot.
 */
unsigned long xemem_count_shown(void)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(xemem_pages_shown, cpu);
	return sum;
}
