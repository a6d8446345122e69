// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: frozen memory that cannot be shared until somebody writes. Memory that
 * others write, too, would not stay as it is; a large page of hugetlb would be
 * taken away again as soon as its owner writes and the pool is empty. Both are
 * copied into ordinary memory, as much as is there.
 *
 * It is a copy of one moment: the owner's threads lose their right to write
 * before it begins, and wait for it to end with the first write. Who has the
 * memory from elsewhere, be it another mapping of the owner, goes on meanwhile.
 */
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/shmem_fs.h>

#include "bill.h"
#include "xemem.h"
#include "../../../mm/internal.h"
#include "../../../mm/vma.h"

/* So many pages at a time. */
#define MOST		64
/* So much is copied before somebody has to pay for it. */
#define UNPAID		SZ_4M

/**
 * struct source - where memory comes from
 * @vma: a part of the owner's mapping.
 * @aside: of hugetlb: an address space that shares it as after fork(2), and is
 *	locked for writing.
 */
struct source {
	struct vm_area_struct *vma;
	struct mm_struct *aside;
};

static bool is_shmem(const struct vm_area_struct *vma)
{
	return vma->vm_file && shmem_mapping(vma->vm_file->f_mapping);
}

/**
 * xemem_can_duplicate - is it memory, and no file?
 * @vma: what is to be copied.
 *
 * Context: mmap_lock is held.
 */
bool xemem_can_duplicate(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_HUGETLB || is_shmem(vma);
}

/* The rest of a large page. */
static long nr_behind(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio_nr_pages(folio) - folio_page_idx(folio, page);
}

/* Nothing is allocated: what was never written is nothing in the copy, too. */
static long get_shmem(const struct source *from, unsigned long *addr,
		      struct page **page)
{
	struct address_space *mapping = from->vma->vm_file->f_mapping;
	pgoff_t index = linear_page_index(from->vma, *addr);
	loff_t end = (loff_t)(index << PAGE_SHIFT) + from->vma->vm_end - *addr;
	struct folio *folio;
	loff_t data;
	int err;

	data = mapping_seek_hole_data(mapping, (loff_t)index << PAGE_SHIFT, end,
				      SEEK_DATA);
	if (data < 0) {
		*addr = from->vma->vm_end;
		return 0;
	}
	*addr += ALIGN_DOWN(data, PAGE_SIZE) - ((loff_t)index << PAGE_SHIFT);
	index = data >> PAGE_SHIFT;
	err = shmem_get_folio(mapping->host, index, 0, &folio, SGP_READ);
	if (err)
		return err;
	if (!folio) {
		*addr += PAGE_SIZE;
		return 0;
	}
	folio_unlock(folio);
	*page = folio_file_page(folio, index);
	return nr_behind(*page);
}

static long get_hugetlb(const struct source *from, unsigned long *addr,
			struct page **page)
{
	long ret = get_user_pages_remote(from->aside, *addr, 1,
					 FOLL_DUMP | FOLL_HWPOISON, page, NULL);

	if (ret > 0)
		return nr_behind(*page);
	if (ret != -EFAULT)
		return ret;
	*addr |= ~huge_page_mask(hstate_vma(from->vma));
	*addr += 1;
	return 0;
}

/*
 * Some pages in a row, with a reference to the large page that they are of.
 * Returns how many; 0: there is nothing before what then is @addr.
 */
static long get_pages(const struct source *from, unsigned long *addr,
		      struct page **page)
{
	return from->aside ? get_hugetlb(from, addr, page) :
			     get_shmem(from, addr, page);
}

/* A large page becomes a large page; small ones must not become large. */
static void set_size(struct mm_struct *mm, unsigned long addr, bool large)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);

	if (large)
		vm_flags_mod(vma, VM_HUGEPAGE, VM_NOHUGEPAGE);
	else
		vm_flags_mod(vma, VM_NOHUGEPAGE, VM_HUGEPAGE);
}

/* Returns how many pages were copied, or an error. */
static long copy_pages(struct mm_struct *mm, unsigned long addr,
		       struct page *page, long nr)
{
	struct page *to[MOST];
	long i;

	set_size(mm, addr, folio_order(page_folio(page)) >= HPAGE_PMD_ORDER);
	nr = pin_user_pages_remote(mm, addr, nr, FOLL_WRITE, to, NULL);
	set_size(mm, addr, false);
	for (i = 0; i < nr; i++)
		if (PageHWPoison(page + i) ||
		    copy_mc_highpage(to[i], page + i))
			break;
	if (nr > 0)
		unpin_user_pages_dirty_lock(to, nr, true);
	return i ?: nr < 0 ? nr : -EFAULT;
}

static int fill(struct mm_struct *mm, const struct source *from,
		struct xemem_bill *bill)
{
	unsigned long addr = from->vma->vm_start, end = from->vma->vm_end;
	unsigned long unpaid = 0;
	struct page *page;
	int err = 0;
	long nr;

	while (addr < end && !err) {
		if (fatal_signal_pending(current))
			return -EINTR;
		nr = get_pages(from, &addr, &page);
		if (nr > 0) {
			nr = min3(nr, MOST, (long)((end - addr) >> PAGE_SHIFT));
			nr = copy_pages(mm, addr, page, nr);
			folio_put(page_folio(page));
		}
		if (nr < 0)
			return nr == -ENOMEM ? nr : -EFAULT;
		addr += nr << PAGE_SHIFT;
		unpaid += nr << PAGE_SHIFT;
		if (unpaid >= UNPAID) {
			err = xemem_bill_update(bill, mm);
			unpaid = 0;
		}
		cond_resched();
	}
	return err;
}

/* Where the copy is to be; what it may need is committed, as for any mapping. */
static int make_room(struct mm_struct *mm, struct vm_area_struct *part)
{
	vm_flags_t flags = (part->vm_flags & VM_READ) | VM_WRITE | VM_MAYREAD |
			   VM_MAYWRITE | VM_NOHUGEPAGE;
	unsigned long pages = vma_pages(part), charge = 0;
	struct vm_area_struct *vma;

	if (!(part->vm_flags & VM_NORESERVE) ||
	    sysctl_overcommit_memory == OVERCOMMIT_NEVER) {
		if (security_vm_enough_memory_mm(part->vm_mm, pages))
			return -ENOMEM;
		flags |= VM_ACCOUNT;
		charge = pages;
	}
	vma = vm_area_alloc(mm);
	if (!vma)
		goto unaccount;
	vma_set_range(vma, part->vm_start, part->vm_end,
		      part->vm_start >> PAGE_SHIFT);
	vma_set_anonymous(vma);
	vm_flags_init(vma, flags);
	vma->vm_page_prot = vm_get_page_prot(flags);
	if (vma_link(mm, vma))
		goto free;
	vm_stat_account(mm, flags, pages);
	return 0;
free:
	vm_area_free(vma);
unaccount:
	vm_unacct_memory(charge);
	return -ENOMEM;
}

/* Of large pages as a whole. */
static void widen(struct vm_area_struct *part)
{
	unsigned long size = huge_page_size(hstate_vma(part));
	unsigned long start = ALIGN_DOWN(part->vm_start, size);

	vma_set_range(part, start, ALIGN(part->vm_end, size), part->vm_pgoff -
		      ((part->vm_start - start) >> PAGE_SHIFT));
}

static int set_aside(struct source *from, struct vm_area_struct *vma,
		     struct vm_area_struct *part)
{
	struct vm_area_struct *copy;
	struct mm_struct *mm;
	int err;

	mm = mm_alloc();
	if (!mm)
		return -ENOMEM;
	/* The third one. */
	mmap_write_lock_nested(mm, SINGLE_DEPTH_NESTING + 1);
	mm->task_size = vma->vm_mm->task_size;
	from->aside = mm;
	copy = xemem_copy_vma(mm, vma, part);
	if (!copy)
		return -ENOMEM;
	err = copy_page_range(copy, part);
	/* The pool has nothing for pages that are pinned. */
	return err == -ENOSPC ? -ENOMEM : err;
}

/**
 * xemem_duplicate - a copy of memory that cannot be shared until somebody writes
 * @mm: where it goes to.
 * @vma: where it comes from.
 * @part: what of it.
 * @bill: of @mm.
 *
 * Context: process context, may sleep; both address spaces are locked for
 * writing.
 * Return: 0; -EDQUOT; -ENOMEM; -EINTR; -EFAULT: some of it is lost.
 */
int xemem_duplicate(struct mm_struct *mm, struct vm_area_struct *vma,
		    struct vm_area_struct *part, struct xemem_bill *bill)
{
	struct source from = { .vma = part };
	struct vm_area_struct whole = *part;
	int err;

	mmap_assert_write_locked(mm);
	mmap_assert_write_locked(vma->vm_mm);
	err = make_room(mm, part);
	if (err)
		return err;
	if (part->vm_flags & VM_HUGETLB) {
		widen(&whole);
		err = set_aside(&from, vma, &whole);
	}
	flush_tlb_mm(vma->vm_mm);
	if (!err && part->vm_flags & VM_MAYSHARE)
		zap_page_range_single(vma, whole.vm_start,
				      whole.vm_end - whole.vm_start, NULL);
	err = err ?: fill(mm, &from, bill);
	if (from.aside) {
		mmap_write_unlock(from.aside);
		mmput(from.aside);
	}
	return err;
}

/*
 * A page of a file that was never written is the file's, and changes with it.
 * Returns how many pages were copied: 0 or 1; or an error.
 */
static int leave_page(struct mm_struct *mm, unsigned long addr, int *locked)
{
	struct page *page;
	bool is_file;
	long nr;

	nr = get_user_pages_remote(mm, addr, 1, FOLL_FORCE, &page, locked);
	if (nr != 1)
		return nr;
	is_file = !PageAnon(page);
	put_page(page);
	if (!is_file)
		return 0;
	if (!*locked) {
		if (mmap_read_lock_killable(mm))
			return -EINTR;
		*locked = 1;
	}
	nr = get_user_pages_remote(mm, addr, 1, FOLL_FORCE | FOLL_WRITE, &page,
				   locked);
	if (nr == 1)
		put_page(page);
	return nr;
}

/* Nobody else changes its mappings yet. */
static int leave_file(struct mm_struct *mm, struct xemem_bill *bill,
		      unsigned long addr, unsigned long end)
{
	unsigned long unpaid = 0;
	int locked, ret = 0;

	while (addr < end && ret >= 0) {
		if (fatal_signal_pending(current) ||
		    mmap_read_lock_killable(mm))
			return -EINTR;
		locked = 1;
		ret = leave_page(mm, addr, &locked);
		if (locked)
			mmap_read_unlock(mm);
		addr += PAGE_SIZE;
		/* It is behind the file's end, or lost. */
		if (ret == -EFAULT)
			ret = 0;
		unpaid += ret > 0 ? PAGE_SIZE : 0;
		if (ret > 0 && unpaid >= UNPAID) {
			unpaid = 0;
			ret = xemem_bill_update(bill, mm);
		}
		cond_resched();
	}
	return min(ret, 0);
}

/*
 * From now on the file may be truncated, or grow: what was copied stays, and what
 * is not there by now is nothing.
 */
static int close_file(struct mm_struct *mm, unsigned long addr)
{
	struct unlink_vma_file_batch batch;
	struct vm_area_struct *vma;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	vma = vma_lookup(mm, addr);
	vma_start_write(vma);
	unlink_file_vma_batch_init(&batch);
	unlink_file_vma_batch_add(&batch, vma);
	unlink_file_vma_batch_final(&batch);
	vma_close(vma);
	vma->vm_ops = &vma_dummy_vm_ops;
	fput(vma->vm_file);
	vma->vm_file = NULL;
	mmap_write_unlock(mm);
	return 0;
}

/**
 * xemem_leave_files - a frozen address space shows no file any more
 * @mm: it.
 * @bill: of it.
 *
 * Context: process context, may sleep; no lock is held.
 * Return: 0; -EDQUOT; -ENOMEM; -EINTR.
 */
int xemem_leave_files(struct mm_struct *mm, struct xemem_bill *bill)
{
	unsigned long start, end = 0;
	struct vm_area_struct *vma;
	int err = 0;

	while (!err) {
		if (mmap_read_lock_killable(mm))
			return -EINTR;
		vma = find_vma(mm, end);
		while (vma && (!vma->vm_file || vma_is_anonymous(vma)))
			vma = find_vma(mm, vma->vm_end);
		start = vma ? vma->vm_start : 0;
		end = vma ? vma->vm_end : 0;
		mmap_read_unlock(mm);
		if (!end)
			break;
		err = leave_file(mm, bill, start, end) ?: close_file(mm, start);
	}
	return err;
}
