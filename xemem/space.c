// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: address spaces that others attach.
 *
 * An inode without a name in a file system that nobody can mount. Its mapping
 * has no pages. When memory of the owner changes, the entries of those who have
 * attached it are cut first; see watch.c.
 */
#include <linux/file.h>
#include <linux/mount.h>
#include <linux/pagewalk.h>
#include <linux/pseudo_fs.h>
#include <linux/sched/mm.h>
#include <asm/tlb.h>

#include <trace/events/xemem.h>
#include "../compat/fs.h"
#include "bill.h"
#include "xemem.h"
#include "../../../mm/internal.h"

/* In proc, and in maps: beginning of what is not a path. */
#define FILE_NAME	"xpmem"
#define XEMEM_MAGIC	0x78656d6d	/* "xemm" */

DEFINE_STATIC_KEY_FALSE(xemem_in_use);
/* Of xemem_is_attachment(), for KVM, which is a module. */
EXPORT_SYMBOL_GPL(xemem_in_use);

static struct vfsmount *mount;
static struct kmem_cache *cache;

static struct xemem_space *space_of(struct inode *inode)
{
	return container_of(inode, struct xemem_space, inode);
}

static struct inode *space_alloc_inode(struct super_block *sb)
{
	struct xemem_space *space = alloc_inode_sb(sb, cache, GFP_KERNEL);

	if (!space)
		return NULL;
	space->mm = NULL;
	space->frozen = false;
	space->bill = NULL;
	INIT_WORK(&space->prune, xemem_prune_work);
	space->holds = false;
	return &space->inode;
}

static void free_inode(struct inode *inode)
{
	kmem_cache_free(cache, space_of(inode));
}

/**
 * xemem_space_drop - memory that is only held for those who attach it
 * @space: it.
 * @wait: until it is free.
 *
 * Context: any that may take a lock; mmap_lock may be held. With @wait process
 * context, may sleep, and no mmap_lock is held.
 */
void xemem_space_drop(struct xemem_space *space, bool wait)
{
	if (!xchg(&space->holds, false))
		return;
	xemem_bill_end(space->bill, space->mm);
	if (wait)
		mmput(space->mm);
	else
		mmput_async(space->mm);
}

/* Nobody has it attached, and nobody can any more. */
static void evict_inode(struct inode *inode)
{
	struct xemem_space *space = space_of(inode);

	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	if (!space->mm)
		return;
	xemem_watch_end(space->watch);
	xemem_space_drop(space, false);
	if (space->bill)
		xemem_bill_free(space->bill);
	mmdrop(space->mm);
}

static const struct super_operations super_ops = {
	.alloc_inode = space_alloc_inode,
	.free_inode = free_inode,
	.evict_inode = evict_inode,
	.drop_inode = inode_just_drop,
	.statfs = simple_statfs,
};

static int init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, XEMEM_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->ops = &super_ops;
	return 0;
}

static struct file_system_type fs_type = {
	.name = FILE_NAME,
	.init_fs_context = init_fs_context,
	.kill_sb = kill_anon_super,
};

static int skip_huge_pud(pud_t *pud, unsigned long addr, unsigned long end,
			 struct mm_walk *walk)
{
	if (pud_leaf(pudp_get(pud)))
		walk->action = ACTION_CONTINUE;
	return 0;
}

/* There are special entries only: each is but a number. */
static int clear_small(pmd_t *pmd, unsigned long addr, unsigned long end,
		       struct mm_walk *walk)
{
	struct mmu_gather *tlb = walk->private;
	unsigned long at = addr, nr = (end - addr) >> PAGE_SHIFT;
	pte_t *ptep, *first;
	spinlock_t *ptl;	/* of a page table */

	walk->action = ACTION_CONTINUE;
	if (pmd_none(pmdp_get_lockless(pmd)) ||
	    pmd_leaf(pmdp_get_lockless(pmd)))
		return 0;
	first = pte_offset_map_lock(walk->mm, pmd, addr, &ptl);
	if (!first)
		return 0;
	for (ptep = first; ptep < first + nr; ptep++, at += PAGE_SIZE)
		ptep_get_and_clear_full(walk->mm, at, ptep, true);
	tlb_flush_pte_range(tlb, addr, end - addr);
	pte_unmap_unlock(first, ptl);
	return 0;
}

static const struct mm_walk_ops clear_ops = {
	.pud_entry = skip_huge_pud,
	.pmd_entry = clear_small,
	.walk_lock = PGWALK_RDLOCK,
};

/**
 * xemem_clear - small entries of an attachment go, before it is unmapped
 * @vma: the mapping; its mmap_lock is held for writing.
 *
 * Linux looks for the page of each entry that it removes, and ours have none.
 * To remove them here takes a quarter.
 *
 * Context: process context, may sleep.
 */
void xemem_clear(struct vm_area_struct *vma)
{
	struct mmu_notifier_range range;
	struct mmu_gather tlb;

	mmap_assert_write_locked(vma->vm_mm);
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, vma->vm_mm,
				vma->vm_start, vma->vm_end);
	mmu_notifier_invalidate_range_start(&range);
	/* As long as it is open, whoever cuts entries flushes all of them. */
	tlb_gather_mmu(&tlb, vma->vm_mm);
	walk_page_range_vma(vma, vma->vm_start, vma->vm_end, &clear_ops, &tlb);
	mmu_notifier_invalidate_range_end(&range);
	tlb_finish_mmu(&tlb);
}

static struct xemem_space *create(void)
{
	struct inode *inode = new_inode_pseudo(mount->mnt_sb);
	struct xemem_space *space;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	space = space_of(inode);
	inode->i_ino = get_next_ino();
	inode->i_mode = S_IFREG | 0600;
	/* Dirty pages are their owner's affair. */
	inode->i_state |= I_DIRTY;
	inode->i_flags |= S_PRIVATE;
	return space;
}

/**
 * xemem_space_create - make an address space attachable
 * @mm: the address space, with users.
 *
 * Context: process context, may sleep; takes the mmap_lock of @mm.
 * Return: a space with a reference, -ENOMEM, or -EINTR.
 */
struct xemem_space *xemem_space_create(struct mm_struct *mm)
{
	struct xemem_space *space = create();
	struct xemem_watch *watch;

	if (IS_ERR(space))
		return space;
	watch = xemem_watch_create(mm);
	if (IS_ERR(watch)) {
		iput(&space->inode);
		return ERR_CAST(watch);
	}
	space->watch = watch;
	mmgrab(mm);
	space->mm = mm;
	/* For ever: to patch it back, at the end of any file, is not worth it. */
	if (!static_branch_unlikely(&xemem_in_use))
		static_branch_enable(&xemem_in_use);
	return space;
}

/**
 * xemem_space_put - drop a reference
 * @space: it; or NULL.
 *
 * Context: process context, may sleep; the caller holds nothing that
 * invalidation needs.
 */
void xemem_space_put(struct xemem_space *space)
{
	might_sleep();
	if (space)
		iput(&space->inode);
}

/**
 * xemem_space_file - what is mapped to attach parts of a space
 * @space: the space, which the file holds a reference to.
 * @permit: it is mapped for this one.
 *
 * Context: process context, may sleep.
 * Return: the file, or an error.
 */
struct file *xemem_space_file(struct xemem_space *space,
			      struct xemem_permit *permit)
{
	struct file *file;

	ihold(&space->inode);
	file = alloc_file_pseudo_noaccount(&space->inode, mount, FILE_NAME,
					   permit->write ? O_RDWR : O_RDONLY,
					   &xemem_attach_fops);
	if (IS_ERR(file))
		iput(&space->inode);
	else
		file->private_data = permit;
	return file;
}

static void init_once(void *space)
{
	inode_init_once(&((struct xemem_space *)space)->inode);
}

/**
 * xemem_space_init - be ready for the first space
 *
 * Context: boot, process context.
 * Return: 0 or an error.
 */
int __init xemem_space_init(void)
{
	cache = kmem_cache_create("xemem_space", sizeof(struct xemem_space), 0,
				  SLAB_ACCOUNT | SLAB_RECLAIM_ACCOUNT,
				  init_once);
	if (!cache)
		return -ENOMEM;
	mount = kern_mount(&fs_type);
	if (IS_ERR(mount)) {
		kmem_cache_destroy(cache);
		return PTR_ERR(mount);
	}
	return 0;
}
