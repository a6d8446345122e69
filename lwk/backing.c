// SPDX-License-Identifier: GPL-2.0
/*
 * LWK memory: a member's anonymous memory comes from the pool, and is there
 * before it is touched.
 *
 * Linux allocates, clears and maps; it only asks here first. Memory is mapped
 * by the call that makes it accessible, on the way back to user mode, by the
 * same code as for MAP_POPULATE, and after exec. What is said to be used
 * sparsely (MAP_NORESERVE), what a userfaultfd serves, and what was given back
 * (madvise) comes with the fault, from the pool, too.
 */
#include <linux/fs.h>
#include <linux/hugetlb_inline.h>
#include <linux/ksm.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagewalk.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/task_work.h>
#include <linux/userfaultfd_k.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "memory.h"

/* Private data of an executable file: larger ones are maps of data. */
#define DATA_MAX	SZ_16M
/* Of the first thread, like that of the others by default. */
#define STACK_MAX	((unsigned long)SZ_8M)

/**
 * struct lwk_range - a part of a mapping
 * @start: its first address.
 * @end: the first one behind it.
 * @wanted: to be mapped now.
 * @small: in small pages only, and nobody has said so.
 * @large: in large pages, and nobody has said so.
 * @shared: shared by nobody but those who inherit it.
 * @file: pages of a file, which the LWK has none of.
 * @text: of a program, and not locked.
 */
struct lwk_range {
	unsigned long start;
	unsigned long end;
	bool wanted;
	bool small;
	bool large;
	bool shared;
	bool file;
	bool text;
};

/* Memory without a name, which vanishes with the last mapping. */
static bool is_shared_anon(struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_SHARED && vma->vm_file &&
	       vma_is_shmem(vma) && !file_inode(vma->vm_file)->i_nlink &&
	       file_inode(vma->vm_file)->i_sb->s_flags & SB_KERNMOUNT;
}

static bool to_be_backed(struct vm_area_struct *vma)
{
	if (vma->vm_flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP | VM_NORESERVE) ||
	    is_vm_hugetlb_page(vma) || userfaultfd_armed(vma))
		return false;
	if (vma_is_anonymous(vma) || is_shared_anon(vma))
		return vma->vm_flags & VM_WRITE;
	if (vma->vm_flags & VM_EXEC)
		return true;
	return (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE &&
	       vma->vm_end - vma->vm_start <= DATA_MAX;
}

/* The first mapping in [@start, @end); false if there is none. */
static bool find_range(unsigned long start, unsigned long end,
		       struct lwk_range *range)
{
	const struct lwk_region_policy *region;
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(current->mm))
		return false;
	vma = find_vma_intersection(current->mm, start, end);
	if (vma) {
		region = lwk_region_of(current->lwk.rsv, vma);
		range->start = max(start, vma->vm_start);
		range->end = min(end, vma->vm_end);
		range->wanted = to_be_backed(vma) &&
				region->fault == LWK_FAULT_EAGER;
		range->small = region->pages == LWK_PAGES_SMALL &&
			       !(vma->vm_flags & VM_NOHUGEPAGE);
		range->large = region->pages != LWK_PAGES_SMALL &&
			       vma_is_anonymous(vma) &&
			       (vma->vm_flags & (VM_HUGEPAGE | VM_NOHUGEPAGE)) !=
			       VM_HUGEPAGE;
		range->shared = is_shared_anon(vma);
		range->file = vma->vm_file && !range->shared &&
			      !(vma->vm_flags & VM_WRITE);
		range->text = vma->vm_file && vma->vm_flags & VM_EXEC &&
			      !(vma->vm_flags & VM_LOCKED);
	}
	mmap_read_unlock(current->mm);
	return vma;
}

/*
 * What a limit allows is the program's, to lock what it likes; and a right to
 * lock beyond it may be given up later, when what is locked counts.
 */
static bool may_lock(void)
{
	return rlimit(RLIMIT_MEMLOCK) == RLIM_INFINITY;
}

/*
 * As mlock(2) does, but that pages that are mapped already are marked when
 * reclaim comes upon them. A mapping is locked as a whole or not at all.
 */
static void lock_text(unsigned long address)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	if (mmap_write_lock_killable(mm))
		return;
	vma = vma_lookup(mm, address);
	if (vma && vma->vm_file && vma->vm_flags & VM_EXEC &&
	    !(vma->vm_flags & (VM_LOCKED | VM_SPECIAL))) {
		vm_flags_set(vma, VM_LOCKED);
		mm->locked_vm += vma_pages(vma);
	}
	mmap_write_unlock(mm);
}

static void advise(const struct lwk_range *range, int advice)
{
	do_madvise(current->mm, range->start, range->end - range->start,
		   advice);
}

/* The first hole of a range, as far as it is known. */
struct lwk_hole {
	unsigned long start;
	unsigned long end;
};

/* Nonzero: the hole has ended before. */
static int see_hole(unsigned long addr, unsigned long end, int depth,
		    struct mm_walk *walk)
{
	struct lwk_hole *hole = walk->private;

	if (hole->start == hole->end)
		hole->start = addr;
	else if (hole->end != addr)
		return 1;
	hole->end = end;
	return 0;
}

static int see_page(struct mm_walk *walk)
{
	struct lwk_hole *hole = walk->private;

	return hole->start != hole->end;
}

static int see_pmd(pmd_t *pmd, unsigned long addr, unsigned long end,
		   struct mm_walk *walk)
{
	if (!pmd_trans_huge(pmdp_get_lockless(pmd)))
		return 0;
	walk->action = ACTION_CONTINUE;
	return see_page(walk);
}

static int see_pte(pte_t *pte, unsigned long addr, unsigned long end,
		   struct mm_walk *walk)
{
	return pte_none(ptep_get(pte)) ? see_hole(addr, end, 0, walk) :
					 see_page(walk);
}

static const struct mm_walk_ops hole_ops = {
	.pmd_entry = see_pmd,
	.pte_entry = see_pte,
	.pte_hole = see_hole,
	.walk_lock = PGWALK_RDLOCK,
};

static bool find_hole(unsigned long start, unsigned long end,
		      struct lwk_hole *hole)
{
	hole->start = start;
	hole->end = start;
	if (mmap_read_lock_killable(current->mm))
		return false;
	walk_page_range(current->mm, start, end, &hole_ops, hole);
	mmap_read_unlock(current->mm);
	return hole->start != hole->end;
}

/* As much as there is, so that not Linux gives what nobody may ever touch. */
static void populate(const struct lwk_range *range, unsigned long start,
		     unsigned long end)
{
	unsigned long left = lwk_account_left(current->lwk.rsv->account);

	if (!range->file)
		end = start + min(end - start, left << PAGE_SHIFT);
	current->lwk.shared = range->shared;
	mm_populate(start, end - start);
	current->lwk.shared = false;
}

/*
 * Pages that are there stay as they are: to map them for writing would copy
 * those that are shared since a fork, and make others look written.
 */
static void fill(const struct lwk_range *range, bool holes)
{
	struct lwk_hole hole;
	unsigned long addr;

	if (!holes) {
		populate(range, range->start, range->end);
		return;
	}
	for (addr = range->start; addr < range->end; addr = hole.end) {
		if (fatal_signal_pending(current) ||
		    !find_hole(addr, range->end, &hole))
			break;
		populate(range, hole.start, hole.end);
	}
}

/**
 * enum back - what is known of a range
 * @BACK_NEW: nothing is there yet.
 * @BACK_STACK: the same, and Linux has advised against large pages.
 * @BACK_HOLES: something may be.
 */
enum back { BACK_NEW, BACK_STACK, BACK_HOLES };

/*
 * Map what is in a range. What cannot be mapped now comes with the fault; so
 * does what somebody changes meanwhile, which Linux looks at again.
 */
static void back(unsigned long start, unsigned long end, enum back how)
{
	struct lwk_range range;

	for (; start < end && find_range(start, end, &range);
	     start = range.end) {
		if (range.small)
			advise(&range, MADV_NOHUGEPAGE);
		if (range.large && how == BACK_STACK)
			advise(&range, MADV_HUGEPAGE);
		if (range.text && current->lwk.rsv->lock_text && may_lock())
			lock_text(range.start);
		if (range.wanted)
			fill(&range, how == BACK_HOLES);
	}
}

/*
 * Members' memory is not merged with that of others, which would take their
 * large pages apart, and their silence. The advice is accepted, as on a kernel
 * that finds nothing to merge.
 */
static void forbid_merging(struct mm_struct *mm, bool advised)
{
	if (!advised && !mm_flags_test(MMF_VM_MERGE_ANY, mm))
		return;
	if (mmap_write_lock_killable(mm))
		return;
	ksm_disable(mm);
	mmap_write_unlock(mm);
}

static void back_after_call(struct callback_head *work)
{
	struct pt_regs *regs = current_pt_regs();
	long ret = syscall_get_return_value(current, regs);
	unsigned long args[6];

	current->lwk.backing_due = false;
	if (current->flags & PF_EXITING || IS_ERR_VALUE(ret))
		return;
	syscall_get_arguments(current, regs, args);
	forbid_merging(current->mm,
		       current->lwk.memory_call == __NR_madvise &&
		       args[2] == MADV_MERGEABLE);
	switch (current->lwk.memory_call) {
	case __NR_mmap:
		lwk_gigantic_map(args, ret);
		/* Linux gives stacks small pages, since they are rarely used. */
		back(ret, ret + PAGE_ALIGN(args[1]),
		     args[3] & MAP_STACK ? BACK_STACK : BACK_NEW);
		if (IS_ENABLED(CONFIG_USERFAULTFD) && args[3] & MAP_ANONYMOUS)
			lwk_untouch(ret, ret + PAGE_ALIGN(args[1]));
		break;
	case __NR_mremap:
		back(ret, ret + PAGE_ALIGN(args[2]), BACK_HOLES);
		break;
	case __NR_mprotect:
		back(args[0], args[0] + PAGE_ALIGN(args[1]), BACK_HOLES);
		break;
	case __NR_brk:
		back(PAGE_ALIGN(current->lwk.brk), PAGE_ALIGN(ret), BACK_NEW);
		break;
	case __NR_ioctl:
		lwk_make_missing((const void __user *)args[2]);
		break;
	}
}

/* Is there anything to be done after it? It may be given another address. */
static bool prepare_call(long call)
{
	unsigned long args[6];

	if (call != __NR_ioctl && call != __NR_mmap)
		return true;
	syscall_get_arguments(current, current_pt_regs(), args);
	/* Of a range with a userfaultfd, as it seems. */
	if (call == __NR_ioctl)
		return args[1] == UFFDIO_REGISTER;
	if (!in_compat_syscall())
		lwk_arch_set_argument(current_pt_regs(),
				      lwk_gigantic_hint(args));
	return true;
}

/**
 * lwk_memory_called - a member makes a call that may make memory accessible
 * @call: its number, of 64 bits.
 *
 * Context: entry from user mode, may sleep.
 */
void lwk_memory_called(long call)
{
	struct lwk_task *t = &current->lwk;

	if (!lwk_pool_total(NUMA_NO_NODE))
		return;
	if (!prepare_call(call))
		return;
	t->memory_call = call;
	t->brk = READ_ONCE(current->mm->brk);
	if (t->backing_due)
		return;
	init_task_work(&t->backing, back_after_call);
	t->backing_due = !task_work_add(current, &t->backing, TWA_RESUME);
}

/**
 * lwk_memory_adopt - an address space belongs to a member now
 * @mm: the address space; the caller has a reference to its users.
 *
 * What it maps from now on is in large pages, where it does not say otherwise.
 *
 * Context: process context, may sleep.
 */
void lwk_memory_adopt(struct mm_struct *mm)
{
	if (!lwk_pool_total(NUMA_NO_NODE))
		return;
	mmap_write_lock(mm);
	mm->def_flags |= VM_HUGEPAGE;
	mmap_write_unlock(mm);
}

/* Down to where the first large page fits that the limit allows. */
static void grow_stack(struct mm_struct *mm)
{
	unsigned long bytes = min(rlimit(RLIMIT_STACK), STACK_MAX);
	struct vm_area_struct *vma;

	if (mmap_write_lock_killable(mm))
		return;
	vma = find_vma(mm, mm->start_stack);
	if (vma && vma->vm_flags & VM_GROWSDOWN && vma->vm_end > bytes)
		expand_stack_locked(vma, ALIGN(vma->vm_end - bytes, PMD_SIZE));
	mmap_write_unlock(mm);
}

/**
 * lwk_back_program - a member has become another program
 *
 * Context: on the way to user mode, may sleep.
 */
void lwk_back_program(void)
{
	if (!lwk_pool_total(NUMA_NO_NODE) || !current->mm)
		return;
	forbid_merging(current->mm, false);
	grow_stack(current->mm);
	back(0, TASK_SIZE, BACK_STACK);
}
